//! Agents: which there are, what may be registered about one, and the roles that they can take.

use domain::{AgentId, RetryPolicy, agent::Presence, breaker::BreakerRule};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::Mode;

#[derive(Clone, Debug, Serialize, Type)]
pub struct Agent {
    /// None: built in, and nothing was changed about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<AgentId>,
    pub name: String,
    pub title: String,
    /// Where the program was found; none: not installed.
    pub path: Option<String>,
    pub version: Option<String>,
    /// The line that installs it.
    pub install: String,
    pub docs_url: String,
    pub modes: Vec<Mode>,
    /// Sentence on what else is missing.
    pub problem: Option<String>,
    /// Live runs.
    pub live: u32,
    /// Whose adapter reads it: the name of a built-in agent.
    pub kind: String,
    /// Comes with Flightboard: it can be changed and reset, but not removed.
    pub builtin: bool,
    /// The program that is looked for; empty for an agent that is not started from here.
    pub program: String,
    /// What differs from the built-in profile of its kind.
    pub profile: AgentProfile,
    pub role: Option<String>,
    /// Its own instructions; empty: those of its role.
    pub instructions: String,
    /// What it is told with each task: its own instructions or its role's.
    pub told: String,
    pub skills: Vec<String>,
    /// Tasks in progress at once, 1 to 64.
    pub max_capacity: u32,
    /// Used where a run asks for no other.
    pub model: Option<String>,
    pub enabled: bool,
    /// What its failures are allowed, where a card says nothing; what it leaves out its project says.
    pub retry: RetryPolicy,
    /// When it gets no more work for a while; none: as the board has it.
    pub breaker: Option<BreakerRule>,
    /// None: built in, and nothing was changed about it.
    #[specta(type = Option<u32>)]
    pub registered_at: Option<i64>,
    #[specta(type = Option<u32>)]
    pub updated_at: Option<i64>,
    /// The last heartbeat; none: it never sent one.
    #[specta(type = Option<u32>)]
    pub last_seen_at: Option<i64>,
    /// Until when that heartbeat counts.
    #[specta(type = Option<u32>)]
    pub online_until: Option<i64>,
    /// As of this answer; none for agents that never sent a heartbeat.
    pub presence: Option<Presence>,
}

/// Changes to the built-in profile of a kind; what is left out stays as it is there. Argument lists may
/// hold placeholders such as `{prompt}` and `{workspace}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct AgentProfile {
    /// A name that is looked for on the PATH, or an absolute path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// After the arguments of either mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactive_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattended_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactive_permission_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattended_permission_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactive_prompt: Option<PromptVia>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattended_prompt: Option<PromptVia>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unattended_outside_git_args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_permissions_args: Option<Vec<String>>,
    /// Given to the program to learn its version; empty: it is not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_args: Option<Vec<String>>,
    /// Name and value; stored in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<(String, String)>>,
    /// Names from the person's own environment that it cannot do without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass_env: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unset_env: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docs_url: Option<String>,
}

/// How the prompt reaches the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PromptVia {
    /// As the last argument, after `--`.
    Positional,
    /// As one argument `NAME=TEXT`.
    Option(String),
    /// Only through TASK.md and the environment.
    File,
    /// Typed once the program shows that it is ready.
    Typed,
    None,
}

/// Fields left out stay as they are; an empty text takes back what was there.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct RegisterAgent {
    /// `[a-z0-9][a-z0-9._-]{0,63}`
    pub name: String,
    /// The name of a built-in agent; `custom` if left out.
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    /// Replaces the earlier changes as a whole.
    #[serde(default)]
    pub profile: Option<AgentProfile>,
    #[serde(default)]
    pub role: Option<String>,
    /// Markdown; at most 50,000 characters.
    #[serde(default)]
    pub instructions: Option<String>,
    #[serde(default)]
    pub skills: Option<Vec<String>>,
    /// 1 to 64.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub max_capacity: Option<i64>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub enabled: Option<bool>,
    /// `{}` takes back what was there.
    #[serde(default)]
    pub retry: Option<RetryPolicy>,
    #[serde(default)]
    pub breaker: Option<SetBreaker>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SetBreaker {
    /// None: as the board has it.
    pub rule: Option<BreakerRule>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AgentRef {
    pub name: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct TryAgent {
    pub kind: String,
    #[serde(default)]
    pub profile: AgentProfile,
}

/// What came of asking an agent's program for its version.
#[derive(Clone, Debug, Serialize, Type)]
pub struct AgentTrial {
    /// Where the program was found.
    pub path: Option<String>,
    pub version: Option<String>,
    /// What it said, without control characters; empty if it was not asked.
    pub said: String,
    /// Why it did not start, or what else is missing.
    pub problem: Option<String>,
}

/// A role that brings instructions along.
#[derive(Clone, Debug, Serialize, Type)]
pub struct Role {
    pub name: String,
    pub title: String,
    /// One line for the person who chooses.
    pub summary: String,
    pub instructions: String,
}
