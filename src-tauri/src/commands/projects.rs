//! Projects. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn add_project(app: State<'_, App>, request: AddProject) -> Result<Project, Problem> {
    ops::add_project(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn edit_project(app: State<'_, App>, request: EditProject) -> Result<Project, Problem> {
    ops::edit_project(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_project(app: State<'_, App>, request: ProjectRef) -> Result<Nothing, Problem> {
    ops::remove_project(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn add_repository(app: State<'_, App>, request: AddRepository) -> Result<Project, Problem> {
    ops::add_repository(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn edit_repository(app: State<'_, App>, request: EditRepository) -> Result<Project, Problem> {
    ops::edit_repository(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_repository(app: State<'_, App>, request: RepositoryRef) -> Result<Project, Problem> {
    ops::remove_repository(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn list_projects(app: State<'_, App>, request: Nothing) -> Result<Vec<Project>, Problem> {
    ops::list_projects(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn find_repositories(
    app: State<'_, App>,
    request: Nothing,
) -> Result<Vec<FoundRepository>, Problem> {
    ops::find_repositories(&app, request).await
}
