//! cron: schedules. What depends on the day of the test is left out of the transcript.

use crate::desk::{Desk, assert_transcript};

#[test]
fn a_schedule_is_made_paused_resumed_and_removed_by_name_or_number() {
    let mut desk = Desk::new();
    let audit = ["--name", "audit", "--schedule", "0 0 29 2 *", "--title", "Audit", "--zone", "UTC"];
    let made = desk.json(&[&["cron", "create"], &audit[..]].concat());
    assert_eq!((&made["title"], &made["misfire"]), (&"Audit {date}".into(), &"one".into()));
    desk.types(&["cron", "pause", "AUDIT"]).types(&["cron", "list"]);
    let resumed = desk.json(&["cron", "resume", "1"]);
    assert_eq!(resumed["next_at"], made["next_at"]);
    let card = desk.json(&["cron", "run", "audit"]);
    assert_eq!(card["title"].as_str().map(|title| title.len()), Some("Audit 2028-02-29".len()));
    desk.types(&["cron", "remove", "1"]).types(&["cron", "list"]).types(&["cron", "run", "audit"]);
    assert_transcript!("cron", desk);
}

#[test]
fn what_cannot_be_a_schedule_is_refused_with_the_next_step() {
    let mut desk = Desk::new();
    for (when, title, zone) in [
        ("every 2 weeks", "X", "UTC"),
        ("0 25 * * *", "X", "UTC"),
        ("daily", "X {version}", "UTC"),
        ("daily", "X", "berlin"),
        ("on 30 february", "X", "UTC"),
    ] {
        desk.types(&["cron", "create", "--name", "x", "--schedule", when, "--title", title, "--zone", zone]);
    }
    desk.types(&["cron", "preview", "twice a day"]).types(&["cron", "list", "--json"]);
    assert_transcript!("cron_refused", desk);
}
