//! What only a window has: change events, links to cards, starting at login, choosing a folder, opening things outside.

use app::{
    App,
    wire::{Event, Problem, ProblemCode, Settings},
};
use domain::{ArtifactId, AttachmentId};
use tauri::{AppHandle, State, ipc::Channel};
use tauri_plugin_autostart::ManagerExt;
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_shell::ShellExt;

use crate::{
    links::{self, Links, Shown},
    startup::once_the_page_stands,
    updates::{self, Fetched, NewVersion},
};

/// Sends change events until the window goes away.
#[tauri::command]
#[specta::specta]
pub async fn subscribe(app: State<'_, App>, channel: Channel<Event>) -> Result<(), Problem> {
    let mut events = app.engine().events();
    tauri::async_runtime::spawn(async move {
        while let Some(event) = events.next().await {
            if channel.send(app::event(&event)).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// Sends what links and the tray ask the page to show, until the window goes away; first what came before it.
#[tauri::command]
#[specta::specta]
pub async fn follow_links(
    handle: AppHandle,
    app: State<'_, App>,
    links: State<'_, Links>,
    channel: Channel<Shown>,
) -> Result<(), Problem> {
    links::follow(&app, &links, channel).await;
    once_the_page_stands(&handle);
    Ok(())
}

/// Whether the system starts this program when the person logs in.
#[tauri::command]
#[specta::specta]
pub async fn starts_at_login(handle: AppHandle) -> Result<bool, Problem> {
    handle.autolaunch().is_enabled().map_err(login_problem)
}

/// Asks the system to start this program when the person logs in, or no longer to.
#[tauri::command]
#[specta::specta]
pub async fn start_at_login(handle: AppHandle, on: bool) -> Result<bool, Problem> {
    let login = handle.autolaunch();
    let there = login.is_enabled().map_err(login_problem)?;
    match (there, on) {
        (false, true) => login.enable().map_err(login_problem)?,
        (true, false) => login.disable().map_err(login_problem)?,
        (true, true) | (false, false) => {}
    }
    Ok(on)
}

/// The host that is asked for new versions; none where this build knows of no such place.
#[tauri::command]
#[specta::specta]
pub async fn update_source() -> Result<Option<String>, Problem> {
    Ok(updates::source())
}

/// Asks there whether a version newer than this one is to be had.
#[tauri::command]
#[specta::specta]
pub async fn look_for_update(handle: AppHandle) -> Result<Option<NewVersion>, Problem> {
    updates::look(&handle).await
}

/// Puts that version in this program's place and starts it; the window goes, agents stay at work.
#[tauri::command]
#[specta::specta]
pub async fn install_update(
    handle: AppHandle,
    version: String,
    channel: Channel<Fetched>,
) -> Result<(), Problem> {
    updates::install(&handle, &version, channel).await
}

fn login_problem(error: tauri_plugin_autostart::Error) -> Problem {
    Problem {
        code: ProblemCode::Unavailable,
        message: format!("what starts at login could not be read or written: {error}"),
        next: Some("add Flightboard to your system's own list of programs that start at login".into()),
    }
}

/// Asks the person for a folder; none if they changed their mind.
#[tauri::command]
#[specta::specta]
pub async fn pick_folder(handle: AppHandle) -> Result<Option<String>, Problem> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    handle.dialog().file().pick_folder(move |folder| {
        let _ = answer.send(folder);
    });
    let folder = answered.await.ok().flatten();
    Ok(folder.map(|folder| folder.to_string()))
}

/// Asks the person for a file; none if they changed their mind.
#[tauri::command]
#[specta::specta]
pub async fn pick_file(handle: AppHandle) -> Result<Option<String>, Problem> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    handle.dialog().file().pick_file(move |file| {
        let _ = answer.send(file);
    });
    Ok(answered.await.ok().flatten().map(|file| file.to_string()))
}

/// Saves a copy of an artifact where the person says; none if they changed their mind. The page names no
/// place: it cannot write anywhere by itself.
#[tauri::command]
#[specta::specta]
pub async fn save_artifact(
    handle: AppHandle,
    app: State<'_, App>,
    id: ArtifactId,
) -> Result<Option<String>, Problem> {
    let name = app::ops::artifact_name(&app, id).await?;
    let Some(place) = ask_where(&handle, name).await else { return Ok(None) };
    app::ops::save_artifact(&app, id, place.clone()).await?;
    Ok(Some(place.to_string_lossy().into_owned()))
}

/// The same for a file that a person added to a card.
#[tauri::command]
#[specta::specta]
pub async fn save_attachment(
    handle: AppHandle,
    app: State<'_, App>,
    id: AttachmentId,
) -> Result<Option<String>, Problem> {
    let name = app::ops::attachment_name(&app, id).await?;
    let Some(place) = ask_where(&handle, name).await else { return Ok(None) };
    app::ops::save_attachment(&app, id, place.clone()).await?;
    Ok(Some(place.to_string_lossy().into_owned()))
}

/// Writes the whole board where the person says; none if they changed their mind.
#[tauri::command]
#[specta::specta]
pub async fn save_board(handle: AppHandle, app: State<'_, App>) -> Result<Option<String>, Problem> {
    let Some(place) = ask_where(&handle, "flightboard.jsonl".into()).await else { return Ok(None) };
    app::ops::save_board(&app, place.clone()).await?;
    Ok(Some(place.to_string_lossy().into_owned()))
}

async fn ask_where(handle: &AppHandle, name: String) -> Option<std::path::PathBuf> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    handle.dialog().file().set_file_name(name).save_file(move |place| {
        let _ = answer.send(place);
    });
    answered.await.ok().flatten().and_then(|place| place.into_path().ok())
}

/// Opens a folder in the person's editor, or in the file manager where none is set.
#[tauri::command]
#[specta::specta]
pub async fn open_path(handle: AppHandle, app: State<'_, App>, path: String) -> Result<(), Problem> {
    let settings: Settings = app::ops::get_settings(&app, app::wire::Nothing {}).await?;
    let problem = |error: String| Problem {
        code: ProblemCode::Unavailable,
        message: format!("{path} could not be opened: {error}"),
        next: Some("set your editor's command in Settings".into()),
    };
    let Some((program, args)) = settings.editor.split_first() else {
        #[allow(deprecated)]
        return handle.shell().open(path.clone(), None).map_err(|error| problem(error.to_string()));
    };
    let args: Vec<String> = args.iter().map(|arg| arg.replace("{path}", &path)).collect();
    handle.shell().command(program).args(args).spawn().map(|_| ()).map_err(|error| problem(error.to_string()))
}

/// Opens a link in the browser. Only schemes that show something; never `file:` or a program's own.
#[tauri::command]
#[specta::specta]
pub async fn open_url(handle: AppHandle, url: String) -> Result<(), Problem> {
    let allowed = ["https://", "http://", "mailto:"].iter().any(|scheme| url.starts_with(scheme));
    let problem = |message: String| Problem { code: ProblemCode::Invalid, message, next: None };
    if !allowed || url.chars().any(char::is_control) {
        return Err(problem("only http, https and mailto links are opened".into()));
    }
    #[allow(deprecated)]
    handle.shell().open(url, None).map_err(|error| problem(format!("the link could not be opened: {error}")))
}
