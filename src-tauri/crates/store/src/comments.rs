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
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    tasks::require(tx, task).await?;
                    let id = insert(tx, task, &author, &body, now).await?;
                    if author == Actor::Person {
                        questions::answer(tx, task, &body, now).await?;
                    }
                    let change = Change {
                        at: now,
                        actor: &author,
                        kind: "task.commented",
                        task: Some(task),
                        run: None,
                        project: None,
                        text: format!("commented: {}", domain::text::elide(&body, 200)),
                    };
                    record(tx, change).await?;
                    Ok(CommentRecord { id, author: author.to_string(), body, at: now })
                })
            })
            .await
    }

    /// Oldest first.
    pub async fn comments(&self, task: TaskId) -> Result<Vec<CommentRecord>, StoreError> {
        let all = "SELECT id, author, body, at FROM task_comments WHERE task_id = ? ORDER BY id";
        self.here(|sql| {
            Ok(sql.rows(all, [task.raw()], |row| {
                let id = CommentId(row.get(0)?);
                Ok(CommentRecord { id, author: row.get(1)?, body: row.get(2)?, at: row.get(3)? })
            })?)
        })
        .await
    }
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
