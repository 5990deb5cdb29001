//! What an agent asks of people and of the engine while it works: the answer to a question, a place for a
//! file that lies in no folder of ours, an end of its run so that another goes on with its task.

use std::time::Duration;

use domain::{Actor, Outcome, QuestionId, RunId};
use store::{ArtifactRecord, Ending, HandOver, Holder, NewArtifact, Origin, QuestionRecord};
use tokio::sync::broadcast;
use workspaces::artifacts;

use crate::{Engine, collector::kind_word, error::EngineError, keeper::blocking};

impl Engine {
    /// The question once a person has answered it, or as it is after `patience`. A conflict says that the
    /// run has lost its task meanwhile.
    pub async fn wait_answer(
        &self,
        run: RunId,
        token: &str,
        question: QuestionId,
        patience: Duration,
    ) -> Result<QuestionRecord, EngineError> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut commits = self.store().committed();
        loop {
            let found = self.store().question(run, token, question).await?;
            if found.answer.is_some() {
                return Ok(found);
            }
            match tokio::time::timeout_at(deadline, commits.recv()).await {
                // The engine closes, or time is up: the question stays.
                Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => return Ok(found),
                Ok(_) => {}
            }
        }
    }

    /// Keeps what an agent hands in as text instead of as a file. `path` must be relative and plain.
    pub async fn keep_artifact(
        &self,
        holder: &Holder,
        path: String,
        bytes: Vec<u8>,
    ) -> Result<ArtifactRecord, EngineError> {
        let (to, name, size) = (self.layout().artifacts(), path.clone(), bytes.len() as i64);
        let _unnamed = self.contents().read().await;
        let kept = blocking(move || artifacts::keep(&to, &bytes, &name)).await?;
        let kept = kept.map_err(|error| EngineError::Unavailable {
            message: error.to_string(),
            next: Some("check the free space of the data directory".into()),
        })?;
        let new =
            NewArtifact { path: path.clone(), kind: kind_word(kept.kind).into(), size, hash: kept.hash };
        self.store().put_artifacts(holder.run, vec![new], self.now()).await?;
        let all = self.store().artifacts(holder.task).await?;
        let kept = all.into_iter().find(|artifact| artifact.run == holder.run && artifact.path == path);
        kept.ok_or_else(|| EngineError::Internal(format!("the artifact {path} was not kept")))
    }

    /// Ends the run for another to go on with its task; returns before its process has gone. False where
    /// there is nothing to wait for and nobody to hand it to: then the run goes on.
    pub async fn hand_over(&self, run: RunId, token: String, over: HandOver) -> Result<bool, EngineError> {
        let (holder, ends) = self.store().hand_over(run, token, over, self.now()).await?;
        if !ends {
            return Ok(false);
        }
        if holder.origin == Origin::Pulled {
            let record = self.store().run(run).await?;
            self.close_run(&record, Ending::of(Outcome::Stopped, self.now())).await?;
            return Ok(true);
        }
        let engine = self.clone();
        self.own(async move {
            // An engine that stops meanwhile leaves it to the next, which asks for the stop again.
            if let Err(error) = engine.stop_run_for(run, Actor::Agent(holder.agent)).await {
                tracing::warn!(%error, %run, "a run that handed over its task was not ended");
            }
        });
        Ok(true)
    }
}
