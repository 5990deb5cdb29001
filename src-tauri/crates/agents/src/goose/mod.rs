//! Goose (from its documentation only; it is on neither npm nor PyPI).
//!
//! One command for both modes: `--interactive` stays after the first message.
//! What it may do unasked is its configuration's `GOOSE_MODE`.

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        interactive_args: words(&["run", "--interactive"]),
        unattended_args: words(&["run"]),
        interactive_prompt: PromptVia::Option("--text".into()),
        unattended_prompt: PromptVia::Option("--text".into()),
        model_args: words(&["--model", "{model}"]),
        install: "brew install block-goose-cli".into(),
        docs_url: "https://block.github.io/goose/docs/guides/goose-cli-commands".into(),
        ..Profile::new("goose", "Goose", Kind::Plain, "goose")
    }
}
