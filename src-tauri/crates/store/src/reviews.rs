//! What reviewers said: one row for each step of a round that was carried out. The card moves in the
//! transaction that stores the verdict.

use domain::{
    Actor, Aftermath, Cause, Effect, Id, Millis, RunId, Status, TaskEvent, TaskId, after_failure,
    dispatch::Until,
    review::{Gate, Next, Step, StepOutcome},
};
use sqlx::FromRow;

use crate::{
    Store, comments,
    error::StoreError,
    escalations, projects,
    readers::{Ask, row},
    runs,
    tasks::{self, TaskRecord, apply, json, log},
    writer::Tx,
};

/// A step of a gate that came to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReview {
    pub task: TaskId,
    /// The run whose work was judged.
    pub run: Option<RunId>,
    /// A verdict on an earlier round is stored and moves nothing.
    pub round: u32,
    pub step: usize,
    /// `check`, `agent` or `person`.
    pub kind: &'static str,
    pub reviewer: String,
    pub outcome: StepOutcome,
    /// The run that came to the verdict. A second verdict of one run is refused.
    pub review_run: Option<RunId>,
    /// What the worker hears, byte for byte.
    pub notes: String,
    /// What the reviewer was asked.
    pub prompt: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRecord {
    pub id: i64,
    pub run: Option<RunId>,
    pub review_run: Option<RunId>,
    pub round: u32,
    pub step: usize,
    pub kind: String,
    pub reviewer: String,
    pub outcome: StepOutcome,
    pub notes: String,
    pub prompt: String,
    pub at: Millis,
}

row! {
    #[derive(FromRow)]
    struct Row {
        id: i64,
        run_id: Option<i64>,
        review_run: Option<i64>,
        round: i64,
        step: i64,
        kind: String,
        reviewer: String,
        outcome: String,
        notes: String,
        prompt: String,
        at: i64,
    }
}

impl TryFrom<Row> for ReviewRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(ReviewRecord {
            id: row.id,
            run: row.run_id.map(RunId),
            review_run: row.review_run.map(RunId),
            round: row.round as u32,
            step: row.step as usize,
            kind: row.kind,
            reviewer: row.reviewer,
            outcome: outcome(&row.outcome)?,
            notes: row.notes,
            prompt: row.prompt,
            at: row.at,
        })
    }
}

impl Store {
    /// Every verdict on the task, oldest first.
    pub async fn reviews(&self, task: TaskId) -> Result<Vec<ReviewRecord>, StoreError> {
        let all = format!("SELECT {} FROM reviews WHERE task_id = ? ORDER BY id", Row::COLUMNS);
        let rows = self.here(|sql| Ok(sql.rows(&all, [task.raw()], Row::read)?)).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Cards in review that have a gate and are not kept for a person, the longest waiting first: all, or
    /// those of `among`.
    pub async fn waiting_at_gates(&self, among: Option<&[TaskId]>) -> Result<Vec<TaskId>, StoreError> {
        let id = |row: &rusqlite::Row<'_>| row.get(0).map(TaskId);
        let Some(among) = among else {
            return self.aside(move |sql| Ok(sql.rows(AT_GATES, [], id)?)).await;
        };
        let list = json(&among.iter().map(|id| id.raw()).collect::<Vec<_>>())?;
        self.here(|sql| Ok(sql.rows(AMONG_AT_GATES, [list], id)?)).await
    }

    pub async fn count_in_review(&self) -> Result<u32, StoreError> {
        let count = "SELECT count(*) FROM tasks WHERE status = 'review' AND trashed_at IS NULL";
        self.here(|sql| Ok(sql.row(count, [], |row| row.get(0))?.unwrap_or(0))).await
    }

    /// Keeps a card in review for a person, with the reason.
    pub async fn hold_review(&self, task: TaskId, reason: String, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let found = tasks::require(tx, task).await?;
                    if found.task.status != Status::Review || found.task.held.as_ref() == Some(&reason) {
                        return Ok(());
                    }
                    sqlx::query("UPDATE tasks SET held = ?, updated_at = ? WHERE id = ?")
                        .bind(&reason)
                        .bind(now)
                        .bind(task.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    log(tx, task, None, &Actor::Engine, "task.held", reason, now).await
                })
            })
            .await
    }

    /// Stores a verdict and moves the card where it now belongs. Returns what the engine must do about
    /// it. A verdict on an earlier round is kept and moves nothing; one on work that is not in review is
    /// refused.
    pub async fn add_review(&self, new: NewReview, now: Millis) -> Result<Vec<Effect>, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { add(tx, new, now).await })).await
    }

    /// A verdict on a card that is not in review: it stays with the card, a rejection as a comment too, and neither
    /// moves it nor counts for its gate later.
    pub async fn keep_review(&self, new: NewReview, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    tasks::require(tx, new.task).await?;
                    record(tx, &new, now).await?;
                    if new.outcome == StepOutcome::Rejected {
                        say(tx, &new, now).await?;
                    }
                    let next = "UPDATE tasks SET round = round + 1 WHERE id = ? AND round = ?";
                    sqlx::query(next).bind(new.task.raw()).bind(new.round).execute(&mut *tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// What must approve the task, from itself or its project, and how this round stands.
    pub async fn gate(&self, task: TaskId) -> Result<(Gate, Vec<(usize, StepOutcome)>), StoreError> {
        const GATE: &str = "SELECT coalesce(t.gate, p.settings -> 'gate'), t.round FROM tasks t \
             LEFT JOIN projects p ON p.id = t.project_id WHERE t.id = ?";
        let found: Option<(Option<String>, Vec<OutcomeRow>)> = self
            .here(|sql| {
                let row: Option<(Option<String>, i64)> = sql.row(GATE, [task.raw()], |row| row.try_into())?;
                let Some((gate, round)) = row else { return Ok(None) };
                Ok(Some((gate, sql.rows(OUTCOMES, [task.raw(), round], |row| row.try_into())?)))
            })
            .await?;
        let Some((gate, rows)) = found else {
            return Err(StoreError::NotFound { what: "task", key: task.key() });
        };
        let gate = match gate.filter(|text| text != "null") {
            Some(text) => serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(e.to_string()))?,
            None => Gate::default(),
        };
        let so_far = read_outcomes(&gate, rows)?;
        Ok((gate, so_far))
    }
}

macro_rules! at_gates {
    ($condition:literal) => {
        concat!(
            "SELECT t.id FROM tasks t LEFT JOIN projects p ON p.id = t.project_id WHERE ",
            $condition,
            " t.status = 'review' AND t.trashed_at IS NULL AND t.held IS NULL \
             AND json_array_length(coalesce(t.gate, p.settings -> 'gate', '[]')) > 0 ORDER BY t.entered_at, t.id"
        )
    };
}

const AT_GATES: &str = at_gates!("");
/// The + keeps it from the index over all that is in review.
pub(crate) const AMONG_AT_GATES: &str = at_gates!("t.id IN (SELECT value FROM json_each(?)) AND +");

async fn gate_of(tx: &mut Tx<'_>, task: &TaskRecord) -> Result<Gate, StoreError> {
    match &task.routing.gate {
        Some(gate) => Ok(gate.clone()),
        None => projects::gate(tx, task.project).await,
    }
}

/// Called when somebody puts a card to *done*: refuses what the gate does not let through. A person's
/// move is the person's approval where that is the last thing asked for.
pub(crate) async fn pass_gate(
    tx: &mut Tx<'_>,
    task: &TaskRecord,
    actor: &Actor,
    now: Millis,
) -> Result<(), StoreError> {
    let gate = gate_of(tx, task).await?;
    let id = task.task.id;
    if gate.0.is_empty() {
        return Ok(());
    }
    if task.task.status != Status::Review {
        return Err(StoreError::Conflict(format!(
            "{} is in {}; its project lets only reviewed work reach Done",
            id.key(),
            task.task.status.title()
        )));
    }
    let so_far = outcomes(tx, id, &gate, task.round).await?;
    if !gate.lets_through(&so_far) {
        return Err(StoreError::Conflict(format!(
            "{} is not approved yet: {}",
            id.key(),
            missing(&gate, &so_far)
        )));
    }
    let last = gate.0.len() - 1;
    if gate.0[last] == Step::Person && !so_far.contains(&(last, StepOutcome::Approved)) {
        let new = NewReview {
            task: id,
            run: task.last_run,
            round: task.round,
            step: last,
            kind: "person",
            reviewer: actor.to_string(),
            outcome: StepOutcome::Approved,
            review_run: None,
            notes: String::new(),
            prompt: String::new(),
        };
        insert(tx, &new, now).await?;
    }
    Ok(())
}

/// What stands between the work and *done*.
fn missing(gate: &Gate, so_far: &[(usize, StepOutcome)]) -> String {
    let name = |at: usize| match &gate.0[at] {
        Step::Check { command, .. } => format!("the check `{}`", command.join(" ")),
        Step::Agent { agent } => format!("the review by {agent}"),
        Step::Person => "a person's approval".into(),
    };
    match gate.next(so_far) {
        Next::Run { at, .. } | Next::Wait { at } => format!("{} is still to come", name(at)),
        Next::Stuck { at } => format!("{} came to no verdict", name(at)),
        Next::Rework | Next::Done => "the work was rejected".into(),
    }
}

async fn insert(tx: &mut Tx<'_>, new: &NewReview, now: Millis) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reviews (task_id, run_id, round, step, kind, reviewer, outcome, notes, prompt, at, review_run) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(new.task.raw())
    .bind(new.run.map(Id::raw))
    .bind(new.round)
    .bind(new.step as i64)
    .bind(new.kind)
    .bind(&new.reviewer)
    .bind(word(new.outcome))
    .bind(&new.notes)
    .bind(&new.prompt)
    .bind(now)
    .bind(new.review_run.map(Id::raw))
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

/// Stores what was said and logs it.
async fn record(tx: &mut Tx<'_>, new: &NewReview, now: Millis) -> Result<(), StoreError> {
    insert(tx, new, now).await?;
    let text = match new.outcome {
        StepOutcome::Approved => format!("{} approved", new.reviewer),
        StepOutcome::Rejected => format!("{} rejected the work", new.reviewer),
        StepOutcome::NoVerdict => {
            format!("{} came to no verdict: {}", new.reviewer, domain::text::elide(&new.notes, 200))
        }
    };
    log(tx, new.task, new.run, &author(new), "task.reviewed", text, now).await
}

fn author(new: &NewReview) -> Actor {
    match new.kind {
        "agent" => Actor::Agent(new.reviewer.clone()),
        "person" => Actor::Person,
        _ => Actor::Engine,
    }
}

/// The notes as a comment, so that the next attempt hears them.
async fn say(tx: &mut Tx<'_>, new: &NewReview, now: Millis) -> Result<(), StoreError> {
    let author = author(new);
    let comment = comments::insert(tx, new.task, &author, &new.notes, now).await?;
    if new.kind == "person" && new.reviewer != author.to_string() {
        comments::frame(tx, comment, Some(&new.reviewer), None).await?;
    }
    Ok(())
}

async fn add(tx: &mut Tx<'_>, new: NewReview, now: Millis) -> Result<Vec<Effect>, StoreError> {
    let task = tasks::require(tx, new.task).await?;
    if task.round == new.round && task.task.status != Status::Review {
        domain::transition(&task.task, &TaskEvent::Approved)?;
    }
    let gate = gate_of(tx, &task).await?;
    record(tx, &new, now).await?;
    let actor = author(&new);
    if task.round != new.round {
        return Ok(Vec::new());
    }
    match gate.next(&outcomes(tx, new.task, &gate, task.round).await?) {
        Next::Done => {
            let effects = apply(tx, &task.task, TaskEvent::Approved, now).await?;
            let text = "approved: moved from Review to Done".into();
            log(tx, new.task, None, &actor, "task.completed", text, now).await?;
            Ok(effects)
        }
        Next::Rework => send_back(tx, &task, &gate, &new, &actor, now).await,
        Next::Run { .. } | Next::Wait { .. } => Ok(Vec::new()),
        Next::Stuck { .. } => {
            sqlx::query("UPDATE tasks SET held = ? WHERE id = ?")
                .bind(format!("{} came to no verdict three times; decide yourself", new.reviewer))
                .bind(new.task.raw())
                .execute(&mut *tx.conn)
                .await?;
            Ok(Vec::new())
        }
    }
}

/// The feedback becomes a comment, and the card goes back to ready, or fails once its rejections are
/// used up.
async fn send_back(
    tx: &mut Tx<'_>,
    task: &TaskRecord,
    gate: &Gate,
    new: &NewReview,
    actor: &Actor,
    now: Millis,
) -> Result<Vec<Effect>, StoreError> {
    say(tx, new, now).await?;
    let cause = match gate.0.get(new.step) {
        Some(Step::Check { .. }) => Cause::GateFailed,
        Some(Step::Agent { .. } | Step::Person) | None => Cause::ReviewRejected,
    };
    let worker = match new.run {
        Some(run) => runs::require(tx, run).await?.agent,
        None => String::new(),
    };
    let rule = runs::retry_rule(tx, task, &worker, cause).await?;
    let (counters, aftermath) = after_failure(&task.failures, cause, rule, None, now, 0.5);
    let (event, timer) = match aftermath {
        Aftermath::Retry { at } | Aftermath::Hold { until: at } => {
            (TaskEvent::Rejected, Some(Until { at, after: cause }))
        }
        Aftermath::AskPerson => (TaskEvent::Rejected, None),
        Aftermath::GiveUp => (TaskEvent::GivenUp, None),
    };
    let given_up = event == TaskEvent::GivenUp;
    let effects = apply(tx, &task.task, event, now).await?;
    sqlx::query(
        "UPDATE tasks SET failures = ?, not_before = ?, not_before_after = ?, round = round + 1, failed_as = ?, \
         failed_why = ? WHERE id = ?",
    )
    .bind(json(&counters)?)
    .bind(timer.map(|until| until.at))
    .bind(timer.map(|until| until.after.word()))
    .bind(given_up.then_some(cause.word()))
    .bind(given_up.then(|| last_word(new, cause, counters.of(cause))))
    .bind(new.task.raw())
    .execute(&mut *tx.conn)
    .await?;
    let text = if given_up {
        format!("{}: moved from Review to Failed", last_word(new, cause, counters.of(cause)))
    } else {
        "sent back: moved from Review to Ready".into()
    };
    log(tx, new.task, None, actor, "task.moved", text, now).await?;
    // A person who rejects knows.
    if *actor == Actor::Person {
        return Ok(effects);
    }
    let escalated = escalations::failed(tx, new.task, task.project, cause, now).await?;
    if let Some(text) = escalated.comment {
        comments::insert(tx, new.task, &Actor::Engine, &text, now).await?;
    }
    Ok(effects)
}

/// Why reviews put the card on the shelf.
fn last_word(new: &NewReview, cause: Cause, count: u32) -> String {
    let times = if count == 1 { String::new() } else { format!(" {count} times") };
    match cause {
        Cause::GateFailed => format!("the check `{}` failed{times}", new.reviewer),
        // The other class that a review leads to.
        _ => format!("{} rejected the work{times}", new.reviewer),
    }
}

/// Asks whoever judges the task's work to end, in the transaction that takes the work away: after a crash
/// whoever takes the run over ends it. Returns that run.
pub(crate) async fn dismiss(tx: &mut Tx<'_>, task: TaskId, now: Millis) -> Result<Option<RunId>, StoreError> {
    let judging: Option<(i64, bool)> = sqlx::query_as(
        "SELECT id, stop_asked_at IS NOT NULL FROM runs \
         WHERE task_id = ? AND phase <> 'ended' AND review_step IS NOT NULL",
    )
    .bind(task.raw())
    .fetch_optional(&mut *tx.conn)
    .await?;
    let Some((run, asked)) = judging.map(|(id, asked)| (RunId(id), asked)) else { return Ok(None) };
    if !asked {
        sqlx::query("UPDATE runs SET stop_asked_at = ?, made_way = 1 WHERE id = ?")
            .bind(now)
            .bind(run.raw())
            .execute(&mut *tx.conn)
            .await?;
        log(tx, task, Some(run), &Actor::Engine, "run.stop_asked", "its work left Review".into(), now)
            .await?;
    }
    Ok(Some(run))
}

/// How the steps of a round ended, oldest first.
pub(crate) async fn outcomes(
    tx: &mut Tx<'_>,
    task: TaskId,
    gate: &Gate,
    round: u32,
) -> Result<Vec<(usize, StepOutcome)>, StoreError> {
    let rows = sqlx::query_as(OUTCOMES).bind(task.raw()).bind(round).fetch_all(&mut *tx.conn).await?;
    read_outcomes(gate, rows)
}

/// Step, outcome, kind, reviewer.
type OutcomeRow = (i64, String, String, String);

const OUTCOMES: &str =
    "SELECT step, outcome, kind, reviewer FROM reviews WHERE task_id = ? AND round = ? ORDER BY id";

/// What was said counts for the step that it was said of: where the gate was changed meanwhile, the
/// approval of whatever stands in that place now is still to come.
fn read_outcomes(gate: &Gate, rows: Vec<OutcomeRow>) -> Result<Vec<(usize, StepOutcome)>, StoreError> {
    rows.into_iter()
        .map(|(step, text, kind, reviewer)| (step as usize, text, kind, reviewer))
        .filter(|(at, _, kind, reviewer)| gate.0.get(*at).is_none_or(|step| step.is_of(kind, reviewer)))
        .map(|(at, text, ..)| Ok((at, outcome(&text)?)))
        .collect()
}

fn word(outcome: StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Approved => "approved",
        StepOutcome::Rejected => "rejected",
        StepOutcome::NoVerdict => "no_verdict",
    }
}

fn outcome(text: &str) -> Result<StepOutcome, StoreError> {
    [StepOutcome::Approved, StepOutcome::Rejected, StepOutcome::NoVerdict]
        .into_iter()
        .find(|outcome| word(*outcome) == text)
        .ok_or_else(|| StoreError::Corrupt(format!("review outcome {text}")))
}
