//! Cards: writing, moving, trashing, reading.

use domain::{
    Effect, Role, Status, TaskId, TaskKey,
    authority::{Need, Reach},
    text,
};
use store::{NewComment, NewTask, Routing, TaskEdit};

use super::{
    board::some_cards,
    queue::{routing, standing},
};
use crate::{
    App,
    authority::{Subject, allow, voice},
    problem::invalid,
    views,
    wire::*,
};

/// A card that changes more often than it can be read so many times in a row is shown as it comes.
const SETTLES: u32 = 20;
/// Longest comment, in characters.
const COMMENT_MAX: usize = 20_000;

pub async fn add_task(app: &App, request: AddTask) -> Result<Card, Problem> {
    let id = make(app, request).await?;
    one_card(app, id).await
}

/// Without reading what came of it, as the next two.
pub(super) async fn make(app: &App, request: AddTask) -> Result<TaskId, Problem> {
    if request.output.is_some() {
        return Err(invalid(
            "output into a repository is not possible yet; leave `output` out, and the work is kept as a branch and artifacts",
        ));
    }
    let status = match request.column {
        None if request.queued == Some(true) => Status::Ready,
        None | Some(Status::Inbox) => Status::Inbox,
        Some(Status::Ready) => Status::Ready,
        Some(other) => {
            return Err(invalid(format!("a new card starts in Inbox or Ready, not in {}", other.title())));
        }
    };
    let new = NewTask {
        title: text::title(&request.title)?,
        description: text::description(&request.description)?,
        project: request.project,
        priority: request.priority.unwrap_or_default(),
        tags: text::tags(&request.tags)?,
        due_at: request.due_at,
        assignee: assignee(app, request.assignee).await?,
        status,
        queued: request.queued,
        routing: routing(app, Routing::default(), request.routing).await?,
    };
    let (store, now) = (app.engine.store(), app.engine.now());
    Ok(match request.parent {
        Some(parent) => store.add_subtask(new, parent, app.actor(), now).await?,
        None => store.add_task(new, app.actor(), now).await?,
    })
}

pub async fn edit_task(app: &App, request: EditTask) -> Result<TaskDetail, Problem> {
    let id = request.id;
    edit(app, request).await?;
    detail(app, id).await
}

pub(super) async fn edit(app: &App, request: EditTask) -> Result<(), Problem> {
    let routing = match request.routing {
        Some(set) => Some(routing(app, app.engine.store().task(request.id).await?.routing, set).await?),
        None => None,
    };
    let edit = TaskEdit {
        title: request.title.as_deref().map(text::title).transpose()?,
        description: request.description.as_deref().map(text::description).transpose()?,
        project: request.project,
        priority: request.priority,
        tags: request.tags.as_deref().map(text::tags).transpose()?,
        due_at: request.due.map(|due| due.at),
        assignee: match request.assign {
            Some(assign) => Some(assignee(app, assign.agent).await?),
            None => None,
        },
        routing,
        version: request.version,
    };
    Ok(app.engine.store().edit_task(request.id, edit, app.actor(), app.engine.now()).await?)
}

pub async fn set_parent(app: &App, request: SetParent) -> Result<TaskDetail, Problem> {
    let now = app.engine.now();
    app.engine.store().set_parent(request.id, request.parent, app.actor(), now).await?;
    detail(app, request.id).await
}

/// An agent that there is a profile of; installed or not.
pub(super) async fn assignee(app: &App, name: Option<String>) -> Result<Option<String>, Problem> {
    let Some(name) = name else { return Ok(None) };
    if app.engine.agents().await?.iter().any(|agent| agent.name == name) {
        return Ok(Some(name));
    }
    Err(invalid(format!("there is no agent “{name}”")))
}

pub async fn move_task(app: &App, request: MoveTask) -> Result<Card, Problem> {
    let id = request.id;
    shift(app, request).await?;
    one_card(app, id).await
}

/// Moving a card away from its agent stops the agent and waits for its end.
pub(super) async fn shift(app: &App, request: MoveTask) -> Result<(), Problem> {
    let limits = app.engine.column_limits(request.column).await?;
    let store = app.engine.store();
    let effects =
        store.move_task_within(request.id, request.column, limits, app.actor(), app.engine.now()).await?;
    carry_out(app, effects).await
}

/// What a change of a card asks of the engine.
pub(super) async fn carry_out(app: &App, effects: Vec<Effect>) -> Result<(), Problem> {
    for effect in effects {
        match effect {
            Effect::StopRun(run) => {
                app.engine.stop_run(run).await?;
            }
        }
    }
    Ok(())
}

pub async fn trash_task(app: &App, request: TaskRef) -> Result<Card, Problem> {
    let task = app.engine.store().task(request.id).await?;
    if let Some(run) = task.task.live_run {
        app.engine.stop_run(run).await?;
    }
    let effects = app.engine.store().trash_task(request.id, app.engine.now()).await?;
    carry_out(app, effects).await?;
    one_card(app, request.id).await
}

pub async fn restore_task(app: &App, request: TaskRef) -> Result<Card, Problem> {
    let limits = app.engine.column_limits(Status::Review).await?;
    app.engine.store().restore_task(request.id, limits, app.engine.now()).await?;
    one_card(app, request.id).await
}

pub async fn delete_task(app: &App, request: TaskRef) -> Result<Nothing, Problem> {
    app.engine.delete_task(request.id).await?;
    Ok(Nothing {})
}

pub async fn empty_trash(app: &App, request: EmptyTrash) -> Result<EmptiedTrash, Problem> {
    let emptied = app.engine.empty_trash(request.older_than_days.unwrap_or(0)).await?;
    let kept =
        |(id, error): (TaskId, engine::EngineError)| KeptInTrash { id, key: id.key(), why: error.into() };
    Ok(EmptiedTrash {
        deleted: emptied.deleted.len() as u32,
        kept: emptied.kept.into_iter().map(kept).collect(),
    })
}

pub async fn get_task(app: &App, request: TaskRef) -> Result<TaskDetail, Problem> {
    detail(app, request.id).await
}

pub async fn find_task(app: &App, request: FindTask) -> Result<TaskDetail, Problem> {
    let key: TaskKey = request.key.parse()?;
    let id = app.engine.store().find_task(&key).await?;
    detail(app, id).await
}

pub async fn get_timeline(app: &App, request: TaskRef) -> Result<Vec<TimelineEntry>, Problem> {
    let entries = app.engine.store().timeline(request.id).await?;
    Ok(entries.into_iter().map(views::timeline_entry).collect())
}

pub async fn add_comment(app: &App, request: AddComment) -> Result<Comment, Problem> {
    let body = text::said(&request.body, "the comment", COMMENT_MAX)?;
    let (actor, author) = match &request.author {
        Some(name) => voice(app, name).await?,
        None => (app.actor(), None),
    };
    let new = NewComment { task: request.task, actor, author, body, parent: request.parent };
    Ok(views::comment(app.engine.store().say(new, app.engine.now()).await?))
}

/// Of a card that is not in the trash; oldest first.
pub async fn comments(app: &App, request: TaskRef) -> Result<Vec<Comment>, Problem> {
    let store = app.engine.store();
    if store.task(request.id).await?.trashed_at.is_some() {
        return Err(store::StoreError::NotFound { what: "task", key: request.id.key() }.into());
    }
    Ok(store.comments(request.id).await?.into_iter().map(views::comment).collect())
}

pub(super) async fn one_card(app: &App, id: TaskId) -> Result<Card, Problem> {
    let card = some_cards(app, &[id]).await?.pop();
    Ok(card.ok_or(store::StoreError::NotFound { what: "task", key: id.key() })?)
}

/// A card tells a caller whose key does not reach as far nothing of the cards around it.
async fn cards_in_reach(app: &App, ids: &[TaskId]) -> Result<Vec<Card>, Problem> {
    let mut reached = Vec::with_capacity(ids.len());
    for id in ids {
        let need = Need { role: Role::Viewer, reach: Reach::Own };
        if allow(app, need, vec![Subject::Task(*id)]).await.is_ok() {
            reached.push(*id);
        }
    }
    some_cards(app, &reached).await
}

/// All of it as it was at one moment, as far as it is the card's own: where the log of changes names the card
/// meanwhile it is read again. What is said of other cards may be newer.
pub(super) async fn detail(app: &App, id: TaskId) -> Result<TaskDetail, Problem> {
    let store = app.engine.store();
    let mut before = store.newest_change_of(id).await?;
    for _ in 0..SETTLES {
        let detail = read_detail(app, id).await?;
        let after = store.newest_change_of(id).await?;
        if after == before {
            return Ok(detail);
        }
        before = after;
    }
    read_detail(app, id).await
}

async fn read_detail(app: &App, id: TaskId) -> Result<TaskDetail, Problem> {
    let store = app.engine.store();
    let task = store.task(id).await?;
    let card = one_card(app, id).await?;
    Ok(TaskDetail {
        parent: match card.parent {
            Some(parent) => cards_in_reach(app, &[parent]).await?.pop(),
            None => None,
        },
        subtasks: cards_in_reach(app, &store.subtasks(id).await?).await?,
        attachments: store.attachments(id).await?.into_iter().map(views::attachment).collect(),
        card,
        uid: task.uid,
        issue: super::issues::issue_of(app, id).await?,
        description: task.description,
        version: task.version,
        updated_at: task.updated_at,
        runs: store.runs_of(id).await?.into_iter().map(views::run).collect(),
        artifacts: store.artifacts(id).await?.into_iter().map(views::artifact).collect(),
        comments: store.comments(id).await?.into_iter().map(views::comment).collect(),
        moves: domain::task::legal_moves(task.task.status),
        queue: standing(app, id).await?,
        questions: store.open_questions(id).await?.into_iter().map(views::question).collect(),
    })
}
