//! `events watch`: the log of changes as a stream. Each event is printed once and in order, also when the
//! process that hosts the engine changes meanwhile.

use std::time::{Duration, Instant};

use app::wire::{BoardEvent, BoardEvents, Nothing, ReadEvents};
use domain::TaskId;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use crate::{failure::Failure, link::Link, print, signals};

/// How long one answer may be waited for, in milliseconds.
const PATIENCE: u32 = 60_000;

pub async fn watch(
    link: &Link,
    asked: ReadEvents,
    count: Option<u64>,
    timeout_ms: Option<u64>,
    json: bool,
) -> Result<(), Failure> {
    tokio::select! {
        outcome = follow(link, asked, count, timeout_ms, json) => outcome,
        () = signals::stopped() => Ok(()),
    }
}

async fn follow(
    link: &Link,
    mut asked: ReadEvents,
    count: Option<u64>,
    timeout_ms: Option<u64>,
    json: bool,
) -> Result<(), Failure> {
    let until = timeout_ms.map(|ms| Instant::now() + Duration::from_millis(ms));
    let mut left = count.unwrap_or(u64::MAX);
    let mut seq = match asked.after {
        Some(after) => after,
        None => head(link).await?,
    };
    while left > 0 {
        let patience = until.map(|until| until.saturating_duration_since(Instant::now()));
        asked.after = Some(seq);
        asked.wait_ms = patience.map_or(PATIENCE, |left| left.as_millis().min(PATIENCE.into()) as u32);
        let answer: BoardEvents = link.call_host("read_events", &asked).await?;
        for event in answer.events {
            if left == 0 || !print::line(&if json { json_line(&event) } else { text_line(&event) })? {
                return Ok(());
            }
            left -= 1;
        }
        seq = answer.seq;
        if patience.is_some_and(|left| left.is_zero()) {
            break;
        }
    }
    Ok(())
}

/// The newest change so far.
pub async fn head(link: &Link) -> Result<i64, Failure> {
    let overview: Value = link.call_host("get_overview", &Nothing {}).await?;
    Ok(overview["seq"].as_i64().unwrap_or(0))
}

fn json_line(event: &BoardEvent) -> String {
    serde_json::to_string(event).unwrap_or_default()
}

/// `12:03:04  task.created  T-12  you: added …`
fn text_line(event: &BoardEvent) -> String {
    let at = Timestamp::from_millisecond(event.at).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = at.to_zoned(TimeZone::system()).strftime("%H:%M:%S");
    let key = event.task.map(TaskId::key).unwrap_or_default();
    let kind = print::paint("1", &format!("{:<22}", event.event));
    format!("{at}  {kind} {key:<7} {}: {}", print::tame(&event.actor), print::tame(&event.text))
}
