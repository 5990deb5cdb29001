//! The board and the footer.

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

pub async fn get_board(app: &App, request: GetBoard) -> Result<Board, Problem> {
    let (seq, cards) = app.engine.store().board(request.project, request.trashed).await?;
    Ok(Board { seq, cards: cards.into_iter().map(|card| seen(app, card)).collect(), now: app.engine.now() })
}

pub async fn get_cards(app: &App, request: GetCards) -> Result<Vec<Card>, Problem> {
    if request.ids.len() > 10_000 {
        return Err(invalid("at most 10,000 cards at once"));
    }
    let cards = app.engine.store().cards(&request.ids).await?;
    Ok(cards.into_iter().map(|card| seen(app, card)).collect())
}

/// A card as it is this moment.
pub(super) fn seen(app: &App, record: store::CardRecord) -> Card {
    views::card(record, |run| app.engine.newest_line(run))
}
