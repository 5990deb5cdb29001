//! What the board shows, in one scan: the card and its newest run.

use std::collections::HashMap;

use domain::{Cause, Id, Millis, Priority, ProjectId, RunId, RunState, Status, TaskId};
use rusqlite::{Connection, Params, params, params_from_iter, types::Value};

use crate::{
    Store,
    changes::head,
    error::StoreError,
    queue,
    readers::{Ask, row},
    runs, tasks,
};

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

row! {
    struct Row {
        id: i64,
        title: String,
        status: String,
        priority: i64,
        project: Option<i64>,
        tags: String,
        due_at: Option<i64>,
        assignee: Option<String>,
        created_at: i64,
        entered_at: i64,
        held: Option<String>,
        called: Option<String>,
        failed_as: Option<String>,
        failed_why: Option<String>,
        trashed_at: Option<i64>,
        queued: bool,
        runs: u32,
        artifacts: u32,
        run: Option<i64>,
        agent: Option<String>,
        phase: Option<String>,
        activity: Option<String>,
        outcome: Option<String>,
        cause: Option<String>,
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
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT t.id, t.title, t.status, t.priority, t.project_id, t.tags, t.due_at, ",
            "t.assignee, t.created_at, t.entered_at, t.held, t.called, t.failed_as, t.failed_why, t.trashed_at, t.queued, ",
            "t.runs, t.artifacts, r.id, r.agent, r.phase, r.activity, r.outcome, r.cause, r.started_at, r.ended_at, ",
            "r.evidence, r.reason, r.last_line, r.files, r.added, r.removed, ",
            "CASE WHEN t.live_run IS NOT NULL THEN (SELECT q.text FROM questions q WHERE q.task_id = t.id ",
            "AND q.answered_at IS NULL AND q.run_id = t.live_run ORDER BY q.id LIMIT 1) END ",
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
        self.aside(move |sql| {
            let (seq, _) = head(sql)?;
            let condition =
                select!("WHERE t.deleted_at IS NULL AND (?1 OR t.trashed_at IS NULL) AND (?2 IS NULL OR t.project_id = ?2)");
            Ok((seq, cards(sql, condition, params![trashed, project.map(Id::raw)])?))
        })
        .await
    }

    /// The given cards, trashed ones included; unknown and deleted ones are left out.
    pub async fn cards(&self, ids: &[TaskId]) -> Result<Vec<CardRecord>, StoreError> {
        let list = tasks::json(&ids.iter().map(|id| id.raw()).collect::<Vec<_>>())?;
        if ids.len() <= SHORT {
            return self.here(|sql| cards(sql, AMONG, [list])).await;
        }
        self.aside(|sql| cards(sql, AMONG, [list])).await
    }

    /// Cards column by column; what is open by urgency, due date and age, what is over newest first. Reads
    /// no more than it returns, whatever the size of the board. Also how many there are in all.
    pub async fn list(
        &self,
        filter: &CardFilter,
        offset: u32,
        limit: u32,
    ) -> Result<(u32, Vec<CardRecord>), StoreError> {
        let filter = filter.clone();
        self.aside(move |sql| {
            let (mut total, mut cards) = (0, Vec::new());
            let (mut skip, mut left) = (offset, limit);
            let wanted = |status: &&Status| filter.statuses.is_empty() || filter.statuses.contains(status);
            for status in LISTED.iter().filter(wanted) {
                let there = count_of(sql, *status, &filter)?;
                total += there;
                if skip < there && left > 0 {
                    let found = page_of(sql, *status, &filter, skip, left)?;
                    left -= found.len() as u32;
                    cards.extend(found);
                }
                skip = skip.saturating_sub(there);
            }
            Ok((total, cards))
        })
        .await
    }

    /// Cards in each column, those in the trash left out.
    pub async fn counts_by_column(&self) -> Result<Vec<(Status, u32)>, StoreError> {
        let none = CardFilter::default();
        self.aside(move |sql| {
            Status::ALL.into_iter().map(|status| Ok((status, count_of(sql, status, &none)?))).collect()
        })
        .await
    }

    /// Cards that cannot go on without a person, the longest first.
    pub async fn needing_you(&self, limit: u32) -> Result<Vec<CardRecord>, StoreError> {
        const LONGEST: &str = concat!(
            "SELECT t.id FROM tasks t WHERE t.id IN (",
            needing_you!(),
            ") ORDER BY t.entered_at, t.id LIMIT ?"
        );
        self.aside(move |sql| in_order(sql, sql.rows(LONGEST, [limit], |row| row.get(0))?)).await
    }

    pub async fn counts(&self) -> Result<Counts, StoreError> {
        const COUNTS: &str = concat!(
            "SELECT (SELECT count(*) FROM tasks WHERE status = 'in_progress' AND id IN (SELECT task_id FROM runs WHERE phase <> 'ended')), \
             (SELECT count(*) FROM tasks WHERE status = 'ready' AND trashed_at IS NULL), (SELECT count(*) FROM (",
            needing_you!(),
            "))"
        );
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Counts { in_flight: row.get(0)?, ready: row.get(1)?, needs_you: row.get(2)? })
        };
        self.here(|sql| Ok(sql.row(COUNTS, [], read)?.unwrap_or_default())).await
    }
}

fn page_of(
    sql: &Connection,
    status: Status,
    filter: &CardFilter,
    skip: u32,
    most: u32,
) -> Result<Vec<CardRecord>, StoreError> {
    let (mut query, mut values) = filtered("SELECT t.id FROM tasks t WHERE ", status, filter);
    query += if status.is_terminal() {
        " ORDER BY t.entered_at DESC, t.id DESC LIMIT ? OFFSET ?"
    } else {
        " ORDER BY t.priority DESC, coalesce(t.due_at, 9223372036854775807), t.created_at, t.id LIMIT ? OFFSET ?"
    };
    values.extend([most.into(), skip.into()]);
    in_order(sql, sql.rows(&query, params_from_iter(values), |row| row.get(0))?)
}

fn in_order(sql: &Connection, ids: Vec<i64>) -> Result<Vec<CardRecord>, StoreError> {
    let found = cards(sql, AMONG, [tasks::json(&ids)?])?;
    let mut found: HashMap<TaskId, CardRecord> = found.into_iter().map(|card| (card.id, card)).collect();
    Ok(ids.into_iter().filter_map(|id| found.remove(&TaskId(id))).collect())
}

pub(crate) fn count_of(sql: &Connection, status: Status, filter: &CardFilter) -> rusqlite::Result<u32> {
    let (query, values) = filtered("SELECT count(*) FROM tasks t WHERE ", status, filter);
    Ok(sql.row(&query, params_from_iter(values), |row| row.get(0))?.unwrap_or(0))
}

/// The words stand in the statement, not beside it: only so can it use the index of its column.
fn filtered(select: &str, status: Status, filter: &CardFilter) -> (String, Vec<Value>) {
    let mut query = format!("{select}t.trashed_at IS NULL AND t.status = '{}'", status.word());
    let mut values = Vec::new();
    if status == Status::InProgress {
        query += " AND t.id IN (SELECT task_id FROM runs WHERE phase <> 'ended')";
    }
    if status.is_terminal() {
        query += " AND t.finished_at IS NOT NULL";
    }
    let mut only = |condition: &str, value: Value| {
        query += condition;
        values.push(value);
    };
    if let Some(project) = filter.project {
        only(" AND t.project_id = ?", project.raw().into());
    }
    if let Some(assignee) = &filter.assignee {
        only(" AND t.assignee = ?", assignee.clone().into());
    }
    if let Some(priority) = filter.priority {
        only(" AND t.priority = ?", i64::from(priority.level()).into());
    }
    if let Some(tag) = &filter.tag {
        only(" AND EXISTS (SELECT 1 FROM json_each(t.tags) WHERE value = ?)", tag.clone().into());
    }
    (query, values)
}

/// Cards that are read while others wait.
const SHORT: usize = 20;

const AMONG: &str = select!("WHERE t.deleted_at IS NULL AND t.id IN (SELECT value FROM json_each(?))");

fn cards(sql: &Connection, statement: &str, values: impl Params) -> Result<Vec<CardRecord>, StoreError> {
    let mut found = sql.statement(statement)?;
    let mut rows = found.query(values)?;
    let mut cards = Vec::new();
    while let Some(row) = rows.next()? {
        cards.push(Row::read(row)?.try_into()?);
    }
    Ok(cards)
}

impl TryFrom<Row> for CardRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<CardRecord, StoreError> {
        let failed_as = row.failed_as.as_deref().map(queue::cause).transpose()?;
        let run = match (row.run, row.agent, row.phase) {
            (Some(id), Some(agent), Some(phase)) => Some(CardRunRecord {
                id: RunId(id),
                agent,
                state: runs::state(
                    &phase,
                    row.activity.as_deref(),
                    row.outcome.as_deref(),
                    row.cause.as_deref(),
                )?,
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
            status: tasks::status(&row.status)?,
            priority: tasks::priority(row.priority)?,
            project: row.project.map(ProjectId),
            tags: queue::words(&row.tags)?,
            due_at: row.due_at,
            assignee: row.assignee,
            created_at: row.created_at,
            entered_at: row.entered_at,
            held: row.held,
            called: row.called,
            failed: failed_as.zip(row.failed_why),
            trashed: row.trashed_at.is_some(),
            queued: row.queued,
            runs: row.runs,
            artifacts: row.artifacts,
            run,
            question: row.question,
        })
    }
}
