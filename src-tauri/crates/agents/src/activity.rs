//! What an agent is doing, and how well that is known.
//!
//! Each source of evidence reports signals of the same shape, so that whoever
//! reduces them to one state compares ranks and nothing else. Silence never
//! makes a signal.

use serde::{Deserialize, Serialize};

/// Where a claim about an agent comes from, weakest first: `Ord` is the rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Text recognised on the screen.
    Screen,
    /// The window title.
    Title,
    /// A desktop notification sequence (OSC 9, 99, 777).
    Notification,
    /// A hook that we injected for this launch.
    Hook,
    /// OSC 7501, the program status protocol.
    ProgramStatus,
    /// The structured stream of an unattended run.
    Stream,
    /// The process has ended.
    Exit,
}

/// Why an agent cannot go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// It wants leave to use a tool.
    Permission,
    /// It asked the person something.
    Question,
    /// It needs a login or a key.
    Auth,
    /// It asks whether the folder is to be trusted.
    Trust,
    /// It waits and did not say for what.
    Unspecified,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "activity", rename_all = "snake_case")]
pub enum Activity {
    Working {
        message: Option<String>,
    },
    Waiting {
        kind: WaitKind,
        message: Option<String>,
    },
    /// At its prompt, nothing asked of it.
    Idle,
    RateLimited {
        message: Option<String>,
    },
    /// A turn has ended well; the program may go on running.
    Done {
        message: Option<String>,
    },
    Error {
        message: String,
    },
}

impl Activity {
    pub fn working() -> Self {
        Self::Working { message: None }
    }

    pub fn done() -> Self {
        Self::Done { message: None }
    }

    pub fn waiting(kind: WaitKind) -> Self {
        Self::Waiting { kind, message: None }
    }
}

/// One claim about an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    pub evidence: Evidence,
    #[serde(flatten)]
    pub activity: Activity,
}
