//! A session over a pipe, with a real engine behind it: whatever lines come, nothing panics, and the next
//! good request is answered.

use std::{sync::OnceLock, time::Duration};

use app::{App, Authority, Config, Engine};
use flightboard_mcp::{Caller, Server};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf, split},
    runtime::Runtime,
};

const NEVER: Duration = Duration::from_secs(60);

struct Session {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    write: WriteHalf<DuplexStream>,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Session {
    async fn begin(app: App, caller: Caller) -> Session {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (read, write) = split(theirs);
        let server = Server::new(app, caller, Duration::ZERO);
        let serving = tokio::spawn(server.serve_on(read, write));
        let (read, write) = split(ours);
        let mut session = Session { lines: BufReader::new(read).lines(), write, serving };
        session
            .say(&json!({ "jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {
                "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "0" } } }).to_string())
            .await;
        let hello = session.answer("hello").await;
        assert_eq!(hello["result"]["serverInfo"]["name"], "flightboard", "{hello}");
        session.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
        session
    }

    async fn say(&mut self, line: &str) {
        self.bytes(line.as_bytes()).await;
    }

    async fn bytes(&mut self, line: &[u8]) {
        self.write.write_all(line).await.expect("the server listens");
        self.write.write_all(b"\n").await.expect("the server listens");
    }

    /// The answer to this request; others are passed over.
    async fn answer(&mut self, id: &str) -> Value {
        loop {
            let line = tokio::time::timeout(NEVER, self.lines.next_line()).await.expect("an answer in time");
            let line = line.expect("a readable line").expect("the session goes on");
            let answer: Value = serde_json::from_str(&line).expect("every line is JSON");
            assert_eq!(answer["jsonrpc"], "2.0", "{answer}");
            if answer["id"] == id {
                return answer;
            }
        }
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> (String, bool) {
        self.say(
            &json!({ "jsonrpc": "2.0", "id": "call", "method": "tools/call",
            "params": { "name": tool, "arguments": arguments } })
            .to_string(),
        )
        .await;
        let answer = self.answer("call").await["result"].take();
        (answer["content"][0]["text"].as_str().expect("a text").to_owned(), answer["isError"] == true)
    }

    async fn end(mut self) {
        self.write.shutdown().await.expect("it can be closed");
        drop((self.write, self.lines));
        let ended = tokio::time::timeout(NEVER, self.serving).await.expect("it ends with its client");
        ended.expect("no panic").expect("no error");
    }
}

/// One engine for all cases; the folder goes with the process.
fn bench() -> &'static (Runtime, App) {
    static BENCH: OnceLock<(Runtime, App)> = OnceLock::new();
    BENCH.get_or_init(|| {
        testkit::have_pty_host();
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap().keep();
        let app = runtime.block_on(async { App::new(Engine::start(Config::new(folder)).await.unwrap()) });
        (runtime, app)
    })
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(word(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Often one that means something.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "jsonrpc",
        "id",
        "method",
        "params",
        "name",
        "arguments",
        "result",
        "error",
        "_meta",
        "progressToken",
        "key",
        "title",
        "task",
        "run",
        "question",
        "text",
        "cursor",
        "protocolVersion",
    ];
    prop_oneof![3 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn method() -> impl Strategy<Value = String> {
    let known = [
        "initialize",
        "ping",
        "tools/list",
        "tools/call",
        "resources/list",
        "prompts/get",
        "tasks/get",
        "logging/setLevel",
        "completion/complete",
        "server/discover",
        "notifications/cancelled",
        "notifications/progress",
        "notifications/initialized",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn tool() -> impl Strategy<Value = String> {
    let known = [
        "get_my_task",
        "ask_person",
        "get_answer",
        "add_artifact",
        "create_subtask",
        "depend_on",
        "read_result",
        "finish",
        "find_cards",
        "find_task",
        "add_task",
        "edit_task",
        "get_plan",
        "start_run",
        "read_lines",
        "put_queue_policy",
        "put_schedule",
    ];
    prop_oneof![6 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..80)
        .prop_map(|line| line.into_iter().filter(|byte| *byte != b'\n').collect());
    let json = anything().prop_map(|value| value.to_string().into_bytes());
    let message = (method(), anything(), prop::option::of(anything())).prop_map(|(method, params, id)| {
        let mut message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        if let Some(id) = id {
            message["id"] = id;
        }
        message.to_string().into_bytes()
    });
    let call = (tool(), anything(), any::<u16>()).prop_map(|(tool, arguments, id)| {
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } })
            .to_string()
            .into_bytes()
    });
    let cut = (anything(), any::<prop::sample::Index>()).prop_map(|(value, at)| {
        let text = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": value }).to_string();
        text.as_bytes()[..at.index(text.len())].to_vec()
    });
    prop_oneof![bytes, json, message, call, cut]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_line_breaks_a_session(lines in prop::collection::vec(line(), 0..24), agent in any::<bool>()) {
        let (runtime, app) = bench();
        runtime.block_on(async {
            let caller = if agent {
                Caller::Run { run: domain::RunId(1), token: "nobody's".into() }
            } else {
                Caller::Board(Authority::owner())
            };
            let mut session = Session::begin(app.clone(), caller).await;
            for line in &lines {
                session.bytes(line).await;
            }
            session.say(r#"{"jsonrpc":"2.0","id":"still there","method":"tools/list"}"#).await;
            let answer = session.answer("still there").await;
            assert!(answer["result"]["tools"].as_array().is_some_and(|tools| tools.len() > 10), "{answer}");
            session.end().await;
        });
    }
}

#[test]
fn a_line_without_end_ends_the_session() {
    let (runtime, app) = bench();
    runtime.block_on(async {
        let mut session = Session::begin(app.clone(), Caller::Board(Authority::owner())).await;
        let piece = vec![b'['; 1024 * 1024];
        let mut taken = 0;
        while session.write.write_all(&piece).await.is_ok() {
            taken += 1;
            assert!(taken < 80, "it is read on and on");
        }
        let ended = tokio::time::timeout(NEVER, session.serving).await.expect("it ends by itself");
        let _ = ended.expect("no panic");
    });
}

#[test]
fn what_is_wrong_is_said_as_at_every_other_door() {
    let (runtime, app) = bench();
    runtime.block_on(async {
        let mut session = Session::begin(app.clone(), Caller::Board(Authority::owner())).await;
        let cases = [
            ("add_task", json!({ "title": " " })),
            ("add_task", json!({ "title": "x", "colour": "red" })),
            ("find_task", json!({ "key": "twelve" })),
            ("find_task", json!({})),
            ("move_task", json!({ "id": 999_999, "column": "done" })),
        ];
        for (tool, arguments) in cases {
            let said = session.call(tool, arguments.clone()).await;
            let problem = app::call(app, tool, arguments.to_string().as_bytes()).await.unwrap_err();
            let next = problem.next.map(|next| format!("\nNext: {next}")).unwrap_or_default();
            assert_eq!(said, (format!("{}{next}", problem.message), true), "{tool}");
        }
        let (said, wrong) =
            session.call("start_run", json!({ "task": 1, "agent": "custom", "argv": ["sh"] })).await;
        assert!(wrong && said.starts_with("`argv` cannot be given here"), "{said}");
        session.say(r#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"fly"}}"#).await;
        let unknown = session.answer("x").await;
        assert_eq!(unknown["error"]["message"], "there is no tool “fly”", "{unknown}");
        session.end().await;
    });
}

#[test]
fn an_agent_is_told_its_own_tools_and_reaches_nothing_without_its_token() {
    let (runtime, app) = bench();
    runtime.block_on(async {
        let caller = Caller::Run { run: domain::RunId(77), token: "guessed".into() };
        let mut session = Session::begin(app.clone(), caller).await;
        let (said, wrong) = session.call("get_my_task", json!({})).await;
        assert_eq!((said.as_str(), wrong), ("run 77 does not exist", true));
        let (said, wrong) = session.call("get_my_task", json!({ "run": 1 })).await;
        assert_eq!((said.as_str(), wrong), ("`run` cannot be given here\nNext: leave it out", true));
        session.end().await;
    });
}
