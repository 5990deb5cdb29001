//! Which agents there are, what is registered about them, and what is missing on this machine.

use domain::{Millis, Role as KeyRole, agent::presence};
use engine::{AgentEdit, FoundAgent};
use serde_json::{Map, Value};

use crate::{App, problem::invalid, wire::*};

/// Minutes after the last heartbeat for which an agent counts as online, unless the settings say otherwise.
const ONLINE_MINUTES: u32 = 5;

pub async fn list_agents(app: &App, _: Nothing) -> Result<Vec<Agent>, Problem> {
    agents(app).await
}

pub async fn list_roles(_: &App, _: Nothing) -> Result<Vec<Role>, Problem> {
    let role = |role: &engine::Role| Role {
        name: role.name.into(),
        title: role.title.into(),
        summary: role.summary.into(),
        instructions: role.instructions.into(),
    };
    Ok(engine::ROLES.iter().map(role).collect())
}

/// Said again it changes nothing.
pub async fn register_agent(app: &App, request: RegisterAgent) -> Result<Agent, Problem> {
    let edit = AgentEdit {
        name: request.name.clone(),
        kind: request.kind,
        title: request.title,
        profile: request.profile.map(changes).transpose()?,
        role: request.role,
        instructions: request.instructions,
        skills: request.skills,
        max_capacity: request.max_capacity,
        model: request.model,
        enabled: request.enabled,
        retry: request.retry,
        breaker: request.breaker.map(|set| set.rule),
    };
    app.engine.register_agent(edit, app.actor()).await?;
    one(app, &request.name).await
}

pub async fn remove_agent(app: &App, request: AgentRef) -> Result<Nothing, Problem> {
    app.engine.remove_agent(request.name).await?;
    Ok(Nothing {})
}

pub async fn heartbeat_agent(app: &App, request: AgentRef) -> Result<Agent, Problem> {
    app.engine.agent_seen(request.name.clone(), patience(app).await?).await?;
    one(app, &request.name).await
}

/// Returns when the program has answered, or after 15 seconds.
pub async fn try_agent(app: &App, request: TryAgent) -> Result<AgentTrial, Problem> {
    let trial = app.engine.try_agent(&request.kind, &changes(request.profile)?).await?;
    Ok(AgentTrial {
        path: trial.path.map(|path| path.to_string_lossy().into_owned()),
        version: trial.version,
        said: trial.said,
        problem: trial.problem,
    })
}

pub async fn doctor(app: &App, _: Nothing) -> Result<Doctor, Problem> {
    app.engine.look_for_agents().await?;
    let checks = app
        .engine
        .check_machine()
        .await
        .into_iter()
        .map(|check| Check { name: check.name, ok: check.ok, found: check.found, fix: check.fix })
        .collect();
    Ok(Doctor {
        version: env!("CARGO_PKG_VERSION").into(),
        data_dir: app.engine.layout().root().to_string_lossy().into_owned(),
        checks,
        agents: agents(app).await?,
    })
}

async fn agents(app: &App) -> Result<Vec<Agent>, Problem> {
    seen(app, app.engine.agents().await?).await
}

/// An agent that is on the list.
async fn one(app: &App, name: &str) -> Result<Agent, Problem> {
    let found = app.engine.agent(name).await?;
    let agent = seen(app, found.into_iter().collect()).await?.pop();
    agent.ok_or_else(|| store::StoreError::NotFound { what: "agent", key: name.into() }.into())
}

async fn seen(app: &App, found: Vec<FoundAgent>) -> Result<Vec<Agent>, Problem> {
    let live = app.engine.store().live_by_agent().await?;
    let (patience, now) = (patience(app).await?, app.engine.now());
    let count = |name: &str| live.iter().find(|(agent, _)| agent == name).map_or(0, |(_, count)| *count);
    let mut agents: Vec<Agent> =
        found.into_iter().map(|agent| view(count(&agent.name), patience, now, agent)).collect();
    if app.authority().role < KeyRole::Operator {
        agents.iter_mut().for_each(without_values);
    }
    Ok(agents)
}

/// Environment values may be secrets of other services; who cannot set them has no use for them.
fn without_values(agent: &mut Agent) {
    let set = agent.profile.env.iter_mut().flatten();
    set.for_each(|(_, value)| value.clear());
}

async fn patience(app: &App) -> Result<Millis, Problem> {
    let minutes = match super::settings::get_settings(app, Nothing {}).await?.agent_offline_minutes {
        0 => ONLINE_MINUTES,
        minutes => minutes,
    };
    Ok(Millis::from(minutes) * 60_000)
}

fn view(live: u32, patience: Millis, now: Millis, found: FoundAgent) -> Agent {
    let last_seen_at = found.record.as_ref().and_then(|record| record.last_seen_at);
    Agent {
        id: found.record.as_ref().map(|record| record.id),
        told: found.told().into(),
        program: found.program().into(),
        live,
        name: found.name,
        title: found.title,
        path: found.path.map(|path| path.to_string_lossy().into_owned()),
        version: found.version,
        install: found.install,
        docs_url: found.docs_url,
        modes: vec![Mode::Interactive, Mode::Unattended],
        problem: found.problem,
        kind: found.kind,
        builtin: found.builtin,
        // Written by another version and not to be read: shown as no change, and `problem` says so.
        profile: serde_json::from_value(found.changes).unwrap_or_default(),
        role: found.agent.role,
        instructions: found.agent.instructions,
        skills: found.agent.skills,
        max_capacity: found.agent.max_capacity,
        model: found.agent.model,
        enabled: found.agent.enabled,
        retry: found.agent.retry,
        breaker: found.agent.breaker,
        registered_at: found.record.as_ref().map(|record| record.registered_at),
        updated_at: found.record.as_ref().map(|record| record.updated_at),
        last_seen_at,
        online_until: last_seen_at.map(|seen| seen + patience),
        presence: presence(last_seen_at, now, patience),
    }
}

/// The fields that were given, as the engine keeps them.
fn changes(profile: AgentProfile) -> Result<Map<String, Value>, Problem> {
    match serde_json::to_value(profile) {
        Ok(Value::Object(changes)) => Ok(changes),
        _ => Err(invalid("the profile cannot be read")),
    }
}
