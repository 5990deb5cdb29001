//! Gemini CLI (measured with 0.61).
//!
//! It restarts itself in a child process that ignores the outer one's
//! signals, unless told not to; and an unattended run in a folder that it
//! does not trust ends with code 55 before anything is done, so the run (and
//! only that run) trusts the workspace. An interactive one asks, and remembers
//! the answer for that folder alone, which is a new one for each card;
//! `--skip-trust` answers for one launch.

mod stream;
mod title;

pub(crate) use stream::GeminiStream;
pub(crate) use title::title_activity;

use crate::launch::{Extras, LaunchContext, Mode};
use crate::profile::words;
use crate::tools::TOOLS_NAME;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        unattended_args: words(&["--skip-trust", "-o", "stream-json"]),
        unattended_permission_args: words(&["--approval-mode", "auto_edit"]),
        interactive_prompt: PromptVia::Option("--prompt-interactive".into()),
        unattended_prompt: PromptVia::Option("--prompt".into()),
        model_args: words(&["-m", "{model}"]),
        session_args: words(&["--session-id", "{session}"]),
        resume_args: words(&["--resume", "{session}"]),
        skip_permissions_args: words(&["--approval-mode", "yolo"]),
        env: vec![("GEMINI_CLI_NO_RELAUNCH".into(), "true".into())],
        install: "npm install -g @google/gemini-cli".into(),
        docs_url: "https://geminicli.com/docs".into(),
        ..Profile::new("gemini", "Gemini CLI", Kind::Gemini, "gemini")
    }
}

pub(crate) fn extras(context: &LaunchContext) -> Extras {
    let answered = context.trusted && context.mode == Mode::Interactive;
    let args = answered.then(|| "--skip-trust".into()).into_iter().collect();
    Extras { args, ..with_tools(context, "GEMINI_CLI_SYSTEM_DEFAULTS_PATH") }
}

/// Settings for one launch: the file in this variable is the layer below all others, so what the user set
/// stays in force. `trust` spares the questions: the tools reach no further than the run's own card.
pub(crate) fn with_tools(context: &LaunchContext, variable: &str) -> Extras {
    let Some(tools) = context.tools else { return Extras::default() };
    let file = context.run_dir.join("settings-defaults.json");
    let mut server = tools.described(|name| format!("${name}"));
    server["trust"] = true.into();
    let settings = serde_json::json!({ "mcpServers": { TOOLS_NAME: server } });
    Extras {
        env: vec![(variable.into(), file.clone().into())],
        files: vec![(file, settings.to_string().into_bytes())],
        ..Extras::default()
    }
}
