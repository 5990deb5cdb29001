//! The socket: one thread, one wait without a timeout while the run lives, any number of clients.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Event;
use super::input::Input;
use super::output::Track;
use super::session::{Dropped, House, Session, phase};
use super::shared::{NOBODY, Shared};
use crate::platform::{self, Door, Interest, Stream, Terminal};
use crate::protocol::{Notice, Status};

/// More are refused as they come.
const MOST_CLIENTS: usize = 64;
const ROOM: usize = 16 << 10;
/// What the agent gets when the system ends the host: less than the system gives the host.
const LOGOUT_GRACE_MS: u64 = 5_000;
/// After the end: for clients that were just connecting.
const LINGER: Duration = Duration::from_millis(150);
/// After the end: for clients that take their time to read the last notices.
const LONGEST_LINGER: Duration = Duration::from_secs(2);

pub(super) struct Server {
    door: Door,
    clients: Vec<Client>,
    next_id: u64,
    room: Box<[u8; ROOM]>,
    front: Front,
}

struct Client {
    stream: Stream,
    session: Session,
}

/// What clients act upon.
pub(super) struct Front {
    pub run_id: i64,
    pub agent_pid: u32,
    pub started_at_ms: i64,
    pub shared: Arc<Shared>,
    pub input: Arc<Input>,
    pub track: Arc<Mutex<Track>>,
    pub events: Sender<Event>,
    pub terminal: Arc<Terminal>,
    pub log: File,
    pub cols: u16,
    pub rows: u16,
    /// Clients that ever asked for a size, in the order in which they connected.
    pub sizers: Vec<u64>,
    /// A size to be told to everybody.
    pub fresh_size: Option<(u16, u16)>,
    pub clients: u32,
}

impl Server {
    pub fn new(door: Door, front: Front) -> Server {
        Server { door, clients: Vec::new(), next_id: 1, room: Box::new([0; ROOM]), front }
    }

    /// Serves until the exit has been told.
    pub fn serve(mut self) -> io::Result<()> {
        let mut ended_at = None;
        loop {
            let exit = self.front.shared.exit();
            let since_end = exit.as_ref().map(|_| ended_at.get_or_insert_with(Instant::now).elapsed());
            if since_end.is_some_and(|passed| self.is_done(passed)) {
                return Ok(());
            }
            let clients = self.clients.iter().map(|client| (&client.stream, client.interest()));
            let ready = self.door.wait(clients, since_end.map(remaining))?;
            if ready.woken {
                self.front.shared.waker.settle();
                if platform::asked_to_end() {
                    self.front.stop(LOGOUT_GRACE_MS, false);
                }
            }
            for index in ready.clients {
                self.attend(index);
            }
            if ready.knocked {
                self.admit();
            }
            self.publish();
            self.part();
        }
    }

    fn is_done(&self, since_end: Duration) -> bool {
        let all_told = self.clients.iter().all(Client::has_heard_the_end);
        since_end >= LONGEST_LINGER || (since_end >= LINGER && all_told)
    }

    fn admit(&mut self) {
        loop {
            let stream = match self.door.admit() {
                Ok(stream) => stream,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Nobody is left, or descriptors are short: the next wait asks again.
                Err(_) => return,
            };
            if self.clients.len() == MOST_CLIENTS {
                turn_away(stream);
            } else {
                self.clients.push(Client { stream, session: Session::new(self.next_id) });
                self.next_id += 1;
                self.front.clients = self.clients.len() as u32;
            }
        }
    }

    fn attend(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if client.read(&mut self.room[..]).and_then(|()| client.answer(&mut self.front)).is_err() {
            client.session.leaving = true;
            client.session.out.clear();
        }
    }

    /// Tells everybody what is new to them, and arms the output thread for the most eager of the rest.
    fn publish(&mut self) {
        if let Some((cols, rows)) = self.front.fresh_size.take() {
            self.clients.iter_mut().for_each(|client| client.session.resized(cols, rows));
        }
        let shared = Arc::clone(&self.front.shared);
        let (stalled, exit) = (shared.stalled(), shared.exit());
        loop {
            let len = shared.len();
            for client in &mut self.clients {
                client.session.publish(len, stalled.as_deref(), exit.as_ref());
            }
            let eager = self.clients.iter().filter_map(|client| client.session.watches_beyond()).min();
            shared.want(eager.unwrap_or(NOBODY));
            // The log may have grown between the look and the wish, in which case nobody will wake us.
            if eager.is_none_or(|beyond| shared.len() <= beyond) {
                break;
            }
        }
        for client in &mut self.clients {
            client.flush();
        }
    }

    fn part(&mut self) {
        self.clients.retain(|client| !(client.session.leaving && client.session.out.is_empty()));
        self.front.clients = self.clients.len() as u32;
        let here: Vec<u64> = self.clients.iter().map(|client| client.session.id).collect();
        self.front.sizers.retain(|id| here.contains(id));
    }
}

/// Fits into any socket's buffer, so it does not wait.
fn turn_away(mut stream: Stream) {
    let mut wire = Vec::new();
    let reason = format!("{MOST_CLIENTS} clients are connected already");
    Notice::Refused { reason }.encode(&mut wire);
    // A client that is gone needs no answer.
    let _ = stream.write_all(&wire);
}

/// Until the next thing that time alone brings about after the end.
fn remaining(since_end: Duration) -> Duration {
    let next = if since_end < LINGER { LINGER } else { LONGEST_LINGER };
    next.saturating_sub(since_end).max(Duration::from_millis(1))
}

#[derive(Debug, thiserror::Error)]
enum Parting {
    #[error("it hung up")]
    HungUp,
    #[error(transparent)]
    Socket(#[from] io::Error),
    #[error(transparent)]
    Dropped(#[from] Dropped),
}

impl Client {
    fn interest(&self) -> Interest {
        Interest { read: self.session.listens(), write: !self.session.out.is_empty() }
    }

    fn has_heard_the_end(&self) -> bool {
        self.session.has_heard_the_end() && self.stream.has_flushed()
    }

    /// One helping per turn, so that no client starves the others.
    fn read(&mut self, room: &mut [u8]) -> Result<(), Parting> {
        if !self.session.listens() {
            return self.still_there();
        }
        match self.stream.read(room) {
            Ok(0) => Err(Parting::HungUp),
            Ok(read) => {
                self.session.push(&room[..read]);
                Ok(())
            }
            Err(error) if is_patience(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A client whose requests wait is not read, so its going must be seen otherwise: by writing to it.
    fn still_there(&mut self) -> Result<(), Parting> {
        write_some(&mut self.stream, &mut self.session.out).map_err(Parting::Socket)
    }

    fn answer(&mut self, front: &mut Front) -> Result<(), Parting> {
        loop {
            self.session.answer(front)?;
            if self.session.out.is_empty() {
                return Ok(());
            }
            write_some(&mut self.stream, &mut self.session.out)?;
            // What waited behind a full reply can go on once that is out.
            if !self.session.out.is_empty() {
                return Ok(());
            }
        }
    }

    fn flush(&mut self) {
        if write_some(&mut self.stream, &mut self.session.out).is_err() {
            self.session.leaving = true;
            self.session.out.clear();
        }
    }
}

fn write_some(stream: &mut Stream, out: &mut Vec<u8>) -> io::Result<()> {
    let mut sent = 0;
    let result = loop {
        if sent == out.len() {
            break Ok(());
        }
        match stream.write(&out[sent..]) {
            Ok(written) => sent += written,
            Err(error) if is_patience(&error) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if sent == out.len() {
        // Not `clear`: a large reply's memory must not stay.
        *out = Vec::new();
    } else {
        out.drain(..sent);
    }
    result
}

fn is_patience(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl House for Front {
    fn status(&self) -> Status {
        Status {
            run_id: self.run_id,
            host_pid: std::process::id(),
            agent_pid: self.agent_pid,
            started_at_ms: self.started_at_ms,
            phase: phase(self.shared.is_ending(), self.shared.exit().is_some()),
            cols: self.cols,
            rows: self.rows,
            log_len: self.shared.len(),
            log_stalled: self.shared.stalled(),
            input_waiting: self.input.waiting(),
            hides_input: self.terminal.hides_input(),
            clients: self.clients,
        }
    }

    fn input(&mut self, bytes: Vec<u8>) -> bool {
        self.input.offer(bytes).is_ok()
    }

    fn resize(&mut self, client: u64, cols: u16, rows: u16) {
        if let Err(at) = self.sizers.binary_search(&client) {
            self.sizers.insert(at, client);
        }
        let decides = self.sizers.last() == Some(&client);
        let is_new = (cols, rows) != (self.cols, self.rows);
        if !decides || !is_new || cols == 0 || rows == 0 {
            return;
        }
        if self.terminal.resize(cols, rows).is_ok() {
            (self.cols, self.rows) = (cols, rows);
            self.fresh_size = Some((cols, rows));
            let mut track = self.track.lock().unwrap_or_else(PoisonError::into_inner);
            track.resized(self.shared.now_ms(), cols, rows);
        }
    }

    fn stop(&mut self, grace_ms: u64, abandon_log: bool) {
        if abandon_log {
            self.shared.abandon_log();
        }
        // The receiver is gone only when the run is over, and then there is nothing to stop.
        let _ = self.events.send(Event::Stop { grace: Duration::from_millis(grace_ms) });
    }

    fn read(&mut self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let there = self.shared.len().saturating_sub(offset).min(len as u64) as usize;
        let mut bytes = vec![0; there];
        // Beyond the end is an answer as well, and no system seeks to wherever one may ask.
        if there > 0 {
            self.log.seek(SeekFrom::Start(offset))?;
            self.log.read_exact(&mut bytes)?;
        }
        Ok(bytes)
    }
}
