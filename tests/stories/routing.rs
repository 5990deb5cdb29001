//! Who starts and who makes way: limits hold over a restart and count each run once, a critical card takes
//! a low one's place where that is allowed, each run says by which rule it was started, and agents that
//! ask for work are kept within the budgets.

use flightboard_stories::Desk;
use serde_json::{Value, json};

use crate::gates::{TURN, agent, shop, spender, start, until, until_status};

/// Works until the file `go` is there.
fn patient(desk: &Desk) -> String {
    let go = desk.data().join("go");
    format!("echo here; while [ ! -e '{}' ]; do sleep 0.05; done; echo done > COMPLETION.md", go.display())
}

fn let_go(desk: &Desk) {
    std::fs::write(desk.data().join("go"), "").unwrap();
}

/// Cards whose agent is at work, not only being prepared.
fn in_flight(desk: &Desk) -> Vec<i64> {
    let cards = desk.json(&["list", "--status", "in_progress"]);
    let at_work = cards.as_array().unwrap().iter().filter(|card| card["run"]["status"] == "working");
    at_work.map(|card| card["id"].as_i64().unwrap()).collect()
}

fn claim(desk: &Desk, agent: &str) -> Value {
    desk.rpc("claim_task", &json!({"agent": agent})).unwrap()
}

#[test]
fn the_limit_holds_over_a_kill_with_runs_at_work() {
    let (desk, served) = shop("true", &[]);
    agent(&desk, "patient", &patient(&desk));
    desk.ok(&["policy", "--parallel", "2"]);
    for title in ["One", "Two", "Three"] {
        desk.ok(&["add", title, "--project", "shop", "--queue", "--agent", "patient"]);
    }
    desk.until("two are at work", || (in_flight(&desk).len() == 2).then_some(()));

    served.kill();
    let _served = desk.serve();
    // The plan is made from what the new engine found; the dispatcher reads the same.
    let why = desk.ok(&["plan", "3"]);
    assert_eq!(why, "T-3     waiting: 2 of 2 in flight, next\n");
    assert_eq!(in_flight(&desk), [1, 2]);
    let (_, refused) = desk.refused(&["run", "3", "--agent", "patient"]);
    assert!(refused.contains("2 of 2 in flight"), "{refused}");

    let_go(&desk);
    until_status(&desk, "3", "review");
}

#[test]
fn the_next_few_begin_on_one_agent_in_the_lists_order_as_far_as_the_limits_go() {
    let (desk, _served) = shop("true", &[]);
    agent(&desk, "patient", &patient(&desk));
    desk.ok(&["policy", "--parallel", "2"]);
    for (title, priority) in [("Last", "low"), ("Soon", "high"), ("Then", "medium")] {
        desk.ok(&["add", title, "--priority", priority]);
    }
    desk.ok(&["add", "Waits for the last", "--priority", "critical", "--after", "1"]);
    for (count, agent, why) in
        [("0", "patient", "0 is not in 1..=100"), ("51", "patient", "1 to 50"), ("1", "nobody", "nobody")]
    {
        let (_, refused) = desk.refused(&["exec-next", count, "--agent", agent]);
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(in_flight(&desk), Vec::<i64>::new());

    let first = desk.json(&["exec-next", "1", "--agent", "patient"]);
    assert_eq!((&first[0]["key"], first.as_array().map(Vec::len)), (&json!("T-2"), Some(1)));
    let started = desk.rpc("start_next", &json!({"count": 2, "agent": "patient"})).unwrap();
    let tasks: Vec<&Value> = started["runs"].as_array().unwrap().iter().map(|run| &run["task"]).collect();
    assert_eq!(tasks, [3]);
    assert_eq!(started["passed_over"][0]["task"], 1);
    assert!(started["passed_over"][0]["why"].as_str().unwrap().contains("2 of 2 in flight"), "{started}");
    desk.until("both are at work", || (in_flight(&desk) == [2, 3]).then_some(()));
    assert_eq!(desk.show("1")["run_count"], 0);
    let_go(&desk);
    until_status(&desk, "2", "review");
    until_status(&desk, "3", "review");
}

#[test]
fn a_critical_card_takes_a_low_ones_place_only_where_that_is_allowed() {
    let (desk, _served) = shop("true", &[]);
    agent(&desk, "patient", &patient(&desk));
    desk.ok(&["policy", "--parallel", "1"]);
    let add = |title: &str, priority: &str| {
        desk.ok(&[
            "add",
            title,
            "--project",
            "shop",
            "--queue",
            "--agent",
            "patient",
            "--priority",
            priority,
        ]);
    };
    add("Can wait", "low");
    desk.until("the low one is at work", || (in_flight(&desk) == [1]).then_some(()));
    add("Cannot wait", "critical");
    assert_eq!(desk.ok(&["plan", "2"]), "T-2     waiting: 1 of 1 in flight, next\n");
    assert_eq!(in_flight(&desk), [1]);

    desk.ok(&["policy", "--preempt", "true"]);
    desk.until("the critical one has its place", || (in_flight(&desk) == [2]).then_some(()));
    let low = desk.show("1");
    assert_eq!((&low["status"], &low["queued"]), (&json!("ready"), &json!(true)));
    assert_eq!(low["runs"][0]["status"], "stopped");
    let_go(&desk);
    until_status(&desk, "2", "review");
    until_status(&desk, "1", "review");
}

#[test]
fn each_run_says_by_which_rule_its_agent_and_model_were_chosen_and_an_override_wins() {
    let (desk, _served) = shop("true", &[]);
    spender(&desk, TURN);
    let policy =
        json!({"models": {"spender": {"complex": "opus", "routine": "haiku"}}, "agents": ["spender"]});
    desk.rpc("put_queue_policy", &policy).unwrap();
    desk.ok(&["project", "policy", "shop", "--agents", "spender"]);
    let run = |id: &str| {
        let card = until_status(&desk, id, "review");
        (card["runs"][0]["model"].clone(), card["runs"][0]["rule"].as_str().unwrap().to_owned())
    };
    desk.ok(&["add", "Rename a variable", "--project", "shop", "--queue", "--priority", "low"]);
    let (model, rule) = run("1");
    assert_eq!(model, "haiku");
    assert!(rule.starts_with("the only one that can; model: "), "{rule}");
    desk.ok(&[
        "add",
        "Rename a variable",
        "--project",
        "shop",
        "--queue",
        "--priority",
        "low",
        "--model",
        "mine",
    ]);
    let (model, own) = run("2");
    assert_eq!(model, "mine");
    assert_ne!(own, rule, "the rule that fired is another");
}

#[test]
fn planning_writing_and_reviewing_ask_for_models_of_their_own() {
    let (desk, _served) = shop("true", &[]);
    let approves = format!("printf 'VERDICT: APPROVED\\n' > REVIEW.md\n{TURN}");
    for (name, role, script) in
        [("scout", "planner", TURN), ("smith", "coder", TURN), ("aegis", "reviewer", &approves)]
    {
        agent(&desk, name, script);
        let program = desk.folder.path().join("bin").join(name);
        desk.ok(&["agents", "remove", name]);
        let program = program.to_str().unwrap();
        desk.ok(&["agents", "register", name, "--kind", "claude", "--program", program, "--role", role]);
    }
    let models = json!({"plan": "deep", "code": "quick", "review": "strict"});
    let policy = json!({"models": {"scout": models, "smith": models, "aegis": models}});
    desk.rpc("put_queue_policy", &policy).unwrap();
    desk.ok(&["project", "policy", "shop", "--reviewer", "aegis"]);
    for (id, agent, asked) in [("1", "scout", "deep"), ("2", "smith", "quick")] {
        desk.ok(&["add", "Work on it", "--project", "shop", "--queue", "--agent", agent]);
        let card = until_status(&desk, id, "done");
        let mut runs: Vec<_> = card["runs"].as_array().unwrap().iter().collect();
        runs.sort_by_key(|run| run["id"].as_i64());
        let models: Vec<_> = runs.iter().map(|run| (&run["agent"], &run["model"])).collect();
        assert_eq!(models, [(&json!(agent), &json!(asked)), (&json!("aegis"), &json!("strict"))]);
    }
}

#[test]
fn the_cheapest_agent_is_taken_where_the_board_says_so_and_the_first_where_it_does_not() {
    let (desk, _served) = shop("true", &[]);
    for name in ["dear", "cheap"] {
        agent(&desk, name, "echo done > COMPLETION.md");
    }
    desk.ok(&["project", "policy", "shop", "--agents", "dear,cheap"]);
    let policy = |choice: &str, paused: bool| {
        let policy =
            json!({"choice": choice, "costs": {"dear": 5_000_000, "cheap": 1_000_000}, "paused": paused});
        desk.rpc("put_queue_policy", &policy).unwrap();
    };
    let planned = || desk.json(&["plan", "1"])["starts"][0]["agent"].clone();
    policy("in_order", true);
    start(&desk, "For the cheapest");
    assert_eq!(planned(), "dear");
    policy("cheapest", true);
    assert_eq!(planned(), "cheap");
    policy("cheapest", false);
    let card = until_status(&desk, "1", "review");
    assert_eq!(card["runs"][0]["agent"], "cheap");
}

#[test]
fn tags_take_turns_where_the_board_says_so() {
    let desk = Desk::new();
    let _served = desk.serve();
    let policy = |tags: Value| {
        let policy = json!({"agents": ["demo"], "parallel": 2, "paused": true, "share_by_tags": tags});
        desk.rpc("put_queue_policy", &policy).unwrap();
    };
    policy(json!([]));
    for tag in ["docs", "docs", "docs", "web"] {
        desk.ok(&["add", "One of many", "--queue", "--tag", tag]);
    }
    let next = || -> Vec<i64> {
        let plan = desk.json(&["plan"]);
        plan["starts"].as_array().unwrap().iter().map(|start| start["task"].as_i64().unwrap()).collect()
    };
    assert_eq!(next(), [1, 2], "without tags they are of one project, none");
    policy(json!(["docs", "web"]));
    assert_eq!(next(), [1, 4], "the flooded tag leaves the other its turn");
}

#[test]
fn what_agents_pull_takes_no_place_of_the_dispatchers_own() {
    let (desk, _served) = shop("echo done > COMPLETION.md", &[]);
    for at in 0..4 {
        desk.ok(&["add", &format!("Card {at}")]);
    }
    for at in 0..4 {
        assert_eq!(claim(&desk, &format!("far-{at}"))["reason"], "assigned");
    }
    // Four are at work elsewhere; the dispatcher's own limit here is three.
    start(&desk, "Here");
    until_status(&desk, "5", "review");
    // A limit that a person set counts them all.
    desk.ok(&["policy", "--parallel", "4"]);
    start(&desk, "Here too");
    assert_eq!(desk.ok(&["plan", "6"]), "T-6     waiting: 4 of 4 in flight, next\n");
}

#[test]
fn a_used_up_budget_gives_agents_that_ask_nothing_and_ends_what_they_have() {
    let (desk, _served) = shop("true", &[]);
    let project = desk.rpc("list_projects", &json!({})).unwrap()[0].clone();
    let budget = |name: &str, budget: Value| {
        let mut settings = project["settings"].clone();
        settings["dispatch"] = json!(false);
        settings["agents"] = json!([]);
        settings[name] = budget;
        desk.rpc("edit_project", &json!({"id": project["id"], "settings": settings})).unwrap();
    };
    budget("task_budget", json!({"wall": 1}));
    for title in ["First", "Second"] {
        desk.ok(&["add", title, "--project", "shop"]);
    }
    let held = claim(&desk, "far");
    let (run, token) = (&held["claim"]["run"], &held["claim"]["token"]);
    let refused = desk
        .until("its time is up", || desk.rpc("heartbeat_run", &json!({"run": run, "token": token})).err());
    assert!(refused["message"].as_str().unwrap().contains("its budget is used up"), "{refused}");
    let card = until(&desk, "1", "it waits for its person", |card| card["needs_you"] == true);
    assert_eq!(card["status"], "ready");
    // A card over its budget is passed over, others are not.
    desk.ok(&["queue", "1"]);
    desk.ok(&["unqueue", "1"]);
    let next = claim(&desk, "far");
    assert_eq!(next["claim"]["task"], 2);
    let (run, token) = (&next["claim"]["run"], &next["claim"]["token"]);
    desk.rpc("finish_run", &json!({"run": run, "token": token, "succeeded": true})).unwrap();
    let nothing = claim(&desk, "far");
    assert_eq!(nothing["reason"], "no_tasks_available");
    assert!(nothing["why"].as_str().unwrap().starts_with("the budget is used up: "), "{nothing}");

    budget("budget", json!({"wall": 1}));
    desk.ok(&["add", "Third", "--project", "shop"]);
    let nothing = claim(&desk, "far");
    assert!(nothing["why"].as_str().unwrap().contains("today in project shop"), "{nothing}");
    budget("budget", json!({"wall": null}));
    assert_eq!(claim(&desk, "far")["reason"], "assigned");
}

#[test]
fn a_warning_is_heard_even_if_the_run_ends_with_the_word_that_crossed_the_line() {
    let (desk, _served) = shop("true", &["--card-budget", "0.6"]);
    spender(&desk, TURN);
    desk.ok(&["add", "Nearly dear", "--project", "shop", "--queue", "--agent", "spender"]);
    let card = until_status(&desk, "1", "review");
    let said: Vec<&str> = card["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| comment["body"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["Most of the budget is used: $0.50 of $0.60 for T-1."]);
}
