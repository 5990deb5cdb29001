//! Files on cards: names, limits, taking them off and putting them back, and when their content may go.

use domain::{Actor, TaskId, attachment::FILES_MAX};
use store::{AttachmentRecord, NewAttachment, StoreError};
use testkit::{TempStore, card};

async fn attach(
    store: &TempStore,
    task: TaskId,
    name: &str,
    letter: char,
) -> Result<AttachmentRecord, StoreError> {
    let hash = letter.to_string().repeat(64);
    let new = NewAttachment { task, name: name.into(), kind: "text".into(), size: 3, hash };
    store.add_attachment(new, Actor::Person, store.clock.tick()).await
}

async fn names(store: &TempStore, task: TaskId) -> Vec<String> {
    store.attachments(task).await.unwrap().into_iter().map(|file| file.name).collect()
}

#[tokio::test]
async fn names_are_unique_on_a_card_whatever_their_case() {
    let store = TempStore::new().await;
    let (one, other) = (store.add(card("one")).await, store.add(card("other")).await);
    for name in ["log.txt", "LOG.txt", "log.txt"] {
        attach(&store, one, name, 'a').await.unwrap();
    }
    attach(&store, other, "log.txt", 'a').await.unwrap();
    assert_eq!(names(&store, one).await, ["LOG (2).txt", "log (3).txt", "log.txt"].map(String::from));
    assert_eq!(names(&store, other).await, ["log.txt"]);
}

#[tokio::test]
async fn a_removed_file_comes_back_under_a_name_that_is_free() {
    let store = TempStore::new().await;
    let task = store.add(card("one")).await;
    let file = attach(&store, task, "log.txt", 'a').await.unwrap();
    let now = store.clock.tick();
    assert!(store.remove_attachment(file.id, Actor::Person, now).await.unwrap().removed);
    assert_eq!(names(&store, task).await, Vec::<String>::new());
    attach(&store, task, "log.txt", 'b').await.unwrap();
    let back = store.restore_attachment(file.id, Actor::Person, now).await.unwrap();
    assert_eq!((back.name.as_str(), back.removed), ("log (2).txt", false));
    let told: Vec<String> =
        store.timeline(task).await.unwrap().into_iter().map(|change| change.text).collect();
    assert_eq!(
        told[1..],
        ["attached log.txt", "removed the file log.txt", "attached log.txt", "put the file log (2).txt back"]
    );
}

#[tokio::test]
async fn a_full_card_takes_no_more() {
    let store = TempStore::new().await;
    let task = store.add(card("one")).await;
    for n in 0..FILES_MAX {
        attach(&store, task, &format!("{n}"), 'a').await.unwrap();
    }
    let refused = attach(&store, task, "more", 'a').await.unwrap_err();
    assert_eq!(refused.to_string(), "T-1: a card has at most 50 files");
    assert_eq!(attach(&store, TaskId(9), "a", 'a').await.unwrap_err().to_string(), "task T-9 does not exist");
}

#[tokio::test]
async fn content_is_named_until_it_is_forgotten_or_its_card_deleted() {
    let store = TempStore::new().await;
    let (one, other) = (store.add(card("one")).await, store.add(card("other")).await);
    let file = attach(&store, one, "a", 'a').await.unwrap();
    attach(&store, other, "b", 'b').await.unwrap();
    let removed = store.clock.tick();
    store.remove_attachment(file.id, Actor::Person, removed).await.unwrap();
    assert_eq!(store.forget_attachments(removed - 1).await.unwrap(), 0);
    assert_eq!(store.artifact_hashes().await.unwrap(), ["a".repeat(64), "b".repeat(64)].into());
    assert_eq!(store.forget_attachments(removed).await.unwrap(), 1);
    store.trash_task(other, store.clock.tick()).await.unwrap();
    store.delete_task(other, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(store.artifact_hashes().await.unwrap(), [].into());
    let gone = store.restore_attachment(file.id, Actor::Person, removed).await.unwrap_err();
    assert_eq!(gone.to_string(), "attachment 1 does not exist");
}
