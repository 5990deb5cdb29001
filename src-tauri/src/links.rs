//! Links to cards: `flightboard://task/T-12`, from a browser, a mail or a script. The system starts this program with
//! the link as its argument, or hands it to the one that runs; the page then shows the card. A link only ever shows:
//! anybody may have written it, so it changes nothing and what is wrong with it is said.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use app::{
    App, ops,
    wire::{FindTask, Problem, ProblemCode},
};
use domain::{TaskId, text::elide};
use serde::Serialize;
use specta::Type;
use tauri::{AppHandle, Manager, ipc::Channel};
use tauri_plugin_deep_link::DeepLinkExt;

use crate::startup::raise;

pub const SCHEME: &str = "flightboard";
/// Longest link that is looked at, in bytes.
const LONGEST: usize = 200;

/// What the page is asked to do.
#[derive(Clone, Debug, Serialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Shown {
    /// Show this card.
    Task { id: TaskId },
    /// Say why a link was not followed.
    Refused { problem: Problem },
}

/// A wish to show something, before it was looked at.
#[derive(Clone, Debug)]
pub enum Wish {
    Link(String),
    Task(TaskId),
}

/// Between those who wish and the page.
#[derive(Default)]
pub struct Links(Mutex<Page>);

#[derive(Default)]
struct Page {
    channel: Option<Channel<Shown>>,
    /// Came while there was no page; the newest wins.
    waiting: Option<Wish>,
}

impl Links {
    fn lock(&self) -> MutexGuard<'_, Page> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page is loaded anew: what comes now waits for it.
    pub fn page_left(&self) {
        self.lock().channel = None;
    }

    /// The page listens from now on. Returns what waited for it.
    fn page_came(&self, channel: Channel<Shown>) -> Option<Wish> {
        let mut page = self.lock();
        page.channel = Some(channel);
        page.waiting.take()
    }

    fn page_or_wait(&self, wish: Wish) -> Option<(Channel<Shown>, Wish)> {
        let mut page = self.lock();
        match page.channel.clone() {
            Some(channel) => Some((channel, wish)),
            None => {
                page.waiting = Some(wish);
                None
            }
        }
    }
}

/// Listens for the page, which has said where to.
pub async fn follow(app: &App, links: &Links, channel: Channel<Shown>) {
    if let Some(wish) = links.page_came(channel.clone()) {
        // A page that has gone meanwhile asks again.
        let _ = channel.send(looked_up(app, wish).await);
    }
}

/// Brings the window to the front and shows what was wished for.
pub fn show(handle: &AppHandle, wish: Wish) {
    raise(handle);
    let Some(links) = handle.try_state::<Links>() else { return };
    let Some((channel, wish)) = links.page_or_wait(wish) else { return };
    // A page that listens was opened after the engine.
    let Some(app) = handle.try_state::<App>().map(|app| app.inner().clone()) else { return };
    tauri::async_runtime::spawn(async move {
        let _ = channel.send(looked_up(&app, wish).await);
    });
}

async fn looked_up(app: &App, wish: Wish) -> Shown {
    let found = match wish {
        Wish::Task(id) => Ok(id),
        Wish::Link(link) => match key_in(&link) {
            Ok(key) => ops::find_task(app, FindTask { key: key.into() }).await.map(|task| task.card.id),
            Err(problem) => Err(problem),
        },
    };
    match found {
        Ok(id) => Shown::Task { id },
        Err(problem) => Shown::Refused { problem },
    }
}

/// The first link among a program's arguments. The program's own name comes first.
pub fn among(arguments: &[String]) -> Option<Wish> {
    let link = arguments.iter().skip(1).find(|argument| after_scheme(argument).is_some())?;
    Some(Wish::Link(link.clone()))
}

/// What stands behind `flightboard:`, however it is written.
fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

/// The card's key in a link; or why it is none.
fn key_in(link: &str) -> Result<&str, Problem> {
    let short = link.len() <= LONGEST && !link.chars().any(char::is_control);
    let path = after_scheme(link).and_then(|rest| rest.strip_prefix("//"));
    let key = path.and_then(|path| path.strip_prefix("task/")).map(|key| key.trim_end_matches('/'));
    key.filter(|key| short && !key.is_empty()).ok_or_else(|| {
        let shown: String = link.chars().filter(|letter| !letter.is_control()).collect();
        Problem {
            code: ProblemCode::Invalid,
            message: format!("“{}” is not a link to a card.", elide(&shown, 80)),
            next: Some(format!("A link to a card looks like {SCHEME}://task/T-12.")),
        }
    })
}

/// Makes this program the one that opens such links, where nobody has installed it: a package brings a desktop file
/// of its own, and on macOS and Windows the installer says so.
pub fn register(handle: &AppHandle) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let handle = handle.clone();
    // It asks two programs of the desktop, which take their time.
    let _ = std::thread::Builder::new().name("links".into()).spawn(move || {
        if let Err(error) = register_this_one(&handle) {
            tracing::info!(%error, "links to cards open nothing here");
        }
    });
}

fn register_this_one(handle: &AppHandle) -> Result<(), Box<dyn std::error::Error>> {
    let program = std::env::current_exe()?;
    let started_as = handle.env().appimage.map_or_else(|| program.clone(), PathBuf::from);
    if started_as.starts_with("/usr") {
        return Ok(());
    }
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = handle.path().data_dir()?.join("applications").join(format!("{name}-handler.desktop"));
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    if known.contains(&*started_as.to_string_lossy()) {
        return Ok(());
    }
    if !known.is_empty() {
        // Of a program that was elsewhere; the plugin would leave its path.
        std::fs::remove_file(&file)?;
    }
    Ok(handle.deep_link().register(SCHEME)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_a_link_to_one_card_or_refused_in_a_short_sentence(
            text in prop_oneof![any::<String>(), "(?i:flightboard):(//)?(task/)?.{0,300}", "[^ ]{0,9}:.{0,400}"]
        ) {
            match key_in(&text) {
                Ok(key) => prop_assert!(text.contains(key) && key.len() <= LONGEST && !key.is_empty()),
                Err(problem) => prop_assert!(problem.message.chars().count() < 120 && problem.next.is_some()),
            }
            let arguments = ["program".to_owned(), text.clone()];
            prop_assert_eq!(among(&arguments).is_some(), after_scheme(&text).is_some());
        }
    }

    #[test]
    fn a_link_names_one_card_by_number_or_uid() {
        for (link, key) in [
            ("flightboard://task/T-12", "T-12"),
            ("FlightBoard://task/t-12/", "t-12"),
            ("flightboard://task/12", "12"),
        ] {
            assert_eq!(key_in(link).unwrap(), key);
        }
    }

    #[test]
    fn another_text_is_refused_with_the_form_of_a_link() {
        let long = format!("flightboard://task/{}", "9".repeat(LONGEST));
        for link in [
            "flightboard:",
            "flightboard://",
            "flightboard:task/1",
            "flightboard://task/",
            "flightboard://run/T-1",
            "https://task/1",
            "flightboard://task/1\n",
            &long,
        ] {
            let problem = key_in(link).unwrap_err();
            assert!(problem.message.chars().count() < 120, "{}", problem.message);
            assert_eq!(problem.next.unwrap(), "A link to a card looks like flightboard://task/T-12.");
        }
    }

    #[test]
    fn only_links_among_the_arguments_are_wishes() {
        let given = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).into()).collect();
            match among(&arguments) {
                Some(Wish::Link(link)) => Some(link),
                _ => None,
            }
        };
        assert_eq!(given(&["flightboard://task/1"]), None, "the program's own name is none");
        assert_eq!(given(&["program", "--automation"]), None);
        assert_eq!(given(&["program", "-x", "FLIGHTBOARD:bad"]).as_deref(), Some("FLIGHTBOARD:bad"));
    }
}
