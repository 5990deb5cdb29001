//! Writing the board out and reading it in, record by record. This is the one place that makes rows as they
//! were elsewhere instead of through the machine; what it may be handed is checked before, and what the
//! tables refuse stays refused.

use domain::{
    Actor, Id, Millis, ProjectId, RunId, Status, TaskId,
    edges::find_cycle,
    filter::Filter,
    portable::{
        Agent, Attachment, Comment, Edge, Imported, Issue, Project, Record, Review, Run, SavedFilter,
        Schedule, Subtask, Task, TaskOutcome,
    },
    schedule::{Cron, Zone},
};
use serde::de::DeserializeOwned;

use crate::{
    NewAttachment, Store, attachments,
    changes::{Change, record},
    error::StoreError,
    paths, subtasks,
    tasks::json,
    writer::Tx,
};

/// Numbers of cards beyond this are given anew: one that is too high would leave none for later cards.
const NUMBER_MAX: i64 = 10_000_000;

/// A kind of records, in the order in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Projects,
    Agents,
    Tasks,
    Subtasks,
    Edges,
    Comments,
    Runs,
    Reviews,
    Schedules,
    Filters,
    /// With the hash of its content where a record has the content: that is the engine's to put in.
    Attachments,
}

impl Kind {
    pub const ALL: [Kind; 11] = [
        Kind::Projects,
        Kind::Agents,
        Kind::Tasks,
        Kind::Subtasks,
        Kind::Edges,
        Kind::Comments,
        Kind::Runs,
        Kind::Reviews,
        Kind::Schedules,
        Kind::Filters,
        Kind::Attachments,
    ];

    /// `?1` is the place after which to begin, `?2` how many. Each row is the next place and a record.
    fn page(self) -> &'static str {
        match self {
            Kind::Projects => {
                "SELECT p.id, json_object('uid', uid, 'name', name, 'path', CAST(path AS TEXT), 'settings', json(settings), \
                 'repositories', (SELECT coalesce(json_group_array(json_object('directory', directory, 'path', CAST(path AS TEXT), \
                 'base', base) ORDER BY id), '[]') FROM project_repositories WHERE project_id = p.id), 'created_at', created_at, \
                 'removed_at', removed_at) FROM projects p WHERE p.id > ?1 ORDER BY p.id LIMIT ?2"
            }
            Kind::Agents => {
                "SELECT id, json_object('uid', uid, 'name', name, 'title', title, 'kind', kind, 'profile', json(profile), \
                 'role', role, 'instructions', instructions, 'skills', json(skills), 'max_capacity', max_capacity, \
                 'model', model, 'enabled', json(iif(enabled, 'true', 'false')), 'retry', json(retry), 'breaker', json(breaker), 'registered_at', registered_at, \
                 'updated_at', updated_at) FROM agents WHERE removed_at IS NULL AND id > ?1 ORDER BY id LIMIT ?2"
            }
            Kind::Tasks => {
                "SELECT t.id, json_object('uid', t.uid, 'number', t.id, 'project', (SELECT uid FROM projects WHERE id = t.project_id), \
                 'title', title, 'description', description, 'status', coalesce(came_from, status), 'priority', priority, \
                 'tags', json(tags), 'due_at', due_at, 'assignee', assignee, 'created_at', created_at, 'updated_at', updated_at, \
                 'entered_at', entered_at, 'finished_at', iif(came_from = 'failed', entered_at, finished_at), \
                 'trashed_at', trashed_at, 'held', held, 'queued', json(iif(queued, 'true', 'false')), 'agents', json(chain), \
                 'skills', json(skills), 'model', model, 'retry', json(retry), 'gate', json(gate), 'round', round, \
                 'issue', json((SELECT json_object('repository', i.repository, 'number', i.number, 'title', i.title, \
                 'labels', json(i.labels), 'state', i.state) FROM task_issues i WHERE i.task_id = t.id)), \
                 'outcome', json((SELECT json_object('outcome', o.outcome, 'error_message', o.error_message, \
                 'resolution', o.resolution, 'feedback_rating', o.feedback_rating, 'feedback_notes', o.feedback_notes, \
                 'estimated_hours', o.estimated_hours, 'actual_hours', o.actual_hours, 'metadata', json(o.metadata), 'created_by', o.created_by) \
                 FROM task_outcomes o WHERE o.task_id = t.id))) \
                 FROM tasks t WHERE deleted_at IS NULL AND t.id > ?1 ORDER BY t.id LIMIT ?2"
            }
            Kind::Subtasks => {
                "SELECT t.id, json_object('task', t.uid, 'parent', p.uid) FROM tasks t JOIN tasks p ON p.id = t.parent_id \
                 WHERE t.deleted_at IS NULL AND p.deleted_at IS NULL AND t.id > ?1 ORDER BY t.id LIMIT ?2"
            }
            // Edges have no number of their own: the place is how many there were.
            Kind::Edges => {
                "SELECT ?1 + row_number() OVER (), edge FROM (SELECT json_object('task', t.uid, 'upstream', u.uid, 'need', need) AS edge \
                 FROM task_edges e JOIN tasks t ON t.id = e.task_id JOIN tasks u ON u.id = e.upstream_id \
                 ORDER BY e.task_id, e.upstream_id LIMIT ?2 OFFSET ?1)"
            }
            Kind::Comments => {
                "SELECT c.id, json_object('task', t.uid, 'author', author, 'body', body, 'at', at, 'answers', json((SELECT json_object( \
                 'author', p.author, 'at', p.at, 'nth', (SELECT count(*) FROM task_comments q WHERE q.task_id = p.task_id \
                 AND q.author = p.author AND q.at = p.at AND q.id < p.id)) FROM task_comments p WHERE p.id = c.parent_id))) \
                 FROM task_comments c JOIN tasks t ON t.id = c.task_id WHERE c.id > ?1 ORDER BY c.id LIMIT ?2"
            }
            Kind::Runs => {
                "SELECT r.id, json_object('uid', r.uid, 'task', t.uid, 'attempt', attempt, 'agent', agent, 'agent_version', agent_version, \
                 'mode', mode, 'model', r.model, 'argv', json(argv), 'outcome', outcome, 'cause', cause, 'reason', reason, \
                 'created_at', r.created_at, 'started_at', started_at, 'ended_at', ended_at, 'exit_code', exit_code, \
                 'signal', signal, 'last_line', last_line, 'rule', rule, 'tokens_in', tokens_in, 'tokens_out', tokens_out, \
                 'tokens_cached', tokens_cached, 'micros', micros, 'estimated', json(iif(estimated, 'true', 'false')), \
                 'review_round', review_round, 'review_step', review_step) FROM runs r JOIN tasks t ON t.id = r.task_id \
                 WHERE phase = 'ended' AND t.deleted_at IS NULL AND r.id > ?1 ORDER BY r.id LIMIT ?2"
            }
            Kind::Reviews => {
                "SELECT v.id, json_object('task', t.uid, 'run', (SELECT uid FROM runs WHERE id = v.run_id), \
                 'review_run', (SELECT uid FROM runs WHERE id = v.review_run), 'round', v.round, 'step', step, 'kind', kind, \
                 'reviewer', reviewer, 'outcome', outcome, 'notes', notes, 'prompt', prompt, 'at', at) \
                 FROM reviews v JOIN tasks t ON t.id = v.task_id WHERE v.id > ?1 ORDER BY v.id LIMIT ?2"
            }
            Kind::Schedules => {
                "SELECT s.id, json_object('uid', uid, 'name', name, 'project', (SELECT uid FROM projects WHERE id = s.project_id), \
                 'words', words, 'cron', cron, 'zone', zone, 'title', title, 'description', description, 'priority', priority, \
                 'tags', json(tags), 'assignee', assignee, 'status', status, 'misfire', misfire, 'cap', misfire_cap, \
                 'overlap', overlap, 'paused', json(iif(paused, 'true', 'false')), 'created_at', created_at, \
                 'updated_at', updated_at) FROM schedules s WHERE removed_at IS NULL AND s.id > ?1 ORDER BY s.id LIMIT ?2"
            }
            // Nor have filters.
            Kind::Filters => {
                "SELECT ?1 + row_number() OVER (), line FROM (SELECT json_object('name', name, \
                 'project', (SELECT uid FROM projects WHERE id = json_extract(rule, '$.project')), \
                 'rule', json(json_remove(rule, '$.project'))) AS line FROM filters ORDER BY name LIMIT ?2 OFFSET ?1)"
            }
            Kind::Attachments => {
                "SELECT a.id, json_object('task', t.uid, 'name', name, 'at', at, 'data', hash) FROM attachments a \
                 JOIN tasks t ON t.id = a.task_id WHERE removed_at IS NULL AND t.deleted_at IS NULL AND a.id > ?1 \
                 ORDER BY a.id LIMIT ?2"
            }
        }
    }

    fn read(self, text: &str) -> Result<Record, StoreError> {
        fn parse<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
            serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
        }
        Ok(match self {
            Kind::Projects => Record::Project(parse(text)?),
            Kind::Agents => Record::Agent(parse(text)?),
            Kind::Tasks => Record::Task(parse(text)?),
            Kind::Subtasks => Record::Subtask(parse(text)?),
            Kind::Edges => Record::Edge(parse(text)?),
            Kind::Comments => Record::Comment(parse(text)?),
            Kind::Runs => Record::Run(parse(text)?),
            Kind::Reviews => Record::Review(parse(text)?),
            Kind::Schedules => Record::Schedule(parse(text)?),
            Kind::Filters => Record::Filter(parse(text)?),
            Kind::Attachments => Record::Attachment(parse(text)?),
        })
    }
}

impl Store {
    /// Records of one kind after `place`, and the place to go on from; none at the end.
    pub async fn export(
        &self,
        kind: Kind,
        place: i64,
        limit: u32,
    ) -> Result<(Vec<Record>, Option<i64>), StoreError> {
        let rows: Vec<(i64, String)> =
            sqlx::query_as(kind.page()).bind(place).bind(limit).fetch_all(&self.readers).await?;
        let next = rows.last().map(|(place, _)| *place).filter(|_| rows.len() == limit as usize);
        let records = rows.iter().map(|(_, text)| kind.read(text)).collect::<Result<_, _>>()?;
        Ok((records, next))
    }

    /// Adds records that are not here yet; all of them or, on an error, none. `contents` are those of the
    /// attachments among them, in their order, and kept already.
    pub async fn import(
        &self,
        records: Vec<Record>,
        contents: Vec<Content>,
        now: Millis,
    ) -> Result<Imported, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let mut imported = Imported::default();
                    let mut contents = contents.into_iter();
                    for record in records {
                        match add(tx, record, &mut contents, now).await? {
                            Added::Yes => imported.added += 1,
                            Added::Known => imported.known += 1,
                            Added::NoPlace => imported.left_out += 1,
                        }
                    }
                    Ok(imported)
                })
            })
            .await
    }
}

/// What is in an attachment.
#[derive(Clone, Debug)]
pub struct Content {
    pub kind: String,
    pub size: i64,
    /// blake3, 64 hex digits.
    pub hash: String,
}

enum Added {
    Yes,
    Known,
    /// It names something that is not here.
    NoPlace,
}

impl Added {
    fn rows(count: u64) -> Added {
        if count > 0 { Added::Yes } else { Added::Known }
    }
}

async fn add(
    tx: &mut Tx<'_>,
    record: Record,
    contents: &mut std::vec::IntoIter<Content>,
    now: Millis,
) -> Result<Added, StoreError> {
    match record {
        Record::Project(project) => add_project(tx, project, now).await,
        Record::Agent(agent) => add_agent(tx, agent, now).await,
        Record::Task(task) => add_task(tx, *task, now).await,
        Record::Subtask(subtask) => add_subtask(tx, subtask).await,
        Record::Edge(edge) => add_edge(tx, edge).await,
        Record::Comment(comment) => add_comment(tx, comment).await,
        Record::Run(run) => add_run(tx, *run).await,
        Record::Review(review) => add_review(tx, review).await,
        Record::Schedule(schedule) => add_schedule(tx, *schedule, now).await,
        Record::Filter(filter) => add_filter(tx, filter, now).await,
        Record::Attachment(attachment) => {
            let content = contents.next().ok_or_else(|| {
                StoreError::Conflict(format!("the content of {} is missing", attachment.name))
            })?;
            add_attachment(tx, attachment, content).await
        }
    }
}

async fn project_of(tx: &mut Tx<'_>, uid: &str) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar("SELECT id FROM projects WHERE uid = ?")
        .bind(uid)
        .fetch_optional(&mut *tx.conn)
        .await?)
}

/// Of a card that is here and was not deleted for ever.
async fn task_of(tx: &mut Tx<'_>, uid: &str) -> Result<Option<TaskId>, StoreError> {
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM tasks WHERE uid = ? AND deleted_at IS NULL")
        .bind(uid)
        .fetch_optional(&mut *tx.conn)
        .await?;
    Ok(id.map(TaskId))
}

async fn run_of(tx: &mut Tx<'_>, uid: Option<&str>) -> Result<Option<i64>, StoreError> {
    let Some(uid) = uid else { return Ok(None) };
    Ok(sqlx::query_scalar("SELECT id FROM runs WHERE uid = ?")
        .bind(uid)
        .fetch_optional(&mut *tx.conn)
        .await?)
}

async fn add_project(tx: &mut Tx<'_>, new: Project, now: Millis) -> Result<Added, StoreError> {
    let path = paths::to_bytes(new.path.as_ref());
    let known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM projects WHERE uid = ? OR path = ? AND removed_at IS NULL AND ? IS NULL)",
    )
    .bind(&new.uid)
    .bind(&path)
    .bind(new.removed_at)
    .fetch_one(&mut *tx.conn)
    .await?;
    if known {
        return Ok(Added::Known);
    }
    let id = sqlx::query(
        "INSERT INTO projects (uid, name, path, settings, created_at, removed_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&new.uid)
    .bind(&new.name)
    .bind(path)
    .bind(json(&new.settings)?)
    .bind(new.created_at)
    .bind(new.removed_at)
    .execute(&mut *tx.conn)
    .await?
    .last_insert_rowid();
    for repository in new.repositories {
        sqlx::query("INSERT INTO project_repositories (project_id, directory, path, base, added_at) VALUES (?, ?, ?, ?, ?)")
            .bind(id)
            .bind(repository.directory)
            .bind(paths::to_bytes(repository.path.as_ref()))
            .bind(repository.base)
            .bind(now)
            .execute(&mut *tx.conn)
            .await?;
    }
    let text = format!("imported the project {}", new.name);
    note(tx, "project.added", None, Some(ProjectId(id)), text, now).await?;
    Ok(Added::Yes)
}

async fn add_agent(tx: &mut Tx<'_>, new: Agent, now: Millis) -> Result<Added, StoreError> {
    let made = sqlx::query(
        "INSERT INTO agents (uid, name, title, kind, profile, role, instructions, skills, max_capacity, model, enabled, \
         retry, breaker, registered_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(new.uid)
    .bind(&new.name)
    .bind(new.title)
    .bind(new.kind)
    .bind(json(&new.profile)?)
    .bind(new.role)
    .bind(new.instructions)
    .bind(json(&new.skills)?)
    .bind(new.max_capacity)
    .bind(new.model)
    .bind(new.enabled)
    .bind(json(&new.retry)?)
    .bind(new.breaker.as_ref().map(json).transpose()?)
    .bind(new.registered_at)
    .bind(new.updated_at.max(new.registered_at))
    .execute(&mut *tx.conn)
    .await?
    .rows_affected();
    if made > 0 {
        note(tx, "agent.registered", None, None, format!("imported the agent {}", new.name), now).await?;
    }
    Ok(Added::rows(made))
}

async fn add_task(tx: &mut Tx<'_>, new: Task, now: Millis) -> Result<Added, StoreError> {
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM tasks WHERE uid = ?)")
        .bind(&new.uid)
        .fetch_one(&mut *tx.conn)
        .await?;
    if known {
        return Ok(Added::Known);
    }
    let project = match &new.project {
        Some(uid) => project_of(tx, uid).await?,
        None => None,
    };
    // A run cannot travel, and with it not the state of being at work.
    let status = if new.status == Status::InProgress { Status::Ready } else { new.status };
    let finished = status.is_terminal().then(|| new.finished_at.unwrap_or(new.entered_at));
    let number = new.number.filter(|number| (1..=NUMBER_MAX).contains(number));
    let id = sqlx::query(
        "INSERT INTO tasks (id, uid, project_id, title, description, status, priority, tags, due_at, assignee, created_at, \
         updated_at, entered_at, finished_at, trashed_at, held, queued, chain, skills, model, retry, gate, round, version) \
         VALUES (iif(EXISTS (SELECT 1 FROM tasks WHERE id = ?1), NULL, ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
         ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, 1)",
    )
    .bind(number)
    .bind(&new.uid)
    .bind(project)
    .bind(&new.title)
    .bind(new.description)
    .bind(status.word())
    .bind(i64::from(new.priority.level()))
    .bind(json(&new.tags)?)
    .bind(new.due_at)
    .bind(new.assignee)
    .bind(new.created_at)
    .bind(new.updated_at)
    .bind(new.entered_at)
    .bind(finished)
    .bind(new.trashed_at)
    .bind(new.held)
    .bind(new.queued)
    .bind(json(&new.agents)?)
    .bind(json(&new.skills)?)
    .bind(new.model)
    .bind(json(&new.retry)?)
    .bind(new.gate.as_ref().map(json).transpose()?)
    .bind(new.round.max(1))
    .execute(&mut *tx.conn)
    .await?
    .last_insert_rowid();
    if let Some(issue) = new.issue {
        add_issue(tx, id, issue).await?;
    }
    if let Some(outcome) = new.outcome {
        add_outcome(tx, id, outcome).await?;
    }
    note(tx, "task.created", Some(TaskId(id)), None, "imported".into(), now).await?;
    Ok(Added::Yes)
}

/// An issue that another card stands for here stays with that one.
async fn add_issue(tx: &mut Tx<'_>, task: i64, new: Issue) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO task_issues (repository, number, task_id, title, labels, state) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT DO NOTHING",
    )
    .bind(new.repository)
    .bind(new.number)
    .bind(task)
    .bind(new.title)
    .bind(json(&new.labels)?)
    .bind(new.state.word())
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

async fn add_outcome(tx: &mut Tx<'_>, task: i64, new: TaskOutcome) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO task_outcomes (task_id, outcome, error_message, resolution, feedback_rating, feedback_notes, \
         estimated_hours, actual_hours, metadata, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(task)
    .bind(new.outcome)
    .bind(new.error_message)
    .bind(new.resolution)
    .bind(new.feedback_rating)
    .bind(new.feedback_notes)
    .bind(new.estimated_hours)
    .bind(new.actual_hours)
    .bind(json(&new.metadata)?)
    .bind(new.created_by)
    .execute(&mut *tx.conn)
    .await?;
    Ok(())
}

async fn add_filter(tx: &mut Tx<'_>, new: SavedFilter, now: Millis) -> Result<Added, StoreError> {
    let project = match &new.project {
        None => None,
        Some(uid) => match project_of(tx, uid).await? {
            Some(id) => Some(ProjectId(id)),
            None => return Ok(Added::NoPlace),
        },
    };
    let made = sqlx::query("INSERT INTO filters (name, rule) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(&new.name)
        .bind(json(&Filter { project, ..new.rule })?)
        .execute(&mut *tx.conn)
        .await?
        .rows_affected();
    if made > 0 {
        note(tx, "settings.filters", None, None, format!("imported the filter “{}”", new.name), now).await?;
    }
    Ok(Added::rows(made))
}

/// A card that belongs to another here stays with it.
async fn add_subtask(tx: &mut Tx<'_>, new: Subtask) -> Result<Added, StoreError> {
    let (Some(task), Some(parent)) = (task_of(tx, &new.task).await?, task_of(tx, &new.parent).await?) else {
        return Ok(Added::NoPlace);
    };
    if subtasks::parent_of(tx, task).await?.is_some() {
        return Ok(Added::Known);
    }
    subtasks::check_tree(tx, task, parent).await?;
    sqlx::query("UPDATE tasks SET parent_id = ? WHERE id = ?")
        .bind(parent.raw())
        .bind(task.raw())
        .execute(&mut *tx.conn)
        .await?;
    tx.touched.tasks.extend([task, parent]);
    Ok(Added::Yes)
}

async fn add_attachment(tx: &mut Tx<'_>, new: Attachment, content: Content) -> Result<Added, StoreError> {
    let Some(task) = task_of(tx, &new.task).await? else { return Ok(Added::NoPlace) };
    // One that was taken off here stays off.
    let known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM attachments WHERE task_id = ? AND hash = ? AND at = ?)",
    )
    .bind(task.raw())
    .bind(&content.hash)
    .bind(new.at)
    .fetch_one(&mut *tx.conn)
    .await?;
    if known {
        return Ok(Added::Known);
    }
    let Content { kind, size, hash } = content;
    attachments::insert(tx, NewAttachment { task, name: new.name, kind, size, hash }, new.at).await?;
    tx.touched.tasks.insert(task);
    Ok(Added::Yes)
}

async fn add_edge(tx: &mut Tx<'_>, new: Edge) -> Result<Added, StoreError> {
    let (Some(task), Some(upstream)) = (task_of(tx, &new.task).await?, task_of(tx, &new.upstream).await?)
    else {
        return Ok(Added::NoPlace);
    };
    let rows: Vec<(i64, i64)> =
        sqlx::query_as("SELECT task_id, upstream_id FROM task_edges").fetch_all(&mut *tx.conn).await?;
    let need = new.need;
    let edges: Vec<_> = rows
        .into_iter()
        .map(|(task, upstream)| domain::edges::Edge { task: TaskId(task), upstream: TaskId(upstream), need })
        .collect();
    if edges.iter().any(|edge| (edge.task, edge.upstream) == (task, upstream)) {
        return Ok(Added::Known);
    }
    if let Some(cycle) = find_cycle(&edges, task, upstream) {
        return Err(StoreError::Conflict(cycle.to_string()));
    }
    sqlx::query("INSERT INTO task_edges (task_id, upstream_id, need) VALUES (?, ?, ?)")
        .bind(task.raw())
        .bind(upstream.raw())
        .bind(need.word())
        .execute(&mut *tx.conn)
        .await?;
    tx.touched.tasks.insert(task);
    Ok(Added::Yes)
}

async fn add_comment(tx: &mut Tx<'_>, new: Comment) -> Result<Added, StoreError> {
    let Some(task) = task_of(tx, &new.task).await? else { return Ok(Added::NoPlace) };
    let made = sqlx::query(
        "INSERT INTO task_comments (task_id, author, body, at, parent_id) SELECT ?1, ?2, ?3, ?4, \
         (SELECT id FROM task_comments WHERE task_id = ?1 AND author = ?5 AND at = ?6 ORDER BY id LIMIT 1 OFFSET ?7) \
         WHERE NOT EXISTS (SELECT 1 FROM task_comments WHERE task_id = ?1 AND author = ?2 AND body = ?3 AND at = ?4)",
    )
    .bind(task.raw())
    .bind(new.author)
    .bind(new.body)
    .bind(new.at)
    .bind(new.answers.as_ref().map(|answered| &answered.author))
    .bind(new.answers.as_ref().map(|answered| answered.at))
    .bind(new.answers.as_ref().map_or(0, |answered| answered.nth))
    .execute(&mut *tx.conn)
    .await?
    .rows_affected();
    tx.touched.tasks.insert(task);
    Ok(Added::rows(made))
}

async fn add_run(tx: &mut Tx<'_>, new: Run) -> Result<Added, StoreError> {
    let Some(task) = task_of(tx, &new.task).await? else { return Ok(Added::NoPlace) };
    let made = sqlx::query(
        "INSERT INTO runs (uid, task_id, attempt, agent, agent_version, mode, model, argv, phase, outcome, cause, reason, \
         created_at, started_at, ended_at, exit_code, signal, last_line, rule, tokens_in, tokens_out, tokens_cached, micros, \
         estimated, review_round, review_step) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'ended', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, \
         ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(new.uid)
    .bind(task.raw())
    .bind(new.attempt)
    .bind(new.agent)
    .bind(new.agent_version)
    .bind(new.mode)
    .bind(new.model)
    .bind(json(&new.argv)?)
    .bind(new.outcome)
    .bind(new.cause.map(|cause| cause.word()))
    .bind(new.reason)
    .bind(new.created_at)
    .bind(new.started_at)
    .bind(new.ended_at)
    .bind(new.exit_code)
    .bind(new.signal)
    .bind(new.last_line)
    .bind(new.rule)
    .bind(new.tokens_in)
    .bind(new.tokens_out)
    .bind(new.tokens_cached)
    .bind(new.micros)
    .bind(new.estimated)
    .bind(new.review_round)
    .bind(new.review_step)
    .execute(&mut *tx.conn)
    .await?
    .rows_affected();
    sqlx::query(
        "UPDATE tasks SET runs = (SELECT count(*) FROM runs WHERE task_id = ?1 AND review_step IS NULL), \
         last_run = (SELECT id FROM runs WHERE task_id = ?1 AND review_step IS NULL ORDER BY attempt DESC LIMIT 1) WHERE id = ?1",
    )
    .bind(task.raw())
    .execute(&mut *tx.conn)
    .await?;
    tx.touched.tasks.insert(task);
    Ok(Added::rows(made))
}

async fn add_review(tx: &mut Tx<'_>, new: Review) -> Result<Added, StoreError> {
    let Some(task) = task_of(tx, &new.task).await? else { return Ok(Added::NoPlace) };
    let run = run_of(tx, new.run.as_deref()).await?;
    let review_run = run_of(tx, new.review_run.as_deref()).await?;
    let made = sqlx::query(
        "INSERT INTO reviews (task_id, run_id, review_run, round, step, kind, reviewer, outcome, notes, prompt, at) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 WHERE NOT EXISTS (SELECT 1 FROM reviews \
         WHERE task_id = ?1 AND round = ?4 AND step = ?5 AND reviewer = ?7 AND at = ?11 OR review_run = ?3)",
    )
    .bind(task.raw())
    .bind(run)
    .bind(review_run)
    .bind(new.round)
    .bind(new.step)
    .bind(new.kind)
    .bind(new.reviewer)
    .bind(new.outcome)
    .bind(new.notes)
    .bind(new.prompt)
    .bind(new.at)
    .execute(&mut *tx.conn)
    .await?
    .rows_affected();
    tx.touched.tasks.insert(task);
    Ok(Added::rows(made))
}

async fn add_schedule(tx: &mut Tx<'_>, new: Schedule, now: Millis) -> Result<Added, StoreError> {
    let known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM schedules WHERE uid = ? OR name = ? COLLATE NOCASE AND removed_at IS NULL)",
    )
    .bind(&new.uid)
    .bind(&new.name)
    .fetch_one(&mut *tx.conn)
    .await?;
    if known {
        return Ok(Added::Known);
    }
    let project = match &new.project {
        Some(uid) => project_of(tx, uid).await?,
        None => None,
    };
    let unreadable = |what: &str| {
        StoreError::Conflict(format!("the {what} of the schedule “{}” cannot be read", new.name))
    };
    let cron = Cron::parse(&new.cron).map_err(|_| unreadable("cron expression"))?;
    let zone = Zone::parse(&new.zone).map_err(|_| unreadable("time zone"))?;
    let next = if new.paused { None } else { cron.next_few(&zone, now, 1).first().copied() };
    sqlx::query(
        "INSERT INTO schedules (uid, name, project_id, words, cron, zone, title, description, priority, tags, assignee, status, \
         misfire, misfire_cap, overlap, paused, considered_at, next_at, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, json_extract(?, '$'), ?, json_extract(?, '$'), ?, ?, ?, ?, ?)",
    )
    .bind(&new.uid)
    .bind(&new.name)
    .bind(project)
    .bind(&new.words)
    .bind(cron.text())
    .bind(zone.name())
    .bind(&new.title)
    .bind(&new.description)
    .bind(i64::from(new.priority.level()))
    .bind(json(&new.tags)?)
    .bind(&new.assignee)
    .bind(new.status.word())
    .bind(json(&new.misfire)?)
    .bind(new.cap)
    .bind(json(&new.overlap)?)
    .bind(new.paused)
    .bind(now)
    .bind(next)
    .bind(new.created_at)
    .bind(new.updated_at)
    .execute(&mut *tx.conn)
    .await?;
    note(tx, "schedule.added", None, None, format!("imported the schedule {}", new.name), now).await?;
    Ok(Added::Yes)
}

async fn note(
    tx: &mut Tx<'_>,
    kind: &'static str,
    task: Option<TaskId>,
    project: Option<ProjectId>,
    text: String,
    now: Millis,
) -> Result<(), StoreError> {
    let change = Change { at: now, actor: &Actor::Person, kind, task, run: None::<RunId>, project, text };
    record(tx, change).await.map(|_| ())
}
