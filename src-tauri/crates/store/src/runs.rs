//! Runs: one row for each attempt. The row is written before anything is started, so that whatever
//! happens next there is a record to adopt or to close.

use std::path::PathBuf;

use domain::{
    Activity, Actor, Cause, Effect, Id, Millis, Outcome, RunEvent, RunId, RunState, TaskEvent, TaskId,
};
use sqlx::FromRow;

use crate::{
    Store,
    error::StoreError,
    paths,
    tasks::{self, apply, json, log},
    writer::Tx,
};

#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    pub id: RunId,
    pub task: TaskId,
    pub attempt: u32,
    pub agent: String,
    pub agent_version: Option<String>,
    /// `interactive` or `unattended`.
    pub mode: String,
    pub model: Option<String>,
    pub argv: Vec<String>,
    pub state: RunState,
    pub evidence: Option<String>,
    pub reason: Option<String>,
    pub created_at: Millis,
    pub started_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub session: Option<String>,
    pub workspace: Option<WorkspaceRecord>,
    pub stop_asked_at: Option<Millis>,
    pub output_bytes: i64,
    pub last_line: Option<String>,
    pub survivors: Vec<String>,
    /// Files, lines added, lines removed.
    pub changes: Option<(u32, u32, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceRecord {
    pub path: PathBuf,
    /// `worktree`, `folder` or `inplace`.
    pub kind: String,
    pub branch: Option<String>,
    pub base: Option<String>,
    pub present: bool,
    pub salvage: Option<String>,
}

#[derive(Clone, Debug)]
pub struct NewRun {
    pub task: TaskId,
    pub agent: String,
    pub mode: String,
    pub model: Option<String>,
}

/// What is known once the agent's process runs.
#[derive(Clone, Debug, Default)]
pub struct StartFacts {
    pub argv: Vec<String>,
    pub agent_version: Option<String>,
    pub session: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ending {
    pub outcome: Outcome,
    pub reason: Option<String>,
    pub exit_code: Option<i32>,
    pub signal: Option<i32>,
    pub output_bytes: i64,
    pub last_line: Option<String>,
    pub survivors: Vec<String>,
    pub at: Millis,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    task_id: i64,
    attempt: i64,
    agent: String,
    agent_version: Option<String>,
    mode: String,
    model: Option<String>,
    argv: String,
    phase: String,
    activity: Option<String>,
    outcome: Option<String>,
    cause: Option<String>,
    evidence: Option<String>,
    reason: Option<String>,
    created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    exit_code: Option<i32>,
    signal: Option<i32>,
    session: Option<String>,
    ws_path: Option<Vec<u8>>,
    ws_kind: Option<String>,
    ws_branch: Option<String>,
    ws_base: Option<String>,
    ws_present: i64,
    salvage: Option<String>,
    stop_asked_at: Option<i64>,
    output_bytes: i64,
    last_line: Option<String>,
    survivors: String,
    files: Option<i64>,
    added: Option<i64>,
    removed: Option<i64>,
}

impl TryFrom<Row> for RunRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let list = |text: &str| serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()));
        let state = state(&row.phase, row.activity.as_deref(), row.outcome.as_deref(), row.cause.as_deref())?;
        let workspace = row.ws_path.zip(row.ws_kind).map(|(path, kind)| WorkspaceRecord {
            path: paths::from_bytes(&path),
            kind,
            branch: row.ws_branch,
            base: row.ws_base,
            present: row.ws_present == 1,
            salvage: row.salvage,
        });
        let changes = row.files.zip(row.added).zip(row.removed);
        Ok(RunRecord {
            id: RunId(row.id),
            task: TaskId(row.task_id),
            attempt: row.attempt as u32,
            agent: row.agent,
            agent_version: row.agent_version,
            mode: row.mode,
            model: row.model,
            argv: list(&row.argv)?,
            state,
            evidence: row.evidence,
            reason: row.reason,
            created_at: row.created_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            exit_code: row.exit_code,
            signal: row.signal,
            session: row.session,
            workspace,
            stop_asked_at: row.stop_asked_at,
            output_bytes: row.output_bytes,
            last_line: row.last_line,
            survivors: list(&row.survivors)?,
            changes: changes.map(|((files, added), removed)| (files as u32, added as u32, removed as u32)),
        })
    }
}

/// Puts a state together from its stored words.
pub(crate) fn state(
    phase: &str,
    activity: Option<&str>,
    outcome: Option<&str>,
    cause: Option<&str>,
) -> Result<RunState, StoreError> {
    let corrupt = || StoreError::Corrupt(format!("run state {phase} {activity:?} {outcome:?} {cause:?}"));
    match (phase, outcome) {
        ("queued", _) => Ok(RunState::Queued),
        ("preparing", _) => Ok(RunState::Preparing),
        ("running", _) => activity.and_then(Activity::parse).map(RunState::Running).ok_or_else(corrupt),
        ("ended", Some("succeeded")) => Ok(RunState::Ended(Outcome::Succeeded)),
        ("ended", Some("stopped")) => Ok(RunState::Ended(Outcome::Stopped)),
        ("ended", Some("lost")) => Ok(RunState::Ended(Outcome::Lost)),
        ("ended", Some("failed")) => cause
            .and_then(Cause::parse)
            .map(|cause| RunState::Ended(Outcome::Failed(cause)))
            .ok_or_else(corrupt),
        _ => Err(corrupt()),
    }
}

fn outcome_words(outcome: Outcome) -> (&'static str, Option<&'static str>) {
    match outcome {
        Outcome::Succeeded => ("succeeded", None),
        Outcome::Failed(cause) => ("failed", Some(cause.word())),
        Outcome::Stopped => ("stopped", None),
        Outcome::Lost => ("lost", None),
    }
}

impl Store {
    /// Makes a run and gives it the task, in one step: two callers cannot both succeed.
    pub async fn begin_run(&self, new: NewRun, actor: Actor, now: Millis) -> Result<RunRecord, StoreError> {
        let id =
            self.writer.write(move |tx| Box::pin(async move { begin(tx, new, &actor, now).await })).await?;
        self.run(id).await
    }

    pub async fn run(&self, id: RunId) -> Result<RunRecord, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM runs WHERE id = ?")
            .bind(id.raw())
            .fetch_optional(&self.readers)
            .await?;
        row.ok_or(missing(id))?.try_into()
    }

    /// Newest first.
    pub async fn runs_of(&self, task: TaskId) -> Result<Vec<RunRecord>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT * FROM runs WHERE task_id = ? ORDER BY id DESC")
            .bind(task.raw())
            .fetch_all(&self.readers)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Every run that the database believes alive, for adoption at start.
    pub async fn live_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT * FROM runs WHERE phase <> 'ended' ORDER BY id")
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
                    sqlx::query("UPDATE runs SET stop_asked_at = ? WHERE id = ?")
                        .bind(now)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    log(
                        tx,
                        run.task,
                        Some(id),
                        &actor,
                        "run.stop_asked",
                        "asked the agent to stop".into(),
                        now,
                    )
                    .await?;
                    Ok(run)
                })
            })
            .await
    }

    /// Closes a run that never got as far as a process. The card goes back to where it stood.
    pub async fn run_not_started(&self, id: RunId, reason: String, now: Millis) -> Result<(), StoreError> {
        let ending = Ending {
            outcome: Outcome::Failed(Cause::CouldNotStart),
            reason: Some(reason),
            exit_code: None,
            signal: None,
            output_bytes: 0,
            last_line: None,
            survivors: Vec::new(),
            at: now,
        };
        self.end_run(id, ending).await.map(|_| ())
    }

    /// Closes a run and, where it still holds its task, moves the card. Closing it twice changes
    /// nothing the second time. Returns whether this call closed it.
    pub async fn end_run(&self, id: RunId, ending: Ending) -> Result<bool, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { end(tx, id, ending).await })).await
    }
}

async fn begin(tx: &mut Tx<'_>, new: NewRun, actor: &Actor, now: Millis) -> Result<RunId, StoreError> {
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
    let attempt: i64 = sqlx::query_scalar("SELECT coalesce(max(attempt), 0) + 1 FROM runs WHERE task_id = ?")
        .bind(new.task.raw())
        .fetch_one(&mut *tx.conn)
        .await?;
    // The machine decides before the row is made, so that a refusal leaves nothing.
    domain::transition(&task.task, &TaskEvent::RunBegan(RunId(0)))?;
    let id = sqlx::query(
        "INSERT INTO runs (uid, task_id, attempt, agent, mode, model, argv, phase, created_at) VALUES (?, ?, ?, ?, ?, ?, '[]', 'preparing', ?)",
    )
    .bind(uuid::Uuid::now_v7().to_string())
    .bind(new.task.raw())
    .bind(attempt)
    .bind(&new.agent)
    .bind(&new.mode)
    .bind(&new.model)
    .bind(now)
    .execute(&mut *tx.conn)
    .await?
    .last_insert_rowid();
    let run = RunId(id);
    apply(tx, &task.task, TaskEvent::RunBegan(run), now).await?;
    sqlx::query("UPDATE tasks SET last_run = ?, runs = runs + 1 WHERE id = ?")
        .bind(id)
        .bind(new.task.raw())
        .execute(&mut *tx.conn)
        .await?;
    let text = format!("run {attempt} with {}", new.agent);
    log(tx, new.task, Some(run), actor, "run.created", text, now).await?;
    Ok(run)
}

async fn end(tx: &mut Tx<'_>, id: RunId, ending: Ending) -> Result<bool, StoreError> {
    let run = require(tx, id).await?;
    if !run.state.is_live() {
        return Ok(false);
    }
    let (outcome, cause) = outcome_words(ending.outcome);
    sqlx::query(
        "UPDATE runs SET phase = 'ended', activity = NULL, outcome = ?, cause = ?, reason = ?, ended_at = ?, \
         exit_code = ?, signal = ?, output_bytes = ?, last_line = ?, survivors = ? WHERE id = ? AND phase <> 'ended'",
    )
    .bind(outcome)
    .bind(cause)
    .bind(&ending.reason)
    .bind(ending.at)
    .bind(ending.exit_code)
    .bind(ending.signal)
    .bind(ending.output_bytes)
    .bind(&ending.last_line)
    .bind(json(&ending.survivors)?)
    .bind(id.raw())
    .execute(&mut *tx.conn)
    .await?;
    let task = tasks::require(tx, run.task).await?;
    if task.task.live_run == Some(id) {
        let effects = apply(tx, &task.task, task_event(id, &ending), ending.at).await?;
        debug_assert!(!effects.iter().any(|effect| matches!(effect, Effect::StopRun(_))));
    }
    let text = ending_text(run.attempt, &ending);
    log(tx, run.task, Some(id), &Actor::Agent(run.agent), "run.ended", text, ending.at).await?;
    Ok(true)
}

fn task_event(id: RunId, ending: &Ending) -> TaskEvent {
    match ending.outcome {
        Outcome::Succeeded => TaskEvent::RunSucceeded(id),
        Outcome::Failed(Cause::CouldNotStart) => TaskEvent::RunNotStarted(id),
        Outcome::Failed(Cause::Blocked) => {
            TaskEvent::RunBlocked(id, ending.reason.clone().unwrap_or_default())
        }
        Outcome::Failed(Cause::ExitedNonZero | Cause::AgentError) => TaskEvent::RunFailed(id),
        Outcome::Stopped => TaskEvent::RunStopped(id),
        Outcome::Lost => TaskEvent::RunLost(id),
    }
}

fn ending_text(attempt: u32, ending: &Ending) -> String {
    let reason = ending.reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
    match ending.outcome {
        Outcome::Succeeded => format!("run {attempt} finished"),
        Outcome::Failed(Cause::CouldNotStart) => format!("run {attempt} could not start{reason}"),
        Outcome::Failed(Cause::Blocked) => format!("run {attempt} is blocked{reason}"),
        Outcome::Failed(Cause::ExitedNonZero | Cause::AgentError) => format!("run {attempt} failed{reason}"),
        Outcome::Stopped => format!("run {attempt} was stopped"),
        Outcome::Lost => format!("run {attempt} was lost{reason}"),
    }
}

pub(crate) async fn require(tx: &mut Tx<'_>, id: RunId) -> Result<RunRecord, StoreError> {
    let row: Option<Row> = sqlx::query_as("SELECT * FROM runs WHERE id = ?")
        .bind(id.raw())
        .fetch_optional(&mut *tx.conn)
        .await?;
    row.ok_or(missing(id))?.try_into()
}

fn missing(id: RunId) -> StoreError {
    StoreError::NotFound { what: "run", key: id.to_string() }
}
