//! A port on loopback and a key that is made anew each time. The file that tells both lies in the user's own
//! directory, so who can read it is who could have opened a socket there; requests pass the same gate as a
//! browser's.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
};

use app::App;
use axum::{
    http::{HeaderMap, HeaderValue, header},
    middleware,
};
use serde::{Deserialize, Serialize};
use tokio_util::task::TaskTracker;

use super::Line;
use crate::{
    gate::{self, Gate, Keys},
    serve::{Door, routes, start},
};

pub type Stream = tokio::net::TcpStream;

/// The door's key: every door has its own.
pub type Host = String;

/// What stands at the door's name.
#[derive(Serialize, Deserialize)]
struct Sign {
    port: u16,
    key: String,
}

/// Opens the door and says so under `path`.
pub fn open_socket(app: App, path: &Path) -> io::Result<Door> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let sign = Sign { port: listener.local_addr()?.port(), key: gate::secret() };
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let writes = TaskTracker::new();
    let keys = Keys::new(sign.port, Some(&sign.key));
    let gate = Gate { keys, app: app.clone() };
    let router = routes(app, &writes).layer(middleware::from_fn_with_state(gate, gate::check));
    // Moved into place, so that it is never found half written.
    let draft = path.with_added_extension(std::process::id().to_string());
    std::fs::write(&draft, serde_json::to_vec(&sign)?)?;
    std::fs::rename(&draft, path)?;
    Ok(start(listener, router, writes, Some(path.to_owned())))
}

/// Knocks at the door under `path`.
pub async fn connect(path: &Path) -> io::Result<Line> {
    let Sign { port, key } = read(path)?;
    let stream = Stream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let value = |text: String| HeaderValue::from_str(&text).map_err(io::Error::other);
    let headers = HeaderMap::from_iter([
        (header::HOST, value(format!("127.0.0.1:{port}"))?),
        (header::AUTHORIZATION, value(format!("Bearer {key}"))?),
    ]);
    Ok(Line { stream, headers })
}

/// Tells one host of the door from the next; none while nobody hosts.
pub fn who_hosts(path: &Path) -> Option<Host> {
    read(path).ok().map(|sign| sign.key)
}

fn read(path: &Path) -> io::Result<Sign> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}
