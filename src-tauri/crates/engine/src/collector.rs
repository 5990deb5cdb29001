//! Collects a run's artifacts while it goes on and once more at its end: contents go to the artifact
//! store by hash, the list to the database.

use std::sync::Arc;

use store::{NewArtifact, RunRecord};
use tokio::sync::Notify;
use workspaces::{
    Workspace,
    artifacts::{self, Limits, Memory, Watcher},
};

use crate::{Engine, error::EngineError, keeper::blocking};

/// What lay in `artifacts/` before the run; it was not this run that made it.
const BASELINE: &str = "artifacts-before.json";

/// Path and content hash of one file.
type Known = (String, String);

/// One run's collecting, while it is live.
pub(crate) struct Collector {
    run: RunRecord,
    workspace: Workspace,
    before: Vec<Known>,
    memory: Memory,
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
                return Ok(());
            }
        };
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
        engine.store().put_artifacts(self.run.id, list.collect(), engine.now()).await?;
        Ok(())
    }
}

fn kind_word(kind: artifacts::ArtifactKind) -> &'static str {
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
            stirred,
            _watching: watching,
        })
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
        let found =
            found.map_err(|error| EngineError::Unavailable { message: error.to_string(), next: None })?;
        let known: Vec<Known> = found.items.into_iter().map(|item| (item.path, item.hash)).collect();
        let text = serde_json::to_vec(&known).map_err(|error| EngineError::Internal(error.to_string()))?;
        std::fs::write(self.layout().run(run.id).join(BASELINE), text)
            .map_err(EngineError::io("the run's folder cannot be written"))
    }
}
