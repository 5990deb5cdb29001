//! Cutting finished text into what is seen and what steers a terminal.
//!
//! For text that is wholly there. The incremental counterpart, which only
//! looks for messages to us, is `terminal::scanner`.

const ESC: u8 = 0x1b;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Printable bytes, possibly cut inside a character at either end of the input.
    Text(&'a [u8]),
    /// One C0 control, or DEL.
    Control(u8),
    /// A control sequence: its parameters and its final byte.
    Csi(&'a [u8], u8),
    /// Any other escape sequence; it shows nothing.
    Other,
}

/// Splits `bytes`. A sequence that is cut off at the end yields nothing.
pub(crate) fn tokens(bytes: &[u8]) -> impl Iterator<Item = Token<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
        let (token, length) = first(rest)?;
        at += length;
        Some(token)
    })
}

fn first(rest: &[u8]) -> Option<(Token<'_>, usize)> {
    match rest[0] {
        ESC => escape(rest),
        control @ (0..0x20 | 0x7f) => Some((Token::Control(control), 1)),
        _ => {
            let length = rest.iter().position(|byte| *byte < 0x20 || *byte == 0x7f).unwrap_or(rest.len());
            Some((Token::Text(&rest[..length]), length))
        }
    }
}

fn escape(rest: &[u8]) -> Option<(Token<'_>, usize)> {
    match *rest.get(1)? {
        b'[' => control_sequence(rest),
        b']' | b'P' | b'X' | b'^' | b'_' => string_sequence(rest),
        ESC => Some((Token::Other, 1)),
        0x20..=0x2f => {
            let length = 2 + rest[2..].iter().position(|byte| !(0x20..=0x2f).contains(byte))?;
            Some((Token::Other, length + 1))
        }
        _ => Some((Token::Other, 2)),
    }
}

fn control_sequence(rest: &[u8]) -> Option<(Token<'_>, usize)> {
    let end = 2 + rest[2..].iter().position(|byte| !(0x20..=0x3f).contains(byte))?;
    match rest[end] {
        last @ 0x40..=0x7e => Some((Token::Csi(&rest[2..end], last), end + 1)),
        // Broken off by something that belongs to no sequence: look at that next.
        _ => Some((Token::Other, end)),
    }
}

fn string_sequence(rest: &[u8]) -> Option<(Token<'_>, usize)> {
    let end = 2 + rest[2..].iter().position(|byte| matches!(*byte, 0x07 | ESC | 0x18 | 0x1a))?;
    let terminated_by_st = rest[end] == ESC && rest.get(end + 1) == Some(&b'\\');
    match rest[end] {
        ESC if terminated_by_st => Some((Token::Other, end + 2)),
        ESC if end + 1 == rest.len() => None,
        ESC => Some((Token::Other, end)),
        _ => Some((Token::Other, end + 1)),
    }
}

/// What a person would read, without colours and cursor movements.
pub fn plain_text(bytes: &[u8]) -> String {
    let mut visible = Vec::with_capacity(bytes.len());
    for token in tokens(bytes) {
        match token {
            Token::Text(text) => visible.extend_from_slice(text),
            Token::Control(control @ (b'\n' | b'\t')) => visible.push(control),
            Token::Control(_) | Token::Csi(..) | Token::Other => {}
        }
    }
    String::from_utf8_lossy(&visible).into_owned()
}

/// Characters that show nothing or turn the text around: control, format and
/// bidirectional marks. Joiners stay; emoji are made with them.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// One line of at most `limit` characters, ending in an ellipsis if cut.
pub(crate) fn clipped(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || is_invisible(c)).filter(|word| !word.is_empty()) {
        if count > 0 {
            out.push(' ');
            count += 1;
        }
        for c in word.chars() {
            out.push(c);
            count += 1;
        }
        if count > limit {
            let kept: String = out.chars().take(limit.saturating_sub(1)).collect();
            return kept.trim_end().to_owned() + "…";
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_seen_remains() {
        for (input, seen) in [
            ("\x1b[1;31mred\x1b[0m and \x1b]0;title\x07plain", "red and plain"),
            ("a\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
            ("\x1bP+q4d73\x1b\\x\x1b(By\x1b7z", "xyz"),
            ("cut \x1b[3", "cut "),
            ("cut \x1b]0;never ends", "cut "),
            ("broken \x1b[3\x1b[0mgoes on", "broken goes on"),
            ("\x1b\x1b\x1b[1mx", "x"),
        ] {
            assert_eq!(plain_text(input.as_bytes()), seen, "{input:?}");
        }
    }

    #[test]
    fn clipping_counts_characters_and_says_that_it_cut() {
        assert_eq!(clipped("  a\n\tb\u{202e}c ", 10), "a b c");
        assert_eq!(clipped("äöüäöü", 6), "äöüäöü");
        assert_eq!(clipped("äöüäöüß", 6), "äöüäö…");
        assert_eq!(clipped(&"x".repeat(100_000), 3), "xx…");
    }
}
