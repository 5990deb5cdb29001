//! GitHub Copilot CLI (the help of 1.0.102 was read; not run on a task).
//!
//! Alone it must be allowed all tools or does nothing; which paths and
//! addresses it may reach is still checked. `--trust-folder` is for unattended
//! sessions only; an interactive one asks about trust.

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        unattended_args: words(&["--no-color", "--no-ask-user"]),
        unattended_permission_args: words(&["--allow-all-tools"]),
        interactive_prompt: PromptVia::Option("--interactive".into()),
        unattended_prompt: PromptVia::Option("--prompt".into()),
        model_args: words(&["--model", "{model}"]),
        session_args: words(&["--session-id={session}"]),
        resume_args: words(&["--resume={session}"]),
        skip_permissions_args: words(&["--allow-all"]),
        install: "npm install -g @github/copilot".into(),
        docs_url: "https://docs.github.com/copilot/how-tos/copilot-cli".into(),
        ..Profile::new("copilot", "GitHub Copilot", Kind::Plain, "copilot")
    }
}
