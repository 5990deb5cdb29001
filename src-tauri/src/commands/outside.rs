//! The board as programs see it. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn list_tasks(app: State<'_, App>, request: ListTasks) -> Result<TaskPage, Problem> {
    ops::list_tasks(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn put_task(app: State<'_, App>, request: PutTask) -> Result<ListedTask, Problem> {
    ops::put_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_outcomes(app: State<'_, App>, request: GetOutcomes) -> Result<Vec<FinishedTask>, Problem> {
    ops::get_outcomes(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn list_changes(app: State<'_, App>, request: ListChanges) -> Result<ChangePage, Problem> {
    ops::list_changes(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn enroll_agent(app: State<'_, App>, request: EnrollAgent) -> Result<Enrolled, Problem> {
    ops::enroll_agent(&app, request).await
}
