//! What agents ask and say of their own task. The window has no use for it; it is here because every door
//! has every operation. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn get_my_task(app: State<'_, App>, request: HeldRun) -> Result<MyTask, Problem> {
    ops::get_my_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn report_progress(app: State<'_, App>, request: ReportProgress) -> Result<Nothing, Problem> {
    ops::report_progress(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn ask_person(app: State<'_, App>, request: AskPerson) -> Result<Question, Problem> {
    ops::ask_person(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_answer(app: State<'_, App>, request: GetAnswer) -> Result<Question, Problem> {
    ops::get_answer(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn add_artifact(app: State<'_, App>, request: AddArtifact) -> Result<Artifact, Problem> {
    ops::add_artifact(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn create_subtask(app: State<'_, App>, request: CreateSubtask) -> Result<Card, Problem> {
    ops::create_subtask(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn hand_off(app: State<'_, App>, request: HandOff) -> Result<HandedOver, Problem> {
    ops::hand_off(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn depend_on(app: State<'_, App>, request: DependOn) -> Result<HandedOver, Problem> {
    ops::depend_on(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn list_results(app: State<'_, App>, request: HeldRun) -> Result<Vec<TaskResult>, Problem> {
    ops::list_results(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn read_result(app: State<'_, App>, request: ReadResult) -> Result<ResultPiece, Problem> {
    ops::read_result(&app, request).await
}
