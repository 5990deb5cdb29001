//! The decision against examples (one for each reason), against its invariants over random
//! snapshots, and against itself: carrying out the first start and planning again gives the rest.

use super::*;
use crate::Cause;
use crate::edges::Need;
use proptest::prelude::*;

fn candidate(task: i64) -> Candidate {
    Candidate {
        task: TaskId(task),
        project: Some(ProjectId(1)),
        order: ClaimOrder { priority: Priority::MEDIUM, due_at: None, created_at: task, id: TaskId(task) },
        share: 1,
        automatic: true,
        assignee: None,
        chain: vec!["codex".into()],
        skills: vec![],
        not_before: None,
        held: None,
        stopped: None,
        blockers: vec![],
        repositories: vec![],
        over_budget: None,
    }
}

fn urgent(task: i64) -> Candidate {
    let task = candidate(task);
    Candidate { order: ClaimOrder { priority: Priority::CRITICAL, ..task.order }, ..task }
}

fn worker(name: &str) -> Worker {
    Worker {
        name: name.into(),
        ability: Ability::Able,
        skills: vec![],
        capacity: 1,
        live: 0,
        served: 0,
        cost: None,
        breaker: Gate::Closed,
        resting_until: None,
        account: None,
    }
}

fn snapshot(candidates: Vec<Candidate>, workers: Vec<Worker>) -> Snapshot {
    Snapshot { now: 1_000, candidates, workers, ..Snapshot::default() }
}

fn live(run: i64, agent: &str, priority: Priority) -> LiveRun {
    LiveRun {
        run: RunId(run),
        task: TaskId(run + 1_000),
        agent: agent.into(),
        project: Some(ProjectId(1)),
        repositories: vec![],
        priority,
        started_at: run,
        preemptible: true,
        leaving: false,
    }
}

fn sentence(snapshot: &Snapshot) -> String {
    let plan = plan(snapshot);
    assert_eq!(plan.starts, [], "nothing may start here");
    plan.waits[0].sentence(&|at| format!("<{at}>"))
}

fn starts(snapshot: &Snapshot) -> Vec<(i64, String)> {
    plan(snapshot).starts.into_iter().map(|start| (start.task.0, start.agent)).collect()
}

fn pairs(list: &[(i64, &str)]) -> Vec<(i64, String)> {
    list.iter().map(|(task, agent)| (*task, (*agent).to_owned())).collect()
}

/// One task, `codex` able and free, changed by `change`.
fn one(change: impl FnOnce(&mut Candidate, &mut Worker)) -> Snapshot {
    let (mut task, mut codex) = (candidate(9), worker("codex"));
    change(&mut task, &mut codex);
    snapshot(vec![task], vec![codex])
}

#[test]
fn each_reason_has_its_sentence() {
    let blocker = |status| Blocker { upstream: TaskId(12), need: Need::Success, status, trashed: false };
    let cases: Vec<(Snapshot, &str)> = vec![
        (one(|task, _| task.automatic = false), "waits for you to run or queue it"),
        (one(|task, _| task.held = Some("no key".into())), "held: no key"),
        (one(|task, _| task.stopped = Some("T-3 failed".into())), "workflow stopped: T-3 failed"),
        (one(|task, _| task.blockers = vec![blocker(Status::Failed)]), "blocked by T-12, which failed"),
        (
            one(|task, _| task.blockers = vec![blocker(Status::Review), blocker(Status::InProgress)]),
            "blocked by T-12, which is in review and T-12, which is in flight",
        ),
        (
            one(|task, _| task.not_before = Some(Until { at: 5_000, after: Cause::Timeout })),
            "tries again at <5000> after a timeout",
        ),
        (
            one(|task, _| task.not_before = Some(Until { at: 5_000, after: Cause::UsageLimit })),
            "usage limit reached, goes on at <5000>",
        ),
        (one(|task, _| task.over_budget = Some("$5 a day".into())), "budget used up: $5 a day"),
        (one(|task, _| task.chain.clear()), "no agent is chosen: assign one, or name the project's agents"),
        (one(|task, _| task.assignee = Some("nobody".into())), "there is no agent nobody"),
        (one(|_, codex| codex.ability = Ability::NotInstalled), "codex is not installed"),
        (one(|_, codex| codex.ability = Ability::Offline), "codex is offline"),
        (one(|task, _| task.skills = vec!["deploy".into()]), "needs skill `deploy`, which no agent has"),
        (one(|_, codex| codex.live = 1), "waiting: 1 of 1 in flight for codex, next"),
        (
            one(|_, codex| codex.breaker = Gate::Open { probe_at: 7_000 }),
            "breaker open for codex, probe at <7000>",
        ),
        (
            one(|_, codex| codex.breaker = Gate::Probing { run: RunId(3) }),
            "breaker open for codex, a probe is at work",
        ),
    ];
    for (snapshot, expected) in cases {
        assert_eq!(sentence(&snapshot), expected);
    }
}

#[test]
fn limits_pauses_and_accounts_have_theirs() {
    let mut full = one(|_, _| {});
    full.limits.insert(Lane::Total, Limit { name: "this board".into(), limit: 2, used: 2 });
    assert_eq!(sentence(&full), "waiting: 2 of 2 in this board, next");

    let mut review = one(|_, _| {});
    let limit = Limit { name: "Review".into(), limit: 5, used: 5 };
    review.limits.insert(Lane::Column(Status::Review), limit);
    assert_eq!(sentence(&review), "waiting: 5 of 5 in Review, next");

    let mut leaving = one(|_, codex| codex.capacity = 2);
    leaving.live = vec![LiveRun { task: TaskId(9), leaving: true, ..live(7, "codex", Priority::LOW) }];
    assert_eq!(sentence(&leaving), "waits until run 7 has ended");

    let mut paused = one(|_, _| {});
    paused.paused.insert(ProjectId(1), "three failures in a row".into());
    assert_eq!(sentence(&paused), "project paused: three failures in a row");

    let mut resting = one(|_, codex| codex.account = Some("openai".into()));
    resting.accounts.insert("openai".into(), Account { breaker: Gate::Closed, resting_until: Some(9_000) });
    assert_eq!(sentence(&resting), "usage limit of openai reached for codex, until <9000>");

    let alone = one(|_, codex| codex.resting_until = Some(9_000));
    assert_eq!(sentence(&alone), "usage limit of codex reached, until <9000>");
    let rested = one(|_, codex| codex.resting_until = Some(0));
    assert_eq!(starts(&rested), pairs(&[(9, "codex")]));
}

#[test]
fn a_place_in_the_queue_is_counted_among_those_who_wait_for_the_same() {
    let codex = Worker { live: 2, capacity: 2, ..worker("codex") };
    let full = snapshot((1..=5).map(candidate).collect(), vec![codex]);
    let plan = plan(&full);
    let said: Vec<String> = plan.waits.iter().map(|waiting| waiting.sentence(&|_| String::new())).collect();
    assert_eq!(said[0], "waiting: 2 of 2 in flight for codex, first of 5");
    assert_eq!(said[4], "waiting: 2 of 2 in flight for codex, number 5 of 5");
}

#[test]
fn a_missing_skill_is_never_routed_round() {
    let task = Candidate {
        chain: vec!["codex".into(), "claude".into()],
        skills: vec!["rust".into(), "deploy".into()],
        ..candidate(1)
    };
    let rust = Worker { skills: vec!["rust".into()], ..worker("codex") };
    let both = Worker { skills: vec!["deploy".into(), "rust".into()], ..worker("claude") };
    let able = snapshot(vec![task.clone()], vec![rust.clone(), both.clone()]);
    assert_eq!(starts(&able), pairs(&[(1, "claude")]));
    let elsewhere = Worker { skills: vec!["deploy".into()], ..worker("gemini") };
    let unable = snapshot(vec![task], vec![rust.clone(), Worker { ..worker("claude") }, elsewhere]);
    assert_eq!(sentence(&unable), "needs skill `deploy`, which codex and claude do not have");
}

#[test]
fn a_fallback_takes_over_when_the_breaker_is_open() {
    let task = Candidate { chain: vec!["codex".into(), "claude".into()], ..candidate(1) };
    let broken = Worker { breaker: Gate::Open { probe_at: 9_000 }, ..worker("codex") };
    let both = snapshot(vec![task], vec![broken, worker("claude")]);
    assert_eq!(starts(&both), pairs(&[(1, "claude")]));
}

#[test]
fn one_probe_goes_through_a_breaker_and_no_second() {
    let codex = Worker { capacity: 5, breaker: Gate::Probe, ..worker("codex") };
    let plan = plan(&snapshot(vec![candidate(1), candidate(2)], vec![codex]));
    assert_eq!(plan.starts.len(), 1);
    assert!(plan.starts[0].probe);
    assert_eq!(plan.waits[0].why, Wait::Probing { whose: "codex".into() });
}

#[test]
fn the_least_loaded_agent_wins_evenly_over_a_thousand_tasks() {
    let chain: Vec<String> = ["a", "b", "c"].map(String::from).into();
    let mut workers = vec![
        Worker { capacity: 4, ..worker("a") },
        Worker { capacity: 4, ..worker("b") },
        Worker { capacity: 4, ..worker("c") },
    ];
    let mut done: HashMap<String, u32> = HashMap::new();
    for task in 0..1_000 {
        let task = Candidate { chain: chain.clone(), ..candidate(task) };
        let one = Snapshot { choice: Choice::LeastLoaded, ..snapshot(vec![task], workers.clone()) };
        let start = plan(&one).starts.remove(0);
        let worker = workers.iter_mut().find(|worker| worker.name == start.agent).unwrap();
        worker.live += 1;
        worker.served += 1;
        *done.entry(start.agent).or_default() += 1;
        if task_ends(worker.served) {
            workers.iter_mut().for_each(|worker| worker.live = 0);
        }
    }
    let (least, most) = (done.values().min().unwrap(), done.values().max().unwrap());
    assert!(most - least <= 1, "{done:?}");
}

/// Every agent gets rid of its runs now and then, so that the board never fills up.
fn task_ends(served: u64) -> bool {
    served.is_multiple_of(3)
}

#[test]
fn the_cheapest_capable_agent_wins_where_the_policy_says_so() {
    let task = Candidate { chain: vec!["a".into(), "b".into(), "c".into()], ..candidate(1) };
    let workers =
        vec![worker("a"), Worker { cost: Some(9), ..worker("b") }, Worker { cost: Some(4), ..worker("c") }];
    let by = |choice| starts(&Snapshot { choice, ..snapshot(vec![task.clone()], workers.clone()) });
    assert_eq!(by(Choice::Cheapest), pairs(&[(1, "c")]));
    assert_eq!(by(Choice::InOrder), pairs(&[(1, "a")]));
    let skilled = Candidate { skills: vec!["rust".into()], ..task.clone() };
    let mut unskilled = workers.clone();
    unskilled[1].skills = vec!["rust".into()];
    let capable = snapshot(vec![skilled], unskilled);
    assert_eq!(starts(&Snapshot { choice: Choice::Cheapest, ..capable }), pairs(&[(1, "b")]));
}

#[test]
fn a_flooded_project_does_not_starve_another() {
    let of = |task, share| Candidate { share, project: Some(ProjectId(share as i64)), ..candidate(task) };
    let mut tasks: Vec<Candidate> = (0..500).map(|task| of(task, 1)).collect();
    tasks.extend((500..510).map(|task| of(task, 2)));
    let codex = Worker { capacity: 10, ..worker("codex") };
    let chosen = starts(&snapshot(tasks, vec![codex]));
    let of_the_small_one = chosen.iter().filter(|(task, _)| *task >= 500).count();
    assert_eq!(of_the_small_one, 5, "{chosen:?}");
}

#[test]
fn a_critical_task_stops_a_low_one_only_where_that_is_allowed() {
    let codex = Worker { live: 1, ..worker("codex") };
    let mut board = snapshot(vec![urgent(1), urgent(2)], vec![codex]);
    board.live = vec![live(7, "codex", Priority::LOW)];
    assert_eq!(plan(&board).preempt, []);
    board.preempt = true;
    let allowed = plan(&board);
    assert_eq!(allowed.preempt, [RunId(7)]);
    assert_eq!(allowed.waits[0].why, Wait::Preempting { run: RunId(7) });
    assert!(matches!(allowed.waits[1].why, Wait::AtCapacity { .. }), "one victim is one place");
}

#[test]
fn a_run_that_is_already_leaving_is_waited_for() {
    let codex = Worker { live: 2, capacity: 2, ..worker("codex") };
    let mut board = Snapshot { preempt: true, ..snapshot(vec![urgent(1)], vec![codex]) };
    board.live =
        vec![LiveRun { leaving: true, ..live(7, "codex", Priority::LOW) }, live(8, "codex", Priority::LOW)];
    let plan = plan(&board);
    assert_eq!(plan.preempt, []);
    assert_eq!(plan.waits[0].why, Wait::Preempting { run: RunId(7) });
}

#[test]
fn what_people_talk_to_and_what_would_not_help_is_never_stopped() {
    let codex = Worker { live: 1, ..worker("codex") };
    let mut board = Snapshot { preempt: true, ..snapshot(vec![urgent(1)], vec![codex]) };
    board.live = vec![
        LiveRun { preemptible: false, ..live(7, "codex", Priority::LOW) },
        live(8, "claude", Priority::LOW),
        live(9, "codex", Priority::MEDIUM),
    ];
    assert_eq!(plan(&board).preempt, []);
}

#[test]
fn a_branch_for_a_failure_is_skipped_when_there_was_none() {
    let edge = Blocker { upstream: TaskId(3), need: Need::Failure, status: Status::Done, trashed: false };
    let board = one(|task, _| task.blockers = vec![edge]);
    assert_eq!(plan(&board).skip, [(TaskId(9), TaskId(3))]);
}

// Random snapshots.

const AGENTS: [&str; 4] = ["a", "b", "c", "d"];
const SKILLS: [&str; 3] = ["rust", "deploy", "sql"];

fn some_of(names: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop::sample::subsequence(names, 0..=names.len())
        .prop_shuffle()
        .prop_map(|some| some.into_iter().map(String::from).collect())
}

fn gates() -> impl Strategy<Value = Gate> {
    prop_oneof![
        6 => Just(Gate::Closed),
        1 => Just(Gate::Probe),
        1 => Just(Gate::Open { probe_at: 2_000 }),
        1 => Just(Gate::Probing { run: RunId(5) }),
    ]
}

prop_compose! {
    fn candidates()(
        tasks in prop::collection::vec(
            (1_i64..=10, prop::option::of(0_i64..50), 0_i64..50, 0_u64..4, prop::bool::weighted(0.9),
             prop::option::weighted(0.2, prop::sample::select(&AGENTS[..])), some_of(&AGENTS),
             prop::option::weighted(0.2, prop::sample::select(&SKILLS[..])), prop::option::weighted(0.2, 0_i64..2_000), 0_u32..3),
            0..40,
        ),
    ) -> Vec<Candidate> {
        tasks.into_iter().enumerate().map(|(at, (level, due_at, created_at, share, automatic, assignee, chain, skill, timer, repository))| {
            let task = TaskId(at as i64 + 1);
            Candidate {
                project: (share > 0).then_some(ProjectId(share as i64)),
                order: ClaimOrder { priority: Priority::from_level(level).unwrap(), due_at, created_at, id: task },
                share, automatic, chain,
                assignee: assignee.map(String::from),
                skills: skill.map(String::from).into_iter().collect(),
                not_before: timer.map(|at| Until { at, after: Cause::Timeout }),
                repositories: vec![repository],
                ..candidate(task.0)
            }
        }).collect()
    }
}

prop_compose! {
    fn workers()(
        list in prop::collection::vec((some_of(&SKILLS), 0_u32..5, 0_u32..4, 0_u64..9, prop::option::of(1_i64..5), gates(), prop::option::weighted(0.2, 0_i64..2_000), prop::bool::ANY, prop::bool::weighted(0.9)), AGENTS.len()),
    ) -> Vec<Worker> {
        list.into_iter().zip(AGENTS).map(|((skills, capacity, live, served, cost, breaker, resting_until, shared, able), name)| Worker {
            ability: if able { Ability::Able } else { Ability::NotInstalled },
            skills, capacity, live, served, cost, breaker, resting_until,
            account: shared.then(|| "account".to_owned()),
            ..worker(name)
        }).collect()
    }
}

prop_compose! {
    fn snapshots()(
        candidates in candidates(),
        workers in workers(),
        total in prop::option::of((0_u32..12, 0_u32..12)),
        project in prop::option::of((0_u32..4, 0_u32..4)),
        repository in prop::option::of((0_u32..4, 0_u32..4)),
        account in (gates(), prop::option::weighted(0.3, 0_i64..2_000)),
        choice in prop::sample::select(vec![Choice::InOrder, Choice::LeastLoaded, Choice::Cheapest]),
    ) -> Snapshot {
        let limit = |name: &str, (limit, used): (u32, u32)| Limit { name: name.into(), limit, used };
        let limits = [(Lane::Total, total), (Lane::Project(ProjectId(1)), project), (Lane::Repository(1), repository)];
        Snapshot {
            now: 1_000,
            candidates,
            workers,
            accounts: [("account".to_owned(), Account { breaker: account.0, resting_until: account.1 })].into(),
            limits: limits.into_iter().filter_map(|(lane, set)| Some((lane, limit("there", set?)))).collect(),
            choice,
            ..Snapshot::default()
        }
    }
}

/// The snapshot as it is once the start was carried out.
fn carried_out(mut snapshot: Snapshot, start: &Start) -> Snapshot {
    let at = snapshot.candidates.iter().position(|candidate| candidate.task == start.task).unwrap();
    let task = snapshot.candidates.remove(at);
    *snapshot.in_flight.entry(task.share).or_default() += 1;
    for (lane, limit) in &mut snapshot.limits {
        let mine = match lane {
            Lane::Total | Lane::Column(Status::InProgress) => true,
            Lane::Project(project) => task.project == Some(*project),
            Lane::Repository(repository) => task.repositories.contains(repository),
            Lane::Column(_) => false,
        };
        limit.used += u32::from(mine);
    }
    let worker = snapshot.workers.iter_mut().find(|worker| worker.name == start.agent).unwrap();
    worker.live += 1;
    worker.served += 1;
    if worker.breaker == Gate::Probe {
        worker.breaker = Gate::Probing { run: RunId(77) };
    }
    if let Some(account) = worker.account.as_ref().and_then(|name| snapshot.accounts.get_mut(name))
        && account.breaker == Gate::Probe
    {
        account.breaker = Gate::Probing { run: RunId(77) };
    }
    snapshot
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// What the plan says and what then happens are one: starting the first and asking again gives
    /// the rest of the plan, to its last reason.
    #[test]
    fn carrying_out_a_plan_step_by_step_is_the_plan(snapshot in snapshots()) {
        let whole = plan(&snapshot);
        let mut now = snapshot;
        for start in &whole.starts {
            let next = plan(&now);
            prop_assert_eq!(&next.starts[0], start);
            now = carried_out(now, start);
        }
        let last = plan(&now);
        prop_assert_eq!(last.starts, []);
        let why = |waits: Vec<Waiting>| waits.into_iter().map(|w| (w.task, w.why.code())).collect::<BTreeMap<_, _>>();
        prop_assert_eq!(why(last.waits), why(whole.waits));
    }

    #[test]
    fn no_rule_is_broken_and_nobody_is_forgotten(snapshot in snapshots()) {
        let plan = plan(&snapshot);
        prop_assert_eq!(plan.starts.len() + plan.waits.len() + plan.skip.len(), snapshot.candidates.len());
        let of = |task: TaskId| snapshot.candidates.iter().find(|candidate| candidate.task == task).unwrap();
        let mut end = snapshot.clone();
        for start in &plan.starts {
            let task = of(start.task);
            let worker = end.workers.iter().find(|worker| worker.name == start.agent).unwrap();
            prop_assert!(worker.live < worker.capacity);
            prop_assert!(task.skills.iter().all(|skill| worker.skills.contains(skill)));
            prop_assert!(task.assignee.as_ref().is_none_or(|only| *only == start.agent));
            prop_assert!(task.assignee.is_some() || task.chain.contains(&start.agent));
            prop_assert!(task.automatic && task.not_before.is_none_or(|until| until.at <= snapshot.now));
            prop_assert!(worker.ability == Ability::Able && matches!(worker.breaker, Gate::Closed | Gate::Probe));
            prop_assert!(worker.resting_until.is_none_or(|until| until <= snapshot.now));
            end = carried_out(end, start);
        }
        for (lane, limit) in &end.limits {
            let before = snapshot.limits[lane].used;
            prop_assert!(limit.used <= limit.limit.max(before), "{:?} {:?}", lane, limit);
        }
    }

    /// Of two tasks that differ only in their order, the later never starts before the earlier.
    #[test]
    fn within_a_share_the_claim_order_is_obeyed(mut snapshot in snapshots()) {
        for candidate in &mut snapshot.candidates {
            *candidate = Candidate {
                task: candidate.task, order: candidate.order, share: 1, project: None, automatic: true,
                assignee: None, chain: vec!["a".into(), "b".into()], skills: vec![], not_before: None,
                repositories: vec![], ..candidate.clone()
            };
        }
        let started: Vec<ClaimOrder> = plan(&snapshot).starts.iter()
            .map(|start| snapshot.candidates.iter().find(|c| c.task == start.task).unwrap().order).collect();
        let mut sorted: Vec<ClaimOrder> = snapshot.candidates.iter().map(|c| c.order).collect();
        sorted.sort();
        prop_assert_eq!(&started[..], &sorted[..started.len()]);
    }
}
