//! `/api/quality-review`: verdicts on work, in the first board's words.

use axum::{
    body::Bytes,
    extract::{Query, rejection::QueryRejection},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Answer, Fail, bad, ok, read,
    tasks::{find, query},
    words,
};
use crate::gate::Caller;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    task_id: Option<i64>,
    task_ids: Option<String>,
}

/// The reviews of one task, newest first, or the newest of each of several.
pub(crate) async fn list(caller: Caller, wanted: Result<Query<Wanted>, QueryRejection>) -> Answer {
    let wanted = query(wanted)?;
    if let Some(ids) = wanted.task_ids {
        let number = |id: &str| id.trim().parse().ok().filter(|id| *id > 0);
        let ids: Option<Vec<i64>> = ids.split(',').map(number).collect();
        let ids = ids.filter(|ids| ids.len() <= 100);
        let ids =
            ids.ok_or_else(|| bad("taskIds must name 1 to 100 tasks by their numbers, with commas between"))?;
        let mut latest = Map::new();
        for id in ids {
            let newest = reviews(&caller, id).await.unwrap_or_default().into_iter().next();
            latest.insert(id.to_string(), newest.unwrap_or(Value::Null));
        }
        return ok(json!({ "latest": latest }));
    }
    let task = wanted.task_id.ok_or_else(|| bad("taskId is missing"))?;
    ok(json!({ "reviews": reviews(&caller, task).await? }))
}

async fn reviews(caller: &Caller, task: i64) -> Result<Vec<Value>, Fail> {
    let detail = caller.ask("get_task", json!({ "id": task })).await?;
    let given = detail["queue"]["reviews"].as_array().into_iter().flatten();
    Ok(given.rev().enumerate().map(|(at, review)| view(task, at, review)).collect())
}

fn view(task: i64, at: usize, review: &Value) -> Value {
    json!({
        "id": at + 1,
        "task_id": task,
        "reviewer": words::who(&review["reviewer"]),
        "status": review["verdict"],
        "notes": review["notes"],
        "round": review["round"],
        "created_at": words::seconds(&review["at"]),
    })
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Said {
    task_id: Option<i64>,
    reviewer: Option<String>,
    status: Option<String>,
    notes: Option<String>,
}

/// A verdict moves work that is in review: approved to done, rejected back to its agent with the notes. At another
/// time it is kept, and `task_status` says that the card stands where it stood.
pub(crate) async fn create(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    let task = said.task_id.filter(|id| *id > 0).ok_or_else(|| bad("taskId is missing"))?;
    let verdict = said.status.as_deref().filter(|word| matches!(*word, "approved" | "rejected"));
    let verdict = verdict.ok_or_else(|| bad("status must be approved or rejected"))?;
    let notes = said.notes.as_deref().map(str::trim).filter(|notes| !notes.is_empty());
    let notes = notes.ok_or_else(|| bad("notes are missing: the agent hears them"))?;
    find(&caller, task).await?;
    let request =
        json!({ "id": task, "verdict": verdict, "notes": notes, "reviewer": said.reviewer, "keep": true });
    match caller.ask("review_task", request).await {
        Ok(detail) => {
            let status = words::status_word(detail["card"]["status"].as_str().unwrap_or_default()).to_owned();
            let count = detail["queue"]["reviews"].as_array().map_or(0, Vec::len);
            ok(
                json!({ "success": true, "id": count, "task_id": task, "status": verdict, "task_status": status }),
            )
        }
        Err(problem) => Err(super::tasks::refused(&caller, task, None, problem).await),
    }
}
