//! Windows: who a process is, and the host's own standing. The terminal is a pseudo console
//! (`windows/terminal.rs`), the agent and its tree live in a job (`windows/agent.rs`, `windows/job.rs`), and a
//! named pipe stands for the socket (`windows/pipe.rs`).

mod agent;
mod job;
mod pipe;
mod terminal;

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle, IntoRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER, FILETIME, HANDLE, INVALID_HANDLE_VALUE, WAIT_TIMEOUT,
};
use windows_sys::Win32::System::Console::{
    GetStdHandle, STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, SetConsoleCtrlHandler, SetStdHandle,
};
use windows_sys::Win32::System::Threading::{
    CREATE_BREAKAWAY_FROM_JOB, DETACHED_PROCESS, GetProcessTimes, OpenProcess,
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_TERMINATE, TerminateProcess,
    WaitForSingleObject,
};
use windows_sys::core::BOOL;

pub(crate) use self::agent::start_agent;
pub(crate) use self::job::{Children, Tree};
pub(crate) use self::pipe::*;
pub(crate) use self::terminal::Terminal;
use crate::records::{HostRecord, ProcessMark};

/// What a process that we killed leaves as its exit code; `taskkill /f` leaves the same.
const KILLED: u32 = 1;

/// Who may read is inherited from the directory, which in a user's profile is that user alone.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// There is no such call; NTFS journals its names.
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Not here yet: agents are started with the priority that we have.
pub(crate) fn stand_back(_nice: u8) {}

/// Starting outside of our job is a flag here, see [`start_host`].
pub(crate) fn in_a_group_of_its_own(_host: &Path) -> Option<Command> {
    None
}

/// Starts a host without a console and outside our job, so that neither's end reaches it. No new process group:
/// that would make the agent deaf to Ctrl-C.
pub(crate) fn start_host(command: &mut Command) -> io::Result<Child> {
    match command.creation_flags(DETACHED_PROCESS | CREATE_BREAKAWAY_FROM_JOB).spawn() {
        // Our job lets nobody out: then the host ends with it, which is what whoever made that job wanted.
        Err(error) if code(&error) == Some(ERROR_ACCESS_DENIED) => {
            command.creation_flags(DETACHED_PROCESS).spawn()
        }
        started => started,
    }
}

/// There is no such limit here.
pub(crate) fn allow_many_files() -> io::Result<()> {
    Ok(())
}

/// After the host's answer: it is the process that was started, and stays.
pub(crate) fn part_from(_host: Child) -> io::Result<()> {
    Ok(())
}

/// Whoever started the host has detached it.
pub(crate) fn detach() -> io::Result<()> {
    Ok(())
}

/// Nothing is inherited but what was meant to be.
pub(crate) fn close_inherited() {}

/// The system's allocator needs no hint.
pub(crate) fn use_little_memory() {}

/// The job has everybody, orphans included.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// The host has no console and no window, so the system tells it nothing before a logout ends it. The job then
/// ends the agent, and the engine finds the run lost.
pub(crate) fn ring_when_asked_to_end(_bell: &Bell) {}

pub(crate) fn asked_to_end() -> bool {
    false
}

/// The agent gets Ctrl-C as anybody else does, whatever our starter had; what we send into its console ourselves
/// is not meant for us.
pub(crate) fn ignore_signals() {
    extern "system" fn swallow(_event: u32) -> BOOL {
        1
    }
    // SAFETY: the first call clears an inherited flag, the second adds a handler that touches nothing.
    unsafe {
        SetConsoleCtrlHandler(None, 0);
        SetConsoleCtrlHandler(Some(swallow), 1);
    }
}

/// The answer goes to the pipe that standard output was; standard input and output become `NUL`.
pub(crate) fn take_answer_pipe() -> io::Result<File> {
    let answer = File::from(io::stdout().as_handle().try_clone_to_owned()?);
    for which in [STD_INPUT_HANDLE, STD_OUTPUT_HANDLE] {
        let null = File::options().read(true).write(true).open("NUL")?;
        // SAFETY: the old handle is ours and nobody uses it any more; the new one is given away for good.
        unsafe {
            let old = GetStdHandle(which);
            done(SetStdHandle(which, null.into_raw_handle()))?;
            drop(owned(old)?);
        }
    }
    Ok(answer)
}

/// The mark of a living process.
pub(crate) fn mark(pid: u32) -> io::Result<Option<ProcessMark>> {
    let Some(process) = open(pid, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE)? else {
        return Ok(None);
    };
    // SAFETY: asks without waiting.
    if unsafe { WaitForSingleObject(process.as_raw_handle(), 0) } != WAIT_TIMEOUT {
        return Ok(None);
    }
    // The start is a time of day, so it needs no boot to count from.
    Ok(Some(ProcessMark { pid, start: born(&process)?, boot: String::new() }))
}

/// Kills a dead host's agent if it still is there. Its tree went with the host, whose job it was.
pub(crate) fn kill_orphans_of(record: &HostRecord, _run_dir: &Path) -> io::Result<bool> {
    record.agent.as_ref().map_or(Ok(false), kill_only)
}

fn kill_only(agent: &ProcessMark) -> io::Result<bool> {
    let Some(process) =
        open(agent.pid, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE | PROCESS_TERMINATE)?
    else {
        return Ok(false);
    };
    // SAFETY: the handle keeps the number from being given away between the look and the blow.
    unsafe {
        if born(&process)? != agent.start || WaitForSingleObject(process.as_raw_handle(), 0) != WAIT_TIMEOUT {
            return Ok(false);
        }
        done(TerminateProcess(process.as_raw_handle(), KILLED))?;
    }
    Ok(true)
}

/// A process that we may look at. Nobody, or somebody else's, is none of ours.
fn open(pid: u32, rights: u32) -> io::Result<Option<OwnedHandle>> {
    // SAFETY: takes numbers, gives a handle of our own.
    match owned(unsafe { OpenProcess(rights, 0, pid) }) {
        Ok(process) => Ok(Some(process)),
        Err(error) if matches!(code(&error), Some(ERROR_INVALID_PARAMETER | ERROR_ACCESS_DENIED)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// When a process was created, in units of 100 ns since 1601.
fn born(process: &OwnedHandle) -> io::Result<u64> {
    let mut times = [FILETIME::default(); 4];
    let [created, exited, kernel, user] = &mut times;
    // SAFETY: fills four structures that are there.
    done(unsafe { GetProcessTimes(process.as_raw_handle(), created, exited, kernel, user) })?;
    Ok(u64::from(created.dwHighDateTime) << 32 | u64::from(created.dwLowDateTime))
}

/// A handle that a call has just given us, or the reason why it did not.
fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: callers pass what the system has just given them to own.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

fn done(answer: BOOL) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn code(error: &io::Error) -> Option<u32> {
    error.raw_os_error().map(|code| code as u32)
}

/// Text as the system's calls take it, with the NUL at its end.
fn wide(text: impl AsRef<OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_mark_and_an_impossible_one_has_none() {
        let mine = mark(std::process::id()).unwrap().expect("this process lives");
        assert_eq!(mark(mine.pid).unwrap(), Some(mine));
        assert_eq!(mark(u32::MAX - 3).unwrap(), None);
    }

    #[test]
    fn only_the_very_process_is_killed() {
        let mut child =
            Command::new("cmd").args(["/c", "pause"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
        let mark = mark(child.id()).unwrap().expect("the child lives");
        let later = ProcessMark { start: mark.start + 1, ..mark.clone() };
        assert!(!kill_only(&later).unwrap());
        assert!(kill_only(&mark).unwrap());
        assert_eq!(child.wait().unwrap().code(), Some(KILLED as i32));
        assert!(!kill_only(&mark).unwrap());
    }
}
