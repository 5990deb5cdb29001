//! Lists, the dashboard, events, and putting in order what was left.

use std::time::Duration;

use domain::{Millis, Status, TaskId, event};
use store::CardFilter;
use tokio::time::{Instant, timeout_at};

use super::board::with_kin;
use crate::{App, clock::clock, problem::invalid, views, wire::*};

/// Entries of a list in the dashboard.
const SHOWN: u32 = 20;
/// Events in one answer.
const EVENTS: u32 = 500;
const EVENTS_MAX: u32 = 1_000;
const WAIT_MAX: u32 = 60_000;
/// Rows of the log read at a time.
const PAGE: u32 = 1_000;
const DAY: Millis = 24 * 60 * 60 * 1_000;

pub async fn list_cards(app: &App, request: ListCards) -> Result<CardList, Problem> {
    let filter = CardFilter {
        statuses: request.statuses,
        project: request.project,
        assignee: request.assignee,
        tag: request.tag,
        priority: request.priority,
    };
    let store = app.engine.store();
    // The number is read first: an event for a later change is then never missed.
    let (seq, _) = store.head().await?;
    let (total, cards) = store.list(&filter, request.offset, request.limit.unwrap_or(u32::MAX)).await?;
    let cards = with_kin(app, cards).await?;
    Ok(CardList { seq, now: app.engine.now(), total, cards })
}

pub async fn get_status(app: &App, _: Nothing) -> Result<StatusReport, Problem> {
    let store = app.engine.store();
    let overview = super::board::get_overview(app, Nothing {}).await?;
    let glance = app.engine.glance().await?;
    let clock = clock();
    let columns = store.counts_by_column().await?;
    let in_flight = CardFilter { statuses: vec![Status::InProgress], ..CardFilter::default() };
    let (_, live) = store.list(&in_flight, 0, SHOWN).await?;
    let agents = glance.agents.iter().map(|agent| {
        let trouble = agent.trouble(&clock);
        let load =
            AgentLoad { name: agent.name.clone(), live: agent.live, capacity: agent.capacity, trouble };
        (agent.installed, load)
    });
    Ok(StatusReport {
        overview,
        now: app.engine.now(),
        columns: columns.into_iter().map(|(column, cards)| ColumnCount { column, cards }).collect(),
        live: with_kin(app, live).await?,
        needs_you: super::board::who_needs_you(app, SHOWN).await?,
        paused: glance.paused,
        dispatches: app.engine.dispatches(),
        parallel: glance.parallel,
        starts: glance.starts.into_iter().take(SHOWN as usize).map(start).collect(),
        agents: agents
            .filter(|(installed, load)| *installed || load.live > 0 || load.trouble.is_some())
            .map(|(_, load)| load)
            .collect(),
        spent_today: app.engine.spent_today().await?,
    })
}

fn start(start: engine::PlannedRun) -> PlannedStart {
    PlannedStart {
        why: format!("starts next, on {}", start.agent),
        task: start.task,
        agent: start.agent,
        model: start.model,
        rule: start.rule,
    }
}

/// Each event once and in order, whoever hosts the engine meanwhile: who asks for those after the last
/// answer's `seq` misses nothing and hears nothing twice.
pub async fn read_events(app: &App, request: ReadEvents) -> Result<BoardEvents, Problem> {
    let limit = request.limit.unwrap_or(EVENTS);
    if !(1..=EVENTS_MAX).contains(&limit) || request.wait_ms > WAIT_MAX {
        return Err(invalid(format!("ask for 1 to {EVENTS_MAX} events and wait at most {WAIT_MAX} ms")));
    }
    let store = app.engine.store();
    // Before the log is read: what is committed in between wakes us.
    let mut commits = store.committed();
    let until = Instant::now() + Duration::from_millis(request.wait_ms.into());
    let mut seq = match request.after {
        Some(after) => after,
        None => store.head().await?.0,
    };
    let mut events = Vec::new();
    loop {
        loop {
            let page = store.changes_after(seq, PAGE).await?;
            let whole = page.len() < PAGE as usize;
            for change in page {
                seq = change.seq;
                events.extend(wanted(&request, views::board_event(change)));
                if events.len() >= limit as usize {
                    return Ok(BoardEvents { events, seq });
                }
            }
            if whole {
                break;
            }
        }
        if !events.is_empty() {
            return Ok(BoardEvents { events, seq });
        }
        // A lagging receiver only means: look again.
        match timeout_at(until, commits.recv()).await {
            Ok(Err(tokio::sync::broadcast::error::RecvError::Closed)) | Err(_) => {
                return Ok(BoardEvents { events, seq });
            }
            Ok(_) => {}
        }
    }
}

fn wanted(request: &ReadEvents, found: BoardEvent) -> Option<BoardEvent> {
    let of_project = request.project.is_none() || request.project == found.project;
    (of_project && event::is_wanted(&request.types, &found.kind)).then_some(found)
}

/// Takes runs whose lease is over for lost, and removes workspaces of cards that are over where that is
/// asked for.
pub async fn clean_up(app: &App, request: CleanUp) -> Result<CleanedUp, Problem> {
    let engine = &app.engine;
    let lost = engine.store().end_leases(engine.now()).await?;
    let (mut workspaces, mut kept) = (Vec::new(), Vec::new());
    if let Some(days) = request.workspaces_after_days {
        let by = engine.now() - Millis::from(days) * DAY;
        for (task, run) in engine.store().workspaces_of_what_is_over(by).await? {
            match engine.remove_workspace(run).await {
                Ok(_) => workspaces.push(task),
                Err(error) => kept.push(KeptInTrash { id: task, key: TaskId::key(task), why: error.into() }),
            }
        }
    }
    Ok(CleanedUp { lost, workspaces, kept })
}
