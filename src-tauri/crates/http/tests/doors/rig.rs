//! An engine with both doors open, and a client that sends exactly the bytes that a test wants.

use std::{path::Path, time::Duration};

use app::{App, Clock, Config, Engine};
use flightboard_http::{Door, Keys, open_tcp};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

/// The key that programs send.
pub const KEY: &str = "a key for programs";
/// How long anything may take on a busy machine before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Board {
    pub app: App,
    pub port: u16,
    pub keys: Keys,
    pub web: Door,
    pub dir: TempDir,
}

impl Board {
    pub async fn open() -> Board {
        Board::open_by(Clock::default()).await
    }

    /// An engine that goes by this clock.
    pub async fn open_by(clock: Clock) -> Board {
        testkit::have_pty_host();
        let dir = tempfile::tempdir().expect("a temporary folder");
        let config = Config { clock, ..Config::new(dir.path().to_owned()) };
        let engine = Engine::start(config).await.expect("an engine");
        let app = App::new(engine);
        let (web, keys, port) = open_tcp(app.clone(), 0, Some(KEY)).await.expect("a port");
        Board { app, port, keys, web, dir }
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.host())
    }

    /// Logs a browser in; its cookie.
    pub async fn browser(&self) -> String {
        let answer =
            self.send(&Ask::get(format!("/login?token={}", self.keys.new_login())).host(&self.host())).await;
        let cookie = answer.header("set-cookie").expect("a cookie");
        cookie.split(';').next().expect("its value").to_owned()
    }

    pub async fn send(&self, ask: &Ask) -> Answer {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("the door is open");
        exchange(stream, ask).await
    }

    /// Only the status of the answer, for those that do not end.
    pub async fn status(&self, ask: &Ask) -> u16 {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("the door is open");
        status(stream, ask).await
    }

    /// An operation, asked for with the programs' key.
    pub async fn call(&self, operation: &str, request: Value) -> Value {
        let answer =
            self.send(&Ask::rpc(operation, &request.to_string()).host(&self.host()).bearer(KEY)).await;
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
        answer.json()
    }

    pub async fn close(mut self) {
        self.web.close().await;
        self.app.engine().shutdown().await;
    }
}

/// One request, header by header.
#[derive(Clone, Debug)]
pub struct Ask {
    first: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Ask {
    pub fn new(method: &str, path: impl AsRef<str>) -> Ask {
        Ask { first: format!("{method} {} HTTP/1.1", path.as_ref()), headers: Vec::new(), body: Vec::new() }
    }

    pub fn get(path: impl AsRef<str>) -> Ask {
        Ask::new("GET", path)
    }

    pub fn rpc(operation: &str, body: &str) -> Ask {
        Ask::new("POST", format!("/rpc/{operation}")).header("content-type", "application/json").body(body)
    }

    /// A message of the Model Context Protocol.
    pub fn mcp(body: &str) -> Ask {
        Ask::new("POST", "/mcp")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(body)
    }

    /// A GET that wants to become a WebSocket.
    pub fn websocket(path: impl AsRef<str>) -> Ask {
        Ask::get(path)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    pub fn header(mut self, name: &str, value: &str) -> Ask {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn host(self, host: &str) -> Ask {
        self.header("host", host)
    }

    pub fn bearer(self, key: &str) -> Ask {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub fn body(mut self, body: &str) -> Ask {
        self.body = body.into();
        self.header("content-length", &body.len().to_string())
    }

    /// As it goes over the wire.
    pub fn sent(&self) -> Vec<u8> {
        let upgrades = self.headers.iter().any(|(name, _)| name == "connection");
        let mut head = self.first.clone() + "\r\n";
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !upgrades {
            head += "connection: close\r\n";
        }
        [(head + "\r\n").as_bytes(), &self.body].concat()
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text()))
    }
}

/// Sends the request and reads the answer; of a WebSocket only its head.
pub async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, ask: &Ask) -> Answer {
    let talk = async {
        // A door that refuses early need not read to the end.
        let _ = stream.write_all(&ask.sent()).await;
        let (status, head) = read_head(&mut stream).await;
        let mut answer = Answer { status, head, body: Vec::new() };
        if status == 101 || ask.first.starts_with("HEAD") {
            return answer;
        }
        // A refused WebSocket stays open for another try: what it says has a length.
        if let Some(len) = answer.header("content-length").and_then(|len| len.parse().ok()) {
            answer.body = vec![0; len];
            stream.read_exact(&mut answer.body).await.expect("the whole body");
        } else {
            let _ = stream.read_to_end(&mut answer.body).await;
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunked(&answer.body);
        }
        answer
    };
    tokio::time::timeout(PATIENCE, talk).await.unwrap_or_else(|_| panic!("no answer to {}", ask.first))
}

async fn status(mut stream: impl AsyncRead + AsyncWrite + Unpin, ask: &Ask) -> u16 {
    let talk = async {
        let _ = stream.write_all(&ask.sent()).await;
        read_head(&mut stream).await.0
    };
    tokio::time::timeout(PATIENCE, talk).await.unwrap_or_else(|_| panic!("no answer to {}", ask.first))
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> (u16, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("an answer"));
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, head)
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|pair| pair == b"\r\n") {
        let len =
            usize::from_str_radix(&String::from_utf8_lossy(&body[..end]), 16).expect("a chunk's length");
        let from = end + 2;
        if len == 0 {
            break;
        }
        whole.extend_from_slice(&body[from..from + len]);
        body = &body[from + len + 2..];
    }
    whole
}

/// A WebSocket, frame by frame.
pub struct Socket(TcpStream);

#[derive(Debug, PartialEq)]
pub enum Frame {
    Text(String),
    Binary(Vec<u8>),
    Close,
}

impl Socket {
    pub async fn open(board: &Board, path: &str) -> Socket {
        let mut stream = TcpStream::connect(("127.0.0.1", board.port)).await.expect("the door is open");
        let ask = Ask::websocket(path).host(&board.host()).bearer(KEY);
        stream.write_all(&ask.sent()).await.expect("it is sent");
        let (status, head) = read_head(&mut stream).await;
        assert_eq!(status, 101, "{head}");
        Socket(stream)
    }

    pub async fn next(&mut self) -> Frame {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("a frame")
    }

    async fn read(&mut self) -> Frame {
        loop {
            // Hanging up without a word is closing, too.
            let Ok(kind) = self.0.read_u8().await.map(|byte| byte & 0x0f) else { return Frame::Close };
            let len = match self.0.read_u8().await.expect("its length") {
                126 => u64::from(self.0.read_u16().await.expect("its length")),
                127 => self.0.read_u64().await.expect("its length"),
                short => u64::from(short),
            };
            let mut body = vec![0; len as usize];
            self.0.read_exact(&mut body).await.expect("its body");
            match kind {
                1 => return Frame::Text(String::from_utf8(body).expect("UTF-8")),
                2 => return Frame::Binary(body),
                8 => return Frame::Close,
                _ => {}
            }
        }
    }

    pub async fn event(&mut self) -> Value {
        match self.next().await {
            Frame::Text(text) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("no event: {other:?}"),
        }
    }

    pub async fn send_text(&mut self, text: &str) {
        self.send(1, text.as_bytes()).await;
    }

    pub async fn send_binary(&mut self, bytes: &[u8]) {
        self.send(2, bytes).await;
    }

    /// Clients mask what they send; a mask of zeros leaves it readable.
    async fn send(&mut self, kind: u8, body: &[u8]) {
        let short = u8::try_from(body.len()).ok().filter(|len| *len < 126).expect("a short frame");
        let frame = [&[0x80 | kind, 0x80 | short, 0, 0, 0, 0], body].concat();
        self.0.write_all(&frame).await.expect("it is sent");
    }
}

/// Reaches a socket whose path may be longer than a socket's name.
pub async fn through_socket(path: &Path, ask: &Ask) -> Answer {
    exchange(knocked(path).await, ask).await
}

/// Only the status, for those that do not end.
pub async fn status_through_socket(path: &Path, ask: &Ask) -> u16 {
    status(knocked(path).await, ask).await
}

async fn knocked(path: &Path) -> tokio::net::UnixStream {
    use std::os::fd::AsRawFd;
    let folder = std::fs::File::open(path.parent().expect("a folder")).expect("the folder opens");
    let reach = format!(
        "/proc/self/fd/{}/{}",
        folder.as_raw_fd(),
        path.file_name().expect("a name").to_string_lossy()
    );
    tokio::net::UnixStream::connect(reach).await.expect("the socket is open")
}
