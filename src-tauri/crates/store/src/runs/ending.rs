//! The end of a run, and in the same transaction what follows from it: where its card goes, what is counted, when it
//! is tried again and who is called.

use domain::{
    Actor, Aftermath, Cause, Counters, Effect, Id, Millis, Outcome, RetryPolicy, RetryRule, RunId, TaskEvent,
    TaskId, after_failure, dispatch::Until, failure::UNKNOWN_RESET,
};

use super::{Origin, RunRecord, breaks, require};
use crate::{
    agents,
    breakers::{self, Breaks, Sign},
    comments,
    error::StoreError,
    escalations, projects,
    tasks::{self, apply, json, log},
    writer::Tx,
};

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

fn outcome_words(outcome: Outcome) -> (&'static str, Option<&'static str>) {
    match outcome {
        Outcome::Succeeded => ("succeeded", None),
        Outcome::Failed(cause) => ("failed", Some(cause.word())),
        Outcome::Stopped => ("stopped", None),
        Outcome::Lost => ("lost", None),
    }
}

pub(crate) async fn end(tx: &mut Tx<'_>, id: RunId, ending: Ending) -> Result<bool, StoreError> {
    close(tx, id, ending, false).await
}

/// No attempt follows a failure, whatever the rule of retries says.
pub(crate) async fn end_for_good(tx: &mut Tx<'_>, id: RunId, ending: Ending) -> Result<bool, StoreError> {
    close(tx, id, ending, true).await
}

async fn close(tx: &mut Tx<'_>, id: RunId, ending: Ending, for_good: bool) -> Result<bool, StoreError> {
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
    let follow_up = match holds {
        true => follow_up(tx, &run, &task, &ending, for_good).await?,
        false => FollowUp::default(),
    };
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
    for_good: bool,
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
    let words = aftermath_words(&aftermath, ending.at);
    let (aftermath, next) =
        if for_good { (Aftermath::GiveUp, "It was given up.".into()) } else { (aftermath, words) };
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
