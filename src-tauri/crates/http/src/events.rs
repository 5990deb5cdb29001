//! `GET /events`: a WebSocket that tells what went stale. A reader that falls behind gets `resync`.

use app::{App, Stream};
use axum::{
    extract::{
        WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::Response,
};

use crate::{gate::Caller, problem::answer};

pub(crate) async fn open(Caller { app, .. }: Caller, upgrade: WebSocketUpgrade) -> Response {
    if let Err(refused) = Stream::Events.allow(&app, Vec::new()).await {
        return answer(refused);
    }
    upgrade.on_upgrade(move |socket| tell(app, socket))
}

async fn tell(app: App, mut socket: WebSocket) {
    let mut events = app.engine().events();
    loop {
        tokio::select! {
            event = events.next() => {
                let Some(event) = event else { break };
                let Ok(text) = serde_json::to_string(&app::event(&event)) else { continue };
                if socket.send(Message::Text(text.into())).await.is_err() {
                    break;
                }
            }
            // The client says nothing; this notices that it left and answers its pings.
            heard = socket.recv() => match heard {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
}
