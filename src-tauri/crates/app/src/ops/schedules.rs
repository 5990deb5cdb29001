//! Schedules: what is typed becomes times, a template and policies; the engine's scheduler does the rest.

use domain::{
    Millis, Status,
    schedule::{self, Cron, MISFIRE_CAP, Policy, Zone, fill},
    text,
};
use store::{CardTemplate, ScheduleData};

use crate::{App, problem::invalid, views, wire::*};

/// How many firings a preview shows.
const PREVIEWED: usize = 5;
/// Most cards of one catch-up, where nothing is said.
const CAP: u32 = 10;

pub async fn list_schedules(app: &App, _: Nothing) -> Result<Vec<Schedule>, Problem> {
    Ok(app.engine.store().schedules().await?.into_iter().map(views::schedule).collect())
}

pub async fn preview_schedule(app: &App, request: PreviewSchedule) -> Result<SchedulePreview, Problem> {
    let (cron, zone) = (schedule::read(&request.when)?, zone(request.zone.as_deref())?);
    let title = match request.title.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(title) => Some(template_title(title, &cron)?),
    };
    let next = cron.next_few(&zone, app.engine.now(), PREVIEWED);
    Ok(SchedulePreview {
        cron: cron.text().into(),
        sentence: cron.sentence(),
        zone: zone.name().into(),
        titles: title.map(|title| titles(&title, &zone, &next)).unwrap_or_default(),
        next,
    })
}

fn titles(template: &str, zone: &Zone, times: &[Millis]) -> Vec<String> {
    times.iter().map(|at| text::elide(&fill(template, &zone.wall(*at)), text::TITLE_MAX)).collect()
}

pub async fn put_schedule(app: &App, request: PutSchedule) -> Result<Schedule, Problem> {
    let (cron, zone) = (schedule::read(&request.when)?, zone(request.zone.as_deref())?);
    let status = match request.column {
        None | Some(Status::Inbox) => Status::Inbox,
        Some(Status::Ready) => Status::Ready,
        Some(other) => {
            return Err(invalid(format!(
                "a schedule's cards start in Inbox or Ready, not in {}",
                other.title()
            )));
        }
    };
    let template = CardTemplate {
        title: template_title(&request.title, &cron)?,
        description: text::description(&request.description)?,
        priority: request.priority.unwrap_or_default(),
        tags: text::tags(&request.tags)?,
        assignee: super::tasks::assignee(app, request.assignee).await?,
        status,
    };
    let data = ScheduleData {
        name: name(&request.name)?,
        project: request.project,
        words: request.when.split_whitespace().collect::<Vec<_>>().join(" "),
        cron,
        zone,
        misfire: request.misfire.unwrap_or_default(),
        cap: Policy::check_cap(request.cap.unwrap_or(CAP))?,
        overlap: request.overlap.unwrap_or_default(),
        template,
    };
    let record = app.engine.store().put_schedule(request.id, data, app.engine.now()).await?;
    Ok(views::schedule(record))
}

fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err(invalid("the schedule has no name; call it for instance “daily standup report”")),
        101.. => Err(invalid("a schedule's name has at most 100 characters")),
        _ if name.chars().any(char::is_control) => Err(invalid("a schedule's name is one line")),
        _ => Ok(name.into()),
    }
}

/// One clean line that names its firing.
fn template_title(text: &str, cron: &Cron) -> Result<String, Problem> {
    Ok(text::title(&schedule::title(&text::title(text)?, cron)?)?)
}

/// The zone named, or the machine's own.
fn zone(name: Option<&str>) -> Result<Zone, Problem> {
    match name.map(str::trim) {
        Some(name) if !name.is_empty() => Ok(Zone::parse(name)?),
        _ => {
            let own = jiff::tz::TimeZone::system();
            Ok(own.iana_name().and_then(|name| Zone::parse(name).ok()).unwrap_or_else(Zone::utc))
        }
    }
}

pub async fn pause_schedule(app: &App, request: ScheduleRef) -> Result<Schedule, Problem> {
    Ok(views::schedule(app.engine.store().pause_schedule(request.id, app.engine.now()).await?))
}

pub async fn resume_schedule(app: &App, request: ScheduleRef) -> Result<Schedule, Problem> {
    Ok(views::schedule(app.engine.store().resume_schedule(request.id, app.engine.now()).await?))
}

pub async fn remove_schedule(app: &App, request: ScheduleRef) -> Result<Schedule, Problem> {
    Ok(views::schedule(app.engine.store().remove_schedule(request.id, app.engine.now()).await?))
}

pub async fn restore_schedule(app: &App, request: ScheduleRef) -> Result<Schedule, Problem> {
    Ok(views::schedule(app.engine.store().restore_schedule(request.id, app.engine.now()).await?))
}

/// Makes a card now. The schedule goes on as it would have.
pub async fn run_schedule(app: &App, request: ScheduleRef) -> Result<Card, Problem> {
    let made = app.engine.store().run_schedule(request.id, app.engine.now()).await?;
    super::tasks::one_card(app, made).await
}

impl From<schedule::BadSchedule> for Problem {
    fn from(error: schedule::BadSchedule) -> Self {
        Problem { code: ProblemCode::Invalid, message: error.to_string(), next: error.hint() }
    }
}

const _: () = assert!(CAP <= MISFIRE_CAP);
