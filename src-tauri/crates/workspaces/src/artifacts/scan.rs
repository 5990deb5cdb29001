//! Collecting: a walk beneath the artifacts directory that follows no link, at any level, opens
//! regular files only, and keeps to stated limits. What is left out is listed with the reason.

use super::store::{self, CopyError, Draft, RESERVE};
use super::{ArtifactError, ArtifactKind, kind};
use crate::files;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub max_file: u64,
    /// Files and directories.
    pub max_files: usize,
    /// Bytes of all files.
    pub max_total: u64,
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { max_file: 256 << 20, max_files: 5_000, max_total: 2 << 30, max_depth: 32 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Below `artifacts/`, with `/`; bytes that are not UTF-8 are shown as U+FFFD.
    pub path: String,
    pub size: u64,
    /// blake3, hex; see [`super::read`].
    pub hash: String,
    pub kind: ArtifactKind,
    /// Milliseconds since 1970.
    pub modified_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub path: String,
    pub reason: String,
}

/// Everything below the directory, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub items: Vec<Item>,
    /// At most 1,000.
    pub skipped: Vec<Skipped>,
    /// What belongs to the artifacts but found no room in the store; a later scan may keep it.
    pub left: Vec<Skipped>,
}

/// What earlier scans of the same directory found, so that only changed files are read again.
#[derive(Clone, Debug, Default)]
pub struct Memory(HashMap<PathBuf, Known>);

#[derive(Clone, Debug)]
struct Known {
    stamp: Stamp,
    hash: String,
    kind: ArtifactKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

const MOST_SKIPPED: usize = 1_000;
/// A file is read again this often when it changes under our hands.
const TRIES: usize = 3;
/// A file changed this recently may change again without its time telling (coarse clocks).
const SETTLED: Duration = Duration::from_secs(2);

/// Collects what is there now into the store. A directory that does not exist holds nothing.
pub fn scan(
    artifacts_dir: &Path,
    store_dir: &Path,
    limits: Limits,
    memory: &mut Memory,
) -> Result<Collected, ArtifactError> {
    let mut scan = Scan {
        store: store_dir,
        limits,
        old: memory,
        new: HashMap::new(),
        entries: 0,
        total: 0,
        found: Collected::default(),
    };
    match beneath::top(artifacts_dir) {
        Ok(Some(dir)) => scan.directory(&dir, Path::new(""), 1)?,
        Ok(None) => {}
        Err(error) => scan.skip(Path::new(""), format!("the artifacts folder cannot be read: {error}")),
    }
    let Scan { new, mut found, .. } = scan;
    memory.0 = new;
    found.items.sort_by(|a, b| a.path.cmp(&b.path));
    found.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

struct Scan<'a> {
    store: &'a Path,
    limits: Limits,
    old: &'a Memory,
    new: HashMap<PathBuf, Known>,
    entries: usize,
    total: u64,
    found: Collected,
}

enum Attempt {
    Kept(Known),
    /// Not to be kept, in words.
    Refused(String),
    Gone,
    /// Somebody wrote to it meanwhile.
    Changed,
}

impl Scan<'_> {
    fn directory(&mut self, dir: &beneath::Dir, at: &Path, depth: usize) -> Result<(), ArtifactError> {
        let names = match dir.names() {
            Ok(names) => names,
            Err(error) => {
                self.skip(at, format!("the folder cannot be read: {error}"));
                return Ok(());
            }
        };
        for name in names {
            let path = at.join(&name);
            self.entries += 1;
            if self.entries > self.limits.max_files {
                if self.entries == self.limits.max_files + 1 {
                    self.skip(
                        &path,
                        format!("more than {} files; the rest was left out", self.limits.max_files),
                    );
                }
                return Ok(());
            }
            match dir.look(&name) {
                beneath::Entry::Directory if depth >= self.limits.max_depth => {
                    self.skip(&path, format!("more than {} folders deep", self.limits.max_depth));
                }
                beneath::Entry::Directory => match dir.enter(&name) {
                    Ok(inner) => self.directory(&inner, &path, depth + 1)?,
                    Err(error) => self.skip(&path, format!("the folder cannot be read: {error}")),
                },
                beneath::Entry::File => self.file(dir, &name, &path)?,
                beneath::Entry::Other(what) => self.skip(&path, what.into()),
                beneath::Entry::Gone => {}
            }
        }
        Ok(())
    }

    fn file(&mut self, dir: &beneath::Dir, name: &OsStr, path: &Path) -> Result<(), ArtifactError> {
        for _ in 0..TRIES {
            let attempt = match self.attempt(dir, name, path) {
                // A smaller one may still fit.
                Err(full @ ArtifactError::DiskFull(_)) => {
                    self.found.left.push(Skipped { path: shown(path), reason: full.to_string() });
                    return Ok(());
                }
                attempt => attempt?,
            };
            match attempt {
                Attempt::Kept(known) => self.take(path, known),
                Attempt::Refused(reason) => self.skip(path, reason),
                Attempt::Gone => {}
                Attempt::Changed => continue,
            }
            return Ok(());
        }
        self.skip(path, "still being written".into());
        Ok(())
    }

    fn attempt(&self, dir: &beneath::Dir, name: &OsStr, path: &Path) -> Result<Attempt, ArtifactError> {
        let unreadable = |error| Ok(Attempt::Refused(format!("it cannot be read: {error}")));
        let mut file = match dir.open(name) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Attempt::Gone),
            Err(error) => return unreadable(error),
        };
        let Some(meta) = file.metadata().ok().filter(Metadata::is_file) else {
            return Ok(Attempt::Refused("it is not a regular file".into()));
        };
        let before = stamp(&meta);
        if let Some(reason) = self.too_much(before.size) {
            return Ok(Attempt::Refused(reason));
        }
        if let Some(known) = self.remembered(path, before) {
            return Ok(Attempt::Kept(known));
        }
        if !self.fits(before.size) {
            return Err(ArtifactError::DiskFull(format!("copy it to {}", self.store.display())));
        }
        let draft = match Draft::copy(self.store, &mut file, self.limits.max_file + 1) {
            Ok(draft) => draft,
            Err(CopyError::Source(error)) => return unreadable(error),
            Err(CopyError::Store(error)) => return Err(error),
        };
        let after = file.metadata().map(|meta| stamp(&meta)).ok();
        if after != Some(before) || draft.size != before.size {
            return Ok(Attempt::Changed);
        }
        let kind = kind::of(&path.to_string_lossy(), &draft.start);
        let known = Known { stamp: before, hash: draft.hash.clone(), kind };
        draft.keep(self.store)?;
        Ok(Attempt::Kept(known))
    }

    fn too_much(&self, size: u64) -> Option<String> {
        if size > self.limits.max_file {
            return Some(format!("larger than {} MiB", self.limits.max_file >> 20));
        }
        let above = self.total + size > self.limits.max_total;
        above.then(|| format!("all files together exceed {} MiB", self.limits.max_total >> 20))
    }

    fn fits(&self, size: u64) -> bool {
        // The store's directory is made with the first copy.
        let there = self.store.ancestors().find(|path| path.is_dir());
        there.and_then(files::room).is_none_or(|room| room >= size + RESERVE)
    }

    fn remembered(&self, path: &Path, stamp: Stamp) -> Option<Known> {
        let known = self.old.0.get(path).filter(|known| known.stamp == stamp)?;
        store::holds(self.store, &known.hash).then(|| known.clone())
    }

    fn take(&mut self, path: &Path, known: Known) {
        self.total += known.stamp.size;
        self.found.items.push(Item {
            path: shown(path),
            size: known.stamp.size,
            hash: known.hash.clone(),
            kind: known.kind,
            modified_at: known.stamp.modified.map_or(0, milliseconds),
        });
        let age = known.stamp.modified.and_then(|at| SystemTime::now().duration_since(at).ok());
        if age.is_some_and(|age| age >= SETTLED) {
            self.new.insert(path.into(), known);
        }
    }

    fn skip(&mut self, path: &Path, reason: String) {
        if self.found.skipped.len() < MOST_SKIPPED {
            self.found.skipped.push(Skipped { path: shown(path), reason });
        }
    }
}

fn shown(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(OsStr::to_string_lossy).collect();
    parts.join("/")
}

fn milliseconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

fn stamp(meta: &Metadata) -> Stamp {
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(meta);
    #[cfg(not(unix))]
    let inode = 0;
    Stamp { size: meta.len(), modified: meta.modified().ok(), inode }
}

/// Directories opened one below the other, each without following a link, so that nothing the agent
/// does meanwhile can lead a read elsewhere.
#[cfg(unix)]
mod beneath {
    use super::*;
    use rustix::fs::{AtFlags, FileType, Mode, OFlags};
    use rustix::io::Errno;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;

    pub struct Dir(OwnedFd);

    pub enum Entry {
        Directory,
        File,
        Other(&'static str),
        Gone,
    }

    const PLAIN: OFlags =
        OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

    /// None where there is no such directory.
    pub fn top(path: &Path) -> io::Result<Option<Dir>> {
        match rustix::fs::open(path, PLAIN | OFlags::DIRECTORY, Mode::empty()) {
            Ok(fd) => Ok(Some(Dir(fd))),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => Err(io::Error::other("it is a link or a file")),
            Err(error) => Err(error.into()),
        }
    }

    impl Dir {
        pub fn names(&self) -> io::Result<Vec<OsString>> {
            let mut names = Vec::new();
            for entry in rustix::fs::Dir::read_from(&self.0)? {
                let entry = entry?;
                let name = entry.file_name().to_bytes();
                if name != b"." && name != b".." {
                    names.push(OsStr::from_bytes(name).to_owned());
                }
            }
            names.sort();
            Ok(names)
        }

        pub fn look(&self, name: &OsStr) -> Entry {
            let Ok(stat) = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) else {
                return Entry::Gone;
            };
            match FileType::from_raw_mode(stat.st_mode as rustix::fs::RawMode) {
                FileType::Directory => Entry::Directory,
                FileType::RegularFile => Entry::File,
                FileType::Symlink => Entry::Other("links are not followed"),
                FileType::Fifo => Entry::Other("it is a pipe"),
                FileType::Socket => Entry::Other("it is a socket"),
                FileType::CharacterDevice | FileType::BlockDevice => Entry::Other("it is a device"),
                FileType::Unknown => Entry::Other("it is not a regular file"),
            }
        }

        pub fn enter(&self, name: &OsStr) -> io::Result<Dir> {
            Ok(Dir(rustix::fs::openat(&self.0, name, PLAIN | OFlags::DIRECTORY, Mode::empty())?))
        }

        pub fn open(&self, name: &OsStr) -> io::Result<File> {
            let fd = rustix::fs::openat(&self.0, name, PLAIN | OFlags::NOCTTY, Mode::empty())?;
            Ok(File::from(fd))
        }
    }
}

/// Windows: links need a privilege there; each entry is looked at before it is opened.
#[cfg(not(unix))]
mod beneath {
    use super::*;
    use std::io;

    pub struct Dir(PathBuf);

    pub enum Entry {
        Directory,
        File,
        Other(&'static str),
        Gone,
    }

    pub fn top(path: &Path) -> io::Result<Option<Dir>> {
        match path.symlink_metadata() {
            Ok(meta) if meta.is_dir() => Ok(Some(Dir(path.into()))),
            Ok(_) => Err(io::Error::other("it is a link or a file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    impl Dir {
        pub fn names(&self) -> io::Result<Vec<OsString>> {
            let mut names = std::fs::read_dir(&self.0)?
                .map(|entry| entry.map(|entry| entry.file_name()))
                .collect::<io::Result<Vec<_>>>()?;
            names.sort();
            Ok(names)
        }

        pub fn look(&self, name: &OsStr) -> Entry {
            match self.0.join(name).symlink_metadata() {
                Ok(meta) if meta.is_dir() => Entry::Directory,
                Ok(meta) if meta.is_file() => Entry::File,
                Ok(_) => Entry::Other("links are not followed"),
                Err(_) => Entry::Gone,
            }
        }

        pub fn enter(&self, name: &OsStr) -> io::Result<Dir> {
            Ok(Dir(self.0.join(name)))
        }

        pub fn open(&self, name: &OsStr) -> io::Result<File> {
            crate::files::open_regular(&self.0.join(name))
        }
    }
}
