//! What each command does.

use std::{
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use app::{App, Config, Engine, default_data_dir, wire::*};
use domain::{Priority, ProjectId, Status, TaskId, verdict::Verdict};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    args::{AddArgs, Args, Command, EventsCommand, ListArgs, ProjectCommand},
    belongings, browser, claims, events,
    failure::Failure,
    help,
    link::Link,
    orchestrate, print, queue,
    runs::{self, Which},
    sessions, signals, status, tasks, transfer,
};

/// Cards that a person is shown at once.
const LISTED: u32 = 200;
/// Most bytes of a text from a file: as many as a request may have.
const TEXT: u64 = 4 * 1024 * 1024;
/// Bytes of a file that are asked for at once.
pub const PIECE: i64 = 4 * 1024 * 1024;

pub async fn run(args: &Args) -> Result<(), Failure> {
    match &args.command {
        // Known without any board.
        Command::Completions { shell } => return help::completions(*shell),
        Command::Man { out } => return help::man(out.as_deref()),
        _ => {}
    }
    let data_dir = data_dir(args)?;
    if let Command::Mcp { run, patience } = &args.command {
        return crate::mcp::serve(data_dir, run.as_deref(), *patience).await;
    }
    let link = match &args.command {
        Command::Serve { port, open } => return serve(&data_dir, *port, *open).await,
        Command::Run(said) if said.id.is_none() => Link::dispatching(&data_dir),
        _ => Link::new(&data_dir),
    };
    let outcome = command(&link, args).await;
    link.close().await;
    outcome
}

fn data_dir(args: &Args) -> Result<PathBuf, Failure> {
    let chosen = args.data_dir.clone().or_else(default_data_dir);
    let dir = chosen.ok_or_else(|| Failure::invalid("there is no home directory; say --data-dir DIR"))?;
    std::path::absolute(&dir).map_err(|error| Failure::io(dir.display().to_string(), error))
}

async fn command(link: &Link, args: &Args) -> Result<(), Failure> {
    let json = args.json;
    match &args.command {
        Command::Doctor => print::doctor(link.call("doctor", &Nothing {}).await?, json),
        Command::Agents(command) => crate::agents::run(link, command, json).await,
        Command::Project(ProjectCommand::Add { path, name, repositories }) => {
            let request = AddProject {
                path: absolute(path)?,
                name: name.clone(),
                repositories: repositories.iter().map(|path| absolute(path)).collect::<Result<_, _>>()?,
            };
            print::project(link.call("add_project", &request).await?, json)
        }
        Command::Project(ProjectCommand::List) => {
            print::projects(link.call("list_projects", &Nothing {}).await?, json)
        }
        Command::Project(ProjectCommand::Policy { project, policy }) => {
            queue::project_policy(link, project, policy, json).await
        }
        Command::Plan { id, project } => queue::plan(link, id.as_deref(), project.as_deref(), json).await,
        Command::Claim { agent, capacity, skills, lease } => {
            claims::claim(link, agent, *capacity, skills, *lease, json).await
        }
        Command::Heartbeat { run } => claims::heartbeat(link, run, json).await,
        Command::Finish { run, ok, failed: _, message } => {
            claims::finish(link, run, *ok, message.as_deref(), json).await
        }
        Command::Queue { ids, assign } => queue::queue(link, ids, assign.as_deref(), json).await,
        Command::Unqueue { ids } => queue::unqueue(link, ids, json).await,
        Command::Depend { id, on, off, need } => queue::depend(link, id, on, off, need, json).await,
        Command::Workflow { id, resume } => queue::workflow(link, id, *resume, json).await,
        Command::Approve { id } => queue::review(link, id, Verdict::Approved, None, json).await,
        Command::Reject { id, notes } => queue::review(link, id, Verdict::Rejected, Some(notes), json).await,
        Command::Policy(policy) => queue::policy(link, policy, json).await,
        Command::Cron(command) => crate::cron::run(link, command, json).await,
        Command::Key(command) => crate::keys::run(link, command, json).await,
        Command::Webhook(command) => crate::webhooks::run(link, command, json).await,
        Command::Add(said) => add(link, said, json).await,
        Command::List(said) => list(link, said, json).await,
        Command::Show { id } => print::task(find(link, id).await?, json),
        Command::Move { cards_and_column } => {
            let (column, ids) = cards_and_column
                .split_last()
                .ok_or_else(|| Failure::invalid("give the cards, and then the column"))?;
            let column = parse_column(column)?;
            let mut moved = Vec::new();
            let outcome = async {
                for id in ids {
                    let request = MoveTask { id: find_id(link, id).await?, column };
                    moved.push(link.call("move_task", &request).await?);
                }
                Ok(())
            }
            .await;
            // What was done before one was refused is told all the same.
            told_all(link, moved, "moved", json).await?;
            outcome
        }
        Command::Edit(args) => belongings::edit(link, args, json).await,
        Command::Attach(args) => belongings::attach(link, args, json).await,
        Command::Attachments { id, out } => belongings::attachments(link, id, out.as_deref(), json).await,
        Command::Filter(command) => belongings::filter(link, command, json).await,
        Command::Trash(command) => crate::trash::run(link, command, json).await,
        Command::Run(said) => match &said.id {
            Some(id) => runs::run_agent(link, id, said, json).await,
            None => sessions::run_queue(link, said, json).await,
        },
        Command::Stop { id } => runs::stop(link, id, json).await,
        Command::Logs { id, attempt, run, follow } => {
            let which = match (attempt, run) {
                (Some(attempt), _) => Which::Attempt(*attempt),
                (None, Some(run)) => Which::Run(*run),
                (None, None) => Which::NewestWork,
            };
            runs::logs(link, id, which, *follow).await
        }
        Command::Artifacts { id, out } => runs::artifacts(link, id, out.as_deref(), json).await,
        Command::Status { watch } => status::run(link, *watch, json).await,
        Command::Ready { ids } => orchestrate::ready(link, ids, json).await,
        Command::Exec { id, how } => orchestrate::exec(link, id, how, json).await,
        Command::ExecNext { count, how } => orchestrate::exec_next(link, *count, how, json).await,
        Command::Check { run } => orchestrate::check(link, run, json).await,
        Command::Spawn(said) => sessions::spawn(link, said, json).await,
        Command::History { session, lines } => sessions::history(link, session, *lines, json).await,
        Command::Cancel { ids } => sessions::cancel(link, ids, json).await,
        Command::Cleanup { workspaces } => sessions::clean_up(link, *workspaces, json).await,
        Command::Tasks(command) => tasks::run(link, command, json).await,
        Command::Events(EventsCommand::Watch { types, after, project, count, timeout_ms }) => {
            let asked = ReadEvents {
                after: *after,
                types: types.clone(),
                project: find_project(link, project.as_deref()).await?,
                ..ReadEvents::default()
            };
            events::watch(link, asked, *count, *timeout_ms, json).await
        }
        Command::Export(said) => transfer::export(link, said, json).await,
        Command::Github(command) => crate::github::run(link, command, json).await,
        Command::Import(said) => transfer::import(link, said, json).await,
        Command::Answer { id, text } => {
            let request = AddComment { task: find_id(link, id).await?, body: text_or_file(text)? };
            let _: Value = link.call("add_comment", &request).await?;
            let mut task: Value = link.call("get_task", &TaskRef { id: request.task }).await?;
            told(link, task["card"].take(), "answered", json).await
        }
        Command::Serve { .. } | Command::Completions { .. } | Command::Man { .. } | Command::Mcp { .. } => {
            Ok(())
        }
    }
}

pub fn absolute(path: &Path) -> Result<String, Failure> {
    let path = std::path::absolute(path).map_err(|error| Failure::io(path.display().to_string(), error))?;
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::invalid(format!(
            "{} has a name that is no UTF-8; give a link to it with a plain name",
            path.display()
        ))
    })
}

/// `@FILE` reads a file, `@-` standard input, anything else is the text itself.
pub fn text_or_file(text: &str) -> Result<String, Failure> {
    match text.strip_prefix('@') {
        None => Ok(text.to_owned()),
        Some("-") => read_text(std::io::stdin(), "standard input"),
        Some(file) => text_of_file(Path::new(file)),
    }
}

pub fn text_of_file(file: &Path) -> Result<String, Failure> {
    let shown = file.display().to_string();
    let file =
        std::fs::File::open(file).map_err(|error| Failure::io(format!("{shown} cannot be read"), error))?;
    read_text(file, &shown)
}

/// No more of it is held than could be sent.
fn read_text(from: impl Read, shown: &str) -> Result<String, Failure> {
    let mut content = Vec::new();
    from.take(TEXT + 1)
        .read_to_end(&mut content)
        .map_err(|error| Failure::io(format!("{shown} cannot be read"), error))?;
    if content.len() as u64 > TEXT {
        return Err(Failure::invalid(format!("{shown} is larger than 4 MiB")));
    }
    String::from_utf8(content).map_err(|_| Failure::invalid(format!("{shown} is no UTF-8 text")))
}

pub fn parse_priority(text: &str) -> Result<Priority, Failure> {
    text.parse().map_err(|error: domain::priority::BadPriority| Failure::invalid(error.to_string()))
}

pub fn parse_column(text: &str) -> Result<Status, Failure> {
    text.parse().map_err(|error: domain::task::BadStatus| Failure::invalid(error.to_string()))
}

/// The parts of a project that choosing one needs.
#[derive(Deserialize)]
struct ProjectName {
    id: ProjectId,
    name: String,
    path: String,
}

pub async fn find_project(link: &Link, wanted: Option<&str>) -> Result<Option<ProjectId>, Failure> {
    let Some(wanted) = wanted else { return Ok(None) };
    let projects: Vec<ProjectName> = link.call("list_projects", &Nothing {}).await?;
    let path = std::fs::canonicalize(wanted).map(|path| path.to_string_lossy().into_owned()).ok();
    let fits = |project: &&ProjectName| {
        project.name == wanted || Some(&project.path) == path.as_ref() || project.id.to_string() == wanted
    };
    match projects.iter().filter(fits).collect::<Vec<_>>()[..] {
        [one] => Ok(Some(one.id)),
        [] => Err(Failure::Problem(Problem {
            code: ProblemCode::NotFound,
            message: format!("there is no project “{wanted}”"),
            next: Some(
                "`flightboard project list` shows them; `flightboard project add PATH` adds one".into(),
            ),
        })),
        _ => Err(Failure::invalid(format!(
            "several projects are called “{wanted}”; give the number or the path"
        ))),
    }
}

async fn add(link: &Link, said: &AddArgs, json: bool) -> Result<(), Failure> {
    let request = AddTask {
        title: said.title.clone(),
        description: said.description.as_deref().map(text_or_file).transpose()?.unwrap_or_default(),
        project: find_project(link, said.project.as_deref()).await?,
        priority: said.priority.as_deref().map(parse_priority).transpose()?,
        tags: said.tags.clone(),
        due_at: None,
        assignee: said.assign.clone(),
        column: None,
        // What it waits for is said before the dispatcher may see it.
        queued: said.queue.then_some(said.after.is_empty()),
        routing: queue::routing(&said.routing)?,
        output: said.output.as_deref().map(|text| json!(text)),
        parent: match &said.parent {
            Some(parent) => Some(find_id(link, parent).await?),
            None => None,
        },
    };
    let card: Value = link.call("add_task", &request).await?;
    let id = TaskId(card["id"].as_i64().unwrap_or(0));
    queue::wait_for(link, id, &said.after).await?;
    if said.queue && !said.after.is_empty() {
        return queue::set_queued(link, id, true, json).await;
    }
    added(link, card, json).await
}

/// Where no person reads, the number stands there once more with sixteen digits, which `grep` finds.
pub async fn added(link: &Link, card: Value, json: bool) -> Result<(), Failure> {
    let id = card["id"].as_i64().unwrap_or(0);
    told(link, card, "added", json).await?;
    let for_grep = !json && !print::is_quiet() && !std::io::stdout().is_terminal();
    if for_grep { print::out(&format!("id {id:016}")) } else { Ok(()) }
}

pub async fn list(link: &Link, said: &ListArgs, json: bool) -> Result<(), Failure> {
    if let Some(filter) = &said.filter {
        return list_saved(link, filter, said, json).await;
    }
    let request = ListCards {
        statuses: said.status.iter().map(|word| parse_column(word)).collect::<Result<_, _>>()?,
        project: find_project(link, said.project.as_deref()).await?,
        assignee: said.assign.clone(),
        tag: said.tag.clone(),
        priority: said.priority.as_deref().map(parse_priority).transpose()?,
        limit: said.limit.or((!json).then_some(LISTED)).filter(|limit| *limit > 0),
        offset: said.offset,
    };
    let mut found: Value = link.call("list_cards", &request).await?;
    let cards: Vec<Value> = part(&found, "cards")?;
    let left = found["total"]
        .take()
        .as_u64()
        .unwrap_or(0)
        .saturating_sub(cards.len() as u64 + u64::from(said.offset));
    print::cards(cards, json)?;
    if left > 0 {
        print::note(&format!("{left} more; --limit 0 shows all, --offset leaves out the first"));
    }
    Ok(())
}

/// The cards that a saved filter lets through.
async fn list_saved(link: &Link, filter: &str, said: &ListArgs, json: bool) -> Result<(), Failure> {
    let request = FindCards {
        saved: Some(filter.to_owned()),
        project: find_project(link, said.project.as_deref()).await?,
        statuses: said.status.iter().map(|word| parse_column(word)).collect::<Result<_, _>>()?,
        ..FindCards::default()
    };
    let mut cards: Vec<Value> = link.call("find_cards", &request).await?;
    cards.sort_by_key(print::list_order);
    print::cards(cards, json)
}

pub fn part<T: DeserializeOwned>(value: &Value, name: &str) -> Result<T, Failure> {
    serde_json::from_value(value[name].clone())
        .map_err(|error| Failure::Link(format!("the answer has no {name}: {error}")))
}

pub async fn find(link: &Link, key: &str) -> Result<Value, Failure> {
    link.call("find_task", &FindTask { key: key.to_owned() }).await
}

pub async fn find_id(link: &Link, key: &str) -> Result<TaskId, Failure> {
    part(&find(link, key).await?["card"], "id")
}

/// What a command did to a card: a line for people, for programs the card as `show` gives it.
pub async fn told(link: &Link, card: Value, verb: &str, json: bool) -> Result<(), Failure> {
    if !json {
        return print::card(&card, verb);
    }
    print::task(link.call("get_task", &TaskRef { id: part(&card, "id")? }).await?, json)
}

/// As [`told`] for each; of several cards programs get one list.
pub async fn told_all(link: &Link, cards: Vec<Value>, verb: &str, json: bool) -> Result<(), Failure> {
    if !json || cards.len() < 2 {
        for card in cards {
            told(link, card, verb, json).await?;
        }
        return Ok(());
    }
    let mut all = Vec::new();
    for card in cards {
        let task: Value = link.call("get_task", &TaskRef { id: part(&card, "id")? }).await?;
        all.push(print::flat(&task, &task["runs"][0]));
    }
    print::out_json(&Value::Array(all))
}

async fn serve(data_dir: &Path, port: u16, open: bool) -> Result<(), Failure> {
    // Each reader of the event stream is an open file.
    if let Err(error) = app::allow_many_files() {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    let engine = Engine::start(Config::dispatching(data_dir.to_owned())).await?;
    let app = App::new(engine);
    let socket = data_dir.join("engine.sock");
    let mut local = http_door::open_socket(app.clone(), &socket)
        .map_err(|error| Failure::io(format!("the socket {} cannot be opened", socket.display()), error))?;
    let key = std::env::var("FLIGHTBOARD_API_KEY").ok().filter(|key| !key.is_empty());
    let (mut web, keys, port) = http_door::open_tcp(app.clone(), port, key.as_deref())
        .await
        .map_err(|error| Failure::io(format!("port {port} cannot be opened on 127.0.0.1"), error))?;
    print::out(&format!("http://127.0.0.1:{port}/login?token={}", keys.new_login()))?;
    print::out("The link opens the board in one browser. Ctrl-C ends serving; agents go on.")?;
    // Its file goes when serving ends.
    let _opened = open.then(|| browser::open(data_dir, port, &keys.new_login()));
    signals::stopped().await;
    web.close().await;
    local.close().await;
    app.engine().shutdown().await;
    Ok(())
}

/// The card as programs get it: words for people's priorities beside the number, and numbers called so, for
/// `show` has the things themselves under these names.
pub fn card_json(card: &Value) -> Value {
    let level = card["priority"].as_i64().unwrap_or(5);
    let word = Priority::from_level(level).unwrap_or_default().word().to_string();
    let mut object = card.clone();
    object["priority"] = json!(word);
    object["priority_level"] = json!(level);
    object["artifact_count"] = object["artifacts"].take();
    object["run_count"] = object["runs"].take();
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|name, _| name != "artifacts" && name != "runs");
    }
    object
}
