//! Loads the queue the way `tests/bench/queue.mjs` loads others: callers that add cards, then callers
//! that claim and finish them, one operation at a time each. Prints one line of JSON.
//!
//! `queue_load DIR work CALLERS JOBS`, `queue_load DIR claims STORED READY`, `queue_load DIR fill STORED READY`

extern crate flightboard_store as store;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use domain::{Actor, Millis, Priority, Status};
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

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

fn now() -> Millis {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis()
        as Millis
}

/// Flushes that the preloaded `slow_sync.c` has counted; none without it.
fn syncs() -> Option<u64> {
    let bytes = std::fs::read(std::env::var_os("FSYNC_COUNT")?).ok()?;
    Some(u64::from_ne_bytes(bytes.get(..8)?.try_into().ok()?))
}

fn card(n: usize) -> NewTask {
    NewTask {
        title: format!("job {n}"),
        description: "What is to be done, in a sentence or two, as people write it on cards.".into(),
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

async fn add(store: Store, count: usize) -> Vec<Duration> {
    let mut taken = Vec::with_capacity(count);
    for n in 0..count {
        let begun = Instant::now();
        store.add_task(card(n), Actor::Person, now()).await.expect("a card is added");
        taken.push(begun.elapsed());
    }
    taken
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
    add(store.clone(), 20).await;
    pull(store.clone(), "warm".into()).await;

    let (before, begun) = (syncs(), Instant::now());
    let adds = (0..callers).map(|_| tokio::spawn(add(store.clone(), jobs / callers)));
    let added: Vec<Duration> = join_all(adds).await.into_iter().flat_map(Result::unwrap).collect();
    let (adding, between) = (begun.elapsed(), syncs());

    let begun = Instant::now();
    let pulls = (0..callers).map(|n| tokio::spawn(pull(store.clone(), format!("agent-{n}"))));
    let pulled: Vec<_> = join_all(pulls).await.into_iter().map(Result::unwrap).collect();
    let (working, after) = (begun.elapsed(), syncs());
    let (claimed, finished): (Vec<_>, Vec<_>) = pulled.into_iter().unzip();
    let (claimed, finished) = (claimed.concat(), finished.concat());
    assert_eq!((added.len(), claimed.len()), (finished.len(), finished.len()), "every job once");
    println!(
        "{{\"enqueue\":{},\"work\":{},\"claim\":{},\"complete\":{}}}",
        phase(&added, adding, before, between),
        phase(&claimed, working, between, after),
        phase(&claimed, working, None, None),
        phase(&finished, working, None, None),
    );
    store.close().await;
}

/// A claim's cost where much is stored.
async fn claims(dir: &Path, stored: usize, ready: usize) {
    if !dir.join(store::FILE_NAME).exists() {
        fill(dir, stored, ready).await;
    }
    let store = Store::open(dir).await.expect("the store opens");
    // The first one prepares its statements.
    let first = store.claim_next(asks("first")).await.expect("a claim");
    assert!(matches!(first, Claimed::Assigned(_)), "{first:?}");
    let mut taken = Vec::new();
    for n in 0..500 {
        let begun = Instant::now();
        let claimed = store.claim_next(asks(&format!("agent-{n}"))).await.expect("a claim");
        taken.push(begun.elapsed());
        let Claimed::Assigned(claim) = claimed else { panic!("{claimed:?}") };
        let report =
            NewReport { run: claim.run, token: claim.token, succeeded: true, message: None, now: now() };
        store.finish_run(report).await.expect("a report");
    }
    let all = taken.iter().sum();
    println!("{{\"claim\":{}}}", phase(&taken, all, None, None));
    store.close().await;
}

/// So many cards, of which some are ready and the rest is done.
async fn fill(dir: &Path, stored: usize, ready: usize) {
    let store = Store::open(dir).await.expect("the store opens");
    join_all((0..512).map(|_| tokio::spawn(add(store.clone(), stored.div_ceil(512))))).await;
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

fn phase(taken: &[Duration], whole: Duration, before: Option<u64>, after: Option<u64>) -> String {
    let mut sorted = taken.to_vec();
    sorted.sort();
    let at = |part: f64| {
        let place = ((sorted.len() as f64 * part).ceil() as usize).clamp(1, sorted.len());
        sorted[place - 1].as_secs_f64() * 1e3
    };
    let per_job = before.zip(after).map_or("null".into(), |(before, after)| {
        format!("{:.4}", (after - before) as f64 / taken.len() as f64)
    });
    format!(
        "{{\"per_s\":{:.0},\"p50_ms\":{:.3},\"p99_ms\":{:.3},\"syncs_per_job\":{per_job}}}",
        taken.len() as f64 / whole.as_secs_f64(),
        at(0.5),
        at(0.99)
    )
}
