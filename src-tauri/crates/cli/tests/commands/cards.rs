//! add, list, show, move.

use crate::desk::{Desk, assert_transcript};

#[test]
fn a_card_is_added_listed_shown_and_moved() {
    let mut desk = Desk::new();
    desk.types(&["list"])
        .types(&["add", "  Fix the   login button "])
        .types(&[
            "add",
            "Urgent thing",
            "--priority",
            "urgent",
            "--description",
            "# Why\n\nIt burns.",
            "--tag",
            "bug",
            "--tag",
            "ui",
        ])
        .types(&["add", "Someday", "--priority", "1"])
        .types(&["move", "T-3", "ready"])
        .types(&["move", "1", "in-progress"])
        .types(&["move", "1", "review"])
        .types(&["move", "1", "done"])
        .types(&["list"])
        .types(&["list", "--status", "inbox"])
        .types(&["show", "2"]);
    assert_transcript!("cards", desk);
}

#[test]
fn programs_get_the_same_as_json() {
    let mut desk = Desk::new();
    desk.types(&["list", "--json"])
        .types(&["--json", "add", "Fix the login button", "--priority", "high", "--tag", "bug"])
        .types(&["move", "1", "ready", "--json"])
        .types(&["list", "--json"])
        .types(&["show", "T-1", "--json"]);
    assert_transcript!("cards_json", desk);
}

#[test]
fn every_command_about_a_card_prints_that_card_as_json() {
    let desk = Desk::new();
    let added = desk.json(&["add", "One", "--priority", "9"]);
    let uid = added["uid"].as_str().expect("a uid").to_owned();
    let quick = ["--agent", "custom", "--wait", "--", "true"];
    let held = desk.held_script();
    let slow = ["--agent", "custom", "--", "sh", "-c", &held];
    let cards = [
        ("inbox", added),
        ("inbox", desk.json(&["list"])[0].take()),
        ("ready", desk.json(&["move", "T-1", "ready"])),
        ("review", desk.json(&[&["run", &uid], &quick[..]].concat())),
        ("in_progress", desk.json(&[&["run", "1"], &slow[..]].concat())),
        ("ready", desk.json(&["stop", "T-1"])),
        ("done", desk.json(&["move", &uid, "done"])),
        ("done", desk.json(&["show", "1"])),
    ];
    for (status, card) in &cards {
        assert_eq!((&card["id"], &card["title"]), (&1.into(), &"One".into()));
        assert_eq!((card["status"].as_str(), card["priority"].as_str()), (Some(*status), Some("critical")));
        assert_eq!(card["priority_level"], 9);
        let names = card.as_object().expect("an object").keys();
        assert!(names.clone().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')), "{card}");
    }
    let runs: Vec<_> = cards.iter().map(|(_, card)| card["run"]["status"].as_str()).collect();
    let (ok, stopped) = (Some("succeeded"), Some("stopped"));
    assert_eq!(runs, [None, None, None, ok, Some("working"), stopped, stopped, stopped]);
}

#[test]
fn a_run_that_fails_prints_the_card_and_says_so_beside_it() {
    let desk = Desk::new();
    desk.ok(&["add", "One"]);
    let output =
        desk.output(&["run", "1", "--json", "--agent", "custom", "--wait", "--", "sh", "-c", "exit 7"]);
    let card: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("standard output is one card");
    let error: serde_json::Value =
        serde_json::from_slice(&output.stderr).expect("standard error is one error");
    assert_eq!((&card["status"], &card["run"]["reason"]), (&"failed".into(), &"exit code 7".into()));
    assert_eq!((&error["error"]["code"], output.status.code()), (&"run_failed".into(), Some(3)));
}

#[test]
fn a_card_answers_to_each_form_of_its_id() {
    let desk = Desk::new();
    desk.ok(&["add", "Which one?"]);
    let uid = desk.json(&["show", "1"])["uid"].as_str().expect("a uid").to_owned();
    for form in ["1", "T-1", "t-1", &uid, &uid.to_uppercase()] {
        assert_eq!(desk.json(&["show", form])["title"], "Which one?", "{form}");
    }
}

#[test]
fn a_description_comes_from_a_file_or_from_standard_input() {
    let mut desk = Desk::new();
    std::fs::write(desk.path("why.md"), "Because ünïcode.\n").expect("a file");
    desk.ok(&["add", "From a file", "--description", "@why.md"]);
    desk.types_in(&["add", "From a pipe", "--description", "@-"], "Piped.").types(&[
        "add",
        "No file",
        "--description",
        "@nowhere.md",
    ]);
    assert_transcript!("description", desk);
    assert_eq!(desk.json(&["show", "1"])["description"], "Because ünïcode.\n");
    assert_eq!(desk.json(&["show", "2"])["description"], "Piped.");
    assert_eq!(desk.json(&["list"]).as_array().expect("a list").len(), 2, "the third was not added");
}

#[test]
fn the_data_directory_is_the_options_before_it_is_the_environments() {
    let desk = Desk::new();
    let other = desk.path("elsewhere");
    let elsewhere = other.to_str().expect("a plain path");
    desk.ok(&["--data-dir", elsewhere, "add", "There"]);
    desk.ok(&["add", "Here"]);
    assert_eq!(desk.json(&["list", "--data-dir", elsewhere])[0]["title"], "There");
    assert_eq!(desk.json(&["list"])[0]["title"], "Here");
    assert!(other.join("flightboard.db").is_file() && desk.data().join("flightboard.db").is_file());
}

#[test]
fn queue_names_the_only_agent_by_each_of_its_words_and_takes_it_back() {
    let desk = Desk::new();
    desk.ok(&["add", "Fix"]);
    for (word, agent) in [("--agent", "demo"), ("--assign", "custom"), ("--assigned-to", "demo")] {
        desk.ok(&["queue", "1", word, agent]);
        let card = desk.json(&["show", "1"]);
        assert_eq!((&card["assignee"], &card["queued"]), (&agent.into(), &true.into()), "{word}");
    }
    desk.ok(&["queue", "1", "--agent", ""]);
    assert!(desk.json(&["show", "1"])["assignee"].is_null());
    let refused = desk.output(&["queue", "1", "--agent", "nobody"]);
    assert!(!refused.status.success());
}
