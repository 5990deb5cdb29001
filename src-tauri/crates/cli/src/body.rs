//! JSON bodies, in the words that other agent dashboards use for the same fields.

use domain::{Priority, Status};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use crate::{commands::text_or_file, failure::Failure};

/// A card. What is left out stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskBody {
    pub title: Option<String>,
    #[serde(alias = "desc")]
    pub description: Option<String>,
    pub status: Option<Status>,
    pub priority: Option<Priority>,
    /// None within: any agent.
    #[serde(alias = "assignee", deserialize_with = "given")]
    pub assigned_to: Option<Option<String>>,
    pub tags: Option<Vec<String>>,
    /// Name, path or number.
    #[serde(alias = "project_id", deserialize_with = "name_or_number")]
    pub project: Option<String>,
    /// Milliseconds since the epoch; none within: no date.
    #[serde(deserialize_with = "given")]
    pub due_at: Option<Option<i64>>,
    pub output: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleBody {
    pub name: Option<String>,
    pub schedule: Option<String>,
    #[serde(alias = "timezone")]
    pub zone: Option<String>,
    pub task_template: TaskBody,
}

pub fn task(text: &str) -> Result<TaskBody, Failure> {
    read(text)
}

pub fn schedule(text: &str) -> Result<ScheduleBody, Failure> {
    read(text)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let text = text_or_file(text)?;
    serde_json::from_str(&text).map_err(|error| Failure::invalid(app::unreadable(&error)))
}

/// Tells a field that is null from one that was left out.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

fn name_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(name) => Ok(Some(name)),
        Value::Number(number) => Ok(Some(number.to_string())),
        _ => Err(serde::de::Error::custom("a project is named by its name, path or number")),
    }
}
