//! `claude -p --output-format stream-json`, and Qwen Code's copy of it.
//!
//! The last word is `result`, and its `subtype` is `success` even when the
//! API refused: `is_error` is what counts. In Qwen's copy that is wrong too.

use serde_json::Value;

use crate::stream::{
    Role, StreamEvent, UsageScope, bounded, input_summary, is_rate_limit, is_transient, one_line, status_in,
};

#[derive(Debug)]
pub(crate) struct ClaudeStream {
    /// An API error hides in the text of a result that claims success.
    success_may_lie: bool,
    model: Option<String>,
}

impl ClaudeStream {
    pub fn claude() -> Self {
        Self { success_may_lie: false, model: None }
    }

    pub fn qwen() -> Self {
        Self { success_may_lie: true, model: None }
    }

    pub fn value(&mut self, value: &Value, events: &mut Vec<StreamEvent>) {
        match (value["type"].as_str(), value["subtype"].as_str()) {
            (Some("system"), Some("init")) => self.init(value, events),
            (Some("system"), Some("api_retry")) => events.push(retry(value)),
            (Some("assistant"), _) => assistant(value, events),
            (Some("user"), _) => tool_results(value, events),
            (Some("result"), _) => self.result(value, events),
            _ => {}
        }
    }

    fn init(&mut self, value: &Value, events: &mut Vec<StreamEvent>) {
        if let Some(id) = value["session_id"].as_str() {
            events.push(StreamEvent::Session { id: one_line(id) });
        }
        let model = value["model"].as_str().map(one_line);
        // A session with several turns is initialised for each.
        if model.is_some() && model != self.model {
            self.model.clone_from(&model);
            events.extend(model.map(|name| StreamEvent::Model { name }));
        }
    }

    fn result(&self, value: &Value, events: &mut Vec<StreamEvent>) {
        let text = value["result"].as_str().unwrap_or_default();
        for denial in value["permission_denials"].as_array().into_iter().flatten() {
            events.push(StreamEvent::Denied {
                tool: one_line(denial["tool_name"].as_str().unwrap_or("a tool")),
            });
        }
        events.extend(usage(&value["usage"]));
        if let Some(usd) = value["total_cost_usd"].as_f64() {
            events.push(StreamEvent::Cost { usd });
        }
        let failed =
            value["is_error"].as_bool().unwrap_or(true) || self.success_may_lie && is_api_error(text);
        if failed {
            events.push(error(result_status(value), &reason(value, text)));
        }
        events.push(StreamEvent::Finished { ok: !failed, text: bounded(text) });
    }
}

/// An `error_max_turns` and its like have no text.
fn reason(value: &Value, text: &str) -> String {
    let errors: Vec<&str> =
        value["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match (text, errors.as_slice(), value["subtype"].as_str()) {
        ("", [], Some(subtype)) => subtype.replace('_', " "),
        ("", [], None) => "the agent reports an error".into(),
        ("", errors, _) => errors.join("; "),
        (text, ..) => text.to_owned(),
    }
}

fn result_status(value: &Value) -> Option<u16> {
    value["api_error_status"].as_u64().and_then(|status| u16::try_from(status).ok())
}

fn is_api_error(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("[API Error") || text.starts_with("API Error:")
}

fn error(status: Option<u16>, message: &str) -> StreamEvent {
    let status = status.or_else(|| status_in(message));
    StreamEvent::Error { transient: is_transient(status, message), message: one_line(message), status }
}

fn retry(value: &Value) -> StreamEvent {
    let status = value["error_status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let name = value["error"].as_str().unwrap_or("unknown");
    let (attempt, most) =
        (value["attempt"].as_u64().unwrap_or(0), value["max_retries"].as_u64().unwrap_or(0));
    let code = status.map(|status| format!(" {status}")).unwrap_or_default();
    let message = format!("the model's server did not answer ({name}{code}); try {attempt} of {most}");
    match is_rate_limit(status, name) {
        true => StreamEvent::RateLimited {
            message: one_line(&message),
            retry_in_ms: value["retry_delay_ms"].as_f64().map(|ms| ms as u64),
        },
        false => StreamEvent::Error { message: one_line(&message), transient: true, status },
    }
}

fn assistant(value: &Value, events: &mut Vec<StreamEvent>) {
    // What a subagent says is its own business; its tool calls are shown.
    let is_subagent = value["parent_tool_use_id"].is_string();
    for block in value["message"]["content"].as_array().into_iter().flatten() {
        match block["type"].as_str() {
            Some("text") if !is_subagent => events.push(StreamEvent::Message {
                role: Role::Assistant,
                text: bounded(block["text"].as_str().unwrap_or_default()),
                continues: false,
            }),
            Some("tool_use") => events.push(StreamEvent::ToolCall {
                id: one_line(block["id"].as_str().unwrap_or_default()),
                name: one_line(block["name"].as_str().unwrap_or("tool")),
                summary: input_summary(&block["input"]),
            }),
            _ => {}
        }
    }
}

fn tool_results(value: &Value, events: &mut Vec<StreamEvent>) {
    for block in value["message"]["content"].as_array().into_iter().flatten() {
        if block["type"] == "tool_result" {
            events.push(StreamEvent::ToolResult {
                id: one_line(block["tool_use_id"].as_str().unwrap_or_default()),
                ok: !block["is_error"].as_bool().unwrap_or(false),
                summary: one_line(&content_text(&block["content"])),
            });
        }
    }
}

/// A string, or a list of blocks of which some are text.
fn content_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.chars().take(1_000).collect(),
        Value::Array(blocks) => {
            blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

fn usage(usage: &Value) -> Option<StreamEvent> {
    let count = |key: &str| usage[key].as_u64().unwrap_or(0);
    usage.is_object().then(|| StreamEvent::Usage {
        scope: UsageScope::Run,
        // What went into and came out of the cache is input too.
        input: count("input_tokens") + count("cache_creation_input_tokens"),
        output: count("output_tokens"),
        cached: count("cache_read_input_tokens"),
    })
}
