//! Further repositories of a project, each with the directory that it has in a workspace. They change
//! only while no agent is at work on the project: a workspace is made from one list, not from two.

use std::{collections::HashMap, path::PathBuf};

use domain::{Actor, Id, Millis, ProjectId, RepositoryId, directory};
use sqlx::{FromRow, SqliteConnection};

use crate::{
    Store,
    changes::{Change, record},
    error::StoreError,
    paths,
    projects::{self, ProjectRecord},
    readers::{Ask, row},
    writer::Tx,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryRecord {
    pub id: RepositoryId,
    /// Its name in a workspace, beside those of the project's other repositories.
    pub directory: String,
    pub path: PathBuf,
    /// Branch or commit that its worktrees start from; its HEAD if empty.
    pub base: String,
}

#[derive(Clone, Debug)]
pub struct NewRepository {
    /// Allowed by [`directory::check`]; none: the folder's name, made unique.
    pub directory: Option<String>,
    /// Absolute and canonical.
    pub path: PathBuf,
}

/// How many runs may work in a repository at one time, and the projects that share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryLimit {
    pub path: PathBuf,
    /// The lowest that any of the projects sets.
    pub limit: u32,
    pub projects: Vec<ProjectId>,
}

impl RepositoryLimit {
    /// For sentences: `repository shop`.
    pub fn name(&self) -> String {
        format!("repository {}", self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy())
    }
}

row! {
    #[derive(FromRow)]
    pub(crate) struct Row {
        id: i64,
        project_id: i64,
        directory: String,
        path: Vec<u8>,
        base: String,
    }
}

impl From<Row> for RepositoryRecord {
    fn from(row: Row) -> Self {
        RepositoryRecord {
            id: RepositoryId(row.id),
            directory: row.directory,
            path: paths::from_bytes(&row.path),
            base: row.base,
        }
    }
}

impl Store {
    pub async fn add_repository(
        &self,
        project: ProjectId,
        new: NewRepository,
        now: Millis,
    ) -> Result<ProjectRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    projects::require(tx, project).await?;
                    refuse_at_work(tx, project).await?;
                    insert(tx, project, new, now).await
                })
            })
            .await?;
        self.project(project).await
    }

    /// Fields left out stay as they are. Workspaces that exist keep the directory they have.
    pub async fn edit_repository(
        &self,
        id: RepositoryId,
        directory: Option<String>,
        base: Option<String>,
        now: Millis,
    ) -> Result<ProjectRecord, StoreError> {
        let project = self
            .writer
            .write(move |tx| {
                Box::pin(async move {
                    let (project, before) = find(tx, id).await?;
                    refuse_at_work(tx, project).await?;
                    if let Some(directory) = &directory {
                        refuse_taken(tx, project, directory, Some(id)).await?;
                    }
                    sqlx::query(
                        "UPDATE project_repositories SET directory = coalesce(?, directory), base = coalesce(?, base) WHERE id = ?",
                    )
                    .bind(&directory)
                    .bind(&base)
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    let text = format!("changed the repository {}", directory.unwrap_or(before));
                    log(tx, project, "repository.changed", text, now).await?;
                    Ok(project)
                })
            })
            .await?;
        self.project(project).await
    }

    /// Takes the repository out of the project; workspaces that exist keep their worktree of it.
    pub async fn remove_repository(
        &self,
        id: RepositoryId,
        now: Millis,
    ) -> Result<ProjectRecord, StoreError> {
        let project = self
            .writer
            .write(move |tx| {
                Box::pin(async move {
                    let (project, directory) = find(tx, id).await?;
                    refuse_at_work(tx, project).await?;
                    sqlx::query("DELETE FROM project_repositories WHERE id = ?")
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    let text = format!("removed the repository {directory}");
                    log(tx, project, "repository.removed", text, now).await?;
                    Ok(project)
                })
            })
            .await?;
        self.project(project).await
    }

    /// Those that any project limits.
    pub async fn repository_limits(&self) -> Result<Vec<RepositoryLimit>, StoreError> {
        read_limits(self.here(|sql| Ok(find_limits(sql)?)).await?)
    }

    /// Those of one project, or of all, in the order in which they were added.
    pub(crate) async fn repositories(
        &self,
        of: Option<ProjectId>,
    ) -> Result<HashMap<ProjectId, Vec<RepositoryRecord>>, StoreError> {
        const OF_PROJECT: &str = "SELECT id, project_id, directory, path, base FROM project_repositories \
             WHERE ?1 IS NULL OR project_id = ?1 ORDER BY id";
        let rows = self.here(|sql| Ok(sql.rows(OF_PROJECT, [of.map(Id::raw)], Row::read)?)).await?;
        let mut found: HashMap<ProjectId, Vec<RepositoryRecord>> = HashMap::new();
        for row in rows {
            found.entry(ProjectId(row.project_id)).or_default().push(row.into());
        }
        Ok(found)
    }
}

const LIMITS: &str = "SELECT h.path, min(p.settings ->> 'repository_limit') AS most, json_group_array(p.id) \
     FROM (SELECT id AS project_id, path FROM projects UNION SELECT project_id, path FROM project_repositories) h \
     JOIN projects p ON p.id = h.project_id WHERE p.removed_at IS NULL GROUP BY h.path HAVING most IS NOT NULL";

pub(crate) async fn limits(tx: &mut Tx<'_>) -> Result<Vec<RepositoryLimit>, StoreError> {
    read_limits(tx.here(find_limits).await?)
}

fn find_limits(sql: &rusqlite::Connection) -> rusqlite::Result<Vec<(Vec<u8>, i64, String)>> {
    sql.rows(LIMITS, [], |row| row.try_into())
}

fn read_limits(rows: Vec<(Vec<u8>, i64, String)>) -> Result<Vec<RepositoryLimit>, StoreError> {
    rows.into_iter()
        .map(|(path, limit, projects)| {
            let ids: Vec<i64> =
                serde_json::from_str(&projects).map_err(|e| StoreError::Corrupt(e.to_string()))?;
            Ok(RepositoryLimit {
                path: paths::from_bytes(&path),
                limit: limit as u32,
                projects: ids.into_iter().map(ProjectId).collect(),
            })
        })
        .collect()
}

pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    project: ProjectId,
    new: NewRepository,
    now: Millis,
) -> Result<(), StoreError> {
    let path = paths::to_bytes(&new.path);
    let there: Option<i64> =
        sqlx::query_scalar("SELECT id FROM project_repositories WHERE project_id = ? AND path = ?")
            .bind(project.raw())
            .bind(&path)
            .fetch_optional(&mut *tx.conn)
            .await?;
    if there.is_some() {
        return Err(StoreError::Conflict(format!(
            "{} is already a repository of this project",
            new.path.display()
        )));
    }
    let directory = match new.directory {
        Some(directory) => {
            refuse_taken(tx, project, &directory, None).await?;
            directory
        }
        None => {
            let used = directories(&mut tx.conn, project, None).await?;
            let folder = new.path.file_name().unwrap_or_default().to_string_lossy();
            directory::for_folder(&folder, used.iter().map(String::as_str))
        }
    };
    sqlx::query(
        "INSERT INTO project_repositories (project_id, directory, path, base, added_at) VALUES (?, ?, ?, '', ?)",
    )
    .bind(project.raw())
    .bind(&directory)
    .bind(path)
    .bind(now)
    .execute(&mut *tx.conn)
    .await?;
    log(tx, project, "repository.added", format!("added the repository {directory}"), now).await
}

async fn refuse_at_work(tx: &mut Tx<'_>, project: ProjectId) -> Result<(), StoreError> {
    let at_work: Option<i64> =
        sqlx::query_scalar("SELECT min(id) FROM tasks WHERE project_id = ? AND live_run IS NOT NULL")
            .bind(project.raw())
            .fetch_one(&mut *tx.conn)
            .await?;
    match at_work {
        Some(task) => Err(StoreError::Conflict(format!(
            "an agent is at work on T-{task} of this project; its repositories change when none is"
        ))),
        None => Ok(()),
    }
}

async fn refuse_taken(
    tx: &mut Tx<'_>,
    project: ProjectId,
    directory: &str,
    except: Option<RepositoryId>,
) -> Result<(), StoreError> {
    let used = directories(&mut tx.conn, project, except).await?;
    if used.iter().any(|other| other.to_lowercase() == directory.to_lowercase()) {
        return Err(StoreError::Conflict(format!(
            "the directory “{directory}” is taken by another repository of this project"
        )));
    }
    Ok(())
}

/// Those in use, the project's own first.
async fn directories(
    conn: &mut SqliteConnection,
    project: ProjectId,
    except: Option<RepositoryId>,
) -> Result<Vec<String>, StoreError> {
    let own: Vec<u8> = sqlx::query_scalar("SELECT path FROM projects WHERE id = ?")
        .bind(project.raw())
        .fetch_one(&mut *conn)
        .await?;
    let others: Vec<String> =
        sqlx::query_scalar("SELECT directory FROM project_repositories WHERE project_id = ? AND id IS NOT ?")
            .bind(project.raw())
            .bind(except.map(Id::raw))
            .fetch_all(conn)
            .await?;
    let own = projects::own_directory(&paths::from_bytes(&own));
    Ok(std::iter::once(own).chain(others).collect())
}

/// The repository's project, if that is still on the list, and its directory.
async fn find(tx: &mut Tx<'_>, id: RepositoryId) -> Result<(ProjectId, String), StoreError> {
    let found: Option<(i64, String)> = sqlx::query_as(
        "SELECT project_id, directory FROM project_repositories JOIN projects ON projects.id = project_id WHERE project_repositories.id = ? AND removed_at IS NULL",
    )
    .bind(id.raw())
    .fetch_optional(&mut *tx.conn)
    .await?;
    found.map(|(project, directory)| (ProjectId(project), directory)).ok_or(missing(id))
}

async fn log(
    tx: &mut Tx<'_>,
    project: ProjectId,
    kind: &'static str,
    text: String,
    now: Millis,
) -> Result<(), StoreError> {
    let change =
        Change { at: now, actor: &Actor::Person, kind, task: None, run: None, project: Some(project), text };
    record(tx, change).await.map(|_| ())
}

fn missing(id: RepositoryId) -> StoreError {
    StoreError::NotFound { what: "repository", key: id.to_string() }
}
