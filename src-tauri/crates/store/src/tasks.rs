//! Tasks: what people write on cards, and the state that the machine in `domain` decides over.
//! Every write reads the row inside its own transaction, asks `domain::transition`, and writes the
//! answer guarded by the state it expected.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
};

use domain::{
    Actor, Column, Counters, Effect, Id, Millis, Priority, ProjectId, RetryPolicy, RunId, Status, Task,
    TaskEvent, TaskId, TaskKey, dispatch::Until, review::Gate, transition,
};
use rusqlite::{Connection, params};

use crate::{
    Store,
    changes::{CardChange, Change, record, record_all},
    edges,
    error::StoreError,
    projects, queue,
    readers::{Ask, row},
    reviews,
    runs::{self, Limits},
    subtasks,
    writer::{Bulk, BulkAnswers, Tx},
};

#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    pub task: Task,
    pub uid: String,
    pub project: Option<ProjectId>,
    pub title: String,
    pub description: String,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub due_at: Option<Millis>,
    pub assignee: Option<String>,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub entered_at: Millis,
    pub version: i64,
    pub trashed_at: Option<Millis>,
    pub last_run: Option<RunId>,
    /// The dispatcher may take it.
    pub queued: bool,
    pub routing: Routing,
    pub not_before: Option<Until>,
    pub failures: Counters,
    /// Rises with each return from review, from 1.
    pub round: u32,
    /// Why a person was called.
    pub called: Option<String>,
    /// Why its workflow was stopped.
    pub stopped: Option<String>,
}

/// Who may take the task, and what its failures are allowed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routing {
    /// Agents in the order of preference; empty: those of its project.
    pub chain: Vec<String>,
    pub skills: Vec<String>,
    pub model: Option<String>,
    pub retry: RetryPolicy,
    /// None: as its project has it.
    pub gate: Option<Gate>,
}

#[derive(Clone, Debug)]
pub struct NewTask {
    pub title: String,
    pub description: String,
    pub project: Option<ProjectId>,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub due_at: Option<Millis>,
    /// The only agent that may start on it.
    pub assignee: Option<String>,
    /// `Inbox` or `Ready`.
    pub status: Status,
    /// None: as its project has it.
    pub queued: Option<bool>,
    pub routing: Routing,
}

/// Fields left `None` stay.
#[derive(Clone, Debug, Default)]
pub struct TaskEdit {
    pub title: Option<String>,
    pub description: Option<String>,
    pub project: Option<ProjectId>,
    pub priority: Option<Priority>,
    pub tags: Option<Vec<String>>,
    pub due_at: Option<Option<Millis>>,
    pub assignee: Option<Option<String>>,
    pub routing: Option<Routing>,
    /// The version that the editor started from.
    pub version: Option<i64>,
}

row! {
    struct Row {
        id: i64,
        uid: String,
        project_id: Option<i64>,
        title: String,
        description: String,
        status: String,
        priority: i64,
        tags: String,
        due_at: Option<i64>,
        assignee: Option<String>,
        created_at: i64,
        updated_at: i64,
        entered_at: i64,
        live_run: Option<i64>,
        came_from: Option<String>,
        held: Option<String>,
        version: i64,
        trashed_at: Option<i64>,
        deleted_at: Option<i64>,
        last_run: Option<i64>,
        queued: bool,
        chain: String,
        skills: String,
        model: Option<String>,
        retry: String,
        gate: Option<String>,
        not_before: Option<i64>,
        not_before_after: Option<String>,
        failures: String,
        round: i64,
        called: Option<String>,
        stopped: Option<String>,
    }
}

impl TryFrom<Row> for TaskRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        if row.deleted_at.is_some() {
            return Err(StoreError::Deleted(TaskId(row.id).key()));
        }
        let after = row.not_before_after.as_deref().map(queue::cause).transpose()?;
        Ok(TaskRecord {
            task: Task {
                id: TaskId(row.id),
                status: status(&row.status)?,
                live_run: row.live_run.map(RunId),
                came_from: row.came_from.as_deref().map(status).transpose()?,
                held: row.held,
            },
            uid: row.uid,
            project: row.project_id.map(ProjectId),
            title: row.title,
            description: row.description,
            priority: priority(row.priority)?,
            tags: parse(&row.tags)?,
            due_at: row.due_at,
            assignee: row.assignee,
            created_at: row.created_at,
            updated_at: row.updated_at,
            entered_at: row.entered_at,
            version: row.version,
            trashed_at: row.trashed_at,
            last_run: row.last_run.map(RunId),
            queued: row.queued,
            routing: Routing {
                chain: parse(&row.chain)?,
                skills: parse(&row.skills)?,
                model: row.model,
                retry: parse(&row.retry)?,
                gate: row.gate.as_deref().map(parse).transpose()?,
            },
            not_before: row.not_before.zip(after).map(|(at, after)| Until { at, after }),
            failures: parse(&row.failures)?,
            round: row.round as u32,
            called: row.called,
            stopped: row.stopped,
        })
    }
}

pub(crate) fn status(word: &str) -> Result<Status, StoreError> {
    Status::parse(word).ok_or_else(|| StoreError::Corrupt(format!("status {word}")))
}

pub(crate) fn priority(level: i64) -> Result<Priority, StoreError> {
    Priority::from_level(level).map_err(|e| StoreError::Corrupt(e.to_string()))
}

impl Store {
    pub async fn add_task(&self, new: NewTask, actor: Actor, now: Millis) -> Result<TaskId, StoreError> {
        self.writer.write_bulk(Addition { new, actor, now }).await
    }

    pub async fn task(&self, id: TaskId) -> Result<TaskRecord, StoreError> {
        self.here(|sql| find(sql, id)?.ok_or_else(|| missing(&id.key()))?.try_into()).await
    }

    pub async fn find_task(&self, key: &TaskKey) -> Result<TaskId, StoreError> {
        match key {
            TaskKey::Id(id) => self.task(*id).await.map(|found| found.task.id),
            TaskKey::Uid(uid) => {
                let id = self
                    .here(|sql| Ok(sql.row("SELECT id FROM tasks WHERE uid = ?", [uid], |row| row.get(0))?))
                    .await?;
                self.task(id.map(TaskId).ok_or_else(|| missing(uid))?).await.map(|found| found.task.id)
            }
        }
    }

    pub async fn edit_task(
        &self,
        id: TaskId,
        edit: TaskEdit,
        actor: Actor,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.writer.write(move |tx| Box::pin(async move { update(tx, id, edit, &actor, now).await })).await
    }

    /// Puts the card into a column. Returns what the engine must do about it.
    pub async fn move_task(
        &self,
        id: TaskId,
        to: Column,
        actor: Actor,
        now: Millis,
    ) -> Result<Vec<Effect>, StoreError> {
        self.move_task_within(id, to, Vec::new(), actor, now).await
    }

    /// The same, refused where a limit leaves no room for one more.
    pub async fn move_task_within(
        &self,
        id: TaskId,
        to: Column,
        limits: Vec<Limits>,
        actor: Actor,
        now: Millis,
    ) -> Result<Vec<Effect>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let from = require(tx, id).await?;
                    if from.task.status == to {
                        return Ok(Vec::new());
                    }
                    for limit in &limits {
                        runs::has_room(tx, limit).await?;
                    }
                    if to == Status::Done {
                        reviews::pass_gate(tx, &from, &actor, now).await?;
                    }
                    let text = format!("moved from {} to {}", from.task.status.title(), to.title());
                    let effects = apply(tx, &from.task, TaskEvent::Moved(to), now).await?;
                    let queued = queued_after_move(tx, &from, to).await?;
                    start_afresh(tx, &from, to, queued).await?;
                    let kind = if to == Status::Done { "task.completed" } else { "task.moved" };
                    log(tx, id, None, &actor, kind, text, now).await?;
                    Ok(effects)
                })
            })
            .await
    }

    /// Hides the card. A card with an agent at work is refused; stop it first. Returns what the engine
    /// must do about it.
    pub async fn trash_task(&self, id: TaskId, now: Millis) -> Result<Vec<Effect>, StoreError> {
        self.set_trashed(id, Some(now), Vec::new(), now).await
    }

    /// Back to where it lay. Refused where that is Review and the `limits` of Review leave no room.
    pub async fn restore_task(&self, id: TaskId, limits: Vec<Limits>, now: Millis) -> Result<(), StoreError> {
        self.set_trashed(id, None, limits, now).await.map(|_| ())
    }

    async fn set_trashed(
        &self,
        id: TaskId,
        at: Option<Millis>,
        limits: Vec<Limits>,
        now: Millis,
    ) -> Result<Vec<Effect>, StoreError> {
        let (kind, text) = match at {
            Some(_) => ("task.trashed", "moved to the trash"),
            None => ("task.restored", "taken out of the trash"),
        };
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let found = require(tx, id).await?;
                    if found.trashed_at.is_some() == at.is_some() {
                        return Ok(Vec::new());
                    }
                    if found.task.live_run.is_some() {
                        return Err(StoreError::Conflict(format!(
                            "{} has an agent at work; stop it first",
                            id.key()
                        )));
                    }
                    if found.task.status == Status::Review {
                        for limit in &limits {
                            runs::has_room(tx, limit).await?;
                        }
                    }
                    sqlx::query("UPDATE tasks SET trashed_at = ?, updated_at = ? WHERE id = ?")
                        .bind(at)
                        .bind(now)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    subtasks::touch_parent(tx, id).await?;
                    log(tx, id, None, &Actor::Person, kind, text.into(), now).await?;
                    let reviewer = match at {
                        Some(_) => reviews::dismiss(tx, id, now).await?,
                        None => None,
                    };
                    Ok(reviewer.map(Effect::StopRun).into_iter().collect())
                })
            })
            .await
    }
}

/// A person who takes a card from its agent does not want the next one to start on it at once.
async fn queued_after_move(tx: &mut Tx<'_>, from: &TaskRecord, to: Column) -> Result<bool, StoreError> {
    match (from.task.status, to) {
        (Status::InProgress, _) => Ok(false),
        (_, Status::Ready) => projects::dispatches(tx, from.project).await,
        (_, _) => Ok(from.queued),
    }
}

/// What a person's move settles: timers are over, whoever was called has come, and a card that comes back
/// from the shelf begins with all its attempts.
pub(crate) async fn start_afresh(
    tx: &mut Tx<'_>,
    from: &TaskRecord,
    to: Column,
    queued: bool,
) -> Result<(), StoreError> {
    let replayed = from.task.status.is_terminal() && !to.is_terminal();
    sqlx::query(
        "UPDATE tasks SET queued = ?, not_before = NULL, not_before_after = NULL, called = NULL, strikes = 0, \
         failing_since = NULL, failed_as = NULL, failed_why = NULL, failures = CASE WHEN ? THEN '{}' ELSE failures END, round = round + ? WHERE id = ?",
    )
    .bind(queued)
    .bind(replayed)
    .bind(replayed || from.task.status == Status::Review)
    .bind(from.task.id.raw())
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

/// Cancels a card whose branch is not taken. One that has begun is left alone.
pub(crate) async fn cancel_needless(
    tx: &mut Tx<'_>,
    id: TaskId,
    upstream: TaskId,
    now: Millis,
) -> Result<(), StoreError> {
    let found = require(tx, id).await?;
    if found.trashed_at.is_some() || transition(&found.task, &TaskEvent::NotNeeded).is_err() {
        return Ok(());
    }
    // A future that holds itself must be boxed: what waits for this one may be needless in its turn.
    Box::pin(apply(tx, &found.task, TaskEvent::NotNeeded, now)).await?;
    let text = format!("not needed: {} succeeded", upstream.key());
    log(tx, id, None, &Actor::Engine, "task.not_needed", text, now).await
}

/// A card about to be added.
pub(crate) struct Addition {
    pub new: NewTask,
    pub actor: Actor,
    pub now: Millis,
}

impl Bulk for Addition {
    type Answer = TaskId;

    fn run<'t>(tx: &'t mut Tx<'_>, items: &'t [Addition]) -> BulkAnswers<'t, TaskId> {
        Box::pin(insert_all(tx, items))
    }
}

pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    new: NewTask,
    actor: &Actor,
    now: Millis,
) -> Result<TaskId, StoreError> {
    insert_all(tx, &[Addition { new, actor: actor.clone(), now }]).await?.remove(0)
}

async fn insert_all(
    tx: &mut Tx<'_>,
    items: &[Addition],
) -> Result<Vec<Result<TaskId, StoreError>>, StoreError> {
    // Whether each project hands its cards to the dispatcher; an error where there is no such project.
    let mut projects: HashMap<Option<ProjectId>, Result<bool, ProjectId>> = HashMap::new();
    for project in items.iter().map(|item| item.new.project) {
        if let Entry::Vacant(unseen) = projects.entry(project) {
            unseen.insert(projects::dispatches_if_known(tx, project).await?);
        }
    }
    let known: Vec<(&Addition, bool)> = items
        .iter()
        .filter_map(|item| Some((item, projects[&item.new.project].ok()?)))
        .map(|(item, dispatches)| {
            let queued = item.new.queued.unwrap_or(item.new.status == Status::Ready && dispatches);
            (item, queued)
        })
        .collect();
    let ids = if known.is_empty() { Vec::new() } else { insert_known(tx, &known).await? };
    let mut ids = ids.into_iter();
    items
        .iter()
        .map(|item| match projects[&item.new.project] {
            Ok(_) => {
                Ok(Ok(ids.next().ok_or_else(|| StoreError::Corrupt("a card without a number".into()))?))
            }
            Err(unknown) => Ok(Err(projects::missing(unknown))),
        })
        .collect()
}

const INSERT: &str = "INSERT INTO tasks (uid, project_id, title, description, status, priority, tags, due_at, assignee, \
    created_at, updated_at, entered_at, version, queued, chain, skills, model, retry, gate) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?10, 1, ?11, ?12, ?13, ?14, ?15, ?16)";

async fn insert_known(tx: &mut Tx<'_>, known: &[(&Addition, bool)]) -> Result<Vec<TaskId>, StoreError> {
    let mut rows = Vec::with_capacity(known.len());
    for (item, queued) in known {
        let Routing { chain, skills, model, retry, gate } = &item.new.routing;
        let gate = gate.as_ref().map(json).transpose()?;
        rows.push((
            item,
            queued,
            json(&item.new.tags)?,
            json(chain)?,
            json(skills)?,
            model,
            json(retry)?,
            gate,
        ));
    }
    let ids: Vec<TaskId> = tx
        .here(|sql| {
            let mut insert = sql.statement(INSERT)?;
            let mut ids = Vec::with_capacity(rows.len());
            for (Addition { new, now, .. }, queued, tags, chain, skills, model, retry, gate) in rows {
                let id = insert.insert(params![
                    uuid::Uuid::now_v7().to_string(),
                    new.project.map(Id::raw),
                    new.title,
                    new.description,
                    new.status.word(),
                    new.priority.level(),
                    tags,
                    new.due_at,
                    new.assignee,
                    now,
                    queued,
                    chain,
                    skills,
                    model,
                    retry,
                    gate,
                ])?;
                ids.push(TaskId(id));
            }
            Ok(ids)
        })
        .await?;
    let changes = known.iter().zip(&ids).map(|((item, _), id)| CardChange {
        at: item.now,
        actor: Cow::Borrowed(&item.actor),
        task: *id,
        run: None,
        text: format!("added to {}", item.new.status.title()),
    });
    record_all(tx, "task.created", &changes.collect::<Vec<_>>()).await?;
    Ok(ids)
}

const EDIT: &str = "UPDATE tasks SET title = ?, description = ?, project_id = ?, priority = ?, tags = ?, due_at = ?, \
    assignee = ?, chain = ?, skills = ?, model = ?, retry = ?, gate = ?, updated_at = ?, version = version + 1 WHERE id = ?";

async fn update(
    tx: &mut Tx<'_>,
    id: TaskId,
    edit: TaskEdit,
    actor: &Actor,
    now: Millis,
) -> Result<(), StoreError> {
    let found = require(tx, id).await?;
    if edit.version.is_some_and(|version| version != found.version) {
        return Err(StoreError::Conflict(format!(
            "{} was changed by somebody else while it was being edited; reload it and try again",
            id.key()
        )));
    }
    let what = edited(&found, &edit);
    if what.is_empty() {
        return Ok(());
    }
    if let Some(project) = edit.project.filter(|project| Some(*project) != found.project) {
        projects::require(tx, project).await?;
    }
    let routing = edit.routing.unwrap_or(found.routing);
    let tags = json(&edit.tags.unwrap_or(found.tags))?;
    let (chain, skills, retry) = (json(&routing.chain)?, json(&routing.skills)?, json(&routing.retry)?);
    let gate = routing.gate.as_ref().map(json).transpose()?;
    tx.here(|sql| {
        let written = params![
            edit.title.unwrap_or(found.title),
            edit.description.unwrap_or(found.description),
            edit.project.or(found.project).map(Id::raw),
            edit.priority.unwrap_or(found.priority).level(),
            tags,
            edit.due_at.unwrap_or(found.due_at),
            edit.assignee.unwrap_or(found.assignee),
            chain,
            skills,
            routing.model,
            retry,
            gate,
            now,
            id.raw(),
        ];
        sql.run(EDIT, written)
    })
    .await?;
    log(tx, id, None, actor, "task.edited", format!("changed {}", what.join(", ")), now).await
}

/// The names of the fields that differ.
fn edited(found: &TaskRecord, edit: &TaskEdit) -> Vec<&'static str> {
    let differs = [
        ("the title", edit.title.as_ref().is_some_and(|v| *v != found.title)),
        ("the description", edit.description.as_ref().is_some_and(|v| *v != found.description)),
        ("the project", edit.project.is_some_and(|v| Some(v) != found.project)),
        ("the priority", edit.priority.is_some_and(|v| v != found.priority)),
        ("the tags", edit.tags.as_ref().is_some_and(|v| *v != found.tags)),
        ("the due date", edit.due_at.is_some_and(|v| v != found.due_at)),
        ("the assignee", edit.assignee.as_ref().is_some_and(|v| *v != found.assignee)),
        ("who may take it", edit.routing.as_ref().is_some_and(|v| *v != found.routing)),
    ];
    differs.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
}

/// The task as this transaction sees it.
pub(crate) async fn require(tx: &mut Tx<'_>, id: TaskId) -> Result<TaskRecord, StoreError> {
    let row = tx.here(|sql| find(sql, id)).await?;
    row.ok_or_else(|| missing(&id.key()))?.try_into()
}

fn find(sql: &Connection, id: TaskId) -> rusqlite::Result<Option<Row>> {
    sql.row(&format!("SELECT {} FROM tasks WHERE id = ?", Row::COLUMNS), [id.raw()], Row::read)
}

/// Asks the machine and writes its answer.
pub(crate) async fn apply(
    tx: &mut Tx<'_>,
    task: &Task,
    event: TaskEvent,
    now: Millis,
) -> Result<Vec<Effect>, StoreError> {
    let (next, mut effects) = transition(task, &event)?;
    let entered = (next.status != task.status).then_some(now);
    let written: Option<Option<i64>> = sqlx::query_scalar(
        "UPDATE tasks SET status = ?, live_run = ?, came_from = ?, held = ?, updated_at = ?, \
         entered_at = coalesce(?, entered_at), finished_at = ? WHERE id = ? AND status = ? AND live_run IS ? \
         RETURNING parent_id",
    )
    .bind(next.status.word())
    .bind(next.live_run.map(Id::raw))
    .bind(next.came_from.map(Status::word))
    .bind(&next.held)
    .bind(now)
    .bind(entered)
    .bind(next.status.is_terminal().then_some(now))
    .bind(task.id.raw())
    .bind(task.status.word())
    .bind(task.live_run.map(Id::raw))
    .fetch_optional(&mut *tx.conn)
    .await?;
    let Some(parent) = written else {
        return Err(StoreError::Conflict(format!("{} was changed by somebody else", task.id.key())));
    };
    if next.status != task.status {
        // It tells how its sub-tasks stand.
        tx.touched.tasks.extend(parent.map(TaskId));
    }
    if task.status == Status::Review && next.status != Status::Review {
        effects.extend(reviews::dismiss(tx, task.id, now).await?.map(Effect::StopRun));
    }
    if next.status != task.status && next.status.is_terminal() {
        edges::upstream_ended(tx, task.id, next.status, now).await?;
    }
    Ok(effects)
}

pub(crate) async fn log(
    tx: &mut Tx<'_>,
    task: TaskId,
    run: Option<RunId>,
    actor: &Actor,
    kind: &'static str,
    text: String,
    now: Millis,
) -> Result<(), StoreError> {
    let change = Change { at: now, actor, kind, task: Some(task), run, project: None, text };
    record(tx, change).await.map(|_| ())
}

pub(crate) fn parse<'de, T: serde::Deserialize<'de>>(text: &'de str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()))
}

pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Corrupt(e.to_string()))
}

fn missing(key: &str) -> StoreError {
    StoreError::NotFound { what: "task", key: key.into() }
}
