//! From the inner errors to the one that people and programs get: a code, a sentence, a next step.

use domain::{Rejected, task::Wanted};
use engine::EngineError;
use serde_json::error::Category;
use store::StoreError;

use crate::wire::{Problem, ProblemCode};

pub(crate) fn invalid(message: impl Into<String>) -> Problem {
    Problem { code: ProblemCode::Invalid, message: message.into(), next: None }
}

/// What is wrong with a JSON text that was sent. Where the text is JSON, what is wrong with a value is said in the
/// words of every other door: in which line and column the value stood only whoever wrote the text by hand would know.
pub fn unreadable(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match error.classify() {
        Category::Data => said.strip_suffix(&place).unwrap_or(&said).to_owned(),
        Category::Io | Category::Syntax | Category::Eof => format!("the request cannot be read: {said}"),
    }
}

fn problem(code: ProblemCode, message: impl ToString, next: Option<String>) -> Problem {
    Problem { code, message: message.to_string(), next }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } | StoreError::Deleted(_) => {
                problem(ProblemCode::NotFound, error, None)
            }
            StoreError::Rejected(rejected) => rejected.into(),
            StoreError::Conflict(_) => problem(ProblemCode::Conflict, error, None),
            StoreError::DiskFull => {
                problem(ProblemCode::Unavailable, error, Some("free some space and try again".into()))
            }
            StoreError::Closed => problem(ProblemCode::Unavailable, error, None),
            StoreError::Database(_)
            | StoreError::Statement(_)
            | StoreError::Corrupt(_)
            | StoreError::Panicked => {
                tracing::error!(%error, "the store failed");
                problem(ProblemCode::Internal, error, None)
            }
        }
    }
}

impl From<Rejected> for Problem {
    fn from(rejected: Rejected) -> Self {
        let columns = rejected.legal.iter().map(|column| column.title()).collect::<Vec<_>>().join(", ");
        let next = match rejected.wanted {
            Wanted::Column(domain::Status::InProgress) => "press Run, or choose an agent for it".into(),
            Wanted::Run if rejected.status == domain::Status::InProgress => {
                "wait for its end, or stop it first".into()
            }
            Wanted::Column(_) | Wanted::Run => format!("from here it can go to {columns}"),
            Wanted::Verdict => "wait until its work is in Review".into(),
            Wanted::Report(_) => "nothing to do".into(),
        };
        problem(ProblemCode::Conflict, &rejected, Some(next))
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Invalid { message, next } => Problem { code: ProblemCode::Invalid, message, next },
            EngineError::Conflict { message, next } => Problem { code: ProblemCode::Conflict, message, next },
            EngineError::NotFound(message) => problem(ProblemCode::NotFound, message, None),
            EngineError::Unavailable { message, next } | EngineError::TimedOut { message, next } => {
                Problem { code: ProblemCode::Unavailable, message, next }
            }
            EngineError::Io { .. } | EngineError::Internal(_) => {
                tracing::error!(%error, "the engine failed");
                let next = error.next_step();
                // What people can mend is no fault of ours.
                let code = if next.is_some() { ProblemCode::Unavailable } else { ProblemCode::Internal };
                problem(code, error, next)
            }
        }
    }
}

impl From<domain::text::BadText> for Problem {
    fn from(error: domain::text::BadText) -> Self {
        invalid(error.to_string())
    }
}

impl From<domain::BadTaskKey> for Problem {
    fn from(error: domain::BadTaskKey) -> Self {
        invalid(error.to_string())
    }
}
