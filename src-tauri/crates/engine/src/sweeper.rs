//! The end of what was put in the trash: cards deleted for ever, by hand or when their time is over, with what
//! they left on the disk. The row is marked first and the disk swept after it, so a crash in between only
//! leaves the next sweep more to do.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use domain::{Actor, Millis, TaskId};
use serde::Deserialize;
use store::RunRecord;
use workspaces::Workspace;

use crate::{Engine, error::EngineError, keeper::blocking};

/// The setting with the window's preferences; the app writes it.
pub const PREFERENCES: &str = "window";
/// Days in the trash, unless the preferences say otherwise.
pub const TRASH_DAYS: u32 = 30;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// The part of the preferences that counts here.
#[derive(Deserialize)]
#[serde(default)]
struct Retention {
    /// 0: nothing is deleted by itself.
    trash_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Retention { trash_days: TRASH_DAYS }
    }
}

/// What became of the cards in the trash.
#[derive(Debug, Default)]
pub struct Emptied {
    pub deleted: Vec<TaskId>,
    /// Could not be deleted, and why.
    pub kept: Vec<(TaskId, EngineError)>,
}

impl Engine {
    /// Deletes a card in the trash for ever. Its workspace is removed first, with its work saved.
    pub async fn delete_task(&self, task: TaskId) -> Result<(), EngineError> {
        self.delete_one(task, Actor::Person).await?;
        self.sweep_deleted().await
    }

    /// Deletes what has been in the trash for `days`; a card that cannot be deleted stays.
    pub async fn empty_trash(&self, days: u32) -> Result<Emptied, EngineError> {
        self.empty_trash_for(Actor::Person, days).await
    }

    async fn empty_trash_for(&self, actor: Actor, days: u32) -> Result<Emptied, EngineError> {
        let mut emptied = Emptied::default();
        for task in self.store().trashed_by(self.now() - Millis::from(days) * DAY).await? {
            match self.delete_one(task, actor.clone()).await {
                Ok(()) => emptied.deleted.push(task),
                Err(error) => emptied.kept.push((task, error)),
            }
        }
        self.sweep_deleted().await?;
        Ok(emptied)
    }

    async fn delete_one(&self, task: TaskId, actor: Actor) -> Result<(), EngineError> {
        self.store().check_deletable(task).await?;
        let runs = self.store().runs_of(task).await?;
        let holder = |run: &&RunRecord| run.workspace.as_ref().is_some_and(|workspace| workspace.present);
        // Also one whose directory was deleted by hand: git still knows of it.
        if let (Some(run), Ok(workspace)) =
            (runs.iter().find(holder), Workspace::open(&self.layout().workspace(task)))
        {
            self.take_away(run, workspace).await?;
        }
        Ok(self.store().delete_task(task, actor, self.now()).await?)
    }

    /// Takes from the disk what deleted cards have left there. May be cut off anywhere and done again.
    async fn sweep_deleted(&self) -> Result<(), EngineError> {
        let runs = self.store().deleted_runs().await?;
        let dirs: Vec<PathBuf> = runs.into_iter().map(|run| self.layout().run(run)).collect();
        blocking(move || dirs.iter().for_each(|dir| delete_dir(dir))).await?;
        // Never waits: a collector may itself be waiting for the room that a deletion makes.
        if let Ok(_nobody_collects) = self.contents().try_write() {
            let named = self.store().artifact_hashes().await?;
            let dir = self.layout().artifacts();
            blocking(move || workspaces::artifacts::sweep(&dir, &named)).await?;
        }
        Ok(())
    }

    /// Now and once a day, deletes what has been in the trash for as long as the preferences say.
    pub(crate) async fn keep_the_trash_small(self) {
        loop {
            let begun = self.now();
            if let Err(error) = self.tidy().await {
                tracing::warn!(%error, "the trash could not be looked through");
            }
            self.clock().until(begun + DAY).await;
        }
    }

    async fn tidy(&self) -> Result<(), EngineError> {
        // Preferences that cannot be read say nothing about deleting.
        let kept: Option<Retention> = self.store().setting(PREFERENCES).await?;
        let days = kept.unwrap_or_default().trash_days;
        if days == 0 {
            return self.sweep_deleted().await;
        }
        self.store().forget_attachments(self.now() - Millis::from(days) * DAY).await?;
        let emptied = self.empty_trash_for(Actor::Engine, days).await?;
        for (task, error) in &emptied.kept {
            tracing::info!(%error, %task, "stays in the trash");
        }
        let before = Duration::from_millis((self.now() - Millis::from(days) * DAY).max(0) as u64);
        let (trash, wanted) = (self.layout().trash(), self.store().salvages().await?);
        blocking(move || workspaces::empty_trash(&trash, SystemTime::UNIX_EPOCH + before, &wanted)).await?;
        Ok(())
    }
}

fn delete_dir(dir: &std::path::Path) {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %dir.display(), %error, "could not be deleted")
        }
        _ => {}
    }
}
