//! aider's plain text. A few lines of it are dependable: token counts end
//! each exchange, and a failed call to the model starts with `litellm.`. Its
//! exit code is 0 even when the key was refused.

use crate::stream::{StreamEvent, UsageScope, is_transient, one_line, status_in};

#[derive(Debug, Default)]
pub(crate) struct AiderText {
    input: u64,
    output: u64,
}

impl AiderText {
    pub fn line(&mut self, line: &str, events: &mut Vec<StreamEvent>) {
        if let Some(counts) = line.strip_prefix("Tokens: ") {
            self.tokens(counts, events);
        } else if line.starts_with("litellm.") && line.contains("Error") {
            let status = status_in(line).or_else(|| status_of(line));
            events.push(StreamEvent::Error {
                message: one_line(line),
                transient: is_transient(status, line),
                status,
            });
        } else if let Some(path) = line.strip_prefix("Applied edit to ") {
            events.push(StreamEvent::ToolCall {
                id: String::new(),
                name: "edit".into(),
                summary: one_line(path),
            });
        } else if let Some(commit) = line.strip_prefix("Commit ") {
            events.push(StreamEvent::ToolCall {
                id: String::new(),
                name: "commit".into(),
                summary: one_line(commit),
            });
        } else if let Some(model) = line.strip_prefix("Model: ") {
            let name = model.split(" with ").next().unwrap_or(model);
            events.push(StreamEvent::Model { name: one_line(name) });
        }
    }

    /// `2.3k sent, 25 received. Cost: $0.01 message, $0.02 session.`
    fn tokens(&mut self, counts: &str, events: &mut Vec<StreamEvent>) {
        self.input += before(counts, " sent").map_or(0, count);
        self.output += before(counts, " received").map_or(0, count);
        events.push(StreamEvent::Usage {
            scope: UsageScope::Run,
            input: self.input,
            output: self.output,
            cached: 0,
        });
        let session = counts.split_once("message, $").and_then(|(_, rest)| rest.split(' ').next());
        if let Some(usd) = session.and_then(|usd| usd.parse().ok()) {
            events.push(StreamEvent::Cost { usd });
        }
        events.push(StreamEvent::Finished { ok: true, text: String::new() });
    }
}

/// The word before a word: `2.3k` in `2.3k sent`.
fn before<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.split(word).next().filter(|head| head.len() < text.len())?.rsplit(' ').next()
}

fn count(text: &str) -> u64 {
    let (digits, unit) = match text.strip_suffix('k') {
        Some(digits) => (digits, 1_000.0),
        None => match text.strip_suffix('M') {
            Some(digits) => (digits, 1_000_000.0),
            None => (text, 1.0),
        },
    };
    digits.replace(',', "").parse::<f64>().map_or(0, |number| (number * unit).round() as u64)
}

fn status_of(line: &str) -> Option<u16> {
    [("AuthenticationError", 401), ("RateLimitError", 429), ("BadRequestError", 400), ("NotFoundError", 404)]
        .into_iter()
        .find_map(|(name, status)| line.contains(name).then_some(status))
}
