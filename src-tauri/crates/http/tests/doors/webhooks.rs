//! Webhooks by HTTP: added, changed, tried against a real listener, their messages listed and sent again.

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::rig::{Answer, Ask, Board, KEY};

async fn send(board: &Board, method: &str, path: &str, body: Value) -> Answer {
    let ask = Ask::new(method, path).host(&board.host()).bearer(KEY);
    let ask = match body {
        Value::Null => ask,
        body => ask.header("content-type", "application/json").body(&body.to_string()),
    };
    board.send(&ask).await
}

async fn ok(board: &Board, method: &str, path: &str, body: Value) -> Value {
    let answer = send(board, method, path, body).await;
    assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
    answer.json()
}

/// Takes one message and answers with this status; its text.
async fn take(listener: &TcpListener, status: &str) -> String {
    let (mut stream, _) = listener.accept().await.expect("a message");
    let mut text = String::new();
    while !text.ends_with('}') {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.expect("its bytes");
        text += &String::from_utf8_lossy(&piece[..read]);
    }
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.expect("it is answered");
    text
}

#[tokio::test]
async fn a_webhook_is_added_tried_changed_and_removed() {
    let board = Board::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    // Nothing happens on this board of which it would be told by itself.
    let body = json!({ "name": "ci", "url": url, "events": ["agent.created"], "private_allowed": true });
    let made = send(&board, "POST", "/api/webhooks", body).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/webhooks/1")));
    let made = made.json();
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{made}");
    assert_eq!((&made["id"], &made["webhook"]["events"]), (&json!(1), &json!(["agent.created"])));
    let listed = ok(&board, "GET", "/api/webhooks", json!(null)).await;
    assert_eq!((&listed["total"], &listed["webhooks"][0]), (&json!(1), &made["webhook"]));
    assert!(!listed.to_string().contains("whsec_"), "a secret is told once: {listed}");

    let (message, tried) = tokio::join!(
        take(&listener, "204 No Content"),
        send(&board, "POST", "/api/webhooks/1/test", json!(null))
    );
    assert!(
        message.starts_with("POST /hook HTTP/1.1\r\n") && message.contains("webhook-signature: v1,"),
        "{message}"
    );
    let tried = tried.json();
    assert_eq!((&tried["success"], &tried["delivery"]["status_code"]), (&json!(true), &json!(204)));
    let (_, refused) = tokio::join!(
        take(&listener, "500 Oops"),
        send(&board, "POST", "/api/webhooks/test", json!({ "id": 1 }))
    );
    let refused = refused.json();
    assert_eq!((&refused["success"], &refused["delivery"]["status_code"]), (&json!(false), &json!(500)));

    let log = ok(&board, "GET", "/api/webhooks/deliveries?webhook_id=1&limit=1", json!(null)).await;
    assert_eq!((&log["total"], &log["hasMore"]), (&json!(2), &json!(true)));
    assert_eq!(log["deliveries"][0]["id"], refused["delivery"]["id"], "newest first");
    let all = ok(&board, "GET", "/api/webhooks/deliveries", json!(null)).await;
    assert_eq!(
        all["deliveries"],
        ok(&board, "GET", "/api/webhooks/1/deliveries", json!(null)).await["deliveries"]
    );
    let again =
        ok(&board, "POST", "/api/webhooks/retry", json!({ "delivery_id": tried["delivery"]["id"] })).await;
    assert_eq!(again["delivery"]["status"], "waiting");

    let changed = json!({ "id": 1, "events": ["*"], "enabled": false, "regenerate_secret": true });
    let changed = ok(&board, "PUT", "/api/webhooks", changed).await;
    assert_eq!(
        (&changed["webhook"]["events"], &changed["webhook"]["enabled"]),
        (&json!(["*"]), &json!(false))
    );
    assert!(changed["secret"].is_string() && changed["secret"] != made["secret"]);
    let renamed = ok(&board, "PATCH", "/api/webhooks/1", json!({ "name": "builds" })).await;
    assert_eq!((&renamed["webhook"]["name"], &renamed["secret"]), (&json!("builds"), &json!(null)));
    assert_eq!(ok(&board, "GET", "/api/webhooks/1", json!(null)).await["webhook"]["name"], "builds");
    assert_eq!(ok(&board, "DELETE", "/api/webhooks", json!({ "id": 1 })).await["success"], true);
    assert_eq!(send(&board, "GET", "/api/webhooks/1", json!(null)).await.status, 404);
    board.close().await;
}

#[tokio::test]
async fn bad_input_is_told_in_a_sentence() {
    let board = Board::open().await;
    for (method, path, body, status) in [
        ("POST", "/api/webhooks", json!({}), 400),
        ("POST", "/api/webhooks", json!({ "url": "ftp://example.com" }), 400),
        ("POST", "/api/webhooks", json!({ "url": "http://127.0.0.1/" }), 400),
        ("POST", "/api/webhooks", json!({ "url": "https://example.com", "events": ["?"] }), 400),
        ("POST", "/api/webhooks", json!({ "url": "https://example.com", "project_id": 9 }), 404),
        ("PUT", "/api/webhooks", json!({ "name": "x" }), 400),
        ("PUT", "/api/webhooks/9", json!({ "name": "x" }), 404),
        ("DELETE", "/api/webhooks", json!({}), 400),
        ("DELETE", "/api/webhooks/9", json!(null), 404),
        ("GET", "/api/webhooks/x", json!(null), 400),
        ("POST", "/api/webhooks/9/test", json!(null), 404),
        ("POST", "/api/webhooks/retry", json!({}), 400),
        ("POST", "/api/webhooks/retry", json!({ "delivery_id": 9 }), 404),
        ("GET", "/api/webhooks/deliveries?webhook_id=9", json!(null), 404),
        ("GET", "/api/webhooks/9/deliveries", json!(null), 404),
        ("GET", "/api/webhooks/deliveries?webhook_id=x", json!(null), 400),
    ] {
        let answer = send(&board, method, path, body.clone()).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, Some("application/problem+json")),
            "{method} {path} {body}: {}",
            answer.text()
        );
    }
    assert_eq!(ok(&board, "GET", "/api/webhooks", json!(null)).await["webhooks"], json!([]));
    board.close().await;
}

#[tokio::test]
async fn what_axum_refuses_has_the_shape_of_every_other_refusal() {
    let board = Board::open().await;
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(4 * 1024 * 1024));
    let post = || {
        Ask::new("POST", "/api/tasks")
            .host(&board.host())
            .bearer(KEY)
            .header("content-type", "application/json")
            .body(&large)
    };
    for ask in [post(), post().header("idempotency-key", "large")] {
        let refused = board.send(&ask).await;
        assert_eq!(refused.status, 413, "{}", refused.text());
        assert_eq!(refused.json()["detail"], "a request has at most 4 MiB");
    }
    let wrong = send(&board, "DELETE", "/api/tasks/queue", json!(null)).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET,HEAD")));
    assert_eq!(wrong.json()["detail"], "DELETE is not possible here");
    let torn = send(&board, "GET", "/api/tasks/%ff", json!(null)).await;
    assert_eq!((torn.status, torn.header("content-type")), (400, Some("application/problem+json")));
    let document = ok(&board, "GET", "/api/openapi.json", json!(null)).await;
    let described = &document["paths"]["/api/tasks"]["post"]["responses"];
    assert!(described["405"].is_object() && described["413"].is_object(), "{described}");
    board.close().await;
}
