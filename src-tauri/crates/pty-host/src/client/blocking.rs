//! The client for a thread that may block: the command line, tests, and whoever has no tokio.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use super::{ClientError, ConnectError, hung_up_or, is_reply, welcome, why_no_welcome, why_not};
use crate::platform::{self, Connection};
use crate::protocol::{Frames, MAX_FRAME, MIN_PROTOCOL, Malformed, Notice, PROTOCOL, Request, Status};

/// A connection to a run's host.
#[derive(Debug)]
pub struct Client {
    wire: Wire,
    welcome: Status,
}

impl Client {
    pub fn connect(run_dir: &Path) -> Result<Client, ConnectError> {
        let stream = platform::connect(run_dir).map_err(|error| why_not(run_dir, error))?;
        let mut wire = Wire { stream, frames: Frames::default(), kept: VecDeque::new() };
        let hello = Request::Hello { protocol: PROTOCOL, min_protocol: MIN_PROTOCOL };
        let answer = wire.ask(&hello).map_err(|error| why_no_welcome(run_dir, error))?;
        Ok(Client { wire, welcome: welcome(answer)? })
    }

    /// The run's status at the time of connecting.
    pub fn welcome(&self) -> &Status {
        &self.welcome
    }

    pub fn status(&mut self) -> Result<Status, ClientError> {
        match self.wire.ask(&Request::Status)? {
            Notice::Status(status) => Ok(status),
            _ => Err(ClientError::OutOfStep),
        }
    }

    /// Types into the terminal. What is longer than a frame goes in several.
    pub fn input(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        bytes.chunks(MAX_FRAME).try_for_each(|piece| self.wire.send(&Request::Input(piece.to_vec())))
    }

    pub fn resize(&mut self, cols: u16, rows: u16) -> Result<(), ClientError> {
        self.wire.send(&Request::Resize { cols, rows })
    }

    /// Asks for one `Grown` once the log is longer than `beyond`.
    pub fn watch(&mut self, beyond: u64) -> Result<(), ClientError> {
        self.wire.send(&Request::Watch { beyond })
    }

    /// Asks the whole tree to leave, and kills it after the grace. Returns when the host has understood.
    pub fn stop(&mut self, grace: Duration) -> Result<(), ClientError> {
        self.request_stop(grace, false)
    }

    /// As [`Client::stop`], and gives up what cannot be written to the log: the way out when the disk stays full.
    pub fn stop_and_abandon_log(&mut self, grace: Duration) -> Result<(), ClientError> {
        self.request_stop(grace, true)
    }

    /// A piece of the log, at most 256 KiB; empty at its end.
    pub fn read(&mut self, offset: u64, len: u64) -> Result<Vec<u8>, ClientError> {
        match self.wire.ask(&Request::Read { offset, len })? {
            Notice::Data { bytes, .. } => Ok(bytes),
            _ => Err(ClientError::OutOfStep),
        }
    }

    /// The next notice that is no answer. Blocks; `HungUp` at the end.
    pub fn notice(&mut self) -> Result<Notice, ClientError> {
        match self.wire.kept.pop_front() {
            Some(notice) => Ok(notice),
            None => self.wire.receive(),
        }
    }

    /// Reads on to the end of the run.
    pub fn wait_for_exit(&mut self) -> Result<crate::Exit, ClientError> {
        loop {
            if let Notice::Exited(exit) = self.notice()? {
                return Ok(exit);
            }
        }
    }

    fn request_stop(&mut self, grace: Duration, abandon_log: bool) -> Result<(), ClientError> {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        match self.wire.ask(&Request::Stop { grace_ms, abandon_log })? {
            Notice::Stopping => Ok(()),
            _ => Err(ClientError::OutOfStep),
        }
    }
}

#[derive(Debug)]
struct Wire {
    stream: Connection,
    frames: Frames,
    /// Notices that came while an answer was waited for.
    kept: VecDeque<Notice>,
}

impl Wire {
    fn ask(&mut self, request: &Request) -> Result<Notice, ClientError> {
        match self.send(request) {
            // A host that has turned us away has said why before it closed.
            Ok(()) | Err(ClientError::HungUp) => {}
            Err(error) => return Err(error),
        }
        loop {
            let notice = self.receive()?;
            if is_reply(&notice) {
                return Ok(notice);
            }
            self.kept.push_back(notice);
        }
    }

    fn send(&mut self, request: &Request) -> Result<(), ClientError> {
        let mut wire = Vec::new();
        request.encode(&mut wire);
        self.stream.write_all(&wire).map_err(hung_up_or)
    }

    fn receive(&mut self) -> Result<Notice, ClientError> {
        let mut room = [0; 16 << 10];
        loop {
            while let Some(frame) = self.frames.take()? {
                match Notice::decode(frame) {
                    // From a newer host: not meant for us.
                    Err(Malformed::UnknownKind(_)) => {}
                    decoded => return Ok(decoded?),
                }
            }
            match self.stream.read(&mut room) {
                Ok(0) => return Err(ClientError::HungUp),
                Ok(read) => self.frames.push(&room[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(hung_up_or(error)),
            }
        }
    }
}
