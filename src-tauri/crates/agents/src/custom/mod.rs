//! Any command at all, as an argument vector with placeholders.
//!
//! Its output means nothing to us: state comes from OSC sequences if it
//! prints any, and the verdict from its exit code.

use crate::{Kind, Profile, PromptVia};

/// The empty profile: the arguments come with each launch. Users' own custom
/// profiles carry a program and argument lists instead.
pub fn profile() -> Profile {
    Profile {
        version_args: Vec::new(),
        interactive_prompt: PromptVia::File,
        unattended_prompt: PromptVia::File,
        ..Profile::new("custom", "Custom command", Kind::Custom, "")
    }
}
