//! Schedules and their firings. A firing is decided, recorded and turned into its card in one
//! transaction; the firing's primary key is the fence that keeps a second card from being made.

use domain::{
    Actor, Id, Millis, Priority, ProjectId, ScheduleId, Status, TaskId,
    schedule::{Children, Cron, Misfire, Overlap, Policy, Skip, Zone, due, fill, release},
    text::{TITLE_MAX, elide},
};
use sqlx::FromRow;

use crate::{
    Store,
    changes::{Change, record},
    error::StoreError,
    projects,
    tasks::{self, NewTask, Routing},
    writer::Tx,
};

/// A clock that is this far behind the newest decision had been wrong; `domain::schedule::due` then
/// starts afresh. Milliseconds.
const CLOCK_WAS_WRONG: Millis = 86_400_000;

/// The card that a firing makes; title and description may hold placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardTemplate {
    pub title: String,
    pub description: String,
    pub priority: Priority,
    pub tags: Vec<String>,
    pub assignee: Option<String>,
    /// `Inbox` or `Ready`.
    pub status: Status,
}

/// What a person decides about a schedule.
#[derive(Clone, Debug)]
pub struct ScheduleData {
    pub name: String,
    pub project: Option<ProjectId>,
    /// As typed.
    pub words: String,
    pub cron: Cron,
    pub zone: Zone,
    pub misfire: Misfire,
    pub cap: u32,
    pub overlap: Overlap,
    pub template: CardTemplate,
}

/// The newest card that a schedule made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastChild {
    pub task: TaskId,
    pub title: String,
    pub status: Status,
    pub trashed: bool,
    /// The firing's nominal time.
    pub nominal_at: Millis,
}

#[derive(Clone, Debug)]
pub struct ScheduleRecord {
    pub id: ScheduleId,
    pub name: String,
    pub project: Option<ProjectId>,
    pub words: String,
    pub policy: Policy,
    pub template: CardTemplate,
    pub next_at: Option<Millis>,
    pub skipped: Option<(Millis, Skip)>,
    pub children: Children,
    pub last: Option<LastChild>,
    pub created_at: Millis,
    pub updated_at: Millis,
    considered: Millis,
    removed_at: Option<Millis>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    name: String,
    project_id: Option<i64>,
    words: String,
    cron: String,
    zone: String,
    title: String,
    description: String,
    priority: i64,
    tags: String,
    assignee: Option<String>,
    status: String,
    misfire: String,
    misfire_cap: i64,
    overlap: String,
    paused: bool,
    considered_at: i64,
    next_at: Option<i64>,
    skipped_at: Option<i64>,
    skip_reason: Option<String>,
    created_at: i64,
    updated_at: i64,
    removed_at: Option<i64>,
    open: i64,
    queued: i64,
    last_task: Option<i64>,
    last_title: Option<String>,
    last_status: Option<String>,
    last_trashed: Option<bool>,
    last_nominal: Option<i64>,
}

impl TryFrom<Row> for ScheduleRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("{what} of schedule {}", row.id));
        let last = match (row.last_task, row.last_title, row.last_status, row.last_nominal) {
            (Some(task), Some(title), Some(word), Some(nominal_at)) => Some(LastChild {
                task: TaskId(task),
                title,
                status: tasks::status(&word)?,
                trashed: row.last_trashed.unwrap_or_default(),
                nominal_at,
            }),
            _ => None,
        };
        Ok(ScheduleRecord {
            id: ScheduleId(row.id),
            name: row.name,
            project: row.project_id.map(ProjectId),
            words: row.words,
            policy: Policy {
                cron: Cron::parse(&row.cron).map_err(|_| corrupt("the cron text"))?,
                zone: Zone::parse(&row.zone).map_err(|_| corrupt("the time zone"))?,
                misfire: misfire(&row.misfire).ok_or_else(|| corrupt("the misfire policy"))?,
                cap: row.misfire_cap as u32,
                overlap: overlap(&row.overlap).ok_or_else(|| corrupt("the overlap policy"))?,
                paused: row.paused,
            },
            template: CardTemplate {
                title: row.title,
                description: row.description,
                priority: tasks::priority(row.priority)?,
                tags: serde_json::from_str(&row.tags).map_err(|e| StoreError::Corrupt(e.to_string()))?,
                assignee: row.assignee,
                status: tasks::status(&row.status)?,
            },
            next_at: row.next_at,
            skipped: row.skipped_at.zip(row.skip_reason.as_deref().and_then(skip)),
            children: Children { open: row.open as u32, queued: row.queued as u32 },
            last,
            created_at: row.created_at,
            updated_at: row.updated_at,
            considered: row.considered_at,
            removed_at: row.removed_at,
        })
    }
}

fn misfire(word: &str) -> Option<Misfire> {
    [Misfire::Skip, Misfire::One, Misfire::All].into_iter().find(|known| misfire_word(*known) == word)
}

fn misfire_word(misfire: Misfire) -> &'static str {
    match misfire {
        Misfire::Skip => "skip",
        Misfire::One => "one",
        Misfire::All => "all",
    }
}

fn overlap(word: &str) -> Option<Overlap> {
    [Overlap::Skip, Overlap::Queue, Overlap::Allow].into_iter().find(|known| overlap_word(*known) == word)
}

fn overlap_word(overlap: Overlap) -> &'static str {
    match overlap {
        Overlap::Skip => "skip",
        Overlap::Queue => "queue",
        Overlap::Allow => "allow",
    }
}

fn skip(word: &str) -> Option<Skip> {
    [Skip::Missed, Skip::StillOpen, Skip::QueueFull].into_iter().find(|known| skip_word(*known) == word)
}

fn skip_word(skip: Skip) -> &'static str {
    match skip {
        Skip::Missed => "missed",
        Skip::StillOpen => "still_open",
        Skip::QueueFull => "queue_full",
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT s.*, ",
            "(SELECT count(*) FROM schedule_firings f JOIN tasks t ON t.id = f.task_id WHERE f.schedule_id = s.id ",
            "AND t.trashed_at IS NULL AND t.status NOT IN ('done', 'failed', 'cancelled')) AS open, ",
            "(SELECT count(*) FROM schedule_firings f WHERE f.schedule_id = s.id AND f.task_id IS NULL) AS queued, ",
            "l.id AS last_task, l.title AS last_title, l.status AS last_status, ",
            "l.trashed_at IS NOT NULL AS last_trashed, ",
            "(SELECT nominal_at FROM schedule_firings WHERE task_id = l.id) AS last_nominal ",
            "FROM schedules s LEFT JOIN tasks l ON l.id = ",
            "(SELECT max(task_id) FROM schedule_firings WHERE schedule_id = s.id) ",
            $tail
        )
    };
}

impl Store {
    /// By name; removed ones are left out.
    pub async fn schedules(&self) -> Result<Vec<ScheduleRecord>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as(select!("WHERE s.removed_at IS NULL ORDER BY s.name COLLATE NOCASE, s.id"))
                .fetch_all(&self.readers)
                .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Also a removed one.
    pub async fn schedule(&self, id: ScheduleId) -> Result<ScheduleRecord, StoreError> {
        let row: Option<Row> =
            sqlx::query_as(select!("WHERE s.id = ?")).bind(id.raw()).fetch_optional(&self.readers).await?;
        row.ok_or(missing(id))?.try_into()
    }

    /// Makes a schedule, or replaces all of `id`'s decisions. One whose times change starts from `now`.
    pub async fn put_schedule(
        &self,
        id: Option<ScheduleId>,
        data: ScheduleData,
        now: Millis,
    ) -> Result<ScheduleRecord, StoreError> {
        let id = self
            .writer
            .write(move |tx| {
                Box::pin(async move {
                    match id {
                        None => insert(tx, data, now).await,
                        Some(id) => update(tx, id, data, now).await.map(|()| id),
                    }
                })
            })
            .await?;
        self.schedule(id).await
    }

    /// Firings while it is paused are left out.
    pub async fn pause_schedule(&self, id: ScheduleId, now: Millis) -> Result<ScheduleRecord, StoreError> {
        self.set_state(id, now, "schedule.paused", "paused", |state| state.paused = true).await
    }

    pub async fn resume_schedule(&self, id: ScheduleId, now: Millis) -> Result<ScheduleRecord, StoreError> {
        self.set_state(id, now, "schedule.resumed", "resumed", |state| state.paused = false).await
    }

    /// Takes it off the list; its cards stay.
    pub async fn remove_schedule(&self, id: ScheduleId, now: Millis) -> Result<ScheduleRecord, StoreError> {
        self.set_state(id, now, "schedule.removed", "removed", move |state| state.removed_at = Some(now))
            .await
    }

    pub async fn restore_schedule(&self, id: ScheduleId, now: Millis) -> Result<ScheduleRecord, StoreError> {
        self.set_state(id, now, "schedule.restored", "brought back", |state| state.removed_at = None).await
    }

    async fn set_state(
        &self,
        id: ScheduleId,
        now: Millis,
        kind: &'static str,
        verb: &'static str,
        change: impl FnOnce(&mut State) + Send + 'static,
    ) -> Result<ScheduleRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let found = require(tx, id).await?;
                    let before = State { paused: found.policy.paused, removed_at: found.removed_at };
                    let mut after = before;
                    change(&mut after);
                    if (after.paused, after.removed_at.is_some())
                        == (before.paused, before.removed_at.is_some())
                    {
                        return Ok(());
                    }
                    if before.removed_at.is_some() {
                        free_name(tx, &found.name, Some(id)).await?;
                    }
                    set(tx, &found, after, now).await?;
                    log(tx, None, &Actor::Person, kind, format!("{verb} the schedule “{}”", found.name), now)
                        .await
                })
            })
            .await?;
        self.schedule(id).await
    }

    /// Makes a card now, outside the schedule's times and whatever is still open.
    pub async fn run_schedule(&self, id: ScheduleId, now: Millis) -> Result<TaskId, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let found = require(tx, id).await?;
                    if found.removed_at.is_some() {
                        return Err(missing(id));
                    }
                    let mut at = now;
                    while !is_new(tx, id, at, true).await? {
                        at += 1;
                    }
                    let text = format!("made by the schedule “{}”, run by hand", found.name);
                    make_card(tx, &found, at, true, &Actor::Person, text, now).await
                })
            })
            .await
    }

    /// The schedules over which something is to be decided now.
    pub async fn due_schedules(&self, now: Millis) -> Result<Vec<ScheduleId>, StoreError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM schedules s WHERE removed_at IS NULL AND paused = 0 AND (next_at <= ?1 OR considered_at > ?1 + ?2 \
             OR (EXISTS (SELECT 1 FROM schedule_firings f WHERE f.schedule_id = s.id AND f.task_id IS NULL) \
                 AND NOT EXISTS (SELECT 1 FROM schedule_firings f JOIN tasks t ON t.id = f.task_id WHERE f.schedule_id = s.id \
                                 AND t.trashed_at IS NULL AND t.status NOT IN ('done', 'failed', 'cancelled')))) \
             ORDER BY next_at, id",
        )
        .bind(now)
        .bind(CLOCK_WAS_WRONG)
        .fetch_all(&self.readers)
        .await?;
        Ok(ids.into_iter().map(ScheduleId).collect())
    }

    /// When the next firing comes, and whether one waits for a card to be finished.
    pub async fn next_firing(&self) -> Result<(Option<Millis>, bool), StoreError> {
        let found: (Option<i64>, bool) = sqlx::query_as(
            "SELECT (SELECT min(next_at) FROM schedules WHERE next_at IS NOT NULL), \
             EXISTS (SELECT 1 FROM schedule_firings WHERE task_id IS NULL)",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(found)
    }

    /// Decides what is due at `now` and does it. Returns the cards made.
    pub async fn fire_schedule(&self, id: ScheduleId, now: Millis) -> Result<Vec<TaskId>, StoreError> {
        self.writer.write(move |tx| Box::pin(async move { fire(tx, id, now).await })).await
    }
}

/// What of a schedule a person switches on and off.
#[derive(Clone, Copy)]
struct State {
    paused: bool,
    removed_at: Option<Millis>,
}

async fn insert(tx: &mut Tx<'_>, data: ScheduleData, now: Millis) -> Result<ScheduleId, StoreError> {
    free_name(tx, &data.name, None).await?;
    if let Some(project) = data.project {
        projects::require(tx, project).await?;
    }
    let next = data.cron.next(&data.zone, now);
    let id = sqlx::query(
        "INSERT INTO schedules (uid, name, project_id, words, cron, zone, title, description, priority, tags, assignee, status, \
         misfire, misfire_cap, overlap, paused, considered_at, next_at, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)",
    )
    .bind(uuid::Uuid::now_v7().to_string())
    .bind(&data.name)
    .bind(data.project.map(Id::raw))
    .bind(&data.words)
    .bind(data.cron.text())
    .bind(data.zone.name())
    .bind(&data.template.title)
    .bind(&data.template.description)
    .bind(i64::from(data.template.priority.level()))
    .bind(tasks::json(&data.template.tags)?)
    .bind(&data.template.assignee)
    .bind(data.template.status.word())
    .bind(misfire_word(data.misfire))
    .bind(data.cap)
    .bind(overlap_word(data.overlap))
    .bind(now)
    .bind(next)
    .bind(now)
    .bind(now)
    .execute(&mut *tx.conn)
    .await?
    .last_insert_rowid();
    let found = require(tx, ScheduleId(id)).await?;
    let text = format!("added the schedule “{}”", found.name);
    log(tx, None, &Actor::Person, "schedule.added", text, now).await?;
    Ok(found.id)
}

async fn update(tx: &mut Tx<'_>, id: ScheduleId, data: ScheduleData, now: Millis) -> Result<(), StoreError> {
    let found = require(tx, id).await?;
    if found.removed_at.is_some() {
        return Err(missing(id));
    }
    free_name(tx, &data.name, Some(id)).await?;
    if let Some(project) = data.project.filter(|project| Some(*project) != found.project) {
        projects::require(tx, project).await?;
    }
    let same_times = found.policy.cron == data.cron && found.policy.zone == data.zone;
    let considered = if same_times { found.considered } else { now };
    let next = if found.policy.paused { None } else { data.cron.next(&data.zone, considered) };
    sqlx::query(
        "UPDATE schedules SET name = ?, project_id = ?, words = ?, cron = ?, zone = ?, title = ?, description = ?, priority = ?, \
         tags = ?, assignee = ?, status = ?, misfire = ?, misfire_cap = ?, overlap = ?, considered_at = ?, next_at = ?, \
         updated_at = ? WHERE id = ?",
    )
    .bind(&data.name)
    .bind(data.project.map(Id::raw))
    .bind(&data.words)
    .bind(data.cron.text())
    .bind(data.zone.name())
    .bind(&data.template.title)
    .bind(&data.template.description)
    .bind(i64::from(data.template.priority.level()))
    .bind(tasks::json(&data.template.tags)?)
    .bind(&data.template.assignee)
    .bind(data.template.status.word())
    .bind(misfire_word(data.misfire))
    .bind(data.cap)
    .bind(overlap_word(data.overlap))
    .bind(considered)
    .bind(next)
    .bind(now)
    .bind(id.raw())
    .execute(&mut *tx.conn)
    .await?;
    if data.overlap != Overlap::Queue {
        forget_waiting(tx, id).await?;
    }
    let text = format!("changed the schedule “{}”", data.name);
    log(tx, None, &Actor::Person, "schedule.changed", text, now).await
}

/// What passed while it was off is not made up for.
async fn set(tx: &mut Tx<'_>, found: &ScheduleRecord, state: State, now: Millis) -> Result<(), StoreError> {
    let on = !state.paused && state.removed_at.is_none();
    let considered = if on { now.max(found.considered) } else { found.considered };
    let next = if on { found.policy.cron.next(&found.policy.zone, considered) } else { None };
    sqlx::query(
        "UPDATE schedules SET paused = ?, removed_at = ?, considered_at = ?, next_at = ?, updated_at = ? WHERE id = ?",
    )
    .bind(state.paused)
    .bind(state.removed_at)
    .bind(considered)
    .bind(next)
    .bind(now)
    .bind(found.id.raw())
    .execute(&mut *tx.conn)
    .await?;
    if state.removed_at.is_some() { forget_waiting(tx, found.id).await } else { Ok(()) }
}

async fn forget_waiting(tx: &mut Tx<'_>, id: ScheduleId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM schedule_firings WHERE schedule_id = ? AND task_id IS NULL")
        .bind(id.raw())
        .execute(&mut *tx.conn)
        .await?;
    Ok(())
}

async fn fire(tx: &mut Tx<'_>, id: ScheduleId, now: Millis) -> Result<Vec<TaskId>, StoreError> {
    let found = require(tx, id).await?;
    if found.removed_at.is_some() || found.policy.paused {
        return Ok(Vec::new());
    }
    if project_is_gone(tx, &found).await? {
        return pause_for_want_of_project(tx, &found, now).await;
    }
    let decided = due(&found.policy, found.considered, now, found.children);
    let mut made = Vec::new();
    for at in &decided.create {
        if is_new(tx, id, *at, false).await? {
            made.push(scheduled_card(tx, &found, *at, now).await?);
        }
    }
    for at in &decided.queue {
        enqueue(tx, id, *at).await?;
        let text = format!("the schedule “{}” waits with the card for {}", found.name, stamp(&found, *at));
        log(tx, None, &Actor::Engine, "schedule.queued", text, now).await?;
    }
    let open = found.children.open + made.len() as u32;
    let queued = found.children.queued + decided.queue.len() as u32;
    if release(&found.policy, Children { open, queued })
        && let Some(at) = oldest_waiting(tx, id).await?
    {
        made.push(scheduled_card(tx, &found, at, now).await?);
    }
    if let Some((at, why)) = decided.skipped {
        let text =
            format!("the schedule “{}” made no card for {}: {}", found.name, stamp(&found, at), because(why));
        log(tx, None, &Actor::Engine, "schedule.skipped", text, now).await?;
    }
    if decided.considered < found.considered {
        let text = format!("the clock had been ahead; the schedule “{}” starts afresh", found.name);
        log(tx, None, &Actor::Engine, "schedule.restarted", text, now).await?;
    }
    remember(tx, &found, decided.considered, decided.skipped).await?;
    Ok(made)
}

async fn project_is_gone(tx: &mut Tx<'_>, found: &ScheduleRecord) -> Result<bool, StoreError> {
    let Some(project) = found.project else { return Ok(false) };
    match projects::require(tx, project).await {
        Ok(()) => Ok(false),
        Err(StoreError::NotFound { .. }) => Ok(true),
        Err(other) => Err(other),
    }
}

async fn pause_for_want_of_project(
    tx: &mut Tx<'_>,
    found: &ScheduleRecord,
    now: Millis,
) -> Result<Vec<TaskId>, StoreError> {
    set(tx, found, State { paused: true, removed_at: None }, now).await?;
    let text = format!("paused the schedule “{}”: its project was removed", found.name);
    log(tx, None, &Actor::Engine, "schedule.paused", text, now).await?;
    Ok(Vec::new())
}

/// Whether this firing has not been recorded before.
async fn is_new(tx: &mut Tx<'_>, id: ScheduleId, at: Millis, manual: bool) -> Result<bool, StoreError> {
    let known: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM schedule_firings WHERE schedule_id = ? AND nominal_at = ? AND manual = ?",
    )
    .bind(id.raw())
    .bind(at)
    .bind(manual)
    .fetch_optional(&mut *tx.conn)
    .await?;
    Ok(known.is_none())
}

async fn enqueue(tx: &mut Tx<'_>, id: ScheduleId, at: Millis) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO schedule_firings (schedule_id, nominal_at, manual) VALUES (?, ?, 0) ON CONFLICT DO NOTHING",
    )
    .bind(id.raw())
    .bind(at)
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

async fn oldest_waiting(tx: &mut Tx<'_>, id: ScheduleId) -> Result<Option<Millis>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT min(nominal_at) FROM schedule_firings WHERE schedule_id = ? AND task_id IS NULL",
    )
    .bind(id.raw())
    .fetch_one(&mut *tx.conn)
    .await?)
}

async fn scheduled_card(
    tx: &mut Tx<'_>,
    found: &ScheduleRecord,
    at: Millis,
    now: Millis,
) -> Result<TaskId, StoreError> {
    let text = format!("made by the schedule “{}” for {}", found.name, stamp(found, at));
    make_card(tx, found, at, false, &Actor::Engine, text, now).await
}

/// The card and its firing. A firing that waited is given its card, a second card is refused by the key.
async fn make_card(
    tx: &mut Tx<'_>,
    found: &ScheduleRecord,
    at: Millis,
    manual: bool,
    actor: &Actor,
    text: String,
    now: Millis,
) -> Result<TaskId, StoreError> {
    let wall = found.policy.zone.wall(at);
    let template = found.template.clone();
    let card = NewTask {
        title: elide(&fill(&template.title, &wall), TITLE_MAX),
        description: fill(&template.description, &wall),
        project: found.project,
        priority: template.priority,
        tags: template.tags,
        due_at: None,
        assignee: template.assignee,
        status: template.status,
        queued: None,
        routing: Routing::default(),
    };
    let task = tasks::insert(tx, card, actor, now).await?;
    let recorded = sqlx::query(
        "INSERT INTO schedule_firings (schedule_id, nominal_at, manual, task_id, fired_at) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET task_id = excluded.task_id, fired_at = excluded.fired_at WHERE task_id IS NULL",
    )
    .bind(found.id.raw())
    .bind(at)
    .bind(manual)
    .bind(task.raw())
    .bind(now)
    .execute(&mut *tx.conn)
    .await?;
    if recorded.rows_affected() == 0 {
        return Err(StoreError::Conflict(format!("the schedule “{}” has fired for that time", found.name)));
    }
    log(tx, Some(task), actor, "schedule.fired", text, now).await?;
    Ok(task)
}

async fn remember(
    tx: &mut Tx<'_>,
    found: &ScheduleRecord,
    considered: Millis,
    skipped: Option<(Millis, Skip)>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE schedules SET considered_at = ?, next_at = ?, skipped_at = coalesce(?, skipped_at), \
         skip_reason = coalesce(?, skip_reason) WHERE id = ?",
    )
    .bind(considered)
    .bind(found.policy.next_look(considered))
    .bind(skipped.map(|(at, _)| at))
    .bind(skipped.map(|(_, why)| skip_word(why)))
    .bind(found.id.raw())
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

fn stamp(found: &ScheduleRecord, at: Millis) -> String {
    fill("{date} {time}", &found.policy.zone.wall(at))
}

fn because(why: Skip) -> &'static str {
    match why {
        Skip::Missed => "it was missed",
        Skip::StillOpen => "the last card was still open",
        Skip::QueueFull => "too many were waiting",
    }
}

async fn free_name(tx: &mut Tx<'_>, name: &str, own: Option<ScheduleId>) -> Result<(), StoreError> {
    let taken: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM schedules WHERE name = ? COLLATE NOCASE AND removed_at IS NULL AND id IS NOT ?",
    )
    .bind(name)
    .bind(own.map(Id::raw))
    .fetch_optional(&mut *tx.conn)
    .await?;
    match taken {
        None => Ok(()),
        Some(_) => {
            Err(StoreError::Conflict(format!("there is a schedule “{name}” already; choose another name")))
        }
    }
}

async fn require(tx: &mut Tx<'_>, id: ScheduleId) -> Result<ScheduleRecord, StoreError> {
    let row: Option<Row> =
        sqlx::query_as(select!("WHERE s.id = ?")).bind(id.raw()).fetch_optional(&mut *tx.conn).await?;
    row.ok_or(missing(id))?.try_into()
}

async fn log(
    tx: &mut Tx<'_>,
    task: Option<TaskId>,
    actor: &Actor,
    kind: &'static str,
    text: String,
    now: Millis,
) -> Result<(), StoreError> {
    let change = Change { at: now, actor, kind, task, run: None, project: None, text };
    record(tx, change).await.map(|_| ())
}

fn missing(id: ScheduleId) -> StoreError {
    StoreError::NotFound { what: "schedule", key: id.to_string() }
}
