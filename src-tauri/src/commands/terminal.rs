//! Terminals. Bytes travel raw on a channel of their own; everything else is small.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use app::{
    App, ViewerHandle,
    wire::{Problem, ProblemCode, Size},
};
use bytes::Bytes;
use domain::RunId;
use tauri::{
    State,
    ipc::{Channel, InvokeResponseBody},
};
use tokio::sync::mpsc;

/// Open terminals of the window.
#[derive(Debug, Default)]
pub struct Terminals {
    next: AtomicU32,
    open: Mutex<HashMap<u32, Arc<ViewerHandle>>>,
}

impl Terminals {
    fn add(&self, viewer: ViewerHandle) -> u32 {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.lock().insert(id, Arc::new(viewer));
        id
    }

    fn get(&self, id: u32) -> Result<Arc<ViewerHandle>, Problem> {
        self.lock().get(&id).cloned().ok_or(Problem {
            code: ProblemCode::NotFound,
            message: "this terminal is closed".into(),
            next: None,
        })
    }

    /// A page that was reloaded has lost its terminals; their viewers must not go on.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Arc<ViewerHandle>>> {
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Opens a terminal on a run; frames arrive on the channel as raw bytes. Returns its number.
// Not through specta: a typed channel would turn the bytes into a JSON array of numbers.
#[tauri::command]
pub async fn open_terminal(
    app: State<'_, App>,
    terminals: State<'_, Terminals>,
    run: RunId,
    size: Size,
    channel: Channel<InvokeResponseBody>,
) -> Result<u32, Problem> {
    let (frames, mut outgoing) = mpsc::channel::<Bytes>(8);
    let viewer = app.engine().open_viewer(run, size.cols, size.rows, frames).await?;
    tauri::async_runtime::spawn(async move {
        while let Some(frame) = outgoing.recv().await {
            if channel.send(InvokeResponseBody::Raw(frame.to_vec())).is_err() {
                break;
            }
        }
    });
    Ok(terminals.add(viewer))
}

#[tauri::command]
#[specta::specta]
pub async fn terminal_input(terminals: State<'_, Terminals>, id: u32, text: String) -> Result<(), Problem> {
    terminals.get(id)?.input(text.into_bytes()).await;
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub async fn terminal_ack(terminals: State<'_, Terminals>, id: u32, bytes: u32) -> Result<(), Problem> {
    terminals.get(id)?.ack(u64::from(bytes));
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub async fn terminal_resize(
    terminals: State<'_, Terminals>,
    id: u32,
    cols: u16,
    rows: u16,
) -> Result<(), Problem> {
    terminals.get(id)?.resize(cols, rows).await;
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub async fn terminal_visible(
    terminals: State<'_, Terminals>,
    id: u32,
    visible: bool,
) -> Result<(), Problem> {
    terminals.get(id)?.visible(visible);
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub async fn close_terminal(terminals: State<'_, Terminals>, id: u32) -> Result<(), Problem> {
    terminals.lock().remove(&id);
    Ok(())
}
