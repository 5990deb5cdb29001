//! Permissions taken away: a sentence that names the place, a next step, and nothing half made.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use flightboard_stories::{Desk, git};

fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.ordinary = true;
    desk
}

/// Takes permissions away, and gives them back so that the desk can be cleared.
struct Forbidden(PathBuf);

impl Forbidden {
    fn to_enter(path: &Path) -> Forbidden {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
        Forbidden(path.into())
    }

    fn to_write_below(path: &Path) -> Forbidden {
        chmod("a-w", path);
        Forbidden(path.into())
    }
}

impl Drop for Forbidden {
    fn drop(&mut self) {
        chmod("u+rwX", &self.0);
    }
}

fn chmod(mode: &str, path: &Path) {
    assert!(Command::new("chmod").args(["-R", mode]).arg(path).status().unwrap().success());
}

fn refused(desk: &Desk, args: &[&str]) -> String {
    let (code, said) = desk.refused(args);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("next: "), "no next step: {said}");
    said
}

const RUN: [&str; 6] = ["run", "1", "--agent", "custom", "--", "true"];

#[test]
fn a_data_directory_that_may_not_be_written_is_named() {
    let desk = desk();
    desk.ok(&["add", "Kept"]);
    for forbid in [Forbidden::to_write_below, Forbidden::to_enter] {
        let _forbidden = forbid(&desk.data());
        let said = refused(&desk, &["add", "Refused"]);
        assert!(said.contains(desk.data().to_str().unwrap()) && said.contains("ermission denied"), "{said}");
    }
    assert_eq!(desk.json(&["list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_run_without_a_place_for_its_record_does_not_begin() {
    let desk = desk();
    desk.ok(&["add", "Nowhere"]);
    let runs = desk.data().join("runs");
    std::fs::create_dir(&runs).unwrap();
    let forbidden = Forbidden::to_write_below(&runs);

    let said = refused(&desk, &RUN);

    assert!(said.contains(runs.to_str().unwrap()) && said.contains("ermission denied"), "{said}");
    let card = desk.show("1");
    assert_eq!(card["status"], "inbox", "{card}");
    assert!(card["why"].as_str().unwrap().contains("ermission denied"), "{card}");
    drop(forbidden);
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "true"]);
}

#[test]
fn a_repository_that_may_not_be_written_is_named() {
    let desk = desk();
    let repository = desk.repository("closed");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Try", "--project", "closed"]);
    let dot_git = repository.join(".git");
    let forbidden = Forbidden::to_write_below(&dot_git);

    let said = refused(&desk, &RUN);

    assert!(said.contains("git may not write in") && said.contains(dot_git.to_str().unwrap()), "{said}");
    assert_eq!(desk.show("1")["status"], "inbox");
    assert!(!desk.data().join("workspaces/t-1").exists());
    assert!(!desk.data().join("workspaces/t-1.state").exists());
    drop(forbidden);
    assert_eq!(git(&repository, &["branch", "--list", "flightboard/*"]), "");
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "true"]);
}

#[test]
fn a_workspace_that_may_not_be_entered_is_named_and_stays() {
    let desk = desk();
    desk.ok(&["add", "Again"]);
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", "echo kept > work"]);
    let workspace = desk.data().join("workspaces/t-1");
    let forbidden = Forbidden::to_enter(&workspace);

    let said = refused(&desk, &RUN);

    assert!(said.contains(workspace.to_str().unwrap()) && said.contains("ermission denied"), "{said}");
    assert_eq!(desk.show("1")["status"], "review", "the card is back where it was");
    drop(forbidden);
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "grep", "kept", "work"]);
}
