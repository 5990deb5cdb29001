//! Saved filters, and the cards that a filter lets through.

use domain::filter::{Filter, Seen, Today, name};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use crate::{App, problem::invalid, wire::*};

pub async fn list_filters(app: &App, _: Nothing) -> Result<Vec<SavedFilter>, Problem> {
    let kept = app.engine.store().filters().await?;
    Ok(kept.into_iter().map(|(name, filter)| SavedFilter { name, filter }).collect())
}

pub async fn put_filter(app: &App, request: PutFilter) -> Result<SavedFilter, Problem> {
    let bad = |bad: domain::filter::BadFilter| invalid(bad.to_string());
    let name = name(&request.name).map_err(bad)?;
    let filter = Filter { text: request.filter.text.trim().into(), ..request.filter };
    filter.check().map_err(bad)?;
    app.engine.store().put_filter(name.clone(), filter.clone(), app.engine.now()).await?;
    Ok(SavedFilter { name, filter })
}

pub async fn remove_filter(app: &App, request: FilterRef) -> Result<Nothing, Problem> {
    app.engine.store().remove_filter(request.name, app.engine.now()).await?;
    Ok(Nothing {})
}

/// The most urgent first, then by due date and age.
pub async fn find_cards(app: &App, request: FindCards) -> Result<Vec<Card>, Problem> {
    let saved = match &request.saved {
        Some(name) => app.engine.store().filter(name).await?.1,
        None => Filter::default(),
    };
    let today = today(app.engine.now());
    let board = GetBoard { project: request.project, trashed: false };
    let mut cards = super::board::get_board(app, board).await?.cards;
    cards.retain(|card| {
        let seen = seen(card);
        let column = request.statuses.is_empty() || request.statuses.contains(&card.status);
        column && saved.passes(&seen, today) && request.filter.passes(&seen, today)
    });
    cards.sort_by_key(|card| {
        (std::cmp::Reverse(card.priority), card.due_at.unwrap_or(i64::MAX), card.created_at, card.id)
    });
    Ok(cards)
}

fn seen(card: &Card) -> Seen<'_> {
    Seen {
        id: card.id,
        title: &card.title,
        tags: &card.tags,
        project: card.project,
        assignee: card.assignee.as_deref(),
        agent: card.run.as_ref().map(|run| run.agent.as_str()),
        priority: card.priority,
        due_at: card.due_at,
    }
}

/// On this machine's clock.
fn today(now: i64) -> Today {
    let zoned =
        Timestamp::from_millisecond(now).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::system());
    let ends = zoned.start_of_day().and_then(|day| day.checked_add(1.day()));
    Today { now, ends: ends.map_or(now, |end| end.timestamp().as_millisecond()) }
}
