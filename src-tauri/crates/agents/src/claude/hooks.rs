//! Hooks for one launch: each appends a line of JSON to `signals.jsonl` in the
//! run directory, and this module reads those lines.
//!
//! A hook is a shell command, so it holds no path: the file's name travels in
//! an environment variable, and a run directory with spaces or quotes in its
//! path cannot change what is run. Only small events are written whole, since
//! long lines of hooks that run at once could interleave.

use std::path::Path;

use serde_json::{Value, json};

use crate::escape::clipped;
use crate::launch::Extras;
use crate::stream::{LineEvent, Lines, input_summary};
use crate::{Activity, Evidence, Signal, WaitKind};

pub(crate) const SIGNALS_VARIABLE: &str = "FLIGHTBOARD_SIGNALS";
/// Longer hook lines are left out; ours are small.
const LINE_LIMIT: usize = 1024 * 1024;
const MESSAGE_LIMIT: usize = 500;

/// Appends what the hook was told, as one line.
const WHOLE: &str = r#"line=$(cat) && printf '%s\n' "$line" >> "$FLIGHTBOARD_SIGNALS""#;
/// Tool results can be megabytes; that there was one is all we need.
const TOOL_ENDED: &str =
    r#"cat > /dev/null; printf '%s\n' '{"hook_event_name":"PostToolUse"}' >> "$FLIGHTBOARD_SIGNALS""#;

/// After Esc there is no Stop; the next UserPromptSubmit or a title tells.
const WHOLE_EVENTS: [&str; 6] =
    ["SessionStart", "UserPromptSubmit", "PermissionRequest", "Notification", "Stop", "SessionEnd"];

pub(crate) fn extras(run_dir: &Path) -> Extras {
    let settings = run_dir.join("claude-settings.json");
    let signals = run_dir.join("signals.jsonl");
    Extras {
        args: vec!["--settings".into(), settings.clone().into()],
        env: vec![(SIGNALS_VARIABLE.into(), signals.clone().into())],
        files: vec![(settings, settings_json())],
        signals_file: Some(signals),
    }
}

fn settings_json() -> Vec<u8> {
    let hook =
        |command: &str| json!([{ "hooks": [{ "type": "command", "command": command, "timeout": 10 }] }]);
    let mut hooks: serde_json::Map<String, Value> =
        WHOLE_EVENTS.iter().map(|event| ((*event).to_owned(), hook(WHOLE))).collect();
    hooks.insert("PostToolUse".into(), hook(TOOL_ENDED));
    let mut bytes = serde_json::to_vec_pretty(&json!({ "hooks": hooks })).expect("strings and maps only");
    bytes.push(b'\n');
    bytes
}

/// One line that a hook wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookEvent {
    /// `SessionStart`, `Stop`, …
    pub name: String,
    pub session_id: Option<String>,
    pub signal: Option<Signal>,
}

/// Reads `signals.jsonl` as it grows: Claude's hooks, our opencode plugin,
/// which writes the same, and Qwen's own events. Lines that are not what we
/// expect are left out: anything that runs in the session can write there.
#[derive(Debug)]
pub struct HookLines {
    lines: Lines,
    qwen: crate::qwen::Turn,
}

impl Default for HookLines {
    fn default() -> Self {
        Self { lines: Lines::new(LINE_LIMIT), qwen: crate::qwen::Turn::default() }
    }
}

impl HookLines {
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<HookEvent> {
        let mut events = Vec::new();
        let Self { lines, qwen } = self;
        lines.feed(bytes, &mut |line| {
            if let LineEvent::Line(line) = line {
                events.extend(parse(line, qwen));
            }
        });
        events
    }
}

fn parse(line: &[u8], qwen: &mut crate::qwen::Turn) -> Option<HookEvent> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let (name, activity) = match value["hook_event_name"].as_str() {
        Some(name) => (name, activity(name, &value)),
        None => (value["type"].as_str()?, qwen.read(&value)),
    };
    let signal = activity.map(|activity| Signal { evidence: Evidence::Hook, activity });
    Some(HookEvent {
        name: clipped(name, 64),
        session_id: value["session_id"].as_str().map(|id| clipped(id, 128)),
        signal,
    })
}

fn activity(name: &str, value: &Value) -> Option<Activity> {
    let text = |key: &str| {
        value[key].as_str().map(|text| clipped(text, MESSAGE_LIMIT)).filter(|text| !text.is_empty())
    };
    match name {
        "SessionStart" => Some(Activity::Idle),
        "UserPromptSubmit" | "PostToolUse" => Some(Activity::working()),
        "PermissionRequest" => Some(permission(value)),
        "Notification" => {
            notification(value["notification_type"].as_str().unwrap_or_default(), text("message"))
        }
        "Stop" => Some(Activity::Done { message: text("last_assistant_message") }),
        _ => None,
    }
}

fn permission(value: &Value) -> Activity {
    let tool = value["tool_name"].as_str().unwrap_or("a tool");
    let kind = if tool == "AskUserQuestion" { WaitKind::Question } else { WaitKind::Permission };
    let summary = input_summary(&value["tool_input"]);
    let message = if summary.is_empty() { tool.to_owned() } else { format!("{tool}: {summary}") };
    Activity::Waiting { kind, message: Some(clipped(&message, MESSAGE_LIMIT)) }
}

fn notification(kind: &str, message: Option<String>) -> Option<Activity> {
    match kind {
        // The PermissionRequest before it already said for what.
        "permission_prompt" => None,
        "idle_prompt" => Some(Activity::Idle),
        "elicitation_dialog" => Some(Activity::Waiting { kind: WaitKind::Question, message }),
        "auth_success" => None,
        _ => Some(Activity::Waiting { kind: WaitKind::Unspecified, message }),
    }
}
