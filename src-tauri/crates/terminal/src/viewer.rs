//! Feeds one open terminal view: the past when it opens, then live output, read from the log by offset.
//!
//! A view never has more than [`WINDOW`] unacknowledged bytes; a view that falls behind by more than
//! [`RESYNC`] gets the current screen instead of the backlog. So a slow window costs neither the agent
//! nor the log nor other views anything. Nothing here decodes text.

use crate::ansi::{self, Scanner};
use crate::follower::{ScreenHandle, read_at};
use crate::screen::Snapshot;
use crate::{LogState, frames};
use std::fs::File;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Most bytes in flight; sending stops here and goes on below [`RESUME`]. VS Code's figures.
pub const WINDOW: usize = 100_000;
pub const RESUME: usize = 5_000;
/// One frame per tick, except full frames and the first after a quiet tick.
pub const TICK: Duration = Duration::from_millis(16);
pub const FRAME: usize = 64 * 1024;
/// A view further behind than this is given the screen.
pub const RESYNC: u64 = 1024 * 1024;
/// The same for a view that was hidden.
pub const RESYNC_HIDDEN: u64 = 256 * 1024;
/// Logs up to this size are replayed whole.
pub const WHOLE: u64 = 1024 * 1024;
/// What is replayed of longer ones, when they end on the main screen.
pub const TAIL: u64 = 512 * 1024;

/// The view has gone away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the terminal view has gone away")]
pub struct Gone;

/// Where frames go. Waiting here is fine: it holds back this view only.
pub trait Sink: Send {
    fn send(&mut self, frame: Vec<u8>) -> Pin<Box<dyn Future<Output = Result<(), Gone>> + Send + '_>>;
}

impl Sink for mpsc::Sender<Vec<u8>> {
    fn send(&mut self, frame: Vec<u8>) -> Pin<Box<dyn Future<Output = Result<(), Gone>> + Send + '_>> {
        Box::pin(async move { mpsc::Sender::send(self, frame).await.map_err(|_| Gone) })
    }
}

/// For a receiver that takes frames at once, such as a Tauri channel.
pub struct Immediate<F>(pub F);

impl<F: FnMut(Vec<u8>) -> Result<(), Gone> + Send> Sink for Immediate<F> {
    fn send(&mut self, frame: Vec<u8>) -> Pin<Box<dyn Future<Output = Result<(), Gone>> + Send + '_>> {
        Box::pin(std::future::ready((self.0)(frame)))
    }
}

/// How the past is shown when a view opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replay {
    /// Without the program's questions to the terminal (device attributes, colours, cursor position): their
    /// answers would be typed into a program that stopped waiting long ago.
    #[default]
    Muted,
    /// Byte for byte, for a run so young that its first questions may still want an answer.
    AsWritten,
}

/// What a view shows.
pub struct Source {
    /// `output.log`
    pub log: PathBuf,
    pub state: watch::Receiver<LogState>,
    pub screen: ScreenHandle,
    pub replay: Replay,
    /// Called when this view wants another size; the newest wish wins.
    pub on_resize: Box<dyn Fn(u16, u16) + Send + Sync>,
}

/// The handle of an open view; dropping it closes the view.
pub struct Viewer {
    commands: mpsc::UnboundedSender<Command>,
    on_resize: Box<dyn Fn(u16, u16) + Send + Sync>,
    task: JoinHandle<()>,
}

enum Command {
    Ack(usize),
    Visible(bool),
}

impl Viewer {
    /// Must be called within a Tokio runtime.
    pub fn open(source: Source, sink: Box<dyn Sink>) -> Self {
        let (commands, received) = mpsc::unbounded_channel();
        let feed = Feed {
            log: source.log,
            file: None,
            state: source.state,
            screen: source.screen,
            replay: source.replay,
            sink,
            pacer: Pacer::default(),
            waiting: Waiting::default(),
            pos: 0,
            muted: None,
            visible: true,
            size: None,
            exited: false,
            resync_from: 0,
        };
        let task = tokio::spawn(async move {
            // Gone is the ordinary end of a view.
            let _ = feed.run(received).await;
        });
        Self { commands, on_resize: source.on_resize, task }
    }

    /// The terminal has parsed this many more payload bytes.
    pub fn ack(&self, bytes: usize) {
        self.command(Command::Ack(bytes));
    }

    /// A hidden view is sent nothing; shown again, it catches up.
    pub fn visible(&self, visible: bool) {
        self.command(Command::Visible(visible));
    }

    pub fn resize(&self, cols: u16, rows: u16) {
        (self.on_resize)(cols, rows);
    }

    /// Ends the view and waits for it.
    pub async fn close(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    fn command(&self, command: Command) {
        // A feed that has ended has no use for commands.
        let _ = self.commands.send(command);
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

// ---------------------------------------------------------------- pace

/// Decides how much may be sent when. Pure: time comes in.
#[derive(Debug, Default)]
struct Pacer {
    unacked: usize,
    held: bool,
    last: Option<Instant>,
}

impl Pacer {
    fn room(&self) -> usize {
        if self.held { 0 } else { WINDOW - self.unacked }
    }

    fn sent(&mut self, bytes: usize, now: Instant) {
        self.unacked += bytes;
        self.held = self.unacked >= WINDOW;
        self.last = Some(now);
    }

    fn acked(&mut self, bytes: usize) {
        self.unacked = self.unacked.saturating_sub(bytes);
        self.held &= self.unacked >= RESUME;
    }

    /// When a backlog of this size should go out; `None` is at once.
    fn due(&self, backlog: u64, now: Instant) -> Option<Instant> {
        let next = self.last? + TICK;
        (backlog < FRAME as u64 && next > now).then_some(next)
    }
}

/// Bytes that were read or made, and wait for room.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    sent: usize,
    /// The first piece is a reset.
    reset: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.sent == self.bytes.len() && !self.reset
    }

    fn set(&mut self, bytes: Vec<u8>, reset: bool) {
        *self = Self { bytes, sent: 0, reset };
    }

    fn take(&mut self, room: usize) -> (Vec<u8>, usize) {
        let piece = &self.bytes[self.sent..][..room.min(FRAME).min(self.bytes.len() - self.sent)];
        self.sent += piece.len();
        let frame = match std::mem::take(&mut self.reset) {
            true => frames::reset(piece),
            false => frames::output(piece),
        };
        (frame, piece.len())
    }
}

// ---------------------------------------------------------------- feed

struct Feed {
    log: PathBuf,
    file: Option<File>,
    state: watch::Receiver<LogState>,
    screen: ScreenHandle,
    replay: Replay,
    sink: Box<dyn Sink>,
    pacer: Pacer,
    waiting: Waiting,
    /// Next byte of the log to read for this view.
    pos: u64,
    /// While the past is replayed: its end, and the filter.
    muted: Option<(u64, Mute)>,
    visible: bool,
    size: Option<(u16, u16)>,
    exited: bool,
    /// The screen was found to be no further than the view; not asked again before this offset.
    resync_from: u64,
}

enum Next {
    /// There may be more to do at once.
    Again,
    /// Nothing to do before this moment, or a change.
    Wait(Option<Instant>),
}

impl Feed {
    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) -> Result<(), Gone> {
        self.open().await?;
        let mut source_gone = false;
        loop {
            while let Ok(command) = commands.try_recv() {
                self.obey(command).await;
            }
            let Next::Wait(until) = self.step().await? else { continue };
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return Ok(()),
                },
                changed = self.state.changed(), if !source_gone => source_gone = changed.is_err(),
                () = sleep_until(until) => {}
            }
        }
    }

    async fn open(&mut self) -> Result<(), Gone> {
        let state = self.state.borrow_and_update().clone();
        self.send_size(&state).await?;
        if state.len <= WHOLE {
            self.begin_replay(0, state.len);
            return self.sink.send(frames::earlier(0)).await;
        }
        let snapshot = self.screen.snapshot().await;
        if snapshot.alternate {
            self.sink.send(frames::earlier(snapshot.offset)).await?;
            self.begin_resync(snapshot).await
        } else {
            let from = self.line_start_after(state.len - TAIL).await;
            self.sink.send(frames::earlier(from)).await?;
            self.waiting.set(preface(&snapshot), false);
            self.begin_replay(from, state.len);
            Ok(())
        }
    }

    fn begin_replay(&mut self, from: u64, to: u64) {
        self.pos = from;
        self.muted = (self.replay == Replay::Muted && from < to).then(|| (to, Mute::new()));
    }

    async fn obey(&mut self, command: Command) {
        match command {
            Command::Ack(bytes) => self.pacer.acked(bytes),
            Command::Visible(true) if !self.visible => {
                self.visible = true;
                if self.backlog() > RESYNC_HIDDEN {
                    self.resync().await;
                }
            }
            Command::Visible(visible) => self.visible = visible,
        }
    }

    /// Does the one most urgent thing.
    async fn step(&mut self) -> Result<Next, Gone> {
        let state = self.state.borrow_and_update().clone();
        if !self.visible {
            return Ok(Next::Wait(None));
        }
        self.send_size(&state).await?;
        let room = self.pacer.room();
        if room == 0 {
            return Ok(self.finish_if_done(&state).await?.unwrap_or(Next::Wait(None)));
        }
        if !self.waiting.is_empty() {
            let (frame, bytes) = self.waiting.take(room);
            return self.send_counted(frame, bytes).await.map(|()| Next::Again);
        }
        let backlog = state.len.saturating_sub(self.pos);
        if backlog == 0 {
            return Ok(self.finish_if_done(&state).await?.unwrap_or(Next::Wait(None)));
        }
        if backlog > RESYNC && self.resync().await {
            return Ok(Next::Again);
        }
        if self.muted.is_some() {
            return Ok(self.replay_piece(&state).await);
        }
        if let Some(due) = self.pacer.due(backlog, Instant::now()) {
            return Ok(Next::Wait(Some(due)));
        }
        let bytes = self.read(backlog.min(room.min(FRAME) as u64) as usize).await;
        if bytes.is_empty() {
            return Ok(self.nothing_read(&state));
        }
        self.send_counted(frames::output(&bytes), bytes.len()).await?;
        Ok(Next::Again)
    }

    async fn finish_if_done(&mut self, state: &LogState) -> Result<Option<Next>, Gone> {
        let all_sent = self.waiting.is_empty() && self.muted.is_none() && self.pos >= state.len;
        match &state.exited {
            Some(exit) if all_sent && !self.exited => {
                self.exited = true;
                self.sink.send(frames::exited(exit)).await?;
                Ok(Some(Next::Again))
            }
            _ => Ok(None),
        }
    }

    async fn send_size(&mut self, state: &LogState) -> Result<(), Gone> {
        let size = (state.cols, state.rows);
        if self.size == Some(size) {
            return Ok(());
        }
        self.size = Some(size);
        self.sink.send(frames::size(size.0, size.1)).await
    }

    async fn send_counted(&mut self, frame: Vec<u8>, bytes: usize) -> Result<(), Gone> {
        self.pacer.sent(bytes, Instant::now());
        self.sink.send(frame).await
    }

    fn backlog(&self) -> u64 {
        self.state.borrow().len.saturating_sub(self.pos)
    }

    /// Replaces the backlog by the screen. False when the screen is no further than the view.
    async fn resync(&mut self) -> bool {
        if self.pos < self.resync_from {
            return false;
        }
        let snapshot = self.screen.snapshot().await;
        if snapshot.offset <= self.pos {
            self.resync_from = self.pos + RESYNC_HIDDEN;
            return false;
        }
        self.begin_resync(snapshot).await.is_ok()
    }

    async fn begin_resync(&mut self, snapshot: Snapshot) -> Result<(), Gone> {
        self.muted = None;
        self.pos = snapshot.offset;
        self.waiting.set(snapshot.bytes, true);
        self.size = Some((snapshot.cols, snapshot.rows));
        self.sink.send(frames::size(snapshot.cols, snapshot.rows)).await
    }

    /// The log is shorter than announced, or unreadable. Of a run that is over nothing more will come.
    fn nothing_read(&mut self, state: &LogState) -> Next {
        match state.exited {
            Some(_) => {
                self.muted = None;
                self.pos = state.len;
                Next::Again
            }
            None => Next::Wait(None),
        }
    }

    async fn replay_piece(&mut self, state: &LogState) -> Next {
        let Some((end, _)) = self.muted else { return Next::Again };
        let want = (end - self.pos).min(FRAME as u64) as usize;
        let bytes = self.read(want).await;
        if bytes.is_empty() {
            return self.nothing_read(state);
        }
        let Some((_, mute)) = &mut self.muted else { return Next::Again };
        let mut kept = mute.filter(&bytes);
        if self.pos >= end {
            mute.finish(&mut kept);
            self.muted = None;
        }
        self.waiting.set(kept, false);
        Next::Again
    }

    async fn line_start_after(&mut self, offset: u64) -> u64 {
        self.pos = offset;
        let near = self.read(FRAME).await;
        offset + memchr::memchr(b'\n', &near).map_or(0, |newline| newline as u64 + 1)
    }

    /// Reads on from `pos`. Empty when the log cannot be read now; the next change of state tries again.
    async fn read(&mut self, want: usize) -> Vec<u8> {
        let (file, path, pos) = (self.file.take(), self.log.clone(), self.pos);
        let read = tokio::task::spawn_blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => File::open(path)?,
            };
            let mut bytes = vec![0; want];
            let got = read_at(&mut file, pos, &mut bytes)?;
            bytes.truncate(got);
            Ok::<_, std::io::Error>((file, bytes))
        });
        match read.await {
            Ok(Ok((file, bytes))) => {
                self.file = Some(file);
                self.pos += bytes.len() as u64;
                bytes
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, log = %self.log.display(), "the log could not be read for a view");
                Vec::new()
            }
            // The runtime is shutting down.
            Err(_) => Vec::new(),
        }
    }
}

/// What a replay from the middle starts with: the modes, and the cursor at the bottom, where it is in a
/// log that has scrolled, so that programs which redraw upwards find room above.
fn preface(snapshot: &Snapshot) -> Vec<u8> {
    let mut bytes = snapshot.modes.clone();
    bytes.extend_from_slice(format!("\x1b[{};1H", snapshot.rows).as_bytes());
    bytes
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

// ---------------------------------------------------------------- replay without questions

/// Lets everything through but requests for an answer. A sequence is passed on once it is complete.
struct Mute {
    scanner: Scanner,
}

impl Mute {
    fn new() -> Self {
        Self { scanner: Scanner::new() }
    }

    fn filter(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut kept = Kept(Vec::with_capacity(bytes.len()));
        self.scanner.feed(bytes, &mut kept);
        kept.0
    }

    /// A sequence unfinished at the end goes on in live output.
    fn finish(&mut self, kept: &mut Vec<u8>) {
        self.scanner.pending(kept);
    }
}

struct Kept(Vec<u8>);

impl ansi::Sink for Kept {
    fn text(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn csi(&mut self, body: &[u8], last: u8) {
        if !asks(body, last) {
            self.put(&[b"[", body, &[last]]);
        }
    }

    fn osc(&mut self, body: &[u8]) {
        if !body.split(|byte| *byte == b';').skip(1).any(|part| part.starts_with(b"?")) {
            self.put(&[b"]", body, b"\x07"]);
        }
    }

    fn string(&mut self, kind: u8, body: &[u8]) {
        let asks = kind == b'P' && (body.starts_with(b"+q") || body.starts_with(b"$q"));
        // Kitty graphics (`_G`) may ask too, and no view of ours draws them.
        if !asks && kind != b'_' {
            self.put(&[&[kind], body, b"\x1b\\"]);
        }
    }

    fn esc(&mut self, intermediate: Option<u8>, last: u8) {
        if last != b'Z' {
            self.put(&[intermediate.as_slice(), &[last]]);
        }
    }
}

impl Kept {
    fn put(&mut self, parts: &[&[u8]]) {
        self.0.push(0x1b);
        parts.iter().for_each(|part| self.0.extend_from_slice(part));
    }
}

/// DA, DSR, XTVERSION, DECRQM, window reports, kitty keyboard query, terminal parameters.
fn asks(body: &[u8], last: u8) -> bool {
    match last {
        b'c' | b'x' => true,
        b'n' => !body.starts_with(b">"),
        b'q' => body.starts_with(b">"),
        b'p' => body.ends_with(b"$"),
        b'u' => body == b"?",
        b't' => {
            let operation = body.split(|byte| *byte == b';').next().unwrap_or_default();
            matches!(operation, b"11" | b"13" | b"14" | b"15" | b"16" | b"18" | b"19" | b"20" | b"21")
        }
        _ => false,
    }
}
