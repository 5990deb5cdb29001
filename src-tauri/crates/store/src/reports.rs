//! What agents that pull report at the end of their runs. Reports that wait at one time are answered
//! by the same few statements; one that comes too late changes nothing and its words are kept.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
};

use domain::{Actor, Cause, Id, Millis, Outcome, RunId, Status, Task, TaskEvent, TaskId, transition};
use rusqlite::{OptionalExtension, Row, params};

use crate::{
    Store,
    breakers::{self, Breaks, Sign},
    changes::{CardChange, record_all},
    comments,
    error::StoreError,
    held::{self, Word, WordKind},
    readers::Ask,
    runs::{self, Ending},
    tasks::{json, status},
    writer::{Bulk, BulkAnswers, Tx},
};

/// The end of a pulled run, as its agent reports it.
#[derive(Clone, Debug)]
pub struct NewReport {
    pub run: RunId,
    pub token: String,
    pub succeeded: bool,
    /// Becomes a comment.
    pub message: Option<String>,
    pub now: Millis,
}

/// What became of a report.
pub(crate) enum Told {
    Counted,
    /// The run does not hold its task any more; why, for people.
    TooLate(String),
}

struct ReportedRow {
    id: i64,
    task_id: i64,
    uid: String,
    attempt: i64,
    agent: String,
    origin: String,
    phase: String,
    outcome: Option<String>,
    cause: Option<String>,
    status: String,
    live_run: Option<i64>,
    came_from: Option<String>,
    held: Option<String>,
    /// Its agent's breaker has moved.
    shaken: bool,
}

pub(crate) const REPORTED: &str = "SELECT r.id, r.task_id, r.uid, r.attempt, r.agent, \
    r.origin, r.phase, r.outcome, r.cause, t.status, t.live_run, t.came_from, t.held, \
    EXISTS (SELECT 1 FROM breakers b WHERE b.kind = 'agent' AND b.name = r.agent) \
    FROM runs r JOIN tasks t ON t.id = r.task_id WHERE r.id = ?";

async fn reported(tx: &mut Tx<'_>, runs: &[i64]) -> Result<Vec<ReportedRow>, StoreError> {
    tx.here(|sql| {
        let mut find = sql.statement(REPORTED)?;
        let rows = runs.iter().map(|run| find.query_row([run], ReportedRow::read).optional());
        rows.filter_map(Result::transpose).collect()
    })
    .await
}

impl Store {
    /// Closes a pulled run; of one that Flightboard started it keeps the word. `Conflict` if it does not hold its task any more; its message is then kept
    /// as a comment all the same. Reporting the same end twice changes nothing the second time.
    pub async fn finish_run(&self, report: NewReport) -> Result<(), StoreError> {
        match self.writer.write_bulk(report).await? {
            Told::Counted => Ok(()),
            Told::TooLate(why) => Err(StoreError::Conflict(why)),
        }
    }
}

impl Bulk for NewReport {
    type Answer = Told;

    fn run<'t>(tx: &'t mut Tx<'_>, items: &'t [NewReport]) -> BulkAnswers<'t, Told> {
        Box::pin(async move {
            let ids: Vec<i64> = items.iter().map(|report| report.run.raw()).collect();
            let rows = reported(tx, &ids).await?;
            let rows: HashMap<RunId, ReportedRow> =
                rows.into_iter().map(|row| (RunId(row.id), row)).collect();
            let mut done: Vec<(&NewReport, &ReportedRow)> = Vec::new();
            let mut closed = HashSet::new();
            let mut answers = Vec::with_capacity(items.len());
            for report in items {
                if let Some(row) = rows.get(&report.run).filter(|row| row.origin != "pulled") {
                    answers.push(of_started(tx, report, row).await);
                    continue;
                }
                let row = match known(rows.get(&report.run), report.run, &report.token) {
                    Ok(row) => row,
                    Err(refused) => {
                        answers.push(Err(refused));
                        continue;
                    }
                };
                let holds = row.phase == "running" && row.live_run == Some(row.id);
                // The same report twice in one commit is like one in two.
                if row.says(report) || (holds && !closed.insert(report.run)) {
                    answers.push(Ok(Told::Counted));
                } else if !holds {
                    keep(tx, report, row).await?;
                    answers.push(Ok(Told::TooLate(row.too_late(report))));
                } else if report.succeeded {
                    row.may_succeed()?;
                    done.push((report, row));
                    answers.push(Ok(Told::Counted));
                } else {
                    let outcome = Outcome::Failed(Cause::AgentError);
                    let ending = Ending { reason: report.message.clone(), ..Ending::of(outcome, report.now) };
                    runs::end(tx, report.run, ending).await?;
                    answers.push(Ok(Told::Counted));
                }
            }
            succeed_all(tx, &done, items.iter().any(|report| !report.succeeded)).await?;
            Ok(answers)
        })
    }
}

impl NewReport {
    fn word(&self) -> Word {
        let kind = if self.succeeded { WordKind::Succeeded } else { WordKind::Failed };
        Word { kind, text: self.message.clone().unwrap_or_default() }
    }
}

/// The word of an agent that Flightboard started; its process tells the end.
async fn of_started(tx: &mut Tx<'_>, report: &NewReport, row: &ReportedRow) -> Result<Told, StoreError> {
    match held::find(&mut *tx.conn, report.run, &report.token).await {
        Ok(holder) => {
            held::say_last_word(tx, &holder, &report.word(), report.now).await?;
            Ok(Told::Counted)
        }
        Err(StoreError::Conflict(_)) if row.phase == "ended" && row.says(report) => Ok(Told::Counted),
        Err(refused) => Err(refused),
    }
}

impl ReportedRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<ReportedRow> {
        Ok(ReportedRow {
            id: row.get(0)?,
            task_id: row.get(1)?,
            uid: row.get(2)?,
            attempt: row.get(3)?,
            agent: row.get(4)?,
            origin: row.get(5)?,
            phase: row.get(6)?,
            outcome: row.get(7)?,
            cause: row.get(8)?,
            status: row.get(9)?,
            live_run: row.get(10)?,
            came_from: row.get(11)?,
            held: row.get(12)?,
            shaken: row.get(13)?,
        })
    }

    fn author(&self) -> Actor {
        Actor::Agent(self.agent.clone())
    }

    /// Whether the run ended just as the report says.
    fn says(&self, report: &NewReport) -> bool {
        let reported = if report.succeeded {
            (Some("succeeded"), None)
        } else {
            (Some("failed"), Some(Cause::AgentError.word()))
        };
        (self.outcome.as_deref(), self.cause.as_deref()) == reported
    }

    /// The machine's word on it.
    fn may_succeed(&self) -> Result<(), StoreError> {
        let task = Task {
            id: TaskId(self.task_id),
            status: status(&self.status)?,
            live_run: self.live_run.map(RunId),
            came_from: self.came_from.as_deref().map(status).transpose()?,
            held: self.held.clone(),
        };
        let (next, _) = transition(&task, &TaskEvent::RunSucceeded(RunId(self.id)))?;
        debug_assert_eq!((next.status, next.live_run, next.held), (Status::Review, None, None));
        Ok(())
    }

    fn too_late(&self, report: &NewReport) -> String {
        let key = TaskId(self.task_id).key();
        let why = held::why_over(self.outcome.as_deref());
        let kept = if report.message.is_some() { "; what it says is kept as a comment" } else { "" };
        format!("run {} no longer holds {key}: {why}{kept}", self.id)
    }
}

fn known<'r>(row: Option<&'r ReportedRow>, run: RunId, token: &str) -> Result<&'r ReportedRow, StoreError> {
    let row = row.ok_or_else(|| runs::missing(run))?;
    if row.origin != "pulled" {
        return Err(StoreError::Conflict(format!(
            "run {run} was started by Flightboard, which sees by itself that it lives"
        )));
    }
    if row.uid != token {
        return Err(StoreError::Conflict(format!(
            "this is not the token of run {run}; use the one that its claim returned"
        )));
    }
    Ok(row)
}

/// Why a heartbeat did not count.
pub(crate) async fn why_not(tx: &mut Tx<'_>, run: RunId, token: &str) -> Result<StoreError, StoreError> {
    let row = reported(tx, &[run.raw()]).await?.pop();
    let silent = NewReport { run, token: token.to_owned(), succeeded: true, message: None, now: 0 };
    Ok(match known(row.as_ref(), run, token) {
        Ok(row) => StoreError::Conflict(row.too_late(&silent)),
        Err(refused) => refused,
    })
}

/// The words of a report that came too late, once however often it is repeated.
async fn keep(tx: &mut Tx<'_>, report: &NewReport, row: &ReportedRow) -> Result<(), StoreError> {
    let Some(message) = &report.message else { return Ok(()) };
    let task = TaskId(row.task_id);
    let author = row.author();
    let body = format!("Run {} came too late and says:\n\n{message}", row.attempt);
    let there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM task_comments WHERE task_id = ? AND author = ? AND body = ?)",
    )
    .bind(row.task_id)
    .bind(author.to_string())
    .bind(&body)
    .fetch_one(&mut *tx.conn)
    .await?;
    if there {
        return Ok(());
    }
    comments::insert(tx, task, &author, &body, report.now).await?;
    let text = format!("run {} reported too late", row.attempt);
    crate::tasks::log(tx, task, Some(report.run), &author, "run.late", text, report.now).await
}

/// ?1 is the time, ?2 the run.
pub(crate) const SUCCEED: &str = "UPDATE runs SET phase = 'ended', activity = NULL, outcome = 'succeeded', ended_at = ?1, \
    exit_code = NULL WHERE id = ?2 AND phase = 'running'";
/// ?1 is the time, ?2 the run, ?3 its task.
pub(crate) const TO_REVIEW: &str = "UPDATE tasks SET status = 'review', live_run = NULL, came_from = NULL, held = NULL, \
    updated_at = ?1, entered_at = ?1, not_before = NULL, not_before_after = NULL, called = NULL, failing_since = NULL \
    WHERE id = ?3 AND status = 'in_progress' AND live_run = ?2";

/// Runs that succeeded: their cards go to review. If others of this commit failed, a breaker may have
/// moved since the rows were read.
async fn succeed_all(
    tx: &mut Tx<'_>,
    done: &[(&NewReport, &ReportedRow)],
    others_failed: bool,
) -> Result<(), StoreError> {
    let Some(now) = done.iter().map(|(report, _)| report.now).max() else { return Ok(()) };
    let (ended, moved) = tx
        .here(|sql| {
            let (mut succeed, mut to_review) = (sql.statement(SUCCEED)?, sql.statement(TO_REVIEW)?);
            let (mut ended, mut moved) = (0, 0);
            for (report, row) in done {
                ended += succeed.execute(params![now, row.id])?;
                moved += to_review.execute(params![now, row.id, row.task_id])?;
                if let Some(message) = &report.message {
                    comments::say(sql, TaskId(row.task_id), &row.author(), message, report.now)?;
                }
            }
            Ok((ended, moved))
        })
        .await?;
    if (ended, moved) != (done.len(), done.len()) {
        return Err(StoreError::Conflict("a run was ended by somebody else; look at its card".into()));
    }
    let changes = done.iter().map(|(report, row)| CardChange {
        at: now,
        actor: Cow::Owned(row.author()),
        task: TaskId(row.task_id),
        run: Some(report.run),
        text: format!("run {} finished", row.attempt),
    });
    record_all(tx, "run.ended", &changes.collect::<Vec<_>>()).await?;
    let shaken = done.iter().filter(|(_, row)| row.shaken || others_failed);
    let agents: BTreeSet<&str> = shaken.map(|(_, row)| row.agent.as_str()).collect();
    if agents.is_empty() {
        return Ok(());
    }
    let moved = breakers::gates(tx, &json(&agents)?, now).await?;
    for (report, row) in done.iter().filter(|(_, row)| moved.contains_key(&row.agent)) {
        let whose = Breaks::Agent(row.agent.clone());
        breakers::note(tx, &whose, report.run, &Sign::Succeeded, now).await?;
    }
    Ok(())
}
