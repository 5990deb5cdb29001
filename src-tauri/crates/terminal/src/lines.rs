//! `output.log` as lines of plain text: an index that finds any line of a large log at once, the lines
//! themselves, and a search. A line is what `\n` ends; escape sequences are left out, and within a line what was
//! overwritten after `\r` is gone, as on the terminal. Sequences do not span lines here (see [`Scanner`]), so
//! every line can be read without those before it. Memory does not depend on the length of log or line.

use crate::ansi::{Scanner, Sink};
use crate::follower::read_at;
use crate::screen::fnv1a;
use memchr::{memchr, memchr_iter, memmem, memrchr};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// At most one index entry for so many bytes.
const STRIDE: usize = 64 * 1024;
const BLOCK: usize = 256 * 1024;
pub const MAX_LINES: usize = 2_000;
pub const MAX_HITS: usize = 1_000;
/// Longer lines are shown cut, with an ellipsis.
pub const LINE_CHARS: usize = 4_000;
/// How much is shown before a match that lies beyond the cut.
const CONTEXT_CHARS: usize = 80;

/// Finds the offset of a line. One per log; [`refresh`](Self::refresh) after the log has grown.
#[derive(Debug)]
pub struct LineIndex {
    log: PathBuf,
    file: Option<File>,
    saved: PathBuf,
    saved_entries: usize,
    /// Starts of lines, at least [`STRIDE`] apart; the first is always line 0 at offset 0.
    entries: Vec<Entry>,
    /// Bytes looked at so far.
    scanned: u64,
    /// Newlines among them.
    newlines: u64,
    /// Offset after the last newline.
    last_line: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    line: u64,
    offset: u64,
}

const START: Entry = Entry { line: 0, offset: 0 };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Of the line's first byte in the log.
    pub offset: u64,
    /// From 1.
    pub line: u64,
    /// The line, or the part of it around the match.
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    pub lines: Vec<String>,
    /// Lines in the log so far; an unfinished last line counts.
    pub total: u64,
}

impl LineIndex {
    /// Takes up a saved index if it fits the log, else starts anew. Reads nothing of the log yet.
    pub fn open(log: &Path, saved: &Path) -> Self {
        let entries = load(saved, log).unwrap_or_else(|| vec![START]);
        let last = entries.last().copied().unwrap_or(START);
        Self {
            log: log.to_owned(),
            file: None,
            saved: saved.to_owned(),
            saved_entries: entries.len() - 1,
            entries,
            scanned: last.offset,
            newlines: last.line,
            last_line: last.offset,
        }
    }

    /// Looks at what was appended since the last time. A log that does not exist yet has no lines.
    pub fn refresh(&mut self) -> io::Result<()> {
        let len = match std::fs::metadata(&self.log) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut block = vec![0; STRIDE];
        while self.scanned < len {
            let want = (len - self.scanned).min(STRIDE as u64) as usize;
            let got = self.read(self.scanned, &mut block[..want])?;
            if got == 0 {
                break;
            }
            self.count(&block[..got]);
        }
        if let Err(error) = self.save() {
            // The log is the truth; without the file only the next opening is slower.
            tracing::warn!(%error, path = %self.saved.display(), "the line index was not written");
        }
        Ok(())
    }

    pub fn total(&self) -> u64 {
        self.newlines + u64::from(self.scanned > self.last_line)
    }

    /// Up to `count` lines (at most [`MAX_LINES`]) from line `first`, counted from 0.
    pub fn lines(&mut self, first: u64, count: usize) -> io::Result<Lines> {
        self.refresh()?;
        let count = count
            .min(MAX_LINES)
            .min(usize::try_from(self.total().saturating_sub(first)).unwrap_or(MAX_LINES));
        let mut lines = Vec::with_capacity(count);
        if count > 0 {
            let offset = self.offset_of(first)?;
            self.read_lines(offset, |line| {
                lines.push(line.finish());
                lines.len() < count
            })?;
        }
        Ok(Lines { lines, total: self.total() })
    }

    /// Lines that contain `text`, in order, at most `limit` (and [`MAX_HITS`]). Letter case counts only if
    /// `text` has a capital. Ends early, with what was found, when `cancel` becomes true.
    pub fn search(&mut self, text: &str, limit: usize, cancel: &AtomicBool) -> io::Result<Vec<Hit>> {
        self.refresh()?;
        let mut hits = Vec::new();
        let limit = limit.min(MAX_HITS);
        if text.is_empty() || limit == 0 {
            return Ok(hits);
        }
        let needle = Needle::new(text);
        for (line, offset) in self.matching_lines(&needle, limit, cancel)? {
            hits.push(Hit { offset, line: line + 1, text: self.excerpt(offset, &needle)? });
        }
        Ok(hits)
    }

    fn count(&mut self, block: &[u8]) {
        self.newlines += memchr_iter(b'\n', block).count() as u64;
        if let Some(last) = memrchr(b'\n', block) {
            self.last_line = self.scanned + last as u64 + 1;
            let previous = self.entries.last().map_or(0, |entry| entry.offset);
            if self.last_line - previous >= STRIDE as u64 {
                self.entries.push(Entry { line: self.newlines, offset: self.last_line });
            }
        }
        self.scanned += block.len() as u64;
    }

    fn read(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(&self.log)?),
        };
        read_at(file, offset, buffer)
    }

    /// Offset of an existing line.
    fn offset_of(&mut self, line: u64) -> io::Result<u64> {
        let nearest = self.entries.partition_point(|entry| entry.line <= line) - 1;
        let Entry { line: mut at, mut offset } = self.entries[nearest];
        let mut block = vec![0; STRIDE];
        while at < line {
            let got = self.read(offset, &mut block)?;
            let skip = (line - at) as usize;
            let newline = memchr_iter(b'\n', &block[..got]).nth(skip - 1);
            match newline {
                Some(newline) => return Ok(offset + newline as u64 + 1),
                None if got == 0 => break,
                None => {
                    at += memchr_iter(b'\n', &block[..got]).count() as u64;
                    offset += got as u64;
                }
            }
        }
        Ok(offset)
    }

    /// Gives line after line, from the start of one, until told to stop or the scanned part ends.
    fn read_lines(&mut self, mut offset: u64, mut each: impl FnMut(&mut Line) -> bool) -> io::Result<()> {
        let mut block = vec![0; BLOCK];
        let mut scanner = Scanner::line_bound();
        let mut line = Line::default();
        let end = self.scanned;
        while offset < end {
            let want = (end - offset).min(BLOCK as u64) as usize;
            let got = self.read(offset, &mut block[..want])?;
            if got == 0 {
                break;
            }
            let mut rest = &block[..got];
            while let Some(newline) = memchr(b'\n', rest) {
                scanner.feed(&rest[..newline], &mut line);
                scanner = Scanner::line_bound();
                if !each(&mut line) {
                    return Ok(());
                }
                rest = &rest[newline + 1..];
                offset += newline as u64 + 1;
            }
            scanner.feed(rest, &mut line);
            offset += rest.len() as u64;
        }
        if end > self.last_line {
            each(&mut line);
        }
        Ok(())
    }

    fn matching_lines(
        &mut self,
        needle: &Needle,
        limit: usize,
        cancel: &AtomicBool,
    ) -> io::Result<Vec<(u64, u64)>> {
        let mut found = Vec::new();
        let mut block = vec![0; BLOCK];
        let mut hay = Hay::default();
        let mut at = Place { line: 0, offset: 0, found: false };
        let mut offset = 0;
        while offset < self.scanned && found.len() < limit && !cancel.load(Ordering::Relaxed) {
            let want = (self.scanned - offset).min(BLOCK as u64) as usize;
            let got = self.read(offset, &mut block[..want])?;
            if got == 0 {
                break;
            }
            hay.take(&block[..got], needle);
            needle.find_lines(&hay.bytes, &block[..got], offset, &mut at, &mut found);
            offset += got as u64;
        }
        found.truncate(limit);
        Ok(found)
    }

    fn excerpt(&mut self, offset: u64, needle: &Needle) -> io::Result<String> {
        let mut shown = String::new();
        self.read_lines(offset, |line| {
            shown = line.finish();
            false
        })?;
        if needle.is_in(&shown) {
            return Ok(shown);
        }
        // The match was overwritten on the terminal, or lies beyond the cut.
        Ok(self.around_match(offset, needle)?.unwrap_or(shown))
    }

    fn around_match(&mut self, mut offset: u64, needle: &Needle) -> io::Result<Option<String>> {
        let mut block = vec![0; BLOCK];
        let mut hay = Hay::default();
        while offset < self.scanned {
            let want = (self.scanned - offset).min(BLOCK as u64) as usize;
            let got = self.read(offset, &mut block[..want])?;
            let line = memchr(b'\n', &block[..got]).map_or(got, |newline| newline + 1);
            if line == 0 {
                break;
            }
            hay.take(&block[..line], needle);
            if let Some(text) = needle.around(&hay.plain) {
                return Ok(Some(text));
            }
            if block[line - 1] == b'\n' {
                break;
            }
            offset += line as u64;
        }
        Ok(None)
    }

    // ---- on disk: magic, then records of line, offset, checksum; appended to

    fn save(&mut self) -> io::Result<()> {
        let new = &self.entries[1 + self.saved_entries..];
        if new.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(new.len() * RECORD + MAGIC.len());
        if self.saved_entries == 0 {
            bytes.extend_from_slice(MAGIC);
        }
        new.iter().for_each(|entry| bytes.extend_from_slice(&record(*entry)));
        let mut options = File::options();
        let mut file = match self.saved_entries {
            0 => options.write(true).create(true).truncate(true).open(&self.saved)?,
            _ => options.append(true).open(&self.saved)?,
        };
        file.write_all(&bytes)?;
        self.saved_entries = self.entries.len() - 1;
        Ok(())
    }
}

const MAGIC: &[u8; 8] = b"FBLINE1\n";
const RECORD: usize = 24;

fn record(entry: Entry) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    record[..8].copy_from_slice(&entry.line.to_le_bytes());
    record[8..16].copy_from_slice(&entry.offset.to_le_bytes());
    let sum = fnv1a(&record[..16]);
    record[16..].copy_from_slice(&sum.to_le_bytes());
    record
}

/// `None` when the file is missing, torn, or not about this log.
fn load(saved: &Path, log: &Path) -> Option<Vec<Entry>> {
    let bytes = std::fs::read(saved).ok()?;
    let (records, torn) = bytes.strip_prefix(MAGIC)?.as_chunks::<RECORD>();
    let mut entries = vec![START];
    for bytes in records {
        let number = |at: usize| Some(u64::from_le_bytes(*bytes[at..].first_chunk()?));
        let entry = Entry { line: number(0)?, offset: number(8)? };
        let last = entries.last()?;
        if record(entry) != *bytes || entry.line <= last.line || entry.offset <= last.offset {
            return None;
        }
        entries.push(entry);
    }
    let last = entries.last()?.offset;
    let mut before = [b'\n'];
    if last > 0 {
        let got = read_at(&mut File::open(log).ok()?, last - 1, &mut before).ok()?;
        (got == 1).then_some(())?;
    }
    (torn.is_empty() && before == [b'\n']).then_some(entries)
}

// ---------------------------------------------------------------- one line as shown

/// The visible text of one line: a cursor over characters, as far as `\r`, backspace and erasing go.
#[derive(Default)]
struct Line {
    chars: Vec<char>,
    cursor: usize,
    partial: Vec<u8>,
    cut: bool,
}

impl Line {
    /// The text; the line is then empty again.
    fn finish(&mut self) -> String {
        self.flush_partial();
        let cut = self.cut || self.chars.len() > LINE_CHARS;
        let mut text: String = self.chars.iter().take(LINE_CHARS).collect();
        match cut {
            true => text.push('…'),
            false => text.truncate(text.trim_end_matches(' ').len()),
        }
        self.chars.clear();
        self.cursor = 0;
        self.cut = false;
        text
    }

    fn put(&mut self, c: char) {
        match c {
            '\r' => self.cursor = 0,
            '\u{8}' => self.cursor = self.cursor.saturating_sub(1),
            '\t' => self.set(c),
            c if c.is_control() => {}
            c => self.set(c),
        }
    }

    fn set(&mut self, c: char) {
        if self.cursor >= LINE_CHARS {
            self.cut = true;
        } else {
            while self.chars.len() <= self.cursor {
                self.chars.push(' ');
            }
            self.chars[self.cursor] = c;
        }
        self.cursor = self.cursor.saturating_add(1);
    }

    fn flush_partial(&mut self) {
        if !self.partial.is_empty() {
            self.partial.clear();
            self.set('\u{fffd}');
        }
    }

    fn first_number(body: &[u8]) -> usize {
        let digits = body.split(|byte| *byte == b';').next().unwrap_or_default();
        std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }
}

impl Sink for Line {
    fn text(&mut self, bytes: &[u8]) {
        let joined = [&std::mem::take(&mut self.partial), bytes].concat();
        let mut chunks = joined.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            chunk.valid().chars().for_each(|c| self.put(c));
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && std::str::from_utf8(invalid).is_err_and(|e| e.error_len().is_none())
            {
                self.partial = invalid.to_vec();
            } else if !invalid.is_empty() {
                self.put('\u{fffd}');
            }
        }
    }

    fn csi(&mut self, body: &[u8], last: u8) {
        self.flush_partial();
        let number = Self::first_number(body);
        match last {
            b'K' if number == 2 => self.chars.clear(),
            b'K' if number == 0 => {
                self.chars.truncate(self.cursor);
                self.cut &= self.cursor > LINE_CHARS;
            }
            b'G' => self.cursor = number.max(1) - 1,
            b'C' => self.cursor = self.cursor.saturating_add(number.max(1)),
            b'D' => self.cursor = self.cursor.saturating_sub(number.max(1)),
            _ => {}
        }
    }

    fn osc(&mut self, _body: &[u8]) {
        self.flush_partial();
    }

    fn string(&mut self, _kind: u8, _body: &[u8]) {
        self.flush_partial();
    }

    fn esc(&mut self, _intermediate: Option<u8>, _last: u8) {
        self.flush_partial();
    }
}

// ---------------------------------------------------------------- search

struct Needle {
    finder: memmem::Finder<'static>,
    case: Case,
    /// Bytes of the haystack's end that a match may still begin in.
    overlap: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Exact,
    /// Only ASCII letters differ by case: lowered in place, at memory speed.
    Ascii,
    /// Lowered as Unicode, which is slower.
    Unicode,
}

impl Needle {
    fn new(text: &str) -> Self {
        let case = match text {
            text if text.chars().any(char::is_uppercase) => Case::Exact,
            text if text.is_ascii() => Case::Ascii,
            _ => Case::Unicode,
        };
        let finder = memmem::Finder::new(text.as_bytes()).into_owned();
        Self { finder, case, overlap: text.len() - 1 }
    }

    fn is_in(&self, text: &str) -> bool {
        let mut bytes = text.as_bytes().to_vec();
        self.fold(&mut bytes);
        self.finder.find(&bytes).is_some()
    }

    fn fold(&self, bytes: &mut Vec<u8>) {
        match self.case {
            Case::Exact => {}
            Case::Ascii => bytes.make_ascii_lowercase(),
            Case::Unicode => *bytes = String::from_utf8_lossy(bytes).to_lowercase().into_bytes(),
        }
    }

    /// Adds line and offset of each line with a match. `hay` is the text of `block` (with the end of the text
    /// before it in front), `at` the line that the text begins in.
    fn find_lines(&self, hay: &[u8], block: &[u8], base: u64, at: &mut Place, found: &mut Vec<(u64, u64)>) {
        // Newlines of block and text match one to one.
        let mut newlines = memchr_iter(b'\n', block);
        let mut from = 0;
        while let Some(hit) = self.finder.find(&hay[from..]).map(|hit| from + hit) {
            let passed = memchr_iter(b'\n', &hay[from..hit]).count();
            if passed > 0 {
                at.advance(passed, base, &mut newlines);
            }
            if !at.found {
                at.found = true;
                found.push((at.line, at.offset));
            }
            match memchr(b'\n', &hay[hit..]) {
                Some(newline) => {
                    at.advance(1, base, &mut newlines);
                    from = hit + newline + 1;
                }
                None => return,
            }
        }
        let passed = memchr_iter(b'\n', &hay[from..]).count();
        if passed > 0 {
            at.advance(passed, base, &mut newlines);
        }
    }

    /// The text around the first match in one line's plain text.
    fn around(&self, plain: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(plain);
        let chars: Vec<char> = text.chars().collect();
        let mut folded = text.as_bytes().to_vec();
        self.fold(&mut folded);
        let hit = self.finder.find(&folded)?;
        // Folding may change lengths in bytes; counted in characters the place is close enough.
        let before = String::from_utf8_lossy(&folded[..hit]).chars().count().min(chars.len());
        let start = before.saturating_sub(CONTEXT_CHARS);
        let end = chars.len().min(start + LINE_CHARS);
        let shown = chars[start..end].iter().filter(|c| !c.is_control() || **c == '\t').collect::<String>();
        Some(format!(
            "{}{}{}",
            if start > 0 { "…" } else { "" },
            shown.trim_end(),
            if end < chars.len() { "…" } else { "" }
        ))
    }
}

/// The line a search is in.
struct Place {
    line: u64,
    offset: u64,
    found: bool,
}

impl Place {
    fn advance(&mut self, lines: usize, base: u64, newlines: &mut impl Iterator<Item = usize>) {
        self.line += lines as u64;
        self.found = false;
        if let Some(newline) = newlines.nth(lines - 1) {
            self.offset = base + newline as u64 + 1;
        }
    }
}

/// Stripped text to search in, block by block.
#[derive(Default)]
struct Hay {
    stripper: Option<Scanner>,
    plain: Vec<u8>,
    /// `plain`, folded.
    bytes: Vec<u8>,
    /// How much of `plain` was searched with the block before.
    carried: Vec<u8>,
}

struct Strip<'a>(&'a mut Vec<u8>);

impl Sink for Strip<'_> {
    fn text(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl Hay {
    fn take(&mut self, block: &[u8], needle: &Needle) {
        let scanner = self.stripper.get_or_insert_with(Scanner::line_bound);
        self.plain.clear();
        self.plain.append(&mut self.carried);
        scanner.feed(block, &mut Strip(&mut self.plain));
        // The last line may go on: keep so much of it that a match across the border is found, and whole
        // characters (four bytes at most) for folding.
        let line = memrchr(b'\n', &self.plain).map_or(0, |newline| newline + 1);
        let keep = line.max(self.plain.len().saturating_sub(needle.overlap + 4));
        let keep =
            (keep..self.plain.len()).find(|at| self.plain[*at] & 0xc0 != 0x80).unwrap_or(self.plain.len());
        self.carried = self.plain[keep..].to_vec();
        self.bytes.clear();
        self.bytes.extend_from_slice(&self.plain);
        needle.fold(&mut self.bytes);
    }
}

/// Escape sequences left out, line breaks kept: what the search looks through. For measuring.
pub fn strip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    Scanner::line_bound().feed(bytes, &mut Strip(&mut plain));
    plain
}
