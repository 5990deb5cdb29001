//! What is refused: the code for programs, the sentence for people, the next step.

use std::{fmt::Write, path::Path, process::Command};

use app::{Config, Engine, wire::ProblemCode};
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

fn git(at: &Path, args: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(at)
        .output()
        .expect("git starts");
    assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn repository(at: &Path) {
    std::fs::create_dir(at).expect("a folder");
    git(at, &["init", "-q"]);
    git(at, &["commit", "-q", "--allow-empty", "-m", "first"]);
}

/// Collects refusals as people and programs get them.
struct Refusals<'d> {
    door: &'d FrontDoor,
    told: String,
}

impl Refusals<'_> {
    async fn of(&mut self, case: &str, operation: &str, request: Value) -> &mut Self {
        let problem = self.door.refused(operation, request).await;
        let code = serde_json::to_value(problem.code).expect("a word");
        let _ = writeln!(self.told, "{case}\n  {}: {}", code.as_str().expect("a word"), problem.message);
        if let Some(next) = problem.next {
            let _ = writeln!(self.told, "  next: {next}");
        }
        self
    }

    fn settle(self, name: &str) {
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(false);
        let dir = self.door.dir.path().canonicalize().expect("the folder");
        settings.add_filter(&regex_free(&dir), "[DIR]");
        settings.add_filter("[0-9a-f]{40}", "[COMMIT]");
        settings.bind(|| insta::assert_snapshot!(name, self.told));
    }
}

/// A temporary folder's name has nothing that a pattern would read otherwise but its dots.
fn regex_free(path: &Path) -> String {
    path.display().to_string().replace('.', r"\.")
}

#[tokio::test]
async fn what_people_type_is_checked() {
    let door = FrontDoor::open().await;
    door.card("One").await;
    let mut refusals = Refusals { door: &door, told: String::new() };
    let tags: Vec<String> = (0..21).map(|n| format!("t{n}")).collect();
    refusals
        .of("an empty title", "add_task", json!({ "title": "" }))
        .await
        .of("a title of blanks", "add_task", json!({ "title": " \n\t " }))
        .await
        .of("a title of 501 characters", "add_task", json!({ "title": "ü".repeat(501) }))
        .await
        .of("an edited title of 501 characters", "edit_task", json!({ "id": 1, "title": "x".repeat(501) }))
        .await
        .of("a description too long", "add_task", json!({ "title": "x", "description": "x".repeat(200_001) }))
        .await
        .of("a tag with a comma", "add_task", json!({ "title": "x", "tags": ["a,b"] }))
        .await
        .of("21 tags", "add_task", json!({ "title": "x", "tags": tags }))
        .await
        .of("a priority beyond the scale", "add_task", json!({ "title": "x", "priority": 11 }))
        .await
        .of("a priority of no name", "add_task", json!({ "title": "x", "priority": "asap" }))
        .await
        .of("a new card in flight", "add_task", json!({ "title": "x", "column": "in_progress" }))
        .await
        .of("a new card on the shelf", "add_task", json!({ "title": "x", "column": "failed" }))
        .await
        .of("a column of one's own", "move_task", json!({ "id": 1, "column": "limbo" }))
        .await
        .of("into flight by hand", "move_task", json!({ "id": 1, "column": "in_progress" }))
        .await
        .of("from inbox to review", "move_task", json!({ "id": 1, "column": "review" }))
        .await
        .of("an id that is none", "find_task", json!({ "key": "twelve" }))
        .await
        .of("an empty comment", "add_comment", json!({ "task": 1, "body": " \n" }))
        .await
        .of(
            "a comment of nothing that can be kept",
            "add_comment",
            json!({ "task": 1, "body": "\u{0} \u{0}" }),
        )
        .await
        .of("a comment too long", "add_comment", json!({ "task": 1, "body": "x".repeat(20_001) }))
        .await
        .of("a theme of no name", "put_settings", json!({ "theme": "pink" }))
        .await
        .of("too many cards at once", "get_cards", json!({ "ids": vec![1; 10_001] }))
        .await;
    refusals.settle("typed");
    let cards = door.ok("get_board", json!({})).await["cards"].clone();
    assert_eq!(cards.as_array().expect("cards").len(), 1, "nothing half-made");
    door.close().await;
}

/// All that the board keeps, as a program sees it.
async fn everything(door: &FrontDoor) -> [Value; 5] {
    [
        door.ok("get_overview", json!({})).await["seq"].clone(),
        door.ok("get_board", json!({})).await["cards"].clone(),
        door.ok("get_queue_policy", json!({})).await,
        door.ok("list_projects", json!({})).await,
        door.ok("list_schedules", json!({})).await,
    ]
}

#[tokio::test]
async fn what_the_queue_is_told_is_checked_and_changes_nothing() {
    let door = FrontDoor::open().await;
    let (first, second, gone) =
        (door.card("First").await, door.card("Second").await, door.card("Gone").await);
    door.ok("add_dependency", json!({ "id": second, "upstream": first, "need": "success" })).await;
    door.ok("trash_task", json!({ "id": gone })).await;
    door.ok("delete_task", json!({ "id": gone })).await;
    std::fs::create_dir(door.dir.path().join("shop")).unwrap();
    let project = door.ok("add_project", json!({ "path": door.dir.path().join("shop") })).await;
    let edges = door.ok("get_task", json!({ "id": second })).await["queue"].clone();
    let before = everything(&door).await;

    let routing = |fields: Value| json!({ "id": first, "routing": fields });
    let retry = |max: i64, backoff: Value| {
        routing(json!({ "retry": { "timeout": { "max": max, "backoff": backoff } } }))
    };
    let settings = |fields: Value| {
        let mut settings = project["settings"].clone();
        settings.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        json!({ "id": project["id"], "settings": settings })
    };
    let upstream = |id: i64, upstream: i64| json!({ "id": id, "upstream": upstream, "need": "success" });
    let schedule = |when: &str, zone: &str| json!({ "name": "n", "when": when, "zone": zone, "title": "t" });
    let growing = |first: i64, cap: i64, jitter: f64| json!({ "kind": "exponential", "first": first, "cap": cap, "jitter": jitter });
    let mut refusals = Refusals { door: &door, told: String::new() };
    for (case, operation, request) in [
        ("an unknown status", "move_task", json!({ "id": first, "column": "limbo" })),
        ("an unknown status of a list", "list_cards", json!({ "statuses": ["limbo"] })),
        ("an unknown agent to choose", "edit_task", routing(json!({ "agents": ["nobody"] }))),
        ("an unknown agent to do it", "edit_task", json!({ "id": first, "assign": { "agent": "nobody" } })),
        ("an unknown agent of the board", "put_queue_policy", json!({ "agents": ["nobody"] })),
        ("an unknown agent's cost", "put_queue_policy", json!({ "costs": { "nobody": 1 } })),
        ("an unknown agent's breaker", "reset_breaker", json!({ "agent": "nobody" })),
        ("an unknown agent of a project", "edit_project", settings(json!({ "agents": ["nobody"] }))),
        (
            "an unknown reviewer",
            "edit_project",
            settings(json!({ "gate": [{ "kind": "agent", "agent": "nobody" }] })),
        ),
        (
            "a check without a command",
            "edit_task",
            routing(json!({ "gate": { "steps": [{ "kind": "check", "command": [], "timeout": 5 }] } })),
        ),
        ("a skill that is no word", "edit_task", routing(json!({ "skills": ["a,b"] }))),
        ("fewer than no runs", "put_queue_policy", json!({ "parallel": -1 })),
        ("fewer than no runs of a project", "edit_project", settings(json!({ "limit": -1 }))),
        ("a limit of no time", "put_queue_policy", json!({ "limits": { "idle": 0 } })),
        (
            "a breaker that is always open",
            "put_queue_policy",
            json!({ "breaker": { "threshold": 0, "cool_down": 1, "longest": 1 } }),
        ),
        ("a budget below nothing", "put_queue_policy", json!({ "daily": { "micros": -1 } })),
        (
            "a warning beyond the end",
            "edit_project",
            settings(json!({ "budget": { "tokens": 5, "warn_at": 2.0 } })),
        ),
        ("too many attempts", "edit_task", retry(101, json!({ "kind": "immediate" }))),
        ("a wait below nothing", "edit_task", retry(1, json!({ "kind": "fixed", "wait": -1 }))),
        ("a cap below the first wait", "edit_task", retry(1, growing(10, 5, 0.0))),
        ("more jitter than all", "edit_task", retry(1, growing(5, 10, 1.5))),
        ("a wait of no kind", "edit_task", retry(1, json!({ "kind": "never" }))),
        ("a cycle", "add_dependency", upstream(first, second)),
        ("a card that waits for itself", "add_dependency", upstream(first, first)),
        ("a dependency on a deleted card", "add_dependency", upstream(first, gone)),
        ("a dependency of a deleted card", "add_dependency", upstream(gone, first)),
        ("a dependency on no card", "add_dependency", upstream(first, 99)),
        ("a need of no kind", "add_dependency", json!({ "id": first, "upstream": second, "need": "luck" })),
        ("a cron text that is none", "put_schedule", schedule("61 * * * *", "UTC")),
        ("a day that never comes", "put_schedule", schedule("0 0 30 2 *", "UTC")),
        ("words that say no time", "put_schedule", schedule("now and then", "UTC")),
        ("a time zone that is none", "put_schedule", schedule("daily", "Mars/Base")),
        ("a queue place for a deleted card", "queue_task", json!({ "id": gone, "queued": true })),
    ] {
        refusals.of(case, operation, request).await;
    }
    refusals.settle("queue");
    assert_eq!(everything(&door).await, before);
    assert_eq!(door.ok("get_task", json!({ "id": second })).await["queue"], edges);

    // A skill is a word of one's own: what nobody has is no error, and the card says so.
    door.ok("edit_task", routing(json!({ "skills": ["deploy"], "agents": ["demo"] }))).await;
    door.ok("queue_task", json!({ "id": first, "queued": true })).await;
    let plan = door.ok("get_plan", json!({ "task": first })).await;
    assert_eq!(plan["waits"][0]["why"], "needs skill `deploy`, which no agent has");
    door.close().await;
}

#[tokio::test]
async fn a_project_is_a_folder_that_can_be_used() {
    let door = FrontDoor::open().await;
    let at = |name: &str| door.dir.path().canonicalize().expect("the folder").join(name);
    std::fs::write(at("file.txt"), "").unwrap();
    std::fs::create_dir(at("mine")).unwrap();
    door.ok("add_project", json!({ "path": at("mine") })).await;
    door.ok("add_task", json!({ "title": "Open", "project": 1 })).await;
    let mut refusals = Refusals { door: &door, told: String::new() };
    refusals
        .of("no path", "add_project", json!({ "path": " " }))
        .await
        .of("a path to nothing", "add_project", json!({ "path": at("nothing") }))
        .await
        .of("a path to a file", "add_project", json!({ "path": at("file.txt") }))
        .await
        .of("a folder twice", "add_project", json!({ "path": at("mine"), "name": "Again" }))
        .await
        .of("a name of 101 characters", "add_project", json!({ "path": at("mine"), "name": "x".repeat(101) }))
        .await
        .of("a name of two lines", "edit_project", json!({ "id": 1, "name": "a\nb" }))
        .await
        .of("an empty name", "edit_project", json!({ "id": 1, "name": " " }))
        .await
        .of("removed with open cards", "remove_project", json!({ "id": 1 }))
        .await
        .of("a card of a project that is not there", "add_task", json!({ "title": "x", "project": 9 }))
        .await
        .of("a card moved to one", "edit_task", json!({ "id": 1, "project": 9 }))
        .await;
    refusals.settle("projects");
    door.close().await;
}

#[tokio::test]
async fn a_run_that_cannot_be_says_why_and_leaves_nothing() {
    let door = FrontDoor::open().await;
    let at = |name: &str| door.dir.path().canonicalize().expect("the folder").join(name);
    std::fs::create_dir(at("empty")).unwrap();
    git(&at("empty"), &["init", "-q"]);
    repository(&at("taken"));
    git(&at("taken"), &["branch", "flightboard/t-2-taken"]);
    for (name, title) in [("empty", "Empty"), ("taken", "Taken")] {
        let project = door.ok("add_project", json!({ "path": at(name) })).await["id"].clone();
        door.ok("add_task", json!({ "title": title, "project": project })).await;
    }
    let plain = door.card("Plain").await;
    let done = door.card("Done").await;
    door.ok("move_task", json!({ "id": done, "column": "done" })).await;
    let custom = |task: i64| json!({ "task": task, "agent": "custom", "argv": ["true"] });

    let mut refusals = Refusals { door: &door, told: String::new() };
    refusals
        .of("a repository without commits", "start_run", custom(1))
        .await
        .of("an agent of no name", "start_run", json!({ "task": plain, "agent": "nobody" }))
        .await
        .of("custom without a command", "start_run", json!({ "task": plain, "agent": "custom" }))
        .await
        .of(
            "a program that is not there",
            "start_run",
            json!({ "task": plain, "agent": "custom", "argv": ["no-such-program"] }),
        )
        .await
        .of("a card that is done", "start_run", custom(done))
        .await
        .of(
            "a terminal of one cell",
            "start_run",
            json!({ "task": plain, "agent": "custom", "argv": ["true"], "size": { "cols": 1, "rows": 1 } }),
        )
        .await
        .of(
            "resuming a run that is not there",
            "start_run",
            json!({ "task": plain, "agent": "custom", "argv": ["true"], "resume": 99 }),
        )
        .await;
    refusals.settle("runs");

    for task in [1, plain] {
        assert_eq!(door.ok("get_task", json!({ "id": task })).await["card"]["status"], "inbox", "T-{task}");
    }
    let left = std::fs::read_dir(at("data/workspaces")).map_or(0, |entries| {
        entries
            .filter(|entry| {
                entry.as_ref().is_ok_and(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
            })
            .count()
    });
    assert_eq!(left, 0, "no workspace is left behind");
    door.close().await;
}

#[tokio::test]
async fn a_branch_that_exists_is_left_as_it_is() {
    let door = FrontDoor::open().await;
    let at = door.dir.path().join("taken");
    repository(&at);
    git(&at, &["branch", "flightboard/t-1-taken"]);
    let project = door.ok("add_project", json!({ "path": at })).await["id"].clone();
    let task =
        door.ok("add_task", json!({ "title": "Taken", "project": project })).await["id"].as_i64().unwrap();
    match door
        .call("start_run", json!({ "task": task, "agent": "custom", "mode": "unattended", "argv": ["true"] }))
        .await
    {
        Err(problem) => assert!(
            problem.message.contains("flightboard/t-1-taken") && problem.next.is_some(),
            "{problem:?}"
        ),
        Ok(run) => assert_ne!(
            run["workspace"]["branch"], "flightboard/t-1-taken",
            "somebody else's branch is not ours to work on"
        ),
    }
    door.close().await;
}

#[tokio::test]
async fn what_is_read_is_bounded() {
    let door = FrontDoor::open().await;
    let task = door.card("Log").await;
    let run = door.script(task, "mkdir -p artifacts; echo x > artifacts/x.txt").await;
    door.end_of(run).await;
    let mut refusals = Refusals { door: &door, told: String::new() };
    refusals
        .of("a log from before its start", "read_log", json!({ "run": run, "offset": -1, "len": 1 }))
        .await
        .of("too much log", "read_log", json!({ "run": run, "offset": 0, "len": 262_145 }))
        .await
        .of("too many lines", "read_lines", json!({ "run": run, "first": 0, "count": 2001 }))
        .await
        .of("a search for nothing", "search_log", json!({ "run": run, "text": "", "limit": 10 }))
        .await
        .of("too many hits", "search_log", json!({ "run": run, "text": "x", "limit": 1001 }))
        .await
        .of(
            "too much of an artifact",
            "read_artifact",
            json!({ "id": 1, "offset": 0, "len": 4 * 1024 * 1024 + 1 }),
        )
        .await
        .of("too much typed at once", "send_input", json!({ "run": run, "text": "x".repeat(256 * 1024 + 1) }))
        .await
        .of("typing after the end", "send_input", json!({ "run": run, "text": "x" }))
        .await;
    refusals.settle("bounds");
    door.close().await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found_whoever_asks() {
    let door = FrontDoor::open().await;
    let (task, run) = (json!({ "id": 99 }), json!({ "run": 99 }));
    for (operation, request) in [
        ("edit_task", json!({ "id": 99, "title": "x" })),
        ("move_task", json!({ "id": 99, "column": "done" })),
        ("trash_task", task.clone()),
        ("delete_task", task.clone()),
        ("restore_task", task.clone()),
        ("get_task", task),
        ("find_task", json!({ "key": "T-99" })),
        ("find_task", json!({ "key": "0190a1b2-0000-7000-8000-000000000001" })),
        ("add_comment", json!({ "task": 99, "body": "x" })),
        ("start_run", json!({ "task": 99, "agent": "custom", "argv": ["true"] })),
        ("stop_run", run.clone()),
        ("get_run", run.clone()),
        ("wait_run", json!({ "run": 99, "timeout_ms": 1 })),
        ("send_input", json!({ "run": 99, "text": "x" })),
        ("read_log", json!({ "run": 99, "offset": 0, "len": 1 })),
        ("read_lines", json!({ "run": 99, "first": 0, "count": 1 })),
        ("search_log", json!({ "run": 99, "text": "x", "limit": 1 })),
        ("get_changes", run.clone()),
        ("get_diff", json!({ "run": 99, "path": "a" })),
        ("remove_workspace", run.clone()),
        ("restore_workspace", run),
        ("read_artifact", json!({ "id": 99, "offset": 0, "len": 1 })),
        ("edit_project", json!({ "id": 99, "name": "x" })),
        ("remove_project", json!({ "id": 99 })),
    ] {
        let refused = door.refused(operation, request).await;
        assert_eq!(refused.code, ProblemCode::NotFound, "{operation}: {refused}");
    }
    door.close().await;
}

#[tokio::test]
async fn a_second_engine_on_the_same_data_is_refused_by_name() {
    let door = FrontDoor::open().await;
    let refused = Engine::start(Config::new(door.dir.path().join("data"))).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("another Flightboard (process {}) already uses this data directory", std::process::id())
    );
    let data = door.dir.path().join("data");
    let dir = door.dir;
    door.app.engine().shutdown().await;
    door.app.engine().shutdown().await;
    let next = Engine::start(Config::new(data)).await.expect("a stopped engine lets go");
    next.shutdown().await;
    drop(dir);
}

#[tokio::test]
async fn a_worktree_deleted_by_hand_is_said_to_be_gone() {
    let door = FrontDoor::open().await;
    let at = door.dir.path().join("parser");
    repository(&at);
    let project = door.ok("add_project", json!({ "path": at })).await["id"].clone();
    let task =
        door.ok("add_task", json!({ "title": "Vanish", "project": project })).await["id"].as_i64().unwrap();
    let run = door.script(task, "echo x > x.txt").await;
    let workspace = door.end_of(run).await["workspace"]["path"].as_str().unwrap().to_owned();
    std::fs::remove_dir_all(&workspace).unwrap();

    let note = door.ok("get_changes", json!({ "run": run })).await["note"].clone();
    assert!(note.as_str().unwrap().contains("is gone: it was deleted outside Flightboard"), "{note}");
    for operation in ["get_diff", "remove_workspace"] {
        let request = if operation == "get_diff" {
            json!({ "run": run, "path": "x.txt" })
        } else {
            json!({ "run": run })
        };
        let refused = door.refused(operation, request).await;
        assert_eq!(refused.code, ProblemCode::NotFound, "{operation}: {refused}");
    }
    let again = door.script(task, "test ! -e x.txt").await;
    assert_eq!(door.end_of(again).await["status"], "succeeded", "a new run makes a new workspace");
    door.close().await;
}
