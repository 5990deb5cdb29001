//! The circuit breakers of agents and provider accounts, and until when an account rests because its
//! usage limit is reached.

use std::collections::HashMap;

use domain::{
    Actor, Id, Millis, RunId,
    breaker::{Breaker, BreakerRule, Gate},
};
use sqlx::FromRow;

use crate::{
    Store, agents,
    changes::{Change, record},
    error::StoreError,
    readers::{Ask, row},
    writer::Tx,
};

/// Whose breaker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breaks {
    Agent(String),
    Account(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerRecord {
    pub whose: Breaks,
    pub breaker: Breaker,
    pub resting_until: Option<Millis>,
}

impl Breaks {
    fn kind(&self) -> &'static str {
        match self {
            Breaks::Agent(_) => "agent",
            Breaks::Account(_) => "account",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Breaks::Agent(name) | Breaks::Account(name) => name,
        }
    }
}

/// What a run's life says of its agent and account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Started,
    Succeeded,
    Failed(domain::Cause),
    Nothing,
}

row! {
    #[derive(FromRow)]
    struct Row {
        kind: String,
        name: String,
        failures: i64,
        probe_at: Option<i64>,
        cool_down: i64,
        probe: Option<i64>,
        resting_until: Option<i64>,
    }
}

impl From<Row> for BreakerRecord {
    fn from(row: Row) -> Self {
        let whose = if row.kind == "agent" { Breaks::Agent(row.name) } else { Breaks::Account(row.name) };
        let breaker = Breaker {
            failures: row.failures as u32,
            probe_at: row.probe_at,
            cool_down: row.cool_down,
            probe: row.probe.map(RunId),
        };
        BreakerRecord { whose, breaker, resting_until: row.resting_until }
    }
}

impl Store {
    /// Those that ever moved; all others are closed.
    pub async fn breakers(&self) -> Result<Vec<BreakerRecord>, StoreError> {
        let all = format!("SELECT {} FROM breakers ORDER BY kind, name", Row::COLUMNS);
        let rows = self.here(|sql| Ok(sql.rows(&all, [], Row::read)?)).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// A person closes it and ends a rest: the next task may try.
    pub async fn reset_breaker(&self, whose: Breaks, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM breakers WHERE kind = ? AND name = ?")
                        .bind(whose.kind())
                        .bind(whose.name())
                        .execute(&mut *tx.conn)
                        .await?;
                    let change = Change {
                        at: now,
                        actor: &Actor::Person,
                        kind: "settings.breaker",
                        task: None,
                        run: None,
                        project: None,
                        text: format!("closed the breaker of {}", whose.name()),
                    };
                    record(tx, change).await.map(|_| ())
                })
            })
            .await
    }
}

/// How the breakers of these agents (a JSON list) stand, as far as they ever moved.
pub(crate) async fn gates(
    tx: &mut Tx<'_>,
    agents: &str,
    now: Millis,
) -> Result<HashMap<String, Gate>, StoreError> {
    const MOVED: &str = "SELECT name, failures, probe_at, cool_down, probe FROM breakers WHERE kind = 'agent' \
         AND name IN (SELECT value FROM json_each(?))";
    tx.here(|sql| {
        let gate = |row: &rusqlite::Row<'_>| {
            let breaker = Breaker {
                failures: row.get(1)?,
                probe_at: row.get(2)?,
                cool_down: row.get(3)?,
                probe: row.get::<_, Option<i64>>(4)?.map(RunId),
            };
            Ok((row.get(0)?, breaker.gate(now)))
        };
        sql.statement(MOVED)?.query_map([agents], gate)?.collect()
    })
    .await
}

/// Moves the breaker. The caller logs the change that moved it.
pub(crate) async fn note(
    tx: &mut Tx<'_>,
    whose: &Breaks,
    run: RunId,
    sign: &Sign,
    now: Millis,
) -> Result<(), StoreError> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM breakers WHERE kind = ? AND name = ?")
        .bind(whose.kind())
        .bind(whose.name())
        .fetch_optional(&mut *tx.conn)
        .await?;
    let before = row.map(BreakerRecord::from);
    let old = before.as_ref().map(|record| record.breaker).unwrap_or_default();
    let new = match sign {
        Sign::Started => old.started(run, now),
        Sign::Succeeded => old.succeeded(),
        Sign::Failed(cause) => old.failed(run, *cause, rule_for(tx, whose).await?, now),
        Sign::Nothing => old.ended_without_a_word(run),
    };
    if new == old {
        return Ok(());
    }
    write(tx, whose, new, before.and_then(|record| record.resting_until)).await
}

/// The agent's own, else the board's.
async fn rule_for(tx: &mut Tx<'_>, whose: &Breaks) -> Result<BreakerRule, StoreError> {
    let own = match whose {
        Breaks::Agent(name) => agents::breaker_rule(tx, name).await?,
        Breaks::Account(_) => None,
    };
    if let Some(rule) = own {
        return Ok(rule);
    }
    let text: Option<Option<String>> =
        sqlx::query_scalar("SELECT value -> 'breaker' FROM settings WHERE key = 'queue'")
            .fetch_optional(&mut *tx.conn)
            .await?;
    match text.flatten() {
        Some(text) => serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(e.to_string())),
        None => Ok(BreakerRule::default()),
    }
}

/// The account's usage limit is reached.
pub(crate) async fn rest(tx: &mut Tx<'_>, whose: &Breaks, until: Millis) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO breakers (kind, name, resting_until) VALUES (?, ?, ?) \
         ON CONFLICT (kind, name) DO UPDATE SET resting_until = excluded.resting_until",
    )
    .bind(whose.kind())
    .bind(whose.name())
    .bind(until)
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

async fn write(
    tx: &mut Tx<'_>,
    whose: &Breaks,
    breaker: Breaker,
    resting_until: Option<Millis>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO breakers (kind, name, failures, probe_at, cool_down, probe, resting_until) VALUES (?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (kind, name) DO UPDATE SET failures = excluded.failures, probe_at = excluded.probe_at, \
         cool_down = excluded.cool_down, probe = excluded.probe",
    )
    .bind(whose.kind())
    .bind(whose.name())
    .bind(breaker.failures)
    .bind(breaker.probe_at)
    .bind(breaker.cool_down)
    .bind(breaker.probe.map(Id::raw))
    .bind(resting_until)
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}
