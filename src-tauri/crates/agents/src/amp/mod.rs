//! Amp (the help of 0.0.1790142911 was read; it works with its own service
//! only, so it was not run on a task).
//!
//! Its terminal interface takes a first message from standard input alone,
//! which is the terminal here, so the prompt is typed. It has modes in place
//! of models.

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        unattended_args: words(&["--no-color"]),
        interactive_prompt: PromptVia::Typed,
        unattended_prompt: PromptVia::Option("--execute".into()),
        install: "npm install -g @ampcode/cli".into(),
        docs_url: "https://ampcode.com/manual".into(),
        ..Profile::new("amp", "Amp", Kind::Plain, "amp")
    }
}
