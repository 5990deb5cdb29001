//! The commands about agents. What is said is laid over what a file says; the engine lays both over what
//! is registered.

use std::path::Path;

use app::wire::*;
use domain::{RetryPolicy, breaker::BreakerRule};
use serde_json::{Value, json};

use crate::{
    args::{AgentsCommand, Registration},
    commands::{text_of_file, text_or_file},
    failure::Failure,
    link::Link,
    print,
    queue::backoff,
};

pub async fn run(link: &Link, command: &AgentsCommand, json: bool) -> Result<(), Failure> {
    match command {
        // The doctor looks at the machine first, so that an engine which has just started knows every version.
        AgentsCommand::List => {
            let mut doctor: Value = link.call("doctor", &Nothing {}).await?;
            print::agents(doctor["agents"].take(), json)
        }
        AgentsCommand::Roles => print::roles(link.call("list_roles", &Nothing {}).await?, json),
        AgentsCommand::Register(said) => register(link, said, json).await,
        AgentsCommand::Heartbeat { name } => {
            let request = AgentRef { name: name.clone() };
            print::agent(&link.call("heartbeat_agent", &request).await?, "is online", json)
        }
        AgentsCommand::Soul { name, set: None } => print::soul(find(link, name).await?, json),
        AgentsCommand::Soul { name, set: Some(text) } => {
            let instructions = Some(text_or_file(text)?);
            let request = RegisterAgent { name: name.clone(), instructions, ..Default::default() };
            // A slip in the name must not make a new agent.
            find(link, name).await?;
            print::agent(&link.call("register_agent", &request).await?, "registered", json)
        }
        AgentsCommand::Try { name } => {
            let agent = find(link, name).await?;
            let request = json!({ "kind": agent["kind"], "profile": agent["profile"] });
            print::trial(link.call("try_agent", &request).await?, json)
        }
        AgentsCommand::Remove { name } => {
            let _: Nothing = link.call("remove_agent", &AgentRef { name: name.clone() }).await?;
            print::removed(name, json)
        }
    }
}

async fn find(link: &Link, name: &str) -> Result<Value, Failure> {
    let agents: Vec<Value> = link.call("list_agents", &Nothing {}).await?;
    agents.into_iter().find(|agent| agent["name"] == name).ok_or_else(|| {
        Failure::Problem(Problem {
            code: ProblemCode::NotFound,
            message: format!("there is no agent “{name}”"),
            next: Some("`flightboard agents list` shows them".into()),
        })
    })
}

async fn register(link: &Link, said: &Registration, json: bool) -> Result<(), Failure> {
    let mut request = match &said.file {
        Some(file) => from_file(file, said.name())?,
        None => RegisterAgent::default(),
    };
    if let Some(name) = said.name() {
        request.name = name.to_owned();
    }
    let set = |wanted: &Option<String>, field: &mut Option<String>| {
        if wanted.is_some() {
            field.clone_from(wanted);
        }
    };
    set(&said.kind, &mut request.kind);
    set(&said.title, &mut request.title);
    set(&said.role, &mut request.role);
    set(&said.model, &mut request.model);
    if let Some(text) = &said.instructions {
        request.instructions = Some(text_or_file(text)?);
    }
    request.skills = said.skills.as_deref().map(listed).or(request.skills);
    request.max_capacity = said.capacity.or(request.max_capacity);
    request.retry = retry(said)?.or(request.retry);
    request.breaker = said.breaker.as_deref().map(breaker).transpose()?.or(request.breaker);
    request.enabled = (said.enable || said.disable).then_some(said.enable).or(request.enabled);
    if changes_profile(said) {
        let mut profile = match request.profile.take() {
            Some(profile) => profile,
            None => profile_so_far(link, &request.name).await?,
        };
        set(&said.program, &mut profile.program);
        profile.args = said.args.as_deref().map(listed).or(profile.args);
        profile.version_args = said.version_args.as_deref().map(listed).or(profile.version_args);
        if let Some(env) = &said.env {
            let (own, passed): (Vec<_>, Vec<_>) =
                listed(env).into_iter().partition(|entry| entry.contains('='));
            let pair = |entry: String| entry.split_once('=').map(|(name, value)| (name.into(), value.into()));
            profile.env = Some(own.into_iter().filter_map(pair).collect());
            profile.pass_env = Some(passed);
        }
        request.profile = Some(profile);
    }
    print::agent(&link.call("register_agent", &request).await?, "registered", json)
}

fn retry(said: &Registration) -> Result<Option<RetryPolicy>, Failure> {
    let wait = said.retry_wait.as_deref().map(backoff).transpose()?;
    let max = match said.retry.as_deref() {
        None => None,
        Some("default") if wait.is_none() => return Ok(Some(RetryPolicy::default())),
        Some(text) => Some(text.parse().map_err(|_| {
            Failure::invalid(format!("“{text}” is not a number of attempts; use 0 to 100, or default"))
        })?),
    };
    Ok((max.is_some() || wait.is_some()).then(|| RetryPolicy::of(max, wait)))
}

/// `3`, `3/60`, `default`
pub fn breaker(text: &str) -> Result<SetBreaker, Failure> {
    let bad = |_| Failure::invalid(format!("“{text}” is not N/SECONDS such as 3/60, nor default"));
    let (threshold, cool_down) = match text.split_once('/') {
        None if text == "default" => return Ok(SetBreaker { rule: None }),
        None => (text, None),
        Some((threshold, seconds)) => (threshold, Some(seconds.parse::<u32>().map_err(bad)?)),
    };
    let usual = BreakerRule::default();
    let cool_down = cool_down.map_or(usual.cool_down, |seconds| i64::from(seconds) * 1_000);
    let longest = usual.longest.max(cool_down);
    Ok(SetBreaker {
        rule: Some(BreakerRule { threshold: threshold.parse().map_err(bad)?, cool_down, longest }),
    })
}

/// `''` alone empties a list.
fn listed(words: &[String]) -> Vec<String> {
    if words.len() == 1 && words[0].is_empty() { Vec::new() } else { words.to_vec() }
}

fn changes_profile(said: &Registration) -> bool {
    said.program.is_some() || said.args.is_some() || said.version_args.is_some() || said.env.is_some()
}

async fn profile_so_far(link: &Link, name: &str) -> Result<AgentProfile, Failure> {
    let agents: Vec<Value> = link.call("list_agents", &Nothing {}).await?;
    let known = agents.into_iter().find(|agent| agent["name"] == name);
    known.map_or(Ok(AgentProfile::default()), |mut agent| {
        serde_json::from_value(agent["profile"].take())
            .map_err(|error| Failure::Link(format!("the answer cannot be read: {error}")))
    })
}

/// JSON if the file is called so, else TOML.
fn from_file(file: &Path, name: Option<&str>) -> Result<RegisterAgent, Failure> {
    let shown = file.display();
    let text = text_of_file(file)?;
    let unreadable =
        |error: &dyn std::fmt::Display| Failure::invalid(format!("{shown} cannot be read: {error}"));
    let is_json = file.extension().is_some_and(|extension| extension == "json");
    let mut value: Value = if is_json {
        serde_json::from_str(&text).map_err(|error| unreadable(&error))?
    } else {
        toml::from_str(&text).map_err(|error| unreadable(&error))?
    };
    if let (Some(name), Some(fields)) = (name, value.as_object_mut()) {
        fields.insert("name".into(), name.into());
    }
    serde_json::from_value(value).map_err(|error| unreadable(&error))
}
