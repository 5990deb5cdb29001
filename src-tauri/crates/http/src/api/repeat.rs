//! What every route gets: answers that are known by a tag and not sent twice to who has them, and requests with an
//! idempotency key that are carried out once however often they come.

use app::repeated::{self, Repeat};
use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::LengthLimitError;
use sha2::{Digest, Sha256};

use super::{Fail, bad};
use crate::{gate::Caller, serve::BODY};

/// The largest answer that is kept or tagged; exports may be larger and go by as they are.
const ANSWER: usize = 16 * 1024 * 1024;

/// A strong tag: the same bytes, the same tag.
pub(crate) fn etag(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Tags what is read, and answers 304 to who has it already.
pub(crate) async fn conditional(request: Request, next: Next) -> Response {
    let reads = request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let answer = next.run(request).await;
    let is_large = answer.body().size_hint().lower() > ANSWER as u64;
    if !reads || answer.status() != StatusCode::OK || is_large {
        return answer;
    }
    let (mut head, body) = answer.into_parts();
    let Ok(body) = to_bytes(body, ANSWER).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = etag(&body);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        head.headers.insert(header::ETAG, value);
    }
    let has_it = known.is_some_and(|known| {
        known.to_str().is_ok_and(|all| {
            all == "*" || all.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
        })
    });
    if has_it {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(body))
}

/// Carries a POST with `Idempotency-Key` out once.
pub(crate) async fn once(State(app): State<app::App>, request: Request, next: Next) -> Response {
    let name = request.headers().get("idempotency-key").cloned();
    let Some(name) = name.filter(|_| request.method() == Method::POST) else {
        return next.run(request).await;
    };
    match carry_out(&app, name, request, next).await {
        Ok(answer) => answer,
        Err(refused) => refused.into_response(),
    }
}

async fn carry_out(
    app: &app::App,
    name: HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Fail> {
    let name = name.to_str().map_err(|_| bad("an idempotency key is plain text"))?.trim().to_owned();
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, app).await.map_err(Fail::new)?;
    let body = to_bytes(body, BODY).await.map_err(cannot_take)?;
    let target = parts.uri.path_and_query().map(|target| target.as_str().to_owned()).unwrap_or_default();
    let fingerprint =
        Sha256::new().chain_update(target).chain_update([0]).chain_update(&body).finalize().into();
    // A key that was used for another request is a 422, as the draft of the header has it.
    let taken = repeated::take(&caller.app, &name, fingerprint).await;
    match taken.map_err(|problem| Fail::new(crate::problem::answer(problem)))? {
        Repeat::Answered(status, body) => return Ok(again(status, body)),
        Repeat::No => {}
    }
    // The client may hang up meanwhile; its answer is kept all the same.
    let work = async move {
        let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
        let (head, body) = answer.into_parts();
        let body = to_bytes(body, ANSWER).await.unwrap_or_else(|_| Bytes::new());
        if let Err(problem) = repeated::keep(&caller.app, &name, head.status.as_u16(), body.to_vec()).await {
            tracing::warn!(%problem, "an answer could not be kept");
        }
        Response::from_parts(head, Body::from(body))
    };
    tokio::spawn(work).await.map_err(|error| {
        tracing::error!(%error, "a request ended abnormally");
        Fail::new(StatusCode::INTERNAL_SERVER_ERROR.into_response())
    })
}

/// One over the limit, or one that broke off.
fn cannot_take(error: axum::Error) -> Fail {
    if std::error::Error::source(&error).is_some_and(|cause| cause.is::<LengthLimitError>()) {
        return Fail::new(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    }
    bad(format!("the body cannot be taken: {error}"))
}

fn again(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let headers = [(header::CONTENT_TYPE.as_str(), "application/json"), ("idempotency-replayed", "true")];
    (status, headers, body).into_response()
}
