//! The board in one scan.

use domain::{Activity, Actor, Outcome, Priority, RunState, Status, TaskId};
use store::{CardFilter, Counts, NewProject, NewTask, Store, StoreError};
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

fn ids(cards: &[store::CardRecord]) -> Vec<TaskId> {
    cards.iter().map(|card| card.id).collect()
}

#[tokio::test]
async fn a_list_goes_column_by_column_by_urgency_and_in_pieces() {
    let store = TempStore::new().await;
    let low = store.add(NewTask { priority: Priority::LOW, ..card("low") }).await;
    let due = store.add(NewTask { due_at: Some(5), ..card("due") }).await;
    let tagged =
        store.add(NewTask { tags: vec!["ui".into()], assignee: Some("demo".into()), ..card("tagged") }).await;
    let ready = store.add(ready_card("ready")).await;
    let hidden = store.add(card("hidden")).await;
    store.trash_task(hidden, store.clock.tick()).await.unwrap();
    let mut over = Vec::new();
    for title in ["first", "second"] {
        let id = store.add(card(title)).await;
        store.move_task(id, Status::Done, Actor::Person, store.clock.tick()).await.unwrap();
        over.insert(0, id);
    }
    let (flying, _) = store.at_work("flying").await;
    let expected = [&[flying, ready, due, tagged, low][..], &over].concat();

    let all = CardFilter::default();
    let (total, cards) = store.list(&all, 0, u32::MAX).await.unwrap();
    assert_eq!((total, ids(&cards)), (7, expected.clone()));
    for (at, id) in expected.iter().enumerate() {
        let (total, page) = store.list(&all, at as u32, 1).await.unwrap();
        assert_eq!((total, ids(&page)), (7, vec![*id]), "card {at}");
    }
    assert_eq!(store.list(&all, 7, 5).await.unwrap().1, []);

    let inbox = CardFilter { statuses: vec![Status::Inbox], ..CardFilter::default() };
    for (filter, wanted) in [
        (CardFilter { tag: Some("ui".into()), ..inbox.clone() }, vec![tagged]),
        (CardFilter { assignee: Some("demo".into()), ..inbox.clone() }, vec![tagged]),
        (CardFilter { priority: Some(Priority::LOW), ..inbox.clone() }, vec![low]),
        (CardFilter { tag: Some("u".into()), ..CardFilter::default() }, vec![]),
        (inbox, vec![due, tagged, low]),
    ] {
        let (total, cards) = store.list(&filter, 0, 10).await.unwrap();
        assert_eq!((total as usize, ids(&cards)), (wanted.len(), wanted), "{filter:?}");
    }
    let counts = store.counts_by_column().await.unwrap();
    let of = |status| counts.iter().find(|(column, _)| *column == status).map(|(_, count)| *count);
    assert_eq!((of(Status::Inbox), of(Status::Done), of(Status::InProgress)), (Some(3), Some(2), Some(1)));
}

#[tokio::test]
async fn who_needs_a_person_is_listed_the_longest_first() {
    let store = TempStore::new().await;
    let (asking, run) = store.at_work("asks").await;
    let (blocked, stuck) = store.at_work("stuck").await;
    store.end_run(stuck, testkit::blocked("which port?", store.clock.tick())).await.unwrap();
    store.run_activity(run, Activity::Waiting, "hook".into(), None, store.clock.tick()).await.unwrap();
    store.at_work("works").await;
    assert_eq!(ids(&store.needing_you(10).await.unwrap()), [asking, blocked]);
    assert_eq!(store.needing_you(1).await.unwrap().len(), 1);
    assert_eq!(store.counts().await.unwrap().needs_you, 2);
}

#[tokio::test]
async fn every_list_and_count_of_a_column_goes_by_an_index() {
    let store = TempStore::new().await;
    let mut raw = Raw::open(&store).await;
    for (condition, index) in [
        ("t.status = 'ready'", "tasks_ready"),
        ("t.status = 'inbox'", "tasks_inbox"),
        ("t.status = 'review'", "tasks_review"),
        ("t.status = 'done' AND t.finished_at IS NOT NULL", "tasks_over"),
        ("t.held IS NOT NULL", "tasks_held"),
    ] {
        let plan = raw
            .plan(&format!("SELECT count(*) FROM tasks t WHERE t.trashed_at IS NULL AND {condition}"))
            .await;
        assert!(plan.contains(index), "{condition}: {plan}");
    }
    for status in ["ready", "inbox", "review"] {
        let by_urgency =
            "ORDER BY t.priority DESC, coalesce(t.due_at, 9223372036854775807), t.created_at, t.id LIMIT 20";
        let plan = raw
            .plan(&format!(
                "SELECT t.id FROM tasks t WHERE t.trashed_at IS NULL AND t.status = '{status}' {by_urgency}"
            ))
            .await;
        assert!(!plan.contains("B-TREE"), "{status} is sorted: {plan}");
    }
}

#[tokio::test]
async fn a_closed_board_is_one_file() {
    let store = TempStore::new().await;
    let task = store.add(card("One")).await;
    store.close().await;
    let beside: Vec<String> = names(store.dir()).into_iter().filter(|name| name.contains("-wal")).collect();
    assert_eq!(beside, [""; 0], "the log is folded into the file");
    let again = Store::open(store.dir()).await.unwrap();
    assert_eq!(again.task(task).await.unwrap().title, "One");
    again.close().await;
}

fn names(dir: &std::path::Path) -> Vec<String> {
    std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into()).collect()
}

#[tokio::test]
async fn a_look_reads_what_an_engine_would_and_takes_no_writes() {
    let store = TempStore::new().await;
    assert!(Store::look(&store.dir().join("elsewhere")).await.is_none(), "there is no board");
    let task = store.add(card("One")).await;
    let look = Store::look(store.dir()).await.expect("nothing is at work");
    assert_eq!(look.task(task).await.unwrap().title, "One");
    let refused = look.trash_task(task, store.clock.tick()).await;
    assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
    let later = store.add(card("Later")).await;
    assert_eq!(look.task(later).await.unwrap().title, "Later", "it reads what is there now");
    look.close().await;

    let run = store.begin(task).await;
    assert!(Store::look(store.dir()).await.is_none(), "what is at work may have moved on");
    store.end(run, Outcome::Stopped).await;
    assert!(Store::look(store.dir()).await.is_some());
    let mut raw = Raw::open(&store).await;
    assert_eq!(raw.refusal("DELETE FROM _sqlx_migrations WHERE version = 2").await, None);
    assert!(Store::look(store.dir()).await.is_none(), "a file that lacks a migration is for an engine");
}
