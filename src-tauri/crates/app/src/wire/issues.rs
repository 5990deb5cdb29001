//! Issues of a tracker, and the cards that stand for them.

use domain::{ProjectId, TaskId, issues::IssueState};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::Problem;

/// Brings cards and the issues of a repository together: title, labels and state, either way.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SyncIssues {
    /// `owner/name`
    pub repository: String,
    /// For cards of issues that have none yet.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// As they are at the tracker now; at most 1,000.
    pub issues: Vec<Issue>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    #[specta(type = u32)]
    pub number: i64,
    pub title: String,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub labels: Vec<String>,
    pub state: IssueState,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
pub struct SyncedIssues {
    /// Cards that were made. Issues that were closed before get none.
    pub added: Vec<TaskId>,
    /// Cards that were changed.
    pub changed: Vec<TaskId>,
    /// What the tracker is to be told. Until it was told and the issues were brought together once more, the
    /// same is asked for again.
    pub edits: Vec<IssueEdit>,
    /// Changes of issues that their cards did not take.
    pub refused: Vec<RefusedIssue>,
}

/// Fields left out stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct IssueEdit {
    #[specta(type = u32)]
    pub number: i64,
    pub title: Option<String>,
    pub labels: Option<Vec<String>>,
    pub state: Option<IssueState>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct RefusedIssue {
    #[specta(type = u32)]
    pub number: i64,
    pub why: Problem,
}
