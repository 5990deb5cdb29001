//! The two boards' words for what we have, both ways. Their times are seconds since the epoch (the first) and ISO
//! text (the second); ours are milliseconds.

use domain::Priority;
use serde_json::{Value, json};

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
    millis.as_i64().map_or(Value::Null, |at| json!(at.div_euclid(1000)))
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

pub(crate) fn iso(millis: &Value) -> Value {
    let at = millis.as_i64().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    at.map_or(Value::Null, |at| json!(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
}

/// Who, without saying what kind.
pub(crate) fn who(actor: &Value) -> Value {
    actor.as_str().map_or(Value::Null, |actor| json!(actor.strip_prefix("agent:").unwrap_or(actor)))
}

/// A card as the first board has it.
pub(crate) fn task(listed: &Value) -> Value {
    let outcome = &listed["outcome"];
    let metadata = outcome["metadata"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let failure =
        if outcome["error_message"].is_null() { &listed["failure"] } else { &outcome["error_message"] };
    json!({
        "id": listed["id"],
        "ticket_ref": listed["key"],
        "uid": listed["uid"],
        "title": listed["title"],
        "description": listed["description"],
        "status": status_word(listed["status"].as_str().unwrap_or_default()),
        "priority": priority(&listed["priority"]),
        "priority_level": listed["priority"],
        "project_id": listed["project"],
        "project_name": listed["project_name"],
        "assigned_to": listed["agent_spelled"],
        "created_by": who(&listed["created_by"]),
        "created_at": seconds(&listed["created_at"]),
        "updated_at": seconds(&listed["updated_at"]),
        "due_date": seconds(&listed["due_at"]),
        "completed_at": seconds(&listed["finished_at"]),
        "tags": listed["tags"],
        "metadata": metadata.unwrap_or_else(|| json!({})),
        "estimated_hours": outcome["estimated_hours"],
        "actual_hours": outcome["actual_hours"],
        "outcome": outcome["outcome"],
        "error_message": failure,
        "resolution": outcome["resolution"],
        "feedback_rating": outcome["feedback_rating"],
        "feedback_notes": outcome["feedback_notes"],
        "dispatch_attempts": attempts(listed),
        "retry_count": listed["runs"].as_i64().map_or(0, |runs| (runs - 1).max(0)),
        "comment_count": listed["comments"],
        "artifact_count": listed["artifacts"],
        "version": listed["version"],
    })
}

/// Attempts that came to nothing.
fn attempts(listed: &Value) -> i64 {
    let runs = listed["runs"].as_i64().unwrap_or(0);
    let under_way_or_well = matches!(listed["status"].as_str(), Some("in_progress" | "review" | "done"));
    if under_way_or_well { (runs - 1).max(0) } else { runs }
}

/// A card as the second board has it.
pub(crate) fn item(listed: &Value) -> Value {
    let priority = match priority(&listed["priority"]).as_str() {
        "critical" => "urgent".to_owned(),
        other => other.to_owned(),
    };
    json!({
        "id": listed["id"],
        "key": listed["key"],
        "title": listed["title"],
        "description": listed["description"],
        "status": item_status_word(listed["status"].as_str().unwrap_or_default()),
        "priority": priority,
        "agent": listed["agent"],
        "tags": listed["tags"],
        "createdAt": iso(&listed["created_at"]),
        "updatedAt": iso(&listed["updated_at"]),
        "completedAt": iso(&listed["finished_at"]),
        "artifacts": listed["artifacts"],
        "error": listed["failure"],
    })
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
        assert_eq!(iso(&json!(1_800_000_000_123_i64)), "2027-01-15T08:00:00.123Z");
    }
}
