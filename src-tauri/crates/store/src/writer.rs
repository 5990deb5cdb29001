//! The one writer. Operations wait in a queue; the writer takes up to [`GROUP`] of them into one
//! transaction and answers each after the commit, so that sixty callers share one fsync. Each
//! operation runs in a savepoint of its own: one that fails, or panics, leaves its neighbours alone.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Mutex, broadcast, mpsc, oneshot};

use crate::{changes::Committed, error::StoreError};

/// Most operations in one commit: enough to amortise an fsync, few enough to keep latency flat.
const GROUP: usize = 512;
/// Callers wait for a place beyond this many operations; memory stays bounded.
const QUEUE: usize = 4096;

/// A connection inside the writer's transaction, and what the operation has touched so far.
pub(crate) struct Tx<'c> {
    pub conn: &'c mut SqliteConnection,
    pub touched: Committed,
}

type Answer = Box<dyn Any + Send>;
type Work = Box<dyn for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<Answer, StoreError>> + Send>;

struct Job {
    work: Work,
    answer: oneshot::Sender<Result<Answer, StoreError>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
    stop: Arc<Mutex<Option<Stop>>>,
}

#[derive(Debug)]
struct Stop {
    signal: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

pub(crate) fn start(connection: SqliteConnection, committed: broadcast::Sender<Arc<Committed>>) -> Writer {
    let (jobs, queue) = mpsc::channel(QUEUE);
    let (signal, stopped) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    tokio::spawn(async move {
        run(connection, queue, stopped, committed).await;
        let _ = end.send(());
    });
    Writer { jobs, stop: Arc::new(Mutex::new(Some(Stop { signal, ended }))) }
}

impl Writer {
    /// Runs `work` in the next commit and returns what it returned once that commit is durable.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |tx| {
            let running = work(tx);
            Box::pin(async move { running.await.map(|value| Box::new(value) as Answer) })
        });
        self.jobs.send(Job { work, answer }).await.map_err(|_| StoreError::Closed)?;
        let value = answered.await.map_err(|_| StoreError::Closed)??;
        match value.downcast::<T>() {
            Ok(value) => Ok(*value),
            Err(_) => unreachable!("the writer returns what the operation made"),
        }
    }

    /// Finishes what was accepted, then ends. A second call returns at once.
    pub async fn stop(&self) {
        if let Some(stop) = self.stop.lock().await.take() {
            let _ = stop.signal.send(());
            let _ = stop.ended.await;
        }
    }
}

async fn run(
    mut connection: SqliteConnection,
    mut queue: mpsc::Receiver<Job>,
    mut stopped: oneshot::Receiver<()>,
    committed: broadcast::Sender<Arc<Committed>>,
) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        let taken = tokio::select! {
            biased;
            // First, so that a stop comes through however busy the callers are.
            _ = &mut stopped => {
                // Refuse new work, finish the accepted.
                queue.close();
                continue_until_empty(&mut connection, &mut queue, &committed).await;
                break;
            }
            taken = queue.recv_many(&mut group, GROUP) => taken,
        };
        if taken == 0 {
            break;
        }
        commit(&mut connection, &mut group, &committed).await;
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "closing the database");
    }
}

async fn continue_until_empty(
    connection: &mut SqliteConnection,
    queue: &mut mpsc::Receiver<Job>,
    committed: &broadcast::Sender<Arc<Committed>>,
) {
    let mut group = Vec::new();
    while queue.recv_many(&mut group, GROUP).await > 0 {
        commit(connection, &mut group, committed).await;
    }
}

/// Commits the group in one transaction, or in more where SQLite gave one up halfway.
async fn commit(
    connection: &mut SqliteConnection,
    group: &mut Vec<Job>,
    committed: &broadcast::Sender<Arc<Committed>>,
) {
    let mut waiting = group.drain(..);
    while waiting.len() > 0 {
        one_transaction(connection, &mut waiting, committed).await;
    }
}

/// One transaction for as many of `waiting` as it survives; they are answered after it.
async fn one_transaction(
    connection: &mut SqliteConnection,
    waiting: &mut impl Iterator<Item = Job>,
    committed: &broadcast::Sender<Arc<Committed>>,
) {
    if let Err(error) = sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await {
        tracing::error!(%error, "the database cannot begin a transaction");
        let why = NotCommitted::from(error);
        waiting.for_each(|job| tell(job.answer, Err(why.error())));
        return;
    }
    let mut answers = Vec::new();
    let mut touched = Committed::default();
    for job in waiting {
        match in_savepoint(connection, job.work).await {
            Step::Done(result, touches) => {
                touched.merge(touches);
                answers.push((job.answer, result));
            }
            Step::TransactionLost(error) => {
                answers.push((job.answer, Err(error)));
                return give_up(connection, answers).await;
            }
        }
    }
    if let Err(error) = sqlx::query("COMMIT").execute(&mut *connection).await {
        tracing::error!(%error, "a commit failed; its operations were rolled back");
        let why = NotCommitted::from(error);
        let answers =
            answers.into_iter().map(|(answer, result)| (answer, result.and(Err(why.error())))).collect();
        return give_up(connection, answers).await;
    }
    if touched.seq > 0 {
        // Nobody listening is fine.
        let _ = committed.send(Arc::new(touched));
    }
    answers.into_iter().for_each(|(answer, result)| tell(answer, result));
}

type Answers = Vec<(oneshot::Sender<Result<Answer, StoreError>>, Result<Answer, StoreError>)>;

/// Rolls everything back. Who thought to have succeeded is told otherwise.
async fn give_up(connection: &mut SqliteConnection, answers: Answers) {
    // SQLite may have rolled back by itself, and then refuses to do it again.
    let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
    let full = answers.iter().any(|(_, result)| matches!(result, Err(StoreError::DiskFull)));
    let why = if full { NotCommitted::DiskFull } else { NotCommitted::Broken };
    for (answer, result) in answers {
        tell(answer, result.and(Err(why.error())));
    }
}

/// The caller may have gone away; its operation counts all the same.
fn tell(answer: oneshot::Sender<Result<Answer, StoreError>>, result: Result<Answer, StoreError>) {
    let _ = answer.send(result);
}

/// Why a whole group failed: an error for each of its operations.
enum NotCommitted {
    DiskFull,
    Broken,
}

impl From<sqlx::Error> for NotCommitted {
    fn from(error: sqlx::Error) -> Self {
        match StoreError::from(error) {
            StoreError::DiskFull => NotCommitted::DiskFull,
            _ => NotCommitted::Broken,
        }
    }
}

impl NotCommitted {
    fn error(&self) -> StoreError {
        match self {
            NotCommitted::DiskFull => StoreError::DiskFull,
            NotCommitted::Broken => {
                StoreError::Conflict("the change could not be made durable; nothing was changed".into())
            }
        }
    }
}

enum Step {
    Done(Result<Answer, StoreError>, Committed),
    /// On a full disk SQLite rolls the whole transaction back by itself. To go on would commit each
    /// later operation alone, outside any transaction.
    TransactionLost(StoreError),
}

async fn in_savepoint(connection: &mut SqliteConnection, work: Work) -> Step {
    if let Err(error) = sqlx::query("SAVEPOINT job").execute(&mut *connection).await {
        return Step::TransactionLost(error.into());
    }
    let mut tx = Tx { conn: &mut *connection, touched: Committed::default() };
    let result = without_panic(&mut tx, work).await;
    let touched = std::mem::take(&mut tx.touched);
    let ending = if result.is_ok() { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" };
    match (sqlx::raw_sql(ending).execute(&mut *connection).await, result) {
        (Ok(_), Ok(answer)) => Step::Done(Ok(answer), touched),
        (Ok(_), Err(refused)) => Step::Done(Err(refused), Committed::default()),
        (Err(error), Ok(_)) => Step::TransactionLost(error.into()),
        (Err(_), Err(cause)) => Step::TransactionLost(cause),
    }
}

/// A panic ends one operation and not the writer. Safe to go on after: what the operation had done
/// goes with its savepoint, what it had noted in `tx` is dropped, and it shares nothing else.
async fn without_panic(tx: &mut Tx<'_>, work: Work) -> Result<Answer, StoreError> {
    // Called inside, so that a panic before the first wait is caught as well.
    let running = AssertUnwindSafe(async { work(tx).await }).catch_unwind();
    running.await.unwrap_or_else(|panic| {
        tracing::error!(said = words(&*panic), "a write panicked; it was rolled back");
        Err(StoreError::Panicked)
    })
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("nothing")
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;
    use crate::Store;

    async fn put(store: &Store, key: &'static str) -> Result<(), StoreError> {
        store.put_setting(key, &true, 0).await
    }

    async fn has(store: &Store, key: &str) -> bool {
        store.setting::<bool>(key).await.unwrap().is_some()
    }

    #[tokio::test]
    async fn a_write_that_panics_is_undone_and_its_neighbours_and_successors_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let halfway = store.writer.write::<(), _>(|tx| {
            Box::pin(async move {
                sqlx::query("INSERT INTO settings (key, value) VALUES ('half', '1')")
                    .execute(&mut *tx.conn)
                    .await?;
                assert!(tx.touched.seq > 0, "nothing was recorded");
                Ok(())
            })
        });
        let at_once = store.writer.write::<(), _>(|_| panic!("not even begun"));

        let (before, halfway, at_once, after) = tokio::join!(
            join_all(["a", "b", "c"].map(|key| put(&store, key))),
            halfway,
            at_once,
            put(&store, "d"),
        );

        assert!(matches!(halfway, Err(StoreError::Panicked)), "{halfway:?}");
        assert!(matches!(at_once, Err(StoreError::Panicked)), "{at_once:?}");
        assert!(before.iter().all(Result::is_ok) && after.is_ok());
        put(&store, "later").await.unwrap();
        assert!(!has(&store, "half").await, "half of the change stayed");
        for key in ["a", "b", "c", "d", "later"] {
            assert!(has(&store, key).await, "{key} was acknowledged");
        }
        store.close().await;
    }
}
