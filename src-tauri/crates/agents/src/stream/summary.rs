//! One readable line from a tool's input or output.

use serde_json::Value;

use crate::escape::clipped;

const SUMMARY_LIMIT: usize = 200;

/// What people want to know about a call, most telling first.
const TELLING: [&str; 11] = [
    "command",
    "file_path",
    "filePath",
    "path",
    "pattern",
    "query",
    "url",
    "question",
    "description",
    "prompt",
    "message",
];

pub(crate) fn input_summary(input: &Value) -> String {
    let telling = TELLING
        .iter()
        .find_map(|key| input[*key].as_str())
        .or_else(|| input["questions"][0]["question"].as_str());
    match (telling, input) {
        (Some(text), _) => one_line(text),
        (None, Value::Null) => String::new(),
        (None, Value::String(text)) => one_line(text),
        (None, Value::Object(map)) if map.is_empty() => String::new(),
        (None, other) => one_line(&other.to_string()),
    }
}

pub(crate) fn one_line(text: &str) -> String {
    clipped(text, SUMMARY_LIMIT)
}
