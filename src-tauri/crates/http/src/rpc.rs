//! `POST /rpc/<operation>`: JSON in, JSON out.

use app::{
    Access, OPERATIONS,
    wire::{Problem, ProblemCode},
};
use axum::{
    Extension,
    body::Bytes,
    extract::{Path, rejection::BytesRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use tokio_util::task::TaskTracker;

use crate::{
    gate::Caller,
    problem::{answer, with_status},
};

/// Operations that a closing door must see through.
#[derive(Clone, Debug)]
pub(crate) struct Writes(pub TaskTracker);

pub(crate) async fn call(
    Caller(app): Caller,
    Extension(Writes(writes)): Extension<Writes>,
    Path(operation): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(refused) => return too_much(refused),
    };
    // A form of another site cannot send this type without asking first.
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(';').next().is_some_and(|kind| kind.trim() == "application/json"));
    if !is_json {
        return answer(Problem {
            code: ProblemCode::Invalid,
            message: "the request must be application/json".into(),
            next: None,
        });
    }
    // The operation goes on if the caller hangs up: a half-started run would help nobody.
    let only_reads = OPERATIONS.iter().any(|known| known.name == operation && known.access == Access::Read);
    let work = async move { app::call(&app, &operation, &body).await };
    let work = if only_reads { tokio::spawn(work) } else { writes.spawn(work) };
    match work.await {
        Ok(Ok(json)) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Ok(Err(problem)) => answer(problem),
        Err(error) => {
            tracing::error!(%error, "an operation ended abnormally");
            answer(Problem {
                code: ProblemCode::Internal,
                message: "the operation ended abnormally; the log has the details".into(),
                next: None,
            })
        }
    }
}

/// Has a route of its own because its body may be larger.
pub(crate) async fn add_attachment(
    caller: Caller,
    writes: Extension<Writes>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    call(caller, writes, Path("add_attachment".into()), headers, body).await
}

/// As a rule a body over the limit; else one that broke off.
fn too_much(refused: BytesRejection) -> Response {
    let message = format!("the request's body cannot be taken: {}", refused.body_text());
    let problem = Problem { code: ProblemCode::Invalid, message, next: None };
    with_status(refused.status(), &problem)
}
