//! A project of several repositories: one card, one workspace, a worktree of each.

use flightboard_stories::{Desk, git};
use serde_json::{Value, json};

/// `web shop` with `api 🚀` beside it, and a card.
fn desk() -> (Desk, [std::path::PathBuf; 2]) {
    let desk = Desk::new();
    let repositories = [desk.repository("web shop"), desk.repository("api 🚀")];
    let [own, other] = repositories.each_ref().map(|path| path.to_str().unwrap());
    desk.ok(&["project", "add", own, "--repository", other]);
    desk.ok(&["add", "Across both", "--project", "web shop"]);
    (desk, repositories)
}

fn run(desk: &Desk, card: &str, script: &str) -> Value {
    desk.json(&["run", card, "--agent", "custom", "--wait", "--", "sh", "-c", script])["run"].clone()
}

fn names(changes: &Value) -> Vec<&str> {
    changes["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect()
}

#[test]
fn an_agent_works_in_both_and_its_work_is_told_removed_and_brought_back() {
    let (desk, repositories) = desk();
    let script = "test -f TASK.md && grep -q 'api 🚀/' TASK.md || exit 1
        echo shop >> 'web shop/a.txt'; echo api >> 'api 🚀/a.txt'; echo plan > plan.md
        echo report > artifacts/report.md; echo done > COMPLETION.md
        cd 'api 🚀' && git add -A && git -c user.name=A -c user.email=a@localhost commit -qm 'from the agent'";
    let run = run(&desk, "1", script);
    assert_eq!(run["status"], "succeeded", "{run}");
    assert_eq!(run["workspace"]["branch"], "flightboard/t-1-across-both");
    let card = desk.show("1");
    assert_eq!(card["changes"], json!({ "files": 3, "added": 3, "removed": 0 }));
    assert_eq!(card["artifacts"][0]["path"], "report.md");
    for repository in &repositories {
        assert_eq!(git(repository, &["status", "--porcelain"]), "");
        assert_eq!(
            git(repository, &["branch", "--list", "flightboard/*"]).matches("t-1-across-both").count(),
            1
        );
    }

    let served = desk.serve();
    let ask = json!({ "run": run["id"] });
    let changes = desk.rpc("get_changes", &ask).unwrap();
    assert_eq!(names(&changes), ["api 🚀/a.txt", "plan.md", "web shop/a.txt"]);
    assert_eq!(changes["commits"], 1);
    let diff = desk.rpc("get_diff", &json!({ "run": run["id"], "path": "api 🚀/a.txt" })).unwrap();
    assert!(diff["patch"].as_str().unwrap().contains("+api"), "{diff}");

    let removed = desk.rpc("remove_workspace", &ask).unwrap();
    assert_eq!(removed["workspace"]["present"], false);
    assert!(!desk.data().join("workspaces/t-1").exists());
    desk.rpc("restore_workspace", &ask).unwrap();
    assert_eq!(desk.rpc("get_changes", &ask).unwrap(), changes);
    served.stop();

    let again = "test -f plan.md && grep -q shop 'web shop/a.txt' && grep -q api 'api 🚀/a.txt'";
    assert_eq!(self::run(&desk, "1", again)["status"], "succeeded", "the next attempt goes on from there");
}

#[test]
fn two_cards_change_the_same_files_of_both_repositories_without_a_clash() {
    let (desk, _) = desk();
    desk.ok(&["add", "The other", "--project", "web shop"]);
    for card in ["1", "2"] {
        run(&desk, card, &format!("echo {card} > 'web shop/a.txt'; echo {card} > 'api 🚀/a.txt'"));
    }
    for card in ["1", "2"] {
        for directory in ["web shop", "api 🚀"] {
            let file = desk.data().join(format!("workspaces/t-{card}/{directory}/a.txt"));
            assert_eq!(std::fs::read_to_string(file).unwrap(), format!("{card}\n"));
        }
    }
}

#[test]
fn an_engine_killed_while_it_prepares_leaves_nothing_in_any_repository() {
    let (desk, repositories) = desk();
    let served = desk.serve();
    let settings = json!({ "setup": ["sh", "-c", "ls > ../begun; sleep 1000"] });
    desk.rpc("edit_project", &json!({ "id": 1, "settings": settings })).unwrap();
    let begun = desk.data().join("workspaces/begun");
    std::thread::scope(|scope| {
        scope.spawn(|| desk.output(&["run", "1", "--agent", "custom", "--", "true"]));
        desk.until("the set-up command runs", || {
            std::fs::read_to_string(&begun).is_ok_and(|text| text.contains("web shop")).then_some(())
        });
        served.kill();
    });

    let served = desk.serve();

    assert_eq!(desk.show("1")["status"], "inbox");
    assert!(!desk.data().join("workspaces/t-1").exists());
    for repository in &repositories {
        let worktrees = git(repository, &["worktree", "list", "--porcelain"]);
        assert_eq!(worktrees.matches("worktree ").count(), 1, "{worktrees}");
        assert_eq!(git(repository, &["branch", "--list", "flightboard/*"]), "");
    }
    served.stop();
}

#[test]
fn the_list_of_repositories_waits_for_agents_and_leaves_workspaces_as_they_are() {
    let (desk, _) = desk();
    let third = desk.repository("third");
    let served = desk.serve();
    let add = json!({ "project": 1, "path": third });
    desk.ok(&["run", "1", "--agent", "custom", "--", "sh", "-c", "echo ready; read answer"]);
    let refused = desk.rpc("add_repository", &add).unwrap_err();
    assert!(refused["message"].as_str().unwrap().contains("an agent is at work on T-1"), "{refused}");
    desk.ok(&["stop", "1"]);

    let project = desk.rpc("add_repository", &add).unwrap();
    let api = &project["repositories"][0]["id"];
    desk.rpc("edit_repository", &json!({ "id": project["repositories"][1]["id"], "directory": "extra" }))
        .unwrap();
    desk.rpc("remove_repository", &json!({ "id": api })).unwrap();
    served.stop();

    run(&desk, "1", "test -d 'api 🚀' && test ! -e extra && test ! -e third");
    assert_eq!(desk.show("1")["status"], "review", "the card goes on in the workspace that it has");
    desk.ok(&["add", "New", "--project", "web shop"]);
    assert_eq!(
        run(&desk, "2", "test -d extra && test -d 'web shop' && test ! -e 'api 🚀'")["status"],
        "succeeded"
    );
    let listed = desk.ok(&["project", "list"]);
    assert!(listed.contains("+ extra") && !listed.contains("api"), "{listed}");
}

#[test]
fn a_repository_that_cannot_be_leaves_no_project() {
    let (desk, [own, other]) = desk();
    let plain = desk.folder.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    let fresh = desk.repository("fresh");
    for (repository, said) in [
        (plain.to_str().unwrap(), "is not a git repository"),
        ("/nowhere/at/all", "does not exist"),
        (fresh.to_str().unwrap(), "is one of the repositories already"),
    ] {
        let args = ["project", "add", fresh.to_str().unwrap(), "--repository", repository];
        let (code, message) = desk.refused(&args);
        assert!(code == 1 && message.contains(said), "{message}");
    }
    assert_eq!(desk.json(&["project", "list"]).as_array().unwrap().len(), 1);
    // The same repository may belong to two projects.
    desk.ok(&["project", "add", other.to_str().unwrap(), "--repository", own.to_str().unwrap()]);
}
