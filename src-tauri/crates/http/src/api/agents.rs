//! `/api/agents` and what hangs on it, in the first board's words. Its agents are those that somebody registered;
//! the built-in ones have no number until something is changed about them.

use std::collections::BTreeSet;

use axum::{
    body::Bytes,
    extract::{Path, Query, rejection::QueryRejection},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Answer, Fail, Page, bad, created, not_found, ok, read,
    tasks::{PageText, query},
    words,
};
use crate::gate::Caller;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    status: Option<String>,
    role: Option<String>,
    #[serde(flatten)]
    page: PageText,
}

pub(crate) async fn list(caller: Caller, wanted: Result<Query<Wanted>, QueryRejection>) -> Answer {
    let wanted = query(wanted)?;
    let (limit, offset) = wanted.page.read()?.of(200);
    let fits = |agent: &Value| {
        wanted.status.as_deref().is_none_or(|status| agent["status"] == status)
            && wanted.role.as_deref().is_none_or(|role| agent["role"] == role)
    };
    let all: Vec<Value> = registered(&caller).await?.iter().map(view).filter(|agent| fits(agent)).collect();
    let total = all.len() as u64;
    let rows = all.into_iter().skip(offset as usize).take(limit as usize).collect();
    ok(Page::told(limit, offset, total, "agents", rows))
}

/// Newest first.
async fn registered(caller: &Caller) -> Result<Vec<Value>, Fail> {
    let Value::Array(mut agents) = caller.ask("list_agents", json!({})).await? else { return Ok(Vec::new()) };
    agents.retain(|agent| agent["id"].is_i64());
    agents.sort_by_key(|agent| std::cmp::Reverse(agent["id"].as_i64()));
    Ok(agents)
}

/// By number, else by name.
pub(crate) async fn find(caller: &Caller, wanted: &str) -> Result<Value, Fail> {
    let name = wanted.to_ascii_lowercase();
    let number: Option<i64> = wanted.parse().ok();
    let fits = |agent: &Value| match number {
        Some(number) => agent["id"] == number,
        None => agent["name"] == name.as_str(),
    };
    let found = registered(caller).await?.into_iter().find(fits);
    found.ok_or_else(|| not_found(format!("agent {wanted} does not exist")).into())
}

pub(crate) fn view(agent: &Value) -> Value {
    let (name, title) =
        (agent["name"].as_str().unwrap_or_default(), agent["title"].as_str().unwrap_or_default());
    let status = match (agent["live"].as_i64(), agent["presence"].as_str()) {
        (Some(1..), _) => "busy",
        (_, Some("online")) => "idle",
        _ => "offline",
    };
    json!({
        "id": agent["id"],
        // As it spelled itself; ours are small letters.
        "name": if title.eq_ignore_ascii_case(name) { title } else { name },
        "role": agent["role"].as_str().unwrap_or("agent"),
        "status": status,
        "soul_content": agent["instructions"],
        "capabilities": agent["skills"],
        "max_capacity": agent["max_capacity"],
        "enabled": agent["enabled"],
        "last_seen": words::seconds(&agent["last_seen_at"]),
        "created_at": words::seconds(&agent["registered_at"]),
        "updated_at": words::seconds(&agent["updated_at"]),
        "config": { "dispatchModel": agent["model"], "capabilities": agent["skills"] },
        "taskStats": { "in_progress": agent["live"] },
    })
}

pub(crate) async fn show(caller: Caller, Path(agent): Path<String>) -> Answer {
    ok(json!({ "agent": view(&find(&caller, &agent).await?) }))
}

/// What the first board says of an agent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    id: Option<i64>,
    name: Option<String>,
    role: Option<String>,
    soul_content: Option<String>,
    capabilities: Option<Vec<String>>,
    max_capacity: Option<i64>,
    enabled: Option<bool>,
    config: Map<String, Value>,
}

impl Said {
    fn name(&self) -> Result<&str, Fail> {
        let name = self.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        name.ok_or_else(|| bad("name is missing"))
    }

    fn skills(&self) -> Option<Vec<String>> {
        let said = self
            .capabilities
            .clone()
            .or_else(|| serde_json::from_value(self.config.get("capabilities")?.clone()).ok());
        let word = |skill: &String| skill.trim().to_ascii_lowercase().replace(' ', "-");
        // Said twice is said.
        said.map(|skills| skills.iter().map(word).collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// The changes as the operation takes them.
    fn changes(&self, name: &str) -> Value {
        let mut request = json!({ "name": name });
        let fields = [
            ("role", self.role.as_ref().map(|role| json!(role))),
            ("instructions", self.soul_content.as_ref().map(|soul| json!(soul))),
            ("skills", self.skills().map(|skills| json!(skills))),
            ("max_capacity", self.max_capacity.map(|capacity| json!(capacity))),
            ("enabled", self.enabled.map(|enabled| json!(enabled))),
            (
                "model",
                self.config.get("dispatchModel").map(|model| json!(model.as_str().unwrap_or_default())),
            ),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                request[field] = value;
            }
        }
        request
    }
}

/// An agent that introduces itself. Said again it is a heartbeat.
pub(crate) async fn register(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    let spelled = said.name()?.to_owned();
    let request = json!({
        "name": spelled.to_ascii_lowercase(),
        "title": spelled,
        "role": said.role,
        "skills": said.skills(),
    });
    let enrolled = caller.ask("enroll_agent", request).await?;
    let agent = view(&find(&caller, &spelled).await?);
    if enrolled["new"] == true {
        let message = "Agent registered successfully";
        let location = format!("/api/agents/{}", agent["id"]);
        return created(location, json!({ "agent": agent, "registered": true, "message": message }));
    }
    ok(json!({ "agent": agent, "registered": false, "message": "Agent already registered, status updated" }))
}

pub(crate) async fn create(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    let name = said.name()?.to_ascii_lowercase();
    if find(&caller, &name).await.is_ok() {
        let problem = app::wire::Problem {
            code: app::wire::ProblemCode::Conflict,
            message: format!("the agent {name} exists already"),
            next: Some("change it with PUT /api/agents".into()),
        };
        return Err(problem.into());
    }
    let mut request = said.changes(&name);
    request["title"] = json!(said.name()?);
    caller.ask("register_agent", request).await?;
    let agent = view(&find(&caller, &name).await?);
    created(format!("/api/agents/{}", agent["id"]), json!({ "agent": agent }))
}

/// The agent is named in the body, by number or name.
pub(crate) async fn change_named(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    let wanted = match said.id {
        Some(id) => id.to_string(),
        None => said.name()?.to_owned(),
    };
    alter(&caller, &wanted, &said).await
}

pub(crate) async fn change(
    caller: Caller,
    Path(agent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let said: Said = read(&headers, &body)?;
    alter(&caller, &agent, &said).await
}

async fn alter(caller: &Caller, wanted: &str, said: &Said) -> Answer {
    let name = find(caller, wanted).await?["name"].as_str().unwrap_or_default().to_owned();
    caller.ask("register_agent", said.changes(&name)).await?;
    ok(json!({ "success": true, "agent": view(&find(caller, &name).await?) }))
}

pub(crate) async fn remove(caller: Caller, Path(agent): Path<String>) -> Answer {
    let name = find(&caller, &agent).await?["name"].clone();
    caller.ask("remove_agent", json!({ "name": name })).await?;
    ok(json!({ "success": true, "deleted": name }))
}

/// Says that the agent is there, and tells it what waits for it.
pub(crate) async fn heartbeat(caller: Caller, Path(agent): Path<String>) -> Answer {
    let name = find(&caller, &agent).await?["name"].as_str().unwrap_or_default().to_owned();
    let seen = caller.ask("heartbeat_agent", json!({ "name": name })).await?;
    let waiting = json!({ "agent": name, "statuses": ["ready", "in_progress"], "limit": 10 });
    // An agent's own key lists no board; it asks the queue for its work.
    let found = caller.list_tasks(waiting).await.map(|found| found.tasks).unwrap_or_default();
    let tasks: Vec<_> = found.iter().map(words::task).collect();
    let items = if tasks.is_empty() {
        json!([])
    } else {
        json!([{ "type": "assigned_tasks", "count": tasks.len(), "items": tasks }])
    };
    ok(json!({
        "status": if tasks.is_empty() { "HEARTBEAT_OK" } else { "WORK_ITEMS_FOUND" },
        "agent": view(&seen)["name"],
        "checked_at": words::seconds(&seen["last_seen_at"]),
        "work_items": items,
        "total_items": tasks.len(),
    }))
}

pub(crate) async fn soul(caller: Caller, Path(agent): Path<String>) -> Answer {
    let agent = find(&caller, &agent).await?;
    let templates = templates(&caller).await?;
    let source = match (agent["instructions"].as_str(), agent["told"].as_str()) {
        (Some(own), _) if !own.is_empty() => "database",
        (_, Some(told)) if !told.is_empty() => "template",
        _ => "none",
    };
    ok(json!({
        "agent": { "id": agent["id"], "name": view(&agent)["name"], "role": agent["role"] },
        "soul_content": agent["told"],
        "source": source,
        "available_templates": templates.iter().map(|role| role["name"].clone()).collect::<Vec<_>>(),
        "updated_at": words::seconds(&agent["updated_at"]),
    }))
}

async fn templates(caller: &Caller) -> Result<Vec<Value>, Fail> {
    let Value::Array(roles) = caller.ask("list_roles", json!({})).await? else { return Ok(Vec::new()) };
    Ok(roles)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Soul {
    soul_content: Option<String>,
    template_name: Option<String>,
}

/// A text, or one of the roles that bring theirs along.
pub(crate) async fn set_soul(
    caller: Caller,
    Path(agent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let said: Soul = read(&headers, &body)?;
    let agent = find(&caller, &agent).await?;
    let text = match (said.template_name, said.soul_content) {
        (Some(name), _) => {
            let role = templates(&caller).await?.into_iter().find(|role| role["name"] == name.as_str());
            let role = role.ok_or_else(|| not_found(format!("there is no template “{name}”")))?;
            role["instructions"].as_str().unwrap_or_default().to_owned()
        }
        (None, Some(text)) => text,
        (None, None) => return Err(bad("soul_content or template_name is missing")),
    };
    let request = json!({ "name": agent["name"], "instructions": text });
    let changed = caller.ask("register_agent", request).await?;
    ok(json!({
        "success": true,
        "message": format!("SOUL content updated for {}", agent["name"].as_str().unwrap_or_default()),
        "soul_content": changed["instructions"],
        "updated_at": words::seconds(&changed["updated_at"]),
    }))
}
