//! What the dispatcher reads: the ready tasks in claim order with what holds them back, and the runs
//! at work. The order comes from partial indexes over claimable rows, so that its cost does not grow
//! with what is stored beside them.

use domain::{
    Actor, Cause, ClaimOrder, Id, Millis, Priority, ProjectId, RunId, TaskId,
    dispatch::Until,
    edges::{Blocker, Standing},
};
use rusqlite::params;

use crate::{
    Store,
    error::StoreError,
    readers::{Ask, row},
    runs::Origin,
    tasks::{self, log},
};

/// A ready task as the queue sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuedTask {
    pub id: TaskId,
    pub project: Option<ProjectId>,
    pub order: ClaimOrder,
    pub queued: bool,
    pub assignee: Option<String>,
    pub chain: Vec<String>,
    pub skills: Vec<String>,
    pub tags: Vec<String>,
    pub not_before: Option<Until>,
    pub held: Option<String>,
    /// Why its workflow was stopped.
    pub stopped: Option<String>,
    /// Edges that are not met.
    pub blockers: Vec<Blocker>,
}

/// A run at work as the queue sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveRunRecord {
    pub run: RunId,
    pub task: TaskId,
    pub agent: String,
    pub project: Option<ProjectId>,
    pub tags: Vec<String>,
    pub priority: Priority,
    pub started_at: Millis,
    pub origin: Origin,
    pub interactive: bool,
    /// It was asked to stop, or no longer holds its task.
    pub leaving: bool,
}

row! {
    struct Row {
        id: i64,
        project_id: Option<i64>,
        priority: i64,
        due_at: Option<i64>,
        created_at: i64,
        queued: bool,
        assignee: Option<String>,
        chain: String,
        skills: String,
        tags: String,
        not_before: Option<i64>,
        not_before_after: Option<String>,
        held: Option<String>,
        stopped: Option<String>,
    }
}

row! {
    struct LiveRow {
        id: i64,
        task_id: i64,
        agent: String,
        project_id: Option<i64>,
        tags: String,
        priority: i64,
        created_at: i64,
        origin: String,
        mode: String,
        leaving: bool,
    }
}

macro_rules! ready {
    ($condition:literal) => {
        concat!(
            "SELECT id, project_id, priority, due_at, created_at, queued, assignee, chain, skills, tags, ",
            "not_before, not_before_after, held, stopped FROM tasks WHERE status = 'ready' AND trashed_at IS NULL AND ",
            $condition,
            " ORDER BY priority DESC, coalesce(due_at, 9223372036854775807), created_at, id LIMIT ?"
        )
    };
}

/// No edge keeps it: the same rule as `domain::edges::Need::standing`.
pub(crate) const STARTABLE: &str = ready!(
    "queued = 1 AND held IS NULL AND stopped IS NULL AND project_id IS ? AND (not_before IS NULL OR not_before <= ?) \
     AND NOT EXISTS (SELECT 1 FROM task_edges e JOIN tasks u ON u.id = e.upstream_id WHERE e.task_id = tasks.id \
     AND (u.trashed_at IS NOT NULL OR NOT CASE e.need WHEN 'success' THEN u.status = 'done' \
     WHEN 'failure' THEN u.status IN ('failed', 'cancelled') ELSE u.status IN ('done', 'failed', 'cancelled') END))"
);

impl Store {
    /// Up to `limit` tasks of one project (or of none) that nothing but a free place keeps, in claim order.
    pub async fn startable(
        &self,
        project: Option<ProjectId>,
        now: Millis,
        limit: u32,
    ) -> Result<Vec<QueuedTask>, StoreError> {
        let project = project.map(Id::raw);
        let rows = self.here(|sql| Ok(sql.rows(STARTABLE, params![project, now, limit], Row::read)?)).await?;
        rows.into_iter().map(|row| queued(row, Vec::new())).collect()
    }

    /// The first `limit` ready tasks in claim order, whatever keeps them.
    pub async fn ready_tasks(&self, limit: u32) -> Result<Vec<QueuedTask>, StoreError> {
        let rows = self.aside(move |sql| Ok(sql.rows(ready!("TRUE"), [limit], Row::read)?)).await?;
        let ids: Vec<TaskId> = rows.iter().map(|row| TaskId(row.id)).collect();
        let mut unmet: std::collections::HashMap<TaskId, Vec<Blocker>> = Default::default();
        for (task, blocker) in self.upstreams(&ids).await? {
            if blocker.trashed || blocker.stands() != Standing::Met {
                unmet.entry(task).or_default().push(blocker);
            }
        }
        rows.into_iter()
            .map(|row| {
                let blockers = unmet.remove(&TaskId(row.id)).unwrap_or_default();
                queued(row, blockers)
            })
            .collect()
    }

    /// Whether the dispatcher has any task to think about.
    pub async fn has_queued(&self) -> Result<bool, StoreError> {
        const ANY: &str = "SELECT EXISTS (SELECT 1 FROM tasks WHERE status = 'ready' AND queued = 1 \
             AND trashed_at IS NULL AND held IS NULL)";
        self.here(|sql| Ok(sql.row(ANY, [], |row| row.get(0))?.unwrap_or(false))).await
    }

    /// When the next timer of a ready task runs out, after `now`.
    pub async fn next_timer(&self, now: Millis) -> Result<Option<Millis>, StoreError> {
        const TIMER: &str = "SELECT min(not_before) FROM tasks WHERE status = 'ready' AND not_before IS NOT NULL \
             AND not_before > ?";
        self.here(|sql| Ok(sql.row(TIMER, [now], |row| row.get(0))?.flatten())).await
    }

    pub async fn runs_at_work(&self) -> Result<Vec<LiveRunRecord>, StoreError> {
        const AT_WORK: &str = "SELECT r.id, r.task_id, r.agent, t.project_id, t.tags, t.priority, r.created_at, r.origin, r.mode, \
             r.stop_asked_at IS NOT NULL OR t.live_run IS NOT r.id AS leaving \
             FROM runs r INDEXED BY runs_at_work JOIN tasks t ON t.id = r.task_id WHERE r.phase <> 'ended' ORDER BY r.id";
        let rows = self.here(|sql| Ok(sql.rows(AT_WORK, [], LiveRow::read)?)).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Runs that each agent was given since then.
    pub async fn served_since(&self, since: Millis) -> Result<Vec<(String, u64)>, StoreError> {
        let served = "SELECT agent, count(*) FROM runs WHERE created_at >= ? GROUP BY agent";
        let rows: Vec<(String, i64)> =
            self.aside(move |sql| Ok(sql.rows(served, [since], |row| row.try_into())?)).await?;
        Ok(rows.into_iter().map(|(agent, count)| (agent, count as u64)).collect())
    }

    /// Hands the task to the dispatcher, or takes it back.
    pub async fn set_queued(
        &self,
        id: TaskId,
        queued: bool,
        actor: Actor,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let found = tasks::require(tx, id).await?;
                    let kept = found.task.held.is_some() || found.stopped.is_some() || found.called.is_some();
                    if found.queued == queued && !(queued && kept) {
                        return Ok(());
                    }
                    // A person who queues it has seen why it was held, and does not want to wait. Its
                    // workflow may stay stopped; this card goes on.
                    sqlx::query(
                        "UPDATE tasks SET queued = ?1, held = CASE WHEN ?1 THEN NULL ELSE held END, \
                         stopped = CASE WHEN ?1 THEN NULL ELSE stopped END, called = NULL, strikes = 0, \
                         failing_since = NULL, not_before = NULL, not_before_after = NULL, updated_at = ?2 WHERE id = ?3",
                    )
                    .bind(queued)
                    .bind(now)
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    let text = if queued { "queued" } else { "taken out of the queue" };
                    log(tx, id, None, &actor, "task.queued", text.into(), now).await
                })
            })
            .await
    }
}

fn queued(row: Row, blockers: Vec<Blocker>) -> Result<QueuedTask, StoreError> {
    let id = TaskId(row.id);
    let after = row.not_before_after.as_deref().map(cause).transpose()?;
    Ok(QueuedTask {
        id,
        project: row.project_id.map(ProjectId),
        order: ClaimOrder {
            priority: tasks::priority(row.priority)?,
            due_at: row.due_at,
            created_at: row.created_at,
            id,
        },
        queued: row.queued,
        assignee: row.assignee,
        chain: words(&row.chain)?,
        skills: words(&row.skills)?,
        tags: words(&row.tags)?,
        not_before: row.not_before.zip(after).map(|(at, after)| Until { at, after }),
        held: row.held,
        stopped: row.stopped,
        blockers,
    })
}

impl TryFrom<LiveRow> for LiveRunRecord {
    type Error = StoreError;

    fn try_from(row: LiveRow) -> Result<Self, StoreError> {
        Ok(LiveRunRecord {
            run: RunId(row.id),
            task: TaskId(row.task_id),
            agent: row.agent,
            project: row.project_id.map(ProjectId),
            tags: words(&row.tags)?,
            priority: tasks::priority(row.priority)?,
            started_at: row.created_at,
            origin: Origin::parse(&row.origin)?,
            interactive: row.mode == "interactive",
            leaving: row.leaving,
        })
    }
}

pub(crate) fn cause(word: &str) -> Result<Cause, StoreError> {
    Cause::parse(word).ok_or_else(|| StoreError::Corrupt(format!("cause {word}")))
}

pub(crate) fn words(text: &str) -> Result<Vec<String>, StoreError> {
    if text == "[]" {
        Ok(Vec::new())
    } else {
        serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()))
    }
}
