//! New versions of this program. Nobody is asked unless a person wants it, and nothing is taken that is not signed, for
//! the version that was announced, with the key this build knows. Where to ask is settled by whoever builds.

use std::time::Duration;

use app::wire::{Problem, ProblemCode};
use serde::Serialize;
use specta::Type;
use tauri::{AppHandle, Url, ipc::Channel};
use tauri_plugin_updater::{Error, Update, UpdaterExt};

/// Longest wait for an answer, and between two pieces of a download.
const PATIENCE: Duration = Duration::from_secs(20);

/// A release that is newer than this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type)]
pub struct NewVersion {
    pub version: String,
    /// What is new, as Markdown; empty where nobody wrote anything.
    pub notes: String,
}

/// How much of a release has come, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
pub struct Fetched {
    #[specta(type = u32)]
    pub bytes: u64,
    /// None where the server does not say.
    #[specta(type = Option<u32>)]
    pub of: Option<u64>,
}

/// Where releases are announced, and the key that signs them.
struct Source {
    url: Url,
    key: String,
}

impl Source {
    /// Given when the program was built; one that was built without asks its environment.
    fn known() -> Option<Source> {
        let given = |built: Option<&str>, name: &str| {
            let text = built.map(str::to_owned).or_else(|| std::env::var(name).ok())?;
            Some(text).filter(|text| !text.is_empty())
        };
        let url = given(option_env!("FLIGHTBOARD_UPDATE_URL"), "FLIGHTBOARD_UPDATE_URL")?;
        let key = given(option_env!("FLIGHTBOARD_UPDATE_KEY"), "FLIGHTBOARD_UPDATE_KEY")?;
        match Url::parse(&url) {
            Ok(url) => Some(Source { url, key }),
            Err(error) => {
                tracing::warn!(%error, url, "FLIGHTBOARD_UPDATE_URL is no address; no new versions are looked for");
                None
            }
        }
    }
}

/// The host that is asked for new versions; none where this build knows of no such place.
pub fn source() -> Option<String> {
    Source::known()?.url.host_str().map(str::to_owned)
}

/// Asks whether there is a newer version.
pub async fn look(handle: &AppHandle) -> Result<Option<NewVersion>, Problem> {
    let found = newest(handle).await?;
    Ok(found.map(|update| NewVersion { version: update.version, notes: update.body.unwrap_or_default() }))
}

/// Puts that version in this program's place and starts it. Agents go on meanwhile.
///
/// # Errors
/// [`ProblemCode::Conflict`] if another version is announced by now, [`ProblemCode::Unavailable`] if it cannot be
/// fetched, is not signed as it must be, or cannot be put in place; the program is then as it was.
pub async fn install(handle: &AppHandle, version: &str, told: Channel<Fetched>) -> Result<(), Problem> {
    let update = newest(handle).await?.filter(|update| update.version == version).ok_or(Problem {
        code: ProblemCode::Conflict,
        message: format!("{version} is not what is offered any more"),
        next: Some("look again".into()),
    })?;
    let mut bytes = 0;
    let count = |piece: usize, of: Option<u64>| {
        bytes += piece as u64;
        let _ = told.send(Fetched { bytes, of });
    };
    update.download_and_install(count, || {}).await.map_err(problem)?;
    tracing::info!(version, "a new version is in place; starting it");
    handle.request_restart();
    Ok(())
}

async fn newest(handle: &AppHandle) -> Result<Option<Update>, Problem> {
    let source = Source::known().ok_or(Problem {
        code: ProblemCode::Unavailable,
        message: "this build knows no place that announces new versions".into(),
        next: Some("get the next one from where you got this one".into()),
    })?;
    let updater = handle
        .updater_builder()
        .pubkey(source.key)
        .endpoints(vec![source.url])
        .and_then(|builder| {
            builder.configure_client(|client| client.connect_timeout(PATIENCE).read_timeout(PATIENCE)).build()
        })
        .map_err(problem)?;
    updater.check().await.map_err(problem)
}

fn problem(error: Error) -> Problem {
    let (message, next) = match &error {
        Error::Minisign(_)
        | Error::Base64(_)
        | Error::SignatureUtf8(_)
        | Error::SignedVersionMismatch { .. }
        | Error::MissingSignedVersion => (
            format!("the new version was not installed, its signature is wrong: {error}"),
            "do not install it by hand; tell those who publish it",
        ),
        Error::ReleaseNotFound | Error::Reqwest(_) | Error::Network(_) => {
            (format!("new versions could not be asked for: {error}"), "try again later")
        }
        _ => (format!("the new version was not installed: {error}"), "install it as you installed this one"),
    };
    Problem { code: ProblemCode::Unavailable, message, next: Some(next.into()) }
}
