//! Effectum with the durability of the others (`synchronous=FULL`): callers that add jobs one at a time,
//! then a worker that runs as many at one time. `bench-effectum DIR CALLERS JOBS [wal]` prints one line of
//! JSON. By itself it keeps the rollback journal and asks for `synchronous=NORMAL`; it has no setting for
//! either, so each connection is told before effectum sees it. `wal` gives it the write-ahead log, which
//! it does not have and which flushes less often.

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use effectum::{Job, JobRunner, Queue, RunningJob, Worker};
use rusqlite::ffi;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

#[path = "../../figures.rs"]
mod figures;

#[derive(Deserialize, Serialize)]
struct Work {
    title: String,
    description: String,
}

#[derive(Debug)]
struct Left {
    count: AtomicUsize,
    none: Notify,
}

async fn work(job: RunningJob, left: Arc<Left>) -> Result<(), std::io::Error> {
    let _: Work = job.json_payload().expect("a payload");
    if left.count.fetch_sub(1, Ordering::Relaxed) == 1 {
        left.none.notify_one();
    }
    Ok(())
}

/// SQLite runs it on each connection that is opened.
unsafe extern "C" fn make_durable(
    db: *mut ffi::sqlite3,
    _: *mut *const c_char,
    _: *const ffi::sqlite3_api_routines,
) -> c_int {
    let pragmas = match std::env::args().any(|arg| arg == "wal") {
        true => c"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
        false => c"PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL",
    };
    unsafe {
        let done = ffi::sqlite3_exec(db, pragmas.as_ptr(), None, std::ptr::null_mut(), std::ptr::null_mut());
        assert_eq!(done, ffi::SQLITE_OK, "the pragmas are obeyed");
        ffi::sqlite3_set_authorizer(db, Some(but_not_less), std::ptr::null_mut())
    }
}

/// Passes over a later `PRAGMA synchronous = …`, and allows the rest. Asked when a statement is prepared.
unsafe extern "C" fn but_not_less(
    _: *mut c_void,
    action: c_int,
    name: *const c_char,
    value: *const c_char,
    _: *const c_char,
    _: *const c_char,
) -> c_int {
    let sets = action == ffi::SQLITE_PRAGMA && !value.is_null();
    if sets && unsafe { CStr::from_ptr(name) } == c"synchronous" {
        ffi::SQLITE_IGNORE
    } else {
        ffi::SQLITE_OK
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (dir, callers, jobs) = (Path::new(&args[1]), figures::number(&args[2]), figures::number(&args[3]));
    let told = unsafe { ffi::sqlite3_auto_extension(Some(make_durable)) };
    assert_eq!(told, ffi::SQLITE_OK);
    let queue = Arc::new(Queue::new(&dir.join("effectum.db")).await.expect("a queue"));

    let inserting = queue.clone();
    let enqueued = figures::adding(callers, jobs, move |n| {
        let queue = inserting.clone();
        async move {
            let work = Work { title: format!("job {n}"), description: figures::DESCRIPTION.into() };
            let job = Job::builder("work").json_payload(&work).expect("a payload").build();
            queue.add_job(job).await.expect("an insert");
        }
    })
    .await;

    let left = Arc::new(Left { count: AtomicUsize::new(jobs / callers * callers), none: Notify::new() });
    let watch = figures::Watch::start();
    let worker = Worker::builder(&queue, left.clone())
        .max_concurrency(callers as u16)
        .jobs([JobRunner::builder("work", work).build()])
        .build()
        .await
        .expect("a worker");
    while left.count.load(Ordering::Relaxed) > 0 {
        left.none.notified().await;
    }
    // Returns once every completion is stored.
    worker.unregister(Some(Duration::from_secs(60))).await.expect("it stops");
    let worked = watch.stop(jobs / callers * callers, Vec::new());
    println!("{{\"enqueue\":{},\"work\":{}}}", enqueued.json(), worked.json());
    queue.close(Duration::from_secs(60)).await.expect("it closes");
}
