//! What can go wrong with the database, in the terms of the caller.

use std::path::PathBuf;

use domain::Rejected;

const SQLITE_FULL: i32 = 13;
/// The write-ahead log's index could not grow: in practice a full disk.
const SQLITE_IOERR_SHMSIZE: i32 = 10 | (19 << 8);

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{what} {key} does not exist")]
    NotFound { what: &'static str, key: String },
    /// A card that was deleted for ever.
    #[error("{0} was deleted")]
    Deleted(String),
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Somebody else changed it first, or it clashes with what is there.
    #[error("{0}")]
    Conflict(String),
    #[error("the disk that holds the database is full; nothing was changed")]
    DiskFull,
    #[error("the database is being closed")]
    Closed,
    #[error("the database reported an error: {0}")]
    Database(sqlx::Error),
    #[error("the database reported an error: {0}")]
    Statement(rusqlite::Error),
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
    /// A fault in this crate; its words are in the log.
    #[error("an error in Flightboard itself stopped the change; nothing was changed")]
    Panicked,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolClosed) {
            return StoreError::Closed;
        }
        let code = error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<i32>().ok());
        if code.is_some_and(is_full) { StoreError::DiskFull } else { StoreError::Database(error) }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let full = error.sqlite_error().is_some_and(|error| is_full(error.extended_code));
        if full { StoreError::DiskFull } else { StoreError::Statement(error) }
    }
}

fn is_full(code: i32) -> bool {
    // Extended codes keep the primary one in the low byte.
    code & 0xff == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data directory {0} cannot be made or written: {1}")]
    Directory(PathBuf, std::io::Error),
    #[error(
        "{path} was written by a newer Flightboard (schema {found}, this one knows {known}); update Flightboard, or choose another --data-dir"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("{0} is not a Flightboard database: {1}; move it away, or choose another --data-dir")]
    NotOurs(PathBuf, String),
    #[error("the migration of {path} failed and the backup was put back: {reason}")]
    Migration { path: PathBuf, reason: String },
    #[error("the database {0} cannot be opened: {1}")]
    Database(PathBuf, sqlx::Error),
}
