//! `/api/tasks` and what hangs on it, in the first board's words.

use app::{
    in_types,
    wire::{ClaimAnswer, Comment, ListedTask, TaskRef},
};
use axum::{
    body::Bytes,
    extract::{Path, Query, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
};
use domain::{Id, Status, TaskId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Answer, Fail, Page, bad, created, id, not_found, ok, read, repeat::etag, words};
use crate::gate::{self, Caller};

/// Seconds of a day; a month has thirty.
const DAY: i64 = 86_400;
/// Rows that an operation lists at once.
const WHOLE_PAGE: usize = 200;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    status: Option<String>,
    assigned_to: Option<String>,
    priority: Option<String>,
    project_id: Option<i64>,
    search: Option<String>,
    #[serde(flatten)]
    page: PageText,
}

/// Numbers behind `flatten` arrive as text.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PageText {
    limit: Option<String>,
    offset: Option<String>,
    page: Option<String>,
}

impl PageText {
    /// Whether no page was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.limit.is_none() && self.offset.is_none() && self.page.is_none()
    }

    pub(crate) fn read(&self) -> Result<Page, Fail> {
        let number = |name: &str, text: &Option<String>| match text {
            Some(text) => {
                text.parse().map(Some).map_err(|_| bad(format!("{name} must be a number from 0 up")))
            }
            None => Ok(None),
        };
        let (limit, offset) = (number("limit", &self.limit)?, number("offset", &self.offset)?);
        Ok(Page { limit, offset, page: number("page", &self.page)? })
    }
}

pub(crate) fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Fail> {
    query.map(|Query(wanted)| wanted).map_err(|refused| bad(refused.body_text()))
}

pub(crate) async fn list(caller: Caller, wanted: Result<Query<Wanted>, QueryRejection>) -> Answer {
    let wanted = query(wanted)?;
    let (limit, offset) = wanted.page.read()?.of(200);
    let statuses: Option<Vec<&str>> = wanted.status.as_deref().map(|all| all.split(',').collect());
    let band = wanted
        .priority
        .as_deref()
        .map(|word| words::levels(word).ok_or_else(|| bad(format!("“{word}” is not a priority"))));
    let request = json!({
        "statuses": statuses,
        "agent": wanted.assigned_to.map(|name| name.to_ascii_lowercase()),
        "priority": band.transpose()?,
        "project": wanted.project_id,
        "text": wanted.search,
        "limit": limit,
        "offset": offset,
    });
    let found = caller.list_tasks(request).await?;
    let tasks = found.tasks.iter().map(words::task).collect();
    ok(Page::told(limit, offset, found.total.into(), "tasks", tasks))
}

/// Every card there is, page by page, up to `most`.
pub(crate) async fn every(caller: &Caller, mut request: Value, most: usize) -> Result<Vec<ListedTask>, Fail> {
    let mut rows = Vec::new();
    request["limit"] = json!(WHOLE_PAGE);
    while rows.len() < most {
        request["offset"] = json!(rows.len());
        let mut found = caller.list_tasks(request.clone()).await?.tasks;
        let is_last = found.len() < WHOLE_PAGE;
        rows.append(&mut found);
        if is_last {
            break;
        }
    }
    Ok(rows)
}

/// The card as the operation lists it.
pub(crate) async fn find(caller: &Caller, id: i64) -> Result<ListedTask, Fail> {
    let found = caller.list_tasks(json!({ "ids": [id] })).await?.tasks.pop();
    found.ok_or_else(|| not_found(format!("task {} does not exist", TaskId(id).key())).into())
}

/// What a single card is answered with.
#[derive(Serialize)]
struct Shown<'c> {
    task: words::Task<'c>,
}

impl Shown<'_> {
    fn of(card: &ListedTask) -> Shown<'_> {
        Shown { task: words::task(card) }
    }
}

pub(crate) async fn show(caller: Caller, Path(task): Path<String>) -> Answer {
    ok(Shown::of(&find(&caller, id(&task)?).await?))
}

/// What the first board says of a card; fields that it has and we do not are left alone.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Said {
    title: Option<String>,
    description: Option<String>,
    status: Option<String>,
    priority: Option<Value>,
    project_id: Option<i64>,
    tags: Option<Vec<String>>,
    #[serde(deserialize_with = "given")]
    assigned_to: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    due_date: Option<Option<Value>>,
    outcome: Option<String>,
    error_message: Option<String>,
    resolution: Option<String>,
    feedback_rating: Option<u8>,
    feedback_notes: Option<String>,
    estimated_hours: Option<f64>,
    actual_hours: Option<f64>,
    metadata: Option<Map<String, Value>>,
}

/// Tells a field that is null from one that is missing.
fn given<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl Said {
    fn request(self, id: Option<i64>, agent: Option<&str>) -> Result<Value, Fail> {
        let due = self.due_date.map(|due| match due {
            None | Some(Value::Null) => Ok(json!({ "at": null })),
            Some(at) => words::millis(&at)
                .map(|at| json!({ "at": at }))
                .ok_or_else(|| bad("due_date must be seconds since 1970, or a date such as 2027-01-15")),
        });
        let assign = self.assigned_to.map(|name| {
            let name = name.map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
            json!({ "agent": name })
        });
        let outcome = json!({
            "outcome": self.outcome,
            "error_message": self.error_message,
            "resolution": self.resolution,
            "feedback_rating": self.feedback_rating,
            "feedback_notes": self.feedback_notes,
            "estimated_hours": self.estimated_hours,
            "actual_hours": self.actual_hours,
            "metadata": self.metadata.map(|metadata| Value::Object(metadata).to_string()),
        });
        let reported = outcome.as_object().into_iter().flatten().any(|(_, value)| !value.is_null());
        Ok(json!({
            "id": id,
            "title": self.title,
            "description": self.description,
            "project": self.project_id,
            "priority": self.priority,
            "tags": self.tags,
            "due": due.transpose()?,
            "assign": assign,
            "status": self.status,
            "agent": agent,
            "outcome": reported.then_some(outcome),
        }))
    }
}

pub(crate) async fn create(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    let made = caller.put_task(said.request(None, gate::name(&headers))?).await?;
    created(format!("/api/tasks/{}", made.id), Shown::of(&made))
}

pub(crate) async fn change(
    caller: Caller,
    Path(task): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let task = id(&task)?;
    let fields: Map<String, Value> = read(&headers, &body)?;
    if fields.is_empty() {
        return Err(bad("nothing to change was named"));
    }
    let said: Said = read(&headers, &body)?;
    let mut request = said.request(Some(task), gate::name(&headers))?;
    if let Some(expected) = headers.get(header::IF_MATCH) {
        let now = find(&caller, task).await?;
        let tag = etag(&serde_json::to_vec(&Shown::of(&now)).unwrap_or_default());
        if expected != "*" && expected.as_bytes() != tag.as_bytes() {
            let problem = app::wire::Problem {
                code: app::wire::ProblemCode::Conflict,
                message: "the task was changed since you read it".into(),
                next: Some("read it again".into()),
            };
            return Err(Fail::new(crate::problem::with_status(StatusCode::PRECONDITION_FAILED, &problem)));
        }
        request["version"] = json!(now.version);
    }
    match caller.put_task(request).await {
        Ok(changed) => ok(Shown::of(&changed)),
        Err(problem) => Err(refused(&caller, task, problem).await),
    }
}

/// A conflict is answered with where the card may go instead.
pub(crate) async fn refused(caller: &Caller, task: i64, problem: app::wire::Problem) -> Fail {
    if problem.code != app::wire::ProblemCode::Conflict {
        return problem.into();
    }
    let Ok(now) = find(caller, task).await else { return problem.into() };
    let word = |status: &Status| words::status_word(status.word());
    let moves: Vec<&str> = now.moves.iter().map(word).collect();
    let more = json!({ "status_now": word(&now.status), "legal_next": moves });
    Fail::new(crate::problem::with_more(StatusCode::CONFLICT, &problem, more))
}

#[derive(Deserialize)]
struct Moves {
    tasks: Vec<Move>,
}

#[derive(Deserialize)]
struct Move {
    id: i64,
    status: String,
}

/// One after the other; the first that is refused ends it, and the answer says which were moved before.
pub(crate) async fn move_many(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let Moves { tasks } = read(&headers, &body)?;
    if !(1..=100).contains(&tasks.len()) {
        return Err(bad("1 to 100 tasks can be moved at once"));
    }
    let count = tasks.len();
    for one in tasks {
        let said = Said { status: Some(one.status), ..Said::default() };
        let request = said.request(Some(one.id), gate::name(&headers))?;
        if let Err(problem) = caller.put_task(request).await {
            return Err(refused(&caller, one.id, problem).await);
        }
    }
    ok(json!({ "success": true, "updated": count }))
}

/// Into the trash, from where a person can take it back.
pub(crate) async fn remove(caller: Caller, Path(task): Path<String>) -> Answer {
    let task = id(&task)?;
    find(&caller, task).await?;
    caller.ask("trash_task", json!({ "id": task })).await?;
    ok(json!({ "success": true, "id": task }))
}

#[derive(Deserialize)]
pub(crate) struct Poll {
    agent: Option<String>,
    max_capacity: Option<String>,
}

pub(crate) async fn queue(
    caller: Caller,
    headers: HeaderMap,
    poll: Result<Query<Poll>, QueryRejection>,
) -> Answer {
    let poll = query(poll)?;
    let named = poll.agent.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let header = headers.get("x-agent-name").and_then(|name| name.to_str().ok()).map(str::trim);
    let agent = named.or(header.filter(|name| !name.is_empty())).or(caller.agent());
    let agent = agent.ok_or_else(|| bad("say who asks: ?agent=NAME, or the header x-agent-name"))?;
    let capacity: i64 = match poll.max_capacity.as_deref() {
        None | Some("") => 1,
        Some(text) => text
            .parse()
            .ok()
            .filter(|capacity| (1..=20).contains(capacity))
            .ok_or_else(|| bad("max_capacity must be 1 to 20"))?,
    };
    let request = json!({ "agent": agent.to_ascii_lowercase(), "max_capacity": capacity });
    let ClaimAnswer { reason, why, claim, held, task: _ } = caller.claim(request).await?;
    let card = match &claim {
        Some(run) => Some(find(&caller, run.task.raw()).await?),
        None => None,
    };
    ok(json!({
        "task": card.as_ref().map(words::task),
        "reason": reason,
        "agent": agent,
        "why": why,
        "run": claim.map(|run| json!({ "id": run.run, "token": run.token, "lease_until": words::whole_seconds(run.lease_until) })),
        "held": held.iter().map(|held| held.task).collect::<Vec<_>>(),
        "timestamp": jiff::Timestamp::now().as_second(),
    }))
}

pub(crate) async fn comments(caller: Caller, Path(task): Path<String>) -> Answer {
    let task = id(&task)?;
    let found = in_types::comments(&caller.app, TaskRef { id: TaskId(task) }).await?;
    let comments: Vec<Value> = found.iter().map(|comment| view(task, comment)).collect();
    ok(json!({ "total": comments.len(), "comments": comments }))
}

fn view(task: i64, comment: &Comment) -> Value {
    json!({
        "id": comment.id,
        "task_id": task,
        "author": words::without_kind(&comment.author),
        "content": comment.body,
        "created_at": words::whole_seconds(comment.at),
        "parent_id": null,
        "mentions": [],
        "replies": [],
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NewComment {
    content: String,
    /// An agent for which the caller speaks.
    author: Option<String>,
}

pub(crate) async fn comment(
    caller: Caller,
    Path(task): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let task = id(&task)?;
    let said: NewComment = read(&headers, &body)?;
    let caller = match said.author.as_deref().map(str::to_ascii_lowercase) {
        Some(name) if domain::agent::name(&name).is_ok() => caller.on_behalf_of(&name),
        _ => caller,
    };
    let added = caller.add_comment(json!({ "task": task, "body": said.content })).await?;
    created(format!("/api/tasks/{task}/comments"), json!({ "comment": view(task, &added) }))
}

#[derive(Deserialize)]
pub(crate) struct Timeframe {
    timeframe: Option<String>,
}

pub(crate) async fn outcomes(caller: Caller, wanted: Result<Query<Timeframe>, QueryRejection>) -> Answer {
    let timeframe = query(wanted)?.timeframe.unwrap_or_else(|| "all".into());
    let now = jiff::Timestamp::now().as_second();
    let since = match timeframe.as_str() {
        "day" => now - DAY,
        "week" => now - 7 * DAY,
        "month" => now - 30 * DAY,
        "all" => 0,
        other => return Err(bad(format!("“{other}” is not a timeframe; use day, week, month or all"))),
    };
    let finished = caller.ask("get_outcomes", json!({ "since": since * 1000 })).await?;
    let rows: Vec<&Value> = finished.as_array().into_iter().flatten().collect();
    ok(json!({
        "timeframe": timeframe,
        "summary": summary(&rows),
        "by_agent": grouped(&rows, |row| row["agent"].as_str().unwrap_or("unassigned").to_owned()),
        "by_priority": grouped(&rows, |row| words::priority(&row["priority"])),
        "common_errors": common_errors(&rows),
        "record_count": rows.len(),
    }))
}

const OUTCOMES: [&str; 5] = ["success", "failed", "partial", "abandoned", "unknown"];

fn buckets(rows: &[&Value]) -> Map<String, Value> {
    let of =
        |word: &str| rows.iter().filter(|row| row["outcome"].as_str().unwrap_or("unknown") == word).count();
    OUTCOMES.into_iter().map(|word| (word.to_owned(), json!(of(word)))).collect()
}

/// Of those that say how they came out.
fn success_rate(counts: &Map<String, Value>, total: usize) -> f64 {
    let count = |word: &str| counts[word].as_f64().unwrap_or(0.0);
    let told = total as f64 - count("unknown");
    if told > 0.0 { count("success") / told } else { 0.0 }
}

fn summary(rows: &[&Value]) -> Value {
    let counts = buckets(rows);
    let mean = |of: &dyn Fn(&Value) -> i64| {
        let sum: i64 = rows.iter().map(|row| of(row)).sum();
        if rows.is_empty() { 0.0 } else { sum as f64 / rows.len() as f64 }
    };
    let took =
        |row: &Value| row["finished_at"].as_i64().unwrap_or(0) - row["created_at"].as_i64().unwrap_or(0);
    json!({
        "total_done": rows.len(),
        "with_outcome": rows.len() as u64 - counts["unknown"].as_u64().unwrap_or(0),
        "success_rate": success_rate(&counts, rows.len()),
        "by_outcome": counts,
        "avg_retry_count": mean(&|row| row["retries"].as_i64().unwrap_or(0)),
        "avg_time_to_resolution_seconds": mean(&took) / 1000.0,
    })
}

fn grouped(rows: &[&Value], by: impl Fn(&Value) -> String) -> Value {
    let mut groups: std::collections::BTreeMap<String, Vec<&Value>> = Default::default();
    for row in rows {
        groups.entry(by(row)).or_default().push(row);
    }
    let view = |rows: Vec<&Value>| {
        let mut counts = buckets(&rows);
        let rate = success_rate(&counts, rows.len());
        counts.insert("total".into(), json!(rows.len()));
        counts.insert("success_rate".into(), json!(rate));
        Value::Object(counts)
    };
    Value::Object(groups.into_iter().map(|(name, rows)| (name, view(rows))).collect())
}

fn common_errors(rows: &[&Value]) -> Vec<Value> {
    let mut counts: std::collections::BTreeMap<&str, u64> = Default::default();
    for error in rows.iter().filter_map(|row| row["error_message"].as_str()).map(str::trim) {
        *counts.entry(error).or_default() += u64::from(!error.is_empty());
    }
    let mut counts: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
        .into_iter()
        .take(10)
        .map(|(error, count)| json!({ "error_message": error, "count": count }))
        .collect()
}
