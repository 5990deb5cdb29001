//! The second board's nine routes, in its words.

use serde_json::{Value, json};

use crate::rig::{Answer, Ask, Board, KEY};

async fn send(board: &Board, method: &str, path: &str, body: Value) -> Answer {
    let ask = Ask::new(method, path).host(&board.host()).bearer(KEY);
    let ask = if body.is_null() {
        ask
    } else {
        ask.header("content-type", "application/json").body(&body.to_string())
    };
    board.send(&ask).await
}

async fn ok(board: &Board, method: &str, path: &str, body: Value) -> Value {
    let answer = send(board, method, path, body).await;
    assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
    answer.json()
}

#[tokio::test]
async fn an_item_is_added_made_ready_claimed_and_completed() {
    let board = Board::open().await;
    let made =
        send(&board, "POST", "/api/queue", json!({ "title": "Build API client", "priority": "urgent" }))
            .await;
    assert_eq!(made.status, 201);
    let item = made.json();
    assert_eq!(
        (&item["id"], &item["status"], &item["priority"]),
        (&json!(1), &json!("inbox"), &json!("urgent"))
    );
    assert_eq!(ok(&board, "POST", "/api/queue/1/ready", json!({})).await["status"], "ready");
    let claim = ok(&board, "POST", "/api/queue/claim", json!({ "agentId": "worker-1" })).await;
    assert_eq!((&claim["item"]["id"], &claim["item"]["status"]), (&json!(1), &json!("in_flight")));
    assert!(claim["token"].is_string() && claim["leaseUntil"].is_string(), "{claim}");
    let done = ok(&board, "POST", "/api/queue/1/complete", json!({})).await;
    assert_eq!((&done["status"], &done["agent"]), (&json!("done"), &json!("worker-1")));
    assert!(done["completedAt"].is_string(), "{done}");
    assert_eq!(ok(&board, "GET", "/api/queue/1", Value::Null).await, done);
    let all = ok(&board, "GET", "/api/queue", Value::Null).await;
    assert_eq!((&all["total"], &all["items"][0]), (&json!(1), &done));
    let none = ok(&board, "POST", "/api/queue/claim", json!({ "agentId": "worker-1" })).await;
    assert_eq!((&none["item"], &none["reason"]), (&json!(null), &json!("no_tasks_available")));
    board.close().await;
}

#[tokio::test]
async fn an_item_is_executed_in_a_workspace_of_its_own() {
    let board = Board::open().await;
    ok(&board, "POST", "/api/queue", json!({ "title": "Try the demo" })).await;
    assert_eq!(send(&board, "POST", "/api/executor/run/1", json!({})).await.status, 400, "nobody is named");
    let started = send(&board, "POST", "/api/executor/run/1", json!({ "agent": "demo" })).await;
    assert_eq!(started.status, 202, "{}", started.text());
    let started = started.json();
    let workspace = started["workspaceDir"].as_str().expect("a workspace");
    assert!(std::path::Path::new(workspace).join("TASK.md").is_file(), "{workspace}");
    assert_eq!(started["artifactsDir"], format!("{workspace}/artifacts"));
    board.call("wait_run", json!({ "run": started["agentId"], "timeout_ms": 60_000 })).await;
    let state = ok(&board, "GET", "/api/executor/status", Value::Null).await;
    assert_eq!((&state["running"], &state["paused"]), (&json!(0), &json!(false)));
    assert_eq!(send(&board, "POST", "/api/executor/run/9", json!({ "agent": "demo" })).await.status, 404);
    board.close().await;
}

#[tokio::test]
async fn all_items_are_listed_where_no_page_is_asked_for() {
    let board = Board::open().await;
    for at in 0..205 {
        board.call("add_task", json!({ "title": format!("item {at}") })).await;
    }
    let all = ok(&board, "GET", "/api/queue", Value::Null).await;
    let listed = all["items"].as_array().expect("a list").len();
    assert_eq!((listed, &all["total"], &all["hasMore"]), (205, &json!(205), &json!(false)));
    let page = ok(&board, "GET", "/api/queue?limit=10", Value::Null).await;
    assert_eq!((page["items"].as_array().expect("a list").len(), &page["hasMore"]), (10, &json!(true)));
    board.close().await;
}

#[tokio::test]
async fn an_agent_with_a_key_of_its_own_need_not_say_its_name() {
    let board = Board::open().await;
    board.call("enroll_agent", json!({ "name": "scout" })).await;
    let made = board.call("create_key", json!({ "name": "s", "role": "agent", "agent": "scout" })).await;
    let key = made["secret"].as_str().expect("a secret");
    for (title, ask) in
        [("one", Ask::new("POST", "/api/queue/claim")), ("two", Ask::get("/api/tasks/queue?max_capacity=2"))]
    {
        board.call("add_task", json!({ "title": title, "column": "ready" })).await;
        let answer = board.send(&ask.host(&board.host()).bearer(key)).await.json();
        let taken = if answer["item"].is_object() { &answer["item"] } else { &answer["task"] };
        assert_eq!(taken["title"], title, "{answer}");
    }
    board.close().await;
}

#[tokio::test]
async fn what_is_not_there_yet_is_refused_and_not_ignored() {
    let board = Board::open().await;
    let output = json!({ "title": "Build", "output": { "type": "repo", "name": "dashboard" } });
    let refused = send(&board, "POST", "/api/queue", output).await;
    assert_eq!(refused.status, 400);
    assert!(refused.json()["detail"].as_str().unwrap().contains("leave `output` out"), "{}", refused.text());
    assert_eq!(ok(&board, "GET", "/api/queue", Value::Null).await["total"], 0);
    for (method, path, body, status) in [
        ("POST", "/api/queue", json!({}), 400),
        ("POST", "/api/queue/claim", json!({}), 400),
        ("GET", "/api/queue/x", Value::Null, 400),
        ("GET", "/api/queue/7", Value::Null, 404),
        ("POST", "/api/queue/7/ready", json!({}), 404),
        ("POST", "/api/queue/7/complete", json!({}), 404),
    ] {
        assert_eq!(send(&board, method, path, body).await.status, status, "{method} {path}");
    }
    board.close().await;
}
