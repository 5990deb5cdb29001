//! Limits of work in progress hold at every door alike: the command line, a claim, a person's start, the
//! dispatcher, a card that is dragged; and an engine that starts again finds them as they were.

use flightboard_stories::{Desk, Served};
use serde_json::{Value, json};

/// What a limit of one is set on; each leaves room elsewhere.
const LIMITS: [(&str, &[&str]); 4] = [
    ("flight", &["policy", "--parallel", "1"]),
    ("flight for worker", &["agents", "register", "worker", "--capacity", "1"]),
    ("project shop", &["project", "policy", "shop", "--limit", "1"]),
    ("repository tools", &["project", "policy", "tools", "--repository-limit", "1"]),
];

/// Two projects that share the repository `tools`; work waits until the desk's file `go` appears.
fn desk() -> (Desk, Served) {
    let desk = Desk::new();
    let served = desk.serve();
    let go = desk.folder.path().join("go");
    crate::gates::agent(&desk, "worker", &format!("while [ ! -e '{}' ]; do sleep 0.05; done", go.display()));
    let (shop, tools) = (desk.repository("shop"), desk.repository("tools"));
    let (shop, tools) = (shop.to_str().unwrap(), tools.to_str().unwrap());
    desk.ok(&["project", "add", shop, "--name", "shop", "--repository", tools]);
    desk.ok(&["project", "add", tools, "--name", "tools"]);
    desk.ok(&["policy", "--agents", "worker"]);
    (desk, served)
}

fn number(card: &Value) -> String {
    card["id"].to_string()
}

fn add(desk: &Desk, project: &str, queued: bool) -> String {
    let mut args = vec!["add", "work", "--project", project];
    args.extend(queued.then_some("--queue"));
    number(&desk.json(&args))
}

fn plan_of(desk: &Desk, id: &str) -> String {
    desk.ok(&["plan", id])
}

/// Nobody gets past the limit `name`, through whichever door.
fn assert_full(desk: &Desk, name: &str, project: &str, of_worker_alone: bool) {
    let said = format!("1 of 1 in {name}");
    let by_hand = add(desk, project, false);
    let (_, refused) = desk.refused(&["run", &by_hand, "--agent", "worker"]);
    assert!(refused.contains(&said), "{refused}");
    let request = json!({ "task": by_hand.parse::<i64>().unwrap(), "agent": "worker", "mode": "unattended" });
    let refused = desk.rpc("start_run", &request).unwrap_err();
    assert!(refused["message"].as_str().unwrap().contains(&said), "{refused}");

    let queued = add(desk, project, true);
    let why = plan_of(desk, &queued);
    assert!(why.contains(&said), "{why}");
    assert_eq!(desk.show(&queued)["status"], "ready");

    // Whoever pulls is another agent.
    if !of_worker_alone {
        let answer = desk.rpc("claim_task", &json!({ "agent": "scout" })).unwrap();
        assert_eq!(answer["reason"], "no_tasks_available", "{answer}");
    }
    for id in [by_hand, queued] {
        desk.ok(&["trash", "put", &id]);
    }
}

#[test]
fn a_limit_holds_at_every_door_and_after_a_restart() {
    for (name, set) in LIMITS {
        let (desk, served) = desk();
        // The work is the shop's; the limit on the repository is set by the other project that uses it.
        let project = if name.starts_with("repository") { "tools" } else { "shop" };
        let first = add(&desk, "shop", false);
        desk.ok(&["run", &first, "--agent", "worker"]);
        desk.ok(set);
        let of_worker_alone = name.starts_with("flight for");
        assert_full(&desk, name, project, of_worker_alone);

        served.kill();
        let served = desk.serve();
        assert_full(&desk, name, project, of_worker_alone);

        std::fs::write(desk.folder.path().join("go"), "").unwrap();
        desk.until("the place is free", || (desk.show(&first)["status"] == "review").then_some(()));
        let next = add(&desk, project, true);
        desk.until("the next one starts", || (desk.show(&next)["run_count"] == 1).then_some(()));
        desk.until("it ends", || (desk.show(&next)["status"] == "review").then_some(()));
        served.stop();
    }
}

#[test]
fn a_full_review_column_takes_no_card_that_is_dragged_there_and_starts_nothing_new() {
    let (desk, served) = desk();
    std::fs::write(desk.folder.path().join("go"), "").unwrap();
    let first = add(&desk, "shop", true);
    desk.until("one waits for its review", || (desk.show(&first)["status"] == "review").then_some(()));
    desk.ok(&["policy", "--review", "1"]);
    let dragged = add(&desk, "shop", false);
    desk.ok(&["move", &dragged, "ready"]);
    let full = |desk: &Desk| {
        let (_, refused) = desk.refused(&["move", &dragged, "review"]);
        assert!(refused.contains("1 of 1 in Review"), "{refused}");
        let request = json!({ "id": dragged.parse::<i64>().unwrap(), "column": "review" });
        let refused = desk.rpc("move_task", &request).unwrap_err();
        assert!(refused["message"].as_str().unwrap().contains("1 of 1 in Review"), "{refused}");
        let queued = add(desk, "shop", true);
        assert!(plan_of(desk, &queued).contains("1 of 1 in Review"));
        let answer = desk.rpc("claim_task", &json!({ "agent": "scout" })).unwrap();
        assert_eq!(answer["why"], "1 of 1 in Review");
        desk.ok(&["trash", "put", &queued]);
    };
    full(&desk);
    served.kill();
    let served = desk.serve();
    full(&desk);
    // What lies in the trash takes no place, and comes back only where there is one.
    desk.ok(&["trash", "put", &first]);
    desk.ok(&["move", &dragged, "review"]);
    let (_, refused) = desk.refused(&["trash", "restore", &first]);
    assert!(refused.contains("1 of 1 in Review"), "{refused}");
    desk.ok(&["approve", &dragged]);
    desk.ok(&["trash", "restore", &first]);
    assert_eq!(desk.show(&first)["status"], "review");
    served.stop();
}
