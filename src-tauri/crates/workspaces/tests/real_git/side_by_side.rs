//! Several repositories in one workspace: made, compared, removed and brought back as one, and
//! nothing of a failure is left in any of them.

use crate::removal::{act, perform, state};
use crate::support::*;
use proptest::prelude::*;
use rstest::rstest;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use workspaces::{
    Cancel, ChangeKind, ChangesError, Kind, Part, Pool, Provision, Refilled, Removed, Step, Workspace,
    check_side_by_side, sweep,
};

const BRANCH: &str = "flightboard/T-1-first";

/// The scene's project, in `own 🦀`, and another repository with the same files, in `the other`.
fn scene() -> (Scene, PathBuf) {
    let scene = Scene::with_repository();
    let other = scene.dir.path().join("another one 🚀");
    write(&other, "readme.md", "one\ntwo\nthree\n");
    write(&other, "src/main.rs", "fn main() {}\n");
    git(&other, &["init", "--quiet", "-b", "trunk"]);
    commit_all(&other, "seed");
    (scene, other)
}

fn part(directory: &str, project: &Path) -> Part {
    Part { directory: directory.into(), project: project.into(), base: None }
}

fn request(scene: &Scene, other: &Path) -> Provision {
    let parts = vec![part("own 🦀", &scene.project), part("the other", other)];
    Provision { parts, ..scene.request(Kind::Worktrees) }
}

fn branches(repository: &Path) -> String {
    git(repository, &["for-each-ref", "--format=%(refname:short)", "refs/heads"])
}

fn worktrees(repository: &Path) -> usize {
    git(repository, &["worktree", "list", "--porcelain"]).matches("worktree ").count()
}

fn nothing_is_left(scene: &Scene, other: &Path) {
    assert_eq!((worktrees(&scene.project), branches(&scene.project).as_str()), (1, "main"));
    assert_eq!((worktrees(other), branches(other).as_str()), (1, "trunk"));
    let left = fs::read_dir(scene.data().join("workspaces")).into_iter().flatten().flatten();
    assert_eq!(left.map(|entry| entry.path()).collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

fn removed(scene: &Scene, workspace: &Workspace) -> Removed {
    let mut removed = workspaces::remove(workspace, &scene.removal()).unwrap();
    removed.deletion.take().unwrap().join().unwrap();
    assert!(!workspace.path.exists() && !workspace.state.exists());
    removed
}

#[test]
fn each_repository_is_a_worktree_on_a_branch_of_one_name() {
    let (scene, other) = scene();
    let made = made(&request(&scene, &other));
    let (own, second) = (made.path.join("own 🦀"), made.path.join("the other"));
    assert_eq!((tree(&own), tree(&second)), (tree(&scene.project), tree(&other)));
    for repository in [&own, &second] {
        assert_eq!(git(repository, &["branch", "--show-current"]), BRANCH);
        assert_eq!(git(repository, &["status", "--porcelain"]), "");
    }
    assert_eq!(made.branch.as_deref(), Some(BRANCH));
    assert_eq!(made.base_commit, Some(git(&scene.project, &["rev-parse", "HEAD"])));
    assert_eq!(made.workspace.artifacts(), made.path.join("artifacts"));
    assert!(made.workspace.artifacts().is_dir());
    let opened = Workspace::open(&scene.target("T-1 first")).unwrap();
    assert_eq!(opened.directories, ["own 🦀", "the other"]);
    let bases: Vec<_> = opened.repositories().unwrap().into_iter().map(|part| part.base.unwrap()).collect();
    assert_eq!(bases, [&scene.project, &other].map(|repository| git(repository, &["rev-parse", "HEAD"])));
}

#[test]
fn each_starts_from_a_base_of_its_own() {
    let (scene, other) = scene();
    git(&other, &["branch", "old"]);
    write(&other, "newer.txt", "x");
    commit_all(&other, "newer");
    let mut request = request(&scene, &other);
    request.parts[1].base = Some("old".into());
    assert!(!made(&request).path.join("the other/newer.txt").exists());
}

#[test]
fn a_branch_that_one_of_them_has_gets_a_number_in_all() {
    let (scene, other) = scene();
    git(&other, &["branch", BRANCH]);
    let made = made(&request(&scene, &other));
    for directory in ["own 🦀", "the other"] {
        let branch = git(&made.path.join(directory), &["branch", "--show-current"]);
        assert_eq!(branch, format!("{BRANCH}-2"));
    }
}

#[test]
fn two_tasks_edit_one_file_in_both_repositories_without_a_clash() {
    let (scene, other) = scene();
    let requests = ["one", "two"].map(|name| Provision {
        target_dir: scene.target(name),
        branch: format!("flightboard/{name}"),
        ..request(&scene, &other)
    });
    let [one, two] = std::thread::scope(|scope| {
        requests.each_ref().map(|request| scope.spawn(|| made(request))).map(|made| made.join().unwrap())
    });
    for (workspace, text) in [(&one, "from one\n"), (&two, "from two\n")] {
        for directory in ["own 🦀", "the other"] {
            write(&workspace.path, &format!("{directory}/readme.md"), text);
        }
    }
    for (workspace, text) in [(&one, "from one\n"), (&two, "from two\n")] {
        for directory in ["own 🦀", "the other"] {
            assert_eq!(read(&workspace.path, &format!("{directory}/readme.md")), text);
        }
    }
    assert_eq!((read(&scene.project, "readme.md"), read(&other, "readme.md")).0, "one\ntwo\nthree\n");
    assert_eq!(git(&other, &["status", "--porcelain"]), "");
}

#[test]
fn a_repositorys_own_artifacts_and_task_file_are_the_agents_to_commit() {
    let (scene, other) = scene();
    let workspace = made(&request(&scene, &other)).workspace;
    assert_eq!(workspaces::agent_git_env(&workspace, None), []);
    write(&workspace.path, "TASK.md", "ours");
    write(&workspace.path, "artifacts/a.txt", "ours");
    write(&workspace.path, "the other/TASK.md", "theirs");
    write(&workspace.path, "the other/artifacts/a.txt", "theirs");
    let changed: Vec<_> =
        workspaces::changes(&workspace, None).unwrap().files.into_iter().map(|file| file.path).collect();
    assert_eq!(changed, ["the other/TASK.md", "the other/artifacts/a.txt"]);
    write(&workspace.path, "COMPLETION.md", "done");
    assert_eq!(workspaces::end_marks(&workspace).completion.as_deref(), Some("done"));
}

#[test]
fn included_files_submodules_and_the_setup_command_reach_every_repository() {
    let (scene, other) = scene();
    let library = scene.dir.path().join("library");
    write(&library, "lib.txt", "lib");
    git(&library, &["init", "--quiet", "-b", "main"]);
    commit_all(&library, "lib");
    git(&other, &["submodule", "add", "--quiet", library.to_str().unwrap(), "lib"]);
    for repository in [&scene.project, &other] {
        write(repository, ".gitignore", ".env\n");
        write(repository, ".worktreeinclude", ".env\n");
        commit_all(repository, "more");
        write(repository, ".env", repository.to_str().unwrap());
    }
    let mut request = request(&scene, &other);
    request.setup = ["sh", "-c", "pwd > setup; ls | wc -l >> setup"].map(Into::into).into();
    let made = made(&request);
    assert_eq!(read(&made.path, "own 🦀/.env"), scene.project.to_str().unwrap());
    assert_eq!(read(&made.path, "the other/.env"), other.to_str().unwrap());
    assert_eq!(read(&made.path, "the other/lib/lib.txt"), "lib");
    // Once, in the directory that holds them all: both repositories and its own file were there.
    assert_eq!(read(&made.path, "setup"), format!("{}\n3\n", made.path.canonicalize().unwrap().display()));
}

#[test]
fn an_included_file_does_not_follow_a_link_into_the_repository_beside_it() {
    let (scene, other) = scene();
    git(&other, &["checkout", "--quiet", "-b", "trap"]);
    std::os::unix::fs::symlink("../own 🦀/src", other.join("conf")).unwrap();
    commit_all(&other, "a link named conf");
    git(&other, &["checkout", "--quiet", "trunk"]);
    write(&other, ".worktreeinclude", "conf/\n");
    write(&other, "conf/key", "secret");
    let mut request = request(&scene, &other);
    request.parts[1].base = Some("trap".into());
    let made = made(&request);
    assert_eq!(git(&made.path.join("own 🦀"), &["status", "--porcelain"]), "");
    assert_eq!(made.notes.len(), 1, "{:?}", made.notes);
    assert!(made.notes[0].starts_with("the other: "), "{:?}", made.notes);
}

#[test]
fn each_repository_takes_its_spare_from_the_pool() {
    let (scene, other) = scene();
    let pool = Pool::new(&scene.data()).for_repositories_above(1);
    for repository in [&scene.project, &other] {
        assert_eq!(pool.refill(repository, None, &Cancel::default()).unwrap(), Refilled::Made);
    }
    let taken = Mutex::new(0);
    let request = Provision { pool: Some(pool), ..request(&scene, &other) };
    let made = workspaces::provision(&request, &|step| {
        *taken.lock().unwrap() += u8::from(step == Step::TakingSpare)
    });
    let made = made.unwrap();
    assert_eq!(taken.into_inner().unwrap(), 2);
    assert_eq!(tree(&made.path.join("own 🦀")), tree(&scene.project));
    assert_eq!(tree(&made.path.join("the other")), tree(&other));
    assert_eq!((worktrees(&scene.project), worktrees(&other)), (2, 2));
}

#[rstest]
#[case::no_such_base("base_not_found")]
#[case::a_failing_setup("setup_failed")]
#[case::cancelled_in_the_second("cancelled")]
#[case::cancelled_before_the_end("cancelled")]
fn a_failure_leaves_nothing_in_any_repository(#[case] code: &str, #[values(1, 2)] at: usize) {
    let (scene, other) = scene();
    let mut request = request(&scene, &other);
    match code {
        "base_not_found" => request.parts[1].base = Some("nope".into()),
        "setup_failed" => request.setup = vec!["false".into()],
        _ => request.setup = vec!["true".into()],
    }
    let (cancel, steps) = (request.cancel.clone(), Mutex::new(0));
    let error = workspaces::provision(&request, &|step| {
        if matches!(step, Step::CheckingOut | Step::Setup(_)) && code == "cancelled" {
            let mut n = steps.lock().unwrap();
            if *n == at {
                cancel.cancel();
            }
            *n += 1;
        }
    });
    assert_eq!(error.unwrap_err().code(), code);
    nothing_is_left(&scene, &other);
}

/// A copy of the test binary provisions and is killed at a chosen step; nothing of it can clean up.
#[rstest]
#[case::before_the_first(0)]
#[case::between_the_two(1)]
#[case::before_setup(2)]
fn what_a_killed_provision_leaves_in_both_is_swept(#[case] step: usize) {
    let (scene, other) = scene();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "side_by_side::helper_that_dies_while_provisioning", "--ignored"])
        .env("DIE_SCENE", scene.dir.path())
        .env("DIE_STEP", step.to_string())
        .output()
        .unwrap()
        .status;
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGKILL));
    assert!(scene.target("T-1 first.state").exists());
    assert_eq!(sweep(&scene.data(), &[]).removed, [scene.target("T-1 first")]);
    nothing_is_left(&scene, &other);
}

/// git killed in the middle of `worktree add`: it knows of the worktree, has it locked, and there is none yet.
#[test]
fn a_worktree_that_git_had_only_begun_is_forgotten() {
    let (scene, other) = scene();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "side_by_side::helper_that_dies_while_provisioning", "--ignored"])
        .env("DIE_SCENE", scene.dir.path())
        .env("DIE_STEP", "2")
        .output()
        .unwrap()
        .status;
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGKILL));
    fs::remove_file(scene.target("T-1 first").join("the other/.git")).unwrap();
    let known = fs::read_dir(other.join(".git/worktrees")).unwrap().next().unwrap().unwrap().path();
    fs::write(known.join("locked"), "initializing").unwrap();
    assert_eq!(worktrees(&other), 2);
    sweep(&scene.data(), &[]);
    nothing_is_left(&scene, &other);
}

/// The real git is ended before each of the file operations that it does for a workspace, one after the other:
/// asked to leave, as when a provision is given up, or killed together with us. Nothing is left in either
/// repository.
#[cfg(target_os = "linux")]
#[rstest]
fn wherever_git_is_killed_nothing_is_left(#[values(false, true)] we_die_too: bool) {
    let shim = tempfile::tempdir().unwrap();
    let library = shim.path().join("kill_at.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/kill_at.c");
    let built = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status();
    assert!(built.is_ok_and(|status| status.success()), "this test needs a C compiler, as Rust itself does");
    let (scene, other) = scene();
    let before = (names_in(&scene.project), names_in(&other));
    let mut points: u64 = 0;
    loop {
        points += 1;
        let counter = shim.path().join(points.to_string());
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "side_by_side::helper_whose_git_is_killed", "--ignored", "--nocapture"])
            .env("DIE_SCENE", scene.dir.path())
            .env("LD_PRELOAD", &library)
            .env("KILL_PROGRAM", "git")
            .env("KILL_COUNTER", &counter)
            .env("KILL_AT", points.to_string())
            .env("KILL_WHOM", if we_die_too { "starter" } else { "asked" })
            .output()
            .unwrap();
        let made = String::from_utf8_lossy(&output.stdout).contains("all is made");
        if fs::metadata(&counter).unwrap().len() < points {
            assert!(made, "nothing was killed: {output:?}");
            break;
        }
        if made {
            // Whatever was killed was not needed.
            removed(&scene, &Workspace::open(&scene.target("T-1 first")).unwrap());
            sweep(&scene.data(), &[]);
            continue;
        }
        let died = std::os::unix::process::ExitStatusExt::signal(&output.status).is_some();
        assert_eq!(died, we_die_too, "{output:?}");
        if we_die_too {
            // Other programs may hold it, so whoever has killed git must remove it, as git says.
            for repository in [&scene.project, &other] {
                let _ = fs::remove_file(repository.join(".git/packed-refs.lock"));
            }
            sweep(&scene.data(), &[]);
        }
        for (repository, before) in [(&scene.project, &before.0), (&other, &before.1)] {
            let left: Vec<_> =
                names_in(repository).into_iter().filter(|name| !before.contains(name)).collect();
            assert_eq!(left, Vec::<PathBuf>::new(), "after a kill at point {points}: {output:?}");
        }
        nothing_is_left(&scene, &other);
    }
    assert!(points > 20, "{points} points are too few to be all");
}

/// Some versions of git write a heading alone when they remove a ref.
#[cfg(target_os = "linux")]
fn names_no_ref(packed: &Path) -> bool {
    fs::read_to_string(packed).unwrap().lines().all(|line| line.starts_with('#'))
}

/// What git keeps in the repository, less objects, which it collects by itself, and empty directories; and less
/// the file by which our processes take turns.
#[cfg(target_os = "linux")]
fn names_in(repository: &Path) -> Vec<PathBuf> {
    let (mut found, mut look) = (Vec::new(), vec![repository.join(".git")]);
    while let Some(dir) = look.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true if entry.file_name() == "objects" => {}
                false if entry.file_name() == "flightboard.lock" => {}
                false if entry.file_name() == "packed-refs" && names_no_ref(&entry.path()) => {}
                true => look.push(entry.path()),
                false => found.push(entry.path()),
            }
        }
    }
    found.sort();
    found
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by wherever_git_is_killed_nothing_is_left, in a process of its own"]
fn helper_whose_git_is_killed() {
    let Some(dir) = std::env::var_os("DIE_SCENE").map(PathBuf::from) else { return };
    if workspaces::provision(&request_in(&dir), &|_| {}).is_ok() {
        println!("\nall is made");
    }
}

/// The request of a process that works in the scene of another.
fn request_in(dir: &Path) -> Provision {
    let project = dir.join("my project 🦀");
    let target = dir.join("data dir/workspaces/T-1 first");
    let mut request = Provision::new(Kind::Worktrees, Some(project.clone()), target);
    request.parts = vec![part("own 🦀", &project), part("the other", &dir.join("another one 🚀"))];
    request.branch = BRANCH.into();
    request.setup = vec!["true".into()];
    request
}

#[test]
#[ignore = "run by what_a_killed_provision_leaves_in_both_is_swept, in a process of its own"]
fn helper_that_dies_while_provisioning() {
    let Some(dir) = std::env::var_os("DIE_SCENE").map(PathBuf::from) else { return };
    let die_at: usize = std::env::var("DIE_STEP").unwrap().parse().unwrap();
    let request = request_in(&dir);
    let steps = Mutex::new(0);
    let die = |step: Step| {
        if matches!(step, Step::CheckingOut | Step::Setup(_)) {
            let mut n = steps.lock().unwrap();
            if *n == die_at {
                // SAFETY: signals this process only.
                unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
            }
            *n += 1;
        }
    };
    let _ = workspaces::provision(&request, &die);
}

#[test]
fn only_repositories_with_commits_lie_side_by_side_and_each_once() {
    let (scene, other) = scene();
    let at = |name: &str| scene.dir.path().join(name);
    fs::create_dir(at("plain")).unwrap();
    git(scene.dir.path(), &["init", "--quiet", "unborn"]);
    git(scene.dir.path(), &["init", "--quiet", "--bare", "bare.git"]);
    git(&scene.project, &["worktree", "add", "--quiet", "--detach", at("linked").to_str().unwrap()]);
    assert!(check_side_by_side(&[&scene.project, &other]).is_ok());
    let cases = [
        ("plain", "not_a_repository"),
        ("unborn", "no_commits"),
        ("bare.git", "bare_repository"),
        ("nowhere", "not_a_folder"),
        ("linked", "same_repository"),
        ("my project 🦀", "same_repository"),
        ("another one 🚀/src", "not_a_repository"),
    ];
    for (name, code) in cases {
        let error = check_side_by_side(&[&scene.project, &at(name)]).unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.next_step().is_some());
    }
}

#[rstest]
#[case("own 🦀")]
#[case("OWN 🦀")]
#[case("..")]
#[case("a/b")]
#[case("/etc")]
#[case("")]
#[case("artifacts")]
#[case("task.md")]
fn a_directory_that_is_taken_or_leads_elsewhere_is_refused(#[case] directory: &str) {
    let (scene, other) = scene();
    let mut request = request(&scene, &other);
    request.parts[1].directory = directory.into();
    assert_eq!(refused(&request).code(), "bad_directory");
    nothing_is_left(&scene, &other);
}

#[test]
fn changes_are_named_by_directory_and_files_beside_the_repositories_are_told_too() {
    let (scene, other) = scene();
    let workspace = made(&request(&scene, &other)).workspace;
    write(&workspace.path, "plan [a].md", "loose\n");
    write(&workspace.path, "own 🦀/readme.md", "one\nTWO\nthree\n");
    fs::rename(workspace.path.join("the other/src/main.rs"), workspace.path.join("the other/moved.rs"))
        .unwrap();
    let second = workspace.path.join("the other");
    commit_all(&second, "moved");
    let found = workspaces::changes(&workspace, None).unwrap();
    let files: Vec<_> = found.files.iter().map(|f| (f.path.as_str(), f.from.as_deref(), f.kind)).collect();
    assert_eq!(
        files,
        [
            ("own 🦀/readme.md", None, ChangeKind::Modified),
            ("plan [a].md", None, ChangeKind::Untracked),
            ("the other/moved.rs", Some("the other/src/main.rs"), ChangeKind::Renamed),
        ]
    );
    assert_eq!((found.count.files, found.count.added, found.count.removed), (3, 2, 1));
    assert_eq!((found.commits, found.note), (1, None));

    let patch = |path: &str| workspaces::diff(&workspace, None, path).unwrap().patch;
    assert!(patch("own 🦀/readme.md").contains("+++ b/own 🦀/readme.md"), "{}", patch("own 🦀/readme.md"));
    assert!(patch("own 🦀/readme.md").contains("-two\n+TWO\n"));
    assert!(patch("plan [a].md").contains("+loose"));
    assert!(
        patch("the other/moved.rs").starts_with("diff --git a/the other/src/main.rs b/the other/moved.rs\n")
    );
    assert_eq!(patch("the other/readme.md"), "");
    for path in ["the other/../own 🦀/readme.md", "../x", "/etc/passwd", "the other/../../x"] {
        let refused = workspaces::diff(&workspace, None, path);
        assert!(matches!(refused, Err(ChangesError::Outside(_))), "{path}");
    }
}

#[test]
fn a_repository_replaced_by_a_link_is_not_followed() {
    let (scene, other) = scene();
    let workspace = made(&request(&scene, &other)).workspace;
    let outside = scene.dir.path().join("outside");
    write(&outside, "secret.txt", "private");
    write(&workspace.path, "own 🦀/new.txt", "new");
    fs::remove_dir_all(workspace.path.join("the other")).unwrap();
    std::os::unix::fs::symlink(&outside, workspace.path.join("the other")).unwrap();

    let found = workspaces::changes(&workspace, None).unwrap();
    let names: Vec<_> = found.files.iter().map(|file| (file.path.as_str(), file.kind)).collect();
    assert_eq!(names, [("own 🦀/new.txt", ChangeKind::Untracked), ("the other", ChangeKind::Deleted)]);
    for path in ["the other", "the other/secret.txt"] {
        assert!(matches!(workspaces::diff(&workspace, None, path), Err(ChangesError::Gone(_))), "{path}");
    }
    let gone = removed(&scene, &workspace);
    assert_eq!(read(&outside, "secret.txt"), "private");
    let saved = git(&other, &["for-each-ref", "--format=%(refname)", "refs/flightboard"]);
    let names = git(&other, &["ls-tree", "-r", "--name-only", &saved]);
    assert!(!names.contains("secret"), "{names}");
    let back = workspaces::restore_folder(&gone.trashed.unwrap(), &scene.target("back")).unwrap();
    assert_eq!(tree(&back.path.join("the other")), tree(&other));
    assert_eq!(read(&back.path, "own 🦀/new.txt"), "new");
    assert_eq!(
        fs::read_dir(scene.removal().trash).unwrap().count(),
        0,
        "the link came back too, under another name"
    );
}

#[test]
fn work_in_any_of_them_brings_all_back_as_they_were() {
    let (scene, other) = scene();
    let workspace = made(&request(&scene, &other)).workspace;
    let (own, second) = (workspace.path.join("own 🦀"), workspace.path.join("the other"));
    write(&own, "readme.md", "staged\n");
    git(&own, &["add", "readme.md"]);
    write(&own, "readme.md", "staged, then changed\n");
    git(&second, &["checkout", "--quiet", "-b", "elsewhere"]);
    write(&second, "committed.txt", "c");
    let head = commit_all(&second, "by the agent");
    write(&workspace.path, "notes/plan.md", "beside");
    let before = (state(&own), state(&second));

    let gone = removed(&scene, &workspace);
    assert!(gone.salvage.is_none() && !gone.was_gone);
    assert_eq!((worktrees(&scene.project), worktrees(&other)), (1, 1));
    let back = workspaces::restore_folder(&gone.trashed.unwrap(), &workspace.path).unwrap();
    assert_eq!((state(&own), state(&second)), before);
    assert_eq!(read(&back.path, "notes/plan.md"), "beside");
    assert_eq!(git(&second, &["rev-parse", "HEAD"]), head);
    assert_eq!(git(&second, &["branch", "--show-current"]), "elsewhere");
    assert_eq!(git(&own, &["branch", "--show-current"]), BRANCH);
    let changed: Vec<_> =
        workspaces::changes(&back, None).unwrap().files.into_iter().map(|file| file.path).collect();
    assert_eq!(changed, ["notes/plan.md", "own 🦀/readme.md", "the other/committed.txt"]);
    assert_eq!(fs::read_dir(scene.removal().trash).unwrap().count(), 0);

    // And once more: what came back is a workspace like any other.
    let again = removed(&scene, &Workspace::open(&workspace.path).unwrap());
    workspaces::restore_folder(&again.trashed.unwrap(), &workspace.path).unwrap();
    assert_eq!((state(&own), state(&second)), before);
}

#[test]
fn clean_repositories_leave_nothing_behind() {
    let (scene, other) = scene();
    let workspace = made(&request(&scene, &other)).workspace;
    write(&workspace.path, "TASK.md", "ours");
    write(&workspace.path, "artifacts/a.txt", "collected elsewhere");
    let gone = removed(&scene, &workspace);
    assert_eq!((gone.salvage, gone.trashed, gone.branch_kept), (None, None, false));
    fs::remove_dir_all(scene.data().join("workspaces/.rubbish")).unwrap();
    nothing_is_left(&scene, &other);
    assert_eq!(git(&other, &["for-each-ref", "refs/flightboard"]), "");
    assert!(workspaces::remove(&workspace, &scene.removal()).unwrap().was_gone, "twice is fine");
}

#[test]
fn a_clone_inside_the_second_repository_is_not_lost_silently() {
    let (scene, other) = scene();
    let workspace = made(&request(&scene, &other)).workspace;
    let second = workspace.path.join("the other");
    git(&second, &["init", "--quiet", "a clone"]);
    write(&second, "a clone/x", "x");
    let error = workspaces::remove(&workspace, &scene.removal()).unwrap_err();
    assert!(error.to_string().contains("the other/a clone"), "{error}");
    assert!(second.join("a clone/x").exists() && workspace.path.join("own 🦀/readme.md").exists());
}

#[test]
fn a_workspace_deleted_by_hand_is_forgotten_by_every_repository() {
    let (scene, other) = scene();
    let workspace = made(&request(&scene, &other)).workspace;
    let second = workspace.path.join("the other");
    git(&second, &["checkout", "--quiet", "--detach"]);
    write(&second, "lonely.txt", "x");
    let head = commit_all(&second, "lonely");
    fs::remove_dir_all(&workspace.path).unwrap();
    let gone = removed(&scene, &workspace);
    assert!(gone.was_gone);
    assert_eq!((worktrees(&scene.project), worktrees(&other)), (1, 1));
    let back = workspaces::restore_folder(&gone.trashed.unwrap(), &scene.target("back")).unwrap();
    assert_eq!(git(&back.path.join("the other"), &["rev-parse", "HEAD"]), head);
    assert_eq!(tree(&back.path.join("own 🦀")), tree(&scene.project));
}

#[test]
fn a_restore_that_fails_leaves_the_trash_as_it_is_and_nothing_else() {
    let (scene, other) = scene();
    let workspace = made(&request(&scene, &other)).workspace;
    write(&workspace.path, "own 🦀/new.txt", "new");
    write(&workspace.path, "the other/new.txt", "new");
    let trashed = removed(&scene, &workspace).trashed.unwrap();
    let away = scene.dir.path().join("away");
    fs::rename(&other, &away).unwrap();
    assert!(workspaces::restore_folder(&trashed, &workspace.path).is_err());
    assert!(!workspace.path.exists() && !workspace.state.exists());
    assert_eq!(worktrees(&scene.project), 1);
    fs::rename(&away, &other).unwrap();
    let back = workspaces::restore_folder(&trashed, &workspace.path).unwrap();
    assert_eq!(read(&back.path, "the other/new.txt"), "new");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_an_agent_did_in_two_repositories_comes_back(
        acts in prop::collection::vec((any::<bool>(), act()), 1..14)
    ) {
        let (scene, other) = scene();
        let workspace = made(&request(&scene, &other)).workspace;
        let places = ["own 🦀", "the other"].map(|directory| workspace.path.join(directory));
        for (second, act) in &acts {
            perform(&places[usize::from(*second)], act);
        }
        let before = places.each_ref().map(|place| (state(place), git(place, &["rev-parse", "HEAD"])));
        let gone = removed(&scene, &workspace);
        match gone.trashed {
            None => prop_assert!(before.iter().all(|((_, _, status), _)| status.is_empty())),
            Some(trashed) => {
                workspaces::restore_folder(&trashed, &workspace.path).unwrap();
                prop_assert_eq!(places.each_ref().map(|place| (state(place), git(place, &["rev-parse", "HEAD"]))), before);
            }
        }
    }
}
