//! The board as it travels: one record for each thing that people and agents made, with the same meaning on
//! every machine. Things name one another by their `uid`s; what only makes sense here (live runs, leases,
//! timers, workspaces, the log of changes, artifacts of runs) stays behind.
//!
//! A card whose agent is at work travels as it stood before that run began.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use specta::Type;

use crate::{
    Cause, Millis, Priority, RetryPolicy, Status,
    breaker::BreakerRule,
    edges::Need,
    filter::Filter,
    issues::IssueState,
    review::Gate,
    schedule::{Misfire, Overlap},
    text::{TITLE_MAX, elide},
};

/// What the first line of an export says it is.
pub const FORMAT: &str = "flightboard";
/// Rises when a record no longer means what it did.
pub const VERSION: u32 = 1;

/// One line of an export. Kinds come in this order, so that each record follows those that it names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableRecord", tag = "type", rename_all = "snake_case")]
pub enum Record {
    Project(Project),
    Agent(Agent),
    Task(Box<Task>),
    Subtask(Subtask),
    Edge(Edge),
    Comment(Comment),
    Run(Box<Run>),
    Review(Review),
    Schedule(Box<Schedule>),
    Filter(SavedFilter),
    Attachment(Attachment),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableProject", deny_unknown_fields)]
pub struct Project {
    pub uid: String,
    pub name: String,
    pub path: String,
    /// A JSON object.
    #[serde(default)]
    #[specta(type = BTreeMap<String, String>)]
    pub settings: Value,
    #[serde(default)]
    pub repositories: Vec<Repository>,
    #[specta(type = u32)]
    pub created_at: Millis,
    /// It was taken off the list; finished cards may still name it.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub removed_at: Option<Millis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableRepository", deny_unknown_fields)]
pub struct Repository {
    pub directory: String,
    pub path: String,
    #[serde(default)]
    pub base: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableAgent", deny_unknown_fields)]
pub struct Agent {
    pub uid: String,
    pub name: String,
    #[serde(default)]
    pub title: String,
    pub kind: String,
    /// A JSON object: what differs from the kind's own profile.
    #[serde(default)]
    #[specta(type = BTreeMap<String, String>)]
    pub profile: Value,
    #[serde(default)]
    pub role: Option<String>,
    #[serde(default)]
    pub instructions: String,
    #[serde(default)]
    pub skills: Vec<String>,
    pub max_capacity: u32,
    #[serde(default)]
    pub model: Option<String>,
    pub enabled: bool,
    #[serde(default)]
    pub retry: RetryPolicy,
    /// None: as the board has it.
    #[serde(default)]
    pub breaker: Option<BreakerRule>,
    #[specta(type = u32)]
    pub registered_at: Millis,
    #[specta(type = u32)]
    pub updated_at: Millis,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableTask", deny_unknown_fields)]
pub struct Task {
    pub uid: String,
    /// `T-12` is 12. Kept where it is free.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub number: Option<i64>,
    #[serde(default)]
    pub project: Option<String>,
    pub title: String,
    #[serde(default)]
    pub description: String,
    pub status: Status,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub due_at: Option<Millis>,
    #[serde(default)]
    pub assignee: Option<String>,
    #[specta(type = u32)]
    pub created_at: Millis,
    #[specta(type = u32)]
    pub updated_at: Millis,
    #[specta(type = u32)]
    pub entered_at: Millis,
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub finished_at: Option<Millis>,
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub trashed_at: Option<Millis>,
    /// Why it waits for a person.
    #[serde(default)]
    pub held: Option<String>,
    #[serde(default)]
    pub queued: bool,
    #[serde(default)]
    pub agents: Vec<String>,
    #[serde(default)]
    pub skills: Vec<String>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub retry: RetryPolicy,
    /// None: as its project has it.
    #[serde(default)]
    pub gate: Option<Gate>,
    #[serde(default = "first")]
    pub round: u32,
    /// The issue of a repository elsewhere that it stands for.
    #[serde(default)]
    pub issue: Option<Issue>,
    #[serde(default)]
    pub outcome: Option<TaskOutcome>,
}

impl Task {
    /// A card of another program's board: its title cut to ours, in its column since it was last changed.
    pub fn foreign(uid: String, title: &str, status: Status, created_at: Millis, updated_at: Millis) -> Task {
        let title = title.trim();
        Task {
            uid,
            number: None,
            project: None,
            title: if title.is_empty() { "Without a title".into() } else { elide(title, TITLE_MAX) },
            description: String::new(),
            status,
            priority: Priority::default(),
            tags: Vec::new(),
            due_at: None,
            assignee: None,
            created_at,
            updated_at,
            entered_at: updated_at,
            finished_at: status.is_terminal().then_some(updated_at),
            trashed_at: None,
            held: None,
            queued: false,
            agents: Vec::new(),
            skills: Vec::new(),
            model: None,
            retry: RetryPolicy::default(),
            gate: None,
            round: first(),
            issue: None,
            outcome: None,
        }
    }
}

fn first() -> u32 {
    1
}

/// An issue, and what it and the card last agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableIssue", deny_unknown_fields)]
pub struct Issue {
    /// `owner/name`
    pub repository: String,
    #[specta(type = u32)]
    pub number: i64,
    pub title: String,
    #[serde(default)]
    pub labels: Vec<String>,
    pub state: IssueState,
}

/// How a card came out, in the words of who reported it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableOutcome", default, deny_unknown_fields)]
pub struct TaskOutcome {
    /// `success`, `failed`, `partial` or `abandoned`.
    pub outcome: Option<String>,
    pub error_message: Option<String>,
    pub resolution: Option<String>,
    /// 1 to 5.
    pub feedback_rating: Option<u8>,
    pub feedback_notes: Option<String>,
    pub estimated_hours: Option<f64>,
    pub actual_hours: Option<f64>,
    #[specta(type = BTreeMap<String, String>)]
    pub metadata: Map<String, Value>,
    /// What a program called whoever made the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

/// `task` is a sub-task of `parent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableSubtask", deny_unknown_fields)]
pub struct Subtask {
    pub task: String,
    pub parent: String,
}

/// `task` waits for `upstream`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableEdge", deny_unknown_fields)]
pub struct Edge {
    pub task: String,
    pub upstream: String,
    pub need: Need,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableComment", deny_unknown_fields)]
pub struct Comment {
    pub task: String,
    /// `you`, `agent:claude`, `engine`, or what a program called whoever said it.
    pub author: String,
    pub body: String,
    #[specta(type = u32)]
    pub at: Millis,
    /// The comment of the same card that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answered>,
}

/// A comment, told from the others of its card without a number that another board would not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableAnswered", deny_unknown_fields)]
pub struct Answered {
    pub author: String,
    #[specta(type = u32)]
    pub at: Millis,
    /// Which of those that its author said in that millisecond, from 0.
    #[serde(default)]
    pub nth: u32,
}

/// A run that has ended. Its output and workspace stay where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableRun", deny_unknown_fields)]
pub struct Run {
    pub uid: String,
    pub task: String,
    pub attempt: u32,
    pub agent: String,
    #[serde(default)]
    pub agent_version: Option<String>,
    /// `interactive` or `unattended`.
    pub mode: String,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub argv: Vec<String>,
    /// `succeeded`, `failed`, `stopped` or `lost`.
    pub outcome: String,
    /// Of a failed one.
    #[serde(default)]
    pub cause: Option<Cause>,
    #[serde(default)]
    pub reason: Option<String>,
    #[specta(type = u32)]
    pub created_at: Millis,
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub started_at: Option<Millis>,
    #[specta(type = u32)]
    pub ended_at: Millis,
    #[serde(default)]
    pub exit_code: Option<i32>,
    #[serde(default)]
    pub signal: Option<i32>,
    #[serde(default)]
    pub last_line: Option<String>,
    #[serde(default)]
    pub rule: Option<String>,
    #[serde(default)]
    #[specta(type = u32)]
    pub tokens_in: i64,
    #[serde(default)]
    #[specta(type = u32)]
    pub tokens_out: i64,
    #[serde(default)]
    #[specta(type = u32)]
    pub tokens_cached: i64,
    /// Millionths of a US dollar.
    #[serde(default)]
    #[specta(type = u32)]
    pub micros: i64,
    #[serde(default)]
    pub estimated: bool,
    /// Of a run that judged the work: the round and the step of the gate.
    #[serde(default)]
    pub review_round: Option<u32>,
    #[serde(default)]
    pub review_step: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableReview", deny_unknown_fields)]
pub struct Review {
    pub task: String,
    /// The run whose work was judged.
    #[serde(default)]
    pub run: Option<String>,
    /// The run that came to the verdict.
    #[serde(default)]
    pub review_run: Option<String>,
    pub round: u32,
    pub step: u32,
    /// `check`, `agent` or `person`.
    pub kind: String,
    pub reviewer: String,
    /// `approved`, `rejected` or `no_verdict`.
    pub outcome: String,
    #[serde(default)]
    pub notes: String,
    #[serde(default)]
    pub prompt: String,
    #[specta(type = u32)]
    pub at: Millis,
}

/// A schedule goes on from the time of its import; what it missed meanwhile is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableSchedule", deny_unknown_fields)]
pub struct Schedule {
    pub uid: String,
    pub name: String,
    #[serde(default)]
    pub project: Option<String>,
    /// As typed.
    pub words: String,
    /// Five cron fields.
    pub cron: String,
    pub zone: String,
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default)]
    pub tags: Vec<String>,
    #[serde(default)]
    pub assignee: Option<String>,
    /// `inbox` or `ready`.
    pub status: Status,
    #[serde(default)]
    pub misfire: Misfire,
    pub cap: u32,
    #[serde(default)]
    pub overlap: Overlap,
    #[serde(default)]
    pub paused: bool,
    #[specta(type = u32)]
    pub created_at: Millis,
    #[specta(type = u32)]
    pub updated_at: Millis,
}

/// A filter of the board under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableFilter", deny_unknown_fields)]
pub struct SavedFilter {
    pub name: String,
    /// The project that it lets through, whose number is another one elsewhere.
    #[serde(default)]
    pub project: Option<String>,
    pub rule: Filter,
}

/// A file that people added to a card, with what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename = "PortableAttachment", deny_unknown_fields)]
pub struct Attachment {
    pub task: String,
    pub name: String,
    #[specta(type = u32)]
    pub at: Millis,
    /// Base64.
    pub data: String,
}

/// What an import came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Imported {
    pub added: u32,
    /// Records that are here already; they stay as they are here.
    pub known: u32,
    /// Records that name something that is not here.
    pub left_out: u32,
}
