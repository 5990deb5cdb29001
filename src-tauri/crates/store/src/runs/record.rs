//! A run as its row has it.

use std::path::PathBuf;

use domain::{Activity, Cause, Millis, Outcome, RunId, RunState, TaskId, budget::Spent};
use sqlx::FromRow;

use crate::{
    error::StoreError,
    held::{Word, WordKind},
    paths, queue,
    readers::row,
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

row! {
    #[derive(FromRow)]
    pub(super) struct Row {
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
