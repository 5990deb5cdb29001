//! Reads one run's evidence: its terminal's bytes, its structured stream, its hooks. Bytes in, facts
//! out; the supervisor acts on the facts.

use agents::{
    Activity as Seen, CardLine, Evidence as Source, Kind, LastLine, Mode, Query, Signal, Story,
    StreamDecoder, StreamEvent, StreamKind, TerminalEvent, TerminalFacts, TerminalSignals, WaitKind,
    claude::HookLines,
};
use domain::{Activity, Evidence, Millis, Rank, Reading, Reducer};

use crate::run_plan::RunPlan;

#[cfg(test)]
mod accuracy;

/// The colours of our dark theme's terminal; row and column from 1.
fn facts_with(cursor: Option<(u16, u16)>) -> TerminalFacts {
    TerminalFacts { foreground: (0xe7, 0xea, 0xed), background: (0x10, 0x12, 0x14), cursor }
}

/// The answer to [`Fact::CursorAsked`].
pub(crate) fn cursor_answer(row: u16, column: u16) -> Vec<u8> {
    let answer = agents::answer_to(Query::CursorPosition, &facts_with(Some((row, column))));
    answer.map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// Something that the supervisor must act on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// What is believed about the agent changed.
    Reading(Reading),
    /// The agent's own session id became known.
    Session(String),
    /// Bytes that answer a question of the program.
    Answer(Vec<u8>),
    /// The program asks where the cursor is.
    CursorAsked,
}

#[derive(Debug)]
pub(crate) struct Observer {
    signals: TerminalSignals,
    stream: Option<StreamDecoder>,
    hooks: HookLines,
    story: Story,
    card_line: CardLine,
    last_line: LastLine,
    reducer: Reducer,
    last_seen: Option<Seen>,
    session: Option<String>,
    /// The last look at the screen found no question.
    missed: bool,
}

impl Observer {
    pub fn new(plan: &RunPlan, session: Option<String>, now: Millis) -> Observer {
        let stream = (plan.stream != StreamKind::None).then(|| StreamDecoder::new(plan.stream));
        let mut reducer = Reducer::default();
        if plan.mode == Mode::Unattended {
            // A process that works alone until it ends is at work while it lives.
            reducer.observe(Evidence { rank: Rank::Alive, activity: Activity::Working, message: None }, now);
        }
        Observer {
            signals: TerminalSignals::new(plan.kind),
            stream,
            hooks: HookLines::default(),
            story: Story::default(),
            card_line: CardLine::default(),
            last_line: LastLine::default(),
            reducer,
            last_seen: None,
            session,
            missed: false,
        }
    }

    /// Takes output. `live` is false for output that was read before, by an earlier engine: its
    /// questions were answered long ago.
    pub fn output(&mut self, bytes: &[u8], live: bool, now: Millis) -> Vec<Fact> {
        let mut facts: Vec<Fact> = self.reducer.output(now).map(Fact::Reading).into_iter().collect();
        let mut events = Vec::new();
        self.signals.feed(bytes, |event| events.push(event));
        for event in events {
            facts.extend(self.terminal_event(event, live, now));
        }
        match &mut self.stream {
            Some(decoder) => {
                for event in decoder.feed(bytes) {
                    facts.extend(self.stream_event(&event, now));
                }
            }
            None => self.last_line.feed(bytes),
        }
        facts
    }

    /// Takes what hooks wrote.
    pub fn hook_lines(&mut self, bytes: &[u8], now: Millis) -> Vec<Fact> {
        let mut facts = Vec::new();
        for event in self.hooks.feed(bytes) {
            facts.extend(event.session_id.and_then(|id| self.new_session(id)));
            facts.extend(event.signal.and_then(|signal| self.signal(signal, now)));
        }
        facts
    }

    /// Takes the rows of the screen. A question that has left it is no longer waited for; what the agent
    /// does instead, the screen cannot tell. A screen may be half painted, so it takes two looks to miss one.
    pub fn screen(&mut self, kind: Kind, rows: &[&str], now: Millis) -> Option<Fact> {
        let asks = agents::screen_activity(kind, rows).map(asked);
        let missed_before = std::mem::replace(&mut self.missed, asks.is_none());
        if asks.is_none() && !missed_before {
            return None;
        }
        self.reducer.ask(asks, now).map(Fact::Reading)
    }

    /// The question was missed once: the screen is to be looked at again.
    pub fn misses_a_question(&self) -> bool {
        self.missed && self.reducer.is_asked()
    }

    /// The output is complete.
    pub fn finish(&mut self, now: Millis) -> Vec<Fact> {
        let events = self.stream.as_mut().map(StreamDecoder::finish).unwrap_or_default();
        events.iter().flat_map(|event| self.stream_event(event, now)).collect()
    }

    pub fn tick(&mut self, now: Millis) -> Option<Reading> {
        self.reducer.tick(now)
    }

    pub fn next_tick(&self) -> Option<Millis> {
        self.reducer.next_tick()
    }

    pub fn reading(&self, now: Millis) -> Reading {
        self.reducer.reading(now)
    }

    /// The line for the card.
    pub fn line(&mut self) -> Option<String> {
        match self.stream {
            Some(_) => self.card_line.line().map(str::to_owned),
            None => self.last_line.line().map(str::to_owned),
        }
    }

    pub fn story(&self) -> &Story {
        &self.story
    }

    pub fn last_seen(&self) -> Option<Seen> {
        self.last_seen.clone()
    }

    fn terminal_event(&mut self, event: TerminalEvent, live: bool, now: Millis) -> Option<Fact> {
        match event {
            TerminalEvent::Signal(signal) => self.signal(signal, now),
            TerminalEvent::Query(Query::CursorPosition) if live => Some(Fact::CursorAsked),
            TerminalEvent::Query(query) if live => {
                agents::answer_to(query, &facts_with(None)).map(|answer| Fact::Answer(answer.into_owned()))
            }
            // A notification says that something happened, not what the agent does now.
            TerminalEvent::Query(_)
            | TerminalEvent::StatusCleared
            | TerminalEvent::Title(_)
            | TerminalEvent::Notification(_)
            | TerminalEvent::Bell => None,
        }
    }

    fn stream_event(&mut self, event: &StreamEvent, now: Millis) -> Vec<Fact> {
        self.story.fold(event);
        self.card_line.fold(event);
        let working = || Evidence { rank: Rank::Stream, activity: Activity::Working, message: None };
        let evidence = match event {
            StreamEvent::Session { id } => return self.new_session(id.clone()).into_iter().collect(),
            StreamEvent::Message { .. } | StreamEvent::ToolCall { .. } | StreamEvent::ToolResult { .. } => {
                working()
            }
            StreamEvent::RateLimited { message, .. } => Evidence {
                rank: Rank::Stream,
                activity: Activity::RateLimited,
                message: Some(message.clone()),
            },
            StreamEvent::Model { .. }
            | StreamEvent::Denied { .. }
            | StreamEvent::Usage { .. }
            | StreamEvent::Cost { .. }
            | StreamEvent::Notice { .. }
            | StreamEvent::Error { .. }
            | StreamEvent::Finished { .. }
            | StreamEvent::Text { .. }
            | StreamEvent::Skipped { .. } => return Vec::new(),
        };
        self.reducer.observe(evidence, now).map(Fact::Reading).into_iter().collect()
    }

    fn new_session(&mut self, id: String) -> Option<Fact> {
        if self.session.as_ref() == Some(&id) {
            return None;
        }
        self.session = Some(id.clone());
        Some(Fact::Session(id))
    }

    fn signal(&mut self, signal: Signal, now: Millis) -> Option<Fact> {
        self.last_seen = Some(signal.activity.clone());
        let (activity, message) = reduce(signal.activity);
        let evidence = Evidence { rank: rank(signal.evidence)?, activity, message };
        self.reducer.observe(evidence, now).map(Fact::Reading)
    }
}

/// A question that stands on the screen.
fn asked(seen: Seen) -> Evidence {
    let trust = matches!(seen, Seen::Waiting { kind: WaitKind::Trust, .. });
    // The program says idle while it asks for trust: only the screen knows better.
    let rank = if trust { Rank::ProgramStatus } else { Rank::Screen };
    let (activity, message) = reduce(seen);
    Evidence { rank, activity, message }
}

fn rank(source: Source) -> Option<Rank> {
    match source {
        Source::Screen => Some(Rank::Screen),
        Source::Title | Source::Notification => Some(Rank::Notification),
        Source::Hook => Some(Rank::Hook),
        Source::ProgramStatus => Some(Rank::ProgramStatus),
        Source::Stream => Some(Rank::Stream),
        // The pty-host tells of the end, with more than an activity.
        Source::Exit => None,
    }
}

fn reduce(seen: Seen) -> (Activity, Option<String>) {
    match seen {
        Seen::Working { message } => (Activity::Working, message),
        Seen::Waiting { kind, message } => {
            (Activity::Waiting, message.or_else(|| wait_words(kind).map(Into::into)))
        }
        Seen::Idle => (Activity::Idle, None),
        Seen::RateLimited { message } => (Activity::RateLimited, message),
        Seen::Done { message } => (Activity::Idle, message.or_else(|| Some("finished its turn".into()))),
        // It stands still with an error on its screen: a person decides what next.
        Seen::Error { message } => (Activity::Waiting, Some(message)),
    }
}

/// What is asked, where the kind alone says it; otherwise the screen does.
fn wait_words(kind: WaitKind) -> Option<&'static str> {
    match kind {
        WaitKind::Auth => Some("for a login or a key"),
        WaitKind::Trust => Some("whether to trust the folder"),
        WaitKind::Permission | WaitKind::Question | WaitKind::Unspecified => None,
    }
}
