//! What we remember about one workspace, in `<workspace>.state/workspace.json` beside it. Written
//! before anything else is made, so that whatever a crash leaves half-made can be named and removed.

use crate::files;
use crate::git::Git;
use crate::marks::FirstMarks;
use crate::os_path;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A git worktree on a branch of its own.
    Worktree,
    /// A directory that holds a worktree of each of several repositories, side by side.
    Worktrees,
    /// A directory of its own, seeded by a copy of the project's folder (or empty).
    Folder,
    /// The project's own folder.
    InPlace,
}

/// One workspace. Serialisable; [`Workspace::open`] reads it back from the disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Workspace {
    /// The agent's working directory.
    #[serde(with = "os_path")]
    pub path: PathBuf,
    pub kind: Kind,
    #[serde(with = "os_path::option")]
    pub project: Option<PathBuf>,
    /// The branch made for it, without `refs/heads/`.
    pub branch: Option<String>,
    /// The commit it started from; none where nothing can be compared.
    pub base: Option<String>,
    /// Our own files about it, outside the workspace: excludes, setup log, shadow repository.
    #[serde(with = "os_path")]
    pub state: PathBuf,
    /// False until everything, the setup command included, has been done.
    pub ready: bool,
    /// Told to git explicitly, whatever the agent does to the `.git` entry.
    #[serde(with = "os_path::option")]
    pub(crate) git_dir: Option<PathBuf>,
    /// The repository's common directory, for worktrees.
    #[serde(with = "os_path::option")]
    pub(crate) common_dir: Option<PathBuf>,
    pub(crate) first_marks: FirstMarks,
    /// The worktrees side by side, by directory, in the project's order; for [`Kind::Worktrees`].
    /// Each has a record of its own, see [`Workspace::repositories`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<String>,
    /// It is one of those: `artifacts/`, `TASK.md` and the end marks are its parent's.
    #[serde(default)]
    pub(crate) is_part: bool,
    /// Of a part: the ref that holds its work since the removal.
    #[serde(default)]
    pub(crate) salvage: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("nothing is known about a workspace at {}", .0.display())]
    Unknown(PathBuf),
    #[error("the record of the workspace at {} cannot be read: {error}", path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
}

const NAME: &str = "workspace.json";
const PARTS: &str = "repositories";

impl Workspace {
    /// The workspace that was provisioned with this `target_dir`.
    pub fn open(target_dir: &Path) -> Result<Workspace, RecordError> {
        Workspace::read(&state_dir(target_dir))
    }

    pub(crate) fn read(state: &Path) -> Result<Workspace, RecordError> {
        let unreadable = |error| RecordError::Unreadable { path: state.into(), error };
        let text = std::fs::read(state.join(NAME)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => RecordError::Unknown(state.into()),
            _ => unreadable(error),
        })?;
        serde_json::from_slice(&text).map_err(|error| unreadable(error.into()))
    }

    pub(crate) fn new(target_dir: &Path, kind: Kind, project: Option<&Path>) -> Workspace {
        Workspace {
            path: target_dir.into(),
            kind,
            project: project.map(Into::into),
            branch: None,
            base: None,
            state: state_dir(target_dir),
            ready: false,
            git_dir: None,
            common_dir: None,
            first_marks: FirstMarks::default(),
            directories: Vec::new(),
            is_part: false,
            salvage: None,
        }
    }

    /// The part in `directory`, before anything of it is made. Its state lies in ours, where a sweep
    /// does not take it for a workspace of its own.
    pub(crate) fn new_part(&self, directory: &str, project: &Path) -> Workspace {
        Workspace {
            state: self.state.join(PARTS).join(directory),
            is_part: true,
            ..Workspace::new(&self.path.join(directory), Kind::Worktree, Some(project))
        }
    }

    /// The worktrees of several repositories, in the project's order; empty for other kinds.
    pub fn repositories(&self) -> Result<Vec<Workspace>, RecordError> {
        self.directories.iter().map(|name| Workspace::read(&self.state.join(PARTS).join(name))).collect()
    }

    /// Those of them that an unfinished provision got to.
    pub(crate) fn parts_made(&self) -> Vec<Workspace> {
        let read = |name| Workspace::read(&self.state.join(PARTS).join(name)).ok();
        self.directories.iter().filter_map(read).collect()
    }

    pub(crate) fn save(&self) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.state)?;
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?;
        files::write_durably(&self.state.join(NAME), &text)
    }

    /// Where the agent puts what it wants to hand over.
    pub fn artifacts(&self) -> PathBuf {
        self.path.join("artifacts")
    }

    /// Whether it is still on the disk. A link that an agent put in its place is not it.
    pub fn present(&self) -> bool {
        self.path.symlink_metadata().is_ok_and(|meta| meta.is_dir())
    }

    /// Output of the setup command.
    pub fn setup_log(&self) -> PathBuf {
        self.state.join("setup.log")
    }

    /// Git on this workspace; none where there is nothing for git to work with.
    pub(crate) fn git(&self) -> Option<Git> {
        let git = Git::with_git_dir(self.git_dir.as_ref()?, &self.path);
        Some(git.configured("core.excludesFile", self.state.join(crate::excludes::NAME)))
    }
}

pub(crate) fn state_dir(target_dir: &Path) -> PathBuf {
    let mut name = OsString::from(target_dir.file_name().unwrap_or_default());
    name.push(".state");
    target_dir.with_file_name(name)
}
