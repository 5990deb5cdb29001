//! What the queues to compare with share: the work, the count of flushes, and one line of JSON.

use std::time::Duration;

pub const DESCRIPTION: &str = "What is to be done, in a sentence or two, as people write it on cards.";

pub fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

/// Flushes that the preloaded `slow_sync.c` has counted; none without it.
pub fn syncs() -> Option<u64> {
    let bytes = std::fs::read(std::env::var_os("FSYNC_COUNT")?).ok()?;
    Some(u64::from_ne_bytes(bytes.get(..8)?.try_into().ok()?))
}

/// `added`: how long each insert took.
pub fn print(
    added: &[Duration],
    adding: Duration,
    added_syncs: Option<(u64, u64)>,
    working: Duration,
    worked_syncs: Option<(u64, u64)>,
) {
    let mut sorted = added.to_vec();
    sorted.sort();
    let jobs = added.len();
    let at =
        |part: f64| sorted[((jobs as f64 * part).ceil() as usize).clamp(1, jobs) - 1].as_secs_f64() * 1e3;
    let per_job = |syncs: Option<(u64, u64)>| {
        syncs.map_or("null".into(), |(before, after)| format!("{:.4}", (after - before) as f64 / jobs as f64))
    };
    println!(
        "{{\"enqueue\":{{\"per_s\":{:.0},\"p50_ms\":{:.3},\"p99_ms\":{:.3},\"syncs_per_job\":{}}},\
         \"work\":{{\"per_s\":{:.0},\"syncs_per_job\":{}}}}}",
        jobs as f64 / adding.as_secs_f64(),
        at(0.5),
        at(0.99),
        per_job(added_syncs),
        jobs as f64 / working.as_secs_f64(),
        per_job(worked_syncs)
    );
}
