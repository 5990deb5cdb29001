//! The board as a folder that people can read and keep under version control. Each record is a file: its
//! longest text as Markdown below a head between two lines of `---`, in which each line is a field's name
//! and its value as JSON (which is YAML as well). A card has a folder of its own with its comments, runs,
//! reviews and files; what it waits for, belongs to and has as files stands in its head.

mod reader;
#[cfg(test)]
mod tests;
mod writer;

use domain::{Millis, portable::Record};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::{
    reader::read,
    writer::{Writer, may_be_written},
};

/// Says what the folder is.
const HEAD: &str = "flightboard.json";
const CARD: &str = "card.md";
/// What a card waits for: in its head only here.
const WAITS_FOR: &str = "waits_for";
/// The card that it is a sub-task of: there, too.
const PART_OF: &str = "part_of";
/// Beside a card: what is in its files, and when each was added.
const FILES: &str = "files";
const FILE_LIST: &str = "files.json";

/// A file of a card in the list beside it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    at: Millis,
}

/// What other records say of a card, for its head.
#[derive(Default)]
struct Beside {
    waits_for: Vec<Value>,
    part_of: Option<String>,
}

/// The field that stands below the head.
fn body_field(kind: &str) -> &'static str {
    match kind {
        "task" | "schedule" => "description",
        "agent" => "instructions",
        "comment" => "body",
        "review" => "notes",
        _ => "reason",
    }
}

fn text_of(record: &Record, beside: Beside) -> String {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    let kind = value["type"].as_str().unwrap_or_default().to_owned();
    let fields = value.as_object_mut();
    let Some(fields) = fields else { return String::new() };
    let body = match fields.get(body_field(&kind)) {
        Some(Value::String(_)) => fields.remove(body_field(&kind)),
        _ => None,
    };
    if !beside.waits_for.is_empty() {
        fields.insert(WAITS_FOR.into(), Value::Array(beside.waits_for));
    }
    if let Some(parent) = beside.part_of {
        fields.insert(PART_OF.into(), parent.into());
    }
    let head: String = fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body = body.as_ref().and_then(Value::as_str).map(|text| format!("\n{text}")).unwrap_or_default();
    format!("---\n{head}---\n{body}")
}

/// The record, and what its head says of others.
fn parse(text: &str) -> Result<(Record, Vec<Record>), String> {
    let rest = text.strip_prefix("---\n").ok_or("it does not begin with a line of ---")?;
    let (head, body) = match rest.strip_prefix("---\n") {
        Some(body) => ("", body),
        None => rest.split_once("\n---\n").ok_or("its head has no end, a line of ---")?,
    };
    let mut fields = Map::new();
    for line in head.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("“{line}” is no field"))?;
        let value =
            serde_json::from_str(value.trim()).map_err(|error| format!("the value of {name}: {error}"))?;
        fields.insert(name.trim().to_owned(), value);
    }
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(body) = body.strip_prefix('\n') {
        fields.insert(body_field(&kind).into(), body.into());
    }
    let waits_for = fields.remove(WAITS_FOR);
    let part_of = fields.remove(PART_OF);
    let uid = fields.get("uid").cloned().unwrap_or_default();
    let record: Record = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    let edges = waits_for.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut more = Vec::new();
    if let Some(parent) = part_of {
        let subtask = serde_json::json!({ "task": uid, "parent": parent });
        let subtask =
            serde_json::from_value(subtask).map_err(|error| format!("what it is a part of: {error}"))?;
        more.push(Record::Subtask(subtask));
    }
    for edge in edges {
        let mut edge = edge.as_object().cloned().ok_or("what it waits for is no list of records")?;
        edge.insert("task".into(), uid.clone());
        let edge =
            serde_json::from_value(edge.into()).map_err(|error| format!("what it waits for: {error}"))?;
        more.push(Record::Edge(edge));
    }
    Ok((record, more))
}
