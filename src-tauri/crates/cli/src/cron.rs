//! What the `cron` commands do, and what they print.

use app::wire::*;
use domain::{
    ScheduleId, Status,
    schedule::{Misfire, Overlap, Zone, fill},
};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as WordError};
use serde_json::Value;

use crate::{
    args::{CronCommand, CronCreate},
    body,
    commands::{find_project, parse_priority, text_or_file, told},
    failure::Failure,
    link::Link,
    print,
};

pub async fn run(link: &Link, command: &CronCommand, json: bool) -> Result<(), Failure> {
    match command {
        CronCommand::List => list(link.call("list_schedules", &Nothing {}).await?, json),
        CronCommand::Create(said) => create(link, said, json).await,
        CronCommand::Pause { schedule } => switch(link, "pause_schedule", schedule, "paused", json).await,
        CronCommand::Resume { schedule } => switch(link, "resume_schedule", schedule, "resumed", json).await,
        CronCommand::Remove { schedule } => switch(link, "remove_schedule", schedule, "removed", json).await,
        CronCommand::Run { schedule } => {
            let request = ScheduleRef { id: find(link, schedule).await? };
            told(link, link.call("run_schedule", &request).await?, "added", json).await
        }
        CronCommand::Preview { when, zone } => {
            let request = PreviewSchedule { when: when.clone(), zone: zone.clone(), title: None };
            preview(&link.call("preview_schedule", &request).await?, json)
        }
    }
}

async fn create(link: &Link, said: &CronCreate, json: bool) -> Result<(), Failure> {
    let body = said.body.as_deref().map(body::schedule).transpose()?.unwrap_or_default();
    let template = body.task_template;
    let description = said.description.as_deref().map(text_or_file).transpose()?;
    let project = said.project.clone().or(template.project);
    let request = PutSchedule {
        id: None,
        name: said.name.clone().or(body.name).unwrap_or_default(),
        when: said.schedule.clone().or(body.schedule).unwrap_or_default(),
        zone: said.zone.clone().or(body.zone),
        title: said.title.clone().or(template.title).unwrap_or_default(),
        description: description.or(template.description).unwrap_or_default(),
        project: find_project(link, project.as_deref()).await?,
        priority: said.priority.as_deref().map(parse_priority).transpose()?.or(template.priority),
        tags: if said.tags.is_empty() { template.tags.unwrap_or_default() } else { said.tags.clone() },
        assignee: said.assign.clone().or(template.assigned_to.flatten()),
        column: said.ready.then_some(Status::Ready).or(template.status),
        misfire: Some(word::<Misfire>(&said.misfire, "misfire policy", "skip, one or all")?),
        cap: said.cap,
        overlap: Some(word::<Overlap>(&said.overlap, "overlap policy", "skip, queue or allow")?),
    };
    let made: Value = link.call("put_schedule", &request).await?;
    if json {
        return print::out_json(&made);
    }
    print::out(&format!("added “{}”: {}", print::tame(print::text(&made, "name")), when(&made)))
}

fn word<T: DeserializeOwned>(text: &str, what: &str, known: &str) -> Result<T, Failure> {
    T::deserialize(IntoDeserializer::<WordError>::into_deserializer(text))
        .map_err(|_| Failure::invalid(format!("“{text}” is no {what}; use {known}")))
}

async fn switch(link: &Link, operation: &str, wanted: &str, verb: &str, json: bool) -> Result<(), Failure> {
    let request = ScheduleRef { id: find(link, wanted).await? };
    let changed: Value = link.call(operation, &request).await?;
    if json {
        return print::out_json(&changed);
    }
    print::out(&format!("{verb} “{}”", print::tame(print::text(&changed, "name"))))
}

/// By name or number.
async fn find(link: &Link, wanted: &str) -> Result<ScheduleId, Failure> {
    let schedules: Vec<Value> = link.call("list_schedules", &Nothing {}).await?;
    let fits = |schedule: &&Value| {
        print::text(schedule, "name").eq_ignore_ascii_case(wanted)
            || schedule["id"].as_i64().is_some_and(|id| wanted.parse() == Ok(id))
    };
    let id = schedules.iter().find(fits).and_then(|schedule| schedule["id"].as_i64());
    id.map(ScheduleId).ok_or_else(|| {
        Failure::Problem(Problem {
            code: ProblemCode::NotFound,
            message: format!("there is no schedule “{wanted}”"),
            next: Some("`flightboard cron list` shows them".into()),
        })
    })
}

fn list(schedules: Vec<Value>, json: bool) -> Result<(), Failure> {
    if json {
        return print::out_json(&Value::Array(schedules));
    }
    if schedules.is_empty() {
        return print::out(
            "No schedules. Make one: flightboard cron create --name \"standup\" --schedule \"every weekday at 9\" --title \"Standup report\"",
        );
    }
    for schedule in schedules {
        print::out(&format!(
            "{:>3}  {:<28} {}",
            schedule["id"].to_string(),
            print::tame(print::text(&schedule, "name")),
            when(&schedule)
        ))?;
    }
    Ok(())
}

/// `At 09:00, on Monday to Friday · next 2026-11-23 09:00 Europe/Berlin`
fn when(schedule: &Value) -> String {
    let next = match (schedule["paused"].as_bool(), schedule["next_at"].as_i64()) {
        (Some(true), _) => "paused".into(),
        (_, Some(at)) => format!("next {}", moment(schedule, at)),
        _ => "never again".into(),
    };
    format!("{} · {next}", print::text(schedule, "sentence"))
}

/// On the schedule's own wall clock.
fn moment(schedule: &Value, at: i64) -> String {
    let zone = print::text(schedule, "zone");
    let wall = Zone::parse(zone).unwrap_or_else(|_| Zone::utc()).wall(at);
    format!("{} {zone}", fill("{date} {time}", &wall))
}

fn preview(preview: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return print::out_json(preview);
    }
    print::out(&format!("{}  {}", print::text(preview, "cron"), print::text(preview, "sentence")))?;
    for at in preview["next"].as_array().into_iter().flatten().filter_map(Value::as_i64) {
        print::out(&format!("  {}", moment(preview, at)))?;
    }
    Ok(())
}
