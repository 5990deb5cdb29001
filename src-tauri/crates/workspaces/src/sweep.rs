//! Cleaning up after crashes, at the next start: provisions that never finished, spares half-made,
//! directories set aside for deletion. What an agent may have touched is never removed here.

use crate::files;
use crate::git::Git;
use crate::lock::RepositoryLock;
use crate::pool::Pool;
use crate::record::{Kind, Workspace};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Directory beside workspaces into which they are renamed before deletion.
pub(crate) const RUBBISH: &str = ".rubbish";
/// Workspaces lie at most this deep below the data directory: `runs/17/workspace`.
const DEPTH: usize = 3;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Unfinished provisions that were removed.
    pub removed: Vec<PathBuf>,
    /// Finished workspaces nobody knows of; left alone, since work may be in them.
    pub strangers: Vec<PathBuf>,
}

/// Cleans up below `data_dir`. `known` are the workspaces (their `target_dir`) that the database
/// knows; call it once at start, before anything is provisioned.
pub fn sweep(data_dir: &Path, known: &[PathBuf]) -> Swept {
    let known: HashSet<&Path> = known.iter().map(PathBuf::as_path).collect();
    let mut swept = Swept::default();
    let mut found = Found::default();
    look(data_dir, DEPTH, &mut found);
    for state in found.states {
        match Workspace::read(&state) {
            Ok(workspace) if !workspace.ready => {
                undo_provision(&workspace);
                swept.removed.push(target_of(&state));
            }
            Ok(_) if known.contains(target_of(&state).as_path()) => {}
            Ok(_) => swept.strangers.push(target_of(&state)),
            // Crashed between making the directory and writing the record: there is nothing else but drafts of it.
            Err(crate::RecordError::Unknown(_)) => {
                files::remove_drafts(&state);
                let _ = fs::remove_dir(&state);
            }
            Err(error) => tracing::warn!(%error, "left alone"),
        }
    }
    for rubbish in found.rubbish {
        if let Err(error) = files::remove_tree(&rubbish) {
            tracing::warn!(path = %rubbish.display(), %error, "could not be deleted");
        }
    }
    Pool::new(data_dir).sweep();
    swept
}

/// Removes everything a provision has made so far. Each part may be missing.
pub(crate) fn undo_provision(workspace: &Workspace) {
    crate::setup::end_leftovers(workspace);
    for worktree in std::iter::once(workspace).chain(&workspace.parts_made()) {
        if let (Kind::Worktree, Some(common)) = (worktree.kind, &worktree.common_dir) {
            forget_worktree(worktree, common);
        }
    }
    if workspace.kind != Kind::InPlace {
        report(&workspace.path, files::remove_tree(&workspace.path));
    }
    report(&workspace.state, files::remove_tree(&workspace.state));
}

fn forget_worktree(workspace: &Workspace, common: &Path) {
    if !common.is_dir() {
        return;
    }
    let _lock = RepositoryLock::take(common);
    let git = Git::found_from(common);
    // Fails where git never got to know it, and where git was killed before it had made a worktree of it.
    if git
        .write(["worktree", "remove", "--force", "--force", "--"])
        .arg(&workspace.path)
        .long()
        .run()
        .is_err()
    {
        forget_half_made(workspace, common);
    }
    if let (Some(branch), Some(base)) = (&workspace.branch, &workspace.base) {
        let branch = format!("refs/heads/{branch}");
        // Of a git that was killed; nobody else makes this branch.
        let _ = fs::remove_file(common.join(format!("{branch}.lock")));
        // Only while it still points where we put it.
        let _ = git.write(["update-ref", "-d", &branch, base]).run();
        // What git notes of a branch before there is one.
        if git.commit(&branch).is_ok_and(|commit| commit.is_none()) {
            let _ = fs::remove_file(common.join("logs").join(&branch));
        }
    }
}

/// What `git worktree add` writes of a worktree before there is one: git itself neither removes nor prunes it,
/// as it is locked.
fn forget_half_made(workspace: &Workspace, common: &Path) {
    let path = &workspace.path;
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    let real = parent.zip(path.file_name()).map(|(parent, name)| parent.join(name));
    let ours = [Some(path.to_owned()), real].map(|path| path.map(|path| path.join(".git")));
    // The first thing that git writes is a directory that does not say yet what it is for.
    let begun = fs::metadata(&workspace.state).and_then(|state| state.modified()).ok();
    let since = |entry: &Path| begun.is_some_and(|begun| modified(entry).is_some_and(|at| at >= begun));
    for entry in fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten() {
        let entry = entry.path();
        let named = fs::read_to_string(entry.join("gitdir")).unwrap_or_default();
        let named = Path::new(named.trim_end_matches('\n'));
        let of_nobody = named.as_os_str().is_empty() && !entry.join("HEAD").exists() && since(&entry);
        if of_nobody || ours.iter().flatten().any(|ours| ours == named) {
            report(&entry, files::remove_tree(&entry));
        }
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

#[derive(Default)]
struct Found {
    states: Vec<PathBuf>,
    rubbish: Vec<PathBuf>,
}

fn look(dir: &Path, depth: usize, found: &mut Found) {
    if depth == 0 {
        return;
    }
    let entries: Vec<_> = fs::read_dir(dir).into_iter().flatten().flatten().collect();
    let dirs: Vec<PathBuf> =
        entries.iter().filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir())).map(|e| e.path()).collect();
    for path in &dirs {
        if path.file_name() == Some(OsStr::new(RUBBISH)) {
            found.rubbish.push(path.clone());
        } else if path.extension() == Some(OsStr::new("state")) {
            found.states.push(path.clone());
        } else if !crate::record::state_dir(path).is_dir() {
            look(path, depth - 1, found);
        }
    }
}

fn target_of(state: &Path) -> PathBuf {
    state.with_extension("")
}

fn report(path: &Path, result: std::io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(path = %path.display(), %error, "left behind: could not be removed");
    }
}
