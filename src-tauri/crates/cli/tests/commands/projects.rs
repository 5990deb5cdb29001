//! project, doctor, and what a project is to a run.

use std::{
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use crate::desk::{Desk, assert_transcript};

fn git(at: &Path, args: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(at)
        .output()
        .expect("git starts");
    assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn repository(desk: &Desk, name: &str) {
    let at = desk.path(name);
    std::fs::create_dir(&at).expect("a folder");
    git(&at, &["init", "-q"]);
    std::fs::write(at.join("a.txt"), "first\n").expect("a file");
    git(&at, &["add", "."]);
    git(&at, &["commit", "-qm", "first"]);
}

#[test]
fn projects_are_added_listed_and_chosen_by_name_path_or_number() {
    let mut desk = Desk::new();
    repository(&desk, "parser");
    std::fs::create_dir(desk.path("plain")).expect("a folder");
    desk.types(&["project", "list"])
        .types(&["project", "add", "parser"])
        .types(&["project", "add", "plain", "--name", "Plain things"])
        .types(&["project", "list"])
        .types(&["project", "list", "--json"])
        .types(&["add", "By name", "--project", "parser"])
        .types(&["add", "By path", "--project", "./plain"])
        .types(&["add", "By number", "--project", "1"])
        .types(&["list", "--project", "parser"]);
    assert_transcript!("projects", desk);
}

#[test]
fn a_folder_that_will_not_do_is_refused_with_the_next_step() {
    let mut desk = Desk::new();
    repository(&desk, "parser");
    std::fs::write(desk.path("file.txt"), "").expect("a file");
    desk.ok(&["project", "add", "parser"]);
    desk.types(&["project", "add", "nowhere"])
        .types(&["project", "add", "file.txt"])
        .types(&["project", "add", "parser", "--name", "Again"])
        .types(&["add", "Lost", "--project", "lexer"])
        .types(&["project", "add", "nowhere", "--json"]);
    assert_transcript!("bad_projects", desk);
}

#[test]
fn a_path_that_is_no_utf8_is_refused_in_words() {
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    std::fs::create_dir(desk.path(name)).expect("a folder");
    let output = desk.output(&["project".as_ref(), "add".as_ref(), name]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("has a name that is no UTF-8; give a link to it with a plain name"), "{said}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_repository_without_commits_cannot_carry_a_run() {
    let mut desk = Desk::new();
    std::fs::create_dir(desk.path("empty")).expect("a folder");
    git(&desk.path("empty"), &["init", "-q"]);
    desk.ok(&["project", "add", "empty"]);
    desk.ok(&["add", "Too early", "--project", "empty"]);
    desk.types(&["run", "1", "--agent", "custom", "--wait", "--", "true"]).types(&["list"]);
    assert_transcript!("no_commits", desk);
}

#[test]
fn a_run_works_on_a_branch_of_its_own_and_the_project_stays_as_it_was() {
    let desk = Desk::new();
    repository(&desk, "parser");
    desk.ok(&["project", "add", "parser"]);
    desk.ok(&["add", "Fix it", "--project", "parser"]);
    desk.ok(&[
        "run",
        "1",
        "--agent",
        "custom",
        "--wait",
        "--",
        "sh",
        "-c",
        "echo second >> a.txt; echo new > b.txt",
    ]);
    let card = desk.json(&["show", "1"]);
    assert_eq!(card["runs"][0]["workspace"]["branch"], "flightboard/t-1-fix-it");
    assert_eq!(card["changes"], serde_json::json!({ "files": 2, "added": 2, "removed": 0 }));
    assert_eq!(std::fs::read_to_string(desk.path("parser/a.txt")).expect("the file"), "first\n");
}

#[test]
fn the_doctor_lists_what_is_there_what_is_missing_and_how_to_get_it() {
    let desk = Desk::new();
    let bin = desk.path("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let claude = bin.join("claude");
    std::fs::write(&claude, "#!/bin/sh\necho '2.1.5 (Claude Code)'\n").expect("a program");
    std::fs::set_permissions(&claude, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    for program in ["git", "sh"] {
        let real = ["/usr/local/bin", "/usr/bin", "/bin"].map(|at| Path::new(at).join(program));
        symlink(real.iter().find(|path| path.exists()).expect("a system program"), bin.join(program))
            .expect("a link");
    }
    let output =
        desk.flightboard(&["doctor", "--json"]).env("PATH", &bin).output().expect("flightboard starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let doctor: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let checks: Vec<_> = doctor["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .map(|check| (&check["name"], &check["ok"]))
        .collect();
    assert_eq!(
        serde_json::json!(checks),
        serde_json::json!([
            ["git", true],
            ["data directory", true],
            ["disk space", true],
            ["pty-host", true]
        ])
    );
    let agent = |name: &str| {
        doctor["agents"]
            .as_array()
            .expect("agents")
            .iter()
            .find(|agent| agent["name"] == name)
            .expect(name)
            .clone()
    };
    assert_eq!(agent("claude")["version"], "2.1.5");
    assert_eq!(agent("claude")["path"], claude.to_str().expect("a plain path"));

    let output = desk.flightboard(&["doctor"]).env("PATH", &bin).output().expect("flightboard starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (machine, agents) = said.split_once("\n\n").expect("the machine, then the agents");
    let mut settings = desk.settings();
    settings.add_filter(r"git version \S+", "git version [GIT]");
    settings.add_filter(r"[0-9.]+ GiB free", "[FREE] GiB free");
    settings.add_filter(r"pty-host +/.*", "pty-host       [HOST]");
    settings.bind(|| insta::assert_snapshot!("doctor", machine));
    assert!(agents.contains(&format!("ok      claude         2.1.5 {}\n", claude.display())), "{agents}");

    // Which of the others this machine has is not ours to say.
    let Some(absent) =
        doctor["agents"].as_array().expect("agents").iter().find(|agent| agent["path"].is_null())
    else {
        return;
    };
    let word = |name: &str| absent[name].as_str().expect("a word").to_owned();
    assert!(
        agents.contains(&format!("absent  {:<14} install: {}\n", word("name"), word("install"))),
        "{agents}"
    );
    desk.ok(&["add", "Nobody there"]);
    let output = desk.output(&["run", "1", "--agent", &word("name")]);
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!("flightboard: {} is not installed\n  next: install it: {}\n", word("title"), word("install"))
    );
    assert_eq!(desk.json(&["list"])[0]["run_count"], 0, "nothing half-made");
}
