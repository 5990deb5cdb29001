//! The one writer. Operations wait in a queue; the writer takes up to [`GROUP`] of them into one
//! transaction and answers each after the commit, so that sixty callers share one fsync. Each
//! operation runs in a savepoint of its own: one that fails, or panics, leaves its neighbours alone.
//! Operations of a kind that is cheaper done together ([`Bulk`]) share a savepoint and their
//! statements; where that fails, each is tried again in its own.

use std::{
    any::{Any, TypeId},
    panic::AssertUnwindSafe,
    sync::Arc,
};

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

/// What became of a unit: an answer for each who asked, and what they touched.
type Done = (Vec<Result<Answer, StoreError>>, Committed);

/// On a full disk SQLite rolls the whole transaction back by itself. To go on would commit each
/// later operation alone, outside any transaction.
struct Lost(StoreError);

/// What the writer does at one go, and who waits for it.
enum Unit {
    Alone(Work, Asker),
    Together { kind: TypeId, run: RunBulk, items: Vec<Box<dyn Any + Send>>, askers: Vec<Asker> },
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
        gather(&queue).await;
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "closing the database");
    }
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
    let mut waiting = units(group.drain(..)).into_iter();
    while waiting.len() > 0 {
        one_transaction(connection, &mut waiting, committed).await;
    }
}

/// Bulk operations of one kind move together, past those of other kinds but never past a single one:
/// who asked for a bulk operation and then, without waiting, for a single one finds them in order.
fn units(group: impl Iterator<Item = Job>) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut since_alone = 0;
    for Job { task, asker } in group {
        let item = match task {
            JobTask::Alone(work) => {
                units.push(Unit::Alone(work, asker));
                since_alone = units.len();
                continue;
            }
            JobTask::Together(item) => item,
        };
        let same = units[since_alone..].iter_mut().find_map(|unit| match unit {
            Unit::Together { kind, items, askers, .. } if *kind == item.kind => Some((items, askers)),
            Unit::Together { .. } | Unit::Alone(..) => None,
        });
        match same {
            Some((items, askers)) => {
                items.push(item.bulk);
                askers.push(asker);
            }
            None => units.push(Unit::Together {
                kind: item.kind,
                run: item.run,
                items: vec![item.bulk],
                askers: vec![asker],
            }),
        }
    }
    units
}

/// One transaction for as many of `waiting` as it survives; they are answered after it.
async fn one_transaction(
    connection: &mut SqliteConnection,
    waiting: &mut impl Iterator<Item = Unit>,
    committed: &broadcast::Sender<Arc<Committed>>,
) {
    let mut open = match Open::begin(&mut *connection).await {
        Ok(open) => open,
        Err(error) => {
            tracing::error!(%error, "the database cannot begin a transaction");
            let why = NotCommitted::from(error);
            waiting.flat_map(askers).for_each(|asker| tell(asker, Err(why.error())));
            return;
        }
    };
    let mut answers = Vec::new();
    let mut touched = Committed::default();
    for unit in waiting {
        let (askers, outcome) = match unit {
            Unit::Alone(work, asker) => (vec![asker], alone(&mut open, work).await),
            Unit::Together { run, items, askers, .. } => (askers, run(&mut open, items).await),
        };
        match outcome {
            Ok((results, touches)) => {
                touched.merge(touches);
                answers.extend(askers.into_iter().zip(results));
            }
            Err(Lost(error)) => {
                let why = NotCommitted::of(&error);
                answers.extend(askers.into_iter().map(|asker| (asker, Err(why.error()))));
                return give_up(open.conn, answers).await;
            }
        }
    }
    if let Err(error) = sqlx::query("COMMIT").execute(&mut *open.conn).await {
        tracing::error!(%error, "a commit failed; its operations were rolled back");
        let why = NotCommitted::from(error);
        let answers =
            answers.into_iter().map(|(asker, result)| (asker, result.and(Err(why.error())))).collect();
        return give_up(open.conn, answers).await;
    }
    if touched.seq > 0 || touched.lease.is_some() || touched.webhooks {
        // Nobody listening is fine.
        let _ = committed.send(Arc::new(touched));
    }
    answers.into_iter().for_each(|(asker, result)| tell(asker, result));
}

fn askers(unit: Unit) -> Vec<Asker> {
    match unit {
        Unit::Alone(_, asker) => vec![asker],
        Unit::Together { askers, .. } => askers,
    }
}

type Answers = Vec<(Asker, Result<Answer, StoreError>)>;

/// Rolls everything back. Who thought to have succeeded is told otherwise.
async fn give_up(connection: &mut SqliteConnection, answers: Answers) {
    // SQLite may have rolled back by itself, and then refuses to do it again.
    let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
    let full = answers.iter().any(|(_, result)| matches!(result, Err(StoreError::DiskFull)));
    let why = if full { NotCommitted::DiskFull } else { NotCommitted::Broken };
    for (asker, result) in answers {
        tell(asker, result.and(Err(why.error())));
    }
}

/// The caller may have gone away; its operation counts all the same.
fn tell(asker: Asker, result: Result<Answer, StoreError>) {
    let _ = asker.send(result);
}

/// Why a whole group failed: an error for each of its operations.
enum NotCommitted {
    DiskFull,
    Broken,
}

impl From<sqlx::Error> for NotCommitted {
    fn from(error: sqlx::Error) -> Self {
        NotCommitted::of(&StoreError::from(error))
    }
}

impl NotCommitted {
    fn of(error: &StoreError) -> NotCommitted {
        match error {
            StoreError::DiskFull => NotCommitted::DiskFull,
            _ => NotCommitted::Broken,
        }
    }

    fn error(&self) -> StoreError {
        match self {
            NotCommitted::DiskFull => StoreError::DiskFull,
            NotCommitted::Broken => {
                StoreError::Conflict("the change could not be made durable; nothing was changed".into())
            }
        }
    }
}

/// A transaction, and in it the savepoint of the operation at work. Each statement is a trip to SQLite's
/// own thread and back, which costs more than what these do there: so the transaction begins with its
/// first savepoint, one savepoint is released on the way to the next, and the commit releases the last.
struct Open<'c> {
    conn: &'c mut SqliteConnection,
    /// The savepoint holds what is to stay.
    used: bool,
}

impl Open<'_> {
    async fn begin(conn: &mut SqliteConnection) -> Result<Open<'_>, sqlx::Error> {
        match sqlx::query("BEGIN IMMEDIATE; SAVEPOINT job").execute(&mut *conn).await {
            Ok(_) => Ok(Open { conn, used: false }),
            Err(error) => {
                // In case it began and could not set the savepoint.
                let _ = sqlx::query("ROLLBACK").execute(conn).await;
                Err(error)
            }
        }
    }

    /// A transaction for one more operation.
    async fn next(&mut self) -> Result<Tx<'_>, Lost> {
        if self.used {
            let next = sqlx::query("RELEASE job; SAVEPOINT job").execute(&mut *self.conn).await;
            next.map_err(|error| Lost(error.into()))?;
            self.used = false;
        }
        Ok(Tx { conn: &mut *self.conn, touched: Committed::default() })
    }

    /// Keeps what was done in the savepoint, or undoes it where it came to an error.
    async fn end<T>(
        &mut self,
        result: Result<T, StoreError>,
        touched: Committed,
    ) -> Result<(Result<T, StoreError>, Committed), Lost> {
        let refused = match result {
            Ok(value) => {
                self.used = true;
                return Ok((Ok(value), touched));
            }
            Err(refused) => refused,
        };
        match sqlx::query("ROLLBACK TO job").execute(&mut *self.conn).await {
            Ok(_) => Ok((Err(refused), Committed::default())),
            Err(_) => Err(Lost(refused)),
        }
    }
}

async fn alone(open: &mut Open<'_>, work: Work) -> Result<Done, Lost> {
    let mut tx = open.next().await?;
    // Called inside, so that a panic before the first wait is caught as well.
    let result = without_panic(async { work(&mut tx).await }).await;
    let touched = tx.touched;
    let (result, touched) = open.end(result, touched).await?;
    Ok((vec![result], touched))
}

/// All in one savepoint or, should that fail, each in its own.
fn run_bulk<'t, B: Bulk>(
    open: &'t mut Open<'_>,
    items: Vec<Box<dyn Any + Send>>,
) -> BoxFuture<'t, Result<Done, Lost>> {
    let items = items.into_iter().map(|item| match item.downcast::<B>() {
        Ok(item) => *item,
        Err(_) => unreachable!("a unit holds items of one kind"),
    });
    let items: Vec<B> = items.collect();
    Box::pin(async move {
        match together(open, &items).await? {
            (Ok(answers), touched) => return Ok((answers, touched)),
            (Err(refused), touched) if items.len() == 1 => return Ok((vec![Err(refused)], touched)),
            (Err(error), _) => {
                tracing::debug!(%error, "operations failed together; each is tried alone");
            }
        }
        let (mut answers, mut touched) = (Vec::with_capacity(items.len()), Committed::default());
        for item in &items {
            let (answer, touches) = together(open, std::slice::from_ref(item)).await?;
            touched.merge(touches);
            match answer {
                Ok(one) => answers.extend(one),
                Err(refused) => answers.push(Err(refused)),
            }
        }
        Ok((answers, touched))
    })
}

type Together = (Result<Vec<Result<Answer, StoreError>>, StoreError>, Committed);

async fn together<B: Bulk>(open: &mut Open<'_>, items: &[B]) -> Result<Together, Lost> {
    let mut tx = open.next().await?;
    let result = without_panic(async { B::run(&mut tx, items).await }).await;
    debug_assert!(result.as_ref().map_or(true, |answers| answers.len() == items.len()));
    let touched = tx.touched;
    let (result, touched) = open.end(result, touched).await?;
    let boxed = |answer: Result<B::Answer, StoreError>| answer.map(|value| Box::new(value) as Answer);
    Ok((result.map(|answers| answers.into_iter().map(boxed).collect()), touched))
}

/// A panic ends one operation and not the writer. Safe to go on after: what the operation had done
/// goes with its savepoint, what it had noted is dropped, and it shares nothing else.
async fn without_panic<T>(running: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|panic| {
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
