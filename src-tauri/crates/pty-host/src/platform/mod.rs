//! Everything that differs between operating systems, behind the same names.
//!
//! Linux is complete and tested. macOS shares `unix.rs` and has no subreaper: a process that leaves both the
//! agent's session and its tree is found only while its parent lives. Windows has a pseudo console, a job and a
//! named pipe for terminal, tree and socket. What of the last two has been run, and what only compiled, is in
//! `docs/decisions/0019-other-systems.md`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;
#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// How the agent itself ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AgentEnd {
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

/// What is reported of the agent's processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    Agent(AgentEnd),
    /// Nobody is left that the system would tell us of.
    Everybody,
}

/// A started agent: who it is, its processes, and their end to be waited for.
pub(crate) struct Agent {
    pub pid: u32,
    pub tree: Tree,
    pub children: Children,
}

/// What the host wants of a client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interest {
    pub read: bool,
    pub write: bool,
}

/// What the host was woken for; clients by their place in the list that was waited for.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    pub woken: bool,
    pub knocked: bool,
    pub clients: Vec<usize>,
}
