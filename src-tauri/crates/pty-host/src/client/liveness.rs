//! Whether a run's host still lives, told from the files alone: cheap, and without confusing it with a later
//! process of the same number.

use std::io;
use std::path::Path;

use crate::platform;
use crate::protocol::{MIN_PROTOCOL, PROTOCOL};
use crate::records::{self, Exit, HostRecord, ProcessMark, RECORD_VERSION};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Liveness {
    /// The host lives: connect to it.
    Alive(HostRecord),
    /// The run is over and everything of it is in the log.
    Exited(Exit),
    /// The host was killed: there will be no `exit.json`. [`end_leftovers`] sees to its processes.
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

/// After [`Liveness::Gone`]: kills what the dead host left of its agent, found by the agent's mark, its session
/// and its descendants. True when something was there.
pub fn end_leftovers(record: &HostRecord) -> io::Result<bool> {
    match &record.agent {
        Some(agent) if same_boot(agent)? => platform::kill_orphans_of(agent),
        Some(_) | None => Ok(false),
    }
}

fn lives(mark: &ProcessMark) -> io::Result<bool> {
    Ok(mark.pid != 0 && platform::mark(mark.pid)?.as_ref() == Some(mark))
}

fn same_boot(mark: &ProcessMark) -> io::Result<bool> {
    Ok(platform::mark(std::process::id())?.is_some_and(|mine| mine.boot == mark.boot))
}
