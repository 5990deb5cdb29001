//! This installation: what the doctor finds, how things stand at large, and preferences that every door shares.

use domain::ProjectId;
use serde::{Deserialize, Serialize};
use specta::Type;

use super::Agent;

#[derive(Clone, Debug, Serialize, Type)]
pub struct Doctor {
    pub version: String,
    pub data_dir: String,
    pub checks: Vec<Check>,
    pub agents: Vec<Agent>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Check {
    pub name: String,
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// The next step when not ok.
    pub fix: Option<String>,
}

/// Preferences of the window, kept on the engine's side so that every face agrees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `system`, `dark` or `light`; empty means `system`.
    pub theme: String,
    pub last_agent: Option<String>,
    pub last_project: Option<ProjectId>,
    /// The first-run screen was finished or skipped.
    pub welcomed: bool,
    /// Command that opens a folder in the person's editor, e.g. `["code", "{path}"]`.
    pub editor: Vec<String>,
    /// Minutes without a heartbeat after which an agent counts as offline, at most 10,080; 0 means 5.
    pub agent_offline_minutes: u32,
    /// Days after which a card in the trash is deleted for ever, 30 if left out, at most 3,650; 0 means never.
    pub trash_days: u32,
    /// The window asks for a newer version when it opens, where its build knows whom to ask.
    pub look_for_updates: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            theme: String::new(),
            last_agent: None,
            last_project: None,
            welcomed: false,
            editor: Vec::new(),
            agent_offline_minutes: 0,
            trash_days: engine::TRASH_DAYS,
            look_for_updates: false,
        }
    }
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Overview {
    pub version: String,
    #[specta(type = u32)]
    pub seq: i64,
    pub in_flight: u32,
    pub waiting: u32,
    pub needs_you: u32,
    /// Last durable write.
    #[specta(type = Option<u32>)]
    pub saved_at: Option<i64>,
    pub data_dir: String,
    /// Trouble that a person must know of (disk full, …).
    pub problem: Option<String>,
}
