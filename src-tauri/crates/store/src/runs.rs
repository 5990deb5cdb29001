//! Runs: one row for each attempt. The row is written before anything is started, so that whatever
//! happens next there is a record to adopt or to close.

use domain::{
    Activity, Actor, Cause, Id, Millis, Outcome, RunEvent, RunId, RunState, Status, TaskEvent, TaskId,
};

use crate::{
    Store,
    breakers::{self, Breaks, Sign},
    error::StoreError,
    paths,
    readers::Ask,
    tasks::{self, apply, json, log},
    writer::Tx,
};

mod ending;
mod limits;
mod record;

pub use ending::Ending;
pub(crate) use ending::{end, end_for_good, retry_rule};
#[cfg(test)]
pub(crate) use limits::counted;
pub use limits::{LimitOn, Limits};
pub(crate) use limits::{has_room, used};
use record::Row;
pub(crate) use record::state;
pub use record::{Origin, ReviewTurn, RunRecord, WorkspaceRecord};

#[derive(Clone, Debug)]
pub struct NewRun {
    pub task: TaskId,
    pub agent: String,
    pub mode: String,
    pub model: Option<String>,
    pub origin: Origin,
    pub rule: Option<String>,
    pub account: Option<String>,
    pub limits: Vec<Limits>,
    /// How long its agent may be silent, in milliseconds; 0 for a run that a supervisor vouches for.
    pub lease: Millis,
}

/// What is known once the agent's process runs.
#[derive(Clone, Debug, Default)]
pub struct StartFacts {
    pub argv: Vec<String>,
    pub agent_version: Option<String>,
    pub session: Option<String>,
}

impl Store {
    /// Makes a run and gives it the task, in one step: two callers cannot both succeed.
    pub async fn begin_run(&self, new: NewRun, actor: Actor, now: Millis) -> Result<RunRecord, StoreError> {
        let id =
            self.writer.write(move |tx| Box::pin(async move { begin(tx, new, &actor, now).await })).await?;
        self.run(id).await
    }

    /// Makes a run that judges the task's work. The task stays in review; another run of it, or
    /// another round, refuses this one.
    pub async fn begin_review(
        &self,
        new: NewRun,
        turn: ReviewTurn,
        now: Millis,
    ) -> Result<RunRecord, StoreError> {
        let id = self
            .writer
            .write(move |tx| Box::pin(async move { begin_review(tx, new, turn, now).await }))
            .await?;
        self.run(id).await
    }

    pub async fn run(&self, id: RunId) -> Result<RunRecord, StoreError> {
        let one = format!("SELECT {} FROM runs WHERE id = ?", Row::COLUMNS);
        self.here(|sql| sql.row(&one, [id.raw()], Row::read)?.ok_or_else(|| missing(id))?.try_into()).await
    }

    /// Newest first.
    pub async fn runs_of(&self, task: TaskId) -> Result<Vec<RunRecord>, StoreError> {
        let all = format!("SELECT {} FROM runs WHERE task_id = ? ORDER BY id DESC", Row::COLUMNS);
        let rows = self.here(|sql| Ok(sql.rows(&all, [task.raw()], Row::read)?)).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Every run that the database believes alive, for adoption at start.
    pub async fn live_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT * FROM runs INDEXED BY runs_at_work WHERE phase <> 'ended' ORDER BY id")
                .fetch_all(&self.readers)
                .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Live runs for each agent.
    pub async fn live_by_agent(&self) -> Result<Vec<(String, u32)>, StoreError> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT agent, count(*) FROM runs WHERE phase <> 'ended' GROUP BY agent")
                .fetch_all(&self.readers)
                .await?;
        Ok(rows.into_iter().map(|(agent, count)| (agent, count as u32)).collect())
    }

    /// The live run that works in `path`, if any.
    pub async fn live_run_in(&self, path: &std::path::Path) -> Result<Option<RunId>, StoreError> {
        let id: Option<i64> =
            sqlx::query_scalar("SELECT id FROM runs WHERE ws_path = ? AND phase <> 'ended' LIMIT 1")
                .bind(paths::to_bytes(path))
                .fetch_optional(&self.readers)
                .await?;
        Ok(id.map(RunId))
    }

    /// Tasks whose workspace is on the disk or ought to be.
    pub async fn tasks_with_workspaces(&self) -> Result<Vec<TaskId>, StoreError> {
        let rows: Vec<i64> = sqlx::query_scalar("SELECT DISTINCT task_id FROM runs WHERE ws_present = 1")
            .fetch_all(&self.readers)
            .await?;
        Ok(rows.into_iter().map(TaskId).collect())
    }

    /// Cards that were done or cancelled by then and whose workspace is still there, with a run that worked
    /// in it.
    pub async fn workspaces_of_what_is_over(&self, by: Millis) -> Result<Vec<(TaskId, RunId)>, StoreError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT t.id, max(r.id) FROM runs r JOIN tasks t ON t.id = r.task_id WHERE r.ws_present = 1 \
             AND r.ws_kind <> 'inplace' AND t.status IN ('done', 'cancelled') AND t.finished_at <= ? GROUP BY t.id",
        )
        .bind(by)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows.into_iter().map(|(task, run)| (TaskId(task), RunId(run))).collect())
    }

    pub async fn set_workspace(
        &self,
        id: RunId,
        workspace: WorkspaceRecord,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = require(tx, id).await?;
                    sqlx::query(
                        "UPDATE runs SET ws_path = ?, ws_kind = ?, ws_branch = ?, ws_base = ?, ws_present = ?, salvage = ? WHERE id = ?",
                    )
                    .bind(paths::to_bytes(&workspace.path))
                    .bind(&workspace.kind)
                    .bind(&workspace.branch)
                    .bind(&workspace.base)
                    .bind(workspace.present)
                    .bind(&workspace.salvage)
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    // Attempts at one task share their workspace.
                    sqlx::query("UPDATE runs SET ws_present = ?, salvage = ? WHERE ws_path = ?")
                        .bind(workspace.present)
                        .bind(&workspace.salvage)
                        .bind(paths::to_bytes(&workspace.path))
                        .execute(&mut *tx.conn)
                        .await?;
                    let was_present = run.workspace.as_ref().is_some_and(|w| w.present);
                    let text = match (was_present, workspace.present, &workspace.salvage) {
                        (true, false, Some(salvage)) => format!("workspace removed; its work is kept at {salvage}"),
                        (true, false, None) => "workspace removed; it held no unsaved work".into(),
                        (false, true, _) if run.workspace.is_some() => "workspace restored".into(),
                        _ => format!("workspace ready{}", workspace.branch.map(|b| format!(" on {b}")).unwrap_or_default()),
                    };
                    log(tx, run.task, Some(id), &Actor::Engine, "run.workspace", text, now).await
                })
            })
            .await
    }

    pub async fn run_started(&self, id: RunId, facts: StartFacts, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = require(tx, id).await?;
                    // What works alone until it ends is at work while it lives; of others nothing is known yet.
                    let first = if run.mode == "unattended" { Activity::Working } else { Activity::Unknown };
                    let next = run
                        .state
                        .apply(RunEvent::Started)
                        .and_then(|started| started.apply(RunEvent::Activity(first)))
                        .map_err(|e| StoreError::Conflict(e.to_string()))?;
                    sqlx::query(
                        "UPDATE runs SET phase = 'running', activity = ?, started_at = ?, argv = ?, agent_version = ?, session = ? \
                         WHERE id = ? AND phase = 'preparing'",
                    )
                    .bind(next.status().word())
                    .bind(now)
                    .bind(json(&facts.argv)?)
                    .bind(&facts.agent_version)
                    .bind(&facts.session)
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    let actor = Actor::Agent(run.agent.clone());
                    log(tx, run.task, Some(id), &actor, "run.started", format!("run {} started", run.attempt), now).await
                })
            })
            .await
    }

    /// Stores what the evidence says now. A run that ended meanwhile is left alone.
    pub async fn run_activity(
        &self,
        id: RunId,
        activity: Activity,
        evidence: String,
        message: Option<String>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = require(tx, id).await?;
                    let same = run.state == RunState::Running(activity)
                        && (activity != Activity::Waiting || run.reason == message);
                    if same || run.state.apply(RunEvent::Activity(activity)).is_err() {
                        return Ok(());
                    }
                    sqlx::query("UPDATE runs SET activity = ?, evidence = ?, reason = ? WHERE id = ? AND phase = 'running'")
                        .bind(activity.word())
                        .bind(&evidence)
                        .bind(&message)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    let text = match (activity, message) {
                        (Activity::Waiting, Some(question)) => format!("asks: {question}"),
                        (Activity::Waiting, None) => "waits for an answer".into(),
                        _ => format!("{} ({evidence})", activity.word().replace('_', " ")),
                    };
                    log(tx, run.task, Some(id), &Actor::Agent(run.agent), "run.activity", text, now).await
                })
            })
            .await
    }

    /// The agent's own session id, once it is known.
    pub async fn set_session(&self, id: RunId, session: String, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = require(tx, id).await?;
                    if run.session.as_ref() == Some(&session) {
                        return Ok(());
                    }
                    sqlx::query("UPDATE runs SET session = ? WHERE id = ?")
                        .bind(&session)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    let actor = Actor::Agent(run.agent);
                    log(tx, run.task, Some(id), &actor, "run.session", format!("session {session}"), now)
                        .await
                })
            })
            .await
    }

    /// The agent's version, which takes some agents seconds to tell: it is not waited for at the start.
    pub async fn set_agent_version(&self, id: RunId, version: String, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = require(tx, id).await?;
                    sqlx::query("UPDATE runs SET agent_version = ? WHERE id = ?")
                        .bind(&version)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    let text = format!("{} {version}", run.agent);
                    log(tx, run.task, Some(id), &Actor::Engine, "run.version", text, now).await
                })
            })
            .await
    }

    /// How many files and lines the workspace changed.
    pub async fn set_changes(
        &self,
        id: RunId,
        files: u32,
        added: u32,
        removed: u32,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = require(tx, id).await?;
                    let nothing_yet = run.changes.is_none() && files == 0;
                    if nothing_yet || run.changes == Some((files, added, removed)) {
                        return Ok(());
                    }
                    sqlx::query("UPDATE runs SET files = ?, added = ?, removed = ? WHERE id = ?")
                        .bind(files)
                        .bind(added)
                        .bind(removed)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    let noun = if files == 1 { "file" } else { "files" };
                    let text = format!("{files} {noun} changed, +{added} −{removed}");
                    log(tx, run.task, Some(id), &Actor::Engine, "run.changes", text, now).await
                })
            })
            .await
    }

    /// Remembers that a stop was asked for, so that the end reads as stopped whatever the exit code.
    pub async fn ask_stop(&self, id: RunId, actor: Actor, now: Millis) -> Result<RunRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = require(tx, id).await?;
                    if !run.state.is_live() || run.stop_asked_at.is_some() {
                        return Ok(run);
                    }
                    let made_way = actor == Actor::Engine;
                    sqlx::query("UPDATE runs SET stop_asked_at = ?, made_way = ? WHERE id = ?")
                        .bind(now)
                        .bind(made_way)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    log(
                        tx,
                        run.task,
                        Some(id),
                        &actor,
                        "run.stop_asked",
                        if made_way { "makes way for a more urgent card" } else { "asked the agent to stop" }
                            .into(),
                        now,
                    )
                    .await?;
                    Ok(run)
                })
            })
            .await
    }

    /// Remembers that the engine ends the run for `cause`, so that its end reads so. The first cause
    /// counts; a run that a person stops already is left to that. Returns whether it is to be ended.
    pub async fn ask_end(
        &self,
        id: RunId,
        cause: Cause,
        why: String,
        now: Millis,
    ) -> Result<bool, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let run = require(tx, id).await?;
                    if !run.state.is_live() || run.stop_asked_at.is_some() || run.ends_as.is_some() {
                        return Ok(false);
                    }
                    sqlx::query("UPDATE runs SET ends_as = ?, ends_why = ? WHERE id = ?")
                        .bind(cause.word())
                        .bind(&why)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    let text = format!("ended after {}: {why}", cause.noun());
                    log(tx, run.task, Some(id), &Actor::Engine, "run.ending", text, now).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Closes a run that never got as far as a process. The card goes back to where it stood.
    pub async fn run_not_started(&self, id: RunId, reason: String, now: Millis) -> Result<(), StoreError> {
        self.run_not_prepared(id, Cause::CouldNotStart, reason, now).await
    }

    /// The same, where the cause is another: it took too long, for instance.
    pub async fn run_not_prepared(
        &self,
        id: RunId,
        cause: Cause,
        reason: String,
        now: Millis,
    ) -> Result<(), StoreError> {
        let outcome = Outcome::Failed(cause);
        let ending = Ending { reason: Some(reason), ..Ending::of(outcome, now) };
        self.end_run(id, ending).await.map(|_| ())
    }

    /// Closes a run and, where it still holds its task, moves the card. Closing it twice changes
    /// nothing the second time. Returns whether this call closed it.
    pub async fn end_run(&self, id: RunId, ending: Ending) -> Result<bool, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { end(tx, id, ending).await })).await
    }
}

pub(crate) async fn begin(
    tx: &mut Tx<'_>,
    new: NewRun,
    actor: &Actor,
    now: Millis,
) -> Result<RunId, StoreError> {
    let task = tasks::require(tx, new.task).await?;
    if task.trashed_at.is_some() {
        return Err(StoreError::Conflict(format!("{} is in the trash; restore it first", new.task.key())));
    }
    if let Some(assignee) = task.assignee.as_ref().filter(|assignee| **assignee != new.agent) {
        return Err(StoreError::Conflict(format!(
            "{} is assigned to {assignee}; only {assignee} may start on it",
            new.task.key()
        )));
    }
    if let Some(reason) = task.stopped.as_ref().filter(|_| new.origin != Origin::Person) {
        return Err(StoreError::Conflict(format!(
            "the workflow of {} was stopped: {reason}",
            new.task.key()
        )));
    }
    let stopping: Option<i64> =
        sqlx::query_scalar("SELECT id FROM runs WHERE task_id = ? AND phase <> 'ended'")
            .bind(new.task.raw())
            .fetch_optional(&mut *tx.conn)
            .await?;
    if stopping.is_some() && task.task.live_run.is_none() {
        return Err(StoreError::Conflict(format!(
            "the last run of {} is still being stopped; try again in a moment",
            new.task.key()
        )));
    }
    // The machine decides before the row is made, so that a refusal leaves nothing.
    domain::transition(&task.task, &TaskEvent::RunBegan(RunId(0)))?;
    let (run, attempt) = insert(tx, &new, None, now).await?;
    apply(tx, &task.task, TaskEvent::RunBegan(run), now).await?;
    // New work on it: what was said of the old does not count for the new.
    let left_review = task.task.status == Status::Review;
    // Whoever starts it by hand has taken it up.
    let by_hand = new.origin == Origin::Person;
    sqlx::query(
        "UPDATE tasks SET last_run = ?1, runs = runs + 1, round = round + ?2, failed_as = NULL, failed_why = NULL, \
         called = CASE WHEN ?3 THEN NULL ELSE called END, strikes = CASE WHEN ?3 THEN 0 ELSE strikes END, \
         failing_since = CASE WHEN ?3 THEN NULL ELSE failing_since END WHERE id = ?4",
    )
        .bind(run.raw())
        .bind(left_review)
        .bind(by_hand)
        .bind(new.task.raw())
        .execute(&mut *tx.conn)
        .await?;
    let text = format!("run {attempt} with {}", new.agent);
    log(tx, new.task, Some(run), actor, "run.created", text, now).await?;
    Ok(run)
}

/// The row and its number among the task's attempts.
async fn insert(
    tx: &mut Tx<'_>,
    new: &NewRun,
    review: Option<ReviewTurn>,
    now: Millis,
) -> Result<(RunId, i64), StoreError> {
    for limit in &new.limits {
        has_room(tx, limit).await?;
    }
    let attempt: i64 = sqlx::query_scalar("SELECT coalesce(max(attempt), 0) + 1 FROM runs WHERE task_id = ?")
        .bind(new.task.raw())
        .fetch_one(&mut *tx.conn)
        .await?;
    let id = sqlx::query(
        "INSERT INTO runs (uid, task_id, attempt, agent, mode, model, argv, phase, created_at, origin, rule, account, \
         review_round, review_step, lease_for, lease_until) \
         VALUES (?, ?, ?, ?, ?, ?, '[]', 'preparing', ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(uuid::Uuid::now_v7().to_string())
    .bind(new.task.raw())
    .bind(attempt)
    .bind(&new.agent)
    .bind(&new.mode)
    .bind(&new.model)
    .bind(now)
    .bind(new.origin.word())
    .bind(&new.rule)
    .bind(&new.account)
    .bind(review.map(|turn| turn.round))
    .bind(review.map(|turn| turn.step as i64))
    .bind(new.lease)
    .bind(if new.lease > 0 { now + new.lease } else { 0 })
    .execute(&mut *tx.conn)
    .await?
    .last_insert_rowid();
    if new.lease > 0 {
        tx.touched.lease = tx.touched.lease.into_iter().chain([now + new.lease]).min();
    }
    let run = RunId(id);
    for whose in breaks(&new.agent, &new.account) {
        breakers::note(tx, &whose, run, &Sign::Started, now).await?;
    }
    Ok((run, attempt))
}

async fn begin_review(
    tx: &mut Tx<'_>,
    new: NewRun,
    turn: ReviewTurn,
    now: Millis,
) -> Result<RunId, StoreError> {
    let task = tasks::require(tx, new.task).await?;
    let at_work: Option<i64> =
        sqlx::query_scalar("SELECT id FROM runs WHERE task_id = ? AND phase <> 'ended'")
            .bind(new.task.raw())
            .fetch_optional(&mut *tx.conn)
            .await?;
    if task.task.status != Status::Review || task.round != turn.round || at_work.is_some() {
        return Err(StoreError::Conflict(format!("{} is not waiting for this review", new.task.key())));
    }
    let (run, attempt) = insert(tx, &new, Some(turn), now).await?;
    let text = format!("review {attempt} with {}", new.agent);
    log(tx, new.task, Some(run), &Actor::Engine, "run.created", text, now).await?;
    Ok(run)
}

fn breaks(agent: &str, account: &Option<String>) -> Vec<Breaks> {
    let agent = (agent != "custom").then(|| Breaks::Agent(agent.to_owned()));
    agent.into_iter().chain(account.clone().map(Breaks::Account)).collect()
}

pub(crate) async fn require(tx: &mut Tx<'_>, id: RunId) -> Result<RunRecord, StoreError> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM runs WHERE id = ?")
        .bind(id.raw())
        .fetch_optional(&mut *tx.conn)
        .await?;
    row.ok_or(missing(id))?.try_into()
}

pub(crate) fn missing(id: RunId) -> StoreError {
    StoreError::NotFound { what: "run", key: id.to_string() }
}
