//! Opening the file: options, the check against newer versions, the backup before a migration.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Connection, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::broadcast;

use crate::{
    changes::Committed,
    error::OpenError,
    readers::{Ask, Readers, count_no_memory},
    track::Settled,
    writer::{self, WriteConnection, Writer},
};

/// The database's file name inside the data directory.
pub const FILE_NAME: &str = "flightboard.db";

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// A handle on the database; clones share the writer and the readers.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) here: Readers,
    pub(crate) readers: SqlitePool,
    pub(crate) writer: Writer,
    committed: broadcast::Sender<Arc<Committed>>,
    pub(crate) settled: Settled,
}

impl Store {
    /// Opens or makes `data_dir/flightboard.db` and brings it to this version's schema.
    ///
    /// A file from a newer version is refused untouched. Before a migration the file is copied to
    /// `flightboard.db.before-N`; if the migration fails the copy is put back.
    pub async fn open(data_dir: &Path) -> Result<Store, OpenError> {
        count_no_memory();
        std::fs::create_dir_all(data_dir).map_err(|e| OpenError::Directory(data_dir.into(), e))?;
        let path = data_dir.join(FILE_NAME);
        migrate(&path).await?;
        let broken = |e| OpenError::Database(path.clone(), e);
        let connection = SqliteConnection::connect_with(&options(&path)).await.map_err(broken)?;
        let connection = WriteConnection::of(connection).await.map_err(broken)?;
        let readers = readers().connect_lazy_with(options(&path).read_only(true));
        let (committed, _) = broadcast::channel(1024);
        let writer = writer::start(connection, committed.clone()).map_err(|e| broken(e.into()))?;
        Ok(Store { here: Readers::of(&path), readers, writer, committed, settled: Settled::default() })
    }

    /// Opens a file of this version's schema to read it only; none where there is no such file, or where
    /// it holds runs that may have moved on since: those ask for an engine that looks at them. Writes are
    /// refused with [`StoreError::Closed`](crate::StoreError::Closed).
    pub async fn look(data_dir: &Path) -> Option<Store> {
        let path = data_dir.join(FILE_NAME);
        if !std::fs::metadata(&path).is_ok_and(|file| file.len() > 0) {
            return None;
        }
        count_no_memory();
        let here = Readers::of(&path);
        let state = "SELECT max(version), count(*), EXISTS (SELECT 1 FROM runs WHERE phase <> 'ended') FROM _sqlx_migrations";
        let read = |row: &rusqlite::Row<'_>| <(i64, i64, bool)>::try_from(row);
        let (version, applied, live) = here.read(|sql| Ok(sql.row(state, [], read)?)).ok()??;
        if (version, applied) != (known_version(), MIGRATIONS.iter().count() as i64) || live {
            here.close();
            return None;
        }
        let (committed, _) = broadcast::channel(1);
        let readers = readers().connect_lazy_with(options(&path).read_only(true));
        Some(Store { here, readers, writer: Writer::closed(), committed, settled: Settled::default() })
    }

    /// What each commit touched. A receiver that lags must read everything again.
    pub fn committed(&self) -> broadcast::Receiver<Arc<Committed>> {
        self.committed.subscribe()
    }

    /// Waits until everything accepted is on disk, then closes. May be called twice.
    pub async fn close(&self) {
        // The writer last: whoever closes the file last folds the log into it, and only who may write can.
        self.here.close();
        self.readers.close().await;
        self.writer.stop().await;
    }
}

fn readers() -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(30))
}

/// Of this version's schema.
fn known_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose acknowledged commits on power loss.
        .synchronous(SqliteSynchronous::Full)
        .pragma("fullfsync", "1")
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .statement_cache_capacity(256)
        // Savepoints copy the pages that they change: into memory, not into a file.
        .pragma("temp_store", "MEMORY")
        // 16 MB of log before it is folded into the file: that takes two more flushes, and all wait.
        .pragma("wal_autocheckpoint", "4000")
        // Rows are handed over from SQLite's thread; with fewer places it would wait for its reader.
        .row_buffer_size(1024)
}

async fn migrate(path: &Path) -> Result<(), OpenError> {
    let broken = |e| OpenError::Database(path.to_owned(), e);
    let existed = std::fs::metadata(path).is_ok_and(|file| file.len() > 0);
    let mut connection =
        SqliteConnection::connect_with(&options(path)).await.map_err(|e| not_ours(path, e))?;
    let applied = if existed { applied_migrations(&mut connection, path).await? } else { Vec::new() };
    let found = applied.iter().copied().max().unwrap_or(0);
    let known = known_version();
    if found > known {
        connection.close().await.map_err(broken)?;
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    // Also one below the newest: branches that were merged in another order than they were numbered.
    if MIGRATIONS.iter().all(|migration| applied.contains(&migration.version)) {
        return connection.close().await.map_err(broken);
    }
    let backup =
        if existed { Some(back_up(&mut connection, path, found).await.map_err(broken)?) } else { None };
    let outcome = MIGRATIONS.run(&mut connection).await;
    connection.close().await.map_err(broken)?;
    match (outcome, backup) {
        (Ok(()), _) => Ok(()),
        (Err(error), backup) => {
            if let Some(backup) = backup {
                put_back(&backup, path).map_err(|e| OpenError::Directory(path.to_owned(), e))?;
            }
            Err(OpenError::Migration { path: path.to_owned(), reason: error.to_string() })
        }
    }
}

/// The versions of the migrations in the file; none for a file without tables.
async fn applied_migrations(connection: &mut SqliteConnection, path: &Path) -> Result<Vec<i64>, OpenError> {
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut *connection)
        .await
        .map_err(|e| not_ours(path, e))?;
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    if !tables.iter().any(|name| name == "_sqlx_migrations") {
        return Err(OpenError::NotOurs(path.to_owned(), "it holds other tables".into()));
    }
    sqlx::query_scalar("SELECT version FROM _sqlx_migrations")
        .fetch_all(connection)
        .await
        .map_err(|e| not_ours(path, e))
}

fn not_ours(path: &Path, error: sqlx::Error) -> OpenError {
    // 26 is SQLITE_NOTADB.
    match error.as_database_error().and_then(|e| e.code()).as_deref() {
        Some("26") => OpenError::NotOurs(path.to_owned(), "the file is not SQLite".into()),
        _ => OpenError::Database(path.to_owned(), error),
    }
}

async fn back_up(
    connection: &mut SqliteConnection,
    path: &Path,
    version: i64,
) -> Result<PathBuf, sqlx::Error> {
    let backup = path.with_file_name(format!("{FILE_NAME}.before-{version}"));
    match std::fs::remove_file(&backup) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    sqlx::query("VACUUM INTO ?").bind(backup.to_string_lossy().into_owned()).execute(connection).await?;
    Ok(backup)
}

fn put_back(backup: &Path, path: &Path) -> std::io::Result<()> {
    for suffix in ["-wal", "-shm"] {
        let mut side = path.as_os_str().to_owned();
        side.push(suffix);
        match std::fs::remove_file(&side) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::copy(backup, path).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_from_a_newer_version_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path()).await.unwrap().close().await;
        let path = dir.path().join(FILE_NAME);
        let mut raw = SqliteConnection::connect_with(&options(&path)).await.unwrap();
        sqlx::query("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)")
            .execute(&mut raw).await.unwrap();
        raw.close().await.unwrap();
        let before = std::fs::read(&path).unwrap();
        let refused = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(refused, OpenError::Newer { found: 9999, .. }), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join(FILE_NAME),
            "not a database, but long enough to be looked at".repeat(100),
        )
        .unwrap();
        assert!(matches!(Store::open(dir.path()).await, Err(OpenError::NotOurs(..))));
    }

    #[tokio::test]
    async fn a_migration_backs_the_file_up_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        // An empty file is new; one with an empty migrations table is an old version 0.
        let mut raw = SqliteConnection::connect_with(&options(&path)).await.unwrap();
        sqlx::query("CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)")
            .execute(&mut raw).await.unwrap();
        raw.close().await.unwrap();
        Store::open(dir.path()).await.unwrap().close().await;
        assert!(dir.path().join("flightboard.db.before-0").exists());
    }

    #[tokio::test]
    async fn a_failed_migration_puts_the_backup_back_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        let mut raw = SqliteConnection::connect_with(&options(&path)).await.unwrap();
        sqlx::query("CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)")
            .execute(&mut raw).await.unwrap();
        sqlx::query("CREATE TABLE tasks (precious TEXT)").execute(&mut raw).await.unwrap();
        sqlx::query("INSERT INTO tasks VALUES ('kept')").execute(&mut raw).await.unwrap();
        raw.close().await.unwrap();
        let failed = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(failed, OpenError::Migration { .. }), "{failed}");
        let mut raw = SqliteConnection::connect_with(&options(&path)).await.unwrap();
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
                .fetch_all(&mut raw)
                .await
                .unwrap();
        assert_eq!(tables, ["_sqlx_migrations", "tasks"]);
        let kept: String =
            sqlx::query_scalar("SELECT precious FROM tasks").fetch_one(&mut raw).await.unwrap();
        assert_eq!(kept, "kept");
    }

    #[tokio::test]
    async fn a_migration_that_is_missing_below_the_newest_is_made_up_for() {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path()).await.unwrap().close().await;
        let path = dir.path().join(FILE_NAME);
        let mut raw = SqliteConnection::connect_with(&options(&path)).await.unwrap();
        for statement in [
            "INSERT INTO settings (key, value) VALUES ('theme', '\"dark\"')",
            "DROP TABLE task_issues",
            "DELETE FROM _sqlx_migrations WHERE version = 15",
        ] {
            sqlx::query(statement).execute(&mut raw).await.unwrap();
        }
        raw.close().await.unwrap();
        Store::open(dir.path()).await.unwrap().close().await;
        let mut raw = SqliteConnection::connect_with(&options(&path)).await.unwrap();
        let (issues, kept): (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM task_issues), (SELECT count(*) FROM settings)")
                .fetch_one(&mut raw)
                .await
                .unwrap();
        assert_eq!((issues, kept), (0, 1), "the table is there, and what was there before still is");
        let mut applied = applied_migrations(&mut raw, &path).await.unwrap();
        applied.sort_unstable();
        assert!(applied.into_iter().eq(MIGRATIONS.iter().map(|migration| migration.version)));
        raw.close().await.unwrap();
        assert!(dir.path().join(format!("{FILE_NAME}.before-{}", known_version())).exists());
    }

    #[test]
    fn the_bundled_sqlite_is_past_the_wal_reset_race() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        rt.block_on(async {
            let mut memory = SqliteConnection::connect("sqlite::memory:").await.unwrap();
            let version: String =
                sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut memory).await.unwrap();
            let parts: Vec<u32> = version.split('.').map(|p| p.parse().unwrap()).collect();
            assert!(parts >= vec![3, 51, 3], "SQLite {version} has the WAL-reset race");
        });
    }
}
