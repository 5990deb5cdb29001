//! Calling a person: after so many failures or so long, with what the project wants done then; and
//! workflows that stop, tell how far they came, and go on when a person says so.

use domain::{
    Actor, Cause, Millis, Outcome, RetryPolicy, Status, TaskId,
    breaker::{BreakerRule, Gate},
    edges::{Edge, Need},
};
use serde_json::json;
use store::{Claimed, NewClaim, NewProject, NewRun, NewTask, ProjectRecord, StoreError};
use testkit::{TempStore, agent, dispatched, ended, ready_card};

const MINUTE: Millis = 60_000;

/// A project with these settings.
async fn project(store: &TempStore, settings: serde_json::Value) -> ProjectRecord {
    let new = NewProject { name: "shop".into(), path: "/tmp/shop".into() };
    let made = store.add_project(new, store.clock.tick()).await.unwrap();
    store.edit_project(made.id, None, Some(settings), store.clock.tick()).await.unwrap()
}

async fn card_of(store: &TempStore, project: &ProjectRecord) -> TaskId {
    store.add(NewTask { project: Some(project.id), queued: Some(true), ..ready_card("work") }).await
}

/// One attempt by the dispatcher that ends so.
async fn attempt(store: &TempStore, task: TaskId, outcome: Outcome) {
    let run = store.begin_run(dispatched(task), Actor::Engine, store.clock.tick()).await.unwrap();
    assert!(store.end_run(run.id, ended(outcome, store.clock.tick())).await.unwrap());
}

async fn said(store: &TempStore, task: TaskId) -> Vec<String> {
    store.comments(task).await.unwrap().into_iter().map(|comment| comment.body).collect()
}

async fn joined(store: &TempStore, task: TaskId, upstream: TaskId, need: Need) {
    let edge = Edge { task, upstream, need };
    store.add_edge(edge, Actor::Person, store.clock.tick()).await.unwrap();
}

async fn done(store: &TempStore, task: TaskId) {
    attempt(store, task, Outcome::Succeeded).await;
    store.move_task(task, Status::Done, Actor::Person, store.clock.tick()).await.unwrap();
}

#[tokio::test]
async fn the_third_failure_calls_a_person_once_and_taking_it_up_calls_them_off() {
    let store = TempStore::new().await;
    let task = store.add(ready_card("work")).await;
    for cause in [Cause::Timeout, Cause::Lost] {
        attempt(&store, task, Outcome::Failed(cause)).await;
        assert_eq!(store.task(task).await.unwrap().called, None);
    }
    attempt(&store, task, Outcome::Failed(Cause::AgentError)).await;
    attempt(&store, task, Outcome::Lost).await;
    let found = store.task(task).await.unwrap();
    let called = "it has failed 3 times, the last time after an error of the agent";
    assert_eq!((found.called.as_deref(), found.task.held), (Some(called), None));
    assert_eq!(store.counts().await.unwrap().needs_you, 1);
    let calls: Vec<String> =
        said(&store, task).await.into_iter().filter(|body| body.contains("needs you")).collect();
    let told = format!(
        "**{} needs you**: {called}. It is tried again all the same; take it out of the queue if that is of no use.",
        task.key()
    );
    assert_eq!(calls, [told]);

    store.set_queued(task, false, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(store.task(task).await.unwrap().called, None);
    assert_eq!(store.counts().await.unwrap().needs_you, 0);
    attempt(&store, task, Outcome::Lost).await;
    assert_eq!(store.task(task).await.unwrap().called, None, "its failures count anew");
}

#[tokio::test]
async fn a_project_may_hand_the_card_over_and_pause_itself() {
    let store = TempStore::new().await;
    let shop =
        project(&store, json!({"escalation": {"failures": 2, "hand_over": true, "pause": true}})).await;
    let task = card_of(&store, &shop).await;
    attempt(&store, task, Outcome::Failed(Cause::ExitedNonZero)).await;
    attempt(&store, task, Outcome::Failed(Cause::ExitedNonZero)).await;
    let found = store.task(task).await.unwrap();
    assert_eq!((found.task.status, found.not_before), (Status::Ready, None));
    assert_eq!(found.task.held, found.called);
    let comments = said(&store, task).await;
    assert!(comments[1].contains("Waits for a person."), "{comments:?}");
    assert!(comments[2].ends_with("until you queue it. The project is paused until you resume it."));
    let paused = store.project(shop.id).await.unwrap().settings["paused"].clone();
    let why =
        format!("{} needs you: it has failed 2 times, the last time after an exit with an error", task.key());
    assert_eq!(paused, why);
    assert!(store.startable(Some(shop.id), store.clock.tick(), 9).await.unwrap().is_empty());

    // It is queued still; to say so once more means: go on.
    store.set_queued(task, true, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(store.startable(Some(shop.id), store.clock.tick(), 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_card_that_takes_too_long_to_succeed_calls_a_person_when_its_time_comes() {
    let store = TempStore::new().await;
    let shop = project(&store, json!({"escalation": {"failures": null, "minutes": 30}})).await;
    let task = card_of(&store, &shop).await;
    attempt(&store, task, Outcome::Failed(Cause::CouldNotStart)).await;
    let failed_at = store.runs_of(task).await.unwrap()[0].ended_at.unwrap();
    let due = store.call_overdue(store.clock.tick()).await.unwrap();
    assert_eq!(due, Some(failed_at + 30 * MINUTE));
    assert_eq!(store.call_overdue(due.unwrap() - 1).await.unwrap(), due);
    assert_eq!(store.task(task).await.unwrap().called, None);

    assert_eq!(store.call_overdue(due.unwrap()).await.unwrap(), None);
    assert_eq!(store.task(task).await.unwrap().called.as_deref(), Some("it has been failing for 30 min"));
    assert!(said(&store, task).await[1].contains("it has been failing for 30 min"));

    attempt(&store, task, Outcome::Succeeded).await;
    assert_eq!(store.task(task).await.unwrap().called, None, "it succeeded after all");
}

#[tokio::test]
async fn three_failures_stop_a_workflow_which_tells_how_far_it_came_and_goes_on_when_asked() {
    let store = TempStore::new().await;
    let shop = project(&store, json!({})).await;
    let mut cards = Vec::new();
    for _ in 0..5 {
        cards.push(card_of(&store, &shop).await);
    }
    let [first, second, third, fourth, apart] = cards[..] else { unreachable!() };
    joined(&store, second, first, Need::Success).await;
    joined(&store, third, second, Need::Success).await;
    joined(&store, fourth, first, Need::Any).await;
    done(&store, first).await;
    for _ in 0..2 {
        attempt(&store, second, Outcome::Failed(Cause::ExitedNonZero)).await;
    }
    assert_eq!(store.task(third).await.unwrap().stopped, None);
    attempt(&store, fourth, Outcome::Failed(Cause::Timeout)).await;

    let why = format!("3 failures, the last of {}", fourth.key());
    for id in [second, third, fourth] {
        assert_eq!(store.task(id).await.unwrap().stopped.as_ref(), Some(&why));
    }
    assert_eq!(store.task(apart).await.unwrap().stopped, None);
    let told = said(&store, fourth).await.pop().unwrap();
    let key = fourth.key();
    assert!(
        told.starts_with(&format!(
            "**{key} needs you**: its workflow was stopped after 3 failures; 1 of 4 cards is done ({})",
            first.key()
        )),
        "{told}"
    );
    let workflow = store.workflow(third).await.unwrap().unwrap();
    assert_eq!((workflow.tally.done, workflow.tally.cards, workflow.stopped), (1, 4, Some(why)));

    // Neither the dispatcher nor an agent that asks gets any of it; other cards go on.
    store.clock.pass(24 * 60 * MINUTE);
    let later = store.clock.tick();
    let startable = store.startable(Some(shop.id), later, 9).await.unwrap();
    assert_eq!(startable.iter().map(|task| task.id).collect::<Vec<_>>(), [apart]);
    let ask = |agent: &str| NewClaim {
        agent: agent.into(),
        capacity: 1,
        lease: MINUTE,
        skills: vec![],
        limits: vec![],
        now: later,
    };
    assert!(
        matches!(store.claim_next(ask("a")).await.unwrap(), Claimed::Assigned(claim) if claim.task == apart)
    );
    assert_eq!(store.claim_next(ask("b")).await.unwrap(), Claimed::NoTask(None));
    let raced = store.begin_run(dispatched(second), Actor::Engine, later).await;
    assert!(matches!(raced, Err(StoreError::Conflict(why)) if why.contains("workflow")));

    store.resume_workflow(third, Actor::Person, later).await.unwrap();
    let startable = store.startable(Some(shop.id), later, 9).await.unwrap();
    assert_eq!(startable.iter().map(|task| task.id).collect::<Vec<_>>(), [second, fourth]);
    assert_eq!(store.workflow(third).await.unwrap().unwrap().stopped, None);
    let again = store.resume_workflow(third, Actor::Person, later).await;
    assert!(matches!(again, Err(StoreError::Conflict(why)) if why.contains("no workflow that was stopped")));
}

#[tokio::test]
async fn resuming_takes_up_what_failed_unless_a_card_waits_for_the_failure() {
    let store = TempStore::new().await;
    let shop = project(&store, json!({"escalation": {"workflow": 2}, "retry": {"exited_non_zero": {"max": 0, "backoff": {"kind": "immediate"}}}})).await;
    let (build, tests) = (card_of(&store, &shop).await, card_of(&store, &shop).await);
    let (mend, ship) = (card_of(&store, &shop).await, card_of(&store, &shop).await);
    joined(&store, mend, build, Need::Failure).await;
    joined(&store, ship, tests, Need::Success).await;
    joined(&store, ship, mend, Need::Any).await;
    attempt(&store, build, Outcome::Failed(Cause::ExitedNonZero)).await;
    attempt(&store, tests, Outcome::Failed(Cause::ExitedNonZero)).await;
    assert!(store.workflow(ship).await.unwrap().unwrap().stopped.is_some());

    store.resume_workflow(ship, Actor::Person, store.clock.tick()).await.unwrap();
    let status = async |id| store.task(id).await.unwrap().task.status;
    assert_eq!((status(build).await, status(tests).await), (Status::Failed, Status::Ready));
    let tests = store.task(tests).await.unwrap();
    assert!(tests.queued && tests.failures.0.is_empty(), "{tests:?}");
}

#[tokio::test]
async fn an_agents_own_rules_stand_between_the_cards_and_the_projects() {
    let store = TempStore::new().await;
    let shop =
        project(&store, json!({"retry": {"agent_error": {"max": 0, "backoff": {"kind": "immediate"}}}}))
            .await;
    let mut demo = agent("demo");
    demo.agent.retry = RetryPolicy::of(Some(1), None);
    demo.agent.breaker = Some(BreakerRule { threshold: 2, cool_down: 5_000, longest: 9_000 });
    store.register_agent(demo, Actor::Person, store.clock.tick()).await.unwrap();
    let task = card_of(&store, &shop).await;
    attempt(&store, task, Outcome::Failed(Cause::AgentError)).await;
    assert_eq!(
        store.task(task).await.unwrap().task.status,
        Status::Ready,
        "the agent's rule, not the project's"
    );
    let gate = async |now| store.breakers().await.unwrap()[0].breaker.gate(now);
    assert_eq!(gate(store.clock.tick()).await, Gate::Closed);
    attempt(&store, task, Outcome::Failed(Cause::AgentError)).await;
    assert_eq!(store.task(task).await.unwrap().task.status, Status::Failed);
    let ended_at = store.runs_of(task).await.unwrap()[0].ended_at.unwrap();
    assert_eq!(
        gate(ended_at).await,
        Gate::Open { probe_at: ended_at + 5_000 },
        "its own threshold and cool-down"
    );

    let own = store.add(NewTask {
        routing: store::Routing { retry: RetryPolicy::of(Some(9), None), ..store::Routing::default() },
        ..ready_card("own")
    });
    let own = own.await;
    for _ in 0..3 {
        attempt(&store, own, Outcome::Failed(Cause::AgentError)).await;
    }
    assert_eq!(store.task(own).await.unwrap().task.status, Status::Ready, "the card's rule comes first");
}

#[tokio::test]
async fn the_boards_breaker_rule_holds_where_an_agent_has_none() {
    let store = TempStore::new().await;
    let rule = json!({"breaker": {"threshold": 1, "cool_down": 7_000, "longest": 7_000}});
    store.put_setting("queue", &rule, store.clock.tick()).await.unwrap();
    let task = store.add(ready_card("work")).await;
    let new = NewRun { account: Some("acme".into()), ..dispatched(task) };
    let run = store.begin_run(new, Actor::Engine, store.clock.tick()).await.unwrap();
    let at = store.clock.tick();
    store.end_run(run.id, ended(Outcome::Failed(Cause::ProviderTransient), at)).await.unwrap();
    let gates: Vec<Gate> =
        store.breakers().await.unwrap().iter().map(|record| record.breaker.gate(at)).collect();
    assert_eq!(gates, [Gate::Open { probe_at: at + 7_000 }; 2]);
}

#[tokio::test]
async fn a_budget_is_told_once_for_each_run() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("dear").await;
    let tell = |mark: &str| store.warn_once(run, mark.into(), "Most of it is used.".into(), 5);
    assert!(tell("near today").await.unwrap());
    assert!(!tell("near today").await.unwrap());
    assert!(tell("stop today").await.unwrap());
    assert_eq!(said(&store, task).await.len(), 2);
}
