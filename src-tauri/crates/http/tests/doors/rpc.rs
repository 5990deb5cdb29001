//! JSON in, JSON out, and nothing else.

use serde_json::json;

use crate::rig::{Ask, Board, KEY};

#[tokio::test]
async fn an_operation_answers_in_json() {
    let board = Board::open().await;
    let card = board.call("add_task", json!({ "title": "Over the wire" })).await;
    assert_eq!((card["key"].as_str(), card["status"].as_str()), (Some("T-1"), Some("inbox")));
    assert_eq!(board.call("get_board", json!({})).await["cards"][0], card);
    board.close().await;
}

#[tokio::test]
async fn a_problem_has_the_status_of_its_kind() {
    let board = Board::open().await;
    board.call("add_task", json!({ "title": "One" })).await;
    for (operation, request, status, code) in [
        ("add_task", r#"{"title":" "}"#, 422, "invalid"),
        ("add_task", r#"{"title":"x","colour":"red"}"#, 422, "invalid"),
        ("add_task", "{", 422, "invalid"),
        ("get_task", r#"{"id":99}"#, 404, "not_found"),
        ("fly", "{}", 404, "not_found"),
        ("move_task", r#"{"id":1,"column":"review"}"#, 409, "conflict"),
    ] {
        let answer = board.send(&Ask::rpc(operation, request).host(&board.host()).bearer(KEY)).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(code)),
            "{operation} {request}"
        );
    }
    board.close().await;
}

#[tokio::test]
async fn a_form_or_plain_text_is_not_read() {
    let board = Board::open().await;
    let send = async |kind: Option<&str>| {
        let mut ask = Ask::new("POST", "/rpc/add_task").host(&board.host()).bearer(KEY);
        if let Some(kind) = kind {
            ask = ask.header("content-type", kind);
        }
        board.send(&ask.body(r#"{"title":"Smuggled"}"#)).await.status
    };
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"]
    {
        assert_eq!(send(Some(kind)).await, 422, "{kind}");
    }
    assert_eq!(send(None).await, 422);
    assert_eq!(board.call("get_board", json!({})).await["cards"], json!([]));
    assert_eq!(send(Some("application/json; charset=utf-8")).await, 200);
    board.close().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let board = Board::open().await;
    let body = |len: usize| format!(r#"{{"title":"Big","description":"{}"}}"#, "x".repeat(len));
    let answer =
        board.send(&Ask::rpc("add_task", &body(4 * 1024 * 1024)).host(&board.host()).bearer(KEY)).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (413, Some("invalid")), "{}", answer.text());
    let answer = board.send(&Ask::rpc("add_task", &body(200_000)).host(&board.host()).bearer(KEY)).await;
    assert_eq!(answer.status, 200, "the longest description fits");
    board.close().await;
}

#[tokio::test]
async fn a_file_for_a_card_may_be_larger_than_anything_else_and_has_its_limit() {
    let board = Board::open().await;
    board.send(&Ask::rpc("add_task", r#"{"title":"Has a file"}"#).host(&board.host()).bearer(KEY)).await;
    let body = |len: usize| format!(r#"{{"task":1,"name":"big","data":"{}"}}"#, "A".repeat(len));
    for (len, status) in [(6 << 20, 200), ((27 << 20) + 400_000, 422), (29 << 20, 413)] {
        let answer =
            board.send(&Ask::rpc("add_attachment", &body(len)).host(&board.host()).bearer(KEY)).await;
        assert_eq!(answer.status, status, "{len}: {}", answer.text());
    }
    board.close().await;
}

#[tokio::test]
async fn only_a_post_runs_an_operation() {
    let board = Board::open().await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let answer = board.send(&Ask::new(method, "/rpc/get_overview").host(&board.host()).bearer(KEY)).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (405, None), "{method}");
    }
    board.close().await;
}
