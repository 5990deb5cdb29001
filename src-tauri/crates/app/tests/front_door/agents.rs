//! The agent registry through the front door: a program of the person's own becomes an agent, and what could
//! never work is refused in a sentence.

use std::{fmt::Write, os::unix::fs::PermissionsExt, path::PathBuf};

use app::wire::ProblemCode;
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

impl FrontDoor {
    pub fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("it may be run");
        path
    }

    /// An agent as it is listed, but for its version: that comes when its program has answered.
    async fn agent(&self, name: &str) -> Option<Value> {
        let agents = self.ok("list_agents", json!({})).await;
        let found = agents.as_array().expect("a list").iter().find(|agent| agent["name"] == name).cloned();
        found.map(|mut agent| {
            agent["version"] = Value::Null;
            agent
        })
    }

    async fn seq(&self) -> Value {
        self.ok("get_overview", json!({})).await["seq"].clone()
    }
}

#[tokio::test]
async fn a_program_becomes_an_agent_that_is_found_told_of_and_started() {
    let door = FrontDoor::open().await;
    let program = door.program("scout", r#"[ "$1" = --version ] && { echo 'scout 4.2.0'; exit; }; cat TASK.md > artifacts/told.md; printf '%s' "$1|$REGION" > artifacts/args.txt; touch COMPLETION.md"#);
    let profile = json!({
        "program": program,
        "args": ["--key={key}"],
        "version_args": ["--version"],
        "env": [["REGION", "eu"]],
    });
    let registered = door
        .ok(
            "register_agent",
            json!({ "name": "scout", "profile": profile, "role": "reviewer", "skills": ["rust"], "max_capacity": 3 }),
        )
        .await;
    assert_eq!(registered["path"], json!(program));
    assert_eq!((&registered["kind"], &registered["builtin"]), (&json!("custom"), &json!(false)));
    assert_eq!((&registered["skills"], &registered["max_capacity"]), (&json!(["rust"]), &json!(3)));
    assert_eq!(registered["instructions"], "");
    let told = registered["told"].as_str().expect("what it is told");
    assert!(told.contains("VERDICT: APPROVED"));

    let doctor = door.ok("doctor", json!({})).await;
    let agents = doctor["agents"].as_array().expect("agents");
    let scout = agents.iter().find(|agent| agent["name"] == "scout").expect("the doctor names it");
    assert_eq!((&scout["version"], &scout["problem"]), (&json!("4.2.0"), &Value::Null));

    let task = door.card("Look at it").await;
    let run = door.ok("start_run", json!({ "task": task, "agent": "scout", "mode": "unattended" })).await;
    let run = run["id"].as_i64().expect("an id");
    assert_eq!(door.end_of(run).await["status"], "succeeded");
    let detail = door.ok("get_task", json!({ "id": task })).await;
    let content = async |path: &str| {
        let artifacts = detail["artifacts"].as_array().expect("artifacts");
        let found = artifacts.iter().find(|artifact| artifact["path"] == path).expect(path);
        let piece = door.ok("read_artifact", json!({ "id": found["id"], "offset": 0, "len": 100_000 })).await;
        use base64::Engine as _;
        let bytes = base64::engine::general_purpose::STANDARD.decode(piece["data"].as_str().expect("data"));
        String::from_utf8(bytes.expect("base64")).expect("text")
    };
    assert_eq!(content("args.txt").await, format!("--key=T-{task}|eu"));
    let task_md = content("told.md").await;
    assert!(task_md.contains("## Your role\n\nYou work here as: reviewer."), "{task_md}");
    assert!(task_md.contains(told.trim()), "{task_md}");
    door.close().await;
}

#[tokio::test]
async fn said_again_it_is_no_change_and_what_is_left_out_stays() {
    let door = FrontDoor::open().await;
    let request =
        json!({ "name": "scout", "role": "planner", "instructions": "Be brief.", "skills": ["docs"] });
    let first = door.ok("register_agent", request.clone()).await;
    let seq = door.seq().await;
    assert_eq!(door.ok("register_agent", request).await, first);
    assert_eq!(door.ok("register_agent", json!({ "name": "scout" })).await, first);
    assert_eq!(door.seq().await, seq);

    let changed = door.ok("register_agent", json!({ "name": "scout", "max_capacity": 2, "role": "" })).await;
    assert_eq!((&changed["max_capacity"], &changed["role"]), (&json!(2), &Value::Null));
    assert_eq!((&changed["instructions"], &changed["skills"]), (&json!("Be brief."), &json!(["docs"])));
    assert_ne!(door.seq().await, seq);
    door.close().await;
}

#[tokio::test]
async fn a_built_in_agent_is_changed_and_becomes_as_it_was() {
    let door = FrontDoor::open().await;
    // Where its program is, is known once the machine has been looked through.
    door.ok("doctor", json!({})).await;
    let before = door.agent("claude").await.expect("it is built in");
    assert_eq!(before["registered_at"], Value::Null);
    door.ok("register_agent", json!({ "name": "claude", "model": "opus", "enabled": false })).await;
    let task = door.card("Try").await;
    let refused = door.refused("start_run", json!({ "task": task, "agent": "claude" })).await;
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (ProblemCode::Conflict, "Claude Code is switched off")
    );
    door.ok("remove_agent", json!({ "name": "claude" })).await;
    assert_eq!(door.agent("claude").await.expect("it is still there"), before);
    let refused = door.refused("remove_agent", json!({ "name": "claude" })).await;
    assert_eq!(refused.message, "claude is built in and nothing was changed about it");
    door.close().await;
}

#[tokio::test]
async fn an_agent_that_fetches_its_own_work_is_online_until_it_was_silent_for_the_set_time() {
    let door = FrontDoor::open().await;
    let scout = door.ok("register_agent", json!({ "name": "scout" })).await;
    assert_eq!((&scout["presence"], &scout["online_until"]), (&Value::Null, &Value::Null));
    let online = door.ok("heartbeat_agent", json!({ "name": "scout" })).await;
    assert_eq!(online["presence"], "online");
    let until = |agent: &Value| agent["online_until"].as_i64().expect("a time");
    assert_eq!(until(&online) - online["last_seen_at"].as_i64().expect("a time"), 300_000);

    let settings = door.ok("get_settings", json!({})).await;
    let mut longer = settings.clone();
    longer["agent_offline_minutes"] = json!(60);
    door.ok("put_settings", longer).await;
    let listed = door.agent("scout").await.expect("it is listed");
    assert_eq!(until(&listed) - until(&online), 55 * 60_000);

    let task = door.card("Try").await;
    let refused = door.refused("start_run", json!({ "task": task, "agent": "scout" })).await;
    assert_eq!(refused.code, ProblemCode::Unavailable);
    assert!(refused.message.ends_with("it fetches its work itself"), "{refused}");
    door.close().await;
}

#[tokio::test]
async fn a_program_is_tried_before_it_is_registered() {
    let door = FrontDoor::open().await;
    let seq = door.seq().await;
    let good = door.program("good", "printf '\\033[1mgood 1.2\\033[0m\\n'");
    let bad = door.program("bad", "echo 'no licence' >&2; exit 3");
    let flood = door.program("flood", "yes");
    let tried = async |program: &PathBuf, version_args: Value| {
        let profile = json!({ "program": program, "version_args": version_args });
        door.ok("try_agent", json!({ "kind": "custom", "profile": profile })).await
    };
    let said = tried(&good, json!(["--version"])).await;
    assert_eq!(
        (&said["said"], &said["version"], &said["problem"]),
        (&json!("good 1.2\n"), &json!("1.2"), &Value::Null)
    );
    let said = tried(&bad, json!(["--version"])).await;
    assert_eq!(said["said"], "no licence\n");
    assert!(said["problem"].as_str().expect("a problem").ends_with("does not start"), "{said}");
    let said = tried(&flood, json!(["--version"])).await;
    assert_eq!(said["said"].as_str().expect("text").len(), 64 * 1024, "the rest is not listened to");
    let said = tried(&bad, json!([])).await;
    assert_eq!((&said["said"], &said["problem"]), (&json!(""), &Value::Null), "it was not started");
    let said = tried(&door.dir.path().join("nobody"), json!([])).await;
    assert!(said["problem"].as_str().expect("a problem").contains("was not found"), "{said}");
    assert_eq!(door.seq().await, seq);
    door.close().await;
}

#[tokio::test]
async fn a_variable_that_the_shell_does_not_set_is_named_before_anything_starts() {
    let door = FrontDoor::open().await;
    let program = door.program("scout", "true");
    let profile = json!({ "program": program, "pass_env": ["NOBODY_SETS_THIS_KEY"] });
    let scout = door.ok("register_agent", json!({ "name": "scout", "profile": profile })).await;
    assert_eq!(scout["problem"], "it needs NOBODY_SETS_THIS_KEY, which your login shell does not set");
    let task = door.card("Try").await;
    let refused = door.refused("start_run", json!({ "task": task, "agent": "scout" })).await;
    assert!(refused.message.contains("NOBODY_SETS_THIS_KEY"), "{refused}");
    assert_eq!(door.ok("get_task", json!({ "id": task })).await["runs"], json!([]));
    door.close().await;
}

#[tokio::test]
async fn what_cannot_be_registered_is_refused_and_changes_nothing() {
    let door = FrontDoor::open().await;
    door.ok("register_agent", json!({ "name": "scout", "skills": ["rust"] })).await;
    let before = (door.agent("scout").await, door.seq().await);
    let mut told = String::new();
    let program = |program: &str| json!({ "name": "scout", "profile": { "program": program } });
    let args = |args: &[&str]| json!({ "name": "scout", "profile": { "program": "sh", "args": args } });
    for (case, operation, request) in [
        ("no name", "register_agent", json!({ "name": "" })),
        ("a name with a blank", "register_agent", json!({ "name": "two words" })),
        ("a name in capitals", "register_agent", json!({ "name": "Scout" })),
        ("a name that climbs", "register_agent", json!({ "name": "../scout" })),
        ("an unknown kind", "register_agent", json!({ "name": "scout", "kind": "skynet" })),
        ("a built-in name of another kind", "register_agent", json!({ "name": "claude", "kind": "codex" })),
        ("the command of one run", "register_agent", json!({ "name": "custom", "max_capacity": 2 })),
        ("no capacity", "register_agent", json!({ "name": "scout", "max_capacity": 0 })),
        ("a negative capacity", "register_agent", json!({ "name": "scout", "max_capacity": -1 })),
        ("too much capacity", "register_agent", json!({ "name": "scout", "max_capacity": 65 })),
        ("a skill twice", "register_agent", json!({ "name": "scout", "skills": ["rust", "rust"] })),
        ("a skill that is no word", "register_agent", json!({ "name": "scout", "skills": ["C++"] })),
        ("a role that is no word", "register_agent", json!({ "name": "scout", "role": "Chief Reviewer" })),
        (
            "a megabyte of instructions",
            "register_agent",
            json!({ "name": "scout", "instructions": "x".repeat(1_000_000) }),
        ),
        ("a title of two lines", "register_agent", json!({ "name": "scout", "title": "a\nb" })),
        (
            "a model for an agent that takes none",
            "register_agent",
            json!({ "name": "demo", "model": "opus" }),
        ),
        ("a relative program", "register_agent", program("bin/scout")),
        ("a program beside the workspace", "register_agent", program("./scout")),
        ("an unknown placeholder", "register_agent", args(&["{promt}"])),
        ("text inside a script", "register_agent", args(&["-c", "echo {prompt}"])),
        (
            "a field that profiles do not have",
            "register_agent",
            json!({ "name": "scout", "profile": { "programme": "x" } }),
        ),
        (
            "a variable that is no name",
            "register_agent",
            json!({ "name": "scout", "profile": { "env": [["A B", "x"]] } }),
        ),
        (
            "a variable twice",
            "register_agent",
            json!({ "name": "scout", "profile": { "env": [["A", "x"]], "pass_env": ["A"] } }),
        ),
        ("removing nobody", "remove_agent", json!({ "name": "nobody" })),
        ("a heartbeat of nobody", "heartbeat_agent", json!({ "name": "nobody" })),
        ("a heartbeat of an agent that never registered", "heartbeat_agent", json!({ "name": "claude" })),
        ("trying nothing", "try_agent", json!({ "kind": "custom" })),
        ("trying an unknown kind", "try_agent", json!({ "kind": "skynet" })),
    ] {
        let problem = door.refused(operation, request).await;
        let code = serde_json::to_value(problem.code).expect("a word");
        let _ = writeln!(told, "{case}\n  {}: {}", code.as_str().expect("a word"), problem.message);
        if let Some(next) = problem.next {
            let _ = writeln!(told, "  next: {next}");
        }
    }
    assert_eq!((door.agent("scout").await, door.seq().await), before);
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    // Whichever agents come with this version.
    settings.add_filter("choose one of claude.*", "choose one of [KINDS]");
    settings.bind(|| insta::assert_snapshot!("agents", told));
    door.close().await;
}
