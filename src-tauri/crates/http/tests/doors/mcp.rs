//! The Model Context Protocol over HTTP: whose tools a key opens, and that they say what every other door says.

use serde_json::{Value, json};

use crate::rig::{Answer, Ask, Board, KEY};

fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

async fn send(board: &Board, key: &str, message: &Value) -> Answer {
    board.send(&Ask::mcp(&message.to_string()).host(&board.host()).bearer(key)).await
}

/// The names of the tools that the key is offered.
async fn offered(board: &Board, key: &str) -> Vec<String> {
    let answer = send(board, key, &request("tools/list", json!({}))).await.json();
    let tools = answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}"));
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

/// What a call answers, and whether it is an error.
async fn call(board: &Board, key: &str, tool: &str, arguments: Value) -> (String, bool) {
    let params = json!({ "name": tool, "arguments": arguments });
    let answer = send(board, key, &request("tools/call", params)).await.json();
    let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
    (text.to_owned(), answer["result"]["isError"] == true)
}

async fn key(board: &Board, request: Value) -> String {
    board.call("create_key", request).await["secret"].as_str().expect("a secret").to_owned()
}

#[tokio::test]
async fn a_client_says_hello_and_needs_no_session() {
    let board = Board::open().await;
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "0" } });
    let answer = send(&board, KEY, &request("initialize", hello)).await;
    assert_eq!((answer.status, answer.header("mcp-session-id")), (200, None));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["result"]["serverInfo"]["name"], "flightboard");
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(send(&board, KEY, &ready).await.status, 202);
    for method in ["GET", "DELETE"] {
        let ask = Ask::new(method, "/mcp").host(&board.host()).bearer(KEY);
        let refused = board.send(&ask.header("accept", "text/event-stream")).await;
        assert_eq!((refused.status, refused.header("allow")), (405, Some("POST")), "{method}");
    }
    board.close().await;
}

#[tokio::test]
async fn a_key_is_offered_what_its_role_and_scope_may_use() {
    let board = Board::open().await;
    let admin = offered(&board, KEY).await;
    assert!(
        admin.iter().any(|tool| tool == "add_task") && admin.iter().all(|tool| tool != "report_progress")
    );
    let viewer = key(&board, json!({ "name": "v", "role": "viewer" })).await;
    let few = offered(&board, &viewer).await;
    assert!(
        few.iter().any(|tool| tool == "find_cards") && few.iter().all(|tool| tool != "add_task"),
        "{few:?}"
    );
    let scout = key(&board, json!({ "name": "s", "role": "agent", "agent": "scout" })).await;
    let own = offered(&board, &scout).await;
    assert!(
        own.iter().any(|tool| tool == "claim_task") && own.iter().all(|tool| tool != "get_plan"),
        "{own:?}"
    );

    // What is not offered is refused as at every other door.
    let (said, wrong) = call(&board, &viewer, "add_task", json!({ "title": "mine" })).await;
    assert!(wrong && said.starts_with("this needs a key with the role operator; yours is viewer"), "{said}");
    let (said, wrong) = call(&board, &scout, "get_plan", json!({})).await;
    assert_eq!((said.as_str(), wrong), ("this key is for the tasks of scout alone", true));
    assert_eq!(board.call("get_board", json!({})).await["cards"], json!([]));
    board.close().await;
}

#[tokio::test]
async fn the_key_of_a_run_has_the_tools_of_its_card_while_it_lives() {
    let board = Board::open().await;
    board.call("add_task", json!({ "title": "work", "column": "ready" })).await;
    let claim = board.call("claim_task", json!({ "agent": "scout" })).await;
    let token = claim["claim"]["token"].as_str().expect("a token");
    let tools = offered(&board, token).await;
    assert!(
        tools.iter().any(|tool| tool == "report_progress") && tools.iter().all(|tool| tool != "add_task")
    );
    let (task, wrong) = call(&board, token, "get_my_task", json!({})).await;
    assert!(!wrong && task.contains("\"title\":\"work\""), "{task}");
    let (said, wrong) = call(&board, token, "get_my_task", json!({ "run": 7 })).await;
    assert_eq!((said.as_str(), wrong), ("`run` cannot be given here\nNext: leave it out", true));
    let (_, wrong) = call(&board, token, "finish", json!({ "message": "All of it" })).await;
    assert!(!wrong);
    assert_eq!(board.call("get_task", json!({ "id": 1 })).await["card"]["status"], "review");
    assert_eq!(send(&board, token, &request("tools/list", json!({}))).await.status, 401);
    board.close().await;
}

#[tokio::test]
async fn what_is_wrong_is_said_as_at_every_other_door() {
    let board = Board::open().await;
    for (tool, arguments) in [
        ("add_task", json!({ "title": " " })),
        ("add_task", json!({ "title": "x", "colour": "red" })),
        ("find_task", json!({ "key": "twelve" })),
        ("move_task", json!({ "id": 999_999, "column": "done" })),
    ] {
        let said = call(&board, KEY, tool, arguments.clone()).await;
        let ask = Ask::rpc(tool, &arguments.to_string()).host(&board.host()).bearer(KEY);
        let problem = board.send(&ask).await.json();
        let next = problem["next"].as_str().map(|next| format!("\nNext: {next}")).unwrap_or_default();
        assert_eq!(
            said,
            (format!("{}{next}", problem["detail"].as_str().expect("a sentence")), true),
            "{tool}"
        );
    }
    board.close().await;
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_next_is_answered() {
    let board = Board::open().await;
    let whole = request("tools/list", json!({})).to_string();
    let plain = |body: &str| Ask::new("POST", "/mcp").host(&board.host()).bearer(KEY).body(body);
    let both = "application/json, text/event-stream";
    for (ask, status) in [
        (plain(&whole).header("content-type", "application/json"), 406),
        (
            plain(&whole).header("accept", both).header("content-type", "application/x-www-form-urlencoded"),
            415,
        ),
        (Ask::mcp("{").host(&board.host()).bearer(KEY), 415),
        (Ask::mcp("[]").host(&board.host()).bearer(KEY), 415),
        (Ask::mcp(&" ".repeat(4 * 1024 * 1024 + 1)).host(&board.host()).bearer(KEY), 413),
    ] {
        assert_eq!(board.send(&ask).await.status, status, "{}", String::from_utf8_lossy(&ask.sent()[..200]));
    }
    assert_eq!(board.send(&Ask::mcp(&whole).host(&board.host()).bearer(KEY)).await.status, 200);
    board.close().await;
}
