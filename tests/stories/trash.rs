//! A card deleted for ever leaves nothing of its own behind, takes nothing of others along, and no kill
//! leaves it half gone.

use flightboard_stories::{Desk, git};
use serde_json::json;
use std::path::Path;

fn entries(dir: &Path) -> Vec<String> {
    let list = std::fs::read_dir(dir).into_iter().flatten().flatten();
    list.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Files at `ab/cdef…`.
fn contents(desk: &Desk) -> usize {
    let store = desk.data().join("artifacts");
    entries(&store).iter().map(|start| entries(&store.join(start)).len()).sum()
}

#[test]
fn a_deleted_card_takes_its_own_along_and_saves_its_work() {
    let desk = Desk::new();
    let repository = desk.repository("parser");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    for title in ["Gone", "Stays"] {
        desk.ok(&["add", title, "--project", "parser"]);
    }
    let script = "echo work >> a.txt; mkdir artifacts; echo both > artifacts/both; echo $$ > artifacts/own";
    let gone =
        desk.json(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", script])["run"].take();
    let stays =
        desk.json(&["run", "2", "--agent", "custom", "--wait", "--", "sh", "-c", script])["run"].take();
    assert_eq!(contents(&desk), 3);

    let (code, said) = desk.refused(&["trash", "delete", "1"]);
    assert_eq!((code, said.contains("T-1 is not in the trash")), (1, true), "{said}");
    desk.ok(&["trash", "put", "1"]);
    assert_eq!(desk.json(&["trash", "list"])[0]["title"], "Gone");
    desk.ok(&["trash", "restore", "1"]);
    assert_eq!(desk.json(&["trash", "list"]), json!([]));
    desk.ok(&["trash", "put", "1"]);
    desk.ok(&["trash", "empty", "--older-than", "1"]);
    assert_eq!(desk.show("1")["trashed"], true, "it has been there for a moment only");
    desk.ok(&["trash", "delete", "T-1"]);

    let (_, said) = desk.refused(&["show", "1"]);
    assert!(said.contains("T-1 was deleted"), "{said}");
    assert!(!desk.run_dir(&gone["id"]).exists() && desk.run_dir(&stays["id"]).is_dir());
    assert_eq!(contents(&desk), 2, "what both handed over stays for the other");
    assert_eq!(
        entries(&desk.data().join("workspaces")).iter().filter(|name| name.starts_with("t-1")).count(),
        0
    );
    let saved = git(&repository, &["for-each-ref", "--format=%(refname)", "refs/flightboard/salvage"]);
    assert_eq!(saved.lines().count(), 1, "{saved}");
    assert!(git(&repository, &["show", &format!("{}:a.txt", saved.trim())]).ends_with("work\n"));
    let out = desk.folder.path().join("out");
    desk.ok(&["artifacts", "2", "--out", out.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(out.join("both")).unwrap(), "both\n");
    assert_eq!(desk.json(&["add", "Next"])["id"], 3);
}

#[test]
fn a_kill_while_the_trash_is_emptied_leaves_no_card_half_gone() {
    let desk = Desk::new();
    let repository = desk.repository("parser");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    let served = desk.serve();
    let cards: Vec<String> = (1..=8).map(|n| n.to_string()).collect();
    for id in &cards {
        desk.ok(&["add", "Card", "--project", "parser"]);
        let script = "echo $$ > b.txt; mkdir artifacts; echo $$ > artifacts/own";
        desk.ok(&["run", id, "--agent", "custom", "--wait", "--", "sh", "-c", script]);
        desk.ok(&["trash", "put", id]);
    }
    std::thread::scope(|scope| {
        let emptying = scope.spawn(|| desk.try_rpc("empty_trash", &json!({})));
        let _gone = desk.until("the first card is gone", || {
            desk.try_rpc("get_task", &json!({ "id": 1 })).filter(|answer| answer.is_err())
        });
        served.kill();
        let _ = emptying.join();
    });

    let left = desk.json(&["trash", "list"]);
    let left: Vec<i64> = left.as_array().unwrap().iter().map(|card| card["id"].as_i64().unwrap()).collect();
    for id in &left {
        let shown = desk.show(&id.to_string());
        let artifact = &shown["artifacts"][0];
        let read = desk.ok(&[
            "artifacts",
            &id.to_string(),
            "--out",
            desk.folder.path().join("out").to_str().unwrap(),
        ]);
        assert_eq!(artifact["path"], "own", "{read}");
        assert!(
            !desk.ok(&["logs", &id.to_string()]).is_empty() || desk.run_dir(&shown["run"]["id"]).is_dir()
        );
    }
    let emptied = desk.json(&["trash", "empty"]);
    assert_eq!(emptied, json!({ "deleted": left.len(), "kept": [] }));
    // The last sweep took what the kill had left.
    assert_eq!((contents(&desk), entries(&desk.data().join("runs"))), (0, Vec::new()));
    let workspaces = entries(&desk.data().join("workspaces"));
    assert!(!workspaces.iter().any(|name| name.starts_with("t-")), "{workspaces:?}");
    let saved = git(&repository, &["for-each-ref", "--format=%(refname)", "refs/flightboard/salvage"]);
    assert_eq!(saved.lines().count(), cards.len(), "{saved}");
}
