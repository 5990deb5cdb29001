//! A card becomes a running agent, and its work comes back.

use flightboard_stories::Desk;
use serde_json::json;

#[test]
fn the_demo_agent_works_on_a_card_and_its_work_comes_back() {
    let desk = Desk::new();
    let repository = desk.repository("a repo 🚀");
    desk.ok(&["project", "add", repository.to_str().unwrap(), "--name", "rocket"]);
    desk.ok(&[
        "add",
        "Write a note",
        "--project",
        "rocket",
        "--priority",
        "high",
        "--description",
        "Say hello",
    ]);

    let run = desk.json(&["run", "1", "--agent", "demo", "--wait"])["run"].take();

    assert_eq!(run["status"], "succeeded");
    assert_eq!(run["workspace"]["branch"], "flightboard/t-1-write-a-note");
    let card = desk.show("T-1");
    assert_eq!((card["status"].as_str(), card["priority"].as_str()), (Some("review"), Some("high")));
    let artifacts: Vec<_> =
        card["artifacts"].as_array().unwrap().iter().map(|a| a["path"].as_str().unwrap()).collect();
    assert_eq!(artifacts, ["chart.svg", "data.json", "report.md"]);
    let out = desk.folder.path().join("out");
    desk.ok(&["artifacts", "1", "--out", out.to_str().unwrap()]);
    let report = std::fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.contains("Write a note"), "{report}");
    assert!(desk.ok(&["logs", "1"]).contains("Landed."));
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
    assert_eq!(desk.ok(&["move", "1", "done"]), "T-1 moved: Write a note (done)\n");
}

#[test]
fn an_agent_started_without_waiting_outlives_the_command_and_is_adopted() {
    let desk = Desk::new();
    desk.ok(&["add", "Wait for a file"]);
    let signal = desk.folder.path().join("go");
    let script =
        format!("echo started; while [ ! -e '{}' ]; do sleep 0.05; done; echo finished", signal.display());

    let run = desk.json(&["run", "1", "--agent", "custom", "--", "sh", "-c", &script])["run"].take();

    assert_eq!(run["status"], "working");
    assert_eq!(desk.show("1")["status"], "in_progress");
    std::fs::write(&signal, "").unwrap();
    let card = desk.until("the run is closed by a later command", || {
        let card = desk.show("1");
        (card["status"] == "review").then_some(card)
    });
    assert_eq!(card["runs"][0]["status"], "succeeded");
    assert_eq!(desk.ok(&["logs", "1"]), "started\r\nfinished\r\n");
}

#[test]
fn stopping_ends_the_whole_process_tree() {
    let desk = Desk::new();
    desk.ok(&["add", "Breed"]);
    // Children in sessions of their own, forked twice, ignoring the polite signal.
    let script =
        "for i in 1 2 3; do (setsid sh -c 'trap \"\" TERM HUP; sleep 1000' &) ; done; echo ready; sleep 1000";
    desk.ok(&["run", "1", "--agent", "custom", "--", "sh", "-c", script]);
    desk.until("the agent says that it is ready", || desk.ok(&["logs", "1"]).contains("ready").then_some(()));

    let run = desk.json(&["stop", "1"])["run"].take();

    assert_eq!(run["status"], "stopped");
    assert_eq!(run["survivors"], json!([]));
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
    let card = desk.show("1");
    assert_eq!(
        (card["status"].as_str(), card["why"].as_str()),
        (Some("ready"), Some("The last run was stopped"))
    );
}

#[test]
fn moving_a_card_away_from_its_agent_stops_the_agent() {
    let desk = Desk::new();
    desk.ok(&["add", "Take back"]);
    desk.ok(&["run", "1", "--agent", "custom", "--", "sleep", "1000"]);

    desk.ok(&["move", "1", "cancelled"]);

    let card = desk.show("1");
    assert_eq!(
        (card["status"].as_str(), card["runs"][0]["status"].as_str()),
        (Some("cancelled"), Some("stopped"))
    );
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
}

#[test]
fn an_agent_that_is_blocked_hands_the_card_back_with_its_reason() {
    let desk = Desk::new();
    desk.ok(&["add", "Needs a key"]);

    desk.refused(&[
        "run",
        "1",
        "--agent",
        "custom",
        "--wait",
        "--",
        "sh",
        "-c",
        "echo '# The API key is missing' > BLOCKED.md",
    ]);

    let card = desk.show("1");
    assert_eq!(card["status"], "ready");
    assert_eq!(card["why"], "Blocked: The API key is missing");
    assert_eq!(card["needs_you"], true);
}

#[test]
fn a_failure_says_why_and_the_next_attempt_is_told() {
    let desk = Desk::new();
    desk.ok(&["add", "Fails first"]);
    let (code, said) = desk.refused(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", "exit 7"]);
    assert_eq!(code, 3);
    assert!(said.contains("exit code 7"), "{said}");
    assert_eq!(desk.show("1")["status"], "failed");

    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", "grep -q 'exit code 7' TASK.md"]);

    let card = desk.show("1");
    assert_eq!((card["status"].as_str(), card["run_count"].as_i64()), (Some("review"), Some(2)));
}

#[test]
fn a_wait_that_takes_too_long_ends_and_the_agent_goes_on() {
    let desk = Desk::new();
    desk.ok(&["add", "Slow"]);

    let (code, said) =
        desk.refused(&["run", "1", "--agent", "custom", "--wait", "--timeout", "1", "--", "sleep", "1000"]);

    assert_eq!(code, 124, "{said}");
    assert_eq!(desk.show("1")["status"], "in_progress");
    desk.ok(&["stop", "1"]);
}

#[test]
fn an_assigned_card_is_started_by_its_agent_alone() {
    let desk = Desk::new();
    desk.ok(&["add", "For the demo", "--assign", "demo"]);

    let (_, said) = desk.refused(&["run", "1", "--agent", "custom", "--", "true"]);

    assert!(said.contains("T-1 is assigned to demo"), "{said}");
    assert_eq!(desk.show("1")["status"], "inbox");
    desk.ok(&["run", "1", "--agent", "demo", "--wait"]);
    assert!(
        desk.refused(&["add", "For nobody", "--assign", "nobody"]).1.contains("there is no agent “nobody”")
    );
}

#[test]
fn the_timeline_is_the_change_log() {
    let desk = Desk::new();
    desk.ok(&["add", "Remember"]);
    desk.ok(&["run", "1", "--agent", "demo", "--wait"]);
    desk.ok(&["move", "1", "done"]);
    let served = desk.serve();

    let timeline = desk.rpc("get_timeline", &json!({ "id": 1 })).unwrap();

    let kinds: Vec<_> =
        timeline.as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    let expected =
        ["task.created", "run.created", "run.workspace", "run.started", "run.ended", "task.completed"];
    let found: Vec<_> = kinds.iter().filter(|kind| expected.contains(kind)).copied().collect();
    assert_eq!(found, expected);
    let sequence: Vec<_> =
        timeline.as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()).collect();
    assert!(sequence.windows(2).all(|pair| pair[0] < pair[1]));
    served.stop();
}
