//! Runs, their output, changes and artifacts. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn start_run(app: State<'_, App>, request: StartRun) -> Result<Run, Problem> {
    ops::start_run(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn start_next(app: State<'_, App>, request: StartNext) -> Result<StartedNext, Problem> {
    ops::start_next(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn stop_run(app: State<'_, App>, request: RunRef) -> Result<Run, Problem> {
    ops::stop_run(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_run(app: State<'_, App>, request: RunRef) -> Result<Run, Problem> {
    ops::get_run(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn wait_run(app: State<'_, App>, request: WaitRun) -> Result<Run, Problem> {
    ops::wait_run(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn send_input(app: State<'_, App>, request: SendInput) -> Result<Nothing, Problem> {
    ops::send_input(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn read_log(app: State<'_, App>, request: ReadLog) -> Result<LogPiece, Problem> {
    ops::read_log(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn read_lines(app: State<'_, App>, request: ReadLines) -> Result<LogLines, Problem> {
    ops::read_lines(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn search_log(app: State<'_, App>, request: SearchLog) -> Result<Vec<LogHit>, Problem> {
    ops::search_log(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_changes(app: State<'_, App>, request: RunRef) -> Result<Changes, Problem> {
    ops::get_changes(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_diff(app: State<'_, App>, request: GetDiff) -> Result<FileDiff, Problem> {
    ops::get_diff(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_workspace(app: State<'_, App>, request: RunRef) -> Result<Run, Problem> {
    ops::remove_workspace(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn restore_workspace(app: State<'_, App>, request: RunRef) -> Result<Run, Problem> {
    ops::restore_workspace(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn read_artifact(app: State<'_, App>, request: ReadArtifact) -> Result<ArtifactPiece, Problem> {
    ops::read_artifact(&app, request).await
}
