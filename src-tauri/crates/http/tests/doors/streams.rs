//! What goes on for longer than a request: events, terminals, followed logs.

use serde_json::{Value, json};

use crate::rig::{Ask, Board, Frame, KEY, Socket};

async fn started(board: &Board, script: &str) -> i64 {
    let card = board.call("add_task", json!({ "title": "Talk" })).await;
    let argv = json!(["sh", "-c", script]);
    let run = board.call("start_run", json!({ "task": card["id"], "agent": "custom", "argv": argv })).await;
    run["id"].as_i64().expect("a run")
}

#[tokio::test]
async fn events_name_what_went_stale() {
    let board = Board::open().await;
    let mut events = Socket::open(&board, "/events").await;
    board.call("add_task", json!({ "title": "News" })).await;
    let changed = loop {
        let event = events.event().await;
        // The list of agents is looked through at start as well.
        if event["tasks"] != json!([]) {
            break event;
        }
    };
    assert_eq!(
        changed,
        json!({ "type": "changed", "seq": 1, "tasks": [1], "projects": false, "agents": false,
            "settings": false, "schedules": false, "webhooks": false, "keys": false })
    );
    drop(events);
    board.close().await;
}

#[tokio::test]
async fn a_terminal_shows_takes_keys_and_tells_the_end() {
    let board = Board::open().await;
    let run = started(&board, "printf 'name? '; read name; echo \"hello $name\"; exit 3").await;
    let mut terminal = Socket::open(&board, &format!("/terminal/{run}?cols=100&rows=30")).await;
    let mut screen = String::new();
    let mut typed = false;
    let ended: Value = loop {
        let frame = match terminal.next().await {
            Frame::Binary(frame) => frame,
            other => panic!("the terminal closed before the end: {other:?}"),
        };
        let (kind, rest) = frame.split_first().expect("a kind");
        match kind {
            0 | 1 => {
                screen += &String::from_utf8_lossy(rest);
                terminal.send_text(&json!({ "ack": rest.len() }).to_string()).await;
            }
            3 => break serde_json::from_slice(rest).expect("JSON"),
            _ => {}
        }
        if screen.contains("name? ") && !typed {
            typed = true;
            terminal.send_binary(b"Ada\r").await;
        }
    };
    assert!(screen.contains("hello Ada"), "{screen:?}");
    assert_eq!(ended["code"], 3);
    drop(terminal);
    board.close().await;
}

#[tokio::test]
async fn a_terminal_that_talks_nonsense_is_closed_and_the_run_goes_on() {
    let board = Board::open().await;
    let run = started(&board, "read word; echo \"heard $word\"").await;
    let mut terminal = Socket::open(&board, &format!("/terminal/{run}?cols=80&rows=24")).await;
    terminal.send_text("not json").await;
    while !matches!(terminal.next().await, Frame::Close) {}
    board.call("send_input", json!({ "run": run, "text": "still\r" })).await;
    let ended = board.call("wait_run", json!({ "run": run, "timeout_ms": 30_000 })).await;
    assert_eq!(ended["status"], "succeeded");
    board.close().await;
}

#[tokio::test]
async fn a_log_is_followed_to_the_end_and_read_from_any_byte() {
    let board = Board::open().await;
    let run = started(&board, "echo first; read go; echo last").await;
    let follow = Ask::get(format!("/runs/{run}/log?follow=1")).host(&board.host()).bearer(KEY);
    let (whole, _) =
        tokio::join!(board.send(&follow), board.call("send_input", json!({ "run": run, "text": "\r" })));
    let whole = whole.text();
    // Where Enter came early its echo comes first.
    assert!(whole.contains("first\r\n") && whole.ends_with("last\r\n"), "{whole:?}");
    let tail = Ask::get(format!("/runs/{run}/log?offset=7")).host(&board.host()).bearer(KEY);
    assert_eq!(board.send(&tail).await.text(), whole[7..]);
    let beyond = Ask::get(format!("/runs/{run}/log?offset=99999&follow=1")).host(&board.host()).bearer(KEY);
    assert_eq!(board.send(&beyond).await.text(), "");
    board.close().await;
}

#[tokio::test]
async fn streams_of_a_run_that_is_unknown_are_not_opened() {
    let board = Board::open().await;
    for ask in [Ask::get("/runs/99/log"), Ask::websocket("/terminal/99?cols=80&rows=24")] {
        let answer = board.send(&ask.host(&board.host()).bearer(KEY)).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/problem+json")));
    }
    board.close().await;
}
