//! The gate between the work and *done*: an ordered list of steps that must each approve. The steps of
//! one round are judged on the same work; a rejection ends the round.

use serde::{Deserialize, Serialize};
use specta::Type;

/// One thing that must approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// A command in the task's workspace; exit code 0 approves.
    Check {
        /// Program and arguments; no shell.
        command: Vec<String>,
        /// Seconds.
        timeout: u32,
    },
    /// A run of this agent on the work, reading only.
    Agent { agent: String },
    /// A person moves the card on.
    Person,
}

impl Step {
    /// Whether a review of that kind by that reviewer carries out this step. A person is any person.
    pub fn is_of(&self, kind: &str, reviewer: &str) -> bool {
        match self {
            Step::Check { command, .. } => kind == "check" && reviewer == command.join(" "),
            Step::Agent { agent } => kind == "agent" && reviewer == agent,
            Step::Person => kind == "person",
        }
    }
}

/// No steps: a person decides when the card is done, and nothing is asked of anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(transparent)]
pub struct Gate(pub Vec<Step>);

/// How a step of this round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    Approved,
    Rejected,
    /// The reviewer gave no verdict, or its run failed: no approval, and nobody's fault at work.
    NoVerdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<'g> {
    /// Every step approved.
    Done,
    /// The round is over: back to the worker.
    Rework,
    /// Step `at` is to be carried out.
    Run { at: usize, step: &'g Step },
    /// A person's turn.
    Wait { at: usize },
    /// A reviewer cannot come to a verdict; a person must look.
    Stuck { at: usize },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGate {
    #[error("a check needs a command")]
    NoCommand,
    #[error("a check may take from one second to six hours")]
    Timeout,
    #[error("a gate has at most 10 steps")]
    TooMany,
}

/// How often a step without a verdict is tried in one round.
pub const TRIES: usize = 3;

impl Gate {
    pub fn check(&self) -> Result<(), BadGate> {
        if self.0.len() > 10 {
            return Err(BadGate::TooMany);
        }
        self.0.iter().try_for_each(|step| match step {
            Step::Check { command, .. }
                if command.first().is_none_or(|program| program.trim().is_empty()) =>
            {
                Err(BadGate::NoCommand)
            }
            Step::Check { timeout, .. } if !(1..=6 * 3600).contains(timeout) => Err(BadGate::Timeout),
            Step::Check { .. } | Step::Agent { .. } | Step::Person => Ok(()),
        })
    }

    /// The agents that it asks.
    pub fn reviewers(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter_map(|step| match step {
            Step::Agent { agent } => Some(agent),
            Step::Check { .. } | Step::Person => None,
        })
    }

    /// What is next, given how the steps of this round ended, oldest first: (step, outcome).
    pub fn next(&self, so_far: &[(usize, StepOutcome)]) -> Next<'_> {
        if so_far.iter().any(|(_, outcome)| *outcome == StepOutcome::Rejected) {
            return Next::Rework;
        }
        let approved = |at: usize| so_far.contains(&(at, StepOutcome::Approved));
        let Some((at, step)) = self.0.iter().enumerate().find(|(at, _)| !approved(*at)) else {
            return Next::Done;
        };
        let tries = so_far.iter().filter(|(step, _)| *step == at).count();
        match step {
            Step::Person => Next::Wait { at },
            Step::Check { .. } | Step::Agent { .. } if tries >= TRIES => Next::Stuck { at },
            Step::Check { .. } | Step::Agent { .. } => Next::Run { at, step },
        }
    }

    /// Whether somebody who is not the gate may put the card to *done*.
    pub fn lets_through(&self, so_far: &[(usize, StepOutcome)]) -> bool {
        match self.next(so_far) {
            Next::Done => true,
            // The last word is the person's, and moving the card is how it is said.
            Next::Wait { at } => at + 1 == self.0.len(),
            Next::Rework | Next::Run { .. } | Next::Stuck { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StepOutcome::*;
    use proptest::prelude::*;

    fn check() -> Step {
        Step::Check { command: vec!["cargo".into(), "test".into()], timeout: 60 }
    }

    fn gate() -> Gate {
        Gate(vec![check(), Step::Agent { agent: "aegis".into() }, Step::Person])
    }

    #[test]
    fn steps_are_taken_in_order() {
        let gate = gate();
        assert_eq!(gate.next(&[]), Next::Run { at: 0, step: &gate.0[0] });
        assert_eq!(gate.next(&[(0, Approved)]), Next::Run { at: 1, step: &gate.0[1] });
        assert_eq!(gate.next(&[(0, Approved), (1, Approved)]), Next::Wait { at: 2 });
        assert_eq!(gate.next(&[(0, Approved), (1, Approved), (2, Approved)]), Next::Done);
    }

    #[test]
    fn a_rejection_sends_the_work_back() {
        assert_eq!(gate().next(&[(0, Approved), (1, Rejected)]), Next::Rework);
    }

    #[test]
    fn a_reviewer_without_a_verdict_is_asked_again_and_then_a_person() {
        let gate = gate();
        let mut so_far = vec![(0, Approved)];
        for _ in 0..TRIES {
            assert_eq!(gate.next(&so_far), Next::Run { at: 1, step: &gate.0[1] });
            so_far.push((1, NoVerdict));
        }
        assert_eq!(gate.next(&so_far), Next::Stuck { at: 1 });
    }

    #[test]
    fn without_steps_nothing_is_in_the_way() {
        assert!(Gate::default().lets_through(&[]));
    }

    #[test]
    fn bad_gates_are_refused() {
        let bad = |command: Vec<String>, timeout| Gate(vec![Step::Check { command, timeout }]).check();
        assert_eq!(bad(vec![], 5), Err(BadGate::NoCommand));
        assert_eq!(bad(vec![" ".into()], 5), Err(BadGate::NoCommand));
        assert_eq!(bad(vec!["true".into()], 0), Err(BadGate::Timeout));
        assert_eq!(Gate(vec![Step::Person; 11]).check(), Err(BadGate::TooMany));
        assert_eq!(gate().check(), Ok(()));
    }

    fn steps() -> impl Strategy<Value = Step> {
        prop_oneof![Just(check()), Just(Step::Agent { agent: "aegis".into() }), Just(Step::Person)]
    }

    proptest! {
        /// Nothing passes unless each step but a person's last one approved.
        #[test]
        fn nothing_is_let_through_without_approval(
            steps in prop::collection::vec(steps(), 1..6),
            outcomes in prop::collection::vec((0_usize..6, prop_oneof![Just(Approved), Just(Rejected), Just(NoVerdict)]), 0..12),
        ) {
            let gate = Gate(steps);
            if gate.lets_through(&outcomes) {
                let last = gate.0.len() - 1;
                for (at, step) in gate.0.iter().enumerate() {
                    let approved = outcomes.contains(&(at, Approved));
                    prop_assert!(approved || (at == last && *step == Step::Person));
                }
                prop_assert!(!outcomes.iter().any(|(_, outcome)| *outcome == Rejected));
            }
        }
    }
}
