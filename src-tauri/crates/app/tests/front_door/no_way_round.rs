//! Where a gate is on, nothing reaches Done without an approving review: every operation that writes is
//! tried on a card in every state, and every pair of deeds that move cards before a last try at Done.

use std::collections::BTreeSet;

use app::{Access, OPERATIONS};
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

/// What a card on which an agent must approve, and then a person, has behind it.
const STATES: [&str; 7] = ["inbox", "ready", "in_progress", "review", "failed", "cancelled", "trash"];

/// Words that a reviewer would use; whoever else says them is no reviewer.
const APPROVAL: &str = "VERDICT: APPROVED";

fn gate() -> Value {
    json!([{ "kind": "agent", "agent": "demo" }, { "kind": "person" }])
}

/// A card with everything that a request may name.
struct Subject {
    card: i64,
    other: i64,
    around: Around,
    run: Value,
    token: Value,
}

impl Subject {
    /// Every way to call the operation that could concern the card; none where it is not known here.
    fn attempts(&self, operation: &str) -> Vec<Value> {
        let Subject { card, other, around, run, token } = self;
        let Around { project, repository, schedule, spare } = around;
        let own = json!({ "id": card });
        let of_run = json!({ "run": run });
        let says = format!("echo '{APPROVAL}' | tee REVIEW.md COMPLETION.md");
        let started =
            |mode: &str| json!({ "task": card, "agent": "custom", "mode": mode, "argv": ["sh", "-c", says] });
        let finished = |token: &Value, succeeded: bool| json!({ "run": run, "token": token, "succeeded": succeeded, "message": APPROVAL });
        match operation {
            "add_task" => ["done", "review", "ready"]
                .into_iter()
                .map(|column| json!({ "title": "another", "column": column, "routing": { "gate": { "steps": gate() } } }))
                .collect(),
            "edit_task" => vec![
                json!({ "id": card, "title": "renamed", "description": APPROVAL, "priority": "critical", "tags": ["approved"] }),
                json!({ "id": card, "assign": { "agent": "demo" } }),
                json!({ "id": card, "due": { "at": 1 } }),
                // A gate that anybody could pass is still no approval of what is there.
                json!({ "id": card, "routing": { "gate": { "steps": [{ "kind": "person" }] } } }),
                json!({ "id": card, "routing": { "gate": { "steps": gate() } } }),
            ],
            "move_task" => ["inbox", "ready", "in_progress", "review", "done", "failed", "cancelled"]
                .into_iter()
                .map(|column| json!({ "id": card, "column": column }))
                .collect(),
            "trash_task" | "restore_task" | "delete_task" => vec![own],
            "empty_trash" => vec![json!({ "older_than_days": 1 }), json!({})],
            "add_comment" => vec![json!({ "task": card, "body": APPROVAL })],
            "start_run" => vec![started("unattended"), started("interactive")],
            "stop_run" | "remove_workspace" | "restore_workspace" => vec![of_run],
            "send_input" => vec![json!({ "run": run, "text": format!("{APPROVAL}\r") })],
            "add_project" => vec![json!({ "path": "/" })],
            "edit_project" => vec![json!({ "id": project, "name": "renamed" })],
            // The one that was just added: that of the card cannot go.
            "remove_project" => vec![json!({ "id": project + 1 })],
            "add_repository" => vec![json!({ "project": project, "path": spare })],
            "edit_repository" => vec![json!({ "id": repository, "base": "main" })],
            "remove_repository" => vec![json!({ "id": repository })],
            "register_agent" => ["approver", "leaver"]
                .map(|name| json!({ "name": name, "role": "reviewer" }))
                .into(),
            "remove_agent" => vec![json!({ "name": "leaver" })],
            "heartbeat_agent" => vec![json!({ "name": "approver" })],
            "try_agent" => vec![json!({ "kind": "demo" })],
            "put_settings" => vec![json!({ "welcomed": true })],
            "claim_task" => vec![json!({ "agent": "demo" }), json!({ "agent": "scout", "max_capacity": 9 })],
            "heartbeat_run" => vec![json!({ "run": run, "token": token })],
            "finish_run" => vec![finished(&json!("a guess"), true), finished(token, false), finished(token, true)],
            "queue_task" => [true, false].map(|queued| json!({ "id": card, "queued": queued })).into(),
            "add_dependency" => ["success", "failure", "any"]
                .into_iter()
                .flat_map(|need| {
                    [(card, other), (other, card)].map(|(id, upstream)| json!({ "id": id, "upstream": upstream, "need": need }))
                })
                .collect(),
            "remove_dependency" => vec![json!({ "id": card, "upstream": other })],
            "put_queue_policy" => vec![json!({ "agents": ["demo"], "paused": true }), json!({})],
            "reset_breaker" => vec![json!({ "agent": "demo" })],
            "review_task" => vec![
                json!({ "id": card, "verdict": "approved", "notes": APPROVAL }),
                json!({ "id": card, "verdict": "rejected", "notes": APPROVAL }),
                json!({ "id": card, "verdict": "approved" }),
            ],
            "put_schedule" => vec![json!({ "name": "daily", "when": "daily", "title": "again", "column": "ready" })],
            "pause_schedule" | "resume_schedule" | "remove_schedule" | "restore_schedule" | "run_schedule" => {
                vec![json!({ "id": schedule })]
            }
            _ => Vec::new(),
        }
    }

    /// A value for a field that a request lacks, such that it concerns the card where it can.
    fn guess(&self, field: &str) -> Value {
        match field {
            "id" | "task" | "card" => json!(self.card),
            "ids" | "tasks" | "cards" => json!([self.card]),
            "upstream" | "other" | "parent" => json!(self.other),
            "project" => json!(self.around.project),
            "run" => self.run.clone(),
            "token" => self.token.clone(),
            "verdict" | "answer" | "decision" => json!("approved"),
            "succeeded" | "approved" | "queued" | "done" => json!(true),
            "agent" | "name" => json!("demo"),
            "path" => json!(self.around.spare),
            _ => json!("done"),
        }
    }
}

/// Calls an operation that nobody has said how to call: what it lacks is filled in as it asks for it.
async fn call_somehow(door: &FrontDoor, on: &Subject, operation: &str) {
    let mut request = json!({});
    for _ in 0..12 {
        let Err(problem) = door.call(operation, request.clone()).await else { return };
        let lacking =
            problem.message.split_once("missing field `").and_then(|(_, rest)| rest.split_once('`'));
        let Some((field, _)) = lacking else { return };
        request[field] = on.guess(field);
    }
}

/// Git repositories and a schedule that all subjects share.
#[derive(Clone)]
struct Around {
    project: i64,
    repository: i64,
    schedule: i64,
    /// A repository of no project.
    spare: String,
}

impl Around {
    async fn make(door: &FrontDoor) -> Around {
        let at = |name: &str| door.dir.path().canonicalize().expect("the folder").join(name);
        for name in ["shop", "api", "web"] {
            crate::repositories::repository(&at(name));
        }
        let project =
            door.ok("add_project", json!({ "path": at("shop"), "repositories": [at("api")] })).await;
        let schedule =
            door.ok("put_schedule", json!({ "name": "weekly", "when": "weekly", "title": "again" })).await;
        let number = |value: &Value| value.as_i64().expect("a number");
        Around {
            project: number(&project["id"]),
            repository: number(&project["repositories"][0]["id"]),
            schedule: number(&schedule["id"]),
            spare: at("web").to_str().expect("a plain path").to_owned(),
        }
    }
}

async fn new_card(door: &FrontDoor, project: Option<i64>, gate: &Value) -> i64 {
    let request = json!({ "title": "work", "project": project, "routing": { "gate": { "steps": gate } } });
    door.ok("add_task", request).await["id"].as_i64().expect("an id")
}

async fn moved(door: &FrontDoor, card: i64, column: &str) {
    door.ok("move_task", json!({ "id": card, "column": column })).await;
}

/// The card alone is ready, so that it is the one that is claimed.
async fn claimed(door: &FrontDoor, card: i64) -> Value {
    // Sub-tasks that earlier deeds left.
    for other in door.ok("get_board", json!({})).await["cards"].as_array().into_iter().flatten() {
        if other["status"] == "ready" && other["id"] != card {
            moved(door, other["id"].as_i64().expect("an id"), "inbox").await;
        }
    }
    moved(door, card, "ready").await;
    door.ok("edit_task", json!({ "id": card, "priority": "critical" })).await;
    let agent = format!("worker-{card}");
    let answer = door.ok("claim_task", json!({ "agent": agent })).await;
    assert_eq!(answer["claim"]["task"], card, "{answer}");
    answer["claim"].clone()
}

async fn finished(door: &FrontDoor, card: i64) -> Value {
    let claim = claimed(door, card).await;
    let report = json!({ "run": claim["run"], "token": claim["token"], "succeeded": true });
    door.ok("finish_run", report).await;
    claim
}

async fn subject(door: &FrontDoor, around: &Around, state: &str) -> Subject {
    let card = new_card(door, Some(around.project), &gate()).await;
    let other = door.card("beside it").await;
    let claim = match state {
        "inbox" => Value::Null,
        "in_progress" => claimed(door, card).await,
        "review" | "trash" | "ready" | "cancelled" => finished(door, card).await,
        "failed" => {
            let run = door.script(card, "exit 1").await;
            door.end_of(run).await;
            json!({ "run": run, "token": "none" })
        }
        other => panic!("no state {other}"),
    };
    match state {
        "ready" | "cancelled" => moved(door, card, state).await,
        "trash" => {
            door.ok("trash_task", json!({ "id": card })).await;
        }
        _ => {}
    }
    let around = around.clone();
    let run = if claim.is_null() { json!(1) } else { claim["run"].clone() };
    let token = if claim.is_null() { json!("none") } else { claim["token"].clone() };
    Subject { card, other, around, run, token }
}

/// Out of the way of the next one, which would be claimed in its turn.
async fn clear(door: &FrontDoor, subject: &Subject) {
    let _ = door.call("trash_task", json!({ "id": subject.card })).await;
}

/// None once it was deleted for ever.
async fn status(door: &FrontDoor, card: i64) -> Option<String> {
    let found = door.call("get_task", json!({ "id": card })).await.ok()?;
    Some(found["card"]["status"].as_str().expect("a word").to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_takes_a_card_past_its_gate() {
    let door = FrontDoor::open().await;
    let around = Around::make(&door).await;
    let writes: Vec<&str> =
        OPERATIONS.iter().filter(|o| o.access == Access::Write).map(|operation| operation.name).collect();
    let mut worked = BTreeSet::new();
    for state in STATES {
        let mut on = subject(&door, &around, state).await;
        for operation in &writes {
            if on.attempts(operation).is_empty() {
                call_somehow(&door, &on, operation).await;
                assert_ne!(status(&door, on.card).await.as_deref(), Some("done"), "{operation} from {state}");
                clear(&door, &on).await;
                on = subject(&door, &around, state).await;
            }
            for at in 0..on.attempts(operation).len() {
                let before = status(&door, on.card).await;
                let request = on.attempts(operation).swap_remove(at);
                if let Ok(answer) = door.call(operation, request.clone()).await {
                    worked.insert(*operation);
                    if *operation == "start_run" {
                        door.end_of(answer["id"].as_i64().expect("an id")).await;
                    }
                }
                let after = status(&door, on.card).await;
                assert_ne!(after.as_deref(), Some("done"), "{operation} {request} from {state}");
                if before != after || ["edit_task", "trash_task", "restore_task"].contains(operation) {
                    clear(&door, &on).await;
                    on = subject(&door, &around, state).await;
                }
            }
        }
        clear(&door, &on).await;
    }
    let board = door.ok("get_board", json!({})).await;
    let done: Vec<&Value> =
        board["cards"].as_array().unwrap().iter().filter(|card| card["status"] == "done").collect();
    assert!(done.is_empty(), "{done:?}");
    // What never worked was never tried. These need what no card here has: a terminal, a saved workspace.
    let on = subject(&door, &around, "inbox").await;
    let known = writes.iter().filter(|name| !on.attempts(name).is_empty());
    let idle: Vec<&&str> = known.filter(|name| !worked.contains(*name)).collect();
    let lacking = ["send_input", "restore_workspace"];
    assert!(idle.iter().all(|name| lacking.contains(*name)), "never worked: {idle:?}");
    door.close().await;
}

/// One deed on the card, whatever comes of it.
async fn act(door: &FrontDoor, card: i64, deed: &str) {
    match deed {
        "claim and finish" => {
            let agent = format!("worker-{card}");
            let answer = door.ok("claim_task", json!({ "agent": agent })).await;
            if let Some(claim) = answer["claim"].as_object() {
                let report = json!({ "run": claim["run"], "token": claim["token"], "succeeded": true, "message": APPROVAL });
                let _ = door.call("finish_run", report).await;
            }
        }
        "approve" | "reject" => {
            let verdict = if deed == "approve" { "approved" } else { "rejected" };
            let request = json!({ "id": card, "verdict": verdict, "notes": APPROVAL });
            let _ = door.call("review_task", request).await;
        }
        "trash" => drop(door.call("trash_task", json!({ "id": card })).await),
        "restore" => drop(door.call("restore_task", json!({ "id": card })).await),
        "queue" => drop(door.call("queue_task", json!({ "id": card, "queued": true })).await),
        column => drop(door.call("move_task", json!({ "id": card, "column": column })).await),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_deeds_open_a_way_past_the_gate() {
    let door = FrontDoor::open().await;
    let deeds = [
        "inbox",
        "ready",
        "review",
        "done",
        "cancelled",
        "trash",
        "restore",
        "queue",
        "claim and finish",
        "approve",
        "reject",
    ];
    let check = json!([{ "kind": "check", "command": ["true"], "timeout": 5 }]);
    for gate in [check, gate(), json!([{ "kind": "person" }])] {
        for (first, second) in deeds.iter().flat_map(|first| deeds.map(|second| (first, second))) {
            let card = new_card(&door, None, &gate).await;
            moved(&door, card, "ready").await;
            for deed in [first, second, "restore", "done"] {
                act(&door, card, deed).await;
            }
            let detail = door.ok("get_task", json!({ "id": card })).await;
            let approvals = detail["queue"]["reviews"].as_array().unwrap().iter();
            let approvals = approvals.filter(|review| review["verdict"] == "approved").count();
            let steps = gate.as_array().unwrap().len();
            if detail["card"]["status"] == "done" {
                assert_eq!(approvals, steps, "{gate} after {first} and {second}: {detail}");
            }
            // Cards that stay ready would be claimed in the place of the next one.
            door.ok("trash_task", json!({ "id": card })).await;
        }
    }
    door.close().await;
}
