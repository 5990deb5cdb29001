//! Takes tasks back from agents that pulled them and fell silent. It sleeps until the next lease ends;
//! what follows for the task is the same as after any other failure, and the store's to write.

use std::sync::Arc;

use domain::Millis;
use store::{Committed, StoreError};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::Engine;

/// How long to leave a store alone that did not take a change (a full disk), in milliseconds.
const AFTER_TROUBLE: Millis = 30_000;

impl Engine {
    pub(crate) async fn rescue(self) {
        let mut commits = self.store().committed();
        // While no engine ran, nobody could be heard.
        if let Err(error) = self.store().renew_leases(self.now()).await {
            tracing::warn!(%error, "leases could not begin anew");
        }
        loop {
            let next = self.end_leases().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a lost task could not be taken back; trying again in half a minute");
                Some(self.now() + AFTER_TROUBLE)
            });
            tokio::select! {
                () = self.come(next) => {}
                () = an_earlier_one(&mut commits, next) => {}
            }
        }
    }

    /// Returns when the next lease ends.
    async fn end_leases(&self) -> Result<Option<Millis>, StoreError> {
        loop {
            let next = self.store().next_lease().await?;
            let now = self.now();
            if next.is_none_or(|at| at > now) {
                return Ok(next);
            }
            for run in self.store().end_leases(now).await? {
                tracing::info!(%run, "its lease ran out");
            }
        }
    }
}

/// Returns when a lease was given that ends before `next`.
async fn an_earlier_one(commits: &mut broadcast::Receiver<Arc<Committed>>, next: Option<Millis>) {
    loop {
        match commits.recv().await {
            Ok(commit) if commit.lease.is_some_and(|at| next.is_none_or(|next| at < next)) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            // The store is closed; the engine ends this task.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
