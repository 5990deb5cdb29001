//! Keys: making, listing, revoking.

use domain::{Millis, Role, Scope, agent};
use store::KeyRecord;

use crate::{App, problem::invalid, wire::*};

/// Ten years: longer than that is for ever, and says so by having no end.
const LONGEST: Millis = 3_653 * 86_400_000;

pub async fn create_key(app: &App, request: CreateKey) -> Result<NewKey, Problem> {
    let now = app.engine.now();
    let new = store::NewKey {
        name: name(&request.name)?,
        role: request.role,
        scope: scope(&request)?,
        expires_at: request.expires_at.map(|end| expiry(end, now)).transpose()?,
    };
    let (record, secret) = app.engine.store().create_key(new, app.actor(), now).await?;
    Ok(NewKey { key: view(record, now), secret })
}

/// Newest first, revoked ones and those that are over included.
pub async fn list_keys(app: &App, _: Nothing) -> Result<Vec<Key>, Problem> {
    let now = app.engine.now();
    Ok(app.engine.store().keys().await?.into_iter().map(|record| view(record, now)).collect())
}

/// Said again it changes nothing.
pub async fn revoke_key(app: &App, request: KeyRef) -> Result<Key, Problem> {
    let now = app.engine.now();
    Ok(view(app.engine.store().revoke_key(request.id, app.actor(), now).await?, now))
}

fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err(invalid("the key has no name; say whose it is or what for")),
        101.. => Err(invalid("a key's name has at most 100 characters")),
        _ if name.chars().any(char::is_control) => Err(invalid("a key's name is one line")),
        _ => Ok(name.into()),
    }
}

fn scope(request: &CreateKey) -> Result<Scope, Problem> {
    match (request.role, request.project, &request.agent) {
        (Role::Agent | Role::Viewer, None, Some(name)) => {
            Ok(Scope::Agent(agent::name(name).map_err(|bad| invalid(bad.to_string()))?))
        }
        (Role::Agent, None, None) => Err(invalid("an agent's key needs the agent's name")),
        (Role::Agent, Some(_), _) => Err(invalid("an agent's key is for its tasks, whatever their project")),
        (Role::Viewer, Some(_), Some(_)) => Err(invalid("a key is for a project or for one agent's tasks")),
        (Role::Operator | Role::Admin, _, Some(_)) => {
            Err(invalid("only a key with the role agent or viewer is for one agent's tasks"))
        }
        (Role::Admin, Some(_), None) => Err(invalid("an admin's key is for the whole board")),
        (Role::Viewer | Role::Operator, Some(project), None) => Ok(Scope::Project(project)),
        (Role::Viewer | Role::Operator | Role::Admin, None, None) => Ok(Scope::Board),
    }
}

fn expiry(end: Millis, now: Millis) -> Result<Millis, Problem> {
    match end.saturating_sub(now) {
        ..=0 => Err(invalid("the key would be over already")),
        1..=LONGEST => Ok(end),
        _ => Err(invalid("a key lasts at most ten years; leave the end out for one that is revoked by hand")),
    }
}

fn view(record: KeyRecord, now: Millis) -> Key {
    let good = record.is_good(now);
    let (project, agent) = match record.scope {
        Scope::Board => (None, None),
        Scope::Project(project) => (Some(project), None),
        Scope::Agent(agent) | Scope::Run { agent, .. } => (None, Some(agent)),
    };
    Key {
        id: record.id,
        name: record.name,
        prefix: record.prefix,
        role: record.role,
        project,
        agent,
        created_at: record.created_at,
        expires_at: record.expires_at,
        last_used_at: record.last_used_at,
        revoked_at: record.revoked_at,
        good,
    }
}
