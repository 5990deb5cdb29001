//! Each task has a workspace of its own, and what is in it is never lost.

use flightboard_stories::{Desk, git};
use serde_json::json;

#[test]
fn two_tasks_change_one_file_without_a_clash() {
    let desk = Desk::new();
    let repository = desk.repository("shared ground");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    for word in ["one", "two"] {
        desk.ok(&["add", word, "--project", "shared ground"]);
    }

    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", "echo one > a.txt"]);
    desk.ok(&["run", "2", "--agent", "custom", "--wait", "--", "sh", "-c", "echo two > a.txt"]);

    let read = |task: &str| {
        std::fs::read_to_string(desk.data().join("workspaces").join(task).join("a.txt")).unwrap()
    };
    assert_eq!((read("t-1").as_str(), read("t-2").as_str()), ("one\n", "two\n"));
    assert_eq!(std::fs::read_to_string(repository.join("a.txt")).unwrap(), "first\n");
    assert_eq!(git(&repository, &["status", "--porcelain"]), "", "the project's own folder is untouched");
}

#[test]
fn a_removed_workspace_comes_back_as_it_was() {
    let desk = Desk::new();
    let repository = desk.repository("keep");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Work", "--project", "keep"]);
    let script = "echo changed >> a.txt; echo new > untracked.txt; mkdir deep; echo x > deep/y; git add deep";
    let run = desk.json(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", script])["run"].take();
    let workspace = desk.data().join("workspaces/t-1");
    let before = git(&workspace, &["status", "--porcelain", "--", ".", ":!TASK.md"]);
    let served = desk.serve();

    let removed = desk.rpc("remove_workspace", &json!({ "run": run["id"] })).unwrap();
    assert!(!workspace.exists());
    let salvage = removed["workspace"]["salvage"].as_str().unwrap();
    assert!(salvage.starts_with("refs/flightboard/salvage/"), "{salvage}");
    desk.rpc("restore_workspace", &json!({ "run": run["id"] })).unwrap();

    assert_eq!(git(&workspace, &["status", "--porcelain", "--", ".", ":!TASK.md"]), before);
    assert_eq!(std::fs::read_to_string(workspace.join("untracked.txt")).unwrap(), "new\n");
    assert_eq!(std::fs::read_to_string(workspace.join("a.txt")).unwrap(), "first\nchanged\n");
    served.stop();
}

#[test]
fn changes_and_their_diff_are_told_against_the_base() {
    let desk = Desk::new();
    let repository = desk.repository("diff me");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Change", "--project", "diff me"]);
    let script = "echo second >> a.txt; echo 'brand new' > 'näme with space.txt'; mkdir -p artifacts; echo r > artifacts/r.md";
    let run = desk.json(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", script])["run"].take();
    let served = desk.serve();

    let changes = desk.rpc("get_changes", &json!({ "run": run["id"] })).unwrap();
    let diff = desk.rpc("get_diff", &json!({ "run": run["id"], "path": "a.txt" })).unwrap();

    let files: Vec<_> =
        changes["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(files, ["a.txt", "näme with space.txt"]);
    assert_eq!(changes["count"], json!({ "files": 2, "added": 2, "removed": 0 }));
    assert!(diff["patch"].as_str().unwrap().contains("+second"), "{diff}");
    let escape =
        desk.rpc("get_diff", &json!({ "run": run["id"], "path": "../../flightboard.db" })).unwrap_err();
    assert!(escape["message"].as_str().unwrap().contains("not a path inside"), "{escape}");
    served.stop();
}

#[test]
fn submodules_setup_and_copied_files_are_there_before_the_agent() {
    let desk = Desk::new();
    let library = desk.repository("library");
    let repository = desk.repository("with parts");
    git(&repository, &["submodule", "add", "-q", library.to_str().unwrap(), "lib"]);
    std::fs::write(repository.join(".gitignore"), ".env\n").unwrap();
    std::fs::write(repository.join(".worktreeinclude"), ".env\n").unwrap();
    std::fs::write(repository.join(".env"), "SECRET=1\n").unwrap();
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "-q", "-m", "parts"]);
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Look", "--project", "with parts"]);
    let served = desk.serve();
    let settings = json!({ "setup": ["sh", "-c", "echo ran > .setup-was-here"] });
    desk.rpc("edit_project", &json!({ "id": 1, "settings": settings })).unwrap();

    let script = "test -f lib/a.txt && test -f .env && test -f .setup-was-here && test -n \"$PORT\" && git status --porcelain";
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", script]);

    assert!(!desk.ok(&["logs", "1"]).contains("TASK.md"), "our own files are not the agent's to commit");
    served.stop();
}

#[test]
fn a_plain_folder_is_copied_and_the_original_stays() {
    let desk = Desk::new();
    let folder = desk.folder.path().join("plain");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("notes.txt"), "original\n").unwrap();
    desk.ok(&["project", "add", folder.to_str().unwrap()]);
    desk.ok(&["add", "Edit", "--project", "plain"]);

    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", "echo edited >> notes.txt"]);

    assert_eq!(std::fs::read_to_string(folder.join("notes.txt")).unwrap(), "original\n");
    assert_eq!(
        std::fs::read_to_string(desk.data().join("workspaces/t-1/notes.txt")).unwrap(),
        "original\nedited\n"
    );
}

#[test]
fn artifacts_survive_the_workspace_and_links_out_of_it_are_not_followed() {
    let desk = Desk::new();
    let repository = desk.repository("bring home");
    let secret = desk.folder.path().join("secret");
    std::fs::write(&secret, "private").unwrap();
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Make", "--project", "bring home"]);
    let script = format!(
        "printf '\\000\\001\\377' > artifacts/raw.bin; ln -s '{}' artifacts/link; mkfifo artifacts/pipe; echo '# Hi' > artifacts/hi.md",
        secret.display()
    );
    let run =
        desk.json(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", &script])["run"].take();
    let served = desk.serve();
    desk.rpc("remove_workspace", &json!({ "run": run["id"] })).unwrap();
    served.stop();

    let out = desk.folder.path().join("out");
    desk.ok(&["artifacts", "1", "--out", out.to_str().unwrap()]);

    let mut names: Vec<_> =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["hi.md", "raw.bin"]);
    assert_eq!(std::fs::read(out.join("raw.bin")).unwrap(), [0, 1, 255]);
}

#[test]
fn a_worktree_deleted_by_hand_is_said_plainly_and_a_new_run_makes_a_new_one() {
    let desk = Desk::new();
    let repository = desk.repository("hands");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Work", "--project", "hands"]);
    let run = desk.json(&["run", "1", "--agent", "custom", "--wait", "--", "true"])["run"].take();
    std::fs::remove_dir_all(desk.data().join("workspaces/t-1")).unwrap();
    let served = desk.serve();

    let changes = desk.rpc("get_changes", &json!({ "run": run["id"] })).unwrap();
    assert!(changes["note"].as_str().unwrap().contains("deleted outside Flightboard"), "{changes}");
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "test", "-f", "a.txt"]);
    served.stop();
}

#[test]
fn a_data_directory_deleted_by_hand_leaves_no_trap_in_the_repository() {
    let desk = Desk::new();
    let repository = desk.repository("remembers");
    for _ in 0..2 {
        desk.ok(&["project", "add", repository.to_str().unwrap()]);
        desk.ok(&["add", "Work", "--project", "remembers"]);
        desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "true"]);
        std::fs::remove_dir_all(desk.data()).unwrap();
    }
}
