//! Agents that pull: whom a task goes to, how long a claim holds, and what a late report is worth.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Actor, Cause, Millis, Outcome, Priority, RunId, Status, TaskId,
    edges::{Edge, Need},
};
use futures_util::future::join_all;
use rstest::rstest;
use store::{
    Claim, Claimed, Held, LimitOn, Limits, NewClaim, NewProject, NewReport, NewTask, Store, StoreError,
};
use testkit::{TempStore, card, ready_card, run_of};

const MINUTE: Millis = 60_000;

fn asks(agent: &str, now: Millis) -> NewClaim {
    let (agent, lease) = (agent.to_owned(), 10 * MINUTE);
    NewClaim { agent, capacity: 1, lease, skills: Vec::new(), limits: Vec::new(), now }
}

async fn claims(store: &TempStore, agent: &str) -> Claimed {
    store.claim_next(asks(agent, store.clock.tick())).await.unwrap()
}

async fn claimed(store: &TempStore, agent: &str) -> Claim {
    match claims(store, agent).await {
        Claimed::Assigned(claim) => claim,
        other => panic!("{agent} should get a new task and not {other:?}"),
    }
}

fn report(claim: &Claim, succeeded: bool, message: &str, now: Millis) -> NewReport {
    let (run, token) = (claim.run, claim.token.clone());
    NewReport { run, token, succeeded, message: Some(message.into()), now }
}

fn refusal(result: Result<impl std::fmt::Debug, StoreError>) -> String {
    match result {
        Err(StoreError::Conflict(why)) => why,
        other => panic!("a refusal was expected and not {other:?}"),
    }
}

#[tokio::test]
async fn ready_tasks_go_first_by_priority_due_date_and_age_then_the_inbox() {
    let store = TempStore::new().await;
    let inbox = store.add(NewTask { priority: Priority::from_level(10).unwrap(), ..card("inbox") }).await;
    let old = store.add(ready_card("old")).await;
    let young = store.add(ready_card("young")).await;
    let due = store.add(NewTask { due_at: Some(1), ..ready_card("due") }).await;
    let urgent =
        store.add(NewTask { priority: Priority::from_level(9).unwrap(), ..ready_card("urgent") }).await;
    let mut order = Vec::new();
    for agent in ["a", "b", "c", "d", "e"] {
        order.push(claimed(&store, agent).await.task);
    }
    assert_eq!(order, [urgent, due, old, young, inbox]);
    assert_eq!(claims(&store, "f").await, Claimed::NoTask(None));
    let task = store.task(inbox).await.unwrap();
    assert_eq!((task.task.status, task.task.came_from), (Status::InProgress, Some(Status::Inbox)));
}

#[tokio::test]
async fn with_a_capacity_of_one_an_agent_gets_its_task_back() {
    let store = TempStore::new().await;
    store.add(ready_card("one")).await;
    store.add(ready_card("two")).await;
    let first = claimed(&store, "scout").await;
    let Claimed::Current(again) = claims(&store, "scout").await else { panic!("it holds a task") };
    assert!(again.lease_until > first.lease_until, "the lease begins anew");
    assert_eq!(Claim { lease_until: first.lease_until, ..again }, first);
}

#[tokio::test]
async fn with_a_capacity_of_three_it_gets_three_and_then_hears_what_it_holds() {
    let store = TempStore::new().await;
    for _ in 0..4 {
        store.add(ready_card("work")).await;
    }
    let three = || NewClaim { capacity: 3, ..asks("scout", store.clock.tick()) };
    // At one time: they share a commit.
    let answers = join_all((0..4).map(|_| store.claim_next(three()))).await;
    let mut held = Vec::new();
    for answer in &answers[..3] {
        let Ok(Claimed::Assigned(claim)) = answer else { panic!("a new task, not {answer:?}") };
        held.push(Held { task: claim.task, run: claim.run, token: Some(claim.token.clone()) });
    }
    assert_eq!(held.iter().map(|held| held.task).collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(answers[3].as_ref().unwrap(), &Claimed::AtCapacity(held));
}

#[tokio::test]
async fn what_flightboard_started_counts_and_is_not_handed_out() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("ours").await;
    store.add(ready_card("next")).await;
    let held = Held { task, run, token: None };
    assert_eq!(claims(&store, "demo").await, Claimed::AtCapacity(vec![held]));
}

/// What keeps a task from the agent `scout`, and what frees it.
#[rstest]
#[case::assigned_to_another(|new: &mut NewTask| new.assignee = Some("iris".into()))]
#[case::for_others_only(|new: &mut NewTask| new.routing.chain = vec!["iris".into(), "codex".into()])]
#[case::needs_a_skill(|new: &mut NewTask| new.routing.skills = vec!["rust".into(), "deploy".into()])]
#[tokio::test]
async fn a_task_for_others_is_passed_over(#[case] set: fn(&mut NewTask)) {
    let store = TempStore::new().await;
    let mut new = ready_card("special");
    set(&mut new);
    let special = store.add(new).await;
    assert_eq!(claims(&store, "scout").await, Claimed::NoTask(None));
    let able = NewClaim { skills: vec!["deploy".into(), "rust".into()], ..asks("iris", store.clock.tick()) };
    // Both ask in one commit: the one that comes first cannot take it.
    let (scout, iris) = tokio::join!(store.claim_next(asks("scout", 1)), store.claim_next(able));
    assert_eq!(scout.unwrap(), Claimed::NoTask(None));
    assert!(matches!(iris.unwrap(), Claimed::Assigned(claim) if claim.task == special));
}

#[tokio::test]
async fn blocked_held_timed_and_trashed_tasks_are_passed_over() {
    let store = TempStore::new().await;
    let upstream = store.add(NewTask { assignee: Some("iris".into()), ..ready_card("first") }).await;
    let blocked = store.add(ready_card("then")).await;
    let edge = Edge { task: blocked, upstream, need: Need::Success };
    store.add_edge(edge, Actor::Person, store.clock.tick()).await.unwrap();
    let trashed = store.add(ready_card("gone")).await;
    store.trash_task(trashed, store.clock.tick()).await.unwrap();
    let held = store.add(ready_card("held")).await;
    let run = store.begin(held).await;
    store.end_run(run, testkit::blocked("which one?", store.clock.tick())).await.unwrap();
    let timed = store.add(ready_card("later")).await;
    let run =
        store.begin_run(testkit::dispatched(timed), Actor::Engine, store.clock.tick()).await.unwrap().id;
    store.end(run, Outcome::Failed(Cause::AgentError)).await;
    let until = store.task(timed).await.unwrap().not_before.expect("a timer").at;

    assert_eq!(claims(&store, "scout").await, Claimed::NoTask(None));
    let Claimed::Assigned(claim) = store.claim_next(asks("scout", until)).await.unwrap() else { panic!() };
    assert_eq!(claim.task, timed);
    store.finish_run(report(&claim, true, "done", until)).await.unwrap();
    store.move_task(upstream, Status::Done, Actor::Person, until).await.unwrap();
    let Claimed::Assigned(claim) = store.claim_next(asks("scout", until)).await.unwrap() else { panic!() };
    assert_eq!(claim.task, blocked);
}

#[rstest]
#[case::wants_triage(r#"{"triage": true}"#, Status::Inbox, None)]
#[case::triage_is_about_the_inbox(r#"{"triage": true}"#, Status::Ready, Some(2))]
#[case::paused(r#"{"paused": "a freeze"}"#, Status::Ready, None)]
#[case::full_after_one(r#"{"limit": 1}"#, Status::Ready, Some(1))]
#[case::others_only(r#"{"agents": ["codex"]}"#, Status::Ready, None)]
#[case::among_others(r#"{"agents": ["codex", "a", "b"]}"#, Status::Ready, Some(2))]
#[tokio::test]
async fn a_project_says_what_may_be_pulled(
    #[case] settings: &str,
    #[case] status: Status,
    #[case] gets: Option<usize>,
) {
    let store = TempStore::new().await;
    let new = NewProject { name: "shop".into(), path: store.dir().join("shop") };
    let project = store.add_project(new, 0).await.unwrap().id;
    store.edit_project(project, None, Some(serde_json::from_str(settings).unwrap()), 0).await.unwrap();
    for title in ["one", "two"] {
        store.add(NewTask { project: Some(project), status, ..card(title) }).await;
    }
    let answers = join_all(["a", "b"].map(|agent| store.claim_next(asks(agent, 0)))).await;
    let got = answers.iter().filter(|answer| matches!(answer, Ok(Claimed::Assigned(_)))).count();
    assert_eq!(got, gets.unwrap_or(0), "{answers:?}");
}

#[tokio::test]
async fn the_boards_limit_holds_within_one_commit() {
    let store = TempStore::new().await;
    for _ in 0..4 {
        store.add(ready_card("work")).await;
    }
    let limits = vec![Limits { on: LimitOn::Total, limit: 2, name: "flight".into() }];
    let asked = |agent| store.claim_next(NewClaim { limits: limits.clone(), ..asks(agent, 0) });
    let answers: Vec<Claimed> =
        join_all(["a", "b", "c"].map(asked)).await.into_iter().map(Result::unwrap).collect();
    assert!(matches!(answers[..2], [Claimed::Assigned(_), Claimed::Assigned(_)]), "{answers:?}");
    assert_eq!(answers[2], Claimed::NoTask(Some("2 of 2 in flight".into())));
}

#[tokio::test]
async fn a_finished_run_goes_to_review_with_its_words_and_can_be_told_twice() {
    let store = TempStore::new().await;
    let task = store.add(ready_card("work")).await;
    let claim = claimed(&store, "scout").await;
    for _ in 0..2 {
        store.finish_run(report(&claim, true, "all green", store.clock.tick())).await.unwrap();
    }
    assert_eq!(store.status(task).await, Status::Review);
    let run = store.run(claim.run).await.unwrap();
    assert_eq!(run.state, domain::RunState::Ended(Outcome::Succeeded));
    let said: Vec<_> = store.comments(task).await.unwrap().into_iter().map(|c| (c.author, c.body)).collect();
    assert_eq!(said, [("agent:scout".to_owned(), "all green".to_owned())]);
    let told: Vec<_> = store.timeline(task).await.unwrap().into_iter().map(|change| change.kind).collect();
    assert_eq!(told, ["task.created", "run.claimed", "run.ended"]);
}

#[tokio::test]
async fn a_failed_run_is_tried_again_and_stays_out_of_the_dispatchers_queue() {
    let store = TempStore::new().await;
    let task = store.add(ready_card("work")).await;
    let claim = claimed(&store, "scout").await;
    store.finish_run(report(&claim, false, "it broke", store.clock.tick())).await.unwrap();
    let after = store.task(task).await.unwrap();
    assert_eq!((after.task.status, after.queued), (Status::Ready, false));
    assert_eq!(after.failures.of(Cause::AgentError), 1);
    assert!(after.not_before.is_some());
}

#[tokio::test]
async fn only_the_token_of_the_claim_counts() {
    let store = TempStore::new().await;
    store.add(ready_card("work")).await;
    let (_, ours) = store.at_work("ours").await;
    let claim = claimed(&store, "scout").await;
    let wrong = Claim { token: "another".into(), ..claim.clone() };
    let now = store.clock.tick();
    for refused in [
        refusal(store.finish_run(report(&wrong, true, "x", now)).await),
        refusal(store.heartbeat_run(claim.run, "another".into(), now).await),
    ] {
        assert_eq!(
            refused,
            format!("this is not the token of run {}; use the one that its claim returned", claim.run)
        );
    }
    let not_pulled = refusal(store.heartbeat_run(ours, claim.token.clone(), now).await);
    assert_eq!(
        not_pulled,
        format!("run {ours} was started by Flightboard, which sees by itself that it lives")
    );
    let unknown = store.heartbeat_run(RunId(99), claim.token.clone(), now).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { what: "run", .. })), "{unknown:?}");
    assert_eq!(store.status(claim.task).await, Status::InProgress);
}

#[tokio::test]
async fn a_heartbeat_renews_the_lease_and_without_one_the_task_is_free_again() {
    let store = TempStore::new().await;
    let task = store.add(ready_card("work")).await;
    let claim = claimed(&store, "scout").await;
    assert_eq!(store.next_lease().await.unwrap(), Some(claim.lease_until));
    let heard = claim.lease_until - 1;
    let until = store.heartbeat_run(claim.run, claim.token.clone(), heard).await.unwrap();
    assert_eq!(until, heard + 10 * MINUTE);

    assert_eq!(store.end_leases(claim.lease_until).await.unwrap(), [], "it was heard of");
    assert_eq!(store.end_leases(until).await.unwrap(), [claim.run]);
    assert_eq!(store.end_leases(until).await.unwrap(), [], "once");
    let after = store.task(task).await.unwrap();
    assert_eq!((after.task.status, after.failures.of(Cause::Lost)), (Status::Ready, 1));

    // The next agent has it; the late one is refused and heard.
    let Claimed::Assigned(next) = store.claim_next(asks("iris", until)).await.unwrap() else { panic!() };
    assert_eq!(next.task, task);
    for _ in 0..2 {
        let late = refusal(store.finish_run(report(&claim, true, "I did it after all", until)).await);
        assert_eq!(
            late,
            format!(
                "run {} no longer holds {}: nothing was heard of it in time, and it was taken for lost; \
                 what it says is kept as a comment",
                claim.run,
                task.key()
            )
        );
    }
    let kept: Vec<_> =
        store.comments(task).await.unwrap().into_iter().filter(|c| c.author == "agent:scout").collect();
    assert_eq!(kept.len(), 1, "a report repeated is kept once");
    assert!(kept[0].body.ends_with("I did it after all"), "{}", kept[0].body);
    assert_eq!(store.task(task).await.unwrap().task.live_run, Some(next.run));
}

#[tokio::test]
async fn a_task_whose_agents_vanish_is_requeued_five_times_and_then_fails() {
    let store = TempStore::new().await;
    let task = store.add(ready_card("work")).await;
    for round in 1..=6 {
        let claim = claimed(&store, "scout").await;
        store.end_leases(claim.lease_until).await.unwrap();
        let expected = if round <= 5 { Status::Ready } else { Status::Failed };
        assert_eq!(store.status(task).await, expected, "after {round}");
        if round <= 5 {
            // Its retry waits for no timer, and the clock of the next claim must have passed it.
            while store.clock.tick() < claim.lease_until {}
        }
    }
}

#[tokio::test]
async fn leases_begin_anew_when_the_engine_was_away() {
    let store = TempStore::new().await;
    store.add(ready_card("work")).await;
    let claim = claimed(&store, "scout").await;
    let back = claim.lease_until + 60 * MINUTE;
    store.renew_leases(back).await.unwrap();
    assert_eq!(store.end_leases(back).await.unwrap(), []);
    assert_eq!(store.next_lease().await.unwrap(), Some(back + 10 * MINUTE));
}

#[tokio::test]
async fn an_agent_that_keeps_failing_gets_one_task_to_prove_itself() {
    let store = TempStore::new().await;
    for _ in 0..8 {
        store.add(ready_card("work")).await;
    }
    for _ in 0..3 {
        let claim = claimed(&store, "scout").await;
        store.finish_run(report(&claim, false, "no", store.clock.tick())).await.unwrap();
    }
    let Claimed::NoTask(Some(why)) = claims(&store, "scout").await else { panic!("its breaker is open") };
    assert!(why.starts_with("scout failed several times in a row"), "{why}");
    let later = store.clock.tick() + 10 * MINUTE;
    let two = |now| NewClaim { capacity: 2, ..asks("scout", now) };
    let Claimed::Assigned(probe) = store.claim_next(two(later)).await.unwrap() else { panic!("a probe") };
    let Claimed::NoTask(Some(why)) = store.claim_next(two(later)).await.unwrap() else { panic!("one probe") };
    assert!(why.contains(&format!("run {}", probe.run)), "{why}");
    store.finish_run(report(&probe, true, "yes", later)).await.unwrap();
    assert!(matches!(store.claim_next(two(later)).await.unwrap(), Claimed::Assigned(_)));
}

#[tokio::test]
async fn a_report_that_fails_leaves_its_neighbours_alone() {
    let store = TempStore::new().await;
    for _ in 0..8 {
        store.add(ready_card("work")).await;
    }
    let agents: Vec<String> = (0..8).map(|n| format!("agent-{n}")).collect();
    let claims: Vec<Claim> = join_all(agents.iter().map(|agent| store.claim_next(asks(agent, 0))))
        .await
        .into_iter()
        .map(|answer| match answer {
            Ok(Claimed::Assigned(claim)) => claim,
            other => panic!("{other:?}"),
        })
        .collect();
    // An empty comment breaks a CHECK.
    let told = claims.iter().enumerate().map(|(at, claim)| {
        let message = if at == 3 { "" } else { "fine" };
        store.finish_run(report(claim, true, message, 1))
    });
    let told: Vec<bool> = join_all(told).await.iter().map(Result::is_ok).collect();
    assert_eq!(told, [true, true, true, false, true, true, true, true]);
    assert_eq!(store.status(claims[3].task).await, Status::InProgress);
    assert_eq!(store.status(claims[4].task).await, Status::Review);
}

/// Part of another process: claims and finishes as `agents` different agents until nothing is left.
pub async fn pull_everything(dir: &std::path::Path, name: &str, agents: usize, say: impl Fn(&str)) {
    let store = Store::open(dir).await.expect("the store opens");
    say("begins");
    for tasks in join_all((0..agents).map(|n| pull(store.clone(), format!("{name}-{n}")))).await {
        tasks.iter().for_each(|task| say(&format!("{task}")));
    }
    store.close().await;
}

async fn pull(store: Store, agent: String) -> Vec<TaskId> {
    let mut done = Vec::new();
    loop {
        match store.claim_next(asks(&agent, testkit::NOW)).await.expect("a claim") {
            Claimed::Assigned(claim) => {
                store.finish_run(report(&claim, true, "done", testkit::NOW)).await.expect("a report");
                done.push(claim.task);
            }
            Claimed::NoTask(None) => return done,
            other => panic!("{agent} holds nothing and is told {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_claimers_in_two_processes_never_get_the_same_task() {
    let store = TempStore::new().await;
    let adds = (0..2_000).map(|_| store.add_task(ready_card("work"), Actor::Person, testkit::NOW));
    let all: BTreeSet<TaskId> = join_all(adds).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(all.len(), 2_000);
    let mut other = crate::children::play("pull everything", store.dir());
    assert_eq!(other.line().as_deref(), Some("begins"));
    let ours = join_all((0..100).map(|n| tokio::spawn(pull(store.handle(), format!("ours-{n}"))))).await;
    let ours: Vec<TaskId> = ours.into_iter().flat_map(Result::unwrap).collect();
    let mut theirs = Vec::new();
    while let Some(task) = other.line() {
        theirs.push(TaskId(task.parse().unwrap()));
    }
    assert!(other.child.wait().unwrap().success());
    let mut times: BTreeMap<TaskId, u32> = BTreeMap::new();
    ours.iter().chain(&theirs).for_each(|task| *times.entry(*task).or_default() += 1);
    assert_eq!(times.keys().copied().collect::<BTreeSet<_>>(), all, "a task was left");
    assert!(times.values().all(|times| *times == 1), "a task was claimed twice");
    let mut raw = testkit::Raw::open(&store).await;
    assert_eq!(raw.number("SELECT count(*) FROM runs").await, 2_000);
    assert_eq!(raw.number("SELECT count(*) FROM tasks WHERE status = 'review'").await, 2_000);
}

#[tokio::test]
async fn a_run_of_a_person_keeps_its_task_from_claims_while_it_is_being_stopped() {
    let store = TempStore::new().await;
    let (task, run) = store.at_work("taken away").await;
    store.move_task(task, Status::Ready, Actor::Person, store.clock.tick()).await.unwrap();
    assert_eq!(claims(&store, "scout").await, Claimed::NoTask(None));
    store.end(run, Outcome::Stopped).await;
    assert_eq!(claimed(&store, "scout").await.task, task);
    let refused = store.begin_run(run_of(task), Actor::Person, store.clock.tick()).await;
    assert!(refused.is_err(), "an outside agent is at work on it");
}
