//! The table of operations and the dispatch by name are one.

use std::collections::BTreeSet;

use app::{Access, OPERATIONS, call, wire::ProblemCode};
use serde_json::json;

use crate::front_door::FrontDoor;

#[tokio::test]
async fn every_operation_of_the_table_is_known_by_its_name_and_strict_about_its_fields() {
    let door = FrontDoor::open().await;
    for operation in OPERATIONS {
        let refused = door.refused(operation.name, json!({ "no_such_field": 1 })).await;
        assert_eq!(refused.code, ProblemCode::Invalid, "{}: {refused}", operation.name);
        assert!(refused.message.contains("unknown field `no_such_field`"), "{}: {refused}", operation.name);
    }
    door.close().await;
}

#[tokio::test]
async fn nested_parts_are_strict_as_well() {
    let door = FrontDoor::open().await;
    for (operation, request) in [
        ("edit_task", json!({ "id": 1, "due": { "at": null, "in": 5 } })),
        ("start_run", json!({ "task": 1, "agent": "demo", "size": { "cols": 80, "rows": 24, "depth": 3 } })),
        ("edit_project", json!({ "id": 1, "settings": { "colour": "red" } })),
    ] {
        let refused = door.refused(operation, request).await;
        assert!(refused.message.contains("unknown field"), "{operation}: {refused}");
    }
    door.close().await;
}

#[tokio::test]
async fn names_are_unique_and_others_are_not_found() {
    let names: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(names.len(), OPERATIONS.len());
    let door = FrontDoor::open().await;
    for name in ["fly", "", "Add_task", "add_task ", "../add_task"] {
        let refused = door.refused(name, json!({})).await;
        assert_eq!(
            (refused.code, refused.message),
            (ProblemCode::NotFound, format!("there is no operation “{name}”"))
        );
    }
    door.close().await;
}

#[tokio::test]
async fn a_request_that_is_no_json_is_refused_and_none_at_all_is_an_empty_one() {
    let door = FrontDoor::open().await;
    for body in [&b"{"[..], b"[]", b"null", b"\xff", b"{} {}"] {
        let refused = call(&door.app, "get_board", body).await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::Invalid, "{body:?}");
        assert!(refused.message.starts_with("the request cannot be read: "), "{refused}");
    }
    call(&door.app, "get_board", b"").await.unwrap();
    door.close().await;
}

#[tokio::test]
async fn what_only_reads_leaves_no_change() {
    let door = FrontDoor::open().await;
    let task = door.card("Look, do not touch").await;
    let run = door.script(task, "mkdir -p artifacts; echo x > artifacts/x.txt").await;
    door.end_of(run).await;
    door.ok("add_attachment", json!({ "task": task, "name": "a", "data": "" })).await;
    door.ok("add_webhook", json!({ "url": "https://example.org/hook", "enabled": false })).await;
    let before = door.ok("get_overview", json!({})).await["seq"].clone();
    let one_of_each = |name: &str| match name {
        "get_cards" => json!({ "ids": [task] }),
        "get_task" | "get_timeline" => json!({ "id": task }),
        "find_task" => json!({ "key": "T-1" }),
        "wait_run" => json!({ "run": run, "timeout_ms": 1 }),
        "get_run" | "get_changes" => json!({ "run": run }),
        "get_diff" => json!({ "run": run, "path": "artifacts/x.txt" }),
        "read_log" => json!({ "run": run, "offset": 0, "len": 10 }),
        "read_lines" => json!({ "run": run, "first": 0, "count": 10 }),
        "search_log" => json!({ "run": run, "text": "x", "limit": 10 }),
        "read_vibe_kanban" => json!({ "path": "/nowhere" }),
        "list_deliveries" => json!({ "webhook": 1 }),
        "preview_schedule" => json!({ "when": "daily" }),
        "read_artifact" | "read_attachment" => json!({ "id": 1, "offset": 0, "len": 10 }),
        "get_my_task" | "list_results" => json!({ "run": run, "token": "x" }),
        "get_answer" => json!({ "run": run, "token": "x", "question": 1 }),
        "read_result" => json!({ "run": run, "token": "x", "artifact": 1 }),
        _ => json!({}),
    };
    for operation in OPERATIONS.iter().filter(|operation| operation.access == Access::Read) {
        // A folder that is no repository has no diff, there is no other program's board, and who is not the
        // run's agent has no say; those are answers, too.
        if let Err(problem) = door.call(operation.name, one_of_each(operation.name)).await {
            let stranger = problem.message.contains("this is not the token of run");
            let known = ["get_diff", "read_vibe_kanban"].contains(&operation.name) || stranger;
            assert!(known, "{}: {problem}", operation.name);
        }
    }
    assert_eq!(door.ok("get_overview", json!({})).await["seq"], before);
    door.close().await;
}
