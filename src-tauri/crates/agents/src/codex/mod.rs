//! Codex CLI (measured with 0.169).
//!
//! The daemon is switched off because it outlives the terminal with its
//! working directory in the workspace. `--` keeps a prompt from being an
//! option or a subcommand; a lone `-` would still mean standard input, which
//! `launch` guards against for every agent.

mod stream;
mod title;

pub(crate) use stream::CodexStream;
pub(crate) use title::title_activity;

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        interactive_args: words(&["--disable", "daemon_auto_start"]),
        interactive_permission_args: words(&["-a", "on-request", "-s", "workspace-write"]),
        unattended_args: words(&["exec", "--json"]),
        unattended_permission_args: words(&["-s", "workspace-write"]),
        interactive_prompt: PromptVia::Positional,
        unattended_prompt: PromptVia::Positional,
        model_args: words(&["-m", "{model}"]),
        resume_args: words(&["resume", "{session}"]),
        // Its terminal interface asks about trust instead and knows no such option.
        unattended_outside_git_args: words(&["--skip-git-repo-check"]),
        skip_permissions_args: words(&["--dangerously-bypass-approvals-and-sandbox"]),
        install: "npm install -g @openai/codex".into(),
        docs_url: "https://developers.openai.com/codex/cli".into(),
        ..Profile::new("codex", "Codex", Kind::Codex, "codex")
    }
}
