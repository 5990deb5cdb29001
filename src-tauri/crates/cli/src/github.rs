//! `github sync`: the issues of a repository and their cards. The network is here, what follows from it is
//! an operation: issues go in as they are, edits come out.

use std::{process::Command, time::Duration};

use app::wire::{Issue, IssueEdit, SyncIssues, SyncedIssues};
use domain::issues::IssueState;
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::{Agent, http::Response};

use crate::{args::GithubCommand, commands::find_project, failure::Failure, link::Link, print, progress};

/// Where the API is, unless `GITHUB_API_URL` says otherwise (as in GitHub's own workflows, and for
/// GitHub Enterprise).
const API: &str = "https://api.github.com";
/// The version of the API whose answers are read here.
const API_VERSION: &str = "2022-11-28";
/// Issues on a page: the most that GitHub gives.
const PAGE: u32 = 100;
const PATIENCE: Duration = Duration::from_secs(30);
/// Issues of one repository: a server whose pages never end is given up.
const MOST: usize = 100_000;

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

pub async fn run(link: &Link, command: &GithubCommand, json: bool) -> Result<(), Failure> {
    let GithubCommand::Sync { repository, project, dry_run } = command;
    let project = find_project(link, project.as_deref()).await?;
    let github = Github::new(repository)?;
    let (issues, github) = github.in_background(Github::issues).await?;
    let mut whole = SyncedIssues::default();
    let bar = progress::bar(issues.len() as u64, "issues");
    for issues in issues.chunks(PAGE as usize) {
        let request = SyncIssues { repository: repository.clone(), project, issues: issues.to_vec() };
        let synced: SyncedIssues = link.call("sync_issues", &request).await?;
        whole.added.extend(synced.added);
        whole.changed.extend(synced.changed);
        whole.edits.extend(synced.edits);
        whole.refused.extend(synced.refused);
        bar.inc(issues.len() as u64);
    }
    bar.finish_and_clear();
    if !dry_run && !whole.edits.is_empty() {
        tell(link, github, &whole.edits, repository).await?;
    }
    report(&whole, *dry_run, json)
}

/// Tells GitHub, and then the board that GitHub was told: the answers are the issues as they are now.
async fn tell(link: &Link, mut github: Github, edits: &[IssueEdit], repository: &str) -> Result<(), Failure> {
    let bar = progress::bar(edits.len() as u64, "edits");
    for edit in edits {
        let edit = edit.clone();
        let issue;
        (issue, github) = github.in_background(move |github| github.edit(&edit)).await?;
        let request = SyncIssues { repository: repository.to_owned(), project: None, issues: vec![issue] };
        let _: SyncedIssues = link.call("sync_issues", &request).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

fn report(synced: &SyncedIssues, dry_run: bool, json: bool) -> Result<(), Failure> {
    if json {
        return print::out_json(&json!(synced));
    }
    for refused in &synced.refused {
        print::note(&format!("issue #{}: {}", refused.number, refused.why));
    }
    let told = if dry_run { "issues would change" } else { "issues changed" };
    print::done(&format!(
        "{} cards added, {} changed, {} {told}, {} refused",
        synced.added.len(),
        synced.changed.len(),
        synced.edits.len(),
        synced.refused.len()
    ))
}

/// A repository at GitHub. Calls block.
struct Github {
    agent: Agent,
    base: String,
    key: Option<String>,
}

impl Github {
    fn new(repository: &str) -> Result<Github, Failure> {
        let api = variable("GITHUB_API_URL").unwrap_or_else(|| API.into());
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if !repository.chars().all(plain) || repository.split('/').count() != 2 || repository.contains("..") {
            return Err(Failure::invalid(format!("“{repository}” is no repository; write owner/name")));
        }
        let config = Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        Ok(Github {
            agent: config.build().into(),
            base: format!("{}/repos/{repository}/issues", api.trim_end_matches('/')),
            key: key(),
        })
    }

    async fn in_background<T: Send + 'static>(
        self,
        work: impl FnOnce(&Github) -> Result<T, Failure> + Send + 'static,
    ) -> Result<(T, Github), Failure> {
        let done = tokio::task::spawn_blocking(move || work(&self).map(|found| (found, self)));
        done.await.map_err(|error| Failure::Link(error.to_string()))?
    }

    /// All of them, open and closed.
    fn issues(&self) -> Result<Vec<Issue>, Failure> {
        let mut issues = Vec::new();
        let mut next = Some(format!("{}?state=all&sort=created&direction=asc&per_page={PAGE}", self.base));
        while let Some(url) = next.take() {
            let mut request = self.agent.get(&url);
            for (name, value) in self.headers() {
                request = request.header(name, value);
            }
            let mut answer = request.call().map_err(unreachable)?;
            refused(&mut answer)?;
            next = following(&answer);
            if issues.len() > MOST {
                return Err(Failure::Link(format!(
                    "the repository has more than {MOST} issues, which is more than a board holds"
                )));
            }
            let page: Vec<Told> = answer.body_mut().read_json().map_err(unreachable)?;
            issues.extend(page.into_iter().filter(|told| told.pull_request.is_none()).map(Issue::from));
        }
        Ok(issues)
    }

    fn edit(&self, edit: &IssueEdit) -> Result<Issue, Failure> {
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
        refused(&mut answer)?;
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
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// From the environment, else from GitHub's own command line where somebody is logged in there.
fn key() -> Option<String> {
    variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN")).or_else(|| {
        let output = Command::new("gh").args(["auth", "token"]).output().ok()?;
        let key = String::from_utf8(output.stdout).ok()?.trim().to_owned();
        (output.status.success() && !key.is_empty()).then_some(key)
    })
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

fn unreachable(error: ureq::Error) -> Failure {
    Failure::Link(format!("GitHub cannot be reached: {error}"))
}

fn refused(answer: &mut Response<ureq::Body>) -> Result<(), Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let said: Value = answer.body_mut().read_json().unwrap_or_default();
    let said = print::tame(said["message"].as_str().unwrap_or_default());
    let hint = match status.as_u16() {
        401 | 403 | 404 | 429 => {
            "; is the name right, and may the key in GITHUB_TOKEN (or `gh auth login`) do this?"
        }
        _ => "",
    };
    Err(Failure::Link(format!("GitHub answered {}: {said}{hint}", status.as_u16())))
}
