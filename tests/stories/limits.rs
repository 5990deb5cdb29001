//! Each stage of a run has its limit: what passes it is ended with all that it started, and counts as a
//! timeout.

use flightboard_stories::Desk;
use serde_json::{Value, json};

use crate::gates::{agent, queue_of, shop, start, until, until_status};

/// Starts something that its parent's end does not end, and waits for ever.
const HANGS: &str = "setsid sleep 1000 & echo here; sleep 1000";

fn ends_at_once(desk: &Desk) {
    desk.ok(&["agents", "register", "worker", "--retry", "0"]);
}

fn timed_out(desk: &Desk, why: &str) -> Value {
    let card = until_status(desk, "1", "failed");
    assert_eq!(card["runs"][0]["reason"], why);
    assert_eq!(queue_of(desk, 1)["failures"], json!([{"cause": "timeout", "count": 1}]));
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
    card
}

#[test]
fn a_run_that_takes_too_long_is_ended_with_all_its_processes() {
    let (desk, _served) = shop(HANGS, &[]);
    ends_at_once(&desk);
    desk.ok(&["policy", "--longest", "0.02"]);
    start(&desk, "Endless");
    let card = timed_out(&desk, "it ran longer than 2 s");
    assert_eq!(card["runs"][0]["survivors"], json!([]));
}

#[test]
fn a_silent_run_is_ended_even_if_it_waits_for_an_answer_and_a_projects_limit_comes_first() {
    let (desk, _served) = shop("echo 'Which one? '; read answer", &[]);
    ends_at_once(&desk);
    desk.ok(&["policy", "--idle", "60"]);
    desk.ok(&["project", "policy", "shop", "--idle", "0.02"]);
    start(&desk, "Asks nobody");
    timed_out(&desk, "it wrote nothing for 2 s");
}

#[test]
fn a_dead_silence_is_a_stall_and_a_slow_worker_is_left_to_work() {
    let slow =
        "for step in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $step; sleep 0.5; done; echo done > COMPLETION.md";
    let (desk, _served) = shop(HANGS, &["--silence", "0.03"]);
    ends_at_once(&desk);
    agent(&desk, "slow", slow);
    start(&desk, "Dead");
    desk.ok(&["add", "Slow", "--project", "shop", "--queue", "--agent", "slow"]);
    // Twice the two seconds that it may be quiet.
    let why = "it should have been working and wrote nothing for 4 s";
    let card = until_status(&desk, "1", "failed");
    assert_eq!(card["runs"][0]["reason"], why);
    assert_eq!(queue_of(&desk, 1)["failures"], json!([{"cause": "stalled", "count": 1}]));
    let card = until_status(&desk, "2", "review");
    let run = &card["runs"][0];
    let lasted = run["ended_at"].as_i64().unwrap() - run["started_at"].as_i64().unwrap();
    assert!(lasted > 4_000, "it must take longer than the stall does: {lasted} ms");
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
}

#[test]
fn a_setup_command_that_hangs_is_ended_with_all_it_started_and_is_a_timeout() {
    let (desk, _served) = shop("echo done > COMPLETION.md", &["--setup-limit", "0.02"]);
    ends_at_once(&desk);
    let project = desk.rpc("list_projects", &json!({})).unwrap()[0].clone();
    let mut settings = project["settings"].clone();
    settings["setup"] = json!(["sh", "-c", HANGS]);
    desk.rpc("edit_project", &json!({"id": project["id"], "settings": settings})).unwrap();
    start(&desk, "Never prepared");
    let card = until_status(&desk, "1", "failed");
    let reason = card["runs"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the setup command sh did not finish within 2 s"), "{reason}");
    assert_eq!(queue_of(&desk, 1)["failures"], json!([{"cause": "timeout", "count": 1}]));
    assert_eq!(desk.processes_marked("FLIGHTBOARD_SETUP="), Vec::<String>::new());
    assert!(!desk.data().join("workspaces/t-1").exists(), "nothing half made stays");
}

#[test]
fn a_review_and_a_check_that_hang_are_ended_each_by_its_own_limit() {
    let (desk, _served) = shop("echo done > COMPLETION.md", &[]);
    agent(&desk, "aegis", HANGS);
    desk.ok(&["policy", "--review-limit", "0.02"]);
    desk.ok(&["project", "policy", "shop", "--reviewer", "aegis"]);
    start(&desk, "Judged for ever");
    let card = until(&desk, "1", "it waits for a person", |card| card["needs_you"] == true);
    assert_eq!(card["status"], "review");
    let reviews: Vec<&Value> =
        card["runs"].as_array().unwrap().iter().filter(|run| !run["review"].is_null()).collect();
    assert_eq!(reviews.len(), 3, "a review without a verdict is tried three times");
    assert!(reviews.iter().all(|run| run["reason"] == "the review took longer than 2 s"), "{reviews:?}");

    let gate = json!([{"kind": "check", "command": ["sh", "-c", HANGS], "timeout": 1}]);
    let task = json!({"id": 1, "routing": {"gate": {"steps": gate}}});
    desk.rpc("edit_task", &task).unwrap();
    desk.ok(&["move", "1", "ready"]);
    let notes = desk.until("the check is ended", || {
        let reviews = queue_of(&desk, 1)["reviews"].clone();
        let check = reviews.as_array()?.iter().find(|review| review["kind"] == "check")?.clone();
        Some(check["notes"].as_str()?.to_owned())
    });
    assert!(notes.contains("the check took longer than 1 s"), "{notes}");
    desk.ok(&["policy", "--pause"]);
    until(&desk, "1", "nothing is at work on it", |card| {
        card["runs"].as_array().unwrap().iter().all(|run| !run["ended_at"].is_null())
    });
}

#[test]
fn a_limit_that_is_none_is_refused() {
    let desk = Desk::new();
    for minutes in ["-1", "20000", "NaN"] {
        let (_, said) = desk.refused(&["policy", &format!("--longest={minutes}")]);
        assert!(said.contains("no time limit"), "{said}");
    }
    desk.ok(&["policy", "--longest", "90", "--idle", "0.5"]);
    let said = desk.ok(&["policy"]);
    assert!(said.contains("longest run  90 min\n") && said.contains("idle         30 s\n"), "{said}");
    desk.ok(&["policy", "--longest", "0"]);
    assert!(desk.ok(&["policy"]).contains("longest run  no limit\n"));
}
