//! Reading on the thread that asks. sqlx runs a statement on a thread of its own, which is a trip there and back
//! for what SQLite answers in a few microseconds; what many ask for is read here instead. All that one question
//! needs is read in one transaction, so it is the board as it was at one moment.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Once, PoisonError, RwLock},
    time::Duration,
};

use rusqlite::{
    CachedStatement, Connection, OpenFlags, OptionalExtension, Params, Row, config::DbConfig, ffi,
};

use tokio::sync::Semaphore;

use crate::{Store, error::StoreError};

/// Connections that are kept for the next question; as many threads rarely ask at one time.
const KEPT: usize = 8;
/// Long questions that are answered at one time: more would only take turns, each with a connection to be opened anew.
const ASIDE: usize = 4;
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
    aside: Arc<Semaphore>,
}

impl Readers {
    /// Of a file in which the tables are.
    pub fn of(path: &Path) -> Readers {
        let aside = Arc::new(Semaphore::new(ASIDE));
        let (path, idle, closed) = (path.to_owned(), Mutex::default(), RwLock::new(false));
        Readers(Arc::new(Inner { path, idle, closed, aside }))
    }

    /// Answers one question.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Inner { path, idle, closed, .. } = &*self.0;
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
    plan_once(&connection)?;
    Ok(connection)
}

/// A statement is planned when it is prepared, for whatever it will be asked with. SQLite else prepares it again
/// before each use where a value might make another index the better one: that took longer than its answer.
pub(crate) fn plan_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// Keeps SQLite from counting what memory it uses, for which all threads wait for one lock. Before the first
/// connection of the process; later it changes nothing.
pub(crate) fn count_no_memory() {
    static ONCE: Once = Once::new();
    // SAFETY: the option takes one integer. SQLite refuses it, and does no harm, once it is at work.
    ONCE.call_once(|| unsafe {
        ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0);
    });
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
        let turn = here.0.aside.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let answered = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            here.read(work)
        });
        let answered = answered.await;
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

#[cfg(test)]
mod tests {
    use domain::Status;
    use rusqlite::{StatementStatus, params};

    use super::*;
    use crate::listing::PAGE_AMONG;

    /// The statement has conditions on columns that partial indexes name: with its values at hand SQLite would look
    /// for a better plan.
    #[tokio::test]
    async fn a_statement_is_planned_once_whatever_it_is_asked_with() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let planned_anew = store.here.read(|sql| {
            let mut page = sql.statement(PAGE_AMONG)?;
            for status in Status::ALL {
                let statuses = format!("[\"{}\"]", status.word());
                let none: Option<i64> = None;
                let asked = params!["[1,2]", statuses, none, none, none, none, none, 20, 0];
                assert!(page.query(asked)?.next()?.is_none());
            }
            Ok(page.get_status(StatementStatus::RePrepare))
        });
        assert_eq!(planned_anew.unwrap(), 0);
        store.close().await;
    }

    #[tokio::test]
    async fn more_long_questions_than_places_are_all_answered() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let ask = |number: usize| store.aside(move |_| Ok(number));
        let answers = futures_util::future::try_join_all((0..5 * ASIDE).map(ask)).await.unwrap();
        assert_eq!(answers, (0..5 * ASIDE).collect::<Vec<_>>());
        store.close().await;
    }
}
