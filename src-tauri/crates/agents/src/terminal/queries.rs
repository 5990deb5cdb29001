//! Questions that programs ask the terminal, and the answers that we can give
//! without drawing anything.
//!
//! A viewer (xterm.js) answers most of them itself, but a run may have no
//! viewer, and nobody but us answers OSC 7501. Whoever reads the output must
//! answer that one at once: Claude Code counts it only if it comes before the
//! answer to the DA1 that follows. Never answer for replayed output.

use std::borrow::Cow;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Query {
    /// `OSC 7501 ; ?`
    ProgramStatus,
    /// DA1, `CSI c`
    PrimaryAttributes,
    /// DA2, `CSI > c`
    SecondaryAttributes,
    /// XTVERSION, `CSI > q`
    TerminalVersion,
    /// DSR 5
    DeviceStatus,
    /// DSR 6
    CursorPosition,
    /// OSC 10
    ForegroundColour,
    /// OSC 11
    BackgroundColour,
}

/// What the answers depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalFacts {
    pub foreground: (u8, u8, u8),
    pub background: (u8, u8, u8),
    /// Row and column, from 1; unknown unless a screen is kept.
    pub cursor: Option<(u16, u16)>,
}

/// The bytes to write to the program, or `None` where only a real screen
/// could tell.
pub fn answer_to(query: Query, facts: &TerminalFacts) -> Option<Cow<'static, [u8]>> {
    let fixed = |bytes: &'static [u8]| Some(Cow::Borrowed(bytes));
    match query {
        Query::ProgramStatus => fixed(super::program_status::ANSWER),
        // As xterm.js answers: a VT100 with advanced video.
        Query::PrimaryAttributes => fixed(b"\x1b[?1;2c"),
        Query::SecondaryAttributes => fixed(b"\x1b[>0;276;0c"),
        Query::TerminalVersion => fixed(b"\x1bP>|flightboard\x1b\\"),
        Query::DeviceStatus => fixed(b"\x1b[0n"),
        Query::CursorPosition => {
            let (row, column) = facts.cursor?;
            Some(Cow::Owned(format!("\x1b[{row};{column}R").into_bytes()))
        }
        Query::ForegroundColour => Some(colour(10, facts.foreground)),
        Query::BackgroundColour => Some(colour(11, facts.background)),
    }
}

fn colour(number: u8, (r, g, b): (u8, u8, u8)) -> Cow<'static, [u8]> {
    Cow::Owned(format!("\x1b]{number};rgb:{r:02x}{r:02x}/{g:02x}{g:02x}/{b:02x}{b:02x}\x1b\\").into_bytes())
}

/// The question in a control sequence, if it is one that we know.
pub(crate) fn in_csi(parameters: &[u8], last: u8) -> Option<Query> {
    match (parameters, last) {
        (b"" | b"0", b'c') => Some(Query::PrimaryAttributes),
        (b">" | b">0", b'c') => Some(Query::SecondaryAttributes),
        (b">" | b">0", b'q') => Some(Query::TerminalVersion),
        (b"5", b'n') => Some(Query::DeviceStatus),
        (b"6", b'n') => Some(Query::CursorPosition),
        _ => None,
    }
}
