//! Several repositories in one workspace: a directory of its own that holds a worktree of each, all
//! on a branch of one name. The agent starts in that directory; `TASK.md`, `artifacts/` and the end
//! marks lie there, and what else it leaves beside the repositories is compared and kept as in a plain
//! folder. Each worktree is a workspace with a record of its own; here they are treated as one.

use crate::changes::{self, Change, ChangeKind, Changes, ChangesError, FileDiff};
use crate::process::Cancel;
use crate::provision::{Part, Provision, ProvisionError, Step, furnish_worktree};
use crate::record::{Kind, Workspace};
use crate::removal::{self, Removal, RemoveError, Removed};
use crate::salvage::{self, RestoreError};
use crate::worktree::{self, Repository};
use crate::{excludes, files, folder, sweep};
use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// Whether these repositories can lie side by side: each has commits, and none is there twice.
pub fn check_side_by_side(projects: &[&Path]) -> Result<(), ProvisionError> {
    open_all(projects.iter().copied(), &Cancel::default()).map(|_| ())
}

fn open_all<'a>(
    projects: impl Iterator<Item = &'a Path>,
    cancel: &Cancel,
) -> Result<Vec<Repository>, ProvisionError> {
    let mut opened: Vec<Repository> = Vec::new();
    for path in projects {
        let repository = Repository::open(path, cancel)?;
        repository.base_commit(None)?;
        let common = |repository: &Repository| repository.common.canonicalize().ok();
        if let Some(other) = opened.iter().find(|other| common(other) == common(&repository)) {
            return Err(ProvisionError::SameRepository { path: path.into(), other: other.top.clone() });
        }
        opened.push(repository);
    }
    Ok(opened)
}

pub(crate) fn make(
    workspace: &mut Workspace,
    request: &Provision,
    progress: &dyn Fn(Step),
    notes: &mut Vec<String>,
) -> Result<(), ProvisionError> {
    let repositories = open_all(request.parts.iter().map(|part| part.project.as_path()), &request.cancel)?;
    workspace.directories = directories(&request.parts)?;
    let branch = worktree::free_in_all(&repositories, &request.branch)?;
    folder::make(workspace, None, request, progress, notes)?;
    let mut made = Vec::new();
    for part in &request.parts {
        made.push(make_part(workspace, part, &branch, request, progress, notes)?);
    }
    // To people the task's branch and its base are those of the project's own repository.
    workspace.branch = made.first().and_then(|first| first.branch.clone());
    workspace.base = made.first().and_then(|first| first.base.clone());
    Ok(())
}

fn make_part(
    workspace: &Workspace,
    part: &Part,
    branch: &str,
    request: &Provision,
    progress: &dyn Fn(Step),
    notes: &mut Vec<String>,
) -> Result<Workspace, ProvisionError> {
    let mut made = workspace.new_part(&part.directory, &part.project);
    let request = Provision { base: part.base.clone(), branch: branch.into(), ..request.clone() };
    let mut own = Vec::new();
    worktree::make(&mut made, &part.project, &request, progress)?;
    furnish_worktree(&made, &part.project, &request, progress, &mut own)?;
    notes.extend(own.into_iter().map(|note| format!("{}: {note}", part.directory)));
    made.ready = true;
    made.save().map_err(ProvisionError::io(format!("record the workspace {}", made.path.display())))?;
    Ok(made)
}

fn directories(parts: &[Part]) -> Result<Vec<String>, ProvisionError> {
    let mut seen = HashSet::new();
    for Part { directory, .. } in parts {
        let mut components = Path::new(directory).components();
        let single = matches!((components.next(), components.next()), (Some(Component::Normal(_)), None));
        if !single || excludes::is_ours(directory) || !seen.insert(directory.to_lowercase()) {
            return Err(ProvisionError::BadDirectory(directory.clone()));
        }
    }
    Ok(parts.iter().map(|part| part.directory.clone()).collect())
}

/// What changed in every repository, named `directory/path`, and beside them.
pub(crate) fn changes(workspace: &Workspace) -> Result<Changes, ChangesError> {
    let mut all = Changes { note: None, ..changes::in_one(workspace, Some(START))? };
    for (name, part) in workspace.directories.iter().zip(workspace.repositories()?) {
        let found = if part.present() { changes::in_one(&part, None)? } else { gone() };
        all.count.files += found.count.files;
        all.count.added = all.count.added.saturating_add(found.count.added);
        all.count.removed = all.count.removed.saturating_add(found.count.removed);
        all.commits += found.commits;
        all.cut |= found.cut;
        all.files.extend(found.files.into_iter().map(|change| below(name, change)));
    }
    all.files.sort_by(|a, b| a.path.cmp(&b.path));
    all.cut |= all.files.len() > changes::MOST_FILES;
    all.files.truncate(changes::MOST_FILES);
    Ok(all)
}

/// In the directory's shadow repository nobody commits, so its HEAD is how it was at the start.
const START: &str = "HEAD";

fn below(directory: &str, change: Change) -> Change {
    let path = |path: String| if path.is_empty() { directory.into() } else { format!("{directory}/{path}") };
    Change { path: path(change.path), from: change.from.map(path), ..change }
}

/// A repository's directory that was deleted, or replaced by a link that is not followed: one line.
fn gone() -> Changes {
    let whole = Change {
        path: String::new(),
        from: None,
        kind: ChangeKind::Deleted,
        added: 0,
        removed: 0,
        binary: false,
    };
    Changes {
        count: changes::Count { files: 1, added: 0, removed: 0 },
        files: vec![whole],
        ..Changes::default()
    }
}

/// The patch of one file, named as [`changes`] names it.
pub(crate) fn diff(workspace: &Workspace, path: &str) -> Result<FileDiff, ChangesError> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let Some(at) = workspace.directories.iter().position(|name| name == first) else {
        return changes::diff_in_one(workspace, Some(START), path);
    };
    let part = workspace.repositories()?.swap_remove(at);
    if part.present() { changes::diff_in_one(&part, None, rest) } else { Err(ChangesError::Gone(part.path)) }
}

/// Saves the work of every repository first. Where there was any, the rest of the directory goes to
/// the trash with the records that say how to bring it back.
pub(crate) fn remove(workspace: &Workspace, removal: &Removal) -> Result<Removed, RemoveError> {
    let was_gone = !workspace.present();
    if was_gone && !workspace.state.is_dir() {
        return Ok(Removed { was_gone, ..Removed::default() });
    }
    let mut parts = workspace.repositories()?;
    let loose = has_loose_files(workspace).map_err(removal::io(&workspace.path, "read"))?;
    let saved = salvage::salvage_together(&parts, &removal.label, loose)?;
    let unsaved: Vec<PathBuf> = saved.iter().flat_map(|saved| saved.unsaved.clone()).collect();
    if !unsaved.is_empty() && !removal.lose_unsaved {
        return Err(RemoveError::Unsaved(unsaved));
    }
    for (part, saved) in parts.iter_mut().zip(saved) {
        if saved.reference.is_some() {
            part.salvage = saved.reference;
            part.save().map_err(removal::io(&part.path, "record"))?;
        }
    }
    let mut removed = Removed { was_gone, ..Removed::default() };
    let mut aside = Vec::new();
    for part in &parts {
        if part.present() {
            aside.push(removal::set_aside(&part.path, workspace)?);
        } else if part.path.symlink_metadata().is_ok() {
            // A link or a file that the agent put there; git would refuse to forget the worktree.
            let moved = format!("{}~{}", part.path.display(), files::unique());
            fs::rename(&part.path, moved).map_err(removal::io(&part.path, "move away"))?;
        }
        if let Some(common) = part.common_dir.as_deref().filter(|common| common.is_dir()) {
            removed.branch_kept |= removal::forget(part, common)?;
        }
    }
    if loose || parts.iter().any(|part| part.salvage.is_some()) {
        removed.trashed = Some(removal::to_trash(workspace, removal)?);
    } else {
        for path in [&workspace.path, &workspace.state].into_iter().filter(|path| path.is_dir()) {
            aside.push(removal::set_aside(path, workspace)?);
        }
    }
    removed.deletion = Some(removal::delete_in_background(aside));
    Ok(removed)
}

/// Whether the agent left anything beside the repositories that is not one of our own files.
fn has_loose_files(workspace: &Workspace) -> std::io::Result<bool> {
    let entries = match fs::read_dir(&workspace.path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let is_part = entry.file_type()?.is_dir() && workspace.directories.iter().any(|part| name == **part);
        if !is_part && !name.to_str().is_some_and(excludes::is_ours) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings everything back from the trash and the repositories' salvage refs. What is in the trash
/// leaves it last, when the rest is in its place.
pub(crate) fn restore(trashed: &Path, kept: Workspace, target_dir: &Path) -> Result<Workspace, RestoreError> {
    let mut workspace = Workspace {
        branch: kept.branch.clone(),
        base: kept.base.clone(),
        directories: kept.directories.clone(),
        first_marks: kept.first_marks.clone(),
        ..Workspace::new(target_dir, Kind::Worktrees, kept.project.as_deref())
    };
    if let Err(error) = restore_parts(&workspace, &kept) {
        sweep::undo_provision(&workspace);
        return Err(error);
    }
    let shadow = kept.git_dir.as_ref().and_then(|dir| dir.file_name());
    workspace.git_dir = shadow.and_then(|name| {
        let moved = workspace.state.join(name);
        fs::rename(kept.state.join(name), &moved).ok().map(|()| moved)
    });
    workspace.ready = true;
    workspace.save().map_err(RestoreError::io("record the workspace"))?;
    move_what_is_missing(&trashed.join(removal::FILES), target_dir)
        .map_err(RestoreError::io("bring back the files beside the repositories"))?;
    // Fails if anything is still there, its name being taken; then the trash keeps it.
    if fs::remove_dir(trashed.join(removal::FILES)).is_ok() {
        let _ = files::remove_tree(trashed);
    }
    Ok(workspace)
}

fn restore_parts(workspace: &Workspace, kept: &Workspace) -> Result<(), RestoreError> {
    let recorded = || RestoreError::io("record the workspace");
    workspace.save().map_err(recorded())?;
    let near = workspace.project.as_deref().unwrap_or(&workspace.state);
    excludes::write(workspace, near).map_err(RestoreError::io("write the list of ignored files"))?;
    fs::create_dir_all(&workspace.path).map_err(RestoreError::io("create the workspace"))?;
    for (directory, old) in kept.directories.iter().zip(kept.repositories()?) {
        let project = old.project.unwrap_or_default();
        let part = workspace.new_part(directory, &project);
        match old.salvage {
            Some(reference) => drop(salvage::restore_as(part, &project, &reference)?),
            // Nothing of it was there when the workspace was removed.
            None => Workspace { branch: old.branch, base: old.base, ready: true, ..part }
                .save()
                .map_err(recorded())?,
        }
    }
    Ok(())
}

fn move_what_is_missing(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if target.symlink_metadata().is_err() {
            fs::rename(entry.path(), target)?;
        }
    }
    Ok(())
}
