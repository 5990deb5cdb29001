//! The board and its cards: what a card shows in its column, without opening it.

use domain::{Cause, Priority, ProjectId, RunId, RunStatus, Status, TaskId};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::Progress;

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
