//! Loads the queue the way `tests/bench/queue.mjs` loads others: callers that add cards, then callers
//! that claim and finish them, one operation at a time each. Prints one line of JSON.
//!
//! `queue_load DIR work CALLERS JOBS`, `queue_load DIR claims STORED READY`, `queue_load DIR fill STORED READY`

extern crate flightboard_store as store;

use std::{
    path::Path,
    time::{Duration, Instant},
};

#[path = "../../../../tests/bench/queues/figures.rs"]
mod figures;

use domain::{Actor, Millis, Priority, Status};
use figures::{Watch, number};
use futures_util::future::join_all;
use store::{Claimed, NewClaim, NewReport, NewTask, Routing, Store};

#[tokio::main(worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, what, first, second] = &args[..] else {
        panic!("queue_load DIR work CALLERS JOBS, or DIR claims|fill STORED READY")
    };
    let (first, second) = (number(first), number(second));
    match what.as_str() {
        "work" => work(Path::new(dir), first, second).await,
        "claims" => claims(Path::new(dir), first, second).await,
        "fill" => fill(Path::new(dir), first, second).await,
        other => panic!("there is no load “{other}”"),
    }
}

fn now() -> Millis {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis()
        as Millis
}

fn card(n: usize) -> NewTask {
    NewTask {
        title: format!("job {n}"),
        description: figures::DESCRIPTION.into(),
        project: None,
        priority: Priority::default(),
        tags: Vec::new(),
        due_at: None,
        assignee: None,
        status: Status::Ready,
        queued: None,
        routing: Routing::default(),
    }
}

fn asks(agent: &str) -> NewClaim {
    let agent = agent.to_owned();
    NewClaim { agent, capacity: 1, lease: 600_000, skills: Vec::new(), limits: Vec::new(), now: now() }
}

async fn add(store: Store, n: usize) {
    store.add_task(card(n), Actor::Person, now()).await.expect("a card is added");
}

/// Claims and finishes until there is nothing left.
async fn pull(store: Store, agent: String) -> (Vec<Duration>, Vec<Duration>) {
    let (mut claims, mut finishes) = (Vec::new(), Vec::new());
    loop {
        let begun = Instant::now();
        let claim = match store.claim_next(asks(&agent)).await.expect("a claim") {
            Claimed::Assigned(claim) => claim,
            Claimed::NoTask(None) => return (claims, finishes),
            other => panic!("{other:?}"),
        };
        claims.push(begun.elapsed());
        let begun = Instant::now();
        let report =
            NewReport { run: claim.run, token: claim.token, succeeded: true, message: None, now: now() };
        store.finish_run(report).await.expect("a report");
        finishes.push(begun.elapsed());
    }
}

async fn work(dir: &Path, callers: usize, jobs: usize) {
    let store = Store::open(dir).await.expect("the store opens");
    // Prepared statements and file ends count for neither phase.
    adding(&store, 1, 20).await;
    pull(store.clone(), "warm".into()).await;

    let added = adding(&store, callers, jobs).await;
    let watch = Watch::start();
    let pulls = (0..callers).map(|n| tokio::spawn(pull(store.clone(), format!("agent-{n}"))));
    let pulled: Vec<_> = join_all(pulls).await.into_iter().map(Result::unwrap).collect();
    let jobs = jobs / callers * callers;
    let worked = watch.stop(jobs, Vec::new());
    let (claimed, finished): (Vec<_>, Vec<_>) = pulled.into_iter().unzip();
    let (claimed, finished) = (claimed.concat(), finished.concat());
    assert_eq!((claimed.len(), finished.len()), (jobs, jobs), "every job once");
    println!(
        "{{\"enqueue\":{},\"work\":{},\"claim\":{},\"complete\":{}}}",
        added.json(),
        worked.json(),
        worked.of(claimed).json(),
        worked.of(finished).json(),
    );
    store.close().await;
}

async fn adding(store: &Store, callers: usize, jobs: usize) -> figures::Phase {
    let store = store.clone();
    figures::adding(callers, jobs, move |n| add(store.clone(), n)).await
}

/// A claim's cost where much is stored.
async fn claims(dir: &Path, stored: usize, ready: usize) {
    if !dir.join(store::FILE_NAME).exists() {
        fill(dir, stored, ready).await;
    }
    let store = Store::open(dir).await.expect("the store opens");
    let watch = Watch::start();
    let mut taken = Vec::new();
    for n in 0..=500 {
        let begun = Instant::now();
        let claimed = store.claim_next(asks(&format!("agent-{n}"))).await.expect("a claim");
        // The first one prepares its statements.
        if n > 0 {
            taken.push(begun.elapsed());
        }
        let Claimed::Assigned(claim) = claimed else { panic!("{claimed:?}") };
        let report =
            NewReport { run: claim.run, token: claim.token, succeeded: true, message: None, now: now() };
        store.finish_run(report).await.expect("a report");
    }
    println!("{{\"claim\":{}}}", watch.stop(taken.len(), taken).json());
    store.close().await;
}

/// So many cards, of which some are ready and the rest is done.
async fn fill(dir: &Path, stored: usize, ready: usize) {
    let store = Store::open(dir).await.expect("the store opens");
    adding(&store, 512, stored.next_multiple_of(512)).await;
    store.close().await;
    settle(dir, ready).await;
}

/// All but `ready` of the cards are done.
async fn settle(dir: &Path, ready: usize) {
    use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
    let options = SqliteConnectOptions::new().filename(dir.join(store::FILE_NAME));
    let mut raw = SqliteConnection::connect_with(&options).await.expect("the file opens");
    sqlx::query(
        "UPDATE tasks SET status = 'done', finished_at = created_at WHERE id NOT IN \
         (SELECT id FROM tasks ORDER BY (id * 2654435761) % 1000003 LIMIT ?)",
    )
    .bind(ready as i64)
    .execute(&mut raw)
    .await
    .expect("cards are settled");
    raw.close().await.expect("the file closes");
}
