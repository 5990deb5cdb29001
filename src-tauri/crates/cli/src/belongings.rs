//! Commands about what belongs to cards and to the board beside the cards' own words: files, changes to many
//! cards at once, saved filters.

use std::path::{Path, PathBuf};

use app::wire::*;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use clap::Subcommand;
use domain::{
    AttachmentId, Priority, ProjectId, TaskId,
    attachment::{self, FILE_MAX},
    filter::{DueIn, Filter},
};
use jiff::{civil::Date, tz::TimeZone};
use serde_json::Value;

use crate::{
    commands::{PIECE, find, find_id, find_project, parse_priority, part, told_all},
    failure::Failure,
    link::Link,
    print,
    runs::write_pieces,
};

#[derive(Debug, clap::Args)]
pub struct AttachArgs {
    pub id: String,
    /// Files of at most 20 MiB; links are not followed.
    #[arg(required_unless_present = "remove")]
    pub files: Vec<PathBuf>,
    /// Take the file of this name off the card; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub remove: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct EditArgs {
    #[arg(required = true)]
    pub ids: Vec<String>,
    /// Add this tag; may be given several times.
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Take this tag off; may be given several times.
    #[arg(long, value_name = "TAG")]
    pub untag: Vec<String>,
    /// critical (urgent), high, medium (normal), low, or 1 to 10.
    #[arg(long)]
    pub priority: Option<String>,
    /// The only agent that may start on them; '' for any.
    #[arg(long, value_name = "AGENT", visible_alias = "agent", alias = "assigned-to")]
    pub assign: Option<String>,
    /// A day such as 2026-11-30; '' for none.
    #[arg(long, value_name = "DAY")]
    pub due: Option<String>,
    /// Name, path or number of a project.
    #[arg(long)]
    pub project: Option<String>,
    /// Make them sub-tasks of this card; '' for none.
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum FilterCommand {
    /// Keep a filter under a name; one of that name is replaced.
    Save {
        name: String,
        #[command(flatten)]
        rule: FilterArgs,
    },
    /// List saved filters.
    List,
    /// Remove a saved filter.
    Remove { name: String },
}

/// A card must pass all that is named.
#[derive(Debug, clap::Args)]
pub struct FilterArgs {
    /// Words of title, tags and agent; #word begins a tag.
    #[arg(long)]
    pub text: Option<String>,
    /// May be given several times: all of them.
    #[arg(long)]
    pub tag: Vec<String>,
    /// Name, path or number of a project.
    #[arg(long)]
    pub project: Option<String>,
    /// Assigned to it, or at work last.
    #[arg(long)]
    pub agent: Option<String>,
    /// At least as urgent: critical (urgent), high, medium (normal), low, or 1 to 10.
    #[arg(long)]
    pub priority: Option<String>,
    /// overdue, today, week or none; today and week with what is overdue.
    #[arg(long)]
    pub due: Option<String>,
}

// ---------------------------------------------------------------- files

pub async fn attach(link: &Link, args: &AttachArgs, json: bool) -> Result<(), Failure> {
    // All are read before the first is sent: a wrong name adds nothing.
    let files = args.files.iter().map(|path| read_file(path)).collect::<Result<Vec<_>, _>>()?;
    let task = find(link, &args.id).await?;
    let id: TaskId = part(&task["card"], "id")?;
    for name in &args.remove {
        let request = AttachmentRef { id: named(&task, name)? };
        let _: Value = link.call("remove_attachment", &request).await?;
    }
    for (name, bytes) in files {
        let request = AddAttachment { task: id, name, data: BASE64.encode(bytes) };
        let _: Value = link.call("add_attachment", &request).await?;
    }
    let detail: Value = link.call("get_task", &TaskRef { id }).await?;
    if json { print::task(detail, json) } else { print::attachments(&detail["attachments"], json) }
}

/// A regular file's name and content.
fn read_file(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    let failed = |error| Failure::io(format!("{} cannot be read", path.display()), error);
    let meta = path.symlink_metadata().map_err(failed)?;
    let shown = path.display();
    if meta.is_symlink() {
        return Err(Failure::invalid(format!("{shown} is a link; give the file that it leads to")));
    }
    if !meta.is_file() {
        return Err(Failure::invalid(format!("{shown} is no regular file")));
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    if meta.len() > FILE_MAX {
        let bad = attachment::BadAttachment::TooLarge { name, size: meta.len() };
        return Err(Failure::invalid(bad.to_string()));
    }
    Ok((name, std::fs::read(path).map_err(failed)?))
}

fn named(task: &Value, name: &str) -> Result<AttachmentId, Failure> {
    let files = task["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
    match files.iter().find(|file| file["name"] == name) {
        Some(file) => part(file, "id"),
        None => Err(Failure::invalid(format!(
            "{} has no file “{name}”",
            task["card"]["key"].as_str().unwrap_or("")
        ))),
    }
}

pub async fn attachments(link: &Link, key: &str, out: Option<&Path>, json: bool) -> Result<(), Failure> {
    let task = find(link, key).await?;
    let files: Vec<Value> = part(&task, "attachments")?;
    if let Some(out) = out {
        for file in &files {
            let (id, name): (AttachmentId, String) = (part(file, "id")?, part(file, "name")?);
            let piece_at = |offset| ReadAttachment { id, offset, len: PIECE };
            write_pieces(link, &name, out, "read_attachment", piece_at).await?;
        }
    }
    print::attachments(&task["attachments"], json)
}

// ---------------------------------------------------------------- many cards

pub async fn edit(link: &Link, args: &EditArgs, json: bool) -> Result<(), Failure> {
    let priority = args.priority.as_deref().map(parse_priority).transpose()?;
    let due = args.due.as_deref().map(day).transpose()?;
    let project = find_project(link, args.project.as_deref()).await?;
    let parent = match args.parent.as_deref() {
        Some("") => Some(None),
        Some(key) => Some(Some(find_id(link, key).await?)),
        None => None,
    };
    let assign =
        args.assign.clone().map(|agent| Assign { agent: Some(agent).filter(|agent| !agent.is_empty()) });
    let change = Change { priority, due, project, parent, assign };
    let mut changed = Vec::new();
    let outcome = async {
        for key in &args.ids {
            changed.push(edit_one(link, key, args, &change).await?);
        }
        Ok(())
    }
    .await;
    // What was done before one was refused is told all the same.
    told_all(link, changed, "changed", json).await?;
    outcome
}

/// What is the same for all cards.
struct Change {
    priority: Option<Priority>,
    due: Option<Due>,
    project: Option<ProjectId>,
    parent: Option<Option<TaskId>>,
    assign: Option<Assign>,
}

async fn edit_one(link: &Link, key: &str, args: &EditArgs, change: &Change) -> Result<Value, Failure> {
    let before = find(link, key).await?;
    let id: TaskId = part(&before["card"], "id")?;
    let request = EditTask {
        id,
        title: None,
        description: None,
        project: change.project,
        priority: change.priority,
        tags: tags(&part::<Vec<String>>(&before["card"], "tags")?, args),
        due: change.due,
        assign: change.assign.clone(),
        routing: None,
        version: None,
    };
    let mut after: Value = link.call("edit_task", &request).await?;
    if let Some(parent) = change.parent {
        after = link.call("set_parent", &SetParent { id, parent }).await?;
    }
    Ok(after["card"].clone())
}

fn tags(before: &[String], args: &EditArgs) -> Option<Vec<String>> {
    if args.tag.is_empty() && args.untag.is_empty() {
        return None;
    }
    Some(before.iter().filter(|tag| !args.untag.contains(tag)).chain(&args.tag).cloned().collect())
}

/// The end of that day on this machine's clock.
pub fn day(text: &str) -> Result<Due, Failure> {
    if text.is_empty() {
        return Ok(Due { at: None });
    }
    let bad = || Failure::invalid(format!("“{text}” is not a day such as 2026-11-30"));
    let date: Date = text.parse().map_err(|_| bad())?;
    let end = date.at(23, 59, 59, 0).to_zoned(TimeZone::system()).map_err(|_| bad())?;
    Ok(Due { at: Some(end.timestamp().as_millisecond()) })
}

// ---------------------------------------------------------------- filters

pub async fn filter(link: &Link, command: &FilterCommand, json: bool) -> Result<(), Failure> {
    match command {
        FilterCommand::Save { name, rule } => {
            let request = PutFilter { name: name.clone(), filter: filter_of(link, rule).await? };
            let saved: Value = link.call("put_filter", &request).await?;
            print::filters(&[saved], json)
        }
        FilterCommand::List => {
            let saved: Vec<Value> = link.call("list_filters", &Nothing {}).await?;
            if saved.is_empty() && !json {
                print::out("No filter is saved.")
            } else {
                print::filters(&saved, json)
            }
        }
        FilterCommand::Remove { name } => {
            let _: Nothing = link.call("remove_filter", &FilterRef { name: name.clone() }).await?;
            if json {
                print::out_json(&serde_json::json!({ "removed": name }))
            } else {
                print::out(&format!("{name} removed"))
            }
        }
    }
}

async fn filter_of(link: &Link, args: &FilterArgs) -> Result<Filter, Failure> {
    let due = |word: &String| {
        let bad = || Failure::invalid(format!("“{word}” is not a time; use overdue, today, week or none"));
        DueIn::parse(word).ok_or_else(bad)
    };
    Ok(Filter {
        text: args.text.clone().unwrap_or_default(),
        tags: args.tag.clone(),
        project: find_project(link, args.project.as_deref()).await?,
        agent: args.agent.clone(),
        priority: args.priority.as_deref().map(parse_priority).transpose()?,
        due: args.due.as_ref().map(due).transpose()?,
    })
}
