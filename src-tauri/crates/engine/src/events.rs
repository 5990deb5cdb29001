//! What the engine tells its doors: commits by name, and the newest line of live runs. A listener
//! that falls behind hears [`EngineEvent::Missed`] and reads everything again.

use std::sync::Arc;

use domain::{RunId, RunStatus, TaskId};
use futures_util::FutureExt;
use store::Committed;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

#[derive(Clone, Debug)]
pub enum EngineEvent {
    Changed(Arc<Committed>),
    /// The machine was looked through for agents, or one of them answered.
    AgentsFound,
    Live(Arc<Live>),
    Missed,
}

/// The moving part of a run: never stored, at most four times a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    pub task: TaskId,
    pub run: RunId,
    pub status: RunStatus,
    pub last_line: Option<String>,
    pub output_bytes: i64,
}

/// What happened since a room looked last.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// More than was heard, or what concerns every card.
    pub everything: bool,
    pub committed: Committed,
}

impl News {
    /// For a room that has not looked yet.
    pub fn of_everything() -> News {
        News { everything: true, ..News::default() }
    }

    fn add(&mut self, event: EngineEvent) {
        match event {
            EngineEvent::Changed(committed) => {
                self.everything |= committed.projects || committed.settings || committed.agents;
                self.committed.merge((*committed).clone());
            }
            EngineEvent::AgentsFound | EngineEvent::Missed => self.everything = true,
            EngineEvent::Live(_) => {}
        }
    }

    fn is_any(&self) -> bool {
        self.everything || self.committed.seq > 0
    }
}

/// One listener.
#[derive(Debug)]
pub struct Events {
    commits: broadcast::Receiver<Arc<Committed>>,
    moments: broadcast::Receiver<EngineEvent>,
    stop: CancellationToken,
}

impl Events {
    pub(crate) fn new(
        commits: broadcast::Receiver<Arc<Committed>>,
        moments: broadcast::Receiver<EngineEvent>,
        stop: CancellationToken,
    ) -> Events {
        Events { commits, moments, stop }
    }

    /// Waits for news that may change what a room does, and tells all there are by then: after a flood of commits
    /// a room looks once. None when the engine has ended.
    pub(crate) async fn news(&mut self) -> Option<News> {
        let mut news = News::default();
        while !news.is_any() {
            news.add(self.next().await?);
        }
        while let Some(event) = self.next().now_or_never() {
            news.add(event?);
        }
        Some(news)
    }

    /// The next event; none when the engine has ended.
    pub async fn next(&mut self) -> Option<EngineEvent> {
        loop {
            let heard = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                commit = self.commits.recv() => commit.map(EngineEvent::Changed),
                moment = self.moments.recv() => match moment {
                    // Lines that were missed are stale anyway.
                    Err(RecvError::Lagged(_)) => continue,
                    other => other,
                },
            };
            return match heard {
                Ok(event) => Some(event),
                Err(RecvError::Lagged(_)) => Some(EngineEvent::Missed),
                Err(RecvError::Closed) => None,
            };
        }
    }
}
