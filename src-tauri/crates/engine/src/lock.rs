//! One engine per data directory: whoever holds the lock file is it. The kernel drops the lock when
//! the process ends, however it ends; an engine that stops before its process gives it back by name, for a
//! program that is just being started has a copy of the open file until it is its own program.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
    time::{Duration, Instant},
};

/// A process that the last holder was just starting when it was killed keeps the lock until it becomes
/// its own program: a moment, longer on a busy machine.
const LINGERS: Duration = Duration::from_secs(10);
const PACE: Duration = Duration::from_millis(10);

/// Held for the life of the engine.
#[derive(Debug)]
pub struct EngineLock {
    file: File,
}

impl Drop for EngineLock {
    fn drop(&mut self) {
        // Closing would leave it to whoever has a copy.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the engine's lock was not given back");
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Process id of the holder, if it could be read.
    #[error("another Flightboard ({}) already uses this data directory", holder.map_or("unknown process".into(), |pid| format!("process {pid}")))]
    Held { holder: Option<u32> },
    #[error("the lock file cannot be opened: {0}")]
    Io(#[from] std::io::Error),
}

impl EngineLock {
    pub fn take(path: &Path) -> Result<EngineLock, LockError> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {
                    let holder = holder(&mut file);
                    if holder.is_none_or(lives) || begun.elapsed() > LINGERS {
                        return Err(LockError::Held { holder });
                    }
                    std::thread::sleep(PACE);
                }
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        write!(file, "{}", std::process::id())?;
        Ok(EngineLock { file })
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(unix)]
fn lives(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// There a child does not inherit the lock.
#[cfg(not(unix))]
fn lives(_: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_engine_is_refused_and_told_who_was_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("engine.lock");
        let first = EngineLock::take(&path).unwrap();
        let refused = EngineLock::take(&path).unwrap_err();
        assert!(
            matches!(refused, LockError::Held { holder: Some(pid) } if pid == std::process::id()),
            "{refused}"
        );
        drop(first);
        EngineLock::take(&path).unwrap();
    }

    #[test]
    fn an_engine_that_stops_takes_the_lock_from_whoever_has_a_copy_of_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("engine.lock");
        let first = EngineLock::take(&path).unwrap();
        // What a process has between fork and exec, of this program that goes on.
        let copy = first.file.try_clone().unwrap();
        drop(first);
        EngineLock::take(&path).unwrap();
        drop(copy);
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_outlives_its_holder_for_a_moment_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("engine.lock");
        let left = EngineLock::take(&path).unwrap();
        let mut gone = std::process::Command::new("true").spawn().unwrap();
        gone.wait().unwrap();
        std::fs::write(&path, gone.id().to_string()).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let taking = std::thread::spawn(move || {
            tell.send(()).unwrap();
            EngineLock::take(&path).map(|_| ())
        });
        told.recv().unwrap();
        drop(left);
        taking.join().unwrap().unwrap();
    }
}
