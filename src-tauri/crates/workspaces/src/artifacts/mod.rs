//! What an agent hands over: files below `artifacts/`, kept by content outside the workspace, so
//! that they outlive it. `scan` collects, `store` keeps, `kind` says how to show one, `watch` tells
//! when to look again. The agent may put anything there; nothing but regular files inside is read.

mod kind;
mod scan;
mod store;
mod watch;

pub use kind::ArtifactKind;
pub use scan::{Collected, Item, Limits, Memory, Skipped, scan};
pub use store::{Kept, Piece, copy_out, keep, read, sweep};
pub use watch::{Stir, WatchError, Watcher, Watching};

#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    #[error("the disk is full: could not {0}")]
    DiskFull(String),
    #[error("{0} is not the hash of an artifact")]
    BadHash(String),
    #[error("the artifact {0} is no longer in the store")]
    Missing(String),
    #[error("could not {what}: {error}")]
    Io { what: String, error: std::io::Error },
}

impl ArtifactError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> ArtifactError {
        let what = what.into();
        move |error| match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                ArtifactError::DiskFull(what)
            }
            _ => ArtifactError::Io { what, error },
        }
    }
}
