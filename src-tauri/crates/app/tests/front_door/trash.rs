//! The trash on a real engine: what goes when a card is deleted for ever, and when it goes by itself.

use std::path::{Path, PathBuf};

use app::{Clock, ClockHand, Config, wire::ProblemCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::front_door::FrontDoor;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// An engine that stays, by a clock that stands at the real time until it is moved.
async fn staying(dir: TempDir) -> (FrontDoor, ClockHand, i64) {
    let start = Clock::default().now();
    let (clock, hand) = Clock::by_hand(start);
    let config = Config { clock, ..Config::dispatching(dir.path().join("data")) };
    (FrontDoor::open_with(config, dir).await, hand, start)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A plain folder as a project.
async fn project(door: &FrontDoor) -> Value {
    let at = door.dir.path().join("notes");
    std::fs::create_dir(&at).unwrap();
    std::fs::write(at.join("notes.txt"), "first\n").unwrap();
    door.ok("add_project", json!({ "path": at })).await["id"].clone()
}

/// A card whose agent wrote into its workspace.
async fn worked_on(door: &FrontDoor, project: &Value, title: &str) -> (i64, i64) {
    let added = door.ok("add_task", json!({ "title": title, "project": project })).await;
    let task = added["id"].as_i64().unwrap();
    let run = door.script(task, "echo more >> notes.txt").await;
    door.end_of(run).await;
    (task, run)
}

async fn trash(door: &FrontDoor, task: i64) {
    door.ok("trash_task", json!({ "id": task })).await;
}

/// Waits until the card was deleted.
async fn deleted(door: &FrontDoor, task: i64) {
    let mut commits = door.app.engine().store().committed();
    let gone = async {
        while door.call("get_task", json!({ "id": task })).await.is_ok() {
            let _ = commits.recv().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), gone).await.expect("the card is deleted");
}

fn run_dir(door: &FrontDoor, run: i64) -> PathBuf {
    door.dir.path().join("data/runs").join(run.to_string())
}

#[tokio::test]
async fn a_deleted_card_was_deleted_for_everybody() {
    let door = FrontDoor::open().await;
    let task = door.card("Gone").await;
    let refused = door.refused("delete_task", json!({ "id": task })).await;
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (ProblemCode::Conflict, "T-1 is not in the trash; move it there first")
    );
    trash(&door, task).await;
    door.ok("delete_task", json!({ "id": task })).await;

    assert_eq!(door.ok("get_board", json!({ "trashed": true })).await["cards"], json!([]));
    for (operation, request) in [
        ("find_task", json!({ "key": "T-1" })),
        ("restore_task", json!({ "id": task })),
        ("start_run", json!({ "task": task, "agent": "custom", "argv": ["true"] })),
    ] {
        let refused = door.refused(operation, request).await;
        assert_eq!((refused.code, refused.message.as_str()), (ProblemCode::NotFound, "T-1 was deleted"));
    }
    door.close().await;
}

#[tokio::test]
async fn emptying_names_what_it_could_not_delete() {
    let door = FrontDoor::open().await;
    let (needed, waiting, other) =
        (door.card("Needed").await, door.card("Waiting").await, door.card("Other").await);
    door.ok("add_dependency", json!({ "id": waiting, "upstream": needed, "need": "success" })).await;
    trash(&door, needed).await;
    trash(&door, other).await;

    let emptied = door.ok("empty_trash", json!({})).await;

    assert_eq!((&emptied["deleted"], &emptied["kept"][0]["key"]), (&json!(1), &json!("T-1")));
    let why = emptied["kept"][0]["why"]["message"].as_str().unwrap();
    assert!(why.contains("T-2 waits for"), "{why}");
    assert_eq!(door.ok("empty_trash", json!({ "older_than_days": 1 })).await["kept"], json!([]));
    door.close().await;
}

#[tokio::test]
async fn what_a_crash_left_of_a_deleted_card_goes_with_the_next_sweep() {
    let door = FrontDoor::open().await;
    let (half, next) = (door.card("Half deleted").await, door.card("Next").await);
    let run = door.script(half, "mkdir -p artifacts; echo mine > artifacts/a.txt").await;
    door.end_of(run).await;
    let hash = door.ok("get_task", json!({ "id": half })).await["artifacts"][0]["hash"].clone();
    let hash = hash.as_str().unwrap();
    let content = door.dir.path().join("data/artifacts").join(&hash[..2]).join(&hash[2..]);
    trash(&door, half).await;
    trash(&door, next).await;
    // The engine dies when only the row was marked.
    let (actor, now) = (domain::Actor::Person, door.app.engine().now());
    door.app.engine().store().delete_task(domain::TaskId(half), actor, now).await.unwrap();
    assert!(content.is_file() && run_dir(&door, run).is_dir());

    door.ok("delete_task", json!({ "id": next })).await;

    assert!(!content.exists() && !run_dir(&door, run).exists());
    door.close().await;
}

#[tokio::test]
async fn cards_leave_the_trash_when_their_days_are_over() {
    let (door, hand, start) = staying(folder()).await;
    let project = project(&door).await;
    let (old, run) = worked_on(&door, &project, "Old").await;
    let (kept, kept_run) = worked_on(&door, &project, "Kept").await;
    door.ok("remove_workspace", json!({ "run": kept_run })).await;
    trash(&door, old).await;
    let marker = door.card("Marker").await;
    let salvage = async |run: i64| {
        let run = door.ok("get_run", json!({ "run": run })).await;
        run["workspace"]["salvage"].as_str().unwrap_or_default().to_owned()
    };

    hand.set(start + 29 * DAY);
    trash(&door, marker).await;
    hand.set(start + 30 * DAY);
    deleted(&door, old).await;

    assert!(!door.dir.path().join("data/workspaces/t-1").exists());
    let saved = salvage(run).await;
    assert!(Path::new(&saved).join("workspace/notes.txt").is_file(), "its work is kept aside: {saved}");
    // By the time that the next round deletes the marker, this one has come to its end.
    hand.set(start + 60 * DAY);
    deleted(&door, marker).await;
    hand.set(start + 62 * DAY);
    let last = door.card("Last").await;
    trash(&door, last).await;
    hand.set(start + 100 * DAY);
    deleted(&door, last).await;
    assert!(!run_dir(&door, run).exists());
    assert!(!Path::new(&saved).exists(), "nor for ever: {saved}");
    let wanted = salvage(kept_run).await;
    assert!(Path::new(&wanted).is_dir(), "a card on the board can have its workspace back: {wanted}");
    assert_eq!(door.ok("get_task", json!({ "id": kept })).await["card"]["trashed"], false);
    door.close().await;
}

#[tokio::test]
async fn a_person_may_keep_everything() {
    let (door, hand, start) = staying(folder()).await;
    door.ok("put_settings", json!({ "trash_days": 0 })).await;
    let (stays, marker) = (door.card("Stays").await, door.card("Marker").await);
    trash(&door, stays).await;
    hand.set(start + 3_000 * DAY);
    door.ok("put_settings", json!({ "trash_days": 3_650 })).await;
    trash(&door, marker).await;
    hand.set(start + 3_649 * DAY);
    assert_eq!(door.ok("get_task", json!({ "id": stays })).await["card"]["trashed"], true);
    hand.set(start + 3_651 * DAY);
    deleted(&door, stays).await;
    assert_eq!(door.ok("get_task", json!({ "id": marker })).await["card"]["trashed"], true);
    let refused = door.refused("put_settings", json!({ "trash_days": 3_651 })).await;
    assert_eq!(refused.code, ProblemCode::Invalid);
    door.close().await;
}
