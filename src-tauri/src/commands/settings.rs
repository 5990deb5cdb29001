//! Preferences. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn get_settings(app: State<'_, App>, request: Nothing) -> Result<Settings, Problem> {
    ops::get_settings(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn put_settings(app: State<'_, App>, request: Settings) -> Result<Settings, Problem> {
    ops::put_settings(&app, request).await
}
