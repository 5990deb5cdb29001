//! Tasks: what is asked of one, and all that its page shows.

use domain::{Column, CommentId, Priority, ProjectId, RunId, TaskId};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::{Artifact, Attachment, Card, IssueRef, Problem, Question, Run, SetRouting, TaskQueue};

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
    /// Words without commas.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Milliseconds since 1970, UTC.
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
    /// 1 to 500 characters after trimming.
    #[serde(default)]
    pub title: Option<String>,
    /// Markdown; at most 200,000 characters.
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub project: Option<ProjectId>,
    #[serde(default)]
    pub priority: Option<Priority>,
    /// All of them; what is not among them goes.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// Milliseconds since 1970, UTC; `{"at": null}` removes the date.
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
    /// Where it is to stand.
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
    /// Markdown.
    pub body: String,
    /// The comment of the same card that it answers.
    #[serde(default)]
    pub parent: Option<CommentId>,
    /// In whose name, where that is not the caller: an agent's, or what a person is called, in at most 100
    /// characters. An agent's key says its own.
    #[serde(default)]
    pub author: Option<String>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct TaskDetail {
    pub card: Card,
    /// UUIDv7, stable across export and import.
    pub uid: String,
    /// What it stands for at GitHub.
    pub issue: Option<IssueRef>,
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
    /// The comment that it answers.
    pub parent: Option<CommentId>,
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
