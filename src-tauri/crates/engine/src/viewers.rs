//! Looking at a run's output, live or ended: terminal views, pieces of the log, its lines, a search
//! through it, and the artifacts' bytes.

use std::{
    path::PathBuf,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::RunId;
use pty_host::{AsyncClient, records};
use store::RunRecord;
use terminal::{ExitInfo, Follow, Follower, Gone, LineIndex, LogState, Replay, ScreenHandle, Source, Viewer};
use tokio::sync::{mpsc, watch};
use workspaces::artifacts;

pub use terminal::Hit as LogHit;

use crate::{Engine, error::EngineError, growing::read_at, keeper::blocking, supervisor::LogTold};

/// One terminal view; dropping it closes the view.
pub struct ViewerHandle {
    viewer: Viewer,
    /// Of a live run: each view has a connection of its own, so that the newest size wins.
    client: Option<AsyncClient>,
    /// Keeps the screen followed while somebody looks at it.
    _screen: Arc<FollowedScreen>,
}

impl std::fmt::Debug for ViewerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ViewerHandle").field("live", &self.client.is_some()).finish_non_exhaustive()
    }
}

impl ViewerHandle {
    /// Types. What is typed after the run's end goes nowhere, as in any terminal.
    pub async fn input(&self, bytes: Vec<u8>) {
        if let Some(client) = &self.client
            && let Err(error) = client.input(&bytes).await
        {
            tracing::debug!(%error, "typed after the end");
        }
    }

    /// The terminal has parsed this many more bytes.
    pub fn ack(&self, bytes: u64) {
        self.viewer.ack(usize::try_from(bytes).unwrap_or(usize::MAX));
    }

    pub async fn resize(&self, cols: u16, rows: u16) {
        let possible = (2..=1000).contains(&cols) && (2..=1000).contains(&rows);
        if let Some(client) = self.client.as_ref().filter(|_| possible)
            && let Err(error) = client.resize(cols, rows).await
        {
            tracing::debug!(%error, "resized after the end");
        }
    }

    /// A hidden view is sent nothing until it is shown again.
    pub fn visible(&self, visible: bool) {
        self.viewer.visible(visible);
    }
}

/// A run's screen, followed while anybody holds it.
pub(crate) struct FollowedScreen {
    follower: Follower,
    state: watch::Receiver<LogState>,
}

impl FollowedScreen {
    pub fn handle(&self) -> ScreenHandle {
        self.follower.screen()
    }
}

/// Screens that are followed now; entries go with their last holder.
pub(crate) type Screens = std::collections::HashMap<RunId, Weak<FollowedScreen>>;

impl Engine {
    /// Opens a terminal view; frames arrive on `frames`.
    pub async fn open_viewer(
        &self,
        run: RunId,
        cols: u16,
        rows: u16,
        frames: mpsc::Sender<Bytes>,
    ) -> Result<ViewerHandle, EngineError> {
        let record = self.store().run(run).await?;
        let client = match self.live(run) {
            Some(_) => AsyncClient::connect(&self.layout().run(run)).await.ok().map(|(client, _)| client),
            None => None,
        };
        let screen = self.followed_screen(&record);
        let source = Source {
            log: self.log_path(run),
            state: screen.state.clone(),
            screen: screen.handle(),
            // The supervisor answers the program's questions, whether or not anybody looks.
            replay: Replay::Muted,
            on_resize: Box::new(|_, _| {}),
        };
        let viewer = Viewer::open(source, Box::new(FrameSink(frames)));
        let handle = ViewerHandle { viewer, client, _screen: screen };
        handle.resize(cols, rows).await;
        Ok(handle)
    }

    /// The run's screen, shared by everybody who looks at it.
    pub(crate) fn followed_screen(&self, run: &RunRecord) -> Arc<FollowedScreen> {
        self.with_screens(|screens| {
            screens.retain(|_, screen| screen.strong_count() > 0);
            if let Some(screen) = screens.get(&run.id).and_then(Weak::upgrade) {
                return screen;
            }
            let screen = Arc::new(self.follow_screen(run));
            screens.insert(run.id, Arc::downgrade(&screen));
            screen
        })
    }

    fn follow_screen(&self, run: &RunRecord) -> FollowedScreen {
        let state = self.log_state(run);
        let follower = Follower::start(Follow {
            log: self.log_path(run.id),
            checkpoint: self.layout().run(run.id).join("screen.ckpt"),
            state: state.clone(),
            // Evidence is read by the supervisor; the screen alone is wanted here.
            bytes_from: u64::MAX,
            on_bytes: Box::new(|_, _| {}),
        });
        FollowedScreen { follower, state }
    }

    /// How the log grows, in the terms of the terminal crate; of an ended run, how it stands.
    fn log_state(&self, run: &RunRecord) -> watch::Receiver<LogState> {
        match self.live(run.id) {
            Some(live) => {
                let mut told = live.log;
                let first = log_state(&told.borrow_and_update());
                let (tell, state) = watch::channel(first);
                self.own(async move {
                    while told.changed().await.is_ok() {
                        let next = log_state(&told.borrow_and_update());
                        if tell.send(next).is_err() {
                            break;
                        }
                    }
                });
                state
            }
            None => {
                let len = std::fs::metadata(self.log_path(run.id)).map_or(0, |file| file.len());
                let exited = ExitInfo {
                    code: run.exit_code,
                    signal: run.signal,
                    ended_at: run.ended_at.unwrap_or_default(),
                };
                let (cols, rows) = self.last_size(run.id);
                watch::channel(LogState { len, cols, rows, exited: Some(exited) }).1
            }
        }
    }

    /// The size that an ended run was started with.
    fn last_size(&self, run: RunId) -> (u16, u16) {
        let record = records::read::<pty_host::LaunchRecord>(&self.layout().run(run), records::LAUNCH);
        record.ok().flatten().map_or((80, 24), |launch| (launch.cols, launch.rows))
    }

    fn log_path(&self, run: RunId) -> PathBuf {
        self.layout().run(run).join(records::LOG)
    }

    /// Up to `len` raw bytes from `offset`, and the log's length. A run without output has none.
    pub async fn read_log(&self, run: RunId, offset: u64, len: usize) -> Result<(Vec<u8>, u64), EngineError> {
        let path = self.log_path(run);
        blocking(move || match std::fs::File::open(path) {
            Ok(file) => Ok((read_at(&file, offset, len)?, file.metadata()?.len())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok((Vec::new(), 0)),
            Err(error) => Err(error),
        })
        .await?
        .map_err(EngineError::io("the run's log cannot be read"))
    }

    /// Waits until the log is longer than `beyond`, the run has ended, or `patience` is over.
    pub async fn log_growth(&self, run: RunId, beyond: u64, patience: Duration) {
        let Some(mut live) = self.live(run) else { return };
        let grown = live.log.wait_for(|told| told.len > beyond || told.exit.is_some());
        // Any outcome means: look again.
        let _ = tokio::time::timeout(patience, grown).await;
    }

    /// Lines without escape sequences, and how many there are.
    pub async fn log_lines(
        &self,
        run: RunId,
        first: u64,
        count: usize,
    ) -> Result<(Vec<String>, u64), EngineError> {
        let found = self.with_lines(run, move |index| index.lines(first, count)).await?;
        Ok((found.lines, found.total))
    }

    /// Lines that contain `text`. Ends with the caller.
    pub async fn search_log(
        &self,
        run: RunId,
        text: String,
        limit: usize,
    ) -> Result<Vec<LogHit>, EngineError> {
        let cancel = Cancel(Arc::new(AtomicBool::new(false)));
        let cancelled = cancel.0.clone();
        self.with_lines(run, move |index| index.search(&text, limit, &cancelled)).await
    }

    async fn with_lines<T: Send + 'static>(
        &self,
        run: RunId,
        work: impl FnOnce(&mut LineIndex) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, EngineError> {
        self.store().run(run).await?;
        let (log, saved) = (self.log_path(run), self.layout().run(run).join("lines.idx"));
        blocking(move || {
            let mut index = LineIndex::open(&log, &saved);
            index.refresh()?;
            work(&mut index)
        })
        .await?
        .map_err(EngineError::io("the run's log cannot be read"))
    }

    /// Copies an artifact to a place of the person's own.
    pub async fn save_artifact(&self, hash: &str, to: PathBuf) -> Result<(), EngineError> {
        let (store, hash) = (self.layout().artifacts(), hash.to_owned());
        let copied = blocking(move || artifacts::copy_out(&store, &hash, &to)).await?;
        copied.map_err(|error| EngineError::Unavailable {
            message: error.to_string(),
            next: Some("choose another place, or free some space there".into()),
        })
    }

    /// A piece of an artifact by its hash.
    pub async fn read_artifact(&self, hash: &str, offset: u64, len: usize) -> Result<Vec<u8>, EngineError> {
        let (store, hash) = (self.layout().artifacts(), hash.to_owned());
        let piece = blocking(move || artifacts::read(&store, &hash, offset, len as u64)).await?;
        piece.map(|piece| piece.bytes).map_err(|error| EngineError::NotFound(error.to_string()))
    }
}

fn log_state(told: &LogTold) -> LogState {
    LogState {
        len: told.len,
        cols: told.cols,
        rows: told.rows,
        exited: told.exit.as_ref().map(|exit| ExitInfo {
            code: exit.code,
            signal: exit.signal,
            ended_at: exit.ended_at_ms,
        }),
    }
}

struct FrameSink(mpsc::Sender<Bytes>);

impl terminal::Sink for FrameSink {
    fn send(
        &mut self,
        frame: Vec<u8>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Gone>> + Send + '_>> {
        Box::pin(async move { self.0.send(frame.into()).await.map_err(|_| Gone) })
    }
}

/// Ends a search whose caller has gone away.
struct Cancel(Arc<AtomicBool>);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
