//! Cards and issues, brought together. `sync_issues` is for callers that talk to the tracker themselves: they bring
//! the issues as they are, and are told what to change about them. `sync_github` does both.

use domain::{
    Actor, Effect, Status,
    issues::{IssueState, Shared, merge},
    text,
};
use store::{NewTask, Routing, StoreError, TaskEdit, TaskRecord};

use crate::{
    App,
    github::{self, Access},
    problem::invalid,
    wire::*,
};

const ISSUES_MAX: usize = 1_000;

pub async fn sync_issues(app: &App, request: SyncIssues) -> Result<SyncedIssues, Problem> {
    let repository = repository(&request.repository)?;
    if request.issues.len() > ISSUES_MAX {
        return Err(invalid(format!("at most {ISSUES_MAX} issues at once")));
    }
    let mut synced = SyncedIssues::default();
    for issue in request.issues {
        let number = issue.number;
        if let Err(why) =
            sync_one(app, &repository, (request.project, request.preview), issue, &mut synced).await
        {
            if why.code == ProblemCode::Unavailable || why.code == ProblemCode::Internal {
                return Err(why);
            }
            synced.refused.push(RefusedIssue { number, why });
        }
    }
    Ok(synced)
}

/// One at a time: of two at once each would add a card for a new issue.
static AT_WORK: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

pub async fn sync_github(app: &App, request: SyncGithub) -> Result<SyncedIssues, Problem> {
    let repository = repository(&request.repository)?;
    let Ok(_alone) = AT_WORK.try_lock() else {
        return Err(Problem {
            code: ProblemCode::Conflict,
            message: "issues are being synced already".into(),
            next: Some("wait until that is done, then sync again".into()),
        });
    };
    let project = match request.project {
        None => {
            linked(app).await?.into_iter().find(|(_, linked)| same(linked, &repository)).map(|(id, _)| id)
        }
        given => given,
    };
    let access = match request.access {
        Some(given) => Access::given(given),
        None => Access::found(app.engine.agent_env().await).await,
    };
    let mut synced = SyncedIssues::default();
    let url = access.page(&repository);
    let github = github::Github::new(&repository, access);
    let done = bring_together(app, &github, (&repository, project, request.preview), &mut synced).await;
    if !request.preview {
        remember(app, (&repository, url), &synced, done.as_ref().err()).await?;
    }
    done.map(|()| synced)
}

/// Tells GitHub what is new here, and then the board that GitHub was told: the answers are the issues as they are now.
async fn bring_together(
    app: &App,
    github: &github::Github,
    (repository, project, preview): (&str, Option<domain::ProjectId>, bool),
    whole: &mut SyncedIssues,
) -> Result<(), Problem> {
    let sync = async |issues| {
        let repository = repository.to_owned();
        sync_issues(app, SyncIssues { repository, project, issues, preview }).await
    };
    let mut edits = Vec::new();
    for issues in github.issues().await?.chunks(github::PAGE) {
        let mut part = sync(issues.to_vec()).await?;
        edits.append(&mut part.edits);
        whole.added.append(&mut part.added);
        whole.changed.append(&mut part.changed);
        whole.cards.append(&mut part.cards);
        whole.refused.append(&mut part.refused);
    }
    for edit in edits {
        if !preview {
            sync(vec![github.edit(edit.clone()).await?]).await?;
        }
        whole.edits.push(edit);
    }
    Ok(())
}

async fn remember(
    app: &App,
    (repository, url): (&str, String),
    synced: &SyncedIssues,
    problem: Option<&Problem>,
) -> Result<(), Problem> {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let last = GithubSync {
        at: app.engine.now(),
        url,
        added: count(synced.added.len()),
        changed: count(synced.changed.len()),
        told: count(synced.edits.len()),
        refused: count(synced.refused.len()),
        problem: problem.cloned(),
    };
    Ok(app.engine.store().put_setting(last_of(repository), &last, last.at).await?)
}

/// The setting that holds how the last sync went.
fn last_of(repository: &str) -> String {
    format!("github:{}", repository.to_ascii_lowercase())
}

/// None where it cannot be read, too: another version may have written it.
async fn last_sync(app: &App, repository: &str) -> Option<GithubSync> {
    app.engine.store().setting(&last_of(repository)).await.unwrap_or_default()
}

pub async fn get_github(app: &App, _: Nothing) -> Result<Github, Problem> {
    let access = Access::found(app.engine.agent_env().await).await;
    let mut links = Vec::new();
    for (project, repository) in linked(app).await? {
        let last = last_sync(app, &repository).await;
        let url = last.as_ref().map_or_else(|| access.page(&repository), |last| last.url.clone());
        links.push(GithubLink { project, url: format!("{url}/issues"), repository, last });
    }
    Ok(Github { key: access.source, links })
}

/// The projects that name a repository.
async fn linked(app: &App) -> Result<Vec<(domain::ProjectId, String)>, Problem> {
    let projects = app.engine.store().projects().await?;
    let named = |project: store::ProjectRecord| {
        let settings: ProjectSettings = serde_json::from_value(project.settings).ok()?;
        Some((project.id, settings.github?))
    };
    Ok(projects.into_iter().filter_map(named).collect())
}

/// Refuses a repository that another project has: new issues would be cards of whichever is synced first.
pub(super) async fn check_link(app: &App, project: domain::ProjectId, wanted: &str) -> Result<(), Problem> {
    repository(wanted)?;
    let other = |(id, linked): &(domain::ProjectId, String)| *id != project && same(linked, wanted);
    let Some((other, _)) = linked(app).await?.into_iter().find(other) else { return Ok(()) };
    let other = app.engine.store().project(other).await?.name;
    Err(Problem {
        code: ProblemCode::Conflict,
        message: format!("{wanted} is linked with the project “{other}” already"),
        next: Some(format!("unlink it from “{other}” first")),
    })
}

/// GitHub does not tell capitals from small letters.
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

pub(super) async fn issue_of(app: &App, task: domain::TaskId) -> Result<Option<IssueRef>, Problem> {
    let Some((repository, number)) = app.engine.store().issue_of(task).await? else { return Ok(None) };
    let last = last_sync(app, &repository).await;
    let page = last.map_or_else(|| format!("https://github.com/{repository}"), |last| last.url);
    let url = format!("{page}/issues/{number}");
    Ok(Some(IssueRef { repository, number, url }))
}

/// `owner/name`
pub(super) fn repository(text: &str) -> Result<String, Problem> {
    let plain = |part: &str| {
        (1..=100).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            && ![".", ".."].contains(&part)
    };
    match text.split_once('/') {
        Some((owner, name)) if plain(owner) && plain(name) => Ok(text.to_owned()),
        _ => Err(invalid(format!("“{text}” is no repository; write owner/name"))),
    }
}

async fn sync_one(
    app: &App,
    repository: &str,
    (project, preview): (Option<domain::ProjectId>, bool),
    issue: Issue,
    synced: &mut SyncedIssues,
) -> Result<(), Problem> {
    let store = app.engine.store();
    if issue.number < 1 {
        return Err(invalid(format!("{} is no number of an issue", issue.number)));
    }
    let (labels, foreign): (Vec<_>, Vec<_>) = issue
        .labels
        .iter()
        .cloned()
        .partition(|label| text::tags(std::slice::from_ref(label)) == Ok(vec![label.clone()]));
    let there = Shared { title: text::title(&issue.title)?, labels, state: issue.state };
    let Some(link) = store.issue_link(repository, issue.number).await? else {
        if there.state == IssueState::Open {
            let new = card_of(&there, &issue.body, project)?;
            let (number, title) = (issue.number, Some(new.title.clone()));
            let mut task = None;
            if !preview {
                let now = app.engine.now();
                let added = store.add_issue(repository.to_owned(), number, new, there, now).await?;
                synced.added.push(added);
                task = Some(added);
            }
            synced.cards.push(CardEdit { number, task, title, labels: None, state: None });
        }
        return Ok(());
    };
    let task = match store.task(link.task).await {
        // Thrown away on purpose: the issue goes its own way.
        Ok(task) if task.trashed_at.is_some() => return Ok(()),
        Err(StoreError::Deleted(_)) => return Ok(()),
        task => task?,
    };
    let here = Shared {
        title: task.title.clone(),
        labels: task.tags.clone(),
        state: IssueState::of(task.task.status),
    };
    let wanted = merge(&link.agreed, &here, &there);
    let edit = edit_of(issue.number, &there, &wanted, &foreign);
    let is_told = edit.is_none();
    synced.edits.extend(edit);
    if wanted != here {
        if !preview {
            change(app, &task, &here, &wanted).await?;
        }
        synced.changed.push(link.task);
        synced.cards.push(CardEdit {
            number: issue.number,
            task: Some(link.task),
            title: (here.title != wanted.title).then(|| wanted.title.clone()),
            labels: (here.labels != wanted.labels).then(|| wanted.labels.clone()),
            state: (here.state != wanted.state).then_some(wanted.state),
        });
    }
    if is_told && !preview && link.agreed != wanted {
        store.agree_on_issue(repository.to_owned(), issue.number, link.task, wanted).await?;
    }
    Ok(())
}

fn card_of(issue: &Shared, body: &str, project: Option<domain::ProjectId>) -> Result<NewTask, Problem> {
    Ok(NewTask {
        title: issue.title.clone(),
        description: text::description(body)?,
        project,
        priority: Default::default(),
        tags: text::tags(&issue.labels)?,
        due_at: None,
        assignee: None,
        status: Status::Inbox,
        queued: None,
        routing: Routing::default(),
    })
}

/// What to tell the tracker. Labels that cannot be tags stay on the issue.
fn edit_of(number: i64, there: &Shared, wanted: &Shared, foreign: &[String]) -> Option<IssueEdit> {
    let sorted = |labels: &[String]| {
        let mut labels = labels.to_vec();
        labels.sort();
        labels
    };
    let labels = (sorted(&there.labels) != sorted(&wanted.labels))
        .then(|| wanted.labels.iter().chain(foreign).cloned().collect());
    let edit = IssueEdit {
        number,
        title: (there.title != wanted.title).then(|| wanted.title.clone()),
        labels,
        state: (there.state != wanted.state).then_some(wanted.state),
    };
    (edit.title.is_some() || edit.labels.is_some() || edit.state.is_some()).then_some(edit)
}

async fn change(app: &App, task: &TaskRecord, here: &Shared, wanted: &Shared) -> Result<(), Problem> {
    let (store, id) = (app.engine.store(), task.task.id);
    if (&here.title, &here.labels) != (&wanted.title, &wanted.labels) {
        let edit = TaskEdit {
            title: Some(wanted.title.clone()),
            tags: Some(text::tags(&wanted.labels)?),
            ..TaskEdit::default()
        };
        store.edit_task(id, edit, Actor::Person, app.engine.now()).await?;
    }
    if here.state != wanted.state {
        for effect in store.move_task(id, wanted.state.column(), Actor::Person, app.engine.now()).await? {
            match effect {
                Effect::StopRun(run) => {
                    app.engine.stop_run(run).await?;
                }
            }
        }
    }
    Ok(())
}
