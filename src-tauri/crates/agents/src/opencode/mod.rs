//! opencode (measured with 1.18).
//!
//! Its terminal interface takes seconds to start and loses keys typed before
//! that, so the prompt goes in as `--prompt=TEXT`, which it submits by itself.

mod stream;

pub(crate) use stream::OpencodeStream;

use crate::profile::words;
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        unattended_args: words(&["run", "--format", "json"]),
        interactive_prompt: PromptVia::Option("--prompt".into()),
        unattended_prompt: PromptVia::Positional,
        model_args: words(&["-m", "{model}"]),
        resume_args: words(&["-s", "{session}"]),
        skip_permissions_args: words(&["--auto"]),
        install: "npm install -g opencode-ai".into(),
        docs_url: "https://opencode.ai/docs".into(),
        ..Profile::new("opencode", "opencode", Kind::Opencode, "opencode")
    }
}
