//! Saving work before a workspace goes, and bringing it back. Everything that is not ignored,
//! committed or not, becomes one commit under `refs/flightboard/salvage/`; the branch and the
//! agent's index are not touched. The commit is built as a stash is: its tree is the working tree,
//! its first parent HEAD, its second a commit of the index, so that staged, unstaged and untracked
//! come back as what they were.

use crate::excludes;
use crate::git::{Git, GitError, nul_paths};
use crate::lock::RepositoryLock;
use crate::os_path;
use crate::process::Cancel;
use crate::provision::ProvisionError;
use crate::record::{Kind, RecordError, Workspace};
use crate::scratch_index::ScratchIndex;
use crate::worktree::{Repository, workers};
use crate::{folder, submodules, sweep};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const ROOM: &str = "refs/flightboard/salvage";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvage {
    /// `refs/flightboard/salvage/<label>`; none where there was nothing to save.
    pub reference: Option<String>,
    pub commit: Option<String>,
    /// Repositories inside the workspace (submodules, clones) with work that a commit of the outer
    /// one cannot hold. It is lost if the workspace goes.
    pub unsaved: Vec<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    #[error("the workspace {} has been removed", .0.display())]
    Gone(PathBuf),
    #[error("{0} cannot be part of a ref name")]
    BadLabel(String),
    #[error("the saved work could not be read back; nothing was removed")]
    NotVerified,
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Saves under `label` (`T-12/17`: the card's key and the run). Saving the same state again gives
/// the same ref; another state gets `<label>-2` and so on. Several repositories are saved each in
/// its own; the ref told is that of the first.
pub fn salvage(workspace: &Workspace, label: &str) -> Result<Salvage, SalvageError> {
    if !workspace.present() {
        return Err(SalvageError::Gone(workspace.path.clone()));
    }
    match workspace.kind {
        Kind::Worktrees => {
            let saved = salvage_together(&workspace.repositories()?, label, false)?;
            let unsaved = saved.iter().flat_map(|saved| saved.unsaved.clone()).collect();
            let first = saved.into_iter().find(|saved| saved.reference.is_some()).unwrap_or_default();
            Ok(Salvage { unsaved, ..first })
        }
        Kind::Worktree | Kind::Folder | Kind::InPlace => salvage_one(workspace, label),
    }
}

pub(crate) fn salvage_one(workspace: &Workspace, label: &str) -> Result<Salvage, SalvageError> {
    let saved = salvage_together(std::slice::from_ref(workspace), label, false)?;
    Ok(saved.into_iter().next().unwrap_or_default())
}

/// If one of them, or `anyway`, asks for saving, all are saved, clean ones too: then all can come back
/// as they were.
pub(crate) fn salvage_together(
    worktrees: &[Workspace],
    label: &str,
    anyway: bool,
) -> Result<Vec<Salvage>, SalvageError> {
    let taken = worktrees.iter().map(look).collect::<Result<Vec<_>, _>>()?;
    let mut needed = anyway;
    for (git, snapshot) in taken.iter().flatten() {
        needed = needed || snapshot.is_needed(git)?;
    }
    let save = |(worktree, taken): (&Workspace, Option<(Git, Snapshot)>)| {
        let Some((git, snapshot)) = taken else { return Ok(Salvage::default()) };
        let unsaved = snapshot.unsaved.clone();
        if !needed {
            return Ok(Salvage { unsaved, ..Salvage::default() });
        }
        let (reference, commit) = keep(&git, worktree, label, |git| snapshot.commit(git, worktree))?;
        Ok(Salvage { reference: Some(reference), commit: Some(commit), unsaved })
    };
    worktrees.iter().zip(taken).map(save).collect()
}

/// None where there is nothing for the user's repository to hold. Where the directory is gone,
/// commits on a detached HEAD are all that can still be lost.
fn look(worktree: &Workspace) -> Result<Option<(Git, Snapshot)>, GitError> {
    // Objects are not flushed by default; here they are about to be the only copy.
    let durable = |git: Git| git.configured("core.fsync", "all").configured("core.fsyncMethod", "batch");
    if worktree.present() {
        let Some(git) = worktree.git().filter(|_| !folder::is_shadowed(worktree)).map(durable) else {
            return Ok(None);
        };
        let snapshot = Snapshot::take(&git, worktree)?;
        return Ok(Some((git, snapshot)));
    }
    let (Some(git_dir), Some(common)) = (&worktree.git_dir, &worktree.common_dir) else { return Ok(None) };
    if !git_dir.is_dir() || !common.is_dir() {
        return Ok(None);
    }
    let git = durable(Git::with_git_dir(git_dir, common));
    Ok(Snapshot::of_head(&git)?.map(|snapshot| (git, snapshot)))
}

/// The ref of an earlier salvage under this label, if any.
pub(crate) fn existing(common: &Path, label: &str) -> Option<String> {
    let reference = format!("{ROOM}/{label}");
    let found = Git::found_from(common).commit(&reference).ok()?;
    found.map(|_| reference)
}

/// The state of a working tree, as object names.
struct Snapshot {
    head: Option<String>,
    branch: Option<String>,
    /// None while a merge has conflicts: such an index cannot be a tree.
    index: Option<String>,
    files: String,
    unsaved: Vec<PathBuf>,
}

impl Snapshot {
    fn take(git: &Git, workspace: &Workspace) -> Result<Snapshot, GitError> {
        let head = git.commit("HEAD")?;
        let branch = git.maybe_line(["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        let copy = ScratchIndex::copy(git, &workspace.state)?;
        let scratch = git.with_index(copy.path());
        let index = scratch.maybe_line(["write-tree"])?;
        let nested = nested_repositories(&scratch)?;
        let mut add = scratch.write(["add", "--all", "--", "."]).long();
        for path in &nested {
            let mut spec = OsString::from(":(top,exclude,literal)");
            spec.push(path.as_os_str());
            add = add.arg(spec);
        }
        add.run()?;
        let files = scratch.line(["write-tree"])?;
        let mut unsaved = unsaved_submodules(git, workspace.base.as_deref())?;
        unsaved.extend(nested);
        if let Some(directory) = workspace.path.file_name().filter(|_| workspace.is_part) {
            unsaved.iter_mut().for_each(|path| *path = Path::new(directory).join(&*path));
        }
        Ok(Snapshot { head, branch, index, files, unsaved })
    }

    fn of_head(git: &Git) -> Result<Option<Snapshot>, GitError> {
        let Some(head) = git.commit("HEAD")? else { return Ok(None) };
        let branch = git.maybe_line(["symbolic-ref", "--quiet", "--short", "HEAD"])?;
        let files = git.line(["rev-parse", &format!("{head}^{{tree}}")])?;
        let index = Some(files.clone());
        Ok(Some(Snapshot { head: Some(head), branch, index, files, unsaved: Vec::new() }))
    }

    fn is_needed(&self, git: &Git) -> Result<bool, GitError> {
        let Some(head) = &self.head else { return Ok(true) };
        let tree = git.line(["rev-parse", &format!("{head}^{{tree}}")])?;
        let dirty = self.files != tree || self.index.as_ref() != Some(&tree);
        Ok(dirty || (self.branch.is_none() && !is_reachable(git, head)?))
    }

    fn commit(&self, git: &Git, workspace: &Workspace) -> Result<String, GitError> {
        let head: Vec<&str> = self.head.as_deref().into_iter().collect();
        let index = self.index.as_ref().unwrap_or(&self.files);
        let index = commit_tree(git, index, &head, "Index at the time of saving\n")?;
        let parents: Vec<&str> = head.iter().copied().chain([index.as_str()]).collect();
        commit_tree(git, &self.files, &parents, &self.message(workspace))
    }

    fn message(&self, workspace: &Workspace) -> String {
        let mut text = String::from("Work saved by Flightboard before its workspace was removed\n\n");
        let mut trailer = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                text.push_str(&format!("Flightboard-{key}: {value}\n"));
            }
        };
        trailer("Branch", self.branch.as_deref());
        trailer("Head", self.head.as_deref());
        trailer("Base", workspace.base.as_deref());
        trailer("Own-Branch", workspace.branch.as_deref());
        text
    }
}

/// Points a new ref at the commit and reads it back.
fn keep(
    git: &Git,
    workspace: &Workspace,
    label: &str,
    commit: impl FnOnce(&Git) -> Result<String, GitError>,
) -> Result<(String, String), SalvageError> {
    let wanted = format!("{ROOM}/{label}");
    if !git.read(["check-ref-format", &wanted]).finish()?.ok {
        return Err(SalvageError::BadLabel(label.into()));
    }
    let commit = commit(git)?;
    let _lock = workspace.common_dir.as_deref().map(RepositoryLock::take);
    let mut reference = wanted.clone();
    let mut n = 2;
    while let Some(other) = git.commit(&reference)? {
        if holds_the_same(git, &other, &commit)? {
            return Ok((reference, other));
        }
        reference = format!("{wanted}-{n}");
        n += 1;
    }
    git.write(["update-ref", "-m", "flightboard: salvage", &reference, &commit, ""]).run()?;
    let stands = git.commit(&reference)?.as_ref() == Some(&commit);
    let readable = git.read(["cat-file", "-e", &format!("{commit}^{{tree}}")]).finish()?.ok;
    if stands && readable { Ok((reference, commit)) } else { Err(SalvageError::NotVerified) }
}

/// Same files, same index, same HEAD.
fn holds_the_same(git: &Git, a: &str, b: &str) -> Result<bool, GitError> {
    let parts = |commit: &str| {
        let names = [format!("{commit}^{{tree}}"), format!("{commit}^1"), format!("{commit}^2^{{tree}}")];
        names
            .iter()
            .map(|name| git.maybe_line(["rev-parse", "--verify", "--quiet", name]))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(parts(a)? == parts(b)?)
}

fn is_reachable(git: &Git, commit: &str) -> Result<bool, GitError> {
    let rooms = ["refs/heads", "refs/tags", "refs/remotes"];
    let found = git.read(["for-each-ref", "--count=1", "--format=x", "--contains", commit]);
    Ok(!rooms.iter().fold(found, |call, room| call.arg(room)).run()?.is_empty())
}

/// Untracked repositories: git lists them as directories and does not look inside.
fn nested_repositories(git: &Git) -> Result<Vec<PathBuf>, GitError> {
    let out = git.read(["ls-files", "-z", "--others", "--exclude-standard"]).long().run()?;
    let names = out.split(|byte| *byte == 0).filter_map(|name| name.strip_suffix(b"/"));
    Ok(names.filter_map(|name| os_path::from_bytes(name.to_vec())).collect())
}

/// Submodules with uncommitted changes, or commits that only this workspace has.
fn unsaved_submodules(git: &Git, base: Option<&str>) -> Result<Vec<PathBuf>, GitError> {
    let mut unsaved = Vec::new();
    let staged = git.read(["ls-files", "--stage", "-z"]).long().run()?;
    for entry in staged.split(|byte| *byte == 0).filter(|entry| entry.starts_with(b"160000 ")) {
        let Some(at) = entry.iter().position(|byte| *byte == b'\t') else { continue };
        for path in nul_paths(&entry[at + 1..]) {
            if has_work_of_its_own(git, &path, base)? {
                unsaved.push(path);
            }
        }
    }
    Ok(unsaved)
}

fn has_work_of_its_own(git: &Git, path: &Path, base: Option<&str>) -> Result<bool, GitError> {
    let dir = git.dir().join(path);
    if dir.join(".git").symlink_metadata().is_err() {
        return Ok(false);
    }
    let inside = Git::found_from(&dir);
    let status = inside.read(["status", "--porcelain", "--ignore-submodules=none"]).long().finish()?;
    if !status.ok || !status.stdout.is_empty() {
        return Ok(true);
    }
    let mut known = inside.read(["rev-list", "--max-count=1", "--all", "HEAD", "--not", "--remotes"]);
    if let Some(commit) = gitlink(git, base.unwrap_or("HEAD"), path)? {
        known = known.arg(commit);
    }
    let only_here = known.arg("--").finish()?;
    Ok(!only_here.ok || !only_here.stdout.is_empty())
}

/// The submodule commit that `base` asks for: it came from the project.
fn gitlink(git: &Git, base: &str, path: &Path) -> Result<Option<String>, GitError> {
    let out =
        git.read(["--literal-pathspecs", "ls-tree", "--full-tree", base, "--"]).arg(path).finish()?.stdout;
    let text = String::from_utf8_lossy(&out);
    Ok(text.strip_prefix("160000 commit ").and_then(|rest| rest.get(..40)).map(str::to_owned))
}

/// Plumbing: no hooks, no editor, no signing, and an identity of our own, so that it works where
/// the user has not set theirs.
pub(crate) fn commit_tree(
    git: &Git,
    tree: &str,
    parents: &[&str],
    message: &str,
) -> Result<String, GitError> {
    let mut call = git.write(["commit-tree", "--no-gpg-sign", tree]).input(message.as_bytes().to_vec());
    for parent in parents {
        call = call.arg("-p").arg(parent);
    }
    for role in ["AUTHOR", "COMMITTER"] {
        call = call
            .env(format!("GIT_{role}_NAME"), "Flightboard")
            .env(format!("GIT_{role}_EMAIL"), "flightboard@localhost");
    }
    Ok(String::from_utf8_lossy(&call.run()?).trim().to_owned())
}

#[derive(Clone, Debug)]
pub struct Restored {
    pub workspace: Workspace,
    /// None: HEAD is detached, because the branch has moved on or is in use elsewhere.
    pub branch: Option<String>,
    pub notes: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("the saved work {0} no longer exists in the repository")]
    NoSuchSalvage(String),
    #[error("{} exists already", .0.display())]
    TargetExists(PathBuf),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("could not {what}: {error}")]
    Io { what: String, error: std::io::Error },
}

impl RestoreError {
    /// For `map_err`: says what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> RestoreError {
        let what = what.into();
        move |error| RestoreError::Io { what, error }
    }
}

/// Makes a worktree at `target_dir` that is as the salvaged one was: same HEAD, same index, same
/// files, untracked ones untracked. The salvage ref stays. Leaves nothing behind on failure.
pub fn restore(project: &Path, reference: &str, target_dir: &Path) -> Result<Restored, RestoreError> {
    let workspace = Workspace::new(target_dir, Kind::Worktree, Some(project));
    for path in [&workspace.path, &workspace.state] {
        if path.symlink_metadata().is_ok() {
            return Err(RestoreError::TargetExists(path.clone()));
        }
    }
    restore_as(workspace, project, reference)
}

/// The same for a workspace of which nothing is there yet.
pub(crate) fn restore_as(
    mut workspace: Workspace,
    project: &Path,
    reference: &str,
) -> Result<Restored, RestoreError> {
    let repository = Repository::open(project, &Cancel::default())?;
    let saved = Saved::read(&repository.git, reference)?;
    workspace.common_dir = Some(repository.common.clone());
    workspace.base = saved.base.clone();
    let mut notes = Vec::new();
    match bring_back(&mut workspace, &repository, &saved, &mut notes) {
        Ok(branch) => Ok(Restored { workspace, branch, notes }),
        Err(error) => {
            // Must not take the branch with it, which may be older than this attempt.
            workspace.branch = None;
            sweep::undo_provision(&workspace);
            Err(error)
        }
    }
}

fn bring_back(
    workspace: &mut Workspace,
    repository: &Repository,
    saved: &Saved,
    notes: &mut Vec<String>,
) -> Result<Option<String>, RestoreError> {
    let io = |what: &'static str| RestoreError::io(what);
    workspace.save().map_err(io("record the workspace"))?;
    excludes::write(workspace, &repository.top).map_err(io("write the list of ignored files"))?;
    let branch = {
        let _lock = RepositoryLock::take(&repository.common);
        attach(workspace, &repository.git, saved)?
    };
    workspace.branch = saved.own_branch.clone();
    let git = Git::found_from(&workspace.path);
    workspace.git_dir = Some(git.path(["rev-parse", "--absolute-git-dir"])?);
    git.write(["read-tree", "--reset", "-u", &saved.commit])
        .config("checkout.workers", workers().to_string())
        .long()
        .run()?;
    // Names what the index held; entries of the same content keep their file times.
    git.write(["read-tree", "-m", &saved.index]).run()?;
    if workspace.path.join(".gitmodules").is_file() {
        submodules::fill(workspace, &repository.top, &Cancel::default(), notes)?;
    }
    if !workspace.is_part && workspace.artifacts().symlink_metadata().is_err() {
        std::fs::create_dir(workspace.artifacts()).map_err(io("create the artifacts folder"))?;
    }
    workspace.ready = true;
    workspace.save().map_err(io("record the workspace"))?;
    Ok(branch)
}

/// Adds the worktree on the branch it was on, if that is still (or again) possible.
fn attach(workspace: &Workspace, git: &Git, saved: &Saved) -> Result<Option<String>, GitError> {
    let add = |options: &[&str], commit: &str| {
        let call = git.write(["worktree", "add", "--quiet", "--no-checkout"]);
        let call = options.iter().fold(call, |call, option| call.arg(option));
        call.arg("--").arg(&workspace.path).arg(commit).finish()
    };
    if let Some(branch) = &saved.branch {
        let tip = git.commit(&format!("refs/heads/{branch}"))?;
        let done = match &tip {
            Some(tip) if *tip == saved.head => Some(add(&[], branch)?),
            Some(_) => None,
            None => Some(add(&["-b", branch], &saved.head)?),
        };
        if done.is_some_and(|done| done.ok) {
            return Ok(Some(branch.clone()));
        }
    }
    let call = git.write(["worktree", "add", "--quiet", "--no-checkout", "--detach", "--"]);
    call.arg(&workspace.path).arg(&saved.head).run()?;
    Ok(None)
}

/// A salvage commit taken apart.
struct Saved {
    commit: String,
    /// Commit that HEAD was at; the salvage itself if there was none.
    head: String,
    index: String,
    branch: Option<String>,
    own_branch: Option<String>,
    base: Option<String>,
}

impl Saved {
    fn read(git: &Git, reference: &str) -> Result<Saved, RestoreError> {
        let missing = || RestoreError::NoSuchSalvage(reference.into());
        let is_ours = reference.starts_with(&format!("{ROOM}/"));
        let commit = git.commit(reference)?.filter(|_| is_ours).ok_or_else(missing)?;
        let text = git.read(["cat-file", "commit", &commit]).run()?;
        let text = String::from_utf8_lossy(&text);
        let trailer = |key: &str| {
            let start = format!("Flightboard-{key}: ");
            text.lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
        };
        let parents: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("parent ")).collect();
        let index = parents.last().ok_or_else(missing)?.to_string();
        Ok(Saved {
            head: trailer("Head").unwrap_or_else(|| commit.clone()),
            branch: trailer("Branch"),
            own_branch: trailer("Own-Branch"),
            base: trailer("Base"),
            index,
            commit,
        })
    }
}
