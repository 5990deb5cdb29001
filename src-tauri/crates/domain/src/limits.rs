//! When a run is ended from outside, by its stage: preparing, at work, silent, reviewing. Values in,
//! values out; the engine watches the clock and ends the processes.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Cause, Millis};

/// Seconds; none: never, or as the board has it where this is a project's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct RunLimits {
    /// The setup command of a new workspace. None: a quarter of an hour.
    pub setup: Option<u32>,
    /// From the start of the agent to its end.
    pub longest: Option<u32>,
    /// Without a byte of output, whatever it is doing; also while it waits for an answer.
    pub idle: Option<u32>,
    /// Without a byte of output while it works unattended: twice this time is a stall.
    pub expected_quiet: Option<u32>,
    /// A review by an agent. Checks have a limit of their own.
    pub review: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time limit is between 1 second and 10,080 minutes (a week); leave it empty for none")]
pub struct BadLimit;

/// A week.
const MOST: u32 = 7 * 24 * 60 * 60;

/// A run as its limits see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    pub started: Millis,
    /// When it last wrote anything.
    pub heard: Millis,
    /// It works alone, and is not known to wait for anything.
    pub at_work: bool,
    pub stage: Stage,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Stage {
    #[default]
    Work,
    /// An agent judges.
    Review,
    /// A command judges; seconds that it may take.
    Check { timeout: u32 },
}

/// The end of a run's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: Millis,
    pub cause: Cause,
    /// For people, without a full stop.
    pub why: String,
}

impl RunLimits {
    pub fn check(&self) -> Result<(), BadLimit> {
        let all = [self.setup, self.longest, self.idle, self.expected_quiet, self.review];
        let fits = |limit: u32| (1..=MOST).contains(&limit);
        if all.into_iter().flatten().all(fits) { Ok(()) } else { Err(BadLimit) }
    }

    /// What a project says, laid over what the board says.
    pub fn over(self, board: RunLimits) -> RunLimits {
        RunLimits {
            setup: self.setup.or(board.setup),
            longest: self.longest.or(board.longest),
            idle: self.idle.or(board.idle),
            expected_quiet: self.expected_quiet.or(board.expected_quiet),
            review: self.review.or(board.review),
        }
    }

    /// The limit that such a run reaches first, if it goes on so.
    pub fn next(&self, run: Watched) -> Option<Due> {
        let due = |from: Millis, seconds: u32, cause, why: String| Due {
            at: from + Millis::from(seconds) * 1_000,
            cause,
            why,
        };
        let whole = self.longest.map(|most| {
            due(run.started, most, Cause::Timeout, format!("it ran longer than {}", length(most)))
        });
        let stage = match run.stage {
            Stage::Work => None,
            Stage::Review => self.review,
            Stage::Check { timeout } => Some(timeout),
        };
        let stage = stage.map(|most| {
            let what = if run.stage == Stage::Review { "the review" } else { "the check" };
            due(run.started, most, Cause::Timeout, format!("{what} took longer than {}", length(most)))
        });
        let silent = self.idle.map(|most| {
            due(run.heard, most, Cause::Timeout, format!("it wrote nothing for {}", length(most)))
        });
        let stalled = self.expected_quiet.filter(|_| run.at_work).map(|quiet| {
            let twice = quiet.saturating_mul(2);
            let why = format!("it should have been working and wrote nothing for {}", length(twice));
            due(run.heard, twice, Cause::Stalled, why)
        });
        [stage, whole, silent, stalled].into_iter().flatten().min_by_key(|due| due.at)
    }
}

/// `45 s`, `30 min`
fn length(seconds: u32) -> String {
    if seconds >= 60 && seconds.is_multiple_of(60) {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RUN: Watched = Watched { started: 0, heard: 50_000, at_work: true, stage: Stage::Work };

    #[test]
    fn each_stage_has_its_own_limit() {
        let none = RunLimits::default();
        let reviewed = Watched { stage: Stage::Review, at_work: false, ..RUN };
        let checked = Watched { stage: Stage::Check { timeout: 9 }, ..RUN };
        let waiting = Watched { at_work: false, ..RUN };
        let table = [
            (none, RUN, None),
            (RunLimits { longest: Some(1_800), ..none }, RUN, Some((1_800_000, "it ran longer than 30 min"))),
            (RunLimits { idle: Some(45), ..none }, waiting, Some((95_000, "it wrote nothing for 45 s"))),
            (RunLimits { review: Some(60), ..none }, RUN, None),
            (
                RunLimits { review: Some(60), ..none },
                reviewed,
                Some((60_000, "the review took longer than 1 min")),
            ),
            (none, checked, Some((9_000, "the check took longer than 9 s"))),
            (RunLimits { setup: Some(60), ..none }, RUN, None),
            (RunLimits { expected_quiet: Some(60), ..none }, waiting, None),
        ];
        for (limits, run, expected) in table {
            let due = limits.next(run);
            let told = due.as_ref().map(|due| (due.at, due.why.as_str()));
            assert_eq!(told, expected, "{limits:?} of {run:?}");
            assert!(due.is_none_or(|due| due.cause == Cause::Timeout));
        }
        let stalled = RunLimits { expected_quiet: Some(60), ..none }.next(RUN).unwrap();
        assert_eq!((stalled.at, stalled.cause), (170_000, Cause::Stalled));
    }

    #[test]
    fn a_project_overrides_the_board_limit_by_limit() {
        let board = RunLimits { longest: Some(60), idle: Some(30), ..RunLimits::default() };
        let project = RunLimits { longest: Some(600), setup: Some(5), ..RunLimits::default() };
        let both = RunLimits { longest: Some(600), idle: Some(30), setup: Some(5), ..RunLimits::default() };
        assert_eq!(project.over(board), both);
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(RunLimits::default().check(), Ok(()));
        assert_eq!(RunLimits { idle: Some(0), ..RunLimits::default() }.check(), Err(BadLimit));
        assert_eq!(RunLimits { setup: Some(604_801), ..RunLimits::default() }.check(), Err(BadLimit));
    }

    fn limit() -> impl Strategy<Value = Option<u32>> {
        prop::option::of(1_u32..1_000)
    }

    proptest! {
        /// What is told is the earliest of all that apply: no other limit alone would come sooner.
        #[test]
        fn no_limit_is_passed_by(
            longest in limit(), idle in limit(), expected_quiet in limit(), review in limit(),
            started in 0_i64..1_000, heard in 0_i64..1_000_000, at_work: bool, reviewing: bool,
        ) {
            let stage = if reviewing { Stage::Review } else { Stage::Work };
            let run = Watched { started, heard: started + heard, at_work, stage };
            let all = RunLimits { setup: None, longest, idle, expected_quiet, review };
            let none = RunLimits::default();
            let alone = [
                RunLimits { longest, ..none }, RunLimits { idle, ..none },
                RunLimits { expected_quiet, ..none }, RunLimits { review, ..none },
            ];
            let soonest = alone.iter().filter_map(|one| one.next(run)).map(|due| due.at).min();
            prop_assert_eq!(all.next(run).map(|due| due.at), soonest);
        }
    }
}
