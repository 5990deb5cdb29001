//! Reaching the engine. If another process hosts it, we talk to its socket. If none does, what only reads is
//! answered from the database as it stands; for the rest we host the engine ourselves for as long as the
//! command runs, and talk to our own socket: one path for both.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use app::{
    Access, App, Config, Engine, StartError,
    wire::{Problem, ProblemCode},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use http_door::{
    Door,
    local::{self, Line},
};
use hyper::{Request, Response, StatusCode, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;

use crate::failure::Failure;

/// How long to wait for an engine that holds the lock but does not answer yet.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait for somebody to host the engine: a window that is started anew is back by then.
const SHORT_PATIENCE: Duration = Duration::from_secs(10);

/// How often a request is sent again that was certainly not carried out.
const AGAIN: u32 = 20;

/// What reads more than the database: which agents this machine has is found out by an engine.
const OF_THE_MACHINE: [&str; 4] = ["get_plan", "list_agents", "find_repositories", "doctor"];

/// A way to the engine. Whoever hosts it may go away between two calls; the next one then reaches who
/// came after, or hosts the engine here.
#[derive(Debug)]
pub struct Link {
    data_dir: PathBuf,
    socket: PathBuf,
    /// An engine that is hosted here also starts queued cards.
    dispatches: bool,
    /// Nobody there: then we host the engine ourselves.
    hosts: bool,
    hosted: Mutex<Option<(App, Door)>>,
    reader: Mutex<Option<App>>,
}

/// Who answers a call.
enum Way {
    Host(Line, Host),
    Reader(App),
}

impl Link {
    pub fn new(data_dir: &Path) -> Link {
        Link {
            data_dir: data_dir.to_owned(),
            socket: data_dir.join("engine.sock"),
            dispatches: false,
            hosts: true,
            hosted: Mutex::default(),
            reader: Mutex::default(),
        }
    }

    /// One that works the queue through if nobody else hosts the engine.
    pub fn dispatching(data_dir: &Path) -> Link {
        Link { dispatches: true, ..Link::new(data_dir) }
    }

    /// A way to an engine that somebody else hosts.
    pub async fn join(data_dir: &Path) -> Result<Link, Failure> {
        let link = Link { hosts: false, ..Link::new(data_dir) };
        link.reach().await?;
        Ok(link)
    }

    /// The host of the engine, or for what only reads the database itself where nobody hosts and nothing
    /// is at work.
    async fn way(&self, reads: bool) -> Result<Way, Failure> {
        // Who only joins may speak for one run alone; the database itself would tell it everything.
        if reads && self.hosts && self.hosted.lock().await.is_none() {
            let host = self.who_hosts();
            if let Ok(line) = local::connect(&self.socket).await {
                return Ok(Way::Host(line, host));
            }
            let mut reader = self.reader.lock().await;
            if reader.is_none() {
                *reader = App::look(self.data_dir.clone()).await;
            }
            if let Some(app) = reader.as_ref() {
                return Ok(Way::Reader(app.clone()));
            }
        }
        self.reach().await.map(|(line, host)| Way::Host(line, host))
    }

    async fn reach(&self) -> Result<(Line, Host), Failure> {
        let started = Instant::now();
        loop {
            let host = self.who_hosts();
            if let Ok(line) = local::connect(&self.socket).await {
                return Ok((line, host));
            }
            if !self.hosts {
                if started.elapsed() > SHORT_PATIENCE {
                    return Err(nobody_there());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            let config = Config { dispatches: self.dispatches, ..Config::new(self.data_dir.clone()) };
            match start(config).await? {
                Ok(engine) => self.host(App::new(engine)).await?,
                Err(StartError::Held(_)) if started.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn host(&self, app: App) -> Result<(), Failure> {
        let door = http_door::open_socket(app.clone(), &self.socket).map_err(|error| {
            Failure::io(format!("the socket {} cannot be opened", self.socket.display()), error)
        })?;
        *self.hosted.lock().await = Some((app, door));
        Ok(())
    }

    /// Calls an operation. If its answer breaks off it is sent again where that does no harm: it only
    /// reads, or the host took its leave, which it does not before it has answered what it read.
    pub async fn call<Q: Serialize, A: DeserializeOwned>(
        &self,
        operation: &str,
        request: &Q,
    ) -> Result<A, Failure> {
        self.ask(operation, request, only_reads(operation) && !OF_THE_MACHINE.contains(&operation)).await
    }

    /// As [`Link::call`], for an operation that waits for changes: only who hosts the engine hears of them.
    pub async fn call_host<Q: Serialize, A: DeserializeOwned>(
        &self,
        operation: &str,
        request: &Q,
    ) -> Result<A, Failure> {
        self.ask(operation, request, false).await
    }

    async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        operation: &str,
        request: &Q,
        without_host: bool,
    ) -> Result<A, Failure> {
        let body =
            Bytes::from(serde_json::to_vec(request).map_err(|error| Failure::Link(error.to_string()))?);
        let mut again = AGAIN;
        loop {
            let (line, host) = match self.way(without_host).await? {
                Way::Host(line, host) => (line, host),
                Way::Reader(app) => {
                    let answer = app::call(&app, operation, &body).await.map_err(Failure::Problem)?;
                    return decode(&answer);
                }
            };
            match ask(line, operation, body.clone()).await {
                Ok((status, answer)) => return read(status, &answer),
                Err(Failure::Link(why))
                    if again > 0 && (only_reads(operation) || self.who_hosts() != host) =>
                {
                    tracing::debug!(why, operation, "asking again");
                    again -= 1;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    fn who_hosts(&self) -> Host {
        local::who_hosts(&self.socket)
    }

    /// Reads a raw stream piece by piece.
    pub async fn stream(
        &self,
        path: &str,
        mut each: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<(), Failure> {
        let request = Request::get(path)
            .body(Full::new(Bytes::new()))
            .map_err(|error| Failure::Link(error.to_string()))?;
        let (line, _) = self.reach().await?;
        let mut answer = send(line, request).await?;
        if !answer.status().is_success() {
            let status = answer.status();
            let body = answer.into_body().collect().await.map_err(broken)?.to_bytes();
            return read::<serde_json::Value>(status, &body).map(|_| ());
        }
        while let Some(frame) = answer.frame().await {
            if let Some(data) = frame.map_err(broken)?.data_ref() {
                each(data).map_err(|error| Failure::io("standard output", error))?;
            }
        }
        Ok(())
    }

    /// Lets go of the engine. Agents that it started live on.
    pub async fn close(self) {
        if let Some(app) = self.reader.into_inner() {
            app.engine().shutdown().await;
        }
        if let Some((app, mut door)) = self.hosted.into_inner() {
            door.close().await;
            app.engine().shutdown().await;
        }
    }
}

/// On a thread of its own: the compiler cannot see that this future may move between threads.
async fn start(config: Config) -> Result<Result<Engine, StartError>, Failure> {
    let runtime = tokio::runtime::Handle::current();
    let started = tokio::task::spawn_blocking(move || runtime.block_on(Engine::start(config))).await;
    started.map_err(|error| Failure::Link(format!("the start ended abnormally: {error}")))
}

fn nobody_there() -> Failure {
    Failure::Problem(Problem {
        code: ProblemCode::Unavailable,
        message: "Flightboard is not running".into(),
        next: Some("go on with your work, and try again later".into()),
    })
}

/// Tells one host of the engine from the next.
type Host = Option<local::Host>;

async fn ask(line: Line, operation: &str, body: Bytes) -> Result<(StatusCode, Bytes), Failure> {
    let request = Request::post(format!("/rpc/{operation}"))
        .header("content-type", "application/json")
        .body(Full::new(body))
        .map_err(|error| Failure::Link(error.to_string()))?;
    let answer = send(line, request).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await.map_err(broken)?.to_bytes()))
}

async fn send(line: Line, mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
    request.headers_mut().extend(line.headers);
    let (mut sender, connection) = http1::handshake(TokioIo::new(line.stream)).await.map_err(broken)?;
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(broken)
}

fn only_reads(operation: &str) -> bool {
    app::OPERATIONS.iter().any(|known| known.name == operation && known.access == Access::Read)
}

fn broken(error: hyper::Error) -> Failure {
    Failure::Link(format!("the connection to the engine broke: {error}"))
}

fn read<A: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<A, Failure> {
    if status.is_success() {
        return decode(body);
    }
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => Err(problem.into()),
        Err(_) => Err(Failure::Link(format!("the engine answered {status}"))),
    }
}

fn decode<A: DeserializeOwned>(answer: &[u8]) -> Result<A, Failure> {
    serde_json::from_slice(answer)
        .map_err(|error| Failure::Link(format!("the answer cannot be read: {error}")))
}
