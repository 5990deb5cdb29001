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
pub async fn list_roles(app: State<'_, App>, request: Nothing) -> Result<Vec<Role>, Problem> {
    ops::list_roles(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn register_agent(app: State<'_, App>, request: RegisterAgent) -> Result<Agent, Problem> {
    ops::register_agent(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_agent(app: State<'_, App>, request: AgentRef) -> Result<Nothing, Problem> {
    ops::remove_agent(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn heartbeat_agent(app: State<'_, App>, request: AgentRef) -> Result<Agent, Problem> {
    ops::heartbeat_agent(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn try_agent(app: State<'_, App>, request: TryAgent) -> Result<AgentTrial, Problem> {
    ops::try_agent(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn doctor(app: State<'_, App>, request: Nothing) -> Result<Doctor, Problem> {
    ops::doctor(&app, request).await
}
