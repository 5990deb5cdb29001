//! What crosses every door: requests and views. They are written out field by field so that a new
//! column never leaks by accident; the store's rows and the domain's values stay private.
//!
//! All times are milliseconds since the Unix epoch (UTC), all sizes bytes, all ids integers.
//! [`Card`] is what the board needs; [`TaskDetail`] what the task page needs.

mod belongings;
mod glance;
mod held;
mod issues;
mod keys;
mod outside;
mod queue;
mod transfer;
mod webhooks;

pub use belongings::*;
pub use glance::*;
pub use held::*;
pub use issues::*;
pub use keys::*;
pub use outside::*;
pub use queue::*;
pub use transfer::*;
pub use webhooks::*;

use domain::{
    AgentId, ArtifactId, Cause, Column, CommentId, Priority, ProjectId, RepositoryId, RetryPolicy, RunId,
    RunStatus, ScheduleId, Status, TaskId,
    agent::Presence,
    breaker::BreakerRule,
    budget::Budget,
    escalation::Escalation,
    limits::RunLimits,
    review::Gate,
    schedule::{Misfire, Overlap},
};
use serde::{Deserialize, Serialize};
use specta::Type;

// ---------------------------------------------------------------- board

#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct GetBoard {
    /// Only this project's cards.
    pub project: Option<ProjectId>,
    /// Also cards in the trash.
    pub trashed: bool,
}

/// The whole board as of change `seq`; events after that number bring it up to date.
#[derive(Clone, Debug, Serialize, Type)]
pub struct Board {
    #[specta(type = u32)]
    pub seq: i64,
    pub cards: Vec<Card>,
    /// Server time at the snapshot, for elapsed times on a machine whose clock differs.
    #[specta(type = u32)]
    pub now: i64,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Card {
    pub id: TaskId,
    /// `T-12`
    pub key: String,
    pub title: String,
    pub status: Status,
    /// 1 to 10, 10 is the most urgent.
    pub priority: Priority,
    pub project: Option<ProjectId>,
    pub tags: Vec<String>,
    #[specta(type = Option<u32>)]
    pub due_at: Option<i64>,
    /// The only agent that may start on it; none: any.
    pub assignee: Option<String>,
    #[specta(type = u32)]
    pub created_at: i64,
    /// When the card entered its column.
    #[specta(type = u32)]
    pub entered_at: i64,
    /// The newest run, live or ended.
    pub run: Option<CardRun>,
    /// Attempts so far.
    pub runs: u32,
    pub artifacts: u32,
    /// Changed files of the newest run's workspace against its base.
    pub changes: Option<ChangeCount>,
    /// One sentence: why the card waits, was held, failed, or needs a person.
    pub why: Option<String>,
    /// A person is needed now (the run waits for an answer, or the agent reported itself blocked).
    pub needs_you: bool,
    /// The dispatcher may take it.
    pub queued: bool,
    pub trashed: bool,
    /// The card that it is a sub-task of.
    pub parent: Option<TaskId>,
    /// Of its own sub-tasks; none: it has none.
    pub progress: Option<Progress>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct CardRun {
    pub id: RunId,
    pub agent: String,
    pub status: RunStatus,
    #[specta(type = Option<u32>)]
    pub started_at: Option<i64>,
    #[specta(type = Option<u32>)]
    pub ended_at: Option<i64>,
    /// Last meaningful output line, at most 200 characters; fresher ones arrive as [`Event::Live`].
    pub last_line: Option<String>,
    /// Of a failed one: why.
    pub cause: Option<Cause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ChangeCount {
    pub files: u32,
    pub added: u32,
    pub removed: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct GetCards {
    pub ids: Vec<TaskId>,
}

// ---------------------------------------------------------------- tasks

#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AddTask {
    /// 1 to 500 characters after trimming.
    pub title: String,
    /// Markdown; at most 200,000 characters.
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub project: Option<ProjectId>,
    #[serde(default)]
    pub priority: Option<Priority>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub due_at: Option<i64>,
    /// The only agent that may start on it.
    #[serde(default)]
    pub assignee: Option<String>,
    /// `inbox` (default) or `ready`.
    #[serde(default)]
    pub column: Option<Column>,
    /// Hand it to the dispatcher at once (it is then ready). None: as its project has it.
    #[serde(default)]
    pub queued: Option<bool>,
    #[serde(default)]
    pub routing: SetRouting,
    /// A repository to put the result into. There is no such thing yet: refused.
    #[serde(default)]
    #[specta(type = Option<String>)]
    pub output: Option<serde_json::Value>,
    /// The card that it is a sub-task of.
    #[serde(default)]
    pub parent: Option<TaskId>,
}

/// Fields left out stay as they are.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct EditTask {
    pub id: TaskId,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub project: Option<ProjectId>,
    #[serde(default)]
    pub priority: Option<Priority>,
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// `{"at": null}` removes the date.
    #[serde(default)]
    pub due: Option<Due>,
    /// `{"agent": null}` lets any agent start.
    #[serde(default)]
    pub assign: Option<Assign>,
    #[serde(default)]
    pub routing: Option<SetRouting>,
    /// The `version` the editor started from; refused with `conflict` if the task has moved on.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub version: Option<i64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct Due {
    #[specta(type = Option<u32>)]
    pub at: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    pub agent: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct MoveTask {
    pub id: TaskId,
    pub column: Column,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct TaskRef {
    pub id: TaskId,
}

/// Deletes cards in the trash for ever.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct EmptyTrash {
    /// Only what came there at least this many days ago.
    pub older_than_days: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct EmptiedTrash {
    pub deleted: u32,
    /// What could not be deleted.
    pub kept: Vec<KeptInTrash>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct KeptInTrash {
    pub id: TaskId,
    pub key: String,
    pub why: Problem,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct FindTask {
    /// `T-12`, `12` or the full id.
    pub key: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AddComment {
    pub task: TaskId,
    pub body: String,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct TaskDetail {
    pub card: Card,
    /// UUIDv7, stable across export and import.
    pub uid: String,
    pub description: String,
    /// Rises with every change of the task's own fields.
    #[specta(type = u32)]
    pub version: i64,
    #[specta(type = u32)]
    pub updated_at: i64,
    /// Newest first.
    pub runs: Vec<Run>,
    pub artifacts: Vec<Artifact>,
    /// Oldest first.
    pub comments: Vec<Comment>,
    /// Where the card may be moved from here, in board order.
    pub moves: Vec<Column>,
    pub queue: TaskQueue,
    /// What its agent asks people and nobody has answered yet, oldest first.
    pub questions: Vec<Question>,
    /// Files that people added, by name.
    pub attachments: Vec<Attachment>,
    /// The card that it is a sub-task of, also from the trash.
    pub parent: Option<Card>,
    /// In the order in which they were made; not those in the trash.
    pub subtasks: Vec<Card>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Comment {
    pub id: CommentId,
    pub author: String,
    pub body: String,
    #[specta(type = u32)]
    pub at: i64,
}

/// One line of a card's history, taken from the change log.
#[derive(Clone, Debug, Serialize, Type)]
pub struct TimelineEntry {
    #[specta(type = u32)]
    pub seq: i64,
    #[specta(type = u32)]
    pub at: i64,
    /// `you`, `agent:claude`, `engine`
    pub actor: String,
    /// `task.moved`, `run.started`, …
    pub kind: String,
    /// The sentence to show.
    pub text: String,
    pub run: Option<RunId>,
}

// ---------------------------------------------------------------- runs

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The agent's own screen, typed into.
    Interactive,
    /// Starts with the prompt, works alone, ends by itself.
    Unattended,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct StartRun {
    pub task: TaskId,
    /// Name of an agent profile; see `list_agents`.
    pub agent: String,
    #[serde(default)]
    pub mode: Option<Mode>,
    #[serde(default)]
    pub model: Option<String>,
    /// Argument vector for the agent `custom`; placeholders such as `{workspace}` are filled in.
    #[serde(default)]
    pub argv: Option<Vec<String>>,
    /// Terminal size; 80 × 24 if left out.
    #[serde(default)]
    pub size: Option<Size>,
    /// Continue this earlier run: same workspace and, where the agent can, same session.
    #[serde(default)]
    pub resume: Option<RunId>,
    /// Start the agent with its permission checks off. Never the default.
    #[serde(default)]
    pub skip_permissions: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub cols: u16,
    pub rows: u16,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct RunRef {
    pub run: RunId,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct WaitRun {
    pub run: RunId,
    /// At most 60,000; the answer then tells the run as it is.
    pub timeout_ms: u32,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Run {
    pub id: RunId,
    pub task: TaskId,
    /// 1 for the task's first run.
    pub attempt: u32,
    pub agent: String,
    pub agent_version: Option<String>,
    pub mode: Mode,
    pub model: Option<String>,
    pub status: RunStatus,
    /// Why the run is in this state, from the strongest evidence: `OSC 7501 blocked, permission`.
    pub evidence: Option<String>,
    /// Failure cause or the agent's own question, one sentence.
    pub reason: Option<String>,
    #[specta(type = u32)]
    pub created_at: i64,
    #[specta(type = Option<u32>)]
    pub started_at: Option<i64>,
    #[specta(type = Option<u32>)]
    pub ended_at: Option<i64>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    /// The agent's own session id, for resuming.
    pub session: Option<String>,
    pub workspace: Option<Workspace>,
    #[specta(type = u32)]
    pub output_bytes: i64,
    /// The argument vector as started.
    pub argv: Vec<String>,
    /// Processes that outlived the run, by name; empty is the normal case.
    pub survivors: Vec<String>,
    /// It judges the task's work instead of doing it: the step of the gate, from 0.
    pub review: Option<u32>,
    /// Why this agent and this model; none where a person chose.
    pub rule: Option<String>,
    /// Left out where the agent told nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<RunSpend>,
}

/// What a run used, or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
pub struct RunSpend {
    #[specta(type = u32)]
    pub tokens: i64,
    /// Millionths of a US dollar; 0 where nothing is known of its price.
    #[specta(type = u32)]
    pub micros: i64,
    /// The money, or some of it, is an estimate from the price table and not the agent's own figure.
    pub estimated: bool,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Workspace {
    pub path: String,
    pub kind: WorkspaceKind,
    pub branch: Option<String>,
    /// Commit the branch started from.
    pub base: Option<String>,
    /// False once removed; artifacts and the salvage ref stay.
    pub present: bool,
    /// Ref that holds the work saved before removal.
    pub salvage: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "lowercase")]
pub enum WorkspaceKind {
    Worktree,
    Folder,
    /// The project's own folder, used in place.
    Inplace,
}

/// A piece of a run's raw output.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ReadLog {
    pub run: RunId,
    #[specta(type = u32)]
    pub offset: i64,
    /// At most 262,144.
    #[specta(type = u32)]
    pub len: i64,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct LogPiece {
    #[specta(type = u32)]
    pub offset: i64,
    /// Base64 of the raw bytes.
    pub data: String,
    #[specta(type = u32)]
    pub total: i64,
}

/// Plain-text search over the whole log of a run; escape sequences are skipped over.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SearchLog {
    pub run: RunId,
    pub text: String,
    /// At most 1,000.
    pub limit: u32,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct LogHit {
    /// Offset of the line's first byte in the log.
    #[specta(type = u32)]
    pub offset: i64,
    /// 1-based.
    #[specta(type = u32)]
    pub line: i64,
    pub text: String,
}

/// Text lines of the log without escape sequences, for the Log tab. Lines are those ended by `\n`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ReadLines {
    pub run: RunId,
    /// 0-based.
    #[specta(type = u32)]
    pub first: i64,
    /// At most 2,000.
    pub count: u32,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct LogLines {
    #[specta(type = u32)]
    pub first: i64,
    pub lines: Vec<String>,
    /// Lines in the log so far.
    #[specta(type = u32)]
    pub total: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SendInput {
    pub run: RunId,
    /// Typed as it stands; end with `\r` to press Enter.
    pub text: String,
}

// ---------------------------------------------------------------- changes and artifacts

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

// ---------------------------------------------------------------- projects, agents, settings

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AddProject {
    /// A folder that exists; a git repository or not.
    pub path: String,
    /// The folder's name if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// Folders of further repositories, as [`AddRepository::path`].
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

#[derive(Clone, Debug, Serialize, Type)]
pub struct Agent {
    /// None: built in, and nothing was changed about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<AgentId>,
    pub name: String,
    pub title: String,
    /// Where the program was found; none: not installed.
    pub path: Option<String>,
    pub version: Option<String>,
    /// The line that installs it.
    pub install: String,
    pub docs_url: String,
    pub modes: Vec<Mode>,
    /// Sentence on what else is missing.
    pub problem: Option<String>,
    /// Live runs.
    pub live: u32,
    /// Whose adapter reads it: the name of a built-in agent.
    pub kind: String,
    /// Comes with Flightboard: it can be changed and reset, but not removed.
    pub builtin: bool,
    /// The program that is looked for; empty for an agent that is not started from here.
    pub program: String,
    /// What differs from the built-in profile of its kind.
    pub profile: AgentProfile,
    pub role: Option<String>,
    /// Its own instructions; empty: those of its role.
    pub instructions: String,
    /// What it is told with each task: its own instructions or its role's.
    pub told: String,
    pub skills: Vec<String>,
    /// Tasks in progress at once, 1 to 64.
    pub max_capacity: u32,
    /// Used where a run asks for no other.
    pub model: Option<String>,
    pub enabled: bool,
    /// What its failures are allowed, where a card says nothing; what it leaves out its project says.
    pub retry: RetryPolicy,
    /// When it gets no more work for a while; none: as the board has it.
    pub breaker: Option<BreakerRule>,
    /// None: built in, and nothing was changed about it.
    #[specta(type = Option<u32>)]
    pub registered_at: Option<i64>,
    #[specta(type = Option<u32>)]
    pub updated_at: Option<i64>,
    /// The last heartbeat; none: it never sent one.
    #[specta(type = Option<u32>)]
    pub last_seen_at: Option<i64>,
    /// Until when that heartbeat counts.
    #[specta(type = Option<u32>)]
    pub online_until: Option<i64>,
    /// As of this answer; none for agents that never sent a heartbeat.
    pub presence: Option<Presence>,
}

/// Changes to the built-in profile of a kind; what is left out stays as it is there. Argument lists may
/// hold placeholders such as `{prompt}` and `{workspace}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct AgentProfile {
    /// A name that is looked for on the PATH, or an absolute path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// After the arguments of either mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactive_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattended_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactive_permission_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattended_permission_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactive_prompt: Option<PromptVia>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattended_prompt: Option<PromptVia>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattended_outside_git_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_permissions_args: Option<Vec<String>>,
    /// Given to the program to learn its version; empty: it is not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_args: Option<Vec<String>>,
    /// Name and value; stored in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<(String, String)>>,
    /// Names from the person's own environment that it cannot do without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass_env: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unset_env: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docs_url: Option<String>,
}

/// How the prompt reaches the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PromptVia {
    /// As the last argument, after `--`.
    Positional,
    /// As one argument `NAME=TEXT`.
    Option(String),
    /// Only through TASK.md and the environment.
    File,
    /// Typed once the program shows that it is ready.
    Typed,
    None,
}

/// Fields left out stay as they are; an empty text takes back what was there.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct RegisterAgent {
    /// `[a-z0-9][a-z0-9._-]{0,63}`
    pub name: String,
    /// The name of a built-in agent; `custom` if left out.
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    /// Replaces the earlier changes as a whole.
    #[serde(default)]
    pub profile: Option<AgentProfile>,
    #[serde(default)]
    pub role: Option<String>,
    /// Markdown; at most 50,000 characters.
    #[serde(default)]
    pub instructions: Option<String>,
    #[serde(default)]
    pub skills: Option<Vec<String>>,
    /// 1 to 64.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub max_capacity: Option<i64>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub enabled: Option<bool>,
    /// `{}` takes back what was there.
    #[serde(default)]
    pub retry: Option<RetryPolicy>,
    #[serde(default)]
    pub breaker: Option<SetBreaker>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SetBreaker {
    /// None: as the board has it.
    pub rule: Option<BreakerRule>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AgentRef {
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct TryAgent {
    pub kind: String,
    #[serde(default)]
    pub profile: AgentProfile,
}

/// What came of asking an agent's program for its version.
#[derive(Clone, Debug, Serialize, Type)]
pub struct AgentTrial {
    /// Where the program was found.
    pub path: Option<String>,
    pub version: Option<String>,
    /// What it said, without control characters; empty if it was not asked.
    pub said: String,
    /// Why it did not start, or what else is missing.
    pub problem: Option<String>,
}

/// A role that brings instructions along.
#[derive(Clone, Debug, Serialize, Type)]
pub struct Role {
    pub name: String,
    pub title: String,
    /// One line for the person who chooses.
    pub summary: String,
    pub instructions: String,
}

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
        }
    }
}

/// A git repository found near the person's home, offered on first run.
#[derive(Clone, Debug, Serialize, Type)]
pub struct FoundRepository {
    pub path: String,
    pub name: String,
    #[specta(type = Option<u32>)]
    pub last_commit_at: Option<i64>,
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

// ---------------------------------------------------------------- schedules

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct PreviewSchedule {
    /// A phrase (`every weekday at 9`) or five cron fields.
    pub when: String,
    /// IANA name; the machine's own time zone if left out.
    #[serde(default)]
    pub zone: Option<String>,
    /// A card's title with placeholders, to see what becomes of it.
    #[serde(default)]
    pub title: Option<String>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct SchedulePreview {
    /// Five fields.
    pub cron: String,
    pub sentence: String,
    pub zone: String,
    /// The next five firings.
    #[specta(type = Vec<u32>)]
    pub next: Vec<i64>,
    /// What their cards would be called; empty where no title was given.
    pub titles: Vec<String>,
}

/// Makes a schedule, or replaces the whole of `id`.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct PutSchedule {
    #[serde(default)]
    pub id: Option<ScheduleId>,
    /// 1 to 100 characters; no two schedules have the same.
    pub name: String,
    /// A phrase or five cron fields.
    pub when: String,
    /// IANA name; the machine's own time zone if left out.
    #[serde(default)]
    pub zone: Option<String>,
    /// `{date}`, `{time}`, `{weekday}`, `{week}` and `{month}` are filled in; a title without any gets
    /// the date.
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub project: Option<ProjectId>,
    #[serde(default)]
    pub priority: Option<Priority>,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub assignee: Option<String>,
    /// `inbox` (default) or `ready`.
    #[serde(default)]
    pub column: Option<Column>,
    /// `one` if left out.
    #[serde(default)]
    pub misfire: Option<Misfire>,
    /// Most cards that a catch-up makes with `all`: 1 to 100, 10 if left out.
    #[serde(default)]
    pub cap: Option<u32>,
    /// `skip` if left out.
    #[serde(default)]
    pub overlap: Option<Overlap>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRef {
    pub id: ScheduleId,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Schedule {
    pub id: ScheduleId,
    pub name: String,
    /// As typed.
    pub when: String,
    /// Five fields, on the wall clock of `zone`.
    pub cron: String,
    pub sentence: String,
    pub zone: String,
    pub title: String,
    pub description: String,
    pub project: Option<ProjectId>,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub assignee: Option<String>,
    pub column: Column,
    pub misfire: Misfire,
    pub cap: u32,
    pub overlap: Overlap,
    pub paused: bool,
    /// None while paused.
    #[specta(type = Option<u32>)]
    pub next_at: Option<i64>,
    /// The newest card.
    pub last: Option<ScheduledCard>,
    /// Cards that are not done, failed, cancelled or trashed.
    pub open: u32,
    /// Firings that wait for the open card.
    pub queued: u32,
    /// Why the newest firing without a card has none, one sentence.
    pub skipped: Option<String>,
    #[specta(type = u32)]
    pub created_at: i64,
    #[specta(type = u32)]
    pub updated_at: i64,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct ScheduledCard {
    pub id: TaskId,
    /// `T-12`
    pub key: String,
    pub title: String,
    pub status: Status,
    pub trashed: bool,
    /// The time that it was made for.
    #[specta(type = u32)]
    pub at: i64,
}

// ---------------------------------------------------------------- events

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct Nothing {}

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

/// The error that every door hands out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Problem {
    pub code: ProblemCode,
    /// One sentence for a person.
    pub message: String,
    /// What to do next, if there is something.
    pub next: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The request itself is wrong.
    Invalid,
    NotFound,
    /// Not allowed in the present state, or somebody was faster.
    Conflict,
    /// The agent is not installed, git is missing, …
    Unavailable,
    /// No key, or one that opens nothing.
    Unauthorized,
    /// A key that does not reach as far.
    Forbidden,
    /// Disk full, database unreadable, a bug: ours, not the caller's.
    Internal,
}
