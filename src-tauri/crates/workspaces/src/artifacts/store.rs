//! The store by content: one file per hash, at `ab/cdef…` below its directory, written aside and
//! renamed, so that a name is there whole or not at all.

use super::kind::{self, START};
use super::{ArtifactError, ArtifactKind};
use crate::files;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A piece of an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub bytes: Vec<u8>,
    /// Size of the whole.
    pub total: u64,
}

/// A copy must not take the last room from the agents, their logs and the database. Bytes.
pub const RESERVE: u64 = 1 << 20;
/// At most this much in one piece.
const PIECE: u64 = 4 << 20;

/// Up to `len` bytes (4 MiB at most) of the artifact from `offset`; none beyond its end.
pub fn read(store_dir: &Path, hash: &str, offset: u64, len: u64) -> Result<Piece, ArtifactError> {
    if !is_hash(hash) {
        return Err(ArtifactError::BadHash(hash.into()));
    }
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ArtifactError::Missing(hash.into()),
        _ => ArtifactError::io("read an artifact")(error),
    };
    let mut file = File::open(place(store_dir, hash)).map_err(failed)?;
    let total = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    file.take(len.min(PIECE)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Piece { bytes, total })
}

/// Content that the store has now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub hash: String,
    pub kind: ArtifactKind,
}

/// Keeps content that is in memory; `name` tells how it is shown.
pub fn keep(store_dir: &Path, bytes: &[u8], name: &str) -> Result<Kept, ArtifactError> {
    fs::create_dir_all(store_dir).map_err(not_written(store_dir))?;
    if files::room(store_dir).is_some_and(|room| room < bytes.len() as u64 + RESERVE) {
        return Err(ArtifactError::DiskFull(format!("copy it to {}", store_dir.display())));
    }
    let path = store_dir.join(format!(".{}.tmp", files::unique()));
    let mut file = File::create_new(&path).map_err(not_written(store_dir))?;
    let written = file.write_all(bytes);
    let hash = blake3::hash(bytes).to_hex().to_string();
    let start = bytes[..bytes.len().min(START)].to_vec();
    let kind = kind::of(name, &start);
    let draft = Draft { path, file, hash: hash.clone(), size: bytes.len() as u64, start };
    written.map_err(not_written(store_dir))?;
    draft.keep(store_dir)?;
    Ok(Kept { hash, kind })
}

/// Copies the whole artifact to `target`, which is replaced only once the copy is complete.
pub fn copy_out(store_dir: &Path, hash: &str, target: &Path) -> Result<(), ArtifactError> {
    if !is_hash(hash) {
        return Err(ArtifactError::BadHash(hash.into()));
    }
    let source = place(store_dir, hash);
    if !source.is_file() {
        return Err(ArtifactError::Missing(hash.into()));
    }
    let part = target.with_file_name(format!(".{}.part", files::unique()));
    let copied = fs::copy(source, &part).and_then(|_| fs::rename(&part, target));
    copied.map_err(|error| {
        let _ = fs::remove_file(&part);
        ArtifactError::io(format!("write {}", target.display()))(error)
    })
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

pub fn place(store_dir: &Path, hash: &str) -> PathBuf {
    store_dir.join(&hash[..2]).join(&hash[2..])
}

pub fn holds(store_dir: &Path, hash: &str) -> bool {
    place(store_dir, hash).is_file()
}

/// Deletes the contents whose hash is not among `named`. Returns how many went. Nothing may be kept here
/// meanwhile that is yet to be named.
pub fn sweep(store_dir: &Path, named: &HashSet<String>) -> usize {
    let below = |dir: PathBuf| {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()))
            .map(|entry| entry.path())
    };
    let unnamed = |file: &PathBuf| {
        let parts = file.parent().and_then(Path::file_name).zip(file.file_name());
        let hash = parts.map(|(start, rest)| [start.to_string_lossy(), rest.to_string_lossy()].concat());
        hash.is_some_and(|hash| is_hash(&hash) && !named.contains(&hash))
    };
    let delete = |file: &PathBuf| {
        let deleted = fs::remove_file(file);
        if let Err(error) = &deleted {
            tracing::warn!(path = %file.display(), %error, "could not be deleted");
        }
        deleted.is_ok()
    };
    below(store_dir.into()).flat_map(below).filter(unnamed).filter(delete).count()
}

/// A copy taken but not yet named. Dropped, it goes.
pub struct Draft {
    path: PathBuf,
    file: File,
    pub hash: String,
    pub size: u64,
    /// The first bytes.
    pub start: Vec<u8>,
}

/// Whose fault it was decides what happens: a file that cannot be read is skipped, a store that
/// cannot be written ends the scan.
pub enum CopyError {
    Source(std::io::Error),
    Store(ArtifactError),
}

fn store_failed(store_dir: &Path) -> impl Fn(std::io::Error) -> CopyError + '_ {
    move |error| CopyError::Store(not_written(store_dir)(error))
}

fn not_written(store_dir: &Path) -> impl FnOnce(std::io::Error) -> ArtifactError {
    ArtifactError::io(format!("write to the artifact store {}", store_dir.display()))
}

impl Draft {
    /// Copies at most `limit` bytes from where `source` stands, hashing on the way.
    pub fn copy(store_dir: &Path, source: &mut File, limit: u64) -> Result<Draft, CopyError> {
        let failed = store_failed(store_dir);
        fs::create_dir_all(store_dir).map_err(&failed)?;
        let path = store_dir.join(format!(".{}.tmp", files::unique()));
        let file = File::options().create_new(true).read(true).write(true).open(&path).map_err(&failed)?;
        let mut draft = Draft { path, file, hash: String::new(), size: 0, start: Vec::new() };
        let mut hasher = blake3::Hasher::new();
        if share_blocks(source, &draft.file) {
            // The copy is a snapshot now; the source may change as it likes.
            let mut copy = draft.file.try_clone().map_err(&failed)?;
            draft.read_through(&mut hasher, &mut copy, limit, |_, _| Ok(()))?;
        } else {
            draft.read_through(&mut hasher, source, limit, |mut file, piece| {
                file.write_all(piece).map_err(&failed)
            })?;
        }
        draft.hash = hasher.finalize().to_hex().to_string();
        Ok(draft)
    }

    fn read_through(
        &mut self,
        hasher: &mut blake3::Hasher,
        from: &mut File,
        limit: u64,
        keep: impl Fn(&File, &[u8]) -> Result<(), CopyError>,
    ) -> Result<(), CopyError> {
        let mut buffer = vec![0; 128 * 1024];
        let mut from = from.take(limit);
        loop {
            let n = from.read(&mut buffer).map_err(CopyError::Source)?;
            if n == 0 {
                return Ok(());
            }
            let piece = &buffer[..n];
            let room = START - self.start.len();
            self.start.extend_from_slice(&piece[..n.min(room)]);
            hasher.update(piece);
            self.size += n as u64;
            keep(&self.file, piece)?;
        }
    }

    /// Gives the copy its name, unless the store has that content already.
    pub fn keep(self, store_dir: &Path) -> Result<(), ArtifactError> {
        let place = place(store_dir, &self.hash);
        if place.is_file() {
            return Ok(());
        }
        let failed = || not_written(store_dir);
        let dir = place.parent().unwrap_or(store_dir);
        fs::create_dir_all(dir).map_err(failed())?;
        self.file.sync_all().map_err(failed())?;
        fs::rename(&self.path, &place).map_err(failed())?;
        files::sync_dir(dir).map_err(failed())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Not there any more once kept.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(target_os = "linux")]
fn share_blocks(source: &File, copy: &File) -> bool {
    rustix::fs::ioctl_ficlone(copy, source).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn share_blocks(_: &File, _: &File) -> bool {
    false
}
