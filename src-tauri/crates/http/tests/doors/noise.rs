//! Requests of every kind to every route and operation, made of words that mean something in places where they do
//! not, of broken pieces and of noise: none is answered by a fault of ours, and the board answers afterwards.

use std::sync::OnceLock;

use app::{Access, OPERATIONS, request_schema};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::rig::{Ask, Board, KEY};

/// Starting programs and writing to other machines is for tests that look at what comes of it.
const NOT_TRIED: [&str; 8] = [
    "start_run",
    "try_agent",
    "doctor",
    "test_webhook",
    "hand_out_task",
    "wait_run",
    "get_answer",
    "find_repositories",
];
const NO_ROUTES: [&str; 3] = ["/api/executor/run/{id}", "/api/webhooks/test", "/api/webhooks/{id}/test"];

const WORDS: &[&str] = &[
    "1",
    "2",
    "0",
    "-1",
    "99",
    "T-1",
    "4294967295",
    "9223372036854775807",
    "9223372036854775808",
    "1e9",
    "inbox",
    "assigned",
    "review",
    "done",
    "limbo",
    "scout",
    "No Name",
    "high",
    "urgent",
    "5",
    "task",
    "agent",
    "task.completed",
    "daily",
    "0 9 * * 1-5",
    "every weekday at 9",
    "approved",
    "rejected",
    "pause",
    "remove",
    "tasks",
    "json",
    "csv",
    "week",
    "true",
    "null",
    "*",
    "2027-01-15",
    "1800000000",
    "operator",
    "reviewer",
    "stop",
    "success",
    "partial",
    "ünïcödé 日本",
    "a b&c=d",
    "%",
    "\0",
];

/// Fields and query words of the routes.
const NAMES: &[&str] = &[
    "id",
    "title",
    "description",
    "status",
    "priority",
    "assigned_to",
    "project_id",
    "tags",
    "due_date",
    "outcome",
    "metadata",
    "feedback_rating",
    "tasks",
    "content",
    "author",
    "name",
    "role",
    "capabilities",
    "config",
    "soul_content",
    "template_name",
    "key_id",
    "expires_at",
    "expires_in_days",
    "taskId",
    "taskIds",
    "notes",
    "reviewer",
    "action",
    "schedule",
    "task_template",
    "timezone",
    "events",
    "enabled",
    "delivery_id",
    "webhook_id",
    "agentId",
    "capacity",
    "output",
    "limit",
    "offset",
    "page",
    "search",
    "agent",
    "max_capacity",
    "timeframe",
    "q",
    "type",
    "format",
    "since",
    "actor",
    "types",
    "project",
    "task",
    "last_event_id",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![8 => prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![12 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::from),
        2 => (-1i64..4).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => (0usize..3000).prop_map(|len| Value::from("x".repeat(len))),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(name(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A value that the schema asks for, or one that it does not.
fn fitting(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(choices) = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array()) {
        let all: Vec<_> = choices.iter().map(fitting).collect();
        return proptest::strategy::Union::new(all).boxed();
    }
    if let Some(words) = schema["enum"].as_array() {
        return prop::sample::select(words.clone()).boxed();
    }
    if !schema["const"].is_null() {
        return Just(schema["const"].clone()).boxed();
    }
    let right = match schema["type"].as_str() {
        Some("integer") => prop_oneof![4 => 0i64..4, 1 => any::<i64>()].prop_map(Value::from).boxed(),
        Some("number") => any::<f64>().prop_map(Value::from).boxed(),
        Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
        Some("string") => word().prop_map(Value::from).boxed(),
        Some("array") => prop::collection::vec(fitting(&schema["items"]), 0..4).prop_map(Value::from).boxed(),
        Some("object") => object(schema.as_object().expect("a schema")),
        _ => anything().boxed(),
    };
    prop_oneof![14 => right, 1 => anything()].boxed()
}

/// Most of the fields that the schema names, and sometimes another.
fn object(schema: &Map<String, Value>) -> BoxedStrategy<Value> {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let fields: Vec<_> = properties
        .iter()
        .map(|(name, of)| {
            let chance = if required.contains(&name.as_str()) { 0.95 } else { 0.4 };
            (Just(name.clone()), prop::option::weighted(chance, fitting(of)))
        })
        .collect();
    (fields, prop::option::weighted(0.05, (name(), anything())))
        .prop_map(|(fields, stranger)| {
            let known = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
            Value::Object(known.chain(stranger).collect())
        })
        .boxed()
}

fn operation() -> impl Strategy<Value = Ask> {
    let tried: Vec<_> = OPERATIONS.iter().filter(|known| !NOT_TRIED.contains(&known.name)).collect();
    prop::sample::select(tried).prop_flat_map(|operation| {
        let whole = object(request_schema(operation.name).expect("every operation has one"));
        let body = prop_oneof![9 => whole.prop_map(|body| body.to_string()), 1 => broken()];
        body.prop_map(move |body| Ask::rpc(operation.name, &body))
    })
}

/// The head of a JSON text, or none at all.
fn broken() -> impl Strategy<Value = String> {
    let cut = (anything(), any::<prop::sample::Index>()).prop_map(|(value, at)| {
        let text = value.to_string();
        let at = (0..=at.index(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text[..at].to_owned()
    });
    prop_oneof![
        cut,
        ".{0,40}",
        Just("[".repeat(20_000)),
        Just(format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500)))
    ]
}

/// As it may stand in a path or a query.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}

fn route(routes: &'static [(String, String)]) -> impl Strategy<Value = Ask> {
    let query = prop::collection::vec((name(), word()), 0..4);
    let header = prop::option::of((
        prop::sample::select(vec![
            "idempotency-key",
            "if-match",
            "if-none-match",
            "last-event-id",
            "x-agent-name",
        ]),
        prop_oneof![word(), "[ -~]{0,30}"],
    ));
    let body = prop_oneof![
        6 => prop::collection::hash_map(name(), anything(), 0..6)
            .prop_map(|fields| Value::Object(fields.into_iter().collect()).to_string()),
        2 => anything().prop_map(|value| value.to_string()),
        1 => broken(),
        1 => Just(String::new()),
    ];
    let torn =
        prop::sample::select(vec!["", "", "", "", "?%ff=%fe", "?&&==", "?limit=1&limit=2", "%2e%2e/", "%ff"]);
    (prop::sample::select(routes), word(), query, torn, header, body).prop_map(
        |((method, path), id, query, torn, header, body)| {
            let path = path.replace("{id}", &escaped(&id)).replace("{action}", &escaped(&id));
            let pairs: Vec<String> =
                query.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
            let query = match (torn, pairs.is_empty()) {
                ("", true) => String::new(),
                ("", false) => format!("?{}", pairs.join("&")),
                (torn, _) => torn.to_owned(),
            };
            let mut ask = Ask::new(&method.to_uppercase(), format!("{path}{query}"));
            if let Some((name, value)) = header.filter(|(_, value)| !value.contains(['\0', '\r', '\n'])) {
                ask = ask.header(name, &value);
            }
            if method == "get" { ask } else { ask.header("content-type", "application/json").body(&body) }
        },
    )
}

/// What answers, and its routes: method and path.
type Bench = (Runtime, Board, Vec<(String, String)>);

/// One board for all cases, with something on it; its folder goes with the process.
fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let runtime = Runtime::new().expect("a runtime");
        let (board, routes) = runtime.block_on(async {
            let board = Board::open().await;
            for title in ["one", "two", "three"] {
                board.call("add_task", json!({ "title": title, "column": "ready" })).await;
            }
            board.call("enroll_agent", json!({ "name": "scout" })).await;
            board.call("claim_task", json!({ "agent": "scout" })).await;
            board.call("put_schedule", json!({ "name": "one", "when": "daily", "title": "x" })).await;
            let document =
                board.send(&Ask::get("/api/openapi.json").host(&board.host()).bearer(KEY)).await.json();
            let mut routes = Vec::new();
            for (path, methods) in document["paths"].as_object().expect("paths") {
                let methods = methods.as_object().expect("methods").keys();
                routes.extend(methods.map(|method| (method.clone(), path.clone())));
            }
            routes.retain(|(_, path)| !NO_ROUTES.contains(&path.as_str()));
            (board, routes)
        });
        (runtime, board, routes)
    })
}

fn is_answered(asks: &[Ask]) -> Result<(), TestCaseError> {
    let (runtime, board, _) = bench();
    runtime.block_on(async {
        for ask in asks {
            let status = board.status(&ask.clone().host(&board.host()).bearer(KEY)).await;
            let text = String::from_utf8_lossy(&ask.sent()).into_owned();
            prop_assert!(status < 500 || status == 503, "{}: {}", status, text);
        }
        let health = board.status(&Ask::get("/health").host(&board.host())).await;
        prop_assert_eq!(health, 200);
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_request_to_a_route_is_a_fault_of_ours(asks in prop::collection::vec(route(&bench().2), 1..16)) {
        is_answered(&asks)?;
    }

    #[test]
    fn no_request_to_an_operation_is_a_fault_of_ours(asks in prop::collection::vec(operation(), 1..16)) {
        is_answered(&asks)?;
    }
}

#[test]
fn what_is_not_tried_is_there() {
    let known = |name: &&str| OPERATIONS.iter().any(|operation| operation.name == *name);
    assert!(NOT_TRIED.iter().all(known));
    assert!(OPERATIONS.iter().any(|operation| operation.access == Access::Read));
}
