//! Whatever people and agents do in whatever order, the store agrees with a model of a dozen lines
//! that was written from the rules, not from the code.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use domain::{
    Actor, Cause, Outcome, RunId, Status, TaskId,
    review::{Gate, Step, StepOutcome},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use store::{Breaks, Claimed, NewClaim, NewReport, NewReview, NewRun, NewTask, Origin, Routing};
use testkit::{TempStore, card, ready_card};

use crate::raw::Raw;

#[derive(Clone, Debug)]
enum Deed {
    Add {
        ready: bool,
        gated: bool,
    },
    Move(usize, Status),
    Begin(usize, Origin),
    End(usize, Outcome),
    /// The newest run of the card reports its end once more.
    ReportAgain(usize),
    Trash(usize),
    Restore(usize),
    Queue(usize, bool),
    /// The reviewer of a gated card comes to a verdict.
    Review(usize, StepOutcome),
    /// One of three agents asks for work, as one that takes so many.
    Claim(usize, u32),
    /// The agent of the card's newest run is heard of.
    Heartbeat(usize),
    /// It says how the run ended, in time or too late.
    Report(usize, bool),
    /// Nobody is heard of for longer than a lease.
    Silence,
    Crash,
}

/// Milliseconds.
const LEASE: i64 = 600_000;

fn deed() -> impl Strategy<Value = Deed> {
    let outcome = prop::sample::select(vec![
        Outcome::Succeeded,
        Outcome::Stopped,
        Outcome::Lost,
        Outcome::Failed(Cause::AgentError),
        Outcome::Failed(Cause::ExitedNonZero),
        Outcome::Failed(Cause::Blocked),
        Outcome::Failed(Cause::CouldNotStart),
        Outcome::Failed(Cause::UsageLimit),
        Outcome::Failed(Cause::Stalled),
    ]);
    let origin = prop::sample::select(vec![Origin::Person, Origin::Dispatcher]);
    let verdict =
        prop::sample::select(vec![StepOutcome::Approved, StepOutcome::Rejected, StepOutcome::NoVerdict]);
    let which = 0..4usize;
    prop_oneof![
        1 => any::<(bool, bool)>().prop_map(|(ready, gated)| Deed::Add { ready, gated }),
        3 => (which.clone(), prop::sample::select(Status::ALL.to_vec())).prop_map(|(at, to)| Deed::Move(at, to)),
        4 => (which.clone(), origin).prop_map(|(at, origin)| Deed::Begin(at, origin)),
        4 => (which.clone(), outcome).prop_map(|(at, outcome)| Deed::End(at, outcome)),
        1 => which.clone().prop_map(Deed::ReportAgain),
        1 => which.clone().prop_map(Deed::Trash),
        1 => which.clone().prop_map(Deed::Restore),
        1 => (which.clone(), any::<bool>()).prop_map(|(at, queued)| Deed::Queue(at, queued)),
        3 => (which.clone(), verdict).prop_map(|(at, verdict)| Deed::Review(at, verdict)),
        5 => (0..3usize, 1..3u32).prop_map(|(agent, capacity)| Deed::Claim(agent, capacity)),
        1 => which.clone().prop_map(Deed::Heartbeat),
        4 => (which, any::<bool>()).prop_map(|(at, succeeded)| Deed::Report(at, succeeded)),
        1 => Just(Deed::Silence),
        1 => Just(Deed::Crash),
    ]
}

/// One card as the rules have it.
#[derive(Clone, Debug)]
struct Card {
    id: TaskId,
    status: Status,
    came_from: Option<Status>,
    held: bool,
    trashed: bool,
    runs: u32,
    last_run: Option<RunId>,
    /// The run that has not ended, whether or not it still holds the card.
    open: Option<RunId>,
    holds: bool,
    changes: usize,
    gated: bool,
    queued: bool,
    origin: Origin,
    failures: BTreeMap<Cause, u32>,
    /// Nothing may start on it before the timer of this cause.
    timer: Option<Cause>,
    round: u32,
    no_verdicts: u32,
    comments: usize,
    /// Of the newest run, if an agent claimed it.
    token: Option<String>,
    agent: usize,
    outcome: Option<Outcome>,
    /// Runs whose late words are kept.
    late: BTreeSet<RunId>,
    /// Failures since a person last took it up; the third calls one.
    strikes: u32,
    called: bool,
}

/// How often a failure of the dispatcher's runs is tried again.
fn retries(cause: Cause) -> Option<u32> {
    match cause {
        Cause::CouldNotStart => Some(4),
        Cause::Lost => Some(5),
        Cause::Stalled => Some(1),
        Cause::AgentError | Cause::ExitedNonZero | Cause::ReviewRejected => Some(2),
        _ => None,
    }
}

impl Card {
    fn may_move(&self, to: Status) -> bool {
        let never_worked_on = matches!(self.status, Status::Inbox | Status::Cancelled);
        to == self.status
            || match to {
                Status::InProgress | Status::Failed => false,
                Status::Review => !never_worked_on,
                Status::Done => !self.gated,
                Status::Inbox | Status::Ready | Status::Cancelled => true,
            }
    }

    fn moved(&mut self, to: Status) {
        if to == self.status {
            return;
        }
        let from = std::mem::replace(&mut self.status, to);
        if from == Status::InProgress || to == Status::Ready {
            self.queued = false;
        }
        let over = |status| matches!(status, Status::Done | Status::Failed | Status::Cancelled);
        let replayed = over(from) && !over(to);
        if replayed {
            self.failures.clear();
        }
        if replayed || from == Status::Review {
            (self.round, self.no_verdicts) = (self.round + 1, 0);
        }
        (self.came_from, self.holds, self.held, self.timer) = (None, false, false, None);
        self.taken_up();
        self.changes += 1;
    }

    fn taken_up(&mut self) {
        (self.strikes, self.called) = (0, false);
    }

    fn struck(&mut self) {
        self.strikes += 1;
        if self.strikes >= 3 && !std::mem::replace(&mut self.called, true) {
            self.comments += 1;
            self.changes += 1;
        }
    }

    fn reviewed(&mut self, verdict: StepOutcome) {
        self.changes += 1;
        match verdict {
            StepOutcome::Approved => (self.status, self.held) = (Status::Done, false),
            StepOutcome::Rejected => {
                let count = self.failures.entry(Cause::ReviewRejected).or_default();
                *count += 1;
                let last = *count > 2;
                self.status = if last { Status::Failed } else { Status::Ready };
                self.timer = (!last).then_some(Cause::ReviewRejected);
                (self.round, self.no_verdicts, self.held) = (self.round + 1, 0, false);
                self.comments += 1;
                self.struck();
            }
            StepOutcome::NoVerdict => {
                self.no_verdicts += 1;
                self.held |= self.no_verdicts >= 3;
                return;
            }
        }
        self.changes += 1;
    }

    fn may_begin(&self) -> bool {
        let idle = matches!(self.status, Status::Inbox | Status::Ready | Status::Review | Status::Failed);
        idle && !self.trashed && self.open.is_none()
    }

    fn begun(&mut self, run: RunId, origin: Origin) {
        (self.origin, self.token, self.outcome) = (origin, None, None);
        if origin == Origin::Person {
            self.taken_up();
        }
        if self.status == Status::Review {
            (self.round, self.no_verdicts) = (self.round + 1, 0);
        }
        (self.came_from, self.status) = (Some(self.status), Status::InProgress);
        (self.open, self.last_run, self.holds) = (Some(run), Some(run), true);
        self.runs += 1;
        self.changes += 1;
    }

    fn claimed(&self) -> bool {
        self.open.is_some() && self.holds && self.token.is_some()
    }

    /// `timer_over`: as the store has it; how long each wait is has tests of its own.
    fn may_be_claimed(&self, column: Status, timer_over: bool) -> bool {
        self.status == column && self.may_begin() && !self.held && timer_over
    }

    fn ended(&mut self, outcome: Outcome) {
        (self.open, self.outcome) = (None, Some(outcome));
        self.changes += 1;
        self.comments += usize::from(!matches!(outcome, Outcome::Succeeded | Outcome::Stopped));
        if !std::mem::take(&mut self.holds) {
            return;
        }
        let came_from = self.came_from.take();
        let cause = match outcome {
            Outcome::Failed(cause) => Some(cause),
            Outcome::Lost => Some(Cause::Lost),
            Outcome::Succeeded | Outcome::Stopped => None,
        };
        let mut last = true;
        if let Some(cause) = cause.filter(|cause| *cause != Cause::UsageLimit) {
            let count = self.failures.entry(cause).or_default();
            *count += 1;
            last = *count > retries(cause).unwrap_or(0);
            if self.origin != Origin::Person {
                self.struck();
            }
        }
        if outcome == Outcome::Succeeded {
            self.called = false;
        }
        let held_before = self.held;
        (self.held, self.timer) = (false, None);
        if outcome == Outcome::Stopped {
            self.queued = false;
        }
        self.status = match (outcome, self.origin) {
            (Outcome::Succeeded, _) => Status::Review,
            (Outcome::Stopped, _) | (Outcome::Lost, Origin::Person) => Status::Ready,
            (Outcome::Failed(Cause::Blocked), _) => {
                self.held = true;
                Status::Ready
            }
            (Outcome::Failed(Cause::CouldNotStart), Origin::Person) => {
                self.held = held_before;
                came_from.unwrap()
            }
            (Outcome::Failed(_), Origin::Person) => Status::Failed,
            (Outcome::Failed(Cause::UsageLimit), _) => {
                self.timer = Some(Cause::UsageLimit);
                Status::Ready
            }
            (Outcome::Failed(_) | Outcome::Lost, _) if last => Status::Failed,
            (Outcome::Failed(_) | Outcome::Lost, _) => {
                self.timer = cause;
                Status::Ready
            }
        };
        self.queued = match (self.origin, self.status) {
            (Origin::Person, _) | (Origin::Pulled, Status::Ready) => self.queued,
            (_, Status::Ready) => cause.is_some() || self.queued,
            (_, Status::Failed) => false,
            _ => self.queued,
        };
    }
}

/// The three agents of a case have names of their own, so that none meets what an earlier one left.
fn name(cards: &[Card], agent: usize) -> String {
    format!("agent-{}-{agent}", cards[0].id)
}

async fn claim(store: &TempStore, cards: &mut [Card], agent: usize, capacity: u32) {
    let now = store.clock.tick();
    let new = NewClaim {
        agent: name(cards, agent),
        capacity,
        lease: LEASE,
        skills: Vec::new(),
        limits: Vec::new(),
        now,
    };
    let answer = store.claim_next(new).await.unwrap();
    let mut holds: Vec<&Card> = cards.iter().filter(|card| card.agent == agent && card.claimed()).collect();
    holds.sort_by_key(|card| card.open);
    if capacity == 1 && !holds.is_empty() {
        let Claimed::Current(current) = answer else { panic!("{answer:?} to {holds:?}") };
        assert_eq!((Some(current.run), Some(&current.token)), (holds[0].open, holds[0].token.as_ref()));
        return;
    }
    if holds.len() >= capacity as usize {
        let Claimed::AtCapacity(held) = answer else { panic!("{answer:?} to {holds:?}") };
        let expected: Vec<_> = holds.iter().map(|card| (card.id, card.open, card.token.clone())).collect();
        assert_eq!(held.into_iter().map(|h| (h.task, Some(h.run), h.token)).collect::<Vec<_>>(), expected);
        return;
    }
    let mut first = None;
    'found: for column in [Status::Ready, Status::Inbox] {
        for (at, card) in cards.iter().enumerate() {
            let timer = store.task(card.id).await.unwrap().not_before;
            let timer_over = timer.is_none_or(|until| until.at <= now);
            if card.may_be_claimed(column, timer_over) {
                first = Some(at);
                break 'found;
            }
        }
    }
    match (answer, first) {
        (Claimed::NoTask(None), None) => {}
        (Claimed::Assigned(given), Some(at)) => {
            let card = &mut cards[at];
            assert_eq!(given.task, card.id, "not the first in claim order");
            assert!(card.may_begin() && !card.held, "{card:?}");
            card.begun(given.run, Origin::Pulled);
            (card.token, card.agent) = (Some(given.token), agent);
        }
        (answer, first) => panic!("{answer:?} instead of {:?}", first.map(|at| &cards[at])),
    }
}

async fn play(store: &mut TempStore, cards: &mut Vec<Card>, deed: Deed) {
    match deed {
        Deed::Claim(agent, capacity) => return claim(store, cards, agent, capacity).await,
        Deed::Crash => return store.reopen().await,
        Deed::Silence => {
            store.clock.pass(LEASE + 1);
            let mut lost = store.end_leases(store.clock.tick()).await.unwrap();
            lost.sort();
            let mut expected = Vec::new();
            for card in cards.iter_mut().filter(|card| card.open.is_some() && card.token.is_some()) {
                expected.extend(card.open);
                card.ended(Outcome::Lost);
            }
            expected.sort();
            assert_eq!(lost, expected);
            return;
        }
        _ => {}
    }
    let now = store.clock.tick();
    if let Deed::Add { ready, gated } = deed {
        let gate = Some(Gate(if gated { vec![Step::Agent { agent: "aegis".into() }] } else { vec![] }));
        let routing = Routing { gate, ..Routing::default() };
        let id = store.add(NewTask { routing, ..if ready { ready_card("r") } else { card("i") } }).await;
        let status = if ready { Status::Ready } else { Status::Inbox };
        let (came_from, last_run, open) = (None, None, None);
        cards.push(Card {
            id,
            status,
            came_from,
            held: false,
            trashed: false,
            runs: 0,
            last_run,
            open,
            holds: false,
            changes: 1,
            gated,
            queued: false,
            origin: Origin::Person,
            failures: BTreeMap::new(),
            timer: None,
            round: 1,
            no_verdicts: 0,
            comments: 0,
            token: None,
            agent: 0,
            outcome: None,
            late: BTreeSet::new(),
            strikes: 0,
            called: false,
        });
        return;
    }
    let (Deed::Move(at, _)
    | Deed::Begin(at, _)
    | Deed::End(at, _)
    | Deed::ReportAgain(at)
    | Deed::Trash(at)
    | Deed::Restore(at)
    | Deed::Queue(at, _)
    | Deed::Heartbeat(at)
    | Deed::Report(at, _)
    | Deed::Review(at, _)) = deed
    else {
        unreachable!("adding is done above")
    };
    let Some(count) = std::num::NonZero::new(cards.len()) else { return };
    let reporter = name(cards, cards[at % count].agent);
    let card = &mut cards[at % count];
    match deed {
        Deed::Add { .. } | Deed::Claim(..) | Deed::Silence | Deed::Crash => {}
        Deed::Heartbeat(_) => {
            let (Some(run), Some(token)) = (card.last_run, card.token.clone()) else { return };
            let heard = store.heartbeat_run(run, token, now).await;
            assert_eq!(heard.is_ok(), card.claimed(), "{card:?}: {heard:?}");
        }
        Deed::Report(_, succeeded) => {
            let (Some(run), Some(token)) = (card.last_run, card.token.clone()) else { return };
            let message = Some("what I did".into());
            let told = store.finish_run(NewReport { run, token, succeeded, message, now }).await;
            let outcome = if succeeded { Outcome::Succeeded } else { Outcome::Failed(Cause::AgentError) };
            let repeated = card.outcome == Some(outcome);
            assert_eq!(told.is_ok(), card.claimed() || repeated, "{card:?}: {told:?}");
            if card.claimed() {
                card.ended(outcome);
                card.comments += usize::from(succeeded);
                // Breakers have tests of their own.
                store.reset_breaker(Breaks::Agent(reporter), now).await.unwrap();
            } else if !repeated && card.late.insert(run) {
                card.comments += 1;
                card.changes += 1;
            }
        }
        Deed::Move(_, to) => {
            let moved = store.move_task(card.id, to, Actor::Person, now).await;
            assert_eq!(moved.is_ok(), card.may_move(to), "{card:?} to {to}: {moved:?}");
            if let Ok(effects) = moved {
                let taken_away = card.holds && to != card.status;
                assert_eq!(effects.len(), usize::from(taken_away), "{card:?} to {to}");
                card.moved(to);
            }
        }
        Deed::Queue(_, queued) => {
            store.set_queued(card.id, queued, Actor::Person, now).await.unwrap();
            let waits_for_you = queued && (card.held || card.called);
            if std::mem::replace(&mut card.queued, queued) != queued || waits_for_you {
                card.taken_up();
                card.changes += 1;
                card.held &= !queued;
                card.timer = None;
            }
        }
        Deed::Review(_, verdict) => {
            if !card.gated {
                return;
            }
            let review = NewReview {
                task: card.id,
                run: card.last_run,
                round: card.round,
                step: 0,
                kind: "agent",
                reviewer: "aegis".into(),
                outcome: verdict,
                review_run: None,
                notes: "what I think".into(),
                prompt: "judge this".into(),
            };
            let told = store.add_review(review, now).await;
            assert_eq!(told.is_ok(), card.status == Status::Review, "{card:?}: {told:?}");
            if told.is_ok() {
                card.reviewed(verdict);
            }
        }
        Deed::Begin(_, origin) => {
            let new = NewRun { origin, ..testkit::run_of(card.id) };
            let begun = store.begin_run(new, Actor::Person, now).await;
            assert_eq!(begun.is_ok(), card.may_begin(), "{card:?}: {begun:?}");
            if let Ok(run) = begun {
                card.begun(run.id, origin);
            }
        }
        Deed::End(_, outcome) => {
            let Some(run) = card.open else { return };
            assert!(store.end_run(run, testkit::ended(outcome, now)).await.unwrap());
            card.ended(outcome);
        }
        Deed::ReportAgain(_) => {
            let Some(run) = card.last_run.filter(|_| card.open.is_none()) else { return };
            assert!(!store.end_run(run, testkit::ended(Outcome::Succeeded, now)).await.unwrap());
        }
        Deed::Trash(_) => {
            let trashed = store.trash_task(card.id, now).await;
            assert_eq!(trashed.is_ok(), card.trashed || !card.holds, "{card:?}: {trashed:?}");
            if trashed.is_ok() && !std::mem::replace(&mut card.trashed, true) {
                card.changes += 1;
            }
        }
        Deed::Restore(_) => {
            store.restore_task(card.id, now).await.unwrap();
            if std::mem::replace(&mut card.trashed, false) {
                card.changes += 1;
            }
        }
    }
}

async fn agrees(store: &TempStore, cards: &[Card]) {
    let ids: Vec<TaskId> = cards.iter().map(|card| card.id).collect();
    let shown = store.cards(&ids).await.unwrap();
    assert_eq!(shown.len(), cards.len());
    for (card, shown) in cards.iter().zip(shown) {
        assert_eq!(
            (shown.status, shown.trashed, shown.held.is_some(), shown.runs, shown.run.map(|run| run.id)),
            (card.status, card.trashed, card.held, card.runs, card.last_run),
            "{card:?}"
        );
        let task = store.task(card.id).await.unwrap().task;
        assert_eq!(
            (task.live_run, task.came_from),
            (card.open.filter(|_| card.holds), card.came_from),
            "{card:?}"
        );
        let stored = store.task(card.id).await.unwrap();
        assert_eq!(
            (stored.queued, stored.failures.0, stored.not_before.map(|until| until.after), stored.round),
            (card.queued, card.failures.clone(), card.timer, card.round),
            "{card:?}"
        );
        assert_eq!((stored.called.is_some(), stored.stopped), (card.called, None), "{card:?}");
        assert_eq!(store.comments(card.id).await.unwrap().len(), card.comments, "{card:?}");
        assert_eq!(store.timeline(card.id).await.unwrap().len(), card.changes, "{card:?}");
    }
    let mut open: Vec<RunId> = cards.iter().filter_map(|card| card.open).collect();
    open.sort();
    assert_eq!(store.live_runs().await.unwrap().iter().map(|run| run.id).collect::<Vec<_>>(), open);
    let counts = store.counts().await.unwrap();
    let count =
        |status: Status| cards.iter().filter(|card| !card.trashed && card.status == status).count() as u32;
    assert_eq!((counts.in_flight, counts.ready), (count(Status::InProgress), count(Status::Ready)));
    let mut raw = Raw::open(store).await;
    let first = cards[0].id;
    let broken = raw
        .number(&format!(
            "SELECT count(*) FROM tasks t WHERE t.id >= {first} AND ((t.status = 'in_progress') <> (t.live_run IS NOT NULL) \
             OR t.runs <> (SELECT count(*) FROM runs WHERE task_id = t.id) \
             OR t.last_run IS NOT (SELECT max(id) FROM runs WHERE task_id = t.id) \
             OR (t.live_run IS NOT NULL AND t.live_run NOT IN (SELECT id FROM runs WHERE task_id = t.id AND phase <> 'ended')))",
        ))
        .await;
    assert_eq!(broken, 0);
}

/// Leaves nothing on the board that the next case could meet.
async fn clear(store: &TempStore, cards: &[Card]) {
    for card in cards {
        if let Some(run) = card.open {
            store.end(run, Outcome::Stopped).await;
        }
        store.trash_task(card.id, store.clock.tick()).await.unwrap();
    }
}

/// How many; `FLIGHTBOARD_CASES` says another number.
const CASES: u32 = 200;

#[test]
fn any_history_ends_where_the_rules_say() {
    let cases = std::env::var("FLIGHTBOARD_CASES").map_or(CASES, |text| text.parse().expect("a number"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Cases share a file and append to it; after one that failed the next begins on a new one.
    let shared: RefCell<Option<TempStore>> = RefCell::default();
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let run = TestRunner::new(config).run(&vec(deed(), 1..60), |deeds| {
        let kept = shared.take();
        let done = runtime.block_on(async {
            let mut store = match kept {
                Some(store) => store,
                None => TempStore::quick().await,
            };
            let mut cards = Vec::new();
            play(&mut store, &mut cards, Deed::Add { ready: true, gated: true }).await;
            for deed in deeds {
                play(&mut store, &mut cards, deed).await;
            }
            agrees(&store, &cards).await;
            clear(&store, &cards).await;
            store
        });
        shared.replace(Some(done));
        Ok::<(), TestCaseError>(())
    });
    if let Err(failed) = run {
        panic!("{failed}");
    }
}
