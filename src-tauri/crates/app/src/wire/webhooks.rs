//! Webhooks: addresses that are told of events, and what became of each message. The secret crosses once,
//! in the answer to its making.

use domain::{DeliveryId, ProjectId, WebhookId};
use serde::{Deserialize, Serialize};
use specta::Type;

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AddWebhook {
    /// 1 to 100 characters; the address's host if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// http:// or https://, without user name and password.
    pub url: String,
    /// Nouns (`task`) and events (`task.completed`); none: all.
    #[serde(default)]
    pub types: Vec<String>,
    /// Only what concerns this project.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// Whether the address may be of this machine or its network.
    #[serde(default)]
    pub private_allowed: bool,
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

/// What is left out stays.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct EditWebhook {
    pub id: WebhookId,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub types: Option<Vec<String>>,
    #[serde(default)]
    pub private_allowed: Option<bool>,
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Makes a new secret, which the answer tells.
    #[serde(default)]
    pub new_secret: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct WebhookRef {
    pub id: WebhookId,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ListDeliveries {
    pub webhook: WebhookId,
    /// 1 to 1,000; 50 if left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct DeliveryRef {
    pub id: DeliveryId,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Webhook {
    pub id: WebhookId,
    pub name: String,
    pub url: String,
    /// Empty: all.
    pub types: Vec<String>,
    pub project: Option<ProjectId>,
    pub enabled: bool,
    pub private_allowed: bool,
    /// Messages that are still to arrive.
    pub waiting: u32,
    /// Failures in a row.
    pub failures: u32,
    /// It failed too often: nothing is sent before.
    #[specta(type = Option<u32>)]
    pub resting_until: Option<i64>,
    #[specta(type = u32)]
    pub created_at: i64,
    #[specta(type = u32)]
    pub updated_at: i64,
}

/// A webhook, and its secret if one was just made.
#[derive(Clone, Debug, Serialize, Type)]
pub struct WebhookAndSecret {
    pub webhook: Webhook,
    /// `whsec_` and base64, for the other side to check signatures with; told only now.
    pub secret: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    Delivered,
    GivenUp,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Delivery {
    pub id: DeliveryId,
    pub webhook: WebhookId,
    /// The message's id for the other side.
    pub message: String,
    pub event: String,
    /// The body, as it is sent.
    pub payload: String,
    pub state: DeliveryState,
    pub attempts: u32,
    #[specta(type = Option<u32>)]
    pub next_at: Option<i64>,
    /// HTTP status of the newest answer.
    pub code: Option<u16>,
    /// What went wrong at the newest attempt.
    pub trouble: Option<String>,
    /// Milliseconds of the newest attempt.
    #[specta(type = Option<u32>)]
    pub took: Option<i64>,
    #[specta(type = u32)]
    pub created_at: i64,
    #[specta(type = Option<u32>)]
    pub ended_at: Option<i64>,
}
