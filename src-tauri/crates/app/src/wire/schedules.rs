//! Schedules: when cards are made again, and from what.

use domain::{
    Column, Priority, ProjectId, ScheduleId, Status, TaskId,
    schedule::{Misfire, Overlap},
};
use serde::{Deserialize, Serialize};
use specta::Type;

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
    /// The one to replace; a new one if left out.
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
    /// The cards', Markdown.
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub project: Option<ProjectId>,
    #[serde(default)]
    pub priority: Option<Priority>,
    /// The cards', words without commas.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The only agent that may start on the cards.
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
