//! The public routes: two other boards' words over our operations. A route unpacks what it was sent, asks for one
//! operation, and packs the answer in the words of the board that it speaks for ([`words`]); rules and rights are
//! in `app`.

mod agents;
mod board;
mod cron;
mod events;
mod items;
mod keys;
mod openapi;
mod repeat;
mod reviews;
mod tasks;
mod webhooks;
mod words;

pub(crate) use events::Feed;

use std::collections::BTreeMap;

use app::{
    App,
    authority::allow_role,
    decode_value, in_types,
    wire::{
        AddComment, ClaimAnswer, ClaimTask, Comment, ListedTask, Problem, ProblemCode, PutTask, TaskPage,
    },
};
use axum::{
    Router,
    body::Bytes,
    extract::{MatchedPath, Request},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use domain::authority::{Need, Reach};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    gate::Caller,
    problem::{PROBLEM, with_status},
    rpc,
    serve::BODY,
};

/// 2^53: up to here a float says which integer it is.
const EXACT: f64 = 9_007_199_254_740_992.0;

pub(crate) fn routes(app: &App) -> Router<App> {
    let each = Router::new()
        .route("/api/tasks", get(tasks::list).post(tasks::create).put(tasks::move_many))
        .route("/api/tasks/queue", get(tasks::queue))
        .route("/api/tasks/outcomes", get(tasks::outcomes))
        .route(
            "/api/tasks/{id}",
            get(tasks::show).put(tasks::change).patch(tasks::change).delete(tasks::remove),
        )
        .route("/api/tasks/{id}/comments", get(tasks::comments).post(tasks::comment))
        .route("/api/agents", get(agents::list).post(agents::create).put(agents::change_named))
        .route("/api/agents/register", post(agents::register))
        .route("/api/agents/{id}", get(agents::show).put(agents::change).delete(agents::remove))
        .route("/api/agents/{id}/heartbeat", get(agents::heartbeat).post(agents::heartbeat))
        .route("/api/agents/{id}/soul", get(agents::soul).put(agents::set_soul))
        .route("/api/agents/{id}/keys", get(keys::list).post(keys::create).delete(keys::revoke))
        .route("/api/quality-review", get(reviews::list).post(reviews::create))
        .route("/api/cron", get(cron::list).post(cron::act))
        .route("/api/cron/{id}", get(cron::show).delete(cron::remove))
        .route("/api/cron/{id}/{action}", post(cron::act_on))
        .route(
            "/api/webhooks",
            get(webhooks::list)
                .post(webhooks::create)
                .put(webhooks::change_named)
                .delete(webhooks::remove_named),
        )
        .route("/api/webhooks/test", post(webhooks::test_named))
        .route("/api/webhooks/retry", post(webhooks::retry))
        .route("/api/webhooks/deliveries", get(webhooks::deliveries))
        .route(
            "/api/webhooks/{id}",
            get(webhooks::show).put(webhooks::change).patch(webhooks::change).delete(webhooks::remove),
        )
        .route("/api/webhooks/{id}/test", post(webhooks::test))
        .route("/api/webhooks/{id}/deliveries", get(webhooks::deliveries_of))
        .route("/api/status", get(board::status))
        .route("/api/activities", get(board::activities))
        .route("/api/search", get(board::search))
        .route("/api/export", get(board::export))
        .route("/api/openapi.json", get(openapi::document))
        .route("/api/queue", get(items::list).post(items::create))
        .route("/api/queue/claim", post(items::claim))
        .route("/api/queue/{id}", get(items::show))
        .route("/api/queue/{id}/ready", post(items::ready))
        .route("/api/queue/{id}/complete", post(items::complete))
        .route("/api/executor/status", get(items::executor))
        .route("/api/executor/run/{id}", post(items::run))
        .route_layer(middleware::from_fn_with_state(app.clone(), repeat::once))
        .route_layer(middleware::from_fn(repeat::conditional));
    each.route("/api/events", get(events::open))
        .route_layer(middleware::from_fn_with_state(app.clone(), admit))
        .route("/health", get(board::health))
        .route_layer(middleware::from_fn(worded))
        .fallback_for_api()
}

/// Asks for the role that the route's description names, before anything is read or looked up. What the caller may
/// do with what the request names is the operation's to say.
async fn admit(caller: Caller, path: MatchedPath, request: Request, next: Next) -> Response {
    let needed = openapi::role(request.method(), path.as_str());
    let need = needed.map(|role| Need { role, reach: Reach::Open });
    match need.map_or(Ok(()), |need| allow_role(&caller.app, need)) {
        Ok(()) => next.run(request).await,
        Err(refused) => Fail::from(refused).into_response(),
    }
}

/// What is refused before a route is reached, in the shape of every other refusal.
async fn worded(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let answer = next.run(request).await;
    let status = answer.status();
    let is_told = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    if !(status.is_client_error() || status.is_server_error()) || is_told {
        return answer;
    }
    let (code, message) = match status {
        StatusCode::METHOD_NOT_ALLOWED => (ProblemCode::Invalid, format!("{method} is not possible here")),
        StatusCode::PAYLOAD_TOO_LARGE => (ProblemCode::Invalid, too_large()),
        _ if status.is_client_error() => (ProblemCode::Invalid, "the request cannot be read".into()),
        _ => (ProblemCode::Internal, "the request ended abnormally; the log has the details".into()),
    };
    let mut told = with_status(status, &Problem { code, message, next: None });
    if let Some(allowed) = answer.headers().get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    told
}

fn too_large() -> String {
    format!("a request has at most {} MiB", BODY / (1024 * 1024))
}

/// Unknown paths below `/api` are no pages of the web board.
trait ApiFallback {
    fn fallback_for_api(self) -> Self;
}

impl ApiFallback for Router<App> {
    fn fallback_for_api(self) -> Self {
        let nothing = || async { Fail::from(not_found("there is no such route")).into_response() };
        self.route("/api/{*rest}", axum::routing::any(nothing))
    }
}

/// A refusal in the making; boxed, as most requests are not refused.
pub(crate) struct Fail(Box<Response>);

impl Fail {
    pub(crate) fn new(response: Response) -> Fail {
        Fail(Box::new(response))
    }
}

pub(crate) type Answer = Result<Response, Fail>;

impl IntoResponse for Fail {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// As at every other door, but that bad input is a 400 here: that is what the boards whose words these are say.
impl From<Problem> for Fail {
    fn from(problem: Problem) -> Fail {
        Fail::new(match problem.code {
            ProblemCode::Invalid => with_status(StatusCode::BAD_REQUEST, &problem),
            ProblemCode::NotFound
            | ProblemCode::Conflict
            | ProblemCode::Unavailable
            | ProblemCode::Unauthorized
            | ProblemCode::Forbidden
            | ProblemCode::Internal => crate::problem::answer(problem),
        })
    }
}

fn bad(message: impl Into<String>) -> Fail {
    Problem { code: ProblemCode::Invalid, message: message.into(), next: None }.into()
}

fn not_found(message: impl Into<String>) -> Problem {
    Problem { code: ProblemCode::NotFound, message: message.into(), next: None }
}

impl Caller {
    /// Carries out an operation of the table, as this caller. It goes on if the client hangs up.
    pub(crate) async fn ask(&self, operation: &str, request: impl Serialize) -> Result<Value, Problem> {
        let internal = |error: serde_json::Error| Problem {
            code: ProblemCode::Internal,
            message: error.to_string(),
            next: None,
        };
        let body = serde_json::to_vec(&request).map_err(internal)?;
        let answer = rpc::carry_out(self, operation.to_owned(), body.into()).await?;
        serde_json::from_slice(&answer).map_err(internal)
    }

    /// `list_tasks`, as the next ones are the operations of their names: without JSON on the way back.
    pub(crate) async fn list_tasks(&self, request: Value) -> Result<TaskPage, Problem> {
        in_types::list_tasks(&self.app, decode_value(request)?).await
    }

    pub(crate) async fn put_task(&self, request: Value) -> Result<ListedTask, Problem> {
        let (app, request) = (self.app.clone(), decode_value::<PutTask>(request)?);
        rpc::go_on(&self.writes, async move { in_types::put_task(&app, request).await }).await
    }

    pub(crate) async fn claim(&self, request: Value) -> Result<ClaimAnswer, Problem> {
        let (app, request) = (self.app.clone(), decode_value::<ClaimTask>(request)?);
        rpc::go_on(&self.writes, async move { in_types::claim(&app, request).await }).await
    }

    pub(crate) async fn add_comment(&self, request: Value) -> Result<Comment, Problem> {
        let (app, request) = (self.app.clone(), decode_value::<AddComment>(request)?);
        rpc::go_on(&self.writes, async move { in_types::add_comment(&app, request).await }).await
    }
}

/// A JSON body. Nothing at all counts as an empty object.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Fail> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    // A form of another site cannot send this type without asking first.
    if !body.is_empty() && !rpc::is_json(headers) {
        return Err(bad("the request must be application/json"));
    }
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(bad("the request must be a JSON object"));
    }
    let unreadable = |error: serde_json::Error| bad(app::unreadable(&error));
    let sent = serde_json::from_slice(text).map_err(unreadable)?;
    serde_json::from_value(whole(sent)).map_err(unreadable)
}

/// To JSON 2.0 is an integer, and some languages write theirs so; to us it would be none.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
                json!(float as i64)
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, whole(value))).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// The integer in a path.
fn id(text: &str) -> Result<i64, Fail> {
    text.parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(|| bad(format!("“{text}” is not an id; ids are integers")))
}

fn ok(body: impl Serialize) -> Answer {
    Ok(axum::Json(body).into_response())
}

fn created(location: String, body: impl Serialize) -> Answer {
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], axum::Json(body)).into_response())
}

/// Where a page begins and how long it is; more than `most` is `most`.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(crate) struct Page {
    limit: Option<u32>,
    offset: Option<u32>,
    /// From 1; stands in for `offset`.
    page: Option<u32>,
}

impl Page {
    fn of(self, most: u32) -> (u32, u32) {
        let limit = self.limit.unwrap_or(50).clamp(1, most);
        let skipped = self.page.map(|page| page.saturating_sub(1).saturating_mul(limit));
        (limit, self.offset.or(skipped).unwrap_or(0))
    }

    fn told<R: Serialize>(limit: u32, offset: u32, total: u64, named: &str, rows: Vec<R>) -> impl Serialize {
        Told {
            has_more: u64::from(offset) + (rows.len() as u64) < total,
            page: u64::from(offset / limit) + 1,
            rows: BTreeMap::from([(named.to_owned(), rows)]),
            total,
            limit,
            offset,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<R> {
    /// Under their name.
    #[serde(flatten)]
    rows: BTreeMap<String, Vec<R>>,
    total: u64,
    page: u64,
    limit: u32,
    offset: u32,
    has_more: bool,
}
