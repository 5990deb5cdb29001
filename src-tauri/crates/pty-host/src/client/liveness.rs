//! Whether a run's host still lives, told from the files alone: cheap, and without confusing it with a later
//! process of the same number.

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::platform;
use crate::protocol::{MIN_PROTOCOL, PROTOCOL};
use crate::records::{self, Exit, HostRecord, ProcessMark, RECORD_VERSION};

/// How long a host that hangs up may take to die, or one that lives to open its door.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at it.
pub(super) const AGAIN: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Liveness {
    /// The host lives: connect to it.
    Alive(HostRecord),
    /// The run is over and everything of it is in the log.
    Exited(Exit),
    /// The host was killed: there will be no `exit.json`. [`end_leftovers`] sees to its agent's processes.
    Gone(HostRecord),
    /// No host has claimed this directory yet. One may be about to; [`claim`] makes sure that none will.
    NeverStarted,
}

/// Looks at the run directory. An error means that it could not be read, not that the run is dead.
pub fn alive(run_dir: &Path) -> io::Result<Liveness> {
    let exit = || records::read::<Exit>(run_dir, records::EXIT);
    if let Some(exit) = exit()? {
        return Ok(Liveness::Exited(exit));
    }
    let Some(record) = records::read::<HostRecord>(run_dir, records::HOST)? else {
        return Ok(Liveness::NeverStarted);
    };
    if lives(&record.host)? {
        return Ok(Liveness::Alive(record));
    }
    // It may have ended properly between the two looks.
    Ok(exit()?.map_or(Liveness::Gone(record), Liveness::Exited))
}

/// Takes a directory in which no run has started, so that a host that is still on its way finds it taken and
/// starts nothing. `Claim::TooLate` when a host was there first.
pub fn claim(run_dir: &Path, run_id: i64) -> io::Result<Claim> {
    let nobody = HostRecord {
        version: RECORD_VERSION,
        protocol: PROTOCOL.max(MIN_PROTOCOL),
        run_id,
        host: ProcessMark { pid: 0, start: 0, boot: String::new() },
        agent: None,
        started_at_ms: 0,
    };
    Ok(if records::create(run_dir, records::HOST, &nobody)? { Claim::Ours } else { Claim::TooLate })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    Ours,
    TooLate,
}

/// Kills what a dead host left of its agent: the agent, its session and its descendants, and on Linux whoever was
/// started with this directory in its environment ([`crate::launch::RUN_DIR_VARIABLE`]). True when something was
/// there. Blocks until it is gone; a host that is still dying is waited for. Fails when the host lives on, or
/// something could not be killed.
pub fn end_leftovers(run_dir: &Path) -> io::Result<bool> {
    let patience = Instant::now() + PATIENCE;
    loop {
        match alive(run_dir)? {
            Liveness::Gone(record) if same_boot(&record.host)? => {
                return platform::kill_orphans_of(&record, run_dir);
            }
            Liveness::Gone(_) | Liveness::Exited(_) | Liveness::NeverStarted => return Ok(false),
            Liveness::Alive(_) if Instant::now() < patience => thread::sleep(AGAIN),
            Liveness::Alive(_) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the run's host lives"));
            }
        }
    }
}

fn lives(mark: &ProcessMark) -> io::Result<bool> {
    Ok(mark.pid != 0 && platform::mark(mark.pid)?.as_ref() == Some(mark))
}

fn same_boot(mark: &ProcessMark) -> io::Result<bool> {
    Ok(platform::mark(std::process::id())?.is_some_and(|mine| mine.boot == mark.boot))
}
