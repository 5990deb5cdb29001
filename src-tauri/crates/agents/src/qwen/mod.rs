//! Qwen Code (measured with 0.15).
//!
//! Speaks Claude's stream with one lie in it: an API error ends with
//! `subtype: "success"`, `is_error: false` and exit code 0, and only the
//! result's text says otherwise. `claude::stream` is told to read that text.
//! Its terminal interface asks nothing about trust unless the user switched
//! that on, and writes what it does to a file that is named at the launch.

mod turn;

use std::path::Path;

pub(crate) use turn::Turn;

use crate::launch::{Extras, LaunchContext, Mode};
use crate::profile::words;
use crate::tools::{TOOLS_NAME, ToolServer};
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        unattended_args: words(&["--output-format", "stream-json"]),
        unattended_permission_args: words(&["--approval-mode", "auto-edit"]),
        interactive_prompt: PromptVia::Option("--prompt-interactive".into()),
        unattended_prompt: PromptVia::Option("--prompt".into()),
        model_args: words(&["-m", "{model}"]),
        session_args: words(&["--session-id", "{session}"]),
        resume_args: words(&["--resume", "{session}"]),
        skip_permissions_args: words(&["--approval-mode", "yolo"]),
        env: vec![("QWEN_CODE_NO_RELAUNCH".into(), "true".into())],
        install: "npm install -g @qwen-code/qwen-code".into(),
        docs_url: "https://qwenlm.github.io/qwen-code-docs".into(),
        ..Profile::new("qwen", "Qwen Code", Kind::Qwen, "qwen")
    }
}

/// The stream of an unattended run tells all that the file could.
pub(crate) fn extras(context: &LaunchContext) -> Extras {
    let mut extras = context.tools.map_or_else(Extras::default, |tools| with_tools(tools, context.run_dir));
    if context.mode == Mode::Unattended {
        return extras;
    }
    let signals = context.run_dir.join("signals.jsonl");
    extras.args.extend(["--json-file".into(), signals.clone().into()]);
    extras.files.push((signals.clone(), Vec::new()));
    Extras { signals_file: Some(signals), ..extras }
}

/// Settings for one launch: the file in this variable is the layer below all others, so what the user set
/// stays in force. `trust` spares the questions: the tools reach no further than the run's own card.
fn with_tools(tools: &ToolServer, run_dir: &Path) -> Extras {
    let file = run_dir.join("qwen-defaults.json");
    let mut server = tools.described(|name| format!("${name}"));
    server["trust"] = true.into();
    let settings = serde_json::json!({ "mcpServers": { TOOLS_NAME: server } });
    Extras {
        env: vec![("QWEN_CODE_SYSTEM_DEFAULTS_PATH".into(), file.clone().into())],
        files: vec![(file, settings.to_string().into_bytes())],
        ..Extras::default()
    }
}
