//! The board and the footer.

use std::collections::HashMap;

use domain::TaskId;
use store::{CardRecord, Kin};

use crate::{App, problem::invalid, views, wire::*};

pub async fn get_overview(app: &App, _: Nothing) -> Result<Overview, Problem> {
    let counts = app.engine.store().counts().await?;
    let (seq, saved_at) = app.engine.store().head().await?;
    Ok(Overview {
        version: env!("CARGO_PKG_VERSION").into(),
        seq,
        in_flight: counts.in_flight,
        waiting: counts.ready,
        needs_you: counts.needs_you,
        saved_at,
        data_dir: app.engine.layout().root().to_string_lossy().into_owned(),
        problem: app.engine.trouble(),
    })
}

/// Cards that cannot go on without a person, the longest first. Also in `get_status`, which asks for more.
pub async fn who_needs_you(app: &App, limit: u32) -> Result<Vec<Card>, Problem> {
    with_kin(app, app.engine.store().needing_you(limit).await?).await
}

pub async fn get_board(app: &App, request: GetBoard) -> Result<Board, Problem> {
    let (seq, cards) = app.engine.store().board(request.project, request.trashed).await?;
    let kin = app.engine.store().kin(None).await?;
    Ok(Board { seq, cards: seen(app, cards, &kin), now: app.engine.now() })
}

pub async fn get_cards(app: &App, request: GetCards) -> Result<Vec<Card>, Problem> {
    if request.ids.len() > 10_000 {
        return Err(invalid("at most 10,000 cards at once"));
    }
    some_cards(app, &request.ids).await
}

/// Cards as they are this moment, trashed ones included; unknown and deleted ones are left out.
pub(super) async fn some_cards(app: &App, ids: &[TaskId]) -> Result<Vec<Card>, Problem> {
    with_kin(app, app.engine.store().cards(ids).await?).await
}

pub(super) async fn with_kin(app: &App, records: Vec<CardRecord>) -> Result<Vec<Card>, Problem> {
    let ids: Vec<TaskId> = records.iter().map(|record| record.id).collect();
    let kin = app.engine.store().kin(Some(&ids)).await?;
    Ok(seen(app, records, &kin))
}

fn seen(app: &App, records: Vec<CardRecord>, kin: &HashMap<TaskId, Kin>) -> Vec<Card> {
    let card = |record: CardRecord| {
        let kin = kin.get(&record.id).copied().unwrap_or_default();
        views::card(record, kin, |run| app.engine.newest_line(run))
    };
    records.into_iter().map(card).collect()
}
