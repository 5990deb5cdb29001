//! The dashboard.

use std::time::Duration;

use app::wire::{BoardEvents, Nothing, ReadEvents};
use domain::TaskId;
use serde_json::Value;

use crate::{
    failure::Failure,
    link::Link,
    print,
    screen::{self, Screen, Stirred},
    signals,
};

/// Between two pictures, so that a flood of changes does not become a flood of output.
const PACE: Duration = Duration::from_millis(250);
/// How long one answer may be waited for, in milliseconds.
const PATIENCE: u32 = 60_000;

pub async fn run(link: &Link, watch: bool, json: bool) -> Result<(), Failure> {
    if watch {
        return tokio::select! {
            outcome = follow(link, json) => outcome,
            () = signals::stopped() => Ok(()),
        };
    }
    let report: Value = link.call("get_status", &Nothing {}).await?;
    if json { print::out_json(&report) } else { print::out(&picture(&report)) }
}

/// A picture after each change: drawn over the last one where a person looks, one below the other elsewhere.
async fn follow(link: &Link, json: bool) -> Result<(), Failure> {
    let mut report: Value = link.call_host("get_status", &Nothing {}).await?;
    if !json && screen::is_there() {
        return live(link, report).await;
    }
    loop {
        let shown = if json { report.to_string() } else { format!("{}\n", picture(&report)) };
        if !print::line(&shown)? {
            return Ok(());
        }
        report = changed(link, &report).await?;
    }
}

async fn live(link: &Link, mut report: Value) -> Result<(), Failure> {
    let failed = |error| Failure::io("the terminal", error);
    let mut screen = Screen::open().map_err(failed)?;
    loop {
        screen.draw(&picture(&report)).map_err(failed)?;
        tokio::select! {
            next = changed(link, &report) => report = next?,
            stirred = screen.stirs() => match stirred {
                Stirred::Resized => {}
                Stirred::Left => return Ok(()),
            },
        }
    }
}

/// How things stand once something has changed.
async fn changed(link: &Link, report: &Value) -> Result<Value, Failure> {
    let mut after = report["overview"]["seq"].as_i64();
    loop {
        let asked = ReadEvents { after, wait_ms: PATIENCE, ..ReadEvents::default() };
        let told: BoardEvents = link.call_host("read_events", &asked).await?;
        if !told.events.is_empty() {
            break;
        }
        after = Some(told.seq);
    }
    tokio::time::sleep(PACE).await;
    link.call_host("get_status", &Nothing {}).await
}

fn picture(report: &Value) -> String {
    let list = |name: &str| report[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut lines = vec![counts(list("columns"))];
    lines.extend(problem(report));
    lines.push(dispatcher(report));
    let mut part = |title: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            lines.push(String::new());
            lines.push(print::paint("1", title));
            lines.extend(rows);
        }
    };
    part("Needs you", list("needs_you").iter().map(print::card_line).collect());
    part("At work", list("live").iter().map(at_work).collect());
    part("Next", list("starts").iter().map(next).collect());
    part("Agents", list("agents").iter().map(agent).collect());
    lines.join("\n")
}

/// `2 in flight · 1 in review · 4 ready · 9 in the inbox · 30 done · 1 failed · 0 cancelled · 47 in all`
fn counts(columns: &[Value]) -> String {
    let of = |word: &str| {
        let found = columns.iter().find(|entry| entry["column"] == word);
        found.and_then(|entry| entry["cards"].as_u64()).unwrap_or(0)
    };
    let all: u64 = columns.iter().filter_map(|entry| entry["cards"].as_u64()).sum();
    let words = [
        ("in_progress", "in flight"),
        ("review", "in review"),
        ("ready", "ready"),
        ("inbox", "in the inbox"),
        ("done", "done"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
    ];
    let parts: Vec<String> = words.iter().map(|(word, said)| format!("{} {said}", of(word))).collect();
    format!("{} · {all} in all", parts.join(" · "))
}

fn problem(report: &Value) -> Option<String> {
    report["overview"]["problem"].as_str().map(|text| print::paint("31", &print::tame(text)))
}

/// What starts by itself, and what this day cost.
fn dispatcher(report: &Value) -> String {
    let state = match (report["dispatches"] == true, report["paused"] == true) {
        (_, true) => "paused".to_owned(),
        (true, false) => format!("at most {} at one time", report["parallel"]),
        (false, false) => "not running: the window or `flightboard serve` starts queued cards".into(),
    };
    let spent = &report["spent_today"];
    let usd = spent["micros"].as_f64().unwrap_or(0.0) / 1e6;
    let about = if spent["estimated"] == true { "about " } else { "" };
    format!("dispatcher {state} · today {about}${usd:.2}, {} tokens", spent["tokens"])
}

fn at_work(card: &Value) -> String {
    let run = &card["run"];
    let last = print::tame(print::text(run, "last_line"));
    let agent = print::text(run, "agent");
    format!("{}  {}", print::card_line(card), print::paint("2", format!("{agent} {last}").trim_end()))
}

fn next(start: &Value) -> String {
    let key = TaskId(start["task"].as_i64().unwrap_or(0)).key();
    format!("{key:<7} {}", print::tame(print::text(start, "why")))
}

fn agent(agent: &Value) -> String {
    let most = agent["capacity"].as_u64().map(|most| format!(" of {most}")).unwrap_or_default();
    let load = format!("{}{most} at work", agent["live"]);
    let line = format!("{:<14} {load}", print::text(agent, "name"));
    match agent["trouble"].as_str() {
        Some(trouble) => format!("{line}  {}", print::paint("33", &print::tame(trouble))),
        None => line,
    }
}
