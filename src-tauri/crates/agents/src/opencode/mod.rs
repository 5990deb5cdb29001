//! opencode (measured with 1.18).
//!
//! Its terminal interface takes seconds to start and loses keys typed before
//! that, so the prompt goes in as `--prompt=TEXT`, which it submits by itself.
//! It asks nothing about trust. What it does is told by a plugin of its
//! terminal interface that is loaded for the launch.

mod plugin;
mod stream;

pub(crate) use stream::OpencodeStream;

use serde_json::json;

use crate::launch::{Extras, LaunchContext, Mode};
use crate::profile::words;
use crate::tools::{TIMEOUT_S, TOOLS_NAME};
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

/// The stream of an unattended run tells all that a plugin could. `OPENCODE_CONFIG_CONTENT` is the layer of
/// configuration that is laid over all others, tables joined.
pub(crate) fn extras(context: &LaunchContext) -> Extras {
    let mut extras = match context.mode {
        Mode::Interactive => plugin::extras(context.run_dir),
        Mode::Unattended => Extras::default(),
    };
    if let Some(tools) = context.tools {
        let command: Vec<&String> = std::iter::once(&tools.program).chain(&tools.args).collect();
        // It hands its whole environment on.
        let server = json!({ "type": "local", "command": command, "timeout": TIMEOUT_S * 1_000 });
        let config = json!({ "mcp": { TOOLS_NAME: server } }).to_string();
        extras.env.push(("OPENCODE_CONFIG_CONTENT".into(), config.into()));
    }
    extras
}
