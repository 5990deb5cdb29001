//! Bad input gets a clear sentence and a next step, and changes nothing.

use flightboard_stories::{Desk, git};

/// Runs a command that must be refused, and returns its message.
fn message(desk: &Desk, args: &[&str]) -> String {
    let (code, said) = desk.refused(args);
    assert_eq!(code, 1, "{said}");
    said
}

#[test]
fn titles_columns_ids_and_priorities() {
    let desk = Desk::new();
    let long = "x".repeat(501);
    let cases: [(&[&str], &str); 8] = [
        (&["add", "  "], "the title is empty"),
        (&["add", &long], "501 characters, the limit is 500"),
        (&["add", "x", "--priority", "11"], "“11” is not a priority"),
        (&["add", "x", "--project", "nowhere"], "there is no project “nowhere”"),
        (&["add", "x", "--description", "@/nowhere/at/all"], "cannot be read"),
        (&["show", "T-77"], "task T-77 does not exist"),
        (&["show", "seven"], "“seven” is not a task id; write T-12, 12 or the full id"),
        (&["move", "1", "limbo"], "“limbo” is not a column"),
    ];
    for (args, expected) in cases {
        let said = message(&desk, args);
        assert!(said.contains(expected), "{args:?} said {said}");
    }
    assert_eq!(desk.json(&["list"]), serde_json::json!([]));
}

#[test]
fn projects_that_cannot_be() {
    let desk = Desk::new();
    let file = desk.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let missing = desk.folder.path().join("missing");
    assert!(message(&desk, &["project", "add", file.to_str().unwrap()]).contains("is a file, not a folder"));
    assert!(message(&desk, &["project", "add", missing.to_str().unwrap()]).contains("does not exist"));
    let repository = desk.repository("twice");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    assert!(
        message(&desk, &["project", "add", repository.to_str().unwrap()])
            .contains("is already the project “twice”")
    );
}

#[test]
fn a_repository_without_commits_says_what_to_do() {
    let desk = Desk::new();
    let empty = desk.folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    git(&empty, &["init", "-q"]);
    desk.ok(&["project", "add", empty.to_str().unwrap()]);
    desk.ok(&["add", "Begin", "--project", "empty"]);

    let said = message(&desk, &["run", "1", "--agent", "demo"]);

    assert!(said.contains("has no commits yet") && said.contains("Make a first commit"), "{said}");
    assert_eq!(desk.show("1")["status"], "inbox");
    assert!(!desk.data().join("workspaces/t-1").exists());
}

#[test]
fn agents_that_cannot_be_started() {
    let desk = Desk::new();
    desk.ok(&["add", "Try"]);
    assert!(message(&desk, &["run", "1", "--agent", "nobody"]).contains("there is no agent “nobody”"));
    assert!(message(&desk, &["run", "1", "--agent", "custom"]).contains("needs a command"));
    let said = message(&desk, &["run", "1", "--agent", "custom", "--", "/no/such/program"]);
    assert!(said.contains("was not found"), "{said}");
    let card = desk.show("1");
    assert_eq!(card["status"], "inbox", "the card is back where it was");
    assert!(card["why"].as_str().unwrap().contains("was not found"), "{card}");
    assert!(!desk.data().join("workspaces/t-1").exists(), "nothing half made is left");
}

#[test]
fn a_branch_that_exists_is_left_alone() {
    let desk = Desk::new();
    let repository = desk.repository("branches");
    git(&repository, &["branch", "flightboard/t-1-again"]);
    let before = git(&repository, &["rev-parse", "flightboard/t-1-again"]);
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Again", "--project", "branches"]);

    let run = desk.json(&["run", "1", "--agent", "custom", "--wait", "--", "true"])["run"].take();

    assert_eq!(run["workspace"]["branch"], "flightboard/t-1-again-2");
    assert_eq!(git(&repository, &["rev-parse", "flightboard/t-1-again"]), before);
}

#[test]
fn a_second_engine_is_refused_and_told_of_the_first() {
    let desk = Desk::new();
    let served = desk.serve();
    let said = message(&desk, &["serve"]);
    assert!(said.contains("another Flightboard (process "), "{said}");
    assert_eq!(desk.json(&["list"]), serde_json::json!([]), "a command goes through the first");
    served.stop();
}

#[test]
fn a_data_directory_with_a_very_long_path_works() {
    let mut desk = Desk::new();
    let long = desk.folder.path().join("d".repeat(120)).join("with space 🚀");
    desk.env.push(("FLIGHTBOARD_DATA_DIR".into(), long.to_str().unwrap().into()));
    desk.ok(&["add", "Far away"]);
    let run = desk.json(&["run", "1", "--agent", "custom", "--wait", "--", "echo", "hello"])["run"].take();
    assert_eq!(run["status"], "succeeded");
    assert_eq!(desk.ok(&["logs", "1"]), "hello\r\n");
}

#[test]
fn output_that_is_no_text_is_kept_byte_for_byte() {
    let desk = Desk::new();
    desk.ok(&["add", "Binary"]);
    desk.ok(&[
        "run",
        "1",
        "--agent",
        "custom",
        "--wait",
        "--",
        "sh",
        "-c",
        "stty raw; printf '\\377\\376\\000a\\033[31m\\303'",
    ]);
    let output = desk.output(&["logs", "1"]);
    assert_eq!(output.stdout, b"\xff\xfe\0a\x1b[31m\xc3");
}
