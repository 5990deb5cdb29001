//! The two boards' words for what we have, both ways. Their times are seconds since the epoch (the first) and ISO
//! text (the second); ours are milliseconds.

use app::wire::ListedTask;
use domain::{Priority, ProjectId, Status, TaskId};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The first board's word. What we call ready it calls assigned: looked through, and waiting for its agent.
pub(crate) fn status_word(status: &str) -> &str {
    if status == "ready" { "assigned" } else { status }
}

/// The second board's word.
fn item_status_word(status: &str) -> &str {
    if status == "in_progress" { "in_flight" } else { status }
}

pub(crate) fn priority(level: &Value) -> String {
    Priority::from_level(level.as_i64().unwrap_or(5)).unwrap_or_default().word().to_string()
}

/// The levels that a word stands for.
pub(crate) fn levels(word: &str) -> Option<(Priority, Priority)> {
    let wanted: Priority = word.parse().ok()?;
    let band: Vec<Priority> = (1..=10)
        .filter_map(|level| Priority::from_level(level).ok())
        .filter(|at| at.word() == wanted.word())
        .collect();
    Some((*band.first()?, *band.last()?))
}

pub(crate) fn seconds(millis: &Value) -> Value {
    millis.as_i64().map_or(Value::Null, |at| json!(whole_seconds(at)))
}

pub(crate) fn whole_seconds(millis: i64) -> i64 {
    millis.div_euclid(1000)
}

/// The last millisecond of the year 9999.
pub(crate) const LAST: i64 = 253_402_300_799_999;

/// Seconds, or milliseconds where they could be nothing else, or ISO text.
pub(crate) fn millis(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| (0.0..=LAST as f64).contains(number))?;
            Some(if number >= 1e11 { number as i64 } else { (number * 1000.0) as i64 })
        }
        Value::String(text) => {
            let stamp: Option<jiff::Timestamp> = text.parse().ok();
            let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
            stamp
                .map(jiff::Timestamp::as_millisecond)
                .or_else(|| day().map(|day| day.timestamp().as_millisecond()))
        }
        _ => None,
    }
}

/// None: no time that a calendar has.
pub(crate) fn iso_text(millis: i64) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(millis).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

/// Who, without saying what kind.
pub(crate) fn who(actor: &Value) -> Value {
    actor.as_str().map_or(Value::Null, |actor| json!(without_kind(actor)))
}

pub(crate) fn without_kind(actor: &str) -> &str {
    actor.strip_prefix("agent:").unwrap_or(actor)
}

/// A card as the first board has it.
#[derive(Serialize)]
pub(crate) struct Task<'c> {
    pub id: TaskId,
    ticket_ref: &'c str,
    uid: &'c str,
    pub title: &'c str,
    pub description: &'c str,
    pub status: &'c str,
    priority: String,
    priority_level: Priority,
    project_id: Option<ProjectId>,
    project_name: Option<&'c str>,
    assigned_to: Option<&'c str>,
    created_by: Option<&'c str>,
    pub created_at: i64,
    updated_at: i64,
    due_date: Option<i64>,
    completed_at: Option<i64>,
    tags: &'c [String],
    metadata: Map<String, Value>,
    estimated_hours: Option<f64>,
    actual_hours: Option<f64>,
    outcome: Option<&'c str>,
    error_message: Option<&'c str>,
    resolution: Option<&'c str>,
    feedback_rating: Option<u8>,
    feedback_notes: Option<&'c str>,
    dispatch_attempts: u32,
    retry_count: u32,
    comment_count: u32,
    artifact_count: u32,
    version: i64,
}

pub(crate) fn task(card: &ListedTask) -> Task<'_> {
    let outcome = &card.outcome;
    let metadata = outcome.metadata.as_deref().and_then(|text| serde_json::from_str(text).ok());
    Task {
        id: card.id,
        ticket_ref: &card.key,
        uid: &card.uid,
        title: &card.title,
        description: &card.description,
        status: status_word(card.status.word()),
        priority: card.priority.word().to_string(),
        priority_level: card.priority,
        project_id: card.project,
        project_name: card.project_name.as_deref(),
        assigned_to: card.agent.as_deref(),
        created_by: card.created_by.as_deref().map(without_kind),
        created_at: whole_seconds(card.created_at),
        updated_at: whole_seconds(card.updated_at),
        due_date: card.due_at.map(whole_seconds),
        completed_at: card.finished_at.map(whole_seconds),
        tags: &card.tags,
        metadata: metadata.unwrap_or_default(),
        estimated_hours: outcome.estimated_hours,
        actual_hours: outcome.actual_hours,
        outcome: outcome.outcome.as_deref(),
        error_message: outcome.error_message.as_deref().or(card.failure.as_deref()),
        resolution: outcome.resolution.as_deref(),
        feedback_rating: outcome.feedback_rating,
        feedback_notes: outcome.feedback_notes.as_deref(),
        dispatch_attempts: attempts(card),
        retry_count: card.runs.saturating_sub(1),
        comment_count: card.comments,
        artifact_count: card.artifacts,
        version: card.version,
    }
}

/// Attempts that came to nothing.
fn attempts(card: &ListedTask) -> u32 {
    let under_way_or_well = matches!(card.status, Status::InProgress | Status::Review | Status::Done);
    if under_way_or_well { card.runs.saturating_sub(1) } else { card.runs }
}

/// A card as the second board has it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item<'c> {
    id: TaskId,
    key: &'c str,
    title: &'c str,
    description: &'c str,
    status: &'c str,
    priority: String,
    agent: Option<&'c str>,
    tags: &'c [String],
    created_at: Option<String>,
    updated_at: Option<String>,
    completed_at: Option<String>,
    artifacts: u32,
    error: Option<&'c str>,
}

pub(crate) fn item(card: &ListedTask) -> Item<'_> {
    let priority = match card.priority.word().to_string().as_str() {
        "critical" => "urgent".to_owned(),
        other => other.to_owned(),
    };
    Item {
        id: card.id,
        key: &card.key,
        title: &card.title,
        description: &card.description,
        status: item_status_word(card.status.word()),
        priority,
        agent: card.agent.as_deref(),
        tags: &card.tags,
        created_at: iso_text(card.created_at),
        updated_at: iso_text(card.updated_at),
        completed_at: card.finished_at.and_then(iso_text),
        artifacts: card.artifacts,
        error: card.failure.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use domain::Status;

    use super::*;

    #[test]
    fn the_states_of_the_machine_and_either_board_s_words_are_one_to_one() {
        for ours in Status::ALL {
            for word in [status_word(ours.word()), item_status_word(ours.word())] {
                assert_eq!(Status::parse(word), Some(ours), "{word}");
            }
        }
    }

    #[test]
    fn the_words_for_priorities_cover_every_level_once() {
        let bands: Vec<_> = ["low", "medium", "high", "critical"].into_iter().filter_map(levels).collect();
        let ends: Vec<_> = bands.iter().map(|(low, high)| (low.level(), high.level())).collect();
        assert_eq!(ends, [(1, 3), (4, 6), (7, 8), (9, 10)]);
        assert_eq!(levels("urgent"), levels("critical"));
        assert_eq!(levels("whenever"), None);
    }

    #[test]
    fn a_time_is_read_in_seconds_milliseconds_or_words() {
        for (given, millis_of) in [
            (json!(1_800_000_000), Some(1_800_000_000_000)),
            (json!(1_800_000_000_000_i64), Some(1_800_000_000_000)),
            (json!("2027-01-15T08:00:00Z"), Some(1_800_000_000_000)),
            (json!("2027-01-15"), Some(1_799_971_200_000)),
            (json!("soon"), None),
            (json!(-1), None),
            (json!([]), None),
        ] {
            assert_eq!(millis(&given), millis_of, "{given}");
        }
        assert_eq!(iso_text(1_800_000_000_123).as_deref(), Some("2027-01-15T08:00:00.123Z"));
    }
}
