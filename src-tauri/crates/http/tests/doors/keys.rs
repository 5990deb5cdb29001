//! Keys from the database at both doors: in which header they come, and when they stop opening.

use serde_json::{Value, json};

use crate::rig::{Answer, Ask, Board, exchange, through_socket};

async fn key(board: &Board, request: Value) -> String {
    board.call("create_key", request).await["secret"].as_str().expect("a secret").to_owned()
}

fn overview(board: &Board) -> Ask {
    Ask::rpc("get_overview", "{}").host(&board.host())
}

#[tokio::test]
async fn a_key_comes_as_a_bearer_or_in_a_header_of_its_own() {
    let board = Board::open().await;
    let viewer = key(&board, json!({ "name": "v", "role": "viewer" })).await;
    let send =
        async |name: &str, value: String| board.send(&overview(&board).header(name, &value)).await.status;
    assert_eq!(send("authorization", format!("Bearer {viewer}")).await, 200);
    assert_eq!(send("authorization", format!("bearer  {viewer}")).await, 200);
    assert_eq!(send("x-api-key", viewer.clone()).await, 200);
    assert_eq!(send("authorization", viewer.clone()).await, 401);
    assert_eq!(send("x-api-key", format!("{viewer}0")).await, 401);
    let refused = board.send(&overview(&board)).await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    board.close().await;
}

#[tokio::test]
async fn a_refusal_says_what_is_missing() {
    let board = Board::open().await;
    let viewer = key(&board, json!({ "name": "v", "role": "viewer" })).await;
    let ask = Ask::rpc("add_task", r#"{"title":"mine"}"#).host(&board.host()).bearer(&viewer);
    let refused = board.send(&ask).await;
    assert_eq!((refused.status, refused.header("content-type")), (403, Some("application/problem+json")));
    assert_eq!(refused.json()["detail"], "this needs a key with the role operator; yours is viewer");
    assert_eq!(board.call("get_board", json!({})).await["cards"], json!([]));
    board.close().await;
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_at_once() {
    let board = Board::open().await;
    let made = board.call("create_key", json!({ "name": "x", "role": "operator" })).await;
    let ask = overview(&board).bearer(made["secret"].as_str().expect("a secret"));
    assert_eq!(board.send(&ask).await.status, 200);
    board.call("revoke_key", json!({ "id": made["key"]["id"] })).await;
    assert_eq!(board.send(&ask).await.status, 401);
    board.close().await;
}

#[tokio::test]
async fn the_socket_trusts_its_owner_and_judges_a_key_that_is_brought_along() {
    let board = Board::open().await;
    let path = board.dir.path().join("engine.sock");
    let mut door = flightboard_http::open_socket(board.app.clone(), &path).expect("a socket");
    let viewer = key(&board, json!({ "name": "v", "role": "viewer" })).await;
    let add = || Ask::rpc("add_task", r#"{"title":"x"}"#).host("flightboard");
    let status = async |ask: Ask| through_socket(&path, &ask).await.status;
    assert_eq!(status(add()).await, 200);
    assert_eq!(status(add().bearer(&viewer)).await, 403);
    assert_eq!(status(add().bearer("no key")).await, 401);
    door.close().await;
    board.close().await;
}

#[tokio::test]
async fn who_may_speak_for_an_agent_is_logged_as_it() {
    let board = Board::open().await;
    let operator = key(&board, json!({ "name": "o", "role": "operator" })).await;
    let scout = key(&board, json!({ "name": "s", "role": "agent", "agent": "scout" })).await;
    board.call("register_agent", json!({ "name": "scout" })).await;
    board.call("add_task", json!({ "title": "x", "assignee": "scout" })).await;
    let say = async |key: &str, name: &str| -> Answer {
        let ask = Ask::rpc("add_comment", r#"{"task":1,"body":"hello"}"#).host(&board.host()).bearer(key);
        let stream =
            tokio::net::TcpStream::connect(("127.0.0.1", board.port)).await.expect("the door is open");
        exchange(stream, &ask.header("x-agent-name", name)).await
    };
    assert_eq!(say(&operator, "iris").await.json()["author"], "agent:iris");
    assert_eq!(say(&operator, "No Agent").await.json()["author"], "you");
    assert_eq!(say(&scout, "iris").await.json()["author"], "agent:scout", "an agent is itself");
    board.close().await;
}
