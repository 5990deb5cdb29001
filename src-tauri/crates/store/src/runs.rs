//! Runs: one row for each attempt. The row is written before anything is started, so that whatever
//! happens next there is a record to adopt or to close.

use std::path::PathBuf;

use domain::{
    Activity, Actor, Aftermath, Cause, Counters, Effect, Id, Millis, Outcome, ProjectId, RetryPolicy,
    RetryRule, RunEvent, RunId, RunState, Status, TaskEvent, TaskId, after_failure, budget::Spent,
    dispatch::Until, failure::UNKNOWN_RESET,
};
use rusqlite::{params_from_iter, types::Value};
use sqlx::FromRow;

use crate::{
    Store, agents,
    breakers::{self, Breaks, Sign},
    comments,
    error::StoreError,
    escalations,
    held::{Word, WordKind},
    paths, projects, queue,
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
    pub origin: Origin,
    /// Why this agent and this model.
    pub rule: Option<String>,
    pub account: Option<String>,
    /// The engine ends it, for this cause.
    pub ends_as: Option<Cause>,
    /// The same for people.
    pub ends_why: Option<String>,
    /// Not a person asked it to stop: it makes way for a more urgent one, the work that it judged left
    /// review, or its own agent hands its task over.
    pub made_way: bool,
    /// What its agent said last of its work.
    pub word: Option<Word>,
    /// It judges the work instead of doing it.
    pub review: Option<ReviewTurn>,
    pub spent: Spent,
}

/// Which step of a task's gate a run carries out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewTurn {
    pub round: u32,
    pub step: usize,
}

/// Who started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Person,
    Dispatcher,
    /// An agent that runs elsewhere took the task from the queue.
    Pulled,
}

/// How many may be at work at one time; checked in the transaction that starts another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub on: LimitOn,
    pub limit: u32,
    /// For the sentence of a refusal: `project Shop`.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LimitOn {
    Total,
    /// What Flightboard started itself, on this machine.
    Here,
    Agent(String),
    Project(ProjectId),
    /// The repository at this path, for whichever project.
    Repository(PathBuf),
    /// Work that waits for a review.
    Review,
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
    /// When the account may be used again, after a usage limit.
    pub reset_at: Option<Millis>,
    pub at: Millis,
}

impl Ending {
    /// An end of which nothing more is known.
    pub fn of(outcome: Outcome, at: Millis) -> Ending {
        Ending {
            outcome,
            reason: None,
            exit_code: None,
            signal: None,
            output_bytes: 0,
            last_line: None,
            survivors: Vec::new(),
            reset_at: None,
            at,
        }
    }
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
    origin: String,
    rule: Option<String>,
    account: Option<String>,
    ends_as: Option<String>,
    ends_why: Option<String>,
    made_way: bool,
    word: Option<String>,
    word_text: String,
    review_round: Option<i64>,
    review_step: Option<i64>,
    tokens_in: i64,
    tokens_out: i64,
    tokens_cached: i64,
    micros: i64,
    estimated: bool,
}

impl Origin {
    pub fn word(self) -> &'static str {
        match self {
            Origin::Person => "person",
            Origin::Dispatcher => "dispatcher",
            Origin::Pulled => "pulled",
        }
    }

    pub(crate) fn parse(word: &str) -> Result<Origin, StoreError> {
        [Origin::Person, Origin::Dispatcher, Origin::Pulled]
            .into_iter()
            .find(|origin| origin.word() == word)
            .ok_or_else(|| StoreError::Corrupt(format!("origin {word}")))
    }
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
            origin: Origin::parse(&row.origin)?,
            rule: row.rule,
            account: row.account,
            ends_as: row.ends_as.as_deref().map(queue::cause).transpose()?,
            ends_why: row.ends_why,
            made_way: row.made_way,
            word: match row.word.as_deref().map(WordKind::parse).transpose()? {
                Some(kind) => Some(Word { kind, text: row.word_text }),
                None => None,
            },
            review: row
                .review_round
                .zip(row.review_step)
                .map(|(round, step)| ReviewTurn { round: round as u32, step: step as usize }),
            spent: Spent {
                micros: row.micros,
                tokens: row.tokens_in + row.tokens_out + row.tokens_cached,
                wall: row.started_at.map_or(0, |start| row.ended_at.unwrap_or(start) - start),
                estimated: row.estimated,
            },
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

pub(crate) async fn end(tx: &mut Tx<'_>, id: RunId, ending: Ending) -> Result<bool, StoreError> {
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
    let holds = task.task.live_run == Some(id);
    let follow_up = if holds { follow_up(tx, &run, &task, &ending).await? } else { FollowUp::default() };
    if let Some(event) = follow_up.event {
        let effects = apply(tx, &task.task, event, ending.at).await?;
        debug_assert!(!effects.iter().any(|effect| matches!(effect, Effect::StopRun(_))));
        settle(tx, &task, &follow_up.counters, follow_up.timer, follow_up.stays_queued).await?;
        if ending.outcome == Outcome::Succeeded {
            mended(tx, run.task).await?;
        }
    }
    tell_breakers(tx, &run, &ending).await?;
    if let Some(cause) = failure(ending.outcome).filter(|_| run.review.is_none()) {
        let escalated = match run.origin {
            Origin::Dispatcher | Origin::Pulled if holds => {
                escalations::failed(tx, run.task, task.project, cause, ending.at).await?
            }
            // A person saw it fail.
            Origin::Dispatcher | Origin::Pulled | Origin::Person => escalations::Escalated::default(),
        };
        let next = if escalated.halts { "Waits for a person." } else { &follow_up.next };
        let text = failure_comment(&run, cause, &ending, next);
        comments::insert(tx, run.task, &Actor::Engine, &text, ending.at).await?;
        if let Some(text) = escalated.comment {
            comments::insert(tx, run.task, &Actor::Engine, &text, ending.at).await?;
        }
    }
    let text = ending_text(run.attempt, &ending);
    log(tx, run.task, Some(id), &Actor::Agent(run.agent), "run.ended", text, ending.at).await?;
    Ok(true)
}

/// What a run's end means for its task.
#[derive(Default)]
struct FollowUp {
    event: Option<TaskEvent>,
    counters: Counters,
    timer: Option<Until>,
    stays_queued: bool,
    /// What comes next, for people: `tries again at once`.
    next: String,
}

/// Only what came from the queue is tried again by itself; what a person started is theirs.
async fn follow_up(
    tx: &mut Tx<'_>,
    run: &RunRecord,
    task: &tasks::TaskRecord,
    ending: &Ending,
) -> Result<FollowUp, StoreError> {
    let as_it_is = |counters| FollowUp {
        event: Some(task_event(run, ending)),
        counters,
        // A person stopped it, or a critical task took its place: only then it is still wanted.
        stays_queued: task.queued && (ending.outcome != Outcome::Stopped || run.made_way),
        ..FollowUp::default()
    };
    let Some(cause) = failure(ending.outcome) else { return Ok(as_it_is(task.failures.clone())) };
    let rule = retry_rule(tx, task, &run.agent, cause).await?;
    let (counters, aftermath) =
        after_failure(&task.failures, cause, rule, ending.reset_at, ending.at, spread(run.id));
    let timer = |at| Some(Until { at, after: cause });
    // What an agent took by itself was perhaps never the dispatcher's.
    let stays_queued = run.origin == Origin::Dispatcher || task.queued;
    let next = aftermath_words(&aftermath, ending.at);
    Ok(match (run.origin, aftermath) {
        (Origin::Person, _) => as_it_is(counters),
        (Origin::Dispatcher | Origin::Pulled, Aftermath::Retry { at } | Aftermath::Hold { until: at }) => {
            FollowUp {
                event: Some(TaskEvent::RunToRetry(run.id)),
                counters,
                timer: timer(at),
                stays_queued,
                next,
            }
        }
        (Origin::Dispatcher | Origin::Pulled, Aftermath::AskPerson) => {
            let reason = ending.reason.clone().unwrap_or_else(|| cause.noun().into());
            FollowUp {
                event: Some(TaskEvent::RunBlocked(run.id, reason)),
                counters,
                timer: None,
                stays_queued,
                next,
            }
        }
        (Origin::Dispatcher | Origin::Pulled, Aftermath::GiveUp) => {
            FollowUp { event: Some(TaskEvent::RunFailed(run.id)), counters, next, ..FollowUp::default() }
        }
    })
}

/// The card's own rule, else its agent's, its project's, the built-in one.
pub(crate) async fn retry_rule(
    tx: &mut Tx<'_>,
    task: &tasks::TaskRecord,
    agent: &str,
    cause: Cause,
) -> Result<RetryRule, StoreError> {
    let of_agent = agents::retry_policy(tx, agent).await?;
    let of_project = projects::retry_policy(tx, task.project).await?;
    Ok(RetryPolicy::rule(&[&task.routing.retry, &of_agent, &of_project], cause))
}

/// The work succeeded: whoever was called need not come any more.
async fn mended(tx: &mut Tx<'_>, task: TaskId) -> Result<(), StoreError> {
    sqlx::query("UPDATE tasks SET called = NULL, failing_since = NULL WHERE id = ?")
        .bind(task.raw())
        .execute(&mut *tx.conn)
        .await?;
    Ok(())
}

/// Chance for the jitter, from the run's number: the same history gives the same waits.
fn spread(run: RunId) -> f64 {
    let mixed = (run.raw() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

fn aftermath_words(aftermath: &Aftermath, now: Millis) -> String {
    match aftermath {
        Aftermath::Retry { at } if *at <= now => "Tries again at once.".into(),
        Aftermath::Retry { at } => format!("Tries again in {} s.", (at - now + 999) / 1_000),
        Aftermath::Hold { until } => format!("Goes on in {} min.", (until - now + 59_999) / 60_000),
        Aftermath::AskPerson => "Waits for a person.".into(),
        Aftermath::GiveUp => "Its attempts are used up.".into(),
    }
}

fn failure(outcome: Outcome) -> Option<Cause> {
    match outcome {
        Outcome::Failed(cause) => Some(cause),
        Outcome::Lost => Some(Cause::Lost),
        Outcome::Succeeded | Outcome::Stopped => None,
    }
}

fn failure_comment(run: &RunRecord, cause: Cause, ending: &Ending, next: &str) -> String {
    let reason = ending.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let text = format!("Attempt {} with {} ended after {}{reason}", run.attempt, run.agent, cause.noun());
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    [format!("{text}{stop}"), next.to_owned(), where_its_output_is(run)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What never started wrote nothing; what ran elsewhere wrote it there.
fn where_its_output_is(run: &RunRecord) -> String {
    if run.started_at.is_none() || run.origin == Origin::Pulled {
        return String::new();
    }
    let (attempt, key) = (run.attempt, run.task.key());
    format!("Its output: Log tab, run {attempt}, or `flightboard logs {key} --attempt {attempt}`.")
}

async fn settle(
    tx: &mut Tx<'_>,
    task: &tasks::TaskRecord,
    counters: &Counters,
    timer: Option<Until>,
    queued: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE tasks SET failures = ?, not_before = ?, not_before_after = ?, queued = ? WHERE id = ?",
    )
    .bind(json(counters)?)
    .bind(timer.map(|until| until.at))
    .bind(timer.map(|until| until.after.word()))
    .bind(queued)
    .bind(task.task.id.raw())
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

/// The agent's breaker and its account's hear of every end.
async fn tell_breakers(tx: &mut Tx<'_>, run: &RunRecord, ending: &Ending) -> Result<(), StoreError> {
    let sign = match ending.outcome {
        Outcome::Succeeded => Sign::Succeeded,
        Outcome::Failed(cause) => Sign::Failed(cause),
        Outcome::Stopped | Outcome::Lost => Sign::Nothing,
    };
    for whose in breaks(&run.agent, &run.account) {
        breakers::note(tx, &whose, run.id, &sign, ending.at).await?;
    }
    if ending.outcome == Outcome::Failed(Cause::UsageLimit) {
        let whose = match &run.account {
            Some(account) => Breaks::Account(account.clone()),
            None => Breaks::Agent(run.agent.clone()),
        };
        let until = ending.reset_at.filter(|at| *at > ending.at).unwrap_or(ending.at + UNKNOWN_RESET);
        breakers::rest(tx, &whose, until).await?;
    }
    Ok(())
}

fn breaks(agent: &str, account: &Option<String>) -> Vec<Breaks> {
    let agent = (agent != "custom").then(|| Breaks::Agent(agent.to_owned()));
    agent.into_iter().chain(account.clone().map(Breaks::Account)).collect()
}

pub(crate) async fn has_room(tx: &mut Tx<'_>, limit: &Limits) -> Result<(), StoreError> {
    let used = used(tx, &limit.on).await?;
    if used < i64::from(limit.limit) {
        return Ok(());
    }
    Err(StoreError::Conflict(format!(
        "{used} of {} in {}; wait until one has ended, or raise the limit in the settings",
        limit.limit, limit.name
    )))
}

/// How much of a limit is in use.
pub(crate) async fn used(tx: &mut Tx<'_>, on: &LimitOn) -> Result<i64, StoreError> {
    let (count, of) = counted(on);
    let of = params_from_iter(of);
    tx.here(|sql| sql.prepare_cached(count)?.query_row(of, |row| row.get(0))).await
}

/// The statement that counts, and its value.
pub(crate) fn counted(on: &LimitOn) -> (&'static str, Option<Value>) {
    match on {
        LimitOn::Total => ("SELECT count(*) FROM runs WHERE phase <> 'ended'", None),
        LimitOn::Here => ("SELECT count(*) FROM runs WHERE phase <> 'ended' AND origin <> 'pulled'", None),
        LimitOn::Agent(agent) => {
            let agent = Value::Text(agent.clone());
            ("SELECT count(*) FROM runs WHERE phase <> 'ended' AND agent = ?", Some(agent))
        }
        LimitOn::Project(project) => (
            "SELECT count(*) FROM runs r INDEXED BY runs_at_work CROSS JOIN tasks t ON t.id = r.task_id \
             WHERE r.phase <> 'ended' AND t.project_id = ?",
            Some(Value::Integer(project.raw())),
        ),
        LimitOn::Repository(path) => (
            "SELECT count(*) FROM runs r INDEXED BY runs_at_work CROSS JOIN tasks t ON t.id = r.task_id \
             WHERE r.phase <> 'ended' AND t.project_id IN (SELECT id FROM projects WHERE path = ?1 \
             UNION SELECT project_id FROM project_repositories WHERE path = ?1)",
            Some(Value::Blob(paths::to_bytes(path))),
        ),
        LimitOn::Review => {
            ("SELECT count(*) FROM tasks WHERE status = 'review' AND trashed_at IS NULL", None)
        }
    }
}

fn task_event(run: &RunRecord, ending: &Ending) -> TaskEvent {
    let id = run.id;
    match ending.outcome {
        Outcome::Succeeded => TaskEvent::RunSucceeded(id),
        Outcome::Failed(Cause::CouldNotStart) => TaskEvent::RunNotStarted(id),
        Outcome::Failed(Cause::Timeout) if run.started_at.is_none() => TaskEvent::RunNotStarted(id),
        Outcome::Failed(Cause::Blocked | Cause::Budget) => {
            TaskEvent::RunBlocked(id, ending.reason.clone().unwrap_or_default())
        }
        // Whoever starts it next begins a new session.
        Outcome::Failed(Cause::SessionGone) => TaskEvent::RunToRetry(id),
        Outcome::Failed(_) => TaskEvent::RunFailed(id),
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
        Outcome::Failed(_) => format!("run {attempt} failed{reason}"),
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

pub(crate) fn missing(id: RunId) -> StoreError {
    StoreError::NotFound { what: "run", key: id.to_string() }
}
