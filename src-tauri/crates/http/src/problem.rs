//! How a refusal looks over HTTP: RFC 9457, with the fields that every other door hands out as well.

use app::wire::{Problem, ProblemCode};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// The type of every refusal's body.
pub(crate) const PROBLEM: &str = "application/problem+json";

pub(crate) fn answer(problem: Problem) -> Response {
    with_status(status(problem.code), &problem)
}

/// Of work that panicked: a mistake of ours.
pub(crate) fn abnormal() -> Problem {
    Problem {
        code: ProblemCode::Internal,
        message: "the operation ended abnormally; the log has the details".into(),
        next: None,
    }
}

pub(crate) fn with_status(status: StatusCode, problem: &Problem) -> Response {
    with_more(status, problem, json!({}))
}

/// `more` are fields of this kind of refusal alone.
pub(crate) fn with_more(status: StatusCode, problem: &Problem, more: Value) -> Response {
    let mut body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "detail": problem.message,
        "code": problem.code,
        "message": problem.message,
        "next": problem.next,
        // Where clients of the boards whose routes we speak look for it.
        "error": problem.message,
    });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    let mut answer = (status, axum::Json(body)).into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    answer
}

fn status(code: ProblemCode) -> StatusCode {
    match code {
        ProblemCode::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ProblemCode::NotFound => StatusCode::NOT_FOUND,
        ProblemCode::Conflict => StatusCode::CONFLICT,
        ProblemCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ProblemCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ProblemCode::Forbidden => StatusCode::FORBIDDEN,
        ProblemCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
