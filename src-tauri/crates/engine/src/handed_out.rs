//! Work that is prepared here and done elsewhere: the task's run and workspace are made as for any run, and
//! whoever asked starts the agent. Nobody here sees it run: what it leaves in the workspace says how far it
//! is, and a lease says for how long nobody need ask.

use std::path::PathBuf;

use agents::{Mode, TaskBrief};
use domain::{Actor, Cause, Millis, Outcome, RunId, TaskId};
use store::{Claim, Ending, NewRun, Origin, RunRecord, StartFacts};
use workspaces::Workspace;

use crate::{
    Engine,
    closing::first_line,
    error::EngineError,
    keeper::blocking,
    launcher::{make_private_dir, write},
};

/// A run whose agent is started elsewhere.
#[derive(Clone, Debug)]
pub struct HandedOut {
    pub claim: Claim,
    pub workspace: PathBuf,
    pub artifacts: PathBuf,
}

impl Engine {
    /// Gives the task to `agent`, which need not be known here, and prepares its workspace with `TASK.md`.
    /// `lease` is how long it may go without a report, in milliseconds.
    pub async fn hand_out(
        &self,
        task: TaskId,
        agent: String,
        lease: Millis,
    ) -> Result<HandedOut, EngineError> {
        let project = self.store().task(task).await?.project;
        let new = NewRun {
            task,
            mode: "unattended".into(),
            model: None,
            origin: Origin::Pulled,
            rule: None,
            account: None,
            limits: self.limits_for(&agent, project, Origin::Person).await?,
            lease,
            agent,
        };
        let run = self.store().begin_run(new, Actor::Person, self.now()).await?;
        // The preparation goes on if the caller hangs up.
        let (engine, id) = (self.clone(), run.id);
        let work = tokio::spawn(async move { engine.prepare(run).await });
        match work.await {
            Ok(prepared) => prepared,
            Err(error) => {
                let reason = format!("the preparation ended abnormally: {error}");
                self.store().run_not_started(id, reason.clone(), self.now()).await?;
                Err(EngineError::Internal(reason))
            }
        }
    }

    async fn prepare(&self, run: RunRecord) -> Result<HandedOut, EngineError> {
        let workspace = match self.room_for(&run).await {
            Ok(workspace) => workspace,
            Err(error) => {
                self.close_not_started(&run, Cause::CouldNotStart, error.with_next_step()).await?;
                return Err(error);
            }
        };
        self.store().run_started(run.id, StartFacts::default(), self.now()).await?;
        let token = self.store().token_of(run.id).await?;
        let lease_until = self.store().heartbeat_run(run.id, token.clone(), self.now()).await?;
        Ok(HandedOut {
            claim: Claim { task: run.task, run: run.id, attempt: run.attempt, token, lease_until },
            artifacts: workspace.artifacts(),
            workspace: workspace.path,
        })
    }

    async fn room_for(&self, run: &RunRecord) -> Result<Workspace, EngineError> {
        let task = self.store().task(run.task).await?;
        let project = self.project_of(task.project).await?;
        make_private_dir(&self.layout().run(run.id))?;
        let ports = self.lease_ports(run.id)?;
        let (workspace, fresh) = self.workspace_for(run, &task, project.as_ref(), ports).await?;
        let told = async {
            let known = self.agent(&run.agent).await?;
            let brief = TaskBrief {
                repositories: workspace.directories.clone(),
                ..self.brief(&task, known.as_ref(), Mode::Unattended).await?
            };
            write(&workspace.path.join("TASK.md"), agents::task_md(&brief).as_bytes())?;
            let artifacts = workspace.artifacts();
            std::fs::create_dir_all(&artifacts)
                .map_err(EngineError::io(format!("{} cannot be made", artifacts.display())))
        };
        match told.await {
            Ok(()) => Ok(workspace),
            Err(error) => {
                if fresh {
                    self.discard_fresh(run, workspace).await;
                }
                Err(error)
            }
        }
    }

    /// Looks how far a run is whose agent was started elsewhere, and ends it where `COMPLETION.md` or
    /// `BLOCKED.md` says that its agent has. With the right `token` the look counts as a report.
    pub async fn check_handed_out(
        &self,
        run: RunId,
        token: Option<String>,
    ) -> Result<RunRecord, EngineError> {
        let record = self.store().run(run).await?;
        if record.origin != Origin::Pulled || !record.state.is_live() {
            return Ok(record);
        }
        if let Some(token) = token {
            self.store().heartbeat_run(run, token, self.now()).await?;
        }
        let Some(workspace) = self.open_workspace(&record) else { return Ok(record) };
        let marks = blocking(move || workspaces::end_marks(&workspace)).await?;
        let ending = match (&marks.blocked, &marks.completion) {
            (None, None) => return Ok(record),
            (Some(blocked), _) => Ending {
                reason: Some(first_line(blocked)),
                ..Ending::of(Outcome::Failed(Cause::Blocked), self.now())
            },
            (None, Some(_)) => Ending::of(Outcome::Succeeded, self.now()),
        };
        self.keep_work_of(&record).await?;
        if let Some(summary) = marks.completion.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            let text = domain::text::elide(summary, 20_000);
            self.store()
                .add_comment(record.task, Actor::Agent(record.agent.clone()), text, self.now())
                .await?;
        }
        self.close_run(&record, ending).await?;
        self.forget_live(run);
        Ok(self.store().run(run).await?)
    }

    /// Collects what lies in the workspace of a run whose agent was started elsewhere and reports its end
    /// itself. Of other runs nothing.
    pub async fn keep_handed_out(&self, run: RunId) -> Result<(), EngineError> {
        let record = self.store().run(run).await?;
        if record.origin == Origin::Pulled && record.state.is_live() {
            self.keep_work_of(&record).await?;
        }
        Ok(())
    }

    async fn keep_work_of(&self, run: &RunRecord) -> Result<(), EngineError> {
        if let Some(mut collector) = self.collector_for(run) {
            collector.finish(self).await?;
            self.count_changes(run).await;
        }
        Ok(())
    }
}
