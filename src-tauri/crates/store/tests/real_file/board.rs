//! The board in one scan.

use domain::{Activity, Actor, Outcome, RunState, Status, TaskId};
use store::{Counts, NewProject, NewTask};
use testkit::{Raw, TempStore, card, ready_card};

#[tokio::test]
async fn a_card_shows_its_newest_run() {
    let store = TempStore::new().await;
    let (task, first) = store.at_work("Again").await;
    store.end(first, Outcome::Stopped).await;
    let second = store.begin(task).await;
    store.run_started(second, Default::default(), store.clock.tick()).await.unwrap();
    store
        .run_activity(second, Activity::Waiting, "hook".into(), Some("Go on?".into()), store.clock.tick())
        .await
        .unwrap();
    store.set_changes(second, 1, 2, 3, store.clock.tick()).await.unwrap();
    let shown = store.cards(&[task, TaskId(99)]).await.unwrap();
    assert_eq!(shown.len(), 1, "an unknown card is left out");
    let run = shown[0].run.as_ref().unwrap();
    assert_eq!(
        (run.id, run.state, run.changes),
        (second, RunState::Running(Activity::Waiting), Some((1, 2, 3)))
    );
    assert_eq!((run.reason.as_deref(), shown[0].runs), (Some("Go on?"), 2));
}

#[tokio::test]
async fn the_board_of_a_project_leaves_the_others_out() {
    let store = TempStore::new().await;
    let new = NewProject { name: "parser".into(), path: "/src/parser".into() };
    let project = store.add_project(new, store.clock.tick()).await.unwrap().id;
    let mine = store.add(NewTask { project: Some(project), ..card("mine") }).await;
    store.add(card("nobody's")).await;
    let ids = |cards: Vec<store::CardRecord>| cards.into_iter().map(|card| card.id).collect::<Vec<_>>();
    assert_eq!(ids(store.board(Some(project), false).await.unwrap().1), [mine]);
    assert_eq!(store.board(None, false).await.unwrap().1.len(), 2);
}

#[tokio::test]
async fn a_board_is_never_older_than_it_says() {
    let store = TempStore::new().await;
    store.add(card("one")).await;
    let (seq, cards) = store.board(None, false).await.unwrap();
    assert_eq!((seq, cards.len()), (store.head().await.unwrap().0, 1));
}

#[tokio::test]
async fn the_footer_counts_what_flies_what_waits_and_who_needs_you() {
    let store = TempStore::new().await;
    let (_, asking) = store.at_work("asks").await;
    store.run_activity(asking, Activity::Waiting, "hook".into(), None, store.clock.tick()).await.unwrap();
    store.at_work("works").await;
    store.add(ready_card("waits")).await;
    let hidden = store.add(ready_card("hidden")).await;
    store.trash_task(hidden, store.clock.tick()).await.unwrap();
    store.add(card("inbox")).await;
    assert_eq!(store.counts().await.unwrap(), Counts { in_flight: 2, ready: 1, needs_you: 1 });
}

#[tokio::test]
async fn ten_thousand_cards_are_all_there_and_counted_right() {
    let store = TempStore::new().await;
    let mut raw = Raw::open(&store).await;
    // Every seventh card lies in each stored column but the one that needs a run; every hundredth is trashed.
    let filled = raw
        .refusal(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999), \
             word(k, w) AS (VALUES (0, 'inbox'), (1, 'ready'), (2, 'review'), (3, 'done'), (4, 'failed'), (5, 'cancelled'), (6, 'inbox')) \
             INSERT INTO tasks (uid, title, description, status, priority, tags, created_at, updated_at, entered_at, finished_at, version, trashed_at) \
             SELECT 'u' || i, 'card ' || i, '', w, 1 + i % 10, '[\"t\"]', i, i, i, iif(k BETWEEN 3 AND 5, i, NULL), 1, iif(i % 100 = 0, i, NULL) \
             FROM n JOIN word ON k = i % 7",
        )
        .await;
    assert_eq!(filled, None);
    let (_, shown) = store.board(None, false).await.unwrap();
    let (_, all) = store.board(None, true).await.unwrap();
    assert_eq!((shown.len(), all.len()), (9_900, 10_000));
    let expected = |k: usize| (0..10_000).filter(|i| i % 7 == k && i % 100 != 0).count();
    let count = |status: Status| shown.iter().filter(|card| card.status == status).count();
    assert_eq!(count(Status::Inbox), expected(0) + expected(6));
    assert_eq!(count(Status::Ready), expected(1));
    assert_eq!(count(Status::Cancelled), expected(5));
    assert_eq!(
        store.counts().await.unwrap(),
        Counts { in_flight: 0, ready: expected(1) as u32, needs_you: 0 }
    );
    store.move_task(shown[0].id, Status::Done, Actor::Person, store.clock.tick()).await.unwrap();
}
