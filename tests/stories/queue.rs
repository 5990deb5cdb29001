//! The dispatcher: queued cards start by themselves, in order, within the limits, and what waits can
//! say why.

use flightboard_stories::{Desk, Served};
use serde_json::{Value, json};

/// A desk whose dispatcher may start the demo agent, `parallel` at a time.
fn desk(parallel: u32) -> (Desk, Served) {
    let desk = Desk::new();
    let served = desk.serve();
    desk.ok(&["policy", "--agents", "demo", "--parallel", &parallel.to_string()]);
    (desk, served)
}

fn status(desk: &Desk, id: &str) -> String {
    desk.show(id)["status"].as_str().unwrap_or_default().to_owned()
}

fn until_status(desk: &Desk, id: &str, status: &str) -> Value {
    desk.until(&format!("{id} is in {status}"), || {
        let card = desk.show(id);
        (card["status"] == status).then_some(card)
    })
}

/// What the plan says of a card.
fn why(desk: &Desk, id: &str) -> String {
    desk.ok(&["plan", id]).trim().to_owned()
}

#[test]
fn a_queued_card_starts_by_itself_and_its_work_comes_back() {
    let (desk, _served) = desk(1);
    desk.ok(&["add", "Write a note", "--queue"]);
    let card = until_status(&desk, "1", "review");
    let run = &card["runs"][0];
    assert_eq!((run["agent"].as_str(), run["status"].as_str()), (Some("demo"), Some("succeeded")));
    assert_eq!(card["artifacts"].as_array().map(Vec::len), Some(3));
}

#[test]
fn nothing_starts_in_a_command_that_only_looks() {
    let desk = Desk::new();
    desk.ok(&["policy", "--agents", "demo"]);
    desk.ok(&["add", "Write a note", "--queue"]);
    assert_eq!(why(&desk, "1"), "T-1     starts next, on demo");
    assert_eq!(status(&desk, "1"), "ready");
}

#[test]
fn the_plan_names_one_reason_for_each_card() {
    let desk = Desk::new();
    desk.ok(&["add", "Nobody asked for it"]);
    desk.ok(&["move", "1", "ready"]);
    desk.ok(&["add", "No agent", "--queue"]);
    desk.ok(&["add", "Unskilled", "--queue", "--agent", "demo", "--skill", "deploy"]);
    desk.ok(&["add", "After the first", "--queue", "--agent", "demo", "--after", "T-1"]);
    assert_eq!(why(&desk, "1"), "T-1     waits for you to run or queue it");
    assert_eq!(why(&desk, "2"), "T-2     no agent is chosen: assign one, or name the project's agents");
    assert_eq!(why(&desk, "3"), "T-3     needs skill `deploy`, which no agent has");
    assert_eq!(why(&desk, "4"), "T-4     blocked by T-1, which has not started");
    let plan = desk.json(&["plan"]);
    let codes: Vec<&str> =
        plan["waits"].as_array().unwrap().iter().map(|wait| wait["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["by_hand", "no_agent", "missing_skill", "blocked"]);
}

#[test]
fn the_limit_holds_for_the_dispatcher_and_for_people_alike() {
    let (desk, _served) = desk(1);
    desk.ok(&["add", "Wait for a key"]);
    desk.ok(&["run", "1", "--agent", "custom", "--", "sh", "-c", "echo here; read line"]);
    desk.ok(&["add", "Second", "--queue"]);
    assert_eq!(why(&desk, "2"), "T-2     waiting: 1 of 1 in flight, next");
    let (_, said) = desk.refused(&["run", "2", "--agent", "demo"]);
    assert!(said.contains("1 of 1 in flight"), "{said}");
    assert_eq!(status(&desk, "2"), "ready");

    desk.ok(&["stop", "1"]);
    until_status(&desk, "2", "review");
}

#[test]
fn cards_are_taken_by_priority_and_a_stopped_one_is_left_to_its_person() {
    let (desk, _served) = desk(1);
    desk.ok(&["policy", "--pause"]);
    desk.ok(&["add", "Later", "--queue", "--priority", "low"]);
    desk.ok(&["add", "Sooner", "--queue", "--priority", "critical"]);
    desk.ok(&["add", "Stopped", "--queue", "--priority", "high"]);
    let planned: Vec<i64> = desk.json(&["plan"])["starts"]
        .as_array()
        .unwrap()
        .iter()
        .chain(desk.json(&["plan"])["waits"].as_array().unwrap())
        .map(|entry| entry["task"].as_i64().unwrap())
        .collect();
    assert_eq!(planned, [2, 3, 1]);

    desk.ok(&["policy", "--resume"]);
    desk.until("the second begins", || (status(&desk, "3") == "in_progress").then_some(()));
    desk.ok(&["stop", "3"]);
    until_status(&desk, "1", "review");
    until_status(&desk, "2", "review");
    assert_eq!(status(&desk, "3"), "ready", "it was stopped by hand and must not start again");
    assert_eq!(why(&desk, "3"), "T-3     waits for you to run or queue it");
}

#[test]
fn what_waits_for_a_card_starts_when_it_is_done_and_a_needless_branch_is_cancelled() {
    let (desk, _served) = desk(2);
    desk.ok(&["add", "Build"]);
    desk.ok(&["add", "Deploy", "--queue", "--after", "1"]);
    desk.ok(&["add", "Clean up after a failure", "--queue"]);
    desk.ok(&["policy", "--pause"]);
    desk.ok(&["add", "Mend"]);
    desk.ok(&["depend", "4", "--on", "1", "--need", "failure"]);
    desk.ok(&["policy", "--resume"]);
    assert_eq!(why(&desk, "2"), "T-2     blocked by T-1, which is in the inbox");
    let (_, said) = desk.refused(&["depend", "1", "--on", "2"]);
    assert!(said.contains("T-1 → T-2 → T-1"), "{said}");

    desk.ok(&["run", "1", "--agent", "demo", "--wait"]);
    desk.ok(&["approve", "1"]);

    until_status(&desk, "2", "review");
    assert_eq!(status(&desk, "4"), "cancelled");
}

#[test]
fn a_gate_lets_only_approved_work_through_and_feedback_reaches_the_next_attempt() {
    let (desk, _served) = desk(1);
    let repository = desk.repository("shop");
    desk.ok(&["project", "add", repository.to_str().unwrap(), "--name", "shop"]);
    desk.ok(&["project", "policy", "shop", "--dispatch", "true", "--agents", "demo", "--person"]);
    desk.ok(&["add", "Write a note", "--project", "shop"]);
    let (_, said) = desk.refused(&["move", "1", "done"]);
    assert!(said.contains("only reviewed work"), "{said}");

    desk.ok(&["move", "1", "ready"]);
    until_status(&desk, "1", "review");
    let feedback = "Say “hello” first.\n  Then the rest — twice.";
    desk.ok(&["reject", "1", "--notes", feedback]);
    let card = desk.until("it comes back from its second attempt", || {
        let card = desk.show("1");
        (card["status"] == "review" && card["runs"].as_array().map(Vec::len) == Some(2)).then_some(card)
    });
    let workspace = card["runs"][0]["workspace"]["path"].as_str().unwrap();
    let brief = std::fs::read_to_string(std::path::Path::new(workspace).join("TASK.md")).unwrap();
    assert!(brief.contains(feedback), "{brief}");
    desk.ok(&["approve", "1"]);
    assert_eq!(status(&desk, "1"), "done");
    let detail = desk.rpc("get_task", &json!({"id": 1})).unwrap();
    let verdicts: Vec<&str> = detail["queue"]["reviews"]
        .as_array()
        .unwrap()
        .iter()
        .map(|review| review["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["rejected", "approved"]);
}
