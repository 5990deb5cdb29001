//! Starting a host so that it outlives us: it forks away and leads a session of its own by itself; on Linux
//! `systemd-run --user --scope` also takes it out of our control group where that works, because the group of a
//! desktop application or a service is ended as a whole.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::launch::{Answer, Launch, Order, StartFailure};
use crate::protocol::PROTOCOL;
use crate::records;

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
}

/// Starts `launch` in `run_dir`, which must exist, be empty of runs, and be readable by its owner only.
/// Returns once the agent runs. Blocks for some milliseconds: call it from a blocking thread.
pub fn spawn(host: &Path, run_dir: &Path, launch: &Launch) -> Result<Spawned, SpawnError> {
    let host = std::path::absolute(host).map_err(|source| SpawnError::Host { host: host.into(), source })?;
    let order = serde_json::to_vec(&Order { protocol: PROTOCOL, launch: launch.clone() })
        .map_err(|error| StartFailure::Order { message: error.to_string() })?;
    match way_out_of_our_group() {
        // Only a host that has not even claimed the directory may be tried again.
        Some(scope) => match start(scope.command(&host), &host, run_dir, &order) {
            Err(SpawnError::Died { .. }) => start(Command::new(&host), &host, run_dir, &order),
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
    let child = command.spawn();
    // Dropped so that the answer's pipe has no writer but the host.
    drop(command);
    let answer =
        child.map_err(|source| SpawnError::Host { host: host.to_owned(), source }).and_then(|child| {
            let bytes =
                converse(child, order).map_err(|source| SpawnError::Host { host: host.into(), source })?;
            serde_json::from_slice(&bytes).map_err(|_| SpawnError::Died { said: last_words(&said) })
        });
    match answer {
        Ok(Answer::Started { host_pid, agent_pid }) => Ok(Spawned { host_pid, agent_pid }),
        Ok(Answer::Failed(failure)) => {
            leave_nothing(&said, said_before);
            Err(failure.into())
        }
        Err(error) => {
            leave_nothing(&said, said_before);
            Err(error)
        }
    }
}

/// Gives the order and takes the answer, whose end is the host's closing of its side or its death.
fn converse(mut child: Child, order: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let told = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(order));
    let heard = child.stdout.take().map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut bytes));
    // What we started has forked the host away and ended, so this does not wait for the run.
    child.wait()?;
    heard?;
    match told {
        // It died before it had read everything; what it said is more to the point than a broken pipe.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        Ok(()) | Err(_) => Ok(bytes),
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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

/// A program that starts another one in a scope of its own.
#[derive(Debug, Clone, Copy)]
struct Scope;

impl Scope {
    const ARGS: [&'static str; 5] = ["--user", "--scope", "--quiet", "--collect", "--"];

    fn command(self, program: &Path) -> Command {
        let mut command = Command::new("systemd-run");
        command.args(Scope::ARGS).arg(program);
        command
    }

    /// A binary that is there may still have no user manager to talk to: only trying tells.
    #[cfg(target_os = "linux")]
    fn works() -> bool {
        let mut trial = Scope.command(Path::new("true"));
        trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Without a runtime directory there is no user manager, and the trial costs a process for nothing.
        std::env::var_os("XDG_RUNTIME_DIR").is_some() && trial.status().is_ok_and(|status| status.success())
    }
}

/// Tried once per process.
#[cfg(target_os = "linux")]
fn way_out_of_our_group() -> Option<Scope> {
    static WORKS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    WORKS.get_or_init(Scope::works).then_some(Scope)
}

/// launchd and Windows have nothing of the kind that could end us with the app.
#[cfg(not(target_os = "linux"))]
fn way_out_of_our_group() -> Option<Scope> {
    None
}
