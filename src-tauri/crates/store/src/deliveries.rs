//! Messages to webhooks. A change becomes a delivery in one transaction with the note that it was
//! looked at, so that none is missed and none told twice, whenever the engine is killed; whether it arrived
//! is known only after the answer, so the other side may hear one message twice and knows it by its id.

use domain::{Actor, DeliveryId, Id, Millis, TaskId, WebhookId, event, webhook::next_try};
use serde_json::json;
use sqlx::FromRow;

use crate::{
    Store,
    error::StoreError,
    webhooks::{WebhookData, log, note_health, require},
    writer::Tx,
};

/// Changes that are looked at in one transaction.
const BATCH: i64 = 200;
/// Deliveries that are over and kept for each webhook.
const KEPT: i64 = 1_000;

/// Milliseconds for whoever queued a message to send it; longer than any attempt takes.
const SENDERS_OWN: Millis = 60_000;

/// Whether a message is still to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    Waiting,
    Delivered,
    GivenUp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    pub id: DeliveryId,
    pub webhook: WebhookId,
    pub seq: Option<i64>,
    pub event: String,
    /// The body, as it is sent.
    pub payload: String,
    pub status: DeliveryStatus,
    pub attempts: u32,
    pub next_at: Option<Millis>,
    pub code: Option<u16>,
    pub trouble: Option<String>,
    /// Milliseconds of the newest attempt.
    pub took: Option<Millis>,
    pub created_at: Millis,
    pub ended_at: Option<Millis>,
}

impl DeliveryRecord {
    /// The message's name for the other side, the same at every attempt.
    pub fn message(&self) -> String {
        match self.seq {
            Some(seq) => format!("evt_{seq}"),
            None => format!("test_{}", self.id),
        }
    }
}

/// How one attempt went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// The answer's status, if there was an answer.
    pub code: Option<u16>,
    /// None: it arrived.
    pub trouble: Option<String>,
    /// Milliseconds.
    pub took: Millis,
}

#[derive(FromRow)]
struct DeliveryRow {
    id: i64,
    webhook_id: i64,
    seq: Option<i64>,
    event: String,
    payload: String,
    status: String,
    attempts: i64,
    next_at: Option<i64>,
    code: Option<i64>,
    trouble: Option<String>,
    took: Option<i64>,
    created_at: i64,
    ended_at: Option<i64>,
}

impl TryFrom<DeliveryRow> for DeliveryRecord {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let status = match row.status.as_str() {
            "waiting" => DeliveryStatus::Waiting,
            "delivered" => DeliveryStatus::Delivered,
            "given_up" => DeliveryStatus::GivenUp,
            other => return Err(StoreError::Corrupt(format!("“{other}” is no state of a delivery"))),
        };
        Ok(DeliveryRecord {
            id: DeliveryId(row.id),
            webhook: WebhookId(row.webhook_id),
            seq: row.seq,
            event: row.event,
            payload: row.payload,
            status,
            attempts: row.attempts as u32,
            next_at: row.next_at,
            code: row.code.map(|code| code as u16),
            trouble: row.trouble,
            took: row.took,
            created_at: row.created_at,
            ended_at: row.ended_at,
        })
    }
}

/// A change with what its card is now.
#[derive(FromRow)]
struct EventRow {
    seq: i64,
    at: i64,
    actor: String,
    kind: String,
    task_id: Option<i64>,
    run_id: Option<i64>,
    project_id: Option<i64>,
    text: String,
    title: Option<String>,
    status: Option<String>,
    priority: Option<i64>,
    of_project: Option<i64>,
}

impl EventRow {
    fn project(&self) -> Option<i64> {
        self.project_id.or(self.of_project)
    }

    fn payload(&self, event: &str) -> String {
        let task = self.task_id.map(|id| {
            json!({
                "id": id,
                "key": TaskId(id).key(),
                "title": self.title,
                "status": self.status,
                "priority": self.priority,
            })
        });
        body(
            event,
            self.at,
            json!({
                "seq": self.seq,
                "actor": self.actor,
                "text": self.text,
                "project": self.project(),
                "run": self.run_id,
                "task": task,
            }),
        )
    }
}

/// The body of a message; `at` is when the event was, milliseconds since the epoch.
fn body(event: &str, at: Millis, data: serde_json::Value) -> String {
    json!({ "type": event, "timestamp": at, "data": data }).to_string()
}

impl Store {
    /// Newest first, at most `limit`.
    pub async fn deliveries(
        &self,
        webhook: WebhookId,
        limit: u32,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        let rows: Vec<DeliveryRow> =
            sqlx::query_as("SELECT * FROM webhook_deliveries WHERE webhook_id = ? ORDER BY id DESC LIMIT ?")
                .bind(webhook.raw())
                .bind(limit)
                .fetch_all(&self.readers)
                .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The delivery that is sent next and when; none: nothing waits.
    pub async fn next_delivery(&self, webhook: WebhookId) -> Result<Option<DeliveryRecord>, StoreError> {
        let row: Option<DeliveryRow> = sqlx::query_as(
            "SELECT * FROM webhook_deliveries WHERE webhook_id = ? AND status = 'waiting' ORDER BY next_at, id LIMIT 1",
        )
        .bind(webhook.raw())
        .fetch_optional(&self.readers)
        .await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Makes deliveries of the changes that the webhook has not looked at. Returns whether there are more.
    pub async fn queue_deliveries(&self, id: WebhookId, now: Millis) -> Result<bool, StoreError> {
        let known = self.webhook(id).await?;
        let events: Vec<EventRow> = sqlx::query_as(
            "SELECT c.*, t.title, t.status, t.priority, t.project_id AS of_project FROM changes c \
             LEFT JOIN tasks t ON t.id = c.task_id WHERE c.seq > ? ORDER BY c.seq LIMIT ?",
        )
        .bind(known.considered)
        .bind(BATCH)
        .fetch_all(&self.readers)
        .await?;
        let Some(newest) = events.last().map(|event| event.seq) else { return Ok(false) };
        let more = events.len() as i64 == BATCH;
        let told: Vec<(i64, String, String)> =
            events.iter().filter_map(|row| told(&known.data, row)).collect();
        self.writer.write(move |tx| Box::pin(async move { queue(tx, id, newest, &told, now).await })).await?;
        Ok(more)
    }

    /// Queues a message that a person asks for, whatever the webhook listens to. Whoever asked sends it; should
    /// they be killed before, it is sent a minute later.
    pub async fn queue_test(&self, id: WebhookId, now: Millis) -> Result<DeliveryRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require(tx, id).await?;
                    let payload = body("webhook.test", now, json!({ "webhook": known.data.name }));
                    let delivery = sqlx::query(
                        "INSERT INTO webhook_deliveries (webhook_id, event, payload, status, next_at, created_at) \
                         VALUES (?, 'webhook.test', ?, 'waiting', ?, ?)",
                    )
                    .bind(id.raw())
                    .bind(payload)
                    .bind(now + SENDERS_OWN)
                    .bind(now)
                    .execute(&mut *tx.conn)
                    .await?
                    .last_insert_rowid();
                    require_delivery(tx, DeliveryId(delivery)).await
                })
            })
            .await
    }

    /// Sends one again that is over, from the start.
    pub async fn redeliver(
        &self,
        id: DeliveryId,
        actor: Actor,
        now: Millis,
    ) -> Result<DeliveryRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require_delivery(tx, id).await?;
                    let webhook = require(tx, known.webhook).await?;
                    let text = format!("sends {} to the webhook {} again", known.event, webhook.data.name);
                    log(tx, "webhook.resent", text, &actor, now).await?;
                    sqlx::query(
                        "UPDATE webhook_deliveries SET status = 'waiting', attempts = 0, next_at = ?, ended_at = NULL \
                         WHERE id = ? AND status <> 'waiting'",
                    )
                    .bind(now)
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    require_delivery(tx, id).await
                })
            })
            .await
    }

    /// Notes how an attempt went, what follows, and how the address does. `roll` is chance, from 0 to 1. One
    /// that is over meanwhile, as its webhook was removed, stays what it is.
    pub async fn delivery_tried(
        &self,
        id: DeliveryId,
        attempt: Attempt,
        roll: f64,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require_delivery(tx, id).await?;
                    if known.status != DeliveryStatus::Waiting {
                        return Ok(());
                    }
                    let attempts = known.attempts + 1;
                    let (status, next_at) = match (&attempt.trouble, next_try(attempts, now, roll)) {
                        (None, _) => ("delivered", None),
                        // Nobody waits for a test tomorrow.
                        (Some(_), Some(_)) if known.seq.is_none() => ("given_up", None),
                        (Some(_), Some(at)) => ("waiting", Some(at)),
                        (Some(_), None) => ("given_up", None),
                    };
                    sqlx::query(
                        "UPDATE webhook_deliveries SET status = ?, attempts = ?, next_at = ?, code = ?, trouble = ?, \
                         took = ?, ended_at = ? WHERE id = ?",
                    )
                    .bind(status)
                    .bind(attempts)
                    .bind(next_at)
                    .bind(attempt.code)
                    .bind(&attempt.trouble)
                    .bind(attempt.took)
                    .bind((status != "waiting").then_some(now))
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    tx.touched.webhooks = true;
                    note_health(tx, known.webhook, &attempt, now).await
                })
            })
            .await
    }
}

/// What is sent of a change, if the webhook listens to it. It does not hear of webhooks: one that fails would
/// be told so.
fn told(data: &WebhookData, row: &EventRow) -> Option<(i64, String, String)> {
    let event = event::of_change(&row.kind);
    let of_project = data.project.is_none_or(|project| row.project() == Some(project.raw()));
    let wanted = !event.starts_with("webhook.") && of_project && event::is_wanted(&data.types, event);
    wanted.then(|| (row.seq, event.to_string(), row.payload(event)))
}

async fn queue(
    tx: &mut Tx<'_>,
    id: WebhookId,
    newest: i64,
    told: &[(i64, String, String)],
    now: Millis,
) -> Result<(), StoreError> {
    // Removed, turned off or turned on again since the changes were read: nothing of them is told.
    let moved = sqlx::query(
        "UPDATE webhooks SET considered = ?1 WHERE id = ?2 AND enabled = 1 AND removed_at IS NULL AND considered < ?1",
    )
    .bind(newest)
    .bind(id.raw())
    .execute(&mut *tx.conn)
    .await?;
    if moved.rows_affected() == 0 {
        return Ok(());
    }
    tx.touched.webhooks |= !told.is_empty();
    for (seq, event, payload) in told {
        sqlx::query(
            "INSERT INTO webhook_deliveries (webhook_id, seq, event, payload, status, next_at, created_at) \
             VALUES (?, ?, ?, ?, 'waiting', ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(id.raw())
        .bind(seq)
        .bind(event)
        .bind(payload)
        .bind(now)
        .bind(now)
        .execute(&mut *tx.conn)
        .await?;
    }
    sqlx::query(
        "DELETE FROM webhook_deliveries WHERE webhook_id = ?1 AND status <> 'waiting' AND id < \
         (SELECT id FROM webhook_deliveries WHERE webhook_id = ?1 AND status <> 'waiting' ORDER BY id DESC \
          LIMIT 1 OFFSET ?2)",
    )
    .bind(id.raw())
    .bind(KEPT - 1)
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

pub(crate) async fn drop_waiting(
    tx: &mut Tx<'_>,
    id: WebhookId,
    why: &str,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE webhook_deliveries SET status = 'given_up', next_at = NULL, ended_at = ?, trouble = ? \
         WHERE webhook_id = ? AND status = 'waiting'",
    )
    .bind(now)
    .bind(why)
    .bind(id.raw())
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

async fn require_delivery(tx: &mut Tx<'_>, id: DeliveryId) -> Result<DeliveryRecord, StoreError> {
    let row: Option<DeliveryRow> = sqlx::query_as("SELECT * FROM webhook_deliveries WHERE id = ?")
        .bind(id.raw())
        .fetch_optional(&mut *tx.conn)
        .await?;
    row.ok_or_else(|| StoreError::NotFound { what: "delivery", key: id.to_string() })?.try_into()
}
