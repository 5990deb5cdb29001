//! The circuit breaker of an agent or a provider account: after some failures in a row it receives
//! no work; after a while one run probes whether it works again.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Cause, Millis, RunId};

/// When it opens and how long it stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct BreakerRule {
    /// Failures in a row that open it.
    pub threshold: u32,
    /// Milliseconds until the first probe; doubles with every failed probe.
    #[specta(type = u32)]
    pub cool_down: Millis,
    /// Milliseconds; no cool-down is longer.
    #[specta(type = u32)]
    pub longest: Millis,
}

impl Default for BreakerRule {
    fn default() -> Self {
        BreakerRule { threshold: 3, cool_down: 60_000, longest: 60 * 60_000 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBreaker {
    #[error("a breaker opens after 1 to 100 failures in a row")]
    Threshold,
    #[error("a breaker stays open for 1 second to 30 days, and at first no longer than at last")]
    CoolDown,
}

impl BreakerRule {
    pub fn check(&self) -> Result<(), BadBreaker> {
        const THIRTY_DAYS: Millis = 30 * 24 * 60 * 60 * 1_000;
        if !(1..=100).contains(&self.threshold) {
            return Err(BadBreaker::Threshold);
        }
        let fits = (1_000..=THIRTY_DAYS).contains(&self.cool_down)
            && (self.cool_down..=THIRTY_DAYS).contains(&self.longest);
        if fits { Ok(()) } else { Err(BadBreaker::CoolDown) }
    }
}

/// What is stored. Closed when `probe_at` is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row, while closed.
    pub failures: u32,
    /// Open: from when on one run may probe.
    pub probe_at: Option<Millis>,
    /// The cool-down that led to `probe_at`, milliseconds.
    pub cool_down: Millis,
    /// Half-open: the run that probes.
    pub probe: Option<RunId>,
}

/// Whether a run may start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Closed,
    /// One run may go through, as the probe.
    Probe,
    Open {
        probe_at: Millis,
    },
    /// A probe is at work; its end decides.
    Probing {
        run: RunId,
    },
}

/// Whether a failure speaks against the agent and not against the task or the person.
pub fn speaks_against_the_agent(cause: Cause) -> bool {
    match cause {
        Cause::CouldNotStart
        | Cause::ExitedNonZero
        | Cause::NoCompletionMark
        | Cause::Stalled
        | Cause::ProviderTransient
        | Cause::ProviderPermanent
        | Cause::AgentError => true,
        Cause::Timeout
        | Cause::Lost
        | Cause::UsageLimit
        | Cause::PermissionRefused
        | Cause::SessionGone
        | Cause::GateFailed
        | Cause::ReviewRejected
        | Cause::Blocked
        | Cause::Budget => false,
    }
}

impl Breaker {
    pub fn gate(&self, now: Millis) -> Gate {
        match (self.probe, self.probe_at) {
            (Some(run), _) => Gate::Probing { run },
            (None, None) => Gate::Closed,
            (None, Some(at)) if now >= at => Gate::Probe,
            (None, Some(probe_at)) => Gate::Open { probe_at },
        }
    }

    /// A run starts. It is the probe if the breaker waits for one.
    pub fn started(self, run: RunId, now: Millis) -> Breaker {
        match self.gate(now) {
            Gate::Probe => Breaker { probe: Some(run), ..self },
            Gate::Closed | Gate::Open { .. } | Gate::Probing { .. } => self,
        }
    }

    /// A run that succeeded closes it: whoever does work, works.
    pub fn succeeded(self) -> Breaker {
        Breaker::default()
    }

    pub fn failed(self, run: RunId, cause: Cause, rule: BreakerRule, now: Millis) -> Breaker {
        if !speaks_against_the_agent(cause) {
            return self.ended_without_a_word(run);
        }
        match (self.probe_at, self.probe) {
            (Some(_), Some(probe)) if probe == run => {
                let cool_down = self.cool_down.saturating_mul(2).clamp(rule.cool_down, rule.longest.max(1));
                Breaker { probe: None, probe_at: Some(now + cool_down), cool_down, ..self }
            }
            // Started before it opened: the verdict is known already.
            (Some(_), _) => self,
            (None, _) => {
                let failures = self.failures.saturating_add(1);
                let opens = failures >= rule.threshold.max(1);
                Breaker {
                    failures,
                    probe_at: opens.then_some(now + rule.cool_down),
                    cool_down: if opens { rule.cool_down } else { 0 },
                    probe: None,
                }
            }
        }
    }

    /// A run that was stopped, or failed for a reason of its own, says nothing. A probe that says
    /// nothing lets the next one try.
    pub fn ended_without_a_word(self, run: RunId) -> Breaker {
        if self.probe == Some(run) { Breaker { probe: None, ..self } } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULE: BreakerRule = BreakerRule { threshold: 3, cool_down: 100, longest: 350 };

    fn opened() -> Breaker {
        (1..=3).fold(Breaker::default(), |breaker, run| {
            breaker.failed(RunId(run), Cause::CouldNotStart, RULE, 1_000)
        })
    }

    #[test]
    fn it_opens_after_the_threshold_and_lets_one_probe_through() {
        let breaker = opened();
        assert_eq!(breaker.gate(1_099), Gate::Open { probe_at: 1_100 });
        assert_eq!(breaker.gate(1_100), Gate::Probe);
        let probing = breaker.started(RunId(9), 1_100);
        assert_eq!(probing.gate(1_200), Gate::Probing { run: RunId(9) });
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let rule = BreakerRule::default();
        assert_eq!(rule.check(), Ok(()));
        assert_eq!(BreakerRule { threshold: 0, ..rule }.check(), Err(BadBreaker::Threshold));
        assert_eq!(BreakerRule { cool_down: 999, ..rule }.check(), Err(BadBreaker::CoolDown));
        assert_eq!(BreakerRule { longest: 59_999, ..rule }.check(), Err(BadBreaker::CoolDown));
    }

    #[test]
    fn a_probe_that_succeeds_closes_it() {
        let probing = opened().started(RunId(9), 1_100);
        assert_eq!(probing.succeeded().gate(1_101), Gate::Closed);
    }

    #[test]
    fn each_failed_probe_doubles_the_wait_up_to_the_longest() {
        let mut breaker = opened();
        let mut waits = Vec::new();
        for run in 10..14 {
            let now = breaker.probe_at.unwrap();
            breaker =
                breaker.started(RunId(run), now).failed(RunId(run), Cause::ProviderTransient, RULE, now);
            waits.push(breaker.probe_at.unwrap() - now);
        }
        assert_eq!(waits, [200, 350, 350, 350]);
    }

    #[test]
    fn a_run_from_before_it_opened_moves_nothing() {
        let breaker = opened();
        assert_eq!(breaker.failed(RunId(2), Cause::AgentError, RULE, 5_000), breaker);
    }

    #[test]
    fn a_probe_that_was_stopped_lets_the_next_one_try() {
        let probing = opened().started(RunId(9), 1_100);
        let stopped = probing.ended_without_a_word(RunId(9));
        assert_eq!(stopped.gate(1_100), Gate::Probe);
        assert_eq!(probing.ended_without_a_word(RunId(8)), probing);
    }

    #[test]
    fn the_tasks_own_failures_do_not_count() {
        let mut breaker = Breaker::default();
        for run in 0..20 {
            breaker = breaker.failed(RunId(run), Cause::ReviewRejected, RULE, 0);
        }
        assert_eq!(breaker, Breaker::default());
    }

    proptest! {
        #[test]
        fn whatever_happens_it_lets_a_probe_through_in_the_end(
            steps in prop::collection::vec((0..4, 0..Cause::ALL.len(), 0..500_i64), 0..60),
        ) {
            let (mut breaker, mut now) = (Breaker::default(), 0);
            for (at, (what, cause, passes)) in steps.into_iter().enumerate() {
                now += passes;
                let run = RunId(at as i64);
                breaker = match what {
                    0 => breaker.started(run, now),
                    1 => breaker.succeeded(),
                    2 => breaker.failed(breaker.probe.unwrap_or(run), Cause::ALL[cause], RULE, now),
                    _ => breaker.ended_without_a_word(breaker.probe.unwrap_or(run)),
                };
            }
            let free = breaker.probe.map_or(breaker, |probe| breaker.ended_without_a_word(probe));
            let later = free.gate(now + RULE.longest);
            prop_assert!(matches!(later, Gate::Closed | Gate::Probe), "{later:?}");
        }
    }
}
