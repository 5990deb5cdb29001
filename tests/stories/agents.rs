//! Agents of the person's own, from the command that registers one to the card that it finished.

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use flightboard_stories::Desk;
use serde_json::json;

/// A program in a folder that only this story's PATH knows.
fn on_the_path(desk: &mut Desk, name: &str, script: &str) -> PathBuf {
    let bin = desk.folder.path().join("bin");
    std::fs::create_dir_all(&bin).expect("a folder for programs");
    let program = bin.join(name);
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a script");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it may be run");
    let path = std::env::var("PATH").expect("a PATH");
    desk.env.push(("PATH".into(), format!("{}:{path}", bin.display())));
    program
}

const SCOUT: &str = r#"
[ "$1" = --version ] && { echo "scout 4.2.0"; exit; }
cp TASK.md artifacts/told.md
printf '%s\n' "$@" > artifacts/arguments.txt
echo "Looked." > COMPLETION.md"#;

#[test]
fn a_registered_program_runs_a_card_and_is_told_its_instructions() {
    let mut desk = Desk::new();
    let program = on_the_path(&mut desk, "scout", SCOUT);
    std::fs::write(desk.folder.path().join("soul.md"), "Look at the *tests* first.\n").expect("a file");
    let soul = format!("@{}", desk.folder.path().join("soul.md").display());
    let register = [
        "agents",
        "register",
        "scout",
        "--program",
        "scout",
        "--version-arg",
        "--version",
        "--arg",
        "--task={key}",
        "--arg",
        "{title}",
        "--role",
        "reviewer",
        "--instructions",
        &soul,
        "--skill",
        "rust",
        "--capacity",
        "2",
    ];
    let scout = desk.json(&register);
    assert_eq!(scout["path"], json!(program));
    assert_eq!((&scout["role"], &scout["skills"]), (&json!("reviewer"), &json!(["rust"])));
    // Said again, also by a file, it is the same agent.
    assert_eq!(desk.json(&register)["updated_at"], scout["updated_at"]);
    let file = desk.folder.path().join("scout.toml");
    let text = "name = \"scout\"\nrole = \"reviewer\"\nmax_capacity = 2\n[profile]\nprogram = \"scout\"\n\
                version_args = [\"--version\"]\nargs = [\"--task={key}\", \"{title}\"]\n";
    std::fs::write(&file, text).expect("a file");
    let again = desk.json(&["agents", "register", "--file", file.to_str().expect("a plain path")]);
    assert_eq!(again["updated_at"], scout["updated_at"]);

    let doctor = desk.ok(&["doctor"]);
    assert!(doctor.contains(&format!("4.2.0 {}", program.display())), "{doctor}");
    assert_eq!(desk.ok(&["agents", "soul", "scout"]), "Look at the *tests* first.\n");

    desk.ok(&["add", "--", "--help me"]);
    let task = desk.json(&["run", "1", "--agent", "scout", "--wait"]);
    assert_eq!(task["status"], "review", "{task}");
    let out = desk.folder.path().join("out");
    desk.ok(&["artifacts", "1", "--out", out.to_str().expect("a plain path")]);
    let told = std::fs::read_to_string(out.join("told.md")).expect("TASK.md as the agent saw it");
    let role = "## Your role\n\nYou work here as: reviewer.\n\nLook at the *tests* first.\n";
    assert!(told.contains(role), "{told}");
    let arguments = std::fs::read_to_string(out.join("arguments.txt")).expect("its arguments");
    assert_eq!(arguments, "--task=T-1\n --help me\n", "a title is never an option");

    // Without instructions of its own it is told what every reviewer is told.
    desk.ok(&["agents", "soul", "scout", "--set", ""]);
    assert!(desk.ok(&["agents", "soul", "scout"]).contains("VERDICT: REJECTED"));
}

#[test]
fn an_agent_is_removed_only_when_no_card_needs_it() {
    let mut desk = Desk::new();
    on_the_path(&mut desk, "scout", SCOUT);
    desk.ok(&["agents", "register", "scout", "--program", "scout"]);
    desk.ok(&["add", "Only for scout", "--assign", "scout"]);
    let (_, said) = desk.refused(&["agents", "remove", "scout"]);
    assert!(said.contains("the only agent that may start on T-1"), "{said}");
    desk.ok(&["run", "1", "--agent", "scout", "--wait"]);
    desk.ok(&["move", "1", "done"]);
    desk.ok(&["agents", "remove", "scout"]);
    let (_, said) = desk.refused(&["agents", "soul", "scout"]);
    assert!(said.contains("there is no agent “scout”"), "{said}");
    // What it did is still on record.
    assert_eq!(desk.show("1")["runs"][0]["agent"], "scout");
}

#[test]
fn an_engine_that_starts_again_knows_its_agents_and_when_they_were_seen() {
    let desk = Desk::new();
    let served = desk.serve();
    desk.rpc("register_agent", &json!({ "name": "puller", "skills": ["deploy"] })).expect("it is registered");
    let seen = desk.rpc("heartbeat_agent", &json!({ "name": "puller" })).expect("it is heard");
    served.kill();
    let _served = desk.serve();
    let agents = desk.rpc("list_agents", &json!({})).expect("the list");
    let puller = agents.as_array().expect("a list").iter().find(|agent| agent["name"] == "puller");
    let puller = puller.expect("it is still registered");
    assert_eq!(puller["last_seen_at"], seen["last_seen_at"]);
    assert_eq!((&puller["skills"], &puller["presence"]), (&json!(["deploy"]), &json!("online")));
}

/// Says that it is idle and asks nevertheless, like Codex at its first start: all at once, and nothing after.
const ASKS: &str = r#"
[ "$1" = --version ] && { echo "codex-cli 0.0.0"; exit; }
printf '\033]7501;state=idle:app=codex\033\\Trust this folder?'
read answer"#;

#[test]
fn a_question_that_is_the_last_thing_on_the_screen_is_seen() {
    let mut desk = Desk::new();
    on_the_path(&mut desk, "codex", ASKS);
    desk.ok(&["add", "Ask first"]);
    let served = desk.serve();
    let run = desk.json(&["run", "1", "--agent", "codex", "--interactive"])["run"]["id"].take();
    let run = desk.until("the question is seen", || {
        let now = desk.rpc("get_run", &json!({ "run": run })).unwrap();
        (now["status"] == "waiting").then_some(now)
    });
    assert_eq!(run["reason"], "Trust this folder?", "{run}");
    desk.ok(&["stop", "1"]);
    served.stop();
}
