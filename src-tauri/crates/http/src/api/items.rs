//! The second board's routes: items of a queue, claimed, completed, executed, in its words.

use app::wire::ClaimAnswer;
use axum::{
    body::Bytes,
    extract::{Path, Query, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use domain::Id;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, Fail, Page, bad, created, id, ok, read,
    tasks::{PageText, every, find, query, refused},
    words,
};
use crate::gate::Caller;

/// Items in an answer that is asked for no page.
const ITEMS: usize = 50_000;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    status: Option<String>,
    #[serde(flatten)]
    page: PageText,
}

pub(crate) async fn list(caller: Caller, wanted: Result<Query<Wanted>, QueryRejection>) -> Answer {
    let wanted = query(wanted)?;
    let mut request = json!({ "statuses": wanted.status.map(|status| [status]) });
    if wanted.page.is_empty() {
        let found = every(&caller, request, ITEMS).await?;
        let items: Vec<_> = found.iter().map(words::item).collect();
        let total = items.len();
        return ok(Page::told(total.max(1) as u32, 0, total as u64, "items", items));
    }
    let (limit, offset) = wanted.page.read()?.of(200);
    request["limit"] = json!(limit);
    request["offset"] = json!(offset);
    let found = caller.list_tasks(request).await?;
    let items = found.tasks.iter().map(words::item).collect();
    ok(Page::told(limit, offset, found.total.into(), "items", items))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    title: Option<String>,
    description: Option<String>,
    priority: Option<Value>,
    tags: Option<Vec<String>>,
    output: Option<Value>,
}

pub(crate) async fn create(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    if said.output.is_some_and(|output| !output.is_null()) {
        return Err(bad(
            "output into a repository is not possible yet; leave `output` out, and the work is kept as a branch and artifacts",
        ));
    }
    let request = json!({
        "title": said.title.ok_or_else(|| bad("title is missing"))?,
        "description": said.description,
        "priority": said.priority,
        "tags": said.tags,
    });
    let made = caller.put_task(request).await?;
    created(format!("/api/queue/{}", made.id), words::item(&made))
}

pub(crate) async fn show(caller: Caller, Path(item): Path<String>) -> Answer {
    ok(words::item(&find(&caller, id(&item)?).await?))
}

pub(crate) async fn ready(caller: Caller, Path(item): Path<String>) -> Answer {
    put(&caller, id(&item)?, "ready").await
}

pub(crate) async fn complete(caller: Caller, Path(item): Path<String>) -> Answer {
    put(&caller, id(&item)?, "done").await
}

async fn put(caller: &Caller, item: i64, status: &str) -> Answer {
    find(caller, item).await?;
    match caller.put_task(json!({ "id": item, "status": status })).await {
        Ok(changed) => ok(words::item(&changed)),
        Err(problem) => Err(refused(caller, item, problem).await),
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Claim {
    #[serde(alias = "agent")]
    agent_id: Option<String>,
    capacity: Option<i64>,
}

pub(crate) async fn claim(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Claim = read(&headers, &body)?;
    let header = headers.get("x-agent-name").and_then(|name| name.to_str().ok()).map(str::to_owned);
    let agent = said.agent_id.or(header).or(caller.agent().map(str::to_owned));
    let agent = agent.ok_or_else(|| bad("say who claims: agentId, or the header x-agent-name"))?;
    let request = json!({ "agent": agent.trim().to_ascii_lowercase(), "max_capacity": said.capacity });
    let ClaimAnswer { reason, claim, .. } = caller.claim(request).await?;
    let card = match &claim {
        Some(run) => Some(find(&caller, run.task.raw()).await?),
        None => None,
    };
    ok(json!({
        "item": card.as_ref().map(words::item),
        "reason": reason,
        "runId": claim.as_ref().map(|run| run.run),
        "token": claim.as_ref().map(|run| run.token.as_str()),
        "leaseUntil": claim.as_ref().and_then(|run| words::iso_text(run.lease_until)),
    }))
}

pub(crate) async fn executor(caller: Caller) -> Answer {
    let plan = caller.ask("get_plan", json!({})).await?;
    let agents = plan["agents"].as_array().into_iter().flatten().map(|agent| {
        json!({ "name": agent["name"], "installed": agent["installed"], "running": agent["live"], "trouble": agent["trouble"] })
    });
    ok(json!({
        "running": plan["in_flight"],
        "maxParallel": plan["parallel"],
        "paused": plan["paused"],
        "ready": plan["ready"],
        "next": plan["starts"].as_array().into_iter().flatten().map(|start| start["task"].clone()).collect::<Vec<_>>(),
        "agents": agents.collect::<Vec<_>>(),
    }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Execute {
    agent: Option<String>,
    model: Option<String>,
    mode: Option<String>,
}

/// Starts an agent on the item: the one named, the one that it is kept for, or the first that may take it.
pub(crate) async fn run(caller: Caller, Path(item): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let item = id(&item)?;
    let said: Execute = read(&headers, &body)?;
    find(&caller, item).await?;
    let agent = match said.agent {
        Some(agent) => agent,
        None => chosen(&caller, item).await?,
    };
    let request = json!({
        "task": item,
        "agent": agent,
        "model": said.model,
        "mode": said.mode.as_deref().unwrap_or("unattended"),
    });
    match caller.ask("start_run", request).await {
        Ok(run) => Ok((StatusCode::ACCEPTED, axum::Json(started(&run))).into_response()),
        Err(problem) => Err(refused(&caller, item, problem).await),
    }
}

fn started(run: &Value) -> Value {
    let workspace = run["workspace"]["path"].as_str();
    json!({
        "itemId": run["task"],
        "agentId": run["id"],
        "agent": run["agent"],
        "status": run["status"],
        "workspaceDir": workspace,
        "artifactsDir": workspace.map(|path| format!("{path}/artifacts")),
        "branch": run["workspace"]["branch"],
    })
}

async fn chosen(caller: &Caller, item: i64) -> Result<String, Fail> {
    let detail = caller.ask("get_task", json!({ "id": item })).await?;
    let policy = caller.ask("get_queue_policy", json!({})).await?;
    let first = |list: &Value| list[0].as_str().map(str::to_owned);
    let agent = detail["card"]["assignee"]
        .as_str()
        .map(str::to_owned)
        .or_else(|| first(&detail["queue"]["agents"]))
        .or_else(|| first(&policy["agents"]));
    agent.ok_or_else(|| bad("say which agent: {\"agent\": \"claude\"}; the queue's policy names none"))
}
