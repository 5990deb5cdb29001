//! `GET /api/events`: the change log as server-sent events. An event's id is its number in the log, so a reader that
//! comes back with the last one that it saw goes on without a gap or a repetition, whatever happened to either side.
//!
//! The log is read once for all readers of a door ([`Feed`]); a reader that was away, or fell behind, reads what it
//! missed for itself. One that takes nothing for half a minute is cut off, and goes on from there when it is back.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use app::{
    App, Stream, Subject,
    wire::{Event, LoggedChange},
};
use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{ConnectInfo, Query, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::IntoResponse,
};
use domain::{Millis, ProjectId, TaskId, event};
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc::{self, error::TrySendError},
    },
    time::{Instant, interval_at},
};

use super::{Answer, Fail, bad, tasks::query, words};
use crate::{gate::Caller, hangup::Hangup};

/// A sign of life, so that neither side takes a quiet board for a broken line.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a reader may take nothing, in milliseconds.
const PATIENCE: Millis = 30_000;
/// Changes read at once.
const PAGE: u32 = 500;
/// Batches that a reader may be behind before it reads for itself.
const BEHIND: usize = 64;
/// Events on their way to one reader.
const UNDER_WAY: usize = 32;

/// Changes of the log, right after the number `after`.
#[derive(Clone, Debug)]
struct Batch {
    after: i64,
    changes: Arc<[Arc<LoggedChange>]>,
}

/// Reads the log for all readers of a door, while there are any.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    app: App,
    batches: Arc<Mutex<Option<broadcast::Sender<Batch>>>>,
}

impl Feed {
    pub fn of(app: App) -> Feed {
        Feed { app, batches: Arc::default() }
    }

    fn subscribe(&self) -> broadcast::Receiver<Batch> {
        let mut batches = self.batches.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(batches) = batches.as_ref() {
            return batches.subscribe();
        }
        let (sender, receiver) = broadcast::channel(BEHIND);
        *batches = Some(sender.clone());
        tokio::spawn(self.clone().read(sender));
        receiver
    }

    /// Streams that are open.
    pub fn readers(&self) -> usize {
        let batches = self.batches.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        batches.as_ref().map_or(0, broadcast::Sender::receiver_count)
    }

    /// Ends with the engine, or once nobody listens.
    async fn read(self, batches: broadcast::Sender<Batch>) {
        let mut events = self.app.engine().events();
        let mut seq = match self.app.engine().store().head().await {
            Ok((seq, _)) => seq,
            Err(error) => return tracing::warn!(%error, "the log cannot be read for event streams"),
        };
        // Who came before this knows now how far it must have read for itself.
        let _ = batches.send(Batch { after: seq, changes: Arc::default() });
        while let Some(event) = events.next().await {
            match app::event(&event) {
                Event::Changed { seq: newest, .. } if newest <= seq => continue,
                Event::Changed { .. } | Event::Resync => {}
                Event::Live { .. } => continue,
            }
            loop {
                let changes = match app::ops::changes_after(&self.app, seq, PAGE).await {
                    Ok(changes) => changes,
                    Err(problem) => {
                        tracing::warn!(%problem, "the log cannot be read for event streams");
                        break;
                    }
                };
                let (after, full) = (seq, changes.len() == PAGE as usize);
                let Some(last) = changes.last() else { break };
                seq = last.seq;
                let _ = batches.send(Batch { after, changes: changes.into() });
                if !full {
                    break;
                }
            }
            if self.closed(&batches) {
                return;
            }
        }
        *self.batches.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
    }

    /// Under the lock nobody can subscribe meanwhile.
    fn closed(&self, batches: &broadcast::Sender<Batch>) -> bool {
        let mut known = self.batches.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if batches.receiver_count() > 0 {
            return false;
        }
        *known = None;
        true
    }
}

#[derive(Deserialize)]
pub(crate) struct Wanted {
    /// `task,agent` or whole names such as `task.completed`.
    types: Option<String>,
    project: Option<i64>,
    task: Option<i64>,
    last_event_id: Option<i64>,
}

/// Which changes a reader hears of.
#[derive(Clone, Debug)]
struct Filter {
    types: Option<Vec<String>>,
    project: Option<ProjectId>,
    task: Option<TaskId>,
}

impl Filter {
    fn lets_through(&self, change: &LoggedChange) -> bool {
        self.types.as_ref().is_none_or(|types| event::is_wanted(types, &change.kind))
            && (self.project.is_none() || self.project == change.project)
            && (self.task.is_none() || self.task == change.task)
    }
}

fn frame(change: &LoggedChange) -> Bytes {
    let name = event::of_change(&change.kind);
    let data = json!({
        "type": name,
        "kind": change.kind,
        "data": {
            "id": change.task,
            "task_id": change.task,
            "run_id": change.run,
            "project_id": change.project,
            "actor": words::who(&json!(change.actor)),
            "text": change.text,
        },
        "timestamp": change.at,
    });
    Bytes::from(format!("id: {}\nevent: {name}\ndata: {data}\n\n", change.seq))
}

pub(crate) async fn open(
    Caller { app, .. }: Caller,
    Extension(feed): Extension<Feed>,
    ConnectInfo(hangup): ConnectInfo<Hangup>,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer {
    let wanted = query(wanted)?;
    let filter = Filter {
        types: wanted.types.map(|types| types.split(',').map(|name| name.trim().to_owned()).collect()),
        project: wanted.project.map(ProjectId),
        task: wanted.task.map(TaskId),
    };
    let project = filter.project.map(|project| Subject::Project(Some(project)));
    let about = filter.task.map(Subject::Task).or(project).into_iter().collect();
    Stream::Changes.allow(&app, about).await?;
    // Before the log is read, so that nothing falls between.
    let batches = feed.subscribe();
    let seen = match last_seen(&headers)?.or(wanted.last_event_id) {
        Some(seen) => seen,
        None => {
            app.engine().store().head().await.map_err(|error| Fail::from(app::wire::Problem::from(error)))?.0
        }
    };
    let (frames, outgoing) = mpsc::channel(UNDER_WAY);
    tokio::spawn(Reader { app, filter, seen, frames, hangup }.serve(batches));
    let body = stream::unfold(outgoing, |mut outgoing| async move {
        outgoing.recv().await.map(|frame: Bytes| (Ok::<_, std::convert::Infallible>(frame), outgoing))
    });
    let headers =
        [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache, no-transform")];
    Ok((headers, Body::from_stream(body)).into_response())
}

fn last_seen(headers: &HeaderMap) -> Result<Option<i64>, Fail> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let number =
        value.to_str().ok().and_then(|text| text.trim().parse().ok()).filter(|seen: &i64| *seen >= 0);
    number.map(Some).ok_or_else(|| bad("Last-Event-ID must be the id of an event"))
}

/// One reader's half of the stream. It ends when the reader hangs up or takes nothing, when its key is over, and
/// with the engine.
struct Reader {
    app: App,
    filter: Filter,
    /// The newest change that it was told of or that was not for it.
    seen: i64,
    frames: mpsc::Sender<Bytes>,
    hangup: Hangup,
}

/// The stream is over; nothing is left to be done about it.
struct Over;

impl Reader {
    async fn serve(mut self, mut batches: broadcast::Receiver<Batch>) {
        let _ = self.carry(&mut batches).await;
    }

    async fn carry(&mut self, batches: &mut broadcast::Receiver<Batch>) -> Result<(), Over> {
        self.send(Bytes::from_static(b"retry: 2000\n: connected\n\n")).await?;
        self.catch_up().await?;
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        loop {
            tokio::select! {
                () = self.frames.closed() => return Err(Over),
                batch = batches.recv() => match batch {
                    Ok(batch) if batch.after > self.seen => self.catch_up().await?,
                    Ok(batch) => self.tell(&batch.changes).await?,
                    Err(RecvError::Lagged(_)) => self.catch_up().await?,
                    Err(RecvError::Closed) => return Err(Over),
                },
                _ = heartbeat.tick() => {
                    if !self.app.is_still_good().await {
                        return Err(Over);
                    }
                    self.send(Bytes::from_static(b": heartbeat\n\n")).await?;
                }
            }
        }
    }

    /// Reads the log itself, up to its end.
    async fn catch_up(&mut self) -> Result<(), Over> {
        loop {
            let changes = app::ops::changes_after(&self.app, self.seen, PAGE).await.map_err(|problem| {
                tracing::debug!(%problem, "an event stream ends");
                Over
            })?;
            self.tell(&changes).await?;
            if changes.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    async fn tell(&mut self, changes: &[Arc<LoggedChange>]) -> Result<(), Over> {
        for change in changes {
            if change.seq <= self.seen {
                continue;
            }
            if self.filter.lets_through(change) {
                self.send(frame(change)).await?;
            }
            self.seen = change.seq;
        }
        Ok(())
    }

    async fn send(&self, frame: Bytes) -> Result<(), Over> {
        let frame = match self.frames.try_send(frame) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(Over),
            Err(TrySendError::Full(frame)) => frame,
        };
        let (clock, begun) = (self.app.engine().clock(), self.app.engine().now());
        loop {
            tokio::select! {
                room = self.frames.reserve() => {
                    room.map_err(|_| Over)?.send(frame);
                    return Ok(());
                }
                () = clock.until(begun + PATIENCE) => if clock.now() >= begun + PATIENCE {
                    self.hangup.hang_up();
                    return Err(Over);
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: &str, task: Option<i64>, project: Option<i64>) -> LoggedChange {
        LoggedChange {
            seq: 7,
            at: 1_800_000_000_000,
            actor: "agent:scout".into(),
            kind: kind.into(),
            task: task.map(TaskId),
            run: None,
            project: project.map(ProjectId),
            text: "two\nlines".into(),
        }
    }

    #[test]
    fn an_event_is_let_through_by_its_name_its_kind_or_what_either_begins_with() {
        let of = |types: &str| Filter {
            types: Some(types.split(',').map(str::to_owned).collect()),
            project: None,
            task: None,
        };
        let claimed = change("run.claimed", Some(1), None);
        for (types, through) in [
            ("task", true),
            ("run", true),
            ("task.claimed", true),
            ("run.claimed", true),
            ("agent,task", true),
            ("agent", false),
            ("task.completed", false),
            ("tas", false),
            ("", false),
        ] {
            assert_eq!(of(types).lets_through(&claimed), through, "{types}");
        }
    }

    #[test]
    fn a_filter_by_project_or_task_lets_nothing_else_through() {
        let filter = Filter { types: None, project: Some(ProjectId(2)), task: None };
        assert!(filter.lets_through(&change("task.moved", Some(1), Some(2))));
        assert!(!filter.lets_through(&change("task.moved", Some(1), Some(3))));
        assert!(!filter.lets_through(&change("agent.online", None, None)));
        let filter = Filter { types: None, project: None, task: Some(TaskId(1)) };
        assert!(filter.lets_through(&change("run.ended", Some(1), None)));
        assert!(!filter.lets_through(&change("run.ended", Some(2), None)));
    }

    #[test]
    fn a_frame_has_its_number_its_name_and_its_data_on_one_line_each() {
        let text = String::from_utf8(frame(&change("task.moved", Some(3), None)).to_vec()).unwrap();
        let lines: Vec<&str> = text.split('\n').collect();
        assert_eq!((lines[0], lines[1], lines.len()), ("id: 7", "event: task.status_changed", 5));
        let data: serde_json::Value = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!((&data["data"]["task_id"], &data["data"]["actor"]), (&json!(3), &json!("scout")));
    }
}
