//! OpenClaw (from the documentation in its package, 2026.9.6; it wants a
//! newer Node than the tests have and was not run).
//!
//! Both commands run the agent in the process itself, without a gateway, and
//! keep its file tools inside the workspace unless the user's configuration
//! says otherwise. Left alone `exec` gives up after ten minutes.

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        interactive_args: words(&["chat"]),
        unattended_args: words(&["agent", "exec", "--timeout", "0"]),
        interactive_prompt: PromptVia::Option("--message".into()),
        unattended_prompt: PromptVia::Positional,
        install: "npm install -g openclaw".into(),
        docs_url: "https://docs.openclaw.ai/cli/agent".into(),
        ..Profile::new("openclaw", "OpenClaw", Kind::Plain, "openclaw")
    }
}
