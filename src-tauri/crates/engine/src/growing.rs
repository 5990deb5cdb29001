//! Reading files that grow: a run's log, in order and in pieces, and the small file that an agent's
//! hooks append to.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::sync::Notify;

use crate::{error::EngineError, keeper::blocking};

/// Longest piece read in one go.
const PIECE: usize = 256 * 1024;

/// Reads the log in order.
pub(crate) struct LogReader {
    file: Arc<std::fs::File>,
    pub offset: u64,
}

impl LogReader {
    pub fn open(run_dir: &Path, offset: u64) -> Result<LogReader, EngineError> {
        let file = std::fs::File::open(run_dir.join(pty_host::records::LOG))
            .map_err(EngineError::io("the run's log"))?;
        Ok(LogReader { file: Arc::new(file), offset })
    }

    /// The next piece before `until`, with its offset.
    pub async fn next(&mut self, until: u64) -> Result<Option<(u64, Vec<u8>)>, EngineError> {
        let want = until.saturating_sub(self.offset).min(PIECE as u64) as usize;
        if want == 0 {
            return Ok(None);
        }
        let (file, offset) = (self.file.clone(), self.offset);
        let bytes = if want <= 16 * 1024 {
            // A keystroke's worth: the page cache is faster than another thread.
            read_at(&file, offset, want)
        } else {
            blocking(move || read_at(&file, offset, want)).await?
        }
        .map_err(EngineError::io("the run's log"))?;
        self.offset += bytes.len() as u64;
        Ok((!bytes.is_empty()).then_some((offset, bytes)))
    }
}

/// Up to `want` bytes from `offset`; fewer at the end of the file.
pub(crate) fn read_at(file: &std::fs::File, offset: u64, want: usize) -> io::Result<Vec<u8>> {
    #[cfg(unix)]
    use std::os::unix::fs::FileExt;
    let mut bytes = vec![0; want];
    let mut filled = 0;
    while filled < want {
        #[cfg(unix)]
        let read = file.read_at(&mut bytes[filled..], offset + filled as u64);
        #[cfg(windows)]
        let read =
            std::os::windows::fs::FileExt::seek_read(file, &mut bytes[filled..], offset + filled as u64);
        match read {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// The growing end of a small file that may not exist yet.
pub(crate) struct Tail {
    path: PathBuf,
    offset: u64,
    grown: Arc<Notify>,
    /// Watches the file's folder; none where the system has no watches left: the file is then read
    /// whenever the log grows.
    _watch: Option<notify::RecommendedWatcher>,
}

impl Tail {
    pub fn new(path: PathBuf) -> Tail {
        let grown = Arc::new(Notify::new());
        let watch = watch_file(&path, grown.clone())
            .inspect_err(|error| tracing::warn!(%error, "the agent's signals cannot be watched"))
            .ok();
        Tail { path, offset: 0, grown, _watch: watch }
    }

    pub fn read(&mut self) -> Result<Vec<u8>, EngineError> {
        let file = match std::fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(EngineError::io("the agent's signals")(error)),
        };
        let bytes = read_at(&file, self.offset, PIECE).map_err(EngineError::io("the agent's signals"))?;
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }
}

fn watch_file(path: &Path, grown: Arc<Notify>) -> notify::Result<notify::RecommendedWatcher> {
    use notify::Watcher as _;
    let name = path.file_name().map(ToOwned::to_owned);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| may_have_grown(&event, name.as_deref())) {
            grown.notify_one();
        }
    })?;
    watcher.watch(path.parent().unwrap_or(path), notify::RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Our own reading is an event too; to follow it would be to read for ever.
fn may_have_grown(event: &notify::Event, name: Option<&OsStr>) -> bool {
    !event.kind.is_access() && event.paths.iter().any(|path| path.file_name() == name)
}

/// Waits until it grew; for ever where there is none.
pub(crate) async fn grown(tail: &mut Option<Tail>) {
    match tail {
        Some(tail) => tail.grown.notified().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::Watcher as _;

    /// Every event of the file until `last` is there, in the order in which the system tells them.
    fn events_of(dir: &Path, deeds: impl FnOnce()) -> Vec<notify::Event> {
        let (tell, told) = std::sync::mpsc::channel();
        let mut watcher = notify::recommended_watcher(move |event| drop(tell.send(event))).unwrap();
        watcher.watch(dir, notify::RecursiveMode::NonRecursive).unwrap();
        deeds();
        std::fs::write(dir.join("last"), "").unwrap();
        let last = |event: &notify::Event| event.paths.iter().any(|path| path.ends_with("last"));
        told.iter().map(Result::unwrap).take_while(|event| !last(event)).collect()
    }

    #[test]
    fn writing_wakes_the_reader_and_its_own_reading_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("signals.jsonl");
        let name = path.file_name();
        let written = events_of(dir.path(), || std::fs::write(&path, "a line\n").unwrap());
        assert!(written.iter().any(|event| may_have_grown(event, name)), "{written:?}");
        let read = events_of(dir.path(), || drop(std::fs::read(&path).unwrap()));
        assert!(!read.iter().any(|event| may_have_grown(event, name)), "{read:?}");
    }
}
