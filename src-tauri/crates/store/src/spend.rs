//! What runs used: stored with each run, added up for a card, a project's day, the board's day.

use domain::{
    Actor, Id, Millis, ProjectId, RunId, TaskId,
    budget::{Spent, Tokens},
};

use crate::{
    Store, comments,
    error::StoreError,
    runs,
    tasks::{json, log},
};

/// Whose runs are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpentBy {
    Task(TaskId),
    /// Runs made since this time.
    Project(ProjectId, Millis),
    Board(Millis),
}

impl Store {
    /// What the run used so far; replaces what was told before.
    pub async fn set_spend(
        &self,
        id: RunId,
        tokens: Tokens,
        micros: i64,
        estimated: bool,
        now: Millis,
    ) -> Result<(), StoreError> {
        let written = self
            .writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = runs::require(tx, id).await?;
                    sqlx::query(
                        "UPDATE runs SET tokens_in = ?, tokens_out = ?, tokens_cached = ?, micros = ?, estimated = ? WHERE id = ?",
                    )
                    .bind(tokens.input)
                    .bind(tokens.output)
                    .bind(tokens.cache_read)
                    .bind(micros)
                    .bind(estimated)
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    let text = format!("used {} tokens", tokens.total());
                    log(tx, run.task, Some(id), &domain::Actor::Engine, "run.spend", text, now).await
                })
            })
            .await;
        self.settled.changed(id);
        written
    }

    /// Says something of a budget on the card, once for each run and mark. Returns whether it was said now.
    pub async fn warn_once(
        &self,
        id: RunId,
        mark: String,
        text: String,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = runs::require(tx, id).await?;
                    let marked = sqlx::query(
                        "UPDATE runs SET warned = json_insert(warned, '$[#]', ?1) WHERE id = ?2 \
                         AND NOT EXISTS (SELECT 1 FROM json_each(warned) WHERE value = ?1)",
                    )
                    .bind(&mark)
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    if marked.rows_affected() == 0 {
                        return Ok(false);
                    }
                    comments::insert(tx, run.task, &Actor::Engine, &text, now).await?;
                    log(tx, run.task, Some(id), &Actor::Engine, "task.commented", text, now).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// What the open cards of a project used that somebody has begun already.
    pub async fn spent_by_open_tasks(
        &self,
        project: ProjectId,
        now: Millis,
    ) -> Result<Vec<(TaskId, Spent)>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM tasks WHERE project_id = ? AND status IN ('inbox', 'ready') AND trashed_at IS NULL AND runs > 0",
        )
        .bind(project.raw())
        .fetch_all(&self.readers)
        .await?;
        self.spent_by_tasks(&ids.into_iter().map(TaskId).collect::<Vec<_>>(), now).await
    }

    /// `now` ends the time of runs that are still at work.
    pub async fn spent(&self, by: SpentBy, now: Millis) -> Result<Spent, StoreError> {
        const SUMS: &str = "SELECT coalesce(sum(r.micros), 0), coalesce(sum(r.tokens_in + r.tokens_out + r.tokens_cached), 0), \
             coalesce(sum(max(coalesce(r.ended_at, ?) - r.started_at, 0)), 0), coalesce(max(r.estimated), 0) FROM runs r ";
        let (task, project, since) = match by {
            SpentBy::Task(task) => (Some(task.raw()), None, 0),
            SpentBy::Project(project, since) => (None, Some(project.raw()), since),
            SpentBy::Board(since) => (None, None, since),
        };
        let condition = match by {
            SpentBy::Task(_) => "WHERE r.task_id = ?2",
            SpentBy::Project(..) => {
                // A day's runs are fewer than a project's cards.
                "INDEXED BY runs_created CROSS JOIN tasks t ON t.id = r.task_id WHERE t.project_id = ?3 AND r.created_at >= ?4"
            }
            SpentBy::Board(_) => "WHERE r.created_at >= ?4",
        };
        let (micros, tokens, wall, estimated): (i64, i64, i64, bool) =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{SUMS}{condition}")))
                .bind(now)
                .bind(task)
                .bind(project)
                .bind(since)
                .fetch_one(&self.readers)
                .await?;
        Ok(Spent { micros, tokens, wall, estimated })
    }

    /// As [`Store::spent`] for many cards at once; those that used nothing are left out.
    pub async fn spent_by_tasks(
        &self,
        ids: &[TaskId],
        now: Millis,
    ) -> Result<Vec<(TaskId, Spent)>, StoreError> {
        let list = json(&ids.iter().map(|id| id.raw()).collect::<Vec<_>>())?;
        let rows: Vec<(i64, i64, i64, i64, bool)> = sqlx::query_as(
            "SELECT task_id, sum(micros), sum(tokens_in + tokens_out + tokens_cached), \
             coalesce(sum(max(coalesce(ended_at, ?) - started_at, 0)), 0), max(estimated) FROM runs \
             WHERE task_id IN (SELECT value FROM json_each(?)) GROUP BY task_id",
        )
        .bind(now)
        .bind(list)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(task, micros, tokens, wall, estimated)| {
                (TaskId(task), Spent { micros, tokens, wall, estimated })
            })
            .collect())
    }
}
