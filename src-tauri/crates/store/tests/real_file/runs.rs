//! Runs: one at a time for a task, ended once, and deaf to whoever comes late.

use std::path::Path;

use domain::{Activity, Actor, Cause, Outcome, RunId, RunState, Status, TaskId};
use rstest::rstest;
use store::{Ending, NewArtifact, NewRun, NewTask, StartFacts, StoreError, TaskEdit, WorkspaceRecord};
use testkit::{TempStore, blocked, card, ended, run_of};

fn workspace(path: &str) -> WorkspaceRecord {
    WorkspaceRecord {
        path: path.into(),
        kind: "worktree".into(),
        branch: Some("flightboard/t-1-x".into()),
        base: Some("abc".into()),
        present: true,
        salvage: None,
    }
}

async fn last_word(store: &TempStore, task: TaskId) -> String {
    store.timeline(task).await.unwrap().pop().unwrap().text
}

#[rstest]
#[case::succeeded(Outcome::Succeeded, Status::Review, "run 1 finished")]
#[case::exited_non_zero(Outcome::Failed(Cause::ExitedNonZero), Status::Failed, "run 1 failed")]
#[case::agent_error(Outcome::Failed(Cause::AgentError), Status::Failed, "run 1 failed")]
#[case::blocked(Outcome::Failed(Cause::Blocked), Status::Ready, "run 1 is blocked")]
#[case::not_started(Outcome::Failed(Cause::CouldNotStart), Status::Inbox, "run 1 could not start")]
#[case::stopped(Outcome::Stopped, Status::Ready, "run 1 was stopped")]
#[case::lost(Outcome::Lost, Status::Ready, "run 1 was lost")]
#[tokio::test]
async fn an_ended_run_puts_its_card_where_it_belongs(
    #[case] outcome: Outcome,
    #[case] to: Status,
    #[case] said: &str,
) {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("Fly").await;
    assert!(store.end(run, outcome).await);
    let after = store.task(task).await.unwrap();
    assert_eq!((after.task.status, after.task.live_run), (to, None));
    assert_eq!(store.run(run).await.unwrap().state, RunState::Ended(outcome));
    assert_eq!(last_word(&store, task).await, said);
}

#[tokio::test]
async fn a_run_keeps_what_is_learnt_about_it() {
    let store = TempStore::new().await;
    let task = store.add(card("Learn")).await;
    let new = NewRun {
        agent: "claude".into(),
        mode: "interactive".into(),
        model: Some("big".into()),
        ..run_of(task)
    };
    let run = store.begin_run(new, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!((run.state, run.attempt, run.started_at), (RunState::Preparing, 1, None));
    assert_eq!(
        (run.agent.as_str(), run.mode.as_str(), run.model.as_deref()),
        ("claude", "interactive", Some("big"))
    );

    let facts = StartFacts {
        argv: vec!["claude".into(), "-p".into()],
        agent_version: Some("2.1".into()),
        session: None,
    };
    let started_at = store.clock.tick();
    store.run_started(run.id, facts, started_at).await.unwrap();
    store
        .run_activity(run.id, Activity::Waiting, "hook".into(), Some("Go on?".into()), store.clock.tick())
        .await
        .unwrap();
    store.set_session(run.id, "s-1".into(), store.clock.tick()).await.unwrap();
    store.set_changes(run.id, 3, 20, 4, store.clock.tick()).await.unwrap();
    store.set_workspace(run.id, workspace("/w/1"), store.clock.tick()).await.unwrap();

    let now = store.run(run.id).await.unwrap();
    assert_eq!(
        (now.state, now.evidence.as_deref(), now.reason.as_deref()),
        (RunState::Running(Activity::Waiting), Some("hook"), Some("Go on?"))
    );
    assert_eq!(
        (now.argv.len(), now.agent_version.as_deref(), now.session.as_deref()),
        (2, Some("2.1"), Some("s-1"))
    );
    assert_eq!(
        (now.started_at, now.changes, now.workspace),
        (Some(started_at), Some((3, 20, 4)), Some(workspace("/w/1")))
    );

    let ending = Ending {
        reason: Some("it said so".into()),
        exit_code: Some(7),
        signal: Some(9),
        output_bytes: 1234,
        last_line: Some("bye".into()),
        survivors: vec!["daemon (process 7)".into()],
        ..ended(Outcome::Failed(Cause::AgentError), store.clock.tick())
    };
    store.end_run(run.id, ending.clone()).await.unwrap();
    let end = store.run(run.id).await.unwrap();
    assert_eq!(
        (end.exit_code, end.signal, end.output_bytes, end.ended_at),
        (Some(7), Some(9), 1234, Some(ending.at))
    );
    assert_eq!(
        (end.last_line, end.survivors, end.reason),
        (ending.last_line, ending.survivors, ending.reason)
    );
    assert_eq!(store.runs_of(task).await.unwrap(), [store.run(run.id).await.unwrap()]);
}

#[tokio::test]
async fn the_same_fact_twice_is_told_once() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("Repeat").await;
    store.set_session(run, "s-1".into(), store.clock.tick()).await.unwrap();
    store.set_changes(run, 1, 2, 3, store.clock.tick()).await.unwrap();
    let told = store.timeline(task).await.unwrap().len();
    store.set_session(run, "s-1".into(), store.clock.tick()).await.unwrap();
    store.set_changes(run, 1, 2, 3, store.clock.tick()).await.unwrap();
    assert_eq!(store.timeline(task).await.unwrap().len(), told);
}

#[tokio::test]
async fn of_many_who_want_the_same_task_one_gets_it() {
    let store = TempStore::new().await;
    let task = store.add(card("Wanted")).await;
    let callers = (0..16).map(|_| {
        let store = store.handle();
        tokio::spawn(async move { store.begin_run(run_of(task), Actor::Person, 0).await })
    });
    let mut won = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        match caller.await.unwrap() {
            Ok(run) => won.push(run.id),
            Err(refused) => assert_eq!(refused.to_string(), "T-1 already has an agent at work"),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(store.task(task).await.unwrap().task.live_run, Some(won[0]));
    assert_eq!(store.cards(&[task]).await.unwrap()[0].runs, 1, "a refusal leaves no run behind");
}

#[tokio::test]
async fn a_run_ends_once() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("Once").await;
    assert!(store.end(run, Outcome::Succeeded).await);
    let told = store.timeline(task).await.unwrap();
    assert!(!store.end(run, Outcome::Failed(Cause::AgentError)).await, "the second report closes nothing");
    assert_eq!(store.run(run).await.unwrap().state, RunState::Ended(Outcome::Succeeded));
    assert_eq!((store.status(task).await, store.timeline(task).await.unwrap()), (Status::Review, told));
}

#[tokio::test]
async fn a_run_that_lost_its_card_ends_without_touching_it() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("Taken away").await;
    store.move_task(task, Status::Done, Actor::Person, store.clock.tick()).await.unwrap();
    let before = store.task(task).await.unwrap();
    assert!(store.end(run, Outcome::Failed(Cause::ExitedNonZero)).await);
    assert_eq!(store.task(task).await.unwrap(), before);
    assert!(!store.run(run).await.unwrap().state.is_live());
}

#[tokio::test]
async fn the_report_of_an_earlier_run_leaves_the_later_one_at_work() {
    let store = TempStore::new().await;
    let (task, first) = store.at_work("Twice").await;
    store.end(first, Outcome::Stopped).await;
    let second = store.begin(task).await;
    assert!(!store.end(first, Outcome::Succeeded).await);
    let now = store.task(task).await.unwrap().task;
    assert_eq!((now.status, now.live_run), (Status::InProgress, Some(second)));
}

#[tokio::test]
async fn a_card_whose_last_run_is_still_being_stopped_takes_no_new_one() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("Patience").await;
    store.move_task(task, Status::Ready, Actor::Person, store.clock.tick()).await.unwrap();
    let refused = store.begin_run(run_of(task), Actor::Person, store.clock.tick()).await.unwrap_err();
    assert_eq!(refused.to_string(), "the last run of T-1 is still being stopped; try again in a moment");
    store.end(run, Outcome::Stopped).await;
    assert_eq!(store.status(task).await, Status::Ready);
    let again = store.begin(task).await;
    assert_eq!(store.run(again).await.unwrap().attempt, 2);
}

#[tokio::test]
async fn what_is_heard_after_the_end_changes_nothing() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("Deaf").await;
    store.end(run, Outcome::Succeeded).await;
    let before = (store.run(run).await.unwrap(), store.timeline(task).await.unwrap());
    store.run_activity(run, Activity::Working, "late".into(), None, store.clock.tick()).await.unwrap();
    store.ask_stop(run, Actor::Person, store.clock.tick()).await.unwrap();
    let started = store.run_started(run, StartFacts::default(), store.clock.tick()).await;
    assert!(matches!(started, Err(StoreError::Conflict(_))), "{started:?}");
    assert_eq!((store.run(run).await.unwrap(), store.timeline(task).await.unwrap()), before);
}

#[tokio::test]
async fn a_stop_is_asked_for_once() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("Stop").await;
    let asked_at = store.clock.tick();
    store.ask_stop(run, Actor::Person, asked_at).await.unwrap();
    store.ask_stop(run, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(store.run(run).await.unwrap().stop_asked_at, Some(asked_at));
    let asked =
        store.timeline(task).await.unwrap().into_iter().filter(|change| change.kind == "run.stop_asked");
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn a_blocked_agents_reason_stays_on_the_card() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("Blocked").await;
    store.end_run(run, blocked("no key for the API", store.clock.tick())).await.unwrap();
    assert_eq!(store.cards(&[task]).await.unwrap()[0].held.as_deref(), Some("no key for the API"));
    assert_eq!(last_word(&store, task).await, "run 1 is blocked: no key for the API");
    assert_eq!(store.counts().await.unwrap().needs_you, 1);
}

#[tokio::test]
async fn a_run_that_never_started_gives_the_card_back_and_says_why() {
    let store = TempStore::new().await;
    let (task, run) = store.begun("Nothing happened").await;
    store.run_not_started(run, "git is missing".into(), store.clock.tick()).await.unwrap();
    assert_eq!(store.status(task).await, Status::Inbox);
    assert_eq!(last_word(&store, task).await, "run 1 could not start: git is missing");
}

#[tokio::test]
async fn a_trashed_card_takes_no_run() {
    let store = TempStore::new().await;
    let task = store.add(card("Gone")).await;
    store.trash_task(task, store.clock.tick()).await.unwrap();
    let refused = store.begin_run(run_of(task), Actor::Person, 0).await.unwrap_err();
    assert_eq!(refused.to_string(), "T-1 is in the trash; restore it first");
}

#[tokio::test]
async fn an_assigned_card_waits_for_its_own_agent() {
    let store = TempStore::new().await;
    let task = store.add(NewTask { assignee: Some("claude".into()), ..card("Mine") }).await;
    let refused = store.begin_run(run_of(task), Actor::Person, 0).await.unwrap_err();
    assert_eq!(refused.to_string(), "T-1 is assigned to claude; only claude may start on it");
    assert_eq!(store.cards(&[task]).await.unwrap()[0].runs, 0);
    let edit = TaskEdit { assignee: Some(None), ..TaskEdit::default() };
    store.edit_task(task, edit, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(last_word(&store, task).await, "changed the assignee");
    store.begin(task).await;
}

#[tokio::test]
async fn the_living_are_listed_until_they_end() {
    let store = TempStore::new().await;
    let (_, preparing) = store.begun("one").await;
    let (_, running) = store.at_work("two").await;
    let (_, over) = store.at_work("three").await;
    store.end(over, Outcome::Lost).await;
    let live: Vec<RunId> = store.live_runs().await.unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(live, [preparing, running]);
    assert_eq!(store.live_by_agent().await.unwrap(), [("demo".to_owned(), 2)]);
}

#[tokio::test]
async fn a_workspace_belongs_to_all_attempts_at_its_task() {
    let store = TempStore::new().await;
    let (task, first) = store.at_work("Shared").await;
    store.set_workspace(first, workspace("/w/1"), store.clock.tick()).await.unwrap();
    assert_eq!(store.live_run_in(Path::new("/w/1")).await.unwrap(), Some(first));
    store.end(first, Outcome::Stopped).await;
    assert_eq!(store.live_run_in(Path::new("/w/1")).await.unwrap(), None);
    assert_eq!(store.tasks_with_workspaces().await.unwrap(), [task]);

    let second = store.begin(task).await;
    let gone = WorkspaceRecord { present: false, salvage: Some("refs/x".into()), ..workspace("/w/1") };
    store.set_workspace(second, workspace("/w/1"), store.clock.tick()).await.unwrap();
    store.set_workspace(second, gone, store.clock.tick()).await.unwrap();
    let seen = store.run(first).await.unwrap().workspace.unwrap();
    assert_eq!((seen.present, seen.salvage.as_deref()), (false, Some("refs/x")));
    assert_eq!(store.tasks_with_workspaces().await.unwrap(), []);
    assert_eq!(last_word(&store, task).await, "workspace removed; its work is kept at refs/x");
    store.set_workspace(second, workspace("/w/1"), store.clock.tick()).await.unwrap();
    assert_eq!(last_word(&store, task).await, "workspace restored");
}

#[tokio::test]
async fn artifacts_are_listed_once_by_path_and_never_taken_back() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("Make").await;
    let file = |path: &str, hash: char| NewArtifact {
        path: path.into(),
        kind: "text".into(),
        size: 3,
        hash: String::from(hash).repeat(64),
    };
    let put =
        async |found: Vec<NewArtifact>| store.put_artifacts(run, found, store.clock.tick()).await.unwrap();
    assert_eq!(put(vec![file("b.txt", 'b'), file("a.txt", 'a')]).await, 2);
    assert_eq!(put(vec![file("a.txt", 'a')]).await, 0, "nothing new, nothing told");
    assert_eq!(put(vec![file("a.txt", 'c')]).await, 1, "b.txt vanished from the folder and stays listed");

    let list = store.artifacts(task).await.unwrap();
    let names: Vec<_> = list.iter().map(|a| (a.path.as_str(), &a.hash[..1])).collect();
    assert_eq!(names, [("a.txt", "c"), ("b.txt", "b")]);
    assert_eq!(store.artifact(list[0].id).await.unwrap(), list[0]);
    assert_eq!(store.cards(&[task]).await.unwrap()[0].artifacts, 2);
    let missing = store.artifact(domain::ArtifactId(99)).await.unwrap_err();
    assert_eq!(missing.to_string(), "artifact 99 does not exist");
}

#[tokio::test]
async fn a_run_that_is_unknown_is_said_to_be() {
    let store = TempStore::new().await;
    let nobody = RunId(9);
    for outcome in [
        store.run(nobody).await.map(|_| ()),
        store.end_run(nobody, ended(Outcome::Lost, 0)).await.map(|_| ()),
        store.ask_stop(nobody, Actor::Person, 0).await.map(|_| ()),
        store.set_session(nobody, "s".into(), 0).await,
        store.begin_run(run_of(TaskId(9)), Actor::Person, 0).await.map(|_| ()),
    ] {
        assert!(matches!(outcome, Err(StoreError::NotFound { .. })), "{outcome:?}");
    }
}
