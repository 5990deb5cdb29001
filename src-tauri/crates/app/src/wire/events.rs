//! What subscribers hear.

use domain::{RunId, RunStatus, TaskId};
use serde::Serialize;
use specta::Type;

/// What subscribers hear. Names, not payloads: fetch what went stale. `Live` alone carries a value,
/// because it is the one thing that changes many times a second.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Committed changes up to `seq`; 0 where nothing was written to the log.
    Changed {
        #[specta(type = u32)]
        seq: i64,
        tasks: Vec<TaskId>,
        projects: bool,
        agents: bool,
        settings: bool,
        schedules: bool,
        /// Webhooks, or what became of their messages.
        webhooks: bool,
        keys: bool,
    },
    /// A live run's newest line; not stored, at most four a second for each run.
    Live {
        task: TaskId,
        run: RunId,
        status: RunStatus,
        last_line: Option<String>,
        #[specta(type = u32)]
        output_bytes: i64,
    },
    /// Events were missed: fetch everything again.
    Resync,
}
