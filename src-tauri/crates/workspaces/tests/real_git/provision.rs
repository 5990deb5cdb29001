//! Worktrees: made as asked, refused with a next step, and nothing left of a failure.

use crate::support::*;
use rstest::rstest;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use workspaces::{Cancel, Kind, Pool, Provision, Refilled, Step, Workspace, sweep};

#[test]
fn a_worktree_has_the_files_of_its_base_on_a_branch_of_its_own() {
    let scene = Scene::with_repository();
    let made = made(&scene.request(Kind::Worktree));
    assert_eq!(tree(&made.path), tree(&scene.project));
    assert_eq!(made.branch.as_deref(), Some("flightboard/T-1-first"));
    assert_eq!(git(&made.path, &["branch", "--show-current"]), "flightboard/T-1-first");
    assert_eq!(made.base_commit, Some(git(&scene.project, &["rev-parse", "HEAD"])));
    assert_eq!(git(&made.path, &["status", "--porcelain"]), "");
    assert!(made.workspace.artifacts().is_dir());
}

#[test]
fn it_starts_from_the_base_that_was_asked_for() {
    let scene = Scene::with_repository();
    git(&scene.project, &["branch", "old"]);
    write(&scene.project, "newer.txt", "x");
    commit_all(&scene.project, "newer");
    let request = Provision { base: Some("old".into()), ..scene.request(Kind::Worktree) };
    assert!(!made(&request).path.join("newer.txt").exists());
}

#[test]
fn the_record_on_disk_opens_again() {
    let scene = Scene::with_repository();
    let workspace = scene.worktree();
    let opened = Workspace::open(&scene.target("T-1 first")).unwrap();
    assert_eq!((opened.path, opened.branch, opened.base), (workspace.path, workspace.branch, workspace.base));
    assert!(opened.ready);
}

#[test]
fn the_users_repository_keeps_its_configuration_and_excludes() {
    let scene = Scene::with_repository();
    let shared = [".git/config", ".git/info/exclude"];
    let before = shared.map(|path| read(&scene.project, path));
    scene.worktree();
    assert_eq!(shared.map(|path| read(&scene.project, path)), before);
}

#[test]
fn an_agents_add_all_leaves_our_files_out_and_respects_the_users_own_excludes() {
    let scene = Scene::with_repository();
    write(&scene.project, "mine.ignore", "*.secret\n");
    git(
        &scene.project,
        &["config", "core.excludesFile", scene.project.join("mine.ignore").to_str().unwrap()],
    );
    let workspace = scene.worktree();
    for name in ["TASK.md", "COMPLETION.md", "BLOCKED.md", "artifacts/a.txt", "key.secret", "docs/TASK.md"] {
        write(&workspace.path, name, "x");
    }
    agent_git(&workspace, &["add", "--all"]);
    assert_eq!(agent_git(&workspace, &["diff", "--cached", "--name-only"]), "docs/TASK.md");
}

#[test]
fn an_existing_branch_gets_a_number_and_the_tenth_is_refused() {
    let scene = Scene::with_repository();
    git(&scene.project, &["branch", "flightboard/T-1-first"]);
    assert_eq!(made(&scene.request(Kind::Worktree)).branch.unwrap(), "flightboard/T-1-first-2");
    for n in 3..=9 {
        git(&scene.project, &["branch", &format!("flightboard/T-1-first-{n}")]);
    }
    let request = Provision { target_dir: scene.target("second"), ..scene.request(Kind::Worktree) };
    assert_eq!(refused(&request).code(), "branch_exists");
}

#[test]
fn two_runs_of_one_card_edit_one_file_without_a_clash() {
    let scene = Scene::with_repository();
    let (one, two) = (
        scene.request(Kind::Worktree),
        Provision { target_dir: scene.target("two"), ..scene.request(Kind::Worktree) },
    );
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(|| made(&two));
        (made(&one), other.join().unwrap())
    });
    write(&one.path, "readme.md", "mine\n");
    assert_eq!(read(&two.path, "readme.md"), "one\ntwo\nthree\n");
    assert_ne!(one.branch, two.branch);
}

#[rstest]
#[case::missing("nowhere", "not_a_folder")]
#[case::plain("plain", "not_a_repository")]
#[case::bare("bare.git", "bare_repository")]
#[case::unborn("unborn", "no_commits")]
#[case::inside("my project 🦀/src", "not_a_repository")]
fn a_project_no_worktree_can_be_made_of_is_refused_with_a_next_step(#[case] name: &str, #[case] code: &str) {
    let scene = Scene::with_repository();
    fs::create_dir(scene.dir.path().join("plain")).unwrap();
    git(scene.dir.path(), &["init", "--quiet", "--bare", "bare.git"]);
    git(scene.dir.path(), &["init", "--quiet", "unborn"]);
    let request = Provision { project: Some(scene.dir.path().join(name)), ..scene.request(Kind::Worktree) };
    let error = refused(&request);
    assert_eq!(error.code(), code, "{error}");
    assert!(error.next_step().is_some());
    assert_eq!(leftovers(&scene), Vec::<String>::new());
}

#[rstest]
#[case::no_such_base(Some("nope"), "flightboard/x", "base_not_found")]
#[case::base_like_an_option(Some("--upload-pack=x"), "flightboard/x", "base_not_found")]
#[case::branch_like_an_option(None, "-x", "bad_branch_name")]
#[case::branch_with_dots(None, "flightboard/a..b", "bad_branch_name")]
#[case::branch_in_the_way(None, "main/x", "branch_exists")]
fn names_that_cannot_be_are_refused(#[case] base: Option<&str>, #[case] branch: &str, #[case] code: &str) {
    let scene = Scene::with_repository();
    let request =
        Provision { base: base.map(Into::into), branch: branch.into(), ..scene.request(Kind::Worktree) };
    assert_eq!(refused(&request).code(), code);
    assert_eq!((leftovers(&scene), scene.worktrees()), (Vec::new(), 1));
}

#[test]
fn a_target_that_exists_is_refused_and_left_alone() {
    let scene = Scene::with_repository();
    write(&scene.target("T-1 first"), "precious.txt", "x");
    assert_eq!(refused(&scene.request(Kind::Worktree)).code(), "target_exists");
    assert_eq!(read(&scene.target("T-1 first"), "precious.txt"), "x");
}

#[test]
fn files_named_by_worktreeinclude_are_copied_and_no_others() {
    let scene = Scene::with_repository();
    write(&scene.project, ".gitignore", ".env\nlocal/\nlinks/\n");
    write(
        &scene.project,
        ".worktreeinclude",
        "# what agents need\n.env\nlocal/*.json\n!local/not.json\nlinks/\nreadme.md\n",
    );
    commit_all(&scene.project, "ignore");
    write(&scene.project, ".env", "SECRET=1\n");
    write(&scene.project, "local/a.json", "{}");
    write(&scene.project, "local/not.json", "{}");
    write(&scene.project, "local/b.txt", "x");
    write(&scene.project, "readme.md", "uncommitted\n");
    write(scene.dir.path(), "outside.txt", "outside");
    fs::create_dir(scene.project.join("links")).unwrap();
    for (name, leads) in [("in", "../readme.md"), ("out", "../../outside.txt"), ("root", "/etc/hostname")] {
        std::os::unix::fs::symlink(leads, scene.project.join("links").join(name)).unwrap();
    }
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(scene.project.join(".env"), fs::Permissions::from_mode(0o600)).unwrap();

    let made = made(&scene.request(Kind::Worktree));
    assert_eq!(read(&made.path, ".env"), "SECRET=1\n");
    assert_eq!(fs::metadata(made.path.join(".env")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(made.path.join("local/a.json").exists());
    assert!(!made.path.join("local/not.json").exists() && !made.path.join("local/b.txt").exists());
    assert_eq!(read(&made.path, "readme.md"), "one\ntwo\nthree\n");
    assert!(made.path.join("links/in").is_symlink());
    assert!(!made.path.join("links/out").is_symlink() && !made.path.join("links/root").is_symlink());
    assert_eq!(made.notes.len(), 2, "{:?}", made.notes);
}

#[test]
fn an_included_file_does_not_follow_a_link_of_the_base_out_of_the_workspace() {
    let scene = Scene::with_repository();
    let outside = scene.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    git(&scene.project, &["checkout", "--quiet", "-b", "trap"]);
    std::os::unix::fs::symlink(&outside, scene.project.join("conf")).unwrap();
    commit_all(&scene.project, "a link named conf");
    git(&scene.project, &["checkout", "--quiet", "main"]);
    write(&scene.project, ".worktreeinclude", "conf/\n");
    write(&scene.project, "conf/key", "secret");
    made(&Provision { base: Some("trap".into()), ..scene.request(Kind::Worktree) });
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn neither_hooks_nor_an_fsmonitor_of_the_repository_run() {
    let scene = Scene::with_repository();
    let marker = scene.dir.path().join("marker");
    let program = scene.dir.path().join("program");
    write(scene.dir.path(), "program", format!("#!/bin/sh\necho \"$0\" >> '{}'\n", marker.display()));
    executable(&program);
    for hook in ["post-checkout", "reference-transaction", "post-index-change", "pre-commit", "post-commit"] {
        fs::copy(&program, scene.project.join(".git/hooks").join(hook)).unwrap();
    }
    git(&scene.project, &["config", "diff.external", program.to_str().unwrap()]);
    git(&scene.project, &["config", "core.fsmonitor", program.to_str().unwrap()]);
    // The trap is real: git itself, unguarded, walks into it.
    git(&scene.project, &["status"]);
    assert!(marker.exists());
    fs::remove_file(&marker).unwrap();

    let workspace = scene.worktree();
    write(&workspace.path, "readme.md", "changed\n");
    write(&workspace.path, "new.txt", "new\n");
    workspaces::changes(&workspace, None).unwrap();
    workspaces::diff(&workspace, None, "readme.md").unwrap();
    let removed = workspaces::remove(&workspace, &scene.removal()).unwrap();
    workspaces::restore(&scene.project, &removed.salvage.unwrap(), &scene.target("back")).unwrap();
    workspaces::inspect(&scene.project);
    assert!(!marker.exists(), "{}", fs::read_to_string(&marker).unwrap());
}

#[test]
fn the_setup_command_sees_its_ports_and_our_excludes() {
    let scene = Scene::with_repository();
    let mut request = scene.request(Kind::Worktree);
    request.setup = ["sh", "-c", "echo $PORT $FLIGHTBOARD_PORT_BASE $EXTRA > made; git status --porcelain; mkdir -p artifacts; touch artifacts/x"].map(Into::into).into();
    request.setup_env = vec![("EXTRA".into(), "more".into())];
    request.ports = Some(20_170);
    let made = made(&request);
    assert_eq!(read(&made.path, "made"), "20170 20170 more\n");
    assert_eq!(fs::read_to_string(made.workspace.setup_log()).unwrap(), "?? made\n");
}

#[test]
fn a_failing_setup_command_is_told_with_its_last_lines_and_leaves_nothing() {
    let scene = Scene::with_repository();
    let mut request = scene.request(Kind::Worktree);
    request.setup = ["sh", "-c", "seq 1 100; echo no such package >&2; exit 7"].map(Into::into).into();
    let error = refused(&request);
    assert_eq!(error.code(), "setup_failed");
    let text = error.to_string();
    assert!(text.contains("exit status: 7") && text.ends_with("99\n100\nno such package"), "{text}");
    assert!(!text.contains("\n80\n"), "{text}");
    assert_eq!((leftovers(&scene), scene.worktrees(), scene.branches().as_str()), (Vec::new(), 1, "main"));
}

#[test]
fn a_setup_command_that_is_missing_or_hangs_leaves_nothing() {
    let scene = Scene::with_repository();
    let mut request = scene.request(Kind::Worktree);
    request.setup = vec!["no-such-program-here".into()];
    assert_eq!(refused(&request).code(), "setup_not_started");
    request.setup = ["sh", "-c", "sleep 1000 & sleep 1000"].map(Into::into).into();
    request.setup_timeout = Duration::from_millis(50);
    assert_eq!(refused(&request).code(), "setup_timed_out");
    assert_eq!((leftovers(&scene), scene.worktrees(), scene.branches().as_str()), (Vec::new(), 1, "main"));
}

#[rstest]
#[case::while_checking_out(Step::CheckingOut)]
#[case::before_setup(Step::Setup("true".into()))]
fn a_cancelled_provision_leaves_nothing(#[case] at: Step) {
    let scene = Scene::with_repository();
    let request = Provision { setup: vec!["true".into()], ..scene.request(Kind::Worktree) };
    let cancel = request.cancel.clone();
    let error = workspaces::provision(&request, &|step| {
        if step == at {
            cancel.cancel();
        }
    });
    assert_eq!(error.unwrap_err().code(), "cancelled");
    assert_eq!((leftovers(&scene), scene.worktrees(), scene.branches().as_str()), (Vec::new(), 1, "main"));
}

/// Killed between making the directory for the record and the record itself.
#[test]
fn a_record_that_was_only_begun_is_swept() {
    let scene = Scene::with_repository();
    write(&scene.target("T-1 first.state"), ".17-4.tmp", "{ \"path\": ");
    write(&scene.target("T-2 second.state"), "notes.txt", "somebody's");
    sweep(&scene.data(), &[]);
    made(&scene.request(Kind::Worktree));
    assert!(scene.target("T-2 second.state").exists(), "what is not ours stays");
}

/// A copy of the test binary provisions and is killed at a chosen step; nothing of it can clean up.
#[rstest]
#[case::at_the_start(0)]
#[case::once_checked_out(1)]
fn what_a_killed_provision_leaves_is_swept(#[case] step: usize) {
    let scene = Scene::with_repository();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "provision::helper_that_dies_while_provisioning", "--ignored"])
        .env("DIE_SCENE", scene.dir.path())
        .env("DIE_STEP", step.to_string())
        .output()
        .unwrap()
        .status;
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGKILL));
    assert!(scene.target("T-1 first.state").exists());

    let other = made(&Provision { target_dir: scene.target("known"), ..scene.request(Kind::Worktree) });
    let stranger = made(&Provision { target_dir: scene.target("stranger"), ..scene.request(Kind::Worktree) });
    let swept = sweep(&scene.data(), std::slice::from_ref(&other.path));
    assert_eq!(swept.removed, [scene.target("T-1 first")]);
    assert_eq!(swept.strangers, std::slice::from_ref(&stranger.path));
    assert!(other.path.exists() && stranger.path.exists());
    assert!(!scene.target("T-1 first").exists() && !scene.target("T-1 first.state").exists());
    assert_eq!(scene.worktrees(), 3);
    let branches = format!("{}\n{}\nmain", other.branch.unwrap(), stranger.branch.unwrap());
    assert_eq!(scene.branches(), branches);
    assert_eq!(sweep(&scene.data(), &[other.path.clone(), stranger.path]), Default::default());
}

#[test]
#[ignore = "run by what_a_killed_provision_leaves_is_swept, in a process of its own"]
fn helper_that_dies_while_provisioning() {
    let Some(dir) = std::env::var_os("DIE_SCENE") else { return };
    let die_at: usize = std::env::var("DIE_STEP").unwrap().parse().unwrap();
    let (dir, project) = (Path::new(&dir), Path::new(&dir).join("my project 🦀"));
    let mut request =
        Provision::new(Kind::Worktree, Some(project), dir.join("data dir/workspaces/T-1 first"));
    request.branch = "flightboard/T-1-first".into();
    request.setup = vec!["true".into()];
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
fn a_spare_from_the_pool_becomes_the_workspace() {
    let scene = Scene::with_repository();
    let pool = Pool::new(&scene.data()).for_repositories_above(1);
    assert_eq!(pool.refill(&scene.project, None, &Cancel::default()).unwrap(), Refilled::Made);
    assert_eq!(pool.refill(&scene.project, None, &Cancel::default()).unwrap(), Refilled::Ready);
    let steps = Mutex::new(Vec::new());
    let request = Provision { pool: Some(pool), ..scene.request(Kind::Worktree) };
    let made = workspaces::provision(&request, &|step| steps.lock().unwrap().push(step)).unwrap();
    assert!(steps.into_inner().unwrap().contains(&Step::TakingSpare));
    assert_eq!(tree(&made.path), tree(&scene.project));
    assert_eq!(git(&made.path, &["branch", "--show-current"]), "flightboard/T-1-first");
    assert_eq!(git(&made.path, &["status", "--porcelain"]), "");
    assert_eq!(scene.worktrees(), 2);
}

#[test]
fn an_old_spare_is_brought_to_the_base_by_refill_and_by_taking() {
    let scene = Scene::with_repository();
    let pool = Pool::new(&scene.data()).for_repositories_above(1);
    pool.refill(&scene.project, None, &Cancel::default()).unwrap();
    write(&scene.project, "second.txt", "2");
    commit_all(&scene.project, "second");
    assert_eq!(pool.refill(&scene.project, None, &Cancel::default()).unwrap(), Refilled::Moved);
    write(&scene.project, "third.txt", "3");
    fs::remove_file(scene.project.join("readme.md")).unwrap();
    let head = commit_all(&scene.project, "third");
    let made = made(&Provision { pool: Some(pool), ..scene.request(Kind::Worktree) });
    assert_eq!(git(&made.path, &["rev-parse", "HEAD"]), head);
    assert_eq!(tree(&made.path), tree(&scene.project));
}

#[test]
fn small_repositories_keep_no_spare_and_drained_ones_none_either() {
    let scene = Scene::with_repository();
    assert_eq!(
        Pool::new(&scene.data()).refill(&scene.project, None, &Cancel::default()).unwrap(),
        Refilled::NotNeeded
    );
    let pool = Pool::new(&scene.data()).for_repositories_above(1);
    pool.refill(&scene.project, None, &Cancel::default()).unwrap();
    assert_eq!(scene.worktrees(), 2);
    pool.drain(&scene.project).unwrap();
    assert_eq!(scene.worktrees(), 1);
}

#[test]
fn a_spare_that_was_never_finished_is_swept() {
    let scene = Scene::with_repository();
    let pool = Pool::new(&scene.data()).for_repositories_above(1);
    pool.refill(&scene.project, None, &Cancel::default()).unwrap();
    let room = fs::read_dir(scene.data().join("pool")).unwrap().next().unwrap().unwrap().path();
    for entry in fs::read_dir(&room).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        fs::remove_file(entry.path()).unwrap();
    }
    sweep(&scene.data(), &[]);
    assert_eq!((scene.worktrees(), fs::read_dir(&room).unwrap().count()), (1, 0));
}

#[test]
fn end_marks_count_only_when_the_agent_wrote_them() {
    let scene = Scene::with_repository();
    write(&scene.project, "COMPLETION.md", "from long ago");
    commit_all(&scene.project, "a mark in the base");
    let workspace = scene.worktree();
    assert_eq!(workspaces::end_marks(&workspace), Default::default());
    write(&workspace.path, "COMPLETION.md", "all done");
    write(&workspace.path, "BLOCKED.md", vec![b'x'; 100_000]);
    let marks = workspaces::end_marks(&workspace);
    assert_eq!(marks.completion.as_deref(), Some("all done"));
    assert_eq!(marks.blocked.unwrap().len(), 65_536);
    fs::remove_file(workspace.path.join("BLOCKED.md")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", workspace.path.join("BLOCKED.md")).unwrap();
    assert_eq!(workspaces::end_marks(&workspace).blocked, None);
}

#[test]
fn a_project_is_inspected() {
    let scene = Scene::with_repository();
    let kind = workspaces::inspect(&scene.project);
    assert!(kind.git && kind.has_commits && !kind.submodules && kind.problem.is_none());
    assert_eq!((kind.branch.as_deref(), kind.files), (Some("main"), 3));
    assert_eq!(
        workspaces::inspect(&scene.data()).problem.map(|text| text.contains("not a folder")),
        Some(true)
    );
    assert_eq!(workspaces::inspect(scene.dir.path()), Default::default());
    git(scene.dir.path(), &["init", "--quiet", "unborn"]);
    let unborn = workspaces::inspect(&scene.dir.path().join("unborn"));
    assert!(unborn.git && !unborn.has_commits && unborn.problem.unwrap().contains("first commit"));
}

#[test]
fn repositories_near_the_home_are_found_last_used_first() {
    let home = tempfile::tempdir().unwrap();
    let places =
        ["code/old", "code/team/new", "direct", ".hidden/no", "code/node_modules/no", "code/a/b/c/deep"];
    for (n, place) in places.iter().enumerate() {
        let dir = home.path().join(place);
        write(&dir, ".git/HEAD", "ref: refs/heads/main\n");
        let zero = "0".repeat(40);
        write(
            &dir,
            ".git/logs/HEAD",
            format!("{zero} {zero} A B <a@b> {} +0100\tcommit: x\n", 1_700_000_000 + n),
        );
    }
    let found = workspaces::find_repositories(home.path(), 10);
    let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["direct", "new", "old"]);
    assert_eq!(found[0].last_commit_at, Some(1_700_000_002_000));
    assert_eq!(workspaces::find_repositories(home.path(), 1).len(), 1);
}

pub fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn leftovers(scene: &Scene) -> Vec<String> {
    let entries = fs::read_dir(scene.data().join("workspaces")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
