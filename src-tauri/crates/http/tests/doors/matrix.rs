//! Every route, operation and stream, with every kind of key, from every place, over TCP and over the socket: made
//! from the document that the server gives of itself and from the tables of operations and streams, so that a new one
//! is in it by itself or fails it.

use app::{Clock, OPERATIONS, Stream};
use domain::{Actor, Role};
use flightboard_http::open_socket;
use serde_json::{Value, json};
use testkit::{card, run_of};

use crate::rig::{Ask, Board, KEY, status_through_socket};

const START: i64 = 1_800_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Here,
    ForeignHost,
    ForeignOrigin,
}

/// What a route or an operation asks of its caller.
struct Target {
    ask: Ask,
    name: String,
    /// None: anybody.
    role: Option<Role>,
    /// An agent whose things it does not name may use it.
    open: bool,
}

/// Who knocks: name, key, and the role that counts; none where the key opens nothing.
struct Knocker {
    name: &'static str,
    key: Option<String>,
    role: Option<Role>,
}

async fn knockers(board: &Board, hand: &app::ClockHand) -> Vec<Knocker> {
    let make = async |request: Value| {
        let made = board.call("create_key", request).await;
        Some(made["secret"].as_str().expect("a secret").to_owned())
    };
    let expired = make(json!({ "name": "e", "role": "admin", "expires_at": START + 1_000 })).await;
    hand.set(START + 1_000);
    let knocker = |name, key, role| Knocker { name, key, role };
    vec![
        knocker("no key", None, None),
        knocker("a wrong key", Some("fbk_0".into()), None),
        knocker("an expired key", expired, None),
        knocker("a viewer", make(json!({ "name": "v", "role": "viewer" })).await, Some(Role::Viewer)),
        knocker(
            "the agent of another task",
            make(json!({ "name": "a", "role": "agent", "agent": "stranger" })).await,
            Some(Role::Agent),
        ),
        knocker("an operator", make(json!({ "name": "o", "role": "operator" })).await, Some(Role::Operator)),
        knocker("an admin", make(json!({ "name": "x", "role": "admin" })).await, Some(Role::Admin)),
    ]
}

/// A body that gets past the reading of it.
fn body(schema: &str) -> Value {
    match schema {
        "NewTask" | "NewItem" => json!({ "title": "x" }),
        "Task" => json!({ "title": "x" }),
        "Moves" => json!({ "tasks": [{ "id": 1, "status": "assigned" }] }),
        "NewComment" => json!({ "content": "x" }),
        "NewAgent" => json!({ "name": "somebody-new" }),
        "Agent" => json!({ "id": 1, "role": "tester" }),
        "NewSoul" => json!({ "soul_content": "x" }),
        "Which" => json!({ "key_id": 1 }),
        "NewReview" => json!({ "taskId": 1, "status": "approved", "notes": "x" }),
        "NewJob" => json!({ "name": "j", "schedule": "daily", "task_template": { "title": "x" } }),
        // Refused for its address once everything else is in order: nothing is made, nobody is written to.
        "NewWebhook" => json!({ "url": "http://127.0.0.1:1/" }),
        "Webhook" | "WhichWebhook" => json!({ "id": 1 }),
        "WhichDelivery" => json!({ "delivery_id": 1 }),
        "NewClaim" => json!({ "agentId": "keeper" }),
        _ => json!({}),
    }
}

fn query(path: &str) -> &'static str {
    match path {
        "/api/tasks/queue" => "?agent=keeper",
        "/api/search" => "?q=xx",
        "/api/export" => "?type=tasks",
        "/api/quality-review" => "?taskId=1",
        _ => "",
    }
}

/// The routes of the document.
async fn routes(board: &Board) -> Vec<Target> {
    let document = board.send(&Ask::get("/api/openapi.json").host(&board.host()).bearer(KEY)).await.json();
    let mut targets = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let place = path.replace("{id}", "1").replace("{action}", "pause");
            let reads = method == "get";
            let ask =
                Ask::new(&method.to_uppercase(), format!("{place}{}", if reads { query(path) } else { "" }));
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let ask = match schema.as_str().and_then(|reference| reference.rsplit('/').next()) {
                Some(name) => with_body(ask, &body(name)),
                None => ask,
            };
            let needed = operation["description"].as_str().and_then(|text| text.split(' ').nth(3));
            // Its own agents see the list of agents, and the document is nobody's.
            let open = matches!(
                path.as_str(),
                "/api/openapi.json" | "/api/agents" | "/api/agents/{id}" | "/api/agents/{id}/soul"
            ) && reads;
            targets.push(Target {
                ask,
                name: format!("{method} {path}"),
                role: needed.and_then(Role::parse),
                open,
            });
        }
    }
    targets
}

fn with_body(ask: Ask, body: &Value) -> Ask {
    ask.header("content-type", "application/json").body(&body.to_string())
}

fn operations() -> Vec<Target> {
    let target = |operation: &app::Operation| Target {
        // Whatever may be carried out is refused for this field, so that nothing is.
        ask: Ask::rpc(operation.name, r#"{"no_such_field":1}"#),
        name: format!("rpc {}", operation.name),
        role: Some(operation.need.role),
        open: true,
    };
    OPERATIONS.iter().map(target).collect()
}

/// Every key is offered tools; which, and what they do for it, is decided as for operations.
fn tools() -> Target {
    let ask = Ask::mcp(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    Target { ask, name: "post /mcp".into(), role: Some(Role::Viewer), open: true }
}

/// What is no request and answer: WebSockets and a run's log.
fn streams() -> Vec<Target> {
    let target = |name: &str, ask, role| Target { ask, name: name.to_owned(), role: Some(role), open: false };
    vec![
        target("the socket of events", Ask::websocket("/events"), Role::Viewer),
        target("a terminal", Ask::websocket("/terminal/1?cols=80&rows=24"), Role::Operator),
        target("a log", Ask::get("/runs/1/log"), Role::Viewer),
    ]
}

/// Everything that can be asked for over TCP.
async fn targets(board: &Board) -> Vec<Target> {
    let streams = streams();
    assert_eq!(streams.len() + 1, Stream::ALL.len(), "the log of changes is a route");
    let targets: Vec<Target> =
        streams.into_iter().chain(routes(board).await).chain(operations()).chain([tools()]).collect();
    assert!(targets.len() > OPERATIONS.len() + 40, "{}", targets.len());
    targets
}

/// The target as it is asked for from there, with that key.
fn knock(target: &Target, knocker: &Knocker, from: From, host: &str) -> Ask {
    let ask = target.ask.clone().host(if from == From::ForeignHost { "evil.example" } else { host });
    let ask = if from == From::ForeignOrigin { ask.header("origin", "http://evil.example") } else { ask };
    match &knocker.key {
        Some(key) => ask.bearer(key),
        None => ask,
    }
}

/// A board with one of everything that the targets name.
async fn furnished(clock: Clock) -> Board {
    let board = Board::open_by(clock).await;
    board.call("enroll_agent", json!({ "name": "keeper" })).await;
    board.call("put_task", json!({ "title": "kept", "assign": { "agent": "keeper" } })).await;
    board.call("put_schedule", json!({ "name": "one", "when": "daily", "title": "x" })).await;
    let store = board.app.engine().store();
    let watched = store.add_task(card("watched"), Actor::Person, START).await.expect("a card");
    store.begin_run(run_of(watched), Actor::Person, START).await.expect("a run");
    board
}

/// The same over the socket: no page of a browser reaches it, so where a request says that it comes from counts for
/// nothing; who brings no key is the owner, who brings one is who the key says.
fn fits_socket(target: &Target, knocker: &Knocker, status: u16) -> bool {
    let owner = Knocker { name: "the owner", key: None, role: Some(Role::Admin) };
    match &knocker.key {
        None => fits(target, &owner, From::Here, status),
        // Nothing there is open to a key that is none.
        Some(_) if knocker.role.is_none() => status == 401,
        Some(_) => fits(target, knocker, From::Here, status),
    }
}

/// Whether the answer's status is right; the rule, written once more.
fn fits(target: &Target, knocker: &Knocker, from: From, status: u16) -> bool {
    match (from, target.role, knocker.role) {
        (From::ForeignHost, ..) => status == 421,
        (From::ForeignOrigin, ..) => status == 403,
        (From::Here, None, _) => status == 200,
        (From::Here, Some(_), None) => status == 401,
        (From::Here, Some(needed), Some(role)) if role < needed => status == 403,
        (From::Here, Some(_), Some(Role::Agent)) if !target.open => status == 403,
        (From::Here, Some(_), Some(_)) => !matches!(status, 401 | 403 | 421 | 500),
    }
}

#[tokio::test]
async fn each_route_opens_to_the_keys_that_its_description_names_and_to_no_other() {
    let (clock, hand) = Clock::by_hand(START);
    let board = furnished(clock).await;
    let knockers = knockers(&board, &hand).await;
    let mut wrong = Vec::new();
    for target in &targets(&board).await {
        for knocker in &knockers {
            for from in [From::Here, From::ForeignHost, From::ForeignOrigin] {
                let status = board.status(&knock(target, knocker, from, &board.host())).await;
                if !fits(target, knocker, from, status) {
                    wrong.push(format!("{} with {} from {from:?}: {status}", target.name, knocker.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    board.close().await;
}

#[tokio::test]
async fn the_socket_opens_everything_to_its_owner_and_to_a_key_what_the_key_may() {
    let (clock, hand) = Clock::by_hand(START);
    let board = furnished(clock).await;
    let knockers = knockers(&board, &hand).await;
    let path = board.dir.path().join("engine.sock");
    let mut door = open_socket(board.app.clone(), &path).expect("a socket");
    let mut wrong = Vec::new();
    for target in &targets(&board).await {
        for knocker in &knockers {
            for from in [From::Here, From::ForeignHost, From::ForeignOrigin] {
                let status = status_through_socket(&path, &knock(target, knocker, from, "flightboard")).await;
                if !fits_socket(target, knocker, status) {
                    wrong.push(format!("{} with {} from {from:?}: {status}", target.name, knocker.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    door.close().await;
    board.close().await;
}
