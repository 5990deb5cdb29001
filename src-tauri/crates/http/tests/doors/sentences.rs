//! Bad input is told in the same sentence at each door: the operation's, at `/rpc` over TCP and over the socket, as a
//! tool of a model and behind the public routes. What the command line says is compared with it by
//! `cli/tests/commands/table.rs`; that the window's commands do nothing but call the operation, by
//! `tests/house/doors.test.mjs`.

use std::collections::BTreeSet;

use app::OPERATIONS;
use flightboard_http::open_socket;
use serde_json::{Value, json};

use crate::rig::{Ask, Board, KEY, through_socket};

/// An operation and what it refuses; the route behind which it stands, and how the same is said there.
type Mistake = (&'static str, Value, &'static str, &'static str, Value);

fn mistakes() -> Vec<Mistake> {
    let long = "x".repeat(501);
    vec![
        ("add_task", json!({ "title": " " }), "POST", "/api/tasks", json!({ "title": " " })),
        ("add_task", json!({ "title": long }), "POST", "/api/queue", json!({ "title": long })),
        (
            "add_task",
            json!({ "title": "x", "priority": "asap" }),
            "POST",
            "/api/tasks",
            json!({ "title": "x", "priority": "asap" }),
        ),
        (
            "add_task",
            json!({ "title": "x", "tags": ["a,b"] }),
            "POST",
            "/api/queue",
            json!({ "title": "x", "tags": ["a,b"] }),
        ),
        (
            "add_task",
            json!({ "title": "x", "project": 99 }),
            "POST",
            "/api/tasks",
            json!({ "title": "x", "project_id": 99 }),
        ),
        ("add_task", json!({ "title": 7 }), "POST", "/api/tasks", json!({ "title": 7 })),
        (
            "add_task",
            json!({ "title": "x", "output": { "type": "repo" } }),
            "POST",
            "/api/queue",
            json!({ "title": "x", "output": { "type": "repo" } }),
        ),
        (
            "add_task",
            json!({ "title": "x", "tags": ["t".repeat(99)] }),
            "POST",
            "/api/tasks",
            json!({ "title": "x", "tags": ["t".repeat(99)] }),
        ),
        ("edit_task", json!({ "id": 1, "title": " " }), "PUT", "/api/tasks/1", json!({ "title": " " })),
        ("edit_task", json!({ "id": 99, "title": "x" }), "PUT", "/api/tasks/99", json!({ "title": "x" })),
        ("edit_task", json!({ "id": 1, "priority": 11 }), "PUT", "/api/tasks/1", json!({ "priority": 11 })),
        ("trash_task", json!({ "id": 99 }), "DELETE", "/api/tasks/99", Value::Null),
        ("move_task", json!({ "id": 99, "column": "ready" }), "POST", "/api/queue/99/ready", Value::Null),
        ("get_task", json!({ "id": 99 }), "GET", "/api/queue/99", Value::Null),
        (
            "review_task",
            json!({ "id": 99, "verdict": "approved" }),
            "POST",
            "/api/quality-review",
            json!({ "taskId": 99, "status": "approved", "notes": "x" }),
        ),
        (
            "put_schedule",
            json!({ "name": " ", "when": "daily", "title": "t" }),
            "POST",
            "/api/cron",
            json!({ "name": " ", "schedule": "daily", "task_template": { "title": "t" } }),
        ),
        (
            "add_webhook",
            json!({ "url": "http://127.0.0.1:1/" }),
            "POST",
            "/api/webhooks",
            json!({ "url": "http://127.0.0.1:1/" }),
        ),
        (
            "move_task",
            json!({ "id": 1, "column": "limbo" }),
            "PUT",
            "/api/tasks/1",
            json!({ "status": "limbo" }),
        ),
        (
            "move_task",
            json!({ "id": 1, "column": "review" }),
            "PUT",
            "/api/tasks/1",
            json!({ "status": "review" }),
        ),
        ("list_cards", json!({ "statuses": ["limbo"] }), "GET", "/api/tasks?status=limbo", Value::Null),
        ("get_task", json!({ "id": 99 }), "GET", "/api/tasks/99", Value::Null),
        (
            "add_comment",
            json!({ "task": 1, "body": " " }),
            "POST",
            "/api/tasks/1/comments",
            json!({ "content": " " }),
        ),
        (
            "add_comment",
            json!({ "task": 99, "body": "x" }),
            "POST",
            "/api/tasks/99/comments",
            json!({ "content": "x" }),
        ),
        (
            "enroll_agent",
            json!({ "name": "bad name" }),
            "POST",
            "/api/agents/register",
            json!({ "name": "bad name" }),
        ),
        (
            "claim_task",
            json!({ "agent": "bad name" }),
            "GET",
            "/api/tasks/queue?agent=bad%20name",
            Value::Null,
        ),
        (
            "put_schedule",
            json!({ "name": "x", "when": "whenever", "title": "t" }),
            "POST",
            "/api/cron",
            json!({ "name": "x", "schedule": "whenever", "task_template": { "title": "t" } }),
        ),
        (
            "add_webhook",
            json!({ "url": "ftp://example.org" }),
            "POST",
            "/api/webhooks",
            json!({ "url": "ftp://example.org" }),
        ),
    ]
}

/// The sentence that the operation answers with.
async fn by_operation(board: &Board, operation: &str, request: &Value) -> String {
    let ask = Ask::rpc(operation, &request.to_string()).host(&board.host()).bearer(KEY);
    sentence(&board.send(&ask).await.json())
}

fn sentence(problem: &Value) -> String {
    problem["detail"].as_str().unwrap_or_else(|| panic!("no refusal: {problem}")).to_owned()
}

async fn by_tool(board: &Board, tool: &str, arguments: &Value) -> String {
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": arguments },
    });
    let answer = board.send(&Ask::mcp(&call.to_string()).host(&board.host()).bearer(KEY)).await.json();
    assert_eq!(answer["result"]["isError"], true, "{tool}: {answer}");
    let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
    text.split("\nNext: ").next().expect("a sentence").to_owned()
}

/// The tools that the owner is offered.
async fn tools(board: &Board) -> BTreeSet<String> {
    let list = Ask::mcp(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    let answer = board.send(&list.host(&board.host()).bearer(KEY)).await.json();
    let tools = answer["result"]["tools"].as_array().expect("tools");
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_mistake_is_told_in_the_same_sentence_by_operation_tool_and_route() {
    let board = Board::open().await;
    board.call("add_task", json!({ "title": "there" })).await;
    let tools = tools(&board).await;
    let socket = board.dir.path().join("engine.sock");
    let mut door = open_socket(board.app.clone(), &socket).expect("a socket");
    let mistakes = mistakes();
    assert!(mistakes.len() >= 25, "{}", mistakes.len());
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (operation, request, method, path, body) in mistakes {
        let told = by_operation(&board, operation, &request).await;
        let ask = Ask::rpc(operation, &request.to_string()).host("flightboard");
        let owner = sentence(&through_socket(&socket, &ask).await.json());
        if owner != told {
            wrong.push(format!("the socket: {owner}\n  {operation}: {told}"));
        }
        let ask = Ask::new(method, path).host(&board.host()).bearer(KEY);
        let ask = match &body {
            Value::Null => ask,
            body => ask.header("content-type", "application/json").body(&body.to_string()),
        };
        let routed = sentence(&board.send(&ask).await.json());
        if routed != told {
            wrong.push(format!("{method} {path}: {routed}\n  {operation}: {told}"));
        }
        if tools.contains(operation) {
            tried += 1;
            let tool = by_tool(&board, operation, &request).await;
            if tool != told {
                wrong.push(format!("the tool {operation}: {tool}\n  {operation}: {told}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 20, "only {tried} are tools");
    door.close().await;
    board.close().await;
}

#[tokio::test]
async fn a_field_that_is_not_known_is_told_in_the_same_sentence_by_every_tool_and_its_operation() {
    let board = Board::open().await;
    let tools = tools(&board).await;
    let known: Vec<_> = OPERATIONS.iter().filter(|operation| tools.contains(operation.name)).collect();
    assert!(known.len() > 20, "{}", known.len());
    let request = json!({ "no_such_field": 1 });
    for operation in known {
        let told = by_operation(&board, operation.name, &request).await;
        assert!(told.contains("no_such_field"), "{}: {told}", operation.name);
        assert_eq!(by_tool(&board, operation.name, &request).await, told, "{}", operation.name);
    }
    board.close().await;
}
