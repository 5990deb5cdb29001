//! What the `key` commands do, and what they print. A new key's secret is all that goes to standard output, so
//! that a script can keep it.

use app::wire::*;
use clap::Subcommand;
use domain::{KeyId, Role};
use jiff::{Span, Timestamp, Zoned};
use serde_json::Value;

use crate::{commands::find_project, failure::Failure, link::Link, print};

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key for a program or an agent. It is shown this once.
    Create {
        /// Whose it is, or what for.
        name: String,
        /// viewer reads; agent reports on what is its own; operator works with the board; admin also makes keys.
        #[arg(long)]
        role: String,
        /// project:NAME or agent:NAME; the whole board if left out.
        #[arg(long, value_name = "SCOPE")]
        scope: Option<String>,
        /// How long it is good, such as 30d or 12h; until it is revoked if left out.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List the keys, without their secrets.
    List,
    /// Let a key open nothing any more.
    Revoke {
        /// As `key list` numbers it.
        id: i64,
    },
}

pub async fn run(link: &Link, command: &KeyCommand, json: bool) -> Result<(), Failure> {
    match command {
        KeyCommand::Create { name, role, scope, expires } => {
            let (project, agent) = match scope.as_deref() {
                Some(scope) => scoped(link, scope).await?,
                None => (None, None),
            };
            let request = CreateKey {
                name: name.clone(),
                role: parse_role(role)?,
                project,
                agent,
                expires_at: expires.as_deref().map(end_of).transpose()?,
            };
            made(&link.call("create_key", &request).await?, json)
        }
        KeyCommand::List => list(link.call("list_keys", &Nothing {}).await?, json),
        KeyCommand::Revoke { id } => {
            let key: Value = link.call("revoke_key", &KeyRef { id: KeyId(*id) }).await?;
            if json { print::out_json(&key) } else { print::out(&format!("{} is revoked", line(&key))) }
        }
    }
}

fn parse_role(text: &str) -> Result<Role, Failure> {
    Role::parse(text).ok_or_else(|| {
        Failure::invalid(format!("“{text}” is not a role; use viewer, agent, operator or admin"))
    })
}

async fn scoped(link: &Link, scope: &str) -> Result<(Option<domain::ProjectId>, Option<String>), Failure> {
    match scope.split_once(':') {
        Some(("project", name)) => Ok((find_project(link, Some(name)).await?, None)),
        Some(("agent", name)) => Ok((None, Some(name.into()))),
        _ => Err(Failure::invalid(format!("“{scope}” is not a scope; use project:NAME or agent:NAME"))),
    }
}

/// From now on, in milliseconds.
pub fn end_of(text: &str) -> Result<i64, Failure> {
    let bad = || Failure::invalid(format!("“{text}” is not a time; write for instance 30d, 12h or 90m"));
    let span: Span = text.parse().map_err(|_| bad())?;
    let end = Zoned::now().checked_add(span).map_err(|_| bad())?;
    Ok(end.timestamp().as_millisecond())
}

fn made(made: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return print::out_json(made);
    }
    eprintln!("{}. The key is shown this once:", line(&made["key"]));
    print::out(print::text(made, "secret"))
}

fn list(keys: Value, json: bool) -> Result<(), Failure> {
    if json {
        return print::out_json(&keys);
    }
    let list = keys.as_array().map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return print::out("No keys. Make one: flightboard key create NAME --role operator");
    }
    list.iter().try_for_each(|key| print::out(&format!("{}  {}", line(key), state(key))))
}

fn line(key: &Value) -> String {
    let whose = match (&key["project"], key["agent"].as_str()) {
        (_, Some(agent)) => format!(" {agent}"),
        (Value::Number(project), None) => format!(" in project {project}"),
        _ => String::new(),
    };
    let name = print::tame(print::text(key, "name"));
    format!("{}  {}…  {name} ({}{whose})", key["id"], print::text(key, "prefix"), print::text(key, "role"))
}

fn state(key: &Value) -> String {
    let day = |name: &str| {
        let at = key[name].as_i64().and_then(|at| Timestamp::from_millisecond(at).ok())?;
        Some(at.strftime("%Y-%m-%d %H:%M UTC").to_string())
    };
    match (day("revoked_at"), day("expires_at"), key["good"] == true, day("last_used_at")) {
        (Some(at), ..) => format!("revoked {at}"),
        (None, Some(at), false, _) => format!("over since {at}"),
        (None, Some(at), true, None) => format!("never used, until {at}"),
        (None, Some(at), true, Some(used)) => format!("used {used}, until {at}"),
        (None, None, _, Some(used)) => format!("used {used}"),
        (None, None, _, None) => "never used".into(),
    }
}
