//! Schedules. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn list_schedules(app: State<'_, App>, request: Nothing) -> Result<Vec<Schedule>, Problem> {
    ops::list_schedules(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn preview_schedule(
    app: State<'_, App>,
    request: PreviewSchedule,
) -> Result<SchedulePreview, Problem> {
    ops::preview_schedule(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn put_schedule(app: State<'_, App>, request: PutSchedule) -> Result<Schedule, Problem> {
    ops::put_schedule(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn pause_schedule(app: State<'_, App>, request: ScheduleRef) -> Result<Schedule, Problem> {
    ops::pause_schedule(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn resume_schedule(app: State<'_, App>, request: ScheduleRef) -> Result<Schedule, Problem> {
    ops::resume_schedule(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_schedule(app: State<'_, App>, request: ScheduleRef) -> Result<Schedule, Problem> {
    ops::remove_schedule(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn restore_schedule(app: State<'_, App>, request: ScheduleRef) -> Result<Schedule, Problem> {
    ops::restore_schedule(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn run_schedule(app: State<'_, App>, request: ScheduleRef) -> Result<Card, Problem> {
    ops::run_schedule(&app, request).await
}
