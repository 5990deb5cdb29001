//! Claude Code (measured with 2.1).
//!
//! We choose the session's id, and inject hooks for this launch alone through
//! `--settings FILE` in the run directory; the user's own settings are not
//! touched and stay in force beside ours. The permission mode of an
//! interactive session is the user's own.
//!
//! An interactive session asks whether to trust the folder until somebody
//! said yes for the repository; it remembers that for the main worktree, and
//! all others inherit it. `CLAUDE_CODE_SANDBOXED` answers for one launch: in
//! 2.1.329 the variable is read where trust is asked for and nowhere else.

mod hooks;
mod mcp;
mod stream;
mod title;

pub(crate) use hooks::SIGNALS_VARIABLE;
pub use hooks::{HookEvent, HookLines};
pub(crate) use stream::ClaudeStream;
pub(crate) use title::title_activity;

use crate::launch::{Extras, LaunchContext, Mode};
use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        unattended_args: words(&["-p", "--output-format", "stream-json", "--verbose"]),
        unattended_permission_args: words(&["--permission-mode", "acceptEdits"]),
        interactive_prompt: PromptVia::Positional,
        unattended_prompt: PromptVia::Positional,
        model_args: words(&["--model", "{model}"]),
        session_args: words(&["--session-id", "{session}"]),
        resume_args: words(&["--resume", "{session}"]),
        skip_permissions_args: words(&["--dangerously-skip-permissions"]),
        install: "npm install -g @anthropic-ai/claude-code".into(),
        docs_url: "https://code.claude.com/docs".into(),
        ..Profile::new("claude", "Claude Code", Kind::Claude, "claude")
    }
}

/// The stream of an unattended run tells all that hooks could.
pub(crate) fn extras(context: &LaunchContext) -> Extras {
    let mut extras = match context.mode {
        Mode::Interactive => {
            let mut extras = hooks::extras(context.run_dir);
            extras.env.extend(context.trusted.then(|| ("CLAUDE_CODE_SANDBOXED".into(), "1".into())));
            extras
        }
        Mode::Unattended => Extras::default(),
    };
    if let Some(tools) = context.tools {
        mcp::add(&mut extras, tools, context.run_dir);
    }
    extras
}
