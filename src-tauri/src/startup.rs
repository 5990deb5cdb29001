//! Starting and stopping: one instance, the engine, the local door, the window.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, Once},
};

use app::{App, Config, Engine, StartError, default_data_dir};
use http_door::Door;
use tauri::{
    AppHandle, Manager, RunEvent, WebviewUrl, WebviewWindowBuilder, ipc::Invoke, plugin::TauriPlugin,
    webview::PageLoadEvent,
};
use tauri_plugin_deep_link::DeepLinkExt;
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};

use crate::{
    bindings,
    commands::{self, terminal::Terminals},
    links::{self, Links, Wish},
    tray,
};

/// `own_variables`: what this program has set in its environment for itself.
pub fn run(own_variables: Vec<&'static str>) {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("FLIGHTBOARD_LOG").unwrap_or_else(|_| "info".into()),
        )
        .init();
    let built = tauri::Builder::default()
        .plugin(one_window_for_a_data_directory())
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_shell::init())
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_autostart::Builder::new().build())
        .plugin(tauri_plugin_updater::Builder::new().build())
        .manage(Terminals::default())
        .manage(Links::default())
        .invoke_handler(handler())
        .setup(|tauri| setup(tauri.handle(), own_variables))
        .build(tauri::generate_context!());
    match built {
        Ok(tauri) => tauri.run(|handle, event| {
            if let RunEvent::Exit = event {
                stop(handle);
            }
        }),
        Err(error) => {
            tracing::error!(%error, "the window cannot be opened");
            eprintln!("flightboard: the window cannot be opened: {error}");
            std::process::exit(1);
        }
    }
}

fn handler() -> impl Fn(Invoke<tauri::Wry>) -> bool + Send + Sync + 'static {
    // Lives as long as the program: the handler borrows from it.
    let typed = Box::leak(Box::new(bindings::builder())).invoke_handler();
    let raw: fn(Invoke<tauri::Wry>) -> bool = tauri::generate_handler![commands::terminal::open_terminal];
    move |invoke| if invoke.message.command() == "open_terminal" { raw(invoke) } else { typed(invoke) }
}

fn setup(handle: &AppHandle, own_variables: Vec<&'static str>) -> Result<(), Box<dyn std::error::Error>> {
    match tauri::async_runtime::block_on(start_engine(own_variables)) {
        Ok((app, door)) => {
            handle.manage(app);
            handle.manage(Mutex::new(Some(door)));
            open_window(handle)?;
            follow_links(handle);
            Ok(())
        }
        Err(reason) => {
            tracing::error!(%reason, "the engine cannot start");
            let quit = handle.clone();
            handle
                .dialog()
                .message(sentence(&reason))
                .title("Flightboard cannot start")
                .kind(MessageDialogKind::Error)
                .show(move |_| quit.exit(1));
            Ok(())
        }
    }
}

async fn start_engine(own_variables: Vec<&'static str>) -> Result<(App, Door), String> {
    let data_dir =
        default_data_dir().ok_or("There is no home directory. Set FLIGHTBOARD_DATA_DIR and start again.")?;
    let data_dir = std::path::absolute(&data_dir).map_err(|error| error.to_string())?;
    let config = Config { own_variables, ..Config::dispatching(data_dir) };
    let engine = Engine::start(config).await.map_err(|error| match error {
        StartError::Held(holder) => {
            format!("{holder}.\n\nClose it, or set FLIGHTBOARD_DATA_DIR to another folder.")
        }
        other => other.to_string(),
    })?;
    let app = App::new(engine);
    let door = http_door::open_socket(app.clone(), &app.engine().layout().socket())
        .map_err(|error| format!("The command line's socket cannot be opened: {error}"))?;
    Ok((app, door))
}

/// Our errors are written to stand inside a line; in a dialog they stand alone.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

fn open_window(handle: &AppHandle) -> Result<(), Box<dyn std::error::Error>> {
    WebviewWindowBuilder::new(handle, "main", WebviewUrl::default())
        .title("Flightboard")
        .inner_size(1360.0, 820.0)
        .min_inner_size(900.0, 560.0)
        // Else the shell takes files that are dropped, and the page never hears of them.
        .disable_drag_drop_handler()
        .on_page_load(|window, load| {
            if load.event() == PageLoadEvent::Started {
                window.state::<Terminals>().clear();
                window.state::<Links>().page_left();
            }
        })
        // The page never leaves the app: links open in the browser, and only through a command.
        .on_navigation(|url| {
            matches!(url.scheme(), "tauri" | "about" | "blob")
                || url.host_str().is_some_and(|host| host == "tauri.localhost" || host == "127.0.0.1")
        })
        .build()?;
    Ok(())
}

/// Two data directories are two boards: each has a window of its own.
fn one_window_for_a_data_directory() -> TauriPlugin<tauri::Wry> {
    tauri_plugin_single_instance::Builder::new()
        .callback(|handle, arguments, _cwd| match links::among(&arguments) {
            Some(link) => links::show(handle, link),
            None => raise(handle),
        })
        .dbus_id(format!("dev.flightboard.app.{}", board_id()))
        .build()
}

/// The same for every start with this data directory, and for no other.
fn board_id() -> String {
    let mut hasher = DefaultHasher::new();
    default_data_dir().and_then(|dir| std::path::absolute(dir).ok()).hash(&mut hasher);
    format!("d{:016x}", hasher.finish())
}

/// Links reach this program by its own arguments, by those of a second start, and on macOS as an event.
fn follow_links(handle: &AppHandle) {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    if let Some(link) = links::among(&arguments) {
        links::show(handle, link);
    }
    if cfg!(target_os = "macos") {
        let window = handle.clone();
        handle.deep_link().on_open_url(move |event| {
            for url in event.urls() {
                links::show(&window, Wish::Link(url.into()));
            }
        });
    }
}

/// What a person would only wait for before the board is there. Asked for again it does nothing.
pub(crate) fn once_the_page_stands(handle: &AppHandle) {
    static STANDS: Once = Once::new();
    STANDS.call_once(|| {
        tray::open(handle, board_id());
        links::register(handle);
    });
}

/// A second start shows the first one's window.
pub(crate) fn raise(handle: &AppHandle) {
    if let Some(window) = handle.get_webview_window("main") {
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
}

/// Lets go of the engine; the agents go on.
fn stop(handle: &AppHandle) {
    let Some(app) = handle.try_state::<App>() else { return };
    let door = handle.try_state::<Mutex<Option<Door>>>().and_then(|door| door.lock().ok()?.take());
    tauri::async_runtime::block_on(async {
        if let Some(mut door) = door {
            door.close().await;
        }
        app.engine().shutdown().await;
    });
}
