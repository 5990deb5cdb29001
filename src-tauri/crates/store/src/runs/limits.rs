//! How many runs there may be at one time, and of what: whoever begins one asks here first.

use std::path::PathBuf;

use domain::{Id, ProjectId};
use rusqlite::{params_from_iter, types::Value};

use crate::{Store, error::StoreError, paths, readers::Ask, writer::Tx};

/// How many may be at work at one time; checked in the transaction that starts another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub on: LimitOn,
    pub limit: u32,
    /// For the sentence of a refusal: `project Shop`.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LimitOn {
    Total,
    /// What Flightboard started itself, on this machine.
    Here,
    Agent(String),
    Project(ProjectId),
    /// The repository at this path, for whichever project.
    Repository(PathBuf),
    /// Work that waits for a review.
    Review,
}

pub(crate) async fn has_room(tx: &mut Tx<'_>, limit: &Limits) -> Result<(), StoreError> {
    let used = used(tx, &limit.on).await?;
    if used < i64::from(limit.limit) {
        return Ok(());
    }
    Err(StoreError::Conflict(format!(
        "{used} of {} in {}; wait until one has ended, or raise the limit in the settings",
        limit.limit, limit.name
    )))
}

/// How much of a limit is in use.
pub(crate) async fn used(tx: &mut Tx<'_>, on: &LimitOn) -> Result<i64, StoreError> {
    let (count, of) = counted(on);
    let of = params_from_iter(of);
    tx.here(|sql| sql.statement(count)?.query_row(of, |row| row.get(0))).await
}

impl Store {
    /// As a transaction would count it.
    pub async fn count_at_work(&self, on: &LimitOn) -> Result<u32, StoreError> {
        let (count, of) = counted(on);
        self.here(|sql| Ok(sql.row(count, params_from_iter(of), |row| row.get(0))?.unwrap_or(0))).await
    }
}

/// The statement that counts, and its value.
pub(crate) fn counted(on: &LimitOn) -> (&'static str, Option<Value>) {
    match on {
        LimitOn::Total => ("SELECT count(*) FROM runs WHERE phase <> 'ended'", None),
        LimitOn::Here => ("SELECT count(*) FROM runs WHERE phase <> 'ended' AND origin <> 'pulled'", None),
        LimitOn::Agent(agent) => {
            let agent = Value::Text(agent.clone());
            ("SELECT count(*) FROM runs WHERE phase <> 'ended' AND agent = ?", Some(agent))
        }
        LimitOn::Project(project) => (
            "SELECT count(*) FROM runs r INDEXED BY runs_at_work CROSS JOIN tasks t ON t.id = r.task_id \
             WHERE r.phase <> 'ended' AND t.project_id = ?",
            Some(Value::Integer(project.raw())),
        ),
        LimitOn::Repository(path) => (
            "SELECT count(*) FROM runs r INDEXED BY runs_at_work CROSS JOIN tasks t ON t.id = r.task_id \
             WHERE r.phase <> 'ended' AND t.project_id IN (SELECT id FROM projects WHERE path = ?1 \
             UNION SELECT project_id FROM project_repositories WHERE path = ?1)",
            Some(Value::Blob(paths::to_bytes(path))),
        ),
        LimitOn::Review => {
            ("SELECT count(*) FROM tasks WHERE status = 'review' AND trashed_at IS NULL", None)
        }
    }
}
