//! `/api/agents/<id>/keys`: keys for one agent's tasks, in the first board's words: such a key may read them
//! (`viewer`), or also report on them (`agent:self`).

use axum::{body::Bytes, extract::Path, http::HeaderMap};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Fail, agents, bad, created, not_found, ok, read, words};
use crate::gate::Caller;

const DAY: f64 = 86_400.0;
const VIEWER: &str = "viewer";
const SELF: &str = "agent:self";

/// Only the agent's.
async fn of(caller: &Caller, agent: &Value) -> Result<Vec<Value>, Fail> {
    let Value::Array(mut keys) = caller.ask("list_keys", json!({})).await? else { return Ok(Vec::new()) };
    keys.retain(|key| key["agent"] == agent["name"]);
    Ok(keys)
}

fn view(key: &Value) -> Value {
    json!({
        "id": key["id"],
        "name": key["name"],
        "key_prefix": key["prefix"],
        "role": key["role"],
        "scopes": if key["role"] == "viewer" { json!([VIEWER]) } else { json!([VIEWER, SELF]) },
        "created_at": words::seconds(&key["created_at"]),
        "expires_at": words::seconds(&key["expires_at"]),
        "last_used_at": words::seconds(&key["last_used_at"]),
        "revoked_at": words::seconds(&key["revoked_at"]),
    })
}

pub(crate) async fn list(caller: Caller, Path(agent): Path<String>) -> Answer {
    let agent = agents::find(&caller, &agent).await?;
    let keys: Vec<Value> = of(&caller, &agent).await?.iter().map(view).collect();
    ok(json!({ "agent": { "id": agent["id"], "name": agents::view(&agent)["name"] }, "keys": keys }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    name: Option<String>,
    role: Option<String>,
    scopes: Option<Vec<String>>,
    /// Seconds since 1970.
    expires_at: Option<Value>,
    expires_in_days: Option<f64>,
}

impl Said {
    /// No wider than asked for.
    fn role(&self) -> Result<&str, Fail> {
        let scopes = self.scopes.as_deref();
        let unknown = scopes.into_iter().flatten().find(|scope| !matches!(scope.as_str(), VIEWER | SELF));
        if let Some(scope) = unknown {
            let scope = domain::text::elide(scope, 60);
            return Err(bad(format!(
                "“{scope}” is not a scope of an agent's key; use {VIEWER} (reads its tasks) and {SELF} (also works on them)"
            )));
        }
        let meant = match scopes {
            None => None,
            Some([]) => {
                return Err(bad(format!("a key without a scope opens nothing; use {VIEWER} or {SELF}")));
            }
            Some(scopes) if scopes.iter().any(|scope| scope == SELF) => Some("agent"),
            Some(_) => Some(VIEWER),
        };
        match (self.role.as_deref(), meant) {
            (Some(role @ ("agent" | VIEWER)), None) => Ok(role),
            (Some(role @ ("agent" | VIEWER)), Some(meant)) if role == meant => Ok(role),
            (Some("agent" | VIEWER), Some(_)) => {
                Err(bad("role and scopes say different things; one is enough"))
            }
            (Some(role), _) => {
                let role = domain::text::elide(role, 60);
                Err(bad(format!("an agent's key has the role agent or viewer, not “{role}”")))
            }
            (None, meant) => Ok(meant.unwrap_or("agent")),
        }
    }

    /// In milliseconds.
    fn end(&self) -> Result<Option<i64>, Fail> {
        let ends = self.expires_at.as_ref().filter(|end| !end.is_null());
        match (ends, self.expires_in_days) {
            (Some(end), _) => {
                words::millis(end).map(Some).ok_or_else(|| bad("expires_at must be seconds since 1970"))
            }
            (None, Some(days)) if days > 0.0 && days <= 3650.0 => {
                let end = jiff::Timestamp::now().as_second() as f64 + days * DAY;
                Ok(Some((end * 1000.0) as i64))
            }
            (None, Some(_)) => Err(bad("expires_in_days must be 1 to 3650")),
            (None, None) => Ok(None),
        }
    }
}

pub(crate) async fn create(
    caller: Caller,
    Path(agent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let said: Said = read(&headers, &body)?;
    let agent = agents::find(&caller, &agent).await?;
    let request = json!({
        "name": said.name.as_deref().unwrap_or("default"),
        "role": said.role()?,
        "agent": agent["name"],
        "expires_at": said.end()?,
    });
    let made = caller.ask("create_key", request).await?;
    let location = format!("/api/agents/{}/keys", agent["id"]);
    created(location, json!({ "key": view(&made["key"]), "api_key": made["secret"] }))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Which {
    key_id: Option<i64>,
}

pub(crate) async fn revoke(
    caller: Caller,
    Path(agent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let said: Which = read(&headers, &body)?;
    let wanted = said.key_id.filter(|id| *id > 0).ok_or_else(|| bad("key_id is missing"))?;
    let agent = agents::find(&caller, &agent).await?;
    let known = of(&caller, &agent).await?;
    if !known.iter().any(|key| key["id"] == wanted && key["revoked_at"].is_null()) {
        return Err(not_found(format!("the agent has no key {wanted} that is not revoked")).into());
    }
    let revoked = caller.ask("revoke_key", json!({ "id": wanted })).await?;
    ok(json!({ "success": true, "key_id": wanted, "revoked_at": words::seconds(&revoked["revoked_at"]) }))
}
