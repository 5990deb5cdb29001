//! One agent as data: the program, its argument lists, how its prompt travels.
//!
//! Built-in profiles live in their agent's folder; users lay their changes
//! over one as JSON with the same fields. Argument lists may hold placeholders
//! (see `placeholders`); each list is used only when it applies.

use std::ffi::{OsStr, OsString};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::placeholders::{PlaceholderError, Values, fill};
use crate::{
    Kind, aider, amp, claude, cline, codex, copilot, crush, cursor, custom, demo, gemini, goose, openclaw,
    opencode, qwen,
};

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
    /// After either of these: what a user adds without taking anything away.
    #[serde(default)]
    pub args: Vec<String>,
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
    /// Variables of the user's own environment that the agent cannot do
    /// without; they stay even if they are among those that we take away.
    #[serde(default)]
    pub pass_env: Vec<String>,
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
            args: Vec::new(),
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
            pass_env: Vec::new(),
            unset_env: Vec::new(),
            install: String::new(),
            docs_url: String::new(),
        }
    }
}

/// What is wrong with a user's profile, before anything is started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProfile {
    #[error("a profile has no “{0}”")]
    Unknown(String),
    #[error("“{0}” belongs to the agent, not to its profile")]
    NotHere(String),
    #[error("the profile cannot be read: {0}")]
    Unreadable(String),
    #[error("the program is missing; give its name, or its absolute path")]
    NoProgram,
    #[error("the program “{0}” is a relative path; give a name that is on your PATH, or an absolute path")]
    RelativeProgram(String),
    #[error(transparent)]
    Placeholder(#[from] PlaceholderError),
    #[error("“{0}” is not a name for an environment variable")]
    Variable(String),
    #[error("the environment variable {0} is named twice")]
    VariableTwice(String),
    #[error("a NUL byte can be part of neither an argument nor a variable")]
    NulByte,
    #[error("the profile is {0} bytes long, the limit is {PROFILE_MAX}")]
    TooLong(usize),
}

/// Longest profile as JSON, bytes.
const PROFILE_MAX: usize = 64 * 1024;

/// What a profile says that is the agent's own affair.
const NOT_CHANGEABLE: [&str; 3] = ["name", "title", "kind"];

impl Profile {
    /// The profile with a user's changes over it: the fields that differ,
    /// each as a whole. What could never start is refused here.
    pub fn changed_by(self, changes: &Map<String, Value>) -> Result<Profile, BadProfile> {
        let unreadable = |error: serde_json::Error| BadProfile::Unreadable(error.to_string());
        let mut whole = serde_json::to_value(&self).map_err(unreadable)?;
        for (field, value) in changes {
            if NOT_CHANGEABLE.contains(&field.as_str()) {
                return Err(BadProfile::NotHere(field.clone()));
            }
            *whole.get_mut(field).ok_or_else(|| BadProfile::Unknown(field.clone()))? = value.clone();
        }
        let length = whole.to_string().len();
        if length > PROFILE_MAX {
            return Err(BadProfile::TooLong(length));
        }
        let profile: Profile = serde_json::from_value(whole).map_err(unreadable)?;
        profile.check()?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), BadProfile> {
        self.check_program()?;
        for list in self.argument_lists() {
            self.check_arguments(list)?;
        }
        self.check_variables()
    }

    fn check_program(&self) -> Result<(), BadProfile> {
        let program = std::path::Path::new(&self.program);
        match self.program.as_str() {
            // The command comes with each run, or the agent is started by somebody else.
            "" if self.kind == Kind::Custom => Ok(()),
            "" => Err(BadProfile::NoProgram),
            text if text.contains('\0') => Err(BadProfile::NulByte),
            text if !program.is_absolute() && program.components().count() != 1
                || text.ends_with('/')
                || text == "."
                || text == ".." =>
            {
                Err(BadProfile::RelativeProgram(text.into()))
            }
            _ => Ok(()),
        }
    }

    fn argument_lists(&self) -> [&[String]; 12] {
        [
            &self.interactive_args,
            &self.unattended_args,
            &self.args,
            &self.interactive_permission_args,
            &self.unattended_permission_args,
            &self.model_args,
            &self.session_args,
            &self.resume_args,
            &self.unattended_outside_git_args,
            &self.skip_permissions_args,
            &self.version_args,
            &self.unset_env,
        ]
    }

    /// Fills the list as a launch would, with values that nobody could object to.
    fn check_arguments(&self, list: &[String]) -> Result<(), BadProfile> {
        if list.iter().any(|argument| argument.contains('\0')) {
            return Err(BadProfile::NulByte);
        }
        let plain = OsStr::new("x");
        let values = Values {
            prompt: plain,
            workspace: plain,
            artifacts: plain,
            task_file: plain,
            run_dir: plain,
            title: plain,
            key: plain,
            model: Some(plain),
            session: Some(plain),
        };
        let argv: Vec<OsString> = std::iter::once(&self.program).chain(list).map(OsString::from).collect();
        fill(&argv, &values)?;
        Ok(())
    }

    fn check_variables(&self) -> Result<(), BadProfile> {
        let names: Vec<&String> = self.env.iter().map(|(name, _)| name).chain(&self.pass_env).collect();
        for (at, name) in names.iter().enumerate() {
            if !is_variable(name) {
                return Err(BadProfile::Variable((*name).clone()));
            }
            if names[..at].contains(name) {
                return Err(BadProfile::VariableTwice((*name).clone()));
            }
        }
        if self.env.iter().any(|(_, value)| value.contains('\0')) {
            return Err(BadProfile::NulByte);
        }
        Ok(())
    }
}

fn is_variable(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(fits) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// The profile that agents of a kind begin with. A kind is named as its built-in agent is.
pub fn profile_of_kind(kind: &str) -> Option<Profile> {
    builtin_profiles().into_iter().find(|profile| profile.name == kind)
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
        cline::profile(),
        amp::profile(),
        cursor::profile(),
        copilot::profile(),
        goose::profile(),
        crush::profile(),
        openclaw::profile(),
        demo::profile(),
        custom::profile(),
    ]
}

/// Turns a literal list into owned strings; profiles are mostly such lists.
pub(crate) fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(kind: &str, changes: Value) -> Result<Profile, BadProfile> {
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        profile_of_kind(kind).unwrap().changed_by(&changes)
    }

    #[test]
    fn changes_replace_their_fields_and_leave_the_others() {
        let claude = changed("claude", json!({ "program": "/opt/claude", "args": ["--verbose"] })).unwrap();
        let builtin = profile_of_kind("claude").unwrap();
        assert_eq!((claude.program.as_str(), claude.args.len()), ("/opt/claude", 1));
        assert_eq!(Profile { program: builtin.program.clone(), args: Vec::new(), ..claude }, builtin);
        assert_eq!(changed("claude", json!({})).unwrap(), builtin);
    }

    #[test]
    fn every_built_in_profile_would_be_taken() {
        for profile in builtin_profiles() {
            assert_eq!(profile.clone().changed_by(&Map::new()).as_ref(), Ok(&profile), "{}", profile.name);
        }
    }

    #[test]
    fn what_could_never_start_is_refused_in_a_sentence() {
        for (kind, changes, because) in [
            ("custom", json!({ "programme": "x" }), "a profile has no “programme”"),
            ("custom", json!({ "kind": "claude" }), "“kind” belongs to the agent, not to its profile"),
            ("custom", json!({ "args": "one two" }), "cannot be read"),
            ("custom", json!({ "program": "bin/agent" }), "is a relative path"),
            ("custom", json!({ "program": "./agent" }), "is a relative path"),
            ("custom", json!({ "program": "../agent" }), "is a relative path"),
            ("custom", json!({ "program": ".." }), "is a relative path"),
            ("claude", json!({ "program": "" }), "the program is missing"),
            ("custom", json!({ "program": "a\0b" }), "NUL"),
            (
                "custom",
                json!({ "program": "a", "args": ["{promt}"] }),
                "uses {promt}, which is not a placeholder",
            ),
            ("claude", json!({ "resume_args": ["{sesion}"] }), "uses {sesion}"),
            (
                "custom",
                json!({ "program": "sh", "args": ["-c", "echo {prompt}"] }),
                "may not be part of a shell script",
            ),
            ("custom", json!({ "program": "a", "args": ["a\0b"] }), "NUL"),
            ("custom", json!({ "env": [["1A", "x"]] }), "“1A” is not a name for an environment variable"),
            ("custom", json!({ "env": [["A=B", "x"]] }), "is not a name for an environment variable"),
            ("custom", json!({ "pass_env": [""] }), "is not a name for an environment variable"),
            ("custom", json!({ "env": [["A", "x"]], "pass_env": ["A"] }), "A is named twice"),
            ("custom", json!({ "args": ["x".repeat(70_000)] }), "the limit is 65536"),
        ] {
            let refused = changed(kind, changes.clone()).expect_err(&changes.to_string());
            assert!(refused.to_string().contains(because), "{changes}: {refused}");
        }
    }
}
