//! Gemini CLI (measured with 0.61).
//!
//! It restarts itself in a child process that ignores the outer one's
//! signals, unless told not to; and an unattended run in a folder that it
//! does not trust ends with code 55 before anything is done, so the run (and
//! only that run) trusts the workspace. An interactive one asks, and remembers
//! the answer for that folder alone, which is a new one for each card;
//! `--skip-trust` answers for one launch.
//!
//! It gets none of our tools: besides the user's and the project's own files
//! it reads settings from places that must belong to root alone.

mod stream;
mod title;

pub(crate) use stream::GeminiStream;
pub(crate) use title::title_activity;

use crate::launch::{Extras, LaunchContext, Mode};
use crate::profile::words;
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
    Extras { args, ..Extras::default() }
}
