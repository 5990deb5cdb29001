//! Follows a run's log into its [`Screen`]: one follower per run that is live or looked at. It sleeps until the
//! log's state changes, so an idle run costs nothing.
//!
//! The emulator (some 50 MB/s) costs more than everything else that is done with output, so a flood must not
//! be parsed just because it is there: the screen may take [`BURST`] at once and [`RATE`] in the long run, which
//! no program that draws a screen exceeds. Beyond that it lags until somebody asks for a snapshot. More than
//! [`MAX_LAG`] behind it goes on at a line start [`KEPT`] before the end, and what lies between is only skimmed
//! for modes, at the speed of a search for ESC. The listener for bytes hears every byte, at once and in order:
//! it must be cheap.

use crate::LogState;
use crate::screen::{Screen, Snapshot, load_checkpoint, save_checkpoint};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

const PIECE: u64 = 256 * 1024;
/// Heard before the log's state is looked at again.
const SLICE: u64 = 4 * 1024 * 1024;
/// What the screen may parse at once, and per second.
pub const BURST: u64 = 4 * 1024 * 1024;
pub const RATE: u64 = 1024 * 1024;
pub const MAX_LAG: u64 = 4 * 1024 * 1024;
pub const KEPT: u64 = 1024 * 1024;
pub const CHECKPOINT_EVERY: u64 = 8 * 1024 * 1024;
/// How long a lagging screen waits for its allowance.
const PATIENCE: Duration = Duration::from_millis(250);

/// Takes pieces of output and the offset of their first byte; called on a blocking thread.
pub type OnBytes = Box<dyn FnMut(&[u8], u64) + Send>;

/// What to follow.
pub struct Follow {
    /// `output.log`
    pub log: PathBuf,
    /// `screen.ckpt` beside it; may not exist yet.
    pub checkpoint: PathBuf,
    pub state: watch::Receiver<LogState>,
    /// Bytes before this offset are not given to `on_bytes` (they were in an earlier life).
    pub bytes_from: u64,
    /// Given every byte from there on, in order.
    pub on_bytes: OnBytes,
}

/// Owns the following task. Dropping it stops the task without waiting.
pub struct Follower {
    screen: ScreenHandle,
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Must be called within a Tokio runtime.
    pub fn start(what: Follow) -> Self {
        let first = what.state.borrow().clone();
        let (screen, offset) = load_checkpoint(&what.checkpoint, first.len)
            .unwrap_or_else(|| (Screen::new(first.cols, first.rows), 0));
        let shared = ScreenHandle(Arc::new(Shared {
            current: Mutex::new(Current { screen, offset }),
            progress: watch::Sender::new(Progress { offset, served: 0, ended: false }),
            wanted: watch::Sender::new(0),
        }));
        let stop = Arc::new(AtomicBool::new(false));
        let reader = Reader {
            log: what.log,
            file: None,
            checkpoint: what.checkpoint,
            checkpoint_at: offset + CHECKPOINT_EVERY,
            heard: what.bytes_from,
            pos: offset,
            settled_from: 0,
            allowance: Allowance { bytes: BURST, at: Instant::now() },
            waiting: false,
            short: false,
            on_bytes: what.on_bytes,
            shared: shared.clone(),
            stop: stop.clone(),
            buffer: vec![0; PIECE as usize],
        };
        let wanted = shared.0.wanted.subscribe();
        let task = tokio::spawn(follow(reader, what.state, wanted));
        Self { screen: shared, stop, task }
    }

    pub fn screen(&self) -> ScreenHandle {
        self.screen.clone()
    }

    /// Waits until the run has exited and its whole log was read.
    pub async fn finished(&mut self) {
        // A panic in the listener ends the task; there is nothing more to wait for then either.
        let _ = (&mut self.task).await;
    }

    /// Writes a checkpoint and ends; the screen stays readable.
    pub async fn stop(mut self) {
        self.request_stop();
        if !self.task.is_finished() {
            self.finished().await;
        }
    }

    fn request_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.screen.want();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.request_stop();
    }
}

/// Reads the screen while the follower goes on. Cheap to clone.
#[derive(Clone)]
pub struct ScreenHandle(Arc<Shared>);

struct Shared {
    // Tokio's mutex is fair: a reader gets its turn between two pieces even under a flood.
    current: Mutex<Current>,
    progress: watch::Sender<Progress>,
    /// Counts requests for an up-to-date screen.
    wanted: watch::Sender<u64>,
}

struct Current {
    screen: Screen,
    offset: u64,
}

#[derive(Clone, Copy, Debug)]
struct Progress {
    /// Up to where the log is in the screen.
    offset: u64,
    /// The newest request that was met.
    served: u64,
    /// Nobody moves the screen any more.
    ended: bool,
}

impl ScreenHandle {
    /// The screen as of the log's end, or near it while it grows.
    pub async fn snapshot(&self) -> Snapshot {
        self.catch_up().await;
        let current = self.0.current.lock().await;
        let (cols, rows) = current.screen.size();
        Snapshot {
            offset: current.offset,
            cols,
            rows,
            alternate: current.screen.alternate(),
            bytes: current.screen.snapshot(),
            modes: current.screen.modes(),
        }
    }

    /// Looks at the screen as it is, for instance to recognise a question; it lags only under a flood.
    pub async fn look<R>(&self, at: impl FnOnce(&Screen) -> R) -> R {
        at(&self.0.current.lock().await.screen)
    }

    /// Up to where the log is in the screen.
    pub fn offset(&self) -> u64 {
        self.0.progress.borrow().offset
    }

    /// Waits until the screen holds the log up to `offset`, or the follower has ended.
    pub async fn reached(&self, offset: u64) {
        self.catch_up().await;
        self.until(|progress| progress.offset >= offset).await;
    }

    async fn catch_up(&self) {
        let request = self.want();
        self.until(|progress| progress.served >= request).await;
    }

    fn want(&self) -> u64 {
        let mut request = 0;
        self.0.wanted.send_modify(|wanted| {
            *wanted += 1;
            request = *wanted;
        });
        request
    }

    async fn until(&self, mut done: impl FnMut(&Progress) -> bool) {
        // The sender lives in `self`: waiting cannot fail.
        let _ = self.0.progress.subscribe().wait_for(|progress| progress.ended || done(progress)).await;
    }
}

async fn follow(mut reader: Reader, mut state: watch::Receiver<LogState>, mut wanted: watch::Receiver<u64>) {
    let shared = reader.shared.clone();
    let mut source_gone = false;
    loop {
        let now = state.borrow_and_update().clone();
        let request = *wanted.borrow_and_update();
        let before = (reader.heard, reader.pos);
        let work = tokio::task::spawn_blocking(move || reader.advance(&now, request));
        let Ok(advanced) = work.await else {
            // Only a panic of the listener gets here; the runtime has reported it.
            shared.0.progress.send_modify(|progress| progress.ended = true);
            return;
        };
        reader = advanced;
        let stopped = reader.stop.load(Ordering::Relaxed);
        let (heard_all, ended) = {
            let latest = state.borrow();
            (reader.heard >= latest.len, latest.exited.is_some() && reader.done(latest.len))
        };
        if stopped || ended || (source_gone && heard_all) {
            break;
        }
        if !heard_all && reader.heard > before.0 {
            continue;
        }
        tokio::select! {
            changed = state.changed(), if !source_gone => source_gone = changed.is_err(),
            _ = wanted.changed() => {}
            () = tokio::time::sleep(PATIENCE), if reader.waiting => {}
        }
    }
    let _ = tokio::task::spawn_blocking(move || reader.finish()).await;
}

struct Reader {
    log: PathBuf,
    file: Option<File>,
    checkpoint: PathBuf,
    checkpoint_at: u64,
    /// Next byte for the listener.
    heard: u64,
    /// Next byte for the screen.
    pos: u64,
    /// After a skip: from here on the screen shows nothing from before it.
    settled_from: u64,
    allowance: Allowance,
    /// The allowance ran out before the log did.
    waiting: bool,
    /// The log ended before its announced length.
    short: bool,
    on_bytes: OnBytes,
    shared: ScreenHandle,
    stop: Arc<AtomicBool>,
    buffer: Vec<u8>,
}

impl Reader {
    fn advance(mut self, now: &LogState, request: u64) -> Self {
        // A change of size is drawn over by the program itself, so it may come before the older bytes.
        self.shared.0.current.blocking_lock().screen.resize(now.cols, now.rows);
        let asked = request > self.shared.0.progress.borrow().served;
        let read = self.hear(now.len).and_then(|()| self.show(now.len, asked || now.exited.is_some()));
        if let Err(error) = read {
            tracing::warn!(%error, log = %self.log.display(), "the log could not be read; trying again when it grows");
        }
        let served = request;
        self.shared.0.progress.send_modify(|progress| progress.served = served);
        self
    }

    /// Nothing is left to read of a log that will not grow.
    fn done(&self, len: u64) -> bool {
        self.short || (self.heard >= len && self.pos >= len)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn hear(&mut self, len: u64) -> io::Result<()> {
        // A follower without a listener hears nothing: it starts at the end of all offsets.
        let end = len.min(self.heard.saturating_add(SLICE));
        while self.heard < end && !self.stopped() {
            let got = self.read(self.heard, end)?;
            if got == 0 {
                break;
            }
            (self.on_bytes)(&self.buffer[..got], self.heard);
            self.heard += got as u64;
        }
        Ok(())
    }

    fn show(&mut self, len: u64, at_any_cost: bool) -> io::Result<()> {
        if len.saturating_sub(self.pos) > MAX_LAG {
            self.skip(len)?;
        }
        self.waiting = false;
        while self.pos < len && !self.stopped() {
            if !at_any_cost && self.allowance.left() == 0 {
                self.waiting = true;
                break;
            }
            let got = self.read(self.pos, len)?;
            if got == 0 {
                break;
            }
            self.allowance.spend(got as u64);
            self.put(got, Screen::feed);
            self.save_if_due();
        }
        Ok(())
    }

    fn skip(&mut self, len: u64) -> io::Result<()> {
        let target = self.line_start_after(len - KEPT)?;
        while self.pos < target && !self.stopped() {
            let got = self.read(self.pos, target)?;
            if got == 0 {
                break;
            }
            self.put(got, Screen::skim);
        }
        self.settled_from = (target + PIECE).min(len);
        Ok(())
    }

    /// Gives the screen what was just read.
    fn put(&mut self, got: usize, how: fn(&mut Screen, &[u8])) {
        self.pos += got as u64;
        let mut current = self.shared.0.current.blocking_lock();
        how(&mut current.screen, &self.buffer[..got]);
        current.offset = self.pos;
        drop(current);
        let offset = self.pos;
        self.shared.0.progress.send_modify(|progress| progress.offset = offset);
    }

    fn line_start_after(&mut self, offset: u64) -> io::Result<u64> {
        let got = self.read(offset, u64::MAX)?;
        Ok(offset + memchr::memchr(b'\n', &self.buffer[..got]).map_or(0, |newline| newline as u64 + 1))
    }

    /// Fills the buffer from `offset` on, not beyond `end`. Less, or nothing, when the log is shorter than announced.
    fn read(&mut self, offset: u64, end: u64) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(&self.log)?),
        };
        let want = (end - offset).min(PIECE) as usize;
        let got = read_at(file, offset, &mut self.buffer[..want])?;
        self.short = got == 0;
        Ok(got)
    }

    fn save_if_due(&mut self) {
        if self.pos >= self.checkpoint_at && self.pos >= self.settled_from {
            self.save();
        }
    }

    fn save(&mut self) {
        self.checkpoint_at = self.pos + CHECKPOINT_EVERY;
        let current = self.shared.0.current.blocking_lock();
        if let Err(error) = save_checkpoint(&self.checkpoint, &current.screen, current.offset) {
            // The log is the truth; without a checkpoint only the next start is slower.
            tracing::warn!(%error, path = %self.checkpoint.display(), "the screen checkpoint was not written");
        }
    }

    fn finish(mut self) {
        if self.pos > 0 && self.pos >= self.settled_from {
            self.save();
        }
        self.shared.0.progress.send_modify(|progress| progress.ended = true);
    }
}

/// A bucket of [`BURST`] bytes that fills at [`RATE`].
struct Allowance {
    bytes: u64,
    at: Instant,
}

impl Allowance {
    fn left(&mut self) -> u64 {
        let gained = (self.at.elapsed().as_secs_f64() * RATE as f64) as u64;
        if gained > 0 {
            self.bytes = (self.bytes + gained).min(BURST);
            self.at = Instant::now();
        }
        self.bytes
    }

    fn spend(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// Fills the buffer from `offset` on; less only at the end of the file.
pub(crate) fn read_at(file: &mut File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
