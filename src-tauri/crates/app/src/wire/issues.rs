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
    /// Only say what would change.
    #[serde(default)]
    pub preview: bool,
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
    /// Cards that were changed, or in a preview would be.
    pub changed: Vec<TaskId>,
    /// What is new on the cards' side, card by card.
    pub cards: Vec<CardEdit>,
    /// What the tracker is to be told. Until it was told and the issues were brought together once more, the
    /// same is asked for again.
    pub edits: Vec<IssueEdit>,
    /// Changes of issues that their cards did not take.
    pub refused: Vec<RefusedIssue>,
}

/// What a card takes from its issue; fields left out stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct CardEdit {
    /// The issue's.
    #[specta(type = u32)]
    pub number: i64,
    /// None where a preview says that there would be a new one.
    pub task: Option<TaskId>,
    pub title: Option<String>,
    pub labels: Option<Vec<String>>,
    pub state: Option<IssueState>,
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

/// Brings cards and the issues of a GitHub repository together, and talks to GitHub for that.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SyncGithub {
    /// `owner/name`
    pub repository: String,
    /// For cards of issues that have none yet; the project that names the repository if left out.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// Only say what would change, on either side.
    #[serde(default)]
    pub preview: bool,
    /// With whom to talk, and as whom, where the caller's environment says it; else the engine's own.
    #[serde(default)]
    pub access: Option<GithubAccess>,
}

#[derive(Clone, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct GithubAccess {
    /// Address of the API; GitHub's own if left out.
    pub api: Option<String>,
    pub key: Option<String>,
}

impl std::fmt::Debug for GithubAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GithubAccess").field("api", &self.api).finish_non_exhaustive()
    }
}

/// What the board knows of GitHub.
#[derive(Clone, Debug, Serialize, Type)]
pub struct Github {
    pub key: GithubKey,
    /// A line for each project with a repository, in the order of the projects.
    pub links: Vec<GithubLink>,
}

/// Where the key for GitHub comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum GithubKey {
    /// GITHUB_TOKEN or GH_TOKEN.
    Environment,
    /// `gh auth token`
    Gh,
    /// There is none: what everybody may read can be read.
    None,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct GithubLink {
    pub project: ProjectId,
    /// `owner/name`
    pub repository: String,
    /// Of its issues, for people.
    pub url: String,
    pub last: Option<GithubSync>,
}

/// What became of the last try to bring both sides together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct GithubSync {
    #[specta(type = u32)]
    pub at: i64,
    /// Of the repository, for people.
    pub url: String,
    /// Cards.
    pub added: u32,
    /// Cards.
    pub changed: u32,
    /// Issues.
    pub told: u32,
    /// Changes of issues that their cards did not take.
    pub refused: u32,
    /// What kept it from being done to the end.
    pub problem: Option<Problem>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct IssueRef {
    /// `owner/name`
    pub repository: String,
    #[specta(type = u32)]
    pub number: i64,
    /// Its page for people.
    pub url: String,
}
