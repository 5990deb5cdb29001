//! How SQLite goes about everything that a card and its runs ask of it, from the claim over reviews and retries to
//! the end, and what the dispatcher asks after each commit: never through a whole table that grows with what is
//! stored. Alone in its program, because it listens to all statements.

extern crate flightboard_store as store;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use domain::{
    Activity, Actor, Cause, Outcome, ProjectId, Status, TaskId,
    edges::{Edge, Need},
    review::{Gate, Step, StepOutcome},
};
use store::{
    Claim, Claimed, LimitOn, Limits, NewClaim, NewProject, NewReport, NewReview, NewRun, NewTask, ReviewTurn,
    Routing, SpentBy, StartFacts,
};
use testkit::{Raw, TempStore, dispatched, ended, ready_card};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Tables that grow with the work that is done, however little of it is under way, and what statements call them.
const GROWING: [&str; 12] = [
    "tasks",
    "t",
    "u",
    "runs",
    "r",
    "changes",
    "c",
    "task_comments",
    "task_edges",
    "e",
    "reviews",
    "artifacts",
];
/// Indexes over what is under way or waits: they are as long as that is.
const UNDER_WAY: [&str; 8] = [
    "runs_at_work",
    "runs_lease",
    "runs_one_live",
    "tasks_ready",
    "tasks_held",
    "tasks_review",
    "tasks_failing",
    "tasks_timers",
];

/// Hears each statement.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<BTreeSet<String>>>);

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        ["sqlx::query", "store::query"].contains(&metadata.target())
    }

    fn event(&self, event: &Event<'_>) {
        let mut said = Said::default();
        event.record(&mut said);
        let statement = if said.whole.is_empty() { said.short } else { said.whole };
        self.0.lock().unwrap().insert(statement.trim().to_owned());
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Said {
    short: String,
    whole: String,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => self.short = value.to_owned(),
            "db.statement" | "statement" => self.whole = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// A board with a project that has rules, and a card of it.
struct Board {
    store: TempStore,
    project: ProjectId,
}

impl Board {
    async fn new() -> Board {
        let store = TempStore::new().await;
        let project = NewProject { name: "plans".into(), path: "/plans".into() };
        let project = store.add_project(project, store.clock.tick()).await.unwrap().id;
        let rules = serde_json::json!({ "limit": 9, "repository_limit": 9, "gate": [] });
        store.edit_project(project, None, Some(rules), store.clock.tick()).await.unwrap();
        Board { store, project }
    }

    async fn card(&self) -> TaskId {
        self.store
            .add(NewTask { project: Some(self.project), queued: Some(true), ..ready_card("work") })
            .await
    }

    fn limits(&self) -> Vec<Limits> {
        let on = [
            LimitOn::Total,
            LimitOn::Here,
            LimitOn::Agent("demo".into()),
            LimitOn::Project(self.project),
            LimitOn::Repository("/plans".into()),
            LimitOn::Review,
        ];
        on.map(|on| Limits { on, limit: 1_000, name: "here".into() }).into()
    }

    async fn claim(&self, agent: &str) -> Claim {
        let new = NewClaim {
            agent: agent.into(),
            capacity: 1,
            lease: 60_000,
            skills: vec![],
            limits: self.limits(),
            now: self.store.clock.tick(),
        };
        match self.store.claim_next(new).await {
            Ok(Claimed::Assigned(claim)) => claim,
            other => panic!("a task was expected and not {other:?}"),
        }
    }

    async fn report(&self, claim: &Claim, succeeded: bool) {
        let (run, token, now) = (claim.run, claim.token.clone(), self.store.clock.tick());
        let report = NewReport { run, token, succeeded, message: Some("so it went".into()), now };
        self.store.finish_run(report).await.unwrap();
    }

    /// A card that another waits for.
    async fn linked(&self) -> TaskId {
        let task = self.card().await;
        let needs = Edge { task: self.card().await, upstream: task, need: Need::Success };
        self.store.add_edge(needs, Actor::Person, self.store.clock.tick()).await.unwrap();
        task
    }

    /// Agents that pull: one succeeds, one fails, one falls silent.
    async fn pulled(&self) {
        let store = &self.store;
        for _ in 0..3 {
            self.card().await;
        }
        let done = self.claim("a").await;
        store.heartbeat_run(done.run, done.token.clone(), store.clock.tick()).await.unwrap();
        store.report_progress(done.run, done.token.clone(), "half".into(), store.clock.tick()).await.unwrap();
        self.report(&done, true).await;
        let failed = self.claim("b").await;
        self.report(&failed, false).await;
        self.claim("c").await;
        assert!(store.next_lease().await.unwrap().is_some());
        store.end_leases(store.clock.tick() + 1_000_000).await.unwrap();
        store.renew_leases(store.clock.tick()).await.unwrap();
    }

    /// Runs that the dispatcher starts: one fails and is tried again, one succeeds.
    async fn dispatched(&self, task: TaskId) -> TaskId {
        let store = &self.store;
        for outcome in [Outcome::Failed(Cause::AgentError), Outcome::Succeeded] {
            let new = NewRun { limits: self.limits(), account: Some("account".into()), ..dispatched(task) };
            let run = store.begin_run(new, Actor::Engine, store.clock.tick()).await.unwrap().id;
            store.run_started(run, StartFacts::default(), store.clock.tick()).await.unwrap();
            let waits = Some("what now?".to_owned());
            let now = store.clock.tick();
            store.run_activity(run, Activity::Waiting, "hooks".into(), waits, now).await.unwrap();
            store.set_session(run, "session".into(), store.clock.tick()).await.unwrap();
            store.end_run(run, ended(outcome, store.clock.tick())).await.unwrap();
        }
        assert_eq!(store.status(task).await, Status::Review);
        task
    }

    /// A reviewer rejects the work, and then a person takes it.
    async fn reviewed(&self, task: TaskId) {
        let store = &self.store;
        let round = store.task(task).await.unwrap().round;
        let turn = ReviewTurn { round, step: 0 };
        let run = store.begin_review(dispatched(task), turn, store.clock.tick()).await.unwrap();
        store.run_started(run.id, StartFacts::default(), store.clock.tick()).await.unwrap();
        store.end_run(run.id, ended(Outcome::Succeeded, store.clock.tick())).await.unwrap();
        let review = NewReview {
            task,
            run: None,
            round,
            step: 0,
            kind: "agent",
            reviewer: "argus".into(),
            outcome: StepOutcome::Rejected,
            review_run: Some(run.id),
            notes: "not yet".into(),
            prompt: String::new(),
        };
        store.add_review(review, store.clock.tick()).await.unwrap();
        store.move_task(task, Status::Done, Actor::Person, store.clock.tick()).await.unwrap();
    }

    /// What the engine asks after a commit.
    async fn asked(&self, task: TaskId) {
        let (store, now) = (&self.store, self.store.clock.tick());
        store.startable(Some(self.project), now, 64).await.unwrap();
        store.startable(None, now, 64).await.unwrap();
        store.next_timer(now).await.unwrap();
        store.next_lease().await.unwrap();
        store.runs_at_work().await.unwrap();
        store.live_runs().await.unwrap();
        store.live_by_agent().await.unwrap();
        store.breakers().await.unwrap();
        store.counts().await.unwrap();
        store.needing_you(20).await.unwrap();
        store.served_since(now).await.unwrap();
        store.project(self.project).await.unwrap();
        store.project_settings().await.unwrap();
        store.repository_limits().await.unwrap();
        store.count_in_review().await.unwrap();
        store.waiting_at_gates(None).await.unwrap();
        store.waiting_at_gates(Some(&[task])).await.unwrap();
        store.gate(task).await.unwrap();
        store.reviews(task).await.unwrap();
        store.call_overdue(now).await.unwrap();
        store.spent_by_open_tasks(self.project, now).await.unwrap();
        store.spent_by_tasks(&[task], now).await.unwrap();
        for by in [SpentBy::Task(task), SpentBy::Project(self.project, now), SpentBy::Board(now)] {
            store.spent(by, now).await.unwrap();
        }
        store.runs_of(task).await.unwrap();
        store.cards(&[task]).await.unwrap();
        store.changes_after(0, 10).await.unwrap();
        store.feed_after(0, 10).await.unwrap();
        store.head().await.unwrap();
    }
}

/// Passes through something that is as long as a growing table.
fn is_long(step: &str) -> bool {
    // All cards of a project, whether they are over or not.
    if step.contains("tasks_project (project_id=?)") {
        return true;
    }
    let Some(of) = step.strip_prefix("SCAN ") else { return false };
    let growing = GROWING.contains(&of.split_whitespace().next().unwrap_or_default());
    growing && !UNDER_WAY.iter().any(|index| of.contains(index))
}

#[tokio::test]
async fn nothing_that_a_run_asks_for_passes_through_all_that_is_stored() {
    let board = Board::new().await;
    let ear = Ear::default();
    tracing::subscriber::set_global_default(ear.clone()).unwrap();
    let waits = board.linked().await;
    let reviewed =
        Routing { gate: Some(Gate(vec![Step::Agent { agent: "argus".into() }])), ..Routing::default() };
    board.store.add(NewTask { routing: reviewed, ..ready_card("behind a gate") }).await;
    board.pulled().await;
    let task = board.dispatched(waits).await;
    board.reviewed(task).await;
    board.asked(task).await;

    let queries = |statement: &&String| !statement.starts_with("PRAGMA");
    let heard: Vec<String> = ear.0.lock().unwrap().iter().filter(queries).cloned().collect();
    assert!(heard.len() > 50, "only {} statements were heard", heard.len());
    let mut raw = Raw::open(&board.store).await;
    // A new parent row is looked for among children only while a reference is broken; plans name that too.
    assert_eq!(raw.refusal("PRAGMA foreign_keys = OFF").await, None);
    let mut long = Vec::new();
    for statement in &heard {
        let plan = raw.plan(statement).await;
        if plan.split("; ").any(is_long) {
            long.push(format!("{statement}\n  {plan}"));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}
