//! One group of operations on the way to disk: a transaction, in it a savepoint for each unit, and who is told what.
//! Runs on the writer's own thread, where nothing else waits for it.

use std::{
    any::{Any, TypeId},
    panic::AssertUnwindSafe,
    sync::Arc,
};

use futures_util::{FutureExt, future::BoxFuture};

use super::{
    Answer, Asker, Bulk, Job, JobTask, RunBulk, Tx, Work,
    connection::{Lent, WriteConnection},
};
use crate::{changes::Committed, error::StoreError};

/// What became of a unit: an answer for each who asked, and what they touched.
pub(super) type Done = (Vec<Result<Answer, StoreError>>, Committed);
pub(super) type Answers = Vec<(Asker, Result<Answer, StoreError>)>;

/// What became of a group.
#[derive(Default)]
pub(super) struct Outcome {
    pub committed: Vec<Arc<Committed>>,
    pub answers: Answers,
}

/// On a full disk SQLite rolls the whole transaction back by itself. To go on would commit each
/// later operation alone, outside any transaction.
pub(super) struct Lost(StoreError);

/// What the writer does at one go, and who waits for it.
enum Unit {
    Alone(Work, Asker),
    Together { kind: TypeId, run: RunBulk, items: Vec<Box<dyn Any + Send>>, askers: Vec<Asker> },
}

/// Commits the group in one transaction, or in more where SQLite gave one up halfway.
pub(super) async fn commit(connection: &mut WriteConnection, group: Vec<Job>) -> Outcome {
    let mut waiting = units(group).into_iter();
    let mut outcome = Outcome::default();
    while waiting.len() > 0 {
        one_transaction(connection, &mut waiting, &mut outcome).await;
    }
    outcome
}

/// Bulk operations of one kind move together, past those of other kinds but never past a single one:
/// who asked for a bulk operation and then, without waiting, for a single one finds them in order.
fn units(group: Vec<Job>) -> Vec<Unit> {
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

/// One transaction for as many of `waiting` as it survives.
async fn one_transaction(
    connection: &mut WriteConnection,
    waiting: &mut impl Iterator<Item = Unit>,
    outcome: &mut Outcome,
) {
    let mut open = match Open::begin(connection).await {
        Ok(open) => open,
        Err(error) => {
            tracing::error!(%error, "the database cannot begin a transaction");
            let why = NotCommitted::of(&error);
            outcome.answers.extend(waiting.flat_map(askers).map(|asker| (asker, Err(why.error()))));
            return;
        }
    };
    let mut answers = Vec::new();
    let mut touched = Committed::default();
    for unit in waiting {
        let (askers, done) = match unit {
            Unit::Alone(work, asker) => (vec![asker], alone(&mut open, work).await),
            Unit::Together { run, items, askers, .. } => (askers, run(&mut open, items).await),
        };
        match done {
            Ok((results, touches)) => {
                touched.merge(touches);
                answers.extend(askers.into_iter().zip(results));
            }
            Err(Lost(error)) => {
                let why = NotCommitted::of(&error);
                answers.extend(askers.into_iter().map(|asker| (asker, Err(why.error()))));
                return outcome.answers.extend(give_up(open.conn, answers).await);
            }
        }
    }
    if let Err(error) = open.conn.run("COMMIT").await {
        tracing::error!(%error, "a commit failed; its operations were rolled back");
        let why = NotCommitted::of(&error);
        let answers =
            answers.into_iter().map(|(asker, result)| (asker, result.and(Err(why.error())))).collect();
        return outcome.answers.extend(give_up(open.conn, answers).await);
    }
    if touched.seq > 0 || touched.lease.is_some() || touched.webhooks {
        outcome.committed.push(Arc::new(touched));
    }
    outcome.answers.append(&mut answers);
}

fn askers(unit: Unit) -> Vec<Asker> {
    match unit {
        Unit::Alone(_, asker) => vec![asker],
        Unit::Together { askers, .. } => askers,
    }
}

/// Rolls everything back. Who thought to have succeeded is told otherwise.
async fn give_up(connection: &mut WriteConnection, answers: Answers) -> Answers {
    // SQLite may have rolled back by itself, and then refuses to do it again.
    let _ = connection.run("ROLLBACK").await;
    let full = answers.iter().any(|(_, result)| matches!(result, Err(StoreError::DiskFull)));
    let why = if full { NotCommitted::DiskFull } else { NotCommitted::Broken };
    answers.into_iter().map(|(asker, result)| (asker, result.and(Err(why.error())))).collect()
}

/// Why a whole group failed: an error for each of its operations.
enum NotCommitted {
    DiskFull,
    Broken,
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

/// A transaction, and in it the savepoint of the operation at work.
pub(super) struct Open<'c> {
    conn: &'c mut WriteConnection,
    /// The savepoint holds what is to stay.
    used: bool,
}

impl Open<'_> {
    async fn begin(conn: &mut WriteConnection) -> Result<Open<'_>, StoreError> {
        conn.run("BEGIN IMMEDIATE").await?;
        match conn.run("SAVEPOINT job").await {
            Ok(()) => Ok(Open { conn, used: false }),
            Err(error) => {
                let _ = conn.run("ROLLBACK").await;
                Err(error)
            }
        }
    }

    /// A transaction for one more operation.
    async fn next(&mut self) -> Result<Tx<'_>, Lost> {
        if self.used {
            self.conn.run("RELEASE job").await.map_err(Lost)?;
            self.conn.run("SAVEPOINT job").await.map_err(Lost)?;
            self.used = false;
        }
        Ok(Tx { conn: Lent(&mut *self.conn), touched: Committed::default() })
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
        match self.conn.run("ROLLBACK TO job").await {
            Ok(()) => Ok((Err(refused), Committed::default())),
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
pub(super) fn run_bulk<'t, B: Bulk>(
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
