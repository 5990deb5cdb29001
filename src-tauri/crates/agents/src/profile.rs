//! One agent as data: the program, its argument lists, how its prompt travels.
//!
//! Built-in profiles live in their agent's folder; users add their own as
//! TOML or JSON with the same fields. Argument lists may hold placeholders
//! (see `placeholders`); each list is used only when it applies.

use serde::{Deserialize, Serialize};

use crate::{Kind, aider, claude, codex, custom, demo, gemini, opencode, qwen};

/// How the prompt reaches the agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptVia {
    /// As the last argument, after `--`.
    Positional,
    /// As one argument `NAME=TEXT`, so that the text cannot become an option.
    Option(String),
    /// Only through TASK.md and the environment.
    File,
    /// Typed once the program shows that it is ready. The last resort.
    Typed,
    #[default]
    None,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name people type: `claude`, `codex`, …
    pub name: String,
    pub title: String,
    pub kind: Kind,
    /// A program name to look up, or an absolute path.
    pub program: String,
    #[serde(default)]
    pub interactive_args: Vec<String>,
    #[serde(default)]
    pub unattended_args: Vec<String>,
    /// What the agent may do unasked; left out when `skip_permissions_args`
    /// takes their place, because several agents refuse to be told twice.
    #[serde(default)]
    pub interactive_permission_args: Vec<String>,
    #[serde(default)]
    pub unattended_permission_args: Vec<String>,
    #[serde(default)]
    pub interactive_prompt: PromptVia,
    #[serde(default)]
    pub unattended_prompt: PromptVia,
    /// Used when a model was chosen.
    #[serde(default)]
    pub model_args: Vec<String>,
    /// Used for a new session under an id that we choose. Empty where the
    /// agent names its sessions itself.
    #[serde(default)]
    pub session_args: Vec<String>,
    /// Used when an earlier session is continued. Empty: cannot be continued.
    #[serde(default)]
    pub resume_args: Vec<String>,
    /// Used in unattended runs outside a git repository.
    #[serde(default)]
    pub unattended_outside_git_args: Vec<String>,
    /// Used only when the person asked for no permission checks at all.
    /// Empty: the agent offers no such thing.
    #[serde(default)]
    pub skip_permissions_args: Vec<String>,
    #[serde(default)]
    pub version_args: Vec<String>,
    #[serde(default)]
    pub env: Vec<(String, String)>,
    #[serde(default)]
    pub unset_env: Vec<String>,
    /// One shell line, shown to a person and never run by us.
    #[serde(default)]
    pub install: String,
    #[serde(default)]
    pub docs_url: String,
}

impl Profile {
    /// A profile with nothing but its name; adapters fill in the rest.
    pub fn new(name: &str, title: &str, kind: Kind, program: &str) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            kind,
            program: program.into(),
            interactive_args: Vec::new(),
            unattended_args: Vec::new(),
            interactive_permission_args: Vec::new(),
            unattended_permission_args: Vec::new(),
            interactive_prompt: PromptVia::None,
            unattended_prompt: PromptVia::None,
            model_args: Vec::new(),
            session_args: Vec::new(),
            resume_args: Vec::new(),
            unattended_outside_git_args: Vec::new(),
            skip_permissions_args: Vec::new(),
            version_args: vec!["--version".into()],
            env: Vec::new(),
            unset_env: Vec::new(),
            install: String::new(),
            docs_url: String::new(),
        }
    }
}

/// The agents that Flightboard knows, in the order in which they are offered.
pub fn builtin_profiles() -> Vec<Profile> {
    vec![
        claude::profile(),
        codex::profile(),
        gemini::profile(),
        opencode::profile(),
        aider::profile(),
        qwen::profile(),
        demo::profile(),
        custom::profile(),
    ]
}

/// Turns a literal list into owned strings; profiles are mostly such lists.
pub(crate) fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}
