//! Reading another program's board: Vibe Kanban's SQLite file, opened to be read and left as it is. Its
//! tables changed over time; what is asked for is looked for in each of the places where it has been.

use std::{collections::HashSet, path::Path};

use domain::{
    Millis, Status,
    portable::{Project, Record, Repository, Subtask, Task},
    subtask::Tree,
};
use sqlx::{Connection, FromRow, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::error::StoreError;

/// A project and one of its repositories.
type Place = (Vec<u8>, String, Option<i64>, Option<String>);

#[derive(FromRow)]
struct TaskRow {
    id: Vec<u8>,
    project_id: Option<Vec<u8>>,
    title: String,
    description: Option<String>,
    status: String,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    parent: Option<Vec<u8>>,
}

/// Its projects and tasks. A task's first sentence is its title, its state the column that comes nearest; a
/// task that was at work is ready.
pub async fn read_vibe_kanban(path: &Path, now: Millis) -> Result<Vec<Record>, StoreError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut file = SqliteConnection::connect_with(&options).await.map_err(|error| not_ours(path, &error))?;
    let read = read(&mut file, now).await.map_err(|error| match error {
        StoreError::Database(error) => not_ours(path, &error),
        other => other,
    });
    let _ = file.close().await;
    read
}

fn not_ours(path: &Path, error: &sqlx::Error) -> StoreError {
    StoreError::Conflict(format!("{} cannot be read as a Vibe Kanban database: {error}", path.display()))
}

async fn read(file: &mut SqliteConnection, now: Millis) -> Result<Vec<Record>, StoreError> {
    let mut records = projects(file, now).await?;
    records.extend(tasks(file, now).await?);
    Ok(records)
}

async fn has(file: &mut SqliteConnection, table: &str, column: &str) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pragma_table_info(?) WHERE name = ?)")
        .bind(table)
        .bind(column)
        .fetch_one(file)
        .await?)
}

async fn projects(file: &mut SqliteConnection, now: Millis) -> Result<Vec<Record>, StoreError> {
    let at = "CAST(unixepoch(p.created_at, 'subsec') * 1000 AS INTEGER)";
    let rows: Vec<Place> = if has(file, "repos", "path").await? {
        let sql = format!(
            "SELECT p.id, p.name, {at}, r.path FROM projects p LEFT JOIN project_repos l ON l.project_id = p.id \
             LEFT JOIN repos r ON r.id = l.repo_id ORDER BY p.created_at, p.id, l.rowid"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(file).await?
    } else {
        let sql =
            format!("SELECT p.id, p.name, {at}, p.git_repo_path FROM projects p ORDER BY p.created_at, p.id");
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(file).await?
    };
    let mut projects: Vec<Project> = Vec::new();
    for (id, name, created_at, path) in rows {
        let uid = uid(&id)?;
        let Some(path) = path else { continue };
        match projects.iter_mut().find(|known| known.uid == uid) {
            None => projects.push(Project {
                uid,
                name: domain::text::elide(name.trim(), 100),
                path,
                settings: serde_json::json!({}),
                repositories: Vec::new(),
                created_at: created_at.unwrap_or(now),
                removed_at: None,
            }),
            Some(known) => {
                let directory = Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
                known.repositories.push(Repository {
                    directory: directory.unwrap_or_else(|| "repository".into()),
                    path,
                    base: String::new(),
                });
            }
        }
    }
    Ok(projects.into_iter().map(Record::Project).collect())
}

async fn tasks(file: &mut SqliteConnection, now: Millis) -> Result<Vec<Record>, StoreError> {
    // The work that a sub-task was split off from belongs to its parent.
    let (works, column) = if has(file, "tasks", "parent_workspace_id").await? {
        ("workspaces", "parent_workspace_id")
    } else {
        ("task_attempts", "parent_task_attempt")
    };
    let parent = if has(file, "tasks", column).await? && has(file, works, "task_id").await? {
        format!("(SELECT task_id FROM {works} w WHERE w.id = t.{column})")
    } else {
        "NULL".into()
    };
    let sql = format!(
        "SELECT t.id, t.project_id, t.title, t.description, t.status, \
         CAST(unixepoch(t.created_at, 'subsec') * 1000 AS INTEGER) AS created_at, \
         CAST(unixepoch(t.updated_at, 'subsec') * 1000 AS INTEGER) AS updated_at, {parent} AS parent \
         FROM tasks t ORDER BY t.created_at, t.id"
    );
    let rows: Vec<TaskRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(file).await?;
    let known: HashSet<&[u8]> = rows.iter().map(|row| row.id.as_slice()).collect();
    let (mut tree, mut tasks, mut links) = (Tree::default(), Vec::new(), Vec::new());
    for row in &rows {
        let parent = row.parent.as_ref().filter(|parent| known.contains(parent.as_slice()));
        let parent = parent.map(|parent| uid(parent)).transpose()?;
        let joins = tree.takes(&uid(&row.id)?, parent.as_deref());
        // What the tree has no room for is told by a tag.
        let task = task(row, parent.is_some() && !joins, now)?;
        if let Some(parent) = parent.filter(|_| joins) {
            links.push(Record::Subtask(Subtask { task: task.uid.clone(), parent }));
        }
        tasks.push(Record::Task(Box::new(task)));
    }
    tasks.extend(links);
    Ok(tasks)
}

fn task(row: &TaskRow, tagged: bool, now: Millis) -> Result<Task, StoreError> {
    let status = match row.status.as_str() {
        "inprogress" => Status::Ready,
        "inreview" => Status::Review,
        "done" => Status::Done,
        "cancelled" => Status::Cancelled,
        _ => Status::Inbox,
    };
    let created_at = row.created_at.unwrap_or(now);
    let updated_at = row.updated_at.unwrap_or(created_at);
    Ok(Task {
        project: row.project_id.as_deref().map(uid).transpose()?,
        description: row.description.clone().unwrap_or_default(),
        tags: if tagged { vec!["sub-task".into()] } else { Vec::new() },
        ..Task::foreign(uid(&row.id)?, &row.title, status, created_at, updated_at)
    })
}

/// Its ids are the bytes of a UUID.
fn uid(bytes: &[u8]) -> Result<String, StoreError> {
    Uuid::from_slice(bytes)
        .map(|uuid| uuid.to_string())
        .map_err(|_| StoreError::Conflict("an id in the Vibe Kanban database is no UUID".into()))
}
