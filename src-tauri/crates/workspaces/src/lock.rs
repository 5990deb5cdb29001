//! One writer per repository at a time. Git locks single files, not the decision "is this branch
//! name free, then make it"; so we hold a lock of our own around such steps: a mutex for the threads
//! of this process and a file lock for other processes. Held for milliseconds, never for a checkout.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};

type Busy = Arc<(Mutex<bool>, Condvar)>;

static HELD: LazyLock<Mutex<HashMap<PathBuf, Busy>>> = LazyLock::new(Mutex::default);

/// The right to change a repository's refs and worktree list, until dropped.
#[must_use]
pub struct RepositoryLock {
    busy: Busy,
    _file: Option<File>,
}

impl RepositoryLock {
    /// Waits for the lock of the repository whose common directory this is.
    pub fn take(common_dir: &Path) -> RepositoryLock {
        let key = common_dir.canonicalize().unwrap_or_else(|_| common_dir.to_owned());
        let busy =
            HELD.lock().unwrap_or_else(PoisonError::into_inner).entry(key.clone()).or_default().clone();
        {
            let mut taken = busy.0.lock().unwrap_or_else(PoisonError::into_inner);
            while *taken {
                taken = busy.1.wait(taken).unwrap_or_else(PoisonError::into_inner);
            }
            *taken = true;
        }
        RepositoryLock { busy, _file: lock_file(&key) }
    }
}

impl Drop for RepositoryLock {
    fn drop(&mut self) {
        *self.busy.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.busy.1.notify_one();
    }
}

/// On file systems without locks (some network mounts) the mutex alone has to do: failing every
/// provision there would be worse.
fn lock_file(common_dir: &Path) -> Option<File> {
    let file = File::options().create(true).append(true).open(common_dir.join("flightboard.lock")).ok()?;
    file.lock().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn two_threads_never_hold_one_repository_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let inside = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let lock = RepositoryLock::take(dir.path());
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }

    #[test]
    fn another_process_would_find_the_file_locked() {
        let dir = tempfile::tempdir().unwrap();
        let lock = RepositoryLock::take(dir.path());
        let file = File::options().append(true).open(dir.path().join("flightboard.lock")).unwrap();
        assert!(file.try_lock().is_err());
        drop(lock);
        assert!(file.try_lock().is_ok());
    }
}
