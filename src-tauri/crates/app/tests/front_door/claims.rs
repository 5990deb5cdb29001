//! Agents that pull, on a real engine whose clock a test moves by hand.

use app::{App, Clock, Config, Engine, wire::ProblemCode};
use engine::EngineEvent;
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

const MINUTE: i64 = 60_000;

async fn ready(door: &FrontDoor, title: &str) -> i64 {
    let card = door.card(title).await;
    door.ok("move_task", json!({ "id": card, "column": "ready" })).await;
    card
}

fn of(claim: &Value) -> Value {
    json!({ "run": claim["claim"]["run"], "token": claim["claim"]["token"] })
}

fn with(mut request: Value, fields: Value) -> Value {
    request.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    request
}

#[tokio::test]
async fn an_agent_claims_works_and_finishes() {
    let door = FrontDoor::open().await;
    let card = ready(&door, "fix the login").await;
    let claim = door.ok("claim_task", json!({ "agent": "scout" })).await;
    assert_eq!((&claim["reason"], &claim["task"]["card"]["id"]), (&json!("assigned"), &json!(card)));
    let again = door.ok("claim_task", json!({ "agent": "scout" })).await;
    assert_eq!((&again["reason"], of(&again)), (&json!("continue_current"), of(&claim)));
    let more = door.ok("claim_task", json!({ "agent": "scout", "max_capacity": 2 })).await;
    assert_eq!(more["reason"], "no_tasks_available");
    assert!(door.ok("heartbeat_run", of(&claim)).await["lease_until"].as_i64() > Some(0));

    let done = door.ok("finish_run", with(of(&claim), json!({ "succeeded": true, "message": "done" }))).await;
    assert_eq!((&done["status"], &done["agent"]), (&json!("succeeded"), &json!("scout")));
    let detail = door.ok("get_task", json!({ "id": card })).await;
    assert_eq!(detail["card"]["status"], "review");
    assert_eq!(detail["comments"][0]["body"], "done");
    door.close().await;
}

/// Whoever looks at a card sees its state and its runs as they were at one moment.
#[tokio::test]
async fn a_card_is_shown_as_of_one_moment() {
    const ROUNDS: u32 = 40;
    let door = FrontDoor::open().await;
    let card = ready(&door, "work").await;
    let over = std::cell::Cell::new(false);
    let work = async {
        for round in 0..ROUNDS {
            let claim = door.ok("claim_task", json!({ "agent": "scout" })).await;
            door.ok("finish_run", with(of(&claim), json!({ "succeeded": true }))).await;
            door.ok("move_task", json!({ "id": card, "column": "ready" })).await;
            assert_eq!(claim["claim"]["attempt"], round + 1);
        }
        over.set(true);
    };
    let look = async {
        while !over.get() {
            let seen = door.ok("get_task", json!({ "id": card })).await;
            let (status, runs) = (&seen["card"]["status"], seen["runs"].as_array().unwrap());
            let at_work = runs.iter().filter(|run| run["ended_at"].is_null()).count();
            assert_eq!(at_work, usize::from(*status == "in_progress"), "{status} with {runs:#?}");
            assert_eq!(seen["card"]["runs"], runs.len());
        }
    };
    tokio::join!(work, look);
    door.close().await;
}

#[tokio::test]
async fn what_is_registered_about_an_agent_counts() {
    let door = FrontDoor::open().await;
    for title in ["one", "two", "three"] {
        ready(&door, title).await;
    }
    door.ok("register_agent", json!({ "name": "scout", "max_capacity": 2 })).await;
    let asked = json!({ "agent": "scout", "max_capacity": 9 });
    for _ in 0..2 {
        assert_eq!(door.ok("claim_task", asked.clone()).await["reason"], "assigned");
    }
    let full = door.ok("claim_task", asked.clone()).await;
    assert_eq!((&full["reason"], full["held"].as_array().unwrap().len()), (&json!("at_capacity"), 2));
    door.ok("register_agent", json!({ "name": "scout", "enabled": false })).await;
    assert_eq!(door.refused("claim_task", asked).await.code, ProblemCode::Conflict);

    door.ok("put_queue_policy", json!({ "parallel": 2 })).await;
    let kept = door.ok("claim_task", json!({ "agent": "iris" })).await;
    assert_eq!(kept["why"], "2 of 2 in flight");
    door.ok("put_queue_policy", json!({ "paused": true })).await;
    let kept = door.ok("claim_task", json!({ "agent": "iris" })).await;
    assert_eq!(kept["why"], "the queue is paused");
    door.close().await;
}

#[tokio::test]
async fn a_person_stops_a_claimed_run_and_its_agent_hears_of_it() {
    let door = FrontDoor::open().await;
    let card = ready(&door, "work").await;
    let claim = door.ok("claim_task", json!({ "agent": "scout" })).await;
    let stopped = door.ok("stop_run", json!({ "run": claim["claim"]["run"] })).await;
    assert_eq!(stopped["status"], "stopped");
    let told = door.refused("heartbeat_run", of(&claim)).await;
    assert_eq!(told.code, ProblemCode::Conflict);
    assert!(told.message.ends_with("it was stopped"), "{told}");

    let claim = door.ok("claim_task", json!({ "agent": "iris" })).await;
    door.ok("move_task", json!({ "id": card, "column": "inbox" })).await;
    let late = with(of(&claim), json!({ "succeeded": true, "message": "but I did it" }));
    assert_eq!(door.refused("finish_run", late).await.code, ProblemCode::Conflict);
    let detail = door.ok("get_task", json!({ "id": card })).await;
    assert_eq!(detail["card"]["status"], "inbox");
    let kept = detail["comments"]
        .as_array()
        .unwrap()
        .iter()
        .any(|c| c["body"].as_str().unwrap().ends_with("but I did it"));
    assert!(kept, "{detail}");
    door.close().await;
}

#[tokio::test]
async fn a_silent_agent_loses_its_task_and_one_that_is_heard_keeps_it() {
    let start = 1_800_000_000_000;
    let (clock, hand) = Clock::by_hand(start);
    testkit::have_pty_host();
    let dir = tempfile::tempdir().unwrap();
    let config = Config { clock, ..Config::dispatching(dir.path().join("data")) };
    let app = App::new(Engine::start(config.clone()).await.unwrap());
    let door = FrontDoor { app, dir };
    let (first, second) = (ready(&door, "first").await, ready(&door, "second").await);
    let silent = door.ok("claim_task", json!({ "agent": "scout" })).await;
    let heard = door.ok("claim_task", json!({ "agent": "iris" })).await;
    assert_eq!(silent["task"]["card"]["id"], first);

    let mut events = door.app.engine().events();
    hand.set(start + 9 * MINUTE);
    door.ok("heartbeat_run", of(&heard)).await;
    hand.set(start + 10 * MINUTE);
    loop {
        match events.next().await.expect("the engine is there") {
            EngineEvent::Changed(commit) if commit.tasks.iter().any(|task| task.0 == first) => break,
            EngineEvent::Changed(_)
            | EngineEvent::AgentsFound
            | EngineEvent::Live(_)
            | EngineEvent::Missed => {}
        }
    }
    let status = async |card: i64| door.ok("get_task", json!({ "id": card })).await["card"]["status"].clone();
    assert_eq!((status(first).await, status(second).await), (json!("ready"), json!("in_progress")));
    let told = door.refused("heartbeat_run", of(&silent)).await;
    assert!(told.message.contains("nothing was heard of it in time"), "{told}");

    // While the engine is away nobody can be heard, and nobody is lost for it.
    door.app.engine().shutdown().await;
    hand.set(start + 600 * MINUTE);
    let app = App::new(Engine::start(config).await.unwrap());
    let door = FrontDoor { app, dir: door.dir };
    let mut commits = door.app.engine().store().committed();
    let again = door.ok("claim_task", json!({ "agent": "scout" })).await;
    assert_eq!(again["task"]["card"]["id"], first);
    assert_eq!(commits.recv().await.unwrap().tasks.len(), 1);
    let lease = door.ok("heartbeat_run", of(&heard)).await["lease_until"].as_i64();
    assert_eq!(lease, Some(start + 610 * MINUTE));
    door.close().await;
}

#[tokio::test]
async fn a_card_that_fails_for_too_long_calls_its_person_when_the_time_has_come() {
    let start = 1_800_000_000_000;
    let (clock, hand) = Clock::by_hand(start);
    let dir = tempfile::tempdir().unwrap();
    let config = Config { clock, ..Config::dispatching(dir.path().join("data")) };
    let door = FrontDoor::open_with(config, dir).await;
    let card = ready(&door, "work").await;
    let claim = door.ok("claim_task", json!({ "agent": "scout" })).await;
    door.ok("finish_run", with(of(&claim), json!({ "succeeded": false, "message": "no network" }))).await;
    let needs_you = async || door.ok("get_overview", json!({})).await["needs_you"].clone();
    assert_eq!(needs_you().await, 0);

    // A day is the usual patience.
    let mut events = door.app.engine().events();
    hand.set(start + 24 * 60 * MINUTE);
    loop {
        match events.next().await.expect("the engine is there") {
            EngineEvent::Changed(commit) if commit.tasks.iter().any(|task| task.0 == card) => break,
            EngineEvent::Changed(_)
            | EngineEvent::AgentsFound
            | EngineEvent::Live(_)
            | EngineEvent::Missed => {}
        }
    }
    assert_eq!(needs_you().await, 1);
    let detail = door.ok("get_task", json!({ "id": card })).await;
    assert_eq!(detail["card"]["why"], "Needs you: it has been failing for 24 h");
    assert_eq!(detail["queue"]["called"], "it has been failing for 24 h");
    door.close().await;
}

#[tokio::test]
async fn nonsense_is_refused_and_changes_nothing() {
    let door = FrontDoor::open().await;
    ready(&door, "work").await;
    for request in [
        json!({ "agent": "" }),
        json!({ "agent": "Scout Two" }),
        json!({ "agent": "scout", "max_capacity": 0 }),
        json!({ "agent": "scout", "max_capacity": -1 }),
        json!({ "agent": "scout", "skills": ["a b"] }),
        json!({ "agent": "scout", "lease_seconds": 9 }),
        json!({ "agent": "scout", "lease_seconds": 86_401 }),
    ] {
        assert_eq!(door.refused("claim_task", request).await.code, ProblemCode::Invalid);
    }
    let unknown = json!({ "run": 7, "token": "x" });
    assert_eq!(door.refused("heartbeat_run", unknown.clone()).await.code, ProblemCode::NotFound);
    let unknown = with(unknown, json!({ "succeeded": true }));
    assert_eq!(door.refused("finish_run", unknown).await.code, ProblemCode::NotFound);
    let plan = door.ok("get_plan", json!({})).await;
    assert_eq!((&plan["in_flight"], &plan["ready"]), (&json!(0), &json!(1)));
    door.close().await;
}
