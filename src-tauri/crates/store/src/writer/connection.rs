//! The connection that writes, and the two ways to it. sqlx runs a statement on a thread of its own, which is a
//! trip there and back; rusqlite runs it on the thread that calls. What many callers wait for goes the short way,
//! the rest the comfortable one, in one transaction and on one handle.

use std::ops::{Deref, DerefMut};

use sqlx::{Connection, SqliteConnection};

use crate::{error::StoreError, readers::plan_once};

/// Statements that are kept prepared for the short way.
const PREPARED: usize = 64;

pub(crate) struct WriteConnection {
    /// Before `sqlx`, because fields are dropped in their order: it ends its statements and leaves the file open.
    here: rusqlite::Connection,
    sqlx: SqliteConnection,
    /// Since `here` was used last, statements went to sqlx's thread.
    away: bool,
}

impl WriteConnection {
    pub async fn of(mut sqlx: SqliteConnection) -> Result<WriteConnection, sqlx::Error> {
        let mut handle = sqlx.lock_handle().await?;
        // SAFETY: the handle is open, and stays so for as long as `here` lives: it is dropped before `sqlx`, which
        // closes it. Never do two threads use it at one time: see `WriteConnection::here`.
        let here = unsafe { rusqlite::Connection::from_handle(handle.as_raw_handle().as_ptr()) };
        let here = here.map_err(|error| sqlx::Error::Configuration(error.into()))?;
        drop(handle);
        here.set_prepared_statement_cache_capacity(PREPARED);
        // The handle's own setting, so sqlx's statements are planned once as well.
        plan_once(&here).map_err(|error| sqlx::Error::Configuration(error.into()))?;
        Ok(WriteConnection { here, sqlx, away: false })
    }

    /// Runs statements on this thread.
    pub async fn here<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.come_back().await?;
        Ok(work(&self.here)?)
    }

    /// A statement without values or rows.
    pub async fn run(&mut self, statement: &str) -> Result<(), StoreError> {
        self.here(|sql| sql.prepare_cached(statement)?.execute([]).map(|_| ())).await
    }

    /// sqlx answers before it has put a statement away. Once its thread has given the handle up, it waits for
    /// the next statement, and nobody but the holder of this connection can send one.
    async fn come_back(&mut self) -> Result<(), StoreError> {
        if self.away {
            drop(self.sqlx.lock_handle().await?);
            self.away = false;
        }
        Ok(())
    }

    pub async fn close(mut self) -> Result<(), StoreError> {
        self.come_back().await?;
        let WriteConnection { here, sqlx, away: _ } = self;
        drop(here);
        Ok(sqlx.close().await?)
    }
}

/// The way through sqlx: used like its connection.
pub(crate) struct Lent<'c>(pub &'c mut WriteConnection);

impl Deref for Lent<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0.sqlx
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.0.away = true;
        &mut self.0.sqlx
    }
}
