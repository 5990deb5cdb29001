//! What starts next, on which agent and why, and in one sentence why everything else waits. One pure
//! function over a snapshot: the dispatcher carries its answer out, `plan` prints it without acting.
//!
//! Ready tasks are taken by priority; within one priority the share (project or tag) with the least
//! in flight comes first, so that a flooded one cannot starve another; within a share by due date,
//! then age. A task that must wait does not hold up the one behind it.

#[cfg(test)]
mod tests;
mod wait;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, VecDeque},
};

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{
    Millis, ProjectId, RunId, Status, TaskId,
    breaker::Gate,
    edges::{Blocker, Standing},
    priority::{ClaimOrder, Priority, PriorityWord},
};

pub use wait::{Until, Wait};

/// A ready task, as far as the decision needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub task: TaskId,
    pub project: Option<ProjectId>,
    pub order: ClaimOrder,
    /// Whom it takes turns with: its project, or what the person divides by. Any number.
    pub share: u64,
    /// Handed to the dispatcher, by its project or by itself.
    pub automatic: bool,
    /// The only agent that may take it.
    pub assignee: Option<String>,
    /// Agents that may take it otherwise, in the order of preference.
    pub chain: Vec<String>,
    /// All of them are needed.
    pub skills: Vec<String>,
    /// A timer of a retry or a hold.
    pub not_before: Option<Until>,
    /// Why a person must look first.
    pub held: Option<String>,
    /// Why its workflow was stopped.
    pub stopped: Option<String>,
    /// Edges that are not met.
    pub blockers: Vec<Blocker>,
    pub repositories: Vec<u32>,
    /// The budget that is used up, as a phrase.
    pub over_budget: Option<String>,
}

/// An agent, as far as the decision needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    pub name: String,
    pub ability: Ability,
    pub skills: Vec<String>,
    /// Runs at one time.
    pub capacity: u32,
    pub live: u32,
    /// Runs it was given lately; settles ties between equally loaded agents.
    pub served: u64,
    /// Millionths of a dollar for a million tokens, a blend; none: unknown, dearer than any known.
    pub cost: Option<i64>,
    pub breaker: Gate,
    /// Its own usage limit is reached until then. That of an account is the account's.
    pub resting_until: Option<Millis>,
    /// The provider account that it draws on.
    pub account: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ability {
    Able,
    NotInstalled,
    Disabled,
    Offline,
}

/// A provider account that several agents may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub breaker: Gate,
    /// Its usage limit is reached until then.
    pub resting_until: Option<Millis>,
}

/// What a limit is set on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// All runs of this board.
    Total,
    Column(Status),
    Project(ProjectId),
    /// An index into whatever list the caller keeps.
    Repository(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// For sentences: `project Shop`.
    pub name: String,
    pub limit: u32,
    pub used: u32,
}

/// A run at work, as far as preemption needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveRun {
    pub run: RunId,
    pub task: TaskId,
    pub agent: String,
    pub project: Option<ProjectId>,
    pub repositories: Vec<u32>,
    pub priority: Priority,
    pub started_at: Millis,
    /// The dispatcher started it, and nobody talks to it.
    pub preemptible: bool,
    /// It was asked to stop.
    pub leaving: bool,
}

/// How one of several able agents is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The first of the chain that can take it: the rest are its fallbacks.
    #[default]
    InOrder,
    LeastLoaded,
    Cheapest,
}

#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub now: Millis,
    /// In any order.
    pub candidates: Vec<Candidate>,
    pub workers: Vec<Worker>,
    pub accounts: BTreeMap<String, Account>,
    /// Lanes without an entry are not limited.
    pub limits: BTreeMap<Lane, Limit>,
    pub live: Vec<LiveRun>,
    /// In flight for each share.
    pub in_flight: HashMap<u64, u32>,
    /// Projects where nothing may start, and why.
    pub paused: BTreeMap<ProjectId, String>,
    pub choice: Choice,
    /// Whether a critical task may stop a low one.
    pub preempt: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    pub task: TaskId,
    pub agent: String,
    /// It probes an open breaker.
    pub probe: bool,
    /// Why this agent.
    pub rule: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub task: TaskId,
    pub why: Wait,
    /// Its place among those who wait for the same thing, from 1, and how many these are.
    pub place: u32,
    pub of: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub starts: Vec<Start>,
    /// Runs to stop so that a critical task gets their place.
    pub preempt: Vec<RunId>,
    /// Branches that are not taken, with the upstream that made them needless.
    pub skip: Vec<(TaskId, TaskId)>,
    /// In the order in which they would be taken.
    pub waits: Vec<Waiting>,
}

/// What becomes of one candidate.
enum Placement {
    Start(Start),
    Skip(TaskId),
    Preempt(RunId),
    Wait(Wait),
}

/// Decides over the whole snapshot.
pub fn plan(snapshot: &Snapshot) -> Plan {
    let mut turns = Turns::new(snapshot);
    let mut room = Room::new(snapshot);
    let mut plan = Plan::default();
    let mut left = Vec::new();
    while let Some(candidate) = turns.next() {
        let placement = room.place(candidate);
        turns.took(candidate.share, matches!(placement, Placement::Start(_)));
        match placement {
            Placement::Start(start) => plan.starts.push(start),
            Placement::Skip(upstream) => plan.skip.push((candidate.task, upstream)),
            Placement::Preempt(run) => {
                plan.preempt.push(run);
                left.push((candidate, Wait::Preempting { run }));
            }
            Placement::Wait(why) => left.push((candidate, why)),
        }
    }
    // A card says why it waits once everything in front of it has started.
    plan.waits = left.into_iter().map(|(candidate, why)| room.still_waits(candidate, why)).collect();
    number(&mut plan.waits);
    plan
}

fn number(waits: &mut [Waiting]) {
    let mut counts: HashMap<Wait, u32> = HashMap::new();
    for waiting in &mut *waits {
        let count = counts.entry(waiting.why.clone()).or_default();
        *count += 1;
        waiting.place = *count;
    }
    for waiting in waits {
        waiting.of = counts[&waiting.why];
    }
}

/// The candidates in the order in which they are asked.
struct Turns<'s> {
    shares: HashMap<u64, VecDeque<&'s Candidate>>,
    in_flight: HashMap<u64, u32>,
    /// The head of each share that is not just being placed.
    heads: BinaryHeap<Reverse<Turn>>,
}

/// The smallest is next.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    priority: Reverse<Priority>,
    in_flight: u32,
    order: ClaimOrder,
    share: u64,
}

impl<'s> Turns<'s> {
    fn new(snapshot: &'s Snapshot) -> Turns<'s> {
        let mut sorted: Vec<&Candidate> = snapshot.candidates.iter().collect();
        sorted.sort_by_key(|candidate| candidate.order);
        let mut shares: HashMap<u64, VecDeque<&Candidate>> = HashMap::new();
        for candidate in sorted {
            shares.entry(candidate.share).or_default().push_back(candidate);
        }
        let mut turns = Turns { shares, in_flight: snapshot.in_flight.clone(), heads: BinaryHeap::new() };
        let shares: Vec<u64> = turns.shares.keys().copied().collect();
        shares.into_iter().for_each(|share| turns.queue_up(share));
        turns
    }

    fn next(&mut self) -> Option<&'s Candidate> {
        let Reverse(turn) = self.heads.pop()?;
        self.shares.get_mut(&turn.share)?.pop_front()
    }

    /// The candidate that `next` gave was placed.
    fn took(&mut self, share: u64, started: bool) {
        if started {
            *self.in_flight.entry(share).or_default() += 1;
        }
        self.queue_up(share);
    }

    fn queue_up(&mut self, share: u64) {
        if let Some(head) = self.shares.get(&share).and_then(|queue| queue.front()) {
            let in_flight = self.in_flight.get(&share).copied().unwrap_or(0);
            let priority = Reverse(head.order.priority);
            self.heads.push(Reverse(Turn { priority, in_flight, order: head.order, share }));
        }
    }
}

/// What is still free while the plan is made.
#[derive(Clone)]
struct Room<'s> {
    snapshot: &'s Snapshot,
    workers: Vec<Desk<'s>>,
    accounts: BTreeMap<&'s str, Account>,
    used: BTreeMap<Lane, u32>,
    /// Runs that were asked to stop before, whose places nobody has spoken for.
    leaving: Vec<&'s LiveRun>,
    /// Runs that this plan stops.
    stopped: Vec<RunId>,
}

#[derive(Clone)]
struct Desk<'s> {
    worker: &'s Worker,
    live: u32,
    served: u64,
    breaker: Gate,
}

/// Stands for the run that a start of this plan will be.
const THIS_PLAN: RunId = RunId(0);

impl<'s> Room<'s> {
    fn new(snapshot: &'s Snapshot) -> Room<'s> {
        let desk = |worker: &'s Worker| Desk {
            worker,
            live: worker.live,
            served: worker.served,
            breaker: worker.breaker,
        };
        Room {
            snapshot,
            workers: snapshot.workers.iter().map(desk).collect(),
            accounts: snapshot.accounts.iter().map(|(name, account)| (name.as_str(), *account)).collect(),
            used: snapshot.limits.iter().map(|(lane, limit)| (*lane, limit.used)).collect(),
            leaving: snapshot.live.iter().filter(|run| run.leaving).collect(),
            stopped: Vec::new(),
        }
    }

    fn place(&mut self, candidate: &'s Candidate) -> Placement {
        match self.find_place(candidate) {
            Ok(start) => {
                self.seat(candidate, &start);
                Placement::Start(start)
            }
            Err(Wait::Skipped { upstream }) => Placement::Skip(upstream),
            Err(why) if why.is_for_a_place() && self.may_preempt(candidate) => {
                self.preempt_for(candidate, why)
            }
            Err(why) => Placement::Wait(why),
        }
    }

    fn still_waits(&self, candidate: &Candidate, why: Wait) -> Waiting {
        let spoken_for = matches!(why, Wait::Preempting { .. });
        let now = if spoken_for { why } else { self.find_place(candidate).err().unwrap_or(why) };
        Waiting { task: candidate.task, why: now, place: 0, of: 0 }
    }

    /// The start, or the reason why not; changes nothing.
    fn find_place(&self, candidate: &Candidate) -> Result<Start, Wait> {
        self.is_free_to_go(candidate)?;
        let fit = self.fit(candidate)?;
        self.lanes_have_room(candidate)?;
        let able: Vec<&Desk> = fit.iter().copied().filter(|desk| self.obstacle(desk).is_none()).collect();
        match self.choose(&able) {
            Some((desk, rule)) => Ok(Start {
                task: candidate.task,
                agent: desk.worker.name.clone(),
                probe: desk.breaker == Gate::Probe || self.account_gate(desk) == Gate::Probe,
                rule,
            }),
            None => Err(self.shortest_wait(&fit)),
        }
    }

    fn is_free_to_go(&self, candidate: &Candidate) -> Result<(), Wait> {
        if let Some(edge) =
            candidate.blockers.iter().find(|edge| !edge.trashed && edge.stands() == Standing::NotNeeded)
        {
            return Err(Wait::Skipped { upstream: edge.upstream });
        }
        if let Some(reason) = &candidate.held {
            return Err(Wait::Held { reason: reason.clone() });
        }
        if let Some(reason) = &candidate.stopped {
            return Err(Wait::Stopped { reason: reason.clone() });
        }
        if !candidate.blockers.is_empty() {
            return Err(Wait::Blocked { by: candidate.blockers.clone() });
        }
        if !candidate.automatic {
            return Err(Wait::ByHand);
        }
        if let Some(until) = candidate.not_before.filter(|until| until.at > self.snapshot.now) {
            return Err(Wait::Timer(until));
        }
        if let Some(budget) = &candidate.over_budget {
            return Err(Wait::Budget { budget: budget.clone() });
        }
        if let Some(reason) = candidate.project.and_then(|project| self.snapshot.paused.get(&project)) {
            return Err(Wait::Paused { reason: reason.clone() });
        }
        match self.snapshot.live.iter().find(|run| run.task == candidate.task) {
            Some(run) => Err(Wait::Leaving { run: run.run }),
            None => Ok(()),
        }
    }

    /// The agents that could ever take it, in the order of preference.
    fn fit(&self, candidate: &Candidate) -> Result<Vec<&Desk<'s>>, Wait> {
        let named: Vec<&String> = match &candidate.assignee {
            Some(assignee) => vec![assignee],
            None => candidate.chain.iter().collect(),
        };
        let Some(first) = named.first() else { return Err(Wait::NoAgent) };
        let desk = |name: &&String| self.workers.iter().find(|desk| desk.worker.name == **name);
        let known: Vec<&Desk> = named.iter().filter_map(desk).collect();
        if known.is_empty() {
            return Err(Wait::UnknownAgent { agent: (*first).clone() });
        }
        let lacks =
            |desk: &Desk| candidate.skills.iter().find(|skill| !desk.worker.skills.contains(skill)).cloned();
        let skilled: Vec<&Desk> = known.iter().copied().filter(|desk| lacks(desk).is_none()).collect();
        if skilled.is_empty() {
            let nobody_has = candidate
                .skills
                .iter()
                .find(|skill| !self.workers.iter().any(|desk| desk.worker.skills.contains(skill)));
            let skill = nobody_has.cloned().or_else(|| known.first().and_then(|desk| lacks(desk)));
            let among = nobody_has.is_none().then(|| known.iter().map(|d| d.worker.name.clone()).collect());
            return Err(Wait::NoSkill { skill: skill.unwrap_or_default(), among });
        }
        let able: Vec<&Desk> =
            skilled.iter().copied().filter(|desk| desk.worker.ability == Ability::Able).collect();
        match (able.is_empty(), skilled.first()) {
            (true, Some(desk)) => {
                Err(Wait::Unable { agent: desk.worker.name.clone(), ability: desk.worker.ability })
            }
            (true, None) | (false, _) => Ok(able),
        }
    }

    fn lanes_have_room(&self, candidate: &Candidate) -> Result<(), Wait> {
        let full = lanes_of(candidate.project, &candidate.repositories)
            .chain([Lane::Column(Status::Review)])
            .find_map(|lane| {
                let limit = self.snapshot.limits.get(&lane)?;
                let used = self.used.get(&lane).copied().unwrap_or(0);
                (used >= limit.limit).then(|| Wait::LaneFull {
                    lane,
                    name: limit.name.clone(),
                    used,
                    limit: limit.limit,
                })
            });
        full.map_or(Ok(()), Err)
    }

    fn account_gate(&self, desk: &Desk) -> Gate {
        self.account(desk).map_or(Gate::Closed, |(_, account)| account.breaker)
    }

    fn account<'a>(&self, desk: &'a Desk) -> Option<(&'a str, Account)> {
        let name = desk.worker.account.as_deref()?;
        self.accounts.get(name).map(|account| (name, *account))
    }

    fn still_to_come(&self, at: Option<Millis>) -> Option<Millis> {
        at.filter(|at| *at > self.snapshot.now)
    }

    /// Why this agent cannot take anything now.
    fn obstacle(&self, desk: &Desk) -> Option<Wait> {
        let agent = || desk.worker.name.clone();
        if let Some((name, account)) = self.account(desk) {
            if let Some(until) = self.still_to_come(account.resting_until) {
                return Some(Wait::Resting { agent: agent(), account: Some(name.to_owned()), until });
            }
            if let Some(wait) = shut(account.breaker, name.to_owned()) {
                return Some(wait);
            }
        }
        if let Some(until) = self.still_to_come(desk.worker.resting_until) {
            return Some(Wait::Resting { agent: agent(), account: None, until });
        }
        if let Some(wait) = shut(desk.breaker, agent()) {
            return Some(wait);
        }
        (desk.live >= desk.worker.capacity).then(|| Wait::AtCapacity {
            agents: vec![agent()],
            used: desk.live,
            limit: desk.worker.capacity,
        })
    }

    fn choose<'a>(&self, able: &[&'a Desk<'s>]) -> Option<(&'a Desk<'s>, &'static str)> {
        let load = |desk: &Desk| (Load { live: desk.live, capacity: desk.worker.capacity }, desk.served);
        let (desk, rule) = match self.snapshot.choice {
            Choice::InOrder => (able.first().copied(), "first of its agents"),
            Choice::LeastLoaded => (able.iter().copied().min_by_key(|desk| load(desk)), "least loaded"),
            Choice::Cheapest => {
                let cost = |desk: &Desk| desk.worker.cost.unwrap_or(i64::MAX);
                (able.iter().copied().min_by_key(|desk| (cost(desk), load(desk))), "cheapest")
            }
        };
        desk.map(|desk| (desk, if able.len() == 1 { "the only one that can" } else { rule }))
    }

    /// Of several reasons the one that is likely to pass first; places at several agents are one.
    fn shortest_wait(&self, fit: &[&Desk]) -> Wait {
        let obstacles: Vec<Wait> = fit.iter().filter_map(|desk| self.obstacle(desk)).collect();
        let mut busy = (Vec::new(), 0, 0);
        for obstacle in &obstacles {
            if let Wait::AtCapacity { agents, used, limit } = obstacle {
                busy.0.extend(agents.iter().cloned());
                busy.1 += used;
                busy.2 += limit;
            }
        }
        if !busy.0.is_empty() {
            return Wait::AtCapacity { agents: busy.0, used: busy.1, limit: busy.2 };
        }
        obstacles.into_iter().min_by_key(Wait::passes_at).unwrap_or(Wait::NoAgent)
    }

    fn seat(&mut self, candidate: &Candidate, start: &Start) {
        for lane in lanes_of(candidate.project, &candidate.repositories) {
            *self.used.entry(lane).or_default() += 1;
        }
        let Some(desk) = self.workers.iter_mut().find(|desk| desk.worker.name == start.agent) else { return };
        desk.live += 1;
        desk.served += 1;
        if desk.breaker == Gate::Probe {
            desk.breaker = Gate::Probing { run: THIS_PLAN };
        }
        if let Some(account) = desk.worker.account.as_deref().and_then(|name| self.accounts.get_mut(name))
            && account.breaker == Gate::Probe
        {
            account.breaker = Gate::Probing { run: THIS_PLAN };
        }
    }

    fn may_preempt(&self, candidate: &Candidate) -> bool {
        self.snapshot.preempt && candidate.order.priority.word() == PriorityWord::Critical
    }

    /// Waits for a place that is being made, or makes one.
    fn preempt_for(&mut self, candidate: &'s Candidate, why: Wait) -> Placement {
        for at in 0..self.leaving.len() {
            let mut after = self.clone();
            after.vacate(self.leaving[at]);
            if let Ok(start) = after.find_place(candidate) {
                // Its place is spoken for; the next critical task needs another.
                let run = self.leaving.remove(at);
                self.vacate(run);
                self.seat(candidate, &start);
                return Placement::Wait(Wait::Preempting { run: run.run });
            }
        }
        let mut victims: Vec<&LiveRun> = self
            .snapshot
            .live
            .iter()
            .filter(|run| run.preemptible && !run.leaving && run.priority.word() == PriorityWord::Low)
            .filter(|run| !self.stopped.contains(&run.run))
            .collect();
        // The least urgent first, of these the one that loses the least work.
        victims.sort_by_key(|run| (run.priority, Reverse(run.started_at), Reverse(run.run)));
        for run in victims {
            let mut without = self.clone();
            without.vacate(run);
            if let Ok(start) = without.find_place(candidate) {
                *self = without;
                self.stopped.push(run.run);
                self.seat(candidate, &start);
                return Placement::Preempt(run.run);
            }
        }
        Placement::Wait(why)
    }

    fn vacate(&mut self, run: &LiveRun) {
        for lane in lanes_of(run.project, &run.repositories) {
            if let Some(used) = self.used.get_mut(&lane) {
                *used = used.saturating_sub(1);
            }
        }
        if let Some(desk) = self.workers.iter_mut().find(|desk| desk.worker.name == run.agent) {
            desk.live = desk.live.saturating_sub(1);
        }
    }
}

/// A start takes a place in each of these.
fn lanes_of(project: Option<ProjectId>, repositories: &[u32]) -> impl Iterator<Item = Lane> {
    let fixed = [Some(Lane::Total), Some(Lane::Column(Status::InProgress)), project.map(Lane::Project)];
    fixed.into_iter().flatten().chain(repositories.iter().copied().map(Lane::Repository))
}

fn shut(gate: Gate, whose: String) -> Option<Wait> {
    match gate {
        Gate::Closed | Gate::Probe => None,
        Gate::Open { probe_at } => Some(Wait::BreakerOpen { whose, probe_at }),
        Gate::Probing { .. } => Some(Wait::Probing { whose }),
    }
}

/// A share of a capacity, compared without division.
#[derive(PartialEq, Eq)]
struct Load {
    live: u32,
    capacity: u32,
}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let left = u64::from(self.live) * u64::from(other.capacity);
        left.cmp(&(u64::from(other.live) * u64::from(self.capacity)))
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
