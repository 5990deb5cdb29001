//! When a person is called to a card that keeps failing, or to a workflow (cards that dependencies join)
//! that does, and what else happens then. Values in, values out; who tells the person is not known here.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Cause, Millis};

/// For one project. What is left out is as [`Escalation::default`] has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct Escalation {
    /// Failures of one card, of whatever class, since a person last took it up. None: never.
    pub failures: Option<u32>,
    /// Minutes from the first of these failures, unless the work has succeeded by then. None: never.
    pub minutes: Option<u32>,
    /// The card is the person's from then on: no agent tries it again until they queue it.
    pub hand_over: bool,
    /// Nothing more starts in the project by itself.
    pub pause: bool,
    /// Failures in all cards of one workflow: they stop it. None: never.
    pub workflow: Option<u32>,
}

impl Default for Escalation {
    fn default() -> Self {
        Escalation {
            failures: Some(3),
            minutes: Some(24 * 60),
            hand_over: false,
            pause: false,
            workflow: Some(3),
        }
    }
}

/// What a card has been through since a person last took it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strikes {
    pub count: u32,
    /// The first of them, unless the work has succeeded since.
    pub since: Option<Millis>,
}

/// Why a person is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Failures {
        count: u32,
        last: Cause,
    },
    /// Milliseconds.
    Time {
        length: Millis,
    },
    /// The workflow was stopped.
    Workflow(Tally),
}

/// How the cards of a workflow stand. Cancelled ones do not count: their branch was not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub cards: u32,
    pub done: u32,
    pub failed: u32,
    /// Strikes of all its cards.
    pub failures: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEscalation {
    #[error("a person is called after 1 to 100 failures; leave it empty for never")]
    Failures,
    #[error("a person is called after 1 to 43,200 minutes (thirty days); leave it empty for never")]
    Minutes,
}

const MINUTE: Millis = 60_000;

impl Escalation {
    pub fn check(&self) -> Result<(), BadEscalation> {
        let counts = [self.failures, self.workflow];
        if counts.into_iter().flatten().any(|count| !(1..=100).contains(&count)) {
            return Err(BadEscalation::Failures);
        }
        match self.minutes {
            Some(minutes) if !(1..=43_200).contains(&minutes) => Err(BadEscalation::Minutes),
            Some(_) | None => Ok(()),
        }
    }

    /// What follows from a failure of this class for the card itself.
    pub fn after_failure(&self, strikes: Strikes, last: Cause, now: Millis) -> Option<Call> {
        match self.failures {
            Some(most) if strikes.count >= most => Some(Call::Failures { count: strikes.count, last }),
            Some(_) | None => self.after_time(strikes, now),
        }
    }

    pub fn after_time(&self, strikes: Strikes, now: Millis) -> Option<Call> {
        let since = strikes.since?;
        (self.due_at(since)? <= now).then_some(Call::Time { length: now - since })
    }

    /// When a card that fails `since` then is due, if it goes on so.
    pub fn due_at(&self, since: Millis) -> Option<Millis> {
        self.minutes.map(|minutes| since + Millis::from(minutes) * MINUTE)
    }

    /// Whether so many failures stop the workflow. A card that nothing is joined to is none.
    pub fn stops(&self, tally: Tally) -> bool {
        tally.cards > 1 && self.workflow.is_some_and(|most| tally.failures >= most)
    }
}

impl Strikes {
    /// A usage limit is nobody's failure, and neither is a session that is gone.
    pub fn struck(self, cause: Cause, now: Millis) -> Strikes {
        if matches!(cause, Cause::UsageLimit | Cause::SessionGone) {
            return self;
        }
        Strikes { count: self.count.saturating_add(1), since: self.since.or(Some(now)) }
    }
}

impl Tally {
    /// `4 of 7 cards are done`
    pub fn progress(&self) -> String {
        let are = if self.done == 1 { "is" } else { "are" };
        format!("{} of {} cards {are} done", self.done, self.cards)
    }
}

impl Call {
    /// Continues `T-12 needs you: `, without a full stop.
    pub fn phrase(&self) -> String {
        match self {
            Call::Failures { count: 1, last } => format!("it failed: {}", last.noun()),
            Call::Failures { count, last } => {
                format!("it has failed {count} times, the last time after {}", last.noun())
            }
            Call::Time { length } => format!("it has been failing for {}", span(*length)),
            Call::Workflow(tally) => {
                let failures = if tally.failures == 1 { "a failure" } else { "failures" };
                let count = if tally.failures == 1 { String::new() } else { format!("{} ", tally.failures) };
                format!("its workflow was stopped after {count}{failures}; {}", tally.progress())
            }
        }
    }
}

/// `50 min`, `3 h`, `2 days`
fn span(length: Millis) -> String {
    match length / MINUTE {
        minutes @ ..120 => format!("{minutes} min"),
        minutes @ 120..2_880 => format!("{} h", minutes / 60),
        minutes => format!("{} days", minutes / 1_440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULE: Escalation = Escalation {
        failures: Some(3),
        minutes: Some(10),
        hand_over: false,
        pause: false,
        workflow: Some(3),
    };

    fn after(failures: u32) -> Strikes {
        (0..failures).fold(Strikes::default(), |strikes, nth| strikes.struck(Cause::Timeout, nth.into()))
    }

    #[test]
    fn a_person_is_called_after_so_many_failures_whatever_their_class() {
        assert_eq!(RULE.after_failure(after(2), Cause::Lost, 5), None);
        let call = RULE.after_failure(after(3), Cause::Lost, 5).unwrap();
        assert_eq!(call.phrase(), "it has failed 3 times, the last time after a lost run");
    }

    #[test]
    fn a_person_is_called_when_it_takes_too_long_to_succeed() {
        let strikes = after(1);
        assert_eq!(RULE.after_time(strikes, 10 * MINUTE - 1), None);
        let call = RULE.after_time(strikes, 10 * MINUTE).unwrap();
        assert_eq!(call.phrase(), "it has been failing for 10 min");
        assert_eq!(RULE.after_time(Strikes::default(), Millis::MAX), None, "nothing has failed");
    }

    #[test]
    fn a_usage_limit_is_no_failure() {
        assert_eq!(after(2).struck(Cause::UsageLimit, 9), after(2));
    }

    #[test]
    fn nothing_calls_where_a_project_wants_none() {
        let never = Escalation { failures: None, minutes: None, workflow: None, ..RULE };
        assert_eq!(never.after_failure(after(99), Cause::Lost, Millis::MAX / 2), None);
        assert!(!never.stops(Tally { cards: 9, failures: 99, ..Tally::default() }));
    }

    #[test]
    fn three_failures_stop_a_workflow_and_not_a_lone_card() {
        let tally = Tally { cards: 7, done: 4, failed: 1, failures: 3 };
        assert!(RULE.stops(tally));
        assert!(!RULE.stops(Tally { failures: 2, ..tally }));
        assert!(!RULE.stops(Tally { cards: 1, ..tally }));
        let phrase = Call::Workflow(tally).phrase();
        assert_eq!(phrase, "its workflow was stopped after 3 failures; 4 of 7 cards are done");
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Escalation::default().check(), Ok(()));
        assert_eq!(Escalation { failures: Some(0), ..RULE }.check(), Err(BadEscalation::Failures));
        assert_eq!(Escalation { workflow: Some(101), ..RULE }.check(), Err(BadEscalation::Failures));
        assert_eq!(Escalation { minutes: Some(0), ..RULE }.check(), Err(BadEscalation::Minutes));
    }

    #[test]
    fn a_project_that_says_nothing_has_the_usual_rule() {
        assert_eq!(serde_json::from_str::<Escalation>("{}").unwrap(), Escalation::default());
        let never = serde_json::from_str::<Escalation>(r#"{"failures": null}"#).unwrap();
        assert_eq!((never.failures, never.workflow), (None, Some(3)));
    }

    proptest! {
        /// Whoever is called stays called: neither more failures nor more time take it back.
        #[test]
        fn more_trouble_never_calls_it_off(
            failures in prop::option::of(1_u32..9), minutes in prop::option::of(1_u32..90),
            strikes in 0_u32..12, passed in 0_i64..100 * MINUTE, more in 0_u32..5, later in 0_i64..100 * MINUTE,
        ) {
            let rule = Escalation { failures, minutes, ..RULE };
            let now = Millis::from(strikes) + passed;
            if rule.after_failure(after(strikes), Cause::Timeout, now).is_some() {
                let worse = (0..more).fold(after(strikes), |all, _| all.struck(Cause::Lost, now));
                prop_assert!(rule.after_failure(worse, Cause::Lost, now + later).is_some());
            }
        }

        /// The engine that sleeps until `due_at` neither wakes in vain nor too late.
        #[test]
        fn a_card_is_due_exactly_when_it_is_called(minutes in 1_u32..90, since in 0_i64..1_000_000) {
            let rule = Escalation { failures: None, minutes: Some(minutes), ..RULE };
            let strikes = Strikes { count: 1, since: Some(since) };
            let due = rule.due_at(since).unwrap();
            prop_assert!(rule.after_time(strikes, due).is_some());
            prop_assert!(rule.after_time(strikes, due - 1).is_none());
        }
    }
}
