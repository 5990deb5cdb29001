//! Cline CLI (3.0.65 was run, alone and in its terminal interface).
//!
//! By itself it approves every tool, so an interactive session is told not to
//! and an unattended one says so openly. A hub process outlives it and cannot
//! be switched off; the pty-host ends it. Its JSON names no session that could
//! be continued, so none is.

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        interactive_args: words(&["--tui"]),
        interactive_permission_args: words(&["--auto-approve", "false"]),
        unattended_permission_args: words(&["--auto-approve", "true"]),
        interactive_prompt: PromptVia::Positional,
        unattended_prompt: PromptVia::Positional,
        model_args: words(&["--model", "{model}"]),
        skip_permissions_args: words(&["--auto-approve", "true"]),
        install: "npm install -g cline".into(),
        docs_url: "https://docs.cline.bot/cline-cli/overview".into(),
        ..Profile::new("cline", "Cline", Kind::Plain, "cline")
    }
}
