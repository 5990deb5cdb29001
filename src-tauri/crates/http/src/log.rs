//! `GET /runs/<run>/log`: a run's raw output; with `follow=1` until the run ends.

use std::{io, time::Duration};

use app::{App, Stream, Subject};
use axum::{
    body::{Body, Bytes},
    extract::{Path, Query},
    http::header,
    response::{IntoResponse, Response},
};
use domain::RunId;
use futures_util::stream;
use serde::Deserialize;

use crate::{gate::Caller, problem::answer};

const PIECE: usize = 256 * 1024;
/// Quiet runs are looked at again this often.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an engine may take from a run's start or end to knowing it; then it is asked again.
const SETTLING: Duration = Duration::from_millis(200);

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    follow: u8,
}

pub(crate) async fn read(
    Caller { app, .. }: Caller,
    Path(run): Path<i64>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let run = RunId(run);
    if let Err(refused) = Stream::Log.allow(&app, vec![Subject::Run(run)]).await {
        return answer(refused);
    }
    if let Err(error) = app.engine().store().run(run).await {
        return answer(error.into());
    }
    let follow = wanted.follow == 1;
    let pieces = stream::try_unfold((app, wanted.offset), move |(app, offset)| async move {
        let piece = next_piece(&app, run, offset, follow).await?;
        let next = offset + piece.len() as u64;
        Ok::<_, io::Error>((!piece.is_empty()).then(|| (Bytes::from(piece), (app, next))))
    });
    ([(header::CONTENT_TYPE, "application/octet-stream")], Body::from_stream(pieces)).into_response()
}

/// The next bytes; empty at the end. When following, waits for growth or for the run's end.
async fn next_piece(app: &App, run: RunId, offset: u64, follow: bool) -> io::Result<Vec<u8>> {
    loop {
        // Asked before reading: what was written before the end is then always read.
        let live = follow && !ended(app, run, Duration::ZERO).await?;
        let piece = read_piece(app, run, offset).await?;
        if !piece.is_empty() || !live {
            return Ok(piece);
        }
        app.engine().log_growth(run, offset, PATIENCE).await;
        let piece = read_piece(app, run, offset).await?;
        if !piece.is_empty() {
            return Ok(piece);
        }
        // Not watched yet, as after the engine's start, or its end is just being told.
        ended(app, run, SETTLING).await?;
    }
}

async fn read_piece(app: &App, run: RunId, offset: u64) -> io::Result<Vec<u8>> {
    app.engine().read_log(run, offset, PIECE).await.map(|(piece, _)| piece).map_err(io::Error::other)
}

/// Whether the run is over, or gets there within `patience`. An engine that is closed cannot tell: the
/// stream then breaks off, so that nobody takes it for whole.
async fn ended(app: &App, run: RunId, patience: Duration) -> io::Result<bool> {
    let run = app.engine().wait_run(run, patience).await.map_err(io::Error::other)?;
    Ok(run.ended_at.is_some())
}
