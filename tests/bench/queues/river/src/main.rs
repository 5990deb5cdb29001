//! River on SQLite, write-ahead log, `synchronous=FULL`: callers that insert jobs one at a time, then a
//! client with as many workers. `bench-river DIR CALLERS JOBS` prints one line of JSON.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
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

    let inserting = client.clone();
    let enqueued = figures::adding(callers, jobs, move |n| {
        let client = inserting.clone();
        async move {
            let work = Work { title: format!("job {n}"), description: figures::DESCRIPTION.into() };
            client.insert(work).await.expect("an insert");
        }
    })
    .await;

    let watch = figures::Watch::start();
    let mut run = client.start().expect("it starts");
    while left.0.load(Ordering::Relaxed) > 0 {
        left.1.notified().await;
    }
    // Returns once every completion is stored.
    run.stop().await.expect("it stops");
    let worked = watch.stop(jobs / callers * callers, Vec::new());
    println!("{{\"enqueue\":{},\"work\":{}}}", enqueued.json(), worked.json());
    pool.close().await;
}
