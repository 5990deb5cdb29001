//! Takes a terminal byte stream apart into text and control sequences, without decoding UTF-8 and without
//! a screen. Three readers share it: the mode tracker of the screen, the mute of replayed output, and the
//! plain-text view of the log. Only 7-bit introducers (`ESC [` and so on) are known: their 8-bit twins
//! collide with UTF-8 and no agent sends them.

use memchr::memchr;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;

/// A control sequence longer than this is read to its end but not reported.
const BODY_LIMIT: usize = 4096;

/// Receives the parts in order. Everything may be ignored.
pub(crate) trait Sink {
    /// Bytes outside of sequences, C0 controls among them.
    fn text(&mut self, _bytes: &[u8]) {}
    /// `ESC [ body final`; the body holds parameters and intermediates.
    fn csi(&mut self, _body: &[u8], _last: u8) {}
    /// `ESC ] body` ended by BEL or ST.
    fn osc(&mut self, _body: &[u8]) {}
    /// DCS, SOS, PM or APC: `kind` is the byte after ESC.
    fn string(&mut self, _kind: u8, _body: &[u8]) {}
    /// Any other escape sequence.
    fn esc(&mut self, _intermediate: Option<u8>, _last: u8) {}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    Escape,
    Intermediate(u8),
    Csi,
    /// `]`, `P`, `X`, `^` or `_`
    String(u8),
    StringEscape(u8),
}

#[derive(Debug)]
pub(crate) struct Scanner {
    state: State,
    body: Vec<u8>,
    too_long: bool,
    line_bound: bool,
}

impl Scanner {
    /// For a terminal: a sequence may span lines.
    pub(crate) fn new() -> Self {
        Self { state: State::Ground, body: Vec::new(), too_long: false, line_bound: false }
    }

    /// For the log: every line is read on its own, so a sequence that is never closed costs one line,
    /// not the rest of the log, and any line can be read without those before it.
    pub(crate) fn line_bound() -> Self {
        Self { line_bound: true, ..Self::new() }
    }

    /// The bytes that bring a fresh terminal to where this scanner is inside a sequence. Of a sequence
    /// over the limit only the beginning, which is enough to swallow its rest.
    pub(crate) fn pending(&self, out: &mut Vec<u8>) {
        let (kind, tail): (Option<u8>, &[u8]) = match self.state {
            State::Ground => return,
            State::Escape => (None, b""),
            State::Intermediate(byte) => (Some(byte), b""),
            State::Csi => (Some(b'['), b""),
            State::String(kind) => (Some(kind), b""),
            State::StringEscape(kind) => (Some(kind), b"\x1b"),
        };
        out.push(ESC);
        out.extend(kind);
        if matches!(self.state, State::Csi | State::String(_) | State::StringEscape(_)) {
            out.extend_from_slice(&self.body);
        }
        out.extend_from_slice(tail);
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.state == State::Ground {
                let text = memchr(ESC, rest).unwrap_or(rest.len());
                if text > 0 {
                    sink.text(&rest[..text]);
                }
                if text < rest.len() {
                    self.begin(State::Escape);
                }
                rest = &rest[(text + 1).min(rest.len())..];
            } else {
                self.step(rest[0], sink);
                rest = &rest[1..];
            }
        }
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.body.clear();
        self.too_long = false;
    }

    fn step(&mut self, byte: u8, sink: &mut impl Sink) {
        match byte {
            b'\n' if self.line_bound => self.abandon(byte, sink),
            CAN | SUB => self.state = State::Ground,
            _ => match self.state {
                State::Ground => sink.text(&[byte]),
                State::Escape => self.after_escape(byte, sink),
                State::Intermediate(first) => self.after_intermediate(first, byte, sink),
                State::Csi => self.in_csi(byte, sink),
                State::String(kind) => self.in_string(kind, byte, sink),
                State::StringEscape(kind) => self.after_string_escape(kind, byte, sink),
            },
        }
    }

    fn after_escape(&mut self, byte: u8, sink: &mut impl Sink) {
        match byte {
            b'[' => self.begin(State::Csi),
            b']' | b'P' | b'X' | b'^' | b'_' => self.begin(State::String(byte)),
            ESC => self.begin(State::Escape),
            0x20..=0x2f => self.state = State::Intermediate(byte),
            0x30..=0x7e => {
                self.state = State::Ground;
                sink.esc(None, byte);
            }
            0x7f => {}
            0x00..=0x1f => sink.text(&[byte]),
            0x80..=0xff => self.abandon(byte, sink),
        }
    }

    fn after_intermediate(&mut self, first: u8, byte: u8, sink: &mut impl Sink) {
        match byte {
            ESC => self.begin(State::Escape),
            0x20..=0x2f | 0x7f => {}
            0x30..=0x7e => {
                self.state = State::Ground;
                sink.esc(Some(first), byte);
            }
            0x00..=0x1f => sink.text(&[byte]),
            0x80..=0xff => self.abandon(byte, sink),
        }
    }

    fn in_csi(&mut self, byte: u8, sink: &mut impl Sink) {
        match byte {
            ESC => self.begin(State::Escape),
            0x20..=0x3f => self.collect(byte),
            0x40..=0x7e => {
                self.state = State::Ground;
                if !self.too_long {
                    sink.csi(&self.body, byte);
                }
            }
            0x7f => {}
            0x00..=0x1f => sink.text(&[byte]),
            0x80..=0xff => self.abandon(byte, sink),
        }
    }

    fn in_string(&mut self, kind: u8, byte: u8, sink: &mut impl Sink) {
        match byte {
            ESC => self.state = State::StringEscape(kind),
            BEL if kind == b']' => self.end_string(kind, sink),
            _ => self.collect(byte),
        }
    }

    fn after_string_escape(&mut self, kind: u8, byte: u8, sink: &mut impl Sink) {
        self.end_string(kind, sink);
        if byte != b'\\' {
            self.begin(State::Escape);
            self.after_escape(byte, sink);
        }
    }

    fn end_string(&mut self, kind: u8, sink: &mut impl Sink) {
        self.state = State::Ground;
        match kind {
            _ if self.too_long => {}
            b']' => sink.osc(&self.body),
            _ => sink.string(kind, &self.body),
        }
    }

    fn collect(&mut self, byte: u8) {
        if self.body.len() < BODY_LIMIT {
            self.body.push(byte);
        } else {
            self.too_long = true;
        }
    }

    /// A byte that cannot belong to the sequence: what was begun is dropped, the byte is text.
    fn abandon(&mut self, byte: u8, sink: &mut impl Sink) {
        self.state = State::Ground;
        sink.text(&[byte]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default, Debug, PartialEq)]
    struct Parts(Vec<String>);

    impl Parts {
        fn push(&mut self, kind: &str, bytes: &[u8]) {
            let text = String::from_utf8_lossy(bytes);
            // Text may be cut anywhere; pieces of it are one part.
            match self.0.last_mut() {
                Some(last) if kind == "text" && last.starts_with("text ") => last.push_str(&text),
                _ => self.0.push(format!("{kind} {text}")),
            }
        }
    }

    impl Sink for Parts {
        fn text(&mut self, bytes: &[u8]) {
            self.push("text", bytes);
        }
        fn csi(&mut self, body: &[u8], last: u8) {
            self.push("csi", &[body, &[last]].concat());
        }
        fn osc(&mut self, body: &[u8]) {
            self.push("osc", body);
        }
        fn string(&mut self, kind: u8, body: &[u8]) {
            self.push("string", &[&[kind], body].concat());
        }
        fn esc(&mut self, intermediate: Option<u8>, last: u8) {
            let bytes: Vec<u8> = intermediate.into_iter().chain([last]).collect();
            self.push("esc", &bytes);
        }
    }

    fn parts(mut scanner: Scanner, bytes: &[u8]) -> Vec<String> {
        let mut parts = Parts::default();
        scanner.feed(bytes, &mut parts);
        parts.0
    }

    #[test]
    fn sequences_and_text_come_apart() {
        assert_eq!(
            parts(Scanner::new(), b"a\x1b[1;31mb\x1b]0;t\x07c\x1b]2;u\x1b\\\x1bP+q\x1b\\\x1b(0\x1b7d"),
            [
                "text a",
                "csi 1;31m",
                "text b",
                "osc 0;t",
                "text c",
                "osc 2;u",
                "string P+q",
                "esc (0",
                "esc 7",
                "text d"
            ]
        );
    }

    #[test]
    fn a_new_sequence_or_a_cancel_ends_an_unfinished_one() {
        assert_eq!(parts(Scanner::new(), b"\x1b[12\x1b[Kx"), ["csi K", "text x"]);
        assert_eq!(parts(Scanner::new(), b"\x1b]0;abc\x18x"), ["text x"]);
        assert_eq!(parts(Scanner::new(), b"\x1b]0;abc\x1b[Kx"), ["osc 0;abc", "csi K", "text x"]);
    }

    #[test]
    fn an_unclosed_string_costs_the_log_one_line() {
        assert_eq!(parts(Scanner::line_bound(), b"a\x1b]0;never closed\nb"), ["text a\nb"]);
    }

    #[test]
    fn an_endless_string_is_swallowed_in_bounded_memory() {
        let mut scanner = Scanner::new();
        let mut parts = Parts::default();
        scanner.feed(b"\x1b]52;c;", &mut parts);
        scanner.feed(&vec![b'A'; 1 << 20], &mut parts);
        assert!(scanner.body.capacity() <= 2 * BODY_LIMIT);
        scanner.feed(b"\x07done", &mut parts);
        assert_eq!(parts.0, ["text done"]);
    }

    proptest! {
        #[test]
        fn the_cut_into_pieces_does_not_matter(
            bytes in proptest::collection::vec(prop_oneof![
                3 => proptest::sample::select(b"\x1b[]P;0?m\\\x07\x18h\nA(".to_vec()),
                1 => any::<u8>(),
            ], 0..80),
            cut in 0usize..80,
        ) {
            let cut = cut.min(bytes.len());
            let mut scanner = Scanner::new();
            let mut pieces = Parts::default();
            scanner.feed(&bytes[..cut], &mut pieces);
            // A second scanner that is given the pending bytes must go on like the first.
            let mut pending = Vec::new();
            scanner.pending(&mut pending);
            let mut twin = Scanner::new();
            let mut silent = Parts::default();
            twin.feed(&pending, &mut silent);
            prop_assert!(silent.0.is_empty(), "pending bytes complete nothing: {silent:?}");
            let mut after = Parts::default();
            twin.feed(&bytes[cut..], &mut after);
            let mut expected = Parts::default();
            scanner.feed(&bytes[cut..], &mut expected);
            prop_assert_eq!(&after, &expected);
            for part in expected.0 {
                let (kind, text) = part.split_once(' ').expect("a kind and a text");
                match pieces.0.last_mut() {
                    Some(last) if kind == "text" && last.starts_with("text ") => last.push_str(text),
                    _ => pieces.0.push(part),
                }
            }
            // Lossy decoding of cut characters differs; compare what is ASCII.
            let ascii = |parts: &[String]| parts.iter().map(|part| part.replace(|c: char| !c.is_ascii(), "")).collect::<Vec<_>>();
            prop_assert_eq!(ascii(&pieces.0), ascii(&super::tests::parts(Scanner::new(), &bytes)));
        }
    }
}
