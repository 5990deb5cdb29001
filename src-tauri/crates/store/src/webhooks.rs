//! Webhooks: addresses that hear of changes, whose secret signs what they are told, and how they do. Their
//! messages are in `deliveries`.

use domain::{Actor, Id, Millis, ProjectId, WebhookId, webhook::Health};
use sqlx::FromRow;

use crate::{
    Store,
    changes::{Change, record},
    deliveries::{Attempt, drop_waiting},
    error::StoreError,
    projects, tasks,
    writer::Tx,
};

/// What a person decides about a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookData {
    pub name: String,
    pub url: String,
    /// Nouns and events; empty: all.
    pub types: Vec<String>,
    pub project: Option<ProjectId>,
    pub enabled: bool,
    pub private_allowed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRecord {
    pub id: WebhookId,
    pub data: WebhookData,
    pub health: Health,
    pub waiting: u32,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub(crate) considered: i64,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    url: String,
    types: String,
    project_id: Option<i64>,
    enabled: bool,
    private_allowed: bool,
    considered: i64,
    failures: i64,
    resting_until: Option<i64>,
    rest: i64,
    waiting: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<Row> for WebhookRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(WebhookRecord {
            id: WebhookId(row.id),
            data: WebhookData {
                name: row.name,
                url: row.url,
                types: serde_json::from_str(&row.types).map_err(|e| StoreError::Corrupt(e.to_string()))?,
                project: row.project_id.map(ProjectId),
                enabled: row.enabled,
                private_allowed: row.private_allowed,
            },
            health: Health { failures: row.failures as u32, until: row.resting_until, rest: row.rest },
            waiting: row.waiting as u32,
            created_at: row.created_at,
            updated_at: row.updated_at,
            considered: row.considered,
        })
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT w.*, (SELECT count(*) FROM webhook_deliveries d WHERE d.webhook_id = w.id ",
            "AND d.status = 'waiting') AS waiting FROM webhooks w WHERE w.removed_at IS NULL ",
            $tail
        )
    };
}

impl Store {
    /// Makes a webhook that hears of what happens from now on. `secret` signs its messages.
    pub async fn add_webhook(
        &self,
        data: WebhookData,
        secret: String,
        actor: Actor,
        now: Millis,
    ) -> Result<WebhookRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(project) = data.project {
                        projects::require(tx, project).await?;
                    }
                    let id = sqlx::query(
                        "INSERT INTO webhooks (name, url, secret, types, project_id, enabled, private_allowed, \
                         considered, created_at, updated_at) \
                         VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(seq), 0) FROM changes), ?, ?)",
                    )
                    .bind(&data.name)
                    .bind(&data.url)
                    .bind(secret)
                    .bind(tasks::json(&data.types)?)
                    .bind(data.project.map(Id::raw))
                    .bind(data.enabled)
                    .bind(data.private_allowed)
                    .bind(now)
                    .bind(now)
                    .execute(&mut *tx.conn)
                    .await?
                    .last_insert_rowid();
                    log(tx, "webhook.added", format!("added the webhook {}", data.name), &actor, now).await?;
                    require(tx, WebhookId(id)).await
                })
            })
            .await
    }

    /// Replaces what a person decides about it. Turned on again it hears of what happens from then on, and a
    /// new address is tried at once.
    pub async fn edit_webhook(
        &self,
        id: WebhookId,
        data: WebhookData,
        actor: Actor,
        now: Millis,
    ) -> Result<WebhookRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require(tx, id).await?;
                    if let Some(project) = data.project {
                        projects::require(tx, project).await?;
                    }
                    let awakes = data.enabled && !known.data.enabled;
                    let anew = awakes || data.url != known.data.url;
                    let health = if anew { Health::default() } else { known.health };
                    sqlx::query(
                        "UPDATE webhooks SET name = ?, url = ?, types = ?, project_id = ?, enabled = ?, \
                         private_allowed = ?, failures = ?, resting_until = ?, rest = ?, updated_at = ?, \
                         considered = iif(?, (SELECT coalesce(max(seq), 0) FROM changes), considered) WHERE id = ?",
                    )
                    .bind(&data.name)
                    .bind(&data.url)
                    .bind(tasks::json(&data.types)?)
                    .bind(data.project.map(Id::raw))
                    .bind(data.enabled)
                    .bind(data.private_allowed)
                    .bind(health.failures)
                    .bind(health.until)
                    .bind(health.rest)
                    .bind(now)
                    .bind(awakes)
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    if !data.enabled {
                        drop_waiting(tx, id, "the webhook was turned off", now).await?;
                    }
                    log(tx, "webhook.changed", format!("changed the webhook {}", data.name), &actor, now).await?;
                    require(tx, id).await
                })
            })
            .await
    }

    /// Gives it another secret, which signs from the next message on.
    pub async fn put_webhook_secret(
        &self,
        id: WebhookId,
        secret: String,
        actor: Actor,
        now: Millis,
    ) -> Result<WebhookRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require(tx, id).await?;
                    sqlx::query("UPDATE webhooks SET secret = ?, updated_at = ? WHERE id = ?")
                        .bind(secret)
                        .bind(now)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    let text = format!("gave the webhook {} a new secret", known.data.name);
                    log(tx, "webhook.changed", text, &actor, now).await?;
                    require(tx, id).await
                })
            })
            .await
    }

    pub async fn remove_webhook(&self, id: WebhookId, actor: Actor, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require(tx, id).await?;
                    drop_waiting(tx, id, "the webhook was removed", now).await?;
                    sqlx::query("UPDATE webhooks SET removed_at = ?, secret = '' WHERE id = ?")
                        .bind(now)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    let text = format!("removed the webhook {}", known.data.name);
                    log(tx, "webhook.removed", text, &actor, now).await
                })
            })
            .await
    }

    /// Oldest first.
    pub async fn webhooks(&self) -> Result<Vec<WebhookRecord>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(select!("ORDER BY w.id")).fetch_all(&self.readers).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    pub async fn webhook(&self, id: WebhookId) -> Result<WebhookRecord, StoreError> {
        let row: Option<Row> =
            sqlx::query_as(select!("AND w.id = ?")).bind(id.raw()).fetch_optional(&self.readers).await?;
        row.ok_or_else(|| unknown(id))?.try_into()
    }

    pub async fn webhook_secret(&self, id: WebhookId) -> Result<String, StoreError> {
        let secret: Option<String> =
            sqlx::query_scalar("SELECT secret FROM webhooks WHERE id = ? AND removed_at IS NULL")
                .bind(id.raw())
                .fetch_optional(&self.readers)
                .await?;
        secret.ok_or_else(|| unknown(id))
    }
}

pub(crate) async fn note_health(
    tx: &mut Tx<'_>,
    id: WebhookId,
    attempt: &Attempt,
    now: Millis,
) -> Result<(), StoreError> {
    let known = require(tx, id).await?;
    let health = match attempt.trouble {
        None => known.health.succeeded(),
        Some(_) => known.health.failed(now),
    };
    if health == known.health {
        return Ok(());
    }
    sqlx::query("UPDATE webhooks SET failures = ?, resting_until = ?, rest = ? WHERE id = ?")
        .bind(health.failures)
        .bind(health.until)
        .bind(health.rest)
        .bind(id.raw())
        .execute(&mut *tx.conn)
        .await?;
    let name = &known.data.name;
    match (known.health.until, health.until, &attempt.trouble) {
        (None, Some(_), Some(trouble)) => {
            let text =
                format!("the webhook {name} failed {} times in a row and rests: {trouble}", health.failures);
            log(tx, "webhook.resting", text, &Actor::Engine, now).await
        }
        (Some(_), None, _) => {
            log(tx, "webhook.recovered", format!("the webhook {name} answers again"), &Actor::Engine, now)
                .await
        }
        _ => Ok(()),
    }
}

pub(crate) async fn require(tx: &mut Tx<'_>, id: WebhookId) -> Result<WebhookRecord, StoreError> {
    let row: Option<Row> =
        sqlx::query_as(select!("AND w.id = ?")).bind(id.raw()).fetch_optional(&mut *tx.conn).await?;
    row.ok_or_else(|| unknown(id))?.try_into()
}

fn unknown(id: WebhookId) -> StoreError {
    StoreError::NotFound { what: "webhook", key: id.to_string() }
}

pub(crate) async fn log(
    tx: &mut Tx<'_>,
    kind: &'static str,
    text: String,
    actor: &Actor,
    now: Millis,
) -> Result<(), StoreError> {
    let change = Change { at: now, actor, kind, task: None, run: None, project: None, text };
    record(tx, change).await.map(|_| ())
}
