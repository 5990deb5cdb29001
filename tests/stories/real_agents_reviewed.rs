//! Real agents whose work is sent back: the next attempt goes on in the agent's own session and hears what
//! was said, byte for byte, as the agent's own record of the conversation shows.

use std::fs;

use flightboard_stories::Desk;
use serde_json::{Value, json};

use crate::{
    gates::{agent, until_status},
    real_agents::desk_for,
};

/// The last marker chooses what the model does next.
const NOTES: &str =
    "    \"patched.txt\" is missing —\tplease do [[patch]]\n\n`hello.txt` may stay. 🛩\n\nVERDICT: REJECTED\n";

fn goes_on_in_its_session(name: &str) {
    let (desk, _model, command) = desk_for(name);
    let _served = desk.serve();
    let notes = desk.folder.path().join("notes");
    fs::write(&notes, NOTES).unwrap();
    let script = format!(
        "if [ -e patched.txt ]; then printf 'VERDICT: APPROVED\\n' > REVIEW.md; else cat '{}' > REVIEW.md; fi",
        notes.display()
    );
    agent(&desk, "aegis", &script);
    if command.iter().any(|word| word == "--skip-permissions") {
        // Where this agent's sandbox cannot work the dispatcher's runs go without it.
        let changes = json!({ "unattended_permission_args": ["--dangerously-bypass-approvals-and-sandbox"] });
        desk.rpc("register_agent", &json!({ "name": name, "profile": changes })).unwrap();
    }
    let repository = desk.repository("real work");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    let policy = ["--dispatch", "true", "--agents", name, "--reviewer", "aegis"];
    desk.ok(&[&["project", "policy", "real work"], policy.as_slice()].concat());
    desk.ok(&["add", "Greet", "--project", "real work", "--description", "please do [[write]]", "--queue"]);

    let card = until_status(&desk, "1", "done");

    let runs: Vec<&Value> =
        card["runs"].as_array().unwrap().iter().filter(|run| run["review"].is_null()).collect();
    let [second, first] = runs.as_slice() else { panic!("two attempts: {card}") };
    assert_eq!(first["session"], second["session"], "{card}");
    assert!(second["argv"].as_array().unwrap().last().unwrap().as_str().unwrap().contains(NOTES), "{second}");
    for file in ["hello.txt", "patched.txt"] {
        assert!(desk.data().join("workspaces/t-1").join(file).exists(), "{file} is part of the work");
    }
    let conversations = conversations(&desk);
    let [conversation] = conversations.as_slice() else {
        panic!("one conversation: {}", conversations.len())
    };
    let said = |text: &str| conversation.contains(serde_json::to_string(text).unwrap().trim_matches('"'));
    assert!(said("please do [[write]]") && said(NOTES), "{conversation}");
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
}

/// What the agent itself keeps of its sessions with a prompt of ours: lines of JSON below its home.
fn conversations(desk: &Desk) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![desk.folder.path().join("home")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                found.extend(fs::read_to_string(path).ok().filter(|text| text.contains("Work on T-1")));
            }
        }
    }
    found
}

#[test]
#[ignore = "needs the agents from npm: npm test -- --only agents"]
fn claude_goes_on_in_its_session() {
    goes_on_in_its_session("claude");
}

#[test]
#[ignore = "needs the agents from npm: npm test -- --only agents"]
fn codex_goes_on_in_its_session() {
    goes_on_in_its_session("codex");
}
