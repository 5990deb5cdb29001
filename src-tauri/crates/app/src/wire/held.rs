//! What an agent asks and says of the task that its run holds. Every request carries the run and the token
//! that its agent was given (`FLIGHTBOARD_RUN` and the run's key, `FLIGHTBOARD_RUN_KEY`; of a claimed run,
//! what the claim returned) and reaches no other task, but for what the own one waits for.

use domain::{ArtifactId, Priority, QuestionId, RunId, Status, TaskId, edges::Need};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::{Artifact, Comment, Dependency, Mode};

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct HeldRun {
    pub run: RunId,
    pub token: String,
}

/// The task as its agent sees it.
#[derive(Clone, Debug, Serialize, Type)]
pub struct MyTask {
    pub id: TaskId,
    /// `T-12`
    pub key: String,
    pub title: String,
    /// Markdown.
    pub description: String,
    /// 1 to 10, 10 is the most urgent.
    pub priority: Priority,
    pub tags: Vec<String>,
    #[specta(type = Option<u32>)]
    pub due_at: Option<i64>,
    /// Of this run, from 1.
    pub attempt: u32,
    pub mode: Mode,
    /// Where the work is to be done; none for a claimed run.
    pub workspace: Option<String>,
    /// What people, reviewers and earlier agents said, oldest first.
    pub comments: Vec<Comment>,
    /// Tasks whose results it builds on.
    pub waits_for: Vec<Dependency>,
    /// Tasks that wait for it.
    pub holds_up: Vec<TaskId>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ReportProgress {
    pub run: RunId,
    pub token: String,
    /// What is being done or was found, one or two sentences; at most 2,000 characters.
    pub text: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AskPerson {
    pub run: RunId,
    pub token: String,
    /// Markdown, at most 4,000 characters: what is to be decided, and what you would do.
    pub question: String,
    /// Answers to choose from, at most 10.
    #[serde(default)]
    pub options: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct GetAnswer {
    pub run: RunId,
    pub token: String,
    /// The `id` that `ask_person` returned.
    pub question: QuestionId,
    /// How long to wait for the answer: at most 600; 0 if left out.
    #[serde(default)]
    pub wait_seconds: u32,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Question {
    pub id: QuestionId,
    pub task: TaskId,
    pub text: String,
    #[specta(type = u32)]
    pub asked_at: i64,
    /// None: nobody has answered yet.
    pub answer: Option<String>,
    #[specta(type = Option<u32>)]
    pub answered_at: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AddArtifact {
    pub run: RunId,
    pub token: String,
    /// A name such as `report.md` or `figures/load.csv`.
    pub path: String,
    /// The content, where it is text.
    #[serde(default)]
    pub text: Option<String>,
    /// The content in base64, where it is not.
    #[serde(default)]
    pub base64: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct CreateSubtask {
    pub run: RunId,
    pub token: String,
    /// 1 to 500 characters after trimming.
    pub title: String,
    /// Markdown; at most 200,000 characters. Whoever works on it knows nothing of your conversation.
    #[serde(default)]
    pub description: String,
    /// The own task's if left out.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Words without commas.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Agents that may work on it, the preferred first; those of the project if left out.
    #[serde(default)]
    pub agents: Vec<String>,
    /// Hand it to the dispatcher at once. As its project has it if left out.
    #[serde(default)]
    pub queued: Option<bool>,
    /// Keys of tasks that must be done before it starts (`T-12`).
    #[serde(default)]
    pub after: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct HandOff {
    pub run: RunId,
    pub token: String,
    /// Name of the agent that goes on.
    pub agent: String,
    /// For whoever goes on, Markdown: what is done, what is left, what you learnt.
    pub notes: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct DependOn {
    pub run: RunId,
    pub token: String,
    /// Keys of tasks (`T-12`), at most 50.
    pub on: Vec<String>,
    /// What they must come to: `success` (if left out), `failure` or `any`.
    #[serde(default)]
    pub need: Option<Need>,
    /// For whoever goes on afterwards, Markdown.
    #[serde(default)]
    pub notes: String,
}

/// What became of the run.
#[derive(Clone, Debug, Serialize, Type)]
pub struct HandedOver {
    /// The run ends now; another one goes on.
    pub ends: bool,
    pub waits_for: Vec<Dependency>,
    /// One sentence.
    pub next: String,
}

/// What came of a task that the own one builds on.
#[derive(Clone, Debug, Serialize, Type)]
pub struct TaskResult {
    pub task: TaskId,
    /// `T-12`
    pub key: String,
    pub title: String,
    pub status: Status,
    pub need: Need,
    pub met: bool,
    /// What its agents said last of their work, at most 20,000 characters.
    pub said: Option<String>,
    pub artifacts: Vec<Artifact>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ReadResult {
    pub run: RunId,
    pub token: String,
    /// Its number in `list_results`.
    pub artifact: ArtifactId,
    /// The byte to begin at; the first if left out.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub offset: Option<i64>,
    /// At most 262,144 bytes; 65,536 if left out.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub len: Option<i64>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct ResultPiece {
    pub path: String,
    /// Size of the whole.
    #[specta(type = u32)]
    pub total: i64,
    /// Where this piece ends; there is more while it is less than `total`.
    #[specta(type = u32)]
    pub until: i64,
    /// The piece, where it is UTF-8.
    pub text: Option<String>,
    /// The piece in base64, where it is not.
    pub base64: Option<String>,
}
