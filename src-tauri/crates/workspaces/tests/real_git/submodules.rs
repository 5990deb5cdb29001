//! Submodules: filled from the project's own clones, never from the network, and their work is
//! not thrown away.

use crate::support::*;
use std::fs;
use workspaces::{Kind, Removal, remove};

/// The project has the submodule `libs/lib one`, which has the submodule `inner`; the upstreams
/// are gone, so nothing can be fetched.
fn scene() -> Scene {
    let scene = Scene::with_repository();
    let dir = scene.dir.path();
    for name in ["inner up", "lib up"] {
        git(dir, &["init", "--quiet", "-b", "main", name]);
        write(&dir.join(name), "file.txt", name);
        commit_all(&dir.join(name), "seed");
    }
    git(
        &dir.join("lib up"),
        &["submodule", "--quiet", "add", dir.join("inner up").to_str().unwrap(), "inner"],
    );
    commit_all(&dir.join("lib up"), "with inner");
    git(
        &scene.project,
        &["submodule", "--quiet", "add", dir.join("lib up").to_str().unwrap(), "libs/lib one"],
    );
    git(&scene.project, &["submodule", "--quiet", "update", "--init", "--recursive"]);
    commit_all(&scene.project, "with a submodule");
    for name in ["inner up", "lib up"] {
        fs::rename(dir.join(name), dir.join(format!("{name} gone"))).unwrap();
    }
    scene
}

#[test]
fn they_are_filled_from_the_projects_clones_without_touching_its_configuration() {
    let scene = scene();
    let before = read(&scene.project, ".git/config");
    let made = made(&scene.request(Kind::Worktree));
    assert_eq!(made.notes, Vec::<String>::new());
    assert_eq!(read(&made.path, "libs/lib one/file.txt"), "lib up");
    assert_eq!(read(&made.path, "libs/lib one/inner/file.txt"), "inner up");
    assert_eq!(read(&scene.project, ".git/config"), before);
    assert_eq!(git(&made.path, &["status", "--porcelain"]), "");
    let remote = git(&made.path.join("libs/lib one"), &["config", "remote.origin.url"]);
    assert_eq!(remote, scene.dir.path().join("lib up").to_str().unwrap());
    let gone = remove(&made.workspace, &scene.removal()).unwrap();
    assert_eq!((gone.salvage, scene.worktrees()), (None, 1));
}

#[test]
fn one_the_project_never_fetched_stays_empty_with_a_note() {
    let scene = scene();
    git(&scene.project, &["submodule", "--quiet", "deinit", "--all", "--force"]);
    fs::remove_dir_all(scene.project.join(".git/modules")).unwrap();
    let made = made(&scene.request(Kind::Worktree));
    assert_eq!(made.notes.len(), 1);
    assert!(made.notes[0].contains("libs/lib one"), "{:?}", made.notes);
}

#[test]
fn a_configured_update_command_does_not_run() {
    let scene = scene();
    let marker = scene.dir.path().join("marker");
    git(
        &scene.project,
        &["config", "submodule.libs/lib one.update", &format!("!touch '{}' #", marker.display())],
    );
    made(&scene.request(Kind::Worktree));
    assert!(!marker.exists());
}

#[test]
fn uncommitted_and_unpushed_work_in_a_submodule_refuses_removal() {
    let scene = scene();
    let workspace = scene.worktree();
    let lib = workspace.path.join("libs/lib one");
    write(&lib, "file.txt", "changed");
    let error = remove(&workspace, &scene.removal()).unwrap_err();
    assert!(error.to_string().contains("libs/lib one"), "{error}");
    commit_all(&lib, "only here");
    assert!(remove(&workspace, &scene.removal()).is_err());
    assert_eq!(read(&lib, "file.txt"), "changed");
    let told = Removal { lose_unsaved: true, ..scene.removal() };
    assert!(remove(&workspace, &told).unwrap().salvage.is_some());
}
