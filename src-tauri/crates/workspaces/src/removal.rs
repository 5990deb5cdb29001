//! Taking a workspace away. A worktree's work is saved and the saving verified first; a folder goes
//! to the trash whole; several repositories are in [`crate::side_by_side`]; a project used in place is
//! left as it is. The slow part, deleting files,
//! happens after a rename, on a thread of its own; what a crash leaves of it, [`crate::sweep`] deletes.

use crate::files;
use crate::git::{Git, GitError};
use crate::lock::RepositoryLock;
use crate::record::{Kind, RecordError, Workspace};
use crate::salvage::{self, RestoreError, Salvage, SalvageError};
use crate::side_by_side;
use crate::sweep::RUBBISH;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::SystemTime;

#[derive(Clone, Debug)]
pub struct Removal {
    /// Names the salvage ref: `T-12/17`.
    pub label: String,
    /// Where folders go: a directory on the same file system.
    pub trash: PathBuf,
    /// Remove even though work in submodules or nested repositories cannot be saved.
    pub lose_unsaved: bool,
}

#[derive(Debug, Default)]
pub struct Removed {
    /// The ref holding the work that was not committed.
    pub salvage: Option<String>,
    /// The place in the trash of a folder, or of several repositories' records and what lay beside
    /// them; see [`restore_folder`].
    pub trashed: Option<PathBuf>,
    /// False: the branch held nothing of its own and was deleted.
    pub branch_kept: bool,
    /// The directory had been deleted by hand.
    pub was_gone: bool,
    /// Deletes the files; may be left to itself.
    pub deletion: Option<JoinHandle<()>>,
}

#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    #[error("work in {} cannot be saved: {}", one_or_many(.0), names(.0))]
    Unsaved(Vec<PathBuf>),
    #[error("the work could not be saved, so nothing was removed: {0}")]
    Salvage(#[from] SalvageError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("could not {what}: {error}")]
    Io { what: String, error: std::io::Error },
}

impl RemoveError {
    pub fn next_step(&self) -> Option<String> {
        Some(match self {
            RemoveError::Unsaved(_) => {
                "Push or copy that work elsewhere, or remove the workspace anyway.".into()
            }
            RemoveError::Salvage(SalvageError::Git(error)) | RemoveError::Git(error) => {
                return error.next_step();
            }
            RemoveError::Salvage(_) => "Save the work by hand, then remove the folder.".into(),
            RemoveError::Io { .. } | RemoveError::Record(_) => {
                "Check the permissions of the folder named.".into()
            }
        })
    }
}

fn one_or_many(paths: &[PathBuf]) -> &'static str {
    if paths.len() == 1 { "a repository inside the workspace" } else { "repositories inside the workspace" }
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Removes the workspace. Nothing may be running in it any more.
pub fn remove(workspace: &Workspace, removal: &Removal) -> Result<Removed, RemoveError> {
    match workspace.kind {
        Kind::Worktree => remove_worktree(workspace, removal),
        Kind::Worktrees => side_by_side::remove(workspace, removal),
        Kind::Folder => trash_folder(workspace, removal),
        Kind::InPlace => {
            files::remove_tree(&workspace.state).map_err(io(&workspace.state, "delete"))?;
            Ok(Removed::default())
        }
    }
}

fn remove_worktree(workspace: &Workspace, removal: &Removal) -> Result<Removed, RemoveError> {
    let was_gone = !workspace.present();
    let saved = save(workspace, removal, was_gone)?;
    if !saved.unsaved.is_empty() && !removal.lose_unsaved {
        return Err(RemoveError::Unsaved(saved.unsaved));
    }
    let mut aside = Vec::new();
    // A link in its place goes as well: with it there git would refuse to forget the worktree.
    if !was_gone || workspace.path.is_symlink() {
        aside.push(set_aside(&workspace.path, workspace)?);
    }
    let branch_kept = match workspace.common_dir.as_deref().filter(|common| common.is_dir()) {
        Some(common) => forget(workspace, common)?,
        // The repository itself is gone; its refs went with it.
        None => false,
    };
    if workspace.state.is_dir() {
        aside.push(set_aside(&workspace.state, workspace)?);
    }
    let deletion = Some(delete_in_background(aside));
    Ok(Removed { salvage: saved.reference, trashed: None, branch_kept, was_gone, deletion })
}

/// Moves something of this workspace to where it waits for its deletion.
pub(crate) fn set_aside(path: &Path, workspace: &Workspace) -> Result<PathBuf, RemoveError> {
    let rubbish = workspace.path.parent().unwrap_or(Path::new(".")).join(RUBBISH);
    files::set_aside(path, &rubbish).map_err(io(path, "move away"))
}

pub(crate) fn delete_in_background(aside: Vec<PathBuf>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for path in aside {
            delete(&path);
        }
    })
}

fn save(workspace: &Workspace, removal: &Removal, was_gone: bool) -> Result<Salvage, RemoveError> {
    let mut saved = salvage::salvage_one(workspace, &removal.label)?;
    if was_gone && saved.reference.is_none() {
        // An earlier removal may have got as far as saving.
        let common = workspace.common_dir.as_deref().filter(|common| common.is_dir());
        saved.reference = common.and_then(|common| salvage::existing(common, &removal.label));
    }
    Ok(saved)
}

/// Makes the repository forget the worktree (this one only: `prune` would also drop the user's
/// worktrees on disks not mounted now), and its branch if that holds nothing. Tells if it was kept.
pub(crate) fn forget(workspace: &Workspace, common: &Path) -> Result<bool, GitError> {
    let _lock = RepositoryLock::take(common);
    let git = Git::found_from(common);
    let known = workspace.git_dir.as_ref().is_some_and(|dir| dir.is_dir());
    if known {
        git.write(["worktree", "remove", "--force", "--force", "--"]).arg(&workspace.path).run()?;
    }
    let (Some(branch), Some(base)) = (&workspace.branch, &workspace.base) else { return Ok(false) };
    let reference = format!("refs/heads/{branch}");
    let Some(tip) = git.commit(&reference)? else { return Ok(false) };
    let own = git.line(["rev-list", "--count", "--max-count=1", &tip, &format!("^{base}"), "--"])?;
    if own != "0" {
        return Ok(true);
    }
    // Refused where the branch is checked out somewhere else: then it stays.
    Ok(!git.write(["branch", "--quiet", "-D", "--", branch]).finish()?.ok)
}

fn trash_folder(workspace: &Workspace, removal: &Removal) -> Result<Removed, RemoveError> {
    if !workspace.present() {
        files::remove_tree(&workspace.state).map_err(io(&workspace.state, "delete"))?;
        return Ok(Removed { was_gone: true, ..Removed::default() });
    }
    Ok(Removed { trashed: Some(to_trash(workspace, removal)?), ..Removed::default() })
}

pub(crate) const FILES: &str = "workspace";
const STATE: &str = "state";

/// Moves what is left of the workspace, and its state, to a new entry of the trash.
pub(crate) fn to_trash(workspace: &Workspace, removal: &Removal) -> Result<PathBuf, RemoveError> {
    let mut name = workspace.path.file_name().unwrap_or_default().to_owned();
    name.push(format!("~{}", files::unique()));
    let entry = removal.trash.join(name);
    fs::create_dir_all(&entry).map_err(io(&entry, "create"))?;
    let files = entry.join(FILES);
    if workspace.present() {
        fs::rename(&workspace.path, files).map_err(io(&workspace.path, "move to the trash"))?;
    } else {
        fs::create_dir(&files).map_err(io(&files, "create"))?;
    }
    fs::rename(&workspace.state, entry.join(STATE)).map_err(io(&workspace.state, "move to the trash"))?;
    Ok(entry)
}

/// Brings back from the trash a folder, or several repositories with what lay beside them.
pub fn restore_folder(trashed: &Path, target_dir: &Path) -> Result<Workspace, RestoreError> {
    let state = crate::record::state_dir(target_dir);
    for path in [target_dir, &state] {
        if path.symlink_metadata().is_ok() {
            return Err(RestoreError::TargetExists(path.into()));
        }
    }
    let mut workspace = Workspace::read(&trashed.join(STATE))?;
    if workspace.kind == Kind::Worktrees {
        workspace.state = trashed.join(STATE);
        return side_by_side::restore(trashed, workspace, target_dir);
    }
    let io = |what: &str, path: &Path| RestoreError::io(format!("{what} {}", path.display()));
    if let Some(parent) = target_dir.parent() {
        fs::create_dir_all(parent).map_err(io("create", parent))?;
    }
    fs::rename(trashed.join(STATE), &state).map_err(io("restore", &state))?;
    fs::rename(trashed.join(FILES), target_dir).map_err(io("restore", target_dir))?;
    workspace.git_dir = workspace.git_dir.take().and_then(|dir| Some(state.join(dir.file_name()?)));
    workspace.path = target_dir.into();
    workspace.state = state;
    workspace.save().map_err(io("record", target_dir))?;
    let _ = fs::remove_dir(trashed);
    Ok(workspace)
}

/// Deletes what came to the trash before then, but not what is in `keep` (paths of entries). Returns how
/// many entries went.
pub fn empty_trash(trash: &Path, before: SystemTime, keep: &HashSet<String>) -> usize {
    let entries = fs::read_dir(trash).into_iter().flatten().flatten();
    let is_old = |entry: &fs::DirEntry| {
        entry.metadata().and_then(|meta| meta.modified()).is_ok_and(|modified| modified < before)
    };
    let old: Vec<PathBuf> = entries
        .filter(|entry| is_old(entry) && !keep.contains(&*entry.path().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    old.iter().filter(|path| delete(path)).count()
}

fn delete(path: &Path) -> bool {
    match files::remove_tree(path) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "could not be deleted");
            false
        }
    }
}

pub(crate) fn io(path: &Path, what: &str) -> impl FnOnce(std::io::Error) -> RemoveError {
    let what = format!("{what} {}", path.display());
    move |error| RemoveError::Io { what, error }
}
