//! One engine per data directory: whoever holds the lock file is it. The kernel drops the lock when
//! the process ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
};

/// Held for the life of the engine.
#[derive(Debug)]
pub struct EngineLock {
    _file: File,
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
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held { holder: holder(&mut file) }),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        write!(file, "{}", std::process::id())?;
        Ok(EngineLock { _file: file })
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
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
}
