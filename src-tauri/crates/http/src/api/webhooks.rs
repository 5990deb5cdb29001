//! `/api/webhooks`: addresses that are told of events, and what became of each message, in the manner of the first
//! board's other nouns: one is named in the path, or by its id in the body.

use axum::{
    body::Bytes,
    extract::{Path, Query, rejection::QueryRejection},
    http::HeaderMap,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, Fail, Page, bad, created, id, not_found, ok, read,
    tasks::{PageText, query},
    words,
};
use crate::gate::Caller;

/// Messages that are remembered of each webhook.
const REMEMBERED: u32 = 1_000;

fn view(webhook: &Value) -> Value {
    let none = webhook["types"].as_array().is_none_or(Vec::is_empty);
    json!({
        "id": webhook["id"],
        "name": webhook["name"],
        "url": webhook["url"],
        "events": if none { json!(["*"]) } else { webhook["types"].clone() },
        "project_id": webhook["project"],
        "enabled": webhook["enabled"],
        "private_allowed": webhook["private_allowed"],
        "waiting": webhook["waiting"],
        "consecutive_failures": webhook["failures"],
        "resting_until": words::seconds(&webhook["resting_until"]),
        "created_at": words::seconds(&webhook["created_at"]),
        "updated_at": words::seconds(&webhook["updated_at"]),
    })
}

fn sent(delivery: &Value) -> Value {
    json!({
        "id": delivery["id"],
        "webhook_id": delivery["webhook"],
        "message_id": delivery["message"],
        "event_type": delivery["event"],
        "payload": delivery["payload"],
        "status": delivery["state"],
        "attempts": delivery["attempts"],
        "status_code": delivery["code"],
        "error": delivery["trouble"],
        "duration_ms": delivery["took"],
        "next_attempt_at": words::seconds(&delivery["next_at"]),
        "created_at": words::seconds(&delivery["created_at"]),
        "ended_at": words::seconds(&delivery["ended_at"]),
    })
}

async fn all(caller: &Caller) -> Result<Vec<Value>, Fail> {
    let Value::Array(webhooks) = caller.ask("list_webhooks", json!({})).await? else { return Ok(Vec::new()) };
    Ok(webhooks)
}

pub(crate) async fn list(caller: Caller) -> Answer {
    let webhooks: Vec<Value> = all(&caller).await?.iter().map(view).collect();
    ok(json!({ "total": webhooks.len(), "webhooks": webhooks }))
}

pub(crate) async fn show(caller: Caller, Path(webhook): Path<String>) -> Answer {
    let wanted = id(&webhook)?;
    let found = all(&caller).await?.into_iter().find(|webhook| webhook["id"] == wanted);
    let found = found.ok_or_else(|| not_found(format!("webhook {wanted} does not exist")))?;
    ok(json!({ "webhook": view(&found) }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    id: Option<i64>,
    name: Option<String>,
    url: Option<String>,
    /// `*` alone stands for all.
    events: Option<Vec<String>>,
    project_id: Option<i64>,
    enabled: Option<bool>,
    private_allowed: Option<bool>,
    regenerate_secret: bool,
}

impl Said {
    fn which(&self) -> Result<i64, Fail> {
        self.id.filter(|id| *id > 0).ok_or_else(|| bad("id is missing"))
    }

    fn types(&self) -> Option<Vec<String>> {
        let events = self.events.clone()?;
        if events == ["*"] { Some(Vec::new()) } else { Some(events) }
    }
}

pub(crate) async fn create(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    let request = json!({
        "name": said.name,
        "url": said.url.as_deref().ok_or_else(|| bad("url is missing"))?,
        "types": said.types().unwrap_or_default(),
        "project": said.project_id,
        "enabled": said.enabled.unwrap_or(true),
        "private_allowed": said.private_allowed.unwrap_or(false),
    });
    let made = caller.ask("add_webhook", request).await?;
    created(format!("/api/webhooks/{}", made["webhook"]["id"]), told(&made))
}

/// The secret is told when it is made, and then no more.
fn told(answer: &Value) -> Value {
    json!({
        "success": true,
        "id": answer["webhook"]["id"],
        "webhook": view(&answer["webhook"]),
        "secret": answer["secret"],
    })
}

/// The webhook is named in the body.
pub(crate) async fn change_named(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    alter(&caller, said.which()?, &said).await
}

pub(crate) async fn change(
    caller: Caller,
    Path(webhook): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    alter(&caller, id(&webhook)?, &read(&headers, &body)?).await
}

async fn alter(caller: &Caller, webhook: i64, said: &Said) -> Answer {
    let request = json!({
        "id": webhook,
        "name": said.name,
        "url": said.url,
        "types": said.types(),
        "private_allowed": said.private_allowed,
        "enabled": said.enabled,
        "new_secret": said.regenerate_secret,
    });
    ok(told(&caller.ask("edit_webhook", request).await?))
}

/// The webhook is named in the body.
pub(crate) async fn remove_named(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    take_away(&caller, said.which()?).await
}

pub(crate) async fn remove(caller: Caller, Path(webhook): Path<String>) -> Answer {
    take_away(&caller, id(&webhook)?).await
}

async fn take_away(caller: &Caller, webhook: i64) -> Answer {
    caller.ask("remove_webhook", json!({ "id": webhook })).await?;
    ok(json!({ "success": true, "id": webhook }))
}

/// The webhook is named in the body.
pub(crate) async fn test_named(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Said = read(&headers, &body)?;
    try_out(&caller, said.which()?).await
}

pub(crate) async fn test(caller: Caller, Path(webhook): Path<String>) -> Answer {
    try_out(&caller, id(&webhook)?).await
}

/// Sends a message now; that the address refused it is an answer, not an error.
async fn try_out(caller: &Caller, webhook: i64) -> Answer {
    let delivery = caller.ask("test_webhook", json!({ "id": webhook })).await?;
    ok(json!({ "success": delivery["state"] == "delivered", "delivery": sent(&delivery) }))
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    webhook_id: Option<i64>,
    #[serde(flatten)]
    page: PageText,
}

/// Of one webhook, or of all of them; newest first.
pub(crate) async fn deliveries(caller: Caller, wanted: Result<Query<Wanted>, QueryRejection>) -> Answer {
    let wanted = query(wanted)?;
    let webhooks = match wanted.webhook_id {
        Some(webhook) => vec![json!(webhook)],
        None => all(&caller).await?.iter().map(|webhook| webhook["id"].clone()).collect(),
    };
    log(&caller, webhooks, wanted.page.read()?).await
}

pub(crate) async fn deliveries_of(
    caller: Caller,
    Path(webhook): Path<String>,
    page: Result<Query<PageText>, QueryRejection>,
) -> Answer {
    log(&caller, vec![json!(id(&webhook)?)], query(page)?.read()?).await
}

async fn log(caller: &Caller, webhooks: Vec<Value>, page: Page) -> Answer {
    let (limit, offset) = page.of(200);
    let mut found = Vec::new();
    for webhook in webhooks {
        let request = json!({ "webhook": webhook, "limit": REMEMBERED });
        if let Value::Array(some) = caller.ask("list_deliveries", request).await? {
            found.extend(some);
        }
    }
    found.sort_by_key(|delivery| std::cmp::Reverse(delivery["id"].as_i64()));
    let total = found.len() as u64;
    let rows = found.iter().skip(offset as usize).take(limit as usize).map(sent).collect();
    ok(Page::told(limit, offset, total, "deliveries", rows))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Which {
    delivery_id: Option<i64>,
}

/// Sends a message again that is over.
pub(crate) async fn retry(caller: Caller, headers: HeaderMap, body: Bytes) -> Answer {
    let said: Which = read(&headers, &body)?;
    let delivery = said.delivery_id.filter(|id| *id > 0).ok_or_else(|| bad("delivery_id is missing"))?;
    let again = caller.ask("resend_delivery", json!({ "id": delivery })).await?;
    ok(json!({ "success": true, "delivery": sent(&again) }))
}
