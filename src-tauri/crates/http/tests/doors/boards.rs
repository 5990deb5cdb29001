//! The first board's routes as its clients use them: the lines of its guide, its words, its refusals.

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

async fn refused(board: &Board, method: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = send(board, method, path, body).await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{method} {path}: {}",
        answer.text()
    );
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_task_is_created_shown_changed_and_removed() {
    let board = Board::open().await;
    let body = json!({
        "title": "Fix login page CSS", "description": "It overlaps.", "priority": "high", "assigned_to": "scout",
        "tags": ["css"], "due_date": 1_900_000_000, "metadata": { "source": "guide" },
    });
    let answer = send(&board, "POST", "/api/tasks", body).await;
    assert_eq!((answer.status, answer.header("location")), (201, Some("/api/tasks/1")));
    let task = &answer.json()["task"];
    assert_eq!(
        (&task["id"], &task["status"], &task["priority"]),
        (&json!(1), &json!("assigned"), &json!("high"))
    );
    assert_eq!((&task["assigned_to"], &task["due_date"]), (&json!("scout"), &json!(1_900_000_000)));
    assert_eq!(task["metadata"]["source"], "guide");
    assert_eq!(ok(&board, "GET", "/api/tasks/1", json!(null)).await["task"], *task);

    let changed =
        ok(&board, "PUT", "/api/tasks/1", json!({ "title": "Fix it", "priority": "critical" })).await;
    assert_eq!(
        (&changed["task"]["title"], &changed["task"]["priority"]),
        (&json!("Fix it"), &json!("critical"))
    );
    assert_eq!(changed["task"]["description"], "It overlaps.");
    let freed = ok(&board, "PATCH", "/api/tasks/1", json!({ "assigned_to": null, "due_date": null })).await;
    assert_eq!((&freed["task"]["status"], &freed["task"]["assigned_to"]), (&json!("inbox"), &json!(null)));
    assert_eq!(freed["task"]["due_date"], json!(null));

    assert_eq!(ok(&board, "DELETE", "/api/tasks/1", json!(null)).await["success"], true);
    assert_eq!(refused(&board, "GET", "/api/tasks/1", json!(null)).await.0, 404);
    assert_eq!(refused(&board, "DELETE", "/api/tasks/1", json!(null)).await.0, 404);
    board.close().await;
}

#[tokio::test]
async fn bad_input_changes_nothing_and_is_told_in_a_sentence() {
    let board = Board::open().await;
    ok(&board, "POST", "/api/tasks", json!({ "title": "kept" })).await;
    for (method, path, body, status) in [
        ("POST", "/api/tasks", json!({}), 400),
        ("POST", "/api/tasks", json!({ "title": "" }), 400),
        ("POST", "/api/tasks", json!({ "title": "x".repeat(501) }), 400),
        ("POST", "/api/tasks", json!({ "title": 7 }), 400),
        ("POST", "/api/tasks", json!(["title"]), 400),
        ("POST", "/api/tasks", json!({ "title": "x", "status": "limbo" }), 400),
        ("POST", "/api/tasks", json!({ "title": "x", "priority": "whenever" }), 400),
        ("POST", "/api/tasks", json!({ "title": "x", "assigned_to": "No Name" }), 400),
        ("POST", "/api/tasks", json!({ "title": "x", "outcome": "meh" }), 400),
        ("POST", "/api/tasks", json!({ "title": "x", "feedback_rating": 6 }), 400),
        ("POST", "/api/tasks", json!({ "title": "x", "project_id": 9 }), 404),
        ("PUT", "/api/tasks/1", json!({}), 400),
        ("PUT", "/api/tasks/1", json!({ "status": "limbo", "title": "changed" }), 400),
        ("PUT", "/api/tasks/99", json!({ "title": "x" }), 404),
        ("PUT", "/api/tasks/one", json!({ "title": "x" }), 400),
        ("GET", "/api/tasks/99", json!(null), 404),
        ("GET", "/api/tasks/0", json!(null), 400),
        ("GET", "/api/tasks?status=limbo", json!(null), 400),
        ("GET", "/api/tasks?limit=many", json!(null), 400),
        ("GET", "/api/tasks/queue", json!(null), 400),
        ("GET", "/api/tasks/queue?agent=scout&max_capacity=0", json!(null), 400),
        ("GET", "/api/tasks/queue?agent=scout&max_capacity=21", json!(null), 400),
        ("GET", "/api/tasks/queue?agent=No%20Name", json!(null), 400),
        ("POST", "/api/tasks/1/comments", json!({ "content": " " }), 400),
        ("POST", "/api/tasks/99/comments", json!({ "content": "x" }), 404),
        ("GET", "/api/tasks/99/comments", json!(null), 404),
        ("POST", "/api/agents/register", json!({}), 400),
        ("POST", "/api/agents/register", json!({ "name": "bad name" }), 400),
        ("GET", "/api/agents/99", json!(null), 404),
        ("PUT", "/api/agents/99/soul", json!({ "soul_content": "x" }), 404),
        ("POST", "/api/quality-review", json!({ "taskId": 1, "status": "maybe", "notes": "x" }), 400),
        ("POST", "/api/quality-review", json!({ "taskId": 1, "status": "approved" }), 400),
        ("POST", "/api/quality-review", json!({ "taskId": 1, "status": "rejected", "notes": "\u{0}" }), 400),
        ("POST", "/api/quality-review", json!({ "taskId": 99, "status": "approved", "notes": "x" }), 404),
        ("GET", "/api/quality-review", json!(null), 400),
        ("GET", "/api/quality-review?taskIds=1,0", json!(null), 400),
        ("POST", "/api/cron", json!({ "name": "x" }), 400),
        ("POST", "/api/cron/x/pause", json!(null), 404),
        ("GET", "/api/search?q=x", json!(null), 400),
        ("GET", "/api/export?type=secrets", json!(null), 400),
        ("GET", "/api/tasks/outcomes?timeframe=eon", json!(null), 400),
        ("GET", "/api/nothing", json!(null), 404),
        ("GET", "/api", json!(null), 404),
        ("GET", "/api/", json!(null), 404),
    ] {
        let (got, problem) = refused(&board, method, path, body.clone()).await;
        assert_eq!(got, status, "{method} {path} {body}: {problem}");
        assert_eq!(
            (&problem["status"], &problem["detail"]),
            (&json!(status), &problem["error"]),
            "{method} {path}"
        );
        assert!(problem["detail"].as_str().is_some_and(|why| !why.is_empty()), "{method} {path}");
    }
    let tasks = ok(&board, "GET", "/api/tasks", json!(null)).await;
    assert_eq!((&tasks["total"], &tasks["tasks"][0]["title"]), (&json!(1), &json!("kept")));
    board.close().await;
}

#[tokio::test]
async fn a_list_is_filtered_counted_and_paged() {
    let board = Board::open().await;
    for at in 0..5 {
        let priority = if at % 2 == 0 { "low" } else { "high" };
        ok(&board, "POST", "/api/tasks", json!({ "title": format!("task {at}"), "priority": priority }))
            .await;
    }
    ok(&board, "POST", "/api/tasks", json!({ "title": "hers", "assigned_to": "iris" })).await;
    let list = async |query: &str| ok(&board, "GET", &format!("/api/tasks{query}"), json!(null)).await;
    let titles = |page: &Value| -> Vec<String> {
        page["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = list("").await;
    assert_eq!((&all["total"], titles(&all)[0].as_str()), (&json!(6), "hers"));
    let page = list("?limit=2&offset=2").await;
    assert_eq!(
        (titles(&page), &page["page"], &page["total"]),
        (vec!["task 3".into(), "task 2".into()], &json!(2), &json!(6))
    );
    assert_eq!((&list("?limit=2&page=3").await["hasMore"], &page["hasMore"]), (&json!(false), &json!(true)));
    assert_eq!(titles(&list("?priority=low").await), ["task 4", "task 2", "task 0"]);
    assert_eq!(titles(&list("?status=assigned").await), ["hers"]);
    assert_eq!(titles(&list("?assigned_to=iris").await), ["hers"]);
    assert_eq!(titles(&list("?search=SK%203").await), ["task 3"]);
    assert_eq!(list("?status=done").await["total"], 0);
    assert_eq!(list("?limit=9999").await["limit"], 200);
    let beyond = list("?limit=1&offset=4294967295").await;
    assert_eq!((&beyond["page"], &beyond["tasks"]), (&json!(4_294_967_296_u64), &json!([])));
    let found = ok(&board, "GET", "/api/search?q=task%201", json!(null)).await;
    assert_eq!((&found["count"], &found["results"][0]["title"]), (&json!(1), &json!("task 1")));
    board.close().await;
}

#[tokio::test]
async fn agents_poll_the_queue_and_never_get_the_same_task() {
    let board = Board::open().await;
    for (title, priority, due) in [
        ("low", "low", json!(null)),
        ("late", "high", json!(1_900_000_000)),
        ("soon", "high", json!(1_800_000_000)),
        ("top", "critical", json!(null)),
    ] {
        ok(&board, "POST", "/api/tasks", json!({ "title": title, "priority": priority, "due_date": due }))
            .await;
    }
    let poll = async |query: &str| ok(&board, "GET", &format!("/api/tasks/queue?{query}"), json!(null)).await;
    let first = poll("agent=scout").await;
    assert_eq!((&first["reason"], &first["task"]["title"]), (&json!("assigned"), &json!("top")));
    assert_eq!(
        (&first["task"]["status"], &first["task"]["assigned_to"]),
        (&json!("in_progress"), &json!("scout"))
    );
    let again = poll("agent=scout").await;
    assert_eq!((&again["reason"], &again["task"]["id"]), (&json!("continue_current"), &first["task"]["id"]));
    for title in ["soon", "late"] {
        assert_eq!(poll("agent=iris&max_capacity=2").await["task"]["title"], title);
    }
    let full = poll("agent=iris&max_capacity=2").await;
    assert_eq!((&full["reason"], &full["task"]), (&json!("at_capacity"), &json!(null)));
    let by_header =
        Ask::get("/api/tasks/queue").host(&board.host()).bearer(KEY).header("x-agent-name", "dora");
    assert_eq!(board.send(&by_header).await.json()["task"]["title"], "low");
    assert_eq!(poll("agent=zoe").await["reason"], "no_tasks_available");
    board.close().await;
}

#[tokio::test]
async fn work_goes_through_review_and_comes_back_with_its_feedback() {
    let board = Board::open().await;
    ok(&board, "POST", "/api/tasks", json!({ "title": "work", "assigned_to": "scout" })).await;
    ok(&board, "GET", "/api/tasks/queue?agent=scout", json!(null)).await;
    let handed_in =
        ok(&board, "PUT", "/api/tasks/1", json!({ "status": "review", "resolution": "did it" })).await;
    assert_eq!(
        (&handed_in["task"]["status"], &handed_in["task"]["resolution"]),
        (&json!("review"), &json!("did it"))
    );
    let verdict =
        |status: &str| json!({ "taskId": 1, "reviewer": "aegis", "status": status, "notes": "see notes" });
    let rejected = ok(&board, "POST", "/api/quality-review", verdict("rejected")).await;
    assert_eq!((&rejected["success"], &rejected["task_status"]), (&json!(true), &json!("assigned")));
    let comments = ok(&board, "GET", "/api/tasks/1/comments", json!(null)).await;
    assert_eq!((&comments["total"], &comments["comments"][1]["content"]), (&json!(2), &json!("see notes")));

    ok(&board, "PUT", "/api/tasks/1", json!({ "status": "in_progress" })).await;
    ok(&board, "PUT", "/api/tasks/1", json!({ "status": "review" })).await;
    let approved = ok(&board, "POST", "/api/quality-review", verdict("approved")).await;
    assert_eq!(approved["task_status"], "done");
    let reviews = ok(&board, "GET", "/api/quality-review?taskId=1", json!(null)).await;
    assert_eq!(
        (&reviews["reviews"][0]["status"], &reviews["reviews"][0]["reviewer"]),
        (&json!("approved"), &json!("aegis"))
    );
    assert_eq!(reviews["reviews"][1]["status"], "rejected");
    let latest = ok(&board, "GET", "/api/quality-review?taskIds=1,2", json!(null)).await;
    assert_eq!(
        (&latest["latest"]["1"]["status"], &latest["latest"]["2"]),
        (&json!("approved"), &json!(null))
    );

    board.close().await;
}

#[tokio::test]
async fn an_illegal_move_is_a_conflict_that_says_what_is_legal() {
    let board = Board::open().await;
    ok(&board, "POST", "/api/tasks", json!({ "title": "never worked on" })).await;
    let (status, problem) =
        refused(&board, "PUT", "/api/tasks/1", json!({ "status": "review", "title": "new" })).await;
    assert_eq!((status, &problem["status_now"]), (409, &json!("inbox")));
    assert_eq!(problem["legal_next"], json!(["assigned", "done", "cancelled"]));
    assert_eq!(ok(&board, "GET", "/api/tasks/1", json!(null)).await["task"]["title"], "never worked on");
    let moved =
        ok(&board, "PUT", "/api/tasks", json!({ "tasks": [{ "id": 1.0, "status": "assigned" }] })).await;
    assert_eq!((&moved["success"], &moved["updated"]), (&json!(true), &json!(1)));
    board.close().await;
}

#[tokio::test]
async fn outcomes_are_kept_and_counted() {
    let board = Board::open().await;
    for (title, outcome, error) in [
        ("a", json!("success"), json!(null)),
        ("b", json!("failed"), json!("no network")),
        ("c", json!(null), json!(null)),
    ] {
        let body = json!({ "title": title, "status": "done", "outcome": outcome, "error_message": error });
        let made = ok(&board, "POST", "/api/tasks", body).await;
        assert_eq!((&made["task"]["status"], &made["task"]["outcome"]), (&json!("done"), &outcome));
        assert!(made["task"]["completed_at"].is_i64(), "{made}");
    }
    ok(&board, "POST", "/api/tasks", json!({ "title": "open", "outcome": "partial" })).await;
    let told = ok(&board, "GET", "/api/tasks/outcomes?timeframe=day", json!(null)).await;
    assert_eq!((&told["record_count"], &told["summary"]["total_done"]), (&json!(3), &json!(3)));
    assert_eq!(
        told["summary"]["by_outcome"],
        json!({ "success": 1, "failed": 1, "partial": 0, "abandoned": 0, "unknown": 1 })
    );
    assert_eq!(
        (&told["summary"]["with_outcome"], &told["summary"]["success_rate"]),
        (&json!(2), &json!(0.5))
    );
    assert_eq!(told["common_errors"], json!([{ "error_message": "no network", "count": 1 }]));
    assert_eq!(
        (&told["by_priority"]["medium"]["total"], &told["by_agent"]["unassigned"]["total"]),
        (&json!(3), &json!(3))
    );
    board.close().await;
}

#[tokio::test]
async fn an_agent_registers_is_told_its_soul_and_gets_keys_of_its_own() {
    let board = Board::open().await;
    let body = json!({ "name": "aegis", "role": "reviewer", "capabilities": ["rust"] });
    let answer = send(&board, "POST", "/api/agents/register", body.clone()).await;
    assert_eq!((answer.status, &answer.json()["registered"]), (201, &json!(true)));
    let agent = answer.json()["agent"].clone();
    assert_eq!(
        (&agent["id"], &agent["name"], &agent["status"]),
        (&json!(1), &json!("aegis"), &json!("idle"))
    );
    let again = send(&board, "POST", "/api/agents/register", body).await;
    assert_eq!((again.status, &again.json()["registered"]), (200, &json!(false)));
    assert_eq!(refused(&board, "POST", "/api/agents", json!({ "name": "aegis", "role": "x" })).await.0, 409);
    let spelled = ok(&board, "POST", "/api/agents/register", json!({ "name": "Big-Bird" })).await;
    assert_eq!(spelled["agent"]["name"], "Big-Bird");
    assert_eq!(
        ok(&board, "GET", "/api/agents/big-bird", json!(null)).await["agent"]["id"],
        spelled["agent"]["id"]
    );

    let soul = ok(&board, "PUT", "/api/agents/1/soul", json!({ "template_name": "reviewer" })).await;
    assert_eq!(
        ok(&board, "GET", "/api/agents/1/soul", json!(null)).await["soul_content"],
        soul["soul_content"]
    );
    assert!(soul["soul_content"].as_str().is_some_and(|text| text.len() > 100), "{soul}");
    assert_eq!(refused(&board, "PUT", "/api/agents/1/soul", json!({ "template_name": "poet" })).await.0, 404);
    let changed =
        ok(&board, "PUT", "/api/agents", json!({ "id": 1, "config": { "dispatchModel": "opus" } })).await;
    assert_eq!(changed["agent"]["config"]["dispatchModel"], "opus");
    assert_eq!(ok(&board, "POST", "/api/agents/1/heartbeat", json!(null)).await["status"], "HEARTBEAT_OK");
    ok(&board, "POST", "/api/tasks", json!({ "title": "for you", "assigned_to": "aegis" })).await;
    let beat = ok(&board, "GET", "/api/agents/aegis/heartbeat", json!(null)).await;
    assert_eq!((&beat["status"], &beat["total_items"]), (&json!("WORK_ITEMS_FOUND"), &json!(1)));

    let made =
        send(&board, "POST", "/api/agents/1/keys", json!({ "name": "laptop", "expires_in_days": 7 })).await;
    assert_eq!(made.status, 201);
    let (made, secret) = (made.json(), made.json()["api_key"].as_str().unwrap().to_owned());
    let with_key = |path: &str| Ask::get(path).host(&board.host()).header("x-api-key", &secret);
    assert_eq!(board.send(&with_key("/api/tasks/1")).await.status, 200);
    assert_eq!(board.send(&with_key("/api/tasks")).await.status, 403);
    assert_eq!(board.send(&with_key("/api/agents/1/keys")).await.status, 403);
    let listed = ok(&board, "GET", "/api/agents/1/keys", json!(null)).await;
    assert_eq!(
        (&listed["keys"][0]["name"], &listed["keys"][0]["id"]),
        (&json!("laptop"), &made["key"]["id"])
    );
    assert!(!listed.to_string().contains(&secret), "{listed}");
    let revoked = ok(&board, "DELETE", "/api/agents/1/keys", json!({ "key_id": made["key"]["id"] })).await;
    assert_eq!(revoked["success"], true);
    assert_eq!(board.send(&with_key("/api/tasks/1")).await.status, 401);
    assert_eq!(
        refused(&board, "DELETE", "/api/agents/1/keys", json!({ "key_id": made["key"]["id"] })).await.0,
        404
    );
    board.close().await;
}

#[tokio::test]
async fn a_job_makes_tasks_from_its_template() {
    let board = Board::open().await;
    let body = json!({
        "name": "weekly-security-scan", "schedule": "0 2 * * 0", "timezone": "UTC",
        "task_template": { "title": "Weekly security audit", "priority": "high", "assigned_to": "aegis" },
    });
    let made = send(&board, "POST", "/api/cron", body).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/cron/1")));
    assert_eq!(made.json()["job"]["task_template"]["assigned_to"], "aegis");
    let paused =
        ok(&board, "POST", "/api/cron", json!({ "action": "pause", "name": "weekly-security-scan" })).await;
    assert_eq!(paused["job"]["enabled"], false);
    assert_eq!(ok(&board, "POST", "/api/cron/1/resume", json!(null)).await["job"]["enabled"], true);
    let ran = send(&board, "POST", "/api/cron/1/run", json!(null)).await;
    assert_eq!((ran.status, &ran.json()["task"]["assigned_to"]), (201, &json!("aegis")));
    assert_eq!(ok(&board, "GET", "/api/cron", json!(null)).await["total"], 1);
    ok(&board, "DELETE", "/api/cron/1", json!(null)).await;
    assert_eq!(ok(&board, "GET", "/api/cron", json!(null)).await["jobs"], json!([]));
    board.close().await;
}

#[tokio::test]
async fn what_was_read_is_not_sent_twice_and_what_changed_since_is_not_overwritten() {
    let board = Board::open().await;
    ok(&board, "POST", "/api/tasks", json!({ "title": "one" })).await;
    let read = Ask::get("/api/tasks/1").host(&board.host()).bearer(KEY);
    let first = board.send(&read).await;
    let tag = first.header("etag").expect("a tag").to_owned();
    let again = board.send(&read.clone().header("if-none-match", &tag)).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let put = |tag: &str, title: &str| {
        Ask::new("PUT", "/api/tasks/1")
            .host(&board.host())
            .bearer(KEY)
            .header("if-match", tag)
            .header("content-type", "application/json")
            .body(&json!({ "title": title }).to_string())
    };
    assert_eq!(board.send(&put(&tag, "two")).await.status, 200);
    assert_eq!(board.send(&put(&tag, "three")).await.status, 412);
    let delete = Ask::new("DELETE", "/api/tasks/1").host(&board.host()).bearer(KEY).header("if-match", &tag);
    assert_eq!(board.send(&delete).await.status, 412);
    assert_eq!(board.send(&read.header("if-none-match", &tag)).await.json()["task"]["title"], "two");
    board.close().await;
}

#[tokio::test]
async fn a_request_that_comes_twice_is_carried_out_once() {
    let board = Board::open().await;
    let post = |key: &str, title: &str| {
        Ask::new("POST", "/api/tasks")
            .host(&board.host())
            .bearer(KEY)
            .header("idempotency-key", key)
            .header("content-type", "application/json")
            .body(&json!({ "title": title }).to_string())
    };
    let first = board.send(&post("k1", "once")).await;
    let again = board.send(&post("k1", "once")).await;
    assert_eq!((first.status, again.status, again.header("idempotency-replayed")), (201, 201, Some("true")));
    assert_eq!(first.json(), again.json());
    assert_eq!(board.send(&post("k1", "another")).await.status, 422);
    assert_eq!(board.send(&post("k2", "")).await.status, 400);
    assert_eq!(board.send(&post("k2", "mended")).await.status, 201, "what was refused changed nothing");
    let twice = post("k3", "at one time");
    let (one, other) = tokio::join!(board.send(&twice), board.send(&twice));
    assert!(
        matches!((one.status, other.status), (201, 201 | 409) | (409, 201)),
        "{} {}",
        one.status,
        other.status
    );
    assert_eq!(ok(&board, "GET", "/api/tasks", json!(null)).await["total"], 3);
    board.close().await;
}

#[tokio::test]
async fn what_happened_and_everything_there_is_can_be_taken_out() {
    let board = Board::open().await;
    ok(&board, "POST", "/api/tasks", json!({ "title": "a, \"b\"" })).await;
    ok(&board, "POST", "/api/agents/register", json!({ "name": "scout" })).await;
    ok(&board, "POST", "/api/tasks/1/comments", json!({ "content": "hello", "author": "scout" })).await;
    let happened = ok(&board, "GET", "/api/activities?type=task", json!(null)).await;
    assert_eq!(
        (&happened["total"], &happened["activities"][0]["type"]),
        (&json!(2), &json!("task.commented"))
    );
    assert_eq!(
        (&happened["activities"][0]["actor"], &happened["activities"][0]["entity_id"]),
        (&json!("scout"), &json!(1))
    );
    ok(&board, "PUT", "/api/tasks/1", json!({ "priority": "high", "status": "assigned" })).await;
    for (kinds, count) in
        [("task_updated", 1), ("task.status_changed", 1), ("task_created,task.moved", 2), ("nothing", 0)]
    {
        let some = ok(&board, "GET", &format!("/api/activities?type={kinds}"), json!(null)).await;
        assert_eq!(some["total"], count, "{kinds}: {some}");
    }
    for (who, count) in [("scout", 2), ("agent:scout", 2), ("nobody", 0)] {
        let by = ok(&board, "GET", &format!("/api/activities?actor={who}"), json!(null)).await;
        assert_eq!(by["total"], count, "{who}: {by}");
    }
    let csv = send(&board, "GET", "/api/export?type=tasks", json!(null)).await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(csv.text().contains("\r\n1,\"a, \"\"b\"\"\","), "{}", csv.text());
    let all = ok(&board, "GET", "/api/export?type=activities&format=json", json!(null)).await;
    assert_eq!(all["count"], all["data"].as_array().unwrap().len());
    let status = ok(&board, "GET", "/api/status", json!(null)).await;
    assert_eq!((&status["status"], &status["tasks"]["in_progress"]), (&json!("ok"), &json!(0)));
    let health = board.send(&Ask::get("/health").host(&board.host())).await;
    assert_eq!((health.status, &health.json()["status"]), (200, &json!("ok")));
    board.close().await;
}
