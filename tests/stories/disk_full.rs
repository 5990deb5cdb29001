//! A full disk: work stops with a sentence that names the disk, nothing is half made, and all goes on once
//! there is room. The disks are small file systems of their own, which takes root; elsewhere these stories say
//! that they were skipped.

use std::{io::Read, path::Path};

use flightboard_stories::{Desk, git};
use serde_json::{Value, json};
use testkit::SmallDisk;

const MIB: u64 = 1024 * 1024;

/// A desk whose repositories and data share one small disk.
fn desk_on(disk: &SmallDisk) -> Desk {
    Desk::in_folder(tempfile::tempdir_in(disk.path()).unwrap())
}

/// Bytes that nothing can make smaller.
fn noise(path: &Path, len: u64) {
    let mut source = std::fs::File::open("/dev/urandom").unwrap().take(len);
    std::io::copy(&mut source, &mut std::fs::File::create(path).unwrap()).unwrap();
}

fn branches(repository: &Path) -> String {
    git(repository, &["branch", "--list", "flightboard/*"])
}

fn texts(desk: &Desk) -> Vec<String> {
    let timeline = desk.rpc("get_timeline", &json!({ "id": 1 })).unwrap();
    let entries = timeline.as_array().unwrap().iter();
    entries.map(|entry| entry["text"].as_str().unwrap().to_owned()).collect()
}

fn artifact_names(desk: &Desk) -> Vec<String> {
    let card = desk.show("1");
    let artifacts = card["artifacts"].as_array().unwrap().iter();
    artifacts.map(|artifact| artifact["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_worktree_that_does_not_fit_leaves_nothing_and_the_card_goes_back() {
    let Some(disk) = SmallDisk::mount(32) else { return };
    let desk = desk_on(&disk);
    let repository = desk.repository("big");
    for n in 0..8 {
        noise(&repository.join(format!("{n}.bin")), MIB / 2);
    }
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "-q", "-m", "big files"]);
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Fit in", "--project", "big"]);
    let ballast = disk.fill(2 * MIB);

    let (code, said) = desk.refused(&["run", "1", "--agent", "custom", "--", "true"]);

    assert_eq!(code, 1);
    let workspace = desk.data().join("workspaces/t-1");
    let named = format!("the disk that holds {}", desk.data().display());
    assert!(said.contains(&named) && said.contains(" is full") && said.contains("ree some"), "{said}");
    let card = desk.show("1");
    assert_eq!(card["status"], "inbox", "{card}");
    assert!(card["why"].as_str().unwrap().contains("is full"), "{card}");
    assert!(!workspace.exists() && !workspace.with_extension("state").exists());
    assert_eq!(branches(&repository), "");
    assert_eq!(git(&repository, &["worktree", "list"]).lines().count(), 1);

    std::fs::remove_file(ballast).unwrap();
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "test", "-e", "7.bin"]);
    assert!(branches(&repository).contains("flightboard/t-1-fit-in"));
}

#[test]
fn an_artifact_that_does_not_fit_is_named_on_the_card_and_kept_once_there_is_room() {
    let Some(disk) = SmallDisk::mount(32) else { return };
    let desk = desk_on(&disk);
    desk.ok(&["add", "Hand over"]);
    let ballast = disk.fill(10 * MIB);
    // Moved into place whole, so that it is looked at only when it is complete.
    let script =
        "head -c 6291456 /dev/urandom > big.bin; echo short > artifacts/report.md; mv big.bin artifacts/";

    let run = desk.json(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", script])["run"].take();

    assert_eq!((run["status"].as_str(), &run["exit_code"]), (Some("succeeded"), &json!(0)));
    assert_eq!(artifact_names(&desk), ["report.md"]);
    let made = std::fs::read(desk.data().join("workspaces/t-1/artifacts/big.bin")).unwrap();
    assert_eq!(made.len(), 6_291_456);
    let served = desk.serve();
    let notes = texts(&desk);
    let note = notes.iter().find(|text| text.contains("could not be kept")).expect("the card says so");
    assert!(
        note.contains("big.bin") && note.contains("the disk is full") && note.contains("workspace"),
        "{note}"
    );
    let refused = desk.rpc("remove_workspace", &json!({ "run": run["id"] })).unwrap_err();
    assert!(refused["message"].as_str().unwrap().contains("only in its workspace"), "{refused}");
    served.stop();

    std::fs::remove_file(ballast).unwrap();
    let served = desk.serve();
    desk.until("the artifact is kept", || (artifact_names(&desk).len() == 2).then_some(()));
    desk.until("the card says so", || {
        texts(&desk).iter().any(|text| text.contains("kept now")).then_some(())
    });
    let out = desk.folder.path().join("out");
    desk.ok(&["artifacts", "1", "--out", out.to_str().unwrap()]);
    assert!(std::fs::read(out.join("big.bin")).unwrap() == made);
    desk.rpc("remove_workspace", &json!({ "run": run["id"] })).unwrap();
    served.stop();
}

#[test]
fn work_that_cannot_be_saved_is_not_removed() {
    let Some(disk) = SmallDisk::mount(32) else { return };
    let desk = desk_on(&disk);
    let repository = desk.repository("unsaved");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Work", "--project", "unsaved"]);
    let script = "head -c 3145728 /dev/urandom > untracked.bin";
    let run = desk.json(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", script])["run"].take();
    let work = desk.data().join("workspaces/t-1/untracked.bin");
    let before = std::fs::read(&work).unwrap();
    let served = desk.serve();
    let ballast = disk.fill(0);
    let request = json!({ "run": run["id"] });

    let refused = desk.rpc("remove_workspace", &request).unwrap_err();

    let said = refused["message"].as_str().unwrap();
    assert!(said.contains("nothing was removed") && said.contains(" is full"), "{refused}");
    assert!(refused["next"].as_str().unwrap().contains("ree some"), "{refused}");
    assert!(std::fs::read(&work).unwrap() == before);

    std::fs::remove_file(ballast).unwrap();
    let removed = desk.rpc("remove_workspace", &request).unwrap();
    assert!(removed["workspace"]["salvage"].as_str().unwrap().starts_with("refs/flightboard/salvage/"));
    assert!(!work.exists());
    desk.rpc("restore_workspace", &request).unwrap();
    assert!(std::fs::read(&work).unwrap() == before);
    served.stop();
}

#[test]
fn the_end_of_a_run_waits_for_room_and_says_so() {
    let Some(disk) = SmallDisk::mount(32) else { return };
    let desk = desk_on(&disk);
    let elsewhere = tempfile::tempdir().unwrap();
    let go = elsewhere.path().join("go");
    desk.ok(&["add", "Wait"]);
    let served = desk.serve();
    let script = format!("echo ready; while [ ! -e '{}' ]; do sleep 0.05; done", go.display());
    desk.ok(&["run", "1", "--agent", "custom", "--", "sh", "-c", &script]);
    desk.until("the agent is ready", || desk.ok(&["logs", "1"]).contains("ready").then_some(()));
    // Room for the pty-host's record of the end, not for the change in the database.
    let ballast = disk.fill(8 * 1024);
    std::fs::write(&go, "").unwrap();

    let problem = || desk.rpc("get_overview", &json!({})).unwrap()["problem"].take();
    desk.until("the disk is named", || {
        let said = problem();
        said.as_str().is_some_and(|said| said.contains("is full") && said.contains("T-1")).then_some(())
    });
    assert_eq!(desk.show("1")["status"], "in_progress");

    std::fs::remove_file(ballast).unwrap();
    desk.until("the run is closed", || (desk.show("1")["status"] == "review").then_some(()));
    assert_eq!(problem(), Value::Null);
    assert_eq!(desk.ok(&["logs", "1"]), "ready\r\n");
    served.stop();
}
