//! The breaker before a webhook's address, on a real engine whose clock a test moves by hand: an address that keeps
//! failing rests ever longer, one message tries it when the rest is over, and its fate decides.

use app::{Clock, Config};
use engine::EngineEvent;
use serde_json::{Value, json};

use crate::{front_door::FrontDoor, github::stand_in};

const START: i64 = 1_760_000_000_000;
const MINUTE: i64 = 60_000;

async fn webhook(door: &FrontDoor) -> Value {
    door.ok("list_webhooks", json!({})).await[0].clone()
}

/// Newest first.
async fn deliveries(door: &FrontDoor) -> Vec<Value> {
    let listed = door.ok("list_deliveries", json!({ "webhook": 1 })).await;
    listed.as_array().expect("a list").clone()
}

/// The webhook, once so many messages in a row have failed.
async fn failed(door: &FrontDoor, times: u32) -> Value {
    let mut events = door.app.engine().events();
    let made = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        loop {
            let webhook = webhook(door).await;
            if webhook["failures"] == times && (times > 0 || webhook["waiting"] == 0) {
                return webhook;
            }
            while !matches!(events.next().await, Some(EngineEvent::Changed(_) | EngineEvent::Missed)) {}
        }
    });
    made.await.expect("it comes to that")
}

#[tokio::test]
async fn an_address_that_keeps_failing_rests_and_one_message_at_a_time_finds_out_whether_it_is_back() {
    let (clock, hand) = Clock::by_hand(START);
    let dir = tempfile::tempdir().expect("a temporary folder");
    let config = Config { clock, ..Config::dispatching(dir.path().join("data")) };
    let door = FrontDoor::open_with(config, dir).await;
    let broken = ("500 Broken", "", String::new());
    let good = ("200 OK", "", String::new());
    // One answer each: a message more than these would find nobody.
    let address = stand_in([vec![broken; 6], vec![good; 3]].concat());
    let new = json!({ "url": format!("{address}/hook"), "types": ["task.created"], "private_allowed": true });
    door.ok("add_webhook", new).await;
    door.card("First").await;

    let mut now = START;
    for times in 1..=5 {
        let webhook = failed(&door, times).await;
        assert_eq!(webhook["resting_until"].is_null(), times < 5, "after {times}");
        let again = deliveries(&door).await[0]["next_at"].as_i64().expect("another attempt");
        if times < 5 {
            now = again;
            hand.set(now);
        } else {
            assert_eq!(webhook["resting_until"], now + MINUTE);
            now = again.max(now + MINUTE);
        }
    }
    door.card("While it rests").await;
    door.card("As well").await;
    let sent = |all: &[Value]| all.iter().map(|one| one["attempts"].as_i64().expect("a number")).sum::<i64>();
    assert_eq!(sent(&deliveries(&door).await), 5, "nothing is sent while it rests");

    // The rest is over: one message goes, and the address rests for twice as long.
    let due = START.max(webhook(&door).await["resting_until"].as_i64().expect("a rest"));
    hand.set(due);
    let webhook = failed(&door, 6).await;
    assert_eq!(webhook["resting_until"], due + 2 * MINUTE);
    assert_eq!(sent(&deliveries(&door).await), 6, "one alone");

    hand.set(now.max(due + 2 * MINUTE));
    let webhook = failed(&door, 0).await;
    assert_eq!((&webhook["resting_until"], &webhook["enabled"]), (&Value::Null, &json!(true)));
    let all = deliveries(&door).await;
    assert!(all.iter().all(|one| one["state"] == "delivered"), "{all:?}");
    assert_eq!((all.len(), sent(&all)), (3, 9));
    door.close().await;
}
