//! What the board shows, in one scan: the card and its newest run. They come as one JSON list: a row for
//! each card would cost several times as much, nearly all of it for handing thousands of values over
//! from SQLite's thread one by one.

use domain::{Cause, Id, Millis, Priority, ProjectId, RunId, RunState, Status, TaskId};
use serde::Deserialize;

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

/// In the order of the columns.
#[derive(Deserialize)]
struct Row<'a> {
    id: i64,
    title: String,
    status: &'a str,
    priority: i64,
    project: Option<i64>,
    tags: Vec<String>,
    due_at: Option<i64>,
    assignee: Option<String>,
    created_at: i64,
    entered_at: i64,
    held: Option<String>,
    called: Option<String>,
    failed_as: Option<&'a str>,
    failed_why: Option<String>,
    trashed_at: Option<i64>,
    queued: i64,
    runs: u32,
    artifacts: u32,
    run: Option<i64>,
    agent: Option<String>,
    phase: Option<&'a str>,
    activity: Option<&'a str>,
    outcome: Option<&'a str>,
    cause: Option<&'a str>,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    evidence: Option<String>,
    reason: Option<String>,
    last_line: Option<String>,
    files: Option<u32>,
    added: Option<u32>,
    removed: Option<u32>,
    question: Option<String>,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT json_group_array(json_array(t.id, t.title, t.status, t.priority, t.project_id, json(t.tags), t.due_at, ",
            "t.assignee, t.created_at, t.entered_at, t.held, t.called, t.failed_as, t.failed_why, t.trashed_at, t.queued, ",
            "t.runs, t.artifacts, r.id, r.agent, r.phase, r.activity, r.outcome, r.cause, r.started_at, r.ended_at, ",
            "r.evidence, r.reason, r.last_line, r.files, r.added, r.removed, ",
            "CASE WHEN t.live_run IS NOT NULL THEN (SELECT q.text FROM questions q WHERE q.task_id = t.id ",
            "AND q.answered_at IS NULL AND q.run_id = t.live_run ORDER BY q.id LIMIT 1) END)) ",
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
        let list: String = sqlx::query_scalar(select!(
            "WHERE t.deleted_at IS NULL AND (? OR t.trashed_at IS NULL) AND (? IS NULL OR t.project_id = ?)"
        ))
        .bind(trashed)
        .bind(project.map(Id::raw))
        .bind(project.map(Id::raw))
        .fetch_one(&self.readers)
        .await?;
        Ok((seq, cards(&list)?))
    }

    /// The given cards, trashed ones included; unknown and deleted ones are left out.
    pub async fn cards(&self, ids: &[TaskId]) -> Result<Vec<CardRecord>, StoreError> {
        let ids = tasks::json(&ids.iter().map(|id| id.raw()).collect::<Vec<_>>())?;
        let list: String = sqlx::query_scalar(select!(
            "WHERE t.deleted_at IS NULL AND t.id IN (SELECT value FROM json_each(?))"
        ))
        .bind(ids)
        .fetch_one(&self.readers)
        .await?;
        cards(&list)
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

fn cards(list: &str) -> Result<Vec<CardRecord>, StoreError> {
    let rows: Vec<Row> = tasks::parse(list)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl TryFrom<Row<'_>> for CardRecord {
    type Error = StoreError;

    fn try_from(row: Row<'_>) -> Result<CardRecord, StoreError> {
        let failed_as = row.failed_as.map(queue::cause).transpose()?;
        let run = match (row.run, row.agent, row.phase) {
            (Some(id), Some(agent), Some(phase)) => Some(CardRunRecord {
                id: RunId(id),
                agent,
                state: runs::state(phase, row.activity, row.outcome, row.cause)?,
                started_at: row.started_at,
                ended_at: row.ended_at,
                evidence: row.evidence,
                reason: row.reason,
                last_line: row.last_line,
                changes: row.files.zip(row.added).zip(row.removed).map(|((f, a), r)| (f, a, r)),
            }),
            (_, _, _) => None,
        };
        Ok(CardRecord {
            id: TaskId(row.id),
            title: row.title,
            status: tasks::status(row.status)?,
            priority: tasks::priority(row.priority)?,
            project: row.project.map(ProjectId),
            tags: row.tags,
            due_at: row.due_at,
            assignee: row.assignee,
            created_at: row.created_at,
            entered_at: row.entered_at,
            held: row.held,
            called: row.called,
            failed: failed_as.zip(row.failed_why),
            trashed: row.trashed_at.is_some(),
            queued: row.queued != 0,
            runs: row.runs,
            artifacts: row.artifacts,
            run,
            question: row.question,
        })
    }
}
