//! Agents in the background: the whole queue, spawn, history, cancel, and what is left to clean up.

use std::time::{Duration, Instant};

use app::wire::*;
use domain::{Status, TaskId};
use serde_json::{Value, json};

use crate::{
    args::{RunArgs, SpawnArgs},
    commands::{find_id, find_project, part, text_or_file, told},
    events::head,
    failure::Failure,
    link::Link,
    orchestrate, print, progress,
    runs::{newest_run, start},
};

/// Longest title made from a prompt, in characters.
const TITLE: usize = 80;
/// What the plan says of cards that wait for something that passes by itself.
const PASSES: [&str; 6] = ["timer", "limit", "at_capacity", "breaker_open", "breaker_probing", "preempting"];
/// Most waits that a plan lists.
const LISTED: usize = 1_000;
/// How long one answer may be waited for, in milliseconds.
const PATIENCE: u32 = 60_000;

/// Hands every card that waits to be worked on to the dispatcher, and waits until nothing more happens by
/// itself. Inboxes that a person looks through first are left alone.
pub async fn run_queue(link: &Link, said: &RunArgs, json: bool) -> Result<(), Failure> {
    let started = Instant::now();
    let ids = hand_over(link, said.agent.as_deref()).await?;
    let bar = progress::bar(ids.len() as u64, "cards");
    let mut seq = head(link).await?;
    loop {
        let cards: Vec<Value> = link.call_host("get_cards", &GetCards { ids: ids.clone() }).await?;
        let moving = still_moving(link, &cards).await?;
        bar.set_position((ids.len() - moving) as u64);
        if moving == 0 {
            bar.finish_and_clear();
            return ended(link, cards, json).await;
        }
        let left = said.timeout.map(|seconds| Duration::from_secs(seconds).saturating_sub(started.elapsed()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Failure::QueueTimedOut(said.timeout.unwrap_or_default()));
        }
        let wait_ms = left.map_or(PATIENCE, |left| left.as_millis().min(PATIENCE.into()) as u32);
        let asked = ReadEvents { after: Some(seq), wait_ms, ..ReadEvents::default() };
        seq = link.call_host::<_, BoardEvents>("read_events", &asked).await?.seq;
    }
}

async fn hand_over(link: &Link, agent: Option<&str>) -> Result<Vec<TaskId>, Failure> {
    let projects: Vec<Value> = link.call_host("list_projects", &Nothing {}).await?;
    let triaged: Vec<&Value> = projects
        .iter()
        .filter(|project| project["settings"]["triage"] == true)
        .map(|project| &project["id"])
        .collect();
    let request = ListCards { statuses: vec![Status::Ready, Status::Inbox], ..ListCards::default() };
    let list: Value = link.call_host("list_cards", &request).await?;
    let (mut ids, mut agent) = (Vec::new(), agent.map(str::to_owned));
    for card in part::<Vec<Value>>(&list, "cards")? {
        if card["status"] == "inbox" && triaged.contains(&&card["project"]) {
            continue;
        }
        let id: TaskId = part(&card, "id")?;
        if card["assignee"].is_null() {
            offer(link, id, &mut agent).await?;
        }
        ids.push(id);
    }
    // Once there is an agent for each.
    for id in &ids {
        let _: Value = link.call_host("queue_task", &QueueTask { id: *id, queued: true }).await?;
    }
    Ok(ids)
}

/// The agent for a card that names none: `agent`, or the usual one, which is looked for once.
async fn offer(link: &Link, id: TaskId, agent: &mut Option<String>) -> Result<(), Failure> {
    let detail: Value = link.call_host("get_task", &TaskRef { id }).await?;
    if detail["queue"]["agents"].as_array().is_some_and(|agents| !agents.is_empty()) {
        return Ok(());
    }
    let agent = match agent {
        Some(agent) => agent,
        None => agent.insert(usual_agent(link).await?),
    };
    let routing = SetRouting { agents: Some(vec![agent.clone()]), ..SetRouting::default() };
    let edit = json!({ "id": id, "routing": routing });
    link.call_host::<_, Value>("edit_task", &edit).await.map(|_| ())
}

/// How many of the cards are at work or will be without a person.
async fn still_moving(link: &Link, cards: &[Value]) -> Result<usize, Failure> {
    let at_work = cards.iter().filter(|card| card["status"] == "in_progress").count();
    let waiting: Vec<&Value> = cards
        .iter()
        .filter(|card| card["status"] == "ready" && card["queued"] == true)
        .map(|card| &card["id"])
        .collect();
    if waiting.is_empty() {
        return Ok(at_work);
    }
    let plan: Value = link.call_host("get_plan", &GetPlan::default()).await?;
    let list = |name: &str| plan[name].as_array().map(Vec::as_slice).unwrap_or_default();
    if plan["paused"] == true {
        return Ok(at_work);
    }
    let waits = list("waits");
    let stuck = |card: &Value| match waits.iter().find(|entry| entry["task"] == *card) {
        Some(entry) => !PASSES.contains(&print::text(entry, "code")),
        // Not there: it starts, or has started since the cards were read; or it is behind all that the list names.
        None => waits.len() == LISTED && !list("starts").iter().any(|entry| entry["task"] == *card),
    };
    Ok(at_work + waiting.into_iter().filter(|card| !stuck(card)).count())
}

/// The cards as they are now; 3 if work on one of them failed.
async fn ended(link: &Link, cards: Vec<Value>, json: bool) -> Result<(), Failure> {
    let count = |word: &str| cards.iter().filter(|card| card["status"] == word).count();
    let failed = count("failed");
    if json {
        print::cards(cards, true)?;
    } else if cards.is_empty() {
        print::out("Nothing is ready.")?;
    } else {
        let left = count("ready");
        print::out(&format!(
            "{} worked through: {} in review, {} done, {failed} failed",
            cards.len() - left,
            count("review"),
            count("done")
        ))?;
        if left > 0 {
            crate::queue::plan(link, None, None, false).await?;
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::RunFailed {
            status: "failed".into(),
            reason: Some(format!("{failed} cards failed")),
        }),
    }
}

pub async fn spawn(link: &Link, said: &SpawnArgs, json: bool) -> Result<(), Failure> {
    let prompt = text_or_file(&said.prompt)?;
    let first = prompt.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let title = domain::text::elide(first, TITLE);
    let agent = match &said.agent {
        Some(agent) => agent.clone(),
        None => usual_agent(link).await?,
    };
    let request = AddTask {
        description: if title == prompt.trim() { String::new() } else { prompt },
        title,
        project: find_project(link, said.project.as_deref()).await?,
        tags: said.label.iter().cloned().collect(),
        ..AddTask::default()
    };
    let card: Value = link.call("add_task", &request).await?;
    let id: TaskId = part(&card, "id")?;
    let task: Value = link.call("get_task", &TaskRef { id }).await?;
    let request = StartRun {
        task: id,
        agent,
        mode: Some(Mode::Unattended),
        model: said.model.clone(),
        argv: None,
        size: None,
        resume: None,
        skip_permissions: false,
    };
    let run = start(link, &task, &request).await?;
    let session = format!("run-{}", run["id"]);
    if json {
        let shown = json!({ "session": session, "task": id, "key": id.key(), "run": run });
        return print::out_json(&shown);
    }
    print::out(&format!("{} is in flight with {}", id.key(), print::text(&run, "agent")))?;
    print::out(&format!("Session: {session}"))
}

/// Whom to start where nobody was named.
async fn usual_agent(link: &Link) -> Result<String, Failure> {
    let policy: Value = link.call("get_queue_policy", &Nothing {}).await?;
    if let Some(first) = policy["agents"][0].as_str() {
        return Ok(first.to_owned());
    }
    let doctor: Value = link.call("doctor", &Nothing {}).await?;
    let installed: Vec<&str> = doctor["agents"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|agent| !agent["path"].is_null() && agent["enabled"] == true && agent["problem"].is_null())
        .filter_map(|agent| agent["name"].as_str())
        .filter(|name| !["demo", "custom"].contains(name))
        .collect();
    let settings: Value = link.call("get_settings", &Nothing {}).await?;
    let last = settings["last_agent"].as_str().filter(|last| installed.contains(last));
    last.or(installed.first().copied()).map(str::to_owned).ok_or_else(|| {
        Failure::Problem(Problem {
            code: ProblemCode::Unavailable,
            message: "no agent is installed on this machine".into(),
            next: Some("`flightboard doctor` tells how to get one; --agent demo needs none".into()),
        })
    })
}

pub async fn history(link: &Link, session: &str, lines: u32, json: bool) -> Result<(), Failure> {
    let run: Value = match orchestrate::session(session) {
        Some((run, _)) => link.call("get_run", &RunRef { run }).await?,
        None => newest_run(link, session).await?,
    };
    let id = part(&run, "id")?;
    let timeline: Vec<Value> = link.call("get_timeline", &TaskRef { id: part(&run, "task")? }).await?;
    let total = read_lines(link, id, 0, 1).await?["total"].as_i64().unwrap_or(0);
    let output = read_lines(link, id, (total - i64::from(lines)).max(0), lines.max(1)).await?;
    if json {
        return print::out_json(&json!({ "run": run, "timeline": timeline, "output": output["lines"] }));
    }
    let key = TaskId(run["task"].as_i64().unwrap_or(0)).key();
    let heading = format!(
        "{key} run {} with {}: {}",
        run["attempt"],
        print::text(&run, "agent"),
        print::text(&run, "status")
    );
    print::out(&print::paint("1", &heading))?;
    for entry in timeline {
        print::out(&format!(
            "{}: {}",
            print::tame(print::text(&entry, "actor")),
            print::tame(print::text(&entry, "text"))
        ))?;
    }
    for line in output["lines"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        print::out(&format!("| {}", print::tame(line)))?;
    }
    Ok(())
}

/// None of a run that has no output here: its agent worked elsewhere.
async fn read_lines(link: &Link, run: domain::RunId, first: i64, count: u32) -> Result<Value, Failure> {
    match link.call("read_lines", &ReadLines { run, first, count }).await {
        Err(Failure::Problem(problem)) if problem.code == ProblemCode::NotFound => Ok(Value::Null),
        answer => answer,
    }
}

pub async fn cancel(link: &Link, ids: &[String], json: bool) -> Result<(), Failure> {
    for id in ids {
        let request = MoveTask { id: find_id(link, id).await?, column: Status::Cancelled };
        told(link, link.call("move_task", &request).await?, "cancelled", json).await?;
    }
    Ok(())
}

pub async fn clean_up(link: &Link, workspaces: Option<u32>, json: bool) -> Result<(), Failure> {
    let request = CleanUp { workspaces_after_days: workspaces };
    let cleaned: Value = link.call("clean_up", &request).await?;
    if json {
        return print::out_json(&cleaned);
    }
    let count = |name: &str| cleaned[name].as_array().map_or(0, Vec::len);
    print::done(&format!(
        "{} taken back from silent agents, {} workspaces removed",
        count("lost"),
        count("workspaces")
    ))?;
    for kept in cleaned["kept"].as_array().into_iter().flatten() {
        print::note(&format!(
            "the workspace of {} stays: {}",
            print::text(kept, "key"),
            print::text(&kept["why"], "message")
        ));
    }
    Ok(())
}
