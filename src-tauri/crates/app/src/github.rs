//! GitHub's side of issues: read them, change one. What follows from them for the board is `ops::issues`'s;
//! here are the network, the key, and GitHub's refusals as sentences with a next step.

use std::{
    ffi::{OsStr, OsString},
    process::Command,
    sync::Arc,
    time::Duration,
};

use domain::{issues::IssueState, text::elide};
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::{Agent, http::Response};

use crate::wire::{GithubAccess, GithubKey, Issue, IssueEdit, Problem, ProblemCode};

/// Where the API is, unless `GITHUB_API_URL` says otherwise (as in GitHub's own workflows, and for
/// GitHub Enterprise).
const API: &str = "https://api.github.com";
/// The version of the API whose answers are read here.
const API_VERSION: &str = "2022-11-28";
/// Issues on a page: the most that GitHub gives.
pub(crate) const PAGE: usize = 100;
const PATIENCE: Duration = Duration::from_secs(30);
/// Pages of one repository: a server whose pages never end is given up.
const PAGES: usize = 1_000;
/// Characters of what GitHub says about a refusal.
const SAID: usize = 200;
const LOG_IN: &str = "log in with `gh auth login`, or start Flightboard with a token in GITHUB_TOKEN";

/// An issue as GitHub tells it; of a pull request there is a field more.
#[derive(Deserialize)]
struct Told {
    number: i64,
    title: String,
    body: Option<String>,
    labels: Vec<Label>,
    state: String,
    state_reason: Option<String>,
    pull_request: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Full { name: String },
    Name(String),
}

impl From<Told> for Issue {
    fn from(told: Told) -> Issue {
        Issue {
            number: told.number,
            title: told.title,
            body: told.body.unwrap_or_default(),
            labels: told
                .labels
                .into_iter()
                .map(|label| match label {
                    Label::Full { name } | Label::Name(name) => name,
                })
                .collect(),
            state: match (told.state.as_str(), told.state_reason.as_deref()) {
                ("open", _) => IssueState::Open,
                (_, Some("not_planned" | "duplicate")) => IssueState::NotPlanned,
                _ => IssueState::Completed,
            },
        }
    }
}

/// With whom to talk, and as whom.
#[derive(Clone)]
pub(crate) struct Access {
    api: String,
    key: Option<String>,
    pub source: GithubKey,
}

impl Access {
    /// What the caller says; a key of ours never goes to an address of theirs.
    pub fn given(access: GithubAccess) -> Access {
        let source = if access.key.is_some() { GithubKey::Environment } else { GithubKey::None };
        Access { api: access.api.unwrap_or_else(|| API.into()), key: access.key, source }
    }

    /// From that environment, else from GitHub's own command line where somebody is logged in there.
    pub async fn found(env: Vec<(OsString, OsString)>) -> Access {
        let api = variable(&env, "GITHUB_API_URL");
        let key = variable(&env, "GITHUB_TOKEN").or_else(|| variable(&env, "GH_TOKEN"));
        let source = if key.is_some() { GithubKey::Environment } else { GithubKey::None };
        // The command line's key is for github.com.
        if key.is_some() || api.is_some() {
            return Access { api: api.unwrap_or_else(|| API.into()), key, source };
        }
        let asked = tokio::task::spawn_blocking(move || ask_gh(&env)).await;
        match asked.ok().flatten() {
            Some(key) => Access { api: API.into(), key: Some(key), source: GithubKey::Gh },
            None => Access { api: API.into(), key: None, source: GithubKey::None },
        }
    }

    /// The address of a repository's page for people.
    pub fn page(&self, repository: &str) -> String {
        let api = self.api.trim_end_matches('/');
        let site = if api == API { "https://github.com" } else { api.trim_end_matches("/api/v3") };
        format!("{site}/{repository}")
    }
}

fn variable(env: &[(OsString, OsString)], wanted: &str) -> Option<String> {
    let (_, value) = env.iter().find(|(name, _)| name == wanted)?;
    value.to_str().filter(|value| !value.is_empty()).map(str::to_owned)
}

fn ask_gh(env: &[(OsString, OsString)]) -> Option<String> {
    let path = env.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
    let program = std::env::split_paths(path.unwrap_or(OsStr::new("")))
        .map(|folder| folder.join(if cfg!(windows) { "gh.exe" } else { "gh" }))
        .find(|program| program.is_file())?;
    let mut command = Command::new(program);
    command.args(["auth", "token"]).env_clear().envs(env.iter().map(|(name, value)| (name, value)));
    let output = command.stdin(std::process::Stdio::null()).output().ok()?;
    let key = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !key.is_empty()).then_some(key)
}

/// A repository at GitHub.
#[derive(Clone)]
pub(crate) struct Github(Arc<Inner>);

struct Inner {
    agent: Agent,
    repository: String,
    api: String,
    base: String,
    key: Option<String>,
}

impl Github {
    /// `repository`: a checked `owner/name`.
    pub fn new(repository: &str, access: Access) -> Github {
        let config = Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        Github(Arc::new(Inner {
            agent: config.build().into(),
            repository: repository.into(),
            base: format!("{}/repos/{repository}/issues", access.api.trim_end_matches('/')),
            api: access.api,
            key: access.key,
        }))
    }

    /// All of them, open and closed.
    pub async fn issues(&self) -> Result<Vec<Issue>, Problem> {
        self.in_background(Inner::issues).await
    }

    /// Returns the issue as it is now.
    pub async fn edit(&self, edit: IssueEdit) -> Result<Issue, Problem> {
        self.in_background(move |github| github.edit(&edit)).await
    }

    async fn in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let inner = self.0.clone();
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|error| Err(problem(format!("GitHub was not asked: {error}"), None)))
    }
}

impl Inner {
    fn issues(&self) -> Result<Vec<Issue>, Problem> {
        let mut issues = Vec::new();
        let mut next = Some(format!("{}?state=all&sort=created&direction=asc&per_page={PAGE}", self.base));
        let mut pages = 0;
        while let Some(url) = next.take() {
            // The key goes with the request.
            if !is_of(&url, &self.api) {
                return Err(problem(
                    format!("GitHub says that the next page is at {}", elide(&url, SAID)),
                    None,
                ));
            }
            pages += 1;
            if pages > PAGES {
                return Err(problem(
                    format!(
                        "the repository has more than {PAGES} pages of issues, which is more than a board holds"
                    ),
                    None,
                ));
            }
            let mut request = self.agent.get(&url);
            for (name, value) in self.headers() {
                request = request.header(name, value);
            }
            let mut answer = request.call().map_err(unreachable)?;
            self.refused(&mut answer)?;
            next = following(&answer);
            let page: Vec<Told> = answer.body_mut().read_json().map_err(unreachable)?;
            issues.extend(page.into_iter().filter(|told| told.pull_request.is_none()).map(Issue::from));
        }
        Ok(issues)
    }

    fn edit(&self, edit: &IssueEdit) -> Result<Issue, Problem> {
        let mut body = json!({});
        if let Some(title) = &edit.title {
            body["title"] = json!(title);
        }
        if let Some(labels) = &edit.labels {
            body["labels"] = json!(labels);
        }
        if let Some(state) = edit.state {
            (body["state"], body["state_reason"]) = match state {
                IssueState::Open => ("open".into(), "reopened".into()),
                IssueState::Completed => ("closed".into(), "completed".into()),
                IssueState::NotPlanned => ("closed".into(), "not_planned".into()),
            };
        }
        let mut request = self.agent.patch(format!("{}/{}", self.base, edit.number));
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        let mut answer = request.send_json(&body).map_err(unreachable)?;
        self.refused(&mut answer)?;
        let told: Told = answer.body_mut().read_json().map_err(unreachable)?;
        Ok(told.into())
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("accept", "application/vnd.github+json".to_owned()),
            ("x-github-api-version", API_VERSION.to_owned()),
            ("user-agent", concat!("flightboard/", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        headers.extend(self.key.as_ref().map(|key| ("authorization", format!("Bearer {key}"))));
        headers
    }

    fn refused(&self, answer: &mut Response<ureq::Body>) -> Result<(), Problem> {
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let used_up = answer.headers().get("x-ratelimit-remaining").is_some_and(|left| left == "0");
        let said: Value = answer.body_mut().read_json().unwrap_or_default();
        let said: String =
            said["message"].as_str().unwrap_or("nothing more").chars().filter(|c| !c.is_control()).collect();
        let told = format!("GitHub answered {}: {}", status.as_u16(), elide(&said, SAID));
        let (message, next) = match (status.as_u16(), &self.key) {
            (429, _) | (403, _) if used_up || status.as_u16() == 429 => (
                format!("GitHub takes no more requests for now. {told}"),
                match self.key {
                    Some(_) => "wait for an hour at most, then sync again".to_owned(),
                    None => format!("{LOG_IN}: that raises the limit; or wait for an hour at most"),
                },
            ),
            (401, Some(_)) => {
                (told, "the token has ended or is wrong; get a new one with `gh auth login`".into())
            }
            (401 | 403, None) => (told, LOG_IN.into()),
            (403, Some(_)) => (
                told,
                format!("the token may not do this; give it access to the issues of {}", self.repository),
            ),
            (404, Some(_)) => (
                format!("{} is not at GitHub, or the token may not see it. {told}", self.repository),
                "check the spelling, and that the token may read this repository".into(),
            ),
            (404, None) => (
                format!("{} is not at GitHub, or not for everybody to see. {told}", self.repository),
                format!("check the spelling; for a private repository {LOG_IN}"),
            ),
            (410, _) => (
                format!("{} has its issues switched off. {told}", self.repository),
                "switch them on in the repository's settings at GitHub".into(),
            ),
            _ => (told, "try again in a while".into()),
        };
        Err(problem(message, Some(next)))
    }
}

/// The next page, which the `link` header names (RFC 8288).
fn following<T>(answer: &Response<T>) -> Option<String> {
    let links = answer.headers().get("link")?.to_str().ok()?;
    links.split(',').find_map(|link| {
        let (address, about) = link.split_once(';')?;
        about
            .contains("rel=\"next\"")
            .then(|| address.trim().trim_start_matches('<').trim_end_matches('>').to_owned())
    })
}

/// Whether an address is of that server and not of one whose name only begins alike.
fn is_of(url: &str, api: &str) -> bool {
    url.strip_prefix(api.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

fn unreachable(error: ureq::Error) -> Problem {
    problem(format!("GitHub cannot be reached: {error}"), Some("check the network, then sync again".into()))
}

fn problem(message: String, next: Option<String>) -> Problem {
    Problem { code: ProblemCode::Unavailable, message, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[tokio::test]
    async fn a_key_goes_only_where_it_belongs() {
        let own = Access::found(env(&[("GITHUB_TOKEN", "t")])).await;
        assert_eq!(
            (own.key.as_deref(), own.source, own.api.as_str()),
            (Some("t"), GithubKey::Environment, API)
        );
        let elsewhere = GithubAccess { api: Some("https://else.example".into()), key: None };
        assert_eq!(Access::given(elsewhere).key, None);
        let none = Access::found(env(&[("PATH", "/nowhere"), ("GH_TOKEN", "")])).await;
        assert_eq!((none.key, none.source), (None, GithubKey::None));
    }

    #[test]
    fn the_next_page_is_of_the_same_server() {
        for api in [API, "https://api.github.com/"] {
            assert!(is_of("https://api.github.com/repositories/1/issues?page=2", api));
            for other in [
                "https://api.github.com.else.example/2",
                "https://api.github.com@else.example/2",
                "http://api.github.com/2",
            ] {
                assert!(!is_of(other, api), "{other}");
            }
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn gh_is_asked_where_no_variable_says() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let gh = folder.path().join("gh");
        std::fs::write(&gh, "#!/bin/sh\n[ \"$*\" = 'auth token' ] && echo from-gh\n").unwrap();
        std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = folder.path().to_str().unwrap();
        let found = Access::found(env(&[("PATH", path)])).await;
        assert_eq!((found.key.as_deref(), found.source), (Some("from-gh"), GithubKey::Gh));
        let enterprise = env(&[("PATH", path), ("GITHUB_API_URL", "https://git.example/api/v3")]);
        let found = Access::found(enterprise).await;
        assert_eq!((found.key.as_deref(), found.source), (None, GithubKey::None));
        assert_eq!(found.page("kim/harbor"), "https://git.example/kim/harbor");
    }
}
