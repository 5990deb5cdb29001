//! From terminal bytes to events, for one run of one kind of agent.
//!
//! The events and their order depend on the bytes alone, not on how they were
//! cut. Memory stays under 100 KiB whatever comes in.

use super::notification;
use super::program_status::{self, ProgramStatus};
use super::queries::{Query, in_csi};
use super::scanner::{Found, Scanner};
use crate::escape::clipped;
use crate::{Activity, Evidence, Kind, Signal, claude, codex, gemini};

const TITLE_LIMIT: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub title: String,
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalEvent {
    /// A claim about what the agent is doing; only when it differs from the
    /// last one from the same evidence.
    Signal(Signal),
    /// The program withdrew what it said by OSC 7501.
    StatusCleared,
    /// A new title, without its spinner. Empty when the program leaves.
    Title(String),
    Notification(Notification),
    Bell,
    /// The program expects an answer, see [`super::answer_to`].
    Query(Query),
}

#[derive(Debug)]
pub struct TerminalSignals {
    scanner: Scanner,
    reader: Reader,
}

impl TerminalSignals {
    pub fn new(kind: Kind) -> Self {
        Self {
            scanner: Scanner::new(),
            reader: Reader { kind, title: String::new(), by_title: None, by_status: None },
        }
    }

    pub fn feed(&mut self, bytes: &[u8], mut event: impl FnMut(TerminalEvent)) {
        let Self { scanner, reader } = self;
        scanner.feed(bytes, &mut |found| match found {
            Found::Osc(body) => reader.osc(body, &mut event),
            Found::Csi(parameters, last) => {
                if let Some(query) = in_csi(parameters, last) {
                    event(TerminalEvent::Query(query));
                }
            }
            Found::Bell => event(TerminalEvent::Bell),
        });
    }

    /// As `feed`, collected.
    pub fn events(&mut self, bytes: &[u8]) -> Vec<TerminalEvent> {
        let mut events = Vec::new();
        self.feed(bytes, |event| events.push(event));
        events
    }
}

#[derive(Debug)]
struct Reader {
    kind: Kind,
    title: String,
    by_title: Option<Activity>,
    by_status: Option<Activity>,
}

impl Reader {
    fn osc(&mut self, body: &[u8], event: &mut impl FnMut(TerminalEvent)) {
        let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = body.split_at(digits);
        let rest = rest.strip_prefix(b";").unwrap_or(rest);
        match number {
            b"0" | b"2" => self.title(rest, event),
            b"9" => emit(notification::osc9(rest), event),
            b"99" => emit(notification::osc99(rest), event),
            b"777" => emit(notification::osc777(rest), event),
            b"10" if rest == b"?" => event(TerminalEvent::Query(Query::ForegroundColour)),
            b"11" if rest == b"?" => event(TerminalEvent::Query(Query::BackgroundColour)),
            b"7501" => self.status(rest, event),
            _ => {}
        }
    }

    fn status(&mut self, body: &[u8], event: &mut impl FnMut(TerminalEvent)) {
        match program_status::parse(body) {
            Some(ProgramStatus::Asked) => event(TerminalEvent::Query(Query::ProgramStatus)),
            Some(ProgramStatus::Cleared) => {
                self.by_status = None;
                event(TerminalEvent::StatusCleared);
            }
            Some(ProgramStatus::Says(activity)) => {
                signal(&mut self.by_status, Evidence::ProgramStatus, activity, event);
            }
            None => {}
        }
    }

    fn title(&mut self, body: &[u8], event: &mut impl FnMut(TerminalEvent)) {
        let raw = clipped(&String::from_utf8_lossy(body), TITLE_LIMIT);
        let title = without_spinner(&raw).to_owned();
        if title != self.title {
            self.title.clone_from(&title);
            event(TerminalEvent::Title(title));
        }
        if let Some(activity) = title_activity(self.kind, &raw) {
            signal(&mut self.by_title, Evidence::Title, activity, event);
        }
    }
}

fn emit(note: Option<Notification>, event: &mut impl FnMut(TerminalEvent)) {
    if let Some(note) = note {
        event(TerminalEvent::Notification(note));
    }
}

fn signal(
    last: &mut Option<Activity>,
    evidence: Evidence,
    activity: Activity,
    event: &mut impl FnMut(TerminalEvent),
) {
    if last.as_ref() != Some(&activity) {
        *last = Some(activity.clone());
        event(TerminalEvent::Signal(Signal { evidence, activity }));
    }
}

fn title_activity(kind: Kind, title: &str) -> Option<Activity> {
    match kind {
        Kind::Claude => claude::title_activity(title),
        Kind::Codex => codex::title_activity(title),
        Kind::Gemini => gemini::title_activity(title),
        // Their titles name the session and say nothing about it.
        Kind::Opencode | Kind::Aider | Kind::Qwen | Kind::Demo | Kind::Plain | Kind::Custom => None,
    }
}

/// Agents animate their titles ten times a second; people read the rest.
fn without_spinner(title: &str) -> &str {
    let ornament = |c: char| matches!(c, '\u{2500}'..='\u{27bf}' | '\u{2800}'..='\u{28ff}');
    let rest = title.trim_start_matches(ornament).trim_start();
    let rest = rest.strip_prefix("[ . ] ").or_else(|| rest.strip_prefix("[ ! ] ")).unwrap_or(rest);
    rest.trim_end()
}
