//! `gemini -p … -o stream-json`.
//!
//! Messages arrive in pieces, all marked `delta`, the first one too; a piece
//! goes on from the last only if nothing else came between.

use serde_json::Value;

use crate::stream::{
    Role, StreamEvent, UsageScope, bounded, input_summary, is_transient, one_line, status_in,
};

#[derive(Debug, Default)]
pub(crate) struct GeminiStream {
    reply: String,
    in_reply: bool,
}

impl GeminiStream {
    pub fn value(&mut self, value: &Value, events: &mut Vec<StreamEvent>) {
        let text = |key: &str| value[key].as_str().unwrap_or_default();
        let kind = text("type");
        let is_reply = kind == "message" && text("role") == "assistant";
        let continues = is_reply && self.in_reply && value["delta"] == true;
        self.in_reply = is_reply;
        match kind {
            "init" => {
                events.push(StreamEvent::Session { id: one_line(text("session_id")) });
                events.push(StreamEvent::Model { name: one_line(text("model")) });
            }
            "message" if is_reply => self.reply(text("content"), continues, events),
            "message" => events.push(StreamEvent::Message {
                role: Role::User,
                text: bounded(text("content")),
                continues: false,
            }),
            "tool_use" => events.push(StreamEvent::ToolCall {
                id: one_line(text("tool_id")),
                name: one_line(text("tool_name")),
                summary: input_summary(&value["parameters"]),
            }),
            "tool_result" => events.push(StreamEvent::ToolResult {
                id: one_line(text("tool_id")),
                ok: text("status") != "error",
                summary: one_line(&text("output").chars().take(1_000).collect::<String>()),
            }),
            "error" => events.push(error(text("message"))),
            "result" => self.result(value, events),
            _ => {}
        }
    }

    fn reply(&mut self, piece: &str, continues: bool, events: &mut Vec<StreamEvent>) {
        if !continues {
            self.reply.clear();
        }
        if self.reply.len() < crate::stream::TEXT_LIMIT {
            self.reply.push_str(piece);
        }
        events.push(StreamEvent::Message { role: Role::Assistant, text: bounded(piece), continues });
    }

    fn result(&mut self, value: &Value, events: &mut Vec<StreamEvent>) {
        let stats = &value["stats"];
        let count = |key: &str| stats[key].as_u64().unwrap_or(0);
        if stats.is_object() {
            events.push(StreamEvent::Usage {
                scope: UsageScope::Run,
                input: count("input_tokens").saturating_sub(count("cached")),
                output: count("output_tokens"),
                cached: count("cached"),
            });
        }
        if value["status"] == "success" {
            events.push(StreamEvent::Finished { ok: true, text: bounded(&std::mem::take(&mut self.reply)) });
            return;
        }
        let message = innermost(value["error"]["message"].as_str().unwrap_or("the agent reports an error"));
        events.push(error(&message));
        events.push(StreamEvent::Finished { ok: false, text: message });
    }
}

fn error(message: &str) -> StreamEvent {
    let status = status_in(message);
    StreamEvent::Error { transient: is_transient(status, message), message: one_line(message), status }
}

/// `[API Error: {"error":{"code":400,"message":"…"}}]` becomes `API Error: 400 …`.
fn innermost(message: &str) -> String {
    let json = message.strip_prefix("[API Error: ").and_then(|rest| rest.strip_suffix(']'));
    let parsed: Option<Value> = json.and_then(|json| serde_json::from_str(json).ok());
    let inner = parsed.as_ref().map(|value| &value["error"]);
    match inner.and_then(|error| Some((error["code"].as_u64()?, error["message"].as_str()?))) {
        Some((code, text)) => format!("API Error: {code} {text}"),
        None => message.to_owned(),
    }
}
