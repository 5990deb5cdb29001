//! Dependencies between tasks. An edge is accepted only if it closes no circle; both are read inside
//! the transaction that adds it.

use domain::{
    Actor, Id, Millis, Status, TaskId,
    edges::{Blocker, Edge, Need, Standing, find_cycle},
};

use rusqlite::Connection;

use crate::{
    Store,
    error::StoreError,
    readers::Ask,
    tasks::{self, json, log, status},
    writer::Tx,
};

impl Store {
    /// `edge.task` waits from now on. Changes the need where the edge is there already.
    pub async fn add_edge(&self, edge: Edge, actor: Actor, now: Millis) -> Result<(), StoreError> {
        self.writer.write(move |tx| Box::pin(async move { add(tx, edge, &actor, now).await })).await
    }

    /// Removing an edge that is not there changes nothing.
    pub async fn remove_edge(
        &self,
        task: TaskId,
        upstream: TaskId,
        actor: Actor,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let gone = sqlx::query("DELETE FROM task_edges WHERE task_id = ? AND upstream_id = ?")
                        .bind(task.raw())
                        .bind(upstream.raw())
                        .execute(&mut *tx.conn)
                        .await?
                        .rows_affected();
                    if gone == 0 {
                        return Ok(());
                    }
                    let text = format!("no longer waits for {}", upstream.key());
                    log(tx, task, None, &actor, "task.edge_removed", text, now).await
                })
            })
            .await
    }

    /// What the task waits for, and what waits for it, each with how its upstream stands.
    pub async fn edges_of(&self, task: TaskId) -> Result<(Vec<Blocker>, Vec<(TaskId, Need)>), StoreError> {
        let upstream = self.upstreams(&[task]).await?.into_iter().map(|(_, blocker)| blocker).collect();
        let waiting = "SELECT task_id, need FROM task_edges WHERE upstream_id = ? ORDER BY task_id";
        let rows: Vec<(i64, String)> =
            self.here(|sql| Ok(sql.rows(waiting, [task.raw()], |row| row.try_into())?)).await?;
        let downstream = rows
            .into_iter()
            .map(|(id, word)| Ok((TaskId(id), need(&word)?)))
            .collect::<Result<_, StoreError>>()?;
        Ok((upstream, downstream))
    }

    /// The edges of these tasks, met or not.
    pub(crate) async fn upstreams(&self, of: &[TaskId]) -> Result<Vec<(TaskId, Blocker)>, StoreError> {
        let ids = json(&of.iter().map(|id| id.raw()).collect::<Vec<_>>())?;
        const UPSTREAMS: &str = "SELECT e.task_id, e.upstream_id, e.need, u.status, u.trashed_at IS NOT NULL \
             FROM task_edges e JOIN tasks u ON u.id = e.upstream_id \
             WHERE e.task_id IN (SELECT value FROM json_each(?)) ORDER BY e.task_id, e.upstream_id";
        let rows: Vec<(i64, i64, String, String, bool)> =
            self.here(|sql| Ok(sql.rows(UPSTREAMS, [ids], |row| row.try_into())?)).await?;
        rows.into_iter()
            .map(|(task, upstream, word, state, trashed)| {
                let blocker = Blocker {
                    upstream: TaskId(upstream),
                    need: need(&word)?,
                    status: status(&state)?,
                    trashed,
                };
                Ok((TaskId(task), blocker))
            })
            .collect()
    }
}

async fn add(tx: &mut Tx<'_>, edge: Edge, actor: &Actor, now: Millis) -> Result<(), StoreError> {
    let task = tasks::require(tx, edge.task).await?;
    let over = task.task.status.is_terminal() || task.task.status == Status::Review;
    if over || task.task.live_run.is_some() {
        return Err(StoreError::Conflict(format!(
            "{} is in {}; only a card that has not started can wait for another",
            edge.task.key(),
            task.task.status.title()
        )));
    }
    connect(tx, edge, actor, now).await.map(|_| ())
}

/// An edge by the run that holds the task and is about to let go of it.
pub(crate) async fn add_of_holder(
    tx: &mut Tx<'_>,
    edge: Edge,
    actor: &Actor,
    now: Millis,
) -> Result<Standing, StoreError> {
    match connect(tx, edge, actor, now).await? {
        Standing::Missed | Standing::NotNeeded => Err(StoreError::Conflict(format!(
            "{} has ended already, and not as {} would need it",
            edge.upstream.key(),
            edge.task.key()
        ))),
        standing @ (Standing::Met | Standing::Open) => Ok(standing),
    }
}

/// All that a card waits for, and what that waits for: a circle can only be closed there.
pub(crate) const ABOVE: &str = "WITH RECURSIVE above (id) AS (SELECT ?1 UNION \
    SELECT e.upstream_id FROM above JOIN task_edges e ON e.task_id = above.id) \
    SELECT e.task_id, e.upstream_id FROM above JOIN task_edges e ON e.task_id = above.id";

/// Returns how the upstream stands.
async fn connect(tx: &mut Tx<'_>, edge: Edge, actor: &Actor, now: Millis) -> Result<Standing, StoreError> {
    let task = tasks::require(tx, edge.task).await?;
    let upstream = tasks::require(tx, edge.upstream).await?;
    if let Some(gone) = [&task, &upstream].into_iter().find(|found| found.trashed_at.is_some()) {
        return Err(StoreError::Conflict(format!(
            "{} is in the trash; restore it first",
            gone.task.id.key()
        )));
    }
    let above = |sql: &Connection| sql.rows(ABOVE, [edge.upstream.raw()], |row| row.try_into());
    let rows: Vec<(i64, i64)> = tx.here(above).await?;
    let edges: Vec<Edge> = rows
        .into_iter()
        .map(|(task, upstream)| Edge { task: TaskId(task), upstream: TaskId(upstream), need: edge.need })
        .collect();
    if let Some(cycle) = find_cycle(&edges, edge.task, edge.upstream) {
        return Err(StoreError::Conflict(cycle.to_string()));
    }
    sqlx::query(
        "INSERT INTO task_edges (task_id, upstream_id, need) VALUES (?, ?, ?) \
         ON CONFLICT (task_id, upstream_id) DO UPDATE SET need = excluded.need",
    )
    .bind(edge.task.raw())
    .bind(edge.upstream.raw())
    .bind(edge.need.word())
    .execute(&mut *tx.conn)
    .await?;
    let what = match edge.need {
        Need::Success => "to be done",
        Need::Failure => "to fail",
        Need::Any => "to end",
    };
    log(
        tx,
        edge.task,
        None,
        actor,
        "task.edge_added",
        format!("waits for {} {what}", edge.upstream.key()),
        now,
    )
    .await?;
    Ok(edge.need.standing(upstream.task.status))
}

/// After `upstream` ended: those who wait for it look at it again, and branches for a failure that
/// did not come are cancelled.
pub(crate) async fn upstream_ended(
    tx: &mut Tx<'_>,
    upstream: TaskId,
    ended: Status,
    now: Millis,
) -> Result<(), StoreError> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT task_id, need FROM task_edges WHERE upstream_id = ?")
            .bind(upstream.raw())
            .fetch_all(&mut *tx.conn)
            .await?;
    for (id, word) in rows {
        let waiting = TaskId(id);
        tx.touched.tasks.insert(waiting);
        if ended == Status::Done && need(&word)? == Need::Failure {
            tasks::cancel_needless(tx, waiting, upstream, now).await?;
        }
    }
    Ok(())
}

fn need(word: &str) -> Result<Need, StoreError> {
    Need::parse(word).ok_or_else(|| StoreError::Corrupt(format!("need {word}")))
}
