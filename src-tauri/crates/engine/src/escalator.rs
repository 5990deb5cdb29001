//! Calls people to cards that have been failing for too long. It sleeps until the next is due or until
//! something changed; whom it concerns is `domain::escalation`'s to say, and the store's to write. What
//! a failure itself leads to is decided where the failure is stored.

use std::time::Duration;

use domain::Millis;

use crate::Engine;

/// Between two looks: limits are in minutes, and commits may come in floods.
const PACE: Duration = Duration::from_secs(1);
/// How long to leave a store alone that did not take a change (a full disk), in milliseconds.
const AFTER_TROUBLE: Millis = 30_000;

impl Engine {
    pub(crate) async fn escalate(self) {
        let mut events = self.events();
        loop {
            let next = self.store().call_overdue(self.now()).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "nobody could be called; trying again in half a minute");
                Some(self.now() + AFTER_TROUBLE)
            });
            tokio::time::sleep(PACE).await;
            tokio::select! {
                () = self.come(next) => {}
                news = events.news() => if news.is_none() { return },
            }
        }
    }
}
