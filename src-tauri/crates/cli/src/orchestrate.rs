//! Handing out cards: ready, exec, exec-next, check. Who asks may start the agent; the card, its workspace
//! and its end are kept here.

use app::wire::*;
use domain::{RunId, Status};
use serde_json::{Value, json};

use crate::{
    args::ExecArgs,
    commands::{find, find_id, part, told},
    failure::Failure,
    link::Link,
    print,
    runs::{newest_run, start},
};

/// Candidates looked at beyond those that are wanted: some may wait for others.
const SPARE: u32 = 50;

pub async fn ready(link: &Link, ids: &[String], json: bool) -> Result<(), Failure> {
    for id in ids {
        let request = MoveTask { id: find_id(link, id).await?, column: Status::Ready };
        told(link, link.call("move_task", &request).await?, "is ready", json).await?;
    }
    Ok(())
}

pub async fn exec(link: &Link, id: &str, how: &ExecArgs, json: bool) -> Result<(), Failure> {
    let task = find(link, id).await?;
    let handed = hand_out(link, &task, how).await?;
    if json { print::out_json(&handed) } else { tell(&handed) }
}

/// The next cards that wait for nothing. One that somebody else takes meanwhile is passed over.
pub async fn exec_next(link: &Link, count: u32, how: &ExecArgs, json: bool) -> Result<(), Failure> {
    if let Some(agent) = &how.agent {
        return start_next(link, StartNext { count, agent: agent.clone() }, json).await;
    }
    let request = ListCards {
        statuses: vec![Status::Ready, Status::Inbox],
        limit: Some(count + SPARE),
        ..ListCards::default()
    };
    let list: Value = link.call("list_cards", &request).await?;
    let mut handed = Vec::new();
    for card in part::<Vec<Value>>(&list, "cards")? {
        if handed.len() == count as usize {
            break;
        }
        let task: Value = link.call("get_task", &TaskRef { id: part(&card, "id")? }).await?;
        let blocked = task["queue"]["waits_for"]
            .as_array()
            .is_some_and(|edges| edges.iter().any(|edge| edge["met"] == false));
        if blocked || card["needs_you"] == true {
            continue;
        }
        match hand_out(link, &task, how).await {
            Ok(one) => {
                if !json {
                    tell(&one)?;
                }
                handed.push(one);
            }
            Err(Failure::Problem(problem)) if problem.code == ProblemCode::Conflict => {
                print::note(&format!("{} is passed over: {problem}", print::text(&card, "key")));
            }
            Err(failure) => return Err(failure),
        }
    }
    match (json, handed.is_empty()) {
        (true, _) => print::out_json(&Value::Array(handed)),
        (false, true) => print::out("There is no card that could be started."),
        (false, false) => Ok(()),
    }
}

async fn start_next(link: &Link, request: StartNext, json: bool) -> Result<(), Failure> {
    let started: Value = link.call("start_next", &request).await?;
    for passed in part::<Vec<Value>>(&started, "passed_over")? {
        print::note(&format!("T-{} is passed over: {}", passed["task"], print::text(&passed, "why")));
    }
    let started: Vec<Value> = part::<Vec<Value>>(&started, "runs")?.iter().map(at_work).collect();
    if json {
        return print::out_json(&Value::Array(started));
    }
    if started.is_empty() {
        return print::out("There is no card that could be started.");
    }
    started.iter().try_for_each(tell)
}

/// The same of a run that was started here.
fn at_work(run: &Value) -> Value {
    let workspace = print::text(&run["workspace"], "path");
    json!({
        "task": run["task"],
        "key": format!("T-{}", run["task"]),
        "run": run["id"],
        "agent": format!("run-{}", run["id"]),
        "artifacts": std::path::Path::new(workspace).join("artifacts"),
        "workspace": workspace,
    })
}

/// What whoever starts the agent must know: card, workspace, artifacts, agent.
async fn hand_out(link: &Link, task: &Value, how: &ExecArgs) -> Result<Value, Failure> {
    let id = part(&task["card"], "id")?;
    if let Some(agent) = &how.agent {
        let request = StartRun {
            task: id,
            agent: agent.clone(),
            mode: Some(Mode::Unattended),
            model: None,
            argv: None,
            size: None,
            resume: None,
            skip_permissions: false,
        };
        return Ok(at_work(&start(link, task, &request).await?));
    }
    let request = HandOutTask { id, agent: how.name.clone(), lease_seconds: how.lease };
    let out: Value = link.call("hand_out_task", &request).await?;
    let claim = &out["claim"];
    Ok(json!({
        "task": id,
        "key": task["card"]["key"],
        "run": claim["run"],
        "agent": format!("{}:{}", claim["run"], print::text(claim, "token")),
        "workspace": out["workspace"],
        "artifacts": out["artifacts"],
    }))
}

fn tell(handed: &Value) -> Result<(), Failure> {
    print::out(&format!("{} is in flight", print::text(handed, "key")))?;
    for (name, field) in [("Workspace", "workspace"), ("Artifacts", "artifacts"), ("Agent", "agent")] {
        print::out(&format!("{name}: {}", print::tame(print::text(handed, field))))?;
    }
    Ok(())
}

pub async fn check(link: &Link, wanted: &str, json: bool) -> Result<(), Failure> {
    let request = match session(wanted) {
        Some((run, token)) => CheckRun { run, token },
        None => CheckRun { run: part(&newest_run(link, wanted).await?, "id")?, token: None },
    };
    let run: Value = link.call("check_run", &request).await?;
    if json {
        print::out_json(&run)?;
    } else {
        let key = domain::TaskId(run["task"].as_i64().unwrap_or(0)).key();
        let reason = print::tame(print::text(&run, "reason"));
        let why = if reason.is_empty() { reason } else { format!(" ({reason})") };
        print::out(&format!(
            "{key} run {} with {}: {}{why}",
            run["attempt"],
            print::text(&run, "agent"),
            print::text(&run, "status")
        ))?;
    }
    let well = run["ended_at"].is_null() || run["status"] == "succeeded";
    if well { Ok(()) } else { Err(print::failed_run(&run)) }
}

/// `12:TOKEN` or `run-12`; anything else names a card.
pub fn session(text: &str) -> Option<(RunId, Option<String>)> {
    if let Some((run, token)) = text.split_once(':') {
        let run = run.strip_prefix("run-").unwrap_or(run);
        return Some((RunId(run.parse().ok()?), Some(token.to_owned())));
    }
    let run = text.strip_prefix("run-")?.parse().ok()?;
    Some((RunId(run), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_told_from_a_card() {
        assert_eq!(session("12:abc"), Some((RunId(12), Some("abc".into()))));
        assert_eq!(session("run-12:abc"), Some((RunId(12), Some("abc".into()))));
        assert_eq!(session("run-12"), Some((RunId(12), None)));
        for card in ["12", "T-12", "run-", "x:y", "0190a1b2-0000-7000-8000-000000000001"] {
            assert_eq!(session(card), None, "{card}");
        }
    }
}
