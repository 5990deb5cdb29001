//! Requests that may come twice. A client that heard no answer sends the same request with the same idempotency
//! key; it is told the first answer, and nothing is done again.

use store::Asked;

use crate::{App, wire::*};

/// What to do with a request that brought an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Carry it out, and keep the answer.
    No,
    /// Give the first answer: status and body.
    Answered(u16, Vec<u8>),
}

/// Takes the key for a request of this caller. `fingerprint` tells one request from another.
pub async fn take(app: &App, name: &str, fingerprint: [u8; 32]) -> Result<Repeat, Problem> {
    if name.is_empty() || name.chars().count() > 200 {
        return Err(crate::problem::invalid("an idempotency key has 1 to 200 characters"));
    }
    let store = app.engine.store();
    match store.take_key(caller(app), name.into(), fingerprint, app.engine.now()).await? {
        Asked::First => Ok(Repeat::No),
        Asked::Answered((status, body)) => Ok(Repeat::Answered(status, body)),
        Asked::Different => Err(crate::problem::invalid("this idempotency key was used for another request")),
        Asked::Unanswered => Err(Problem {
            code: ProblemCode::Conflict,
            message:
                "a request with this idempotency key is under way, or was broken off by the end of the engine"
                    .into(),
            next: Some("look whether it was carried out; if not, send it with a new key".into()),
        }),
    }
}

/// Keeps the answer of a request that was carried out; one that changed nothing gives its key back.
pub async fn keep(app: &App, name: &str, status: u16, body: Vec<u8>) -> Result<(), Problem> {
    let store = app.engine.store();
    if (200..300).contains(&status) {
        store.keep_answer(caller(app), name.into(), (status, body)).await?;
    } else {
        store.give_key_back(caller(app), name.into()).await?;
    }
    Ok(())
}

fn caller(app: &App) -> String {
    match app.authority().key {
        Some(key) => format!("key {key}"),
        None => "owner".into(),
    }
}
