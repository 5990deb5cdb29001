//! What counts as an approval.

use domain::{
    Actor, Status, TaskId,
    review::{Gate, Step, StepOutcome},
};
use store::{NewReview, NewTask, Routing, StoreError, TaskEdit};
use testkit::{TempStore, ready_card};

fn agent(name: &str) -> Step {
    Step::Agent { agent: name.into() }
}

fn routing(steps: Vec<Step>) -> Routing {
    Routing { gate: Some(Gate(steps)), ..Routing::default() }
}

/// A card in review behind a gate.
async fn judged(store: &TempStore, steps: Vec<Step>) -> TaskId {
    let task = store.add(NewTask { routing: routing(steps), ..ready_card("work") }).await;
    store.move_task(task, Status::Review, Actor::Person, store.clock.tick()).await.unwrap();
    task
}

async fn approved(store: &TempStore, task: TaskId, step: usize, reviewer: &str) {
    let review = NewReview {
        task,
        run: None,
        round: store.task(task).await.unwrap().round,
        step,
        kind: "agent",
        reviewer: reviewer.into(),
        outcome: StepOutcome::Approved,
        review_run: None,
        notes: String::new(),
        prompt: String::new(),
    };
    store.add_review(review, store.clock.tick()).await.unwrap();
}

async fn to_done(store: &TempStore, task: TaskId) -> Result<(), StoreError> {
    store.move_task(task, Status::Done, Actor::Person, store.clock.tick()).await.map(|_| ())
}

#[tokio::test]
async fn an_approval_counts_for_the_step_that_it_was_given_for_and_no_other() {
    let store = TempStore::new().await;
    let task = judged(&store, vec![agent("aegis"), Step::Person]).await;
    approved(&store, task, 0, "aegis").await;
    for steps in [vec![agent("argus"), Step::Person], vec![agent("argus"), agent("aegis"), Step::Person]] {
        let edit = TaskEdit { routing: Some(routing(steps)), ..TaskEdit::default() };
        store.edit_task(task, edit, Actor::Person, store.clock.tick()).await.unwrap();
        let refused = to_done(&store, task).await.unwrap_err().to_string();
        assert!(refused.ends_with("the review by argus is still to come"), "{refused}");
    }
    approved(&store, task, 0, "argus").await;
    let refused = to_done(&store, task).await.unwrap_err().to_string();
    assert!(refused.ends_with("the review by aegis is still to come"), "{refused}");
    approved(&store, task, 1, "aegis").await;
    to_done(&store, task).await.unwrap();
    assert_eq!(store.status(task).await, Status::Done);
}

#[tokio::test]
async fn work_that_was_taken_back_needs_another_approval() {
    let store = TempStore::new().await;
    let task = judged(&store, vec![agent("aegis"), Step::Person]).await;
    approved(&store, task, 0, "aegis").await;
    for column in [Status::Ready, Status::Review] {
        store.move_task(task, column, Actor::Person, store.clock.tick()).await.unwrap();
    }
    let refused = to_done(&store, task).await.unwrap_err().to_string();
    assert!(refused.ends_with("the review by aegis is still to come"), "{refused}");
}
