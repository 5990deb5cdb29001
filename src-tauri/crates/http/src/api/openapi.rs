//! The public routes as an OpenAPI 3.1 document. It is made from one table, which a test holds against the router:
//! a route that is not described here, or described and not there, fails it. [`shapes`] says what bodies and
//! parameters look like.

mod shapes;

use axum::{
    http::Method,
    response::{IntoResponse, Response},
};
use domain::Role;
use serde_json::{Map, Value, json};

use self::shapes::{body, is_required, parameter, schemas};
use crate::gate::Caller;

/// Method, path, what it does, the weakest role, the status of success, what it takes, what it gives, its query.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u16,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// Headers that say something to a route: method, path, name, what it says.
const HEADERS: &[(&str, &str, &str, &str)] = &[
    ("get", "/api/tasks/queue", "x-agent-name", "Who asks, where `agent` does not say."),
    ("post", "/api/queue/claim", "x-agent-name", "Who claims, where `agentId` does not say."),
    (
        "put",
        "/api/tasks/{id}",
        "If-Match",
        "The `ETag` of the task as it was read; 412 if it was changed since.",
    ),
    (
        "patch",
        "/api/tasks/{id}",
        "If-Match",
        "The `ETag` of the task as it was read; 412 if it was changed since.",
    ),
    (
        "delete",
        "/api/tasks/{id}",
        "If-Match",
        "The `ETag` of the task as it was read; 412 if it was changed since.",
    ),
    ("get", "/api/events", "Last-Event-ID", "The id of the last event that was seen."),
];

#[rustfmt::skip]
pub(crate) const ROUTES: &[Row] = &[
    ("get", "/health", "Whether the board answers", "", 200, "", "Health", &[]),
    ("get", "/api/tasks", "List tasks, newest first", "viewer", 200, "", "TaskPage", &["status", "assigned_to", "priority", "project_id", "search", "limit", "offset", "page"]),
    ("post", "/api/tasks", "Create a task", "operator", 201, "NewTask", "TaskAnswer", &[]),
    ("put", "/api/tasks", "Move several tasks, one after the other", "operator", 200, "Moves", "Success", &[]),
    ("get", "/api/tasks/queue", "Claim the next task for an agent", "agent", 200, "", "Claim", &["agent", "max_capacity"]),
    ("get", "/api/tasks/outcomes", "How done tasks came out", "viewer", 200, "", "Outcomes", &["timeframe"]),
    ("get", "/api/tasks/{id}", "Show a task", "viewer", 200, "", "TaskAnswer", &[]),
    ("put", "/api/tasks/{id}", "Change a task; what is left out stays", "agent", 200, "Task", "TaskAnswer", &[]),
    ("patch", "/api/tasks/{id}", "Change a task; what is left out stays", "agent", 200, "Task", "TaskAnswer", &[]),
    ("delete", "/api/tasks/{id}", "Move a task to the trash", "operator", 200, "", "Success", &[]),
    ("get", "/api/tasks/{id}/comments", "List a task's comments, oldest first", "viewer", 200, "", "Comments", &[]),
    ("post", "/api/tasks/{id}/comments", "Comment on a task", "agent", 201, "NewComment", "CommentAnswer", &[]),
    ("get", "/api/agents", "List registered agents, newest first", "viewer", 200, "", "AgentPage", &["status", "role", "limit", "offset", "page"]),
    ("post", "/api/agents", "Register an agent", "operator", 201, "NewAgent", "AgentAnswer", &[]),
    ("put", "/api/agents", "Change the agent named in the body", "operator", 200, "Agent", "AgentAnswer", &[]),
    ("post", "/api/agents/register", "An agent introduces itself; again it is a heartbeat", "agent", 201, "NewAgent", "AgentAnswer", &[]),
    ("get", "/api/agents/{id}", "Show an agent", "viewer", 200, "", "AgentAnswer", &[]),
    ("put", "/api/agents/{id}", "Change an agent", "operator", 200, "AgentChange", "AgentAnswer", &[]),
    ("delete", "/api/agents/{id}", "Take an agent off the list", "operator", 200, "", "Success", &[]),
    ("get", "/api/agents/{id}/heartbeat", "The agent is there; what waits for it", "agent", 200, "", "Heartbeat", &[]),
    ("post", "/api/agents/{id}/heartbeat", "The agent is there; what waits for it", "agent", 200, "", "Heartbeat", &[]),
    ("get", "/api/agents/{id}/soul", "What the agent is told with each task", "viewer", 200, "", "Soul", &[]),
    ("put", "/api/agents/{id}/soul", "Set it, from a text or a template", "operator", 200, "NewSoul", "Success", &[]),
    ("get", "/api/agents/{id}/keys", "List the agent's keys", "admin", 200, "", "Keys", &[]),
    ("post", "/api/agents/{id}/keys", "Make a key for the agent's tasks", "admin", 201, "NewKey", "KeyAnswer", &[]),
    ("delete", "/api/agents/{id}/keys", "Revoke a key of the agent", "admin", 200, "Which", "Success", &[]),
    ("get", "/api/quality-review", "List reviews of a task, or the newest of several", "viewer", 200, "", "Reviews", &["taskId", "taskIds"]),
    ("post", "/api/quality-review", "Approve or reject work in review", "operator", 200, "NewReview", "Success", &[]),
    ("get", "/api/cron", "List jobs", "viewer", 200, "", "Jobs", &[]),
    ("post", "/api/cron", "Create a job, or act on one", "operator", 201, "NewJob", "JobAnswer", &[]),
    ("get", "/api/cron/{id}", "Show a job", "viewer", 200, "", "JobAnswer", &[]),
    ("put", "/api/cron/{id}", "Change a job; what is left out stays", "operator", 200, "JobChange", "JobAnswer", &[]),
    ("patch", "/api/cron/{id}", "Change a job; what is left out stays", "operator", 200, "JobChange", "JobAnswer", &[]),
    ("delete", "/api/cron/{id}", "Remove a job; its tasks stay", "operator", 200, "", "JobAnswer", &[]),
    ("post", "/api/cron/{id}/{action}", "pause, resume, run or remove a job", "operator", 200, "", "JobAnswer", &[]),
    ("get", "/api/webhooks", "List webhooks, oldest first", "viewer", 200, "", "Webhooks", &[]),
    ("post", "/api/webhooks", "Add a webhook; its secret is told now and never again", "admin", 201, "NewWebhook", "WebhookAnswer", &[]),
    ("put", "/api/webhooks", "Change the webhook named in the body", "admin", 200, "Webhook", "WebhookAnswer", &[]),
    ("delete", "/api/webhooks", "Remove the webhook named in the body", "admin", 200, "WhichWebhook", "Success", &[]),
    ("post", "/api/webhooks/test", "Send a message to the webhook named in the body now", "operator", 200, "WhichWebhook", "DeliveryAnswer", &[]),
    ("post", "/api/webhooks/retry", "Send a message again that is over", "operator", 200, "WhichDelivery", "DeliveryAnswer", &[]),
    ("get", "/api/webhooks/deliveries", "List messages of a webhook or of all, newest first", "viewer", 200, "", "Deliveries", &["webhook_id", "limit", "offset", "page"]),
    ("get", "/api/webhooks/{id}", "Show a webhook", "viewer", 200, "", "WebhookShown", &[]),
    ("put", "/api/webhooks/{id}", "Change a webhook; what is left out stays", "admin", 200, "WebhookChange", "WebhookAnswer", &[]),
    ("patch", "/api/webhooks/{id}", "Change a webhook; what is left out stays", "admin", 200, "WebhookChange", "WebhookAnswer", &[]),
    ("delete", "/api/webhooks/{id}", "Remove a webhook", "admin", 200, "", "Success", &[]),
    ("post", "/api/webhooks/{id}/test", "Send a message to a webhook now", "operator", 200, "", "DeliveryAnswer", &[]),
    ("get", "/api/webhooks/{id}/deliveries", "List a webhook's messages, newest first", "viewer", 200, "", "Deliveries", &["limit", "offset", "page"]),
    ("get", "/api/status", "The board's state", "viewer", 200, "", "Status", &[]),
    ("get", "/api/activities", "What happened, newest first", "viewer", 200, "", "Activities", &["type", "entity_type", "actor", "since", "limit", "offset", "page"]),
    ("get", "/api/search", "Search tasks and agents", "viewer", 200, "", "Found", &["q", "type", "limit"]),
    ("get", "/api/export", "Tasks or activities as CSV or JSON", "viewer", 200, "", "File", &["type", "format"]),
    ("get", "/api/events", "The change log as server-sent events; Last-Event-ID goes on after it", "viewer", 200, "", "Events", &["types", "project", "task", "last_event_id"]),
    ("get", "/api/openapi.json", "This document", "viewer", 200, "", "Document", &[]),
    ("get", "/api/queue", "List items", "viewer", 200, "", "ItemPage", &["status", "limit", "offset", "page"]),
    ("post", "/api/queue", "Add an item", "operator", 201, "NewItem", "Item", &[]),
    ("post", "/api/queue/claim", "Claim the next item", "agent", 200, "NewClaim", "ItemClaim", &[]),
    ("get", "/api/queue/{id}", "Show an item", "viewer", 200, "", "Item", &[]),
    ("post", "/api/queue/{id}/ready", "Mark an item as ready", "operator", 200, "", "Item", &[]),
    ("post", "/api/queue/{id}/complete", "Complete an item", "operator", 200, "", "Item", &[]),
    ("get", "/api/executor/status", "What runs, and what would start next", "viewer", 200, "", "Executor", &[]),
    ("post", "/api/executor/run/{id}", "Start an agent on an item", "operator", 202, "Execute", "Started", &[]),
];

/// The weakest role that the route is for.
pub(crate) fn role(method: &Method, path: &str) -> Option<Role> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let row = ROUTES.iter().find(|row| row.1 == path && method.as_str().eq_ignore_ascii_case(row.0))?;
    Role::parse(row.3)
}

pub(crate) async fn document(_: Caller) -> Response {
    axum::Json(openapi()).into_response()
}

fn openapi() -> Value {
    let mut paths = Map::new();
    for row in ROUTES {
        let path = paths.entry(row.1).or_insert_with(|| json!({}));
        path[row.0] = described(row);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Flightboard",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A board that runs coding agents. Everything but /health needs a key; `flightboard key create` makes one.",
        },
        "security": [{ "bearer": [] }, { "apiKey": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "apiKey": { "type": "apiKey", "in": "header", "name": "x-api-key" },
            },
            "schemas": schemas(),
        },
    })
}

fn described((method, path, summary, role, success, takes, gives, query): &Row) -> Value {
    let mut parameters: Vec<Value> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": in_path(path, name) }))
        .collect();
    parameters.extend(query.iter().map(|name| {
        let required = is_required(path, name);
        json!({ "name": name, "in": "query", "required": required, "schema": parameter(path, name) })
    }));
    if *method == "post" {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "minLength": 1, "maxLength": 200 },
            "description": "The same key and request again within a day: the first answer again, and nothing is done twice.",
        }));
    }
    parameters.extend(HEADERS.iter().filter(|header| header.0 == *method && header.1 == *path).map(
        |(_, _, name, says)| {
            json!({ "name": name, "in": "header", "schema": parameter(path, name), "description": says })
        },
    ));
    let mut responses = json!({ success.to_string(): given(gives) });
    // What is made may turn out to be there, and an action on a job makes a task or not.
    if matches!(*path, "/api/agents/register" | "/api/cron") && *method == "post" {
        responses["200"] = given(gives);
    }
    if *path == "/api/cron/{id}/{action}" {
        responses["201"] = given(gives);
    }
    if *method == "get" && !matches!(*gives, "Health" | "Events") {
        responses["304"] = json!({ "description": "you have it already" });
    }
    if *method == "post" {
        responses["422"] = problem("this idempotency key was used for another request");
    }
    for (status, why) in refusals(path, role) {
        responses[status] = problem(why);
    }
    let mut operation = json!({
        "summary": summary,
        "operationId": format!("{method}{}", path.replace(['/', '{', '}', '.', '-'], "_")),
        "parameters": parameters,
        "responses": responses,
    });
    if role.is_empty() {
        operation["security"] = json!([]);
    } else {
        operation["description"] = json!(format!("Needs the role {role} or a stronger one."));
    }
    if !takes.is_empty() {
        operation["requestBody"] = body(takes);
    }
    operation
}

fn given(gives: &str) -> Value {
    let kinds: &[&str] = match gives {
        "Events" => &["text/event-stream"],
        "File" => &["text/csv", "application/json"],
        _ => &["application/json"],
    };
    let content: Map<String, Value> =
        kinds.iter().map(|kind| ((*kind).to_owned(), json!({ "schema": schema_of(gives, kind) }))).collect();
    json!({ "description": "done", "content": content })
}

/// Cards and webhooks have numbers; agents and jobs go by a number or a name.
fn in_path(path: &str, name: &str) -> Value {
    match name {
        "action" => json!({ "type": "string", "enum": ["pause", "resume", "run", "remove"] }),
        _ if path.starts_with("/api/agents") || path.starts_with("/api/cron") => json!({ "type": "string" }),
        _ => parameter(path, name),
    }
}

fn schema_of(name: &str, kind: &str) -> Value {
    if kind.starts_with("text/") {
        return json!({ "type": "string" });
    }
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn refusals(path: &str, role: &str) -> Vec<(&'static str, &'static str)> {
    let mut all = vec![
        ("421", "not our host"),
        ("403", "a foreign origin, or a key that does not reach as far"),
        ("405", "not with this method; `Allow` names those that are"),
    ];
    if role.is_empty() {
        return all;
    }
    all.extend([
        ("400", "bad input"),
        ("401", "no key, or one that opens nothing"),
        ("404", "not there"),
        ("409", "not possible now; `legal_next` says what is"),
        ("412", "changed since it was read"),
        ("413", "too large"),
        ("500", "our fault; the log has more"),
        ("503", "something is missing or full on this machine"),
    ]);
    if path == "/api/openapi.json" {
        all.retain(|(status, _)| matches!(*status, "421" | "403" | "405" | "401"));
    }
    all
}

fn problem(why: &str) -> Value {
    let content =
        json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    json!({ "description": why, "content": content })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Method and path of every route that the router is given, read from its source.
    fn routed() -> BTreeSet<(String, String)> {
        let source = include_str!("mod.rs").replace(char::is_whitespace, "");
        let mut found = BTreeSet::new();
        for piece in source.split(".route(\"").skip(1) {
            let (path, rest) = piece.split_once("\",").expect("a path");
            let handlers =
                rest.split(".route(").next().expect("handlers").split(".layer(").next().expect("handlers");
            for method in ["get", "post", "put", "patch", "delete"] {
                if handlers.starts_with(&format!("{method}(")) || handlers.contains(&format!(").{method}(")) {
                    found.insert((method.to_owned(), path.to_owned()));
                }
            }
        }
        found
    }

    #[test]
    fn the_document_describes_every_route_and_no_other() {
        let named = |row: &Row| (row.0.to_owned(), row.1.to_owned());
        assert_eq!(ROUTES.iter().map(named).collect::<BTreeSet<_>>(), routed());
        assert_eq!(ROUTES.len(), routed().len(), "a route is described twice");
    }

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document = openapi();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().expect("an end");
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
