//! What happens after the work, and when it fails: gates of commands and reviewers, attempts that are
//! counted, breakers that open, fallbacks that take over.

use std::{os::unix::fs::PermissionsExt, path::Path};

use flightboard_stories::{Desk, Served};
use serde_json::{Value, json};

/// Registers an agent that is a shell script; it runs where its task's work is.
pub(crate) fn agent(desk: &Desk, name: &str, script: &str) {
    let bin = desk.folder.path().join("bin");
    std::fs::create_dir_all(&bin).expect("a folder for programs");
    let program = bin.join(name);
    let text = format!("#!/bin/sh\n[ \"$1\" = --version ] && exit\n{script}\n");
    std::fs::write(&program, text).expect("a script");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it may be run");
    let program = program.to_str().expect("a plain path");
    desk.ok(&["agents", "register", name, "--program", program, "--capacity", "4"]);
}

/// A served desk with the project `shop`, whose dispatcher starts `worker`.
pub(crate) fn shop(worker: &str, gate: &[&str]) -> (Desk, Served) {
    let desk = Desk::new();
    let served = desk.serve();
    agent(&desk, "worker", worker);
    let repository = desk.repository("shop");
    desk.ok(&["project", "add", repository.to_str().unwrap(), "--name", "shop"]);
    let policy = ["project", "policy", "shop", "--dispatch", "true", "--agents", "worker"];
    desk.ok(&[&policy, gate].concat());
    (desk, served)
}

pub(crate) fn until(desk: &Desk, id: &str, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    desk.until(what, || {
        let card = desk.show(id);
        fits(&card).then_some(card)
    })
}

pub(crate) fn until_status(desk: &Desk, id: &str, status: &str) -> Value {
    until(desk, id, &format!("{id} is in {status}"), |card| card["status"] == status)
}

pub(crate) fn start(desk: &Desk, title: &str) {
    desk.ok(&["add", title, "--project", "shop", "--queue"]);
}

pub(crate) fn queue_of(desk: &Desk, id: i64) -> Value {
    desk.rpc("get_task", &json!({"id": id})).unwrap()["queue"].clone()
}

/// Writes `fixed` once TASK.md says that the check was missing it.
const LEARNS: &str = r#"grep -q "no file fixed" TASK.md && echo yes > fixed
echo done > COMPLETION.md"#;

#[test]
fn a_failed_check_goes_back_to_the_worker_with_its_output_and_passes_the_next_time() {
    let (desk, _served) = shop(LEARNS, &["--check", "sh check.sh"]);
    std::fs::write(
        desk.folder.path().join("shop/check.sh"),
        "test -e fixed || { echo no file fixed; exit 3; }\n",
    )
    .unwrap();
    flightboard_stories::git(&desk.folder.path().join("shop"), &["add", "."]);
    flightboard_stories::git(&desk.folder.path().join("shop"), &["commit", "-q", "-m", "a check"]);
    start(&desk, "Make it pass");

    until_status(&desk, "1", "done");

    let reviews = queue_of(&desk, 1)["reviews"].clone();
    let said: Vec<_> = reviews.as_array().unwrap().iter().map(|r| r["verdict"].as_str()).collect();
    assert_eq!(said, [Some("rejected"), Some("approved")]);
    assert!(reviews[0]["notes"].as_str().unwrap().contains("no file fixed"), "{reviews}");
    assert_eq!(queue_of(&desk, 1)["failures"], json!([{"cause": "gate_failed", "count": 1}]));
}

#[test]
fn a_reviewer_judges_a_copy_and_its_prompt_is_on_record() {
    let worker = "echo work > made.txt; echo done > COMPLETION.md";
    let (desk, _served) = shop(worker, &[]);
    // The reviewer must be there before a gate can name it.
    let reviewer = r#"cat CHANGES.diff > /dev/null || exit 9
echo spoiled >> made.txt 2> /dev/null; rm -f made.txt
grep -q "+work" CHANGES.diff && printf 'Fine.\n\nVERDICT: APPROVED\n' > REVIEW.md"#;
    agent(&desk, "aegis", reviewer);
    desk.ok(&["agents", "soul", "aegis", "--set", "Look at the tests first."]);
    desk.ok(&["project", "policy", "shop", "--reviewer", "aegis"]);
    start(&desk, "Write made.txt");

    let card = until_status(&desk, "1", "done");

    let review = queue_of(&desk, 1)["reviews"][0].clone();
    assert_eq!((&review["reviewer"], &review["verdict"]), (&json!("aegis"), &json!("approved")));
    assert_eq!(review["notes"], "Fine.\n\nVERDICT: APPROVED\n");
    let prompt = review["prompt"].as_str().unwrap();
    assert!(prompt.contains("Look at the tests first.") && prompt.contains("VERDICT: REJECTED"), "{prompt}");
    let work = card["runs"].as_array().unwrap().iter().find(|run| run["review"].is_null()).unwrap();
    let made = Path::new(work["workspace"]["path"].as_str().unwrap()).join("made.txt");
    assert_eq!(std::fs::read_to_string(made).unwrap(), "work\n", "the reviewer had only a copy");
}

#[test]
fn three_rejections_end_a_task_with_all_that_was_said() {
    let (desk, _served) = shop("echo again > COMPLETION.md", &[]);
    agent(
        &desk,
        "aegis",
        "printf 'Not yet: %s\\n\\nVERDICT: REJECTED\\n' \"$(cat COMPLETION.md 2>&1)\" > REVIEW.md",
    );
    desk.ok(&["project", "policy", "shop", "--reviewer", "aegis"]);
    start(&desk, "Never good enough");

    let card = until_status(&desk, "1", "failed");

    let queue = queue_of(&desk, 1);
    assert_eq!(queue["failures"], json!([{"cause": "review_rejected", "count": 3}]));
    assert_eq!(queue["reviews"].as_array().map(Vec::len), Some(3));
    let comments = card["comments"].as_array().unwrap();
    assert_eq!(comments.iter().filter(|comment| comment["author"] == "agent:aegis").count(), 3);
}

#[test]
fn nobody_reviews_their_own_work_and_no_verdict_is_no_approval() {
    let (desk, _served) = shop("echo done > COMPLETION.md", &[]);
    desk.ok(&["project", "policy", "shop", "--reviewer", "worker"]);
    start(&desk, "Mine");
    let card = until(&desk, "1", "it is held", |card| {
        card["why"].as_str().is_some_and(|why| why.contains("cannot review it"))
    });
    assert_eq!(card["status"], "review");

    agent(&desk, "mute", "echo I think VERDICT: APPROVED would be fine");
    desk.ok(&["project", "policy", "shop", "--no-gate", "--reviewer", "mute"]);
    start(&desk, "Judged by nobody");
    let card = until(&desk, "2", "it is held", |card| {
        card["why"].as_str().is_some_and(|why| why.contains("no verdict"))
    });
    assert_eq!(card["status"], "review");
    let reviews = queue_of(&desk, 2)["reviews"].clone();
    assert_eq!(reviews.as_array().map(Vec::len), Some(3));
    assert!(reviews.as_array().unwrap().iter().all(|review| review["verdict"].is_null()), "{reviews}");
}

#[test]
fn attempts_are_counted_told_and_used_up() {
    let (desk, _served) = shop("echo it broke; exit 3", &[]);
    desk.ok(&["add", "Cannot work", "--project", "shop", "--queue", "--retry", "0"]);

    let card = until_status(&desk, "1", "failed");

    let comment = &card["comments"][0];
    assert_eq!(comment["author"], "engine");
    let told = comment["body"].as_str().unwrap();
    assert!(told.starts_with("Attempt 1 with worker ended after an exit with an error"), "{told}");
    assert!(told.contains("Its attempts are used up."), "{told}");
    let output = "Its output: Log tab, run 1, or `flightboard logs T-1 --attempt 1`.";
    assert!(told.ends_with(output), "{told}");
    assert_eq!(desk.ok(&["logs", "T-1", "--attempt", "1"]).trim(), "it broke");
    assert_eq!(queue_of(&desk, 1)["failures"], json!([{"cause": "exited_non_zero", "count": 1}]));
}

#[test]
fn a_waiting_retry_survives_a_kill_and_says_when_it_goes_on() {
    let (desk, served) = shop("echo it broke; exit 3", &[]);
    start(&desk, "Fails once");
    until(&desk, "1", "it waits for its second attempt", |card| {
        // The run's row and its card are read one after the other.
        card["status"] == "ready" && !card["runs"][0]["ended_at"].is_null()
    });
    let why = desk.ok(&["plan", "1"]);
    assert!(why.contains("tries again at ") && why.contains(" after an exit with an error"), "{why}");

    served.kill();
    let _served = desk.serve();
    until(&desk, "1", "it is tried again", |card| {
        card["runs"].as_array().is_some_and(|runs| runs.len() >= 2)
    });
}

#[test]
fn a_failing_agent_gets_no_more_work_and_its_fallback_takes_over() {
    let (desk, _served) = shop("echo down; exit 3", &[]);
    agent(&desk, "spare", "echo done > COMPLETION.md");
    for id in ["1", "2", "3"] {
        desk.ok(&["add", "Fails", "--project", "shop", "--queue", "--retry", "0"]);
        until_status(&desk, id, "failed");
    }
    start(&desk, "Waits for the probe");
    let why = desk.ok(&["plan", "4"]);
    assert!(why.contains("breaker open for worker, probe at "), "{why}");

    desk.ok(&[
        "add",
        "Has a fallback",
        "--project",
        "shop",
        "--queue",
        "--agent",
        "worker",
        "--agent",
        "spare",
    ]);
    let card = until_status(&desk, "5", "review");
    assert_eq!(card["runs"][0]["agent"], "spare");
    let plan = desk.json(&["plan"]);
    let worker = plan["agents"].as_array().unwrap().iter().find(|agent| agent["name"] == "worker").unwrap();
    assert_eq!((&worker["succeeded"], &worker["ended"]), (&json!(0), &json!(3)));
    assert!(worker["trouble"].as_str().unwrap().starts_with("breaker open for worker"), "{worker}");

    desk.ok(&["policy", "--close-breaker", "worker"]);
    desk.until("the waiting card is tried", || {
        (desk.show("4")["runs"].as_array().map(Vec::len) == Some(1)).then_some(())
    });
}

/// Speaks as Claude Code does: a turn that cost half a dollar and 1,500 tokens.
pub(crate) const TURN: &str = r#"echo '{"type":"system","subtype":"init","session_id":"5d1f2f0a-0000-4000-8000-000000000001","model":"m"}'
echo '{"type":"result","subtype":"success","is_error":false,"result":"done","session_id":"5d1f2f0a-0000-4000-8000-000000000001","total_cost_usd":0.5,"usage":{"input_tokens":1000,"output_tokens":500,"cache_read_input_tokens":0,"cache_creation_input_tokens":0}}'"#;

pub(crate) fn spender(desk: &Desk, script: &str) {
    agent(desk, "spender", script);
    let program = desk.folder.path().join("bin/spender");
    desk.ok(&["agents", "remove", "spender"]);
    desk.ok(&["agents", "register", "spender", "--kind", "claude", "--program", program.to_str().unwrap()]);
}

#[test]
fn money_is_the_agents_own_figure_and_a_used_up_budget_starts_nothing_more() {
    let (desk, _served) = shop("true", &["--card-budget", "0.4"]);
    spender(&desk, TURN);
    desk.ok(&["add", "Dear", "--project", "shop", "--queue", "--agent", "spender"]);
    let card = until_status(&desk, "1", "review");
    assert_eq!(card["runs"][0]["spent"], json!({"tokens": 1500, "micros": 500_000, "estimated": false}));

    desk.ok(&["reject", "1", "--notes", "Once more."]);
    let why = desk.ok(&["plan", "1"]);
    assert_eq!(why, "T-1     budget used up: $0.50 of $0.40 for T-1\n");
    assert_eq!(desk.show("1")["status"], "ready");
    desk.ok(&["project", "policy", "shop", "--card-budget", "5"]);
    until(&desk, "1", "it goes on once the budget was raised", |card| {
        card["runs"].as_array().map(Vec::len) == Some(2) && card["status"] == "review"
    });
}

#[test]
fn a_run_that_uses_its_budget_up_is_ended_and_its_card_asks_for_a_person() {
    let (desk, _served) = shop("true", &["--card-tokens", "1500"]);
    spender(&desk, &format!("{TURN}\nsleep 1000"));
    desk.ok(&["add", "Endless", "--project", "shop", "--queue", "--agent", "spender"]);
    let card = until(&desk, "1", "it is held", |card| card["needs_you"] == true);
    assert_eq!(card["status"], "ready");
    assert_eq!(card["runs"][0]["reason"], "its budget is used up: 1500 of 1500 tokens for T-1");
    let comments: Vec<&str> = card["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| comment["body"].as_str().unwrap())
        .collect();
    assert!(comments[0].contains("1500 of 1500 tokens for T-1"), "{comments:?}");
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
}

#[test]
fn money_that_is_not_told_is_estimated_and_marked() {
    let (desk, _served) = shop("true", &[]);
    let silent = TURN.replace(r#""total_cost_usd":0.5,"#, "");
    spender(&desk, &silent);
    desk.ok(&["policy", "--price", "spender=3/15"]);
    desk.ok(&["add", "Priced by the table", "--project", "shop", "--queue", "--agent", "spender"]);
    let card = until_status(&desk, "1", "review");
    assert_eq!(card["runs"][0]["spent"], json!({"tokens": 1500, "micros": 10_500, "estimated": true}));
    let plan = desk.json(&["plan"]);
    let agents = plan["agents"].as_array().unwrap();
    let used = |name: &str| agents.iter().find(|agent| agent["name"] == name).unwrap()["spent_today"].clone();
    assert_eq!(used("spender"), card["runs"][0]["spent"]);
    assert_eq!(used("worker"), json!({"tokens": 0, "micros": 0, "estimated": false}));
}

#[test]
fn the_next_attempt_hears_the_error_of_the_last_byte_for_byte() {
    let error = "Cannot find “módulo” in src/a.rs:3 — `x | y` & <z>, 100 %; 日本語";
    let (desk, _served) = shop("true", &["--retry", "1", "--retry-wait", "0"]);
    let second = desk.folder.path().join("second");
    let fails = format!(
        "echo '{{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"result\":\"{error}\",\"session_id\":\"5d1f2f0a-0000-4000-8000-000000000001\"}}'; exit 1"
    );
    spender(&desk, &format!("if [ ! -e '{0}' ]; then touch '{0}'; {fails}; fi\n{TURN}", second.display()));
    desk.ok(&["add", "Fails first", "--project", "shop", "--queue", "--agent", "spender"]);
    let card = until_status(&desk, "1", "review");
    let runs = card["runs"].as_array().unwrap();
    assert_eq!((runs.len(), &runs[1]["reason"]), (2, &json!(error)));
    let brief = Path::new(runs[0]["workspace"]["path"].as_str().unwrap()).join("TASK.md");
    let told = std::fs::read_to_string(brief).unwrap();
    assert!(told.contains(error), "{told}");
    let comments = card["comments"].as_array().unwrap();
    assert!(comments[0]["body"].as_str().unwrap().contains(error), "and so does whoever looks at the card");
}

#[test]
fn a_usage_limit_holds_its_account_until_it_resets_and_counts_as_nothing() {
    let (desk, _served) = shop("true", &[]);
    let limited = desk.folder.path().join("limited");
    let limit = "echo '{\"type\":\"system\",\"subtype\":\"api_retry\",\"attempt\":1,\"max_retries\":1,\"retry_delay_ms\":12000,\"error_status\":429,\"error\":\"rate_limit\"}'; exit 1";
    spender(&desk, &format!("if [ ! -e '{0}' ]; then touch '{0}'; {limit}; fi\n{TURN}", limited.display()));
    let program = desk.folder.path().join("bin/spender");
    // Another agent of the same provider.
    desk.ok(&["agents", "register", "cousin", "--kind", "claude", "--program", program.to_str().unwrap()]);
    let add = |agent: &str| desk.ok(&["add", "Work", "--project", "shop", "--queue", "--agent", agent]);
    add("spender");
    until(&desk, "1", "it met the limit", |card| {
        card["status"] == "ready" && !card["runs"][0]["ended_at"].is_null()
    });
    add("spender");
    add("cousin");
    let plan = desk.json(&["plan"]);
    let why: Vec<&str> =
        plan["waits"].as_array().unwrap().iter().map(|wait| wait["why"].as_str().unwrap()).collect();
    let starts = [
        "usage limit reached, goes on at ",
        "usage limit of anthropic reached for spender, until ",
        "usage limit of anthropic reached for cousin, until ",
    ];
    assert!(why.len() == 3 && why.iter().zip(starts).all(|(why, start)| why.starts_with(start)), "{why:?}");
    assert_eq!(queue_of(&desk, 1)["failures"], json!([]));
    let row = plan["agents"].as_array().unwrap().iter().find(|agent| agent["name"] == "spender").unwrap();
    assert_eq!((&row["succeeded"], &row["ended"], &row["failures"]), (&json!(0), &json!(0), &json!(0)));
    // By themselves, once it has reset.
    for id in ["1", "2", "3"] {
        until_status(&desk, id, "review");
    }
    assert_eq!(desk.show("1")["runs"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_provider_in_trouble_keeps_work_from_all_its_agents_until_one_probe_gets_through() {
    let (desk, _served) = shop("true", &[]);
    let down = desk.folder.path().join("down");
    std::fs::write(&down, "").unwrap();
    let overloaded = "echo '{\"type\":\"system\",\"subtype\":\"api_retry\",\"attempt\":1,\"max_retries\":1,\"retry_delay_ms\":10,\"error_status\":529,\"error\":\"overloaded\"}'; exit 1";
    spender(&desk, &format!("if [ -e '{}' ]; then {overloaded}; fi\n{TURN}", down.display()));
    let program = desk.folder.path().join("bin/spender");
    desk.ok(&["agents", "register", "cousin", "--kind", "claude", "--program", program.to_str().unwrap()]);
    let policy = json!({"breaker": {"threshold": 3, "cool_down": 12_000, "longest": 12_000}});
    desk.rpc("put_queue_policy", &policy).unwrap();
    let add = |agent: &str| desk.ok(&["add", "Work", "--project", "shop", "--queue", "--agent", agent]);
    // Neither agent fails three times by itself.
    for (id, agent) in [(1, "spender"), (2, "cousin"), (3, "spender")] {
        add(agent);
        let failures = json!([{"cause": "provider_transient", "count": 1}]);
        desk.until("it has failed", || (queue_of(&desk, id)["failures"] == failures).then_some(()));
    }
    add("cousin");
    let why = desk.ok(&["plan", "4"]);
    assert!(why.contains("breaker open for anthropic, probe at "), "{why}");

    std::fs::remove_file(&down).unwrap();
    until_status(&desk, "4", "review");
    add("spender");
    until_status(&desk, "5", "review");
}
