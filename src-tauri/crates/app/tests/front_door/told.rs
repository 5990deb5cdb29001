//! Nothing changes in silence: each operation of the table that writes leaves a row in the log of changes, which
//! windows, event streams and webhooks are fed from. The few that do not are named here with the reason.

use std::{cell::RefCell, collections::BTreeSet, path::Path};

use app::{Access, OPERATIONS};
use serde_json::{Value, json};

use crate::{front_door::FrontDoor, github::stand_in, repositories::repository, transfer::export};

/// What leaves no row, and why.
const SILENT: [(&str, &str); 6] = [
    ("send_input", "keys for a program; what it answers is in the run's log"),
    ("try_agent", "asks a program for its version and keeps nothing"),
    ("heartbeat_run", "says only that all is as it was"),
    ("heartbeat_agent", "says only that all is as it was"),
    ("test_webhook", "a message to another program; deliveries have a log of their own"),
    ("resend_delivery", "a message to another program; deliveries have a log of their own"),
];

struct Listener<'d> {
    door: &'d FrontDoor,
    told: RefCell<BTreeSet<&'static str>>,
}

impl Listener<'_> {
    async fn seq(&self) -> i64 {
        self.door.ok("get_overview", json!({})).await["seq"].as_i64().expect("a number")
    }

    /// An operation that must succeed and be told.
    async fn told(&self, operation: &'static str, request: Value) -> Value {
        let before = self.seq().await;
        let answer = self.door.ok(operation, request).await;
        assert!(self.seq().await > before, "{operation} was told to nobody: {answer}");
        self.told.borrow_mut().insert(operation);
        answer
    }

    async fn id(&self, operation: &'static str, request: Value) -> i64 {
        self.told(operation, request).await["id"].as_i64().expect("an id")
    }
}

#[tokio::test]
async fn whatever_writes_is_told() {
    let door = FrontDoor::open().await;
    let heard = Listener { door: &door, told: RefCell::default() };
    settings_and_belongings(&heard).await;
    cards(&heard).await;
    runs(&heard).await;
    agents_elsewhere(&heard).await;
    queue(&heard).await;

    let told = heard.told.into_inner();
    let silent: BTreeSet<&str> = SILENT.iter().map(|(name, _)| *name).collect();
    assert_eq!(told.intersection(&silent).count(), 0);
    let writes = OPERATIONS.iter().filter(|operation| operation.access == Access::Write);
    let writes: BTreeSet<&str> = writes.map(|operation| operation.name).collect();
    let shown: BTreeSet<&str> = told.union(&silent).copied().collect();
    assert_eq!(shown, writes);
    door.close().await;
}

async fn settings_and_belongings(heard: &Listener<'_>) {
    let at = |name: &str| heard.door.dir.path().canonicalize().expect("the folder").join(name);
    for name in ["shop", "api"] {
        repository(&at(name));
    }
    heard.told("put_settings", json!({ "theme": "dark" })).await;
    heard.told("put_filter", json!({ "name": "mine", "filter": { "text": "x" } })).await;
    heard.told("remove_filter", json!({ "name": "mine" })).await;
    let project = heard.id("add_project", json!({ "path": at("shop"), "name": "shop" })).await;
    heard.told("edit_project", json!({ "id": project, "name": "Shop" })).await;
    let api = heard.told("add_repository", json!({ "project": project, "path": at("api") })).await;
    let api = api["repositories"].as_array().expect("repositories").last().expect("two")["id"].clone();
    heard.told("edit_repository", json!({ "id": api, "directory": "server" })).await;
    heard.told("remove_repository", json!({ "id": api })).await;
    heard.told("remove_project", json!({ "id": project })).await;

    heard.told("register_agent", json!({ "name": "iris", "title": "Iris" })).await;
    heard.told("enroll_agent", json!({ "name": "juno" })).await;
    heard.told("remove_agent", json!({ "name": "iris" })).await;

    let key = heard.told("create_key", json!({ "name": "ci", "role": "viewer" })).await;
    let key = key["id"].as_i64().or(key["key"]["id"].as_i64()).expect("a key's id");
    heard.told("revoke_key", json!({ "id": key })).await;
    let hook = json!({ "url": "https://example.org/hook", "enabled": false });
    let hook = heard.told("add_webhook", hook).await;
    let hook = hook["id"].as_i64().or(hook["webhook"]["id"].as_i64()).expect("a webhook's id");
    heard.told("edit_webhook", json!({ "id": hook, "name": "mine" })).await;
    heard.told("remove_webhook", json!({ "id": hook })).await;

    let schedule = json!({ "name": "Weekly", "when": "every monday at 9", "title": "Look through the log" });
    let schedule = heard.id("put_schedule", schedule).await;
    for operation in
        ["pause_schedule", "resume_schedule", "run_schedule", "remove_schedule", "restore_schedule"]
    {
        heard.told(operation, json!({ "id": schedule })).await;
    }
}

async fn cards(heard: &Listener<'_>) {
    let card = heard.id("add_task", json!({ "title": "A card" })).await;
    let whole = heard.id("put_task", json!({ "title": "A whole" })).await;
    heard.told("edit_task", json!({ "id": card, "title": "The card" })).await;
    heard.told("move_task", json!({ "id": card, "column": "ready" })).await;
    heard.told("add_comment", json!({ "task": card, "body": "Look." })).await;
    heard.told("set_parent", json!({ "id": card, "parent": whole })).await;
    let file = heard.told("add_attachment", json!({ "task": card, "name": "a.txt", "data": "YQ==" })).await;
    let file = file["id"].as_i64().or(file["attachments"][0]["id"].as_i64()).expect("a file's id");
    heard.told("remove_attachment", json!({ "id": file })).await;
    heard.told("restore_attachment", json!({ "id": file })).await;
    heard.told("add_dependency", json!({ "id": card, "upstream": whole, "need": "success" })).await;
    heard.told("remove_dependency", json!({ "id": card, "upstream": whole })).await;
    heard.told("trash_task", json!({ "id": card })).await;
    heard.told("restore_task", json!({ "id": card })).await;
    heard.told("trash_task", json!({ "id": card })).await;
    heard.told("delete_task", json!({ "id": card })).await;
    heard.told("trash_task", json!({ "id": whole })).await;
    heard.told("empty_trash", json!({})).await;

    let issue = json!({ "number": 7, "title": "It is slow", "state": "open" });
    heard.told("sync_issues", json!({ "repository": "ada/shop", "issues": [issue] })).await;
    github(heard).await;
    let other = FrontDoor::open().await;
    other.card("From elsewhere").await;
    let records = export(&other).await;
    other.close().await;
    heard.told("import_records", json!({ "records": records })).await;
}

async fn github(heard: &Listener<'_>) {
    let api = stand_in(vec![("200 OK", "", "[]".into())]);
    heard.told("sync_github", json!({ "repository": "ada/shop", "access": { "api": api } })).await;
}

async fn runs(heard: &Listener<'_>) {
    let door = heard.door;
    let script = |task: i64, script: &str| json!({ "task": task, "agent": "custom", "mode": "unattended", "argv": ["sh", "-c", script] });
    let task = door.card("Goes on until it is stopped").await;
    let run = heard.id("start_run", script(task, "read line")).await;
    heard.told("stop_run", json!({ "run": run })).await;
    door.end_of(run).await;
    heard.told("remove_workspace", json!({ "run": run })).await;

    let task = door.card("Its work is looked at").await;
    let run = heard.id("start_run", script(task, "echo work > made.txt")).await;
    door.end_of(run).await;
    heard.told("review_task", json!({ "id": task, "verdict": "approved" })).await;
    heard.told("clean_up", json!({ "workspaces_after_days": 0 })).await;
    heard.told("restore_workspace", json!({ "run": run })).await;
}

async fn agents_elsewhere(heard: &Listener<'_>) {
    let door = heard.door;
    let held = |out: &Value| {
        let claim = out["claim"].clone();
        move |more: Value| {
            let mut whole = json!({ "run": claim["run"], "token": claim["token"] });
            whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            whole
        }
    };
    let task = door.card("Handed out").await;
    let out = heard.told("hand_out_task", json!({ "id": task, "agent": "juno" })).await;
    let mine = held(&out);
    heard.told("report_progress", mine(json!({ "text": "half of it" }))).await;
    heard.told("ask_person", mine(json!({ "question": "Which colour?" }))).await;
    heard.told("add_artifact", mine(json!({ "path": "how.md", "text": "# How" }))).await;
    let part = heard.id("create_subtask", mine(json!({ "title": "A part", "queued": false }))).await;
    heard.told("depend_on", mine(json!({ "on": [format!("T-{part}")], "notes": "then I go on" }))).await;

    let task = door.card("Handed over").await;
    let out = door.ok("hand_out_task", json!({ "id": task, "agent": "juno" })).await;
    heard.told("hand_off", held(&out)(json!({ "agent": "demo", "notes": "the rest is yours" }))).await;
    door.ok("queue_task", json!({ "id": task, "queued": false })).await;

    let task = door.card("Checked").await;
    let out = door.ok("hand_out_task", json!({ "id": task, "agent": "juno" })).await;
    let workspace = Path::new(out["workspace"].as_str().expect("a workspace")).to_owned();
    std::fs::write(workspace.join("COMPLETION.md"), "done\n").expect("it can be written to");
    heard.told("check_run", json!({ "run": out["claim"]["run"] })).await;
}

/// Three claimed cards of one workflow fail: it stops, and their agent is left alone.
async fn queue(heard: &Listener<'_>) {
    let door = heard.door;
    door.ok("register_agent", json!({ "name": "far" })).await;
    let last = door.card("Needs all three").await;
    for at in 0..3 {
        let card = json!({
            "title": format!("Fails {at}"), "column": "ready", "priority": "critical", "assignee": "far",
        });
        let task = door.ok("add_task", card).await["id"].clone();
        door.ok("add_dependency", json!({ "id": last, "upstream": task, "need": "success" })).await;
    }
    for _ in 0..3 {
        let claim = heard.told("claim_task", json!({ "agent": "far" })).await["claim"].clone();
        let end =
            json!({ "run": claim["run"], "token": claim["token"], "succeeded": false, "message": "no" });
        heard.told("finish_run", end).await;
    }
    heard.told("reset_breaker", json!({ "agent": "far" })).await;
    heard.told("resume_workflow", json!({ "id": last })).await;
    heard.told("put_queue_policy", json!({ "parallel": 2 })).await;
    let task = door.card("Waits for its turn").await;
    heard.told("queue_task", json!({ "id": task, "queued": true })).await;
    heard.told("start_next", json!({ "count": 1, "agent": "demo" })).await;
}
