//! What an agent may ask and say of the task that its run holds, and of nothing else: the run's token is
//! looked at first, always.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{
    Actor, Status, TaskId, TaskKey,
    edges::{Edge, Need},
    text,
};
use store::{HandOver, Holder, NewTask, Routing};

use super::queue::{dependency, known_agents};
use crate::{App, problem::invalid, views, wire::*};

/// Longest text of each kind, in characters.
const PROGRESS: usize = 2_000;
const QUESTION: usize = 4_000;
const OPTION: usize = 200;
const OPTIONS: usize = 10;
const NOTES: usize = 20_000;
/// Tasks named in one call.
const NAMED: usize = 50;
/// Longest wait for an answer, in seconds.
const WAIT: u32 = 600;
/// Longest piece of a result in one answer, and the usual one, in bytes.
const PIECE: i64 = 256 * 1024;
const USUAL_PIECE: i64 = 64 * 1024;
/// Longest name of an artifact, in bytes.
const NAME: usize = 400;

pub async fn get_my_task(app: &App, request: HeldRun) -> Result<MyTask, Problem> {
    let store = app.engine.store();
    let holder = store.holder(request.run, &request.token).await?;
    let task = store.task(holder.task).await?;
    let run = views::run(store.run(holder.run).await?);
    let (upstream, downstream) = store.edges_of(holder.task).await?;
    Ok(MyTask {
        id: holder.task,
        key: holder.task.key(),
        title: task.title,
        description: task.description,
        priority: task.priority,
        tags: task.tags,
        due_at: task.due_at,
        attempt: holder.attempt,
        mode: run.mode,
        workspace: run.workspace.map(|workspace| workspace.path),
        comments: store.comments(holder.task).await?.into_iter().map(views::comment).collect(),
        waits_for: upstream.iter().map(dependency).collect(),
        holds_up: downstream.into_iter().map(|(task, _)| task).collect(),
    })
}

pub async fn report_progress(app: &App, request: ReportProgress) -> Result<Nothing, Problem> {
    let text = text::said(&request.text, "the report", PROGRESS)?;
    app.engine.store().report_progress(request.run, request.token, text, app.engine.now()).await?;
    Ok(Nothing {})
}

/// Returns at once; `get_answer` waits.
pub async fn ask_person(app: &App, request: AskPerson) -> Result<Question, Problem> {
    let question = text::said(&request.question, "the question", QUESTION)?;
    if request.options.len() > OPTIONS {
        return Err(invalid(format!("at most {OPTIONS} options can be offered")));
    }
    let options: Vec<String> = request
        .options
        .iter()
        .map(|option| text::said(option, "an option", OPTION))
        .collect::<Result<_, _>>()?;
    let listed: String = options.iter().map(|option| format!("\n- {option}")).collect();
    let text = if listed.is_empty() { question } else { format!("{question}\n{listed}") };
    let asked = app.engine.store().ask(request.run, request.token, text, app.engine.now()).await?;
    Ok(views::question(asked))
}

/// Returns when a person has answered or `wait_seconds` have passed, with the question as it is then.
pub async fn get_answer(app: &App, request: GetAnswer) -> Result<Question, Problem> {
    let patience = std::time::Duration::from_secs(u64::from(request.wait_seconds.min(WAIT)));
    let found = app.engine.wait_answer(request.run, &request.token, request.question, patience).await?;
    Ok(views::question(found))
}

pub async fn add_artifact(app: &App, request: AddArtifact) -> Result<Artifact, Problem> {
    let path = artifact_path(&request.path)?;
    let bytes = match (request.text, request.base64) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(base64)) => BASE64
            .decode(base64.trim())
            .map_err(|error| invalid(format!("the content is not base64: {error}")))?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(invalid("give the content either as `text` or as `base64`"));
        }
    };
    let holder = app.engine.store().holder(request.run, &request.token).await?;
    Ok(views::artifact(app.engine.keep_artifact(&holder, path, bytes).await?))
}

/// A sub-task of the own task, in its project.
pub async fn create_subtask(app: &App, request: CreateSubtask) -> Result<Card, Problem> {
    let store = app.engine.store();
    let holder = store.holder(request.run, &request.token).await?;
    known_agents(app, request.agents.iter()).await?;
    let after = named(app, &request.after).await?;
    let task = store.task(holder.task).await?;
    let queued = request.queued;
    let new = NewTask {
        title: text::title(&request.title)?,
        description: text::description(&request.description)?,
        project: task.project,
        priority: request.priority.unwrap_or(task.priority),
        tags: text::tags(&request.tags)?,
        due_at: None,
        assignee: None,
        status: if queued == Some(false) { Status::Inbox } else { Status::Ready },
        // What it waits for is said before the dispatcher may see it.
        queued: if after.is_empty() { queued } else { Some(false) },
        routing: Routing { chain: request.agents, ..Routing::default() },
    };
    let actor = Actor::Agent(holder.agent.clone());
    let id = store.add_subtask(new, holder.task, actor.clone(), app.engine.now()).await?;
    for upstream in &after {
        let edge = Edge { task: id, upstream: *upstream, need: Need::Success };
        store.add_edge(edge, actor.clone(), app.engine.now()).await?;
    }
    if queued == Some(true) && !after.is_empty() {
        store.set_queued(id, true, actor, app.engine.now()).await?;
    }
    super::tasks::one_card(app, id).await
}

/// Ends the run; the named agent goes on as soon as it is free.
pub async fn hand_off(app: &App, request: HandOff) -> Result<HandedOver, Problem> {
    let holder = app.engine.store().holder(request.run, &request.token).await?;
    known_agents(app, [&request.agent].into_iter()).await?;
    let notes = text::said(&request.notes, "the notes for whoever goes on", NOTES)?;
    let next = format!("{} goes on with {}; stop here", request.agent, holder.task.key());
    let over = HandOver { to: Some(request.agent), after: Vec::new(), notes };
    app.engine.hand_over(request.run, request.token, over).await?;
    handed_over(app, &holder, true, next).await
}

/// Where something is yet to come, the run ends and another goes on once it has.
pub async fn depend_on(app: &App, request: DependOn) -> Result<HandedOver, Problem> {
    let holder = app.engine.store().holder(request.run, &request.token).await?;
    if request.on.is_empty() {
        return Err(invalid("name at least one task that yours is to wait for, e.g. T-12"));
    }
    let need = request.need.unwrap_or(Need::Success);
    let after = named(app, &request.on).await?.into_iter().map(|task| (task, need)).collect();
    let notes = text::description(request.notes.trim())?;
    let over = HandOver { to: None, after, notes };
    let ends = app.engine.hand_over(request.run, request.token, over).await?;
    let next = if ends {
        format!("{} goes on once that has come out; stop here", holder.task.key())
    } else {
        "that has come out already: read what came of it with list_results, and go on".into()
    };
    handed_over(app, &holder, ends, next).await
}

/// What came of the tasks that the own one waits or waited for.
pub async fn list_results(app: &App, request: HeldRun) -> Result<Vec<TaskResult>, Problem> {
    let store = app.engine.store();
    let holder = store.holder(request.run, &request.token).await?;
    let (upstream, _) = store.edges_of(holder.task).await?;
    let mut results = Vec::with_capacity(upstream.len());
    for edge in &upstream {
        let Dependency { upstream: task, need, status, met } = dependency(edge);
        let comments = store.comments(task).await?;
        let said = comments.into_iter().rev().find(|comment| comment.author.starts_with("agent:"));
        results.push(TaskResult {
            task,
            key: task.key(),
            title: store.task(task).await?.title,
            status,
            need,
            met,
            said: said.map(|comment| text::elide(&comment.body, NOTES)),
            artifacts: store.artifacts(task).await?.into_iter().map(views::artifact).collect(),
        });
    }
    Ok(results)
}

/// A piece of an artifact of the own task, or of one that it waits or waited for.
pub async fn read_result(app: &App, request: ReadResult) -> Result<ResultPiece, Problem> {
    let (offset, len) = (request.offset.unwrap_or(0), request.len.unwrap_or(USUAL_PIECE));
    if offset < 0 || !(0..=PIECE).contains(&len) {
        return Err(invalid("offset must not be negative and len at most 262,144"));
    }
    let store = app.engine.store();
    let holder = store.holder(request.run, &request.token).await?;
    let found = store.artifact(request.artifact).await?;
    let task = store.run(found.run).await?.task;
    let (upstream, _) = store.edges_of(holder.task).await?;
    if task != holder.task && !upstream.iter().any(|edge| edge.upstream == task) {
        return Err(Problem {
            code: ProblemCode::NotFound,
            message: format!(
                "artifact {} belongs to no task that {} waits for",
                request.artifact,
                holder.task.key()
            ),
            next: Some("list_results names those that can be read".into()),
        });
    }
    let data = app.engine.read_artifact(&found.hash, offset as u64, len as usize).await?;
    let until = offset + data.len() as i64;
    let (text, base64) = match String::from_utf8(data) {
        Ok(text) => (Some(text), None),
        Err(bytes) => (None, Some(BASE64.encode(bytes.into_bytes()))),
    };
    Ok(ResultPiece { path: found.path, total: found.size, until, text, base64 })
}

async fn handed_over(app: &App, holder: &Holder, ends: bool, next: String) -> Result<HandedOver, Problem> {
    let (upstream, _) = app.engine.store().edges_of(holder.task).await?;
    Ok(HandedOver { ends, waits_for: upstream.iter().map(dependency).collect(), next })
}

/// Tasks by what an agent calls them.
async fn named(app: &App, keys: &[String]) -> Result<Vec<TaskId>, Problem> {
    if keys.len() > NAMED {
        return Err(invalid(format!("at most {NAMED} tasks can be named at once")));
    }
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.push(app.engine.store().find_task(&key.parse::<TaskKey>()?).await?);
    }
    Ok(found)
}

/// Files are copied out under this name: it must stay below the folder that a person chooses.
fn artifact_path(path: &str) -> Result<String, Problem> {
    let path = path.trim();
    let path = path.strip_prefix("artifacts/").unwrap_or(path);
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    let clean = path.split('/').all(plain) && !path.contains(['\\', ':']) && !path.contains(char::is_control);
    if clean && path.len() <= NAME {
        return Ok(path.into());
    }
    Err(invalid(format!(
        "“{}” is no name for an artifact; use a short relative path such as report.md",
        text::elide(path, 100)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifacts_name_stays_below_its_folder() {
        for (path, kept) in [
            ("report.md", "report.md"),
            (" artifacts/a/b 🛩.csv ", "a/b 🛩.csv"),
            ("...", "..."),
            ("-rf", "-rf"),
        ] {
            assert_eq!(artifact_path(path).unwrap(), kept);
        }
        for bad in
            ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "C:\\x", "a\\b", "a\nb", &"x".repeat(401)]
        {
            assert!(artifact_path(bad).is_err(), "{bad}");
        }
    }
}
