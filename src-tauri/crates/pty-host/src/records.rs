//! What a run leaves on disk, and how it is written: whole or not at all.
//!
//! | file | what |
//! |---|---|
//! | `launch.json` | [`LaunchRecord`]: what was started, without secret values |
//! | `host.json` | [`HostRecord`]: who holds the terminal; creating it claims the directory |
//! | `output.log` | every byte that the terminal gave, and nothing else |
//! | `timing.idx` | when, see [`crate::timing`] |
//! | `exit.json` | [`Exit`]: the run is over and the log complete |
//! | `host.log` | what the host itself had to say; empty when all is well |
//! | `sock` | the socket, mode 0600, while the host lives; on Windows the name of the pipe that stands for it |

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::launch::Launch;
use crate::{os_text, platform};

pub const LAUNCH: &str = "launch.json";
pub const HOST: &str = "host.json";
pub const LOG: &str = "output.log";
pub const TIMING: &str = "timing.idx";
pub const EXIT: &str = "exit.json";
pub const HOST_LOG: &str = "host.log";
pub const SOCKET: &str = "sock";

/// Version of the records below. Fields are only ever added, and read with a default.
pub const RECORD_VERSION: u32 = 1;

/// A process that cannot be confused with a later one that got the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessMark {
    pub pid: u32,
    /// In the system's own unit: on Linux clock ticks since boot, field 22 of `/proc/PID/stat`; on macOS
    /// microseconds since 1970; on Windows 100 ns since 1601.
    pub start: u64,
    /// Which boot `start` counts from; empty where it is a time of day.
    pub boot: String,
}

/// `host.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRecord {
    pub version: u32,
    pub protocol: u32,
    pub run_id: i64,
    pub host: ProcessMark,
    /// Missing in the moment between the claim of the directory and the agent's start.
    pub agent: Option<ProcessMark>,
    pub started_at_ms: i64,
}

/// `launch.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchRecord {
    pub version: u32,
    pub run_id: i64,
    #[serde(with = "os_text::list")]
    pub argv: Vec<OsString>,
    #[serde(with = "os_text::path")]
    pub cwd: PathBuf,
    /// Names only: values may be secrets.
    #[serde(with = "os_text::list")]
    pub env_names: Vec<OsString>,
    pub cols: u16,
    pub rows: u16,
}

impl LaunchRecord {
    pub fn of(launch: &Launch) -> LaunchRecord {
        LaunchRecord {
            version: RECORD_VERSION,
            run_id: launch.run_id,
            argv: launch.argv.clone(),
            cwd: launch.cwd.clone(),
            env_names: launch.env.iter().map(|(name, _)| name.clone()).collect(),
            cols: launch.cols,
            rows: launch.rows,
        }
    }
}

/// How a requested stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopKind {
    /// Everything left within the grace.
    Requested,
    /// Something had to be killed.
    Forced,
}

/// A process that is still there after the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survivor {
    pub pid: u32,
    pub name: String,
    #[serde(with = "os_text::path")]
    pub cwd: PathBuf,
    /// True: it belongs to the run and could not be killed. False: it is not a descendant of the agent, but it
    /// was started after the run and works inside the run's directory, so it may have escaped (through a
    /// daemon, say) or be somebody's shell. It was not touched.
    pub ours: bool,
}

/// `exit.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    pub version: u32,
    pub run_id: i64,
    /// Exactly one of `code` and `signal` is set (on Windows always `code`, its 32 bits as they are), and neither
    /// when the agent could not be killed.
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub started_at_ms: i64,
    /// When the agent itself ended; its tree was gone a little later.
    pub ended_at_ms: i64,
    pub output_bytes: u64,
    pub stop: Option<StopKind>,
    pub survivors: Vec<Survivor>,
    /// The last error that the log met. `lost_bytes` says whether it cost anything.
    pub log_error: Option<String>,
    /// Not zero only when a client asked to abandon a log that could not be written.
    pub lost_bytes: u64,
}

/// Reads a record; `None` where there is no such file.
pub fn read<T: DeserializeOwned>(run_dir: &Path, name: &str) -> io::Result<Option<T>> {
    match fs::read(run_dir.join(name)) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a record durably: a reader sees the old one or the new one, also after a power cut.
pub fn replace<T: Serialize>(run_dir: &Path, name: &str, record: &T) -> io::Result<()> {
    let draft = write_draft(run_dir, name, record)?;
    fs::rename(&draft, run_dir.join(name)).inspect_err(|_| discard(&draft))?;
    platform::sync_directory(run_dir)
}

/// Writes a record only if there is none of that name. `false` means that somebody else was first.
pub fn create<T: Serialize>(run_dir: &Path, name: &str, record: &T) -> io::Result<bool> {
    let draft = write_draft(run_dir, name, record)?;
    // A hard link refuses to replace, which rename does not, and appears with its content already in it,
    // which `create_new` does not.
    let linked = fs::hard_link(&draft, run_dir.join(name));
    discard(&draft);
    match linked {
        Ok(()) => platform::sync_directory(run_dir).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opens a file of the run for its owner only. It must not exist yet.
pub fn open_new(path: &Path) -> io::Result<File> {
    platform::private(OpenOptions::new().append(true).create_new(true)).open(path)
}

fn write_draft<T: Serialize>(run_dir: &Path, name: &str, record: &T) -> io::Result<PathBuf> {
    let draft = run_dir.join(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mut file =
            platform::private(OpenOptions::new().write(true).create(true).truncate(true)).open(&draft)?;
        let mut text = serde_json::to_vec_pretty(record)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.sync_all()
    })();
    match written {
        Ok(()) => Ok(draft),
        Err(error) => {
            discard(&draft);
            Err(error)
        }
    }
}

/// Best effort: a draft that cannot be removed is only a hidden leftover, the error that led here matters more.
fn discard(draft: &Path) {
    let _ = fs::remove_file(draft);
}
