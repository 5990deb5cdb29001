//! Why a command did not succeed, and the exit code that says so: 1 refused or failed, 2 wrong
//! usage (clap's), 3 the agent's run did not succeed, 124 a wait timed out.

use app::{
    StartError,
    wire::{Problem, ProblemCode},
};

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Problem(Problem),
    #[error("the run ended: {status}")]
    RunFailed { status: String, reason: Option<String> },
    #[error("the run did not end within {0} s; the agent goes on (`flightboard stop` ends it)")]
    TimedOut(u64),
    #[error("the queue was not worked through within {0} s; agents go on (`flightboard stop` ends them)")]
    QueueTimedOut(u64),
    #[error("{0}")]
    Link(String),
    #[error("{context}: {error}")]
    Io { context: String, error: std::io::Error },
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Problem(problem)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let next = match &error {
            StartError::Held(_) => Some("use that one, or choose another with --data-dir".into()),
            StartError::DataDir(..) => Some("choose a folder that you may write to, with --data-dir".into()),
            // Their sentences end in the step.
            StartError::Store(_) | StartError::Host(_) | StartError::Adoption(_) => None,
        };
        Failure::Problem(Problem { code: ProblemCode::Unavailable, message: error.to_string(), next })
    }
}

impl Failure {
    pub fn invalid(message: impl Into<String>) -> Failure {
        Failure::Problem(Problem { code: ProblemCode::Invalid, message: message.into(), next: None })
    }

    pub fn io(context: impl Into<String>, error: std::io::Error) -> Failure {
        Failure::Io { context: context.into(), error }
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Problem(_) | Failure::Link(_) | Failure::Io { .. } => 1,
            Failure::RunFailed { .. } => 3,
            Failure::TimedOut(_) | Failure::QueueTimedOut(_) => 124,
        }
    }

    /// On standard error: a sentence and the next step, or with `--json` the same as an object.
    pub fn tell(&self, json: bool) {
        if json {
            let error =
                serde_json::json!({ "code": self.code(), "message": self.to_string(), "next": self.next() });
            eprintln!("{}", serde_json::json!({ "error": error }));
            return;
        }
        eprintln!("flightboard: {self}");
        if let Failure::RunFailed { reason: Some(reason), .. } = self {
            eprintln!("  reason: {reason}");
        }
        if let Some(next) = self.next() {
            eprintln!("  next: {next}");
        }
    }

    /// The problem's own code, or a word for what only this door knows.
    fn code(&self) -> serde_json::Value {
        match self {
            Failure::Problem(problem) => serde_json::json!(problem.code),
            Failure::RunFailed { .. } => "run_failed".into(),
            Failure::TimedOut(_) | Failure::QueueTimedOut(_) => "timed_out".into(),
            Failure::Link(_) => "unavailable".into(),
            Failure::Io { .. } => "io".into(),
        }
    }

    fn next(&self) -> Option<&str> {
        match self {
            Failure::Problem(problem) => problem.next.as_deref(),
            Failure::RunFailed { .. }
            | Failure::TimedOut(_)
            | Failure::QueueTimedOut(_)
            | Failure::Link(_)
            | Failure::Io { .. } => None,
        }
    }
}
