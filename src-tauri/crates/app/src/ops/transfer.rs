//! The board to files and back. Records from outside are checked like anything that people type; what is
//! here already is left as it is.

use std::path::PathBuf;

use domain::{
    Outcome, ProjectId, Status, agent, attachment, filter,
    portable::{self, Attachment, Imported, Record, Run, Schedule, Task},
    schedule::{Cron, MISFIRE_CAP, Zone},
    text,
};
use serde_json::Value;
use store::PortableKind;

use tokio::io::AsyncWriteExt;

use crate::{App, problem::invalid, wire::*};

/// Records in one piece.
const PIECE: u32 = 500;
const RECORDS_MAX: usize = 1_000;

pub async fn export_records(app: &App, request: ExportRecords) -> Result<ExportedRecords, Problem> {
    let (kind, place) = match request.cursor.as_deref() {
        None => (0, 0),
        Some(cursor) => read_cursor(cursor)
            .ok_or_else(|| invalid(format!("“{cursor}” is no cursor; give it as the last piece had it")))?,
    };
    let (records, next) = app.engine.export(PortableKind::ALL[kind], place, PIECE).await?;
    let cursor = match next {
        Some(place) => Some(format!("{kind}:{place}")),
        None if kind + 1 < PortableKind::ALL.len() => Some(format!("{}:0", kind + 1)),
        None => None,
    };
    Ok(ExportedRecords { records, cursor })
}

/// Writes the whole board as JSON lines: what it is first, then one record a line. Beside the file at first, and moved
/// into place once it is whole. Returns the number of records.
pub async fn save_board(app: &App, to: PathBuf) -> Result<u64, Problem> {
    let written = |error: std::io::Error| Problem {
        code: ProblemCode::Unavailable,
        message: format!("{} cannot be written: {error}", to.display()),
        next: Some("choose another place, or make room".into()),
    };
    let draft = to.with_added_extension("part");
    let mut file = tokio::fs::File::create(&draft).await.map_err(written)?;
    let done = write_board(app, &mut file, &written).await;
    match done {
        Ok(count) => tokio::fs::rename(&draft, &to).await.map_err(written).map(|()| count),
        Err(problem) => {
            let _ = tokio::fs::remove_file(&draft).await;
            Err(problem)
        }
    }
}

async fn write_board(
    app: &App,
    file: &mut tokio::fs::File,
    written: &impl Fn(std::io::Error) -> Problem,
) -> Result<u64, Problem> {
    let head = serde_json::json!({ "format": portable::FORMAT, "version": portable::VERSION });
    let (mut text, mut count) = (format!("{head}\n"), 0);
    let mut request = ExportRecords::default();
    loop {
        let piece = export_records(app, request).await?;
        for record in &piece.records {
            let line = serde_json::to_string(record).map_err(|error| written(error.into()))?;
            text.push_str(&line);
            text.push('\n');
            count += 1;
        }
        file.write_all(text.as_bytes()).await.map_err(written)?;
        text.clear();
        request = ExportRecords { cursor: piece.cursor };
        if request.cursor.is_none() {
            break;
        }
    }
    file.sync_all().await.map_err(written)?;
    Ok(count)
}

/// Kind and place.
fn read_cursor(cursor: &str) -> Option<(usize, i64)> {
    let (kind, place) = cursor.split_once(':')?;
    let kind = kind.parse().ok().filter(|kind| *kind < PortableKind::ALL.len())?;
    Some((kind, place.parse().ok().filter(|place| *place >= 0)?))
}

pub async fn import_records(app: &App, request: ImportRecords) -> Result<Imported, Problem> {
    if request.records.len() > RECORDS_MAX {
        return Err(invalid(format!("at most {RECORDS_MAX} records at once")));
    }
    let records = request.records.into_iter().map(checked).collect::<Result<_, _>>()?;
    Ok(app.engine.import(records).await?)
}

pub async fn read_vibe_kanban(app: &App, request: ReadVibeKanban) -> Result<ExportedRecords, Problem> {
    let records = store::read_vibe_kanban(&PathBuf::from(&request.path), app.engine.now()).await?;
    Ok(ExportedRecords { records, cursor: None })
}

/// The record as the tables may hold it.
fn checked(record: Record) -> Result<Record, Problem> {
    Ok(match record {
        Record::Project(project) => {
            word(&project.uid, "uid")?;
            let length = project.name.chars().count();
            if !(1..=100).contains(&length) || project.path.is_empty() {
                return Err(invalid("a project has a name of 1 to 100 characters and a path"));
            }
            let read: Result<ProjectSettings, _> = serde_json::from_value(or_empty(project.settings.clone()));
            read.map_err(|error| {
                invalid(format!("the settings of “{}” cannot be read: {error}", project.name))
            })?;
            if let Some(repository) = project.repositories.iter().find(|one| bad_directory(&one.directory)) {
                return Err(invalid(format!("“{}” is no name of a directory", repository.directory)));
            }
            Record::Project(domain::portable::Project { settings: or_empty(project.settings), ..project })
        }
        Record::Agent(found) => {
            word(&found.uid, "uid")?;
            let bad = |error: agent::BadAgent| invalid(error.to_string());
            let profile = or_empty(found.profile);
            let read: Result<AgentProfile, _> = serde_json::from_value(profile.clone());
            read.map_err(|error| {
                invalid(format!("the profile of “{}” cannot be read: {error}", found.name))
            })?;
            word(&found.kind, "kind")?;
            if found.instructions.chars().count() > agent::INSTRUCTIONS_MAX
                || found.title.chars().count() > agent::TITLE_MAX
            {
                return Err(invalid(format!("what is said of “{}” is too long", found.name)));
            }
            found
                .retry
                .0
                .values()
                .try_for_each(|rule| rule.check())
                .map_err(|bad| invalid(bad.to_string()))?;
            found.breaker.iter().try_for_each(|rule| rule.check()).map_err(|bad| invalid(bad.to_string()))?;
            Record::Agent(domain::portable::Agent {
                name: agent::name(&found.name).map_err(bad)?,
                skills: agent::skills(&found.skills).map_err(bad)?,
                max_capacity: agent::capacity(found.max_capacity.into()).map_err(bad)?,
                role: short(found.role, "role")?,
                model: short(found.model, "model")?,
                profile,
                ..found
            })
        }
        Record::Task(task) => Record::Task(Box::new(checked_task(*task)?)),
        Record::Subtask(subtask) => Record::Subtask(subtask),
        Record::Edge(edge) => Record::Edge(edge),
        Record::Comment(comment) => {
            let body = text::without_nul(&comment.body);
            if body.is_empty() || comment.author.is_empty() {
                return Err(invalid("a comment has an author and a text"));
            }
            Record::Comment(portable::Comment { body, ..comment })
        }
        Record::Run(run) => Record::Run(Box::new(checked_run(*run)?)),
        Record::Review(review) => {
            let known = ["check", "agent", "person"].contains(&review.kind.as_str())
                && ["approved", "rejected", "no_verdict"].contains(&review.outcome.as_str());
            if !known || review.round == 0 {
                return Err(invalid(
                    "a review is a check's, an agent's or a person's, approved, rejected or no_verdict, of a round from 1",
                ));
            }
            Record::Review(review)
        }
        Record::Schedule(schedule) => Record::Schedule(Box::new(checked_schedule(*schedule)?)),
        Record::Filter(saved) => {
            let bad = |bad: filter::BadFilter| invalid(bad.to_string());
            // Where it names a project it lets that one through, whatever its number will be.
            let project = saved.project.as_ref().map(|_| ProjectId(0));
            filter::Filter { project, ..saved.rule.clone() }.check().map_err(bad)?;
            Record::Filter(portable::SavedFilter { name: filter::name(&saved.name).map_err(bad)?, ..saved })
        }
        Record::Attachment(file) => {
            let name = attachment::name(&file.name).map_err(|bad| invalid(bad.to_string()))?;
            Record::Attachment(Attachment { name, ..file })
        }
    })
}

fn checked_task(task: Task) -> Result<Task, Problem> {
    word(&task.uid, "uid")?;
    if let Some(gate) = &task.gate {
        gate.check().map_err(|bad| invalid(bad.to_string()))?;
    }
    task.retry.0.values().try_for_each(|rule| rule.check()).map_err(|bad| invalid(bad.to_string()))?;
    if let Some(issue) = &task.issue {
        super::issues::repository(&issue.repository)?;
        if issue.number < 1 {
            return Err(invalid(format!("{} is no number of an issue", issue.number)));
        }
    }
    if let Some(outcome) = &task.outcome {
        super::outside::check_outcome(&reported(outcome))?;
    }
    Ok(Task {
        title: text::title(&task.title)?,
        description: text::description(&task.description)?,
        tags: text::tags(&task.tags)?,
        skills: text::tags(&task.skills)?,
        assignee: short(task.assignee, "agent")?,
        ..task
    })
}

fn reported(outcome: &portable::TaskOutcome) -> ReportedOutcome {
    ReportedOutcome {
        outcome: outcome.outcome.clone(),
        error_message: outcome.error_message.clone(),
        resolution: outcome.resolution.clone(),
        feedback_rating: outcome.feedback_rating,
        feedback_notes: outcome.feedback_notes.clone(),
        estimated_hours: outcome.estimated_hours,
        actual_hours: outcome.actual_hours,
        metadata: Some(Value::Object(outcome.metadata.clone()).to_string()),
    }
}

fn checked_run(run: Run) -> Result<Run, Problem> {
    word(&run.uid, "uid")?;
    let failed = run.outcome == "failed";
    let known = ["succeeded", "failed", "stopped", "lost"].contains(&run.outcome.as_str())
        && ["interactive", "unattended"].contains(&run.mode.as_str());
    let numbers = [run.tokens_in, run.tokens_out, run.tokens_cached, run.micros];
    if !known || failed != run.cause.is_some() || run.attempt == 0 || numbers.iter().any(|number| *number < 0)
    {
        return Err(invalid(format!(
            "run {} cannot be: it ended succeeded, stopped, lost, or failed with a cause, interactive or unattended",
            run.uid
        )));
    }
    if run.review_round.is_some() != run.review_step.is_some() {
        return Err(invalid("a review's run has a round and a step"));
    }
    Ok(run)
}

fn checked_schedule(schedule: Schedule) -> Result<Schedule, Problem> {
    word(&schedule.uid, "uid")?;
    Cron::parse(&schedule.cron)?;
    Zone::parse(&schedule.zone)?;
    let lengths = (1..=100).contains(&schedule.name.chars().count())
        && (1..=200).contains(&schedule.words.chars().count())
        && (1..=MISFIRE_CAP).contains(&schedule.cap);
    if !lengths || !matches!(schedule.status, Status::Inbox | Status::Ready) || !schedule.title.contains('{')
    {
        return Err(invalid(format!(
            "the schedule “{}” cannot be: it has a name, a time, a title with its date, and cards that start in inbox or ready",
            schedule.name
        )));
    }
    Ok(Schedule {
        title: text::title(&schedule.title)?,
        description: text::description(&schedule.description)?,
        tags: text::tags(&schedule.tags)?,
        assignee: short(schedule.assignee, "agent")?,
        ..schedule
    })
}

/// 1 to 64 characters.
fn word(text: &str, what: &str) -> Result<(), Problem> {
    match text.chars().count() {
        1..=64 => Ok(()),
        _ => Err(invalid(format!("“{text}” is no {what}; it has 1 to 64 characters"))),
    }
}

fn short(text: Option<String>, what: &str) -> Result<Option<String>, Problem> {
    text.as_deref().map(|text| word(text, what)).transpose()?;
    Ok(text)
}

fn or_empty(value: Value) -> Value {
    if value.is_null() { serde_json::json!({}) } else { value }
}

fn bad_directory(name: &str) -> bool {
    !(1..=64).contains(&name.chars().count())
        || name.contains(['/', '\\'])
        || [".", "..", ".git"].contains(&name)
}

// What a run may come to is said here in words; a new outcome must be among them.
const _: fn(Outcome) -> &'static str = |outcome| match outcome {
    Outcome::Succeeded => "succeeded",
    Outcome::Failed(_) => "failed",
    Outcome::Stopped => "stopped",
    Outcome::Lost => "lost",
};
