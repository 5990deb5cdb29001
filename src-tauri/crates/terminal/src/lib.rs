//! What a run's output looks like: the screen as of a log offset, the frames a terminal view is fed with, the
//! log as plain lines, and the recording as an asciicast. Everything is read from `output.log` by offset; how
//! the log grows is told from outside as a [`LogState`]. Starting agents, sockets and the window are not here.

mod ansi;
pub mod asciicast;
pub mod follower;
pub mod frames;
pub mod lines;
mod modes;
pub mod screen;
pub mod viewer;

pub use follower::{Follow, Follower, ScreenHandle};
pub use lines::{Hit, LineIndex, Lines};
pub use screen::{Screen, Snapshot};
pub use viewer::{Gone, Replay, Sink, Source, Viewer};

/// How far a run's log has come; the newest value replaces older ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogState {
    /// Bytes in `output.log` that may be read.
    pub len: u64,
    pub cols: u16,
    pub rows: u16,
    /// Set once no byte will follow: `len` is final.
    pub exited: Option<ExitInfo>,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ExitInfo {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    /// Milliseconds since 1970, UTC.
    pub ended_at: i64,
}
