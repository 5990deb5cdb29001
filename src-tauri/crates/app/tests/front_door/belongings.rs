//! Files, sub-tasks and saved filters through the operations, with a real program reading what it was given.

use app::{Authority, call, wire::ProblemCode};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{Actor, ProjectId, Role, Scope};
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

impl FrontDoor {
    async fn attach(&self, task: i64, name: &str, content: &[u8]) -> Value {
        self.ok("add_attachment", json!({ "task": task, "name": name, "data": BASE64.encode(content) })).await
    }

    async fn task(&self, id: i64) -> Value {
        self.ok("get_task", json!({ "id": id })).await
    }

    /// Runs a script on a card to its end; what it put into `artifacts/said`.
    async fn said(&self, task: i64, script: &str) -> String {
        let run = self.script(task, script).await;
        let ended = self.end_of(run).await;
        let artifacts = self.task(task).await["artifacts"].clone();
        let of_run = |artifact: &&Value| artifact["run"] == run && artifact["path"] == "said";
        let said = artifacts.as_array().unwrap().iter().find(of_run).unwrap_or_else(|| panic!("{ended}"));
        let piece = self.ok("read_artifact", json!({ "id": said["id"], "offset": 0, "len": 100_000 })).await;
        String::from_utf8(BASE64.decode(piece["data"].as_str().unwrap()).unwrap()).unwrap()
    }
}

#[tokio::test]
async fn an_agent_finds_the_cards_files_in_its_workspace_and_task_md_names_them() {
    let door = FrontDoor::open().await;
    let task = door.card("Read what came along").await;
    let file = door.attach(task, "/home/ada/../notes 1.md", b"# From a person\n").await;
    assert_eq!(
        (&file["name"], &file["kind"], &file["size"]),
        (&json!("notes 1.md"), &json!("markdown"), &json!(16))
    );
    door.attach(task, "gone.txt", b"not for the agent").await;
    let second = door.task(task).await["attachments"][0]["id"].clone();
    door.ok("remove_attachment", json!({ "id": second })).await;

    let said = door.said(task, "{ ls -A .flightboard/attachments; cat '.flightboard/attachments/notes 1.md'; cat TASK.md; } > artifacts/said").await;
    assert!(said.starts_with("notes 1.md\n# From a person\n"), "{said}");
    assert!(
        said.contains("## Attachments") && said.contains("- `.flightboard/attachments/notes 1.md`\n"),
        "{said}"
    );
    door.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_next_run_follows_no_link_that_the_last_one_left() {
    let door = FrontDoor::open().await;
    let outside = door.dir.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let task = door.card("Leads away").await;
    door.attach(task, "notes.md", b"ours").await;
    let lead = format!("rm -r .flightboard && ln -s '{}' .flightboard", outside.display());
    door.said(task, &format!("{lead}; echo done > artifacts/said")).await;
    let said = door.said(task, "cat .flightboard/attachments/notes.md > artifacts/said").await;
    assert_eq!(said, "ours");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    door.close().await;
}

#[tokio::test]
async fn files_are_read_back_taken_off_and_put_back() {
    let door = FrontDoor::open().await;
    let task = door.card("Files").await;
    let file = door.attach(task, "data.bin", &[0, 1, 2, 254, 255]).await;
    let read = json!({ "id": file["id"], "offset": 1, "len": 3 });
    let piece = door.ok("read_attachment", read).await;
    assert_eq!((&piece["data"], &piece["total"]), (&json!(BASE64.encode([1, 2, 254])), &json!(5)));

    door.ok("remove_attachment", json!({ "id": file["id"] })).await;
    assert_eq!(door.task(task).await["attachments"], json!([]));
    door.ok("restore_attachment", json!({ "id": file["id"] })).await;
    assert_eq!(door.task(task).await["attachments"], json!([file]));
    door.close().await;
}

#[tokio::test]
async fn what_cannot_be_a_file_of_a_card_is_refused_and_changes_nothing() {
    let door = FrontDoor::open().await;
    let task = door.card("Files").await;
    for (name, data, sentence) in [
        ("..", "", "“..” cannot be a file's name".to_owned()),
        ("a", "%%%", "the file's data is not Base64".into()),
        ("a", &*"A".repeat((20 << 20) / 3 * 4 + 100), "the limit for one file is 20 MiB".into()),
    ] {
        let refused =
            door.refused("add_attachment", json!({ "task": task, "name": name, "data": data })).await;
        assert_eq!((refused.code, refused.message), (ProblemCode::Invalid, sentence));
    }
    let nowhere = door.refused("add_attachment", json!({ "task": 9, "name": "a", "data": "" })).await;
    assert_eq!(nowhere.message, "task T-9 does not exist");
    assert_eq!(door.task(task).await["attachments"], json!([]));
    door.close().await;
}

#[tokio::test]
async fn a_card_tells_of_its_sub_tasks_and_they_of_it() {
    let door = FrontDoor::open().await;
    let parent = door.card("Whole").await;
    let part = door.ok("add_task", json!({ "title": "Part", "parent": parent })).await;
    assert_eq!((&part["parent"], &part["progress"]), (&json!(parent), &Value::Null));
    door.card("Joins later").await;
    door.ok("set_parent", json!({ "id": 3, "parent": parent })).await;
    door.ok("move_task", json!({ "id": 2, "column": "done" })).await;

    let whole = door.task(parent).await;
    assert_eq!(whole["card"]["progress"], json!({ "done": 1, "total": 2 }));
    assert_eq!(whole["subtasks"][0]["title"], "Part");
    assert_eq!(door.task(3).await["parent"]["key"], "T-1");
    let board = door.ok("get_board", json!({})).await;
    let on_board = board["cards"].as_array().unwrap().iter().find(|card| card["id"] == parent).unwrap();
    assert_eq!(*on_board, whole["card"]);
    let circle = door.refused("set_parent", json!({ "id": 1, "parent": 3 })).await;
    assert_eq!(circle.code, ProblemCode::Conflict);
    assert_eq!(circle.message, "T-1 cannot be a sub-task of T-3: that would be a circle (T-3 → T-1)");

    let said = door.said(parent, "cat TASK.md > artifacts/said").await;
    assert!(
        said.contains("## Sub-tasks") && said.contains("- T-2: Part (Done)\n- T-3: Joins later (Inbox)\n"),
        "{said}"
    );
    let said = door.said(3, "cat TASK.md > artifacts/said").await;
    assert!(said.contains("This is a sub-task of T-1: Whole ("), "{said}");
    door.close().await;
}

#[tokio::test]
async fn a_saved_filter_finds_the_cards_that_it_names() {
    let door = FrontDoor::open().await;
    for (title, priority, tags) in
        [("Urgent bug", 9, vec!["bug"]), ("Bug", 2, vec!["bug"]), ("Docs", 9, vec![])]
    {
        door.ok("add_task", json!({ "title": title, "priority": priority, "tags": tags })).await;
    }
    let filter = json!({ "tags": ["bug"], "priority": 7 });
    door.ok("put_filter", json!({ "name": " Hot ", "filter": filter })).await;
    let found = door.ok("find_cards", json!({ "saved": "hot" })).await;
    assert_eq!(
        found.as_array().unwrap().iter().map(|card| &card["title"]).collect::<Vec<_>>(),
        ["Urgent bug"]
    );
    let both = door.ok("find_cards", json!({ "saved": "hot", "filter": { "text": "docs" } })).await;
    assert_eq!(both, json!([]));
    assert_eq!(door.ok("list_filters", json!({})).await[0]["name"], "Hot");

    let empty = door.refused("put_filter", json!({ "name": "All", "filter": {} })).await;
    assert!(empty.message.starts_with("a filter that lets every card through"), "{empty}");
    let unnamed = door.refused("put_filter", json!({ "name": " ", "filter": { "text": "a" } })).await;
    assert_eq!(unnamed.message, "a filter's name is one line of 1 to 60 characters");
    door.ok("remove_filter", json!({ "name": "hot" })).await;
    assert_eq!(door.refused("find_cards", json!({ "saved": "hot" })).await.code, ProblemCode::NotFound);
    door.close().await;
}

#[tokio::test]
async fn a_key_for_one_project_sees_no_files_and_no_sub_tasks_of_another() {
    let door = FrontDoor::open().await;
    let path = door.dir.path().join("shop");
    std::fs::create_dir(&path).unwrap();
    let project = door.ok("add_project", json!({ "path": path })).await["id"].as_i64().unwrap();
    let inside =
        door.ok("add_task", json!({ "title": "Inside", "project": project })).await["id"].as_i64().unwrap();
    let outside =
        door.ok("add_task", json!({ "title": "Outside", "parent": inside })).await["id"].as_i64().unwrap();
    let (own, other) = (door.attach(inside, "own", b"1").await, door.attach(outside, "other", b"2").await);

    let scope = Scope::Project(ProjectId(project));
    let caller = Authority { role: Role::Operator, scope, actor: Actor::Person, key: None };
    let app = door.app.as_caller(caller);
    let asks = async |operation: &str, request: Value| {
        let answer = call(&app, operation, request.to_string().as_bytes()).await;
        answer.map(|json| serde_json::from_slice::<Value>(&json).unwrap()).map_err(|problem| problem.code)
    };
    let read = |file: &Value| json!({ "id": file["id"], "offset": 0, "len": 9 });
    assert_eq!(asks("read_attachment", read(&own)).await.unwrap()["total"], 1);
    assert_eq!(asks("read_attachment", read(&other)).await, Err(ProblemCode::Forbidden));
    assert_eq!(
        asks("read_attachment", json!({ "id": 99, "offset": 0, "len": 9 })).await,
        Err(ProblemCode::Forbidden)
    );
    assert_eq!(asks("remove_attachment", json!({ "id": other["id"] })).await, Err(ProblemCode::Forbidden));
    assert_eq!(
        asks("set_parent", json!({ "id": inside, "parent": outside })).await,
        Err(ProblemCode::Forbidden)
    );
    let seen = asks("get_task", json!({ "id": inside })).await.unwrap();
    assert_eq!((&seen["subtasks"], &seen["card"]["progress"]["total"]), (&json!([]), &json!(1)));
    door.close().await;
}
