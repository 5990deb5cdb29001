//! What belongs to cards and to the board beside the cards' own fields: files, sub-tasks, saved filters.

use domain::{AttachmentId, ProjectId, Status, TaskId, filter::Filter};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::ArtifactKind;

/// A file that a person added to a card.
#[derive(Clone, Debug, Serialize, Type)]
pub struct Attachment {
    pub id: AttachmentId,
    pub task: TaskId,
    /// Unique on its card; one path component.
    pub name: String,
    pub kind: ArtifactKind,
    #[specta(type = u32)]
    pub size: i64,
    /// blake3, hex.
    pub hash: String,
    #[specta(type = u32)]
    pub at: i64,
}

/// At most 20 MiB a file, 50 files and 200 MiB a card.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AddAttachment {
    pub task: TaskId,
    /// Folders in it are left out; numbered where the card has a file of that name.
    pub name: String,
    /// Base64 of the bytes.
    pub data: String,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AttachmentRef {
    pub id: AttachmentId,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ReadAttachment {
    pub id: AttachmentId,
    #[specta(type = u32)]
    pub offset: i64,
    /// At most 4 MiB.
    #[specta(type = u32)]
    pub len: i64,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct AttachmentPiece {
    pub attachment: Attachment,
    /// Base64 of the bytes.
    pub data: String,
    #[specta(type = u32)]
    pub total: i64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SetParent {
    pub id: TaskId,
    /// The card that it becomes a sub-task of; none: of none any more.
    pub parent: Option<TaskId>,
}

/// How far a card's sub-tasks have come, without those that were cancelled or lie in the trash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
pub struct Progress {
    pub done: u32,
    pub total: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct PutFilter {
    /// 1 to 60 characters; a filter of that name, in whatever case, is replaced.
    pub name: String,
    pub filter: Filter,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct FilterRef {
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct SavedFilter {
    pub name: String,
    pub filter: Filter,
}

/// Which cards to list, in the order of the board's claims.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct FindCards {
    /// The name of a saved filter.
    pub saved: Option<String>,
    /// A card must pass this one too.
    pub filter: Filter,
    /// Only this project's cards.
    pub project: Option<ProjectId>,
    /// Only cards in these columns; empty: in any.
    pub statuses: Vec<Status>,
}
