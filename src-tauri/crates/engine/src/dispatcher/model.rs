//! Whatever people, agents that pull, the dispatcher and crashes do in whatever order, the store and the
//! plan agree with a model of a few hundred lines that was written from the rules, not from the code. Time
//! is a number; a crash leaves what the kernel would have kept at that statement.
//!
//! `FLIGHTBOARD_CASES` says how many cases, `FLIGHTBOARD_SEED` which ones (printed with a failure), and
//! `FLIGHTBOARD_CASE` picks one of them.

mod deeds;
mod rules;

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hasher, RandomState},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use agents::{Kind, Profile};
use domain::{Actor, Agent, AgentId, Millis, Outcome, dispatch::plan, policy::QueuePolicy};
use futures_util::future::{join, join_all};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use store::{
    AgentData, AgentRecord, FILE_NAME, NewProject, NewRepository, NewRun, Origin, RunRecord, Store,
    StoreError,
};
use tempfile::TempDir;
use testkit::{Crash, Raw, expect_crashes};

use self::{
    deeds::{Check, Step, Work, ask, steps},
    rules::{AGENTS, Board, PARALLEL, REVIEW, REVIEWER, SHARED, TOOLS, of_project, pulls::LEASE},
};
use super::{PAGE, POLICY, World, limits_in};
use crate::agents_found::FoundAgent;

/// What the cases come to, each in any thousand of them.
const EVENTS: [&str; 18] = [
    "a card kept in the trash by a limit",
    "a circle refused",
    "a claim answered with what is held",
    "a claim refused by a breaker",
    "a crash after one",
    "a crash within a commit",
    "a late finisher refused",
    "a lease run out",
    "a needless branch cancelled",
    "a person called",
    "a planned start",
    "a start by a person",
    "a start refused by a limit",
    "a task claimed",
    "a usage limit reached",
    "a workflow stopped",
    "attempts used up",
    "work approved",
];
/// With fewer cases than that something may be missing by chance.
const ENOUGH: usize = 1_000;
const CASES: u32 = 10_000;
/// Cases on one file, so that statements stay prepared and copies of it small.
const ON_ONE_FILE: u32 = 60;

/// Two agents that the dispatcher may start.
fn found_agents() -> Vec<FoundAgent> {
    let found = |(name, capacity): (&str, u32)| {
        let agent = Agent { max_capacity: capacity, ..Agent::new(name) };
        let record = AgentRecord {
            id: AgentId(1),
            uid: String::new(),
            data: AgentData { agent: agent.clone(), ..testkit::agent(name) },
            registered_at: 0,
            updated_at: 0,
            last_seen_at: None,
        };
        FoundAgent {
            name: name.into(),
            title: name.into(),
            path: Some("/bin/true".into()),
            version: None,
            install: String::new(),
            docs_url: String::new(),
            problem: None,
            agent,
            kind: "custom".into(),
            builtin: false,
            changes: serde_json::Value::Null,
            record: Some(record),
            profile: Profile::new(name, name, Kind::Custom, "true"),
        }
    };
    AGENTS.into_iter().map(found).collect()
}

/// A store with the two projects and the policy of the rules, to be copied.
async fn template() -> TempDir {
    let dir = in_memory();
    let store = Store::open(dir.path()).await.unwrap();
    let shop = NewProject { name: "shop".into(), path: "/flightboard/shop".into() };
    let shared = NewRepository { directory: None, path: SHARED.into() };
    let shop = store.add_project_of(shop, vec![shared], 0).await.unwrap().id;
    let tools = NewProject { name: "tools".into(), path: SHARED.into() };
    let tools = store.add_project(tools, 0).await.unwrap().id;
    for (at, id) in [shop, tools].into_iter().enumerate() {
        store.edit_project(id, None, Some(of_project(at).settings()), 0).await.unwrap();
    }
    let policy = QueuePolicy {
        parallel: Some(PARALLEL),
        review: Some(REVIEW),
        agents: vec![AGENTS[0].0.into()],
        ..QueuePolicy::default()
    };
    store.put_setting(POLICY, &policy, 0).await.unwrap();
    store.close().await;
    assert_eq!(tools.0, TOOLS as i64 + 1, "the rules number projects from 0");
    dir
}

/// On a memory file system where there is one: thousands of commits wait for it.
fn in_memory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// The database as it lies there while nobody writes; a closed one has no log.
fn copy(from: &Path, to: &Path) {
    std::fs::copy(from.join(FILE_NAME), to.join(FILE_NAME)).unwrap();
    let log = format!("{FILE_NAME}-wal");
    if from.join(&log).exists() {
        std::fs::copy(from.join(&log), to.join(&log)).unwrap();
    }
}

type Seen = BTreeMap<&'static str, u32>;

/// A store in a folder, and a look past it.
struct Place {
    dir: TempDir,
    store: Store,
    raw: Raw,
    cases: u32,
}

impl Place {
    async fn new(template: &Path) -> Place {
        let dir = in_memory();
        copy(template, dir.path());
        Place::open(dir, 0).await
    }

    async fn open(dir: TempDir, cases: u32) -> Place {
        let store = Store::open(dir.path()).await.unwrap();
        let raw = Raw::at(&dir.path().join(FILE_NAME)).await;
        Place { dir, store, raw, cases }
    }

    /// The next start after a crash that left its files in `dir`: what the engine does first.
    async fn start_again(&mut self, dir: TempDir, board: &mut Board) {
        *self = Place::open(dir, self.cases).await;
        self.store.renew_leases(board.now).await.unwrap();
        board.leases_begin_anew();
    }

    async fn take(&mut self, step: Step, board: &mut Board) {
        board.now += 1_000;
        if let Work::Pass(millis) = step.work {
            board.now += millis;
        }
        let Some(nth) = step.crash else {
            let checks = self.perform(step.work, board).await;
            checks.into_iter().for_each(|check| check(board));
            return self.read_timers(board).await;
        };
        let after = in_memory();
        let crash = Crash::before_statement(nth, self.dir.path(), after.path());
        let checks = self.perform(step.work, board).await;
        if crash.came() {
            board.saw("a crash within a commit");
        } else {
            // It was answered, so it counts; the crash comes right after.
            board.saw("a crash after one");
            checks.into_iter().for_each(|check| check(board));
            copy(self.dir.path(), after.path());
        }
        self.start_again(after, board).await;
        self.read_timers(board).await;
    }

    /// Does the work in one commit. The checks compare its answers with the rules, once it counts.
    async fn perform(&self, work: Work, board: &Board) -> Vec<Check> {
        match work {
            Work::Dispatch => self.dispatch(board).await,
            Work::Deeds(deeds) => {
                let asked = deeds.into_iter().map(|deed| ask(board, &self.store, deed));
                join_all(asked).await.into_iter().flatten().collect()
            }
            Work::Claims(asking) => {
                let claims: Vec<_> = asking.iter().map(|(agent, most)| board.claim(*agent, *most)).collect();
                let answers = join_all(claims.into_iter().map(|claim| self.store.claim_next(claim))).await;
                let answers = answers.into_iter().map(Result::unwrap).collect();
                vec![Box::new(move |board| board.claimed(&asking, answers))]
            }
            Work::Pass(_) => {
                let lost = self.store.end_leases(board.now).await.unwrap();
                vec![Box::new(move |board| board.silent(lost))]
            }
        }
    }

    /// The real snapshot, the real plan, the real limits; only no process is started.
    async fn dispatch(&self, board: &Board) -> Vec<Check> {
        let agents = found_agents();
        let world = World::read(&self.store, agents.clone(), board.now).await.unwrap();
        let (tasks, more) = world.startable(&self.store, PAGE).await.unwrap();
        assert!(!more);
        let planned = plan(&world.snapshot(tasks, &HashMap::new())).starts;
        let starts: Vec<_> = planned.iter().map(|start| (start.task, start.agent.clone())).collect();
        assert_eq!(starts, board.starts(), "the plan against the rules");
        let mut runs = Vec::new();
        for (task, agent) in starts {
            let found = agents.iter().find(|found| found.name == agent);
            let project = board.card_of(task).project_id();
            let limits = limits_in(&self.store, &agent, found, project, Origin::Dispatcher).await.unwrap();
            runs.push(NewRun { agent, limits, ..testkit::dispatched(task) });
        }
        self.begin(runs, board.now).await
    }

    async fn begin(&self, runs: Vec<NewRun>, now: Millis) -> Vec<Check> {
        let begun = runs.iter().map(|new| self.store.begin_run(new.clone(), Actor::Engine, now));
        let begun: Vec<Result<RunRecord, StoreError>> = join_all(begun).await;
        let check = |(new, begun): (NewRun, _)| -> Check { Box::new(move |board| board.begun(&new, begun)) };
        runs.into_iter().zip(begun).map(check).collect()
    }

    /// How long each wait is has tests of its own: the model takes it from the store.
    async fn read_timers(&self, board: &mut Board) {
        for card in board.cards.iter_mut().filter(|card| card.timer.is_some() && card.timer_at.is_none()) {
            let until = self.store.task(card.id).await.unwrap().not_before.expect("a timer");
            assert_eq!(Some(until.after), card.timer, "{card:?}");
            card.timer_at = Some(until.at);
        }
    }

    async fn agrees(&mut self, board: &Board) {
        let Some(first) = board.cards.first() else { return };
        let rows = self
            .raw
            .rows(&format!(
                "SELECT json_array(id, status, came_from, held IS NOT NULL, trashed_at IS NOT NULL, runs, last_run, live_run, \
                 (SELECT id FROM runs WHERE task_id = t.id AND phase <> 'ended'), queued, json(failures), not_before_after, \
                 not_before, \
                 round, (SELECT count(*) FROM task_comments WHERE task_id = t.id), \
                 (SELECT count(*) FROM changes WHERE task_id = t.id), strikes, called IS NOT NULL, stopped IS NOT NULL) FROM tasks t WHERE id >= {} ORDER BY id",
                first.id
            ))
            .await;
        assert_eq!(rows.len(), board.cards.len(), "a task was lost");
        for (row, card) in rows.into_iter().zip(&board.cards) {
            assert_eq!(row, card.row(), "{card:?}");
        }
        let broken = self
            .raw
            .number(&format!(
                "SELECT count(*) FROM tasks t WHERE t.id >= {} AND (t.runs <> (SELECT count(*) FROM runs WHERE task_id = t.id) \
                 OR t.last_run IS NOT (SELECT max(id) FROM runs WHERE task_id = t.id) \
                 OR (t.status = 'done' AND json_array_length(t.gate) > 0 AND NOT EXISTS (SELECT 1 FROM reviews \
                 WHERE task_id = t.id AND round = t.round AND reviewer = '{REVIEWER}' AND outcome = 'approved')))",
                first.id
            ))
            .await;
        assert_eq!(broken, 0);
    }

    /// Leaves nothing that the next case could meet.
    async fn clear(&mut self, board: &Board) {
        let now = board.now + LEASE;
        let open = board.cards.iter().filter_map(|card| card.open);
        let ends = open.map(|run| self.store.end_run(run, testkit::ended(Outcome::Stopped, now)));
        let trashed = board.cards.iter().map(|card| self.store.trash_task(card.id, now));
        let closed = board.moved_breakers().map(|whose| self.store.reset_breaker(whose, now));
        join(join_all(ends), join(join_all(trashed), join_all(closed))).await;
        self.cases += 1;
    }
}

async fn play(place: &mut Place, steps: Vec<Step>) -> Seen {
    let mut board = Board::default();
    for step in steps {
        place.take(step, &mut board).await;
    }
    place.agrees(&board).await;
    place.clear(&board).await;
    board.seen
}

/// Cases of one thread share files and append to them; after one that failed the next begins anew.
fn run_case(
    kept: &RefCell<Option<Place>>,
    runtime: &tokio::runtime::Runtime,
    template: &Path,
    seed: u32,
    case: u32,
) -> Result<Seen, String> {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    bytes[4..8].copy_from_slice(&case.to_le_bytes());
    let config = ProptestConfig { cases: 1, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let seen = RefCell::default();
    let outcome = runner.run(&steps(), |steps| {
        let place = kept.take().filter(|place| place.cases < ON_ONE_FILE);
        let place = runtime.block_on(async {
            let mut place = match place {
                Some(place) => place,
                None => Place::new(template).await,
            };
            seen.replace(play(&mut place, steps).await);
            place
        });
        kept.replace(Some(place));
        Ok::<(), TestCaseError>(())
    });
    outcome
        .map(|()| seen.take())
        .map_err(|failed| format!("{failed}\nagain: FLIGHTBOARD_SEED={seed} FLIGHTBOARD_CASE={case}"))
}

fn number(variable: &str) -> Option<u32> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn any_history_ends_where_the_rules_say() {
    expect_crashes();
    let seed =
        number("FLIGHTBOARD_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish() as u32);
    let cases = match number("FLIGHTBOARD_CASE") {
        Some(one) => one..one + 1,
        None => 0..number("FLIGHTBOARD_CASES").unwrap_or(CASES),
    };
    println!("seed {seed}, cases {cases:?}");
    let template = runtime().block_on(template());
    let next = AtomicU32::new(cases.start);
    let (failed, all) = (Mutex::new(None), Mutex::<Seen>::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let (runtime, kept) = (runtime(), RefCell::default());
                loop {
                    let case = next.fetch_add(1, Ordering::Relaxed);
                    if case >= cases.end {
                        break;
                    }
                    match run_case(&kept, &runtime, template.path(), seed, case) {
                        Ok(seen) => {
                            let mut all = all.lock().unwrap();
                            seen.into_iter().for_each(|(what, times)| *all.entry(what).or_default() += times);
                        }
                        Err(why) => {
                            next.store(cases.end, Ordering::Relaxed);
                            failed.lock().unwrap().get_or_insert(why);
                        }
                    }
                }
            });
        }
    });
    if let Some(why) = failed.into_inner().unwrap() {
        panic!("{why}");
    }
    let all = all.into_inner().unwrap();
    println!("{all:#?}");
    let unknown: Vec<_> = all.keys().filter(|what| !EVENTS.contains(what)).collect();
    assert!(unknown.is_empty(), "not among the events: {unknown:?}");
    let missing: Vec<_> = EVENTS.into_iter().filter(|what| !all.contains_key(what)).collect();
    assert!(cases.len() < ENOUGH || missing.is_empty(), "this never came to pass: {missing:?}");
}
