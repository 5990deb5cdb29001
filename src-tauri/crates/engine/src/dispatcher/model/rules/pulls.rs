//! The rules for agents that pull: what a claim is answered, how long it holds, what a late report is
//! worth.

use domain::{Cause, Millis, Outcome, RunId, Status, breaker::Gate};
use store::{Claimed, LimitOn, Limits, NewClaim, Origin, StoreError};

use super::{Board, Card, PARALLEL, REVIEW, of_project};

/// Only the first may take cards of projects.
const PULLERS: [&str; 3] = ["scout", "iris", "otto"];
/// Milliseconds.
pub const LEASE: Millis = 600_000;

impl Board {
    pub fn claim(&self, agent: usize, capacity: u32) -> NewClaim {
        let limit = |on, limit, name: &str| Limits { on, limit, name: name.into() };
        NewClaim {
            agent: PULLERS[agent].into(),
            capacity,
            lease: LEASE,
            skills: Vec::new(),
            limits: vec![limit(LimitOn::Total, PARALLEL, "flight"), limit(LimitOn::Review, REVIEW, "Review")],
            now: self.now,
        }
    }

    /// Claims of different agents in one commit: each is told what it holds, or gets the first ready
    /// card that it may take; then those who went away empty look into the inbox.
    pub fn claimed(&mut self, asking: &[(usize, u32)], answers: Vec<Claimed>) {
        let mut answers: Vec<Option<Claimed>> = answers.into_iter().map(Some).collect();
        for ((agent, capacity), answer) in asking.iter().zip(&mut answers) {
            if self.is_answered_by_what_it_holds(PULLERS[*agent], *capacity, answer.as_ref().unwrap()) {
                *answer = None;
            }
        }
        for column in [Status::Ready, Status::Inbox] {
            for ((agent, _), answer) in asking.iter().zip(&mut answers) {
                let next = self.next_for(PULLERS[*agent], column).filter(|_| answer.is_some());
                let Some(at) = next else { continue };
                match answer.take() {
                    Some(Claimed::Assigned(given)) => {
                        assert_eq!(given.task, self.cards[at].id, "not the first in claim order");
                        assert!(self.tokens.insert(given.token.clone()), "a token was given twice");
                        self.begins(at, given.run, PULLERS[*agent], Origin::Pulled);
                        let lease_until = self.now + LEASE;
                        assert_eq!(given.lease_until, lease_until);
                        let card = &mut self.cards[at];
                        (card.token, card.lease_until) = (Some(given.token), lease_until);
                        self.saw("a task claimed");
                    }
                    other => panic!("{other:?} instead of {:?}", self.cards[at]),
                }
            }
        }
        let full = self.is_full_for_pullers();
        for answer in answers.into_iter().flatten() {
            assert!(matches!(answer, Claimed::NoTask(_)), "{answer:?} where nothing was left");
            assert_eq!(answer != Claimed::NoTask(None), full, "{answer:?}");
        }
    }

    fn is_full_for_pullers(&self) -> bool {
        self.live().len() >= PARALLEL as usize || self.in_review() >= REVIEW as usize
    }

    fn is_answered_by_what_it_holds(&mut self, agent: &str, capacity: u32, answer: &Claimed) -> bool {
        let now = self.now;
        let mut holds: Vec<&mut Card> =
            self.cards.iter_mut().filter(|card| card.agent == agent && card.is_pulled()).collect();
        holds.sort_by_key(|card| card.open);
        if capacity == 1 && !holds.is_empty() {
            let Claimed::Current(current) = answer else { panic!("{answer:?} to {holds:?}") };
            assert_eq!((Some(current.run), Some(&current.token)), (holds[0].open, holds[0].token.as_ref()));
            holds[0].lease_until = now + LEASE;
            self.saw("a claim answered with what is held");
            return true;
        }
        if holds.len() >= capacity as usize {
            let Claimed::AtCapacity(held) = answer else { panic!("{answer:?} to {holds:?}") };
            let held: Vec<_> =
                held.iter().map(|held| (held.task, Some(held.run), held.token.clone())).collect();
            let expected: Vec<_> =
                holds.iter().map(|card| (card.id, card.open, card.token.clone())).collect();
            assert_eq!(held, expected);
            return true;
        }
        let gate = self.breakers.get(agent).copied().unwrap_or_default().gate(now);
        if matches!(gate, Gate::Closed | Gate::Probe) {
            return false;
        }
        assert!(matches!(answer, Claimed::NoTask(Some(_))), "{answer:?} although its breaker is open");
        self.saw("a claim refused by a breaker");
        true
    }

    fn next_for(&self, agent: &str, column: Status) -> Option<usize> {
        if self.is_full_for_pullers() {
            return None;
        }
        let live = self.live();
        let suits = |card: &Card| {
            card.may_be_taken(column, self.now)
                && card.open.is_none()
                && self.edges_are_met(card)
                && card.project.is_none_or(|at| of_project(at).chain.contains(&agent))
                && Board::project_has_room(&live, card.project)
        };
        (0..self.cards.len()).filter(|at| suits(&self.cards[*at])).min_by_key(|at| self.cards[*at].order())
    }

    pub fn heard(&mut self, at: usize, run: RunId, told: Result<Millis, StoreError>) {
        let until = self.now + LEASE;
        let card = &mut self.cards[at];
        assert_eq!(told.is_ok(), card.last_run == Some(run) && card.is_pulled(), "{card:?}: {told:?}");
        if let Ok(told) = told {
            assert_eq!(told, until);
            card.lease_until = until;
        }
    }

    /// Its agent says how the run ended, in time or too late.
    pub fn reported(&mut self, at: usize, run: RunId, succeeded: bool, told: Result<(), StoreError>) {
        let outcome = if succeeded { Outcome::Succeeded } else { Outcome::Failed(Cause::AgentError) };
        let card = &mut self.cards[at];
        let repeated = card.outcome == Some(outcome);
        assert_eq!(told.is_ok(), card.is_pulled() || repeated, "{card:?}: {told:?}");
        if card.is_pulled() {
            card.comments += usize::from(succeeded);
            self.ended(at, outcome);
        } else if !repeated && card.late.insert(run) {
            card.comments += 1;
            card.changes += 1;
            self.saw("a late finisher refused");
        }
    }

    /// Runs that were not heard of in time.
    pub fn silent(&mut self, mut lost: Vec<RunId>) {
        lost.sort();
        let mut expected = Vec::new();
        for at in 0..self.cards.len() {
            let card = &self.cards[at];
            if card.token.is_some() && card.open.is_some() && card.lease_until <= self.now {
                expected.extend(card.open);
                self.ended(at, Outcome::Lost);
                self.saw("a lease run out");
            }
        }
        expected.sort();
        assert_eq!(lost, expected);
    }

    pub fn leases_begin_anew(&mut self) {
        let until = self.now + LEASE;
        for card in self.cards.iter_mut().filter(|card| card.open.is_some() && card.token.is_some()) {
            card.lease_until = card.lease_until.max(until);
        }
    }
}
