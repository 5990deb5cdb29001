//! A copy of a task's work for a reviewer: the files as they are now without what is ignored, the
//! whole change as one patch, and nothing through which the work itself could be touched.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    changes::{self, ChangesError},
    files,
    git::nul_paths,
    record::{Kind, RecordError, Workspace},
};

/// The change in the copy, as a unified diff.
pub const PATCH: &str = "CHANGES.diff";

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("the work cannot be copied for its review: {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Changes(#[from] ChangesError),
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Copies into `target`, which is made anew. Regular files come read-only, links as links that stay
/// inside; links that lead out are left away.
pub fn copy_for_review(workspace: &Workspace, target: &Path) -> Result<(), CopyError> {
    files::remove_tree(target).map_err(at(target))?;
    fs::create_dir_all(target).map_err(at(target))?;
    match workspace.kind {
        Kind::Worktrees => {
            for (name, part) in workspace.directories.iter().zip(workspace.repositories()?) {
                copy_one(&part, &target.join(name))?;
            }
        }
        Kind::Worktree | Kind::Folder | Kind::InPlace => copy_one(workspace, target)?,
    }
    let task = workspace.path.join("TASK.md");
    if task.is_file() {
        fs::copy(&task, target.join("TASK.md")).map_err(at(&task))?;
    }
    let patch = patch(workspace)?;
    let path = target.join(PATCH);
    fs::write(&path, patch).map_err(at(&path))
}

/// Removes a copy; nothing there is fine.
pub fn remove_copy(target: &Path) -> io::Result<()> {
    files::remove_tree(target)
}

fn patch(workspace: &Workspace) -> Result<String, CopyError> {
    let mut text = String::new();
    for change in changes::changes(workspace, None)?.files {
        text.push_str(&changes::diff(workspace, None, &change.path)?.patch);
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    Ok(text)
}

fn copy_one(workspace: &Workspace, target: &Path) -> Result<(), CopyError> {
    fs::create_dir_all(target).map_err(at(target))?;
    for path in listed(workspace)? {
        copy_entry(&workspace.path, target, &path).map_err(at(&workspace.path.join(&path)))?;
    }
    Ok(())
}

/// Tracked and untracked files that are not ignored; of a folder without git everything.
fn listed(workspace: &Workspace) -> Result<Vec<PathBuf>, CopyError> {
    let Some(git) = workspace.git() else {
        let mut found = Vec::new();
        walk(&workspace.path, Path::new(""), &mut found).map_err(at(&workspace.path))?;
        return Ok(found);
    };
    let listed = git.read(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).long().run()?;
    Ok(nul_paths(&listed))
}

fn walk(root: &Path, below: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            walk(root, &path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn copy_entry(root: &Path, target: &Path, path: &Path) -> io::Result<()> {
    let from = root.join(path);
    let Ok(meta) = from.symlink_metadata() else { return Ok(()) };
    let to = target.join(path);
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    if meta.is_symlink() {
        let stays =
            from.canonicalize().is_ok_and(|end| root.canonicalize().is_ok_and(|root| end.starts_with(root)));
        let relative = fs::read_link(&from)?.is_relative();
        return if stays && relative { files::copy_link(&from, &to) } else { Ok(()) };
    }
    if !meta.is_file() {
        return Ok(());
    }
    fs::copy(&from, &to)?;
    let mut permissions = meta.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&to, permissions)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CopyError + use<> {
    let path = path.to_owned();
    move |error| CopyError::Io { path, error }
}
