//! What programs outside ask for: pages of cards, a card put where they say it is, outcomes, the log. Where a
//! program says that a card is being worked on or finished, that becomes a claim and its report, so that the same
//! machine, gates and counters hold as for everybody else.

use std::sync::Arc;

use domain::{Actor, Millis, Role, Status, TaskId, agent, authority::Forbidden, text};
use engine::AgentEdit;
use serde_json::{Map, Value};
use store::{ChangeFilter, NewReport, NewTaking, OutcomeRecord, TaskFilter};

use crate::{App, Authority, problem::invalid, wire::*};

const PAGE: u32 = 50;
const PAGE_MAX: u32 = 200;
const CHANGES_MAX: u32 = 500;
/// Characters of a text to search for.
const TEXT_MAX: usize = 200;
/// Milliseconds that an agent may be silent whose work is only reported, as with a claim.
const LEASE: Millis = 600_000;
/// Tasks at one time of an agent that says nothing about it; a claim may ask for less.
const CAPACITY: i64 = 20;
/// Who works on a card where nobody is named.
const SOMEBODY: &str = "api";

pub async fn list_tasks(app: &App, request: ListTasks) -> Result<TaskPage, Problem> {
    if request.text.as_ref().is_some_and(|text| text.chars().count() > TEXT_MAX) {
        return Err(invalid(format!("a text to search for has at most {TEXT_MAX} characters")));
    }
    let filter = TaskFilter {
        ids: request.ids,
        statuses: request.statuses,
        agent: request.agent,
        priority: request.priority,
        project: request.project,
        text: request.text,
        limit: page(request.limit, PAGE_MAX)?,
        offset: request.offset,
    };
    let (tasks, total) = app.engine.store().list_tasks(&filter).await?;
    Ok(TaskPage { tasks: tasks.into_iter().map(listed).collect(), total })
}

fn page(limit: Option<u32>, most: u32) -> Result<u32, Problem> {
    match limit.unwrap_or(PAGE) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        limit => Err(invalid(format!("a page of {limit} is not possible; 1 to {most}"))),
    }
}

pub async fn put_task(app: &App, request: PutTask) -> Result<ListedTask, Problem> {
    check(app, &request)?;
    if let Some(Assign { agent: Some(name) }) = &request.assign {
        enroll_unknown(app, name).await?;
    }
    let store = app.engine.store();
    let (id, before) = match request.id {
        Some(id) => (id, store.task(id).await?.task.status),
        None => (make(app, &request).await?, Status::Inbox),
    };
    if let Some(status) = wanted(&request, before) {
        bring(app, id, status, &request).await?;
    }
    if request.id.is_some() && edits(&request) {
        edit(app, id, &request).await?;
    }
    if let Some(outcome) = request.outcome {
        let kept = one(app, id).await?.outcome;
        store.put_outcome(id, merged(kept, outcome), app.actor(), app.engine.now()).await?;
    }
    one(app, id).await
}

/// What can be refused before anything is changed.
fn check(app: &App, request: &PutTask) -> Result<(), Problem> {
    request.title.as_deref().map(text::title).transpose()?;
    request.description.as_deref().map(text::description).transpose()?;
    request.tags.as_deref().map(text::tags).transpose()?;
    if let Some(outcome) = &request.outcome {
        check_outcome(outcome)?;
    }
    let Authority { role, .. } = app.authority();
    let reports = matches!(request.status, None | Some(Status::InProgress | Status::Review | Status::Failed));
    if *role < Role::Operator && (edits(request) || request.assign.is_some() || !reports) {
        return Err(Forbidden::Role { needed: Role::Operator, given: *role }.into());
    }
    match (request.id, &request.title) {
        (None, None) => Err(invalid("a new card needs a title")),
        _ => Ok(()),
    }
}

pub(super) fn check_outcome(outcome: &ReportedOutcome) -> Result<(), Problem> {
    let words = ["success", "failed", "partial", "abandoned"];
    if let Some(word) = outcome.outcome.as_deref().filter(|word| !words.contains(word)) {
        return Err(invalid(format!("“{word}” is not an outcome; use {}", words.join(", "))));
    }
    let texts = [
        ("error message", &outcome.error_message, 5_000),
        ("resolution", &outcome.resolution, 20_000),
        ("feedback", &outcome.feedback_notes, 5_000),
    ];
    for (what, text, most) in texts {
        if text.as_ref().is_some_and(|text| text.chars().count() > most) {
            return Err(invalid(format!("the {what} has at most {most} characters")));
        }
    }
    if outcome.feedback_rating.is_some_and(|rating| !(1..=5).contains(&rating)) {
        return Err(invalid("a rating is 1 to 5"));
    }
    let hours = [outcome.estimated_hours, outcome.actual_hours];
    if hours.into_iter().flatten().any(|hours| !hours.is_finite() || hours < 0.0) {
        return Err(invalid("hours are not negative"));
    }
    match outcome.metadata.as_deref() {
        Some(text) if text.len() > 65_536 => Err(invalid("the metadata is larger than 64 KiB")),
        Some(text) if serde_json::from_str::<Map<String, Value>>(text).is_err() => {
            Err(invalid("the metadata is no JSON object"))
        }
        _ => Ok(()),
    }
}

/// Whether anything but state and outcome changes.
fn edits(request: &PutTask) -> bool {
    request.title.is_some()
        || request.description.is_some()
        || request.project.is_some()
        || request.priority.is_some()
        || request.tags.is_some()
        || request.due.is_some()
        || request.assign.is_some()
}

async fn make(app: &App, request: &PutTask) -> Result<TaskId, Problem> {
    let add = AddTask {
        title: request.title.clone().unwrap_or_default(),
        description: request.description.clone().unwrap_or_default(),
        project: request.project,
        priority: request.priority,
        tags: request.tags.clone().unwrap_or_default(),
        due_at: request.due.and_then(|due| due.at),
        assignee: request.assign.as_ref().and_then(|assign| assign.agent.clone()),
        ..AddTask::default()
    };
    super::tasks::make(app, add).await
}

async fn edit(app: &App, id: TaskId, request: &PutTask) -> Result<(), Problem> {
    let edit = EditTask {
        id,
        title: request.title.clone(),
        description: request.description.clone(),
        project: request.project,
        priority: request.priority,
        tags: request.tags.clone(),
        due: request.due,
        assign: request.assign.clone(),
        routing: None,
        version: request.version,
    };
    super::tasks::edit(app, edit).await
}

/// Where the card goes: where the request says, or where its assignment puts it.
fn wanted(request: &PutTask, before: Status) -> Option<Status> {
    let kept_for = request.assign.as_ref().map(|assign| assign.agent.is_some());
    match (request.status, kept_for, before) {
        // Without a word on it, a card that is kept for an agent is no longer waiting to be looked through.
        (None | Some(Status::Inbox), Some(true), Status::Inbox) => Some(Status::Ready),
        (None, Some(false), Status::Ready) => Some(Status::Inbox),
        (status, _, _) => status.filter(|status| *status != before),
    }
}

/// Puts the card where it is said to be, by the steps that lead there.
async fn bring(app: &App, id: TaskId, to: Status, request: &PutTask) -> Result<(), Problem> {
    let store = app.engine.store();
    let held = store.holder_of(id).await?;
    match (to, held) {
        (Status::InProgress, _) => take(app, id, request).await,
        (Status::Review | Status::Done | Status::Failed, Some((run, token))) => {
            let message = request.outcome.as_ref().and_then(|outcome| {
                if to == Status::Failed { outcome.error_message.clone() } else { outcome.resolution.clone() }
            });
            let succeeded = to != Status::Failed;
            let report = NewReport { run, token, succeeded, message, now: app.engine.now() };
            app.engine.finish(report).await?;
            if to == Status::Done { shift(app, id, to).await } else { Ok(()) }
        }
        // Nothing is in review or failed that nobody worked on: who brings a new card there did it elsewhere.
        (Status::Review | Status::Failed, None) if request.id.is_none() => {
            take(app, id, request).await?;
            Box::pin(bring(app, id, to, request)).await
        }
        (to, _) => shift(app, id, to).await,
    }
}

async fn take(app: &App, id: TaskId, request: &PutTask) -> Result<(), Problem> {
    let kept_for = match &request.assign {
        Some(assign) => assign.agent.clone(),
        None => app.engine.store().task(id).await?.assignee,
    };
    let caller = match app.actor() {
        Actor::Agent(name) => Some(name),
        Actor::Person | Actor::Engine => None,
    };
    let agent = request.agent.clone().or(kept_for).or(caller).unwrap_or_else(|| SOMEBODY.into());
    let agent = agent::name(&agent).map_err(|bad| invalid(bad.to_string()))?;
    let taking = NewTaking { task: id, agent, lease: LEASE };
    app.engine.store().take_task(taking, app.actor(), app.engine.now()).await?;
    Ok(())
}

async fn shift(app: &App, id: TaskId, to: Status) -> Result<(), Problem> {
    super::tasks::shift(app, MoveTask { id, column: to }).await
}

fn merged(kept: ReportedOutcome, given: ReportedOutcome) -> OutcomeRecord {
    let metadata = given.metadata.or(kept.metadata);
    OutcomeRecord {
        outcome: given.outcome.or(kept.outcome),
        error_message: given.error_message.or(kept.error_message),
        resolution: given.resolution.or(kept.resolution),
        feedback_rating: given.feedback_rating.or(kept.feedback_rating),
        feedback_notes: given.feedback_notes.or(kept.feedback_notes),
        estimated_hours: given.estimated_hours.or(kept.estimated_hours),
        actual_hours: given.actual_hours.or(kept.actual_hours),
        metadata: metadata.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
    }
}

async fn one(app: &App, id: TaskId) -> Result<ListedTask, Problem> {
    let filter = TaskFilter { ids: Some(vec![id]), limit: 1, ..TaskFilter::default() };
    let (mut tasks, _) = app.engine.store().list_tasks(&filter).await?;
    let task = tasks.pop().ok_or(store::StoreError::NotFound { what: "task", key: id.key() })?;
    Ok(listed(task))
}

/// An agent that a card is kept for may ask for it later; until then its name is all that is known.
async fn enroll_unknown(app: &App, name: &str) -> Result<(), Problem> {
    if app.engine.agents().await?.iter().any(|agent| agent.name == *name) {
        return Ok(());
    }
    enroll_agent(app, EnrollAgent { name: name.into(), ..EnrollAgent::default() }).await.map(|_| ())
}

/// Said again it counts as a heartbeat, and what is named is changed.
pub async fn enroll_agent(app: &App, request: EnrollAgent) -> Result<Enrolled, Problem> {
    let known = app.engine.store().registered_agents().await?;
    let known = known.into_iter().find(|record| record.data.agent.name == request.name);
    let new = known.is_none();
    // An agent that a person set up is started by its profile: who it is, is not for itself to say.
    if new || request.role.is_some() || request.skills.is_some() {
        let edit = AgentEdit {
            name: request.name.clone(),
            kind: None,
            title: request.title.filter(|_| new),
            profile: None,
            role: request.role,
            instructions: None,
            skills: request.skills,
            max_capacity: new.then_some(CAPACITY),
            model: None,
            enabled: None,
            retry: None,
            breaker: None,
        };
        app.engine.register_agent(edit, app.actor()).await?;
    }
    super::agents::heartbeat_agent(app, AgentRef { name: request.name.clone() }).await?;
    let known = app.engine.store().registered_agents().await?;
    let record = known.into_iter().find(|record| record.data.agent.name == request.name);
    let record = record.ok_or(store::StoreError::NotFound { what: "agent", key: request.name })?;
    Ok(Enrolled { id: record.id, new })
}

pub async fn get_outcomes(app: &App, request: GetOutcomes) -> Result<Vec<FinishedTask>, Problem> {
    let finished = app.engine.store().finished_since(request.since).await?;
    let view = |record: store::FinishedRecord| FinishedTask {
        agent: record.agent,
        priority: record.priority,
        outcome: record.outcome,
        error_message: record.error_message,
        retries: record.retries,
        created_at: record.created_at,
        finished_at: record.finished_at,
    };
    Ok(finished.into_iter().map(view).collect())
}

pub async fn list_changes(app: &App, request: ListChanges) -> Result<ChangePage, Problem> {
    let filter = ChangeFilter {
        kinds: request.kinds,
        actor: request.actor,
        since: request.since,
        limit: page(request.limit, CHANGES_MAX)?,
        offset: request.offset,
    };
    let (changes, total) = app.engine.store().list_changes(&filter).await?;
    Ok(ChangePage { changes: changes.into_iter().map(logged).collect(), total })
}

/// The log after a number, oldest first, with the project of each card: what event streams are made of.
pub async fn changes_after(app: &App, seq: i64, limit: u32) -> Result<Vec<Arc<LoggedChange>>, Problem> {
    let changes = app.engine.store().feed_after(seq, limit).await?;
    Ok(changes.into_iter().map(|record| Arc::new(logged(record))).collect())
}

fn logged(record: store::ChangeRecord) -> LoggedChange {
    LoggedChange {
        seq: record.seq,
        at: record.at,
        actor: record.actor,
        kind: record.kind,
        task: record.task,
        run: record.run,
        project: record.project,
        text: record.text,
    }
}

fn listed(record: store::ListedTask) -> ListedTask {
    let outcome = record.outcome;
    ListedTask {
        key: record.id.key(),
        id: record.id,
        uid: record.uid,
        title: record.title,
        description: record.description,
        moves: domain::task::legal_moves(record.status),
        status: record.status,
        priority: record.priority,
        project: record.project,
        project_name: record.project_name,
        tags: record.tags,
        due_at: record.due_at,
        agent: record.agent,
        created_by: record.created_by,
        created_at: record.created_at,
        updated_at: record.updated_at,
        finished_at: record.finished_at,
        version: record.version,
        runs: record.runs,
        failure: record.failure,
        comments: record.comments,
        artifacts: record.artifacts,
        outcome: ReportedOutcome {
            outcome: outcome.outcome,
            error_message: outcome.error_message,
            resolution: outcome.resolution,
            feedback_rating: outcome.feedback_rating,
            feedback_notes: outcome.feedback_notes,
            estimated_hours: outcome.estimated_hours,
            actual_hours: outcome.actual_hours,
            metadata: (!outcome.metadata.is_empty()).then(|| Value::Object(outcome.metadata).to_string()),
        },
    }
}
