//! What an agent may do by its own word to the task that its run holds: say how far it is, say its last
//! word, hand the task over, let it wait for others. Each call carries the run's number and what its agent
//! alone was told: the `uid` of a claimed run, the key of one that Flightboard started. Once the run holds the
//! task no more, its word counts for nothing.

use domain::{
    Actor, Id, Millis, RunId, TaskId,
    edges::{Edge, Need, Standing},
};
use sqlx::{FromRow, SqliteExecutor};

use crate::{
    Store, comments, edges,
    error::StoreError,
    keys,
    runs::{self, Origin},
    tasks::log,
    writer::Tx,
};

/// Characters of the line on the card.
const LINE: usize = 200;

/// A run that holds its task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub run: RunId,
    pub task: TaskId,
    pub attempt: u32,
    pub agent: String,
    pub origin: Origin,
}

/// What an agent said last of its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub kind: WordKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordKind {
    Succeeded,
    Failed,
    /// Another run goes on with the task.
    Handed,
}

/// Who goes on with a task, and what with.
#[derive(Clone, Debug, Default)]
pub struct HandOver {
    /// None: whoever the queue chooses.
    pub to: Option<String>,
    /// What must come out first.
    pub after: Vec<(TaskId, Need)>,
    /// For whoever goes on.
    pub notes: String,
}

#[derive(FromRow)]
struct Row {
    task_id: i64,
    proven: bool,
    attempt: i64,
    agent: String,
    origin: String,
    phase: String,
    outcome: Option<String>,
    live_run: Option<i64>,
}

impl WordKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            WordKind::Succeeded => "succeeded",
            WordKind::Failed => "failed",
            WordKind::Handed => "handed",
        }
    }

    pub(crate) fn parse(word: &str) -> Result<WordKind, StoreError> {
        [WordKind::Succeeded, WordKind::Failed, WordKind::Handed]
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or_else(|| StoreError::Corrupt(format!("word {word}")))
    }
}

impl Store {
    /// The run, if the token is its own and it holds its task.
    pub async fn holder(&self, run: RunId, token: &str) -> Result<Holder, StoreError> {
        find(&self.readers, run, token).await
    }

    /// The claimed run whose token this is, while it holds its task.
    pub async fn claimed_with(&self, token: &str) -> Result<Option<Holder>, StoreError> {
        let run: Option<i64> = sqlx::query_scalar("SELECT id FROM runs WHERE uid = ? AND origin = 'pulled'")
            .bind(token)
            .fetch_optional(&self.readers)
            .await?;
        let Some(run) = run else { return Ok(None) };
        match find(&self.readers, RunId(run), token).await {
            Ok(holder) => Ok(Some(holder)),
            Err(StoreError::Conflict(_) | StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A line for the card and its history. It vouches for a pulled run as a heartbeat does.
    pub async fn report_progress(
        &self,
        run: RunId,
        token: String,
        text: String,
        now: Millis,
    ) -> Result<Holder, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let holder = find(&mut *tx.conn, run, &token).await?;
                    let lease: Option<i64> = sqlx::query_scalar(
                        "UPDATE runs SET last_line = ?, lease_until = CASE origin WHEN 'pulled' THEN ? + lease_for \
                         ELSE lease_until END WHERE id = ? RETURNING CASE origin WHEN 'pulled' THEN lease_until END",
                    )
                    .bind(domain::text::elide(&text, LINE))
                    .bind(now)
                    .bind(run.raw())
                    .fetch_one(&mut *tx.conn)
                    .await?;
                    tx.touched.lease = lease;
                    let author = Actor::Agent(holder.agent.clone());
                    log(tx, holder.task, Some(run), &author, "run.progress", text, now).await?;
                    Ok(holder)
                })
            })
            .await
    }

    /// Ends the run's work for another run to go on with: its task stays in the queue, for `to` alone if
    /// named, and waits for what is named. Nothing is ended, and the second value is false, where nobody is
    /// named and all that is waited for has come out already.
    pub async fn hand_over(
        &self,
        run: RunId,
        token: String,
        over: HandOver,
        now: Millis,
    ) -> Result<(Holder, bool), StoreError> {
        self.writer
            .write(move |tx| Box::pin(async move { hand_over(tx, run, &token, over, now).await }))
            .await
    }
}

pub(crate) async fn find<'e>(
    executor: impl SqliteExecutor<'e>,
    run: RunId,
    token: &str,
) -> Result<Holder, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT r.task_id, r.attempt, r.agent, r.origin, r.phase, r.outcome, t.live_run, \
         CASE r.origin WHEN 'pulled' THEN r.uid = ? ELSE EXISTS (SELECT 1 FROM keys k WHERE k.run_id = r.id \
         AND k.hash = ? AND k.revoked_at IS NULL) END AS proven \
         FROM runs r JOIN tasks t ON t.id = r.task_id WHERE r.id = ?",
    )
    .bind(token)
    .bind(keys::hash(token))
    .bind(run.raw())
    .fetch_optional(executor)
    .await?;
    let row = row.ok_or_else(|| runs::missing(run))?;
    if !row.proven {
        return Err(StoreError::Conflict(format!(
            "this is not the token of run {run}; use the one that its agent was given"
        )));
    }
    let task = TaskId(row.task_id);
    if row.phase == "ended" || row.live_run != Some(run.raw()) {
        let why = why_over(row.outcome.as_deref());
        return Err(StoreError::Conflict(format!("run {run} no longer holds {}: {why}", task.key())));
    }
    Ok(Holder {
        run,
        task,
        attempt: row.attempt as u32,
        agent: row.agent,
        origin: Origin::parse(&row.origin)?,
    })
}

/// Why a run does not hold its task any more.
pub(crate) fn why_over(outcome: Option<&str>) -> &'static str {
    match outcome {
        Some("lost") => "nothing was heard of it in time, and it was taken for lost",
        Some("stopped") => "it was stopped",
        Some(_) => "it has ended",
        None => "the card was taken from it",
    }
}

/// What the agent of a run that Flightboard started says of its work. The run goes on until its process ends.
pub(crate) async fn say_last_word(
    tx: &mut Tx<'_>,
    holder: &Holder,
    word: &Word,
    now: Millis,
) -> Result<(), StoreError> {
    let new = sqlx::query(
        "UPDATE runs SET word = ?1, word_text = ?2 WHERE id = ?3 AND (word IS NOT ?1 OR word_text <> ?2)",
    )
    .bind(word.kind.word())
    .bind(&word.text)
    .bind(holder.run.raw())
    .execute(&mut *tx.conn)
    .await?
    .rows_affected();
    if new == 0 {
        return Ok(());
    }
    let author = Actor::Agent(holder.agent.clone());
    let said = match word.kind {
        WordKind::Succeeded => "says that its work is done".to_owned(),
        WordKind::Failed => format!("says that it failed: {}", domain::text::elide(&word.text, LINE)),
        WordKind::Handed => format!("hands over: {}", domain::text::elide(&word.text, LINE)),
    };
    // The end of a failed run brings its reason along.
    if word.kind != WordKind::Failed && !word.text.is_empty() {
        comments::insert(tx, holder.task, &author, &word.text, now).await?;
    }
    log(tx, holder.task, Some(holder.run), &author, "run.word", said, now).await
}

async fn hand_over(
    tx: &mut Tx<'_>,
    run: RunId,
    token: &str,
    over: HandOver,
    now: Millis,
) -> Result<(Holder, bool), StoreError> {
    let holder = find(&mut *tx.conn, run, token).await?;
    let actor = Actor::Agent(holder.agent.clone());
    let mut waits = false;
    for (upstream, need) in over.after {
        let edge = Edge { task: holder.task, upstream, need };
        waits |= edges::add_of_holder(tx, edge, &actor, now).await? != Standing::Met;
    }
    if over.to.is_none() && !waits {
        return Ok((holder, false));
    }
    let word = Word { kind: WordKind::Handed, text: over.notes };
    say_last_word(tx, &holder, &word, now).await?;
    // As with a run that makes way for a more urgent one: its task is still wanted.
    sqlx::query("UPDATE runs SET stop_asked_at = coalesce(stop_asked_at, ?), made_way = 1 WHERE id = ?")
        .bind(now)
        .bind(run.raw())
        .execute(&mut *tx.conn)
        .await?;
    sqlx::query(
        "UPDATE tasks SET queued = 1, assignee = coalesce(?, assignee), updated_at = ?, version = version + 1 WHERE id = ?",
    )
    .bind(&over.to)
    .bind(now)
    .bind(holder.task.raw())
    .execute(&mut *tx.conn)
    .await?;
    let next = match &over.to {
        Some(agent) => format!("hands the task over to {agent}"),
        None => "lets the task wait".into(),
    };
    log(tx, holder.task, Some(run), &actor, "run.handed_over", next, now).await?;
    Ok((holder, true))
}
