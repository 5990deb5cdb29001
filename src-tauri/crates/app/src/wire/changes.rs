//! What a run leaves: changed files with their diffs, and the artifacts that it handed over.

use domain::{ArtifactId, RunId};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::ChangeCount;

#[derive(Clone, Debug, Serialize, Type)]
pub struct Changes {
    pub count: ChangeCount,
    pub files: Vec<ChangedFile>,
    /// True when more than 2,000 files changed and the list was cut.
    pub cut: bool,
    /// Commits on the branch since its base.
    pub commits: u32,
    /// Why nothing can be shown (workspace removed, not a git repository), if so.
    pub note: Option<String>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct ChangedFile {
    pub path: String,
    /// Earlier name of a renamed file.
    pub from: Option<String>,
    pub kind: ChangeKind,
    pub added: u32,
    pub removed: u32,
    pub binary: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
    Renamed,
    Untracked,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct GetDiff {
    pub run: RunId,
    /// As `get_changes` names it.
    pub path: String,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct FileDiff {
    pub path: String,
    /// Unified diff text, at most 1 MiB.
    pub patch: String,
    pub cut: bool,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Artifact {
    pub id: ArtifactId,
    pub run: RunId,
    /// Path below `artifacts/`, with `/`.
    pub path: String,
    pub kind: ArtifactKind,
    #[specta(type = u32)]
    pub size: i64,
    /// blake3, hex.
    pub hash: String,
    #[specta(type = u32)]
    pub at: i64,
}

/// How an artifact is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    Text,
    Markdown,
    Image,
    Pdf,
    Html,
    Json,
    Csv,
    Diff,
    Binary,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ReadArtifact {
    pub id: ArtifactId,
    #[specta(type = u32)]
    pub offset: i64,
    /// At most 4 MiB.
    #[specta(type = u32)]
    pub len: i64,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct ArtifactPiece {
    pub artifact: Artifact,
    /// Base64 of the bytes.
    pub data: String,
    #[specta(type = u32)]
    pub total: i64,
}
