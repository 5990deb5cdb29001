//! The way out of the starter's control group, with a `systemd-run` of our own making: the real one needs a user
//! manager, which test machines seldom have. What is tried once per process needs a process per case.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::rig::{HOST, sh};

/// Runs `starter` with a `systemd-run` of this content, and gives what that one wrote down.
fn start_with(systemd_run: &str) -> (String, bool) {
    let temp = tempfile::tempdir().unwrap();
    let (bin, run_dir, notes) = (temp.path().join("bin"), temp.path().join("run"), temp.path().join("notes"));
    fs::create_dir(&bin).unwrap();
    fs::create_dir(&run_dir).unwrap();
    let script = bin.join("systemd-run");
    fs::write(&script, format!("#!/bin/sh\necho \"$@\" >> '{}'\n{systemd_run}", notes.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "scope::starter", "--ignored"])
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("XDG_RUNTIME_DIR", temp.path())
        .env("STARTER_RUN_DIR", &run_dir)
        .stdout(std::process::Stdio::null())
        .status()
        .unwrap();
    (fs::read_to_string(notes).unwrap_or_default(), status.success())
}

#[test]
#[ignore = "not a test: the starter of the others"]
fn starter() {
    let Some(dir) = std::env::var_os("STARTER_RUN_DIR") else { return };
    let run = crate::rig::Run::start_in(Path::new(&dir), &sh("echo fine."));
    assert_eq!(run.exit().code, Some(0));
    assert_eq!(run.log(), b"fine.\r\n");
    assert_eq!(run.host_log(), "");
}

#[test]
fn a_scope_that_works_is_used() {
    let (notes, fine) = start_with("while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"\n");
    assert!(fine);
    let lines: Vec<&str> = notes.lines().collect();
    assert_eq!(
        lines,
        [
            "--user --scope --quiet --collect -- true".to_owned(),
            format!("--user --scope --quiet --collect -- {HOST} .")
        ]
    );
}

#[test]
fn a_scope_that_does_not_work_is_not_used_again() {
    let (notes, fine) = start_with("exit 1\n");
    assert!(fine);
    assert_eq!(notes.lines().count(), 1, "only the trial");
}

#[test]
fn a_scope_that_fails_after_its_trial_is_done_without() {
    let (notes, fine) = start_with("case \"$*\" in *true) exit 0;; *) exit 1;; esac\n");
    assert!(fine);
    assert_eq!(notes.lines().count(), 2);
}
