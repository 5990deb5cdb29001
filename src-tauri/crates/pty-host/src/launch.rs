//! What a run is started with, and the ways in which a start can fail.
//!
//! The launch travels to the host through a pipe on its standard input and not through a file, because the
//! environment holds the agent's keys: on disk there is only [`crate::records::LaunchRecord`], which has the
//! names of the variables without their values.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::os_text;

/// A variable that names the run's directory to the agent. Whoever still has it is found when the host was killed,
/// in whatever session: a launch should set it.
pub const RUN_DIR_VARIABLE: &str = "FLIGHTBOARD_RUN_DIR";

/// Everything that the host needs to know to start the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    pub run_id: i64,
    /// Program and arguments. A program without a slash is looked up in the `PATH` of `env`.
    #[serde(with = "os_text::list")]
    pub argv: Vec<OsString>,
    /// Where the agent works; it must exist.
    #[serde(with = "os_text::path")]
    pub cwd: PathBuf,
    /// The agent's complete environment: nothing is inherited.
    #[serde(with = "os_text::pairs")]
    pub env: Vec<(OsString, OsString)>,
    pub cols: u16,
    pub rows: u16,
    /// How far the agent stands back for other programs, as `nice` counts: 0 to 19. The host does by half.
    #[serde(default)]
    pub nice: u8,
}

impl Launch {
    /// The program, if this launch is one that any system could be given.
    pub(crate) fn program(&self) -> Result<&OsStr, StartFailure> {
        let program =
            self.argv.first().filter(|program| !program.is_empty()).ok_or(StartFailure::NoProgram)?;
        let variables = self.env.iter().flat_map(|(name, value)| [name, value]);
        let has_nul = |text: &OsString| text.as_encoded_bytes().contains(&0);
        if self.argv.iter().chain(variables).any(has_nul) { Err(StartFailure::NulByte) } else { Ok(program) }
    }
}

/// What is written to the host's standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub protocol: u32,
    pub launch: Launch,
}

/// What the host answers on its standard output, once, before it closes it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Started { host_pid: u32, agent_pid: u32 },
    Failed(StartFailure),
}

/// Why the agent was not started. When one of these comes back nothing is running and nothing was left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum StartFailure {
    #[error("no program was named")]
    NoProgram,
    #[error("the program `{program}` was not found")]
    ProgramNotFound { program: String },
    #[error("`{program}` may not be executed")]
    NotExecutable { program: String },
    #[error("`{program}` is there but could not be started: {message}")]
    ProgramBroken { program: String, message: String },
    #[error("an argument or a variable contains a NUL byte")]
    NulByte,
    #[error("the directory `{cwd}` does not exist")]
    CwdMissing { cwd: String },
    #[error("`{cwd}` is not a directory")]
    CwdNotADirectory { cwd: String },
    #[error("the directory `{cwd}` may not be entered")]
    CwdForbidden { cwd: String },
    #[error("the run directory is in use: it already holds a run")]
    RunDirInUse,
    #[error("the run directory cannot be written ({doing}): {message}")]
    RunDir { doing: String, message: String },
    #[error("no pseudo-terminal could be opened: {message}")]
    Pty { message: String },
    #[error("the host speaks protocol {host}, the app asked for {asked}: they come from different versions")]
    Protocol { host: u32, asked: u32 },
    #[error("the host did not understand its order: {message}")]
    Order { message: String },
    #[error("the system refused a process, a thread or a descriptor: {message}")]
    Resources { message: String },
}
