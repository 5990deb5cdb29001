//! Projects: folders that cards work on.

use std::path::{Path, PathBuf};

use domain::{policy::ProjectPolicy, text::elide};
use store::NewProject;

use crate::{App, problem::invalid, views, wire::*};

pub async fn add_project(app: &App, request: AddProject) -> Result<Project, Problem> {
    let path = folder(&request.path)?;
    let name = match request.name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => project_name(name)?,
        _ => elide(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(), 100),
    };
    let record = app.engine.store().add_project(NewProject { name, path }, app.engine.now()).await?;
    Ok(seen(app, record).await)
}

/// An absolute path to a folder that exists and can be read.
fn folder(text: &str) -> Result<PathBuf, Problem> {
    if text.trim().is_empty() {
        return Err(invalid("give the path of a folder"));
    }
    let problem = |message: String, next: &str| Problem {
        code: ProblemCode::Invalid,
        message,
        next: Some(next.into()),
    };
    let path = Path::new(text).canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            problem(format!("{text} does not exist"), "check the spelling, or make the folder first")
        }
        std::io::ErrorKind::PermissionDenied => {
            problem(format!("{text} cannot be read: permission denied"), "choose a folder that you may read")
        }
        _ => problem(format!("{text} cannot be opened: {error}"), "choose another folder"),
    })?;
    if !path.is_dir() {
        return Err(problem(format!("{text} is a file, not a folder"), "give the folder that holds it"));
    }
    if let Err(error) = std::fs::read_dir(&path) {
        return Err(problem(format!("{text} cannot be read: {error}"), "choose a folder that you may read"));
    }
    Ok(path)
}

fn project_name(name: &str) -> Result<String, Problem> {
    if name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(invalid("a project's name is one line of at most 100 characters"));
    }
    Ok(name.into())
}

pub async fn edit_project(app: &App, request: EditProject) -> Result<Project, Problem> {
    let name = match request.name.as_deref().map(str::trim) {
        Some("") => return Err(invalid("the project's name is empty")),
        Some(name) => Some(project_name(name)?),
        None => None,
    };
    if let Some(settings) = &request.settings {
        policy(settings).check().map_err(|bad| invalid(bad.to_string()))?;
        super::queue::known_agents(app, settings.agents.iter()).await?;
    }
    let settings =
        request.settings.map(serde_json::to_value).transpose().map_err(|error| invalid(error.to_string()))?;
    let record = app.engine.store().edit_project(request.id, name, settings, app.engine.now()).await?;
    Ok(seen(app, record).await)
}

pub async fn remove_project(app: &App, request: ProjectRef) -> Result<Nothing, Problem> {
    app.engine.store().remove_project(request.id, app.engine.now()).await?;
    Ok(Nothing {})
}

pub async fn list_projects(app: &App, _: Nothing) -> Result<Vec<Project>, Problem> {
    let mut projects = Vec::new();
    for record in app.engine.store().projects().await? {
        projects.push(seen(app, record).await);
    }
    Ok(projects)
}

/// The project with what its folder is like now.
async fn seen(app: &App, record: store::ProjectRecord) -> Project {
    let look = app.engine.inspect_folder(record.path.clone()).await;
    views::project(record, look.git, look.problem)
}

pub async fn find_repositories(app: &App, _: Nothing) -> Result<Vec<FoundRepository>, Problem> {
    let found = app.engine.find_repositories().await;
    Ok(found
        .into_iter()
        .map(|repository| FoundRepository {
            path: repository.path.to_string_lossy().into_owned(),
            name: repository.name,
            last_commit_at: repository.last_commit_at,
        })
        .collect())
}

/// The part of the settings that the queue reads.
fn policy(settings: &ProjectSettings) -> ProjectPolicy {
    ProjectPolicy {
        dispatch: settings.dispatch,
        agents: settings.agents.clone(),
        limit: settings.limit,
        paused: settings.paused.clone(),
        retry: settings.retry.clone(),
        gate: settings.gate.clone(),
        budget: settings.budget,
    }
}
