//! `POST /rpc/<operation>`: JSON in, JSON out.

use app::{
    Access, OPERATIONS,
    wire::{Problem, ProblemCode},
};
use axum::{
    body::Bytes,
    extract::{Path, rejection::BytesRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use tokio_util::task::TaskTracker;

use crate::{
    gate::Caller,
    problem::{abnormal, answer, with_status},
};

/// Operations that a closing door must see through.
#[derive(Clone, Debug)]
pub(crate) struct Writes(pub TaskTracker);

pub(crate) async fn call(
    caller: Caller,
    Path(operation): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(refused) => return too_much(refused),
    };
    // A form of another site cannot send this type without asking first.
    if !is_json(&headers) {
        return answer(Problem {
            code: ProblemCode::Invalid,
            message: "the request must be application/json".into(),
            next: None,
        });
    }
    match carry_out(&caller, operation, body).await {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(problem) => answer(problem),
    }
}

pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Carries an operation out. One that changes something goes on if the caller hangs up: a half-started run would help
/// nobody.
pub(crate) async fn carry_out(caller: &Caller, operation: String, body: Bytes) -> Result<Vec<u8>, Problem> {
    let only_reads = OPERATIONS.iter().any(|known| known.name == operation && known.access == Access::Read);
    let app = caller.app.clone();
    let work = async move { app::call(&app, &operation, &body).await };
    // What only reads ends with its caller.
    if only_reads { work.await } else { go_on(&caller.writes, work).await }
}

/// Sees `work` through, whether its caller waits for it or not.
pub(crate) async fn go_on<T: Send + 'static>(
    writes: &TaskTracker,
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    writes.spawn(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "an operation ended abnormally");
        Err(abnormal())
    })
}

/// Has a route of its own because its body may be larger, as the next one.
pub(crate) async fn add_attachment(
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    call(caller, Path("add_attachment".into()), headers, body).await
}

pub(crate) async fn import_records(
    caller: Caller,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    call(caller, Path("import_records".into()), headers, body).await
}

/// As a rule a body over the limit; else one that broke off.
fn too_much(refused: BytesRejection) -> Response {
    let message = format!("the request's body cannot be taken: {}", refused.body_text());
    let problem = Problem { code: ProblemCode::Invalid, message, next: None };
    with_status(refused.status(), &problem)
}
