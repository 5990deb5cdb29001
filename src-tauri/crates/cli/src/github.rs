//! `github sync`: the issues of a repository and their cards. The engine talks to GitHub; what this environment says
//! of the address and the key goes along, for the engine may run in another.

use app::wire::{GithubAccess, SyncGithub, SyncedIssues};
use serde_json::json;

use crate::{args::GithubCommand, commands::find_project, failure::Failure, link::Link, print, progress};

pub async fn run(link: &Link, command: &GithubCommand, json: bool) -> Result<(), Failure> {
    let GithubCommand::Sync { repository, project, dry_run } = command;
    let project = find_project(link, project.as_deref()).await?;
    let request = SyncGithub { repository: repository.clone(), project, preview: *dry_run, access: access() };
    let bar = progress::bar(0, "talking to GitHub");
    let synced: SyncedIssues = link.call_host("sync_github", &request).await?;
    bar.finish_and_clear();
    if json {
        return print::out_json(&json!(synced));
    }
    for refused in &synced.refused {
        print::note(&format!("issue #{}: {}", refused.number, refused.why));
    }
    let would = if *dry_run { "would be " } else { "" };
    let added = synced.cards.len() - synced.changed.len();
    print::done(&format!(
        "{added} cards {would}added, {} {would}changed, {} issues {would}changed, {} refused",
        synced.changed.len(),
        synced.edits.len(),
        synced.refused.len()
    ))
}

fn access() -> Option<GithubAccess> {
    let api = variable("GITHUB_API_URL");
    let key = variable("GITHUB_TOKEN").or_else(|| variable("GH_TOKEN"));
    (api.is_some() || key.is_some()).then_some(GithubAccess { api, key })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
