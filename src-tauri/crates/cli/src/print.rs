//! Text for people and JSON for programs.

use std::{
    io::{IsTerminal, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use app::wire::{Problem, ProblemCode};
use serde_json::{Value, json};

use crate::{commands::card_json, failure::Failure};

static QUIET: AtomicBool = AtomicBool::new(false);

/// From now on only what was asked for is said.
pub fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

pub fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// A hint for people, on standard error.
pub fn note(text: &str) {
    if !is_quiet() {
        eprintln!("{text}");
    }
}

/// What was done, where nothing was asked for.
pub fn done(text: &str) -> Result<(), Failure> {
    if is_quiet() { Ok(()) } else { out(text) }
}

/// One line of a stream that ends only when its reader leaves: whether somebody still reads.
pub fn line(text: &str) -> Result<bool, Failure> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::io("standard output", error)),
    }
}

/// One line; a reader who left is no reason to stop.
pub fn out(text: &str) -> Result<(), Failure> {
    match writeln!(std::io::stdout(), "{text}") {
        // `flightboard list | head` closes the pipe early; that is fine.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Failure::io("standard output", error)),
    }
}

pub fn out_json(value: &Value) -> Result<(), Failure> {
    out(&serde_json::to_string_pretty(value).unwrap_or_default())
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("")
}

/// By <https://no-color.org>: any value but the empty one turns colour off.
pub fn paint(code: &str, words: &str) -> String {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if no_color || is_dumb() || !std::io::stdout().is_terminal() {
        words.to_owned()
    } else {
        format!("\x1b[{code}m{words}\x1b[0m")
    }
}

/// A terminal that knows nothing but lines.
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// What an agent or a project wrote must not steer the terminal.
pub fn tame(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Board order: column, then urgency, then age.
pub fn list_order(card: &Value) -> (usize, i64, i64, i64) {
    let columns = ["in_progress", "review", "ready", "inbox", "failed", "done", "cancelled"];
    let column = columns.iter().position(|word| card["status"] == *word).unwrap_or(columns.len());
    let number = |name: &str| card[name].as_i64();
    (
        column,
        -number("priority").unwrap_or(0),
        number("due_at").unwrap_or(i64::MAX),
        number("id").unwrap_or(0),
    )
}

pub fn cards(cards: Vec<Value>, json: bool) -> Result<(), Failure> {
    if json {
        return out_json(&Value::Array(cards.iter().map(card_json).collect()));
    }
    if cards.is_empty() {
        return out("No cards. Add one: flightboard add \"Fix the login button\"");
    }
    for card in cards {
        out(&card_line(&card))?;
    }
    Ok(())
}

pub fn card_line(card: &Value) -> String {
    let run = &card["run"];
    let state = if run["ended_at"].is_null() { text(run, "status") } else { "" };
    let why = text(card, "why");
    let note = [state, why].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let line = format!(
        "{:<7} {:<12} {:<9} {}",
        text(card, "key"),
        text(card, "status"),
        text(&card_json(card), "priority"),
        tame(text(card, "title"))
    );
    if note.is_empty() { line } else { format!("{line}  {}", paint("2", &tame(&note))) }
}

pub fn card(card: &Value, verb: &str) -> Result<(), Failure> {
    if is_quiet() {
        return out(text(card, "key"));
    }
    out(&format!("{} {verb}: {} ({})", text(card, "key"), tame(text(card, "title")), text(card, "status")))
}

pub fn task(task: Value, json: bool) -> Result<(), Failure> {
    if json {
        return task_of_run(task.clone(), &task["runs"][0]);
    }
    let card = &task["card"];
    out(&format!("{}  {}", paint("1", text(card, "key")), paint("1", &tame(text(card, "title")))))?;
    out(&format!("{} · {} priority", text(card, "status"), text(&card_json(card), "priority")))?;
    if !text(card, "why").is_empty() {
        out(&tame(text(card, "why")))?;
    }
    if !text(&task, "description").is_empty() {
        out(&format!("\n{}", text(&task, "description").replace('\x1b', "")))?;
    }
    list("Runs", &task["runs"], |run| {
        let (attempt, reason) = (run["attempt"].to_string(), tame(text(run, "reason")));
        format!("{attempt:>3}  {:<10} {:<10} {reason}", text(run, "agent"), text(run, "status"))
    })?;
    if let Some(key) = task["parent"]["key"].as_str() {
        out(&format!("\nSub-task of {key} {}", tame(text(&task["parent"], "title"))))?;
    }
    list(&subtasks_title(card), &task["subtasks"], |sub| {
        format!("{:<7} {:<12} {}", text(sub, "key"), text(sub, "status"), tame(text(sub, "title")))
    })?;
    list("Files", &task["attachments"], attachment_line)?;
    list("Artifacts", &task["artifacts"], artifact_line)
}

fn subtasks_title(card: &Value) -> String {
    let progress = &card["progress"];
    if progress.is_null() {
        "Sub-tasks".into()
    } else {
        format!("Sub-tasks ({} of {} done)", progress["done"], progress["total"])
    }
}

pub fn task_of_run(task: Value, run: &Value) -> Result<(), Failure> {
    out_json(&flat(&task, run))
}

/// One flat object: the card's fields with the detail beside them, and in `run` all that is known of that
/// run (null: there was none).
pub fn flat(task: &Value, run: &Value) -> Value {
    let mut object = card_json(&task["card"]);
    for name in [
        "uid",
        "description",
        "version",
        "updated_at",
        "artifacts",
        "comments",
        "moves",
        "runs",
        "attachments",
        "subtasks",
    ] {
        object[name] = task[name].clone();
    }
    object["run"] = run.clone();
    if task["card"]["run"]["id"] == run["id"] && !run.is_null() {
        object["run"]["last_line"] = task["card"]["run"]["last_line"].clone();
    }
    object
}

fn list(title: &str, items: &Value, line: impl Fn(&Value) -> String) -> Result<(), Failure> {
    let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        return Ok(());
    }
    out(&format!("\n{}", paint("1", title)))?;
    items.iter().try_for_each(|item| out(line(item).trim_end()))
}

pub fn run(run: &Value) -> Result<(), Failure> {
    let workspace = text(&run["workspace"], "path");
    if is_quiet() {
        return Ok(());
    }
    out(&format!("run {} with {}: {}", run["attempt"], text(run, "agent"), text(run, "status")))?;
    if workspace.is_empty() { Ok(()) } else { out(&format!("workspace {}", tame(workspace))) }
}

/// A run that ended otherwise than well, as the command's failure.
pub fn failed_run(run: &Value) -> Failure {
    Failure::RunFailed { status: text(run, "status").into(), reason: run["reason"].as_str().map(tame) }
}

fn artifact_line(artifact: &Value) -> String {
    let size = artifact["size"].to_string();
    format!("{size:>10}  {:<9} {}", text(artifact, "kind"), tame(text(artifact, "path")))
}

pub fn artifacts(list: &[Value], json: bool) -> Result<(), Failure> {
    if json {
        return out_json(&json!(list));
    }
    if list.is_empty() {
        return out("No artifacts. Agents leave files in artifacts/ of their workspace.");
    }
    list.iter().try_for_each(|artifact| out(&artifact_line(artifact)))
}

fn attachment_line(file: &Value) -> String {
    format!("{:>10}  {:<9} {}", file["size"].to_string(), text(file, "kind"), tame(text(file, "name")))
}

pub fn attachments(list: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return out_json(list);
    }
    match list.as_array().map(Vec::as_slice).unwrap_or_default() {
        [] => out("No files."),
        files => files.iter().try_for_each(|file| out(&attachment_line(file))),
    }
}

pub fn filters(list: &[Value], json: bool) -> Result<(), Failure> {
    if json {
        return out_json(&json!(list));
    }
    list.iter().try_for_each(|saved| {
        let rule = saved["filter"].as_object().into_iter().flatten();
        let said = rule.filter(|(_, value)| !value.is_null() && **value != json!("") && **value != json!([]));
        let words: Vec<String> = said.map(|(name, value)| format!("{name} {}", plain(value))).collect();
        out(&format!("{:<20} {}", tame(text(saved, "name")), tame(&words.join(", "))))
    })
}

/// A value without the marks of JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// Exit code 0 only if nothing that was to go has stayed.
pub fn emptied_trash(emptied: Value, json: bool) -> Result<(), Failure> {
    let kept = emptied["kept"].as_array().map(Vec::as_slice).unwrap_or_default();
    if json {
        out_json(&emptied)?;
    } else {
        let cards = if emptied["deleted"] == 1 { "card" } else { "cards" };
        out(&format!("{} {cards} deleted for ever", emptied["deleted"]))?;
    }
    match kept {
        [] => Ok(()),
        [first, rest @ ..] => Err(Failure::Problem(Problem {
            code: ProblemCode::Conflict,
            message: match rest.len() {
                0 => format!("{} stays: {}", text(first, "key"), text(&first["why"], "message")),
                more => {
                    format!("{} and {more} more stay: {}", text(first, "key"), text(&first["why"], "message"))
                }
            },
            next: first["why"]["next"].as_str().map(str::to_owned),
        })),
    }
}

pub fn project(project: Value, json: bool) -> Result<(), Failure> {
    if json {
        return out_json(&project);
    }
    let kind = if project["git"] == true { "git repository" } else { "plain folder" };
    out(&format!(
        "project {} added: {} ({kind})",
        tame(text(&project, "name")),
        tame(text(&project, "path"))
    ))?;
    further_repositories(&project)
}

/// A line for each repository beside the project's own.
fn further_repositories(project: &Value) -> Result<(), Failure> {
    let list = project["repositories"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().try_for_each(|repository| {
        out(&format!(
            "      + {:<18} {}",
            tame(text(repository, "directory")),
            tame(text(repository, "path"))
        ))
    })
}

pub fn projects(projects: Value, json: bool) -> Result<(), Failure> {
    if json {
        return out_json(&projects);
    }
    let list = projects.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return out("No projects. Add one: flightboard project add PATH");
    }
    list.iter().try_for_each(|project| {
        let id = project["id"].to_string();
        out(&format!("{id:>4}  {:<20} {}", tame(text(project, "name")), tame(text(project, "path"))))?;
        further_repositories(project)
    })
}

pub fn doctor(doctor: Value, json: bool) -> Result<(), Failure> {
    if json {
        return out_json(&doctor);
    }
    out(&format!("Flightboard {} · {}", text(&doctor, "version"), tame(text(&doctor, "data_dir"))))?;
    for check in doctor["checks"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let mark = if check["ok"] == true { paint("32", "ok     ") } else { paint("31", "missing") };
        out(&format!("{mark} {:<14} {}", text(check, "name"), tame(text(check, "found"))))?;
        if !text(check, "fix").is_empty() {
            out(&format!("        {}", text(check, "fix")))?;
        }
    }
    out("")?;
    let agents = doctor["agents"].as_array().map(Vec::as_slice).unwrap_or_default();
    // A command of one's own is always there; it says nothing in a list of what was found.
    agents.iter().filter(|agent| agent["name"] != "custom").try_for_each(|agent| {
        out(format!("{} {:<14} {}", mark(agent), text(agent, "name"), whereabouts(agent)).trim_end())?;
        if agent["problem"].is_null() {
            Ok(())
        } else {
            out(&format!("        {}", tame(text(agent, "problem"))))
        }
    })
}

/// Seven characters wide.
fn mark(agent: &Value) -> String {
    match (agent["enabled"].as_bool(), agent["presence"].as_str(), agent["path"].is_null()) {
        (Some(false), ..) => paint("2", "off    "),
        (_, Some("online"), _) => paint("32", "online "),
        (_, Some(_), _) => paint("2", "offline"),
        (_, None, false) => paint("32", "ok     "),
        (_, None, true) => paint("2", "absent "),
    }
}

fn whereabouts(agent: &Value) -> String {
    format!("{} {}", tame(text(agent, "version")), place(agent)).trim().to_owned()
}

/// Where the agent's program is, or what would bring it here.
fn place(agent: &Value) -> String {
    match (text(agent, "path"), text(agent, "program"), text(agent, "install")) {
        ("", "", _) => "fetches its own work".into(),
        ("", program, "") => format!("{} was not found on your login shell's PATH", tame(program)),
        ("", _, install) => format!("install: {}", tame(install)),
        (path, ..) => tame(path),
    }
}

pub fn agents(agents: Value, json: bool) -> Result<(), Failure> {
    if json {
        return out_json(&agents);
    }
    let list = agents.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter(|agent| agent["name"] != "custom").try_for_each(|agent| out(&agent_line(agent)))
}

fn agent_line(agent: &Value) -> String {
    let skills: Vec<&str> =
        agent["skills"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let notes = [text(agent, "role").to_owned(), skills.join(" "), tame(text(agent, "problem"))];
    let notes: Vec<String> = notes.into_iter().filter(|note| !note.is_empty()).collect();
    let load = format!("{} of {}", agent["live"], agent["max_capacity"]);
    let line = format!("{} {:<14} {load:<8} {}", mark(agent), text(agent, "name"), whereabouts(agent));
    if notes.is_empty() {
        line.trim_end().into()
    } else {
        format!("{line}  {}", paint("2", &notes.join(" · ")))
    }
}

pub fn agent(agent: &Value, verb: &str, json: bool) -> Result<(), Failure> {
    if json {
        return out_json(agent);
    }
    // Its version is asked for while this is said.
    out(&format!("agent {} {verb}: {}", text(agent, "name"), place(agent)))
}

pub fn roles(roles: Value, json: bool) -> Result<(), Failure> {
    if json {
        return out_json(&roles);
    }
    let list = roles.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().try_for_each(|role| out(&format!("{:<10} {}", text(role, "name"), text(role, "summary"))))
}

pub fn soul(agent: Value, json: bool) -> Result<(), Failure> {
    if json {
        return out_json(&agent);
    }
    match text(&agent, "told").trim_end() {
        "" => out("It is told nothing but its task."),
        told => out(&told.replace('\x1b', "")),
    }
}

/// What a tried program said; that it did not start is the command's failure.
pub fn trial(trial: Value, json: bool) -> Result<(), Failure> {
    if let Some(problem) = trial["problem"].as_str() {
        return Err(Failure::invalid(tame(problem)));
    }
    if json {
        return out_json(&trial);
    }
    out(&format!("found {}", tame(text(&trial, "path"))))?;
    match text(&trial, "said").trim_end() {
        "" => out("It was not asked anything: it has no version argument."),
        said => out(said),
    }
}

pub fn removed(name: &str, json: bool) -> Result<(), Failure> {
    if json { out_json(&json!({ "name": name })) } else { out(&format!("agent {name} removed")) }
}
