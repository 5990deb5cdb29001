//! The board as it travels.

use domain::portable::Record;
use serde::{Deserialize, Serialize};
use specta::Type;

/// The next piece of the whole board.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct ExportRecords {
    /// As the last piece gave it; the first piece if left out.
    pub cursor: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct ExportedRecords {
    /// Each follows those that it names.
    pub records: Vec<Record>,
    /// For the next piece; none at the end.
    pub cursor: Option<String>,
}

/// Adds what is not here yet; what is stays as it is. All of it or, when something is refused, nothing.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ImportRecords {
    /// At most 1,000.
    pub records: Vec<Record>,
}

/// Reads the projects and tasks of a Vibe Kanban database, as records to import.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ReadVibeKanban {
    /// Of its `db.sqlite` or `db.v2.sqlite`, absolute.
    pub path: String,
}
