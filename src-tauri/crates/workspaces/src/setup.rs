//! The project's setup command, run in a new workspace before the agent. An argument vector, never
//! a shell line; its output goes to a file, the end of which explains a failure.

use crate::process::{self, Unfinished};
use crate::provision::{Provision, ProvisionError};
use crate::record::Workspace;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::process::Command;

/// Names the workspace in the environment of its setup command and all that it starts.
const MARK: &str = "FLIGHTBOARD_SETUP";
const TAIL_LINES: usize = 20;
const TAIL_BYTES: u64 = 8 * 1024;

pub fn run(
    workspace: &Workspace,
    request: &Provision,
    env: &[(OsString, OsString)],
) -> Result<(), ProvisionError> {
    let Some((program, args)) = request.setup.split_first() else { return Ok(()) };
    let log = workspace.setup_log();
    let file = File::create(&log).map_err(ProvisionError::io("write the setup log"))?;
    let errors = file.try_clone().map_err(ProvisionError::io("write the setup log"))?;
    let mut command = Command::new(program);
    command.args(args).current_dir(&workspace.path).stdout(file).stderr(errors);
    command.envs(env.iter().map(|(key, value)| (key, value)));
    command.env(MARK, &workspace.state);
    match process::run(command, request.setup_timeout, &request.cancel) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(ProvisionError::SetupFailed {
            program: program.clone(),
            status: status.to_string(),
            tail: tail(&log),
        }),
        Err(Unfinished::TimedOut) => Err(ProvisionError::SetupTimedOut {
            program: program.clone(),
            seconds: request.setup_timeout.as_secs(),
            tail: tail(&log),
        }),
        Err(Unfinished::Cancelled) => Err(ProvisionError::Cancelled),
        Err(Unfinished::Start(error)) => {
            Err(ProvisionError::SetupNotStarted { program: program.clone(), error })
        }
    }
}

/// Kills what a setup command left running when we died beside it: nobody else would.
#[cfg(target_os = "linux")]
pub(crate) fn end_leftovers(workspace: &Workspace) {
    use rustix::process::{Pid, Signal, kill_process};
    use std::os::unix::ffi::OsStrExt;
    let mark = [MARK.as_bytes(), b"=", workspace.state.as_os_str().as_bytes()].concat();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for entry in entries {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        if let Some(pid) = pid
            && environment.split(|byte| *byte == 0).any(|pair| pair == mark)
        {
            // It may have ended by itself meanwhile.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Other systems do not show the environment of a process.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_leftovers(_: &Workspace) {}

fn tail(log: &Path) -> String {
    let Ok(mut file) = File::open(log) else { return String::new() };
    let size = file.metadata().map_or(0, |meta| meta.len());
    let mut bytes = Vec::new();
    let _ = file.seek(SeekFrom::Start(size.saturating_sub(TAIL_BYTES)));
    let _ = file.take(TAIL_BYTES).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}
