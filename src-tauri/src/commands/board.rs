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
