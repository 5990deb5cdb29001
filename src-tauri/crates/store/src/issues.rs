//! Which card stands for which issue of a tracker, and what both last agreed on.

use domain::{
    Actor, Id, Millis, TaskId,
    issues::{IssueState, Shared},
};

use crate::{
    Store,
    error::StoreError,
    readers::Ask,
    tasks::{self, NewTask, json},
    writer::Tx,
};

/// The card of an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueLink {
    pub task: TaskId,
    pub agreed: Shared,
}

impl Store {
    /// None where no card stands for the issue.
    pub async fn issue_link(&self, repository: &str, number: i64) -> Result<Option<IssueLink>, StoreError> {
        let row: Option<(i64, String, String, String)> = sqlx::query_as(
            "SELECT task_id, title, labels, state FROM task_issues WHERE repository = ? AND number = ?",
        )
        .bind(repository)
        .bind(number)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|(task, title, labels, state)| {
            let labels = serde_json::from_str(&labels).map_err(|e| StoreError::Corrupt(e.to_string()))?;
            let state = IssueState::parse(&state)
                .ok_or_else(|| StoreError::Corrupt(format!("issue state {state}")))?;
            Ok(IssueLink { task: TaskId(task), agreed: Shared { title, labels, state } })
        })
        .transpose()
    }

    /// Repository and number of the issue that the card stands for.
    pub async fn issue_of(&self, task: TaskId) -> Result<Option<(String, i64)>, StoreError> {
        let issue = "SELECT repository, number FROM task_issues WHERE task_id = ?";
        self.here(move |sql| Ok(sql.row(issue, [task.raw()], |row| Ok((row.get(0)?, row.get(1)?)))?)).await
    }

    /// A card for an issue that has none, both in one step.
    pub async fn add_issue(
        &self,
        repository: String,
        number: i64,
        new: NewTask,
        agreed: Shared,
        now: Millis,
    ) -> Result<TaskId, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let task = tasks::insert(tx, new, &Actor::Person, now).await?;
                    put(tx, &repository, number, task, &agreed).await?;
                    Ok(task)
                })
            })
            .await
    }

    /// What both sides have now.
    pub async fn agree_on_issue(
        &self,
        repository: String,
        number: i64,
        task: TaskId,
        agreed: Shared,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| Box::pin(async move { put(tx, &repository, number, task, &agreed).await }))
            .await
    }
}

async fn put(
    tx: &mut Tx<'_>,
    repository: &str,
    number: i64,
    task: TaskId,
    agreed: &Shared,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO task_issues (repository, number, task_id, title, labels, state) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (repository, number) DO UPDATE SET title = excluded.title, labels = excluded.labels, state = excluded.state",
    )
    .bind(repository)
    .bind(number)
    .bind(task.raw())
    .bind(&agreed.title)
    .bind(json(&agreed.labels)?)
    .bind(agreed.state.word())
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}
