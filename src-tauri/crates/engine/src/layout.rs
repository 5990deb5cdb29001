//! Where things lie inside the data directory. The only place that knows these names.

use std::path::{Path, PathBuf};

use domain::{RunId, TaskId};

/// The data directory and the places in it.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// `root` must be absolute.
    pub fn new(root: PathBuf) -> Layout {
        Layout { root }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Held by the process that hosts the engine.
    pub fn lock(&self) -> PathBuf {
        self.root.join("engine.lock")
    }

    /// The engine's own door for programs of the same user.
    pub fn socket(&self) -> PathBuf {
        self.root.join("engine.sock")
    }

    /// One run's record: launch, log, signals, exit.
    pub fn run(&self, run: RunId) -> PathBuf {
        self.root.join("runs").join(run.to_string())
    }

    /// A task's workspace; its attempts share it. Without the title, which may change.
    pub fn workspace(&self, task: TaskId) -> PathBuf {
        self.workspaces().join(format!("t-{task}"))
    }

    pub fn workspaces(&self) -> PathBuf {
        self.root.join("workspaces")
    }

    /// A reviewer's copy of the work.
    pub fn review(&self, run: RunId) -> PathBuf {
        self.reviews().join(run.to_string())
    }

    pub fn reviews(&self) -> PathBuf {
        self.root.join("reviews")
    }

    /// Artifact contents by hash.
    pub fn artifacts(&self) -> PathBuf {
        self.root.join("artifacts")
    }

    /// Work of workspaces that were taken away.
    pub fn trash(&self) -> PathBuf {
        self.root.join("trash")
    }
}

/// `flightboard/t-12-fix-the-parser`
pub fn branch_name(task: TaskId, title: &str) -> String {
    format!("flightboard/t-{task}-{}", domain::text::slug(title))
}

/// `FLIGHTBOARD_DATA_DIR`, or the place where the system keeps a user's application data.
pub fn default_data_dir() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(chosen) = set("FLIGHTBOARD_DATA_DIR") {
        return Some(chosen);
    }
    if cfg!(target_os = "macos") {
        return set("HOME").map(|home| home.join("Library/Application Support/dev.flightboard.app"));
    }
    if cfg!(windows) {
        return set("APPDATA").map(|roaming| roaming.join("Flightboard"));
    }
    set("XDG_DATA_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("flightboard"))
}
