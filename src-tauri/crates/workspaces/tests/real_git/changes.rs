//! What a run changed, whatever way the agent left it.

use crate::support::*;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};
use workspaces::{ChangeKind, Changes, Count, Kind, changes, diff};

fn listed(changes: &Changes) -> Vec<(String, ChangeKind, u32, u32)> {
    changes.files.iter().map(|file| (file.path.clone(), file.kind, file.added, file.removed)).collect()
}

#[test]
fn committed_staged_unstaged_and_untracked_changes_are_one_list() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    write(&workspace.path, "committed.txt", "a\nb\n");
    commit_all(&workspace.path, "by the agent");
    write(&workspace.path, "staged.txt", "s\n");
    git(&workspace.path, &["add", "staged.txt"]);
    write(&workspace.path, "readme.md", "one\n2\nthree\nfour\n");
    write(&workspace.path, "new 🦀/un tracked.txt", "1\n2\n3\n");
    fs::remove_file(workspace.path.join("src/main.rs")).unwrap();
    write(&workspace.path, "artifacts/report.md", "not part of it\n");

    let found = changes(&workspace, None).unwrap();
    use ChangeKind::*;
    let expected = [
        ("committed.txt", Added, 2, 0),
        ("new 🦀/un tracked.txt", Untracked, 3, 0),
        ("readme.md", Modified, 2, 1),
        ("src/main.rs", Deleted, 0, 1),
        ("staged.txt", Added, 1, 0),
    ];
    assert_eq!(
        listed(&found),
        expected.map(|(path, kind, added, removed)| (path.into(), kind, added, removed))
    );
    assert_eq!(found.count, Count { files: 5, added: 8, removed: 2 });
    assert_eq!((found.commits, found.cut), (1, false));
}

#[test]
fn looking_does_not_touch_the_agents_index_or_objects() {
    let scene = Scene::with_repository();
    write(&scene.project, "empty.txt", "");
    commit_all(&scene.project, "the empty blob exists");
    let workspace = scene.worktree();
    write(&workspace.path, "readme.md", "other\n");
    write(&workspace.path, "new.txt", "new\n");
    let index = git(&workspace.path, &["rev-parse", "--git-path", "index"]);
    let state = || (blake3::hash(&fs::read(&index).unwrap()), git(&scene.project, &["count-objects"]));
    let before = state();
    changes(&workspace, None).unwrap();
    diff(&workspace, None, "new.txt").unwrap();
    assert_eq!(state(), before);
    assert_eq!(
        fs::read_dir(&workspace.state)
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("index"))
            .count(),
        0
    );
}

/// File and index of the same time, as on a coarse clock: git must compare contents then.
#[test]
fn a_change_of_the_same_size_in_the_same_instant_is_seen() {
    let scene = Scene::with_repository();
    git(&scene.project, &["config", "core.checkStat", "minimal"]);
    git(&scene.project, &["config", "core.trustctime", "false"]);
    let workspace = scene.worktree();
    let (file, index) =
        (workspace.path.join("racy.txt"), git(&workspace.path, &["rev-parse", "--git-path", "index"]));
    let instant = SystemTime::now() - Duration::from_secs(60);
    let dated = |path: &Path| File::options().write(true).open(path).unwrap().set_modified(instant).unwrap();
    fs::write(&file, "a\n").unwrap();
    dated(&file);
    git(&workspace.path, &["add", "racy.txt"]);
    dated(Path::new(&index));
    fs::write(&file, "b\n").unwrap();
    dated(&file);
    assert!(diff(&workspace, None, "racy.txt").unwrap().patch.contains("+b"));
    let saved = workspaces::salvage(&workspace, "T-1/7").unwrap().reference.unwrap();
    assert_eq!(git(&scene.project, &["show", &format!("{saved}:racy.txt")]), "b");
}

#[test]
fn a_rename_is_a_rename_also_when_untracked() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    fs::rename(workspace.path.join("readme.md"), workspace.path.join("READ ME.md")).unwrap();
    let found = changes(&workspace, None).unwrap();
    assert_eq!(listed(&found), [("READ ME.md".into(), ChangeKind::Renamed, 0, 0)]);
    assert_eq!(found.files[0].from.as_deref(), Some("readme.md"));
    let patch = diff(&workspace, None, "READ ME.md").unwrap().patch;
    assert!(patch.contains("rename from readme.md"), "{patch}");
}

#[test]
fn the_users_diff_settings_do_not_change_the_patch() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    for (key, value) in [
        ("diff.noprefix", "true"),
        ("color.ui", "always"),
        ("diff.context", "0"),
        ("diff.mnemonicPrefix", "true"),
    ] {
        git(&scene.project, &["config", key, value]);
    }
    write(&workspace.path, "readme.md", "one\n2\nthree\n");
    let patch = diff(&workspace, None, "readme.md").unwrap().patch;
    assert!(
        patch.contains("--- a/readme.md\n+++ b/readme.md\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"),
        "{patch}"
    );
}

#[test]
fn binary_and_large_files_are_named_but_not_read_whole() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    write(&workspace.path, "pixels.bin", [0u8, 1, 2, 0]);
    let huge = File::create(workspace.path.join("huge.log")).unwrap();
    huge.set_len(8 << 30).unwrap();
    let found = changes(&workspace, None).unwrap();
    let binary: Vec<(&str, bool)> =
        found.files.iter().map(|file| (file.path.as_str(), file.binary)).collect();
    assert_eq!(binary, [("huge.log", true), ("pixels.bin", true)]);
    assert!(diff(&workspace, None, "pixels.bin").unwrap().binary);
    assert!(diff(&workspace, None, "huge.log").unwrap().binary);
}

#[test]
fn a_long_patch_is_cut_at_a_line() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    write(&workspace.path, "long.txt", "a line of text that is repeated\n".repeat(60_000));
    let found = diff(&workspace, None, "long.txt").unwrap();
    assert!(found.cut && found.patch.len() <= 1 << 20);
    assert!(found.patch.ends_with("+a line of text that is repeated\n"));
}

#[test]
fn three_thousand_changed_files_are_counted_and_the_list_is_cut() {
    let scene = Scene::with_repository();
    for n in 0..1_000 {
        write(&scene.project, &format!("many/{n}.txt"), "x\n");
    }
    commit_all(&scene.project, "many");
    let workspace = scene.worktree();
    for n in 0..3_000 {
        write(&workspace.path, &format!("many/{n}.txt"), "y\nz\n");
    }
    let found = changes(&workspace, None).unwrap();
    assert_eq!((found.count.files, found.count.removed), (3_000, 1_000));
    assert_eq!(found.count.added, 6_000);
    assert_eq!((found.files.len(), found.cut), (2_000, true));
}

#[test]
fn names_that_are_no_text_can_still_be_asked_for() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    fs::write(workspace.path.join(OsStr::from_bytes(b"caf\xe9.txt")), "bon\n").unwrap();
    fs::write(workspace.path.join("-n :(glob)*.txt"), "option\n").unwrap();
    let found = changes(&workspace, None).unwrap();
    for (file, line) in found.files.iter().zip(["+option", "+bon"]) {
        let patch = diff(&workspace, None, &file.path).unwrap().patch;
        assert!(patch.contains(line), "{}: {patch}", file.path);
    }
}

#[rstest::rstest]
#[case("../my project 🦀/readme.md")]
#[case("/etc/hostname")]
#[case("src/../../x")]
#[case("")]
fn paths_outside_are_refused(#[case] path: &str) {
    let scene = Scene::with_repository();
    assert!(matches!(diff(&scene.worktree(), None, path), Err(workspaces::ChangesError::Outside(_))));
}

#[test]
fn an_agent_that_removes_the_git_entry_does_not_hide_its_changes() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    fs::remove_file(workspace.path.join(".git")).unwrap();
    git(&workspace.path, &["init", "--quiet"]);
    write(&workspace.path, "readme.md", "other\n");
    assert_eq!(changes(&workspace, None).unwrap().count.files, 1);
}

#[test]
fn a_conflicted_merge_is_shown_once_per_file() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    git(&scene.project, &["checkout", "--quiet", "-b", "theirs"]);
    write(&scene.project, "readme.md", "theirs\n");
    commit_all(&scene.project, "theirs");
    write(&workspace.path, "readme.md", "ours\n");
    commit_all(&workspace.path, "ours");
    let merge = std::process::Command::new("git")
        .current_dir(&workspace.path)
        .args(["merge", "theirs"])
        .output()
        .unwrap();
    assert!(!merge.status.success());
    let found = changes(&workspace, None).unwrap();
    assert_eq!(found.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["readme.md"]);
}

#[test]
fn a_workspace_that_is_gone_says_so() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    fs::remove_dir_all(&workspace.path).unwrap();
    assert!(matches!(changes(&workspace, None), Err(workspaces::ChangesError::Gone(_))));
}

#[test]
fn changes_of_a_plain_folder_are_shown_too() {
    let scene = Scene::with_folder();
    for kind in [Kind::Folder, Kind::InPlace] {
        let mut request = scene.request(kind);
        request.target_dir = scene.target(&format!("{kind:?}"));
        let workspace = made(&request).workspace;
        assert_eq!(changes(&workspace, None).unwrap().count.files, 0);
        write(&workspace.path, "readme.md", format!("{kind:?}\n"));
        write(&workspace.path, "fresh.txt", "1\n");
        let found = changes(&workspace, None).unwrap();
        assert_eq!(
            listed(&found),
            [
                ("fresh.txt".into(), ChangeKind::Untracked, 1, 0),
                ("readme.md".into(), ChangeKind::Modified, 1, 3)
            ]
        );
        assert!(diff(&workspace, None, "readme.md").unwrap().patch.contains("-three"));
        fs::remove_file(workspace.path.join("fresh.txt")).unwrap();
    }
}
