//! How a run ends, decided without doing: what happened comes in, what is to be done next comes out.
//!
//! The agent's own exit ends the run. Whoever it leaves behind is asked to go, gets a short while, and is then
//! killed round after round until nobody is left. A requested stop is the same with the agent itself asked first
//! and a grace that the caller names.

use std::time::{Duration, Instant};

use crate::records::StopKind;

/// What those that outlive the agent get before they are killed.
pub(super) const ORPHAN_GRACE: Duration = Duration::from_millis(1000);
/// Between two rounds of killing: a process that was being forked in the first is hit in the next.
const KILL_ROUND: Duration = Duration::from_millis(50);
/// After so many rounds whoever is still there cannot be killed (a process stuck in the kernel).
const KILL_ROUNDS: u32 = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing to do before the next event or [`Ending::deadline`].
    Wait,
    AskToLeave {
        also_hang_up: bool,
    },
    Kill,
    /// Over: the tree is gone, or as gone as it will be.
    Finish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    Asked { until: Instant },
    Killing { until: Instant, rounds: u32 },
    Over,
}

#[derive(Debug)]
pub(super) struct Ending {
    stage: Stage,
    pub stop: Option<StopKind>,
}

impl Ending {
    pub fn new() -> Ending {
        Ending { stage: Stage::Running, stop: None }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Running | Stage::Over => None,
            Stage::Asked { until } | Stage::Killing { until, .. } => Some(until),
        }
    }

    pub fn stop_requested(&mut self, grace: Duration, now: Instant) -> Step {
        let until = now + grace;
        match self.stage {
            Stage::Running => {
                self.stop = Some(StopKind::Requested);
                self.stage = Stage::Asked { until };
                Step::AskToLeave { also_hang_up: false }
            }
            // A second request can only be more impatient than the first.
            Stage::Asked { until: before } => {
                self.stage = Stage::Asked { until: until.min(before) };
                Step::Wait
            }
            Stage::Killing { .. } | Stage::Over => Step::Wait,
        }
    }

    pub fn agent_exited(&mut self, now: Instant) -> Step {
        let until = now + ORPHAN_GRACE;
        match self.stage {
            Stage::Running => {
                self.stage = Stage::Asked { until };
                Step::AskToLeave { also_hang_up: true }
            }
            Stage::Asked { until: before } => {
                self.stage = Stage::Asked { until: until.min(before) };
                Step::AskToLeave { also_hang_up: true }
            }
            Stage::Killing { .. } | Stage::Over => Step::Wait,
        }
    }

    pub fn tree_gone(&mut self) -> Step {
        self.stage = Stage::Over;
        Step::Finish
    }

    /// The deadline has passed.
    pub fn time_is_up(&mut self, now: Instant) -> Step {
        let rounds = match self.stage {
            Stage::Running | Stage::Over => return Step::Wait,
            Stage::Asked { .. } => 0,
            Stage::Killing { rounds, .. } => rounds,
        };
        if rounds >= KILL_ROUNDS {
            self.stage = Stage::Over;
            return Step::Finish;
        }
        self.stop = self.stop.map(|_| StopKind::Forced);
        self.stage = Stage::Killing { until: now + KILL_ROUND, rounds: rounds + 1 };
        Step::Kill
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    #[test]
    fn an_agent_that_leaves_alone_needs_no_killing() {
        let mut ending = Ending::new();
        assert_eq!(ending.agent_exited(Instant::now()), Step::AskToLeave { also_hang_up: true });
        assert_eq!(ending.tree_gone(), Step::Finish);
        assert_eq!(ending.stop, None);
    }

    #[test]
    fn a_stop_that_is_obeyed_is_requested_and_not_forced() {
        let (mut ending, now) = (Ending::new(), Instant::now());
        assert_eq!(ending.stop_requested(GRACE, now), Step::AskToLeave { also_hang_up: false });
        assert_eq!(ending.deadline(), Some(now + GRACE));
        ending.agent_exited(now);
        assert_eq!(ending.deadline(), Some(now + ORPHAN_GRACE), "orphans do not get the agent's grace");
        ending.tree_gone();
        assert_eq!(ending.stop, Some(StopKind::Requested));
    }

    #[test]
    fn a_stop_that_is_ignored_is_forced_round_after_round_and_given_up_in_the_end() {
        let (mut ending, now) = (Ending::new(), Instant::now());
        ending.stop_requested(GRACE, now);
        for _ in 0..KILL_ROUNDS {
            assert_eq!(ending.time_is_up(now), Step::Kill);
        }
        assert_eq!(ending.time_is_up(now), Step::Finish);
        assert_eq!(ending.stop, Some(StopKind::Forced));
    }

    #[test]
    fn a_second_stop_may_shorten_the_grace_and_never_lengthen_it() {
        let (mut ending, now) = (Ending::new(), Instant::now());
        ending.stop_requested(GRACE, now);
        assert_eq!(ending.stop_requested(Duration::ZERO, now), Step::Wait);
        assert_eq!(ending.deadline(), Some(now));
        ending.stop_requested(GRACE, now);
        assert_eq!(ending.deadline(), Some(now));
    }

    #[test]
    fn killing_orphans_of_an_agent_that_left_alone_is_no_stop() {
        let (mut ending, now) = (Ending::new(), Instant::now());
        ending.agent_exited(now);
        assert_eq!(ending.time_is_up(now), Step::Kill);
        assert_eq!(ending.stop, None);
        assert_eq!(ending.stop_requested(GRACE, now), Step::Wait);
        assert_eq!(ending.stop, None, "the agent's own exit came first");
    }
}
