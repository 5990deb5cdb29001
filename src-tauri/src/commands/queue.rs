//! The queue. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use domain::policy::QueuePolicy;
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn claim_task(app: State<'_, App>, request: ClaimTask) -> Result<ClaimAnswer, Problem> {
    ops::claim_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn heartbeat_run(app: State<'_, App>, request: HeartbeatRun) -> Result<Lease, Problem> {
    ops::heartbeat_run(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn finish_run(app: State<'_, App>, request: FinishRun) -> Result<Run, Problem> {
    ops::finish_run(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn queue_task(app: State<'_, App>, request: QueueTask) -> Result<Card, Problem> {
    ops::queue_task(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn add_dependency(app: State<'_, App>, request: AddDependency) -> Result<TaskDetail, Problem> {
    ops::add_dependency(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_dependency(
    app: State<'_, App>,
    request: RemoveDependency,
) -> Result<TaskDetail, Problem> {
    ops::remove_dependency(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_plan(app: State<'_, App>, request: GetPlan) -> Result<QueuePlan, Problem> {
    ops::get_plan(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn get_queue_policy(app: State<'_, App>, request: Nothing) -> Result<QueuePolicy, Problem> {
    ops::get_queue_policy(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn put_queue_policy(app: State<'_, App>, request: QueuePolicy) -> Result<QueuePolicy, Problem> {
    ops::put_queue_policy(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn resume_workflow(app: State<'_, App>, request: TaskRef) -> Result<TaskDetail, Problem> {
    ops::resume_workflow(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn reset_breaker(app: State<'_, App>, request: ResetBreaker) -> Result<Nothing, Problem> {
    ops::reset_breaker(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn review_task(app: State<'_, App>, request: ReviewTask) -> Result<TaskDetail, Problem> {
    ops::review_task(&app, request).await
}
