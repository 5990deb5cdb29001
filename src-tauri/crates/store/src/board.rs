//! What the board shows, in one scan: the card and its newest run. They come as one JSON list: a row for
//! each card would cost several times as much, nearly all of it for handing thousands of values over
//! from SQLite's thread one by one.

use std::collections::HashMap;

use domain::{Cause, Id, Millis, Priority, ProjectId, RunId, RunState, Status, TaskId};
use serde::Deserialize;
use sqlx::{QueryBuilder, Sqlite};

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

/// Which cards to list. Those in the trash are left out.
#[derive(Clone, Debug, Default)]
pub struct CardFilter {
    /// Empty: all.
    pub statuses: Vec<Status>,
    pub project: Option<ProjectId>,
    pub assignee: Option<String>,
    pub tag: Option<String>,
    pub priority: Option<Priority>,
}

/// In this order columns are listed: what moves first, what is over last.
const LISTED: [Status; 7] = [
    Status::InProgress,
    Status::Review,
    Status::Ready,
    Status::Inbox,
    Status::Failed,
    Status::Done,
    Status::Cancelled,
];

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

/// Ids of cards that cannot go on without a person: held, asked something, or called for. Each part has an
/// index of its own.
macro_rules! needing_you {
    () => {
        "SELECT id FROM tasks WHERE held IS NOT NULL AND trashed_at IS NULL AND status IN ('ready', 'review') \
         UNION SELECT r.task_id FROM runs r INDEXED BY runs_at_work CROSS JOIN tasks h ON h.id = r.task_id \
         WHERE r.phase <> 'ended' AND r.activity = 'waiting' AND h.live_run = r.id \
         UNION SELECT id FROM tasks WHERE called IS NOT NULL AND trashed_at IS NULL AND status IN ('ready', 'in_progress', 'review', 'failed') \
         UNION SELECT q.task_id FROM runs r INDEXED BY runs_at_work \
         CROSS JOIN questions q ON q.task_id = r.task_id AND q.run_id = r.id CROSS JOIN tasks a ON a.id = r.task_id \
         WHERE r.phase <> 'ended' AND q.answered_at IS NULL AND a.live_run = r.id"
    };
}

#[cfg(test)]
pub(crate) const NEEDING_YOU: &str = needing_you!();

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

    /// Cards column by column; what is open by urgency, due date and age, what is over newest first. Reads
    /// no more than it returns, whatever the size of the board. Also how many there are in all.
    pub async fn list(
        &self,
        filter: &CardFilter,
        offset: u32,
        limit: u32,
    ) -> Result<(u32, Vec<CardRecord>), StoreError> {
        let (mut total, mut cards) = (0, Vec::new());
        let (mut skip, mut left) = (offset, limit);
        let wanted = |status: &&Status| filter.statuses.is_empty() || filter.statuses.contains(status);
        for status in LISTED.iter().filter(wanted) {
            let there = self.count_of(*status, filter).await?;
            total += there;
            if skip < there && left > 0 {
                let found = self.page_of(*status, filter, skip, left).await?;
                left -= found.len() as u32;
                cards.extend(found);
            }
            skip = skip.saturating_sub(there);
        }
        Ok((total, cards))
    }

    async fn page_of(
        &self,
        status: Status,
        filter: &CardFilter,
        skip: u32,
        most: u32,
    ) -> Result<Vec<CardRecord>, StoreError> {
        let mut query = QueryBuilder::new("SELECT t.id FROM tasks t WHERE ");
        push_filter(&mut query, status, filter);
        query.push(if status.is_terminal() {
            " ORDER BY t.entered_at DESC, t.id DESC LIMIT "
        } else {
            " ORDER BY t.priority DESC, coalesce(t.due_at, 9223372036854775807), t.created_at, t.id LIMIT "
        });
        query.push_bind(most).push(" OFFSET ").push_bind(skip);
        self.in_order(query.build_query_scalar().fetch_all(&self.readers).await?).await
    }

    async fn in_order(&self, ids: Vec<i64>) -> Result<Vec<CardRecord>, StoreError> {
        let ids: Vec<TaskId> = ids.into_iter().map(TaskId).collect();
        let found = self.cards(&ids).await?;
        let mut found: HashMap<TaskId, CardRecord> = found.into_iter().map(|card| (card.id, card)).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn count_of(&self, status: Status, filter: &CardFilter) -> Result<u32, StoreError> {
        let mut query = QueryBuilder::new("SELECT count(*) FROM tasks t WHERE ");
        push_filter(&mut query, status, filter);
        let count: i64 = query.build_query_scalar().fetch_one(&self.readers).await?;
        Ok(count as u32)
    }

    /// Cards in each column, those in the trash left out.
    pub async fn counts_by_column(&self) -> Result<Vec<(Status, u32)>, StoreError> {
        let mut counts = Vec::with_capacity(Status::ALL.len());
        for status in Status::ALL {
            counts.push((status, self.count_of(status, &CardFilter::default()).await?));
        }
        Ok(counts)
    }

    /// Cards that cannot go on without a person, the longest first.
    pub async fn needing_you(&self, limit: u32) -> Result<Vec<CardRecord>, StoreError> {
        let ids = sqlx::query_scalar(concat!(
            "SELECT t.id FROM tasks t WHERE t.id IN (",
            needing_you!(),
            ") ORDER BY t.entered_at, t.id LIMIT ?"
        ))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        self.in_order(ids).await
    }

    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let (in_flight, ready, needs_you): (i64, i64, i64) = sqlx::query_as(concat!(
            "SELECT (SELECT count(*) FROM tasks WHERE status = 'in_progress' AND id IN (SELECT task_id FROM runs WHERE phase <> 'ended')), \
             (SELECT count(*) FROM tasks WHERE status = 'ready' AND trashed_at IS NULL), (SELECT count(*) FROM (",
            needing_you!(),
            "))"
        ))
        .fetch_one(&self.readers)
        .await?;
        Ok(Counts { in_flight: in_flight as u32, ready: ready as u32, needs_you: needs_you as u32 })
    }
}

/// The words stand in the statement, not beside it: only so can it use the index of its column.
fn push_filter(query: &mut QueryBuilder<Sqlite>, status: Status, filter: &CardFilter) {
    query.push("t.trashed_at IS NULL AND t.status = '").push(status.word()).push("'");
    if status == Status::InProgress {
        query.push(" AND t.id IN (SELECT task_id FROM runs WHERE phase <> 'ended')");
    }
    if status.is_terminal() {
        query.push(" AND t.finished_at IS NOT NULL");
    }
    if let Some(project) = filter.project {
        query.push(" AND t.project_id = ").push_bind(project.raw());
    }
    if let Some(assignee) = &filter.assignee {
        query.push(" AND t.assignee = ").push_bind(assignee.clone());
    }
    if let Some(priority) = filter.priority {
        query.push(" AND t.priority = ").push_bind(i64::from(priority.level()));
    }
    if let Some(tag) = &filter.tag {
        query
            .push(" AND EXISTS (SELECT 1 FROM json_each(t.tags) WHERE value = ")
            .push_bind(tag.clone())
            .push(")");
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
