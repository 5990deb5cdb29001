//! Workspaces that are no worktree.

use crate::support::*;
use std::collections::HashSet;
use std::fs;
use std::time::{Duration, SystemTime};
use workspaces::{Kind, Provision, empty_trash, remove, restore_folder};

#[test]
fn a_folder_project_is_copied_whole() {
    let scene = Scene::with_folder();
    write(&scene.project, ".hidden/x", "1");
    write(&scene.project, "run.sh", "#!/bin/sh\n");
    crate::provision::executable(&scene.project.join("run.sh"));
    std::os::unix::fs::symlink("readme.md", scene.project.join("link")).unwrap();
    let made = made(&scene.request(Kind::Folder));
    assert_eq!(tree(&made.path), tree(&scene.project));
    assert!(!made.path.join(".git").exists());
    write(&made.path, "readme.md", "mine");
    assert_eq!(read(&scene.project, "readme.md"), "one\ntwo\nthree\n");
}

#[test]
fn a_fifo_in_the_folder_is_left_out_with_a_note() {
    let scene = Scene::with_folder();
    let status = std::process::Command::new("mkfifo").arg(scene.project.join("pipe")).status().unwrap();
    assert!(status.success());
    let made = made(&scene.request(Kind::Folder));
    assert!(!made.path.join("pipe").exists());
    assert!(made.notes[0].contains("pipe"), "{:?}", made.notes);
}

#[test]
fn no_project_means_an_empty_folder() {
    let scene = Scene::with_folder();
    let request = Provision { project: None, ..scene.request(Kind::Folder) };
    let made = made(&request);
    assert_eq!(tree(&made.path), []);
    write(&made.path, "first.txt", "1\n");
    assert_eq!(workspaces::changes(&made.workspace, None).unwrap().count.files, 1);
    for wanted in [Kind::Worktree, Kind::InPlace] {
        let request = Provision { wanted, target_dir: scene.target("x"), ..request.clone() };
        assert_eq!(refused(&request).code(), "no_project");
    }
}

#[test]
fn a_folder_too_large_is_refused_with_the_offer_to_use_it_in_place() {
    let scene = Scene::with_folder();
    fs::File::create(scene.project.join("huge")).unwrap().set_len(3 << 30).unwrap();
    let error = refused(&scene.request(Kind::Folder));
    assert_eq!(error.code(), "too_large");
    assert!(error.next_step().unwrap().contains("in place"));
    assert!(!scene.data().join("workspaces/T-1 first").exists());
}

#[test]
fn a_folder_is_not_copied_into_itself() {
    let scene = Scene::with_folder();
    let request =
        Provision { target_dir: scene.project.join("data/workspaces/x"), ..scene.request(Kind::Folder) };
    assert_eq!(refused(&request).code(), "target_inside_project");
    assert!(!scene.project.join("data").exists());
}

#[test]
fn a_project_used_in_place_survives_failure_and_removal() {
    let scene = Scene::with_repository();
    let before = tree(&scene.project);
    let mut request = scene.request(Kind::InPlace);
    request.setup = vec!["false".into()];
    assert_eq!(refused(&request).code(), "setup_failed");
    assert_eq!(tree(&scene.project), before);
    request.setup.clear();
    let made = made(&request);
    assert_eq!(made.path, scene.project.canonicalize().unwrap());
    remove(&made.workspace, &scene.removal()).unwrap();
    assert_eq!(tree(&scene.project), before);
}

#[test]
fn a_folder_goes_to_the_trash_and_comes_back_with_its_changes() {
    let scene = Scene::with_folder();
    let workspace = made(&scene.request(Kind::Folder)).workspace;
    write(&workspace.path, "readme.md", "changed\n");
    let before = tree(&workspace.path);
    let removed = remove(&workspace, &scene.removal()).unwrap();
    assert!(!workspace.path.exists() && !workspace.state.exists());
    let back = restore_folder(&removed.trashed.unwrap(), &scene.target("elsewhere")).unwrap();
    assert_eq!(tree(&back.path), before);
    assert_eq!(workspaces::changes(&back, None).unwrap().count.files, 1);
    assert_eq!(fs::read_dir(scene.removal().trash).unwrap().count(), 0);
}

#[test]
fn the_trash_is_emptied_of_what_is_old() {
    let scene = Scene::with_folder();
    let workspace = made(&scene.request(Kind::Folder)).workspace;
    let entry = remove(&workspace, &scene.removal()).unwrap().trashed.unwrap();
    let trash = scene.removal().trash;
    let later = SystemTime::now() + Duration::from_secs(1);
    let wanted = HashSet::from([entry.to_string_lossy().into_owned()]);
    assert_eq!(empty_trash(&trash, SystemTime::now() - Duration::from_secs(3_600), &HashSet::new()), 0);
    assert_eq!(empty_trash(&trash, later, &wanted), 0);
    assert!(entry.is_dir(), "what can still be wanted back");
    assert_eq!(empty_trash(&trash, later, &HashSet::new()), 1);
    assert_eq!(fs::read_dir(trash).unwrap().count(), 0);
}
