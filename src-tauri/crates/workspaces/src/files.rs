//! File work that several rooms need: durable small writes, names nobody else uses, trees removed
//! for good, copies that keep modes and times, and opening what is there without following a link.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Unique within this machine: time, process, counter.
pub fn unique() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{nanos:x}-{:x}-{:x}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// How the names of files end that are not whole yet.
const DRAFT: &str = ".tmp";

/// Removes what a process that was killed in [`write_durably`] left in `dir`.
pub fn remove_drafts(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(DRAFT)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whole or not at all, even over a power cut.
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let temporary = dir.join(format!(".{}{DRAFT}", unique()));
    let written = (|| {
        let mut file = File::create_new(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_dir(dir)
}

/// Bytes that we may still write to the disk of an existing path; none where that cannot be told.
pub fn room(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    return rustix::fs::statvfs(path).map(|disk| disk.f_bavail * disk.f_frsize).ok();
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Whether permissions let us make entries in a directory; yes where that cannot be told.
pub fn may_write(dir: &Path) -> bool {
    #[cfg(unix)]
    return rustix::fs::access(dir, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok();
    #[cfg(not(unix))]
    {
        let _ = dir;
        true
    }
}

/// Makes a rename or a new name in `dir` survive a power cut.
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Removes whatever is at `path`; nothing there is fine. Copes with directories without write
/// permission (module caches make them) and with a dying process that still adds files.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    for _ in 0..4 {
        match remove_once(path) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => open_up(path),
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
            done => return done,
        }
    }
    remove_once(path)
}

fn remove_once(path: &Path) -> io::Result<()> {
    let gone = match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match gone {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn open_up(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let Ok(meta) = path.symlink_metadata() else { return };
        if !meta.is_dir() {
            return;
        }
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            open_up(&entry.path());
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Copies one regular file with mode and modification time. On Linux the kernel shares the blocks
/// where the file system can.
pub fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    let times = fs::FileTimes::new().set_modified(fs::metadata(from)?.modified()?);
    match open_for_times(to).and_then(|file| file.set_times(times)) {
        // A read-only copy keeps today's time; nothing depends on it.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        other => other,
    }
}

fn open_for_times(path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    return File::open(path);
    #[cfg(not(unix))]
    File::options().write(true).open(path)
}

#[cfg(unix)]
pub fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(windows)]
pub fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    let target = fs::read_link(from)?;
    if from.is_dir() {
        std::os::windows::fs::symlink_dir(target, to)
    } else {
        std::os::windows::fs::symlink_file(target, to)
    }
}

/// Opens a regular file for reading: not through a link, and not hanging on a fifo.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
    }
    #[cfg(not(unix))]
    if path.symlink_metadata()?.is_symlink() {
        return Err(io::Error::from(ErrorKind::InvalidInput));
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::from(ErrorKind::InvalidInput)) }
}

/// The start of a regular file.
pub fn read_start(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Moves a directory out of the way into `rubbish` (made if missing) under a name nobody uses.
pub fn set_aside(path: &Path, rubbish: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(rubbish)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!("~{}", unique()));
    let aside = rubbish.join(name);
    fs::rename(path, &aside)?;
    Ok(aside)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_tree_with_closed_directories_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let closed = dir.path().join("tree/closed");
        fs::create_dir_all(&closed).unwrap();
        fs::write(closed.join("file"), "x").unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
        remove_tree(&dir.path().join("tree")).unwrap();
        assert!(!dir.path().join("tree").exists());
        remove_tree(&dir.path().join("tree")).unwrap();
    }

    #[test]
    fn opening_a_fifo_neither_hangs_nor_succeeds() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(open_regular(&fifo).is_err());
    }

    #[test]
    fn a_copy_keeps_mode_and_time() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("a"), dir.path().join("b"));
        fs::write(&from, "text").unwrap();
        fs::set_permissions(&from, fs::Permissions::from_mode(0o640)).unwrap();
        let past = UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::open(&from).unwrap().set_modified(past).unwrap();
        copy_file(&from, &to).unwrap();
        let meta = fs::metadata(&to).unwrap();
        assert_eq!((meta.permissions().mode() & 0o777, meta.modified().unwrap()), (0o640, past));
    }
}
