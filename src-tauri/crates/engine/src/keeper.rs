//! What becomes of a task's workspace: what changed in it, taking it away with its work saved, and
//! bringing it back. Git and disk work happens on blocking threads.

use std::path::{Path, PathBuf};

use domain::RunId;
use store::{RunRecord, WorkspaceRecord};
use workspaces::{Kind, Removal, Workspace};

pub use workspaces::{Change, ChangeKind, Changes};

use crate::{Engine, error::EngineError, provisioner::workspace_record};

/// What a project's folder is like now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderLook {
    pub git: bool,
    pub problem: Option<String>,
}

impl Engine {
    /// What the run's workspace holds against its base.
    pub async fn changes(&self, run: RunId) -> Result<Changes, EngineError> {
        let record = self.store().run(run).await?;
        let Some(workspace) = self.open_workspace(&record) else {
            return Ok(Changes { note: Some(why_no_workspace(&record)), ..Changes::default() });
        };
        blocking(move || workspaces::changes(&workspace, None)).await?.map_err(unavailable)
    }

    /// The unified diff of one file and whether it was cut.
    pub async fn diff(&self, run: RunId, path: String) -> Result<(String, bool), EngineError> {
        let record = self.store().run(run).await?;
        let workspace =
            self.open_workspace(&record).ok_or_else(|| EngineError::NotFound(why_no_workspace(&record)))?;
        let diff = blocking(move || workspaces::diff(&workspace, None, &path)).await?.map_err(unavailable)?;
        Ok((diff.patch, diff.cut))
    }

    /// Takes the workspace away after saving what was not committed.
    pub async fn remove_workspace(&self, run: RunId) -> Result<RunRecord, EngineError> {
        let record = self.store().run(run).await?;
        if let Some(path) = record.workspace.as_ref().map(|workspace| workspace.path.clone())
            && let Some(live) = self.store().live_run_in(&path).await?
        {
            return Err(EngineError::Conflict {
                message: format!("run {live} is at work in this workspace"),
                next: Some("stop it first".into()),
            });
        }
        let workspace =
            self.open_workspace(&record).ok_or_else(|| EngineError::NotFound(why_no_workspace(&record)))?;
        // What is in `artifacts/` is not part of what removal saves.
        self.collect_left_of(record.task).await?;
        self.take_away(&record, workspace).await?;
        Ok(self.store().run(run).await?)
    }

    /// Removes the workspace after saving what was not committed, and notes where that is kept.
    pub(crate) async fn take_away(
        &self,
        record: &RunRecord,
        workspace: Workspace,
    ) -> Result<(), EngineError> {
        let removal = Removal {
            label: format!("{}/{}", record.task.key(), record.id),
            trash: self.layout().trash(),
            lose_unsaved: false,
        };
        let view = workspace_record(&workspace, None);
        let removed = blocking(move || workspaces::remove(&workspace, &removal)).await?.map_err(|error| {
            EngineError::Unavailable { message: error.to_string(), next: error.next_step() }
        })?;
        let trashed = removed.trashed.map(|path| path.to_string_lossy().into_owned());
        let gone = WorkspaceRecord { present: false, salvage: removed.salvage.or(trashed), ..view };
        // Without this nobody would know where the work is kept.
        let note = || self.store().set_workspace(record.id, gone.clone(), self.now());
        self.once_there_is_room(record.task, note).await
    }

    /// Brings a removed workspace back as it was, uncommitted and untracked work included.
    pub async fn restore_workspace(&self, run: RunId) -> Result<RunRecord, EngineError> {
        let record = self.store().run(run).await?;
        let Some(seen) = record.workspace.clone() else {
            return Err(EngineError::NotFound(why_no_workspace(&record)));
        };
        if seen.present {
            return Ok(record);
        }
        let Some(salvage) = seen.salvage.clone() else {
            return Err(EngineError::Conflict {
                message: "this workspace held no unsaved work, so nothing was kept aside".into(),
                next: Some("a new run makes a new workspace".into()),
            });
        };
        let project = self.project_of(self.store().task(record.task).await?.project).await?;
        let target = self.layout().workspace(record.task);
        let restored =
            blocking(move || bring_back(project.map(|project| project.path), &salvage, &target)).await??;
        let view = workspace_record(&restored, seen.salvage);
        self.store().set_workspace(run, view, self.now()).await?;
        Ok(self.store().run(run).await?)
    }

    pub async fn inspect_folder(&self, path: PathBuf) -> FolderLook {
        match blocking(move || workspaces::inspect(&path)).await {
            Ok(look) => FolderLook { git: look.git, problem: look.problem },
            Err(error) => FolderLook { git: false, problem: Some(error.to_string()) },
        }
    }

    /// Whether these repositories can lie side by side in one workspace.
    pub async fn check_repositories(&self, paths: Vec<PathBuf>) -> Result<(), EngineError> {
        let check = move || {
            let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
            workspaces::check_side_by_side(&paths)
        };
        blocking(check).await?.map_err(|error| EngineError::Invalid {
            message: error.to_string(),
            next: match error.code() {
                // Beside others it cannot be a plain folder.
                "not_a_repository" | "no_commits" => {
                    Some("run `git init` there if need be, and make a first commit".into())
                }
                _ => error.next_step(),
            },
        })
    }

    pub async fn find_repositories(&self) -> Vec<workspaces::FoundRepository> {
        let Some(home) = std::env::var_os("HOME").map(PathBuf::from) else { return Vec::new() };
        blocking(move || workspaces::find_repositories(&home, 50)).await.unwrap_or_default()
    }

    /// The workspace of a run, if it is still there.
    pub(crate) fn open_workspace(&self, run: &RunRecord) -> Option<Workspace> {
        run.workspace.as_ref()?;
        Workspace::open(&self.layout().workspace(run.task)).ok().filter(Workspace::present)
    }
}

/// Removes a workspace in which nothing was done yet.
pub(crate) fn discard(workspace: &Workspace, trash: &Path) -> Result<(), workspaces::RemoveError> {
    let removal = Removal { label: "unused".into(), trash: trash.into(), lose_unsaved: true };
    if workspace.kind != Kind::InPlace {
        // Ours, not the agent's: it must not count as work to be saved.
        let _ = std::fs::remove_file(workspace.path.join("TASK.md"));
    }
    workspaces::remove(workspace, &removal).map(|_| ())
}

fn bring_back(project: Option<PathBuf>, salvage: &str, target: &Path) -> Result<Workspace, EngineError> {
    if !salvage.starts_with("refs/") {
        return workspaces::restore_folder(Path::new(salvage), target).map_err(unavailable);
    }
    let project =
        project.ok_or_else(|| EngineError::NotFound("the project of this workspace is gone".into()))?;
    workspaces::restore(&project, salvage, target).map(|restored| restored.workspace).map_err(unavailable)
}

fn why_no_workspace(run: &RunRecord) -> String {
    match &run.workspace {
        None => "the run has no workspace".into(),
        Some(WorkspaceRecord { salvage: Some(salvage), present: false, .. }) => {
            format!("the workspace was removed; its work is kept at {salvage}")
        }
        Some(WorkspaceRecord { present: false, .. }) => "the workspace was removed".into(),
        Some(workspace) => {
            format!("{} is gone: it was deleted outside Flightboard", workspace.path.display())
        }
    }
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| EngineError::Internal(format!("work on the disk ended abnormally: {error}")))
}

pub(crate) fn unavailable(error: impl std::fmt::Display) -> EngineError {
    EngineError::Unavailable { message: error.to_string(), next: None }
}
