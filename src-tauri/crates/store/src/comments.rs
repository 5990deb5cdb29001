//! Comments on a task, by people and agents.

use domain::{Actor, CommentId, Id, Millis, TaskId};
use rusqlite::params;

use crate::{
    Store,
    changes::{Change, record},
    error::StoreError,
    questions,
    readers::Ask,
    tasks,
    writer::Tx,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentRecord {
    pub id: CommentId,
    pub author: String,
    pub body: String,
    pub at: Millis,
    /// The comment that it answers.
    pub parent: Option<CommentId>,
}

/// What somebody says on a card.
#[derive(Clone, Debug)]
pub struct NewComment {
    pub task: TaskId,
    /// Whom the log names.
    pub actor: Actor,
    /// None: as the log has it.
    pub author: Option<String>,
    pub body: String,
    /// A comment of the same card.
    pub parent: Option<CommentId>,
}

impl Store {
    /// A person's comment answers what agents ask on the card.
    pub async fn add_comment(
        &self,
        task: TaskId,
        author: Actor,
        body: String,
        now: Millis,
    ) -> Result<CommentRecord, StoreError> {
        self.say(NewComment { task, actor: author, author: None, body, parent: None }, now).await
    }

    /// The same under another name, or in answer to a comment.
    pub async fn say(&self, new: NewComment, now: Millis) -> Result<CommentRecord, StoreError> {
        let NewComment { task, actor, author, body, parent } = new;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    tasks::require(tx, task).await?;
                    if let Some(parent) = parent {
                        require_on(tx, task, parent).await?;
                    }
                    let id = insert(tx, task, &actor, &body, now).await?;
                    if author.is_some() || parent.is_some() {
                        frame(tx, id, author.as_deref(), parent).await?;
                    }
                    if actor == Actor::Person {
                        questions::answer(tx, task, &body, now).await?;
                    }
                    let change = Change {
                        at: now,
                        actor: &actor,
                        kind: "task.commented",
                        task: Some(task),
                        run: None,
                        project: None,
                        text: format!("commented: {}", domain::text::elide(&body, 200)),
                    };
                    record(tx, change).await?;
                    let author = author.unwrap_or_else(|| actor.to_string());
                    Ok(CommentRecord { id, author, body, at: now, parent })
                })
            })
            .await
    }

    /// Oldest first.
    pub async fn comments(&self, task: TaskId) -> Result<Vec<CommentRecord>, StoreError> {
        let all = "SELECT id, author, body, at, parent_id FROM task_comments WHERE task_id = ? ORDER BY id";
        self.here(|sql| {
            Ok(sql.rows(all, [task.raw()], |row| {
                let id = CommentId(row.get(0)?);
                let parent = row.get::<_, Option<i64>>(4)?.map(CommentId);
                Ok(CommentRecord { id, author: row.get(1)?, body: row.get(2)?, at: row.get(3)?, parent })
            })?)
        })
        .await
    }
}

/// A comment of another card is told as none at all.
async fn require_on(tx: &mut Tx<'_>, task: TaskId, comment: CommentId) -> Result<(), StoreError> {
    let found: Option<i64> = tx
        .here(|sql| {
            let on = "SELECT id FROM task_comments WHERE id = ? AND task_id = ?";
            sql.row(on, [comment.raw(), task.raw()], |row| row.get(0))
        })
        .await?;
    let key = || format!("{comment} of {}", task.key());
    found.map(|_| ()).ok_or_else(|| StoreError::NotFound { what: "comment", key: key() })
}

/// Who says it, where that is not the actor, and what it answers.
pub(crate) async fn frame(
    tx: &mut Tx<'_>,
    comment: CommentId,
    author: Option<&str>,
    parent: Option<CommentId>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE task_comments SET author = coalesce(?, author), parent_id = ? WHERE id = ?")
        .bind(author)
        .bind(parent.map(Id::raw))
        .bind(comment.raw())
        .execute(&mut *tx.conn)
        .await?;
    Ok(())
}

/// Without a change of its own: the caller logs what led to it.
pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    task: TaskId,
    author: &Actor,
    body: &str,
    now: Millis,
) -> Result<CommentId, StoreError> {
    tx.here(|sql| say(sql, task, author, body, now)).await
}

/// The same, among other statements of one visit.
pub(crate) fn say(
    sql: &rusqlite::Connection,
    task: TaskId,
    author: &Actor,
    body: &str,
    now: Millis,
) -> rusqlite::Result<CommentId> {
    let body = domain::text::without_nul(body);
    let new = "INSERT INTO task_comments (task_id, author, body, at) VALUES (?, ?, ?, ?)";
    Ok(CommentId(sql.statement(new)?.insert(params![task.raw(), author.to_string(), body, now])?))
}
