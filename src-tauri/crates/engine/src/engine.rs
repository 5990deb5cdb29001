//! The engine's handle: what it owns, how it starts, what can be asked of it, how it stops. Stopping
//! it leaves every agent at work; the next start takes them over.

use std::{
    collections::HashMap,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use agents::Profile;
use domain::{Actor, Millis, Outcome, RunId};
use store::{Ending, Origin, RunRecord, Store};
use tokio::sync::{RwLock, broadcast};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use workspaces::{Cancel, Pool, artifacts::Watcher};

use crate::{
    agents_found::AgentsFound,
    clock::Clock,
    error::{EngineError, StartError},
    events::{EngineEvent, Events, Live},
    keeper::blocking,
    layout::Layout,
    lock::{EngineLock, LockError},
    supervisor::{GRACE, LiveRun},
    viewers::Screens,
};

/// How to start an engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Absolute.
    pub data_dir: PathBuf,
    /// Starts queued cards by itself, takes those back whose agents fell silent, and empties the trash of
    /// what is old. Off in a command that hosts the engine for its own length: to list cards must not
    /// start agents or delete anything, and who is not listened to all the time is not silent.
    pub dispatches: bool,
    pub clock: Clock,
    /// Names of variables that this process has set for itself alone: agents do not inherit them.
    pub own_variables: Vec<&'static str>,
}

impl Config {
    pub fn new(data_dir: PathBuf) -> Config {
        Config { data_dir, clock: Clock::default(), dispatches: false, own_variables: Vec::new() }
    }

    /// Of a host that stays.
    pub fn dispatching(data_dir: PathBuf) -> Config {
        Config { dispatches: true, ..Config::new(data_dir) }
    }
}

/// Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("data_dir", &self.inner.layout.root()).finish_non_exhaustive()
    }
}

struct Inner {
    store: Store,
    layout: Layout,
    clock: Clock,
    host_binary: PathBuf,
    agents: AgentsFound,
    pool: Pool,
    live: Mutex<HashMap<RunId, LiveRun>>,
    /// The newest line of each live run, for whoever opens the board after it was told.
    lines: Mutex<HashMap<RunId, Arc<Live>>>,
    screens: Mutex<Screens>,
    /// None where the system cannot watch folders.
    artifacts: Option<Watcher>,
    /// Held for reading while contents of artifacts lie in the store that no row names yet.
    contents: RwLock<()>,
    ports: Mutex<HashMap<RunId, u16>>,
    moments: broadcast::Sender<EngineEvent>,
    trouble: Mutex<Option<String>>,
    owned: TaskTracker,
    stop: CancellationToken,
    /// It starts queued cards by itself.
    dispatches: bool,
    lock: Mutex<Option<EngineLock>>,
}

impl Inner {
    fn new(store: Store, layout: Layout, clock: Clock, host_binary: PathBuf) -> Inner {
        let (moments, _) = broadcast::channel(1024);
        Inner {
            pool: Pool::new(layout.root()),
            store,
            layout,
            clock,
            host_binary,
            agents: AgentsFound::new(Vec::new()),
            live: Mutex::default(),
            lines: Mutex::default(),
            screens: Mutex::default(),
            artifacts: None,
            contents: RwLock::default(),
            ports: Mutex::default(),
            moments,
            trouble: Mutex::default(),
            owned: TaskTracker::new(),
            stop: CancellationToken::new(),
            dispatches: false,
            lock: Mutex::default(),
        }
    }
}

/// Asked first, because the database would only say that it cannot open a file.
fn may_be_used(root: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    rustix::fs::access(
        root,
        rustix::fs::Access::READ_OK | rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
    )?;
    #[cfg(not(unix))]
    let _ = root;
    Ok(())
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Engine {
    /// Takes the data directory, opens the database, and takes over the runs that still live.
    pub async fn start(config: Config) -> Result<Engine, StartError> {
        let layout = Layout::new(config.data_dir.clone());
        std::fs::create_dir_all(layout.root())
            .map_err(|error| StartError::DataDir(config.data_dir.clone(), error))?;
        may_be_used(layout.root()).map_err(|error| StartError::DataDir(config.data_dir.clone(), error))?;
        let lock = EngineLock::take(&layout.lock()).map_err(|error| match error {
            LockError::Io(error) => StartError::DataDir(config.data_dir.clone(), error),
            held @ LockError::Held { .. } => StartError::Held(held),
        })?;
        let host_binary = pty_host::find_host_binary()?;
        let store = Store::open(layout.root()).await?;
        let mut inner = Inner::new(store, layout, config.clock, host_binary);
        inner.agents = AgentsFound::new(config.own_variables);
        inner.artifacts =
            Watcher::start().inspect_err(|error| tracing::warn!(%error, "artifacts are not watched")).ok();
        inner.dispatches = config.dispatches;
        inner.lock = Mutex::new(Some(lock));
        let engine = Engine { inner: Arc::new(inner) };
        engine.adopt().await?;
        let looking = engine.clone();
        engine.own(async move {
            if let Err(error) = looking.look_for_agents().await {
                tracing::error!(%error, "the list of agents cannot be read");
            }
        });
        engine.own(engine.clone().fire_schedules());
        let left = engine.clone();
        engine.own(async move { left.collect_all_left().await });
        let copies = engine.clone();
        engine.own(async move { copies.clear_away_copies().await });
        if config.dispatches {
            engine.own(engine.clone().dispatch());
            engine.own(engine.clone().rescue());
            engine.own(engine.clone().tell_webhooks());
            engine.own(engine.clone().escalate());
            engine.own(engine.clone().keep_the_trash_small());
            engine.own(engine.clone().review());
        }
        Ok(engine)
    }

    /// Answers what only reads, out of the database as it stands: nothing is locked, written, watched or
    /// started. None where that would not do, because there is no board yet, its file is of another
    /// version, or it holds runs that may have moved on since: then an engine must start.
    pub async fn look(data_dir: PathBuf) -> Option<Engine> {
        let host_binary = pty_host::find_host_binary().ok()?;
        let store = Store::look(&data_dir).await?;
        let inner = Inner::new(store, Layout::new(data_dir), Clock::default(), host_binary);
        Some(Engine { inner: Arc::new(inner) })
    }

    /// Lets go of everything; agents go on. Waits for writes under way. May be called twice.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.owned.close();
        self.inner.owned.wait().await;
        self.inner.store.close().await;
        guard(&self.inner.lock).take();
    }

    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    pub fn layout(&self) -> &Layout {
        &self.inner.layout
    }

    /// Milliseconds since the epoch.
    pub fn now(&self) -> Millis {
        self.inner.clock.now()
    }

    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub fn events(&self) -> Events {
        Events::new(self.store().committed(), self.inner.moments.subscribe(), self.inner.stop.clone())
    }

    /// Trouble that people must know of.
    pub fn trouble(&self) -> Option<String> {
        guard(&self.inner.trouble).clone()
    }

    pub(crate) fn machine(&self) -> &AgentsFound {
        &self.inner.agents
    }

    /// Stores the agent's version with the run, as soon as it is known. Some agents take longer to tell it
    /// than to do their work, so an engine that stops waits for the answer, which is bounded.
    pub(crate) fn note_version(&self, run: RunId, agent: Profile) {
        let engine = self.clone();
        self.inner.owned.spawn(async move {
            if let Some(version) = engine.machine().version(&agent).await
                && let Err(error) = engine.store().set_agent_version(run, version, engine.now()).await
            {
                tracing::warn!(%error, %run, "the agent's version could not be stored");
            }
        });
    }

    /// What programs get that are started here: our own environment with the login shell's laid over it.
    pub async fn agent_env(&self) -> Vec<(OsString, OsString)> {
        self.inner.agents.env().await
    }

    pub(crate) fn host_binary(&self) -> &Path {
        &self.inner.host_binary
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.inner.pool
    }

    pub(crate) fn tell(&self, event: EngineEvent) {
        // Nobody listening is fine.
        let _ = self.inner.moments.send(event);
    }

    pub(crate) fn tell_line(&self, live: Live) {
        let live = Arc::new(live);
        guard(&self.inner.lines).insert(live.run, live.clone());
        self.tell(EngineEvent::Live(live));
    }

    /// A live run's newest output line, if it wrote any since this engine watches it.
    pub fn newest_line(&self, run: RunId) -> Option<String> {
        guard(&self.inner.lines).get(&run).and_then(|live| live.last_line.clone())
    }

    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        *guard(&self.inner.trouble) = trouble;
    }

    /// Runs `work` until it ends or the engine stops.
    pub(crate) fn own(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.inner.stop.clone();
        self.inner.owned.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// Whether queued cards start by themselves.
    pub fn dispatches(&self) -> bool {
        self.inner.dispatches
    }

    pub fn is_live(&self, run: RunId) -> bool {
        guard(&self.inner.live).contains_key(&run)
    }

    pub(crate) fn live(&self, run: RunId) -> Option<LiveRun> {
        guard(&self.inner.live).get(&run).cloned()
    }

    pub(crate) fn with_screens<T>(&self, work: impl FnOnce(&mut Screens) -> T) -> T {
        work(&mut guard(&self.inner.screens))
    }

    pub(crate) fn contents(&self) -> &RwLock<()> {
        &self.inner.contents
    }

    pub(crate) fn artifact_watcher(&self) -> Option<&Watcher> {
        self.inner.artifacts.as_ref()
    }

    pub(crate) fn add_live(&self, run: RunId, live: LiveRun) {
        guard(&self.inner.live).insert(run, live);
    }

    pub(crate) fn forget_live(&self, run: RunId) {
        guard(&self.inner.live).remove(&run);
        guard(&self.inner.lines).remove(&run);
        guard(&self.inner.ports).remove(&run);
    }

    pub(crate) fn lease_ports(&self, run: RunId) -> Result<u16, EngineError> {
        let mut leased = guard(&self.inner.ports);
        let taken: Vec<u16> = leased.values().copied().collect();
        let base = workspaces::lease_ports(run.0, &taken).map_err(|error| EngineError::Unavailable {
            message: error.to_string(),
            next: Some("stop a run that is no longer needed".into()),
        })?;
        leased.insert(run, base);
        Ok(base)
    }

    pub(crate) fn keep_ports(&self, run: RunId, base: u16) {
        guard(&self.inner.ports).insert(run, base);
    }

    /// Makes a spare worktree for the next run of a big repository.
    pub(crate) fn refill_pool(&self, project: PathBuf) {
        let pool = self.pool().clone();
        let cancel = Cancel::default();
        let stop = cancel.clone();
        let token = self.inner.stop.clone();
        self.inner.owned.spawn(async move {
            let refill = blocking(move || pool.refill(&project, None, &cancel));
            tokio::pin!(refill);
            let outcome = tokio::select! {
                outcome = &mut refill => outcome,
                () = token.cancelled() => {
                    stop.cancel();
                    refill.await
                }
            };
            match outcome {
                Ok(Ok(refilled)) => tracing::debug!(?refilled, "the worktree pool"),
                Ok(Err(error)) => tracing::debug!(%error, "no spare worktree was made"),
                Err(error) => tracing::warn!(%error, "no spare worktree was made"),
            }
        });
    }

    /// Asks the agent to leave, kills what does not, and returns when the whole tree is gone.
    pub async fn stop_run(&self, run: RunId) -> Result<RunRecord, EngineError> {
        self.stop_run_for(run, Actor::Person).await
    }

    pub(crate) async fn stop_run_for(&self, run: RunId, actor: Actor) -> Result<RunRecord, EngineError> {
        let record = self.store().ask_stop(run, actor, self.now()).await?;
        if !record.state.is_live() {
            return Ok(record);
        }
        if record.origin == Origin::Pulled {
            // Its agent is out of reach: it learns of it when it next reports.
            self.close_run(&record, Ending::of(Outcome::Stopped, self.now())).await?;
            return Ok(self.store().run(run).await?);
        }
        // A run still in preparation has no host yet; its supervisor stops it as soon as it has.
        if let Some(live) = self.live(run)
            && let Err(error) = live.client.stop(GRACE).await
        {
            tracing::debug!(%error, %run, "the host was gone before it could be asked");
        }
        let ended = self.wait_run(run, GRACE + Duration::from_secs(30)).await?;
        self.clear_away_copies().await;
        Ok(ended)
    }

    /// The run once it has ended, or as it is after `patience`.
    pub async fn wait_run(&self, run: RunId, patience: Duration) -> Result<RunRecord, EngineError> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut commits = self.store().committed();
        loop {
            let record = self.store().run(run).await?;
            if !record.state.is_live() {
                return Ok(record);
            }
            // A lagging or closed receiver only means: look again, or give up at the deadline.
            match tokio::time::timeout_at(deadline, commits.recv()).await {
                Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => {
                    return Ok(self.store().run(run).await?);
                }
                Ok(_) => {}
            }
        }
    }

    pub(crate) async fn close_run(&self, run: &RunRecord, ending: Ending) -> Result<(), EngineError> {
        let end = || self.store().end_run(run.id, ending.clone());
        self.once_there_is_room(run.task, end).await?;
        Ok(())
    }

    /// Counts what the run's workspace changed; a failure is only logged, the card then shows less.
    pub(crate) async fn count_changes(&self, run: &RunRecord) {
        let outcome = async {
            let found = self.changes(run.id).await?;
            if found.note.is_none() {
                let count = found.count;
                self.store().set_changes(run.id, count.files, count.added, count.removed, self.now()).await?;
            }
            Ok::<_, EngineError>(())
        };
        if let Err(error) = outcome.await {
            tracing::debug!(%error, run = %run.id, "changes could not be counted");
        }
    }
}
