//! Every route, every key, every way to lie about where a request comes from.

use testkit::{card, run_of};

use crate::rig::{Ask, Board, KEY};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Key {
    None,
    WrongCookie,
    WrongBearer,
    Cookie,
    Bearer,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    OurPage,
    OurPageByName,
    NoOrigin,
    ForeignOrigin,
    /// The same host, another port: another program of the same machine.
    OtherPort,
    /// A sandboxed frame, a local file.
    NullOrigin,
    ForeignHost,
    NoHost,
}

const KEYS: [Key; 5] = [Key::None, Key::WrongCookie, Key::WrongBearer, Key::Cookie, Key::Bearer];
const FROM: [From; 8] = [
    From::OurPage,
    From::OurPageByName,
    From::NoOrigin,
    From::ForeignOrigin,
    From::OtherPort,
    From::NullOrigin,
    From::ForeignHost,
    From::NoHost,
];

/// A route with what it answers to those who may enter.
struct Route {
    ask: Ask,
    open: u16,
    is_websocket: bool,
}

fn routes() -> Vec<Route> {
    let route = |ask, open| Route { ask, open, is_websocket: open == 101 };
    vec![
        route(Ask::rpc("get_overview", "{}"), 200),
        route(Ask::rpc("no_such_operation", "{}"), 404),
        route(Ask::mcp(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#), 200),
        route(Ask::get("/runs/1/log"), 200),
        route(Ask::get("/no/such/file.js"), 404),
        route(Ask::websocket("/events"), 101),
        route(Ask::websocket("/terminal/1?cols=80&rows=24"), 101),
    ]
}

/// The rule, written once more.
fn expected(route: &Route, key: Key, from: From) -> u16 {
    match (from, key) {
        (From::ForeignHost | From::NoHost, _) => 421,
        (From::ForeignOrigin | From::OtherPort | From::NullOrigin, _) => 403,
        (_, Key::None | Key::WrongCookie | Key::WrongBearer) => 401,
        (From::NoOrigin, Key::Cookie) if route.is_websocket => 403,
        (From::OurPage | From::OurPageByName | From::NoOrigin, Key::Cookie | Key::Bearer) => route.open,
    }
}

#[tokio::test]
async fn only_a_key_from_the_right_place_opens_any_route() {
    let board = Board::open().await;
    let store = board.app.engine().store();
    let task = store.add_task(card("watched"), domain::Actor::Person, 0).await.unwrap();
    store.begin_run(run_of(task), domain::Actor::Person, 0).await.unwrap();
    let cookie = board.browser().await;
    let mut wrong = Vec::new();
    for route in routes() {
        for key in KEYS {
            for from in FROM {
                let ask = with_key(with_place(route.ask.clone(), &board, from), &cookie, key);
                let (got, want) = (board.send(&ask).await.status, expected(&route, key, from));
                if got != want {
                    wrong.push(format!("{:?} with {key:?} from {from:?}: {got}, not {want}", route.ask));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    board.close().await;
}

fn with_place(ask: Ask, board: &Board, from: From) -> Ask {
    let (port, host) = (board.port, board.host());
    match from {
        From::OurPage => ask.host(&host).header("origin", &board.origin()),
        From::OurPageByName => {
            ask.host(&format!("localhost:{port}")).header("origin", &format!("http://localhost:{port}"))
        }
        From::NoOrigin => ask.host(&host),
        From::ForeignOrigin => ask.host(&host).header("origin", &format!("http://evil.example:{port}")),
        From::OtherPort => ask.host(&host).header("origin", "http://127.0.0.1:1"),
        From::NullOrigin => ask.host(&host).header("origin", "null"),
        From::ForeignHost => ask.host(&format!("evil.example:{port}")).header("origin", &board.origin()),
        From::NoHost => ask.header("origin", &board.origin()),
    }
}

fn with_key(ask: Ask, cookie: &str, key: Key) -> Ask {
    let name = cookie.split('=').next().expect("a name");
    match key {
        Key::None => ask,
        Key::WrongCookie => ask.header("cookie", &format!("{name}={}", "0".repeat(64))),
        Key::WrongBearer => ask.bearer("a key for program"),
        Key::Cookie => ask.header("cookie", &format!("other=1; {cookie}; last=2")),
        Key::Bearer => ask.bearer(KEY),
    }
}

#[tokio::test]
async fn a_door_without_a_key_for_programs_takes_none() {
    let board = Board::open().await;
    let (mut web, _, port) = flightboard_http::open_tcp(board.app.clone(), 0, None).await.unwrap();
    for key in ["", KEY] {
        let ask = Ask::rpc("get_overview", "{}").host(&format!("127.0.0.1:{port}")).bearer(key);
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert_eq!(crate::rig::exchange(stream, &ask).await.status, 401);
    }
    web.close().await;
    board.close().await;
}

#[tokio::test]
async fn the_session_of_one_board_is_not_another_boards() {
    let (one, other) = (Board::open().await, Board::open().await);
    let cookie = one.browser().await;
    let renamed = cookie.replace(&one.port.to_string(), &other.port.to_string());
    for cookie in [cookie, renamed] {
        let ask = Ask::rpc("get_overview", "{}").host(&other.host()).header("cookie", &cookie);
        assert_eq!(other.send(&ask).await.status, 401);
    }
    one.close().await;
    other.close().await;
}
