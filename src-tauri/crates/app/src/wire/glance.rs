//! The board at a glance and in pieces: filtered lists, the dashboard, the stream of events.

use domain::{Priority, ProjectId, RunId, Status, TaskId, budget::Spent};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::{Card, Overview, PlannedStart};

/// Cards column by column; what is open by urgency, due date and age, what is over newest first. Those in
/// the trash are left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct ListCards {
    /// Empty: all columns.
    pub statuses: Vec<Status>,
    pub project: Option<ProjectId>,
    /// The agent that alone may start on them.
    pub assignee: Option<String>,
    pub tag: Option<String>,
    pub priority: Option<Priority>,
    /// All if left out.
    pub limit: Option<u32>,
    pub offset: u32,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct CardList {
    /// The cards are at least as new as this change.
    #[specta(type = u32)]
    pub seq: i64,
    /// Server time, for elapsed times on a machine whose clock differs.
    #[specta(type = u32)]
    pub now: i64,
    /// How many there are, whatever the limit.
    pub total: u32,
    pub cards: Vec<Card>,
}

/// The dashboard. Lists are cut at 20.
#[derive(Clone, Debug, Serialize, Type)]
pub struct StatusReport {
    pub overview: Overview,
    #[specta(type = u32)]
    pub now: i64,
    /// Cards in each column, in board order.
    pub columns: Vec<ColumnCount>,
    pub live: Vec<Card>,
    pub needs_you: Vec<Card>,
    /// Nothing starts by itself because a person said so.
    pub paused: bool,
    /// Queued cards start by themselves: the window or `serve` runs.
    pub dispatches: bool,
    /// Runs at one time, as far as the dispatcher goes.
    pub parallel: u32,
    pub starts: Vec<PlannedStart>,
    /// Those that are installed, at work or in trouble.
    pub agents: Vec<AgentLoad>,
    /// By all runs of this day.
    pub spent_today: Spent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
pub struct ColumnCount {
    pub column: Status,
    pub cards: u32,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct AgentLoad {
    pub name: String,
    pub live: u32,
    /// None: as many as the board allows.
    pub capacity: Option<u32>,
    /// It or its account is left alone (a breaker, a usage limit): the sentence says until when.
    pub trouble: Option<String>,
}

/// Reads the log of changes as events; waits for the next where there is none yet.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct ReadEvents {
    /// Events after this number; only those to come if left out.
    #[specta(type = Option<u32>)]
    pub after: Option<i64>,
    /// Nouns (`task`) and events (`task.completed`); empty: all.
    pub types: Vec<String>,
    pub project: Option<ProjectId>,
    /// 1 to 1,000; 500 if left out.
    pub limit: Option<u32>,
    /// At most 60,000; the answer may then be empty.
    pub wait_ms: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
pub struct BoardEvents {
    pub events: Vec<BoardEvent>,
    /// Go on after this number: everything up to it was told or was not asked for.
    #[specta(type = u32)]
    pub seq: i64,
}

/// One change of the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct BoardEvent {
    /// Rises with every change.
    #[specta(type = u32)]
    pub seq: i64,
    #[specta(type = u32)]
    pub at: i64,
    /// `task.created`, `task.updated`, `task.completed`, `agent.status_changed`, `run.started`, …
    #[serde(rename = "type")]
    pub event: String,
    /// The finer word of the log: `task.edited`, `task.queued`, …
    pub kind: String,
    /// `you`, `agent:claude`, `engine`
    pub actor: String,
    pub task: Option<TaskId>,
    pub run: Option<RunId>,
    pub project: Option<ProjectId>,
    /// The sentence to show.
    pub text: String,
}

/// Starts an agent, unattended, on the next cards that wait for nothing.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct StartNext {
    /// 1 to 50.
    pub count: u32,
    /// See `list_agents`.
    pub agent: String,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct StartedNext {
    pub runs: Vec<super::Run>,
    /// Cards that could not be started, each with the reason.
    pub passed_over: Vec<PassedOver>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct PassedOver {
    pub task: TaskId,
    pub why: String,
}

/// Prepares a task's workspace for an agent that the caller starts.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct HandOutTask {
    pub id: TaskId,
    /// What the agent is called; it need not be registered. `external` if left out.
    #[serde(default)]
    pub agent: Option<String>,
    /// How long it may be silent, 10 to 86,400; a day if left out.
    #[serde(default)]
    pub lease_seconds: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct HandedOutTask {
    pub claim: super::ClaimedRun,
    /// Holds `TASK.md`.
    pub workspace: String,
    /// Where the agent leaves what it hands over.
    pub artifacts: String,
}

/// Looks how far a run is. One whose agent was started elsewhere is ended by this where `COMPLETION.md` or
/// `BLOCKED.md` is in its workspace.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct CheckRun {
    pub run: RunId,
    /// With it the look also counts as a report of the run's agent.
    #[serde(default)]
    pub token: Option<String>,
}

/// Puts in order what was left: runs that nobody vouches for, workspaces of cards that are over.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct CleanUp {
    /// Also workspaces of cards that were done or cancelled at least this many days ago; work that was not
    /// committed is saved first.
    pub workspaces_after_days: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct CleanedUp {
    /// Runs that were taken for lost because their agents were silent for too long.
    pub lost: Vec<RunId>,
    /// Cards whose workspace was removed.
    pub workspaces: Vec<TaskId>,
    /// Workspaces that could not be removed, and why.
    pub kept: Vec<super::KeptInTrash>,
}
