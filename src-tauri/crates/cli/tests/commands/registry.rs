//! agents: register, list, heartbeat, soul, try, remove.

use std::os::unix::fs::PermissionsExt;

use crate::desk::Desk;

/// What stands on the screen, whichever agents come with this version.
fn assert_screen(name: &str, desk: &mut Desk) {
    let transcript = desk.transcript();
    let mut settings = desk.settings();
    settings.add_filter("choose one of claude.*", "choose one of [KINDS]");
    settings.add_filter(r"(?m)^absent .*\n", "");
    settings.bind(|| insta::assert_snapshot!(name, transcript));
}

fn scout(desk: &Desk) -> String {
    let program = desk.path("scout");
    std::fs::write(&program, "#!/bin/sh\necho 'scout 4.2.0'\n").expect("a script");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it may be run");
    program.to_str().expect("a plain path").to_owned()
}

#[test]
fn an_agent_is_registered_changed_tried_and_removed() {
    let mut desk = Desk::new();
    let program = scout(&desk);
    std::fs::write(desk.path("soul.md"), "Look at the tests first.\n").expect("a file");
    desk.types(&[
        "agents",
        "register",
        "scout",
        "--program",
        &program,
        "--version-arg",
        "--version",
        "--role",
        "reviewer",
    ])
    .types(&["agents", "register", "scout", "--skill", "rust", "--skill", "deploy", "--capacity", "3"])
    .types(&["agents", "try", "scout"])
    .types(&["agents", "soul", "scout", "--set", "@soul.md"])
    .types(&["agents", "soul", "scout"])
    .types(&["agents", "register", "puller"])
    .types(&["agents", "try", "puller"])
    .types(&["agents", "heartbeat", "puller"])
    .types(&["agents", "register", "aider", "--disable"])
    .types(&["agents", "list"])
    .types(&["agents", "remove", "puller"])
    .types(&["agents", "remove", "aider"])
    .types(&["agents", "remove", "claude"])
    .types(&["agents", "roles"]);
    assert_screen("registry", &mut desk);
    let agents = desk.json(&["agents", "list"]);
    let scout = agents.as_array().expect("a list").iter().find(|agent| agent["name"] == "scout");
    assert_eq!(scout.expect("it is listed")["version"], "4.2.0");
}

#[test]
fn a_file_says_it_all_and_what_is_typed_is_laid_over_it() {
    let desk = Desk::new();
    let program = scout(&desk);
    let toml = format!(
        "name = \"scout\"\nskills = [\"rust\"]\n[profile]\nprogram = \"{program}\"\nenv = [[\"A\", \"1\"]]\n"
    );
    std::fs::write(desk.path("scout.toml"), toml).expect("a file");
    let json = serde_json::json!({ "skills": ["go"], "profile": { "program": program } });
    std::fs::write(desk.path("other.json"), json.to_string()).expect("a file");

    let scout = desk.json(&["agents", "register", "--file", "scout.toml", "--skill", "docs", "--env", "B=2"]);
    assert_eq!(
        (&scout["skills"], &scout["profile"]["env"]),
        (&serde_json::json!(["docs"]), &serde_json::json!([["B", "2"]]))
    );
    let other = desk.json(&["agents", "register", "other", "--file", "other.json"]);
    assert_eq!((&other["name"], &other["skills"]), (&serde_json::json!("other"), &serde_json::json!(["go"])));
    // An argument leaves the rest of the profile as it was.
    let scout = desk.json(&["agents", "register", "scout", "--arg", "-x", "--env", "HOME", "--env", "C=3"]);
    let profile =
        serde_json::json!({ "program": program, "args": ["-x"], "env": [["C", "3"]], "pass_env": ["HOME"] });
    assert_eq!(scout["profile"], profile);
    let scout = desk.json(&["agents", "register", "scout", "--arg", "", "--skill", ""]);
    assert_eq!(
        (&scout["profile"]["args"], &scout["skills"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
}

#[test]
fn a_wrong_registration_is_refused_with_the_reason() {
    let mut desk = Desk::new();
    std::fs::write(desk.path("odd.toml"), "name = \"odd\"\ncolour = \"red\"\n").expect("a file");
    std::fs::write(desk.path("broken.json"), "{").expect("a file");
    std::fs::write(desk.path("long.md"), "x".repeat(1_000_000)).expect("a file");
    desk.types(&["agents", "register", "Two Words"])
        .types(&["agents", "register", "odd", "--kind", "skynet"])
        .types(&["agents", "register", "odd", "--capacity", "-1"])
        .types(&["agents", "register", "odd", "--capacity", "0"])
        .types(&["agents", "register", "odd", "--program", "bin/odd"])
        .types(&["agents", "register", "odd", "--program", "odd", "--arg", "{promt}"])
        .types(&["agents", "register", "odd", "--skill", "a", "--skill", "a"])
        .types(&["agents", "register", "odd", "--instructions", "@long.md"])
        .types(&["agents", "register", "odd", "--instructions", "@absent.md"])
        .types(&["agents", "register", "--file", "odd.toml"])
        .types(&["agents", "register", "--file", "broken.json"])
        .types(&["agents", "soul", "odd", "--set", "text"])
        .types(&["agents", "heartbeat", "odd"])
        .types(&["--json", "agents", "remove", "odd"]);
    assert_screen("registry_refused", &mut desk);
    let agents = desk.json(&["agents", "list"]);
    assert!(agents.as_array().expect("a list").iter().all(|agent| agent["builtin"] == true), "{agents}");
}
