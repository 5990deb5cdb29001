//! Projects: folders that cards work on.

use std::path::{Path, PathBuf};

use domain::{directory, policy::ProjectPolicy, text::elide};
use store::{NewProject, NewRepository, ProjectRecord};

use crate::{App, problem::invalid, views, wire::*};

pub async fn add_project(app: &App, request: AddProject) -> Result<Project, Problem> {
    let path = folder(&request.path)?;
    let name = match request.name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => project_name(name)?,
        _ => elide(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(), 100),
    };
    let mut repositories = Vec::new();
    for text in &request.repositories {
        repositories.push(NewRepository { directory: None, path: folder(text)? });
    }
    if !repositories.is_empty() {
        check_beside(app, &path, repositories.iter().map(|repository| repository.path.clone())).await?;
    }
    let new = NewProject { name, path };
    let record = app.engine.store().add_project_of(new, repositories, app.engine.now()).await?;
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
        super::queue::known_agents(app, settings.agents.iter().chain(settings.gate.reviewers())).await?;
    }
    if let Some(github) = request.settings.as_ref().and_then(|settings| settings.github.as_deref()) {
        super::issues::check_link(app, request.id, github).await?;
    }
    if request.settings.as_ref().is_some_and(|settings| settings.in_place) {
        refuse_in_place(&app.engine.store().project(request.id).await?)?;
    }
    let settings =
        request.settings.map(serde_json::to_value).transpose().map_err(|error| invalid(error.to_string()))?;
    let record = app.engine.store().edit_project(request.id, name, settings, app.engine.now()).await?;
    Ok(seen(app, record).await)
}

/// A workspace for several repositories is never the project's own folder.
fn refuse_in_place(project: &ProjectRecord) -> Result<(), Problem> {
    if project.repositories.is_empty() {
        return Ok(());
    }
    Err(Problem {
        code: ProblemCode::Conflict,
        message: format!("“{}” has several repositories and cannot be used in place", project.name),
        next: Some("remove its further repositories first".into()),
    })
}

pub async fn add_repository(app: &App, request: AddRepository) -> Result<Project, Problem> {
    let path = folder(&request.path)?;
    let directory = request.directory.as_deref().map(directory_name).transpose()?;
    let project = app.engine.store().project(request.project).await?;
    let settings: ProjectSettings = serde_json::from_value(project.settings).unwrap_or_default();
    if settings.in_place {
        return Err(Problem {
            code: ProblemCode::Conflict,
            message: format!("“{}” is used in place, so no other repository can lie beside it", project.name),
            next: Some("let the project use a workspace for each card first (project settings)".into()),
        });
    }
    let others = project.repositories.into_iter().map(|repository| repository.path).chain([path.clone()]);
    check_beside(app, &project.path, others).await?;
    let new = NewRepository { directory, path };
    let record = app.engine.store().add_repository(request.project, new, app.engine.now()).await?;
    Ok(seen(app, record).await)
}

/// Only repositories lie side by side, each once.
async fn check_beside(
    app: &App,
    own: &Path,
    others: impl IntoIterator<Item = PathBuf>,
) -> Result<(), Problem> {
    if !app.engine.inspect_folder(own.to_owned()).await.git {
        return Err(Problem {
            code: ProblemCode::Invalid,
            message: format!(
                "{} is a plain folder, and only a git repository can have others beside it",
                own.display()
            ),
            next: Some("run `git init` there and make a first commit".into()),
        });
    }
    let all = std::iter::once(own.to_owned()).chain(others).collect();
    Ok(app.engine.check_repositories(all).await?)
}

fn directory_name(text: &str) -> Result<String, Problem> {
    directory::check(text).map(str::to_owned).map_err(|error| invalid(error.to_string()))
}

pub async fn edit_repository(app: &App, request: EditRepository) -> Result<Project, Problem> {
    let directory = request.directory.as_deref().map(directory_name).transpose()?;
    let base = request.base.map(|base| base.trim().to_owned());
    let record = app.engine.store().edit_repository(request.id, directory, base, app.engine.now()).await?;
    Ok(seen(app, record).await)
}

pub async fn remove_repository(app: &App, request: RepositoryRef) -> Result<Project, Problem> {
    let record = app.engine.store().remove_repository(request.id, app.engine.now()).await?;
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
    let mut problems = Vec::new();
    for repository in &record.repositories {
        let look = app.engine.inspect_folder(repository.path.clone()).await;
        let lost = || format!("{} is no git repository any more", repository.path.display());
        problems.push(look.problem.or_else(|| (!look.git).then(lost)));
    }
    views::project(record, look.git, look.problem, problems)
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
        repository_limit: settings.repository_limit,
        paused: settings.paused.clone(),
        triage: settings.triage,
        retry: settings.retry.clone(),
        gate: settings.gate.clone(),
        budget: settings.budget,
        task_budget: settings.task_budget,
        limits: settings.limits,
        escalation: settings.escalation,
    }
}
