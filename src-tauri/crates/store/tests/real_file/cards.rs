//! Cards, projects, comments and settings through the store's own doors.

use domain::{Actor, Effect, Outcome, Priority, ProjectId, Status, TaskId, TaskKey};
use store::{NewProject, NewTask, StoreError, TaskEdit};
use testkit::{TempStore, card, ready_card};

fn kinds(changes: &[store::ChangeRecord]) -> Vec<(&str, &str, &str)> {
    changes.iter().map(|change| (change.actor.as_str(), change.kind.as_str(), change.text.as_str())).collect()
}

async fn project(store: &TempStore, name: &str) -> ProjectId {
    let new = NewProject { name: name.into(), path: format!("/src/{name}").into() };
    store.add_project(new, store.clock.tick()).await.unwrap().id
}

#[tokio::test]
async fn a_card_keeps_what_was_written_on_it() {
    let store = TempStore::new().await;
    let project = project(&store, "parser").await;
    let new = NewTask {
        title: "Fix the “ünïcode” parser".into(),
        description: "line one\n\nline two 🙂".into(),
        project: Some(project),
        priority: Priority::from_level(7).unwrap(),
        tags: vec!["bug".into(), "ui".into()],
        due_at: Some(42),
        assignee: Some("claude".into()),
        status: Status::Ready,
        queued: None,
        routing: Default::default(),
    };
    let id = store.add(new.clone()).await;
    let kept = store.task(id).await.unwrap();
    assert_eq!((kept.title, kept.description), (new.title.clone(), new.description));
    assert_eq!(
        (kept.project, kept.priority, kept.tags, kept.due_at),
        (new.project, new.priority, new.tags.clone(), new.due_at)
    );
    assert_eq!(
        (kept.task.status, kept.version, kept.trashed_at, kept.last_run),
        (Status::Ready, 1, None, None)
    );

    let shown = store.cards(&[id]).await.unwrap().remove(0);
    assert_eq!((shown.title, shown.project, shown.priority), (new.title, new.project, new.priority));
    assert_eq!((shown.tags, shown.due_at, shown.trashed), (new.tags, new.due_at, false));
}

#[tokio::test]
async fn a_card_is_found_by_number_and_by_full_id() {
    let store = TempStore::new().await;
    let id = store.add(card("Find me")).await;
    let uid = store.task(id).await.unwrap().uid;
    assert_eq!(store.find_task(&TaskKey::Id(id)).await.unwrap(), id);
    assert_eq!(store.find_task(&TaskKey::Uid(uid)).await.unwrap(), id);
    let missing = store.find_task(&TaskKey::Id(TaskId(99))).await.unwrap_err();
    assert_eq!(missing.to_string(), "task T-99 does not exist");
    let missing = store.find_task(&TaskKey::Uid("no such".into())).await.unwrap_err();
    assert!(matches!(missing, StoreError::NotFound { what: "task", .. }), "{missing}");
}

#[tokio::test]
async fn an_edit_changes_the_named_fields_and_says_which() {
    let store = TempStore::new().await;
    let id = store.add(NewTask { description: "stays".into(), due_at: Some(5), ..card("Old title") }).await;
    let edit = TaskEdit {
        title: Some("New title".into()),
        priority: Some(Priority::CRITICAL),
        due_at: Some(None),
        version: Some(1),
        ..TaskEdit::default()
    };
    store.edit_task(id, edit, Actor::Person, store.clock.tick()).await.unwrap();
    let edited = store.task(id).await.unwrap();
    assert_eq!((edited.title.as_str(), edited.description.as_str()), ("New title", "stays"));
    assert_eq!((edited.priority, edited.due_at, edited.version), (Priority::CRITICAL, None, 2));
    assert_eq!(store.timeline(id).await.unwrap()[1].text, "changed the title, the priority, the due date");
}

#[tokio::test]
async fn an_edit_that_changes_nothing_leaves_no_trace() {
    let store = TempStore::new().await;
    let id = store.add(card("Same")).await;
    let before = store.task(id).await.unwrap();
    let edit = TaskEdit { title: Some("Same".into()), tags: Some(Vec::new()), ..TaskEdit::default() };
    store.edit_task(id, edit, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(store.task(id).await.unwrap(), before);
    assert_eq!(store.timeline(id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_second_of_two_editors_is_refused() {
    let store = TempStore::new().await;
    let id = store.add(card("Contested")).await;
    let edit = |title: &str| TaskEdit { title: Some(title.into()), version: Some(1), ..TaskEdit::default() };
    store.edit_task(id, edit("mine"), Actor::Person, store.clock.tick()).await.unwrap();
    let refused = store.edit_task(id, edit("yours"), Actor::Person, store.clock.tick()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "T-1 was changed by somebody else while it was being edited; reload it and try again"
    );
    assert_eq!(store.task(id).await.unwrap().title, "mine");
}

#[tokio::test]
async fn a_move_onto_its_own_column_changes_nothing() {
    let store = TempStore::new().await;
    let id = store.add(ready_card("Stay")).await;
    let effects = store.move_task(id, Status::Ready, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!((effects, store.timeline(id).await.unwrap().len()), (Vec::new(), 1));
}

#[tokio::test]
async fn only_a_run_takes_a_card_in_flight() {
    let store = TempStore::new().await;
    let id = store.add(ready_card("Fly")).await;
    let refused =
        store.move_task(id, Status::InProgress, Actor::Person, store.clock.tick()).await.unwrap_err();
    assert_eq!(refused.to_string(), "T-1 moves to In flight by starting an agent on it, not by itself");
    assert_eq!(store.status(id).await, Status::Ready);
}

#[tokio::test]
async fn moving_a_card_away_from_its_agent_asks_for_the_agents_end() {
    let store = TempStore::new().await;
    let (id, run) = store.at_work("Take back").await;
    let effects = store.move_task(id, Status::Review, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(effects, [Effect::StopRun(run)]);
    assert_eq!(store.task(id).await.unwrap().task.live_run, None);
}

#[tokio::test]
async fn a_finished_card_remembers_when_and_forgets_it_when_reopened() {
    let store = TempStore::new().await;
    let id = store.add(card("Done and not")).await;
    let mut raw = testkit::Raw::open(&store).await;
    let done_at = store.clock.tick();
    store.move_task(id, Status::Done, Actor::Person, done_at).await.unwrap();
    assert_eq!(raw.number("SELECT finished_at FROM tasks").await, done_at);
    assert_eq!(store.task(id).await.unwrap().entered_at, done_at);
    store.move_task(id, Status::Inbox, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(raw.number("SELECT finished_at IS NULL FROM tasks").await, 1);
}

#[tokio::test]
async fn the_trash_gives_back_what_it_took() {
    let store = TempStore::new().await;
    let id = store.add(NewTask { description: "keep me".into(), ..ready_card("Oops") }).await;
    let before = store.task(id).await.unwrap();
    store.trash_task(id, store.clock.tick()).await.unwrap();
    store.trash_task(id, store.clock.tick()).await.unwrap();
    assert_eq!(store.board(None, false).await.unwrap().1, []);
    assert!(store.board(None, true).await.unwrap().1[0].trashed);

    store.restore_task(id, vec![], store.clock.tick()).await.unwrap();
    let after = store.task(id).await.unwrap();
    assert_eq!(store::TaskRecord { updated_at: before.updated_at, ..after }, before);
    assert_eq!(
        kinds(&store.timeline(id).await.unwrap()),
        [
            ("you", "task.created", "added to Ready"),
            ("you", "task.trashed", "moved to the trash"),
            ("you", "task.restored", "taken out of the trash"),
        ]
    );
}

#[tokio::test]
async fn a_card_with_an_agent_at_work_is_not_trashed() {
    let store = TempStore::new().await;
    let (id, run) = store.at_work("Busy").await;
    let refused = store.trash_task(id, store.clock.tick()).await.unwrap_err();
    assert_eq!(refused.to_string(), "T-1 has an agent at work; stop it first");
    store.end(run, Outcome::Stopped).await;
    store.trash_task(id, store.clock.tick()).await.unwrap();
}

#[tokio::test]
async fn comments_are_kept_in_order_with_their_authors() {
    let store = TempStore::new().await;
    let id = store.add(card("Talk")).await;
    store.add_comment(id, Actor::Person, "first".into(), store.clock.tick()).await.unwrap();
    let second = store
        .add_comment(id, Actor::Agent("demo".into()), "second".into(), store.clock.tick())
        .await
        .unwrap();
    let all = store.comments(id).await.unwrap();
    assert_eq!(
        all.iter().map(|c| (c.author.as_str(), c.body.as_str())).collect::<Vec<_>>(),
        [("you", "first"), ("agent:demo", "second")]
    );
    assert_eq!(all[1], second);
    assert!(matches!(
        store.add_comment(TaskId(9), Actor::Person, "nobody".into(), 0).await,
        Err(StoreError::NotFound { what: "task", .. })
    ));
}

#[tokio::test]
async fn the_timeline_is_the_change_log_of_one_card() {
    let store = TempStore::new().await;
    let (mine, run) = store.at_work("Mine").await;
    let other = store.add(card("Other")).await;
    store.add_comment(mine, Actor::Person, "look here".into(), store.clock.tick()).await.unwrap();
    store.end(run, Outcome::Succeeded).await;
    store.move_task(mine, Status::Done, Actor::Person, store.clock.tick()).await.unwrap();

    let timeline = store.timeline(mine).await.unwrap();
    assert_eq!(
        kinds(&timeline),
        [
            ("you", "task.created", "added to Inbox"),
            ("you", "run.created", "run 1 with demo"),
            ("agent:demo", "run.started", "run 1 started"),
            ("you", "task.commented", "commented: look here"),
            ("agent:demo", "run.ended", "run 1 finished"),
            ("you", "task.completed", "moved from Review to Done"),
        ]
    );
    let log = store.changes_after(0, 100).await.unwrap();
    let of_mine: Vec<_> = log.iter().filter(|change| change.task == Some(mine)).cloned().collect();
    assert_eq!(of_mine, timeline);
    let others: Vec<_> = log.iter().filter(|change| change.task == Some(other)).cloned().collect();
    assert_eq!(store.timeline(other).await.unwrap(), others);
    assert_eq!(log.iter().map(|change| change.seq).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
    assert_eq!(store.head().await.unwrap(), (7, Some(log[6].at)));
}

#[tokio::test]
async fn changes_can_be_read_on_from_any_number() {
    let store = TempStore::new().await;
    for n in 0..5 {
        store.add(card(&format!("card {n}"))).await;
    }
    let seqs =
        |changes: Vec<store::ChangeRecord>| changes.iter().map(|change| change.seq).collect::<Vec<_>>();
    assert_eq!(seqs(store.changes_after(2, 2).await.unwrap()), [3, 4]);
    assert!(store.changes_after(5, 2).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_project_counts_its_open_cards_and_stays_until_they_are_done() {
    let store = TempStore::new().await;
    let project = project(&store, "parser").await;
    let of_project = |title: &str| NewTask { project: Some(project), ..card(title) };
    let (open, trashed, done) = (
        store.add(of_project("open")).await,
        store.add(of_project("trashed")).await,
        store.add(of_project("done")).await,
    );
    store.trash_task(trashed, store.clock.tick()).await.unwrap();
    store.move_task(done, Status::Done, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(store.project(project).await.unwrap().open_cards, 1);

    let refused = store.remove_project(project, store.clock.tick()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the project still has one open card; finish, cancel or trash what is open first"
    );
    store.move_task(open, Status::Cancelled, Actor::Person, store.clock.tick()).await.unwrap();
    store.remove_project(project, store.clock.tick()).await.unwrap();
    assert_eq!(store.projects().await.unwrap(), []);
    assert_eq!(store.project(project).await.unwrap().name, "parser", "its finished cards still point at it");
    let twice = store.remove_project(project, store.clock.tick()).await.unwrap_err();
    assert!(matches!(twice, StoreError::NotFound { what: "project", .. }), "{twice}");
}

#[tokio::test]
async fn a_folder_is_one_project_until_it_is_removed() {
    let store = TempStore::new().await;
    let first = project(&store, "parser").await;
    let again = NewProject { name: "another name".into(), path: "/src/parser".into() };
    let refused = store.add_project(again.clone(), store.clock.tick()).await.unwrap_err();
    assert_eq!(refused.to_string(), "/src/parser is already the project “parser”");
    store.remove_project(first, store.clock.tick()).await.unwrap();
    assert_ne!(store.add_project(again, store.clock.tick()).await.unwrap().id, first);
}

#[tokio::test]
async fn a_projects_name_and_settings_change_apart() {
    let store = TempStore::new().await;
    let id = project(&store, "parser").await;
    let settings = serde_json::json!({ "base": "develop" });
    store.edit_project(id, None, Some(settings.clone()), store.clock.tick()).await.unwrap();
    let renamed = store.edit_project(id, Some("Lexer".into()), None, store.clock.tick()).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.settings), ("Lexer", settings));
    let missing = store.edit_project(ProjectId(9), Some("x".into()), None, 0).await.unwrap_err();
    assert!(matches!(missing, StoreError::NotFound { what: "project", .. }), "{missing}");
}

#[tokio::test]
async fn projects_are_listed_by_name_whatever_its_case() {
    let store = TempStore::new().await;
    for name in ["beta", "Gamma", "Alpha"] {
        project(&store, name).await;
    }
    let names: Vec<_> = store.projects().await.unwrap().into_iter().map(|project| project.name).collect();
    assert_eq!(names, ["Alpha", "beta", "Gamma"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_folder_whose_name_is_no_utf8_is_kept_byte_for_byte() {
    use std::os::unix::ffi::OsStrExt;
    let store = TempStore::new().await;
    let path: std::path::PathBuf = std::ffi::OsStr::from_bytes(b"/src/caf\xe9").into();
    let id = store.add_project(NewProject { name: "cafe".into(), path: path.clone() }, 0).await.unwrap().id;
    assert_eq!(store.project(id).await.unwrap().path, path);
}

#[tokio::test]
async fn no_card_joins_a_project_that_is_unknown_or_removed() {
    let store = TempStore::new().await;
    let gone = project(&store, "gone").await;
    let card_of = store.add(card("Homeless")).await;
    store.remove_project(gone, store.clock.tick()).await.unwrap();
    for project in [gone, ProjectId(99)] {
        let added = store.add_task(NewTask { project: Some(project), ..card("x") }, Actor::Person, 0).await;
        assert!(matches!(added, Err(StoreError::NotFound { what: "project", .. })), "{added:?}");
        let edit = TaskEdit { project: Some(project), ..TaskEdit::default() };
        let edited = store.edit_task(card_of, edit, Actor::Person, 0).await;
        assert!(matches!(edited, Err(StoreError::NotFound { what: "project", .. })), "{edited:?}");
    }
    assert_eq!(store.task(card_of).await.unwrap().project, None);
}

#[tokio::test]
async fn settings_are_kept_by_key() {
    let store = TempStore::new().await;
    assert_eq!(store.setting::<Vec<u32>>("numbers").await.unwrap(), None);
    store.put_setting("numbers", &vec![1u32, 2], store.clock.tick()).await.unwrap();
    store.put_setting("numbers", &vec![3u32], store.clock.tick()).await.unwrap();
    assert_eq!(store.setting::<Vec<u32>>("numbers").await.unwrap(), Some(vec![3]));
    assert!(matches!(store.setting::<bool>("numbers").await, Err(StoreError::Corrupt(_))));
}
