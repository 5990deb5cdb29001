//! Sub-tasks: which card is a part of which, and how far a card's sub-tasks have come. The tree is a column of
//! `tasks`; what is written here is that column alone.

use std::collections::HashMap;

use domain::{
    Actor, Id, Millis, TaskId,
    subtask::{self, Joining, LEVELS_MAX},
};

use crate::{
    Store,
    error::StoreError,
    readers::Ask,
    tasks::{self, NewTask, json, log},
    writer::Tx,
};

/// Where a card stands in the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kin {
    pub parent: Option<TaskId>,
    /// Of its sub-tasks, without those that were cancelled or lie in the trash.
    pub done: u32,
    pub total: u32,
}

const FACTS: &str =
    "SELECT id, parent_id, status = 'done', status <> 'cancelled' AND trashed_at IS NULL FROM tasks ";

impl Store {
    /// A new card that is a sub-task from its first moment on.
    pub async fn add_subtask(
        &self,
        new: NewTask,
        parent: TaskId,
        actor: Actor,
        now: Millis,
    ) -> Result<TaskId, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let id = tasks::insert(tx, new, &actor, now).await?;
                    join(tx, id, Some(parent), &actor, now).await?;
                    Ok(id)
                })
            })
            .await
    }

    /// Makes a card a sub-task of another, or of none.
    pub async fn set_parent(
        &self,
        id: TaskId,
        parent: Option<TaskId>,
        actor: Actor,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer.write(move |tx| Box::pin(async move { join(tx, id, parent, &actor, now).await })).await
    }

    /// Of all cards that have a parent or sub-tasks, or of those among `ids`.
    pub async fn kin(&self, ids: Option<&[TaskId]>) -> Result<HashMap<TaskId, Kin>, StoreError> {
        let read = |row: &rusqlite::Row<'_>| <(i64, i64, bool, bool)>::try_from(row);
        let rows = match ids {
            None => {
                self.here(|sql| Ok(sql.rows(&format!("{FACTS} WHERE parent_id IS NOT NULL"), [], read)?))
                    .await?
            }
            Some(ids) => {
                let list = json(&ids.iter().map(|id| id.raw()).collect::<Vec<_>>())?;
                let some = format!(
                    "{FACTS} WHERE parent_id IN (SELECT value FROM json_each(?1)) \
                     OR parent_id IS NOT NULL AND id IN (SELECT value FROM json_each(?1))"
                );
                self.here(|sql| Ok(sql.rows(&some, [list], read)?)).await?
            }
        };
        let mut kin: HashMap<TaskId, Kin> = HashMap::new();
        for (id, parent, done, counts) in rows {
            let parent = TaskId(parent);
            kin.entry(TaskId(id)).or_default().parent = Some(parent);
            let of = kin.entry(parent).or_default();
            of.total += u32::from(counts);
            of.done += u32::from(counts && done);
        }
        Ok(kin)
    }

    /// Those that are not in the trash, in the order in which they were made.
    pub async fn subtasks(&self, parent: TaskId) -> Result<Vec<TaskId>, StoreError> {
        let all = "SELECT id FROM tasks WHERE parent_id = ? AND trashed_at IS NULL ORDER BY id";
        self.here(|sql| Ok(sql.rows(all, [parent.raw()], |row| row.get(0).map(TaskId))?)).await
    }
}

async fn join(
    tx: &mut Tx<'_>,
    id: TaskId,
    parent: Option<TaskId>,
    actor: &Actor,
    now: Millis,
) -> Result<(), StoreError> {
    tasks::require(tx, id).await?;
    let before = parent_of(tx, id).await?;
    if before == parent {
        return Ok(());
    }
    if let Some(parent) = parent {
        check(tx, id, parent).await?;
    }
    sqlx::query("UPDATE tasks SET parent_id = ?, updated_at = ?, version = version + 1 WHERE id = ?")
        .bind(parent.map(Id::raw))
        .bind(now)
        .bind(id.raw())
        .execute(&mut *tx.conn)
        .await?;
    // Both show how far their sub-tasks have come.
    tx.touched.tasks.extend(before.into_iter().chain(parent));
    let text = match (parent, before) {
        (Some(parent), _) => format!("became a sub-task of {}", parent.key()),
        (None, Some(before)) => format!("is no sub-task of {} any more", before.key()),
        (None, None) => return Ok(()),
    };
    log(tx, id, None, actor, "task.parent", text, now).await
}

async fn check(tx: &mut Tx<'_>, id: TaskId, parent: TaskId) -> Result<(), StoreError> {
    if tasks::require(tx, parent).await?.trashed_at.is_some() {
        return Err(StoreError::Conflict(format!("{} is in the trash; restore it first", parent.key())));
    }
    check_tree(tx, id, parent).await
}

/// No circle, no level and no sub-task too many.
pub(crate) async fn check_tree(tx: &mut Tx<'_>, id: TaskId, parent: TaskId) -> Result<(), StoreError> {
    let mut above = Vec::new();
    let mut at = parent;
    // The tree is never deeper than this; a circle in it would not end.
    while let Some(next) = parent_of(tx, at).await?.filter(|_| above.len() <= LEVELS_MAX) {
        above.push(next);
        at = next;
    }
    let below: i64 = sqlx::query_scalar(
        "WITH RECURSIVE below (id, level) AS (SELECT ?1, 0 UNION ALL \
         SELECT t.id, b.level + 1 FROM tasks t JOIN below b ON t.parent_id = b.id WHERE b.level < ?2) \
         SELECT max(level) FROM below",
    )
    .bind(id.raw())
    .bind(LEVELS_MAX as i64)
    .fetch_one(&mut *tx.conn)
    .await?;
    let siblings: i64 =
        sqlx::query_scalar("SELECT count(*) FROM tasks WHERE parent_id = ? AND trashed_at IS NULL")
            .bind(parent.raw())
            .fetch_one(&mut *tx.conn)
            .await?;
    let joining =
        Joining { task: id, parent, above: &above, below: below as usize, siblings: siblings as usize };
    subtask::check(joining).map_err(|bad| StoreError::Conflict(bad.to_string()))
}

pub(crate) async fn parent_of(tx: &mut Tx<'_>, id: TaskId) -> Result<Option<TaskId>, StoreError> {
    let parent: Option<Option<i64>> = sqlx::query_scalar("SELECT parent_id FROM tasks WHERE id = ?")
        .bind(id.raw())
        .fetch_optional(&mut *tx.conn)
        .await?;
    Ok(parent.flatten().map(TaskId))
}

/// The card's parent tells how its sub-tasks stand, and this one's standing has changed.
pub(crate) async fn touch_parent(tx: &mut Tx<'_>, id: TaskId) -> Result<(), StoreError> {
    let parent = parent_of(tx, id).await?;
    tx.touched.tasks.extend(parent);
    Ok(())
}

/// Before a card is deleted for ever: its sub-tasks stand alone, and it leaves its parent.
pub(crate) async fn let_go(tx: &mut Tx<'_>, id: TaskId) -> Result<(), StoreError> {
    touch_parent(tx, id).await?;
    let freed: Vec<i64> = sqlx::query_scalar("SELECT id FROM tasks WHERE parent_id = ?")
        .bind(id.raw())
        .fetch_all(&mut *tx.conn)
        .await?;
    sqlx::query("UPDATE tasks SET parent_id = NULL WHERE id = ?1 OR parent_id = ?1")
        .bind(id.raw())
        .execute(&mut *tx.conn)
        .await?;
    tx.touched.tasks.extend(freed.into_iter().map(TaskId));
    Ok(())
}
