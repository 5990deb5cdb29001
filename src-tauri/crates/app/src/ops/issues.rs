//! Cards and issues, brought together. Who talks to the tracker is the caller's business: it brings the
//! issues as they are, and is told what to change about them.

use domain::{
    Actor, Effect, Status,
    issues::{IssueState, Shared, merge},
    text,
};
use store::{NewTask, Routing, StoreError, TaskEdit, TaskRecord};

use crate::{App, problem::invalid, wire::*};

const ISSUES_MAX: usize = 1_000;

pub async fn sync_issues(app: &App, request: SyncIssues) -> Result<SyncedIssues, Problem> {
    let repository = repository(&request.repository)?;
    if request.issues.len() > ISSUES_MAX {
        return Err(invalid(format!("at most {ISSUES_MAX} issues at once")));
    }
    let mut synced = SyncedIssues::default();
    for issue in request.issues {
        let number = issue.number;
        if let Err(why) = sync_one(app, &repository, request.project, issue, &mut synced).await {
            if why.code == ProblemCode::Unavailable || why.code == ProblemCode::Internal {
                return Err(why);
            }
            synced.refused.push(RefusedIssue { number, why });
        }
    }
    Ok(synced)
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
    project: Option<domain::ProjectId>,
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
            let now = app.engine.now();
            synced.added.push(store.add_issue(repository.to_owned(), issue.number, new, there, now).await?);
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
        change(app, &task, &here, &wanted).await?;
        synced.changed.push(link.task);
    }
    if is_told && link.agreed != wanted {
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
