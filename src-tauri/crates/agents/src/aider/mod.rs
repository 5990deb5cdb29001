//! aider (measured with 0.86).
//!
//! Plain text only. A message given as an argument makes it leave when the
//! message is dealt with, so an interactive session reads TASK.md and has its
//! first prompt typed, once it shows its own prompt.

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
            "--read={task_file}",
        ]),
        unattended_args: words(&[
            "--no-gitignore",
            "--no-check-update",
            "--no-show-release-notes",
            "--no-pretty",
            "--yes-always",
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
