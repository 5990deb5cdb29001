//! What programs with boards of their own keep about a card. It is theirs: carried, counted, given back, and
//! never a reason to move anything.

use domain::{Actor, Id, Millis, TaskId};
use serde_json::{Map, Value};

use crate::{Store, error::StoreError, tasks, writer::Tx};

/// How a card came out, in the words of who reports it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutcomeRecord {
    /// `success`, `failed`, `partial` or `abandoned`.
    pub outcome: Option<String>,
    pub error_message: Option<String>,
    pub resolution: Option<String>,
    /// 1 to 5.
    pub feedback_rating: Option<u8>,
    pub feedback_notes: Option<String>,
    pub estimated_hours: Option<f64>,
    pub actual_hours: Option<f64>,
    pub metadata: Map<String, Value>,
    /// Who made the card, where that was nobody whom the log knows. Never taken back.
    pub created_by: Option<String>,
}

/// A finished card as statistics see it.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRecord {
    /// The agent that it was kept for or that worked on it.
    pub agent: Option<String>,
    pub priority: domain::Priority,
    pub outcome: Option<String>,
    pub error_message: Option<String>,
    /// Attempts after the first.
    pub retries: u32,
    pub created_at: Millis,
    pub finished_at: Millis,
}

/// Agent, priority, outcome, error, runs, created, finished.
type FinishedRow = (Option<String>, i64, Option<String>, Option<String>, i64, i64, i64);

impl Store {
    /// Replaces what was kept about the card.
    pub async fn put_outcome(
        &self,
        task: TaskId,
        outcome: OutcomeRecord,
        actor: Actor,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer.write(move |tx| Box::pin(async move { put(tx, task, outcome, &actor, now).await })).await
    }

    /// Cards done since then.
    pub async fn finished_since(&self, since: Millis) -> Result<Vec<FinishedRecord>, StoreError> {
        let rows: Vec<FinishedRow> = sqlx::query_as(
            "SELECT coalesce(t.assignee, r.agent), t.priority, o.outcome, o.error_message, t.runs, t.created_at, t.finished_at \
             FROM tasks t LEFT JOIN runs r ON r.id = t.last_run LEFT JOIN task_outcomes o ON o.task_id = t.id \
             WHERE t.status = 'done' AND t.trashed_at IS NULL AND t.finished_at >= ?",
        )
        .bind(since)
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(agent, priority, outcome, error_message, runs, created_at, finished_at)| {
                let retries = runs.saturating_sub(1).max(0) as u32;
                let priority = tasks::priority(priority)?;
                Ok(FinishedRecord {
                    agent,
                    priority,
                    outcome,
                    error_message,
                    retries,
                    created_at,
                    finished_at,
                })
            })
            .collect()
    }
}

async fn put(
    tx: &mut Tx<'_>,
    task: TaskId,
    outcome: OutcomeRecord,
    actor: &Actor,
    now: Millis,
) -> Result<(), StoreError> {
    tasks::require(tx, task).await?;
    sqlx::query(
        "INSERT OR REPLACE INTO task_outcomes (task_id, outcome, error_message, resolution, feedback_rating, \
         feedback_notes, estimated_hours, actual_hours, metadata, created_by) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, \
         coalesce(?10, (SELECT created_by FROM task_outcomes WHERE task_id = ?1)))",
    )
    .bind(task.raw())
    .bind(&outcome.outcome)
    .bind(&outcome.error_message)
    .bind(&outcome.resolution)
    .bind(outcome.feedback_rating)
    .bind(&outcome.feedback_notes)
    .bind(outcome.estimated_hours)
    .bind(outcome.actual_hours)
    .bind(tasks::json(&outcome.metadata)?)
    .bind(&outcome.created_by)
    .execute(&mut *tx.conn)
    .await?;
    let text = match &outcome.outcome {
        Some(word) => format!("reported the outcome: {word}"),
        None => "reported on the card".into(),
    };
    tasks::log(tx, task, None, actor, "task.outcome", text, now).await
}
