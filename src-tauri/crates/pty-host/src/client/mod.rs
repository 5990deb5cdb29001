//! The engine's side: starting a host, finding out whether one lives, talking to it.

#[cfg(feature = "tokio")]
pub mod asynchronous;
pub mod blocking;
pub mod find;
pub mod liveness;
pub mod spawn;

use std::io;
use std::path::Path;

use crate::protocol::{Malformed, Notice, Status};
use crate::records::{self, Exit};

/// Why there is no conversation.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The run is over; this is how it ended.
    #[error("the run has ended")]
    Ended(Box<Exit>),
    /// Nobody listens in this directory: the run never started, or its host was killed.
    #[error("nobody holds this run")]
    NobodyThere,
    /// It is too old, too new, or has too many clients.
    #[error("the run's host does not let us in: {0}")]
    Refused(String),
    #[error("the run's host cannot be reached: {0}")]
    Io(#[source] io::Error),
    #[error("the run's host answers nonsense: {0}")]
    Nonsense(#[from] Malformed),
    #[error("the run's host does not answer as it should")]
    OutOfStep,
}

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The host has closed the connection: the run is over, or the host is gone. `alive` tells which.
    #[error("the run's host has hung up")]
    HungUp,
    #[error("the connection to the run's host failed: {0}")]
    Io(#[source] io::Error),
    #[error("the run's host answers nonsense: {0}")]
    Nonsense(#[from] Malformed),
    #[error("the run's host gave another answer than the one that was due")]
    OutOfStep,
}

/// Why a socket could not be opened, in terms of the run.
fn why_not(run_dir: &Path, error: io::Error) -> ConnectError {
    // `exit.json` is written before the socket goes, so who finds no socket may find that.
    match (error.kind(), records::read::<Exit>(run_dir, records::EXIT)) {
        (_, Ok(Some(exit))) => ConnectError::Ended(Box::new(exit)),
        (io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused, Ok(None)) => ConnectError::NobodyThere,
        (_, Ok(None) | Err(_)) => ConnectError::Io(error),
    }
}

/// A conversation that ended before the host had said welcome, in terms of the run.
fn why_no_welcome(run_dir: &Path, error: ClientError) -> ConnectError {
    match error {
        // The run ended while we knocked.
        ClientError::HungUp => why_not(run_dir, io::ErrorKind::ConnectionRefused.into()),
        ClientError::Io(error) => why_not(run_dir, error),
        ClientError::Nonsense(error) => error.into(),
        ClientError::OutOfStep => ConnectError::OutOfStep,
    }
}

/// The host's answer to Hello.
fn welcome(notice: Notice) -> Result<Status, ConnectError> {
    match notice {
        Notice::Welcome { status, .. } => Ok(status),
        Notice::Refused { reason } => Err(ConnectError::Refused(reason)),
        _ => Err(ConnectError::OutOfStep),
    }
}

fn hung_up_or(error: io::Error) -> ClientError {
    match error.kind() {
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => ClientError::HungUp,
        _ => ClientError::Io(error),
    }
}

/// Answers to requests come in order; everything else may come at any time.
fn is_reply(notice: &Notice) -> bool {
    match notice {
        Notice::Welcome { .. }
        | Notice::Refused { .. }
        | Notice::Data { .. }
        | Notice::Status(_)
        | Notice::Stopping => true,
        Notice::Grown { .. }
        | Notice::Resized { .. }
        | Notice::LogStalled { .. }
        | Notice::LogResumed
        | Notice::InputRefused { .. }
        | Notice::Exited(_) => false,
    }
}
