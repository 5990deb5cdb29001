//! A person is called to what keeps failing: a card, with its project paused where that is wanted, and a
//! workflow, which stops, tells how far it came, and goes on when it is told to.

use flightboard_stories::Desk;
use serde_json::{Value, json};

use crate::gates::{agent, queue_of, shop, start, until, until_status};

/// Tries again at once, five times, instead of waiting as the built-in rules do; and the worker never rests.
fn impatient(desk: &Desk) {
    desk.ok(&["agents", "register", "worker", "--breaker", "100"]);
    desk.ok(&["project", "policy", "shop", "--retry", "5", "--retry-wait", "0"]);
}

fn comments(card: &Value) -> Vec<&str> {
    let all = card["comments"].as_array().into_iter().flatten();
    all.map(|comment| comment["body"].as_str().unwrap()).collect()
}

fn project(desk: &Desk) -> Value {
    desk.rpc("list_projects", &json!({})).unwrap()[0].clone()
}

#[test]
fn a_card_that_keeps_failing_is_handed_to_its_person_and_the_project_waits_for_them() {
    let (desk, _served) =
        shop("test -e \"$FLIGHTBOARD_RUN_DIR/../../mended\" && echo done > COMPLETION.md", &[]);
    impatient(&desk);
    let rules = ["--escalate", "2", "--hand-over", "true", "--pause-then", "true"];
    desk.ok(&[&["project", "policy", "shop"], &rules[..]].concat());
    start(&desk, "Fails");

    let card = until(&desk, "1", "it calls for its person", |card| card["needs_you"] == true);
    let why = "it has failed 2 times, the last time after an exit with an error";
    assert_eq!(
        (&card["status"], card["why"].as_str()),
        (&json!("ready"), Some(&*format!("Needs you: {why}")))
    );
    assert_eq!(card["runs"].as_array().map(Vec::len), Some(2), "no agent tries it a third time");
    let told = comments(&card);
    assert!(told[1].contains("Waits for a person."), "{told:?}");
    assert_eq!(
        told[2],
        format!(
            "**T-1 needs you**: {why}. It is yours now: no agent tries it again until you queue it. \
             The project is paused until you resume it."
        )
    );
    assert_eq!(desk.rpc("get_overview", &json!({})).unwrap()["needs_you"], 1);
    start(&desk, "Another");
    let reason = format!("project paused: T-1 needs you: {why}");
    assert_eq!(desk.ok(&["plan", "2"]), format!("T-2     {reason}\n"));
    assert_eq!(desk.show("2")["status"], "ready");

    // The person mends it, lets the project go on, and the card.
    std::fs::write(desk.data().join("mended"), "").unwrap();
    desk.ok(&["project", "policy", "shop", "--resume"]);
    assert_eq!(project(&desk)["settings"]["paused"], Value::Null);
    until_status(&desk, "2", "review");
    assert_eq!(desk.show("1")["status"], "ready", "it is still its person's");
    desk.ok(&["queue", "1"]);
    let card = until_status(&desk, "1", "review");
    assert_eq!(card["needs_you"], false);
}

#[test]
fn by_default_a_person_is_told_and_the_card_goes_on_trying() {
    let (desk, _served) =
        shop("test -e \"$FLIGHTBOARD_RUN_DIR/../../mended\" && echo done > COMPLETION.md", &[]);
    impatient(&desk);
    start(&desk, "Fails for a while");
    let card = until_status(&desk, "1", "failed");
    let told = comments(&card);
    let calls: Vec<&&str> = told.iter().filter(|body| body.contains("needs you")).collect();
    assert_eq!(calls.len(), 1, "{told:?}");
    assert!(calls[0].contains("it has failed 3 times") && calls[0].contains("tried again all the same"));
    assert_eq!(card["needs_you"], true);
    assert!(card["why"].as_str().unwrap().starts_with("Needs you: it has failed 3 times"), "{card}");

    desk.ok(&["move", "1", "cancelled"]);
    assert_eq!(desk.show("1")["needs_you"], false);
}

#[test]
fn a_workflow_stops_after_three_failures_tells_how_far_it_came_and_goes_on_at_a_word() {
    let worker = "grep -q Fails TASK.md && ! test -e \"$FLIGHTBOARD_RUN_DIR/../../mended\" && exit 3; echo done > COMPLETION.md";
    let (desk, served) = shop(worker, &[]);
    impatient(&desk);
    start(&desk, "Build");
    until_status(&desk, "1", "review");
    desk.ok(&["approve", "1"]);
    desk.ok(&["add", "Fails", "--project", "shop", "--queue", "--after", "1"]);
    desk.ok(&["add", "Ship", "--project", "shop", "--queue", "--after", "2"]);

    let card = until(&desk, "2", "its workflow is stopped", |card| card["needs_you"] == true);
    assert_eq!(card["runs"].as_array().map(Vec::len), Some(3));
    let told = comments(&card);
    let last = told.last().unwrap();
    assert!(
        last.starts_with(
            "**T-2 needs you**: its workflow was stopped after 3 failures; 1 of 3 cards is done (T-1)."
        ),
        "{last}"
    );
    assert_eq!(
        desk.ok(&["workflow", "3"]),
        "1 of 3 cards done, 0 failed\n\
         stopped after 3 failures, the last of T-2; go on with: flightboard workflow T-3 --resume\n"
    );
    assert_eq!(desk.ok(&["plan", "2"]), "T-2     workflow stopped: 3 failures, the last of T-2\n");
    start(&desk, "Apart");
    until_status(&desk, "4", "review");

    // That holds over a kill.
    served.kill();
    let _served = desk.serve();
    std::fs::write(desk.data().join("mended"), "").unwrap();
    assert_eq!(desk.show("2")["runs"].as_array().map(Vec::len), Some(3));
    let (_, refused) = desk.refused(&["workflow", "4", "--resume"]);
    assert!(refused.contains("T-4 belongs to no workflow that was stopped"), "{refused}");

    desk.ok(&["workflow", "3", "--resume"]);
    until_status(&desk, "2", "review");
    desk.ok(&["approve", "2"]);
    until_status(&desk, "3", "review");
    assert_eq!(queue_of(&desk, 3)["workflow"]["done"], 2);
}

#[test]
fn work_that_a_check_gave_up_says_which_check() {
    let (desk, _served) = shop("echo done > COMPLETION.md", &["--check", "test -e never"]);
    start(&desk, "Never passes");
    let card = until_status(&desk, "1", "failed");
    assert_eq!(card["run"]["cause"], Value::Null, "the run itself succeeded");
    let board = desk.rpc("get_cards", &json!({"ids": [1]})).unwrap()[0].clone();
    assert_eq!(board["run"]["cause"], "gate_failed");
    let why = board["why"].as_str().unwrap();
    assert!(why.ends_with("The check `test -e never` failed 3 times"), "{why}");
}

#[test]
fn waits_between_attempts_are_the_cards_else_its_agents_else_its_projects() {
    let (desk, _served) = shop("exit 3", &[]);
    desk.ok(&["agents", "register", "worker", "--breaker", "100"]);
    desk.ok(&["project", "policy", "shop", "--retry", "1", "--retry-wait", "0", "--stop-workflow", "0"]);
    let given_up = |id: &str, attempts: usize| {
        let card = until_status(&desk, id, "failed");
        assert_eq!(card["runs"].as_array().map(Vec::len), Some(attempts), "{id}");
    };
    start(&desk, "The project's: once more, at once");
    given_up("1", 2);

    desk.ok(&["agents", "register", "worker", "--retry-wait", "3600"]);
    start(&desk, "The agent's: in an hour");
    let waits = until(&desk, "2", "it has failed once", |card| {
        card["status"] == "ready" && !card["runs"][0]["ended_at"].is_null()
    });
    let plan = desk.json(&["plan", "2"]);
    assert_eq!(plan["waits"][0]["code"], "timer", "{plan}");
    let mine = ["--retry", "2", "--retry-wait", "0"];
    desk.ok(&[&["add", "Its own: twice more, at once", "--project", "shop", "--queue"], &mine[..]].concat());
    given_up("3", 3);
    let growing = ["--retry", "2", "--retry-wait", "10-300~5"];
    desk.ok(&[&["add", "Its own: growing", "--project", "shop"], &growing[..]].concat());
    let rule = json!({"max": 2, "backoff": {"kind": "exponential", "first": 10_000, "cap": 300_000, "jitter": 0.05}});
    assert_eq!(queue_of(&desk, 4)["retry"]["timeout"], rule);

    desk.ok(&["agents", "register", "worker", "--retry", "default"]);
    start(&desk, "The project's again");
    given_up("5", 2);
    assert_eq!(desk.show("2")["runs"], waits["runs"], "a wait that has begun stays as it is");
    desk.ok(&["project", "policy", "shop", "--retry-default"]);
    assert_eq!(project(&desk)["settings"]["retry"], json!({}));
    for (wait, why) in
        [("soon", "is no wait"), ("300-10", "cannot be shorter than the first"), ("9-9~200", "jitter")]
    {
        let (_, refused) = desk.refused(&["project", "policy", "shop", "--retry-wait", wait]);
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn an_agents_own_rules_come_before_its_projects_and_after_the_cards() {
    let (desk, _served) = shop("exit 3", &[]);
    impatient(&desk);
    desk.ok(&["agents", "register", "worker", "--retry", "0", "--breaker", "2/600"]);
    let worker = desk.rpc("list_agents", &json!({})).unwrap();
    let worker = worker.as_array().unwrap().iter().find(|agent| agent["name"] == "worker").unwrap();
    assert_eq!(worker["breaker"], json!({"threshold": 2, "cool_down": 600_000, "longest": 3_600_000}));

    start(&desk, "Once");
    let card = until_status(&desk, "1", "failed");
    assert_eq!(card["runs"].as_array().map(Vec::len), Some(1), "the project would allow five more");
    let plan = desk.json(&["plan"]);
    let row = plan["agents"].as_array().unwrap().iter().find(|agent| agent["name"] == "worker").unwrap();
    assert_eq!((&row["failures"], &row["breaker"]["threshold"]), (&json!(1), &json!(2)));

    start(&desk, "Twice");
    until_status(&desk, "2", "failed");
    start(&desk, "Waits");
    let why = desk.ok(&["plan", "3"]);
    assert!(why.contains("breaker open for worker, probe at "), "{why}");
    let (_, refused) = desk.refused(&["agents", "register", "worker", "--breaker", "0"]);
    assert!(refused.contains("1 to 100 failures in a row"), "{refused}");
    agent(&desk, "other", "true");
}
