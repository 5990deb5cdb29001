//! The one writer. Operations wait in a queue; the writer takes up to [`GROUP`] of them into one
//! transaction and answers each after the commit, so that sixty callers share one fsync. Each
//! operation runs in a savepoint of its own: one that fails, or panics, leaves its neighbours alone.
//! Operations of a kind that is cheaper done together ([`Bulk`]) share a savepoint and their
//! statements; where that fails, each is tried again in its own. A task gathers the groups and tells
//! their callers; a thread brings them to disk.

use std::{
    any::{Any, TypeId},
    io,
    sync::{Arc, mpsc as threads},
    thread,
};

use futures_executor::block_on;
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, broadcast, mpsc, oneshot};

use crate::{changes::Committed, error::StoreError};

mod commit;
mod connection;

use commit::{Done, Lost, Open, Outcome, commit, run_bulk};
use connection::Lent;
pub(crate) use connection::WriteConnection;

/// Most operations in one commit: enough to amortise an fsync, few enough to keep latency flat.
const GROUP: usize = 512;
/// Callers wait for a place beyond this many operations; memory stays bounded.
const QUEUE: usize = 4096;

/// A connection inside the writer's transaction, and what the operation has touched so far.
pub(crate) struct Tx<'c> {
    pub conn: Lent<'c>,
    pub touched: Committed,
}

impl Tx<'_> {
    /// Runs statements on this thread, which saves the trip to sqlx's and back for each.
    pub async fn here<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.conn.0.here(work).await
    }
}

type Answer = Box<dyn Any + Send>;
type Work = Box<dyn for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<Answer, StoreError>> + Send>;
type Asker = oneshot::Sender<Result<Answer, StoreError>>;

/// What [`Bulk::run`] says: an answer for each item in their order, or that nothing was done.
pub(crate) type BulkAnswers<'t, A> = BoxFuture<'t, Result<Vec<Result<A, StoreError>>, StoreError>>;

/// An operation of which many are cheaper in a few statements than one after the other.
pub(crate) trait Bulk: Sized + Send + Sync + 'static {
    type Answer: Send + 'static;

    /// Does all of `items`. An item that is refused must leave nothing behind. An error undoes all,
    /// and this is called again with each item alone.
    fn run<'t>(tx: &'t mut Tx<'_>, items: &'t [Self]) -> BulkAnswers<'t, Self::Answer>;
}

struct Job {
    task: JobTask,
    asker: Asker,
}

enum JobTask {
    Alone(Work),
    Together(Item),
}

/// A [`Bulk`] operation whose type only `run` knows.
struct Item {
    kind: TypeId,
    bulk: Box<dyn Any + Send>,
    run: RunBulk,
}

type RunBulk =
    for<'t, 'c> fn(&'t mut Open<'c>, Vec<Box<dyn Any + Send>>) -> BoxFuture<'t, Result<Done, Lost>>;

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

/// A group on its way to the thread, and where to tell what became of it.
struct Order {
    group: Vec<Job>,
    done: oneshot::Sender<Outcome>,
}

/// Fails where the system gives no thread.
pub(crate) fn start(
    connection: WriteConnection,
    committed: broadcast::Sender<Arc<Committed>>,
) -> io::Result<Writer> {
    let (jobs, queue) = mpsc::channel(QUEUE);
    let (signal, stopped) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    let (orders, ordered) = threads::channel();
    thread::Builder::new().name("writer".into()).spawn(move || {
        carry_out(connection, ordered);
        let _ = end.send(());
    })?;
    tokio::spawn(run(orders, queue, stopped, committed));
    Ok(Writer { jobs, stop: Arc::new(Mutex::new(Some(Stop { signal, ended }))) })
}

/// Until nobody orders any more.
fn carry_out(mut connection: WriteConnection, orders: threads::Receiver<Order>) {
    for Order { group, done } in orders {
        // The runtime may have gone away; what was committed counts all the same.
        let _ = done.send(block_on(commit(&mut connection, group)));
    }
    if let Err(error) = block_on(connection.close()) {
        tracing::warn!(%error, "closing the database");
    }
}

impl Writer {
    /// One that takes nothing.
    pub fn closed() -> Writer {
        let (jobs, _) = mpsc::channel(1);
        Writer { jobs, stop: Arc::default() }
    }

    /// Runs `work` in the next commit and returns what it returned once that commit is durable.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    {
        let work: Work = Box::new(move |tx| {
            let running = work(tx);
            Box::pin(async move { running.await.map(|value| Box::new(value) as Answer) })
        });
        self.ask(JobTask::Alone(work)).await
    }

    /// Does `bulk` in the next commit, together with others of its kind.
    pub async fn write_bulk<B: Bulk>(&self, bulk: B) -> Result<B::Answer, StoreError> {
        let item = Item { kind: TypeId::of::<B>(), bulk: Box::new(bulk), run: run_bulk::<B> };
        self.ask(JobTask::Together(item)).await
    }

    async fn ask<T: Send + 'static>(&self, task: JobTask) -> Result<T, StoreError> {
        let (asker, answered) = oneshot::channel();
        self.jobs.send(Job { task, asker }).await.map_err(|_| StoreError::Closed)?;
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
    orders: threads::Sender<Order>,
    mut queue: mpsc::Receiver<Job>,
    mut stopped: oneshot::Receiver<()>,
    committed: broadcast::Sender<Arc<Committed>>,
) {
    let mut stopping = false;
    loop {
        let mut group = Vec::with_capacity(queue.len().min(GROUP));
        tokio::select! {
            biased;
            // First, so that a stop comes through however busy the callers are.
            _ = &mut stopped, if !stopping => {
                // Refuse new work, finish the accepted.
                queue.close();
                stopping = true;
                continue;
            }
            _ = queue.recv_many(&mut group, GROUP) => {}
        }
        if group.is_empty() || !make_durable(&orders, group, &committed).await {
            return;
        }
        gather(&queue).await;
    }
}

/// Tells everybody once their group is on disk. False: the thread is gone.
async fn make_durable(
    orders: &threads::Sender<Order>,
    group: Vec<Job>,
    committed: &broadcast::Sender<Arc<Committed>>,
) -> bool {
    let (done, outcome) = oneshot::channel();
    let _ = orders.send(Order { group, done });
    let Ok(outcome) = outcome.await else { return false };
    for touched in outcome.committed {
        // Nobody listening is fine.
        let _ = committed.send(touched);
    }
    for (asker, result) in outcome.answers {
        // The caller may have gone away; its operation counts all the same.
        let _ = asker.send(result);
    }
    true
}

/// Whoever was just answered may have something more: it shares the next commit, as long as the others
/// who are ready to run go on asking.
async fn gather(queue: &mpsc::Receiver<Job>) {
    let mut before = None;
    while before != Some(queue.len()) && queue.len() < GROUP {
        before = Some(queue.len());
        tokio::task::yield_now().await;
    }
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
