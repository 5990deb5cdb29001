//! What Qwen Code's terminal interface writes to its `--json-file`: the
//! unattended stream without its last word, and the questions that it asks
//! about tools. A message that ends without asking for a tool ends the turn.

use serde_json::Value;

use crate::stream::{input_summary, one_line};
use crate::{Activity, WaitKind};

#[derive(Debug, Default)]
pub(crate) struct Turn {
    wants_tool: bool,
    error: Option<String>,
}

impl Turn {
    pub fn read(&mut self, value: &Value) -> Option<Activity> {
        match (value["type"].as_str()?, value["event"]["type"].as_str()) {
            ("system", _) if value["subtype"] == "session_start" => Some(Activity::Idle),
            ("user" | "control_response", _) => Some(Activity::working()),
            ("stream_event", Some("message_start")) => {
                *self = Self::default();
                Some(Activity::working())
            }
            ("assistant", _) => {
                self.message(value);
                None
            }
            ("stream_event", Some("message_stop")) => Some(self.end()),
            ("control_request", _) => question(&value["request"]),
            _ => None,
        }
    }

    fn message(&mut self, value: &Value) {
        for block in value["message"]["content"].as_array().into_iter().flatten() {
            self.wants_tool |= block["type"] == "tool_use";
            let text = block["text"].as_str().unwrap_or_default();
            if text.trim_start().starts_with("[API Error") {
                self.error = Some(one_line(text));
            }
        }
    }

    fn end(&mut self) -> Activity {
        match self.error.take() {
            Some(message) => Activity::Error { message },
            None if self.wants_tool => Activity::working(),
            None => Activity::done(),
        }
    }
}

fn question(request: &Value) -> Option<Activity> {
    let tool = request["tool_name"].as_str().filter(|_| request["subtype"] == "can_use_tool")?;
    let kind = if tool == "ask_user_question" { WaitKind::Question } else { WaitKind::Permission };
    let summary = input_summary(&request["input"]);
    let message = if summary.is_empty() { one_line(tool) } else { format!("{}: {summary}", one_line(tool)) };
    Some(Activity::Waiting { kind, message: Some(message) })
}
