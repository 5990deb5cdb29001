//! The grouped writer: who shares a commit does not share a fate.

use domain::{Actor, Status, TaskId};
use futures_util::future::join_all;
use store::{NewArtifact, NewProject, Store, StoreError};
use testkit::{TempStore, card};
use tokio::sync::broadcast::error::TryRecvError;

use crate::children::play;

fn title_of(n: usize) -> String {
    format!("card {n:02}")
}

#[tokio::test]
async fn sixty_four_writers_share_a_commit_in_the_order_they_came() {
    let store = TempStore::new().await;
    let mut commits = store.committed();
    let adds = (0..64).map(|n| store.add_task(card(&title_of(n)), Actor::Person, n as i64));
    let ids: Vec<TaskId> = join_all(adds).await.into_iter().map(Result::unwrap).collect();

    let commit = commits.try_recv().expect("one commit is told");
    assert_eq!(commit.tasks.iter().copied().collect::<Vec<_>>(), ids);
    assert_eq!((commit.seq, commit.at), (64, 63));
    assert_eq!(commits.try_recv().unwrap_err(), TryRecvError::Empty, "one, not sixty-four");
    let told = store.changes_after(0, 100).await.unwrap();
    assert_eq!(
        told.iter().map(|change| change.task).collect::<Vec<_>>(),
        ids.iter().copied().map(Some).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn one_that_fails_leaves_its_neighbours_alone() {
    let store = TempStore::new().await;
    let (_, run) = store.at_work("makes files").await;
    let file =
        |hash: &str| NewArtifact { path: hash.into(), kind: "text".into(), size: 1, hash: hash.into() };
    // The second file breaks a CHECK after the first was written.
    let broken = vec![file(&"a".repeat(64)), file("no hash")];
    let mut commits = store.committed();

    let adds = (0..64).map(|n| store.add_task(card(&title_of(n)), Actor::Person, 0));
    let (before, failed, refused, after) = tokio::join!(
        join_all(adds),
        store.put_artifacts(run, broken, 0),
        store.move_task(TaskId(1), Status::Failed, Actor::Person, 0),
        store.add_task(card("after"), Actor::Person, 0),
    );
    assert!(before.iter().all(Result::is_ok) && after.is_ok());
    assert!(matches!(failed, Err(StoreError::Database(_))), "{failed:?}");
    assert!(matches!(refused, Err(StoreError::Rejected(_))), "{refused:?}");
    assert_eq!(store.artifacts(TaskId(1)).await.unwrap(), [], "half of the failed operation stayed");
    let commit = commits.try_recv().expect("they shared a commit");
    assert_eq!((commit.tasks.len(), commit.tasks.contains(&TaskId(1))), (65, false));
    assert_eq!(commits.try_recv().unwrap_err(), TryRecvError::Empty);
}

#[tokio::test]
async fn an_answer_means_that_another_process_could_read_it() {
    let store = TempStore::new().await;
    let other = Store::open(store.dir()).await.unwrap();
    for n in 1..=20 {
        store.add(card("visible")).await;
        assert_eq!(other.board(None, false).await.unwrap().1.len(), n);
    }
    other.close().await;
}

#[tokio::test]
async fn a_second_process_reads_while_the_first_writes() {
    let store = TempStore::new().await;
    let mut watcher = play("watch", store.dir());
    assert_eq!(watcher.line().as_deref(), Some("watching"));
    for n in 0..100 {
        store.add(card(&title_of(n))).await;
    }
    assert_eq!(watcher.line().as_deref(), Some("saw 100"));
    assert!(watcher.child.wait().unwrap().success());
}

#[tokio::test]
async fn a_commit_is_told_by_the_names_of_what_it_changed() {
    let store = TempStore::new().await;
    let task = store.add(card("told")).await;
    let mut commits = store.committed();
    let mut told = || {
        let commit = commits.try_recv().expect("a commit is told");
        (commit.seq, commit.tasks.iter().copied().collect::<Vec<_>>(), commit.projects, commit.settings)
    };
    store.move_task(task, Status::Ready, Actor::Person, 0).await.unwrap();
    assert_eq!(told(), (2, vec![task], false, false));
    store.add_project(NewProject { name: "p".into(), path: "/p".into() }, 0).await.unwrap();
    assert_eq!(told(), (3, vec![], true, false));
    store.put_setting("window", &1, 0).await.unwrap();
    assert_eq!(told(), (4, vec![], false, true));
    store.move_task(task, Status::Ready, Actor::Person, 0).await.unwrap();
    store.move_task(task, Status::InProgress, Actor::Person, 0).await.unwrap_err();
    assert_eq!(commits.try_recv().unwrap_err(), TryRecvError::Empty, "nothing changed, nothing is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closing_store_finishes_what_it_accepted_and_refuses_the_rest() {
    let store = TempStore::new().await;
    let writers = (0..8).map(|_| {
        let store = store.handle();
        tokio::spawn(async move {
            let mut accepted = 0;
            loop {
                match store.add_task(card("in time"), Actor::Person, 0).await {
                    Ok(_) => accepted += 1,
                    Err(StoreError::Closed) => return accepted,
                    Err(other) => panic!("{other}"),
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut commits = store.committed();
    for _ in 0..5 {
        commits.recv().await.unwrap();
    }
    tokio::join!(store.close(), store.close());
    store.close().await;
    let mut accepted = 0;
    for writer in writers {
        accepted += writer.await.unwrap();
    }
    assert!(accepted >= 5);
    let reopened = Store::open(store.dir()).await.unwrap();
    assert_eq!(reopened.board(None, false).await.unwrap().1.len(), accepted);
}
