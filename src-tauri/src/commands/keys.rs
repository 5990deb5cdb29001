//! Keys. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn create_key(app: State<'_, App>, request: CreateKey) -> Result<NewKey, Problem> {
    ops::create_key(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn list_keys(app: State<'_, App>, request: Nothing) -> Result<Vec<Key>, Problem> {
    ops::list_keys(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn revoke_key(app: State<'_, App>, request: KeyRef) -> Result<Key, Problem> {
    ops::revoke_key(&app, request).await
}
