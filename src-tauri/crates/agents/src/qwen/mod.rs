//! Qwen Code (measured with 0.15).
//!
//! Speaks Claude's stream with one lie in it: an API error ends with
//! `subtype: "success"`, `is_error: false` and exit code 0, and only the
//! result's text says otherwise. `claude::stream` is told to read that text.
//! Its terminal interface asks nothing about trust unless the user switched
//! that on, and writes what it does to a file that is named at the launch.

mod turn;

pub(crate) use turn::Turn;

use crate::launch::{Extras, LaunchContext, Mode};
use crate::profile::words;
use crate::{Kind, Profile, PromptVia, gemini};

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
    let mut extras = gemini::with_tools(context, "QWEN_CODE_SYSTEM_DEFAULTS_PATH");
    if context.mode == Mode::Unattended {
        return extras;
    }
    let signals = context.run_dir.join("signals.jsonl");
    extras.args.extend(["--json-file".into(), signals.clone().into()]);
    extras.files.push((signals.clone(), Vec::new()));
    Extras { signals_file: Some(signals), ..extras }
}
