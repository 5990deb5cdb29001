//! Projects: a folder with a name and its settings (JSON that the app understands).

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use domain::{
    Actor, Id, Millis, ProjectId, RetryPolicy, Status, directory, escalation::Escalation, review::Gate,
};
use rusqlite::OptionalExtension;
use serde::de::DeserializeOwned;
use sqlx::FromRow;

use crate::{
    Store,
    changes::{Change, record},
    error::StoreError,
    paths,
    readers::{Ask, row},
    repositories::{self, NewRepository, RepositoryRecord},
    writer::Tx,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectRecord {
    pub id: ProjectId,
    pub name: String,
    pub path: PathBuf,
    pub settings: serde_json::Value,
    pub open_cards: u32,
    /// Further repositories, oldest first.
    pub repositories: Vec<RepositoryRecord>,
}

impl ProjectRecord {
    /// What the project's own repository is called beside the others in a workspace.
    pub fn directory(&self) -> String {
        own_directory(&self.path)
    }
}

pub(crate) fn own_directory(path: &Path) -> String {
    directory::for_folder(&path.file_name().unwrap_or_default().to_string_lossy(), [])
}

#[derive(Clone, Debug)]
pub struct NewProject {
    pub name: String,
    /// Absolute and canonical.
    pub path: PathBuf,
}

row! {
    #[derive(FromRow)]
    struct Row {
        id: i64,
        name: String,
        path: Vec<u8>,
        settings: String,
        open_cards: i64,
    }
}

impl Row {
    fn with(self, repositories: Vec<RepositoryRecord>) -> Result<ProjectRecord, StoreError> {
        Ok(ProjectRecord {
            id: ProjectId(self.id),
            name: self.name,
            path: paths::from_bytes(&self.path),
            settings: serde_json::from_str(&self.settings).map_err(|e| StoreError::Corrupt(e.to_string()))?,
            open_cards: self.open_cards as u32,
            repositories,
        })
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, name, path, settings, (SELECT count(*) FROM tasks WHERE project_id = projects.id ",
            "AND trashed_at IS NULL AND finished_at IS NULL) AS open_cards ",
            "FROM projects ",
            $tail
        )
    };
}

impl Store {
    pub async fn add_project(&self, new: NewProject, now: Millis) -> Result<ProjectRecord, StoreError> {
        self.add_project_of(new, Vec::new(), now).await
    }

    /// With further repositories; all of it or nothing.
    pub async fn add_project_of(
        &self,
        new: NewProject,
        repositories: Vec<NewRepository>,
        now: Millis,
    ) -> Result<ProjectRecord, StoreError> {
        let id = self
            .writer
            .write(move |tx| {
                Box::pin(async move {
                    let id = insert(tx, new, now).await?;
                    for repository in repositories {
                        repositories::insert(tx, id, repository, now).await?;
                    }
                    Ok(id)
                })
            })
            .await?;
        self.project(id).await
    }

    pub async fn projects(&self) -> Result<Vec<ProjectRecord>, StoreError> {
        let listed = select!("WHERE removed_at IS NULL ORDER BY name COLLATE NOCASE, id");
        let rows = self.aside(|sql| Ok(sql.rows(listed, [], Row::read)?)).await?;
        let mut repositories = self.repositories(None).await?;
        rows.into_iter()
            .map(|row| {
                let own = repositories.remove(&ProjectId(row.id)).unwrap_or_default();
                row.with(own)
            })
            .collect()
    }

    /// Names and settings alone: the dispatcher reads them often, and counts no cards.
    pub async fn project_settings(&self) -> Result<Vec<(ProjectId, String, serde_json::Value)>, StoreError> {
        let all = "SELECT id, name, settings FROM projects WHERE removed_at IS NULL ORDER BY id";
        let rows: Vec<(i64, String, String)> =
            self.here(|sql| Ok(sql.rows(all, [], |row| row.try_into())?)).await?;
        rows.into_iter()
            .map(|(id, name, settings)| {
                let settings =
                    serde_json::from_str(&settings).map_err(|e| StoreError::Corrupt(e.to_string()))?;
                Ok((ProjectId(id), name, settings))
            })
            .collect()
    }

    /// Also a removed one: its finished cards still point at it.
    pub async fn project(&self, id: ProjectId) -> Result<ProjectRecord, StoreError> {
        let row = self.aside(move |sql| Ok(sql.row(select!("WHERE id = ?"), [id.raw()], Row::read)?)).await?;
        let own = self.repositories(Some(id)).await?.remove(&id).unwrap_or_default();
        row.ok_or(missing(id))?.with(own)
    }

    pub async fn edit_project(
        &self,
        id: ProjectId,
        name: Option<String>,
        settings: Option<serde_json::Value>,
        now: Millis,
    ) -> Result<ProjectRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let before = dispatches(tx, Some(id)).await?;
                    let edited = sqlx::query(
                        "UPDATE projects SET name = coalesce(?, name), settings = coalesce(?, settings) WHERE id = ? AND removed_at IS NULL",
                    )
                    .bind(&name)
                    .bind(settings.map(|s| s.to_string()))
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    if edited.rows_affected() == 0 {
                        return Err(missing(id));
                    }
                    if dispatches(tx, Some(id)).await? != before {
                        let queued = "UPDATE tasks SET queued = ? WHERE project_id = ? AND status = 'ready'";
                        sqlx::query(queued).bind(!before).bind(id.raw()).execute(&mut *tx.conn).await?;
                    }
                    log(tx, id, "project.changed", "changed the project".into(), now).await
                })
            })
            .await?;
        self.project(id).await
    }

    /// Takes the project off the list; its folder and its finished cards stay.
    pub async fn remove_project(&self, id: ProjectId, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let live: i64 = sqlx::query_scalar(
                        "SELECT count(*) FROM tasks WHERE project_id = ? AND trashed_at IS NULL AND finished_at IS NULL",
                    )
                    .bind(id.raw())
                    .fetch_one(&mut *tx.conn)
                    .await?;
                    if live > 0 {
                        let cards = if live == 1 { "one open card".into() } else { format!("{live} open cards") };
                        return Err(StoreError::Conflict(format!(
                            "the project still has {cards}; finish, cancel or trash what is open first"
                        )));
                    }
                    let removed = sqlx::query("UPDATE projects SET removed_at = ? WHERE id = ? AND removed_at IS NULL")
                        .bind(now)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    if removed.rows_affected() == 0 {
                        return Err(missing(id));
                    }
                    log(tx, id, "project.removed", "removed the project".into(), now).await
                })
            })
            .await
    }
}

async fn insert(tx: &mut Tx<'_>, new: NewProject, now: Millis) -> Result<ProjectId, StoreError> {
    let path = paths::to_bytes(&new.path);
    let known: Option<String> =
        sqlx::query_scalar("SELECT name FROM projects WHERE path = ? AND removed_at IS NULL")
            .bind(&path)
            .fetch_optional(&mut *tx.conn)
            .await?;
    if let Some(name) = known {
        return Err(StoreError::Conflict(format!("{} is already the project “{name}”", new.path.display())));
    }
    let id =
        sqlx::query("INSERT INTO projects (uid, name, path, settings, created_at) VALUES (?, ?, ?, '{}', ?)")
            .bind(uuid::Uuid::now_v7().to_string())
            .bind(&new.name)
            .bind(path)
            .bind(now)
            .execute(&mut *tx.conn)
            .await?
            .last_insert_rowid();
    log(tx, ProjectId(id), "project.added", format!("added the project {}", new.name), now).await?;
    Ok(ProjectId(id))
}

/// Whether the project hands its ready cards to the dispatcher by itself.
pub(crate) async fn dispatches(tx: &mut Tx<'_>, project: Option<ProjectId>) -> Result<bool, StoreError> {
    let Some(id) = project else { return Ok(false) };
    let set: Option<bool> =
        sqlx::query_scalar("SELECT coalesce(settings ->> 'dispatch', 0) FROM projects WHERE id = ?")
            .bind(id.raw())
            .fetch_optional(&mut *tx.conn)
            .await?;
    Ok(set.unwrap_or(false))
}

/// The same of a project that is still on the list; the project itself where it is not.
pub(crate) async fn dispatches_if_known(
    tx: &mut Tx<'_>,
    project: Option<ProjectId>,
) -> Result<Result<bool, ProjectId>, StoreError> {
    let Some(id) = project else { return Ok(Ok(false)) };
    let set: Option<bool> = tx
        .here(|sql| {
            sql.statement(
                "SELECT coalesce(settings ->> 'dispatch', 0) FROM projects WHERE id = ? AND removed_at IS NULL",
            )?
            .query_row([id.raw()], |row| row.get(0))
            .optional()
        })
        .await?;
    Ok(set.ok_or(id))
}

/// What a project says to agents that pull.
#[derive(Default)]
pub(crate) struct PullRules {
    paused: bool,
    /// A person looks through its inbox first.
    triage: bool,
    /// Runs that may still begin in it.
    pub left: Option<u32>,
    /// The only ones that may take its cards; empty: any.
    pub agents: Vec<String>,
    /// Its limited repositories, by their place in whatever list the caller keeps.
    pub repositories: Vec<usize>,
}

impl PullRules {
    /// Whether any card of that column may be taken.
    pub fn open(&self, column: Status) -> bool {
        !self.paused && self.left != Some(0) && !(self.triage && column == Status::Inbox)
    }
}

/// Number, paused, triage, runs left, agents.
type PullRow = (i64, bool, bool, Option<i64>, Option<String>);

/// What is at work is few; a project's cards may be many.
pub(crate) const RULES: &str = "SELECT id, settings ->> 'paused' IS NOT NULL, coalesce(settings ->> 'triage', 0), \
    CASE WHEN settings ->> 'limit' IS NOT NULL THEN max(0, (settings ->> 'limit') - (SELECT count(*) \
    FROM runs r INDEXED BY runs_at_work CROSS JOIN tasks t ON t.id = r.task_id \
    WHERE r.phase <> 'ended' AND t.project_id = projects.id)) END, \
    settings -> 'agents' FROM projects WHERE removed_at IS NULL AND settings <> '{}'";

/// Of projects that say anything.
pub(crate) async fn pull_rules(tx: &mut Tx<'_>) -> Result<HashMap<ProjectId, PullRules>, StoreError> {
    let rows: Vec<PullRow> = tx.here(|sql| sql.rows(RULES, [], |row| row.try_into())).await?;
    rows.into_iter()
        .map(|(id, paused, triage, left, agents)| {
            let agents = match agents.filter(|text| text != "null") {
                Some(text) => serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(e.to_string()))?,
                None => Vec::new(),
            };
            let left = left.map(|left| left as u32);
            Ok((ProjectId(id), PullRules { paused, triage, left, agents, repositories: Vec::new() }))
        })
        .collect()
}

/// What each class of failure is allowed in the project.
pub(crate) async fn retry_policy(
    tx: &mut Tx<'_>,
    project: Option<ProjectId>,
) -> Result<RetryPolicy, StoreError> {
    setting(tx, project, "retry").await
}

/// When a person is called.
pub(crate) async fn escalation(
    tx: &mut Tx<'_>,
    project: Option<ProjectId>,
) -> Result<Escalation, StoreError> {
    setting(tx, project, "escalation").await
}

/// Nothing more starts in the project by itself. Returns whether it did before.
pub(crate) async fn pause(
    tx: &mut Tx<'_>,
    id: ProjectId,
    reason: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    let paused = sqlx::query(
        "UPDATE projects SET settings = json_set(settings, '$.paused', ?) \
         WHERE id = ? AND settings ->> 'paused' IS NULL",
    )
    .bind(reason)
    .bind(id.raw())
    .execute(&mut *tx.conn)
    .await?;
    if paused.rows_affected() == 0 {
        return Ok(false);
    }
    log_by(tx, &Actor::Engine, id, "project.paused", format!("paused the project: {reason}"), now).await?;
    Ok(true)
}

/// What must approve work before it is done.
pub(crate) async fn gate(tx: &mut Tx<'_>, project: Option<ProjectId>) -> Result<Gate, StoreError> {
    setting(tx, project, "gate").await
}

async fn setting<T: DeserializeOwned + Default>(
    tx: &mut Tx<'_>,
    project: Option<ProjectId>,
    name: &'static str,
) -> Result<T, StoreError> {
    let Some(id) = project else { return Ok(T::default()) };
    let text: Option<Option<String>> = sqlx::query_scalar("SELECT settings -> ? FROM projects WHERE id = ?")
        .bind(name)
        .bind(id.raw())
        .fetch_optional(&mut *tx.conn)
        .await?;
    match text.flatten().filter(|text| text != "null") {
        Some(text) => serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(e.to_string())),
        None => Ok(T::default()),
    }
}

/// The project must be on the list.
pub(crate) async fn require(tx: &mut Tx<'_>, id: ProjectId) -> Result<(), StoreError> {
    let known: Option<i64> =
        sqlx::query_scalar("SELECT id FROM projects WHERE id = ? AND removed_at IS NULL")
            .bind(id.raw())
            .fetch_optional(&mut *tx.conn)
            .await?;
    known.map(|_| ()).ok_or(missing(id))
}

async fn log(
    tx: &mut Tx<'_>,
    id: ProjectId,
    kind: &'static str,
    text: String,
    now: Millis,
) -> Result<(), StoreError> {
    log_by(tx, &Actor::Person, id, kind, text, now).await
}

async fn log_by(
    tx: &mut Tx<'_>,
    actor: &Actor,
    id: ProjectId,
    kind: &'static str,
    text: String,
    now: Millis,
) -> Result<(), StoreError> {
    let change = Change { at: now, actor, kind, task: None, run: None, project: Some(id), text };
    record(tx, change).await.map(|_| ())
}

pub(crate) fn missing(id: ProjectId) -> StoreError {
    StoreError::NotFound { what: "project", key: id.to_string() }
}
