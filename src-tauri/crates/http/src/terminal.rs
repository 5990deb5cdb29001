//! `GET /terminal/<run>`: a terminal over a WebSocket. Binary frames carry bytes both ways; text
//! frames from the client carry acknowledgements, sizes and visibility.

use app::{App, Stream, Subject};
use axum::{
    body::Bytes,
    extract::{
        Path, Query, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::Response,
};
use domain::RunId;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::{gate::Caller, problem::answer};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    cols: u16,
    rows: u16,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Ack { ack: u64 },
    Size { cols: u16, rows: u16 },
    Visible { visible: bool },
}

pub(crate) async fn open(
    Caller { app, .. }: Caller,
    Path(run): Path<i64>,
    Query(wanted): Query<Wanted>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let run = RunId(run);
    if let Err(refused) = Stream::Terminal.allow(&app, vec![Subject::Run(run)]).await {
        return answer(refused);
    }
    if let Err(error) = app.engine().store().run(run).await {
        return answer(error.into());
    }
    upgrade.max_message_size(1024 * 1024).on_upgrade(move |socket| carry(app, run, wanted, socket))
}

async fn carry(app: App, run: RunId, wanted: Wanted, mut socket: WebSocket) {
    let (frames, mut outgoing) = mpsc::channel::<Bytes>(8);
    let viewer = match app.engine().open_viewer(run, wanted.cols, wanted.rows, frames).await {
        Ok(viewer) => viewer,
        Err(error) => {
            tracing::warn!(%error, %run, "a terminal could not be opened");
            return;
        }
    };
    loop {
        tokio::select! {
            frame = outgoing.recv() => {
                let Some(frame) = frame else { break };
                if socket.send(Message::Binary(frame)).await.is_err() {
                    break;
                }
            }
            heard = socket.recv() => match heard {
                Some(Ok(Message::Binary(keys))) => viewer.input(keys.to_vec()).await,
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(Said::Ack { ack }) => viewer.ack(ack),
                    Ok(Said::Size { cols, rows }) => viewer.resize(cols, rows).await,
                    Ok(Said::Visible { visible }) => viewer.visible(visible),
                    Err(error) => {
                        tracing::debug!(%error, "a terminal client said something unknown");
                        break;
                    }
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
        }
    }
}
