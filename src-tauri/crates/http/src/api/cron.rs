//! `/api/cron`: schedules in the first board's words. A job is made by a body with a template, and paused, resumed,
//! run or removed by an action, in the body or in the path.

use axum::{
    body::Bytes,
    extract::Path,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Fail, bad, created, not_found, ok, read, words};
use crate::gate::Caller;

fn view(schedule: &Value) -> Value {
    json!({
        "id": schedule["id"],
        "name": schedule["name"],
        "schedule": schedule["when"],
        "cron": schedule["cron"],
        "timezone": schedule["zone"],
        "description": schedule["sentence"],
        "enabled": schedule["paused"] == false,
        "next_run": words::seconds(&schedule["next_at"]),
        "last_run": words::seconds(&schedule["last"]["at"]),
        "last_task_id": schedule["last"]["id"],
        "task_template": {
            "title": schedule["title"],
            "description": schedule["description"],
            "priority": words::priority(&schedule["priority"]),
            "assigned_to": schedule["assignee"],
            "project_id": schedule["project"],
            "tags": schedule["tags"],
        },
        "created_at": words::seconds(&schedule["created_at"]),
        "updated_at": words::seconds(&schedule["updated_at"]),
    })
}

async fn all(caller: &Caller) -> Result<Vec<Value>, Fail> {
    let Value::Array(schedules) = caller.ask("list_schedules", json!({})).await? else {
        return Ok(Vec::new());
    };
    Ok(schedules)
}

/// By number, else by name.
async fn find(caller: &Caller, wanted: &str) -> Result<Value, Fail> {
    let fits = |schedule: &Value| {
        schedule["id"].as_i64().map(|id| id.to_string()).as_deref() == Some(wanted)
            || schedule["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(wanted))
    };
    let found = all(caller).await?.into_iter().find(fits);
    found.ok_or_else(|| not_found(format!("there is no job “{wanted}”")).into())
}

pub(crate) async fn list(caller: Caller) -> Answer {
    let jobs: Vec<Value> = all(&caller).await?.iter().map(view).collect();
    ok(json!({ "total": jobs.len(), "jobs": jobs }))
}

pub(crate) async fn show(caller: Caller, Path(wanted): Path<String>) -> Answer {
    ok(json!({ "job": view(&find(&caller, &wanted).await?) }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    title: Option<String>,
    description: Option<String>,
    priority: Option<Value>,
    assigned_to: Option<String>,
    project_id: Option<i64>,
    tags: Option<Vec<String>>,
}

impl Template {
    /// Over what was there before.
    fn over(self, mut before: Value) -> Value {
        let said = [
            ("title", self.title.map(Value::from)),
            ("description", self.description.map(Value::from)),
            ("priority", self.priority),
            ("assignee", self.assigned_to.map(|name| json!(name.to_ascii_lowercase()))),
            ("project", self.project_id.map(Value::from)),
            ("tags", self.tags.map(Value::from)),
        ];
        for (field, value) in said {
            if let Some(value) = value {
                before[field] = value;
            }
        }
        before
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    action: Option<String>,
    id: Option<Value>,
    name: Option<String>,
    schedule: Option<String>,
    timezone: Option<String>,
    enabled: Option<bool>,
    task_template: Option<Template>,
}

impl Said {
    fn which(&self) -> Result<String, Fail> {
        let number = self.id.as_ref().map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        number.or_else(|| self.name.clone()).ok_or_else(|| bad("say which job: id or name"))
    }
}

pub(crate) async fn act(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    match said.action.as_deref() {
        None | Some("create" | "add") => create(&caller, said).await,
        Some(action) => carry_out(&caller, action, &said.which()?).await,
    }
}

pub(crate) async fn act_on(caller: Caller, Path((wanted, action)): Path<(String, String)>) -> Answer {
    carry_out(&caller, &action, &wanted).await
}

pub(crate) async fn remove(caller: Caller, Path(wanted): Path<String>) -> Answer {
    carry_out(&caller, "remove", &wanted).await
}

async fn create(caller: &Caller, said: Said) -> Answer {
    let schedule = said.schedule.as_deref().ok_or_else(|| bad("schedule is missing"))?;
    let template = said.task_template.ok_or_else(|| bad("task_template is missing"))?;
    let request = json!({
        "name": said.name.as_deref().ok_or_else(|| bad("name is missing"))?,
        "when": schedule,
        "zone": said.timezone,
        "title": "",
    });
    let made = put(caller, template.over(request)).await?;
    let made = if said.enabled == Some(false) { switch(caller, &made, false).await? } else { made };
    created(format!("/api/cron/{}", made["id"]), json!({ "job": view(&made) }))
}

/// What is left out stays.
pub(crate) async fn change(
    caller: Caller,
    Path(wanted): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let said: Said = read(&headers, &body)?;
    let before = find(&caller, &wanted).await?;
    let mut request = json!({
        "id": before["id"],
        "name": said.name.map_or_else(|| before["name"].clone(), Value::from),
        "when": said.schedule.map_or_else(|| before["when"].clone(), Value::from),
        "zone": said.timezone.map_or_else(|| before["zone"].clone(), Value::from),
    });
    let kept = [
        "title",
        "description",
        "priority",
        "assignee",
        "project",
        "tags",
        "column",
        "misfire",
        "cap",
        "overlap",
    ];
    for field in kept {
        request[field] = before[field].clone();
    }
    let changed = put(&caller, said.task_template.unwrap_or_default().over(request)).await?;
    let changed = match said.enabled {
        Some(enabled) => switch(&caller, &changed, enabled).await?,
        None => changed,
    };
    ok(json!({ "success": true, "job": view(&changed) }))
}

async fn switch(caller: &Caller, schedule: &Value, on: bool) -> Result<Value, Fail> {
    let operation = if on { "resume_schedule" } else { "pause_schedule" };
    Ok(caller.ask(operation, json!({ "id": schedule["id"] })).await?)
}

async fn put(caller: &Caller, request: Value) -> Result<Value, Fail> {
    // A template's agent may be registered later, as a card's.
    if let Some(name) = request["assignee"].as_str() {
        known(caller, name).await?;
    }
    Ok(caller.ask("put_schedule", &request).await?)
}

async fn known(caller: &Caller, name: &str) -> Result<(), Fail> {
    let agents = caller.ask("list_agents", json!({})).await?;
    if !agents.as_array().into_iter().flatten().any(|agent| agent["name"] == name) {
        caller.ask("enroll_agent", json!({ "name": name })).await?;
    }
    Ok(())
}

async fn carry_out(caller: &Caller, action: &str, wanted: &str) -> Answer {
    let operation = match action {
        "pause" => "pause_schedule",
        "resume" => "resume_schedule",
        "remove" => "remove_schedule",
        "run" | "trigger" => "run_schedule",
        other => {
            return Err(bad(format!("“{other}” is not an action; use create, pause, resume, run or remove")));
        }
    };
    let which = json!({ "id": find(caller, wanted).await?["id"] });
    let answer = caller.ask(operation, which).await?;
    match operation {
        "run_schedule" => {
            let task = super::tasks::find(caller, answer["id"].as_i64().unwrap_or(0)).await?;
            Ok((StatusCode::CREATED, axum::Json(json!({ "success": true, "task": words::task(&task) })))
                .into_response())
        }
        _ => ok(json!({ "success": true, "job": view(&answer) })),
    }
}
