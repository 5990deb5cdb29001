//! River on SQLite, write-ahead log, `synchronous=FULL`: callers that insert jobs one at a time, then a
//! client with as many workers. `bench-river DIR CALLERS JOBS` prints one line of JSON.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use riverqueue::{
    Client, Job, JobArgs, QueueConfig, WorkContext, WorkOutcome, Workers,
    migrate::SqliteMigrator,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

#[path = "../../figures.rs"]
mod figures;

#[derive(Clone, Debug, Deserialize, JobArgs, Serialize)]
#[river(kind = "work")]
struct Work {
    title: String,
    description: String,
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (dir, callers, jobs) = (Path::new(&args[1]), figures::number(&args[2]), figures::number(&args[3]));
    let options = SqliteConnectOptions::new()
        .filename(dir.join("river.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10));
    // One connection: with more they wait for each other's lock by sleeping, and are slower.
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("the file opens");
    SqliteMigrator::new(pool.clone()).migrate_up().await.expect("its schema");
    let left = Arc::new((AtomicUsize::new(jobs / callers * callers), Notify::new()));
    let counted = left.clone();
    let mut workers = Workers::new();
    workers
        .add_fn(move |_: WorkContext, _: Job<Work>| {
            let counted = counted.clone();
            async move {
                if counted.0.fetch_sub(1, Ordering::Relaxed) == 1 {
                    counted.1.notify_one();
                }
                Ok::<_, std::io::Error>(WorkOutcome::Complete)
            }
        })
        .expect("a worker");
    let client = Client::builder(pool.clone())
        .workers(workers)
        // It fetches at most every 100 ms by itself, which would be all that is measured.
        .queue("default", QueueConfig::new(callers.max(1)).with_fetch_cooldown(Duration::from_millis(1)))
        .build()
        .expect("a client");

    let (before, begun) = (figures::syncs(), Instant::now());
    let adding: Vec<_> = (0..callers)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                for n in 0..jobs / callers {
                    let begun = Instant::now();
                    let work = Work { title: format!("job {n}"), description: figures::DESCRIPTION.into() };
                    client.insert(work).await.expect("an insert");
                    taken.push(begun.elapsed());
                }
                taken
            })
        })
        .collect();
    let mut added = Vec::new();
    for adding in adding {
        added.extend(adding.await.expect("a caller"));
    }
    let (adding, between) = (begun.elapsed(), figures::syncs());

    let begun = Instant::now();
    let mut run = client.start().expect("it starts");
    while left.0.load(Ordering::Relaxed) > 0 {
        left.1.notified().await;
    }
    // Returns once every completion is stored.
    run.stop().await.expect("it stops");
    let (working, after) = (begun.elapsed(), figures::syncs());
    figures::print(&added, adding, before.zip(between), working, between.zip(after));
    pool.close().await;
}
