//! Starting a host so that it outlives us: on Unix it forks away and leads a session of its own by itself, on
//! Windows it is started outside our job and console; on Linux `systemd-run --user --scope` also takes it out of
//! our control group where that works.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::liveness::{self, Liveness};
use crate::launch::{Answer, Launch, Order, StartFailure};
use crate::platform;
use crate::protocol::PROTOCOL;
use crate::records::{self, HostRecord};

/// A started run. Nothing needs to be kept: the host is nobody's child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawned {
    pub host_pid: u32,
    pub agent_pid: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The host looked and declined; nothing was left behind.
    #[error(transparent)]
    Start(#[from] StartFailure),
    #[error("the run directory {} cannot be used: {source}", run_dir.display())]
    RunDir { run_dir: PathBuf, source: io::Error },
    #[error("the host {} cannot be started: {source}", host.display())]
    Host { host: PathBuf, source: io::Error },
    /// It ended without an answer; `said` is what it wrote last.
    #[error("the host ended before it had started the agent: {said}")]
    Died { said: String },
    /// The same, but the agent was on record by then and may have done something. What it left running was ended.
    #[error("the host ended right after it had started the agent")]
    Vanished,
}

/// Lets this process have as many files open as the system permits it. Agents start with what was permitted before:
/// a program that waits by `select` can deal with 1,024 at most.
pub fn allow_many_files() -> io::Result<()> {
    platform::allow_many_files()
}

/// Starts `launch` in `run_dir`, which must exist, be empty of runs, and be readable by its owner only.
/// Returns once the agent runs. Blocks for some milliseconds: call it from a blocking thread.
pub fn spawn(host: &Path, run_dir: &Path, launch: &Launch) -> Result<Spawned, SpawnError> {
    let host = std::path::absolute(host).map_err(|source| SpawnError::Host { host: host.into(), source })?;
    let order = serde_json::to_vec(&Order { protocol: PROTOCOL, launch: launch.clone() })
        .map_err(|error| StartFailure::Order { message: error.to_string() })?;
    match platform::in_a_group_of_its_own(&host) {
        // Only a host that has not even claimed the directory may be tried again.
        Some(command) => match start(command, &host, run_dir, &order) {
            Err(SpawnError::Died { .. }) if !run_dir.join(records::HOST).exists() => {
                start(Command::new(&host), &host, run_dir, &order)
            }
            answered => answered,
        },
        None => start(Command::new(&host), &host, run_dir, &order),
    }
}

fn start(mut command: Command, host: &Path, run_dir: &Path, order: &[u8]) -> Result<Spawned, SpawnError> {
    let directory = |source| SpawnError::RunDir { run_dir: run_dir.to_owned(), source };
    let said = run_dir.join(records::HOST_LOG);
    let said_before = said.exists();
    let words = append_to(&said).map_err(directory)?;
    // The directory is the working directory and not an argument: no length or character of its name matters.
    command.arg(".").current_dir(run_dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(words);
    let child = platform::start_host(&mut command);
    // Dropped so that the answer's pipe has no writer but the host.
    drop(command);
    let answer = child
        .and_then(|child| converse(child, order))
        .map_err(|source| SpawnError::Host { host: host.to_owned(), source })
        .and_then(|answer| answer.ok_or_else(|| SpawnError::Died { said: last_words(&said) }));
    match answer {
        Ok(Answer::Started { host_pid, agent_pid }) => Ok(Spawned { host_pid, agent_pid }),
        Ok(Answer::Failed(failure)) => {
            leave_nothing(&said, said_before);
            Err(failure.into())
        }
        Err(error) => {
            // It may have been killed between the agent's start and its answer. What cannot be ended here is
            // told when somebody looks at the run again.
            let _ = liveness::end_leftovers(run_dir);
            if let Ok(Liveness::Gone(HostRecord { agent: Some(_), .. })) = liveness::alive(run_dir) {
                return Err(SpawnError::Vanished);
            }
            leave_nothing(&said, said_before);
            Err(error)
        }
    }
}

/// Gives the order and takes the answer, whose end is the host's closing of its side or its death. `None`: it had
/// nothing to say that we understand.
fn converse(mut child: Child, order: &[u8]) -> io::Result<Option<Answer>> {
    let mut bytes = Vec::new();
    let told = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(order));
    let heard = child.stdout.take().map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut bytes));
    let answer = serde_json::from_slice(&bytes).ok();
    match answer {
        Some(Answer::Started { .. }) => platform::part_from(child)?,
        Some(Answer::Failed(_)) | None => drop(child.wait()?),
    }
    heard?;
    match told {
        // It died before it had read everything; what it said is more to the point than a broken pipe.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        Ok(()) | Err(_) => Ok(answer),
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    platform::private(File::options().append(true).create(true)).open(path)
}

fn last_words(path: &Path) -> String {
    let text = fs::read(path).unwrap_or_default();
    let tail = &text[text.len().saturating_sub(2000)..];
    let tail = String::from_utf8_lossy(tail).trim().to_owned();
    if tail.is_empty() { "it said nothing".to_owned() } else { tail }
}

fn leave_nothing(said: &Path, was_there: bool) {
    if !was_there {
        // Best effort: a leftover log is harmless, and the failure that led here is what matters.
        let _ = fs::remove_file(said);
    }
}
