//! The board and the footer. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn get_overview(app: State<'_, App>, request: Nothing) -> Result<Overview, Problem> {
    ops::get_overview(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_board(app: State<'_, App>, request: GetBoard) -> Result<Board, Problem> {
    ops::get_board(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_cards(app: State<'_, App>, request: GetCards) -> Result<Vec<Card>, Problem> {
    ops::get_cards(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn list_cards(app: State<'_, App>, request: ListCards) -> Result<CardList, Problem> {
    ops::list_cards(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_status(app: State<'_, App>, request: Nothing) -> Result<StatusReport, Problem> {
    ops::get_status(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn read_events(app: State<'_, App>, request: ReadEvents) -> Result<BoardEvents, Problem> {
    ops::read_events(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn clean_up(app: State<'_, App>, request: CleanUp) -> Result<CleanedUp, Problem> {
    ops::clean_up(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn export_records(app: State<'_, App>, request: ExportRecords) -> Result<ExportedRecords, Problem> {
    ops::export_records(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn import_records(
    app: State<'_, App>,
    request: ImportRecords,
) -> Result<domain::portable::Imported, Problem> {
    ops::import_records(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn read_vibe_kanban(
    app: State<'_, App>,
    request: ReadVibeKanban,
) -> Result<ExportedRecords, Problem> {
    ops::read_vibe_kanban(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn sync_issues(app: State<'_, App>, request: SyncIssues) -> Result<SyncedIssues, Problem> {
    ops::sync_issues(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn sync_github(app: State<'_, App>, request: SyncGithub) -> Result<SyncedIssues, Problem> {
    ops::sync_github(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_github(app: State<'_, App>, request: Nothing) -> Result<Github, Problem> {
    ops::get_github(&app, request).await
}
