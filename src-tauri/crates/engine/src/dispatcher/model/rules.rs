//! The rules, over a handful of cards: what people may do with them and what that changes. Who is next is in
//! `room`, what runs do in `runs`, what agents that pull are answered in `pulls`.

pub mod pulls;
mod room;
mod runs;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Actor, Cause, Id, Millis, Outcome, ProjectId, RunId, Status, TaskId, breaker::Breaker, edges::Need,
    review::StepOutcome,
};
use serde_json::{Value, json};
use store::{Breaks, Origin, StoreError};

pub use self::room::{AGENTS, PARALLEL, REVIEW, SHARED, TOOLS, of_project};

pub const REVIEWER: &str = "aegis";

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
}

/// Who moves cards in a case.
pub const PERSON: Actor = Actor::Person;
