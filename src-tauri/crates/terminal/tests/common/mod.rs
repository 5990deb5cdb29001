//! A run whose log grows on command, and a terminal view that keeps account of what it is sent.

// Each test binary uses its own part.
#![allow(dead_code)]

use flightboard_terminal::viewer::{Immediate, WINDOW};
use flightboard_terminal::{ExitInfo, Follow, Follower, Gone, LogState, Replay, Screen, Source, Viewer};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

pub const COLS: u16 = 80;
pub const ROWS: u16 = 24;

pub struct Run {
    dir: TempDir,
    log: File,
    pub state: watch::Sender<LogState>,
}

impl Run {
    pub fn new() -> Self {
        Self::with_size(COLS, ROWS)
    }

    pub fn with_size(cols: u16, rows: u16) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = OpenOptions::new().create(true).append(true).open(dir.path().join("output.log")).unwrap();
        Self { dir, log, state: watch::Sender::new(LogState { len: 0, cols, rows, exited: None }) }
    }

    pub fn log(&self) -> PathBuf {
        self.dir.path().join("output.log")
    }

    pub fn checkpoint(&self) -> PathBuf {
        self.dir.path().join("screen.ckpt")
    }

    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.log()).unwrap()
    }

    pub fn grow(&mut self, bytes: &[u8]) {
        self.log.write_all(bytes).unwrap();
        self.state.send_modify(|state| state.len += bytes.len() as u64);
    }

    pub fn exit(&self) {
        let exit = ExitInfo { code: Some(0), signal: None, ended_at: 1_700_000_000_000 };
        self.state.send_modify(|state| state.exited = Some(exit));
    }

    pub fn follow(&self) -> Follower {
        self.follow_bytes(0, |_, _| {})
    }

    pub fn follow_bytes(&self, from: u64, on_bytes: impl FnMut(&[u8], u64) + Send + 'static) -> Follower {
        Follower::start(Follow {
            log: self.log(),
            checkpoint: self.checkpoint(),
            state: self.state.subscribe(),
            bytes_from: from,
            on_bytes: Box::new(on_bytes),
        })
    }

    pub fn view(&self, follower: &Follower) -> View {
        self.view_as(follower, Replay::AsWritten)
    }

    pub fn view_as(&self, follower: &Follower, replay: Replay) -> View {
        let (frames, received) = mpsc::unbounded_channel();
        let (sizes, wished) = std::sync::mpsc::channel();
        let source = Source {
            log: self.log(),
            state: self.state.subscribe(),
            screen: follower.screen(),
            replay,
            on_resize: Box::new(move |cols, rows| sizes.send((cols, rows)).unwrap()),
        };
        let sink = Immediate(move |frame| frames.send(frame).map_err(|_| Gone));
        View {
            viewer: Viewer::open(source, Box::new(sink)),
            received,
            wished,
            terminal: Screen::new(1, 1),
            since_reset: Vec::new(),
            output: Vec::new(),
            size: None,
            last_was_size: false,
            unacked: 0,
            resets: 0,
            earlier: None,
            exit: None,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Clone)]
pub enum Frame {
    Output(Vec<u8>),
    Reset(Vec<u8>),
    Size(u16, u16),
    Exited(serde_json::Value),
    Earlier(u64),
}

/// What xterm.js would do with the frames, without acknowledging by itself.
pub struct View {
    pub viewer: Viewer,
    pub received: mpsc::UnboundedReceiver<Vec<u8>>,
    pub wished: std::sync::mpsc::Receiver<(u16, u16)>,
    pub terminal: Screen,
    /// Payload since the last reset.
    pub since_reset: Vec<u8>,
    /// All payload of output frames.
    pub output: Vec<u8>,
    pub size: Option<(u16, u16)>,
    last_was_size: bool,
    pub unacked: usize,
    pub resets: usize,
    pub earlier: Option<u64>,
    pub exit: Option<serde_json::Value>,
}

impl View {
    /// The next frame; `None` when none comes in a (virtual) second.
    pub async fn next(&mut self) -> Option<Frame> {
        let bytes = tokio::time::timeout(Duration::from_secs(1), self.received.recv()).await.ok()??;
        let (kind, content) = bytes.split_first().unwrap();
        assert!(self.exit.is_none(), "nothing comes after the end");
        let frame = match kind {
            0 => Frame::Output(content.to_vec()),
            1 => Frame::Reset(content.to_vec()),
            2 => Frame::Size(
                u16::from_le_bytes([content[0], content[1]]),
                u16::from_le_bytes([content[2], content[3]]),
            ),
            3 => Frame::Exited(serde_json::from_slice(content).unwrap()),
            4 => Frame::Earlier(u64::from_le_bytes(content.try_into().unwrap())),
            other => panic!("there is no frame of kind {other}"),
        };
        self.take(&frame);
        Some(frame)
    }

    fn take(&mut self, frame: &Frame) {
        let after_size = std::mem::replace(&mut self.last_was_size, matches!(frame, Frame::Size(..)));
        match frame {
            Frame::Output(bytes) => {
                self.output.extend_from_slice(bytes);
                self.write(bytes);
            }
            Frame::Reset(bytes) => {
                assert!(after_size, "a reset comes after a size");
                self.resets += 1;
                let (cols, rows) = self.size.unwrap();
                self.terminal = Screen::new(cols, rows);
                self.since_reset.clear();
                self.write(bytes);
            }
            Frame::Size(cols, rows) => {
                self.size = Some((*cols, *rows));
                self.terminal.resize(*cols, *rows);
            }
            Frame::Exited(exit) => self.exit = Some(exit.clone()),
            Frame::Earlier(offset) => self.earlier = Some(*offset),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.unacked += bytes.len();
        assert!(self.unacked <= WINDOW, "{} bytes are unacknowledged", self.unacked);
        assert!(self.size.is_some(), "the size comes before everything else");
        self.terminal.feed(bytes);
        self.since_reset.extend_from_slice(bytes);
    }

    pub fn ack(&mut self) {
        self.viewer.ack(std::mem::take(&mut self.unacked));
    }

    /// Reads without acknowledging until nothing more comes.
    pub async fn drain(&mut self) {
        while self.next().await.is_some() {}
    }

    /// Reads and acknowledges until nothing more comes.
    pub async fn keep_up(&mut self) {
        loop {
            self.drain().await;
            if self.unacked == 0 {
                return;
            }
            self.ack();
        }
    }
}

/// Output as a busy program writes it: coloured lines.
pub fn lines(from: usize, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + 100);
    for n in from.. {
        if out.len() >= bytes {
            break;
        }
        out.extend_from_slice(
            format!("\x1b[3{}m{n}\x1b[0m: the {n}th line of a flood, ünïcödé\r\n", n % 8).as_bytes(),
        );
    }
    out
}

/// The rows that an independent emulator shows.
pub fn vt100_rows(bytes: &[u8]) -> Vec<String> {
    let mut parser = vt100::Parser::new(ROWS.try_into().unwrap(), COLS.try_into().unwrap(), 0);
    parser.process(bytes);
    parser.screen().rows(0, COLS).map(|row| row.trim_end().to_owned()).collect()
}
