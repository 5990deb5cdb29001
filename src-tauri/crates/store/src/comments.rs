//! Comments on a task, by people and agents.

use domain::{Actor, CommentId, Id, Millis, TaskId};

use crate::{
    Store,
    changes::{Change, record},
    error::StoreError,
    questions, tasks,
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
        let rows: Vec<(i64, String, String, i64)> =
            sqlx::query_as("SELECT id, author, body, at FROM task_comments WHERE task_id = ? ORDER BY id")
                .bind(task.raw())
                .fetch_all(&self.readers)
                .await?;
        Ok(rows
            .into_iter()
            .map(|(id, author, body, at)| CommentRecord { id: CommentId(id), author, body, at })
            .collect())
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
    let id = sqlx::query("INSERT INTO task_comments (task_id, author, body, at) VALUES (?, ?, ?, ?)")
        .bind(task.raw())
        .bind(author.to_string())
        .bind(body)
        .bind(now)
        .execute(&mut *tx.conn)
        .await?
        .last_insert_rowid();
    Ok(CommentId(id))
}
