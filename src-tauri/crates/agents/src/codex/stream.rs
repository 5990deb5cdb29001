//! `codex exec --json`.
//!
//! Warnings arrive as items of type `error`, and retries as events of type
//! `error`: neither ends the turn. Only `turn.failed` and `turn.completed`
//! do. Token counts are those of the whole thread.

use serde_json::Value;

use crate::stream::{
    Role, StreamEvent, UsageScope, bounded, input_summary, is_rate_limit, is_transient, one_line, status_in,
};

#[derive(Debug, Default)]
pub(crate) struct CodexStream {
    last_message: String,
}

impl CodexStream {
    pub fn value(&mut self, value: &Value, events: &mut Vec<StreamEvent>) {
        match value["type"].as_str() {
            Some("thread.started") => {
                let id = value["thread_id"].as_str().map(one_line);
                events.extend(id.map(|id| StreamEvent::Session { id }));
            }
            Some("turn.started") => self.last_message.clear(),
            // A file change is told once, when it is done.
            Some("item.started") if value["item"]["type"] != "file_change" => {
                events.extend(tool_call(&value["item"]))
            }
            Some("item.completed") => self.item(&value["item"], events),
            Some("error") => events.push(retrying(value["message"].as_str().unwrap_or_default())),
            Some("turn.failed") => self.failed(&value["error"], events),
            Some("turn.completed") => {
                events.extend(usage(&value["usage"]));
                events.push(StreamEvent::Finished { ok: true, text: std::mem::take(&mut self.last_message) });
            }
            _ => {}
        }
    }

    fn item(&mut self, item: &Value, events: &mut Vec<StreamEvent>) {
        let text = |key: &str| item[key].as_str().unwrap_or_default();
        match text("type") {
            "agent_message" => {
                self.last_message = bounded(text("text"));
                events.push(StreamEvent::Message {
                    role: Role::Assistant,
                    text: self.last_message.clone(),
                    continues: false,
                });
            }
            "error" => events.push(StreamEvent::Notice { message: one_line(text("message")) }),
            "file_change" => {
                events.extend(tool_call(item));
                events.push(result(item));
            }
            "command_execution" | "mcp_tool_call" | "web_search" => events.push(result(item)),
            _ => {}
        }
    }

    fn failed(&mut self, error: &Value, events: &mut Vec<StreamEvent>) {
        let message = innermost(error["message"].as_str().unwrap_or("the turn failed"));
        let status = status_in(&message);
        events.push(StreamEvent::Error {
            transient: is_transient(status, &message),
            message: one_line(&message),
            status,
        });
        events.push(StreamEvent::Finished { ok: false, text: message });
    }
}

fn tool_call(item: &Value) -> Option<StreamEvent> {
    let kind = item["type"].as_str()?;
    let (name, summary) = match kind {
        "command_execution" => {
            ("shell".to_owned(), one_line(unwrapped(item["command"].as_str().unwrap_or_default())))
        }
        "mcp_tool_call" => {
            (one_line(item["tool"].as_str().unwrap_or("tool")), input_summary(&item["arguments"]))
        }
        "web_search" => ("web_search".to_owned(), input_summary(item)),
        "file_change" => ("edit".to_owned(), changed_paths(&item["changes"])),
        _ => return None,
    };
    Some(StreamEvent::ToolCall { id: id_of(item), name, summary })
}

fn changed_paths(changes: &Value) -> String {
    let paths: Vec<&str> =
        changes.as_array().into_iter().flatten().filter_map(|change| change["path"].as_str()).collect();
    one_line(&paths.join(" "))
}

fn result(item: &Value) -> StreamEvent {
    let failed = matches!(item["status"].as_str(), Some("failed" | "declined"))
        || item["exit_code"].as_i64().is_some_and(|code| code != 0);
    let output: String = item["aggregated_output"].as_str().unwrap_or_default().chars().take(1_000).collect();
    StreamEvent::ToolResult { id: id_of(item), ok: !failed, summary: one_line(&output) }
}

fn id_of(item: &Value) -> String {
    one_line(item["id"].as_str().unwrap_or_default())
}

/// `/bin/bash -lc 'make test'` is shown as `make test`.
fn unwrapped(command: &str) -> &str {
    let script =
        command.split_once(" -lc ").or_else(|| command.split_once(" -c ")).map(|(_, script)| script.trim());
    let quoted = |script: &'_ str| -> bool {
        script.len() > 1
            && (script.starts_with('\'') && script.ends_with('\'')
                || script.starts_with('"') && script.ends_with('"'))
    };
    match script {
        Some(script) if quoted(script) => &script[1..script.len() - 1],
        Some(script) => script,
        None => command,
    }
}

/// `error` events come while Codex tries again; if it gives up, `turn.failed` follows.
fn retrying(message: &str) -> StreamEvent {
    let message = innermost(message);
    let status = status_in(&message);
    match is_rate_limit(status, &message) {
        true => StreamEvent::RateLimited { message: one_line(&message), retry_in_ms: None },
        false => StreamEvent::Error {
            transient: message.starts_with("Reconnecting") || is_transient(status, &message),
            message: one_line(&message),
            status,
        },
    }
}

/// A message may be the server's whole JSON answer; its type says what a
/// missing status would.
fn innermost(message: &str) -> String {
    let parsed = serde_json::from_str::<Value>(message).unwrap_or_default();
    let error = &parsed["error"];
    match (error["message"].as_str(), error["type"].as_str()) {
        (Some(text), Some(kind)) => format!("{text} ({kind})"),
        (Some(text), None) => text.to_owned(),
        (None, _) => message.to_owned(),
    }
}

fn usage(usage: &Value) -> Option<StreamEvent> {
    let count = |key: &str| usage[key].as_u64().unwrap_or(0);
    usage.is_object().then(|| StreamEvent::Usage {
        scope: UsageScope::Session,
        // Codex counts cached tokens into the input.
        input: count("input_tokens").saturating_sub(count("cached_input_tokens")),
        output: count("output_tokens"),
        cached: count("cached_input_tokens"),
    })
}
