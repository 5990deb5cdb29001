//! What each command does.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use app::{App, Config, Engine, default_data_dir, wire::*};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{Priority, ProjectId, Status, TaskId, verdict::Verdict};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    args::{Args, Command, ProjectCommand},
    belongings, claims,
    failure::Failure,
    link::Link,
    print, queue, signals,
};

/// Bytes of a file that are asked for at once.
pub const PIECE: i64 = 4 * 1024 * 1024;
/// A followed log that breaks off this often without a single byte is given up.
const BROKEN_OFF: u32 = 5;

pub async fn run(args: &Args) -> Result<(), Failure> {
    let data_dir = data_dir(args)?;
    if let Command::Serve { port } = args.command {
        return serve(&data_dir, port).await;
    }
    if let Command::Mcp { run, patience } = &args.command {
        return crate::mcp::serve(data_dir, run.as_deref(), *patience).await;
    }
    let link = Link::open(&data_dir).await?;
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
        Command::Queue { ids } => queue::set_queued(link, ids, true, json).await,
        Command::Unqueue { ids } => queue::set_queued(link, ids, false, json).await,
        Command::Depend { id, on, off, need } => queue::depend(link, id, on, off, need, json).await,
        Command::Workflow { id, resume } => queue::workflow(link, id, *resume, json).await,
        Command::Approve { id } => queue::review(link, id, Verdict::Approved, None, json).await,
        Command::Reject { id, notes } => queue::review(link, id, Verdict::Rejected, Some(notes), json).await,
        Command::Policy(policy) => queue::policy(link, policy, json).await,
        Command::Cron(command) => crate::cron::run(link, command, json).await,
        Command::Key(command) => crate::keys::run(link, command, json).await,
        Command::Add {
            title,
            project,
            description,
            priority,
            assign,
            tags,
            queue,
            after,
            parent,
            routing,
        } => {
            let request = AddTask {
                title: title.clone(),
                description: description.as_deref().map(text_or_file).transpose()?.unwrap_or_default(),
                project: find_project(link, project.as_deref()).await?,
                priority: priority.as_deref().map(parse_priority).transpose()?,
                tags: tags.clone(),
                due_at: None,
                assignee: assign.clone(),
                column: None,
                // What it waits for is said before the dispatcher may see it.
                queued: queue.then_some(after.is_empty()),
                routing: queue::routing(routing),
                parent: match parent {
                    Some(parent) => Some(find_id(link, parent).await?),
                    None => None,
                },
            };
            let card: Value = link.call("add_task", &request).await?;
            let id = TaskId(card["id"].as_i64().unwrap_or(0));
            queue::wait_for(link, id, after).await?;
            if *queue && !after.is_empty() {
                return queue::set_queued(link, &[id.key()], true, json).await;
            }
            told(link, card, "added", json).await
        }
        Command::List { filter, status, project } => {
            list(link, filter.as_deref(), status.as_deref(), project.as_deref(), json).await
        }
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
        Command::Run { .. } => run_agent(link, &args.command, json).await,
        Command::Stop { id } => stop(link, id, json).await,
        Command::Logs { id, attempt, follow } => logs(link, id, *attempt, *follow).await,
        Command::Artifacts { id, out } => artifacts(link, id, out.as_deref(), json).await,
        Command::Answer { id, text } => {
            let request = AddComment { task: find_id(link, id).await?, body: text_or_file(text)? };
            let _: Value = link.call("add_comment", &request).await?;
            let mut task: Value = link.call("get_task", &TaskRef { id: request.task }).await?;
            told(link, task["card"].take(), "answered", json).await
        }
        Command::Serve { .. } | Command::Mcp { .. } => Ok(()),
    }
}

fn absolute(path: &Path) -> Result<String, Failure> {
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
    let Some(file) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
    let mut content = String::new();
    let read = if file == "-" {
        std::io::stdin().read_to_string(&mut content)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_string(&mut content))
    };
    read.map(|_| content).map_err(|error| Failure::io(format!("{file} cannot be read"), error))
}

pub fn parse_priority(text: &str) -> Result<Priority, Failure> {
    text.parse().map_err(|error: domain::priority::BadPriority| Failure::invalid(error.to_string()))
}

fn parse_column(text: &str) -> Result<Status, Failure> {
    Status::parse(text).ok_or_else(|| {
        Failure::invalid(format!(
            "“{text}” is not a column; use inbox, ready, in_progress, review, done, failed or cancelled"
        ))
    })
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

async fn list(
    link: &Link,
    filter: Option<&str>,
    status: Option<&str>,
    project: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let status = status.map(parse_column).transpose()?;
    let project = find_project(link, project).await?;
    let request = FindCards { saved: filter.map(str::to_owned), project, ..FindCards::default() };
    let cards: Vec<Value> = link.call("find_cards", &request).await?;
    let mut cards: Vec<Value> = cards
        .into_iter()
        .filter(|card| status.is_none_or(|status| card["status"] == status.word()))
        .collect();
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

async fn newest_run(link: &Link, key: &str) -> Result<Value, Failure> {
    let task = find(link, key).await?;
    task["runs"].get(0).cloned().ok_or_else(|| {
        Failure::Problem(Problem {
            code: ProblemCode::NotFound,
            message: format!("{} has no run yet", task["card"]["key"].as_str().unwrap_or(key)),
            next: Some(format!("start one: flightboard run {key} --agent demo")),
        })
    })
}

async fn run_agent(link: &Link, command: &Command, json: bool) -> Result<(), Failure> {
    let Command::Run { id, agent, wait, timeout, interactive, model, skip_permissions, command } = command
    else {
        return Ok(());
    };
    let argv = command
        .iter()
        .map(|word| {
            word.to_str()
                .map(str::to_owned)
                .ok_or_else(|| Failure::invalid("the command has a word that is no UTF-8"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if !argv.is_empty() && agent != "custom" {
        return Err(Failure::invalid("a command after -- belongs to --agent custom"));
    }
    let task = find(link, id).await?;
    let request = StartRun {
        task: part(&task["card"], "id")?,
        agent: agent.clone(),
        mode: Some(if *interactive { Mode::Interactive } else { Mode::Unattended }),
        model: model.clone(),
        argv: (!argv.is_empty()).then_some(argv),
        size: None,
        resume: None,
        skip_permissions: *skip_permissions,
    };
    let started: Value = match link.call("start_run", &request).await {
        // The host of the engine died while it answered; what it began goes on.
        Err(Failure::Link(why)) => begun_since(link, &task).await?.ok_or(Failure::Link(why))?,
        answer => answer?,
    };
    let run = if *wait { wait_for(link, part(&started, "id")?, *timeout).await? } else { started };
    told_of_run(link, &run, json).await?;
    let succeeded = run["status"] == "succeeded";
    if *wait && !succeeded { Err(print::failed_run(&run)) } else { Ok(()) }
}

/// The task's newest run, if it was not there before.
async fn begun_since(link: &Link, before: &Value) -> Result<Option<Value>, Failure> {
    let now: Value = link.call("get_task", &TaskRef { id: part(&before["card"], "id")? }).await?;
    let newest = &now["runs"][0];
    Ok((!newest.is_null() && newest["id"] != before["runs"][0]["id"]).then(|| newest.clone()))
}

async fn wait_for(link: &Link, run: domain::RunId, timeout: Option<u64>) -> Result<Value, Failure> {
    let started = Instant::now();
    loop {
        let left = timeout.map(|seconds| Duration::from_secs(seconds).saturating_sub(started.elapsed()));
        let step = left.map_or(60_000, |left| left.as_millis().min(60_000) as u32);
        let seen: Value = link.call("wait_run", &WaitRun { run, timeout_ms: step }).await?;
        if !seen["ended_at"].is_null() {
            return Ok(seen);
        }
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Failure::TimedOut(timeout.unwrap_or_default()));
        }
    }
}

async fn stop(link: &Link, key: &str, json: bool) -> Result<(), Failure> {
    let run = newest_run(link, key).await?;
    if !run["ended_at"].is_null() {
        return Err(Failure::Problem(Problem {
            code: ProblemCode::Conflict,
            message: format!("no agent is at work on T-{}", run["task"]),
            next: None,
        }));
    }
    let stopped: Value = link.call("stop_run", &RunRef { run: part(&run, "id")? }).await?;
    told_of_run(link, &stopped, json).await
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

/// As [`told`], for a command that was about one run of the card.
async fn told_of_run(link: &Link, run: &Value, json: bool) -> Result<(), Failure> {
    if !json {
        return print::run(run);
    }
    print::task_of_run(link.call("get_task", &TaskRef { id: part(run, "task")? }).await?, run)
}

async fn logs(link: &Link, key: &str, attempt: Option<u64>, follow: bool) -> Result<(), Failure> {
    let run = match attempt {
        Some(attempt) => run_of_attempt(link, key, attempt).await?,
        None => newest_run(link, key).await?,
    };
    let run: domain::RunId = part(&run, "id")?;
    let mut printed = 0;
    let mut idle = 0;
    loop {
        let before = printed;
        let path = format!("/runs/{run}/log?offset={printed}&follow={}", u8::from(follow));
        let read = link.stream(&path, |bytes| {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()?;
            printed += bytes.len();
            Ok(())
        });
        match read.await {
            Ok(()) => return Ok(()),
            // `flightboard logs 1 | head` has seen enough.
            Err(Failure::Io { error, .. }) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            // Whoever hosted the engine went away; the agent did not. Go on where the log broke off.
            Err(Failure::Link(why)) if follow && idle < BROKEN_OFF => {
                tracing::debug!(why, "following on");
                idle = if printed > before { 0 } else { idle + 1 };
            }
            Err(failure) => return Err(failure),
        }
    }
}

async fn run_of_attempt(link: &Link, key: &str, attempt: u64) -> Result<Value, Failure> {
    let runs: Vec<Value> = part(&find(link, key).await?, "runs")?;
    runs.into_iter()
        .find(|run| run["attempt"] == attempt)
        .ok_or_else(|| Failure::invalid(format!("{key} has no run {attempt}")))
}

async fn artifacts(link: &Link, key: &str, out: Option<&Path>, json: bool) -> Result<(), Failure> {
    let task = find(link, key).await?;
    let list: Vec<Value> = part(&task, "artifacts")?;
    let Some(out) = out else { return print::artifacts(&list, json) };
    // The newest version of each path: the list begins with the newest run.
    let mut written: Vec<Value> = Vec::new();
    for artifact in list {
        if written.iter().any(|known| known["path"] == artifact["path"]) {
            continue;
        }
        copy_out(link, &artifact, out).await?;
        written.push(artifact);
    }
    print::artifacts(&written, json)
}

async fn copy_out(link: &Link, artifact: &Value, out: &Path) -> Result<(), Failure> {
    let path: String = part(artifact, "path")?;
    let id = part(artifact, "id")?;
    write_pieces(link, &path, out, "read_artifact", |offset| ReadArtifact { id, offset, len: PIECE }).await
}

/// Reads a file piece by piece and writes it below `out`.
pub async fn write_pieces<Q: serde::Serialize>(
    link: &Link,
    path: &str,
    out: &Path,
    operation: &str,
    piece_at: impl Fn(i64) -> Q,
) -> Result<(), Failure> {
    let target = out.join(safe_relative(path)?);
    let failed = |error| Failure::io(format!("{} cannot be written", target.display()), error);
    std::fs::create_dir_all(target.parent().unwrap_or(out)).map_err(failed)?;
    let mut file = std::fs::File::create(&target).map_err(failed)?;
    let mut offset = 0;
    loop {
        let piece: Value = link.call(operation, &piece_at(offset)).await?;
        let data = BASE64
            .decode(piece["data"].as_str().unwrap_or_default())
            .map_err(|error| Failure::Link(format!("{path} cannot be read: {error}")))?;
        if data.is_empty() {
            return Ok(());
        }
        file.write_all(&data).map_err(failed)?;
        offset += data.len() as i64;
    }
}

/// Names come from an agent: nothing may point outside the folder.
fn safe_relative(path: &str) -> Result<PathBuf, Failure> {
    let relative = Path::new(path);
    let plain = relative.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if plain {
        Ok(relative.to_owned())
    } else {
        Err(Failure::invalid(format!("the name “{path}” is not a plain path")))
    }
}

async fn serve(data_dir: &Path, port: u16) -> Result<(), Failure> {
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
