//! The door for the same user's programs, seen from both sides: what stands at its name in the data directory,
//! and how a program gets in. On Unix that is a socket; on Windows a file that says which port and which key.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use axum::http::HeaderMap;

#[cfg(unix)]
use unix as here;
#[cfg(windows)]
use windows as here;

pub use here::{Host, Stream, connect, open_socket, who_hosts};

/// A connection, and what every request over it has to say.
#[derive(Debug)]
pub struct Line {
    pub stream: Stream,
    pub headers: HeaderMap,
}
