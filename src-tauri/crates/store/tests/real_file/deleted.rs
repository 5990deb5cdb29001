//! Cards deleted for ever: what goes, what stays, and when it is refused.

use domain::{
    Actor, Outcome, TaskId, TaskKey,
    edges::{Edge, Need},
};
use store::{NewArtifact, StoreError};
use testkit::{TempStore, card};

use testkit::Raw;

async fn trashed(store: &TempStore, title: &str) -> TaskId {
    let id = store.add(card(title)).await;
    store.trash_task(id, store.clock.tick()).await.unwrap();
    id
}

async fn delete(store: &TempStore, id: TaskId) -> Result<(), StoreError> {
    store.delete_task(id, Actor::Person, store.clock.tick()).await
}

fn artifact(path: &str, letter: char) -> NewArtifact {
    NewArtifact { path: path.into(), kind: "text".into(), size: 1, hash: letter.to_string().repeat(64) }
}

#[tokio::test]
async fn nothing_shows_a_deleted_card_and_its_number_says_so() {
    let store = TempStore::new().await;
    let (gone, kept) = (trashed(&store, "Gone").await, trashed(&store, "Kept").await);
    let uid = store.task(gone).await.unwrap().uid;

    delete(&store, gone).await.unwrap();

    let shown: Vec<_> = store.board(None, true).await.unwrap().1.into_iter().map(|card| card.id).collect();
    assert_eq!(shown, [kept]);
    assert_eq!(store.cards(&[gone, kept]).await.unwrap().len(), 1);
    let now = store.clock.tick();
    for refused in [
        store.find_task(&TaskKey::Id(gone)).await.unwrap_err(),
        store.find_task(&TaskKey::Uid(uid)).await.unwrap_err(),
        store.restore_task(gone, vec![], now).await.unwrap_err(),
        store.add_comment(gone, Actor::Person, "late".into(), now).await.unwrap_err(),
        delete(&store, gone).await.unwrap_err(),
    ] {
        assert_eq!(refused.to_string(), "T-1 was deleted");
    }
    assert_eq!(store.add(card("Next")).await, TaskId(3), "its number is not given again");
}

#[tokio::test]
async fn its_words_and_artifacts_go_and_its_history_stays() {
    let store = TempStore::new().await;
    let (gone, run) = store.at_work("Secret plan").await;
    let (other, other_run) = store.at_work("Other").await;
    let now = store.clock.tick();
    store.put_artifacts(run, vec![artifact("a", 'a'), artifact("both", 'b')], now).await.unwrap();
    store.put_artifacts(other_run, vec![artifact("both", 'b')], now).await.unwrap();
    store.add_comment(gone, Actor::Person, "a word".into(), now).await.unwrap();
    store.end(run, Outcome::Succeeded).await;
    store.trash_task(gone, now).await.unwrap();
    let told = store.timeline(gone).await.unwrap();

    delete(&store, gone).await.unwrap();

    assert_eq!(store.artifact_hashes().await.unwrap(), ["b".repeat(64)].into());
    assert_eq!(store.deleted_runs().await.unwrap(), [run]);
    assert_eq!(store.artifacts(other).await.unwrap().len(), 1);
    let mut raw = Raw::open(&store).await;
    assert_eq!(raw.number("SELECT count(*) FROM tasks WHERE title = 'Secret plan'").await, 0);
    assert_eq!(raw.number("SELECT count(*) FROM task_comments").await, 0);
    assert_eq!(raw.number("SELECT count(*) FROM runs").await, 2, "they count in what was spent");
    let after = store.timeline(gone).await.unwrap();
    assert_eq!(after[..told.len()], told[..]);
    assert_eq!(after.last().unwrap().text, "deleted for ever");
}

#[tokio::test]
async fn only_what_lies_idle_in_the_trash_is_deleted() {
    let store = TempStore::new().await;
    let there = store.add(card("On the board")).await;
    assert_eq!(
        delete(&store, there).await.unwrap_err().to_string(),
        "T-1 is not in the trash; move it there first"
    );
    // A card taken from its agent may be in the trash before the agent has left.
    let (busy, run) = store.at_work("Busy").await;
    store.move_task(busy, domain::Status::Done, Actor::Person, store.clock.tick()).await.unwrap();
    store.trash_task(busy, store.clock.tick()).await.unwrap();
    assert_eq!(
        delete(&store, busy).await.unwrap_err().to_string(),
        "T-2 has an agent at work; stop it first"
    );
    store.end(run, Outcome::Stopped).await;
    delete(&store, busy).await.unwrap();
}

#[tokio::test]
async fn what_another_card_waits_for_is_kept_until_it_waits_no_longer() {
    let store = TempStore::new().await;
    let (first, second) = (store.add(card("First")).await, store.add(card("Second")).await);
    let edge = Edge { task: second, upstream: first, need: Need::Success };
    store.add_edge(edge, Actor::Person, store.clock.tick()).await.unwrap();
    store.trash_task(first, store.clock.tick()).await.unwrap();
    assert_eq!(
        store.check_deletable(first).await.unwrap_err().to_string(),
        "T-1 is what T-2 waits for; let T-2 wait for it no longer, or restore it"
    );
    store.trash_task(second, store.clock.tick()).await.unwrap();

    delete(&store, first).await.unwrap();
    store.restore_task(second, vec![], store.clock.tick()).await.unwrap();

    assert_eq!(Raw::open(&store).await.number("SELECT count(*) FROM task_edges").await, 0);
}

#[tokio::test]
async fn the_trash_is_asked_for_by_age() {
    let store = TempStore::new().await;
    let (old, young) = (trashed(&store, "Old").await, trashed(&store, "Young").await);
    let at = store.task(old).await.unwrap().trashed_at.unwrap();
    assert_eq!(store.trashed_by(at - 1).await.unwrap(), []);
    assert_eq!(store.trashed_by(at).await.unwrap(), [old]);
    assert_eq!(store.trashed_by(i64::MAX).await.unwrap(), [old, young]);
    delete(&store, old).await.unwrap();
    assert_eq!(store.trashed_by(i64::MAX).await.unwrap(), [young]);
}
