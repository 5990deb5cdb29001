//! What programs outside ask for: pages of cards, a card put where they say it is, outcomes, the log. Where a
//! program says that a card is being worked on or finished, that becomes a claim and its report, so that the same
//! machine, gates and counters hold as for everybody else.

use std::sync::Arc;

use domain::{Actor, Millis, Role, Status, TaskId, agent, authority::Forbidden, text};
use engine::AgentEdit;
use serde_json::{Map, Value};
use store::{ChangeFilter, NewReport, NewTaking, OutcomeRecord, TaskFilter};

use crate::{App, Authority, authority::voice, problem::invalid, wire::*};

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

pub async fn put_task(app: &App, mut request: PutTask) -> Result<ListedTask, Problem> {
    check(app, &request)?;
    if let Some(Assign { agent: Some(name) }) = &mut request.assign {
        let spelled = std::mem::replace(name, name.to_ascii_lowercase());
        enroll_unknown(app, name, spelled).await?;
    }
    match request.id {
        Some(id) => change(app, id, request).await,
        None => bring_in(app, request).await,
    }
}

async fn change(app: &App, id: TaskId, request: PutTask) -> Result<ListedTask, Problem> {
    let store = app.engine.store();
    let known = store.task(id).await?;
    // What is refused in the end has not moved the card before.
    if let Some(project) = request.project {
        store.project(project).await?;
    }
    if request.version.is_some_and(|version| version != known.version) {
        edit(app, id, &request).await?;
    }
    if let Some(status) = wanted(&request, known.task.status) {
        bring(app, id, status, &request).await?;
    }
    if edits(&request) {
        edit(app, id, &request).await?;
    }
    if let Some(outcome) = request.outcome {
        keep(app, id, outcome, None).await?;
    }
    one(app, id).await
}

/// A new card, where the request says that it is, or none.
async fn bring_in(app: &App, request: PutTask) -> Result<ListedTask, Problem> {
    let (actor, creator) = match &request.created_by {
        Some(name) => voice(app, name).await?,
        None => (app.actor(), None),
    };
    let app = &app.as_caller(Authority { actor, ..app.authority().clone() });
    if let Some(name) = &request.agent {
        agent::name(name).map_err(|bad| invalid(bad.to_string()))?;
    }
    let id = make(app, &request).await?;
    if let Some(status) = wanted(&request, Status::Inbox)
        && let Err(refused) = bring(app, id, status, &request).await
    {
        unmake(app, id).await?;
        return Err(refused);
    }
    if request.outcome.is_some() || creator.is_some() {
        keep(app, id, request.outcome.unwrap_or_default(), creator).await?;
    }
    one(app, id).await
}

/// Whoever was refused is not left with a card that stands elsewhere than it said.
async fn unmake(app: &App, id: TaskId) -> Result<(), Problem> {
    app.engine.store().trash_task(id, app.engine.now()).await?;
    Ok(app.engine.delete_task(id).await?)
}

async fn keep(
    app: &App,
    id: TaskId,
    outcome: ReportedOutcome,
    created_by: Option<String>,
) -> Result<(), Problem> {
    let kept = one(app, id).await?.outcome;
    let record = OutcomeRecord { created_by, ..merged(kept, outcome) };
    Ok(app.engine.store().put_outcome(id, record, app.actor(), app.engine.now()).await?)
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
            match to {
                Status::Failed => app.engine.fail_for_good(report).await?,
                _ => {
                    if to == Status::Done {
                        passes(app, id).await?;
                    }
                    app.engine.finish(report).await?;
                }
            }
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

/// Work whose gate is still to come is handed in first, and only then called done.
async fn passes(app: &App, id: TaskId) -> Result<(), Problem> {
    let (gate, so_far) = app.engine.store().gate(id).await?;
    if gate.0.is_empty() || gate.lets_through(&so_far) {
        return Ok(());
    }
    Err(Problem {
        code: ProblemCode::Conflict,
        message: format!("{} has a gate: only reviewed work reaches Done", id.key()),
        next: Some("hand it in with the status review; an approved review moves it to Done".into()),
    })
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
        created_by: None,
    }
}

async fn one(app: &App, id: TaskId) -> Result<ListedTask, Problem> {
    let filter = TaskFilter { ids: Some(vec![id]), limit: 1, ..TaskFilter::default() };
    let (mut tasks, _) = app.engine.store().list_tasks(&filter).await?;
    let task = tasks.pop().ok_or(store::StoreError::NotFound { what: "task", key: id.key() })?;
    Ok(listed(task))
}

/// An agent that a card is kept for may ask for it later; until then its name is all that is known.
async fn enroll_unknown(app: &App, name: &str, spelled: String) -> Result<(), Problem> {
    if app.engine.agents().await?.iter().any(|agent| agent.name == *name) {
        return Ok(());
    }
    let enroll = EnrollAgent { name: name.into(), title: Some(spelled), ..EnrollAgent::default() };
    enroll_agent(app, enroll).await.map(|_| ())
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
        agent_spelled: record.agent_spelled,
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
