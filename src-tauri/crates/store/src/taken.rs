//! One card taken by name, for an agent that runs elsewhere. The next card of the queue is `claims`' business;
//! the run that comes of it is of the same kind, with a lease and a token.

use domain::{Actor, Id, Millis, RunId, TaskId};

use crate::{
    Store,
    claims::Claim,
    error::StoreError,
    readers::Ask,
    runs::{self, NewRun, Origin},
    tasks,
    writer::Tx,
};

/// Who takes which card.
#[derive(Clone, Debug)]
pub struct NewTaking {
    pub task: TaskId,
    pub agent: String,
    /// How long it may be silent, in milliseconds.
    pub lease: Millis,
}

impl Store {
    /// Gives the card to the agent, whatever stands before it in the queue. Refused where no run could begin.
    pub async fn take_task(&self, new: NewTaking, actor: Actor, now: Millis) -> Result<Claim, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { take(tx, new, &actor, now).await })).await
    }

    /// The right to report on the pulled run that holds the card; none: nobody holds it, or Flightboard's own.
    pub async fn holder_of(&self, task: TaskId) -> Result<Option<(RunId, String)>, StoreError> {
        const HOLDER: &str = "SELECT r.id, r.uid FROM tasks t JOIN runs r ON r.id = t.live_run \
             WHERE t.id = ? AND r.origin = 'pulled'";
        let held: Option<(i64, String)> =
            self.here(|sql| Ok(sql.row(HOLDER, [task.raw()], |row| row.try_into())?)).await?;
        Ok(held.map(|(run, token)| (RunId(run), token)))
    }
}

async fn take(tx: &mut Tx<'_>, new: NewTaking, actor: &Actor, now: Millis) -> Result<Claim, StoreError> {
    let order = NewRun {
        task: new.task,
        agent: new.agent.clone(),
        mode: "unattended".into(),
        model: None,
        origin: Origin::Pulled,
        rule: Some("it was named".into()),
        account: None,
        limits: Vec::new(),
        lease: new.lease,
    };
    let run = runs::begin(tx, order, actor, now).await?;
    let lease_until = now + new.lease;
    let (token, attempt): (String, i64) = sqlx::query_as(
        "UPDATE runs SET phase = 'running', activity = 'working', evidence = 'its own word', started_at = ?1, \
         lease_for = ?2, lease_until = ?3 WHERE id = ?4 RETURNING uid, attempt",
    )
    .bind(now)
    .bind(new.lease)
    .bind(lease_until)
    .bind(run.raw())
    .fetch_one(&mut *tx.conn)
    .await?;
    tx.touched.lease = tx.touched.lease.into_iter().chain([lease_until]).min();
    let text = format!("claimed: run {attempt} with {}", new.agent);
    let claimer = Actor::Agent(new.agent);
    tasks::log(tx, new.task, Some(run), &claimer, "run.claimed", text, now).await?;
    Ok(Claim { task: new.task, run, attempt: attempt as u32, token, lease_until })
}
