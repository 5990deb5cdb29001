//! `opencode run --format json`.
//!
//! There is no last word: a run is over when a step finishes for another
//! reason than tool calls. Unattended, a tool that needs permission is
//! refused by a plain line between the JSON, the run breaks off there, and
//! the exit code is 0.

use serde_json::Value;

use crate::stream::{
    Role, StreamEvent, UsageScope, bounded, input_summary, is_transient, one_line, status_in,
};

#[derive(Debug, Default)]
pub(crate) struct OpencodeStream {
    session: Option<String>,
    last_message: String,
    input: u64,
    output: u64,
    cached: u64,
    cost: f64,
}

impl OpencodeStream {
    pub fn value(&mut self, value: &Value, events: &mut Vec<StreamEvent>) {
        self.session(value["sessionID"].as_str(), events);
        let part = &value["part"];
        match value["type"].as_str() {
            Some("text") => {
                self.last_message = bounded(part["text"].as_str().unwrap_or_default());
                events.push(StreamEvent::Message {
                    role: Role::Assistant,
                    text: self.last_message.clone(),
                    continues: false,
                });
            }
            Some("tool_use") => tool(part, events),
            Some("step_finish") => self.step(part, events),
            Some("error") => failed(&value["error"], events),
            _ => {}
        }
    }

    /// `! permission requested: edit (hello.txt); auto-rejecting`
    pub fn text(&mut self, line: &str, events: &mut Vec<StreamEvent>) {
        let request = line.trim_start_matches(['!', ' ']).strip_prefix("permission requested: ");
        if let Some(tool) = request.and_then(|rest| rest.strip_suffix("; auto-rejecting")) {
            events.push(StreamEvent::Denied { tool: one_line(tool) });
        }
    }

    fn session(&mut self, id: Option<&str>, events: &mut Vec<StreamEvent>) {
        if let Some(id) = id.filter(|id| self.session.as_deref() != Some(id)) {
            self.session = Some(id.to_owned());
            events.push(StreamEvent::Session { id: one_line(id) });
        }
    }

    fn step(&mut self, part: &Value, events: &mut Vec<StreamEvent>) {
        let tokens = &part["tokens"];
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        self.input += count(&tokens["input"]) + count(&tokens["cache"]["write"]);
        self.output += count(&tokens["output"]) + count(&tokens["reasoning"]);
        self.cached += count(&tokens["cache"]["read"]);
        self.cost += part["cost"].as_f64().unwrap_or(0.0);
        events.push(StreamEvent::Usage {
            scope: UsageScope::Run,
            input: self.input,
            output: self.output,
            cached: self.cached,
        });
        // Models without a price cost 0 here, which is not the same as free.
        if self.cost > 0.0 {
            events.push(StreamEvent::Cost { usd: self.cost });
        }
        match part["reason"].as_str() {
            Some("tool-calls") | None => {}
            Some("stop") => events.push(StreamEvent::Finished { ok: true, text: self.last_message.clone() }),
            Some(reason) => {
                let message = format!("the model stopped: {}", one_line(reason));
                events.push(StreamEvent::Error { message: message.clone(), transient: false, status: None });
                events.push(StreamEvent::Finished { ok: false, text: message });
            }
        }
    }
}

/// Calls are told when they are over.
fn tool(part: &Value, events: &mut Vec<StreamEvent>) {
    let state = &part["state"];
    let id = one_line(part["callID"].as_str().unwrap_or_default());
    let ok = state["status"] == "completed";
    let said = if ok { &state["output"] } else { &state["error"] };
    events.push(StreamEvent::ToolCall {
        id: id.clone(),
        name: one_line(part["tool"].as_str().unwrap_or("tool")),
        summary: input_summary(&state["input"]),
    });
    let said: String = said.as_str().unwrap_or_default().chars().take(1_000).collect();
    events.push(StreamEvent::ToolResult { id, ok, summary: one_line(&said) });
}

fn failed(error: &Value, events: &mut Vec<StreamEvent>) {
    let message =
        error["data"]["message"].as_str().or(error["name"].as_str()).unwrap_or("the agent reports an error");
    let told = error["data"]["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = told.or_else(|| status_in(message));
    events.push(StreamEvent::Error {
        message: one_line(message),
        transient: is_transient(status, message),
        status,
    });
    events.push(StreamEvent::Finished { ok: false, text: bounded(message) });
}
