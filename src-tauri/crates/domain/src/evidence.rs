//! What an agent is doing, reduced from evidence of different worth. A weaker source never
//! overrules a stronger one that has spoken in the same run, and silence can only take certainty
//! away: it turns `working` into `unknown`, never into finished or waiting.

use crate::{Activity, Millis};

/// How far a source can be trusted; later variants beat earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// The process lives; nothing else is known.
    Alive,
    /// A recogniser's reading of the screen.
    Screen,
    /// OSC 9/99/777 notifications, the bell and window titles.
    Notification,
    /// Hooks that the agent runs.
    Hook,
    /// OSC 7501, the program status protocol.
    ProgramStatus,
    /// A structured stream or ACP.
    Stream,
}

impl Rank {
    fn words(self) -> &'static str {
        match self {
            Rank::Alive => "process alive",
            Rank::Screen => "screen",
            Rank::Notification => "terminal title",
            Rank::Hook => "agent hook",
            Rank::ProgramStatus => "OSC 7501",
            Rank::Stream => "agent stream",
        }
    }
}

/// One observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    pub rank: Rank,
    pub activity: Activity,
    /// The agent's own words, such as the question it asks.
    pub message: Option<String>,
}

/// What is believed now, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub activity: Activity,
    /// `OSC 7501 waiting`
    pub because: String,
    pub message: Option<String>,
}

/// Folds evidence into a reading. One per live run.
#[derive(Clone, Debug, Default)]
pub struct Reducer {
    held: Option<Evidence>,
    asked: Option<Evidence>,
    last_sign: Option<Millis>,
    silent: bool,
}

impl Reducer {
    /// After this long without a byte, `working` is no longer believed.
    pub const SILENCE: Millis = 4 * 60 * 1000;

    /// Takes one observation; returns the reading if it changed.
    pub fn observe(&mut self, evidence: Evidence, now: Millis) -> Option<Reading> {
        self.last_sign = Some(now);
        let outranked = self.held.as_ref().is_some_and(|held| held.rank > evidence.rank);
        if outranked {
            return self.wake();
        }
        self.change(now, |reducer| reducer.held = Some(evidence))
    }

    /// The question that stands on the screen now, if any. It counts for as long as it stands there and
    /// nothing better is known; when it goes, what is known otherwise counts again.
    pub fn ask(&mut self, question: Option<Evidence>, now: Millis) -> Option<Reading> {
        if self.asked == question {
            return None;
        }
        self.change(now, |reducer| reducer.asked = question)
    }

    pub fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Output arrived. It proves life, nothing more.
    pub fn output(&mut self, now: Millis) -> Option<Reading> {
        self.last_sign = Some(now);
        self.wake()
    }

    /// Time passed. Returns a reading when silence has lasted too long to believe `working`.
    pub fn tick(&mut self, now: Millis) -> Option<Reading> {
        let quiet_since = self.last_sign?;
        if self.silent || !self.working() || now - quiet_since < Self::SILENCE {
            return None;
        }
        self.silent = true;
        Some(self.reading(now))
    }

    /// When [`Reducer::tick`] next has something to say, if ever.
    pub fn next_tick(&self) -> Option<Millis> {
        if self.silent || !self.working() { None } else { self.last_sign.map(|at| at + Self::SILENCE) }
    }

    pub fn reading(&self, now: Millis) -> Reading {
        let Some(held) = self.believed() else {
            return Reading { activity: Activity::Unknown, because: "no evidence".into(), message: None };
        };
        if self.silent {
            let minutes = self.last_sign.map_or(0, |at| (now - at) / 60_000);
            let because = format!("no sign of life for {minutes} min");
            return Reading { activity: Activity::Unknown, because, message: None };
        }
        Reading {
            activity: held.activity,
            because: format!("{} {}", held.rank.words(), held.activity.word().replace('_', " ")),
            message: held.message.clone(),
        }
    }

    fn believed(&self) -> Option<&Evidence> {
        let rank = |evidence: &Evidence| evidence.rank;
        let asked = self.asked.as_ref().filter(|asked| self.held.as_ref().map(rank) <= Some(asked.rank));
        asked.or(self.held.as_ref())
    }

    fn working(&self) -> bool {
        self.believed().is_some_and(|evidence| evidence.activity == Activity::Working)
    }

    fn change(&mut self, now: Millis, set: impl FnOnce(&mut Reducer)) -> Option<Reading> {
        let (before, was_silent) = (self.believed().cloned(), std::mem::take(&mut self.silent));
        set(self);
        (was_silent || before.as_ref() != self.believed()).then(|| self.reading(now))
    }

    fn wake(&mut self) -> Option<Reading> {
        let was_silent = std::mem::take(&mut self.silent);
        let now = self.last_sign.unwrap_or_default();
        was_silent.then(|| self.reading(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(rank: Rank, activity: Activity) -> Evidence {
        Evidence { rank, activity, message: None }
    }

    #[test]
    fn a_weaker_source_does_not_overrule_a_stronger_one() {
        let mut reducer = Reducer::default();
        reducer.observe(seen(Rank::ProgramStatus, Activity::Waiting), 0);
        assert_eq!(reducer.observe(seen(Rank::Notification, Activity::Working), 1), None);
        assert_eq!(reducer.reading(1).activity, Activity::Waiting);
    }

    #[test]
    fn an_equal_source_replaces_and_is_reported_once() {
        let mut reducer = Reducer::default();
        assert!(reducer.observe(seen(Rank::Hook, Activity::Working), 0).is_some());
        assert!(reducer.observe(seen(Rank::Hook, Activity::Working), 1).is_none());
        assert_eq!(reducer.observe(seen(Rank::Hook, Activity::Idle), 2).unwrap().because, "agent hook idle");
    }

    #[test]
    fn long_silence_takes_certainty_away_and_output_gives_it_back() {
        let mut reducer = Reducer::default();
        reducer.observe(seen(Rank::ProgramStatus, Activity::Working), 0);
        assert_eq!(reducer.next_tick(), Some(Reducer::SILENCE));
        assert_eq!(reducer.tick(Reducer::SILENCE - 1), None);
        let silent = reducer.tick(Reducer::SILENCE).unwrap();
        assert_eq!(
            (silent.activity, silent.because.as_str()),
            (Activity::Unknown, "no sign of life for 4 min")
        );
        assert_eq!(reducer.output(Reducer::SILENCE + 1).unwrap().activity, Activity::Working);
    }

    #[test]
    fn a_question_counts_while_it_stands_on_the_screen() {
        let mut reducer = Reducer::default();
        let asks = Some(seen(Rank::Screen, Activity::Waiting));
        assert_eq!(reducer.ask(asks.clone(), 0).unwrap().activity, Activity::Waiting);
        assert_eq!(reducer.ask(asks, 1), None, "it still stands there");
        let gone = reducer.ask(None, 2).unwrap();
        assert_eq!((gone.activity, gone.because.as_str()), (Activity::Unknown, "no evidence"));
    }

    #[test]
    fn what_is_told_meanwhile_counts_when_the_question_goes() {
        let mut reducer = Reducer::default();
        reducer.ask(Some(seen(Rank::ProgramStatus, Activity::Waiting)), 0);
        assert_eq!(reducer.observe(seen(Rank::Notification, Activity::Working), 1), None);
        assert_eq!(reducer.next_tick(), None, "who waits may be silent");
        assert_eq!(reducer.ask(None, 2).unwrap().because, "terminal title working");
    }

    #[test]
    fn a_better_source_is_believed_over_the_screen() {
        let mut reducer = Reducer::default();
        reducer.observe(seen(Rank::Hook, Activity::Idle), 0);
        assert_eq!(reducer.ask(Some(seen(Rank::Screen, Activity::Waiting)), 1), None);
        assert_eq!(reducer.ask(None, 2), None);
    }

    proptest! {
        #[test]
        fn silence_never_reads_as_finished_or_waiting(rank in 0usize..6, start in 0usize..5, wait in 0i64..10_000_000) {
            let ranks = [Rank::Alive, Rank::Screen, Rank::Notification, Rank::Hook, Rank::ProgramStatus, Rank::Stream];
            let activities = [Activity::Working, Activity::Waiting, Activity::Idle, Activity::RateLimited, Activity::Unknown];
            let mut reducer = Reducer::default();
            reducer.observe(seen(ranks[rank], activities[start]), 0);
            reducer.tick(wait);
            let after = reducer.reading(wait).activity;
            prop_assert!(after == activities[start] || (activities[start] == Activity::Working && after == Activity::Unknown));
        }
    }

    #[test]
    fn of_any_two_sources_the_better_one_is_believed() {
        let ranks =
            [Rank::Alive, Rank::Screen, Rank::Notification, Rank::Hook, Rank::ProgramStatus, Rank::Stream];
        for (at, first) in ranks.into_iter().enumerate() {
            for (then, second) in ranks.into_iter().enumerate() {
                let mut reducer = Reducer::default();
                reducer.observe(seen(first, Activity::Working), 0);
                reducer.observe(seen(second, Activity::Waiting), 1);
                let believed = if then >= at { Activity::Waiting } else { Activity::Working };
                assert_eq!(reducer.reading(1).activity, believed, "{first:?}, then {second:?}");
            }
        }
    }

    #[test]
    fn a_question_is_told_in_the_agents_own_words() {
        let mut reducer = Reducer::default();
        let asks = Evidence { message: Some("Delete it?".into()), ..seen(Rank::Hook, Activity::Waiting) };
        assert_eq!(reducer.observe(asks.clone(), 0).unwrap().message.as_deref(), Some("Delete it?"));
        let again = Evidence { message: Some("Really?".into()), ..asks };
        assert_eq!(
            reducer.observe(again, 1).unwrap().message.as_deref(),
            Some("Really?"),
            "another question"
        );
    }

    #[test]
    fn who_waits_may_be_silent_for_ever() {
        let mut reducer = Reducer::default();
        reducer.observe(seen(Rank::Hook, Activity::Waiting), 0);
        assert_eq!((reducer.next_tick(), reducer.tick(100 * Reducer::SILENCE)), (None, None));
    }
}
