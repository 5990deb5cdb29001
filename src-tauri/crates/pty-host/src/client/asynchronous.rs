//! The client for tokio: one task per connection, which owns the socket.
//!
//! The connection follows the log by itself: `Grown` arrives whenever there is more, at most once per
//! [`PACE`] and at most one undelivered, so that neither a flood nor a slow listener costs memory or wakes the
//! host for nothing. The first bytes after a pause (a keystroke's echo) come at once.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

use super::liveness::{AGAIN, Liveness, PATIENCE, alive};
use super::{ClientError, ConnectError, hung_up_or, is_reply, welcome, why_no_welcome, why_not};
use crate::platform::{self, AsyncConnection};
use crate::protocol::{Frames, MAX_FRAME, MIN_PROTOCOL, Malformed, Notice, PROTOCOL, Request, Status};

/// Between two `Grown` of one connection.
pub const PACE: Duration = Duration::from_millis(8);

/// Requests on their way to the task. Keys are typed and sizes are dragged: nobody is ahead by more.
const REQUESTS: usize = 64;
const NOTICES: usize = 16;

/// A handle to a connection; clones share it, and the last one that goes closes it.
#[derive(Debug, Clone)]
pub struct AsyncClient {
    requests: mpsc::Sender<Sent>,
    welcome: Status,
}

#[derive(Debug)]
struct Sent {
    request: Request,
    reply: Option<oneshot::Sender<Notice>>,
}

impl AsyncClient {
    /// Connects, and gives the notices beside the handle. The receiver ends when the host hangs up: connecting
    /// once more then tells whether the run is over or its host was killed. A host that lives and is not at its
    /// door is about to open it, or dying: that is waited for, so that `NobodyThere` means that there is none.
    pub async fn connect(run_dir: &Path) -> Result<(AsyncClient, mpsc::Receiver<Notice>), ConnectError> {
        let patience = Instant::now() + PATIENCE;
        loop {
            match AsyncClient::knock(run_dir).await {
                Err(ConnectError::NobodyThere) => {}
                answered => return answered,
            }
            match alive(run_dir).map_err(ConnectError::Io)? {
                Liveness::Alive(_) if Instant::now() < patience => sleep(AGAIN).await,
                Liveness::Alive(_) => return Err(ConnectError::Io(io::ErrorKind::TimedOut.into())),
                Liveness::Exited(exit) => return Err(ConnectError::Ended(Box::new(exit))),
                Liveness::Gone(_) | Liveness::NeverStarted => return Err(ConnectError::NobodyThere),
            }
        }
    }

    async fn knock(run_dir: &Path) -> Result<(AsyncClient, mpsc::Receiver<Notice>), ConnectError> {
        let stream = platform::connect_async(run_dir).await.map_err(|error| why_not(run_dir, error))?;
        let (read, write) = tokio::io::split(stream);
        let mut wire = Wire { read, write, frames: Frames::default(), room: vec![0; 16 << 10] };
        let answer = hello(&mut wire).await.map_err(|error| why_no_welcome(run_dir, error))?;
        let welcome = welcome(answer)?;
        let (requests, received) = mpsc::channel(REQUESTS);
        let (tell, notices) = mpsc::channel(NOTICES);
        let pilot = Pilot {
            wire,
            outgoing: Vec::new(),
            requests: received,
            notices: tell,
            replies: VecDeque::new(),
            undelivered: VecDeque::new(),
            grown: None,
            arm: Arm::At(Instant::now(), 0),
        };
        // Owned by the handles: it ends with the last of them, or with the connection.
        tokio::spawn(pilot.fly());
        Ok((AsyncClient { requests, welcome }, notices))
    }

    /// The run's status at the time of connecting.
    pub fn welcome(&self) -> &Status {
        &self.welcome
    }

    /// Types into the terminal. What is longer than a frame goes in several. Success means "on its way"; an
    /// agent that does not read shows as [`Notice::InputRefused`].
    pub async fn input(&self, bytes: &[u8]) -> Result<(), ClientError> {
        for piece in bytes.chunks(MAX_FRAME) {
            self.send(Request::Input(piece.to_vec())).await?;
        }
        Ok(())
    }

    /// The newest viewer's size wins, see [`crate::protocol`]: give each viewer a connection of its own.
    pub async fn resize(&self, cols: u16, rows: u16) -> Result<(), ClientError> {
        self.send(Request::Resize { cols, rows }).await
    }

    /// Asks the whole tree to leave, and kills it after the grace. Returns when the host has understood; the
    /// end itself is [`Notice::Exited`].
    pub async fn stop(&self, grace: Duration) -> Result<(), ClientError> {
        self.request_stop(grace, false).await
    }

    /// As [`AsyncClient::stop`], and gives up what cannot be written to the log.
    pub async fn stop_and_abandon_log(&self, grace: Duration) -> Result<(), ClientError> {
        self.request_stop(grace, true).await
    }

    pub async fn status(&self) -> Result<Status, ClientError> {
        match self.ask(Request::Status).await? {
            Notice::Status(status) => Ok(status),
            _ => Err(ClientError::OutOfStep),
        }
    }

    /// A piece of the log, at most 256 KiB; empty at its end.
    pub async fn read(&self, offset: u64, len: u64) -> Result<Vec<u8>, ClientError> {
        match self.ask(Request::Read { offset, len }).await? {
            Notice::Data { bytes, .. } => Ok(bytes),
            _ => Err(ClientError::OutOfStep),
        }
    }

    async fn request_stop(&self, grace: Duration, abandon_log: bool) -> Result<(), ClientError> {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        match self.ask(Request::Stop { grace_ms, abandon_log }).await? {
            Notice::Stopping => Ok(()),
            _ => Err(ClientError::OutOfStep),
        }
    }

    async fn ask(&self, request: Request) -> Result<Notice, ClientError> {
        let (reply, answer) = oneshot::channel();
        let sent = Sent { request, reply: Some(reply) };
        self.requests.send(sent).await.map_err(|_| ClientError::HungUp)?;
        answer.await.map_err(|_| ClientError::HungUp)
    }

    async fn send(&self, request: Request) -> Result<(), ClientError> {
        self.requests.send(Sent { request, reply: None }).await.map_err(|_| ClientError::HungUp)
    }
}

async fn hello(wire: &mut Wire) -> Result<Notice, ClientError> {
    let mut bytes = Vec::new();
    Request::Hello { protocol: PROTOCOL, min_protocol: MIN_PROTOCOL }.encode(&mut bytes);
    match wire.write.write_all(&bytes).await.map_err(hung_up_or) {
        // A host that has turned us away has said why before it closed.
        Ok(()) | Err(ClientError::HungUp) => {}
        Err(error) => return Err(error),
    }
    loop {
        if let Some(notice) = wire.next()? {
            return Ok(notice);
        }
        let read = wire.read.read(&mut wire.room).await;
        wire.take_in(read)?;
    }
}

struct Wire {
    read: ReadHalf<AsyncConnection>,
    write: WriteHalf<AsyncConnection>,
    frames: Frames,
    room: Vec<u8>,
}

impl Wire {
    fn next(&mut self) -> Result<Option<Notice>, ClientError> {
        while let Some(frame) = self.frames.take()? {
            match Notice::decode(frame) {
                // From a newer host: not meant for us.
                Err(Malformed::UnknownKind(_)) => {}
                decoded => return Ok(Some(decoded?)),
            }
        }
        Ok(None)
    }

    fn take_in(&mut self, read: std::io::Result<usize>) -> Result<(), ClientError> {
        match read.map_err(hung_up_or)? {
            0 => Err(ClientError::HungUp),
            read => {
                self.frames.push(&self.room[..read]);
                Ok(())
            }
        }
    }
}

/// When the host is asked again to tell of growth.
#[derive(Debug, Clone, Copy)]
enum Arm {
    /// It is asked, or the last `Grown` has not been taken yet.
    No,
    At(Instant, u64),
}

struct Pilot {
    wire: Wire,
    /// Encoded, and not yet taken by the socket.
    outgoing: Vec<u8>,
    requests: mpsc::Receiver<Sent>,
    notices: mpsc::Sender<Notice>,
    replies: VecDeque<oneshot::Sender<Notice>>,
    undelivered: VecDeque<Notice>,
    /// The newest length that the listener has not been told.
    grown: Option<u64>,
    arm: Arm,
}

impl Pilot {
    /// Until the host hangs up or nobody holds a handle. What went wrong is not reported: to the listener every
    /// end of the conversation is the same, and the files tell what became of the run.
    async fn fly(mut self) {
        while let Ok(true) = self.turn().await {}
        while let Some(notice) = self.undelivered.pop_front() {
            if self.notices.send(notice).await.is_err() {
                return;
            }
        }
    }

    async fn turn(&mut self) -> Result<bool, ClientError> {
        while let Some(notice) = self.wire.next()? {
            self.sort(notice);
        }
        let news = !self.undelivered.is_empty() || self.grown.is_some();
        let (when, armed) = match self.arm {
            Arm::At(when, _) => (when, true),
            Arm::No => (Instant::now(), false),
        };
        // Never waits for the host to read while the host may be waiting for us: writing is one branch of many.
        tokio::select! {
            read = self.wire.read.read(&mut self.wire.room) => self.wire.take_in(read)?,
            written = self.wire.write.write(&self.outgoing), if !self.outgoing.is_empty() => {
                drop(self.outgoing.drain(..written.map_err(hung_up_or)?));
            }
            sent = self.requests.recv(), if self.outgoing.len() < MAX_FRAME => match sent {
                Some(sent) => {
                    self.replies.extend(sent.reply);
                    sent.request.encode(&mut self.outgoing);
                }
                None => return Ok(false),
            },
            () = sleep_until(when), if armed => {
                if let Arm::At(_, beyond) = std::mem::replace(&mut self.arm, Arm::No) {
                    Request::Watch { beyond }.encode(&mut self.outgoing);
                }
            }
            permit = self.notices.reserve(), if news => match permit {
                Ok(permit) => {
                    // Growth first: whoever hears of the exit has then heard of every byte.
                    if let Some(len) = self.grown.take() {
                        permit.send(Notice::Grown { len });
                        self.arm = Arm::At(Instant::now() + PACE, len);
                    } else if let Some(notice) = self.undelivered.pop_front() {
                        permit.send(notice);
                    }
                }
                // Nobody listens; requests still have their replies.
                Err(_) => {
                    self.undelivered.clear();
                    self.grown = None;
                    self.arm = Arm::No;
                }
            },
        }
        Ok(true)
    }

    fn sort(&mut self, notice: Notice) {
        match notice {
            Notice::Grown { len } => self.grown = Some(len),
            reply if is_reply(&reply) => {
                if let Some(waiting) = self.replies.pop_front() {
                    // Whoever asked may have stopped waiting.
                    let _ = waiting.send(reply);
                }
            }
            Notice::Exited(exit) => {
                // The last length, also if the pace held it back.
                self.grown = Some(exit.output_bytes);
                self.undelivered.push_back(Notice::Exited(exit));
            }
            other => self.undelivered.push_back(other),
        }
    }
}
