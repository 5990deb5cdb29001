//! aider (0.86.2, run through Flightboard against a scripted model: it wrote
//! the file, committed it in its own name and was judged to have succeeded).
//!
//! Plain text only. A message given as an argument makes it leave when the
//! message is dealt with, so an interactive session reads TASK.md and has its
//! first prompt typed, once it shows its own prompt. Its histories are kept
//! out of the workspace; `.aider.tags.cache.v4` has no option and stays there.

mod stream;

pub(crate) use stream::AiderText;

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        // Both lists: no question about .gitignore, no news, no calling home.
        interactive_args: words(&[
            "--no-gitignore",
            "--no-check-update",
            "--no-show-release-notes",
            "--notifications",
            "--chat-history-file={run_dir}/aider.chat.history.md",
            "--input-history-file={run_dir}/aider.input.history",
            "--read={task_file}",
        ]),
        unattended_args: words(&[
            "--no-gitignore",
            "--no-check-update",
            "--no-show-release-notes",
            "--no-pretty",
            "--yes-always",
            "--chat-history-file={run_dir}/aider.chat.history.md",
            "--input-history-file={run_dir}/aider.input.history",
            "--read={task_file}",
        ]),
        interactive_prompt: PromptVia::Typed,
        unattended_prompt: PromptVia::Option("--message".into()),
        model_args: words(&["--model={model}"]),
        install: "python3 -m pip install aider-install && aider-install".into(),
        docs_url: "https://aider.chat/docs".into(),
        ..Profile::new("aider", "aider", Kind::Aider, "aider")
    }
}
