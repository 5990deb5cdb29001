//! Opening the door on TCP, and closing either.

use std::{io, net::Ipv4Addr, panic::AssertUnwindSafe, path::PathBuf, time::Duration};

use app::App;
use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{self, Next},
    response::Response,
    routing::{any, get, post},
    serve::ListenerExt,
};
use futures_util::FutureExt;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

use crate::{
    api, assets, events, gate,
    gate::{Gate, Keys},
    hangup::{Endable, Hangup},
    log, mcp, problem, rpc, terminal,
};

/// Largest request body: a description of 200,000 characters with room to spare.
pub(crate) const BODY: usize = 4 * 1024 * 1024;
/// With a file for a card: 20 MiB, which travel as Base64.
const FILE_BODY: usize = 28 * 1024 * 1024;

/// How long a closing door waits for reads and streams; those end with their clients.
const GRACE: Duration = Duration::from_secs(2);

/// An open door; dropping it leaves it open until the runtime ends.
#[derive(Debug)]
pub struct Door {
    stop: watch::Sender<bool>,
    serving: Option<JoinHandle<()>>,
    /// Operations under way that change something.
    writes: TaskTracker,
    /// Of the local door: its name in the file system.
    name: Option<PathBuf>,
}

impl Door {
    /// Stops accepting, and finishes and answers what was begun. May be called twice.
    ///
    /// A client whose request stays unanswered can tell why: if the socket's name is gone, the door
    /// was closed and the request was never read; if it is still there, the process died.
    pub async fn close(&mut self) {
        let Some(mut serving) = self.serving.take() else { return };
        if let Some(Err(error)) = self.name.take().map(std::fs::remove_file) {
            tracing::debug!(%error, "the socket was gone before its door closed");
        }
        let _ = self.stop.send(true);
        if timeout(GRACE, &mut serving).await.is_ok() {
            return;
        }
        self.writes.close();
        self.writes.wait().await;
        if timeout(GRACE, serving).await.is_err() {
            tracing::debug!("a door closed with clients still connected");
        }
    }
}

pub(crate) fn routes(app: App, writes: &TaskTracker) -> Router {
    Router::new()
        .route("/rpc/{operation}", post(rpc::call))
        .route("/rpc/add_attachment", post(rpc::add_attachment).layer(DefaultBodyLimit::max(FILE_BODY)))
        .route("/mcp", post(mcp::answer))
        .route("/rpc/import_records", post(rpc::import_records).layer(DefaultBodyLimit::max(FILE_BODY)))
        .route("/events", any(events::open))
        .route("/terminal/{run}", any(terminal::open))
        .route("/runs/{run}/log", get(log::read))
        .merge(api::routes(&app))
        .layer(Extension(api::Feed::of(app.clone())))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(Extension(rpc::Writes(writes.clone())))
        .layer(middleware::from_fn(contain))
        .with_state(app)
}

/// A handler that panics is answered as every other refusal, and the connection goes on.
async fn contain(request: Request, next: Next) -> Response {
    // What a panic leaves behind in memory is dropped with the request; the board is in the database.
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a request ended abnormally");
        problem::answer(problem::abnormal())
    })
}

/// The door on loopback TCP. `port` 0 takes a free one; the keys tell which.
pub async fn open_tcp(app: App, port: u16, bearer: Option<&str>) -> io::Result<(Door, Keys, u16)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let port = listener.local_addr()?.port();
    // A short piece of a stream does not wait for the next one.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection waits for more before it sends");
        }
    });
    let keys = Keys::new(port, bearer);
    let writes = TaskTracker::new();
    let gate = Gate { keys: keys.clone(), app: app.clone() };
    let router = routes(app, &writes)
        .fallback(assets::serve)
        .layer(middleware::from_fn_with_state(gate, gate::check))
        .layer(middleware::map_response(assets::guard));
    Ok((start(listener, router, writes, None), keys, port))
}

pub(crate) fn start<L>(listener: L, router: Router, writes: TaskTracker, name: Option<PathBuf>) -> Door
where
    L: axum::serve::Listener,
    L::Addr: std::fmt::Debug,
{
    let (stop, mut stopped) = watch::channel(false);
    let serving = tokio::spawn(async move {
        let until = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let service = router.into_make_service_with_connect_info::<Hangup>();
        let serving = axum::serve(Endable(listener), service).with_graceful_shutdown(until);
        if let Err(error) = serving.await {
            tracing::error!(%error, "a door closed by itself");
        }
    });
    Door { stop, serving: Some(serving), writes, name }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn falls() -> &'static str {
        panic!("on purpose")
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_a_refusal_and_the_connection_goes_on() {
        let router = Router::new()
            .route("/falls", get(falls))
            .route("/stands", get(|| async { "here" }))
            .layer(middleware::from_fn(contain));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut line = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut door = start(listener, router, TaskTracker::new(), None);
        let asked = b"GET /falls HTTP/1.1\r\nhost: x\r\n\r\nGET /stands HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        line.write_all(asked).await.unwrap();
        let mut heard = String::new();
        line.read_to_string(&mut heard).await.unwrap();
        let (fell, stood) = heard.split_at(heard.rfind("HTTP/1.1 ").unwrap());
        assert!(fell.starts_with("HTTP/1.1 500 ") && fell.contains("application/problem+json"), "{heard}");
        assert!(stood.starts_with("HTTP/1.1 200 ") && stood.ends_with("here"), "{heard}");
        door.close().await;
    }
}
