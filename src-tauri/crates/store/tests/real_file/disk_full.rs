//! A full disk: said in so many words, nothing half done, and over as soon as there is room again.

use domain::Actor;
use futures_util::future::join_all;
use store::{NewTask, Store, StoreError};
use testkit::{SmallDisk, card};

use testkit::Raw;

fn long_card(n: usize) -> NewTask {
    NewTask { description: "x".repeat(60_000), ..card(&format!("card {n}")) }
}

/// The cards that were acknowledged, and nothing else, are on the board.
async fn exactly(store: &Store, acknowledged: &mut [String]) {
    let (_, cards) = store.board(None, false).await.unwrap();
    let mut there: Vec<String> = cards.into_iter().map(|card| card.title).collect();
    there.sort();
    acknowledged.sort();
    assert_eq!(there, acknowledged);
}

async fn sound(disk: &SmallDisk) {
    let mut raw = Raw::at(&disk.path().join(store::FILE_NAME)).await;
    assert_eq!(
        raw.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'").await,
        0
    );
    assert_eq!(
        raw.number("SELECT count(*) FROM tasks").await,
        raw.number("SELECT count(*) FROM changes").await
    );
}

#[tokio::test]
async fn one_change_too_many_is_refused_and_the_next_is_taken_once_there_is_room() {
    let Some(disk) = SmallDisk::mount(6) else { return };
    let store = Store::open(disk.path()).await.unwrap();
    let ballast = disk.fill(512 * 1024);
    let mut acknowledged = Vec::new();
    let refused = loop {
        let n = acknowledged.len();
        assert!(n < 100, "the disk never filled");
        match store.add_task(long_card(n), Actor::Person, 0).await {
            Ok(_) => acknowledged.push(format!("card {n}")),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, StoreError::DiskFull), "{refused}");
    assert_eq!(refused.to_string(), "the disk that holds the database is full; nothing was changed");
    exactly(&store, &mut acknowledged).await;

    std::fs::remove_file(ballast).unwrap();
    store.add_task(long_card(500), Actor::Person, 0).await.unwrap();
    acknowledged.push("card 500".into());
    exactly(&store, &mut acknowledged).await;
    store.close().await;
    sound(&disk).await;
}

/// More than SQLite's page cache holds: it runs out of room in the middle of the transaction and rolls
/// all of it back by itself.
#[tokio::test]
async fn a_group_that_fills_the_disk_halfway_is_undone_as_a_whole() {
    let Some(disk) = SmallDisk::mount(6) else { return };
    let store = Store::open(disk.path()).await.unwrap();
    let mut acknowledged = vec!["before".to_owned()];
    store.add_task(card("before"), Actor::Person, 0).await.unwrap();
    let ballast = disk.fill(1024 * 1024);

    let answers = join_all((0..200).map(|n| store.add_task(long_card(n), Actor::Person, 0))).await;
    let full = answers.iter().filter(|answer| matches!(answer, Err(StoreError::DiskFull))).count();
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(_) => acknowledged.push(format!("card {n}")),
            Err(StoreError::DiskFull) => {}
            Err(other) => panic!("card {n}: {other}"),
        }
    }
    assert!(full > 0, "the disk never filled");
    exactly(&store, &mut acknowledged).await;

    std::fs::remove_file(ballast).unwrap();
    store.add_task(card("after"), Actor::Person, 0).await.unwrap();
    acknowledged.push("after".into());
    exactly(&store, &mut acknowledged).await;
    store.close().await;
    sound(&disk).await;
}
