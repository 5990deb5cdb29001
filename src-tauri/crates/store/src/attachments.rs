//! Files that people added to cards: the list here, the bytes by content hash beside those of artifacts. One
//! that was taken off a card keeps its row, so that it can be put back, until it is forgotten.

use domain::{Actor, AttachmentId, Id, Millis, TaskId, attachment};
use sqlx::FromRow;

use crate::{
    Store,
    error::StoreError,
    readers::{Ask, row},
    tasks::{self, log},
    writer::Tx,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRecord {
    pub id: AttachmentId,
    pub task: TaskId,
    /// Unique on its card, without regard to case.
    pub name: String,
    pub kind: String,
    pub size: i64,
    /// blake3, 64 hex digits.
    pub hash: String,
    pub at: Millis,
    pub removed: bool,
}

#[derive(Clone, Debug)]
pub struct NewAttachment {
    pub task: TaskId,
    /// As [`attachment::name`] made it; numbered where the card has one of that name.
    pub name: String,
    pub kind: String,
    pub size: i64,
    pub hash: String,
}

row! {
    #[derive(FromRow)]
    struct Row {
        id: i64,
        task_id: i64,
        name: String,
        kind: String,
        size: i64,
        hash: String,
        at: i64,
        removed_at: Option<i64>,
    }
}

impl From<Row> for AttachmentRecord {
    fn from(row: Row) -> Self {
        AttachmentRecord {
            id: AttachmentId(row.id),
            task: TaskId(row.task_id),
            name: row.name,
            kind: row.kind,
            size: row.size,
            hash: row.hash,
            at: row.at,
            removed: row.removed_at.is_some(),
        }
    }
}

impl Store {
    pub async fn add_attachment(
        &self,
        new: NewAttachment,
        actor: Actor,
        now: Millis,
    ) -> Result<AttachmentRecord, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { add(tx, new, &actor, now).await })).await
    }

    /// A card's files, by name.
    pub async fn attachments(&self, task: TaskId) -> Result<Vec<AttachmentRecord>, StoreError> {
        let columns = Row::COLUMNS;
        let all = format!(
            "SELECT {columns} FROM attachments WHERE task_id = ? AND removed_at IS NULL ORDER BY name"
        );
        let rows = self.here(|sql| Ok(sql.rows(&all, [task.raw()], Row::read)?)).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Also one that was removed.
    pub async fn attachment(&self, id: AttachmentId) -> Result<AttachmentRecord, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM attachments WHERE id = ?")
            .bind(id.raw())
            .fetch_optional(&self.readers)
            .await?;
        row.map(Into::into).ok_or_else(|| missing(id))
    }

    /// Takes the file off its card; it can be put back.
    pub async fn remove_attachment(
        &self,
        id: AttachmentId,
        actor: Actor,
        now: Millis,
    ) -> Result<AttachmentRecord, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { remove(tx, id, &actor, now).await })).await
    }

    /// Puts a removed file back on its card, under another name where its own is taken.
    pub async fn restore_attachment(
        &self,
        id: AttachmentId,
        actor: Actor,
        now: Millis,
    ) -> Result<AttachmentRecord, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { restore(tx, id, &actor, now).await })).await
    }

    /// Forgets files that were removed at this time or earlier. Returns how many.
    pub async fn forget_attachments(&self, removed_by: Millis) -> Result<u64, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let gone = sqlx::query("DELETE FROM attachments WHERE removed_at <= ?")
                        .bind(removed_by)
                        .execute(&mut *tx.conn)
                        .await?;
                    Ok(gone.rows_affected())
                })
            })
            .await
    }
}

async fn add(
    tx: &mut Tx<'_>,
    new: NewAttachment,
    actor: &Actor,
    now: Millis,
) -> Result<AttachmentRecord, StoreError> {
    let task = new.task;
    tasks::require(tx, task).await?;
    let added = insert(tx, new, now).await?;
    log(tx, task, None, actor, "task.attached", format!("attached {}", added.name), now).await?;
    Ok(added)
}

/// Without a change of its own: the caller logs what led to it.
pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    new: NewAttachment,
    at: Millis,
) -> Result<AttachmentRecord, StoreError> {
    let name = place(tx, new.task, &new.name, new.size).await?;
    let row: Row = sqlx::query_as(
        "INSERT INTO attachments (task_id, name, kind, size, hash, at) VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
    )
    .bind(new.task.raw())
    .bind(&name)
    .bind(new.kind)
    .bind(new.size)
    .bind(new.hash)
    .bind(at)
    .fetch_one(&mut *tx.conn)
    .await?;
    Ok(row.into())
}

/// The name that the file gets, if the card has room for it.
async fn place(tx: &mut Tx<'_>, task: TaskId, name: &str, size: i64) -> Result<String, StoreError> {
    let there: Vec<(String, i64)> =
        sqlx::query_as("SELECT name, size FROM attachments WHERE task_id = ? AND removed_at IS NULL")
            .bind(task.raw())
            .fetch_all(&mut *tx.conn)
            .await?;
    let total: i64 = there.iter().map(|(_, size)| size).sum();
    attachment::check(name, size.unsigned_abs(), there.len(), total.unsigned_abs())
        .map_err(|bad| StoreError::Conflict(format!("{}: {bad}", task.key())))?;
    let taken = |name: &str| there.iter().any(|(other, _)| other.to_lowercase() == name.to_lowercase());
    let mut names = std::iter::once(name.to_owned()).chain((2..).map(|n| attachment::numbered(name, n)));
    Ok(names.find(|name| !taken(name)).unwrap_or_default())
}

async fn remove(
    tx: &mut Tx<'_>,
    id: AttachmentId,
    actor: &Actor,
    now: Millis,
) -> Result<AttachmentRecord, StoreError> {
    let found = require(tx, id).await?;
    if found.removed {
        return Ok(found);
    }
    sqlx::query("UPDATE attachments SET removed_at = ? WHERE id = ?")
        .bind(now)
        .bind(id.raw())
        .execute(&mut *tx.conn)
        .await?;
    log(tx, found.task, None, actor, "task.detached", format!("removed the file {}", found.name), now)
        .await?;
    Ok(AttachmentRecord { removed: true, ..found })
}

async fn restore(
    tx: &mut Tx<'_>,
    id: AttachmentId,
    actor: &Actor,
    now: Millis,
) -> Result<AttachmentRecord, StoreError> {
    let found = require(tx, id).await?;
    if !found.removed {
        return Ok(found);
    }
    let name = place(tx, found.task, &found.name, found.size).await?;
    sqlx::query("UPDATE attachments SET removed_at = NULL, name = ? WHERE id = ?")
        .bind(&name)
        .bind(id.raw())
        .execute(&mut *tx.conn)
        .await?;
    log(tx, found.task, None, actor, "task.attached", format!("put the file {name} back"), now).await?;
    Ok(AttachmentRecord { removed: false, name, ..found })
}

async fn require(tx: &mut Tx<'_>, id: AttachmentId) -> Result<AttachmentRecord, StoreError> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM attachments WHERE id = ?")
        .bind(id.raw())
        .fetch_optional(&mut *tx.conn)
        .await?;
    row.map(Into::into).ok_or_else(|| missing(id))
}

fn missing(id: AttachmentId) -> StoreError {
    StoreError::NotFound { what: "attachment", key: id.to_string() }
}
