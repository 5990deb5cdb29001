//! Webhooks: adding, changing, trying, and the log of what was sent.

use domain::webhook::{Url, target};
use store::{DeliveryRecord, DeliveryStatus, WebhookData, WebhookRecord};

use crate::{App, problem::invalid, wire::*};

/// Longest name, in characters.
const NAME_MAX: usize = 100;
const TYPES_MAX: usize = 50;
const DELIVERIES: u32 = 50;
const DELIVERIES_MAX: u32 = 1_000;

pub async fn add_webhook(app: &App, request: AddWebhook) -> Result<WebhookAndSecret, Problem> {
    let url = address(&request.url, request.private_allowed)?;
    let host = domain::text::elide(url.host_str().unwrap_or_default(), NAME_MAX);
    let data = WebhookData {
        name: name(request.name.as_deref().unwrap_or(&host))?,
        url: url.into(),
        types: types(request.types)?,
        project: request.project,
        enabled: request.enabled,
        private_allowed: request.private_allowed,
    };
    let secret = app.engine.new_webhook_secret();
    let now = app.engine.now();
    let record = app.engine.store().add_webhook(data, secret.clone(), app.actor(), now).await?;
    Ok(WebhookAndSecret { webhook: view(record), secret: Some(secret) })
}

pub async fn edit_webhook(app: &App, request: EditWebhook) -> Result<WebhookAndSecret, Problem> {
    let (store, now) = (app.engine.store(), app.engine.now());
    let known = store.webhook(request.id).await?.data;
    let private_allowed = request.private_allowed.unwrap_or(known.private_allowed);
    let data = WebhookData {
        name: request.name.as_deref().map(name).transpose()?.unwrap_or(known.name),
        url: address(request.url.as_deref().unwrap_or(&known.url), private_allowed)?.into(),
        types: request.types.map(types).transpose()?.unwrap_or(known.types),
        project: known.project,
        enabled: request.enabled.unwrap_or(known.enabled),
        private_allowed,
    };
    let mut record = store.edit_webhook(request.id, data, app.actor(), now).await?;
    let secret = request.new_secret.then(|| app.engine.new_webhook_secret());
    if let Some(secret) = &secret {
        record = store.put_webhook_secret(request.id, secret.clone(), app.actor(), now).await?;
    }
    Ok(WebhookAndSecret { webhook: view(record), secret })
}

pub async fn remove_webhook(app: &App, request: WebhookRef) -> Result<Nothing, Problem> {
    app.engine.store().remove_webhook(request.id, app.actor(), app.engine.now()).await?;
    Ok(Nothing {})
}

/// Oldest first.
pub async fn list_webhooks(app: &App, _: Nothing) -> Result<Vec<Webhook>, Problem> {
    Ok(app.engine.store().webhooks().await?.into_iter().map(view).collect())
}

/// Sends a message now and tells how that went; it takes 15 seconds at most.
pub async fn test_webhook(app: &App, request: WebhookRef) -> Result<Delivery, Problem> {
    Ok(sent(app.engine.try_webhook(request.id).await?))
}

/// Newest first.
pub async fn list_deliveries(app: &App, request: ListDeliveries) -> Result<Vec<Delivery>, Problem> {
    let limit = request.limit.unwrap_or(DELIVERIES);
    if !(1..=DELIVERIES_MAX).contains(&limit) {
        return Err(invalid(format!("1 to {DELIVERIES_MAX} messages can be asked for at a time")));
    }
    // One that was removed is unknown, not empty.
    app.engine.store().webhook(request.webhook).await?;
    Ok(app.engine.store().deliveries(request.webhook, limit).await?.into_iter().map(sent).collect())
}

/// Sends a message again that is over, as often as a new one; of one that still waits nothing changes.
pub async fn resend_delivery(app: &App, request: DeliveryRef) -> Result<Delivery, Problem> {
    Ok(sent(app.engine.store().redeliver(request.id, app.actor(), app.engine.now()).await?))
}

fn address(text: &str, private_allowed: bool) -> Result<Url, Problem> {
    target(text, private_allowed).map_err(|bad| invalid(bad.to_string()))
}

fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err(invalid("the webhook has no name; say whom it tells")),
        101.. => Err(invalid("a webhook's name has at most 100 characters")),
        _ if name.chars().any(char::is_control) => Err(invalid("a webhook's name is one line")),
        _ => Ok(name.into()),
    }
}

fn types(list: Vec<String>) -> Result<Vec<String>, Problem> {
    if list.len() > TYPES_MAX {
        return Err(invalid(format!(
            "a webhook listens to at most {TYPES_MAX} types; leave them out for all"
        )));
    }
    let mut types: Vec<String> = list.iter().map(|word| word.trim().to_ascii_lowercase()).collect();
    let shaped = |word: &str| {
        let letters =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        match word.split_once('.') {
            None => letters(word),
            Some((noun, verb)) => letters(noun) && letters(verb),
        }
    };
    if let Some(bad) = types.iter().find(|word| !shaped(word)) {
        return Err(invalid(format!("“{bad}” is not an event; write for instance task or task.completed")));
    }
    types.sort();
    types.dedup();
    Ok(types)
}

fn view(record: WebhookRecord) -> Webhook {
    Webhook {
        id: record.id,
        name: record.data.name,
        url: record.data.url,
        types: record.data.types,
        project: record.data.project,
        enabled: record.data.enabled,
        private_allowed: record.data.private_allowed,
        waiting: record.waiting,
        failures: record.health.failures,
        resting_until: record.health.until,
        created_at: record.created_at,
        updated_at: record.updated_at,
    }
}

fn sent(record: DeliveryRecord) -> Delivery {
    Delivery {
        id: record.id,
        webhook: record.webhook,
        message: record.message(),
        event: record.event,
        payload: record.payload,
        state: match record.status {
            DeliveryStatus::Waiting => DeliveryState::Waiting,
            DeliveryStatus::Delivered => DeliveryState::Delivered,
            DeliveryStatus::GivenUp => DeliveryState::GivenUp,
        },
        attempts: record.attempts,
        next_at: record.next_at,
        code: record.code,
        trouble: record.trouble,
        took: record.took,
        created_at: record.created_at,
        ended_at: record.ended_at,
    }
}
