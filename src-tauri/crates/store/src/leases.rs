//! How long an agent that pulls may be silent: heartbeats vouch for its run, and a run that nobody
//! vouches for is taken for lost.

use domain::{Id, Millis, Outcome, RunId};

use crate::{
    Store,
    error::StoreError,
    readers::Ask,
    reports::why_not,
    runs::{self, Ending},
};

/// Leases that end in one commit, at most.
const AT_ONCE: u32 = 512;

impl Store {
    /// The agent is alive. Returns until when that vouches for the run. `Conflict` if the run does not
    /// hold its task any more: the agent should stop.
    pub async fn heartbeat_run(&self, run: RunId, token: String, now: Millis) -> Result<Millis, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let until: Option<i64> = sqlx::query_scalar(
                        "UPDATE runs SET lease_until = ? + lease_for WHERE id = ? AND uid = ? \
                         AND phase = 'running' AND origin = 'pulled' \
                         AND (SELECT live_run FROM tasks WHERE tasks.id = runs.task_id) = runs.id \
                         RETURNING lease_until",
                    )
                    .bind(now)
                    .bind(run.raw())
                    .bind(&token)
                    .fetch_optional(&mut *tx.conn)
                    .await?;
                    match until {
                        Some(until) => {
                            tx.touched.lease = Some(until);
                            Ok(until)
                        }
                        None => Err(why_not(tx, run, &token).await?),
                    }
                })
            })
            .await
    }

    /// What reports on the run must carry; for whoever made it, and nobody else.
    pub async fn token_of(&self, run: RunId) -> Result<String, StoreError> {
        let uid: Option<String> = sqlx::query_scalar("SELECT uid FROM runs WHERE id = ?")
            .bind(run.raw())
            .fetch_optional(&self.readers)
            .await?;
        uid.ok_or_else(|| StoreError::NotFound { what: "run", key: run.to_string() })
    }

    /// When the next lease ends.
    pub async fn next_lease(&self) -> Result<Option<Millis>, StoreError> {
        const NEXT: &str = "SELECT min(lease_until) FROM runs WHERE phase <> 'ended' AND origin = 'pulled'";
        let at = self.here(|sql| Ok(sql.row(NEXT, [], |row| row.get(0))?.flatten())).await?;
        Ok(at)
    }

    /// Takes runs whose lease is over for lost: their tasks are tried again, or fail once too often.
    /// Returns them; a full commit's worth means that there may be more.
    pub async fn end_leases(&self, now: Millis) -> Result<Vec<RunId>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let over: Vec<(i64, String, i64)> = sqlx::query_as(
                        "SELECT id, agent, lease_for FROM runs WHERE phase <> 'ended' AND origin = 'pulled' \
                         AND lease_until <= ? ORDER BY lease_until, id LIMIT ?",
                    )
                    .bind(now)
                    .bind(AT_ONCE)
                    .fetch_all(&mut *tx.conn)
                    .await?;
                    let mut ended = Vec::with_capacity(over.len());
                    for (id, agent, lease) in over {
                        let reason = format!("nothing was heard from {agent} for {}", length(lease));
                        let ending = Ending { reason: Some(reason), ..Ending::of(Outcome::Lost, now) };
                        runs::end(tx, RunId(id), ending).await?;
                        ended.push(RunId(id));
                    }
                    Ok(ended)
                })
            })
            .await
    }

    /// Begins every lease anew: while no engine ran, nobody could be heard.
    pub async fn renew_leases(&self, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query(
                        "UPDATE runs SET lease_until = max(lease_until, ? + lease_for) \
                         WHERE phase <> 'ended' AND origin = 'pulled'",
                    )
                    .bind(now)
                    .execute(&mut *tx.conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}

/// `90 s`, `10 min`
fn length(millis: Millis) -> String {
    match millis / 1_000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}
