//! What the engine's callers can act on.

use std::{io::ErrorKind, path::PathBuf};

use store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The request cannot be right.
    #[error("{message}")]
    Invalid { message: String, next: Option<String> },
    /// Not possible now.
    #[error("{message}")]
    Conflict { message: String, next: Option<String> },
    #[error("{0}")]
    NotFound(String),
    /// Something outside is missing: an agent, git, a file system.
    #[error("{message}")]
    Unavailable { message: String, next: Option<String> },
    /// A step took longer than it may, and was ended.
    #[error("{message}")]
    TimedOut { message: String, next: Option<String> },
    #[error("{doing}: {source}")]
    Io { doing: String, source: std::io::Error },
    #[error("{0}")]
    Internal(String),
}

impl EngineError {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> EngineError {
        let doing = doing.into();
        move |source| EngineError::Io { doing, source }
    }

    /// What the person can do about it.
    pub fn next_step(&self) -> Option<String> {
        match self {
            EngineError::Invalid { next, .. }
            | EngineError::Conflict { next, .. }
            | EngineError::Unavailable { next, .. }
            | EngineError::TimedOut { next, .. } => next.clone(),
            EngineError::Io { source, .. } => match source.kind() {
                ErrorKind::PermissionDenied => {
                    Some("give yourself permission to read and write there".into())
                }
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                    Some("free some space and try again".into())
                }
                _ => None,
            },
            EngineError::Store(_) | EngineError::NotFound(_) | EngineError::Internal(_) => None,
        }
    }

    /// The sentence with its next step, for places that keep one text.
    pub(crate) fn with_next_step(&self) -> String {
        match self.next_step() {
            Some(next) => format!("{self}. Next: {next}"),
            None => self.to_string(),
        }
    }
}

/// Why an engine did not start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process hosts the engine of this data directory.
    #[error(transparent)]
    Held(crate::lock::LockError),
    #[error("the data directory {0} cannot be used: {1}")]
    DataDir(PathBuf, std::io::Error),
    #[error(transparent)]
    Store(#[from] store::OpenError),
    #[error("the program that holds agents' terminals is missing: {0}")]
    Host(#[from] pty_host::FindError),
    #[error("what the last engine left cannot be read: {0}")]
    Adoption(#[from] StoreError),
}
