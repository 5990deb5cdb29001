//! Reading on the thread that asks. sqlx runs a statement on a thread of its own, which is a trip there and back
//! for what SQLite answers in a few microseconds; what many ask for is read here instead. All that one question
//! needs is read in one transaction, so it is the board as it was at one moment.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use rusqlite::{CachedStatement, Connection, OpenFlags, OptionalExtension, Params, Row};

use crate::{Store, error::StoreError};

/// Connections that are kept for the next question; as many threads rarely ask at one time.
const KEPT: usize = 8;
/// Statements that each of them keeps prepared.
const PREPARED: usize = 128;
/// As long as sqlx's own connections wait for a lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections that only read. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Readers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Held for reading while a question is answered.
    closed: RwLock<bool>,
}

impl Readers {
    /// Of a file in which the tables are.
    pub fn of(path: &Path) -> Readers {
        Readers(Arc::new(Inner { path: path.to_owned(), idle: Mutex::default(), closed: RwLock::new(false) }))
    }

    /// Answers one question.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Inner { path, idle, closed } = &*self.0;
        let closed = closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return Err(StoreError::Closed);
        }
        let known = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = known.map_or_else(|| open(path), Ok)?;
        let answer = at_one_moment(&connection, work)?;
        // Whose transaction did not end as it should is not asked again.
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        answer
    }

    /// Waits for the questions that are being answered; later ones are refused.
    pub fn close(&self) {
        *self.0.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    Ok(connection)
}

/// The outer error is the transaction's.
fn at_one_moment<T>(
    sql: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<Result<T, StoreError>, rusqlite::Error> {
    sql.prepare_cached("BEGIN")?.execute([])?;
    let answer = work(sql);
    sql.prepare_cached("COMMIT")?.execute([])?;
    Ok(answer)
}

impl Store {
    /// Answers a question on this thread: for what takes well under a millisecond. Whoever asks without end lets
    /// others have their turn.
    pub(crate) async fn here<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        tokio::task::coop::consume_budget().await;
        self.here.read(work)
    }

    /// Answers a question on a thread where nobody else waits: for what grows with the board.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let here = self.here.clone();
        let answered = tokio::task::spawn_blocking(move || here.read(work)).await;
        answered.unwrap_or_else(|ended| match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Closed),
        })
    }
}

/// Statements in as many words as they need. All of them are kept prepared, and can be heard as sqlx's can.
pub(crate) trait Ask {
    fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>>;

    fn rows<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>>;

    /// The first row, if there is one.
    fn row<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>>;

    /// The rows changed.
    fn run(&self, sql: &str, values: impl Params) -> rusqlite::Result<usize>;
}

impl Ask for Connection {
    fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        tracing::trace!(target: "store::query", statement = sql);
        self.prepare_cached(sql)
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.statement(sql)?.query_map(values, read)?.collect()
    }

    fn row<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.statement(sql)?.query_row(values, read).optional()
    }

    fn run(&self, sql: &str, values: impl Params) -> rusqlite::Result<usize> {
        self.statement(sql)?.execute(values)
    }
}

/// A struct that is read by position: its fields are the statement's columns, in their order.
macro_rules! row {
    ($(#[$about:meta])* $vis:vis struct $name:ident { $first:ident: $kind:ty $(, $field:ident: $type:ty)* $(,)? }) => {
        $(#[$about])*
        $vis struct $name { $first: $kind $(, $field: $type)* }

        impl $name {
            /// For a `SELECT` of a table whose columns have the names of the fields.
            #[allow(dead_code)]
            $vis const COLUMNS: &str = concat!(stringify!($first) $(, ", ", stringify!($field))*);

            $vis fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<$name> {
                let mut at = 0..;
                let mut next = || at.next().unwrap_or(usize::MAX);
                Ok($name { $first: row.get(next())? $(, $field: row.get(next())?)* })
            }
        }
    };
}
pub(crate) use row;
