//! Agents and the state of the machine. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn list_agents(app: State<'_, App>, request: Nothing) -> Result<Vec<Agent>, Problem> {
    ops::list_agents(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn doctor(app: State<'_, App>, request: Nothing) -> Result<Doctor, Problem> {
    ops::doctor(&app, request).await
}
