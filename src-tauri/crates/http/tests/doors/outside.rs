//! What programs with another board's habits ask of ours: that it keeps who said what, threads, a new card where they
//! say that it is, keys no wider than asked for, and verdicts that only count where they are due.

use serde_json::{Value, json};

use crate::rig::{Ask, Board, KEY};

/// Status and body of the answer.
async fn send(board: &Board, key: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let ask = Ask::new(method, path).host(&board.host()).header("x-api-key", key);
    let ask = if body.is_null() {
        ask
    } else {
        ask.header("content-type", "application/json").body(&body.to_string())
    };
    let answer = board.send(&ask).await;
    (answer.status, answer.json())
}

async fn ok(board: &Board, method: &str, path: &str, body: Value) -> Value {
    let (status, answer) = send(board, KEY, method, path, body).await;
    assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
    answer
}

/// Status and sentence of a refusal.
async fn refused(board: &Board, key: &str, method: &str, path: &str, body: Value) -> (u16, String) {
    let (status, problem) = send(board, key, method, path, body).await;
    assert!((400..500).contains(&status), "{method} {path}: {status} {problem}");
    (status, problem["error"].as_str().unwrap_or_default().to_owned())
}

async fn key_of(board: &Board, agent: &str, body: Value) -> String {
    let made = ok(board, "POST", &format!("/api/agents/{agent}/keys"), body).await;
    made["api_key"].as_str().expect("a secret").to_owned()
}

#[tokio::test]
async fn comments_are_threads_within_one_task() {
    let board = Board::open().await;
    for title in ["discussed", "another"] {
        ok(&board, "POST", "/api/tasks", json!({ "title": title })).await;
    }
    let say = async |content: &str, parent: Value| {
        let body = json!({ "content": content, "parent_id": parent });
        ok(&board, "POST", "/api/tasks/1/comments", body).await["comment"].clone()
    };
    let first = say("first", json!(null)).await;
    let second = say("second", json!(null)).await;
    let reply = say("reply", first["id"].clone()).await;
    say("deeper", reply["id"].clone()).await;
    say("other reply", first["id"].clone()).await;
    assert_eq!((&first["parent_id"], &reply["parent_id"]), (&json!(null), &first["id"]));

    let all = ok(&board, "GET", "/api/tasks/1/comments", json!(null)).await;
    let contents = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["content"].as_str().unwrap().to_owned()).collect()
    };
    let threads = &all["comments"];
    assert_eq!((&all["total"], contents(threads)), (&json!(5), vec!["first".into(), "second".into()]));
    assert_eq!(contents(&threads[0]["replies"]), ["reply", "other reply"]);
    assert_eq!(contents(&threads[0]["replies"][0]["replies"]), ["deeper"]);
    assert_eq!((&threads[1]["id"], &threads[1]["replies"]), (&second["id"], &json!([])));

    for (path, parent) in
        [("/api/tasks/2/comments", first["id"].clone()), ("/api/tasks/1/comments", json!(99))]
    {
        let (status, why) =
            refused(&board, KEY, "POST", path, json!({ "content": "x", "parent_id": parent })).await;
        assert_eq!(status, 404, "{path}: {why}");
        assert!(why.starts_with("comment ") && why.ends_with("does not exist"), "{why}");
    }
    for parent in [json!("one"), json!(1.5), json!([])] {
        let body = json!({ "content": "x", "parent_id": parent });
        assert_eq!(refused(&board, KEY, "POST", "/api/tasks/1/comments", body).await.0, 400, "{parent}");
    }
    assert_eq!(ok(&board, "GET", "/api/tasks/2/comments", json!(null)).await["total"], 0);
    board.call("trash_task", json!({ "id": 1 })).await;
    board.call("delete_task", json!({ "id": 1 })).await;
    board.close().await;
}

#[tokio::test]
async fn a_person_s_key_says_who_speaks_and_an_agent_s_only_itself() {
    let board = Board::open().await;
    for name in ["scout", "iris"] {
        ok(&board, "POST", "/api/agents/register", json!({ "name": name })).await;
    }
    for (said, author) in [
        (json!("Ada Lovelace"), "Ada Lovelace"),
        (json!("e2e-admin"), "e2e-admin"),
        (json!("Scout"), "scout"),
        (json!("agent:iris"), "iris"),
        (json!("you"), "you"),
        (json!(" "), "you"),
        (json!(null), "you"),
    ] {
        let task =
            ok(&board, "POST", "/api/tasks", json!({ "title": "x", "created_by": said })).await["task"]
                .clone();
        assert_eq!(task["created_by"], author, "{said}");
        let path = format!("/api/tasks/{}/comments", task["id"]);
        let comment = ok(&board, "POST", &path, json!({ "content": "x", "author": said })).await;
        assert_eq!(comment["comment"]["author"], author, "{said}");
        let read = ok(&board, "GET", &path, json!(null)).await;
        assert_eq!(read["comments"][0]["author"], author, "{said}");
    }
    let known =
        ok(&board, "PUT", "/api/tasks/1", json!({ "outcome": "partial", "created_by": "nobody" })).await;
    assert_eq!(known["task"]["created_by"], "Ada Lovelace", "who made it does not change");
    let count = ok(&board, "GET", "/api/tasks", json!(null)).await["total"].clone();
    for (said, why) in [
        ("engine", "“engine” is Flightboard itself"),
        ("agent:nobody", "there is no agent “nobody”"),
        ("two\nlines", "an author's name is one line"),
        (&"x".repeat(101), "an author's name is one line"),
    ] {
        for (path, body) in [
            ("/api/tasks", json!({ "title": "x", "created_by": said })),
            ("/api/tasks/1/comments", json!({ "content": "x", "author": said })),
        ] {
            let (status, told) = refused(&board, KEY, "POST", path, body).await;
            assert!(status == 400 && told.starts_with(why), "{path} {said}: {status} {told}");
        }
    }
    assert_eq!(ok(&board, "GET", "/api/tasks", json!(null)).await["total"], count, "none was made");

    ok(&board, "POST", "/api/tasks", json!({ "title": "hers", "assigned_to": "iris" })).await;
    let path = format!("/api/tasks/{}/comments", count.as_i64().unwrap() + 1);
    let iris = key_of(&board, "iris", json!({})).await;
    for said in [json!(null), json!("iris"), json!("Iris")] {
        let (status, told) =
            send(&board, &iris, "POST", &path, json!({ "content": "x", "author": said })).await;
        assert_eq!((status, &told["comment"]["author"]), (201, &json!("iris")), "{said}");
    }
    for said in ["scout", "you", "Ada", "engine"] {
        let (status, told) =
            refused(&board, &iris, "POST", &path, json!({ "content": "x", "author": said })).await;
        assert_eq!((status, told), (403, format!("this key is iris's; it cannot speak for {said}")));
    }
    assert_eq!(ok(&board, "GET", &path, json!(null)).await["total"], 3);
    board.close().await;
}

#[tokio::test]
async fn a_key_of_an_agent_is_no_wider_than_was_asked() {
    let board = Board::open().await;
    ok(&board, "POST", "/api/agents/register", json!({ "name": "scout" })).await;
    ok(&board, "POST", "/api/tasks", json!({ "title": "its own", "assigned_to": "scout" })).await;
    ok(&board, "POST", "/api/tasks", json!({ "title": "another's", "assigned_to": "iris" })).await;
    for (body, scopes, comments) in [
        (json!({}), json!(["viewer", "agent:self"]), 201),
        (json!({ "scopes": ["viewer", "agent:self"] }), json!(["viewer", "agent:self"]), 201),
        (json!({ "scopes": ["agent:self"], "role": "agent" }), json!(["viewer", "agent:self"]), 201),
        (json!({ "scopes": ["viewer"] }), json!(["viewer"]), 403),
        (json!({ "role": "viewer" }), json!(["viewer"]), 403),
    ] {
        let made = ok(&board, "POST", "/api/agents/scout/keys", body.clone()).await;
        assert_eq!(made["key"]["scopes"], scopes, "{body}");
        let key = made["api_key"].as_str().unwrap();
        let ask = async |method: &str, path: &str, body: Value| send(&board, key, method, path, body).await.0;
        assert_eq!(ask("GET", "/api/tasks/1", json!(null)).await, 200, "{body}");
        assert_eq!(ask("GET", "/api/tasks/2", json!(null)).await, 403, "{body}");
        assert_eq!(ask("GET", "/api/tasks", json!(null)).await, 403, "{body}");
        let said = ask("POST", "/api/tasks/1/comments", json!({ "content": "x" })).await;
        assert_eq!(said, comments, "{body}");
    }
    let listed = ok(&board, "GET", "/api/agents/scout/keys", json!(null)).await;
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(5));
    for (body, why) in [
        (json!({ "scopes": ["bogus"] }), "“bogus” is not a scope of an agent's key; use viewer"),
        (json!({ "scopes": ["viewer", "admin"] }), "“admin” is not a scope of an agent's key"),
        (json!({ "scopes": [] }), "a key without a scope opens nothing"),
        (json!({ "scopes": "viewer" }), "invalid type"),
        (json!({ "scopes": [1] }), "invalid type"),
        (json!({ "role": "admin" }), "an agent's key has the role agent or viewer, not “admin”"),
        (json!({ "role": "root" }), "an agent's key has the role agent or viewer, not “root”"),
        (json!({ "role": "agent", "scopes": ["viewer"] }), "role and scopes say different things"),
        (json!({ "expires_in_days": 0 }), "expires_in_days must be"),
        (json!({ "expires_in_days": -1 }), "expires_in_days must be"),
        (json!({ "expires_at": 1 }), "the key would be over already"),
        (json!({ "expires_at": "soon" }), "expires_at must be"),
        (json!({ "name": " " }), "the key has no name"),
    ] {
        let (status, told) = refused(&board, KEY, "POST", "/api/agents/scout/keys", body.clone()).await;
        assert!(status == 400 && told.starts_with(why), "{body}: {status} {told}");
    }
    assert_eq!(ok(&board, "GET", "/api/agents/scout/keys", json!(null)).await, listed, "none was made");
    board.close().await;
}

#[tokio::test]
async fn a_new_task_stands_where_it_was_said_to_be_or_is_not_made() {
    let board = Board::open().await;
    for (said, told) in [
        ("inbox", "inbox"),
        ("assigned", "assigned"),
        ("ready", "assigned"),
        ("in_progress", "in_progress"),
        ("review", "review"),
        ("quality_review", "review"),
        ("done", "done"),
        ("failed", "failed"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
    ] {
        let body = json!({ "title": "the same title", "status": said, "error_message": "no network" });
        let task = ok(&board, "POST", "/api/tasks", body).await["task"].clone();
        let read = ok(&board, "GET", &format!("/api/tasks/{}", task["id"]), json!(null)).await;
        assert_eq!((&task["status"], &read["task"]["status"]), (&json!(told), &json!(told)), "{said}");
        assert_eq!(
            task["completed_at"].is_i64(),
            matches!(told, "done" | "failed" | "cancelled"),
            "{said}: {task}"
        );
    }
    let spelled = ok(&board, "POST", "/api/tasks", json!({ "title": "x", "assigned_to": "E2E-Scout" })).await;
    assert_eq!(
        (&spelled["task"]["assigned_to"], &spelled["task"]["status"]),
        (&json!("E2E-Scout"), &json!("assigned"))
    );
    let path = format!("/api/tasks/{}", spelled["task"]["id"]);
    ok(&board, "PUT", &path, json!({ "status": "in_progress" })).await;
    let failed = ok(&board, "PUT", &path, json!({ "status": "failed", "error_message": "gave up" })).await;
    assert_eq!(
        (&failed["task"]["status"], &failed["task"]["error_message"]),
        (&json!("failed"), &json!("gave up"))
    );

    let folder = board.dir.path().join("gated");
    std::fs::create_dir(&folder).unwrap();
    let project = board.call("add_project", json!({ "path": folder })).await["id"].clone();
    let gate = json!({ "gate": [{ "kind": "person" }] });
    board.call("edit_project", json!({ "id": project, "settings": gate })).await;
    let count = ok(&board, "GET", "/api/tasks", json!(null)).await["total"].clone();
    let body = json!({ "title": "x", "status": "done", "project_id": project });
    assert_eq!(refused(&board, KEY, "POST", "/api/tasks", body).await.0, 409);
    assert_eq!(ok(&board, "GET", "/api/tasks", json!(null)).await["total"], count, "it was not made");

    // A change that is refused has not moved the card.
    let body = json!({ "status": "assigned", "project_id": 99 });
    assert_eq!(refused(&board, KEY, "PUT", "/api/tasks/1", body).await.0, 404);
    assert_eq!(ok(&board, "GET", "/api/tasks/1", json!(null)).await["task"]["status"], "inbox");
    board.close().await;
}

#[tokio::test]
async fn work_behind_a_gate_is_done_when_its_reviewer_says_so() {
    let board = Board::open().await;
    ok(&board, "POST", "/api/agents/register", json!({ "name": "aegis", "role": "reviewer" })).await;
    for title in ["by the first board", "by the second"] {
        let task = ok(&board, "POST", "/api/tasks", json!({ "title": title, "assigned_to": "scout" })).await;
        let gate = json!({ "gate": { "steps": [{ "kind": "agent", "agent": "aegis" }] } });
        board.call("edit_task", json!({ "id": task["task"]["id"], "routing": gate })).await;
    }
    let verdict = |reviewer: &str, status: &str| json!({ "taskId": 1, "reviewer": reviewer, "status": status, "notes": "looked" });
    let not_now = async |method: &str, path: &str, body: Value| {
        let (status, problem) = send(&board, KEY, method, path, body.clone()).await;
        assert_eq!(status, 409, "{path} {body}: {problem}");
        let next = problem["legal_next"].as_array().expect("what is legal").clone();
        (problem["status_now"].clone(), next, problem["next"].as_str().unwrap_or_default().to_owned())
    };
    ok(&board, "GET", "/api/tasks/queue?agent=scout", json!(null)).await;
    let (now, legal, next) = not_now("PUT", "/api/tasks/1", json!({ "status": "done" })).await;
    assert_eq!((&now, legal.contains(&json!("review"))), (&json!("in_progress"), true));
    assert!(!legal.contains(&json!("done")) && next.contains("review"), "{legal:?} {next}");
    ok(&board, "PUT", "/api/tasks/1", json!({ "status": "review" })).await;
    let (now, legal, _) = not_now("PUT", "/api/tasks/1", json!({ "status": "done" })).await;
    assert_eq!((&now, legal.contains(&json!("done"))), (&json!("review"), false));
    for reviewer in ["Ada", "iris"] {
        assert_eq!(not_now("POST", "/api/quality-review", verdict(reviewer, "approved")).await.0, "review");
    }
    let rejected = ok(&board, "POST", "/api/quality-review", verdict("Ada", "rejected")).await;
    assert_eq!(rejected["task_status"], "assigned");
    let said = ok(&board, "GET", "/api/tasks/1/comments", json!(null)).await;
    assert_eq!(said["comments"][0]["author"], "Ada");

    for status in ["in_progress", "review"] {
        ok(&board, "PUT", "/api/tasks/1", json!({ "status": status })).await;
    }
    let approved = ok(&board, "POST", "/api/quality-review", verdict("aegis", "approved")).await;
    assert_eq!(approved["task_status"], "done");
    let reviews = ok(&board, "GET", "/api/quality-review?taskId=1", json!(null)).await;
    let told: Vec<(&Value, &Value)> = reviews["reviews"]
        .as_array()
        .unwrap()
        .iter()
        .map(|review| (&review["reviewer"], &review["status"]))
        .collect();
    assert_eq!(told, [(&json!("aegis"), &json!("approved")), (&json!("Ada"), &json!("rejected"))]);

    ok(&board, "POST", "/api/queue/claim", json!({ "agentId": "scout" })).await;
    let item = ok(&board, "POST", "/api/queue/2/complete", json!({})).await;
    assert_eq!(item["status"], "review", "complete, and waiting for its review");
    let by_worker = json!({ "taskId": 2, "reviewer": "scout", "status": "approved", "notes": "x" });
    not_now("POST", "/api/quality-review", by_worker).await;
    board.close().await;
}

#[tokio::test]
async fn a_verdict_on_a_card_that_is_not_in_review_is_kept_and_moves_nothing() {
    let board = Board::open().await;
    for status in ["inbox", "assigned", "in_progress", "done", "cancelled"] {
        let task = ok(&board, "POST", "/api/tasks", json!({ "title": status, "status": status })).await;
        let id = &task["task"]["id"];
        for verdict in ["rejected", "approved"] {
            let body = json!({ "taskId": id, "reviewer": "aegis", "status": verdict, "notes": "looked" });
            let kept = ok(&board, "POST", "/api/quality-review", body).await;
            assert_eq!(kept["task_status"], status, "{verdict}");
        }
        let reviews = ok(&board, "GET", &format!("/api/quality-review?taskId={id}"), json!(null)).await;
        let said = |at: usize| (&reviews["reviews"][at]["reviewer"], &reviews["reviews"][at]["status"]);
        assert_eq!(said(0), (&json!("aegis"), &json!("approved")), "{status}");
        assert_eq!(said(1), (&json!("aegis"), &json!("rejected")), "{status}");
        let heard = ok(&board, "GET", &format!("/api/tasks/{id}/comments"), json!(null)).await;
        assert_eq!((&heard["total"], &heard["comments"][0]["author"]), (&json!(1), &json!("aegis")));
    }
    let (code, why) =
        refused(&board, KEY, "POST", "/rpc/review_task", json!({ "id": 1, "verdict": "approved" })).await;
    assert_eq!(code, 409, "who does not ask for it to be kept is refused: {why}");

    // What was said too early counts for nothing once there is work.
    ok(&board, "PUT", "/api/tasks/3", json!({ "status": "review" })).await;
    let body = json!({ "taskId": 3, "reviewer": "aegis", "status": "approved", "notes": "now it is" });
    assert_eq!(ok(&board, "POST", "/api/quality-review", body).await["task_status"], "done");
    board.close().await;
}

#[tokio::test]
async fn a_job_is_changed_field_by_field() {
    let board = Board::open().await;
    let body = json!({
        "name": "audit", "schedule": "0 2 * * 0", "timezone": "UTC",
        "task_template": { "title": "Audit", "priority": "high", "assigned_to": "aegis", "tags": ["a"] },
    });
    ok(&board, "POST", "/api/cron", body).await;
    let job =
        async |method: &str, body: Value| ok(&board, method, "/api/cron/audit", body).await["job"].clone();
    let changed = job("PUT", json!({ "schedule": "0 3 * * *", "enabled": false })).await;
    assert_eq!((&changed["cron"], &changed["enabled"]), (&json!("0 3 * * *"), &json!(false)));
    assert_eq!(changed["task_template"]["assigned_to"], "aegis");
    let changed = job("PATCH", json!({ "enabled": true, "task_template": { "priority": "low" } })).await;
    let template = &changed["task_template"];
    assert_eq!((&template["priority"], &template["tags"]), (&json!("low"), &json!(["a"])));
    assert_eq!((&changed["cron"], &changed["enabled"]), (&json!("0 3 * * *"), &json!(true)));
    assert_eq!(
        refused(&board, KEY, "PUT", "/api/cron/audit", json!({ "schedule": "99 * * * *" })).await.0,
        400
    );
    assert_eq!(refused(&board, KEY, "PUT", "/api/cron/9", json!({ "enabled": true })).await.0, 404);
    board.close().await;
}
