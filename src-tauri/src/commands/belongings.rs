//! Files, sub-tasks and saved filters. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn set_parent(app: State<'_, App>, request: SetParent) -> Result<TaskDetail, Problem> {
    ops::set_parent(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn add_attachment(app: State<'_, App>, request: AddAttachment) -> Result<Attachment, Problem> {
    ops::add_attachment(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_attachment(app: State<'_, App>, request: AttachmentRef) -> Result<Attachment, Problem> {
    ops::remove_attachment(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn restore_attachment(app: State<'_, App>, request: AttachmentRef) -> Result<Attachment, Problem> {
    ops::restore_attachment(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn read_attachment(
    app: State<'_, App>,
    request: ReadAttachment,
) -> Result<AttachmentPiece, Problem> {
    ops::read_attachment(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn list_filters(app: State<'_, App>, request: Nothing) -> Result<Vec<SavedFilter>, Problem> {
    ops::list_filters(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn put_filter(app: State<'_, App>, request: PutFilter) -> Result<SavedFilter, Problem> {
    ops::put_filter(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_filter(app: State<'_, App>, request: FilterRef) -> Result<Nothing, Problem> {
    ops::remove_filter(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn find_cards(app: State<'_, App>, request: FindCards) -> Result<Vec<Card>, Problem> {
    ops::find_cards(&app, request).await
}
