//! Runs through the front door: what is known of them, what they leave, how they are taken away.

use app::Config;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::json;

use crate::front_door::FrontDoor;

fn decoded(piece: &serde_json::Value) -> Vec<u8> {
    BASE64.decode(piece["data"].as_str().expect("base64")).expect("base64")
}

#[tokio::test]
async fn a_runs_output_is_read_by_bytes_by_lines_and_by_search() {
    let door = FrontDoor::open().await;
    let task = door.card("Talk").await;
    let run = door.script(task, r"printf '\033[31mred\033[0m one\ntwo\nthe end\n'").await;
    let ended = door.end_of(run).await;
    assert_eq!(
        (&ended["status"], &ended["exit_code"], &ended["attempt"]),
        (&json!("succeeded"), &json!(0), &json!(1))
    );
    let whole = b"\x1b[31mred\x1b[0m one\r\ntwo\r\nthe end\r\n";
    let piece = door.ok("read_log", json!({ "run": run, "offset": 5, "len": 7 })).await;
    assert_eq!((decoded(&piece).as_slice(), &piece["total"]), (&whole[5..12], &json!(whole.len())));
    assert_eq!(ended["output_bytes"], whole.len());
    let lines = door.ok("read_lines", json!({ "run": run, "first": 1, "count": 2 })).await;
    assert_eq!(lines, json!({ "first": 1, "lines": ["two", "the end"], "total": 3 }));
    let hits = door.ok("search_log", json!({ "run": run, "text": "red one", "limit": 5 })).await;
    assert_eq!((&hits[0]["line"], &hits[0]["text"]), (&json!(1), &json!("red one")));
    door.close().await;
}

#[tokio::test]
async fn what_the_program_set_for_itself_does_not_reach_its_agents() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    // Cargo has set both of them for this process.
    let config = Config { own_variables: vec!["CARGO_PKG_NAME"], ..Config::new(dir.path().join("data")) };
    let door = FrontDoor::open_with(config, dir).await;
    // The doctor has asked the login shell, whose variables come on top.
    door.ok("doctor", json!({})).await;
    let task = door.card("Look around").await;
    let run = door.script(task, r#"echo "[$CARGO_PKG_NAME] [${CARGO_MANIFEST_DIR:+is there}]""#).await;
    door.end_of(run).await;
    let lines = door.ok("read_lines", json!({ "run": run, "first": 0, "count": 1 })).await;
    assert_eq!(lines["lines"], json!(["[] [is there]"]));
    door.close().await;
}

#[tokio::test]
async fn artifacts_are_read_piece_by_piece() {
    let door = FrontDoor::open().await;
    let task = door.card("Make").await;
    let run = door.script(task, "mkdir -p artifacts; printf '# Title' > artifacts/notes.md").await;
    door.end_of(run).await;
    let artifact = door.ok("get_task", json!({ "id": task })).await["artifacts"][0].clone();
    assert_eq!(
        (&artifact["path"], &artifact["kind"], &artifact["size"]),
        (&json!("notes.md"), &json!("markdown"), &json!(7))
    );
    let piece = door.ok("read_artifact", json!({ "id": artifact["id"], "offset": 2, "len": 100 })).await;
    assert_eq!((decoded(&piece), &piece["artifact"]), (b"Title".to_vec(), &artifact));
    door.close().await;
}

#[tokio::test]
async fn moving_or_trashing_a_card_stops_its_agent_first() {
    let door = FrontDoor::open().await;
    for (operation, request) in [("move_task", json!({ "column": "done" })), ("trash_task", json!({}))] {
        let task = door.card(operation).await;
        let run = door.script(task, "sleep 1000").await;
        let mut request = request;
        request["id"] = json!(task);
        let card = door.ok(operation, request).await;
        assert_eq!(card["run"]["status"], "stopped", "{operation}");
        assert_eq!(door.ok("get_run", json!({ "run": run })).await["status"], "stopped");
        assert!(!door.app.engine().is_live(domain::RunId(run)));
    }
    door.close().await;
}

#[tokio::test]
async fn a_card_carries_one_agent_at_a_time() {
    let door = FrontDoor::open().await;
    let task = door.card("Busy").await;
    let run = door.script(task, "sleep 1000").await;
    let refused =
        door.refused("start_run", json!({ "task": task, "agent": "custom", "argv": ["true"] })).await;
    assert_eq!(refused.message, "T-1 already has an agent at work");
    assert_eq!(door.ok("stop_run", json!({ "run": run })).await["status"], "stopped");
    assert_eq!(
        door.ok("stop_run", json!({ "run": run })).await["status"],
        "stopped",
        "stopping twice is no error"
    );
    door.close().await;
}

#[tokio::test]
async fn an_agent_that_asks_gets_its_answer_from_the_keyboard() {
    let door = FrontDoor::open().await;
    let task = door.card("Ask").await;
    let run = door.script(task, "read word; test \"$word\" = please").await;
    door.ok("send_input", json!({ "run": run, "text": "please\r" })).await;
    assert_eq!(door.end_of(run).await["status"], "succeeded");
    door.close().await;
}

#[tokio::test]
async fn a_message_is_a_paste_and_then_enter_to_a_program_that_takes_pastes() {
    let door = FrontDoor::open().await;
    let task = door.card("Ask").await;
    let script = r"
        stty raw -echo
        printf '\033[?2004hready\r\n'
        dd bs=4096 count=1 of=first 2>/dev/null
        dd bs=4096 count=1 of=second 2>/dev/null
        test $(od -An -c first | tr -d ' \n') = '033[200~two\nlines033[201~' && test $(od -An -c second) = '\r'";
    let run = door.script(task, script).await;
    let ready = || door.app.engine().newest_line(domain::RunId(run)).as_deref() == Some("ready");
    while !ready() {
        tokio::task::yield_now().await;
    }
    let text = "\x1b[200~two\nlines\x1b[201~\r";
    door.ok("send_input", json!({ "run": run, "text": text })).await;
    assert_eq!(door.end_of(run).await["status"], "succeeded");
    door.close().await;
}

#[tokio::test]
async fn a_message_is_lines_to_a_program_that_reads_lines() {
    let door = FrontDoor::open().await;
    let task = door.card("Ask").await;
    let run = door.script(task, "read one; read two; test \"$one $two\" = 'two lines'").await;
    let text = "\x1b[200~two\nlines\x1b[201~\r";
    door.ok("send_input", json!({ "run": run, "text": text })).await;
    assert_eq!(door.end_of(run).await["status"], "succeeded");
    door.close().await;
}

#[tokio::test]
async fn waiting_ends_with_the_patience_not_with_the_run() {
    let door = FrontDoor::open().await;
    let task = door.card("Long").await;
    let run = door.script(task, "sleep 1000").await;
    let seen = door.ok("wait_run", json!({ "run": run, "timeout_ms": 1 })).await;
    assert!(seen["ended_at"].is_null());
    door.ok("stop_run", json!({ "run": run })).await;
    door.close().await;
}
