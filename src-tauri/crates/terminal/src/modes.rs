//! The terminal state that a screen of cells does not hold: what the keyboard and mouse should send, the look of
//! the cursor, the title. Followed over every byte, also over those that the screen skips under a flood.

use crate::ansi::Sink;

const TITLE_LIMIT: usize = 1000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modes {
    pub(crate) title: Option<String>,
    /// 9, 1000, 1002 or 1003: the newest wins, as in xterm.
    mouse: Option<u16>,
    /// 1005, 1006, 1015 or 1016
    mouse_encoding: Option<u16>,
    pub(crate) bracketed_paste: bool,
    focus: bool,
    keypad: bool,
    /// Parameter of DECSCUSR; 0 is the terminal's own choice.
    cursor: u8,
}

impl Modes {
    /// Sequences that set these modes on a terminal that was just reset.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        if let Some(title) = &self.title {
            out.extend_from_slice(format!("\x1b]2;{title}\x07").as_bytes());
        }
        let numbered = [
            self.mouse,
            self.mouse_encoding,
            self.bracketed_paste.then_some(2004),
            self.focus.then_some(1004),
        ];
        for mode in numbered.into_iter().flatten() {
            out.extend_from_slice(format!("\x1b[?{mode}h").as_bytes());
        }
        if self.keypad {
            out.extend_from_slice(b"\x1b=");
        }
        if self.cursor != 0 {
            out.extend_from_slice(format!("\x1b[{} q", self.cursor).as_bytes());
        }
    }

    fn set(&mut self, mode: u16, on: bool) {
        match mode {
            9 | 1000 | 1002 | 1003 => self.mouse = on.then_some(mode),
            1005 | 1006 | 1015 | 1016 => self.mouse_encoding = on.then_some(mode),
            2004 => self.bracketed_paste = on,
            1004 => self.focus = on,
            66 => self.keypad = on,
            _ => {}
        }
    }

    fn soft_reset(&mut self) {
        *self = Self {
            title: self.title.take(),
            mouse: self.mouse,
            mouse_encoding: self.mouse_encoding,
            ..Self::default()
        };
    }
}

impl Sink for Modes {
    fn csi(&mut self, body: &[u8], last: u8) {
        match (body, last) {
            ([b'?', modes @ ..], b'h' | b'l') => {
                for mode in numbers(modes) {
                    self.set(mode, last == b'h');
                }
            }
            ([style @ .., b' '], b'q') => {
                self.cursor = numbers(style).next().filter(|style| *style <= 6).unwrap_or(0) as u8;
            }
            (b"!", b'p') => self.soft_reset(),
            _ => {}
        }
    }

    fn osc(&mut self, body: &[u8]) {
        if let [b'0' | b'2', b';', title @ ..] = body {
            let text = String::from_utf8_lossy(&title[..title.len().min(TITLE_LIMIT)]);
            self.title = Some(text.chars().filter(|c| !c.is_control() && *c != '\u{fffd}').collect());
        }
    }

    fn esc(&mut self, intermediate: Option<u8>, last: u8) {
        match (intermediate, last) {
            (None, b'=') => self.keypad = true,
            (None, b'>') => self.keypad = false,
            (None, b'c') => *self = Self { title: self.title.take(), ..Self::default() },
            _ => {}
        }
    }
}

/// Unreadable parameters are left out, as terminals do.
fn numbers(parameters: &[u8]) -> impl Iterator<Item = u16> {
    parameters.split(|byte| *byte == b';').filter_map(|one| std::str::from_utf8(one).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansi::Scanner;
    use rstest::rstest;

    #[rstest]
    #[case("\x1b[?1000;1006h", "\x1b[?1000h\x1b[?1006h")]
    #[case("\x1b[?1000h\x1b[?1003h\x1b[?1003l", "")]
    #[case("\x1b[?2004h\x1b[?1004h\x1b[?2004l", "\x1b[?1004h")]
    #[case("\x1b=\x1b[5 q", "\x1b=\x1b[5 q")]
    #[case("\x1b[5 q\x1b[ q", "")]
    #[case("\x1b]0;one\x07\x1b]2;tw\u{7}", "\x1b]2;tw\x07")]
    #[case("\x1b[?1002h\x1b[?2004h\x1b[!p", "\x1b[?1002h")]
    #[case("\x1b[?1002h\x1b[?2004h\x1bc", "")]
    fn modes_are_followed(#[case] output: &str, #[case] expected: &str) {
        let mut modes = Modes::default();
        Scanner::new().feed(output.as_bytes(), &mut modes);
        let mut written = Vec::new();
        modes.write(&mut written);
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
