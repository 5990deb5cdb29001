//! What the board shows, in one scan: the card and its newest run.

use domain::{Cause, Id, Millis, Priority, ProjectId, RunId, RunState, Status, TaskId};
use sqlx::{Row as _, sqlite::SqliteRow};

use crate::{Store, error::StoreError, queue, runs, tasks};

#[derive(Clone, Debug, PartialEq)]
pub struct CardRecord {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    pub priority: Priority,
    pub project: Option<ProjectId>,
    pub tags: Vec<String>,
    pub due_at: Option<Millis>,
    pub assignee: Option<String>,
    pub created_at: Millis,
    pub entered_at: Millis,
    pub held: Option<String>,
    /// Why a person was called.
    pub called: Option<String>,
    /// Of a card that reviews put on the shelf: the class, and the sentence.
    pub failed: Option<(Cause, String)>,
    pub trashed: bool,
    pub queued: bool,
    pub runs: u32,
    pub artifacts: u32,
    pub run: Option<CardRunRecord>,
    /// What the live run's agent asks a person.
    pub question: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CardRunRecord {
    pub id: RunId,
    pub agent: String,
    pub state: RunState,
    pub started_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    pub evidence: Option<String>,
    pub reason: Option<String>,
    pub last_line: Option<String>,
    pub changes: Option<(u32, u32, u32)>,
}

/// Numbers for the footer and the tray.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub in_flight: u32,
    pub ready: u32,
    pub needs_you: u32,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT t.id, t.title, t.status, t.priority, t.project_id, t.tags, t.due_at, t.created_at, t.entered_at, ",
            "t.held, t.trashed_at IS NOT NULL, t.runs, t.artifacts, r.id, r.agent, r.phase, r.activity, r.outcome, ",
            "r.cause, r.started_at, r.ended_at, r.evidence, r.reason, r.last_line, r.files, r.added, r.removed, t.assignee, t.queued, ",
            "t.called, t.failed_as, t.failed_why, ",
            "CASE WHEN t.live_run IS NOT NULL THEN (SELECT q.text FROM questions q WHERE q.task_id = t.id ",
            "AND q.answered_at IS NULL AND q.run_id = t.live_run ORDER BY q.id LIMIT 1) END ",
            "FROM tasks t LEFT JOIN runs r ON r.id = t.last_run ",
            $tail
        )
    };
}

impl Store {
    /// Cards with the change number they are at least as new as; with `trashed` also those in the trash.
    pub async fn board(
        &self,
        project: Option<ProjectId>,
        trashed: bool,
    ) -> Result<(i64, Vec<CardRecord>), StoreError> {
        // The number is read first: an event for a later change is then never missed.
        let (seq, _) = self.head().await?;
        let rows = sqlx::query(select!(
            "WHERE t.deleted_at IS NULL AND (? OR t.trashed_at IS NULL) AND (? IS NULL OR t.project_id = ?)"
        ))
        .bind(trashed)
        .bind(project.map(Id::raw))
        .bind(project.map(Id::raw))
        .fetch_all(&self.readers)
        .await?;
        let cards = rows.iter().map(card).collect::<Result<_, _>>()?;
        Ok((seq, cards))
    }

    /// The given cards, trashed ones included; unknown and deleted ones are left out.
    pub async fn cards(&self, ids: &[TaskId]) -> Result<Vec<CardRecord>, StoreError> {
        let list = tasks::json(&ids.iter().map(|id| id.raw()).collect::<Vec<_>>())?;
        let rows =
            sqlx::query(select!("WHERE t.deleted_at IS NULL AND t.id IN (SELECT value FROM json_each(?))"))
                .bind(list)
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(card).collect()
    }

    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let (in_flight, ready, mut needs_you): (i64, i64, i64) = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE t.status = 'in_progress'), count(*) FILTER (WHERE t.status = 'ready'), \
             count(*) FILTER (WHERE t.held IS NOT NULL AND t.status IN ('ready', 'review') OR r.activity = 'waiting' \
             OR t.called IS NOT NULL \
             OR EXISTS (SELECT 1 FROM questions q WHERE q.task_id = t.id AND q.answered_at IS NULL AND q.run_id = t.live_run)) \
             FROM tasks t LEFT JOIN runs r ON r.id = t.live_run \
             WHERE t.trashed_at IS NULL AND t.status IN ('ready', 'in_progress', 'review')",
        )
        .fetch_one(&self.readers)
        .await?;
        let on_the_shelf: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM tasks WHERE status = 'failed' AND called IS NOT NULL AND trashed_at IS NULL",
        )
        .fetch_one(&self.readers)
        .await?;
        needs_you += on_the_shelf;
        Ok(Counts { in_flight: in_flight as u32, ready: ready as u32, needs_you: needs_you as u32 })
    }
}

fn card(row: &SqliteRow) -> Result<CardRecord, StoreError> {
    let tags: &str = row.try_get(5)?;
    let run: Option<i64> = row.try_get(13)?;
    let failed_as: Option<&str> = row.try_get(30)?;
    let failed_as = failed_as.map(queue::cause).transpose()?;
    let failed_why: Option<String> = row.try_get(31)?;
    Ok(CardRecord {
        id: TaskId(row.try_get(0)?),
        title: row.try_get(1)?,
        status: tasks::status(row.try_get(2)?)?,
        priority: tasks::priority(row.try_get(3)?)?,
        project: row.try_get::<Option<i64>, _>(4)?.map(ProjectId),
        tags: if tags == "[]" { Vec::new() } else { parse(tags)? },
        due_at: row.try_get(6)?,
        assignee: row.try_get(27)?,
        created_at: row.try_get(7)?,
        entered_at: row.try_get(8)?,
        held: row.try_get(9)?,
        called: row.try_get(29)?,
        failed: failed_as.zip(failed_why),
        trashed: row.try_get(10)?,
        queued: row.try_get(28)?,
        runs: row.try_get::<i64, _>(11)? as u32,
        artifacts: row.try_get::<i64, _>(12)? as u32,
        run: run.map(|id| card_run(row, RunId(id))).transpose()?,
        question: row.try_get(32)?,
    })
}

fn card_run(row: &SqliteRow, id: RunId) -> Result<CardRunRecord, StoreError> {
    let files: Option<i64> = row.try_get(24)?;
    let added: Option<i64> = row.try_get(25)?;
    let removed: Option<i64> = row.try_get(26)?;
    Ok(CardRunRecord {
        id,
        agent: row.try_get(14)?,
        state: runs::state(row.try_get(15)?, row.try_get(16)?, row.try_get(17)?, row.try_get(18)?)?,
        started_at: row.try_get(19)?,
        ended_at: row.try_get(20)?,
        evidence: row.try_get(21)?,
        reason: row.try_get(22)?,
        last_line: row.try_get(23)?,
        changes: files.zip(added).zip(removed).map(|((f, a), r)| (f as u32, a as u32, r as u32)),
    })
}

fn parse(tags: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(tags).map_err(|e| StoreError::Corrupt(e.to_string()))
}
