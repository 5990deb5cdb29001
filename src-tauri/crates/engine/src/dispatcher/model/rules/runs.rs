//! What a run does to its card: its beginning, its end and what follows from that.

use std::collections::BTreeSet;

use domain::{Cause, Millis, Outcome, RunId, Status, breaker::BreakerRule};
use store::{NewRun, Origin, RunRecord, StoreError};

use super::{Board, Card};

/// Milliseconds until a usage limit is over that nobody gave a time for.
const RESET: Millis = 900_000;

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

impl Board {
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

    pub(super) fn begins(&mut self, at: usize, run: RunId, agent: &str, origin: Origin) {
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

    pub(super) fn ended(&mut self, at: usize, outcome: Outcome) {
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
    pub(super) fn strike(&mut self, at: usize) {
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
