//! What an unattended agent prints, line by line, as typed events.
//!
//! `lines` cuts the bytes, each agent's folder reads its own JSON, and what
//! they have in common is here. A line that is not JSON is passed on as text:
//! agents mix warnings and even questions into their streams.

mod errors;
mod lines;
mod summary;

pub(crate) use errors::{is_auth, is_network, is_overload, is_rate_limit, is_transient, status_in};
pub(crate) use lines::{LineEvent, Lines};
pub(crate) use summary::{input_summary, one_line};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aider::AiderText;
use crate::claude::ClaudeStream;
use crate::codex::CodexStream;
use crate::escape::{clipped, plain_text};
use crate::gemini::GeminiStream;
use crate::opencode::OpencodeStream;

/// A longer line is skipped, and said to be.
pub const LINE_LIMIT: usize = 16 * 1024 * 1024;
/// Longest text of one event; the log has the rest.
pub(crate) const TEXT_LIMIT: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// No structure: a terminal program, or a command of the user's own.
    None,
    ClaudeJson,
    /// Claude's shape, but success may be a lie.
    QwenJson,
    CodexJson,
    OpencodeJson,
    GeminiJson,
    /// aider's plain text, which has a few dependable lines.
    AiderText,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    User,
    Assistant,
}

/// What the token counts of a [`StreamEvent::Usage`] add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageScope {
    /// This run so far; a later event replaces an earlier one.
    Run,
    /// The whole session, earlier runs included (Codex).
    Session,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum StreamEvent {
    Session {
        id: String,
    },
    Model {
        name: String,
    },
    Message {
        role: Role,
        text: String,
        /// Goes on where the last message's text stopped.
        continues: bool,
    },
    ToolCall {
        id: String,
        name: String,
        summary: String,
    },
    ToolResult {
        id: String,
        ok: bool,
        summary: String,
    },
    /// A tool was refused for want of permission.
    Denied {
        tool: String,
    },
    Usage {
        scope: UsageScope,
        input: u64,
        output: u64,
        cached: u64,
    },
    /// This run's total so far, in US dollars.
    Cost {
        usd: f64,
    },
    RateLimited {
        message: String,
        retry_in_ms: Option<u64>,
    },
    /// A warning; the agent goes on.
    Notice {
        message: String,
    },
    Error {
        message: String,
        /// The agent tries again by itself, or trying again may help.
        transient: bool,
        /// The HTTP status behind it, where it is told.
        status: Option<u16>,
    },
    /// The agent says that its work is over. Several turns make several of these.
    Finished {
        ok: bool,
        text: String,
    },
    /// A line that is not part of the structure.
    Text {
        line: String,
    },
    /// A line that was too long to look at.
    Skipped {
        bytes: u64,
    },
}

/// Reads one run's output. The events depend on the bytes alone, not on how
/// they were cut.
#[derive(Debug)]
pub struct StreamDecoder {
    lines: Lines,
    dialect: Dialect,
}

#[derive(Debug)]
enum Dialect {
    Claude(ClaudeStream),
    Codex(CodexStream),
    Gemini(GeminiStream),
    Opencode(OpencodeStream),
    Aider(AiderText),
    Plain,
}

impl StreamDecoder {
    pub fn new(kind: StreamKind) -> Self {
        let dialect = match kind {
            StreamKind::None => Dialect::Plain,
            StreamKind::ClaudeJson => Dialect::Claude(ClaudeStream::claude()),
            StreamKind::QwenJson => Dialect::Claude(ClaudeStream::qwen()),
            StreamKind::CodexJson => Dialect::Codex(CodexStream::default()),
            StreamKind::OpencodeJson => Dialect::Opencode(OpencodeStream::default()),
            StreamKind::GeminiJson => Dialect::Gemini(GeminiStream::default()),
            StreamKind::AiderText => Dialect::Aider(AiderText::default()),
        };
        Self { lines: Lines::new(LINE_LIMIT), dialect }
    }

    pub fn feed(&mut self, bytes: &[u8]) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        let Self { lines, dialect } = self;
        lines.feed(bytes, &mut |line| dialect.line(line, &mut events));
        events
    }

    /// The last line, if the stream ended without a newline.
    pub fn finish(&mut self) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        let Self { lines, dialect } = self;
        lines.finish(&mut |line| dialect.line(line, &mut events));
        events
    }
}

impl Dialect {
    fn line(&mut self, line: LineEvent, events: &mut Vec<StreamEvent>) {
        let line = match line {
            LineEvent::Line(line) => line,
            LineEvent::TooLong(bytes) => return events.push(StreamEvent::Skipped { bytes }),
        };
        match self.json(line) {
            Some(value) => self.value(&value, events),
            None => self.text(line, events),
        }
    }

    /// A terminal program may leave escape sequences before a line's brace.
    fn json(&self, line: &[u8]) -> Option<Value> {
        if matches!(self, Self::Plain | Self::Aider(_)) {
            return None;
        }
        let brace = memchr::memchr(b'{', line)?;
        if !plain_text(&line[..brace]).trim().is_empty() {
            return None;
        }
        serde_json::from_slice(&line[brace..]).ok().filter(Value::is_object)
    }

    fn value(&mut self, value: &Value, events: &mut Vec<StreamEvent>) {
        match self {
            Self::Claude(stream) => stream.value(value, events),
            Self::Codex(stream) => stream.value(value, events),
            Self::Gemini(stream) => stream.value(value, events),
            Self::Opencode(stream) => stream.value(value, events),
            Self::Aider(_) | Self::Plain => {}
        }
    }

    fn text(&mut self, line: &[u8], events: &mut Vec<StreamEvent>) {
        // What was overwritten after a carriage return is not what was said.
        let shown = line.rsplit(|byte| *byte == b'\r').find(|part| !part.is_empty()).unwrap_or_default();
        let text = clipped(&plain_text(&shown[..shown.len().min(TEXT_LIMIT)]), 4_000);
        if text.is_empty() {
            return;
        }
        match self {
            Self::Aider(stream) => stream.line(&text, events),
            Self::Opencode(stream) => stream.text(&text, events),
            Self::Claude(_) | Self::Codex(_) | Self::Gemini(_) | Self::Plain => {}
        }
        events.push(StreamEvent::Text { line: text });
    }
}

/// A text of the stream, bounded.
pub(crate) fn bounded(text: &str) -> String {
    match text.char_indices().nth(TEXT_LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
