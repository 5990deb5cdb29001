//! Taking over what an earlier engine left: for each run that the database calls live, the pty-host
//! still lives and is followed again, or left a record of the end that is now told, or vanished.
//! And what a crash left half made is cleaned away.

use domain::Outcome;
use pty_host::{Claim, Liveness};
use store::{Ending, Origin, RunRecord};

use crate::{
    Engine,
    closing::{close_ended, close_lost},
    error::{EngineError, StartError},
    keeper::blocking,
    run_plan::RunPlan,
};

impl Engine {
    /// Called once at start, before anything else may begin a run.
    pub(crate) async fn adopt(&self) -> Result<(), StartError> {
        let runs = self.store().live_runs().await?;
        self.sweep().await?;
        // Agents that pull go on by themselves.
        for run in runs.into_iter().filter(|run| run.origin != Origin::Pulled) {
            let id = run.id;
            if let Err(error) = self.adopt_one(run).await {
                tracing::error!(%error, run = %id, "a run could not be taken over");
            }
        }
        Ok(())
    }

    async fn adopt_one(&self, run: RunRecord) -> Result<(), EngineError> {
        let run_dir = self.layout().run(run.id);
        let looked = run_dir.clone();
        let liveness =
            blocking(move || pty_host::alive(&looked)).await?.map_err(EngineError::io("the run's folder"))?;
        let plan = RunPlan::load(&run_dir);
        match liveness {
            Liveness::Alive(_) => {
                let run = self.started(run).await?;
                self.keep_ports(run.id, plan.ports);
                self.supervise(run, plan, true).await
            }
            Liveness::Exited(exit) => {
                let run = self.started(run).await?;
                let engine = self.clone();
                // A long log takes a while to read; the board need not wait for it.
                self.own(async move {
                    let id = run.id;
                    if let Err(error) = close_ended(&engine, run, plan, exit).await {
                        tracing::error!(%error, run = %id, "an ended run could not be closed");
                    }
                });
                Ok(())
            }
            // Its agent may have begun, and then it did something.
            Liveness::Gone(host) if host.agent.is_some() => close_lost(self, &self.started(run).await?).await,
            Liveness::Gone(_) => close_lost(self, &run).await,
            Liveness::NeverStarted => self.close_never_started(run).await,
        }
    }

    /// A run whose host lives while its row is still in preparation: the engine died in between.
    async fn started(&self, run: RunRecord) -> Result<RunRecord, EngineError> {
        if run.state == domain::RunState::Preparing {
            let facts = store::StartFacts { argv: run.argv.clone(), ..Default::default() };
            self.store().run_started(run.id, facts, self.now()).await?;
        }
        Ok(self.store().run(run.id).await?)
    }

    async fn close_never_started(&self, run: RunRecord) -> Result<(), EngineError> {
        let run_dir = self.layout().run(run.id);
        let id = run.id;
        let claimed = blocking(move || {
            std::fs::create_dir_all(&run_dir)?;
            pty_host::claim(&run_dir, id.0)
        })
        .await?
        .map_err(EngineError::io("the run's folder"))?;
        if claimed == Claim::TooLate {
            // A host was on its way and has arrived.
            let plan = RunPlan::load(&self.layout().run(id));
            let run = self.started(run).await?;
            return self.supervise(run, plan, true).await;
        }
        let reason = "Flightboard was closed while the run was being prepared; nothing was started";
        if run.origin == Origin::Person {
            return Ok(self.store().run_not_started(id, reason.into(), self.now()).await?);
        }
        // Says nothing of the agent, and nobody waits for an answer: it is tried again at once.
        let lost = Ending { reason: Some(reason.into()), ..Ending::of(Outcome::Lost, self.now()) };
        self.close_run(&run, lost).await
    }

    /// Removes workspaces that were never finished.
    async fn sweep(&self) -> Result<(), StartError> {
        let known = self.store().tasks_with_workspaces().await?;
        let known: Vec<_> = known.into_iter().map(|task| self.layout().workspace(task)).collect();
        let root = self.layout().root().to_owned();
        match blocking(move || workspaces::sweep(&root, &known)).await {
            Ok(swept) if !swept.removed.is_empty() => {
                tracing::info!(removed = ?swept.removed, "unfinished workspaces removed")
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "unfinished workspaces could not be looked for"),
        }
        Ok(())
    }
}
