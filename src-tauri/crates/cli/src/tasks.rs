//! Cards by their fields: the `tasks` commands.

use app::wire::*;
use serde_json::{Value, json};

use crate::{
    args::{TaskFields, TasksCommand},
    body::{self, TaskBody},
    claims,
    commands::{
        added, find, find_id, find_project, list, parse_column, parse_priority, part, text_or_file, told,
    },
    failure::Failure,
    link::Link,
    print,
};

pub async fn run(link: &Link, command: &TasksCommand, json: bool) -> Result<(), Failure> {
    match command {
        TasksCommand::List(said) => list(link, said, json).await,
        TasksCommand::Get(card) => print::task(find(link, card.key()).await?, json),
        TasksCommand::Create(said) => create(link, fields(said)?, json).await,
        TasksCommand::Update { card, fields: said } => update(link, card.key(), fields(said)?, json).await,
        TasksCommand::Delete(card) => {
            let request = TaskRef { id: find_id(link, card.key()).await? };
            told(link, link.call("trash_task", &request).await?, "put into the trash", json).await
        }
        TasksCommand::Queue { agent, max_capacity } => {
            claims::claim(link, agent, *max_capacity, &[], None, json).await
        }
        TasksCommand::Comments { card, add: None } => {
            comments(part(&find(link, card.key()).await?, "comments")?, json)
        }
        TasksCommand::Comments { card, add: Some(text) } => {
            let request = AddComment {
                task: find_id(link, card.key()).await?,
                body: text_or_file(text)?,
                parent: None,
                author: None,
            };
            let added: Value = link.call("add_comment", &request).await?;
            if json {
                print::out_json(&added)
            } else {
                print::done(&format!("{} has a comment more", request.task.key()))
            }
        }
    }
}

/// What the options say, laid over the body.
fn fields(said: &TaskFields) -> Result<TaskBody, Failure> {
    let body = said.body.as_deref().map(body::task).transpose()?.unwrap_or_default();
    let assigned = said.assigned_to.as_ref().map(|name| Some(name.clone()).filter(|name| !name.is_empty()));
    Ok(TaskBody {
        title: said.title.clone().or(body.title),
        description: said.description.as_deref().map(text_or_file).transpose()?.or(body.description),
        status: said.status.as_deref().map(parse_column).transpose()?.or(body.status),
        priority: said.priority.as_deref().map(parse_priority).transpose()?.or(body.priority),
        assigned_to: assigned.or(body.assigned_to),
        tags: if said.tags.is_empty() { body.tags } else { Some(said.tags.clone()) },
        project: said.project.clone().or(body.project),
        due_at: body.due_at,
        output: body.output,
    })
}

async fn create(link: &Link, fields: TaskBody, json: bool) -> Result<(), Failure> {
    let request = AddTask {
        title: fields.title.unwrap_or_default(),
        description: fields.description.unwrap_or_default(),
        project: find_project(link, fields.project.as_deref()).await?,
        priority: fields.priority,
        tags: fields.tags.unwrap_or_default(),
        due_at: fields.due_at.flatten(),
        assignee: fields.assigned_to.flatten(),
        column: fields.status,
        queued: None,
        routing: SetRouting::default(),
        output: fields.output,
        parent: None,
    };
    added(link, link.call("add_task", &request).await?, json).await
}

async fn update(link: &Link, key: &str, fields: TaskBody, json: bool) -> Result<(), Failure> {
    let before = find(link, key).await?;
    let id = part(&before["card"], "id")?;
    let request = EditTask {
        id,
        title: fields.title,
        description: fields.description,
        project: find_project(link, fields.project.as_deref()).await?,
        priority: fields.priority,
        tags: fields.tags,
        due: fields.due_at.map(|at| Due { at }),
        assign: fields.assigned_to.map(|agent| Assign { agent }),
        routing: None,
        version: None,
    };
    let mut card: Value = link.call::<_, Value>("edit_task", &request).await?["card"].take();
    if let Some(column) = fields.status.filter(|column| card["status"] != column.word()) {
        card = link.call("move_task", &MoveTask { id, column }).await?;
    }
    told(link, card, "changed", json).await
}

fn comments(comments: Vec<Value>, json: bool) -> Result<(), Failure> {
    if json {
        return print::out_json(&json!(comments));
    }
    if comments.is_empty() {
        return print::out("No comments.");
    }
    comments.iter().try_for_each(|comment| {
        let author = print::paint("1", &print::tame(print::text(comment, "author")));
        print::out(&format!("{author}\n{}", print::text(comment, "body").replace('\x1b', "")))
    })
}
