//! A Unix socket of mode 0600. A socket's name is limited to 108 bytes; where the system knows directories by
//! their descriptors, that has no such limit.

use std::{
    fs::File,
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use app::App;
use axum::{
    http::{HeaderMap, HeaderValue, header},
    middleware,
};
use tokio_util::task::TaskTracker;

use super::Line;
use crate::{
    gate,
    serve::{Door, routes, start},
};

pub type Stream = tokio::net::UnixStream;

/// The socket's identity in the file system.
pub type Host = (u64, u64);

/// Opens the door under `path`.
pub fn open_socket(app: App, path: &Path) -> io::Result<Door> {
    let listener = bind_private(path)?;
    let writes = TaskTracker::new();
    let router = routes(app.clone(), &writes).layer(middleware::from_fn_with_state(app, gate::trust));
    Ok(start(listener, router, writes, Some(path.to_owned())))
}

/// Knocks at the door under `path`.
pub async fn connect(path: &Path) -> io::Result<Line> {
    let (directory, name) = reach(path)?;
    let stream = Stream::connect(directory.path.join(name)).await?;
    let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("flightboard"))]);
    Ok(Line { stream, headers })
}

/// Tells one host of the door from the next; none while nobody hosts.
pub fn who_hosts(path: &Path) -> Option<Host> {
    std::fs::metadata(path).ok().map(|socket| (socket.dev(), socket.ino()))
}

/// Binds under a private name and moves it into place, so that it is never open to others and never
/// found half made.
fn bind_private(path: &Path) -> io::Result<tokio::net::UnixListener> {
    let (directory, name) = reach(path)?;
    let draft = directory.path.join(format!("{}.{}", name.display(), std::process::id()));
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = tokio::net::UnixListener::bind(&draft)?;
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&draft, directory.path.join(name))?;
    Ok(listener)
}

/// A short way to a directory, for as long as it is open.
struct Directory {
    _open: File,
    path: PathBuf,
}

fn reach(path: &Path) -> io::Result<(Directory, &Path)> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket needs a directory"));
    };
    let open = File::open(parent)?;
    let path = if cfg!(target_os = "linux") {
        Path::new("/proc/self/fd").join(open.as_raw_fd().to_string())
    } else {
        parent.to_owned()
    };
    Ok((Directory { _open: open, path }, Path::new(name)))
}
