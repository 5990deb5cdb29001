//! Server-sent events: what a reader hears, and that one who comes back goes on without a gap or a repetition.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
};

use crate::rig::{Ask, Board, KEY, PATIENCE};

/// A reader of the stream, line by line.
struct Reader(Lines<BufReader<TcpStream>>);

#[derive(Debug)]
struct Heard {
    id: i64,
    name: String,
    data: Value,
}

impl Reader {
    async fn open(board: &Board, query: &str, last: Option<i64>) -> Reader {
        let mut ask = Ask::get(format!("/api/events{query}")).host(&board.host()).bearer(KEY);
        if let Some(last) = last {
            ask = ask.header("last-event-id", &last.to_string());
        }
        let mut stream = TcpStream::connect(("127.0.0.1", board.port)).await.expect("the door is open");
        stream.write_all(&ask.sent()).await.expect("it is sent");
        let mut reader = Reader(BufReader::new(stream).lines());
        assert_eq!(reader.line().await, "HTTP/1.1 200 OK");
        while reader.line().await != ": connected" {}
        reader
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.0.next_line()).await.expect("a line in time");
        line.expect("the line is read").expect("the stream goes on")
    }

    /// The next event.
    async fn next(&mut self) -> Heard {
        self.try_next().await.expect("the stream goes on")
    }

    /// The next whole event, if the stream goes on; lines that HTTP puts between pieces are passed over.
    async fn try_next(&mut self) -> Option<Heard> {
        let mut fields = BTreeMap::new();
        loop {
            let line = tokio::time::timeout(PATIENCE, self.0.next_line()).await.expect("a line in time");
            let line = line.ok().flatten()?;
            if let Some((name, value)) =
                line.split_once(": ").filter(|(name, _)| matches!(*name, "id" | "event" | "data"))
            {
                fields.insert(name.to_owned(), value.to_owned());
            }
            if line.is_empty() && fields.len() == 3 {
                return Some(Heard {
                    id: fields["id"].parse().expect("a number"),
                    name: fields["event"].clone(),
                    data: serde_json::from_str(&fields["data"]).expect("JSON"),
                });
            }
        }
    }
}

#[tokio::test]
async fn every_change_is_heard_with_its_number_claims_included() {
    let board = Board::open().await;
    let mut reader = Reader::open(&board, "", None).await;
    board.call("add_task", json!({ "title": "work", "column": "ready" })).await;
    let claim = board.call("claim_task", json!({ "agent": "scout" })).await;
    let report = json!({ "run": claim["claim"]["run"], "token": claim["claim"]["token"], "succeeded": true });
    board.call("finish_run", report).await;
    board.call("review_task", json!({ "id": 1, "verdict": "approved" })).await;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last: &Heard| last.name != "task.completed") {
        heard.push(reader.next().await);
    }
    let names: Vec<&str> = heard.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["task.created", "task.claimed", "task.updated", "task.reviewed", "task.completed"]);
    assert!(heard.windows(2).all(|pair| pair[0].id + 1 == pair[1].id), "{heard:?}");
    assert!(heard.iter().all(|one| one.data["data"]["task_id"] == 1), "{heard:?}");
    assert_eq!(
        (&heard[1].data["kind"], &heard[1].data["data"]["actor"]),
        (&json!("run.claimed"), &json!("scout"))
    );
    board.close().await;
}

#[tokio::test]
async fn the_server_filters_by_type_project_and_task() {
    let board = Board::open().await;
    let folder = board.dir.path().join("shop");
    std::fs::create_dir(&folder).unwrap();
    board.call("add_project", json!({ "path": folder })).await;
    let mut agents = Reader::open(&board, "?types=agent", None).await;
    let mut project = Reader::open(&board, "?project=1", None).await;
    let mut card = Reader::open(&board, "?task=2&types=task.status_changed,task.completed", None).await;
    board.call("add_task", json!({ "title": "elsewhere" })).await;
    board.call("add_task", json!({ "title": "in the shop", "project": 1 })).await;
    board.call("move_task", json!({ "id": 1, "column": "done" })).await;
    board.call("move_task", json!({ "id": 2, "column": "ready" })).await;
    board.call("register_agent", json!({ "name": "scout" })).await;
    assert_eq!(agents.next().await.name, "agent.created");
    let first = project.next().await;
    assert_eq!((first.name.as_str(), &first.data["data"]["task_id"]), ("task.created", &json!(2)));
    assert_eq!(card.next().await.name, "task.status_changed");
    board.close().await;
}

#[tokio::test]
async fn a_reader_that_breaks_off_goes_on_where_it_was_while_others_write() {
    let board = Board::open().await;
    let (cards, app) = (400, board.app.clone());
    let writing = tokio::spawn(async move {
        for at in 0..cards {
            let request = json!({ "title": format!("card {at}") }).to_string();
            app::call(&app, "add_task", request.as_bytes()).await.expect("it is added");
        }
    });
    let mut seen = Vec::new();
    let mut last = 0;
    while seen.len() < cards {
        // A new connection for each few events: it must begin right after the last one.
        let mut reader = Reader::open(&board, "?types=task", Some(last)).await;
        for _ in 0..(cards - seen.len()).min(37) {
            let heard = reader.next().await;
            last = heard.id;
            seen.push(heard.id);
        }
    }
    writing.await.expect("all is written");
    let log = board.app.engine().store().changes_after(0, 10_000).await.unwrap();
    let logged: Vec<i64> =
        log.iter().filter(|change| change.kind == "task.created").map(|change| change.seq).collect();
    assert_eq!(seen, logged);
    board.close().await;
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_cut_off_and_goes_on_where_it_was() {
    const START: i64 = 1_800_000_000_000;
    let (clock, hand) = app::Clock::by_hand(START);
    let board = Board::open_by(clock).await;
    board.call("add_task", json!({ "title": "talked about" })).await;
    let streams = async || {
        let ask = Ask::get("/api/status").host(&board.host()).bearer(KEY);
        board.send(&ask).await.json()["event_streams"].as_i64().expect("a number")
    };
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("little room on this side");
    let mut deaf = socket.connect(([127, 0, 0, 1], board.port).into()).await.expect("the door is open");
    let ask = Ask::get("/api/events?types=task.commented").host(&board.host()).bearer(KEY);
    deaf.write_all(&ask.sent()).await.expect("it is sent");
    while streams().await == 0 {}

    // More and more is waiting to be told, and half a minute goes by after each part of it.
    let said = json!({ "task": 1, "body": "😀".repeat(200) }).to_string();
    let mut now = START;
    while streams().await > 0 {
        for _ in 0..10 {
            let one = || app::call(&board.app, "add_comment", said.as_bytes());
            let many: Vec<_> = (0..50).map(|_| one()).collect();
            for added in futures_util::future::join_all(many).await {
                added.expect("it is added");
            }
        }
        now += 31_000;
        hand.set(now);
        assert!(now < START + 40 * 31_000, "it is never cut off");
    }

    let log = board.app.engine().store().changes_after(0, 100_000).await.unwrap();
    let logged: Vec<i64> =
        log.iter().filter(|change| change.kind == "task.commented").map(|change| change.seq).collect();
    let mut rest = Reader(BufReader::new(deaf).lines());
    let mut seen = Vec::new();
    while let Some(heard) = rest.try_next().await {
        seen.push(heard.id);
    }
    assert!(seen.len() < logged.len(), "it was cut off in the middle");
    let mut reader =
        Reader::open(&board, "?types=task.commented", Some(seen.last().copied().unwrap_or(0))).await;
    while seen.len() < logged.len() {
        seen.push(reader.next().await.id);
    }
    assert_eq!(seen, logged);
    board.close().await;
}

#[tokio::test]
async fn readers_at_one_time_hear_the_same() {
    let board = Board::open().await;
    let mut readers = Vec::new();
    for _ in 0..50 {
        readers.push(Reader::open(&board, "?types=task", None).await);
    }
    for at in 0..20 {
        board.call("add_task", json!({ "title": format!("card {at}") })).await;
    }
    let mut first: Option<Vec<i64>> = None;
    for reader in &mut readers {
        let mut heard = Vec::new();
        for _ in 0..20 {
            heard.push(reader.next().await.id);
        }
        assert_eq!(*first.get_or_insert_with(|| heard.clone()), heard);
    }
    board.close().await;
}

#[tokio::test]
async fn a_key_hears_of_its_own_and_a_strange_id_is_refused() {
    let board = Board::open().await;
    board.call("add_task", json!({ "title": "x" })).await;
    let key = board.call("create_key", json!({ "name": "s", "role": "agent", "agent": "scout" })).await;
    let key = key["secret"].as_str().unwrap();
    for path in ["/api/events", "/api/events?task=1", "/api/events?project=1"] {
        assert_eq!(board.send(&Ask::get(path).host(&board.host()).bearer(key)).await.status, 403, "{path}");
    }
    let ask = Ask::get("/api/events").host(&board.host()).bearer(KEY);
    assert_eq!(board.send(&ask.header("last-event-id", "yesterday")).await.status, 400);
    board.close().await;
}
