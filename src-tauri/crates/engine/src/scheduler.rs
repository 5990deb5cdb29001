//! Fires schedules when their time comes. It sleeps until the next firing or the next change that
//! concerns it; the decisions are `domain::schedule`'s, made and recorded by the store in the
//! transaction that makes the card. A firing that came while no engine ran is found at the start.

use std::sync::Arc;

use domain::Millis;
use store::{Committed, StoreError};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::Engine;

/// How long to leave a store alone that did not take a firing (a full disk), in milliseconds.
const AFTER_TROUBLE: Millis = 30_000;

impl Engine {
    pub(crate) async fn fire_schedules(self) {
        let mut commits = self.store().committed();
        loop {
            let (next, waits) = self.fire_what_is_due().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a schedule could not fire; trying again in half a minute");
                (Some(self.now() + AFTER_TROUBLE), false)
            });
            tokio::select! {
                () = self.come(next) => {}
                () = stirred(&mut commits, waits) => {}
            }
        }
    }

    /// Returns the time of the next firing, and whether one waits for a card to be finished.
    async fn fire_what_is_due(&self) -> Result<(Option<Millis>, bool), StoreError> {
        let now = self.now();
        let mut trouble = None;
        for schedule in self.store().due_schedules(now).await? {
            // One that cannot fire does not keep the others from it.
            match self.store().fire_schedule(schedule, now).await {
                Ok(made) => tracing::debug!(%schedule, ?made, "a schedule was due"),
                Err(error) => trouble = Some(error),
            }
        }
        match trouble {
            Some(error) => Err(error),
            None => self.store().next_firing().await,
        }
    }

    pub(crate) async fn come(&self, next: Option<Millis>) {
        match next {
            Some(at) => self.clock().until(at).await,
            None => std::future::pending().await,
        }
    }
}

/// Returns when schedules changed or, while a firing `waits`, when a card did.
async fn stirred(commits: &mut broadcast::Receiver<Arc<Committed>>, waits: bool) {
    loop {
        match commits.recv().await {
            Ok(commit) if commit.schedules || (waits && !commit.tasks.is_empty()) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            // The store is closed; the engine ends this task.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
