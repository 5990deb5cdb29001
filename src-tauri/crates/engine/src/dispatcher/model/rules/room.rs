//! How much may be in flight, and what the dispatcher would start next within that.

use std::cmp::Reverse;

use domain::{Millis, RunId, Status, TaskId, breaker::Gate};
use serde_json::{Value, json};
use store::{LimitOn, Limits, Origin};

use super::{Board, Card};

/// Agents that the dispatcher may start, and how often at one time.
pub const AGENTS: [(&str, u32); 2] = [("swift", 2), ("steady", 1)];
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

/// What a project says.
pub struct OfProject {
    dispatches: bool,
    pub(super) chain: &'static [&'static str],
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

impl Card {
    pub(super) fn dispatches(&self) -> bool {
        self.project.is_some_and(|at| of_project(at).dispatches)
    }

    pub(super) fn order(&self) -> (Reverse<u8>, Millis, Millis, TaskId) {
        (Reverse(self.priority), self.due.unwrap_or(Millis::MAX), self.created, self.id)
    }
}

impl Board {
    pub(super) fn in_review(&self) -> usize {
        self.cards.iter().filter(|card| card.status == Status::Review && !card.trashed).count()
    }

    pub(super) fn live(&self) -> Vec<(&str, Option<usize>)> {
        let open = self.cards.iter().filter(|card| card.open.is_some());
        open.map(|card| (card.agent.as_str(), card.project)).collect()
    }

    /// Whether one more run is allowed in the project, beside those of `live`.
    pub(super) fn project_has_room(live: &[(&str, Option<usize>)], project: Option<usize>) -> bool {
        let Some(at) = project else { return true };
        let here = live.iter().filter(|(_, of)| *of == project).count();
        let shared = live.iter().filter(|(_, of)| of.is_some()).count();
        of_project(at).limit.is_none_or(|limit| here < limit as usize) && shared < IN_SHARED as usize
    }

    pub(super) fn capacity(agent: &str) -> usize {
        AGENTS.iter().find(|(name, _)| *name == agent).map_or(0, |(_, capacity)| *capacity as usize)
    }

    /// Whether a run may begin, whoever asks for it.
    pub(super) fn has_room(&self, agent: &str, project: Option<usize>, origin: Origin) -> bool {
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
