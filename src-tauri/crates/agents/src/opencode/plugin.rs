//! A plugin for one launch: opencode's terminal interface reports nothing by
//! its screen's title or by OSC 7501, but it tells its plugins of everything.
//! Ours is one of the interface, not of the server behind it: a server with
//! any plugin does not begin before it has fetched `@opencode-ai/plugin` from
//! npm into the person's configuration folder, and waits where npm does not
//! answer. A plugin of the interface that lies on the disk is just loaded.
//! It is named in a configuration file in the run directory, which is laid
//! over the person's own `tui.json`, lists joined; only who sets
//! `OPENCODE_TUI_CONFIG` for themselves does without that file's settings. It
//! writes the lines that [`crate::claude::HookLines`] reads.

use std::path::Path;

use serde_json::json;

use crate::claude::SIGNALS_VARIABLE;
use crate::launch::Extras;

const PLUGIN: &str = include_str!("plugin.js");

pub(crate) fn extras(run_dir: &Path) -> Extras {
    let plugin = run_dir.join("opencode-plugin.js");
    let signals = run_dir.join("signals.jsonl");
    let config = run_dir.join("opencode-tui.json");
    let named = json!({ "plugin": [file_url(&plugin)] }).to_string();
    Extras {
        args: Vec::new(),
        env: vec![
            (SIGNALS_VARIABLE.into(), signals.clone().into()),
            ("OPENCODE_TUI_CONFIG".into(), config.clone().into()),
        ],
        files: vec![(plugin, PLUGIN.into()), (config, named.into())],
        signals_file: Some(signals),
    }
}

/// A `file:` URL of an absolute path, whatever bytes are in it.
fn file_url(path: &Path) -> String {
    let mut url = String::from("file://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                url.push(char::from(*byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}
