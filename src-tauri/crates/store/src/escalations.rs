//! Calls a person to a card that keeps failing, and stops the workflow (the cards that dependencies join)
//! in which too much failed. The rules are `domain::escalation`'s; they are applied in the transaction
//! that stores the failure, so that nothing starts in between.

use domain::{
    Actor, Cause, Id, Millis, ProjectId, Status, TaskEvent, TaskId,
    escalation::{Call, Escalation, Strikes, Tally},
};
use sqlx::FromRow;

use crate::{
    Store,
    changes::recorded,
    comments,
    error::StoreError,
    projects,
    readers::{Ask, row},
    tasks::{self, apply, json, log, start_afresh, status},
    writer::Tx,
};

/// Cards that a comment names, at most.
const NAMED: usize = 10;

/// The cards that dependencies join with one card, whichever way they point.
macro_rules! of_workflow {
    ($select:literal) => {
        concat!(
            "WITH RECURSIVE flow (id) AS (SELECT ?1 \
             UNION SELECT e.upstream_id FROM flow JOIN task_edges e ON e.task_id = flow.id \
             UNION SELECT e.task_id FROM flow JOIN task_edges e ON e.upstream_id = flow.id) ",
            $select,
            " FROM flow JOIN tasks t ON t.id = flow.id WHERE t.trashed_at IS NULL ORDER BY t.id"
        )
    };
}

const MEMBERS: &str = of_workflow!("SELECT t.id, t.status, t.strikes, t.stopped, t.called");

/// The cards that dependencies join, with how they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowRecord {
    pub tally: Tally,
    /// Why nothing more of it starts.
    pub stopped: Option<String>,
}

row! {
    #[derive(FromRow)]
    struct Member {
        id: i64,
        status: String,
        strikes: i64,
        stopped: Option<String>,
        called: Option<String>,
    }
}

/// What a failure led to, beside what its own class says.
#[derive(Debug, Default)]
pub(crate) struct Escalated {
    /// The comment that calls a person.
    pub comment: Option<String>,
    /// The card is not tried again by itself.
    pub halts: bool,
}

impl Store {
    /// The workflow that the card belongs to; none for one that no dependency joins to another.
    pub async fn workflow(&self, task: TaskId) -> Result<Option<WorkflowRecord>, StoreError> {
        let members = self.here(|sql| Ok(sql.rows(MEMBERS, [task.raw()], Member::read)?)).await?;
        if members.len() < 2 {
            return Ok(None);
        }
        let stopped = members.iter().find_map(|member| member.stopped.clone());
        Ok(Some(WorkflowRecord { tally: tally(&members)?, stopped }))
    }

    /// A person lets a stopped workflow go on: its cards may start again, and those that failed are tried
    /// once more, unless another card waits for just that failure.
    pub async fn resume_workflow(&self, task: TaskId, actor: Actor, now: Millis) -> Result<(), StoreError> {
        self.writer.write(move |tx| Box::pin(async move { resume(tx, task, &actor, now).await })).await
    }

    /// Calls people to cards that have been failing for too long. Returns when to look again, if nothing
    /// else happens.
    pub async fn call_overdue(&self, now: Millis) -> Result<Option<Millis>, StoreError> {
        const FAILING: &str = "SELECT t.id, t.failing_since, p.settings -> 'escalation' \
             FROM tasks t LEFT JOIN projects p ON p.id = t.project_id \
             WHERE t.failing_since IS NOT NULL AND t.called IS NULL AND t.trashed_at IS NULL \
             AND t.status IN ('ready', 'in_progress')";
        let rows: Vec<(i64, i64, Option<String>)> =
            self.here(|sql| Ok(sql.rows(FAILING, [], |row| row.try_into())?)).await?;
        let (mut due, mut next): (Vec<TaskId>, Option<Millis>) = (Vec::new(), None);
        for (id, since, rule) in rows {
            match rule_from(rule)?.due_at(since) {
                Some(at) if at <= now => due.push(TaskId(id)),
                at => next = next.into_iter().chain(at).min(),
            }
        }
        if due.is_empty() {
            return Ok(next);
        }
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    for id in due {
                        overdue(tx, id, now).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(next)
    }
}

fn rule_from(text: Option<String>) -> Result<Escalation, StoreError> {
    match text.filter(|text| text != "null") {
        Some(text) => serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(e.to_string())),
        None => Ok(Escalation::default()),
    }
}

/// Counts a failure of what the queue started, or of its work. Called once the card stands where the
/// failure left it.
pub(crate) async fn failed(
    tx: &mut Tx<'_>,
    id: TaskId,
    project: Option<ProjectId>,
    cause: Cause,
    now: Millis,
) -> Result<Escalated, StoreError> {
    if cause == Cause::UsageLimit {
        return Ok(Escalated::default());
    }
    let (strikes, called) = strike(tx, id, cause, now).await?;
    let rule = projects::escalation(tx, project).await?;
    let members: Vec<Member> = sqlx::query_as(MEMBERS).bind(id.raw()).fetch_all(&mut *tx.conn).await?;
    let tally = tally(&members)?;
    if rule.stops(tally) && members.iter().all(|member| member.stopped.is_none()) {
        return stop(tx, id, &members, tally, now).await;
    }
    match rule.after_failure(strikes, cause, now) {
        Some(what) if !called => call(tx, id, project, rule, what, now).await,
        // Whoever was called before still has it, and once more it is theirs.
        Some(what) => {
            Ok(Escalated { comment: None, halts: rule.hand_over && hold(tx, id, &what, now).await? })
        }
        None => Ok(Escalated::default()),
    }
}

async fn strike(
    tx: &mut Tx<'_>,
    id: TaskId,
    cause: Cause,
    now: Millis,
) -> Result<(Strikes, bool), StoreError> {
    let (count, since, called) = read_strikes(tx, id).await?;
    let strikes = Strikes { count, since }.struck(cause, now);
    sqlx::query("UPDATE tasks SET strikes = ?, failing_since = ? WHERE id = ?")
        .bind(strikes.count)
        .bind(strikes.since)
        .bind(id.raw())
        .execute(&mut *tx.conn)
        .await?;
    Ok((strikes, called))
}

async fn read_strikes(tx: &mut Tx<'_>, id: TaskId) -> Result<(u32, Option<Millis>, bool), StoreError> {
    let row: (i64, Option<i64>, bool) =
        sqlx::query_as("SELECT strikes, failing_since, called IS NOT NULL FROM tasks WHERE id = ?")
            .bind(id.raw())
            .fetch_one(&mut *tx.conn)
            .await?;
    Ok((row.0 as u32, row.1, row.2))
}

async fn overdue(tx: &mut Tx<'_>, id: TaskId, now: Millis) -> Result<(), StoreError> {
    let task = tasks::require(tx, id).await?;
    let (count, since, called) = read_strikes(tx, id).await?;
    let rule = projects::escalation(tx, task.project).await?;
    match rule.after_time(Strikes { count, since }, now) {
        Some(what) if !called => {
            let escalated = call(tx, id, task.project, rule, what, now).await?;
            if let Some(comment) = escalated.comment {
                comments::insert(tx, id, &Actor::Engine, &comment, now).await?;
            }
            Ok(())
        }
        Some(_) | None => Ok(()),
    }
}

/// Calls a person to one card, with what its project wants done then.
async fn call(
    tx: &mut Tx<'_>,
    id: TaskId,
    project: Option<ProjectId>,
    rule: Escalation,
    what: Call,
    now: Millis,
) -> Result<Escalated, StoreError> {
    mark_called(tx, id, &what, now).await?;
    let halts = rule.hand_over && hold(tx, id, &what, now).await?;
    let pauses = match project.filter(|_| rule.pause) {
        Some(project) => {
            projects::pause(tx, project, &format!("{} needs you: {}", id.key(), what.phrase()), now).await?
        }
        None => false,
    };
    let status = tasks::require(tx, id).await?.task.status;
    let next = match status {
        Status::Failed => "It is on the shelf: replay it, or discard it.",
        _ if halts => "It is yours now: no agent tries it again until you queue it.",
        _ => "It is tried again all the same; take it out of the queue if that is of no use.",
    };
    let paused = if pauses { " The project is paused until you resume it." } else { "" };
    let comment = Some(format!("**{} needs you**: {}. {next}{paused}", id.key(), what.phrase()));
    Ok(Escalated { comment, halts })
}

async fn mark_called(tx: &mut Tx<'_>, id: TaskId, what: &Call, now: Millis) -> Result<(), StoreError> {
    let phrase = what.phrase();
    sqlx::query("UPDATE tasks SET called = ? WHERE id = ?")
        .bind(&phrase)
        .bind(id.raw())
        .execute(&mut *tx.conn)
        .await?;
    log(tx, id, None, &Actor::Engine, "task.called", format!("needs you: {phrase}"), now).await
}

/// The card waits for its person. Returns whether it does: one that is not in Ready is left as it is.
async fn hold(tx: &mut Tx<'_>, id: TaskId, what: &Call, now: Millis) -> Result<bool, StoreError> {
    let held = sqlx::query(
        "UPDATE tasks SET held = coalesce(held, ?), not_before = NULL, not_before_after = NULL, updated_at = ? \
         WHERE id = ? AND status = 'ready'",
    )
    .bind(what.phrase())
    .bind(now)
    .bind(id.raw())
    .execute(&mut *tx.conn)
    .await?;
    Ok(held.rows_affected() == 1)
}

/// Nothing more of the workflow starts; what is at work goes on.
async fn stop(
    tx: &mut Tx<'_>,
    id: TaskId,
    members: &[Member],
    tally: Tally,
    now: Millis,
) -> Result<Escalated, StoreError> {
    let reason = match tally.failures {
        1 => format!("{} failed", id.key()),
        failures => format!("{failures} failures, the last of {}", id.key()),
    };
    let left: Vec<i64> = members
        .iter()
        .filter(|member| !matches!(member.status.as_str(), "done" | "cancelled"))
        .map(|member| member.id)
        .collect();
    sqlx::query("UPDATE tasks SET stopped = ?, updated_at = ? WHERE id IN (SELECT value FROM json_each(?))")
        .bind(&reason)
        .bind(now)
        .bind(json(&left)?)
        .execute(&mut *tx.conn)
        .await?;
    log_all(tx, &left, "task.stopped", &format!("its workflow was stopped: {reason}"), &Actor::Engine, now)
        .await?;
    let what = Call::Workflow(tally);
    mark_called(tx, id, &what, now).await?;
    let done: Vec<String> = members
        .iter()
        .filter(|member| member.status == "done")
        .map(|member| TaskId(member.id).key())
        .collect();
    let named = match done.len() {
        0 => String::new(),
        1..=NAMED => format!(" ({})", done.join(", ")),
        more => format!(" ({} and {} more)", done[..NAMED].join(", "), more - NAMED),
    };
    let key = id.key();
    let comment = Some(format!(
        "**{key} needs you**: {}{named}. Nothing more of it starts until you resume it, on this card's Queue tab or with \
         `flightboard workflow {key} --resume`.",
        what.phrase()
    ));
    let halts = members.iter().any(|member| member.id == id.raw() && member.status == "ready");
    Ok(Escalated { comment, halts })
}

/// A row of the log for each card.
async fn log_all(
    tx: &mut Tx<'_>,
    ids: &[i64],
    kind: &'static str,
    text: &str,
    actor: &Actor,
    now: Millis,
) -> Result<(), StoreError> {
    let seq = sqlx::query(
        "INSERT INTO changes (at, actor, kind, task_id, text) SELECT ?, ?, ?, value, ? FROM json_each(?)",
    )
    .bind(now)
    .bind(actor.to_string())
    .bind(kind)
    .bind(text)
    .bind(json(&ids)?)
    .execute(&mut *tx.conn)
    .await?
    .last_insert_rowid();
    recorded(tx, seq, now, ids.iter().map(|id| TaskId(*id)));
    Ok(())
}

async fn resume(tx: &mut Tx<'_>, task: TaskId, actor: &Actor, now: Millis) -> Result<(), StoreError> {
    tasks::require(tx, task).await?;
    let members: Vec<Member> = sqlx::query_as(MEMBERS).bind(task.raw()).fetch_all(&mut *tx.conn).await?;
    if members.iter().all(|member| member.stopped.is_none()) {
        return Err(StoreError::Conflict(format!("{} belongs to no workflow that was stopped", task.key())));
    }
    let ids: Vec<i64> = members.iter().map(|member| member.id).collect();
    // Whoever was held because a person was called goes on; an agent's own question stays one.
    sqlx::query(
        "UPDATE tasks SET held = CASE WHEN held = called THEN NULL ELSE held END, stopped = NULL, called = NULL, \
         strikes = 0, failing_since = NULL WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(json(&ids)?)
    .execute(&mut *tx.conn)
    .await?;
    let told: Vec<i64> =
        members.iter().filter(|m| m.stopped.is_some() || m.called.is_some()).map(|m| m.id).collect();
    log_all(tx, &told, "task.resumed", "its workflow goes on", actor, now).await?;
    for id in to_replay(tx, &ids).await? {
        replay(tx, id, actor, now).await?;
    }
    Ok(())
}

/// Failed cards that nobody waits for to fail.
async fn to_replay(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<TaskId>, StoreError> {
    let failed: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM tasks WHERE id IN (SELECT value FROM json_each(?)) AND status = 'failed' \
         AND NOT EXISTS (SELECT 1 FROM task_edges WHERE upstream_id = tasks.id AND need = 'failure') ORDER BY id",
    )
    .bind(json(&ids)?)
    .fetch_all(&mut *tx.conn)
    .await?;
    Ok(failed.into_iter().map(TaskId).collect())
}

/// Back to Ready with all its attempts; to the queue if it came from there.
async fn replay(tx: &mut Tx<'_>, id: TaskId, actor: &Actor, now: Millis) -> Result<(), StoreError> {
    let found = tasks::require(tx, id).await?;
    let by_itself: Option<bool> = sqlx::query_scalar(
        "SELECT origin <> 'person' FROM runs WHERE id = (SELECT last_run FROM tasks WHERE id = ?)",
    )
    .bind(id.raw())
    .fetch_optional(&mut *tx.conn)
    .await?;
    apply(tx, &found.task, TaskEvent::Moved(Status::Ready), now).await?;
    start_afresh(tx, &found, Status::Ready, by_itself.unwrap_or(false)).await?;
    log(tx, id, None, actor, "task.moved", "tried again: moved from Failed to Ready".into(), now).await
}

fn tally(members: &[Member]) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    for member in members {
        tally.failures = tally.failures.saturating_add(member.strikes as u32);
        match status(&member.status)? {
            Status::Cancelled => continue,
            Status::Done => tally.done += 1,
            Status::Failed => tally.failed += 1,
            Status::Inbox | Status::Ready | Status::InProgress | Status::Review => {}
        }
        tally.cards += 1;
    }
    Ok(tally)
}
