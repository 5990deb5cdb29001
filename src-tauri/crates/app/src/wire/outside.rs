//! The board for programs that keep one of their own or drive this one: cards page by page, where a program says
//! a card is, how it came out, what happened lately.

use domain::{AgentId, Priority, ProjectId, RunId, Status, TaskId};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::{Assign, Due};

/// Which cards, newest first. What is left out lets everything through.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct ListTasks {
    pub ids: Option<Vec<TaskId>>,
    pub statuses: Option<Vec<Status>>,
    /// The agent that it is kept for, or that works on it or did.
    pub agent: Option<String>,
    /// Lowest and highest level.
    pub priority: Option<(Priority, Priority)>,
    pub project: Option<ProjectId>,
    /// Somewhere in title or description, whatever the case; at most 200 characters.
    pub text: Option<String>,
    /// 1 to 200; 50 if left out.
    pub limit: Option<u32>,
    pub offset: u32,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct TaskPage {
    pub tasks: Vec<ListedTask>,
    /// How many there are in all.
    pub total: u32,
}

/// A card as a list for programs has it.
#[derive(Clone, Debug, Serialize, Type)]
pub struct ListedTask {
    pub id: TaskId,
    pub key: String,
    pub uid: String,
    pub title: String,
    pub description: String,
    pub status: Status,
    pub priority: Priority,
    pub project: Option<ProjectId>,
    pub project_name: Option<String>,
    pub tags: Vec<String>,
    #[specta(type = Option<u32>)]
    pub due_at: Option<i64>,
    /// See [`ListTasks::agent`].
    pub agent: Option<String>,
    /// The same as it spells itself.
    pub agent_spelled: Option<String>,
    /// Who made it: as the program that put it here said, else as the log names them.
    pub created_by: Option<String>,
    #[specta(type = u32)]
    pub created_at: i64,
    #[specta(type = u32)]
    pub updated_at: i64,
    #[specta(type = Option<u32>)]
    pub finished_at: Option<i64>,
    #[specta(type = u32)]
    pub version: i64,
    pub runs: u32,
    /// Why the last attempt failed, if it did.
    pub failure: Option<String>,
    pub comments: u32,
    pub artifacts: u32,
    pub outcome: ReportedOutcome,
    /// Where it may be moved from here, in board order.
    pub moves: Vec<Status>,
}

/// How a card came out, in the words of who reports it. Kept and given back; it moves nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct ReportedOutcome {
    /// `success`, `failed`, `partial` or `abandoned`.
    pub outcome: Option<String>,
    /// At most 5,000 characters.
    pub error_message: Option<String>,
    /// At most 20,000 characters.
    pub resolution: Option<String>,
    /// 1 to 5.
    pub feedback_rating: Option<u8>,
    /// At most 5,000 characters.
    pub feedback_notes: Option<String>,
    pub estimated_hours: Option<f64>,
    pub actual_hours: Option<f64>,
    /// A JSON object as text, at most 64 KiB.
    pub metadata: Option<String>,
}

/// Makes a card, or changes `id`: its text, where it stands and how it came out, in one call. Fields left out stay
/// as they are. In flight means that `agent` takes it, as if it had claimed it; from there Review, Done and Failed
/// report the end of its work, Failed for good. A new card is brought where `status` says, or is not made.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct PutTask {
    /// None: a new card, which needs a title.
    pub id: Option<TaskId>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub project: Option<ProjectId>,
    pub priority: Option<Priority>,
    pub tags: Option<Vec<String>>,
    pub due: Option<Due>,
    /// An agent that nobody registered is registered by this, as it is spelled here. A card in the inbox that is
    /// kept for an agent has been looked through: it goes to Ready, and back when it no longer is, unless `status`
    /// names another column.
    pub assign: Option<Assign>,
    pub status: Option<Status>,
    /// Who takes it, where that is not who calls or whom it is kept for.
    pub agent: Option<String>,
    /// Of a new card: in whose name, as in [`super::AddComment::author`].
    pub created_by: Option<String>,
    /// Fields that are given replace those kept.
    pub outcome: Option<ReportedOutcome>,
    #[specta(type = Option<u32>)]
    pub version: Option<i64>,
}

/// Since when; 0 for all.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct GetOutcomes {
    #[specta(type = u32)]
    pub since: i64,
}

/// A card that is done, as statistics see it.
#[derive(Clone, Debug, Serialize, Type)]
pub struct FinishedTask {
    pub agent: Option<String>,
    pub priority: Priority,
    pub outcome: Option<String>,
    pub error_message: Option<String>,
    /// Attempts after the first.
    pub retries: u32,
    #[specta(type = u32)]
    pub created_at: i64,
    #[specta(type = u32)]
    pub finished_at: i64,
}

/// Which changes of the log, newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct ListChanges {
    /// Whole kinds (`task.moved`) or what they begin with (`task`).
    pub kinds: Option<Vec<String>>,
    /// `you`, `engine`, or an agent's name, with or without `agent:`.
    pub actor: Option<String>,
    #[specta(type = Option<u32>)]
    pub since: Option<i64>,
    /// 1 to 500; 50 if left out.
    pub limit: Option<u32>,
    pub offset: u32,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct ChangePage {
    pub changes: Vec<LoggedChange>,
    pub total: u32,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct LoggedChange {
    #[specta(type = u32)]
    pub seq: i64,
    #[specta(type = u32)]
    pub at: i64,
    pub actor: String,
    pub kind: String,
    pub task: Option<TaskId>,
    pub run: Option<RunId>,
    pub project: Option<ProjectId>,
    pub text: String,
}

/// An agent says that it is there and what it can do. It fetches its work itself; nothing is started for it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct EnrollAgent {
    pub name: String,
    /// As it calls itself; its name if left out.
    pub title: Option<String>,
    pub role: Option<String>,
    pub skills: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Enrolled {
    pub id: AgentId,
    /// Nobody had registered it before.
    pub new: bool,
}
