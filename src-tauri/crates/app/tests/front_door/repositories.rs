//! Further repositories of a project at the front door: what is refused, in words, and that nothing
//! changes by it.

use std::{path::Path, process::Command};

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

pub fn repository(at: &Path) {
    std::fs::create_dir(at).expect("a folder");
    git(at, &["init", "-q"]);
    git(at, &["commit", "-q", "--allow-empty", "-m", "first"]);
}

#[tokio::test]
async fn repositories_that_cannot_be_are_refused_in_words_and_change_nothing() {
    let door = FrontDoor::open().await;
    let at = |name: &str| door.dir.path().canonicalize().expect("the folder").join(name);
    for name in ["shop", "api 🚀"] {
        repository(&at(name));
    }
    for name in ["plain", "unborn", "empty plain"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    git(&at("unborn"), &["init", "-q"]);
    git(&at("shop"), &["worktree", "add", "-q", "--detach", at("linked").to_str().unwrap()]);
    std::fs::write(at("file"), "").unwrap();

    let whole = json!({ "path": at("shop"), "repositories": [at("api 🚀"), at("plain")] });
    let refused = door.refused("add_project", whole).await;
    assert!(refused.message.ends_with("plain is not a git repository"), "{refused}");
    assert_eq!(door.ok("list_projects", json!({})).await, json!([]), "all of it or nothing");

    let shop = door.ok("add_project", json!({ "path": at("shop"), "repositories": [at("api 🚀")] })).await;
    assert_eq!(
        (&shop["directory"], &shop["repositories"][0]["directory"]),
        (&json!("shop"), &json!("api 🚀"))
    );
    let add = |path: &str, directory: Value| json!({ "project": shop["id"], "path": at(path), "directory": directory });
    for (request, said, next) in [
        (add("nowhere", Value::Null), "does not exist", "check the spelling"),
        (add("file", Value::Null), "is a file, not a folder", "give the folder"),
        (add("plain", Value::Null), "is not a git repository", "make a first commit"),
        (add("unborn", Value::Null), "has no commits yet", "make a first commit"),
        (add("shop", Value::Null), "is one of the repositories already", "Add each repository once"),
        (add("linked", Value::Null), "are the same repository", "Add each repository once"),
        (add("api 🚀", Value::Null), "is one of the repositories already", "Add each repository once"),
        (add("linked", json!("../x")), "“../x” cannot be a directory's name", ""),
        (add("linked", json!("artifacts")), "one of the workspace's own files", ""),
    ] {
        let refused = door.refused("add_repository", request.clone()).await;
        assert!(refused.message.contains(said), "{request}: {refused}");
        assert!(refused.next.unwrap_or_default().contains(next), "{request}");
    }
    let rename = json!({ "id": shop["repositories"][0]["id"], "directory": "SHOP" });
    let refused = door.refused("edit_repository", rename).await;
    assert!(refused.message.contains("“SHOP” is taken by another repository"), "{refused}");
    assert_eq!(door.ok("list_projects", json!({})).await, json!([shop]));
    door.close().await;
}

#[tokio::test]
async fn a_plain_folder_and_a_project_used_in_place_stand_alone() {
    let door = FrontDoor::open().await;
    let at = |name: &str| door.dir.path().canonicalize().expect("the folder").join(name);
    repository(&at("shop"));
    repository(&at("api"));
    std::fs::create_dir(at("plain")).unwrap();
    let whole = json!({ "path": at("plain"), "repositories": [at("api")] });
    let refused = door.refused("add_project", whole).await;
    assert!(refused.message.contains("only a git repository can have others beside it"), "{refused}");

    let shop = door.ok("add_project", json!({ "path": at("shop") })).await;
    let in_place = json!({ "id": shop["id"], "settings": { "in_place": true } });
    door.ok("edit_project", in_place.clone()).await;
    let add = json!({ "project": shop["id"], "path": at("api") });
    let refused = door.refused("add_repository", add.clone()).await;
    assert!(refused.message.contains("is used in place"), "{refused}");
    assert!(refused.next.is_some());

    door.ok("edit_project", json!({ "id": shop["id"], "settings": {} })).await;
    door.ok("add_repository", add).await;
    let refused = door.refused("edit_project", in_place).await;
    assert!(refused.message.contains("several repositories and cannot be used in place"), "{refused}");
    door.close().await;
}

#[tokio::test]
async fn a_repository_that_went_away_is_told_with_the_project() {
    let door = FrontDoor::open().await;
    let at = |name: &str| door.dir.path().canonicalize().expect("the folder").join(name);
    repository(&at("shop"));
    repository(&at("api"));
    door.ok("add_project", json!({ "path": at("shop"), "repositories": [at("api")] })).await;
    std::fs::remove_dir_all(at("api")).unwrap();
    let listed = door.ok("list_projects", json!({})).await;
    let problem = listed[0]["repositories"][0]["problem"].as_str().expect("a sentence");
    assert!(problem.contains("api is not a folder"), "{problem}");
    let card = door.ok("add_task", json!({ "title": "x", "project": listed[0]["id"] })).await;
    let run = json!({ "task": card["id"], "agent": "custom", "argv": ["true"] });
    let refused = door.refused("start_run", run).await;
    assert!(refused.message.contains("api"), "{refused}");
    assert!(!door.dir.path().join("data/workspaces/t-1").exists());
    door.close().await;
}
