//! Tells when a workspace's artifacts or end marks changed, without polling. One watcher serves all
//! workspaces: systems allow only some hundred of them. It says that something stirred, at most once
//! in 300 ms for each workspace; what exactly is for a scan to find out.

use crate::record::Workspace;
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// From the first change to the call; changes in between are part of it.
const SETTLE: Duration = Duration::from_millis(300);
const MARKS: &[&str] = &["COMPLETION.md", "BLOCKED.md"];

/// What may have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stir {
    pub artifacts: bool,
    pub marks: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("the system's limit of watched folders is reached")]
    Limit,
    #[error("the folder {} cannot be watched: {error}", path.display())]
    Failed { path: PathBuf, error: notify::Error },
    #[error("watching cannot be started: {0}")]
    Start(notify::Error),
}

impl WatchError {
    pub fn next_step(&self) -> Option<String> {
        matches!(self, WatchError::Limit).then(|| {
            "Raise fs.inotify.max_user_watches (sysctl); until then artifacts appear when the run ends."
                .into()
        })
    }
}

type OnStir = Arc<dyn Fn(Stir) + Send + Sync>;

struct Shared {
    system: Mutex<Option<RecommendedWatcher>>,
    rooms: Mutex<HashMap<PathBuf, OnStir>>,
}

/// Watches any number of workspaces with one thread. Dropped, it stops.
pub struct Watcher {
    shared: Arc<Shared>,
    say: Sender<News>,
    thread: Option<JoinHandle<()>>,
}

/// One workspace being watched, until dropped.
pub struct Watching {
    shared: Arc<Shared>,
    path: PathBuf,
}

enum News {
    Seen(notify::Result<notify::Event>),
    Stop,
}

impl Watcher {
    pub fn start() -> Result<Watcher, WatchError> {
        let (say, news) = mpsc::channel();
        let system = {
            let say = say.clone();
            let handler = move |event| drop(say.send(News::Seen(event)));
            // A link to `/` in a workspace must not make us watch the whole disk.
            let config = Config::default().with_follow_symlinks(false);
            RecommendedWatcher::new(handler, config).map_err(WatchError::Start)?
        };
        let shared = Arc::new(Shared { system: Mutex::new(Some(system)), rooms: Mutex::default() });
        let thread = {
            let shared = shared.clone();
            std::thread::Builder::new().name("artifact-watch".into()).spawn(move || listen(&shared, &news))
        };
        let thread = thread.map_err(|error| WatchError::Start(notify::Error::io(error)))?;
        Ok(Watcher { shared, say, thread: Some(thread) })
    }

    /// Calls `on_stir`, on the watcher's thread (so it must be quick), whenever something changed.
    pub fn watch(
        &self,
        workspace: &Workspace,
        on_stir: impl Fn(Stir) + Send + Sync + 'static,
    ) -> Result<Watching, WatchError> {
        // Some systems report the real path, whatever name was asked for.
        let path = workspace.path.canonicalize().unwrap_or_else(|_| workspace.path.clone());
        self.shared.rooms().insert(path.clone(), Arc::new(on_stir));
        let watching = Watching { shared: self.shared.clone(), path: path.clone() };
        self.shared.watch(&path, RecursiveMode::NonRecursive)?;
        self.shared.watch_artifacts(&path)?;
        Ok(watching)
    }

    /// Waits until the thread has ended. Stopping twice is fine.
    pub fn stop(&mut self) {
        let _ = self.say.send(News::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.shared.system().take();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.shared.rooms().remove(&self.path);
        if let Some(system) = self.shared.system().as_mut() {
            // Fails for what has been deleted meanwhile.
            let _ = system.unwatch(&self.path.join("artifacts"));
            let _ = system.unwatch(&self.path);
        }
    }
}

impl Shared {
    fn rooms(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, OnStir>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn system(&self) -> std::sync::MutexGuard<'_, Option<RecommendedWatcher>> {
        self.system.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, path: &Path, mode: RecursiveMode) -> Result<(), WatchError> {
        let Some(system) = &mut *self.system() else { return Ok(()) };
        system.watch(path, mode).map_err(|error| match error.kind {
            notify::ErrorKind::MaxFilesWatch => WatchError::Limit,
            _ => WatchError::Failed { path: path.into(), error },
        })
    }

    /// The folder may be missing now and made later, or made anew.
    fn watch_artifacts(&self, workspace: &Path) -> Result<(), WatchError> {
        let artifacts = workspace.join("artifacts");
        let is_folder = artifacts.symlink_metadata().is_ok_and(|meta| meta.is_dir());
        if is_folder { self.watch(&artifacts, RecursiveMode::Recursive) } else { Ok(()) }
    }
}

/// What is to be told, and since when.
#[derive(Default)]
struct Pending(HashMap<PathBuf, (Stir, Instant)>);

impl Pending {
    fn add(&mut self, workspace: &Path, stir: Stir) {
        let entry =
            self.0.entry(workspace.into()).or_insert_with(|| (Stir::default(), Instant::now() + SETTLE));
        entry.0.artifacts |= stir.artifacts;
        entry.0.marks |= stir.marks;
    }

    fn take_due(&mut self) -> Vec<(PathBuf, Stir)> {
        let now = Instant::now();
        let due = self.0.extract_if(|_, (_, at)| *at <= now);
        due.map(|(path, (stir, _))| (path, stir)).collect()
    }

    fn next(&self) -> Option<Instant> {
        self.0.values().map(|(_, at)| *at).min()
    }
}

fn listen(shared: &Shared, news: &mpsc::Receiver<News>) {
    let mut pending = Pending::default();
    loop {
        let heard = match pending.next() {
            None => news.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => news.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match heard {
            Ok(News::Seen(event)) => note(shared, &mut pending, event),
            Ok(News::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        for (path, stir) in pending.take_due() {
            let on_stir = shared.rooms().get(&path).cloned();
            if let Some(on_stir) = on_stir {
                on_stir(stir);
            }
        }
    }
}

fn note(shared: &Shared, pending: &mut Pending, event: notify::Result<notify::Event>) {
    let everything = Stir { artifacts: true, marks: true };
    let event = match event {
        Ok(event) if !event.need_rescan() => event,
        // Events were lost (or may have been): everything has to be looked at.
        _ => {
            for path in shared.rooms().keys() {
                pending.add(path, everything);
            }
            return;
        }
    };
    if is_mere_reading(event.kind) {
        return;
    }
    for path in &event.paths {
        let Some((workspace, below)) = owner(shared, path) else { continue };
        let first = below.iter().next();
        if first == Some("artifacts".as_ref()) {
            if below.iter().nth(1).is_none()
                && !matches!(event.kind, EventKind::Remove(_))
                && let Err(error) = shared.watch_artifacts(&workspace)
            {
                tracing::warn!(%error, "artifacts will be seen at the end of the run only");
            }
            pending.add(&workspace, Stir { artifacts: true, marks: false });
        } else if below.iter().nth(1).is_none() && MARKS.iter().any(|mark| first == Some(mark.as_ref())) {
            pending.add(&workspace, Stir { artifacts: false, marks: true });
        }
    }
}

/// Our own scans open every file; taking that for a change would never end.
fn is_mere_reading(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => true,
        _ => false,
    }
}

fn owner(shared: &Shared, path: &Path) -> Option<(PathBuf, PathBuf)> {
    let rooms = shared.rooms();
    let workspace = path.ancestors().find(|dir| rooms.contains_key(*dir))?;
    Some((workspace.into(), path.strip_prefix(workspace).ok()?.into()))
}
