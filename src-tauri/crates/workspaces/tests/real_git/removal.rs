//! Nothing is lost when a workspace goes, and it comes back as it was.

use crate::support::*;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use workspaces::{Removed, Workspace, remove, restore, salvage};

/// What must be equal before and after: files, what is staged, what is not.
pub fn state(dir: &Path) -> (Files, String, String) {
    (
        tree(dir),
        git(dir, &["diff", "--cached", "--raw", "--no-abbrev"]),
        git(dir, &["status", "--porcelain", "-uall"]),
    )
}

fn removed(scene: &Scene, workspace: &Workspace) -> Removed {
    let mut removed = remove(workspace, &scene.removal()).unwrap();
    removed.deletion.take().unwrap().join().unwrap();
    assert!(!workspace.path.exists() && !workspace.state.exists());
    removed
}

#[test]
fn modified_staged_deleted_and_untracked_work_comes_back_as_it_was() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    fs::remove_dir(workspace.artifacts()).unwrap();
    write(&workspace.path, "committed.txt", "c\n");
    commit_all(&workspace.path, "by the agent");
    write(&workspace.path, "readme.md", "staged\n");
    git(&workspace.path, &["add", "readme.md"]);
    write(&workspace.path, "readme.md", "staged, then changed\n");
    write(&workspace.path, "un tracked/🦀.txt", "new\n");
    write(&workspace.path, "script.sh", "#!/bin/sh\n");
    crate::provision::executable(&workspace.path.join("script.sh"));
    std::os::unix::fs::symlink("nowhere", workspace.path.join("dangling")).unwrap();
    fs::remove_file(workspace.path.join("src/main.rs")).unwrap();
    let (before, head) = (state(&workspace.path), git(&workspace.path, &["rev-parse", "HEAD"]));

    let gone = removed(&scene, &workspace);
    assert!(gone.branch_kept && !gone.was_gone);
    assert_eq!(gone.salvage.as_deref(), Some("refs/flightboard/salvage/T-1/7"));
    assert_eq!(scene.worktrees(), 1);

    let back = restore(&scene.project, &gone.salvage.unwrap(), &scene.target("back")).unwrap();
    fs::remove_dir(back.workspace.artifacts()).unwrap();
    assert_eq!(state(&back.workspace.path), before);
    assert_eq!(git(&back.workspace.path, &["rev-parse", "HEAD"]), head);
    assert_eq!(back.branch.as_deref(), Some("flightboard/T-1-first"));
    assert_eq!(workspaces::changes(&back.workspace, None).unwrap().commits, 1);
}

#[test]
fn a_branch_without_commits_goes_and_returns_with_the_work() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    write(&workspace.path, "new.txt", "new\n");
    let gone = removed(&scene, &workspace);
    assert!(!gone.branch_kept);
    assert_eq!(scene.branches(), "main");
    let back = restore(&scene.project, &gone.salvage.unwrap(), &workspace.path).unwrap();
    assert_eq!(back.branch, workspace.branch);
    assert_eq!(git(&workspace.path, &["status", "--porcelain"]), "?? new.txt");
    assert_eq!(removed(&scene, &back.workspace).salvage.as_deref(), Some("refs/flightboard/salvage/T-1/7"));
    assert_eq!(scene.branches(), "main");
}

#[test]
fn a_clean_worktree_needs_no_salvage() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    write(&workspace.path, "artifacts/a.txt", "collected elsewhere");
    write(&workspace.path, "TASK.md", "ours");
    let gone = removed(&scene, &workspace);
    assert_eq!((gone.salvage, gone.branch_kept), (None, false));
    assert_eq!(git(&scene.project, &["for-each-ref", "refs/flightboard"]), "");
}

#[test]
fn salvage_leaves_branch_index_and_files_as_they_are() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    write(&workspace.path, "readme.md", "changed\n");
    write(&workspace.path, "new.txt", "new\n");
    git(&workspace.path, &["add", "new.txt"]);
    let before = (state(&workspace.path), git(&workspace.path, &["rev-parse", "HEAD"]));
    let first = salvage(&workspace, "T-1/7").unwrap();
    assert_eq!((state(&workspace.path), git(&workspace.path, &["rev-parse", "HEAD"])), before);
    assert_eq!(salvage(&workspace, "T-1/7").unwrap(), first, "the same state is saved once");
    write(&workspace.path, "readme.md", "changed again\n");
    let second = salvage(&workspace, "T-1/7").unwrap();
    assert_eq!(second.reference.as_deref(), Some("refs/flightboard/salvage/T-1/7-2"));
    assert_eq!(git(&scene.project, &["show", "refs/flightboard/salvage/T-1/7:readme.md"]), "changed");
}

#[test]
fn ignored_files_are_not_salvaged() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    write(&workspace.path, ".gitignore", "secret\n");
    write(&workspace.path, "secret", "x");
    let saved = salvage(&workspace, "T-1/7").unwrap().reference.unwrap();
    let names = git(&scene.project, &["ls-tree", "-r", "--name-only", "-z", &saved]);
    assert!(names.contains(".gitignore") && !names.contains("secret"), "{names}");
}

#[test]
fn commits_on_a_detached_head_are_kept() {
    let scene = Scene::with_repository();
    for by_hand in [false, true] {
        let workspace = scene.worktree();
        git(&workspace.path, &["checkout", "--quiet", "--detach"]);
        write(&workspace.path, "lonely.txt", format!("{by_hand}"));
        let head = commit_all(&workspace.path, "lonely");
        if by_hand {
            fs::remove_dir_all(&workspace.path).unwrap();
        }
        let gone = removed(&scene, &workspace);
        assert_eq!(gone.was_gone, by_hand);
        let back = restore(&scene.project, &gone.salvage.unwrap(), &scene.target(&format!("back {by_hand}")))
            .unwrap();
        assert_eq!(git(&back.workspace.path, &["rev-parse", "HEAD"]), head);
        assert_eq!(back.branch, None);
    }
}

#[test]
fn a_worktree_deleted_by_hand_is_forgotten_gracefully() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    fs::remove_dir_all(&workspace.path).unwrap();
    let gone = removed(&scene, &workspace);
    assert!(gone.was_gone && gone.salvage.is_none());
    assert_eq!((scene.worktrees(), scene.branches().as_str()), (1, "main"));
    assert!(remove(&workspace, &scene.removal()).unwrap().was_gone, "twice is fine");
}

#[test]
fn a_link_in_the_worktrees_place_is_not_followed() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    let outside = scene.dir.path().join("outside");
    write(&outside, "secret.txt", "private");
    fs::remove_dir_all(&workspace.path).unwrap();
    std::os::unix::fs::symlink(&outside, &workspace.path).unwrap();
    assert!(matches!(workspaces::changes(&workspace, None), Err(workspaces::ChangesError::Gone(_))));
    let gone = removed(&scene, &workspace);
    assert!(gone.was_gone && gone.salvage.is_none());
    assert_eq!(read(&outside, "secret.txt"), "private");
    assert_eq!((scene.worktrees(), scene.branches().as_str()), (1, "main"));
}

#[test]
fn other_worktrees_that_are_away_are_not_pruned() {
    let scene = Scene::with_repository();
    let away = scene.dir.path().join("away");
    git(&scene.project, &["worktree", "add", "--quiet", away.to_str().unwrap()]);
    fs::rename(&away, scene.dir.path().join("unplugged")).unwrap();
    removed(&scene, &scene.worktree());
    assert_eq!(scene.worktrees(), 2);
}

#[test]
fn a_conflicted_merge_is_saved() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    git(&scene.project, &["checkout", "--quiet", "-b", "theirs"]);
    write(&scene.project, "readme.md", "theirs\n");
    commit_all(&scene.project, "theirs");
    write(&workspace.path, "readme.md", "ours\n");
    commit_all(&workspace.path, "ours");
    std::process::Command::new("git")
        .current_dir(&workspace.path)
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.invalid", "merge", "theirs"])
        .output()
        .unwrap();
    let files = tree(&workspace.path);
    assert!(workspace.path.join("readme.md").metadata().unwrap().len() > 20, "the conflict is in the file");
    let gone = removed(&scene, &workspace);
    let back = restore(&scene.project, &gone.salvage.unwrap(), &scene.target("back")).unwrap();
    assert_eq!(tree(&back.workspace.path), files);
}

#[test]
fn a_clone_inside_the_workspace_is_not_lost_silently() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    let nested = workspace.path.join("a clone");
    git(&workspace.path, &["init", "--quiet", "a clone"]);
    write(&nested, "x", "x");
    let error = remove(&workspace, &scene.removal()).unwrap_err();
    assert!(error.to_string().contains("a clone"), "{error}");
    assert!(nested.join("x").exists());
    let told = workspaces::Removal { lose_unsaved: true, ..scene.removal() };
    remove(&workspace, &told).unwrap().deletion.unwrap().join().unwrap();
    assert!(!workspace.path.exists());
}

#[test]
fn restoring_what_does_not_exist_or_where_something_is_leaves_nothing() {
    let scene = Scene::with_repository();
    for reference in ["refs/flightboard/salvage/T-9/9", "refs/heads/main", "--all"] {
        let error = restore(&scene.project, reference, &scene.target("back")).unwrap_err();
        assert!(matches!(error, workspaces::RestoreError::NoSuchSalvage(_)), "{error}");
    }
    assert!(!scene.target("back").exists() && !scene.target("back.state").exists());
    let workspace = scene.worktree();
    write(&workspace.path, "x", "x");
    let saved = salvage(&workspace, "T-1/7").unwrap().reference.unwrap();
    assert!(restore(&scene.project, &saved, &workspace.path).is_err());
    assert!(workspace.path.join("x").exists());
}

#[derive(Clone, Debug)]
pub enum Act {
    Write(usize, Vec<u8>),
    Delete(usize),
    Stage(usize),
    Unstage(usize),
    Commit,
}

const NAMES: &[&str] =
    &["readme.md", "src/main.rs", "a b", "dir/🦀", "dir/-x", "deep/er/file", "odd name 🦀.txt"];

pub fn act() -> impl Strategy<Value = Act> {
    let name = 0..NAMES.len();
    prop_oneof![
        4 => (name.clone(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(n, bytes)| Act::Write(n, bytes)),
        2 => name.clone().prop_map(Act::Delete),
        2 => name.clone().prop_map(Act::Stage),
        1 => name.prop_map(Act::Unstage),
        1 => Just(Act::Commit),
    ]
}

pub fn perform(dir: &Path, act: &Act) {
    match act {
        Act::Write(n, bytes) => write(dir, NAMES[*n], bytes),
        Act::Delete(n) => drop(fs::remove_file(dir.join(NAMES[*n]))),
        Act::Stage(n) => drop(quietly(dir, &["add", "--all", "--", NAMES[*n]])),
        Act::Unstage(n) => drop(quietly(dir, &["reset", "--quiet", "--", NAMES[*n]])),
        Act::Commit => drop(quietly(dir, &["commit", "--quiet", "-m", "some"])),
    }
}

/// May fail: there may be nothing to stage or commit.
fn quietly(dir: &Path, args: &[&str]) -> bool {
    let mut command = std::process::Command::new("git");
    command.current_dir(dir).args(["-c", "user.name=T", "-c", "user.email=t@localhost"]).args(args);
    command.output().unwrap().status.success()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_an_agent_did_comes_back(acts in prop::collection::vec(act(), 1..14)) {
        let scene = Scene::with_repository();
        let workspace = scene.worktree();
        for act in &acts {
            perform(&workspace.path, act);
        }
        let before = state(&workspace.path);
        let head = git(&workspace.path, &["rev-parse", "HEAD"]);
        let gone = removed(&scene, &workspace);
        match gone.salvage {
            None => {
                prop_assert_eq!(before.2, "");
                let kept = gone.branch_kept.then(|| git(&scene.project, &["rev-parse", "flightboard/T-1-first"]));
                prop_assert_eq!(kept.unwrap_or(workspace.base.unwrap()), head);
            }
            Some(reference) => {
                let back = restore(&scene.project, &reference, &scene.target("back")).unwrap();
                prop_assert_eq!(state(&back.workspace.path), before);
                prop_assert_eq!(git(&back.workspace.path, &["rev-parse", "HEAD"]), head);
            }
        }
    }
}
