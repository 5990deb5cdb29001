//! Why a task waits, as data and as the one sentence that its card shows.

use crate::{
    Cause, Millis, RunId, Status, TaskId,
    dispatch::{Ability, Lane, Waiting},
    edges::Blocker,
};

/// A timer on a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Until {
    pub at: Millis,
    /// What it waits after.
    pub after: Cause,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// Nobody handed it to the dispatcher.
    ByHand,
    Held {
        reason: String,
    },
    /// Its workflow was stopped.
    Stopped {
        reason: String,
    },
    Blocked {
        by: Vec<Blocker>,
    },
    /// Only while planning: this branch is not taken.
    Skipped {
        upstream: TaskId,
    },
    Timer(Until),
    Budget {
        budget: String,
    },
    Paused {
        reason: String,
    },
    /// It names no agent, and neither does its project.
    NoAgent,
    UnknownAgent {
        agent: String,
    },
    Unable {
        agent: String,
        ability: Ability,
    },
    /// `among` is none when nobody at all has it.
    NoSkill {
        skill: String,
        among: Option<Vec<String>>,
    },
    LaneFull {
        lane: Lane,
        name: String,
        used: u32,
        limit: u32,
    },
    AtCapacity {
        agents: Vec<String>,
        used: u32,
        limit: u32,
    },
    BreakerOpen {
        whose: String,
        probe_at: Millis,
    },
    /// One run probes whether it works again.
    Probing {
        whose: String,
    },
    Resting {
        agent: String,
        /// None: the agent's own limit.
        account: Option<String>,
        until: Millis,
    },
    Preempting {
        run: RunId,
    },
    /// The last run of the task, or of its review, is still being ended.
    Leaving {
        run: RunId,
    },
}

impl Wait {
    /// It would start if a running one made way.
    pub(super) fn is_for_a_place(&self) -> bool {
        match self {
            Wait::LaneFull { lane: Lane::Column(Status::Review), .. } => false,
            Wait::LaneFull { .. } | Wait::AtCapacity { .. } => true,
            Wait::ByHand
            | Wait::Held { .. }
            | Wait::Stopped { .. }
            | Wait::Blocked { .. }
            | Wait::Skipped { .. }
            | Wait::Timer(_)
            | Wait::Budget { .. }
            | Wait::Paused { .. }
            | Wait::NoAgent
            | Wait::UnknownAgent { .. }
            | Wait::Unable { .. }
            | Wait::NoSkill { .. }
            | Wait::BreakerOpen { .. }
            | Wait::Probing { .. }
            | Wait::Resting { .. }
            | Wait::Preempting { .. }
            | Wait::Leaving { .. } => false,
        }
    }

    /// When it passes by itself, as far as that is known; the soonest sorts first.
    pub(super) fn passes_at(&self) -> Millis {
        match self {
            Wait::Probing { .. } => 0,
            Wait::BreakerOpen { probe_at, .. } => *probe_at,
            Wait::Resting { until, .. } => *until,
            Wait::Timer(until) => until.at,
            Wait::ByHand
            | Wait::Held { .. }
            | Wait::Stopped { .. }
            | Wait::Blocked { .. }
            | Wait::Skipped { .. }
            | Wait::Budget { .. }
            | Wait::Paused { .. }
            | Wait::NoAgent
            | Wait::UnknownAgent { .. }
            | Wait::Unable { .. }
            | Wait::NoSkill { .. }
            | Wait::LaneFull { .. }
            | Wait::AtCapacity { .. }
            | Wait::Preempting { .. }
            | Wait::Leaving { .. } => Millis::MAX,
        }
    }

    /// When the dispatcher should look again although nothing else happened.
    pub fn wakes_at(&self) -> Option<Millis> {
        Some(self.passes_at()).filter(|at| *at > 0 && *at < Millis::MAX)
    }

    /// A word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Wait::ByHand => "by_hand",
            Wait::Held { .. } => "held",
            Wait::Stopped { .. } => "workflow_stopped",
            Wait::Blocked { .. } => "blocked",
            Wait::Skipped { .. } => "not_needed",
            Wait::Timer(_) => "timer",
            Wait::Budget { .. } => "budget",
            Wait::Paused { .. } => "paused",
            Wait::NoAgent => "no_agent",
            Wait::UnknownAgent { .. } => "unknown_agent",
            Wait::Unable { .. } => "agent_unable",
            Wait::NoSkill { .. } => "missing_skill",
            Wait::LaneFull { .. } => "limit",
            Wait::AtCapacity { .. } => "at_capacity",
            Wait::BreakerOpen { .. } => "breaker_open",
            Wait::Probing { .. } => "breaker_probing",
            Wait::Resting { .. } => "rate_limited",
            Wait::Preempting { .. } => "preempting",
            Wait::Leaving { .. } => "last_run_ending",
        }
    }
}

impl Waiting {
    /// One sentence without a full stop. `clock` writes a time for people.
    pub fn sentence(&self, clock: &dyn Fn(Millis) -> String) -> String {
        match &self.why {
            Wait::ByHand => "waits for you to run or queue it".into(),
            Wait::Held { reason } => format!("held: {reason}"),
            Wait::Stopped { reason } => format!("workflow stopped: {reason}"),
            Wait::Blocked { by } => {
                let phrases: Vec<String> = by.iter().map(Blocker::phrase).collect();
                format!("blocked by {}", phrases.join(" and "))
            }
            Wait::Skipped { upstream } => format!("not needed: {} succeeded", upstream.key()),
            Wait::Timer(until) if until.after == Cause::UsageLimit => {
                format!("usage limit reached, goes on at {}", clock(until.at))
            }
            Wait::Timer(until) => format!("tries again at {} after {}", clock(until.at), until.after.noun()),
            Wait::Budget { budget } => format!("budget used up: {budget}"),
            Wait::Paused { reason } => format!("project paused: {reason}"),
            Wait::NoAgent => "no agent is chosen: assign one, or name the project's agents".into(),
            Wait::UnknownAgent { agent } => format!("there is no agent {agent}"),
            Wait::Unable { agent, ability } => match ability {
                Ability::NotInstalled => format!("{agent} is not installed"),
                Ability::Disabled => format!("{agent} is switched off"),
                Ability::Offline => format!("{agent} is offline"),
                Ability::Able => format!("{agent} cannot take it"),
            },
            Wait::NoSkill { skill, among: None } => format!("needs skill `{skill}`, which no agent has"),
            Wait::NoSkill { skill, among: Some(agents) } => {
                format!("needs skill `{skill}`, which {} {} not have", list(agents), does(agents))
            }
            Wait::LaneFull { name, used, limit, .. } => {
                format!("waiting: {used} of {limit} in {name}, {}", self.queue())
            }
            Wait::AtCapacity { agents, used, limit } => {
                format!("waiting: {used} of {limit} in flight for {}, {}", list(agents), self.queue())
            }
            Wait::BreakerOpen { whose, probe_at } => {
                format!("breaker open for {whose}, probe at {}", clock(*probe_at))
            }
            Wait::Probing { whose } => format!("breaker open for {whose}, a probe is at work"),
            Wait::Resting { agent, account: Some(account), until } => {
                format!("usage limit of {account} reached for {agent}, until {}", clock(*until))
            }
            Wait::Resting { agent, account: None, until } => {
                format!("usage limit of {agent} reached, until {}", clock(*until))
            }
            Wait::Preempting { run } => format!("run {run} makes way for it"),
            Wait::Leaving { run } => format!("waits until run {run} has ended"),
        }
    }

    fn queue(&self) -> String {
        match (self.place, self.of) {
            (1, 1) => "next".into(),
            (1, of) => format!("first of {of}"),
            (place, of) => format!("number {place} of {of}"),
        }
    }
}

fn list(agents: &[String]) -> String {
    match agents {
        [] => "no agent".into(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn does(agents: &[String]) -> &'static str {
    if agents.len() == 1 { "does" } else { "do" }
}
