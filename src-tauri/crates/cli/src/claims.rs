//! Commands for agents that pull: take a task, stay heard, report its end.

use app::wire::*;
use domain::{RunId, TaskId};
use serde_json::Value;

use crate::{commands::text_or_file, failure::Failure, link::Link, print};

pub async fn claim(
    link: &Link,
    agent: &str,
    capacity: Option<i64>,
    skills: &[String],
    lease: Option<u32>,
    json: bool,
) -> Result<(), Failure> {
    let skills = (!skills.is_empty()).then(|| skills.to_vec());
    let request = ClaimTask { agent: agent.into(), max_capacity: capacity, skills, lease_seconds: lease };
    let answer: Value = link.call("claim_task", &request).await?;
    if json {
        return print::out_json(&answer);
    }
    let key = |task: &Value| TaskId(task.as_i64().unwrap_or(0)).key();
    let why = answer["why"].as_str().map(|why| format!(": {}", print::tame(why))).unwrap_or_default();
    match answer["reason"].as_str() {
        Some("at_capacity") => {
            let held = answer["held"].as_array().cloned().unwrap_or_default();
            let held: Vec<String> = held.iter().map(|held| key(&held["task"])).collect();
            print::out(&format!("{agent} has all it can take: {}", held.join(", ")))
        }
        Some("no_tasks_available") => print::out(&format!("there is no task for {agent}{why}")),
        reason => {
            let (claim, card) = (&answer["claim"], &answer["task"]["card"]);
            let again = if reason == Some("continue_current") { " again" } else { "" };
            print::out(&format!(
                "{}{again}  {}",
                key(&claim["task"]),
                print::tame(card["title"].as_str().unwrap_or(""))
            ))?;
            print::out(&format!("run {}:{}", claim["run"], claim["token"].as_str().unwrap_or("")))
        }
    }
}

pub async fn heartbeat(link: &Link, run: &str, json: bool) -> Result<(), Failure> {
    let (run, token) = address(run)?;
    let lease: Value = link.call("heartbeat_run", &HeartbeatRun { run, token }).await?;
    if json { print::out_json(&lease) } else { print::out(&format!("run {run} goes on")) }
}

pub async fn finish(
    link: &Link,
    run: &str,
    succeeded: bool,
    message: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let (run, token) = address(run)?;
    let message = message.map(text_or_file).transpose()?.unwrap_or_default();
    let request = FinishRun { run, token, succeeded, message };
    let ended: Value = link.call("finish_run", &request).await?;
    if json { print::out_json(&ended) } else { print::run(&ended) }
}

/// `12:TOKEN`
pub fn address(text: &str) -> Result<(RunId, String), Failure> {
    let parts = text.split_once(':').and_then(|(run, token)| Some((RunId(run.parse().ok()?), token)));
    let (run, token) = parts.ok_or_else(|| {
        Failure::invalid(format!(
            "“{text}” is not the address of a claimed run; give it as `claim` printed it, 12:TOKEN"
        ))
    })?;
    Ok((run, token.to_owned()))
}
