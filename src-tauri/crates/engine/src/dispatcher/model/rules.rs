//! The rules, over a handful of cards: when something is allowed, what it changes, who is next.

pub mod pulls;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use domain::{
    Actor, Cause, Id, Millis, Outcome, ProjectId, RunId, Status, TaskId,
    breaker::{Breaker, BreakerRule, Gate},
    edges::Need,
    review::StepOutcome,
};
use serde_json::{Value, json};
use store::{Breaks, LimitOn, Limits, NewRun, Origin, RunRecord, StoreError};

/// Agents that the dispatcher may start, and how often at one time.
pub const AGENTS: [(&str, u32); 2] = [("swift", 2), ("steady", 1)];
pub const REVIEWER: &str = "aegis";
/// Runs at one time, on the whole board.
pub const PARALLEL: u32 = 4;
/// Cards in Review before nothing more is started.
pub const REVIEW: u32 = 3;
/// One run at a time in the shop, two in the repository that the shop and the tools share.
pub const SHOP: usize = 0;
pub const TOOLS: usize = 1;
pub const SHARED: &str = "/flightboard/tools";
const IN_SHOP: u32 = 1;
const IN_SHARED: u32 = 2;
/// Milliseconds until a usage limit is over that nobody gave a time for.
const RESET: Millis = 900_000;

/// What a project says.
pub struct OfProject {
    dispatches: bool,
    chain: &'static [&'static str],
    limit: Option<u32>,
}

pub fn of_project(at: usize) -> OfProject {
    match at {
        SHOP => OfProject { dispatches: true, chain: &["steady", "swift", "scout"], limit: Some(IN_SHOP) },
        _ => OfProject { dispatches: false, chain: &["swift", "scout"], limit: None },
    }
}

impl OfProject {
    pub fn settings(&self) -> Value {
        let shared = self.limit.is_none().then_some(IN_SHARED);
        json!({ "dispatch": self.dispatches, "agents": self.chain, "limit": self.limit, "repository_limit": shared })
    }
}

/// One card as the rules have it.
#[derive(Clone, Debug)]
pub struct Card {
    pub id: TaskId,
    pub project: Option<usize>,
    pub priority: u8,
    pub due: Option<Millis>,
    pub created: Millis,
    pub status: Status,
    came_from: Option<Status>,
    held: bool,
    pub trashed: bool,
    runs: u32,
    pub last_run: Option<RunId>,
    /// The run that has not ended, whether or not it still holds the card.
    pub open: Option<RunId>,
    preparing: bool,
    pub holds: bool,
    changes: usize,
    pub gated: bool,
    queued: bool,
    origin: Origin,
    failures: BTreeMap<Cause, u32>,
    /// Nothing may start on it before the timer of this cause, which runs out at `timer_at`.
    pub timer: Option<Cause>,
    pub timer_at: Option<Millis>,
    pub round: u32,
    no_verdicts: u32,
    comments: usize,
    /// Of the newest run.
    agent: String,
    pub token: Option<String>,
    lease_until: Millis,
    outcome: Option<Outcome>,
    /// Runs whose late words are kept.
    late: BTreeSet<RunId>,
    waits_for: BTreeMap<usize, Need>,
    /// Failures since a person last took it up.
    strikes: u32,
    /// A person was.
    called: bool,
    /// With all that depends on one another.
    stopped: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Board {
    pub now: Millis,
    pub cards: Vec<Card>,
    breakers: BTreeMap<String, Breaker>,
    /// Until when agents rest because their usage limit is reached.
    resting: BTreeMap<String, Millis>,
    tokens: BTreeSet<String>,
    /// How often things came to pass that the cases are for.
    pub seen: BTreeMap<&'static str, u32>,
}

/// How often a failure of runs that nobody started by hand is tried again.
fn retries(cause: Cause) -> Option<u32> {
    match cause {
        Cause::CouldNotStart => Some(4),
        Cause::Lost => Some(5),
        Cause::Stalled => Some(1),
        Cause::AgentError | Cause::ExitedNonZero | Cause::ReviewRejected => Some(2),
        _ => None,
    }
}

fn is_over(status: Status) -> bool {
    matches!(status, Status::Done | Status::Failed | Status::Cancelled)
}

impl Card {
    pub fn project_id(&self) -> Option<ProjectId> {
        self.project.map(|at| ProjectId(at as i64 + 1))
    }

    /// Its row, as the model's query asks for it.
    pub fn row(&self) -> Value {
        let run = |id: Option<RunId>| id.map(Id::raw);
        json!([
            self.id.0,
            self.status.word(),
            self.came_from.map(Status::word),
            u8::from(self.held),
            u8::from(self.trashed),
            self.runs,
            run(self.last_run),
            run(self.open.filter(|_| self.holds)),
            run(self.open),
            u8::from(self.queued),
            self.failures,
            self.timer.map(Cause::word),
            self.timer_at,
            self.round,
            self.comments,
            self.changes,
            self.strikes,
            u8::from(self.called),
            u8::from(self.stopped)
        ])
    }

    pub fn may_begin(&self) -> bool {
        let idle = matches!(self.status, Status::Inbox | Status::Ready | Status::Review | Status::Failed);
        idle && !self.trashed && self.open.is_none()
    }

    fn may_be_taken(&self, column: Status, now: Millis) -> bool {
        let timer_over = self.timer.is_none() || self.timer_at.is_some_and(|at| at <= now);
        self.status == column && !self.trashed && !self.held && !self.stopped && timer_over
    }

    /// The agent that pulled it has it still.
    fn is_pulled(&self) -> bool {
        self.open.is_some() && self.holds && self.token.is_some()
    }

    fn dispatches(&self) -> bool {
        self.project.is_some_and(|at| of_project(at).dispatches)
    }

    fn order(&self) -> (Reverse<u8>, Millis, Millis, TaskId) {
        (Reverse(self.priority), self.due.unwrap_or(Millis::MAX), self.created, self.id)
    }

    /// Whoever was called has come.
    fn is_taken_up(&mut self) {
        (self.strikes, self.called) = (0, false);
    }

    fn no_timer(&mut self) {
        (self.timer, self.timer_at) = (None, None);
    }

    fn wait_after(&mut self, cause: Cause) {
        (self.timer, self.timer_at) = (Some(cause), None);
    }
}

/// A card that was just added.
pub struct Added {
    pub project: Option<usize>,
    pub priority: u8,
    pub due: Option<Millis>,
    pub ready: bool,
    pub gated: bool,
    pub queued: bool,
}

impl Board {
    pub fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    pub fn card_of(&self, task: TaskId) -> &Card {
        self.cards.iter().find(|card| card.id == task).expect("one of the case's cards")
    }

    fn at(&self, task: TaskId) -> usize {
        self.cards.iter().position(|card| card.id == task).expect("one of the case's cards")
    }

    pub fn added(&mut self, id: TaskId, new: Added) {
        let Added { project, priority, due, ready, gated, queued } = new;
        let (came_from, last_run, open, token, outcome) = (None, None, None, None, None);
        let mut card = Card {
            id,
            project,
            priority,
            due,
            created: self.now,
            status: if ready { Status::Ready } else { Status::Inbox },
            came_from,
            held: false,
            trashed: false,
            runs: 0,
            last_run,
            open,
            preparing: false,
            holds: false,
            changes: 1,
            gated,
            queued,
            origin: Origin::Person,
            failures: BTreeMap::new(),
            timer: None,
            timer_at: None,
            round: 1,
            no_verdicts: 0,
            comments: 0,
            agent: String::new(),
            token,
            lease_until: 0,
            outcome,
            late: BTreeSet::new(),
            waits_for: BTreeMap::new(),
            strikes: 0,
            called: false,
            stopped: false,
        };
        card.queued |= ready && card.dispatches();
        self.cards.push(card);
    }

    /// `at` waits for `on`.
    pub fn depends(&mut self, at: usize, on: usize, need: Need, told: Result<(), StoreError>) {
        let card = &self.cards[at];
        let startable = matches!(card.status, Status::Inbox | Status::Ready);
        let there = !card.trashed && !self.cards[on].trashed;
        let allowed = startable && there && !self.reaches(on, at);
        assert_eq!(told.is_ok(), allowed, "{card:?} after {:?}: {told:?}", self.cards[on]);
        if startable && there && !allowed {
            self.saw("a circle refused");
        }
        if allowed {
            self.cards[at].waits_for.insert(on, need);
            self.cards[at].changes += 1;
        }
    }

    /// Whether `from` waits for `to`, over whatever way.
    fn reaches(&self, from: usize, to: usize) -> bool {
        from == to || self.cards[from].waits_for.keys().any(|next| self.reaches(*next, to))
    }

    fn edges_are_met(&self, card: &Card) -> bool {
        card.waits_for.iter().all(|(on, need)| {
            let upstream = &self.cards[*on];
            !upstream.trashed
                && match need {
                    Need::Success => upstream.status == Status::Done,
                    Need::Failure => matches!(upstream.status, Status::Failed | Status::Cancelled),
                    Need::Any => is_over(upstream.status),
                }
        })
    }

    /// Branches for a failure that did not come are cancelled.
    fn is_done(&mut self, at: usize) {
        for card in &mut self.cards {
            let needless = card.waits_for.get(&at) == Some(&Need::Failure);
            if needless && !card.trashed && matches!(card.status, Status::Inbox | Status::Ready) {
                (card.status, card.held) = (Status::Cancelled, false);
                card.changes += 1;
                *self.seen.entry("a needless branch cancelled").or_default() += 1;
            }
        }
    }

    fn in_review(&self) -> usize {
        self.cards.iter().filter(|card| card.status == Status::Review && !card.trashed).count()
    }

    fn live(&self) -> Vec<(&str, Option<usize>)> {
        let open = self.cards.iter().filter(|card| card.open.is_some());
        open.map(|card| (card.agent.as_str(), card.project)).collect()
    }

    /// Whether one more run is allowed in the project, beside those of `live`.
    fn project_has_room(live: &[(&str, Option<usize>)], project: Option<usize>) -> bool {
        let Some(at) = project else { return true };
        let here = live.iter().filter(|(_, of)| *of == project).count();
        let shared = live.iter().filter(|(_, of)| of.is_some()).count();
        of_project(at).limit.is_none_or(|limit| here < limit as usize) && shared < IN_SHARED as usize
    }

    fn capacity(agent: &str) -> usize {
        AGENTS.iter().find(|(name, _)| *name == agent).map_or(0, |(_, capacity)| *capacity as usize)
    }

    /// Whether a run may begin, whoever asks for it.
    fn has_room(&self, agent: &str, project: Option<usize>, origin: Origin) -> bool {
        let live = self.live();
        let of_agent = live.iter().filter(|(name, _)| *name == agent).count();
        live.len() < PARALLEL as usize
            && of_agent < Board::capacity(agent)
            && Board::project_has_room(&live, project)
            && (origin == Origin::Person || self.in_review() < REVIEW as usize)
    }

    /// The same as data, for a person's start.
    pub fn limits_for(agent: &str, card: &Card) -> Vec<Limits> {
        let limit = |on, limit| Limits { on, limit, name: "there".into() };
        let mut limits = vec![
            limit(LimitOn::Total, PARALLEL),
            limit(LimitOn::Agent(agent.into()), Board::capacity(agent) as u32),
        ];
        if let (Some(at), Some(id)) = (card.project, card.project_id()) {
            limits.extend(of_project(at).limit.map(|most| limit(LimitOn::Project(id), most)));
            limits.push(limit(LimitOn::Repository(SHARED.into()), IN_SHARED));
        }
        limits
    }

    pub fn limits_of(to: Status) -> Vec<Limits> {
        let review = Limits { on: LimitOn::Review, limit: REVIEW, name: "Review".into() };
        if to == Status::Review { vec![review] } else { Vec::new() }
    }

    pub fn moved(&mut self, at: usize, to: Status, effects: Result<usize, StoreError>) {
        let (from, was_done) = (self.cards[at].status, to == Status::Done);
        let card = &self.cards[at];
        let never_worked_on = matches!(from, Status::Inbox | Status::Cancelled);
        let allowed = to == from
            || match to {
                Status::InProgress | Status::Failed => false,
                Status::Review => !never_worked_on && self.in_review() < REVIEW as usize,
                Status::Done => !card.gated,
                Status::Inbox | Status::Ready | Status::Cancelled => true,
            };
        assert_eq!(effects.is_ok(), allowed, "{card:?} to {to}: {effects:?}");
        let Ok(effects) = effects else { return };
        assert_eq!(effects, usize::from(card.holds && to != from), "a run is stopped: {card:?} to {to}");
        if to == from {
            return;
        }
        let card = &mut self.cards[at];
        card.status = to;
        if from == Status::InProgress {
            card.queued = false;
        } else if to == Status::Ready {
            card.queued = card.dispatches();
        }
        let replayed = is_over(from) && !is_over(to);
        if replayed {
            card.failures.clear();
        }
        if replayed || from == Status::Review {
            (card.round, card.no_verdicts) = (card.round + 1, 0);
        }
        (card.came_from, card.holds, card.held) = (None, false, false);
        card.no_timer();
        card.is_taken_up();
        card.changes += 1;
        if was_done {
            self.is_done(at);
        }
    }

    pub fn queue(&mut self, at: usize, queued: bool) {
        let card = &mut self.cards[at];
        let kept = queued && (card.held || card.called || card.stopped);
        if std::mem::replace(&mut card.queued, queued) != queued || kept {
            card.changes += 1;
            card.held &= !queued;
            card.stopped &= !queued;
            card.is_taken_up();
            card.no_timer();
        }
    }

    pub fn trashed(&mut self, at: usize, told: Result<(), StoreError>) {
        let card = &mut self.cards[at];
        assert_eq!(told.is_ok(), card.trashed || !card.holds, "{card:?}: {told:?}");
        if told.is_ok() && !std::mem::replace(&mut card.trashed, true) {
            card.changes += 1;
        }
    }

    pub fn restored(&mut self, at: usize, told: Result<(), StoreError>) {
        let full = self.in_review() >= REVIEW as usize;
        let card = &mut self.cards[at];
        let refused = card.trashed && card.status == Status::Review && full;
        assert_eq!(told.is_ok(), !refused, "{card:?}: {told:?}");
        if told.is_ok() && std::mem::replace(&mut card.trashed, false) {
            card.changes += 1;
        }
        if refused {
            self.saw("a card kept in the trash by a limit");
        }
    }

    /// A verdict on what the card was in `round`.
    pub fn reviewed(&mut self, at: usize, round: u32, verdict: StepOutcome, told: Result<(), StoreError>) {
        let card = &mut self.cards[at];
        if round != card.round {
            assert!(told.is_ok(), "{card:?}: {told:?}");
            card.changes += 1;
            return;
        }
        assert_eq!(told.is_ok(), card.status == Status::Review, "{card:?}: {told:?}");
        if told.is_err() {
            return;
        }
        card.changes += 1 + usize::from(verdict != StepOutcome::NoVerdict);
        match verdict {
            StepOutcome::Approved => {
                (card.status, card.held) = (Status::Done, false);
                self.saw("work approved");
                self.is_done(at);
            }
            StepOutcome::Rejected => {
                let count = card.failures.entry(Cause::ReviewRejected).or_default();
                *count += 1;
                let last = *count > 2;
                card.status = if last { Status::Failed } else { Status::Ready };
                card.no_timer();
                if !last {
                    card.wait_after(Cause::ReviewRejected);
                }
                (card.round, card.no_verdicts, card.held) = (card.round + 1, 0, false);
                card.comments += 1;
                if last {
                    self.saw("attempts used up");
                }
                self.strike(at);
            }
            StepOutcome::NoVerdict => {
                card.no_verdicts += 1;
                card.held |= card.no_verdicts >= 3;
            }
        }
    }

    fn breaker(&mut self, agent: &str) -> &mut Breaker {
        self.breakers.entry(agent.to_owned()).or_default()
    }

    pub fn moved_breakers(&self) -> impl Iterator<Item = Breaks> {
        let moved = self.breakers.iter().filter(|(_, breaker)| **breaker != Breaker::default());
        let moved: BTreeSet<&String> = moved.map(|(agent, _)| agent).chain(self.resting.keys()).collect();
        moved.into_iter().map(|agent| Breaks::Agent(agent.clone()))
    }

    /// A run that Flightboard starts, by a person's wish or the dispatcher's.
    pub fn begun(&mut self, new: &NewRun, begun: Result<RunRecord, StoreError>) {
        let at = self.at(new.task);
        let card = &self.cards[at];
        let may_begin = card.may_begin() && (new.origin == Origin::Person || !card.stopped);
        let allowed = may_begin && self.has_room(&new.agent, card.project, new.origin);
        assert_eq!(begun.is_ok(), allowed, "{card:?}: {begun:?}");
        if may_begin && !allowed {
            self.saw("a start refused by a limit");
        }
        if let Ok(run) = begun {
            self.begins(at, run.id, &new.agent, new.origin);
            self.saw(if new.origin == Origin::Person { "a start by a person" } else { "a planned start" });
        }
    }

    fn begins(&mut self, at: usize, run: RunId, agent: &str, origin: Origin) {
        let now = self.now;
        let card = &mut self.cards[at];
        (card.origin, card.token, card.outcome, card.agent) = (origin, None, None, agent.into());
        if origin == Origin::Person {
            card.is_taken_up();
        }
        if card.status == Status::Review {
            (card.round, card.no_verdicts) = (card.round + 1, 0);
        }
        (card.came_from, card.status) = (Some(card.status), Status::InProgress);
        assert!(Some(run) > card.last_run, "the fencing token rises");
        (card.open, card.last_run, card.holds) = (Some(run), Some(run), true);
        card.preparing = origin != Origin::Pulled;
        card.runs += 1;
        card.changes += 1;
        let breaker = self.breaker(agent);
        *breaker = breaker.started(run, now);
    }

    pub fn started(&mut self, at: usize, run: RunId, told: Result<(), StoreError>) {
        let card = &mut self.cards[at];
        let waited_for = card.open == Some(run) && card.preparing;
        assert_eq!(told.is_ok(), waited_for, "{card:?}: {told:?}");
        if waited_for {
            card.preparing = false;
            card.changes += 1;
        }
    }

    pub fn closed(&mut self, at: usize, run: RunId, outcome: Outcome, closed: bool) {
        assert_eq!(closed, self.cards[at].open == Some(run), "a run ends once: {:?}", self.cards[at]);
        if closed {
            self.ended(at, outcome);
        }
    }

    fn ended(&mut self, at: usize, outcome: Outcome) {
        let now = self.now;
        let card = &mut self.cards[at];
        let run = card.open.take().expect("an open run");
        card.outcome = Some(outcome);
        card.preparing = false;
        card.changes += 1;
        card.comments += usize::from(!matches!(outcome, Outcome::Succeeded | Outcome::Stopped));
        if std::mem::take(&mut card.holds) {
            card.follows(outcome);
            let failed = !matches!(
                outcome,
                Outcome::Succeeded | Outcome::Stopped | Outcome::Failed(Cause::UsageLimit)
            );
            let struck = failed && card.origin != Origin::Person;
            if struck && card.status == Status::Failed {
                self.saw("attempts used up");
            }
            if struck {
                self.strike(at);
            }
        }
        let agent = self.cards[at].agent.clone();
        if outcome == Outcome::Failed(Cause::UsageLimit) {
            self.resting.insert(agent.clone(), now + RESET);
            self.saw("a usage limit reached");
        }
        let breaker = self.breaker(&agent);
        *breaker = match outcome {
            Outcome::Succeeded => breaker.succeeded(),
            Outcome::Failed(cause) => breaker.failed(run, cause, BreakerRule::default(), now),
            Outcome::Stopped | Outcome::Lost => breaker.ended_without_a_word(run),
        };
    }

    /// A failure of what nobody started by hand. The third among cards that depend on one another stops
    /// them all; the third of one card calls a person.
    fn strike(&mut self, at: usize) {
        self.cards[at].strikes += 1;
        let mut joined = self.joined(at);
        joined.retain(|at| !self.cards[*at].trashed);
        let strikes: u32 = joined.iter().map(|at| self.cards[*at].strikes).sum();
        let count = joined.iter().filter(|at| self.cards[**at].status != Status::Cancelled).count();
        if count > 1 && strikes >= 3 && joined.iter().all(|at| !self.cards[*at].stopped) {
            for at in joined {
                let card = &mut self.cards[at];
                if !matches!(card.status, Status::Done | Status::Cancelled) {
                    card.stopped = true;
                    card.changes += 1;
                }
            }
            self.saw("a workflow stopped");
        } else if self.cards[at].strikes < 3 || self.cards[at].called {
            return;
        }
        let card = &mut self.cards[at];
        card.called = true;
        (card.changes, card.comments) = (card.changes + 1, card.comments + 1);
        self.saw("a person called");
    }

    /// The cards that dependencies join with one, whichever way they point.
    fn joined(&self, at: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::from([at]);
        loop {
            let near = |a: usize, b: usize| {
                self.cards[a].waits_for.contains_key(&b) || self.cards[b].waits_for.contains_key(&a)
            };
            let next =
                (0..self.cards.len()).find(|b| !found.contains(b) && found.iter().any(|a| near(*a, *b)));
            match next {
                Some(next) => found.insert(next),
                None => return found,
            };
        }
    }

    /// What the dispatcher would start now, and on whom: by priority, then whoever has the least in
    /// flight, then by due date and age; who must wait holds up nobody.
    pub fn starts(&self) -> Vec<(TaskId, String)> {
        let mut live = self.live();
        let mut breakers = self.breakers.clone();
        // One whose last run is still being ended waits for that.
        let ready =
            |card: &&Card| card.queued && card.open.is_none() && card.may_be_taken(Status::Ready, self.now);
        let mut left: Vec<&Card> =
            self.cards.iter().filter(ready).filter(|card| self.edges_are_met(card)).collect();
        let mut starts = Vec::new();
        while let Some(next) = (0..left.len()).min_by_key(|at| {
            let card = left[*at];
            let in_flight = live.iter().filter(|(_, of)| *of == card.project).count();
            (Reverse(card.priority), in_flight, card.order())
        }) {
            let card = left.remove(next);
            let chain = card.project.map_or(&[AGENTS[0].0][..], |at| of_project(at).chain);
            let agent = chain.iter().copied().find(|agent| {
                let gate = breakers.get(*agent).copied().unwrap_or_default().gate(self.now);
                let busy = live.iter().filter(|(name, _)| name == agent).count();
                let rests = self.resting.get(*agent).is_some_and(|until| *until > self.now);
                matches!(gate, Gate::Closed | Gate::Probe) && busy < Board::capacity(agent) && !rests
            });
            let room = live.len() < PARALLEL as usize
                && Board::project_has_room(&live, card.project)
                && self.in_review() < REVIEW as usize;
            if let Some(agent) = agent.filter(|_| room) {
                live.push((agent, card.project));
                let breaker = breakers.entry(agent.into()).or_default();
                *breaker = breaker.started(RunId(0), self.now);
                starts.push((card.id, agent.to_owned()));
            }
        }
        starts
    }
}

impl Card {
    /// What the end of the run that held it means for the card.
    fn follows(&mut self, outcome: Outcome) {
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
        }
        if outcome == Outcome::Succeeded {
            self.called = false;
        }
        let held_before = std::mem::take(&mut self.held);
        self.no_timer();
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
                came_from.expect("where it stood")
            }
            (Outcome::Failed(_), Origin::Person) => Status::Failed,
            (Outcome::Failed(Cause::UsageLimit), _) => {
                self.wait_after(Cause::UsageLimit);
                Status::Ready
            }
            (Outcome::Failed(_) | Outcome::Lost, _) if last => Status::Failed,
            (Outcome::Failed(_) | Outcome::Lost, _) => {
                self.wait_after(cause.expect("a failure has a cause"));
                Status::Ready
            }
        };
        self.queued = match (self.origin, self.status) {
            (Origin::Person, _) | (Origin::Pulled, Status::Ready) => self.queued,
            (Origin::Dispatcher, Status::Ready) => cause.is_some() || self.queued,
            (Origin::Dispatcher | Origin::Pulled, Status::Failed) => false,
            (Origin::Dispatcher | Origin::Pulled, _) => self.queued,
        };
    }
}

/// Who moves cards in a case.
pub const PERSON: Actor = Actor::Person;
