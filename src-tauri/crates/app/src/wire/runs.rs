//! Runs: how one is started and how it came out, where it works, and its output in pieces and lines.

use domain::{RunId, RunStatus, TaskId};
use serde::{Deserialize, Serialize};
use specta::Type;

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
    /// With the agent's own screen, or without a person.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// As the agent calls it; its usual one if left out.
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
    /// Looked for as it stands, in one line.
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
