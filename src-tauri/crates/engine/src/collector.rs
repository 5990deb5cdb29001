//! Collects a run's artifacts while it goes on and once more at its end: contents go to the artifact
//! store by hash, the list to the database. What finds no room stays in the workspace, is named on the
//! card, and is tried again until it can be kept.

use std::{sync::Arc, time::Duration};

use domain::{RunId, TaskId};
use store::{NewArtifact, RunRecord};
use tokio::sync::Notify;
use workspaces::{
    Workspace,
    artifacts::{self, Limits, Memory, Watcher},
};

use crate::{Engine, error::EngineError, keeper::blocking};

/// What lay in `artifacts/` before the run; it was not this run that made it.
const BASELINE: &str = "artifacts-before.json";
/// Between attempts to keep what was left. Each may copy a large file, so they are far apart.
const AGAIN: Duration = Duration::from_secs(30);
/// Files named in the card's note.
const NAMED: usize = 5;

/// Path and content hash of one file.
type Known = (String, String);

/// One run's collecting, while it is live.
pub(crate) struct Collector {
    run: RunRecord,
    workspace: Workspace,
    before: Vec<Known>,
    memory: Memory,
    /// Why the last look could not keep everything.
    left: Option<String>,
    stirred: Arc<Notify>,
    /// None where the system has no watches left: then only the end collects.
    _watching: Option<artifacts::Watching>,
}

impl Collector {
    /// Waits until something changed.
    pub async fn changed(&self) {
        self.stirred.notified().await;
    }

    pub async fn collect(&mut self, engine: &Engine) -> Result<(), EngineError> {
        let (from, to) = (self.workspace.artifacts(), engine.layout().artifacts());
        let _unnamed = engine.contents().read().await;
        let mut memory = std::mem::take(&mut self.memory);
        let (found, memory) = blocking(move || {
            let found = artifacts::scan(&from, &to, Limits::default(), &mut memory);
            (found, memory)
        })
        .await?;
        self.memory = memory;
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                // The files are still in the workspace; the next change or the end tries again.
                tracing::warn!(%error, run = %self.run.id, "artifacts could not be collected");
                self.left = Some(format!("the artifacts could not be kept: {error}"));
                return Ok(());
            }
        };
        self.left = left(&found.left);
        for skipped in &found.skipped {
            tracing::info!(run = %self.run.id, path = skipped.path, reason = skipped.reason, "an artifact was left out");
        }
        let new = found
            .items
            .into_iter()
            .filter(|item| !self.before.iter().any(|(path, hash)| *path == item.path && *hash == item.hash));
        let list = new.map(|item| NewArtifact {
            kind: kind_word(item.kind).into(),
            path: item.path,
            size: item.size as i64,
            hash: item.hash,
        });
        let list: Vec<NewArtifact> = list.collect();
        let put = || engine.store().put_artifacts(self.run.id, list.clone(), engine.now());
        engine.once_there_is_room(self.run.task, put).await?;
        Ok(())
    }

    /// The last look of a run that has ended.
    pub async fn finish(&mut self, engine: &Engine) -> Result<(), EngineError> {
        self.collect(engine).await?;
        let Some(why) = self.left.take() else { return Ok(()) };
        let text = format!("{why}. They are still in the workspace, and are collected once there is room");
        let note = || engine.store().note_artifacts_left(self.run.id, text.clone(), engine.now());
        engine.once_there_is_room(self.run.task, note).await?;
        engine.collect_later(self.run.id);
        Ok(())
    }
}

fn left(files: &[artifacts::Skipped]) -> Option<String> {
    let first = files.first()?;
    let names: Vec<&str> = files.iter().take(NAMED).map(|file| file.path.as_str()).collect();
    let more = files.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("artifacts could not be kept ({}{more}): {}", names.join(", "), first.reason))
}

pub(crate) fn kind_word(kind: artifacts::ArtifactKind) -> &'static str {
    use artifacts::ArtifactKind;
    match kind {
        ArtifactKind::Text => "text",
        ArtifactKind::Markdown => "markdown",
        ArtifactKind::Image => "image",
        ArtifactKind::Pdf => "pdf",
        ArtifactKind::Html => "html",
        ArtifactKind::Json => "json",
        ArtifactKind::Csv => "csv",
        ArtifactKind::Diff => "diff",
        ArtifactKind::Binary => "binary",
    }
}

impl Engine {
    /// None when the workspace is gone.
    pub(crate) fn collector_for(&self, run: &RunRecord) -> Option<Collector> {
        let workspace = self.open_workspace(run)?;
        let stirred = Arc::new(Notify::new());
        let tell = stirred.clone();
        let watching = self.artifact_watcher().and_then(|watcher: &Watcher| {
            watcher
                .watch(&workspace, move |_| tell.notify_one())
                .inspect_err(|error| tracing::warn!(%error, "artifacts appear only when the run ends"))
                .ok()
        });
        // What was written before anybody watched: in the agent's first moments, or while no engine ran.
        stirred.notify_one();
        let saved = std::fs::read(self.layout().run(run.id).join(BASELINE)).ok();
        let before = saved.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Some(Collector {
            run: run.clone(),
            workspace,
            before,
            memory: Memory::default(),
            left: None,
            stirred,
            _watching: watching,
        })
    }

    /// Goes on trying for what an earlier engine had to leave.
    pub(crate) async fn collect_all_left(&self) {
        match self.store().runs_with_artifacts_left().await {
            Ok(runs) => runs.into_iter().for_each(|run| self.collect_later(run)),
            Err(error) => tracing::warn!(%error, "artifacts that were left could not be looked for"),
        }
    }

    /// Tries now and then until everything is kept or the workspace is gone.
    fn collect_later(&self, run: RunId) {
        let engine = self.clone();
        self.own(async move {
            loop {
                match engine.collect_left(run).await {
                    Ok(true) => return,
                    Ok(false) => tokio::time::sleep(AGAIN).await,
                    Err(error) => return tracing::warn!(%error, %run, "artifacts stay in the workspace"),
                }
            }
        });
    }

    /// What earlier runs of the task had to leave, before anything else happens to their workspace.
    pub(crate) async fn collect_left_of(&self, task: TaskId) -> Result<(), EngineError> {
        for run in self.store().runs_with_artifacts_left().await? {
            if self.store().run(run).await?.task == task && !self.collect_now(run).await? {
                return Err(EngineError::Unavailable {
                    message: format!(
                        "artifacts of run {run} are only in its workspace: there is no room for them in {}",
                        self.layout().artifacts().display()
                    ),
                    next: Some("free some space and try again".into()),
                });
            }
        }
        Ok(())
    }

    /// True when nothing is left to do.
    async fn collect_left(&self, run: RunId) -> Result<bool, EngineError> {
        if !self.store().runs_with_artifacts_left().await?.contains(&run) {
            return Ok(true);
        }
        let record = self.store().run(run).await?;
        let path = record.workspace.map(|workspace| workspace.path);
        match path {
            // Another attempt is at work there: what is new in it is not this run's.
            Some(path) if self.store().live_run_in(&path).await?.is_some() => Ok(false),
            Some(_) | None => self.collect_now(run).await,
        }
    }

    async fn collect_now(&self, run: RunId) -> Result<bool, EngineError> {
        let record = self.store().run(run).await?;
        let Some(mut collector) = self.collector_for(&record) else { return Ok(true) };
        collector.collect(self).await?;
        if collector.left.is_some() {
            return Ok(false);
        }
        self.store().note_artifacts_kept(run, self.now()).await?;
        Ok(true)
    }

    /// Notes what lies in a workspace that is used again, or in the project's own folder.
    pub(crate) async fn note_artifacts_before(
        &self,
        run: &RunRecord,
        workspace: &Workspace,
    ) -> Result<(), EngineError> {
        let (from, to) = (workspace.artifacts(), self.layout().artifacts());
        let found =
            blocking(move || artifacts::scan(&from, &to, Limits::default(), &mut Memory::default())).await?;
        let found = found.map_err(|error| EngineError::Unavailable {
            message: error.to_string(),
            next: Some("check the free space and permissions of the data directory".into()),
        })?;
        let known: Vec<Known> = found.items.into_iter().map(|item| (item.path, item.hash)).collect();
        let text = serde_json::to_vec(&known).map_err(|error| EngineError::Internal(error.to_string()))?;
        std::fs::write(self.layout().run(run.id).join(BASELINE), text)
            .map_err(EngineError::io("the run's folder cannot be written"))
    }
}
