//! Cards, projects and settings, as the window uses them.

use app::wire::ProblemCode;
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

#[tokio::test]
async fn a_card_is_written_read_and_changed() {
    let door = FrontDoor::open().await;
    let added = door
        .ok(
            "add_task",
            json!({ "title": " Fix  the\nparser ", "description": "why", "priority": "high", "tags": ["bug", " bug "], "due_at": 42, "column": "ready" }),
        )
        .await;
    assert_eq!((&added["key"], &added["title"]), (&json!("T-1"), &json!("Fix the parser")));
    assert_eq!(
        (&added["status"], &added["priority"], &added["tags"]),
        (&json!("ready"), &json!(8), &json!(["bug"]))
    );

    let edited = door
        .ok("edit_task", json!({ "id": 1, "title": "Fix the lexer", "due": { "at": null }, "version": 1 }))
        .await;
    assert_eq!(
        (&edited["card"]["title"], &edited["card"]["due_at"], &edited["version"]),
        (&json!("Fix the lexer"), &Value::Null, &json!(2))
    );
    assert_eq!(edited["description"], "why", "fields left out stay");
    assert_eq!(edited["moves"], json!(["inbox", "review", "done", "cancelled"]));
    assert_eq!(door.ok("get_task", json!({ "id": 1 })).await, edited);
    assert_eq!(door.ok("find_task", json!({ "key": edited["uid"] })).await, edited);
    door.close().await;
}

#[tokio::test]
async fn the_slower_of_two_editors_is_told() {
    let door = FrontDoor::open().await;
    door.card("Contested").await;
    door.ok("edit_task", json!({ "id": 1, "title": "Mine", "version": 1 })).await;
    let refused = door.refused("edit_task", json!({ "id": 1, "title": "Yours", "version": 1 })).await;
    assert_eq!(refused.code, ProblemCode::Conflict);
    assert_eq!(door.ok("get_task", json!({ "id": 1 })).await["card"]["title"], "Mine");
    door.close().await;
}

#[tokio::test]
async fn a_card_goes_to_the_trash_and_comes_back() {
    let door = FrontDoor::open().await;
    let id = door.card("Oops").await;
    assert_eq!(door.ok("trash_task", json!({ "id": id })).await["trashed"], true);
    assert_eq!(door.ok("get_board", json!({})).await["cards"], json!([]));
    assert_eq!(door.ok("get_board", json!({ "trashed": true })).await["cards"][0]["key"], "T-1");
    let refused = door.refused("start_run", json!({ "task": id, "agent": "custom", "argv": ["true"] })).await;
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (ProblemCode::Conflict, "T-1 is in the trash; restore it first")
    );
    assert_eq!(door.ok("restore_task", json!({ "id": id })).await["trashed"], false);
    door.close().await;
}

#[tokio::test]
async fn cards_that_are_gone_are_left_out() {
    let door = FrontDoor::open().await;
    let id = door.card("Here").await;
    let cards = door.ok("get_cards", json!({ "ids": [99, id] })).await;
    assert_eq!(cards.as_array().unwrap().iter().map(|card| &card["id"]).collect::<Vec<_>>(), [&json!(id)]);
    door.close().await;
}

#[tokio::test]
async fn the_timeline_tells_a_cards_life_in_sentences() {
    let door = FrontDoor::open().await;
    let id = door.card("Live").await;
    door.ok("add_comment", json!({ "task": id, "body": "  Look here.  " })).await;
    door.ok("edit_task", json!({ "id": id, "priority": "urgent" })).await;
    door.ok("move_task", json!({ "id": id, "column": "done" })).await;
    let told: Vec<String> = door
        .ok("get_timeline", json!({ "id": id }))
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["actor"].as_str().unwrap(), entry["text"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "you added to Inbox",
            "you commented: Look here.",
            "you changed the priority",
            "you moved from Inbox to Done"
        ]
    );
    assert_eq!(door.ok("get_task", json!({ "id": id })).await["comments"][0]["body"], "Look here.");
    door.close().await;
}

#[tokio::test]
async fn a_project_is_named_after_its_folder_and_counts_its_open_cards() {
    let door = FrontDoor::open().await;
    let folder = door.dir.path().join("parser");
    std::fs::create_dir(&folder).unwrap();
    let added = door.ok("add_project", json!({ "path": folder })).await;
    assert_eq!(
        (&added["name"], &added["git"], &added["open_cards"]),
        (&json!("parser"), &json!(false), &json!(0))
    );
    door.ok("add_task", json!({ "title": "Mine", "project": added["id"] })).await;
    door.card("Nobody's").await;
    let settings = json!({
        "base": "develop", "setup": ["make"], "in_place": true, "trusted": true, "agent": "demo",
        "dispatch": true, "triage": true, "agents": ["demo"], "limit": 2, "repository_limit": 1,
        "paused": "release week", "github": "kim/lexer",
        "retry": { "timeout": { "max": 3, "backoff": { "kind": "fixed", "wait": 5000 } } },
        "gate": [{ "kind": "check", "command": ["make", "test"], "timeout": 60 }, { "kind": "person" }],
        "budget": { "micros": 5000000, "tokens": null, "wall": null, "warn_at": 0.5, "at_limit": "ask" },
        "task_budget": { "micros": null, "tokens": 90000, "wall": null, "warn_at": 0.8, "at_limit": "stop" },
        "limits": { "setup": 300, "longest": 5400, "idle": 90, "expected_quiet": null, "review": 600 },
        "escalation": { "failures": 2, "minutes": null, "hand_over": true, "pause": true, "workflow": 4 },
    });
    let edited =
        door.ok("edit_project", json!({ "id": added["id"], "name": " Lexer ", "settings": settings })).await;
    assert_eq!(
        (&edited["name"], &edited["settings"], &edited["open_cards"]),
        (&json!("Lexer"), &settings, &json!(1))
    );
    assert_eq!(door.ok("get_board", json!({ "project": added["id"] })).await["cards"][0]["title"], "Mine");
    door.ok("move_task", json!({ "id": 1, "column": "cancelled" })).await;
    door.ok("remove_project", json!({ "id": added["id"] })).await;
    assert_eq!(door.ok("list_projects", json!({})).await, json!([]));
    assert!(folder.is_dir(), "the folder is untouched");
    door.close().await;
}

#[tokio::test]
async fn a_projects_folder_that_went_away_is_pointed_out() {
    let door = FrontDoor::open().await;
    let folder = door.dir.path().join("parser");
    std::fs::create_dir(&folder).unwrap();
    door.ok("add_project", json!({ "path": folder })).await;
    std::fs::remove_dir(&folder).unwrap();
    let listed = door.ok("list_projects", json!({})).await;
    assert!(listed[0]["problem"].is_string(), "{listed}");
    door.close().await;
}

#[tokio::test]
async fn the_windows_settings_are_kept() {
    let door = FrontDoor::open().await;
    let fresh = door.ok("get_settings", json!({})).await;
    assert_eq!(
        fresh,
        json!({ "theme": "", "last_agent": null, "last_project": null, "welcomed": false, "editor": [],
            "agent_offline_minutes": 0, "trash_days": 30, "look_for_updates": false })
    );
    let wanted = json!({ "theme": "dark", "last_agent": "demo", "last_project": 1, "welcomed": true, "editor": ["code", "{path}"],
        "agent_offline_minutes": 7, "trash_days": 0, "look_for_updates": true });
    door.ok("put_settings", wanted.clone()).await;
    assert_eq!(door.ok("get_settings", json!({})).await, wanted);
    door.close().await;
}

#[tokio::test]
async fn settings_that_another_version_wrote_do_not_keep_the_window_shut() {
    let door = FrontDoor::open().await;
    let later = json!({ "theme": "dark", "wallpaper": "clouds" });
    door.app.engine().store().put_setting("window", &later, 0).await.unwrap();
    assert_eq!(door.ok("get_settings", json!({})).await["theme"], "");
    door.close().await;
}

#[tokio::test]
async fn the_overview_counts_and_names_the_newest_change() {
    let door = FrontDoor::open().await;
    door.ok("add_task", json!({ "title": "Ready", "column": "ready" })).await;
    door.card("Inbox").await;
    let overview = door.ok("get_overview", json!({})).await;
    assert_eq!(
        (&overview["seq"], &overview["waiting"], &overview["in_flight"]),
        (&json!(2), &json!(1), &json!(0))
    );
    assert_eq!(overview["data_dir"], door.dir.path().join("data").to_str().unwrap());
    assert!(overview["saved_at"].is_i64() && overview["problem"].is_null());
    door.close().await;
}
