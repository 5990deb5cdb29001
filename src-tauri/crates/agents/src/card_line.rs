//! The one line of an agent's output that fits on a card.
//!
//! Three sources: raw terminal output (`LastLine`), a stream's events
//! (`CardLine`), and the rows of a screen snapshot (`screen_line`), which is
//! the better source for programs that paint the whole screen.

use crate::escape::{Token, clipped, is_invisible, tokens};
use crate::stream::{Role, StreamEvent};

/// Longest line, in characters.
const LIMIT: usize = 200;
/// How much of the output's end is looked at.
const KEPT: usize = 16 * 1024;

/// Remembers the end of the output and reads the last line out of it when
/// asked, so that a flood costs a copy of its last 16 KiB and no more.
#[derive(Debug, Default)]
pub struct LastLine {
    tail: Vec<u8>,
    cut: bool,
    fresh: bool,
    line: Option<String>,
}

impl LastLine {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.fresh = !bytes.is_empty() || self.fresh;
        if bytes.len() >= KEPT {
            self.cut |= bytes.len() > KEPT || !self.tail.is_empty();
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() - KEPT..]);
            return;
        }
        self.tail.extend_from_slice(bytes);
        // Shifting is put off until twice the size, so that small pieces stay cheap.
        if self.tail.len() > 2 * KEPT {
            self.cut = true;
            self.tail.drain(..self.tail.len() - KEPT);
        }
    }

    /// The last line with something to read in it. Where the newest output
    /// has none, the line found before stays.
    pub fn line(&mut self) -> Option<&str> {
        if std::mem::take(&mut self.fresh) {
            let found = self.read();
            self.line = found.or(self.line.take());
        }
        self.line.as_deref()
    }

    fn read(&self) -> Option<String> {
        let from = self.tail.len().saturating_sub(KEPT);
        let tail = &self.tail[from..];
        if !self.cut && from == 0 {
            return last_meaningful(tail);
        }
        // The start may be the middle of a sequence: begin at a safe place.
        let start = memchr::memchr3(b'\n', b'\r', 0x1b, tail)?;
        last_meaningful(&tail[start..])
    }
}

fn last_meaningful(bytes: &[u8]) -> Option<String> {
    let mut reader = LineReader::default();
    tokens(bytes).for_each(|token| reader.token(token));
    reader.end_line();
    reader.last
}

#[derive(Default)]
struct LineReader {
    line: Vec<u8>,
    /// A carriage return came; the next text overwrites the line.
    returned: bool,
    last: Option<String>,
}

impl LineReader {
    fn token(&mut self, token: Token) {
        match token {
            Token::Text(text) => self.text(text),
            Token::Control(b'\n') => self.end_line(),
            Token::Control(b'\r') => self.returned = true,
            Token::Control(b'\t') => self.text(b" "),
            Token::Control(0x08) => self.backspace(),
            Token::Control(_) | Token::Other => {}
            Token::Csi(parameters, last) => self.csi(parameters, last),
        }
    }

    fn text(&mut self, text: &[u8]) {
        if std::mem::take(&mut self.returned) {
            self.line.clear();
        }
        self.line.extend_from_slice(text);
    }

    fn csi(&mut self, parameters: &[u8], last: u8) {
        match last {
            // To the right: programs print blanks this way.
            b'C' => self.text(b" "),
            // Elsewhere: whatever follows is another line.
            b'A' | b'B' | b'E' | b'F' | b'H' | b'J' | b'd' | b'f' => self.end_line(),
            b'G' if parameters.is_empty() || parameters == b"1" => self.returned = true,
            b'G' => self.text(b" "),
            b'K' if self.returned || parameters == b"2" => self.line.clear(),
            _ => {}
        }
    }

    fn backspace(&mut self) {
        while self.line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }

    fn end_line(&mut self) {
        self.returned = false;
        let line = std::mem::take(&mut self.line);
        // Most lines of a flood are told by a glance at their bytes.
        if line.iter().any(|byte| byte.is_ascii_alphanumeric() || *byte >= 0x80) {
            self.last = meaningful(&String::from_utf8_lossy(&line)).or(self.last.take());
        }
    }
}

/// The text without frames, spinners and bullets at its ends; `None` if
/// nothing with a letter or digit is left.
pub(crate) fn meaningful(line: &str) -> Option<String> {
    let line = line
        .trim_matches(|c: char| c.is_whitespace() || is_ornament(c) || is_invisible(c) || c == '\u{fffd}');
    if !line.chars().any(char::is_alphanumeric) {
        return None;
    }
    // Frames inside a line part its columns.
    Some(clipped(&line.replace(is_frame, " "), LIMIT))
}

fn is_frame(c: char) -> bool {
    matches!(c, '\u{2500}'..='\u{259f}')
}

fn is_ornament(c: char) -> bool {
    // Box drawing, geometric shapes, signs and dingbats, braille spinners.
    matches!(c, '\u{2500}'..='\u{27bf}' | '\u{2800}'..='\u{28ff}' | '⬝' | '·' | '•' | '⎿' | '⊶' | '⊷' | '>' | '|' | '*')
}

/// The last row worth reading of a screen, for programs that paint it whole.
/// Their last rows are the input box and hints, so the text is looked for
/// above the lowest frame; where there is no frame, from the bottom.
pub fn screen_line<'a>(rows: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let rows: Vec<&str> = rows.into_iter().collect();
    let is_rule = |row: &&str| row.chars().filter(|c| is_frame(*c)).count() >= 8;
    let lowest = rows.iter().rposition(is_rule);
    // An input box has a rule above and one below it.
    let above = lowest.and_then(|lowest| rows[..lowest].iter().rposition(is_rule)).or(lowest);
    let read = |rows: &[&str]| rows.iter().rev().filter(|row| !is_hint(row)).find_map(|row| meaningful(row));
    above.and_then(|above| read(&rows[..above])).or_else(|| read(&rows))
}

/// Key hints and placeholders that agents keep at the bottom of the screen.
fn is_hint(row: &str) -> bool {
    const HINTS: [&str; 16] = [
        "for shortcuts",
        "esc to ",
        "Esc to ",
        "esc interrupt",
        "ctrl+",
        "shift+tab",
        "Press enter",
        "Enter to ",
        "to view",
        "Type your message",
        "Ask anything",
        "Ask Codex",
        "Tip:",
        "context left",
        "permissions on",
        "accept edits",
    ];
    HINTS.iter().any(|hint| row.contains(hint))
}

/// The readable line of a stream, kept up to date event by event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardLine {
    /// The message that is still being said.
    message: String,
    line: Option<String>,
}

/// Longer messages keep only their end in mind.
const MESSAGE_KEPT: usize = 4 * 1024;

impl CardLine {
    pub fn fold(&mut self, event: &StreamEvent) {
        if let StreamEvent::Message { role: Role::Assistant, text, continues } = event {
            if !continues {
                self.message.clear();
            }
            self.message.push_str(text);
            self.shorten();
            self.line = last_line_of(&self.message).or(self.line.take());
        } else if let Some(line) = readable(event) {
            self.line = Some(line);
        }
    }

    pub fn line(&self) -> Option<&str> {
        self.line.as_deref()
    }

    fn shorten(&mut self) {
        if self.message.len() > 2 * MESSAGE_KEPT {
            let from = self.message.ceil_char_boundary(self.message.len() - MESSAGE_KEPT);
            self.message.drain(..from);
        }
    }
}

/// One event as a line for people; `None` for bookkeeping.
pub fn readable(event: &StreamEvent) -> Option<String> {
    match event {
        StreamEvent::Message { role: Role::Assistant, text, .. } => last_line_of(text),
        StreamEvent::ToolCall { name, summary, .. } if summary.is_empty() => meaningful(name),
        StreamEvent::ToolCall { name, summary, .. } => meaningful(&format!("{name}: {summary}")),
        StreamEvent::Denied { tool } => meaningful(&format!("not allowed: {tool}")),
        StreamEvent::RateLimited { message, .. } | StreamEvent::Error { message, .. } => meaningful(message),
        StreamEvent::Finished { text, .. } => last_line_of(text),
        StreamEvent::Text { line } => meaningful(line),
        StreamEvent::Message { role: Role::User, .. }
        | StreamEvent::ToolResult { .. }
        | StreamEvent::Session { .. }
        | StreamEvent::Model { .. }
        | StreamEvent::Usage { .. }
        | StreamEvent::Cost { .. }
        | StreamEvent::Notice { .. }
        | StreamEvent::Skipped { .. } => None,
    }
}

fn last_line_of(text: &str) -> Option<String> {
    text.lines().rev().find_map(meaningful)
}
