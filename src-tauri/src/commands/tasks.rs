//! Cards. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn add_task(app: State<'_, App>, request: AddTask) -> Result<Card, Problem> {
    ops::add_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn edit_task(app: State<'_, App>, request: EditTask) -> Result<TaskDetail, Problem> {
    ops::edit_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn move_task(app: State<'_, App>, request: MoveTask) -> Result<Card, Problem> {
    ops::move_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn trash_task(app: State<'_, App>, request: TaskRef) -> Result<Card, Problem> {
    ops::trash_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn restore_task(app: State<'_, App>, request: TaskRef) -> Result<Card, Problem> {
    ops::restore_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn delete_task(app: State<'_, App>, request: TaskRef) -> Result<Nothing, Problem> {
    ops::delete_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn empty_trash(app: State<'_, App>, request: EmptyTrash) -> Result<EmptiedTrash, Problem> {
    ops::empty_trash(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_task(app: State<'_, App>, request: TaskRef) -> Result<TaskDetail, Problem> {
    ops::get_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn find_task(app: State<'_, App>, request: FindTask) -> Result<TaskDetail, Problem> {
    ops::find_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_timeline(app: State<'_, App>, request: TaskRef) -> Result<Vec<TimelineEntry>, Problem> {
    ops::get_timeline(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn add_comment(app: State<'_, App>, request: AddComment) -> Result<Comment, Problem> {
    ops::add_comment(&app, request).await
}
