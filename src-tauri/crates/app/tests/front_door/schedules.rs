//! Schedules on a real engine, whose clock a test moves by hand.

use app::{Clock, ClockHand, wire::ProblemCode};
use engine::EngineEvent;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::front_door::FrontDoor;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().expect("a time").as_millisecond()
}

/// A board whose clock stands at `start`.
struct Timed {
    door: FrontDoor,
    hand: ClockHand,
}

impl Timed {
    async fn open(start: &str) -> Timed {
        Timed::open_in(start, tempfile::tempdir().expect("a temporary folder")).await
    }

    async fn open_in(start: &str, dir: TempDir) -> Timed {
        let (clock, hand) = Clock::by_hand(at(start));
        Timed { door: FrontDoor::open_by(clock, dir).await, hand }
    }

    /// Makes a schedule in Berlin; `fields` go over the defaults.
    async fn schedule(&self, name: &str, when: &str, fields: Value) -> i64 {
        let mut request = json!({ "name": name, "when": when, "zone": "Europe/Berlin", "title": name });
        request.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        self.door.ok("put_schedule", request).await["id"].as_i64().expect("an id")
    }

    async fn titles(&self) -> Vec<String> {
        let board = self.door.ok("get_board", json!({})).await;
        let mut titles: Vec<String> = board["cards"]
            .as_array()
            .expect("cards")
            .iter()
            .map(|card| card["title"].as_str().unwrap().into())
            .collect();
        titles.sort();
        titles
    }

    async fn card(&self, title: &str) -> Value {
        let board = self.door.ok("get_board", json!({})).await;
        let cards = board["cards"].as_array().expect("cards");
        cards.iter().find(|card| card["title"] == title).unwrap_or_else(|| panic!("no card {title}")).clone()
    }

    async fn shown(&self, id: i64) -> Value {
        let list = self.door.ok("list_schedules", json!({})).await;
        list.as_array().expect("a list").iter().find(|one| one["id"] == id).expect("the schedule").clone()
    }

    async fn due(&self, time: i64) -> bool {
        let list = self.door.ok("list_schedules", json!({})).await;
        let next = |schedule: &Value| schedule["next_at"].as_i64();
        list.as_array().expect("a list").iter().filter_map(next).any(|next| next <= time)
    }

    /// Moves the clock and waits until the engine has decided over every firing up to then. Where none is
    /// due, a schedule made for it says that the engine has looked.
    async fn move_to(&self, time: i64) {
        let mut events = self.door.app.engine().events();
        let beacon = json!({
            "name": "beacon", "when": "every minute", "zone": "UTC", "title": "beacon", "overlap": "allow",
        });
        let beacon = self.door.ok("put_schedule", beacon).await["id"].as_i64().expect("an id");
        self.hand.set(time);
        let decided = tokio::time::timeout(std::time::Duration::from_secs(60), async {
            while self.due(time).await {
                while !matches!(events.next().await, Some(EngineEvent::Changed(_) | EngineEvent::Missed)) {}
            }
        });
        decided.await.expect("the engine fires what is due");
        let card = self.shown(beacon).await["last"].clone();
        self.door.ok("trash_task", json!({ "id": card["id"] })).await;
        self.door.ok("remove_schedule", json!({ "id": beacon })).await;
    }

    async fn close(self) -> TempDir {
        self.door.app.engine().shutdown().await;
        self.door.dir
    }
}

#[tokio::test]
async fn a_schedule_makes_a_dated_card_at_its_time_and_its_template_is_none() {
    let board = Timed::open("2026-11-21T12:00:00Z").await;
    let fields = json!({
        "title": "Standup report {date}", "description": "Since {weekday}", "priority": "high", "tags": ["daily"],
        "assignee": "demo", "column": "ready",
    });
    let id = board.schedule("standup", "every weekday at 9", fields).await;
    assert_eq!(board.titles().await, [""; 0]);
    let shown = board.shown(id).await;
    assert_eq!(
        (&shown["cron"], &shown["sentence"]),
        (&json!("0 9 * * 1-5"), &json!("At 09:00, on Monday to Friday"))
    );
    assert_eq!(shown["next_at"], at("2026-11-23T08:00:00Z"));

    board.move_to(at("2026-11-23T07:59:59Z")).await;
    assert_eq!(board.titles().await, [""; 0]);
    board.move_to(at("2026-11-23T08:00:30Z")).await;
    assert_eq!(board.titles().await, ["Standup report 2026-11-23"]);
    let card = board.card("Standup report 2026-11-23").await;
    assert_eq!(
        (&card["status"], &card["priority"], &card["assignee"]),
        (&json!("ready"), &json!(8), &json!("demo"))
    );
    let task = board.door.ok("get_task", json!({ "id": card["id"] })).await;
    assert_eq!(task["description"], "Since Monday");
    let timeline = board.door.ok("get_timeline", json!({ "id": card["id"] })).await;
    assert_eq!(timeline[1]["text"], "made by the schedule “standup” for 2026-11-23 09:00");
    assert_eq!(board.shown(id).await["last"]["key"], card["key"]);
    board.close().await;
}

#[tokio::test]
async fn a_laptop_asleep_over_three_firings_catches_up_once_as_each_policy_says() {
    let board = Timed::open("2026-11-20T08:30:00Z").await;
    for misfire in ["skip", "one", "all"] {
        board.schedule(misfire, "daily at 9", json!({ "misfire": misfire, "overlap": "allow" })).await;
    }
    board.schedule("capped", "daily at 9", json!({ "misfire": "all", "cap": 2, "overlap": "allow" })).await;
    // Three nines have passed when the lid opens.
    let caught_up = [
        "all 2026-11-21",
        "all 2026-11-22",
        "all 2026-11-23",
        "capped 2026-11-22",
        "capped 2026-11-23",
        "one 2026-11-23",
    ];
    board.move_to(at("2026-11-23T10:15:00Z")).await;
    assert_eq!(board.titles().await, caught_up);
    board.move_to(at("2026-11-23T10:20:00Z")).await;
    assert_eq!(board.titles().await, caught_up);
    let list = board.door.ok("list_schedules", json!({})).await;
    let skipped = list.as_array().unwrap().iter().find(|one| one["name"] == "skip").unwrap();
    assert_eq!(skipped["skipped"], "No card for 2026-11-23 09:00: Flightboard was not running then");
    board.close().await;
}

#[tokio::test]
async fn what_came_due_while_nothing_ran_is_found_at_the_start_and_only_once() {
    let board = Timed::open("2026-11-20T12:00:00Z").await;
    board.schedule("report", "daily at 9", json!({ "misfire": "all", "overlap": "allow" })).await;
    let dir = board.close().await;
    let both = ["report 2026-11-21", "report 2026-11-22"];
    let board = Timed::open_in("2026-11-22T12:00:00Z", dir).await;
    board.move_to(at("2026-11-22T12:01:00Z")).await;
    assert_eq!(board.titles().await, both);
    let dir = board.close().await;
    let board = Timed::open_in("2026-11-22T12:02:00Z", dir).await;
    board.move_to(at("2026-11-22T12:03:00Z")).await;
    assert_eq!(board.titles().await, both);
    board.close().await;
}

#[tokio::test]
async fn both_daylight_switches_of_the_year() {
    let board = Timed::open("2026-03-28T12:00:00Z").await;
    let id = board
        .schedule("night", "daily at 2:30", json!({ "title": "{date} {time}", "overlap": "allow" }))
        .await;
    let next = |shown: Value| shown["next_at"].as_i64().unwrap();
    // 02:30 does not exist on the 29th: it fires at 03:00 summer time, the moment after the gap.
    assert_eq!(next(board.shown(id).await), at("2026-03-29T01:00:00Z"));
    board.move_to(at("2026-03-29T01:00:00Z")).await;
    assert_eq!(next(board.shown(id).await), at("2026-03-30T00:30:00Z"));
    assert_eq!(board.titles().await, ["2026-03-29 03:00"]);
    // It exists twice on 25 October: the first one counts.
    board.move_to(at("2026-10-24T12:00:00Z")).await;
    assert_eq!(next(board.shown(id).await), at("2026-10-25T00:30:00Z"));
    for time in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"] {
        board.move_to(at(time)).await;
    }
    assert_eq!(board.titles().await, ["2026-03-29 03:00", "2026-10-24 02:30", "2026-10-25 02:30"]);
    assert_eq!(next(board.shown(id).await), at("2026-10-26T01:30:00Z"));
    board.close().await;
}

#[tokio::test]
async fn a_clock_that_jumps_back_an_hour_fires_nothing_twice() {
    let board = Timed::open("2026-11-21T07:30:00Z").await;
    board.schedule("report", "every day at 9", json!({ "misfire": "all", "overlap": "allow" })).await;
    let nine = at("2026-11-21T08:00:00Z");
    board.move_to(nine + 5 * MINUTE).await;
    assert_eq!(board.titles().await, ["report 2026-11-21"]);
    board.hand.set(nine - 55 * MINUTE);
    // And past nine o'clock once more.
    board.move_to(nine + 10 * MINUTE).await;
    assert_eq!(board.titles().await, ["report 2026-11-21"]);
    board.move_to(nine + DAY).await;
    assert_eq!(board.titles().await, ["report 2026-11-21", "report 2026-11-22"]);
    board.close().await;
}

#[tokio::test]
async fn while_a_card_is_open_the_next_is_skipped_or_waits_for_it() {
    let board = Timed::open("2026-11-21T08:30:00Z").await;
    let skip = board.schedule("skip", "hourly", json!({ "title": "skip {time}" })).await;
    let queue =
        board.schedule("queue", "hourly", json!({ "title": "queue {time}", "overlap": "queue" })).await;
    let nine = at("2026-11-21T09:00:00Z");
    for hour in 0..3 {
        board.move_to(nine + hour * HOUR).await;
    }
    assert_eq!(board.titles().await, ["queue 10:00", "skip 10:00"]);
    let shown = board.shown(skip).await;
    assert_eq!(shown["skipped"], "No card for 2026-11-21 12:00: the last one was still open");
    assert_eq!(board.shown(queue).await["queued"], 2);
    // Finished: the next in the queue comes out by itself, and one only.
    let mut events = board.door.app.engine().events();
    let first = board.card("queue 10:00").await;
    board.door.ok("move_task", json!({ "id": first["id"], "column": "done" })).await;
    while board.shown(queue).await["queued"] == 2 {
        events.next().await.expect("the engine goes on");
    }
    assert_eq!(board.titles().await, ["queue 10:00", "queue 11:00", "skip 10:00"]);
    assert_eq!(board.shown(queue).await["queued"], 1);
    board.close().await;
}

#[tokio::test]
async fn paused_resumed_removed_restored_and_run_by_hand() {
    let board = Timed::open("2026-11-21T08:30:00Z").await;
    let id = board
        .schedule("report", "hourly", json!({ "title": "{time}", "overlap": "allow", "misfire": "all" }))
        .await;
    let nine = at("2026-11-21T09:00:00Z");
    let paused = board.door.ok("pause_schedule", json!({ "id": id })).await;
    assert_eq!((&paused["paused"], &paused["next_at"]), (&json!(true), &Value::Null));
    board.move_to(nine + HOUR).await;
    // What fell into the pause is left out.
    board.door.ok("resume_schedule", json!({ "id": id })).await;
    board.move_to(nine + 2 * HOUR).await;
    assert_eq!(board.titles().await, ["12:00"]);
    let by_hand = board.door.ok("run_schedule", json!({ "id": id })).await;
    assert_eq!(by_hand["title"], "12:00");
    assert_eq!(board.titles().await, ["12:00", "12:00"]);
    board.door.ok("remove_schedule", json!({ "id": id })).await;
    assert_eq!(board.door.ok("list_schedules", json!({})).await, json!([]));
    board.move_to(nine + 3 * HOUR).await;
    board.door.ok("restore_schedule", json!({ "id": id })).await;
    board.move_to(nine + 4 * HOUR).await;
    assert_eq!(board.titles().await, ["12:00", "12:00", "14:00"]);
    board.close().await;
}

#[tokio::test]
async fn a_schedule_is_previewed_and_edited() {
    let board = Timed::open("2026-11-21T08:30:00Z").await;
    let request = json!({ "when": "first Monday monthly", "zone": "America/New_York", "title": "Audit" });
    let preview = board.door.ok("preview_schedule", request).await;
    assert_eq!(preview["cron"], "0 0 * * 1#1");
    assert_eq!(preview["sentence"], "At 00:00, on the 1st Monday of the month");
    let next: Vec<i64> =
        ["2026-12-07T05", "2027-01-04T05", "2027-02-01T05", "2027-03-01T05", "2027-04-05T04"]
            .map(|time| at(&format!("{time}:00:00Z")))
            .into();
    assert_eq!(preview["next"], json!(next));
    assert_eq!(preview["titles"][0], "Audit 2026-12-07");

    let id = board.schedule("audit", "daily at 9", json!({})).await;
    let edit = json!({ "id": id, "name": "audit", "when": "daily at 10", "zone": "UTC", "title": "Audit", "misfire": "skip" });
    let edited = board.door.ok("put_schedule", edit).await;
    assert_eq!(
        (&edited["when"], &edited["next_at"]),
        (&json!("daily at 10"), &json!(at("2026-11-21T10:00:00Z")))
    );
    assert_eq!((&edited["title"], &edited["misfire"]), (&json!("Audit {date}"), &json!("skip")));
    board.close().await;
}

#[tokio::test]
async fn what_cannot_be_a_schedule_is_refused_with_a_sentence_and_changes_nothing() {
    let board = Timed::open("2026-11-21T08:30:00Z").await;
    board.schedule("taken", "daily at 9", json!({})).await;
    let good = json!({ "name": "new", "when": "daily at 9", "zone": "UTC", "title": "New" });
    for (fields, code, message) in [
        (json!({ "when": "now and then" }), ProblemCode::Invalid, "“now” is not understood"),
        (json!({ "when": "" }), ProblemCode::Invalid, "it is not said when"),
        (json!({ "when": "61 * * * *" }), ProblemCode::Invalid, "“61” is no minute: allowed are 0 to 59"),
        (json!({ "when": "0 0 30 2 *" }), ProblemCode::Invalid, "“0 0 30 2 *” never comes"),
        (json!({ "zone": "Mars/Base" }), ProblemCode::Invalid, "there is no time zone “Mars/Base”"),
        (json!({ "title": " " }), ProblemCode::Invalid, "the title is empty"),
        (
            json!({ "title": "Ship {version}" }),
            ProblemCode::Invalid,
            "“{version}” is no placeholder of a title",
        ),
        (json!({ "title": "x".repeat(495) }), ProblemCode::Invalid, "the title has 502 characters"),
        (json!({ "name": "" }), ProblemCode::Invalid, "the schedule has no name"),
        (json!({ "name": "Taken" }), ProblemCode::Conflict, "there is a schedule “Taken” already"),
        (json!({ "column": "done" }), ProblemCode::Invalid, "a schedule's cards start in Inbox or Ready"),
        (json!({ "cap": 0 }), ProblemCode::Invalid, "the cap of a catch-up is 1 to 100 cards, not 0"),
        (json!({ "project": 9 }), ProblemCode::NotFound, "project 9 does not exist"),
        (json!({ "assignee": "nobody" }), ProblemCode::Invalid, "there is no agent “nobody”"),
        (json!({ "id": 9 }), ProblemCode::NotFound, "schedule 9 does not exist"),
    ] {
        let mut request = good.clone();
        request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let refused = board.door.refused("put_schedule", request).await;
        assert_eq!(refused.code, code, "{fields}: {refused}");
        assert!(refused.message.contains(message), "{fields}: {refused}");
    }
    for operation in
        ["pause_schedule", "resume_schedule", "remove_schedule", "restore_schedule", "run_schedule"]
    {
        assert_eq!(
            board.door.refused(operation, json!({ "id": 9 })).await.code,
            ProblemCode::NotFound,
            "{operation}"
        );
    }
    assert_eq!(board.door.ok("list_schedules", json!({})).await.as_array().unwrap().len(), 1);
    assert_eq!(board.titles().await, [""; 0]);
    board.close().await;
}
