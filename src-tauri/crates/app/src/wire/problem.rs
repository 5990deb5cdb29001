//! What went wrong, for whoever stands at a door: a code for programs, a sentence and the next step for people.

use serde::{Deserialize, Serialize};
use specta::Type;

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
