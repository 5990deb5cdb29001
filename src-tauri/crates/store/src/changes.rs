//! The append-only change log. Every write records what it did, in its own transaction; the board's
//! cache, the timeline, event streams and webhooks all read from here.

use std::{borrow::Cow, collections::BTreeSet};

use domain::{Actor, Id, Millis, ProjectId, RunId, TaskId};
use rusqlite::params;

use crate::{
    Store,
    error::StoreError,
    readers::{Ask, row},
    writer::Tx,
};

/// What one commit touched: names, not payloads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The highest sequence number in the commit; 0 if it changed nothing.
    pub seq: i64,
    pub at: Millis,
    pub tasks: BTreeSet<TaskId>,
    pub projects: bool,
    pub agents: bool,
    pub schedules: bool,
    pub settings: bool,
    /// Webhooks, or what became of their messages.
    pub webhooks: bool,
    pub keys: bool,
    /// A run ended or a card may have changed its project: there may be room for another run.
    pub room: bool,
    /// The earliest end of a lease that was given or renewed.
    pub lease: Option<Millis>,
}

impl Committed {
    pub fn merge(&mut self, other: Committed) {
        self.seq = self.seq.max(other.seq);
        self.at = self.at.max(other.at);
        self.tasks.extend(other.tasks);
        self.projects |= other.projects;
        self.agents |= other.agents;
        self.schedules |= other.schedules;
        self.settings |= other.settings;
        self.webhooks |= other.webhooks;
        self.keys |= other.keys;
        self.room |= other.room;
        self.lease = self.lease.into_iter().chain(other.lease).min();
    }
}

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRecord {
    pub seq: i64,
    pub at: Millis,
    pub actor: String,
    pub kind: String,
    pub task: Option<TaskId>,
    pub run: Option<RunId>,
    pub project: Option<ProjectId>,
    /// The sentence to show.
    pub text: String,
}

/// Which changes, and which page of them.
#[derive(Clone, Debug, Default)]
pub struct ChangeFilter {
    /// Whole kinds (`task.moved`) or what they begin with (`task`).
    pub kinds: Option<Vec<String>>,
    pub actor: Option<String>,
    /// Later than this.
    pub since: Option<Millis>,
    pub limit: u32,
    pub offset: u32,
}

/// A change about to be logged.
pub(crate) struct Change<'a> {
    pub at: Millis,
    pub actor: &'a Actor,
    pub kind: &'static str,
    pub task: Option<TaskId>,
    pub run: Option<RunId>,
    pub project: Option<ProjectId>,
    pub text: String,
}

/// One of many of a kind.
pub(crate) struct CardChange<'a> {
    pub at: Millis,
    pub actor: Cow<'a, Actor>,
    pub task: TaskId,
    pub run: Option<RunId>,
    pub text: String,
}

const RECORD: &str =
    "INSERT INTO changes (at, actor, kind, task_id, run_id, project_id, text) VALUES (?, ?, ?, ?, ?, ?, ?)";

pub(crate) async fn record(tx: &mut Tx<'_>, change: Change<'_>) -> Result<i64, StoreError> {
    let (task, run, project) =
        (change.task.map(Id::raw), change.run.map(Id::raw), change.project.map(Id::raw));
    let seq = tx
        .here(|sql| {
            let actor = change.actor.to_string();
            sql.statement(RECORD)?.insert(params![
                change.at,
                actor,
                change.kind,
                task,
                run,
                project,
                change.text
            ])
        })
        .await?;
    tx.touched.seq = seq;
    tx.touched.at = change.at;
    tx.touched.tasks.extend(change.task);
    tx.touched.projects |= change.project.is_some();
    tx.touched.agents |= change.kind.starts_with("agent.");
    tx.touched.schedules |= change.kind.starts_with("schedule.");
    tx.touched.settings |= change.kind.starts_with("settings.");
    tx.touched.webhooks |= change.kind.starts_with("webhook.");
    tx.touched.keys |= change.kind.starts_with("key.");
    tx.touched.room |= makes_room(change.kind);
    Ok(seq)
}

/// Logs what several operations of one commit did to cards.
pub(crate) async fn record_all(
    tx: &mut Tx<'_>,
    kind: &'static str,
    changes: &[CardChange<'_>],
) -> Result<(), StoreError> {
    let seq = tx
        .here(|sql| {
            let mut insert = sql.statement(RECORD)?;
            for change in changes {
                let (task, run) = (change.task.raw(), change.run.map(Id::raw));
                insert.execute(params![
                    change.at,
                    change.actor.to_string(),
                    kind,
                    task,
                    run,
                    NO_PROJECT,
                    change.text
                ])?;
            }
            Ok(sql.last_insert_rowid())
        })
        .await?;
    let latest = changes.iter().map(|change| change.at).max().unwrap_or_default();
    recorded(tx, seq, latest, changes.iter().map(|change| change.task));
    tx.touched.room |= makes_room(kind);
    Ok(())
}

const NO_PROJECT: Option<i64> = None;

fn makes_room(kind: &str) -> bool {
    matches!(kind, "run.ended" | "task.edited")
}

/// Notes rows that one statement wrote to the log; the newest of them is `seq`.
pub(crate) fn recorded(tx: &mut Tx<'_>, seq: i64, at: Millis, tasks: impl IntoIterator<Item = TaskId>) {
    tx.touched.seq = seq;
    tx.touched.at = at;
    tx.touched.tasks.extend(tasks);
}

row! {
    struct Row {
        seq: i64,
        at: i64,
        actor: String,
        kind: String,
        task_id: Option<i64>,
        run_id: Option<i64>,
        project_id: Option<i64>,
        text: String,
    }
}

impl From<Row> for ChangeRecord {
    fn from(row: Row) -> Self {
        ChangeRecord {
            seq: row.seq,
            at: row.at,
            actor: row.actor,
            kind: row.kind,
            task: row.task_id.map(TaskId),
            run: row.run_id.map(RunId),
            project: row.project_id.map(ProjectId),
            text: row.text,
        }
    }
}

macro_rules! fitting {
    ($select:literal, $tail:literal) => {
        concat!(
            $select,
            " FROM changes WHERE (?1 IS NULL OR kind IN (SELECT value FROM json_each(?1)) \
             OR substr(kind, 1, instr(kind, '.') - 1) IN (SELECT value FROM json_each(?1))) \
             AND (?2 IS NULL OR actor IN (?2, 'agent:' || ?2)) AND (?3 IS NULL OR at > ?3) ",
            $tail
        )
    };
}

impl Store {
    /// The number of the newest change about the card; 0 where there is none.
    pub async fn newest_change_of(&self, task: TaskId) -> Result<i64, StoreError> {
        let newest = "SELECT coalesce(max(seq), 0) FROM changes WHERE task_id = ?";
        self.here(|sql| Ok(sql.row(newest, [task.raw()], |row| row.get(0))?.unwrap_or(0))).await
    }

    /// A card's history, oldest first.
    pub async fn timeline(&self, task: TaskId) -> Result<Vec<ChangeRecord>, StoreError> {
        let all = format!("SELECT {} FROM changes WHERE task_id = ? ORDER BY seq", Row::COLUMNS);
        let rows = self.here(|sql| Ok(sql.rows(&all, [task.raw()], Row::read)?)).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Changes after `seq`, oldest first, at most `limit`.
    pub async fn changes_after(&self, seq: i64, limit: u32) -> Result<Vec<ChangeRecord>, StoreError> {
        let page = format!("SELECT {} FROM changes WHERE seq > ? ORDER BY seq LIMIT ?", Row::COLUMNS);
        let rows = self.here(|sql| Ok(sql.rows(&page, params![seq, limit], Row::read)?)).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// As [`Store::changes_after`], with the project of each card.
    pub async fn feed_after(&self, seq: i64, limit: u32) -> Result<Vec<ChangeRecord>, StoreError> {
        const FEED: &str = "SELECT c.seq, c.at, c.actor, c.kind, c.task_id, c.run_id, coalesce(c.project_id, t.project_id), \
             c.text FROM changes c LEFT JOIN tasks t ON t.id = c.task_id WHERE c.seq > ? ORDER BY c.seq LIMIT ?";
        let rows = self.here(|sql| Ok(sql.rows(FEED, params![seq, limit], Row::read)?)).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// A page of the log, newest first, and how many changes fit.
    pub async fn list_changes(&self, filter: &ChangeFilter) -> Result<(Vec<ChangeRecord>, u32), StoreError> {
        let kinds = filter.kinds.as_ref().map(crate::tasks::json).transpose()?;
        let ChangeFilter { actor, since, limit, offset, kinds: _ } = filter.clone();
        let (rows, total): (_, i64) = self
            .aside(move |sql| {
                let page = fitting!(
                    "SELECT seq, at, actor, kind, task_id, run_id, project_id, text",
                    "ORDER BY seq DESC LIMIT ?4 OFFSET ?5"
                );
                let rows = sql.rows(page, params![kinds, actor, since, limit, offset], Row::read)?;
                let count = fitting!("SELECT count(*)", "");
                let total = sql.row(count, params![kinds, actor, since], |row| row.get(0))?;
                Ok((rows, total.unwrap_or(0)))
            })
            .await?;
        Ok((rows.into_iter().map(Into::into).collect(), total as u32))
    }

    /// The newest change's number and time.
    pub async fn head(&self) -> Result<(i64, Option<Millis>), StoreError> {
        self.here(|sql| Ok(head(sql)?)).await
    }
}

pub(crate) fn head(sql: &rusqlite::Connection) -> rusqlite::Result<(i64, Option<Millis>)> {
    let newest = "SELECT seq, at FROM changes WHERE seq = (SELECT max(seq) FROM changes)";
    let head = sql.row(newest, [], |row| Ok((row.get(0)?, Some(row.get(1)?))))?;
    Ok(head.unwrap_or((0, None)))
}
