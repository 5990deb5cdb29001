//! Crush (from its source, as of 0.96; its npm package fetches the program
//! from elsewhere, so it was not run).
//!
//! `run` approves every tool by itself. `--yolo` exists for the terminal
//! interface alone and `--model` for `run` alone, so neither is offered.
//! The interface takes no first message: the prompt is typed.

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        unattended_args: words(&["run", "--quiet"]),
        interactive_prompt: PromptVia::Typed,
        unattended_prompt: PromptVia::Positional,
        install: "npm install -g @charmland/crush".into(),
        docs_url: "https://github.com/charmbracelet/crush".into(),
        ..Profile::new("crush", "Crush", Kind::Plain, "crush")
    }
}
