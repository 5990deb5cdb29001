//! A plugin for one launch: opencode's terminal interface reports nothing by
//! its screen's title or by OSC 7501, but it tells its plugins of everything.
//! Ours lies in the run directory, is named in the launch's own configuration,
//! and writes the lines that [`crate::claude::HookLines`] reads.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::claude::SIGNALS_VARIABLE;
use crate::launch::Extras;

const PLUGIN: &str = include_str!("plugin.js");

pub(crate) fn extras(run_dir: &Path, config: &mut Map<String, Value>) -> Extras {
    let plugin = run_dir.join("opencode-plugin.js");
    let signals = run_dir.join("signals.jsonl");
    config.insert("plugin".into(), json!([file_url(&plugin)]));
    Extras {
        args: Vec::new(),
        env: vec![(SIGNALS_VARIABLE.into(), signals.clone().into())],
        files: vec![(plugin, PLUGIN.into())],
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
