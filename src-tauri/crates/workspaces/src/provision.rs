//! Making a workspace: what is asked for, the steps reported, what can go wrong. The kinds
//! themselves are in `worktree` and `folder`; here is what they share, and the promise that a
//! provision that fails, for whatever reason, leaves nothing behind.

use crate::git::{Git, GitError};
use crate::pool::Pool;
use crate::process::Cancel;
use crate::record::{Kind, Workspace};
use crate::{excludes, folder, include, marks, ports, setup, side_by_side, submodules, sweep, worktree};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is wanted. Start from [`Provision::new`] and set what matters.
#[derive(Clone, Debug)]
pub struct Provision {
    /// None: an empty folder.
    pub project: Option<PathBuf>,
    pub wanted: Kind,
    /// The repositories to lie side by side, for [`Kind::Worktrees`]; the project's own first.
    pub parts: Vec<Part>,
    /// Branch, tag or commit to start from; the project's HEAD if none or empty.
    pub base: Option<String>,
    /// `flightboard/<card>-<slug>`; `-2` to `-9` is added where it exists.
    pub branch: String,
    /// Where the workspace goes; must not exist. Its state goes to `<target_dir>.state` also for a
    /// workspace in place.
    pub target_dir: PathBuf,
    /// Argument vector; empty for none.
    pub setup: Vec<String>,
    /// Added to the environment of the setup command.
    pub setup_env: Vec<(OsString, OsString)>,
    pub setup_timeout: Duration,
    /// First of the leased block of ports.
    pub ports: Option<u16>,
    /// Ready-made worktrees for big repositories.
    pub pool: Option<Pool>,
    pub cancel: Cancel,
}

impl Provision {
    pub fn new(wanted: Kind, project: Option<PathBuf>, target_dir: PathBuf) -> Provision {
        Provision {
            project,
            wanted,
            parts: Vec::new(),
            base: None,
            branch: "flightboard/work".into(),
            target_dir,
            setup: Vec::new(),
            setup_env: Vec::new(),
            setup_timeout: Duration::from_secs(15 * 60),
            ports: None,
            pool: None,
            cancel: Cancel::default(),
        }
    }
}

/// One of several repositories side by side.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name in the workspace: a single path component, not one of our own files.
    pub directory: String,
    pub project: PathBuf,
    /// As [`Provision::base`].
    pub base: Option<String>,
}

/// Reported as each begins; of several repositories those of each in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Checking,
    CheckingOut,
    /// A ready-made worktree is being used.
    TakingSpare,
    Copying,
    CopyingIgnored,
    Submodules,
    Setup(String),
}

#[derive(Clone, Debug)]
pub struct Provisioned {
    pub path: PathBuf,
    pub branch: Option<String>,
    pub base_commit: Option<String>,
    pub kind: Kind,
    /// What was left out and why, in sentences: a submodule the project never fetched, a socket.
    pub notes: Vec<String>,
    pub workspace: Workspace,
}

#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    #[error("a worktree needs a git repository, and no project folder was given")]
    NoProject,
    #[error("{} is not a git repository", .0.display())]
    NotARepository(PathBuf),
    #[error("{} is a folder inside the git repository {}", path.display(), top.display())]
    InsideRepository { path: PathBuf, top: PathBuf },
    #[error("{} is a bare repository: it has no files to work on", .0.display())]
    Bare(PathBuf),
    #[error("the repository {} has no commits yet", .0.display())]
    NoCommits(PathBuf),
    #[error("{}", same(path, other))]
    SameRepository { path: PathBuf, other: PathBuf },
    #[error("“{0}” cannot be a directory of the workspace, or is there twice")]
    BadDirectory(String),
    #[error("the base {base} was not found in {}", project.display())]
    BaseNotFound { base: String, project: PathBuf },
    #[error("{0} is not a possible branch name")]
    BadBranchName(String),
    #[error("the branches {0} to {0}-9 all exist")]
    BranchesTaken(String),
    #[error("the branch {other} stands in the way of {branch}: git cannot have both")]
    BranchInTheWay { branch: String, other: String },
    #[error("{} exists already", .0.display())]
    TargetExists(PathBuf),
    #[error("the project folder {} contains the place for workspaces, so a copy would contain itself", .0.display())]
    TargetInsideProject(PathBuf),
    #[error("{} is too large to copy: more than {limit}", path.display())]
    TooLarge { path: PathBuf, limit: String },
    #[error("the setup command {program} failed ({status}):\n{tail}")]
    SetupFailed { program: String, status: String, tail: String },
    #[error("the setup command {program} did not finish within {seconds} s:\n{tail}")]
    SetupTimedOut { program: String, seconds: u64, tail: String },
    #[error("the setup command {program} could not be started: {error}")]
    SetupNotStarted { program: String, error: std::io::Error },
    #[error("the disk is full: could not {0}")]
    DiskFull(String),
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Git(GitError),
    #[error("could not {what}: {error}")]
    Io { what: String, error: std::io::Error },
}

fn same(path: &Path, other: &Path) -> String {
    if path == other {
        format!("{} is one of the repositories already", path.display())
    } else {
        format!("{} and {} are the same repository", path.display(), other.display())
    }
}

impl ProvisionError {
    pub fn code(&self) -> &'static str {
        match self {
            ProvisionError::NotAFolder(_) => "not_a_folder",
            ProvisionError::NoProject => "no_project",
            ProvisionError::NotARepository(_) | ProvisionError::InsideRepository { .. } => "not_a_repository",
            ProvisionError::Bare(_) => "bare_repository",
            ProvisionError::NoCommits(_) => "no_commits",
            ProvisionError::SameRepository { .. } => "same_repository",
            ProvisionError::BadDirectory(_) => "bad_directory",
            ProvisionError::BaseNotFound { .. } => "base_not_found",
            ProvisionError::BadBranchName(_) => "bad_branch_name",
            ProvisionError::BranchesTaken(_) | ProvisionError::BranchInTheWay { .. } => "branch_exists",
            ProvisionError::TargetExists(_) => "target_exists",
            ProvisionError::TargetInsideProject(_) => "target_inside_project",
            ProvisionError::TooLarge { .. } => "too_large",
            ProvisionError::SetupFailed { .. } => "setup_failed",
            ProvisionError::SetupTimedOut { .. } => "setup_timed_out",
            ProvisionError::SetupNotStarted { .. } => "setup_not_started",
            ProvisionError::DiskFull(_) => "disk_full",
            ProvisionError::Cancelled => "cancelled",
            ProvisionError::Git(error) => error.code(),
            ProvisionError::Io { .. } => "io",
        }
    }

    /// What the person can do about it.
    pub fn next_step(&self) -> Option<String> {
        let text = match self {
            ProvisionError::NotAFolder(_) => "Correct the project's path, or mount the disk it is on.",
            ProvisionError::NoProject => "Give the task a project, or use an empty folder.",
            ProvisionError::NotARepository(_) => {
                "Run `git init` and make a first commit, or use it as a plain folder."
            }
            ProvisionError::InsideRepository { .. } => {
                "Add the repository itself as the project, or use a plain folder."
            }
            ProvisionError::Bare(_) => "Add a clone of it as the project.",
            ProvisionError::NoCommits(_) => "Make a first commit, or use the project as a plain folder.",
            ProvisionError::SameRepository { .. } => "Add each repository once.",
            ProvisionError::BadDirectory(_) => {
                "Give the repository another directory in the project's settings."
            }
            ProvisionError::BaseNotFound { .. } => "Change the base branch in the project's settings.",
            ProvisionError::BadBranchName(_) => {
                "Change the task's title to something with letters or digits."
            }
            ProvisionError::BranchesTaken(_) => "Delete branches of this card that are no longer needed.",
            ProvisionError::BranchInTheWay { other, .. } => {
                return Some(format!("Rename that branch: git branch -m {other} {other}-old"));
            }
            ProvisionError::TargetExists(_) => "Move that folder away, then try again.",
            ProvisionError::TargetInsideProject(_) | ProvisionError::TooLarge { .. } => {
                "Let the project be used in place (project settings), or make it a git repository."
            }
            ProvisionError::SetupFailed { .. } | ProvisionError::SetupNotStarted { .. } => {
                "Correct the setup command in the project's settings."
            }
            ProvisionError::SetupTimedOut { .. } => "Make the setup command faster, or run it by hand once.",
            ProvisionError::DiskFull(_) => "Free some disk space, then try again.",
            ProvisionError::Cancelled => return None,
            ProvisionError::Git(error) => return error.next_step(),
            ProvisionError::Io { .. } => "Check the permissions of the folder named.",
        };
        Some(text.to_owned())
    }

    /// For `map_err`: says what was being done.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> ProvisionError {
        let what = what.into();
        move |error| match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ProvisionError::DiskFull(what),
            _ => ProvisionError::Io { what, error },
        }
    }
}

impl From<GitError> for ProvisionError {
    fn from(error: GitError) -> ProvisionError {
        match error {
            GitError::Cancelled => ProvisionError::Cancelled,
            other => ProvisionError::Git(other),
        }
    }
}

/// Makes the workspace, or leaves nothing behind.
pub fn provision(request: &Provision, progress: &dyn Fn(Step)) -> Result<Provisioned, ProvisionError> {
    progress(Step::Checking);
    let project = request.project.as_deref().map(existing_folder).transpose()?;
    refuse_existing(&request.target_dir)?;
    let mut unfinished =
        Unfinished::begin(Workspace::new(&request.target_dir, request.wanted, project.as_deref()));
    let workspace = &mut unfinished.workspace;
    let mut notes = Vec::new();
    match (request.wanted, &project) {
        (Kind::Worktree, None) => return Err(ProvisionError::NoProject),
        (Kind::Worktree, Some(project)) => {
            worktree::make(workspace, project, request, progress)?;
            furnish_worktree(workspace, project, request, progress, &mut notes)?;
        }
        (Kind::Worktrees, None) => return Err(ProvisionError::NoProject),
        (Kind::Worktrees, Some(_)) => side_by_side::make(workspace, request, progress, &mut notes)?,
        (Kind::Folder, project) => {
            folder::make(workspace, project.as_deref(), request, progress, &mut notes)?
        }
        (Kind::InPlace, None) => return Err(ProvisionError::NoProject),
        (Kind::InPlace, Some(project)) => folder::use_in_place(workspace, project, request)?,
    }
    finish(workspace, request, progress)?;
    Ok(unfinished.keep(notes))
}

pub(crate) fn furnish_worktree(
    workspace: &Workspace,
    project: &Path,
    request: &Provision,
    progress: &dyn Fn(Step),
    notes: &mut Vec<String>,
) -> Result<(), ProvisionError> {
    if project.join(include::NAME).is_file() {
        progress(Step::CopyingIgnored);
        include::copy(&Git::found_from(project).cancelled_by(&request.cancel), &workspace.path, notes)?;
    }
    if workspace.path.join(".gitmodules").is_file() {
        progress(Step::Submodules);
        submodules::fill(workspace, project, &request.cancel, notes)?;
    }
    Ok(())
}

/// Setup, `artifacts/`, what was there before the agent: the same for every kind.
fn finish(
    workspace: &mut Workspace,
    request: &Provision,
    progress: &dyn Fn(Step),
) -> Result<(), ProvisionError> {
    if !request.setup.is_empty() {
        progress(Step::Setup(request.setup.join(" ")));
        let mut env = agent_env(workspace);
        env.extend(request.ports.map(ports::port_env).into_iter().flatten());
        env.extend(request.setup_env.iter().cloned());
        setup::run(workspace, request, &env)?;
    }
    if request.cancel.is_cancelled() {
        return Err(ProvisionError::Cancelled);
    }
    let artifacts = workspace.artifacts();
    // Whatever the project already has there is its own business.
    if artifacts.symlink_metadata().is_err() {
        std::fs::create_dir(&artifacts)
            .map_err(ProvisionError::io(format!("create {}", artifacts.display())))?;
    }
    workspace.first_marks = marks::first(&workspace.path);
    workspace.ready = true;
    workspace.save().map_err(ProvisionError::io(format!("record the workspace {}", workspace.path.display())))
}

fn agent_env(workspace: &Workspace) -> Vec<(OsString, OsString)> {
    excludes::agent_git_env(workspace, std::env::var_os("GIT_CONFIG_COUNT").as_deref())
}

fn existing_folder(path: &Path) -> Result<PathBuf, ProvisionError> {
    match path.canonicalize() {
        Ok(found) if found.is_dir() => Ok(found),
        _ => Err(ProvisionError::NotAFolder(path.into())),
    }
}

fn refuse_existing(target: &Path) -> Result<(), ProvisionError> {
    let state = crate::record::state_dir(target);
    match [target, &state].into_iter().find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => Err(ProvisionError::TargetExists(path.into())),
        None => Ok(()),
    }
}

/// A workspace being made; dropped before [`Unfinished::keep`], everything made so far goes.
struct Unfinished {
    workspace: Workspace,
    keep: bool,
}

impl Unfinished {
    fn begin(workspace: Workspace) -> Unfinished {
        Unfinished { workspace, keep: false }
    }

    fn keep(mut self, notes: Vec<String>) -> Provisioned {
        self.keep = true;
        let workspace = self.workspace.clone();
        Provisioned {
            path: workspace.path.clone(),
            branch: workspace.branch.clone(),
            base_commit: workspace.base.clone(),
            kind: workspace.kind,
            notes,
            workspace,
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.keep {
            sweep::undo_provision(&self.workspace);
        }
    }
}
