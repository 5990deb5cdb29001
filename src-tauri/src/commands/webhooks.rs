//! Webhooks. One line a command: the operation has the rule.

use app::{App, ops, wire::*};
use tauri::State;

#[tauri::command]
#[specta::specta]
pub async fn add_webhook(app: State<'_, App>, request: AddWebhook) -> Result<WebhookAndSecret, Problem> {
    ops::add_webhook(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn edit_webhook(app: State<'_, App>, request: EditWebhook) -> Result<WebhookAndSecret, Problem> {
    ops::edit_webhook(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn remove_webhook(app: State<'_, App>, request: WebhookRef) -> Result<Nothing, Problem> {
    ops::remove_webhook(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn list_webhooks(app: State<'_, App>, request: Nothing) -> Result<Vec<Webhook>, Problem> {
    ops::list_webhooks(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn test_webhook(app: State<'_, App>, request: WebhookRef) -> Result<Delivery, Problem> {
    ops::test_webhook(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn list_deliveries(app: State<'_, App>, request: ListDeliveries) -> Result<Vec<Delivery>, Problem> {
    ops::list_deliveries(&app, request).await
}

#[tauri::command]
#[specta::specta]
pub async fn resend_delivery(app: State<'_, App>, request: DeliveryRef) -> Result<Delivery, Problem> {
    ops::resend_delivery(&app, request).await
}
