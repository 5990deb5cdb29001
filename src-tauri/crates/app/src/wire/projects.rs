//! Projects: their folders, further repositories and settings.

use domain::{
    ProjectId, RepositoryId, RetryPolicy, budget::Budget, escalation::Escalation, limits::RunLimits,
    review::Gate,
};
use serde::{Deserialize, Serialize};
use specta::Type;

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AddProject {
    /// A folder that exists; a git repository or not.
    pub path: String,
    /// The folder's name if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// Folders of further git repositories, beside the first in each workspace.
    #[serde(default)]
    pub repositories: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct EditProject {
    pub id: ProjectId,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub settings: Option<ProjectSettings>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ProjectRef {
    pub id: ProjectId,
}

/// Refused while an agent is at work on the project. Workspaces that exist stay as they are.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AddRepository {
    pub project: ProjectId,
    /// A git repository with a commit; the project's own must be one too.
    pub path: String,
    /// Its directory in a workspace; the folder's name, made unique, if left out.
    #[serde(default)]
    pub directory: Option<String>,
}

/// As [`AddRepository`]; fields left out stay as they are.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct EditRepository {
    pub id: RepositoryId,
    #[serde(default)]
    pub directory: Option<String>,
    #[serde(default)]
    pub base: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct RepositoryRef {
    pub id: RepositoryId,
}

/// A further repository of a project.
#[derive(Clone, Debug, Serialize, Type)]
pub struct Repository {
    pub id: RepositoryId,
    /// Its directory in a workspace, beside that of the project's own.
    pub directory: String,
    pub path: String,
    /// Branch or commit that its worktrees start from; its HEAD if empty.
    pub base: String,
    /// No worktree can be made of it any more; the sentence says why.
    pub problem: Option<String>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    pub path: String,
    pub git: bool,
    /// The folder cannot be read any more; the sentence says why.
    pub problem: Option<String>,
    pub settings: ProjectSettings,
    /// Cards not done, failed, cancelled or trashed.
    pub open_cards: u32,
    /// What the folder is called in a workspace where further repositories lie beside it.
    pub directory: String,
    /// Further repositories, oldest first.
    pub repositories: Vec<Repository>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectSettings {
    /// Branch or commit that new worktrees start from; the repository's HEAD if empty.
    pub base: String,
    /// Argument vector run in a new workspace before the agent; empty for none.
    pub setup: Vec<String>,
    /// Use the project's own folder instead of a workspace for each run (one run at a time).
    pub in_place: bool,
    /// Agents need not ask whether to trust the folder; what is in it may then tell them what to run.
    pub trusted: bool,
    /// Agent offered first.
    pub agent: Option<String>,
    /// The GitHub repository whose issues its cards are brought together with, `owner/name`.
    pub github: Option<String>,
    /// Ready cards go to the dispatcher by themselves.
    pub dispatch: bool,
    /// Agents that the dispatcher may start on its cards, in the order of preference.
    pub agents: Vec<String>,
    /// Runs at one time.
    pub limit: Option<u32>,
    /// Runs at one time in each of its repositories, whichever project they are for.
    pub repository_limit: Option<u32>,
    /// Why nothing may start in it.
    pub paused: Option<String>,
    /// A person looks through its inbox before agents that ask for work may take from it.
    pub triage: bool,
    /// What each class of failure is allowed.
    pub retry: RetryPolicy,
    /// What must approve work before it is done.
    pub gate: Gate,
    /// For all its runs of a day.
    pub budget: Budget,
    /// For each card, over all its runs.
    pub task_budget: Budget,
    /// Time limits of its runs, where they differ from the board's.
    pub limits: RunLimits,
    /// When a person is called, and what else happens then.
    pub escalation: Escalation,
}

/// A git repository found near the person's home, offered on first run.
#[derive(Clone, Debug, Serialize, Type)]
pub struct FoundRepository {
    pub path: String,
    pub name: String,
    #[specta(type = Option<u32>)]
    pub last_commit_at: Option<i64>,
}
