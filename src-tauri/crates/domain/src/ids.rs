//! Row ids as newtypes, so that a task's id cannot be passed where a run's is wanted, and the
//! three ways in which a person may write a task's id.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use specta::Type;

/// What every id can do: be made from and turned into its database integer.
pub trait Id: Copy {
    fn raw(self) -> i64;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
        #[serde(transparent)]
        #[specta(transparent)]
        pub struct $name(#[specta(type = u32)] pub i64);

        impl Id for $name {
            fn raw(self) -> i64 { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
    )*};
}

ids! {
    /// A card. Shown to people as `T-12`.
    TaskId;
    /// One attempt at a task.
    RunId;
    /// A project; `list_projects` has the numbers.
    ProjectId;
    /// A further repository of a project.
    RepositoryId;
    ArtifactId;
    /// A file that a person added to a card.
    AttachmentId;
    CommentId;
    /// Asked by an agent, for a person.
    QuestionId;
    /// A schedule; `list_schedules` has the numbers.
    ScheduleId;
    AgentId;
    /// A key that programs and agents send.
    KeyId;
    /// An address that is told of events.
    WebhookId;
    /// One event for one webhook.
    DeliveryId;
    /// Position in the append-only change log; rises by one with every change.
    ChangeSeq;
}

impl TaskId {
    /// The name that people see: `T-12`.
    pub fn key(self) -> String {
        format!("T-{}", self.0)
    }
}

/// A task's id as a person or a program writes it: `T-12`, `t-12`, `12`, or the full UUID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskKey {
    Id(TaskId),
    /// Lower-case hyphenated UUID text.
    Uid(String),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a task id; write T-12, 12 or the full id")]
pub struct BadTaskKey(pub String);

impl FromStr for TaskKey {
    type Err = BadTaskKey;

    fn from_str(text: &str) -> Result<Self, BadTaskKey> {
        let trimmed = text.trim();
        let digits = trimmed.strip_prefix("T-").or_else(|| trimmed.strip_prefix("t-")).unwrap_or(trimmed);
        if is_plain_number(digits) {
            return digits.parse().map(|id| TaskKey::Id(TaskId(id))).map_err(|_| BadTaskKey(text.into()));
        }
        if is_uuid(trimmed) {
            Ok(TaskKey::Uid(trimmed.to_ascii_lowercase()))
        } else {
            Err(BadTaskKey(text.into()))
        }
    }
}

fn is_plain_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("T-12", Ok(TaskKey::Id(TaskId(12))))]
    #[case("t-12", Ok(TaskKey::Id(TaskId(12))))]
    #[case(" 12 ", Ok(TaskKey::Id(TaskId(12))))]
    #[case("0190A1B2-0000-7000-8000-000000000001", Ok(TaskKey::Uid("0190a1b2-0000-7000-8000-000000000001".into())))]
    #[case("", Err(BadTaskKey("".into())))]
    #[case("T-", Err(BadTaskKey("T-".into())))]
    #[case("-12", Err(BadTaskKey("-12".into())))]
    #[case("T-99999999999999999999", Err(BadTaskKey("T-99999999999999999999".into())))]
    #[case("twelve", Err(BadTaskKey("twelve".into())))]
    fn a_task_id_is_read_in_each_of_its_forms(
        #[case] text: &str,
        #[case] expected: Result<TaskKey, BadTaskKey>,
    ) {
        assert_eq!(text.parse::<TaskKey>(), expected);
    }
}
