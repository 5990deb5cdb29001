//! Finds escape sequences in a byte stream that arrives in any pieces.
//!
//! Plain text is skipped with `memchr`, so a flood costs next to nothing.
//! Memory is bounded: an OSC longer than 64 KiB is dropped, the contents of
//! other strings (images, mostly) are never kept. C1 controls in their
//! one-byte form are not looked for; in UTF-8 those bytes are halves of letters.

use memchr::{memchr2, memchr3};

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// Longest OSC that is kept.
pub(crate) const OSC_LIMIT: usize = 64 * 1024;
/// Longest control sequence that is kept; real ones have a dozen bytes.
const CSI_LIMIT: usize = 64;

#[derive(Debug)]
pub(crate) enum Found<'a> {
    Osc(&'a [u8]),
    /// Parameters and final byte.
    Csi(&'a [u8], u8),
    Bell,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Ground,
    Escape,
    /// Inside OSC; the flag says that it was too long and is being dropped.
    Osc {
        dropped: bool,
    },
    /// Inside DCS, SOS, PM or APC.
    OtherString,
    /// ESC seen inside a string: a backslash ends it, anything else starts anew.
    StringEscape {
        is_osc: bool,
    },
    Csi {
        dropped: bool,
    },
}

#[derive(Debug)]
pub(crate) struct Scanner {
    state: State,
    kept: Vec<u8>,
    /// The last byte was a bell: a row of them is one.
    after_bell: bool,
}

impl Scanner {
    pub fn new() -> Self {
        Self { state: State::Ground, kept: Vec::new(), after_bell: false }
    }

    pub fn feed(&mut self, bytes: &[u8], found: &mut impl FnMut(Found)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = match self.state {
                State::Ground => self.ground(rest, found),
                State::Escape => self.escape(rest),
                State::Osc { dropped } => self.osc(rest, dropped, found),
                State::OtherString => self.other_string(rest),
                State::StringEscape { is_osc } => self.string_escape(rest, is_osc, found),
                State::Csi { dropped } => self.csi(rest, dropped, found),
            };
            rest = &rest[used..];
        }
    }

    fn ground(&mut self, rest: &[u8], found: &mut impl FnMut(Found)) -> usize {
        let at = memchr2(ESC, BEL, rest);
        let in_a_row = self.after_bell && at == Some(0);
        self.after_bell = false;
        let Some(at) = at else { return rest.len() };
        if rest[at] == BEL {
            if !in_a_row {
                found(Found::Bell);
            }
            self.after_bell = true;
        } else {
            self.state = State::Escape;
        }
        at + 1
    }

    fn escape(&mut self, rest: &[u8]) -> usize {
        self.kept.clear();
        self.state = match rest[0] {
            b'[' => State::Csi { dropped: false },
            b']' => State::Osc { dropped: false },
            b'P' | b'X' | b'^' | b'_' => State::OtherString,
            ESC => State::Escape,
            // Two-byte sequences, and the first of those with a character
            // set's letter after them: that letter is harmless as text.
            _ => State::Ground,
        };
        // A bell is a bell even right after a stray ESC.
        usize::from(rest[0] != BEL)
    }

    fn osc(&mut self, rest: &[u8], dropped: bool, found: &mut impl FnMut(Found)) -> usize {
        let end = end_of_string(rest);
        let dropped = dropped || self.keep(&rest[..end.unwrap_or(rest.len())], OSC_LIMIT);
        let Some(end) = end else {
            self.state = State::Osc { dropped };
            return rest.len();
        };
        self.state = match rest[end] {
            ESC => State::StringEscape { is_osc: !dropped },
            _ => State::Ground,
        };
        if rest[end] == BEL && !dropped {
            found(Found::Osc(&self.kept));
        }
        end + 1
    }

    fn other_string(&mut self, rest: &[u8]) -> usize {
        // A BEL inside is data: only ST ends these strings.
        let Some(end) = memchr3(ESC, CAN, SUB, rest) else { return rest.len() };
        self.state = match rest[end] {
            ESC => State::StringEscape { is_osc: false },
            _ => State::Ground,
        };
        end + 1
    }

    fn string_escape(&mut self, rest: &[u8], is_osc: bool, found: &mut impl FnMut(Found)) -> usize {
        if rest[0] != b'\\' {
            self.state = State::Escape;
            return 0;
        }
        if is_osc {
            found(Found::Osc(&self.kept));
        }
        self.state = State::Ground;
        1
    }

    fn csi(&mut self, rest: &[u8], dropped: bool, found: &mut impl FnMut(Found)) -> usize {
        let end = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte));
        let dropped = dropped || self.keep(&rest[..end.unwrap_or(rest.len())], CSI_LIMIT);
        let Some(end) = end else {
            self.state = State::Csi { dropped };
            return rest.len();
        };
        self.state = State::Ground;
        match rest[end] {
            last @ 0x40..=0x7e => {
                if !dropped {
                    found(Found::Csi(&self.kept, last));
                }
                end + 1
            }
            // Not part of the sequence, which is given up.
            _ => end,
        }
    }

    /// Keeps more of a sequence; true, and nothing kept, if it got too long.
    fn keep(&mut self, bytes: &[u8], limit: usize) -> bool {
        if self.kept.len() + bytes.len() > limit {
            self.kept = Vec::new();
            return true;
        }
        self.kept.extend_from_slice(bytes);
        false
    }
}

/// BEL, ESC, CAN or SUB.
fn end_of_string(rest: &[u8]) -> Option<usize> {
    let first = memchr3(BEL, ESC, CAN, rest);
    let before = &rest[..first.unwrap_or(rest.len())];
    memchr::memchr(SUB, before).or(first)
}
