//! What a failure means for the task: which budget it spends, whether it is tried again and when.
//! One failure spends only the budget of its own class; a usage limit spends none. Time and chance
//! are arguments, so that a simulated clock can drive every rule.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Cause, Millis};

/// How long to wait before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Backoff {
    Immediate,
    Fixed {
        /// Milliseconds.
        #[specta(type = u32)]
        wait: Millis,
    },
    /// The n-th wait is `first × 2^(n-1)`, at most `cap`, then moved by up to `jitter` of itself
    /// in either direction. Milliseconds; `jitter` from 0 to 1.
    Exponential {
        #[specta(type = u32)]
        first: Millis,
        #[specta(type = u32)]
        cap: Millis,
        jitter: f64,
    },
}

/// What one class of failure is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Type)]
pub struct RetryRule {
    /// Attempts after the first. 0: the first failure ends the task.
    pub max: u32,
    pub backoff: Backoff,
}

/// Rules by class. The task's own come first, then the agent's, then the project's; a class that none of
/// them names takes the built-in rule of [`RetryRule::standard`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(transparent)]
pub struct RetryPolicy(pub BTreeMap<Cause, RetryRule>);

/// Failures so far, one counter for each class. Going back to work after a review or a success
/// does not reset them; replaying a dead letter does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(transparent)]
pub struct Counters(pub BTreeMap<Cause, u32>);

/// What becomes of the task.
#[derive(Clone, Debug, PartialEq)]
pub enum Aftermath {
    /// Ready again, claimable from `at` on.
    Retry { at: Millis },
    /// Ready again once the account may be used; counted as nothing.
    Hold { until: Millis },
    /// Nobody but a person can help: ready, held with the reason.
    AskPerson,
    /// The budget of this class is spent: failed, with this class as its cause.
    GiveUp,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    #[error("a wait cannot be negative or longer than thirty days")]
    Wait,
    #[error("the longest wait cannot be shorter than the first")]
    Cap,
    #[error("jitter is a share between 0 and 1")]
    Jitter,
    #[error("at most 100 attempts more can be allowed")]
    Max,
    #[error(
        "a wait is 0 (at once), seconds (30), or seconds that double from one to another, moved by a share in per cent (10-300~20)"
    )]
    Notation,
}

const MINUTE: Millis = 60_000;
const LONGEST: Millis = 30 * 24 * 60 * MINUTE;
/// How long an account is left alone when the agent did not say when its limit resets.
pub const UNKNOWN_RESET: Millis = 15 * MINUTE;

impl RetryRule {
    /// The rule where nobody set another one: patient with what passes by itself, short with what
    /// costs money each time, none where the same attempt cannot end differently.
    pub fn standard(cause: Cause) -> RetryRule {
        let exponential =
            |max, first, cap| RetryRule { max, backoff: Backoff::Exponential { first, cap, jitter: 0.2 } };
        match cause {
            Cause::CouldNotStart => exponential(4, 5_000, 5 * MINUTE),
            Cause::ProviderTransient => exponential(8, 30_000, 30 * MINUTE),
            // Five requeues in all, then failed. Without its session an agent begins a new one.
            Cause::Lost | Cause::SessionGone => RetryRule { max: 5, backoff: Backoff::Immediate },
            Cause::Timeout | Cause::Stalled | Cause::NoCompletionMark => exponential(1, MINUTE, MINUTE),
            Cause::ExitedNonZero | Cause::AgentError => exponential(2, 10_000, 5 * MINUTE),
            // The third rejection ends the task.
            Cause::GateFailed | Cause::ReviewRejected => RetryRule { max: 2, backoff: Backoff::Immediate },
            Cause::UsageLimit
            | Cause::PermissionRefused
            | Cause::ProviderPermanent
            | Cause::Blocked
            | Cause::Budget => RetryRule { max: 0, backoff: Backoff::Immediate },
        }
    }

    pub fn check(&self) -> Result<(), BadRule> {
        if self.max > 100 {
            return Err(BadRule::Max);
        }
        let allowed = 0..=LONGEST;
        match self.backoff {
            Backoff::Immediate => Ok(()),
            Backoff::Fixed { wait } if allowed.contains(&wait) => Ok(()),
            Backoff::Fixed { .. } => Err(BadRule::Wait),
            Backoff::Exponential { first, cap, .. }
                if !allowed.contains(&first) || !allowed.contains(&cap) =>
            {
                Err(BadRule::Wait)
            }
            Backoff::Exponential { first, cap, .. } if cap < first => Err(BadRule::Cap),
            Backoff::Exponential { jitter, .. } if !(0.0..=1.0).contains(&jitter) => Err(BadRule::Jitter),
            Backoff::Exponential { .. } => Ok(()),
        }
    }
}

impl Backoff {
    /// The wait before attempt `nth` more (from 1). `roll` is chance, from 0 to 1.
    pub fn wait(self, nth: u32, roll: f64) -> Millis {
        match self {
            Backoff::Immediate => 0,
            Backoff::Fixed { wait } => wait,
            Backoff::Exponential { first, cap, jitter } => {
                let doublings = nth.saturating_sub(1).min(40);
                let wait = first.saturating_mul(1 << doublings).min(cap);
                let moved = wait as f64 * (1.0 + jitter * (2.0 * roll.clamp(0.0, 1.0) - 1.0));
                (moved.round() as Millis).max(0)
            }
        }
    }
}

/// Failures that another attempt may mend.
pub const MENDABLE: [Cause; 6] = [
    Cause::ExitedNonZero,
    Cause::NoCompletionMark,
    Cause::Timeout,
    Cause::Stalled,
    Cause::AgentError,
    Cause::CouldNotStart,
];

/// What people type: `0` is at once, `30` so many seconds each time, `10-300~20` seconds that double from the
/// first to the second and are moved by up to 20 % of themselves (also where no share is given).
impl FromStr for Backoff {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Backoff, BadRule> {
        let number = |part: &str| part.trim().parse::<u32>().map_err(|_| BadRule::Notation);
        let millis = |part: &str| number(part).map(|seconds| Millis::from(seconds) * 1_000);
        let (waits, share) = match text.split_once('~') {
            Some((waits, share)) => (waits, Some(number(share)?)),
            None => (text, None),
        };
        match (waits.split_once('-'), share) {
            (Some((first, cap)), share) => Ok(Backoff::Exponential {
                first: millis(first)?,
                cap: millis(cap)?,
                jitter: f64::from(share.unwrap_or(20)) / 100.0,
            }),
            (None, Some(_)) => Err(BadRule::Notation),
            (None, None) => match millis(waits)? {
                0 => Ok(Backoff::Immediate),
                wait => Ok(Backoff::Fixed { wait }),
            },
        }
    }
}

impl RetryPolicy {
    /// So many attempts after the first for each of [`MENDABLE`], with such waits; what is none is as built in.
    pub fn of(max: Option<u32>, wait: Option<Backoff>) -> RetryPolicy {
        let rule = |cause| {
            let usual = RetryRule::standard(cause);
            let rule = RetryRule { max: max.unwrap_or(usual.max), backoff: wait.unwrap_or(usual.backoff) };
            (cause, rule)
        };
        RetryPolicy(MENDABLE.into_iter().map(rule).collect())
    }

    pub fn check(&self) -> Result<(), BadRule> {
        self.0.values().try_for_each(RetryRule::check)
    }

    /// The rule for `cause`, from the first policy that has one.
    pub fn rule(layers: &[&RetryPolicy], cause: Cause) -> RetryRule {
        layers
            .iter()
            .find_map(|policy| policy.0.get(&cause).copied())
            .unwrap_or_else(|| RetryRule::standard(cause))
    }
}

impl Counters {
    pub fn of(&self, cause: Cause) -> u32 {
        self.0.get(&cause).copied().unwrap_or(0)
    }

    fn raise(&mut self, cause: Cause) -> u32 {
        let counter = self.0.entry(cause).or_default();
        *counter = counter.saturating_add(1);
        *counter
    }
}

/// Counts the failure and says what follows. `reset_at` is when the account's limit ends, where the
/// agent said so.
pub fn after_failure(
    counters: &Counters,
    cause: Cause,
    rule: RetryRule,
    reset_at: Option<Millis>,
    now: Millis,
    roll: f64,
) -> (Counters, Aftermath) {
    let mut next = counters.clone();
    match cause {
        Cause::UsageLimit => {
            let until = reset_at.filter(|at| *at > now).unwrap_or(now + UNKNOWN_RESET);
            return (next, Aftermath::Hold { until });
        }
        Cause::PermissionRefused | Cause::Blocked | Cause::Budget => {
            next.raise(cause);
            return (next, Aftermath::AskPerson);
        }
        Cause::CouldNotStart
        | Cause::ExitedNonZero
        | Cause::NoCompletionMark
        | Cause::Timeout
        | Cause::Stalled
        | Cause::Lost
        | Cause::GateFailed
        | Cause::ReviewRejected
        | Cause::ProviderTransient
        | Cause::ProviderPermanent
        | Cause::AgentError
        | Cause::SessionGone => {}
    }
    let failures = next.raise(cause);
    if failures > rule.max {
        return (next, Aftermath::GiveUp);
    }
    (next, Aftermath::Retry { at: now + rule.backoff.wait(failures, roll) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fail(counters: &Counters, cause: Cause) -> (Counters, Aftermath) {
        after_failure(counters, cause, RetryRule::standard(cause), None, 1_000, 0.5)
    }

    #[test]
    fn two_failed_starts_and_a_rejection_are_not_three_rejections() {
        let (counters, _) = fail(&Counters::default(), Cause::CouldNotStart);
        let (counters, _) = fail(&counters, Cause::CouldNotStart);
        let (counters, aftermath) = fail(&counters, Cause::ReviewRejected);
        assert_eq!(counters.of(Cause::CouldNotStart), 2);
        assert_eq!(counters.of(Cause::ReviewRejected), 1);
        assert_eq!(aftermath, Aftermath::Retry { at: 1_000 });
    }

    #[test]
    fn the_third_rejection_ends_the_task() {
        let mut counters = Counters::default();
        let mut last = Aftermath::AskPerson;
        for _ in 0..3 {
            (counters, last) = fail(&counters, Cause::ReviewRejected);
        }
        assert_eq!(last, Aftermath::GiveUp);
        assert_eq!(counters.of(Cause::ReviewRejected), 3);
    }

    #[test]
    fn a_lost_task_is_requeued_five_times() {
        let mut counters = Counters::default();
        for _ in 0..5 {
            let aftermath;
            (counters, aftermath) = fail(&counters, Cause::Lost);
            assert_eq!(aftermath, Aftermath::Retry { at: 1_000 });
        }
        assert_eq!(fail(&counters, Cause::Lost).1, Aftermath::GiveUp);
    }

    #[test]
    fn a_usage_limit_waits_for_its_reset_and_counts_as_nothing() {
        let rule = RetryRule::standard(Cause::UsageLimit);
        let none = Counters::default();
        let held = |reset| after_failure(&none, Cause::UsageLimit, rule, reset, 1_000, 0.0);
        assert_eq!(held(Some(9_000)), (none.clone(), Aftermath::Hold { until: 9_000 }));
        assert_eq!(held(None), (none.clone(), Aftermath::Hold { until: 1_000 + UNKNOWN_RESET }));
        assert_eq!(held(Some(500)).1, Aftermath::Hold { until: 1_000 + UNKNOWN_RESET });
    }

    #[test]
    fn what_only_a_person_can_mend_is_not_tried_again() {
        for cause in [Cause::PermissionRefused, Cause::Blocked, Cause::Budget] {
            assert_eq!(fail(&Counters::default(), cause).1, Aftermath::AskPerson);
        }
    }

    #[test]
    fn the_nearest_policy_that_has_a_rule_is_the_one_that_counts() {
        let rule = |max| RetryRule { max, backoff: Backoff::Immediate };
        let with = |max| RetryPolicy([(Cause::Timeout, rule(max))].into());
        let (task, agent, project) = (with(7), with(5), with(3));
        let empty = RetryPolicy::default();
        assert_eq!(RetryPolicy::rule(&[&task, &agent, &project], Cause::Timeout).max, 7);
        assert_eq!(RetryPolicy::rule(&[&empty, &agent, &project], Cause::Timeout).max, 5);
        assert_eq!(RetryPolicy::rule(&[&empty, &empty, &project], Cause::Timeout).max, 3);
        assert_eq!(RetryPolicy::rule(&[&task, &agent], Cause::Lost), RetryRule::standard(Cause::Lost));
        assert_eq!(RetryPolicy::rule(&[&empty], Cause::Timeout), RetryRule::standard(Cause::Timeout));
    }

    #[test]
    fn a_wait_is_read_as_people_type_it() {
        let exponential = |first, cap, jitter| Backoff::Exponential { first, cap, jitter };
        for (text, expected) in [
            ("0", Ok(Backoff::Immediate)),
            (" 30 ", Ok(Backoff::Fixed { wait: 30_000 })),
            ("10-300", Ok(exponential(10_000, 300_000, 0.2))),
            ("10 - 300 ~ 5", Ok(exponential(10_000, 300_000, 0.05))),
            ("10-300~0", Ok(exponential(10_000, 300_000, 0.0))),
            ("", Err(BadRule::Notation)),
            ("soon", Err(BadRule::Notation)),
            ("-1", Err(BadRule::Notation)),
            ("1.5", Err(BadRule::Notation)),
            ("30~20", Err(BadRule::Notation)),
            ("10-", Err(BadRule::Notation)),
            ("10-300~", Err(BadRule::Notation)),
            ("10-300-900", Err(BadRule::Notation)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }

    #[test]
    fn attempts_and_waits_are_set_apart() {
        let fixed = Backoff::Fixed { wait: 5 };
        let of = |max, wait| RetryPolicy::of(max, wait).0[&Cause::Timeout];
        let usual = RetryRule::standard(Cause::Timeout);
        assert_eq!(of(Some(7), None), RetryRule { max: 7, ..usual });
        assert_eq!(of(None, Some(fixed)), RetryRule { backoff: fixed, ..usual });
        assert!(!RetryPolicy::of(Some(7), Some(fixed)).0.contains_key(&Cause::ReviewRejected));
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let rule = |backoff| RetryRule { max: 1, backoff }.check();
        let exponential = |first, cap, jitter| rule(Backoff::Exponential { first, cap, jitter });
        assert_eq!(rule(Backoff::Fixed { wait: -1 }), Err(BadRule::Wait));
        assert_eq!(exponential(10, 5, 0.0), Err(BadRule::Cap));
        assert_eq!(exponential(1, 5, 1.5), Err(BadRule::Jitter));
        assert_eq!(exponential(1, 5, f64::NAN), Err(BadRule::Jitter));
        assert_eq!(RetryRule { max: 101, backoff: Backoff::Immediate }.check(), Err(BadRule::Max));
    }

    proptest! {
        #[test]
        fn every_standard_rule_is_allowed_and_ends(at in 0..Cause::ALL.len(), roll in 0.0..=1.0) {
            let cause = Cause::ALL[at];
            let rule = RetryRule::standard(cause);
            prop_assert_eq!(rule.check(), Ok(()));
            let mut counters = Counters::default();
            for _ in 0..=rule.max {
                let (next, aftermath) = after_failure(&counters, cause, rule, None, 0, roll);
                if let Aftermath::Retry { at } = aftermath { prop_assert!(at >= 0); }
                counters = next;
            }
            let over = after_failure(&counters, cause, rule, None, 0, roll).1;
            prop_assert!(!matches!(over, Aftermath::Retry { .. }), "{:?} after {:?}", over, counters);
        }

        #[test]
        fn waits_grow_to_the_cap_and_jitter_keeps_them_near(
            first in 1_i64..100_000, factor in 1_i64..1_000, jitter in 0.0..=1.0, roll in 0.0..=1.0,
        ) {
            let cap = first * factor;
            let plain = Backoff::Exponential { first, cap, jitter: 0.0 };
            let moved = Backoff::Exponential { first, cap, jitter };
            let mut before = 0;
            for nth in 1..=60 {
                let wait = plain.wait(nth, roll);
                prop_assert!(wait >= before && wait <= cap);
                before = wait;
                let off = (moved.wait(nth, roll) - wait).abs() as f64;
                prop_assert!(off <= wait as f64 * jitter + 1.0);
            }
            prop_assert_eq!(before, cap);
        }
    }
}
