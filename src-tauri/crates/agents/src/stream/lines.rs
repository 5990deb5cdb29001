//! Cuts a byte stream into lines, of bounded length, however it arrives.

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LineEvent<'a> {
    /// Without its newline and the carriage return that a terminal puts before it.
    Line(&'a [u8]),
    /// How long the line was that got dropped.
    TooLong(u64),
}

#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    kept: Vec<u8>,
    /// Length of the line that is being dropped.
    dropped: u64,
}

impl Lines {
    pub fn new(limit: usize) -> Self {
        Self { limit, kept: Vec::new(), dropped: 0 }
    }

    pub fn feed(&mut self, bytes: &[u8], event: &mut impl FnMut(LineEvent)) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.keep(&rest[..end]);
            self.end_line(event);
            rest = &rest[end + 1..];
        }
        self.keep(rest);
    }

    /// Treats what is left as a line.
    pub fn finish(&mut self, event: &mut impl FnMut(LineEvent)) {
        self.end_line(event);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.dropped > 0 || self.kept.len() + bytes.len() > self.limit {
            self.dropped += (self.kept.len() + bytes.len()) as u64;
            self.kept = Vec::new();
        } else {
            self.kept.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self, event: &mut impl FnMut(LineEvent)) {
        if self.dropped > 0 {
            event(LineEvent::TooLong(std::mem::take(&mut self.dropped)));
            return;
        }
        let line = self.kept.strip_suffix(b"\r").unwrap_or(&self.kept);
        if !line.is_empty() {
            event(LineEvent::Line(line));
        }
        // One huge line must not hold its memory for the rest of the run.
        if self.kept.capacity() > 256 * 1024 {
            self.kept = Vec::new();
        }
        self.kept.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(limit: usize, pieces: &[&str]) -> Vec<String> {
        let mut seen = Vec::new();
        let mut lines = Lines::new(limit);
        let mut note = |event: LineEvent| {
            seen.push(match event {
                LineEvent::Line(line) => String::from_utf8_lossy(line).into_owned(),
                LineEvent::TooLong(bytes) => format!("<{bytes}>"),
            });
        };
        for piece in pieces {
            lines.feed(piece.as_bytes(), &mut note);
        }
        lines.finish(&mut note);
        seen
    }

    #[test]
    fn lines_are_whole_wherever_the_stream_was_cut() {
        assert_eq!(lines(100, &["a", "b\r", "\nc\n", "\n", "d"]), ["ab", "c", "d"]);
    }

    #[test]
    fn a_line_over_the_limit_is_dropped_whole_and_the_next_is_not() {
        assert_eq!(lines(4, &["12345\nok\n"]), ["<5>", "ok"]);
        assert_eq!(lines(4, &["123", "45", "6\n", "ok\n1234\n"]), ["<6>", "ok", "1234"]);
        assert_eq!(lines(4, &["12345"]), ["<5>"]);
    }
}
