//! What the agent of a run asks and says of its own task, on a real engine: a script holds the task and
//! waits for a key.

use std::path::Path;

use app::wire::ProblemCode;
use engine::EngineEvent;
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

/// Leaves the key that it was given where a test finds it, and goes on once something is typed.
const WAITS: &str = "printenv FLIGHTBOARD_RUN_KEY > key; echo ready; read line; exit 0";

struct Agent<'d> {
    door: &'d FrontDoor,
    task: i64,
    run: i64,
    token: String,
}

impl Agent<'_> {
    async fn at_work<'d>(door: &'d FrontDoor, title: &str) -> Agent<'d> {
        let task = door.card(title).await;
        Agent::starts(door, task, WAITS).await
    }

    /// Once its script is ready.
    async fn starts<'d>(door: &'d FrontDoor, task: i64, script: &str) -> Agent<'d> {
        let mut events = door.app.engine().events();
        let run = door.script(task, script).await;
        loop {
            if let EngineEvent::Live(live) = events.next().await.expect("the engine is there")
                && live.run == domain::RunId(run)
                && live.last_line.as_deref() == Some("ready")
            {
                break;
            }
        }
        let started = door.ok("get_run", json!({ "run": run })).await;
        let key = Path::new(started["workspace"]["path"].as_str().expect("a workspace")).join("key");
        let token = std::fs::read_to_string(key).expect("its key").trim().to_owned();
        Agent { door, task, run, token }
    }

    fn with(&self, request: Value) -> Value {
        let mut whole = json!({ "run": self.run, "token": self.token });
        whole.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
        whole
    }

    async fn ok(&self, operation: &str, request: Value) -> Value {
        self.door.ok(operation, self.with(request)).await
    }

    async fn leaves(&self) -> Value {
        self.door.ok("send_input", json!({ "run": self.run, "text": "\r" })).await;
        self.door.end_of(self.run).await
    }

    async fn card(&self) -> Value {
        self.door.ok("get_task", json!({ "id": self.task })).await
    }
}

#[tokio::test]
async fn an_agent_reads_its_task_reports_and_finishes() {
    let door = FrontDoor::open().await;
    let agent = Agent::at_work(&door, "Mend it").await;
    door.ok("add_comment", json!({ "task": agent.task, "body": "mind the tests" })).await;

    let task = agent.ok("get_my_task", json!({})).await;
    assert_eq!(
        (&task["key"], &task["title"], &task["attempt"]),
        (&json!("T-1"), &json!("Mend it"), &json!(1))
    );
    assert_eq!(task["comments"][0]["body"], "mind the tests");
    assert!(task["workspace"].as_str().is_some_and(|path| path.ends_with("t-1")), "{task}");
    agent.ok("report_progress", json!({ "text": "half of it" })).await;
    for _ in 0..2 {
        // Said twice it is said once.
        agent.ok("finish_run", json!({ "succeeded": true, "message": "all of it" })).await;
    }
    assert_eq!(agent.card().await["card"]["status"], "in_progress", "its process goes on");

    assert_eq!(agent.leaves().await["status"], "succeeded");
    let card = agent.card().await;
    assert_eq!(card["card"]["status"], "review");
    let said: Vec<&Value> = card["comments"].as_array().unwrap().iter().map(|c| &c["body"]).collect();
    assert_eq!(said, ["mind the tests", "all of it"]);
    let timeline = door.ok("get_timeline", json!({ "id": agent.task })).await.to_string();
    assert!(timeline.contains("half of it") && timeline.contains("says that its work is done"), "{timeline}");
    door.close().await;
}

#[tokio::test]
async fn an_agent_that_says_that_it_failed_has_failed_whatever_its_exit_code() {
    let door = FrontDoor::open().await;
    let agent = Agent::at_work(&door, "Mend it").await;
    agent.ok("finish_run", json!({ "succeeded": false, "message": "the archive is broken" })).await;
    let ended = agent.leaves().await;
    assert_eq!((&ended["status"], &ended["reason"]), (&json!("failed"), &json!("the archive is broken")));
    assert_eq!(agent.card().await["card"]["status"], "failed");
    door.close().await;
}

#[tokio::test]
async fn a_question_shows_on_the_card_and_a_comment_answers_it() {
    let door = FrontDoor::open().await;
    let agent = Agent::at_work(&door, "Paint it").await;
    let asked =
        agent.ok("ask_person", json!({ "question": "Which colour?", "options": ["red", "blue"] })).await;
    assert_eq!(asked["answer"], Value::Null);
    let mut detail = agent.card().await;
    assert_eq!(detail["questions"], json!([asked]), "the page shows it whole");
    let card = detail["card"].take();
    assert_eq!(
        (&card["needs_you"], &card["why"]),
        (&json!(true), &json!("asks: Which colour?\n\n- red\n- blue"))
    );
    assert_eq!(door.ok("get_overview", json!({})).await["needs_you"], 1);

    let request = agent.with(json!({ "question": asked["id"], "wait_seconds": 60 }));
    let waiting = door.ok("get_answer", request);
    let answering = door.ok("add_comment", json!({ "task": agent.task, "body": "blue" }));
    let (answered, _) = tokio::join!(waiting, answering);
    assert_eq!(answered["answer"], "blue");
    let after = agent.card().await;
    assert_eq!((&after["card"]["needs_you"], &after["questions"]), (&json!(false), &json!([])));
    agent.leaves().await;
    assert_eq!(door.ok("get_overview", json!({})).await["needs_you"], 0);
    door.close().await;
}

#[tokio::test]
async fn a_task_waits_for_another_and_its_next_run_reads_what_came_of_it() {
    let door = FrontDoor::open().await;
    let agent = Agent::at_work(&door, "Whole").await;
    let part = agent.ok("create_subtask", json!({ "title": "Part", "queued": false })).await;
    let part = part["id"].as_i64().unwrap();

    let over = agent.ok("depend_on", json!({ "on": ["T-2"], "notes": "then join the two" })).await;
    assert_eq!((&over["ends"], &over["waits_for"][0]["met"]), (&json!(true), &json!(false)), "{over}");
    assert_eq!(door.end_of(agent.run).await["status"], "stopped");
    let card = agent.card().await;
    assert_eq!((&card["card"]["status"], &card["card"]["queued"]), (&json!("ready"), &json!(true)));

    let script = format!("mkdir -p artifacts; echo 42 > artifacts/n.txt; {WAITS}");
    let other = Agent::starts(&door, part, &script).await;
    let circle = door.refused("depend_on", other.with(json!({ "on": ["T-1"] }))).await;
    assert!(circle.message.contains("circle"), "{circle}");
    other.ok("add_artifact", json!({ "path": "notes/how.md", "text": "# How\n" })).await;
    other.ok("finish_run", json!({ "succeeded": true, "message": "it is 42" })).await;
    other.leaves().await;
    door.ok("move_task", json!({ "id": part, "column": "done" })).await;
    let stranger = door.card("Stranger").await;
    let run = door.script(stranger, "mkdir -p artifacts; echo secret > artifacts/s.txt").await;
    door.end_of(run).await;

    let next = Agent::starts(&door, agent.task, WAITS).await;
    let path = next.ok("get_my_task", json!({})).await["workspace"].as_str().unwrap().to_owned();
    let page = std::fs::read_to_string(std::path::Path::new(&path).join("TASK.md")).unwrap();
    assert!(page.contains("then join the two"), "{page}");
    let results = next.ok("list_results", json!({})).await;
    assert_eq!((&results[0]["said"], &results[0]["met"]), (&json!("it is 42"), &json!(true)), "{results}");
    let artifacts = results[0]["artifacts"].as_array().unwrap();
    let named = |path: &str| artifacts.iter().find(|a| a["path"] == path).unwrap()["id"].clone();
    let read = next.ok("read_result", json!({ "artifact": named("notes/how.md") })).await;
    assert_eq!((&read["text"], &read["until"], &read["total"]), (&json!("# How\n"), &json!(6), &json!(6)));
    assert_eq!(
        next.ok("read_result", json!({ "artifact": named("n.txt"), "offset": 1 })).await["text"],
        "2\n"
    );
    let theirs = door.ok("get_task", json!({ "id": stranger })).await["artifacts"][0]["id"].clone();
    let refused = door.refused("read_result", next.with(json!({ "artifact": theirs }))).await;
    assert_eq!(refused.code, ProblemCode::NotFound);
    // All has come out: nothing is waited for, the run goes on.
    let over = next.ok("depend_on", json!({ "on": ["T-2"] })).await;
    assert_eq!(over["ends"], false);
    assert_eq!(next.leaves().await["status"], "succeeded");
    door.close().await;
}

#[tokio::test]
async fn a_task_is_handed_to_another_agent_with_notes() {
    let door = FrontDoor::open().await;
    let agent = Agent::at_work(&door, "Mend it").await;
    let nobody = door.refused("hand_off", agent.with(json!({ "agent": "nobody", "notes": "x" }))).await;
    assert_eq!((nobody.code, nobody.message.as_str()), (ProblemCode::Invalid, "there is no agent “nobody”"));

    agent.ok("hand_off", json!({ "agent": "demo", "notes": "the tests are left" })).await;

    assert_eq!(door.end_of(agent.run).await["status"], "stopped");
    let card = agent.card().await;
    let at = |field: &str| card["card"][field].clone();
    assert_eq!((at("status"), at("assignee"), at("queued")), (json!("ready"), json!("demo"), json!(true)));
    assert_eq!(card["comments"][0]["body"], "the tests are left");
    let late = door.refused("report_progress", agent.with(json!({ "text": "still here" }))).await;
    assert_eq!(
        (late.code, late.message.as_str()),
        (ProblemCode::Conflict, "run 1 no longer holds T-1: it was stopped")
    );
    door.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_and_changes_nothing() {
    let door = FrontDoor::open().await;
    let agent = Agent::at_work(&door, "Work").await;
    let before = door.ok("get_overview", json!({})).await["seq"].clone();
    for (operation, request) in [
        ("report_progress", json!({ "text": " " })),
        ("report_progress", json!({ "text": "x".repeat(2_001) })),
        ("ask_person", json!({ "question": "" })),
        ("ask_person", json!({ "question": "which?", "options": vec!["x"; 11] })),
        ("add_artifact", json!({ "path": "../x", "text": "x" })),
        ("add_artifact", json!({ "path": "x" })),
        ("add_artifact", json!({ "path": "x", "base64": "no" })),
        ("create_subtask", json!({ "title": "" })),
        ("create_subtask", json!({ "title": "x", "agents": ["nobody"] })),
        ("create_subtask", json!({ "title": "x", "after": ["twelve"] })),
        ("hand_off", json!({ "agent": "demo", "notes": "" })),
        ("depend_on", json!({ "on": [] })),
        ("read_result", json!({ "artifact": 1, "offset": -1 })),
    ] {
        let refused = door.refused(operation, agent.with(request)).await;
        assert_eq!(refused.code, ProblemCode::Invalid, "{operation}: {refused}");
    }
    for operation in ["get_my_task", "list_results"] {
        let stranger = door.refused(operation, json!({ "run": agent.run, "token": "another" })).await;
        assert_eq!(stranger.code, ProblemCode::Conflict, "{operation}");
        let nobody = door.refused(operation, json!({ "run": 99, "token": agent.token })).await;
        assert_eq!(nobody.code, ProblemCode::NotFound, "{operation}");
    }
    let unknown = door.refused("get_answer", agent.with(json!({ "question": 7 }))).await;
    assert_eq!(unknown.code, ProblemCode::NotFound);
    assert_eq!(door.ok("get_overview", json!({})).await["seq"], before);
    agent.leaves().await;
    door.close().await;
}
