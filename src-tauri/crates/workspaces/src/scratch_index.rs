//! A copy of a workspace's index to work with, so that the agent's own stays untouched.

use crate::files;
use crate::git::{Git, GitError};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file goes when this is dropped.
pub struct ScratchIndex {
    path: PathBuf,
}

impl ScratchIndex {
    /// A copy in `dir` of the index `git` works with; the tree of HEAD where there is none.
    pub fn copy(git: &Git, dir: &Path) -> Result<ScratchIndex, GitError> {
        let scratch = ScratchIndex { path: dir.join(format!("index-{}", files::unique())) };
        let own = git.git_dir().map(|dir| dir.join("index")).filter(|path| path.is_file());
        match own {
            Some(own) => copy_with_time(&own, &scratch.path).map_err(|error| failed(error, dir))?,
            None => drop(git.with_index(&scratch.path).write(["read-tree", "HEAD"]).finish()?),
        }
        Ok(scratch)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn failed(error: std::io::Error, dir: &Path) -> GitError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => GitError::DiskFull(dir.into()),
        ErrorKind::PermissionDenied => GitError::Forbidden { dir: dir.into(), said: error.to_string() },
        _ => GitError::Start(error),
    }
}

/// Git trusts an entry whose file is older than the index. A copy with a later time would make it
/// trust files that changed in the same instant as the index did, and miss the change.
fn copy_with_time(from: &Path, to: &Path) -> std::io::Result<()> {
    let modified = fs::metadata(from)?.modified()?;
    fs::copy(from, to)?;
    fs::File::options().write(true).open(to)?.set_modified(modified)
}

impl Drop for ScratchIndex {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let mut lock = self.path.clone().into_os_string();
        lock.push(".lock");
        let _ = fs::remove_file(lock);
    }
}
