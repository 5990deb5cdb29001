//! Everything that differs between operating systems, behind the same names.
//!
//! Linux is complete and tested. macOS shares `unix.rs` and has no subreaper: a process that leaves both the
//! agent's session and its tree is found only while its parent lives. Windows has the run directory's records
//! and process marks; its terminal (ConPTY) host is not written. Neither could be compiled where this was written.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(unix)]
pub(crate) mod unix;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(target_os = "macos")]
pub(crate) use macos::*;
#[cfg(windows)]
pub(crate) use windows::*;
