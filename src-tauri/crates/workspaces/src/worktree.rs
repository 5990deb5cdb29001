//! Making a git worktree on a branch of its own: from a spare of the pool where there is one,
//! otherwise by a checkout with several workers. The repository is locked only while names are
//! chosen and entered; files are written without the lock.

use crate::excludes;
use crate::git::Git;
use crate::lock::RepositoryLock;
use crate::pool::Spare;
use crate::process::Cancel;
use crate::provision::{Provision, ProvisionError, Step};
use crate::record::Workspace;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The user's repository.
#[derive(Clone, Debug)]
pub struct Repository {
    pub top: PathBuf,
    /// What all its worktrees share: refs, objects, configuration.
    pub common: PathBuf,
    pub git: Git,
}

impl Repository {
    /// `path` must be the top of a working tree: a folder somewhere inside a repository (a home
    /// directory under git, say) is not taken for the repository.
    pub fn open(path: &Path, cancel: &Cancel) -> Result<Repository, ProvisionError> {
        let git = Git::found_from(path).cancelled_by(cancel);
        let common = git.path(["rev-parse", "--path-format=absolute", "--git-common-dir"]);
        let common = match common {
            Err(crate::git::GitError::NotARepository(_)) => {
                return Err(ProvisionError::NotARepository(path.into()));
            }
            other => other?,
        };
        if git.line(["rev-parse", "--is-inside-work-tree"])? != "true" {
            return Err(ProvisionError::Bare(path.into()));
        }
        let top = git.path(["rev-parse", "--show-toplevel"])?;
        if top.canonicalize().ok() != path.canonicalize().ok() {
            return Err(ProvisionError::InsideRepository { path: path.into(), top });
        }
        Ok(Repository { top, common, git })
    }

    /// The commit to start from: `base`, or HEAD where it is empty.
    pub fn base_commit(&self, base: Option<&str>) -> Result<String, ProvisionError> {
        let base = base.map(str::trim).filter(|base| !base.is_empty());
        if let Some(commit) = self.git.commit(base.unwrap_or("HEAD"))? {
            return Ok(commit);
        }
        match base {
            Some(base) if self.git.commit("HEAD")?.is_some() => {
                Err(ProvisionError::BaseNotFound { base: base.into(), project: self.top.clone() })
            }
            _ => Err(ProvisionError::NoCommits(self.top.clone())),
        }
    }
}

pub fn make(
    workspace: &mut Workspace,
    project: &Path,
    request: &Provision,
    progress: &dyn Fn(Step),
) -> Result<(), ProvisionError> {
    let repository = Repository::open(project, &request.cancel)?;
    let base = repository.base_commit(request.base.as_deref())?;
    workspace.base = Some(base.clone());
    workspace.common_dir = Some(repository.common.clone());
    workspace
        .save()
        .map_err(ProvisionError::io(format!("record the workspace {}", workspace.path.display())))?;
    excludes::write(workspace, project).map_err(ProvisionError::io("write the list of ignored files"))?;
    if let Some(parent) = workspace.path.parent() {
        std::fs::create_dir_all(parent)
            .map_err(ProvisionError::io(format!("create {}", parent.display())))?;
    }

    let spare = request.pool.as_ref().and_then(|pool| pool.take(&repository, &base));
    match spare {
        Some(spare) => {
            progress(Step::TakingSpare);
            use_spare(workspace, &repository, request, spare, &base)
        }
        None => {
            progress(Step::CheckingOut);
            check_out(workspace, &repository, request, &base)
        }
    }
}

fn check_out(
    workspace: &mut Workspace,
    repository: &Repository,
    request: &Provision,
    base: &str,
) -> Result<(), ProvisionError> {
    let lock = RepositoryLock::take(&repository.common);
    let branch = claim_branch(workspace, repository, &request.branch)?;
    // Forced: nothing is at the path, but git may remember a worktree there that was deleted by hand.
    let add =
        repository.git.write(["worktree", "add", "--force", "--quiet", "--no-checkout", "-b", &branch, "--"]);
    add.arg(&workspace.path).arg(base).run()?;
    drop(lock);
    enter(workspace, request)?;
    fill(&Git::found_from(&workspace.path).cancelled_by(&request.cancel), base)
}

/// A spare is a detached worktree with its files in place: renaming it and pointing its HEAD at a
/// new branch touches no file, so the cost does not grow with the repository.
fn use_spare(
    workspace: &mut Workspace,
    repository: &Repository,
    request: &Provision,
    spare: Spare,
    base: &str,
) -> Result<(), ProvisionError> {
    let lock = RepositoryLock::take(&repository.common);
    let branch = claim_branch(workspace, repository, &request.branch)?;
    repository.git.write(["worktree", "move", "--"]).arg(spare.path()).arg(&workspace.path).run()?;
    spare.used();
    let git = Git::found_from(&workspace.path);
    let reference = format!("refs/heads/{branch}");
    git.write(["update-ref", &reference, base, ""]).run()?;
    git.write(["symbolic-ref", "HEAD", &reference]).run()?;
    drop(lock);
    enter(workspace, request)
}

/// Notes where git keeps this worktree's own files.
fn enter(workspace: &mut Workspace, request: &Provision) -> Result<(), ProvisionError> {
    let git = Git::found_from(&workspace.path).cancelled_by(&request.cancel);
    workspace.git_dir = Some(git.path(["rev-parse", "--absolute-git-dir"])?);
    Ok(())
}

/// Writes the files of `commit`. More workers than cores make it slower, not faster.
pub fn fill(git: &Git, commit: &str) -> Result<(), ProvisionError> {
    let reset = git.write(["reset", "--quiet", "--hard", "--no-recurse-submodules", commit]);
    reset.config("checkout.workers", workers().to_string()).long().run()?;
    Ok(())
}

pub fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(8)
}

/// Chooses the branch name and records it before it exists, so that a crash can be cleaned up.
fn claim_branch(
    workspace: &mut Workspace,
    repository: &Repository,
    wanted: &str,
) -> Result<String, ProvisionError> {
    let branch = free_branch(&repository.git, wanted)?;
    workspace.branch = Some(branch.clone());
    workspace
        .save()
        .map_err(ProvisionError::io(format!("record the workspace {}", workspace.path.display())))?;
    Ok(branch)
}

fn free_branch(git: &Git, wanted: &str) -> Result<String, ProvisionError> {
    let free = free_branches(git, wanted)?;
    free.into_iter().next().ok_or_else(|| ProvisionError::BranchesTaken(wanted.into()))
}

/// A name that is free in every one of them. Each still has to claim it.
pub fn free_in_all(repositories: &[Repository], wanted: &str) -> Result<String, ProvisionError> {
    let mut common: Option<Vec<String>> = None;
    for repository in repositories {
        let free = free_branches(&repository.git, wanted)?;
        common = Some(match common {
            Some(common) => common.into_iter().filter(|name| free.contains(name)).collect(),
            None => free,
        });
    }
    let first = common.and_then(|names| names.into_iter().next());
    first.ok_or_else(|| ProvisionError::BranchesTaken(wanted.into()))
}

/// `wanted` and its numbered variants, as far as they can be made; the one without a number first.
fn free_branches(git: &Git, wanted: &str) -> Result<Vec<String>, ProvisionError> {
    let checked = git.read(["check-ref-format", &format!("refs/heads/{wanted}")]).finish()?;
    if !checked.ok || wanted.starts_with('-') {
        return Err(ProvisionError::BadBranchName(wanted.into()));
    }
    let room = wanted.split('/').next().unwrap_or(wanted);
    let listed = git.read(["for-each-ref", "--format=%(refname:lstrip=2)"]).arg("refs/heads/").run()?;
    let listed = String::from_utf8_lossy(&listed);
    let taken: HashSet<&str> = listed.lines().filter(|name| name.starts_with(room)).collect();
    if let Some(other) = ancestors(wanted).find(|name| taken.contains(name)) {
        return Err(ProvisionError::BranchInTheWay { branch: wanted.into(), other: other.into() });
    }
    let names = std::iter::once(wanted.to_owned()).chain((2..=9).map(|n| format!("{wanted}-{n}")));
    let is_free = |name: &String| {
        let below = format!("{name}/");
        !taken.contains(name.as_str()) && !taken.iter().any(|other| other.starts_with(&below))
    };
    Ok(names.filter(is_free).collect())
}

/// `a/b/c` → `a`, `a/b`: git cannot hold a branch of that name beside `a/b/c`.
fn ancestors(branch: &str) -> impl Iterator<Item = &str> {
    branch.match_indices('/').map(|(at, _)| &branch[..at])
}
