//! The terminal screen as of a log offset, and the bytes that bring a freshly reset terminal to the same state.
//!
//! The cells are kept by `avt`, not by `vt100`: `vt100` 0.18 knows neither strike-through (Claude Code's done
//! items), line-drawing characters, IND, NEL, tab stops nor wrap-off, does not reflow on resize, and cannot show
//! the main screen, the margins or the saved cursor while the alternate screen is on; `avt` writes all of that in
//! one dump that is tested to restore. What `avt` lacks is added here: input modes and title ([`Modes`]),
//! unfinished sequences and characters at the end, and characters of width zero, which it would give a cell of
//! their own and which are therefore left out (a combining accent is missing after a resync, columns stay right).
//!
//! Where it ends: `avt` 0.19 holds one character and a pen in a cell, and the pen knows that there is an underline
//! but not its colour or shape. So a snapshot has no OSC 8 links (their text stays, and an address written out is
//! found by the view itself), no underline colours, no curly underlines and no images. The log has them all, and a
//! view that is fed from the log shows them; only what a resync draws is without, until the program draws it anew.

use crate::ansi::{Scanner, Sink};
use crate::modes::Modes;
use std::borrow::Cow;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use unicode_width::UnicodeWidthChar as _;

/// Larger terminals are kept at this size: memory is cells × 20 bytes.
const MAX_SIDE: u16 = 1000;

pub struct Screen {
    scanner: Scanner,
    inner: Inner,
    /// How often hostile bytes made the emulator panic; each time it started afresh.
    restarts: u32,
}

struct Inner {
    cells: avt::Terminal,
    modes: Modes,
    /// The first bytes of a character whose rest has not arrived.
    partial: Vec<u8>,
    sequence: String,
}

/// A screen, ready to be shown: `bytes` written to a reset terminal of this size give the state at `offset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub offset: u64,
    pub cols: u16,
    pub rows: u16,
    pub alternate: bool,
    pub bytes: Vec<u8>,
    /// Only the modes: what a replay from the middle of the log must start with.
    pub modes: Vec<u8>,
}

impl Screen {
    pub fn new(cols: u16, rows: u16) -> Self {
        let inner = Inner {
            cells: empty(cols, rows),
            modes: Modes::default(),
            partial: Vec::new(),
            sequence: String::new(),
        };
        Self { scanner: Scanner::new(), inner, restarts: 0 }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.guarded(|scanner, inner| scanner.feed(bytes, inner));
    }

    /// Follows modes and the choice of screen over bytes whose text will never be looked at, at the
    /// speed of a search for ESC. The next [`feed`](Self::feed) should begin at a line.
    pub fn skim(&mut self, bytes: &[u8]) {
        self.inner.partial.clear();
        self.guarded(|scanner, inner| scanner.feed(bytes, &mut Skim(inner)));
    }

    pub fn resize(&mut self, cols: u16, rows: u16) {
        if self.size() != clamp(cols, rows) {
            let (cols, rows) = clamp(cols, rows);
            self.guarded(|_, inner| inner.cells.resize(cols.into(), rows.into()));
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        let (cols, rows) = self.inner.cells.size();
        (cols as u16, rows as u16)
    }

    pub fn alternate(&self) -> bool {
        self.inner.cells.active_screen_kind() == avt::ScreenKind::Alternate
    }

    pub fn title(&self) -> Option<&str> {
        self.inner.modes.title.as_deref()
    }

    /// The program asked for pastes to be marked as such.
    pub fn takes_pastes(&self) -> bool {
        self.inner.modes.bracketed_paste
    }

    /// The rows as shown, without trailing blanks.
    pub fn text(&self) -> Vec<String> {
        self.inner.cells.screen().visible_lines().map(|line| line.text().trim_end().to_owned()).collect()
    }

    /// Column and row, from zero; `None` while hidden. The column equals the width after a full line.
    pub fn cursor(&self) -> Option<(u16, u16)> {
        self.inner.cells.cursor().position().map(|(col, row)| (col as u16, row as u16))
    }

    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = self.modes();
        out.extend_from_slice(self.inner.cells.dump().as_bytes());
        self.scanner.pending(&mut out);
        out.extend_from_slice(&self.inner.partial);
        out
    }

    pub(crate) fn modes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.inner.modes.write(&mut out);
        out
    }

    /// The emulator should never panic; if hostile bytes find a way, the screen starts empty instead of
    /// taking the engine down.
    fn guarded(&mut self, work: impl FnOnce(&mut Scanner, &mut Inner)) {
        let Self { scanner, inner, .. } = self;
        let (cols, rows) = inner.cells.size();
        if catch_unwind(AssertUnwindSafe(|| work(scanner, inner))).is_err() {
            self.restarts += 1;
            tracing::warn!(
                restarts = self.restarts,
                "the terminal emulator gave up on this output; empty screen"
            );
            *self = Self { restarts: self.restarts, ..Self::new(cols as u16, rows as u16) };
        }
    }

    pub fn restarts(&self) -> u32 {
        self.restarts
    }
}

impl Inner {
    fn print(&mut self, bytes: &[u8]) {
        let bytes = match self.partial.is_empty() {
            true => Cow::Borrowed(bytes),
            false => Cow::Owned([&std::mem::take(&mut self.partial), bytes].concat()),
        };
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            self.print_text(chunk.valid());
            // Bytes that are no UTF-8 are left out, as xterm.js does; only an unfinished end is kept.
            if chunks.peek().is_none() && unfinished(chunk.invalid()) {
                self.partial = chunk.invalid().to_vec();
            }
        }
    }

    fn print_text(&mut self, text: &str) {
        if text.is_ascii() || text.chars().all(printable) {
            self.cells.feed(text);
        } else {
            self.cells.feed(text.chars().filter(|c| printable(*c)));
        }
    }

    fn run(&mut self, parts: &[&[u8]]) {
        self.sequence.clear();
        self.sequence.push('\x1b');
        self.sequence.extend(parts.iter().flat_map(|part| part.iter().map(|byte| char::from(*byte))));
        self.cells.feed(self.sequence.as_str());
    }
}

impl Sink for Inner {
    fn text(&mut self, bytes: &[u8]) {
        self.print(bytes);
    }

    fn csi(&mut self, body: &[u8], last: u8) {
        self.partial.clear();
        self.modes.csi(body, last);
        match (body, last) {
            (b"?47", b'h' | b'l') => self.run(&[b"[?1047", &[last]]),
            (_, b'm') => self.run(&[b"[", &without_underline_colour(body), b"m"]),
            _ => self.run(&[b"[", body, &[last]]),
        }
    }

    fn osc(&mut self, body: &[u8]) {
        self.partial.clear();
        self.modes.osc(body);
    }

    fn string(&mut self, _kind: u8, _body: &[u8]) {
        self.partial.clear();
    }

    fn esc(&mut self, intermediate: Option<u8>, last: u8) {
        self.partial.clear();
        self.modes.esc(intermediate, last);
        self.run(&[intermediate.as_slice(), &[last]]);
    }
}

/// Lets only those sequences through to the cells that change how later output is read.
struct Skim<'a>(&'a mut Inner);

impl Sink for Skim<'_> {
    fn csi(&mut self, body: &[u8], last: u8) {
        match last {
            b'h' | b'l' | b'r' | b'p' | b'q' => self.0.csi(body, last),
            _ => {}
        }
    }

    fn osc(&mut self, body: &[u8]) {
        self.0.osc(body);
    }

    fn esc(&mut self, intermediate: Option<u8>, last: u8) {
        match (intermediate, last) {
            (Some(_), _) | (None, b'c' | b'=' | b'>') => self.0.esc(intermediate, last),
            (None, _) => {}
        }
    }
}

fn empty(cols: u16, rows: u16) -> avt::Terminal {
    let (cols, rows) = clamp(cols, rows);
    avt::Terminal::new(cols.into(), rows.into()).expect("both sides are at least one")
}

fn clamp(cols: u16, rows: u16) -> (u16, u16) {
    (cols.clamp(1, MAX_SIDE), rows.clamp(1, MAX_SIDE))
}

/// Controls below 0x20 are the emulator's business; C1 characters and zero width would disturb it.
fn printable(c: char) -> bool {
    c.is_ascii() || (c >= '\u{a0}' && c.width() != Some(0))
}

fn unfinished(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// `58;5;n` and `58;2;r;g;b` colour the underline; `avt` takes their numbers for attributes of their own.
fn without_underline_colour(body: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memmem::find(body, b"58;").is_none() {
        return Cow::Borrowed(body);
    }
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut numbers = body.split(|byte| *byte == b';');
    while let Some(number) = numbers.next() {
        match number {
            b"38" | b"48" | b"58" => {
                let kind = numbers.next().unwrap_or_default();
                let colour = numbers.by_ref().take(if kind == b"2" { 3 } else { 1 }).collect::<Vec<_>>();
                if number != b"58" {
                    kept.extend([number, kind]);
                    kept.extend(colour);
                }
            }
            _ => kept.push(number),
        }
    }
    // An empty SGR would reset; 58 alone changes nothing that is kept.
    Cow::Owned(if kept.is_empty() { b"58".to_vec() } else { kept.join(&b';') })
}

// ---------------------------------------------------------------- checkpoints

const MAGIC: &[u8; 8] = b"FBSCRN1\n";

/// The screen as of an offset, on disk, so that after a restart only the rest of the log is parsed.
///
/// Layout: magic, then little endian `u64` offset, `u16` columns, `u16` rows, the snapshot's bytes, and last a
/// `u64` FNV-1a over everything before it. A file that does not add up is as good as none.
pub fn save_checkpoint(path: &Path, screen: &Screen, offset: u64) -> io::Result<()> {
    let (cols, rows) = screen.size();
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&offset.to_le_bytes());
    bytes.extend_from_slice(&cols.to_le_bytes());
    bytes.extend_from_slice(&rows.to_le_bytes());
    bytes.extend_from_slice(&screen.snapshot());
    bytes.extend_from_slice(&fnv1a(&bytes).to_le_bytes());
    let temporary = path.with_extension("ckpt.new");
    // No fsync: a file torn by a power cut fails its checksum and is rebuilt from the log.
    std::fs::File::create(&temporary)?.write_all(&bytes)?;
    std::fs::rename(&temporary, path)
}

/// The screen and its offset; `None` when there is no usable checkpoint for a log of `log_len` bytes.
pub fn load_checkpoint(path: &Path, log_len: u64) -> Option<(Screen, u64)> {
    let bytes = std::fs::read(path).ok()?;
    let (body, sum) = bytes.split_last_chunk::<8>()?;
    if fnv1a(body) != u64::from_le_bytes(*sum) {
        return None;
    }
    let (offset, rest) = body.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
    let (cols, rest) = rest.split_first_chunk::<2>()?;
    let (rows, snapshot) = rest.split_first_chunk::<2>()?;
    let offset = u64::from_le_bytes(*offset);
    let mut screen = Screen::new(u16::from_le_bytes(*cols), u16::from_le_bytes(*rows));
    screen.feed(snapshot);
    (offset <= log_len).then_some((screen, offset))
}

pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
