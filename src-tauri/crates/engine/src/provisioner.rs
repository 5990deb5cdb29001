//! The workspace that a run works in: the task's own as it stands, or one newly made after the project's
//! settings; recorded either way, and taken back where the run then did not start.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use domain::RunId;
use store::{ProjectRecord, RunRecord, TaskRecord, WorkspaceRecord};
use workspaces::{Kind, Part, Provision, ProvisionError, Workspace};

use crate::{
    Engine,
    error::EngineError,
    keeper::{blocking, discard},
    launcher::LaunchSettings,
    layout::branch_name,
};

impl Engine {
    /// The task's workspace as it stands, or a new one; says whether it is new.
    pub(crate) async fn workspace_for(
        &self,
        run: &RunRecord,
        task: &TaskRecord,
        project: Option<&ProjectRecord>,
        ports: u16,
    ) -> Result<(Workspace, bool), EngineError> {
        let target = self.layout().workspace(run.task);
        if let Ok(workspace) = Workspace::open(&target)
            && workspace.ready
        {
            if workspace.present() {
                self.refuse_shared(run.id, &workspace.path).await?;
                self.use_again(run, &workspace).await?;
                return Ok((workspace, false));
            }
            // Deleted by hand: git and our records must forget it before its place is taken again.
            let trash = self.layout().trash();
            blocking(move || discard(&workspace, &trash)).await?.map_err(|error| {
                EngineError::Unavailable { message: error.to_string(), next: error.next_step() }
            })?;
        }
        let mut request = self.provision_request(run, task, project, target, ports)?;
        if let Some(seconds) = self.run_limits(task.project).await?.setup {
            request.setup_timeout = Duration::from_secs(seconds.into());
        }
        if request.wanted == Kind::InPlace
            && let Some(path) = &request.project
        {
            self.refuse_shared(run.id, path).await?;
        }
        let refill: Vec<PathBuf> = match request.wanted {
            Kind::Worktree => request.project.iter().cloned().collect(),
            Kind::Worktrees => request.parts.iter().map(|part| part.project.clone()).collect(),
            Kind::Folder | Kind::InPlace => Vec::new(),
        };
        let made = tokio::task::spawn_blocking(move || {
            workspaces::provision(&request, &|step| tracing::debug!(?step, "preparing a workspace"))
        })
        .await
        .map_err(|error| EngineError::Internal(format!("preparing the workspace ended abnormally: {error}")))?
        .map_err(unprovided)?;
        for note in &made.notes {
            tracing::warn!(run = %run.id, note, "the workspace is not complete");
        }
        for repository in refill {
            self.refill_pool(repository);
        }
        self.record_workspace(run.id, &made.workspace).await?;
        if made.kind == Kind::InPlace {
            self.note_artifacts_before(run, &made.workspace).await?;
        }
        Ok((made.workspace, true))
    }

    /// An attempt goes on where the last one stopped; what that one left to say it is done is not
    /// this one's word. Its account is a comment on the card by now.
    async fn use_again(&self, run: &RunRecord, workspace: &Workspace) -> Result<(), EngineError> {
        self.collect_left_of(run.task).await?;
        self.note_artifacts_before(run, workspace).await?;
        let marks = workspaces::end_marks(workspace);
        for (name, there) in
            [("COMPLETION.md", marks.completion.is_some()), ("BLOCKED.md", marks.blocked.is_some())]
        {
            if there {
                let path = workspace.path.join(name);
                std::fs::remove_file(&path)
                    .map_err(EngineError::io(format!("{} cannot be removed", path.display())))?;
            }
        }
        self.record_workspace(run.id, workspace).await
    }

    fn provision_request(
        &self,
        run: &RunRecord,
        task: &TaskRecord,
        project: Option<&ProjectRecord>,
        target: PathBuf,
        ports: u16,
    ) -> Result<Provision, EngineError> {
        std::fs::create_dir_all(self.layout().workspaces())
            .map_err(EngineError::io("the workspaces' folder"))?;
        let settings = project.map(LaunchSettings::of).unwrap_or_default();
        let path = project.map(|project| project.path.clone());
        let wanted = match &path {
            Some(_) if settings.in_place => Kind::InPlace,
            Some(_) if project.is_some_and(|project| !project.repositories.is_empty()) => Kind::Worktrees,
            Some(path) if workspaces::inspect(path).git => Kind::Worktree,
            _ => Kind::Folder,
        };
        let mut request = Provision::new(wanted, path, target);
        request.base = (!settings.base.is_empty()).then_some(settings.base);
        if let Some(project) = project.filter(|_| wanted == Kind::Worktrees) {
            request.parts = parts(project, request.base.clone());
        }
        request.branch = branch_name(run.task, &task.title);
        request.setup = settings.setup;
        request.ports = Some(ports);
        request.pool = Some(self.pool().clone());
        Ok(request)
    }

    /// In place, one run at a time.
    async fn refuse_shared(&self, run: RunId, path: &Path) -> Result<(), EngineError> {
        match self.store().live_run_in(path).await? {
            Some(other) if other != run => Err(EngineError::Conflict {
                message: format!("run {other} is at work in {}", path.display()),
                next: Some("wait for its end, or let the project use a workspace for each task".into()),
            }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn record_workspace(
        &self,
        run: RunId,
        workspace: &Workspace,
    ) -> Result<(), EngineError> {
        Ok(self.store().set_workspace(run, workspace_record(workspace, None), self.now()).await?)
    }

    /// Takes back a workspace that was made for a run that then did not start.
    pub(crate) async fn discard_fresh(&self, run: &RunRecord, workspace: Workspace) {
        let record = WorkspaceRecord { present: false, ..workspace_record(&workspace, None) };
        let trash = self.layout().trash();
        let removed = tokio::task::spawn_blocking(move || discard(&workspace, &trash)).await;
        match removed {
            Ok(Ok(())) => {
                if let Err(error) = self.store().set_workspace(run.id, record, self.now()).await {
                    tracing::warn!(%error, run = %run.id, "the removed workspace could not be recorded");
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, run = %run.id, "the unused workspace could not be removed")
            }
            Err(error) => {
                tracing::warn!(%error, run = %run.id, "removing the unused workspace ended abnormally")
            }
        }
    }
}

fn unprovided(error: ProvisionError) -> EngineError {
    let (message, next) = (error.to_string(), error.next_step());
    match error {
        ProvisionError::SetupTimedOut { .. } => EngineError::TimedOut { message, next },
        _ => EngineError::Unavailable { message, next },
    }
}

/// The project's own repository and the further ones.
fn parts(project: &ProjectRecord, base: Option<String>) -> Vec<Part> {
    let own = Part { directory: project.directory(), project: project.path.clone(), base };
    let further = project.repositories.iter().map(|repository| Part {
        directory: repository.directory.clone(),
        project: repository.path.clone(),
        base: (!repository.base.is_empty()).then(|| repository.base.clone()),
    });
    std::iter::once(own).chain(further).collect()
}

pub(crate) fn workspace_record(workspace: &Workspace, salvage: Option<String>) -> WorkspaceRecord {
    WorkspaceRecord {
        path: workspace.path.clone(),
        kind: match workspace.kind {
            Kind::Worktree | Kind::Worktrees => "worktree",
            Kind::Folder => "folder",
            Kind::InPlace => "inplace",
        }
        .into(),
        branch: workspace.branch.clone(),
        base: workspace.base.clone(),
        present: workspace.present(),
        salvage,
    }
}
