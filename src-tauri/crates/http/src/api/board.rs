//! The board as a whole, in the first board's words: its state, what happened, what is found, what is taken out.

use app::{
    in_types,
    ops::QueueLoad,
    wire::{ListedTask, Nothing},
};
use axum::{
    Extension,
    body::Body,
    extract::{Query, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, Fail, Feed, Page, agents, bad, ok,
    tasks::{PageText, every, query},
    words,
};
use crate::gate::Caller;

/// Cards or changes in one file.
const EXPORTED: usize = 50_000;
/// Changes that the operation lists at once.
const CHANGES: usize = 200;

/// For whoever wants to know whether the board answers at all.
pub(crate) async fn health() -> Response {
    axum::Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })).into_response()
}

pub(crate) async fn status(caller: Caller, Extension(feed): Extension<Feed>) -> Answer {
    let overview = in_types::get_overview(&caller.app, Nothing {}).await?;
    let QueueLoad { paused, in_flight, parallel } = in_types::queue_load(&caller.app, Nothing {}).await?;
    ok(json!({
        "status": if overview.problem.is_none() { "ok" } else { "degraded" },
        "version": overview.version,
        "problem": overview.problem,
        "tasks": {
            "in_progress": overview.in_flight,
            "assigned": overview.waiting,
            "needs_you": overview.needs_you,
        },
        "queue": { "paused": paused, "in_flight": in_flight, "parallel": parallel },
        "last_event_id": overview.seq,
        "event_streams": feed.readers(),
        "timestamp": jiff::Timestamp::now().as_second(),
    }))
}

#[derive(Deserialize)]
pub(crate) struct Happened {
    #[serde(rename = "type")]
    kinds: Option<String>,
    entity_type: Option<String>,
    actor: Option<String>,
    since: Option<i64>,
    #[serde(flatten)]
    page: PageText,
}

fn activity(change: &Value) -> Value {
    let kind = change["kind"].as_str().unwrap_or_default();
    let about = if change["task"].is_null() { kind.split('.').next().unwrap_or_default() } else { "task" };
    let id = if change["task"].is_null() { &change["project"] } else { &change["task"] };
    json!({
        "id": change["seq"],
        "type": kind,
        "entity_type": about,
        "entity_id": id,
        "actor": words::who(&change["actor"]),
        "description": change["text"],
        "data": { "run_id": change["run"] },
        "created_at": words::seconds(&change["at"]),
    })
}

pub(crate) async fn activities(caller: Caller, wanted: Result<Query<Happened>, QueryRejection>) -> Answer {
    let wanted = query(wanted)?;
    let (limit, offset) = wanted.page.read()?.of(500);
    let kinds = wanted.kinds.or(wanted.entity_type);
    let kinds = kinds.map(|all| all.split(',').map(|kind| kind.trim().replace('_', ".")).collect::<Vec<_>>());
    let request = json!({
        "kinds": kinds,
        "actor": wanted.actor,
        "since": wanted.since.map(|since| since.saturating_mul(1000)),
        "limit": limit,
        "offset": offset,
    });
    let found = caller.ask("list_changes", request).await?;
    let rows = found["changes"].as_array().into_iter().flatten().map(activity).collect();
    ok(Page::told(limit, offset, found["total"].as_u64().unwrap_or(0), "activities", rows))
}

#[derive(Deserialize)]
pub(crate) struct Sought {
    q: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    limit: Option<u32>,
}

/// Cards by title and text, agents by name and role; titles first.
pub(crate) async fn search(caller: Caller, wanted: Result<Query<Sought>, QueryRejection>) -> Answer {
    let wanted = query(wanted)?;
    let text = wanted.q.as_deref().map(str::trim).unwrap_or_default();
    if text.chars().count() < 2 {
        return Err(bad("q must have at least 2 characters"));
    }
    let limit = wanted.limit.unwrap_or(30).clamp(1, 100);
    let of = |kind: &str| wanted.kind.as_deref().is_none_or(|only| only == kind);
    let mut results = Vec::new();
    if of("task") {
        let found = caller.list_tasks(json!({ "text": text, "limit": limit })).await?;
        results.extend(found.tasks.iter().map(|task| found_task(task, text)));
    }
    if of("agent") {
        let all = caller.ask("list_agents", json!({})).await?;
        let fits = |agent: &&Value| holds(&agent["name"], text) || holds(&agent["role"], text);
        results.extend(all.as_array().into_iter().flatten().filter(fits).map(|agent| {
            let agent = agents::view(agent);
            json!({
                "type": "agent", "id": agent["id"], "title": agent["name"], "subtitle": agent["role"],
                "created_at": agent["created_at"], "relevance": if holds(&agent["name"], text) { 2 } else { 1 },
            })
        }));
    }
    results.sort_by_key(|result| std::cmp::Reverse(result["relevance"].as_i64()));
    results.truncate(limit as usize);
    ok(json!({ "query": text, "count": results.len(), "results": results }))
}

fn holds(value: &Value, text: &str) -> bool {
    value.as_str().is_some_and(|value| contains(value, text))
}

fn contains(value: &str, text: &str) -> bool {
    value.to_lowercase().contains(&text.to_lowercase())
}

fn found_task(card: &ListedTask, text: &str) -> Value {
    let task = words::task(card);
    json!({
        "type": "task",
        "id": task.id,
        "title": task.title,
        "subtitle": task.status,
        "excerpt": domain::text::elide(task.description, 120),
        "created_at": task.created_at,
        "relevance": if contains(task.title, text) { 2 } else { 1 },
    })
}

#[derive(Deserialize)]
pub(crate) struct Taken {
    #[serde(rename = "type")]
    kind: Option<String>,
    format: Option<String>,
}

/// Everything of a kind, as CSV for a spreadsheet or as JSON.
pub(crate) async fn export(caller: Caller, wanted: Result<Query<Taken>, QueryRejection>) -> Answer {
    let wanted = query(wanted)?;
    let kind = wanted.kind.unwrap_or_default();
    let columns: &[&str] = match kind.as_str() {
        "tasks" => &TASK_COLUMNS,
        "activities" => &ACTIVITY_COLUMNS,
        _ => return Err(bad("type must be tasks or activities")),
    };
    let format = wanted.format.as_deref().unwrap_or("csv");
    if !matches!(format, "csv" | "json") {
        return Err(bad("format must be csv or json"));
    }
    let rows: Vec<Value> = if kind == "tasks" {
        let found = every(&caller, json!({}), EXPORTED).await?;
        found.iter().map(|card| json!(words::task(card))).collect()
    } else {
        every_change(&caller).await?.iter().map(activity).collect()
    };
    let body = match format {
        "csv" => csv(columns, &rows),
        _ => json!({ "type": kind, "count": rows.len(), "data": rows }).to_string(),
    };
    let mime = if format == "csv" { "text/csv; charset=utf-8" } else { "application/json" };
    let name = format!("attachment; filename={kind}.{format}");
    Ok(([(header::CONTENT_TYPE, mime.to_owned()), (header::CONTENT_DISPOSITION, name)], Body::from(body))
        .into_response())
}

/// The newest [`EXPORTED`] changes.
async fn every_change(caller: &Caller) -> Result<Vec<Value>, Fail> {
    let mut changes = Vec::new();
    while changes.len() < EXPORTED {
        let page = json!({ "limit": CHANGES, "offset": changes.len() });
        let mut page = caller.ask("list_changes", page).await?;
        let Some(found) = page["changes"].as_array_mut() else { break };
        let is_last = found.len() < CHANGES;
        changes.append(found);
        if is_last {
            break;
        }
    }
    Ok(changes)
}

const TASK_COLUMNS: [&str; 13] = [
    "id",
    "title",
    "description",
    "status",
    "priority",
    "assigned_to",
    "created_by",
    "created_at",
    "updated_at",
    "due_date",
    "completed_at",
    "outcome",
    "tags",
];
const ACTIVITY_COLUMNS: [&str; 7] =
    ["id", "type", "entity_type", "entity_id", "actor", "description", "created_at"];

fn csv(columns: &[&str], rows: &[Value]) -> String {
    let mut text = columns.join(",") + "\r\n";
    for row in rows {
        let cells: Vec<String> = columns.iter().map(|column| cell(&row[*column])).collect();
        text += &(cells.join(",") + "\r\n");
    }
    text
}

/// RFC 4180. What a spreadsheet would take for a formula is given a quote in front.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => return value.to_string(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        for (value, expected) in [
            (json!("plain"), "plain"),
            (json!("a,b"), "\"a,b\""),
            (json!("say \"hi\"\n"), "\"say \"\"hi\"\"\n\""),
            (json!("=HYPERLINK(1)"), "'=HYPERLINK(1)"),
            (json!(-3), "-3"),
            (json!(null), ""),
            (json!(["x"]), "\"[\"\"x\"\"]\""),
        ] {
            assert_eq!(cell(&value), expected, "{value}");
        }
    }
}
