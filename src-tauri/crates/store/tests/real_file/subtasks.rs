//! Sub-tasks: the tree that they make, what it refuses, and what becomes of it when cards go.

use domain::{Actor, Status, TaskId};
use store::{Kin, StoreError};
use testkit::{TempStore, card};

async fn join(store: &TempStore, id: TaskId, parent: Option<TaskId>) -> Result<(), StoreError> {
    store.set_parent(id, parent, Actor::Person, store.clock.tick()).await
}

async fn sub(store: &TempStore, title: &str, parent: TaskId) -> TaskId {
    store.add_subtask(card(title), parent, Actor::Person, store.clock.tick()).await.unwrap()
}

async fn standing(store: &TempStore, id: TaskId) -> (u32, u32) {
    let kin = store.kin(Some(&[id])).await.unwrap();
    kin.get(&id).map_or((0, 0), |kin| (kin.done, kin.total))
}

#[tokio::test]
async fn a_parent_tells_how_its_sub_tasks_stand_as_they_move() {
    let store = TempStore::new().await;
    let parent = store.add(card("Parent")).await;
    let subs =
        [sub(&store, "a", parent).await, sub(&store, "b", parent).await, sub(&store, "c", parent).await];
    assert_eq!(standing(&store, parent).await, (0, 3));
    assert_eq!(store.subtasks(parent).await.unwrap(), subs);

    let mut told = store.committed();
    store.move_task(subs[0], Status::Done, Actor::Person, store.clock.tick()).await.unwrap();
    let heard = told.recv().await.unwrap();
    assert!(heard.tasks.contains(&parent), "the parent's card is stale too: {heard:?}");
    assert_eq!(standing(&store, parent).await, (1, 3));
    store.move_task(subs[1], Status::Cancelled, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(standing(&store, parent).await, (1, 2));
    store.trash_task(subs[2], store.clock.tick()).await.unwrap();
    assert_eq!(standing(&store, parent).await, (1, 1));
    store.restore_task(subs[2], vec![], store.clock.tick()).await.unwrap();
    assert_eq!(standing(&store, parent).await, (1, 2));
    let all = store.kin(None).await.unwrap();
    assert_eq!(all[&subs[0]], Kin { parent: Some(parent), done: 0, total: 0 });
    assert_eq!(all.len(), 4);
}

#[tokio::test]
async fn a_circle_and_too_many_levels_are_refused_and_change_nothing() {
    let store = TempStore::new().await;
    let top = store.add(card("1")).await;
    let second = sub(&store, "2", top).await;
    let third = sub(&store, "3", second).await;
    let fourth = sub(&store, "4", third).await;
    let before = store.kin(None).await.unwrap();
    for (id, parent, sentence) in [
        (top, top, "T-1 cannot be a sub-task of itself"),
        (top, fourth, "T-1 cannot be a sub-task of T-4: that would be a circle (T-4 → T-3 → T-2 → T-1)"),
        (second, third, "T-2 cannot be a sub-task of T-3: that would be a circle (T-3 → T-2)"),
        (top, TaskId(99), "task T-99 does not exist"),
    ] {
        assert_eq!(join(&store, id, Some(parent)).await.unwrap_err().to_string(), sentence);
    }
    let refused = store.add_subtask(card("5"), fourth, Actor::Person, store.clock.tick()).await.unwrap_err();
    assert_eq!(refused.to_string(), "T-5 cannot be a sub-task of T-4: there would be more than 4 levels");
    assert_eq!(store.board(None, true).await.unwrap().1.len(), 4, "the refused card was not made");
    let (other, below) = (store.add(card("other")).await, store.add(card("below")).await);
    join(&store, below, Some(other)).await.unwrap();
    let refused = join(&store, other, Some(third)).await.unwrap_err();
    assert!(refused.to_string().ends_with("there would be more than 4 levels"), "{refused}");
    join(&store, below, None).await.unwrap();
    assert_eq!(store.kin(None).await.unwrap(), before);
}

#[tokio::test]
async fn a_card_that_goes_leaves_its_sub_tasks_standing() {
    let store = TempStore::new().await;
    let top = store.add(card("top")).await;
    let parent = sub(&store, "parent", top).await;
    let child = sub(&store, "child", parent).await;

    store.trash_task(parent, store.clock.tick()).await.unwrap();
    assert_eq!(store.kin(None).await.unwrap()[&child].parent, Some(parent), "until it is deleted for ever");
    let refused = join(&store, top, Some(parent)).await.unwrap_err();
    assert_eq!(refused.to_string(), "T-2 is in the trash; restore it first");

    store.delete_task(parent, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(store.kin(None).await.unwrap(), [].into());
    assert_eq!(store.task(child).await.unwrap().trashed_at, None);
}

#[tokio::test]
async fn joining_is_in_the_history_and_saying_it_again_is_not() {
    let store = TempStore::new().await;
    let (id, parent) = (store.add(card("a")).await, store.add(card("b")).await);
    for _ in 0..2 {
        join(&store, id, Some(parent)).await.unwrap();
    }
    join(&store, id, None).await.unwrap();
    let told: Vec<String> = store.timeline(id).await.unwrap().into_iter().map(|change| change.text).collect();
    assert_eq!(told, ["added to Inbox", "became a sub-task of T-2", "is no sub-task of T-2 any more"]);
}
