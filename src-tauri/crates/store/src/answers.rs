//! Answers to requests with an idempotency key, kept for a day, so that a client that heard nothing may ask
//! again and is told what it would have been told. The key is taken before the request is carried out: a crash
//! in between leaves it without an answer, and the repetition is told so instead of doing the thing twice.

use domain::Millis;

use crate::{Store, error::StoreError};

/// How long an answer is kept.
const KEPT: Millis = 24 * 3_600_000;

/// A status and a body.
pub type KeptAnswer = (u16, Vec<u8>);

/// The hash of the request that took the key; status and body once it was answered.
type Row = (Vec<u8>, Option<u16>, Option<Vec<u8>>);

/// What is known of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Never seen: it is the caller's now.
    First,
    Answered(KeptAnswer),
    /// The same key with another request.
    Different,
    /// Under way, or never answered.
    Unanswered,
}

impl Store {
    /// Takes the key for this request, or says what became of the earlier one.
    pub async fn take_key(
        &self,
        caller: String,
        name: String,
        fingerprint: [u8; 32],
        now: Millis,
    ) -> Result<Asked, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM kept_answers WHERE at < ?")
                        .bind(now - KEPT)
                        .execute(&mut *tx.conn)
                        .await?;
                    let known: Option<Row> = sqlx::query_as(
                        "SELECT fingerprint, status, body FROM kept_answers WHERE caller = ? AND name = ?",
                    )
                    .bind(&caller)
                    .bind(&name)
                    .fetch_optional(&mut *tx.conn)
                    .await?;
                    if let Some((earlier, status, body)) = known {
                        return Ok(match status.zip(body) {
                            _ if earlier != fingerprint => Asked::Different,
                            Some(answer) => Asked::Answered(answer),
                            None => Asked::Unanswered,
                        });
                    }
                    sqlx::query(
                        "INSERT INTO kept_answers (caller, name, fingerprint, at) VALUES (?, ?, ?, ?)",
                    )
                    .bind(&caller)
                    .bind(&name)
                    .bind(&fingerprint[..])
                    .bind(now)
                    .execute(&mut *tx.conn)
                    .await?;
                    Ok(Asked::First)
                })
            })
            .await
    }

    pub async fn keep_answer(
        &self,
        caller: String,
        name: String,
        (status, body): KeptAnswer,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query("UPDATE kept_answers SET status = ?, body = ? WHERE caller = ? AND name = ?")
                        .bind(status)
                        .bind(&body)
                        .bind(&caller)
                        .bind(&name)
                        .execute(&mut *tx.conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Nothing was changed under this key: it may be used again.
    pub async fn give_key_back(&self, caller: String, name: String) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM kept_answers WHERE caller = ? AND name = ? AND status IS NULL")
                        .bind(&caller)
                        .bind(&name)
                        .execute(&mut *tx.conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
