//! The run machine: `queued → preparing → running{…} → ended{…}`. One run is one attempt at a task.

use serde::{Deserialize, Serialize};
use specta::Type;

/// What a running agent is doing, as far as the evidence goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    Working,
    /// A question or a permission request is on the screen.
    Waiting,
    /// At its prompt with nothing to do.
    Idle,
    RateLimited,
    /// No evidence that can be trusted. Never shown as finished or waiting.
    Unknown,
}

/// Why an attempt failed. Each cause has its own counter, budget and policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    CouldNotStart,
    ExitedNonZero,
    /// It left quietly in the middle: nothing says that it finished.
    NoCompletionMark,
    /// It ran longer than it may.
    Timeout,
    /// It lives and makes no progress.
    Stalled,
    /// Its process vanished with the machine, or its lease ran out.
    Lost,
    /// The account may not be used for a while.
    UsageLimit,
    /// A tool was needed that the run was not allowed to use.
    PermissionRefused,
    /// A command that guards the work said no.
    GateFailed,
    ReviewRejected,
    /// The model's server is down, overloaded or out of reach; later may help.
    ProviderTransient,
    /// The model's server refuses: no key, no login, no such model.
    ProviderPermanent,
    /// The agent itself reported an error, whatever its exit code said.
    AgentError,
    /// The agent no longer has the session that it was to go on with.
    SessionGone,
    /// The agent asked for a person in `BLOCKED.md`.
    Blocked,
    /// A budget was used up.
    Budget,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Succeeded,
    Failed(Cause),
    Stopped,
    /// The pty-host vanished without an exit record.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunState {
    Queued,
    Preparing,
    Running(Activity),
    Ended(Outcome),
}

/// The coarse phase, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunPhase {
    Queued,
    Preparing,
    Running,
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunEvent {
    Preparing,
    Started,
    /// The reduced evidence changed.
    Activity(Activity),
    Ended(Outcome),
}

/// A run's state in one word, for cards and programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Queued,
    Preparing,
    Working,
    Waiting,
    Idle,
    RateLimited,
    Unknown,
    Succeeded,
    Failed,
    Stopped,
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a run that is {from:?} cannot take {event:?}")]
pub struct BadRunEvent {
    pub from: RunState,
    pub event: RunEvent,
}

impl RunState {
    pub fn apply(self, event: RunEvent) -> Result<RunState, BadRunEvent> {
        match (self, event) {
            (RunState::Queued, RunEvent::Preparing) => Ok(RunState::Preparing),
            (RunState::Preparing, RunEvent::Started) => Ok(RunState::Running(Activity::Unknown)),
            (RunState::Running(_), RunEvent::Activity(activity)) => Ok(RunState::Running(activity)),
            (RunState::Queued | RunState::Preparing | RunState::Running(_), RunEvent::Ended(outcome)) => {
                Ok(RunState::Ended(outcome))
            }
            (from, event) => Err(BadRunEvent { from, event }),
        }
    }

    pub fn phase(self) -> RunPhase {
        match self {
            RunState::Queued => RunPhase::Queued,
            RunState::Preparing => RunPhase::Preparing,
            RunState::Running(_) => RunPhase::Running,
            RunState::Ended(_) => RunPhase::Ended,
        }
    }

    pub fn is_live(self) -> bool {
        !matches!(self, RunState::Ended(_))
    }

    pub fn status(self) -> RunStatus {
        match self {
            RunState::Queued => RunStatus::Queued,
            RunState::Preparing => RunStatus::Preparing,
            RunState::Running(Activity::Working) => RunStatus::Working,
            RunState::Running(Activity::Waiting) => RunStatus::Waiting,
            RunState::Running(Activity::Idle) => RunStatus::Idle,
            RunState::Running(Activity::RateLimited) => RunStatus::RateLimited,
            RunState::Running(Activity::Unknown) => RunStatus::Unknown,
            RunState::Ended(Outcome::Succeeded) => RunStatus::Succeeded,
            RunState::Ended(Outcome::Failed(_)) => RunStatus::Failed,
            RunState::Ended(Outcome::Stopped) => RunStatus::Stopped,
            RunState::Ended(Outcome::Lost) => RunStatus::Lost,
        }
    }
}

impl RunStatus {
    pub fn is_live(self) -> bool {
        match self {
            RunStatus::Queued
            | RunStatus::Preparing
            | RunStatus::Working
            | RunStatus::Waiting
            | RunStatus::Idle
            | RunStatus::RateLimited
            | RunStatus::Unknown => true,
            RunStatus::Succeeded | RunStatus::Failed | RunStatus::Stopped | RunStatus::Lost => false,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            RunStatus::Queued => "queued",
            RunStatus::Preparing => "preparing",
            RunStatus::Working => "working",
            RunStatus::Waiting => "waiting",
            RunStatus::Idle => "idle",
            RunStatus::RateLimited => "rate_limited",
            RunStatus::Unknown => "unknown",
            RunStatus::Succeeded => "succeeded",
            RunStatus::Failed => "failed",
            RunStatus::Stopped => "stopped",
            RunStatus::Lost => "lost",
        }
    }
}

impl Activity {
    pub fn word(self) -> &'static str {
        RunState::Running(self).status().word()
    }

    pub fn parse(word: &str) -> Option<Activity> {
        [Activity::Working, Activity::Waiting, Activity::Idle, Activity::RateLimited, Activity::Unknown]
            .into_iter()
            .find(|activity| activity.word() == word)
    }
}

impl Cause {
    pub const ALL: [Cause; 16] = [
        Cause::CouldNotStart,
        Cause::ExitedNonZero,
        Cause::NoCompletionMark,
        Cause::Timeout,
        Cause::Stalled,
        Cause::Lost,
        Cause::UsageLimit,
        Cause::PermissionRefused,
        Cause::GateFailed,
        Cause::ReviewRejected,
        Cause::ProviderTransient,
        Cause::ProviderPermanent,
        Cause::AgentError,
        Cause::SessionGone,
        Cause::Blocked,
        Cause::Budget,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Cause::CouldNotStart => "could_not_start",
            Cause::ExitedNonZero => "exited_non_zero",
            Cause::NoCompletionMark => "no_completion_mark",
            Cause::Timeout => "timeout",
            Cause::Stalled => "stalled",
            Cause::Lost => "lost",
            Cause::UsageLimit => "usage_limit",
            Cause::PermissionRefused => "permission_refused",
            Cause::GateFailed => "gate_failed",
            Cause::ReviewRejected => "review_rejected",
            Cause::ProviderTransient => "provider_transient",
            Cause::ProviderPermanent => "provider_permanent",
            Cause::AgentError => "agent_error",
            Cause::SessionGone => "session_gone",
            Cause::Blocked => "blocked",
            Cause::Budget => "budget",
        }
    }

    /// For sentences: `after {}`.
    pub fn noun(self) -> &'static str {
        match self {
            Cause::CouldNotStart => "a failed start",
            Cause::ExitedNonZero => "an exit with an error",
            Cause::NoCompletionMark => "an end without a result",
            Cause::Timeout => "a timeout",
            Cause::Stalled => "a stall",
            Cause::Lost => "a lost run",
            Cause::UsageLimit => "a usage limit",
            Cause::PermissionRefused => "a refused permission",
            Cause::GateFailed => "a failed check",
            Cause::ReviewRejected => "a rejected review",
            Cause::ProviderTransient => "trouble at the provider",
            Cause::ProviderPermanent => "a refusal by the provider",
            Cause::AgentError => "an error of the agent",
            Cause::SessionGone => "the loss of its session",
            Cause::Blocked => "a blocked run",
            Cause::Budget => "a budget that was used up",
        }
    }

    pub fn parse(word: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|cause| cause.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_state_meets_every_event() {
        use Activity::*;
        let states = [
            RunState::Queued,
            RunState::Preparing,
            RunState::Running(Working),
            RunState::Ended(Outcome::Succeeded),
        ];
        let ended = RunState::Ended(Outcome::Stopped);
        let table: [(RunEvent, [Option<RunState>; 4]); 4] = [
            (RunEvent::Preparing, [Some(RunState::Preparing), None, None, None]),
            (RunEvent::Started, [None, Some(RunState::Running(Unknown)), None, None]),
            (RunEvent::Activity(Idle), [None, None, Some(RunState::Running(Idle)), None]),
            (RunEvent::Ended(Outcome::Stopped), [Some(ended), Some(ended), Some(ended), None]),
        ];
        for (event, row) in table {
            for (from, expected) in states.into_iter().zip(row) {
                assert_eq!(from.apply(event).ok(), expected, "{from:?} on {event:?}");
            }
        }
    }

    #[test]
    fn words_round_trip() {
        for cause in Cause::ALL {
            assert_eq!(Cause::parse(cause.word()), Some(cause));
        }
        for activity in [Activity::Working, Activity::RateLimited, Activity::Unknown] {
            assert_eq!(Activity::parse(activity.word()), Some(activity));
        }
    }

    const ACTIVITIES: [Activity; 5] =
        [Activity::Working, Activity::Waiting, Activity::Idle, Activity::RateLimited, Activity::Unknown];

    fn outcomes() -> Vec<Outcome> {
        let failed = Cause::ALL.into_iter().map(Outcome::Failed);
        [Outcome::Succeeded, Outcome::Stopped, Outcome::Lost].into_iter().chain(failed).collect()
    }

    #[test]
    fn nothing_wakes_an_ended_run() {
        let activities = ACTIVITIES.into_iter().map(RunEvent::Activity);
        let ends = outcomes().into_iter().map(RunEvent::Ended);
        for event in [RunEvent::Preparing, RunEvent::Started].into_iter().chain(activities).chain(ends) {
            for outcome in outcomes() {
                let ended = RunState::Ended(outcome);
                assert_eq!(ended.apply(event), Err(BadRunEvent { from: ended, event }));
            }
        }
    }

    #[test]
    fn a_run_is_live_until_it_has_ended_whichever_way_one_asks() {
        let running = ACTIVITIES.into_iter().map(RunState::Running);
        let ended = outcomes().into_iter().map(RunState::Ended);
        for state in [RunState::Queued, RunState::Preparing].into_iter().chain(running).chain(ended) {
            let over = state.phase() == RunPhase::Ended;
            assert_eq!((state.is_live(), state.status().is_live()), (!over, !over), "{state:?}");
        }
    }

    #[test]
    fn stored_words_are_the_wires_words() {
        for activity in ACTIVITIES {
            assert_eq!(serde_json::to_value(activity).unwrap(), activity.word());
            assert_eq!(serde_json::to_value(RunState::Running(activity).status()).unwrap(), activity.word());
        }
        for outcome in outcomes() {
            let status = RunState::Ended(outcome).status();
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
        for cause in Cause::ALL {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.word());
        }
    }
}
