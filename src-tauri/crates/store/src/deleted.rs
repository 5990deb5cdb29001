//! Cards deleted for ever: an emptied row stays of each, and with it its runs' numbers. What else is known
//! here is what of the disk is still referred to, so that the engine can take away the rest.

use std::collections::HashSet;

use domain::{Actor, Id, Millis, RunId, TaskId};

use crate::{Store, error::StoreError, subtasks, tasks, writer::Tx};

/// What goes with a card, beside the text in its own row.
const WITH_THE_CARD: [&str; 9] = [
    "DELETE FROM artifacts WHERE task_id = ?1",
    "DELETE FROM attachments WHERE task_id = ?1",
    "DELETE FROM task_comments WHERE task_id = ?1",
    "DELETE FROM questions WHERE task_id = ?1",
    "DELETE FROM reviews WHERE task_id = ?1",
    "DELETE FROM task_outcomes WHERE task_id = ?1",
    "DELETE FROM task_edges WHERE task_id = ?1 OR upstream_id = ?1",
    "DELETE FROM task_issues WHERE task_id = ?1",
    "UPDATE runs SET argv = '[]', reason = NULL, last_line = NULL, session = NULL, word_text = '', ws_present = 0 WHERE task_id = ?1",
];

impl Store {
    /// Refuses as [`Store::delete_task`] would.
    pub async fn check_deletable(&self, id: TaskId) -> Result<(), StoreError> {
        self.writer.write(move |tx| Box::pin(async move { check(tx, id).await })).await
    }

    /// Deletes a card in the trash for ever, with its comments, reviews, dependencies and list of artifacts.
    /// Refused while one of its runs is live, or a card that has not started waits for it.
    pub async fn delete_task(&self, id: TaskId, actor: Actor, now: Millis) -> Result<(), StoreError> {
        self.writer.write(move |tx| Box::pin(async move { delete(tx, id, &actor, now).await })).await
    }

    /// Cards that came to the trash at this time or earlier, the oldest first.
    pub async fn trashed_by(&self, at: Millis) -> Result<Vec<TaskId>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM tasks WHERE trashed_at <= ? AND deleted_at IS NULL ORDER BY trashed_at, id",
        )
        .bind(at)
        .fetch_all(&self.readers)
        .await?;
        Ok(ids.into_iter().map(TaskId).collect())
    }

    /// All runs of deleted cards.
    pub async fn deleted_runs(&self) -> Result<Vec<RunId>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM runs WHERE task_id IN (SELECT id FROM tasks WHERE deleted_at IS NOT NULL)",
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(ids.into_iter().map(RunId).collect())
    }

    /// Hashes of the contents that some card's artifact or attachment has.
    pub async fn artifact_hashes(&self) -> Result<HashSet<String>, StoreError> {
        let hashes = sqlx::query_scalar("SELECT hash FROM artifacts UNION SELECT hash FROM attachments")
            .fetch_all(&self.readers)
            .await?;
        Ok(hashes.into_iter().collect())
    }

    /// Where the work of workspaces that were taken away is kept, for cards that can still have it back.
    pub async fn salvages(&self) -> Result<HashSet<String>, StoreError> {
        let kept = sqlx::query_scalar(
            "SELECT DISTINCT r.salvage FROM runs r JOIN tasks t ON t.id = r.task_id \
             WHERE r.salvage IS NOT NULL AND t.deleted_at IS NULL",
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(kept.into_iter().collect())
    }
}

async fn check(tx: &mut Tx<'_>, id: TaskId) -> Result<(), StoreError> {
    let refused = |why: &str| Err(StoreError::Conflict(format!("{} {why}", id.key())));
    if tasks::require(tx, id).await?.trashed_at.is_none() {
        return refused("is not in the trash; move it there first");
    }
    let live: Option<i64> =
        sqlx::query_scalar("SELECT id FROM runs WHERE task_id = ? AND phase <> 'ended' LIMIT 1")
            .bind(id.raw())
            .fetch_optional(&mut *tx.conn)
            .await?;
    if live.is_some() {
        return refused("has an agent at work; stop it first");
    }
    let waiting: Option<i64> = sqlx::query_scalar(
        "SELECT t.id FROM task_edges e JOIN tasks t ON t.id = e.task_id WHERE e.upstream_id = ? \
         AND t.trashed_at IS NULL AND t.status IN ('inbox', 'ready') ORDER BY t.id LIMIT 1",
    )
    .bind(id.raw())
    .fetch_optional(&mut *tx.conn)
    .await?;
    match waiting {
        Some(other) => {
            let other = TaskId(other).key();
            refused(&format!("is what {other} waits for; let {other} wait for it no longer, or restore it"))
        }
        None => Ok(()),
    }
}

async fn delete(tx: &mut Tx<'_>, id: TaskId, actor: &Actor, now: Millis) -> Result<(), StoreError> {
    check(tx, id).await?;
    subtasks::let_go(tx, id).await?;
    sqlx::query(
        "UPDATE tasks SET deleted_at = ?, title = 'deleted', description = '', tags = '[]', held = NULL, called = NULL, \
         stopped = NULL, failed_as = NULL, failed_why = NULL, failing_since = NULL, \
         artifacts = 0, queued = 0, updated_at = ?, version = version + 1 WHERE id = ?",
    )
    .bind(now)
    .bind(now)
    .bind(id.raw())
    .execute(&mut *tx.conn)
    .await?;
    for gone in WITH_THE_CARD {
        sqlx::query(gone).bind(id.raw()).execute(&mut *tx.conn).await?;
    }
    tasks::log(tx, id, None, actor, "task.deleted", "deleted for ever".into(), now).await
}
