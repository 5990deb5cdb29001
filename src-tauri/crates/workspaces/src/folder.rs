//! Workspaces for projects that are no git repository: a copy of the folder (or an empty one), or
//! the folder itself. So that changes can be shown there too, a shadow repository outside the
//! workspace remembers how it looked at the start.

use crate::excludes;
use crate::files;
use crate::git::{Git, GitError};
use crate::provision::{Provision, ProvisionError, Step};
use crate::record::{Kind, Workspace};
use crate::worktree::Repository;
use std::fs;
use std::path::{Path, PathBuf};

const MOST_FILES: u64 = 200_000;
const MOST_BYTES: u64 = 2 << 30;
/// Beyond this, hashing the folder into a shadow repository would make the run wait.
const SHADOW_FILES: u64 = 20_000;
const SHADOW_BYTES: u64 = 256 << 20;

#[derive(Clone, Copy, Default)]
struct Weight {
    files: u64,
    bytes: u64,
}

impl Weight {
    fn is_above(self, files: u64, bytes: u64) -> bool {
        self.files > files || self.bytes > bytes
    }
}

pub fn make(
    workspace: &mut Workspace,
    project: Option<&Path>,
    request: &Provision,
    progress: &dyn Fn(Step),
    notes: &mut Vec<String>,
) -> Result<(), ProvisionError> {
    let weight = match project {
        Some(project) => weigh_for_copy(project, &workspace.path)?,
        None => Weight::default(),
    };
    begin(workspace)?;
    fs::create_dir_all(&workspace.path)
        .map_err(ProvisionError::io(format!("create {}", workspace.path.display())))?;
    if let Some(project) = project {
        progress(Step::Copying);
        copy(project, &workspace.path, request, notes)?;
    }
    remember(workspace, weight)
}

pub fn use_in_place(
    workspace: &mut Workspace,
    project: &Path,
    request: &Provision,
) -> Result<(), ProvisionError> {
    workspace.path = project.into();
    begin(workspace)?;
    match Repository::open(project, &request.cancel) {
        Ok(repository) => {
            workspace.git_dir = Some(repository.git.path(["rev-parse", "--absolute-git-dir"])?);
            workspace.common_dir = Some(repository.common);
            workspace.base = repository.git.commit("HEAD")?;
            Ok(())
        }
        Err(ProvisionError::NotARepository(_) | ProvisionError::InsideRepository { .. }) => {
            let weight = weigh(project, SHADOW_FILES, SHADOW_BYTES)?;
            remember(workspace, weight)
        }
        Err(error) => Err(error),
    }
}

fn begin(workspace: &Workspace) -> Result<(), ProvisionError> {
    workspace
        .save()
        .map_err(ProvisionError::io(format!("record the workspace {}", workspace.path.display())))?;
    let near = workspace.project.as_deref().unwrap_or(&workspace.state);
    excludes::write(workspace, near).map_err(ProvisionError::io("write the list of ignored files"))
}

fn weigh_for_copy(project: &Path, target: &Path) -> Result<Weight, ProvisionError> {
    let parent = target.ancestors().skip(1).find_map(|dir| dir.canonicalize().ok()).unwrap_or_default();
    if parent.starts_with(project) {
        return Err(ProvisionError::TargetInsideProject(project.into()));
    }
    let weight = weigh(project, MOST_FILES, MOST_BYTES)?;
    if weight.is_above(MOST_FILES, MOST_BYTES) {
        let limit = "200,000 files or 2 GiB".into();
        return Err(ProvisionError::TooLarge { path: project.into(), limit });
    }
    Ok(weight)
}

/// Counts, and stops counting once above the limits.
fn weigh(top: &Path, files: u64, bytes: u64) -> Result<Weight, ProvisionError> {
    let mut weight = Weight::default();
    let mut left = vec![top.to_path_buf()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(&dir).map_err(ProvisionError::io(format!("read {}", dir.display())))? {
            let entry = entry.map_err(ProvisionError::io(format!("read {}", dir.display())))?;
            let Ok(meta) = entry.metadata() else { continue };
            weight.files += 1;
            weight.bytes += if meta.is_file() { meta.len() } else { 0 };
            if meta.is_dir() {
                left.push(entry.path());
            }
            if weight.is_above(files, bytes) {
                return Ok(weight);
            }
        }
    }
    Ok(weight)
}

fn copy(from: &Path, to: &Path, request: &Provision, notes: &mut Vec<String>) -> Result<(), ProvisionError> {
    let mut left: Vec<(PathBuf, PathBuf)> = vec![(from.into(), to.into())];
    let mut made = Vec::new();
    while let Some((from, to)) = left.pop() {
        for entry in fs::read_dir(&from).map_err(ProvisionError::io(format!("read {}", from.display())))? {
            if request.cancel.is_cancelled() {
                return Err(ProvisionError::Cancelled);
            }
            let entry = entry.map_err(ProvisionError::io(format!("read {}", from.display())))?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            let failed = ProvisionError::io(format!("copy {}", source.display()));
            let kind = entry.file_type().map_err(ProvisionError::io(format!("read {}", source.display())))?;
            if kind.is_dir() {
                fs::create_dir(&target).map_err(failed)?;
                made.push((source.clone(), target.clone()));
                left.push((source, target));
            } else if kind.is_symlink() {
                files::copy_link(&source, &target).map_err(failed)?;
            } else if kind.is_file() && !is_pointer_to_a_repository(&entry) {
                files::copy_file(&source, &target).map_err(failed)?;
            } else {
                notes.push(format!("{} was not copied: it is no ordinary file", source.display()));
            }
        }
    }
    // Children first, since a directory may lose its write permission here.
    for (source, target) in made.into_iter().rev() {
        if let Ok(meta) = source.metadata() {
            let _ = fs::set_permissions(&target, meta.permissions());
        }
    }
    Ok(())
}

/// A `.git` file names another repository's directory: a copy of it would let the agent commit there.
fn is_pointer_to_a_repository(entry: &fs::DirEntry) -> bool {
    entry.file_name() == ".git"
}

fn remember(workspace: &mut Workspace, weight: Weight) -> Result<(), ProvisionError> {
    if weight.is_above(SHADOW_FILES, SHADOW_BYTES) {
        return Ok(());
    }
    let shadow = workspace.state.join("shadow.git");
    plant(&shadow).map_err(ProvisionError::io(format!("create {}", shadow.display())))?;
    workspace.git_dir = Some(shadow);
    let Some(git) = workspace.git() else { return Ok(()) };
    workspace.base = match first_commit(&git) {
        Ok(commit) => Some(commit),
        Err(full @ GitError::DiskFull(_)) => return Err(full.into()),
        // A nested repository without commits, an unreadable file: the run can do without a diff.
        Err(error) => {
            tracing::warn!(path = %workspace.path.display(), %error, "changes of this folder will not be shown");
            workspace.git_dir = None;
            None
        }
    };
    Ok(())
}

/// `git init` by hand: no templates, no questions about the default branch. Nothing in it needs to
/// survive a power cut, so it does not wait for the disk.
fn plant(shadow: &Path) -> std::io::Result<()> {
    fs::create_dir_all(shadow.join("objects"))?;
    fs::create_dir_all(shadow.join("refs/heads"))?;
    fs::write(shadow.join("HEAD"), "ref: refs/heads/work\n")?;
    let config = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfsync = none\n\tcompression = 1\n";
    fs::write(shadow.join("config"), config)
}

fn first_commit(git: &Git) -> Result<String, GitError> {
    git.write(["add", "--all", "--", "."]).long().run()?;
    let tree = git.line(["write-tree"])?;
    let commit = crate::salvage::commit_tree(git, &tree, &[], "As it was at the start\n")?;
    git.write(["update-ref", "HEAD", &commit]).run()?;
    Ok(commit)
}

/// Whether the workspace's repository is our shadow, not the user's.
pub fn is_shadowed(workspace: &Workspace) -> bool {
    workspace.git_dir.as_deref().is_some_and(|dir| dir.starts_with(&workspace.state))
        && workspace.kind != Kind::Worktree
}
