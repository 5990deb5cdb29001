//! The queue's timers on a real engine whose clock a test moves by hand: the waits between attempts, what
//! wakes the dispatcher although nothing happens, and a clock that is set back.

use app::{Clock, Config};
use domain::TaskId;
use engine::EngineEvent;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::front_door::FrontDoor;

/// Before any time at which a process of a test could end.
const START: i64 = 1_760_000_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

async fn dispatching(clock: &Clock, dir: TempDir) -> FrontDoor {
    let config = Config { clock: clock.clone(), ..Config::dispatching(dir.path().join("data")) };
    FrontDoor::open_with(config, dir).await
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A ready card whose failures are followed by such waits.
async fn card(door: &FrontDoor, title: &str, backoff: Value) -> i64 {
    let rule = json!({ "max": 9, "backoff": backoff });
    let retry = json!({ "agent_error": rule, "exited_non_zero": rule });
    let card = json!({ "title": title, "column": "ready", "routing": { "retry": retry } });
    door.ok("add_task", card).await["id"].as_i64().expect("an id")
}

async fn claim(door: &FrontDoor, agent: &str) -> Value {
    door.ok("claim_task", json!({ "agent": agent })).await
}

async fn report(door: &FrontDoor, claim: &Value, succeeded: bool) {
    let (run, token) = (&claim["claim"]["run"], &claim["claim"]["token"]);
    door.ok("finish_run", json!({ "run": run, "token": token, "succeeded": succeeded })).await;
}

async fn waits_until(door: &FrontDoor, card: i64) -> i64 {
    door.app.engine().store().task(TaskId(card)).await.expect("the card").not_before.expect("a timer").at
}

/// The card, once a commit has made it so.
async fn until(door: &FrontDoor, card: i64, fits: impl Fn(&Value) -> bool) -> Value {
    let mut events = door.app.engine().events();
    let made = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        loop {
            let detail = door.ok("get_task", json!({ "id": card })).await;
            if fits(&detail) {
                return detail;
            }
            while !matches!(events.next().await, Some(EngineEvent::Changed(_) | EngineEvent::Missed)) {}
        }
    });
    made.await.expect("it comes to that")
}

fn in_review(detail: &Value) -> bool {
    detail["card"]["status"] == "review"
}

async fn why(door: &FrontDoor, card: i64) -> Value {
    door.ok("get_plan", json!({ "task": card })).await["waits"][0]["code"].clone()
}

#[tokio::test]
async fn waits_between_attempts_grow_to_their_cap_and_survive_a_restart() {
    let (clock, hand) = Clock::by_hand(START);
    let mut door = dispatching(&clock, folder()).await;
    let doubling = json!({ "kind": "exponential", "first": MINUTE, "cap": 4 * MINUTE, "jitter": 0.0 });
    let task = card(&door, "never works", doubling).await;
    let mut now = START;
    for (nth, minutes) in [1, 2, 4, 4].into_iter().enumerate() {
        // Another each time: none of them is to rest.
        let attempt = claim(&door, &format!("scout-{nth}")).await;
        assert_eq!(attempt["claim"]["task"], task, "attempt {nth}: {attempt}");
        report(&door, &attempt, false).await;
        let until = waits_until(&door, task).await;
        assert_eq!(until - now, minutes * MINUTE, "after attempt {nth}");

        door.app.engine().shutdown().await;
        door = dispatching(&clock, door.dir).await;
        hand.set(until - 1);
        assert_eq!(claim(&door, "early").await["reason"], "no_tasks_available");
        hand.set(until);
        now = until;
    }
    assert_eq!(claim(&door, "last").await["claim"]["attempt"], 5);
    door.close().await;
}

#[tokio::test]
async fn a_retry_that_came_due_while_the_machine_slept_begins_once_when_it_wakes() {
    let (clock, hand) = Clock::by_hand(START);
    let door = dispatching(&clock, folder()).await;
    let second = door.dir.path().join("second");
    let script =
        format!("test -e '{0}' && echo done > COMPLETION.md && exit; touch '{0}'; exit 3", second.display());
    let program = door.program("worker", &script);
    door.ok("register_agent", json!({ "name": "worker", "profile": { "program": program } })).await;
    let task = card(&door, "works the second time", json!({ "kind": "fixed", "wait": 10 * MINUTE })).await;
    door.ok("put_queue_policy", json!({ "agents": ["worker"] })).await;
    door.ok("queue_task", json!({ "id": task, "queued": true })).await;
    let failed =
        until(&door, task, |card| card["card"]["status"] == "ready" && card["card"]["runs"] == 1).await;
    // The end of a run is its process's, by the machine's clock.
    let due = waits_until(&door, task).await;
    assert_eq!(due - failed["runs"][0]["ended_at"].as_i64().expect("an end"), 10 * MINUTE);
    hand.set(due - 1);
    assert_eq!(why(&door, task).await, "timer");

    // Nothing but the clock moves.
    hand.set(due + 3 * DAY);
    let detail = until(&door, task, in_review).await;
    assert_eq!(detail["card"]["runs"], 2, "one for all the time that was slept over");
    door.close().await;
}

#[tokio::test]
async fn what_waits_for_a_days_budget_begins_with_the_next_day() {
    let (clock, hand) = Clock::by_hand(START);
    let door = dispatching(&clock, folder()).await;
    let policy = json!({ "agents": ["demo"], "daily": { "wall": MINUTE } });
    door.ok("put_queue_policy", policy).await;
    card(&door, "takes all of it", json!({ "kind": "immediate" })).await;
    let attempt = claim(&door, "scout").await;
    hand.set(START + MINUTE);
    report(&door, &attempt, true).await;
    let task = card(&door, "waits for tomorrow", json!({ "kind": "immediate" })).await;
    door.ok("queue_task", json!({ "id": task, "queued": true })).await;
    assert_eq!(why(&door, task).await, "budget");

    hand.set(START + DAY + MINUTE);
    until(&door, task, in_review).await;
    door.close().await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_an_hour_takes_no_task_away_and_hands_none_out_twice() {
    let (clock, hand) = Clock::by_hand(START);
    let door = dispatching(&clock, folder()).await;
    let at_once = json!({ "kind": "immediate" });
    let held = card(&door, "at work", at_once).await;
    let scout = claim(&door, "scout").await;
    let waits = card(&door, "waits", json!({ "kind": "fixed", "wait": 10 * MINUTE })).await;
    let failed = claim(&door, "unlucky").await;
    assert_eq!((&scout["claim"]["task"], &failed["claim"]["task"]), (&json!(held), &json!(waits)));
    report(&door, &failed, false).await;
    let seq = door.ok("get_overview", json!({})).await["seq"].clone();

    hand.set(START - HOUR);
    let again = claim(&door, "scout").await;
    let token = |claim: &Value| (claim["claim"]["run"].clone(), claim["claim"]["token"].clone());
    assert_eq!((&again["reason"], token(&again)), (&json!("continue_current"), token(&scout)));
    assert_eq!(claim(&door, "iris").await["reason"], "no_tasks_available");
    assert_eq!(door.ok("get_overview", json!({})).await["seq"], seq, "nothing came of it");
    let report_of = json!({ "run": scout["claim"]["run"], "token": scout["claim"]["token"] });
    let lease = door.ok("heartbeat_run", report_of).await["lease_until"].as_i64();
    assert_eq!(lease, Some(START - HOUR + 10 * MINUTE), "it may be silent no longer than before");
    report(&door, &scout, true).await;
    assert_eq!(door.ok("get_task", json!({ "id": held })).await["card"]["status"], "review");
    let overview = door.ok("get_plan", json!({})).await;
    assert_eq!((&overview["in_flight"], &overview["ready"]), (&json!(0), &json!(1)));

    hand.set(START + 10 * MINUTE);
    assert_eq!(claim(&door, "iris").await["claim"]["task"], waits);
    door.close().await;
}

#[tokio::test]
async fn a_machine_that_sleeps_and_a_clock_that_is_set_make_no_run_too_long() {
    for jump in [8 * HOUR, -8 * HOUR] {
        let (clock, hand) = Clock::by_hand(START);
        let door = dispatching(&clock, folder()).await;
        let limits = json!({ "longest": 3_600, "idle": 600 });
        door.ok("put_queue_policy", json!({ "limits": limits })).await;
        let task = door.card("in the middle of it").await;
        let mut events = door.app.engine().events();
        let run = door.script(task, "stty -echo; echo ready; read line; echo $line; read line").await;
        let mut heard = async |wanted: &str| loop {
            if let EngineEvent::Live(live) = events.next().await.expect("the engine is there")
                && live.last_line.as_deref() == Some(wanted)
            {
                break;
            }
        };
        heard("ready").await;
        hand.set(START + jump);
        door.ok("send_input", json!({ "run": run, "text": "awake\r" })).await;
        heard("awake").await;
        door.ok("send_input", json!({ "run": run, "text": "\r" })).await;
        let ended = door.end_of(run).await;
        assert_eq!((&ended["status"], &ended["reason"]), (&json!("succeeded"), &Value::Null), "{jump}");
        door.close().await;
    }
}
