//! The agent registry: agents of the person's own, and what they changed about the built-in ones.
//! Which adapters there are and what a profile may say is not known here.

use domain::{Actor, Agent, AgentId, Id, Millis, RetryPolicy, agent::Presence, breaker::BreakerRule};
use sqlx::FromRow;

use crate::{
    Store,
    changes::{Change, record},
    error::StoreError,
    readers::{Ask, row},
    tasks::json,
    writer::Tx,
};

/// What is registered about an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentData {
    pub agent: Agent,
    /// Empty: it is called by its name, or as the built-in agent is.
    pub title: String,
    /// The adapter's name.
    pub kind: String,
    /// What differs from the kind's own profile: a JSON object.
    pub profile: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq)]
pub struct AgentRecord {
    pub id: AgentId,
    pub uid: String,
    pub data: AgentData,
    pub registered_at: Millis,
    pub updated_at: Millis,
    pub last_seen_at: Option<Millis>,
}

row! {
    #[derive(FromRow)]
    struct Row {
        id: i64,
        uid: String,
        name: String,
        title: String,
        kind: String,
        profile: String,
        role: Option<String>,
        instructions: String,
        skills: String,
        max_capacity: i64,
        model: Option<String>,
        enabled: bool,
        retry: String,
        breaker: Option<String>,
        registered_at: i64,
        updated_at: i64,
        last_seen_at: Option<i64>,
    }
}

impl TryFrom<Row> for AgentRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
        Ok(AgentRecord {
            id: AgentId(row.id),
            uid: row.uid,
            data: AgentData {
                agent: Agent {
                    name: row.name,
                    role: row.role,
                    instructions: row.instructions,
                    skills: serde_json::from_str(&row.skills).map_err(corrupt)?,
                    max_capacity: row.max_capacity as u32,
                    model: row.model,
                    enabled: row.enabled,
                    retry: serde_json::from_str(&row.retry).map_err(corrupt)?,
                    breaker: row.breaker.as_deref().map(serde_json::from_str).transpose().map_err(corrupt)?,
                },
                title: row.title,
                kind: row.kind,
                profile: serde_json::from_str(&row.profile).map_err(corrupt)?,
            },
            registered_at: row.registered_at,
            updated_at: row.updated_at,
            last_seen_at: row.last_seen_at,
        })
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, uid, name, title, kind, profile, role, instructions, skills, max_capacity, model, ",
            "enabled, retry, breaker, registered_at, updated_at, last_seen_at FROM agents WHERE removed_at IS NULL ",
            $tail
        )
    };
}

impl Store {
    /// By name.
    pub async fn registered_agents(&self) -> Result<Vec<AgentRecord>, StoreError> {
        let rows = self.here(|sql| Ok(sql.rows(select!("ORDER BY name"), [], Row::read)?)).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Adds the agent or changes what is registered under its name. Said again it changes nothing.
    pub async fn register_agent(
        &self,
        data: AgentData,
        actor: Actor,
        now: Millis,
    ) -> Result<AgentRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let name = data.agent.name.clone();
                    match find(tx, &name).await? {
                        Some(known) if known.data == data => {}
                        Some(known) => update(tx, known, data, &actor, now).await?,
                        None => insert(tx, data, &actor, now).await?,
                    }
                    require(tx, &name).await
                })
            })
            .await
    }

    /// Takes an agent of the person's own off the list. Refused while it is at work and while cards wait
    /// for it alone.
    pub async fn remove_agent(&self, name: String, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require(tx, &name).await?;
                    refuse_if_needed(tx, &name).await?;
                    retire(tx, &known, "agent.removed", format!("removed the agent {name}"), now).await
                })
            })
            .await
    }

    /// Takes back what was changed about a built-in agent.
    pub async fn reset_agent(&self, name: String, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require(tx, &name).await?;
                    retire(tx, &known, "agent.reset", format!("reset the agent {name}"), now).await
                })
            })
            .await
    }

    /// The agent answered. `patience`: after how many milliseconds of silence it counts as offline.
    ///
    /// Only its coming and coming back are changes; a log of every beat would tell nothing.
    pub async fn agent_seen(
        &self,
        name: String,
        patience: Millis,
        now: Millis,
    ) -> Result<AgentRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require(tx, &name).await?;
                    sqlx::query(
                        "UPDATE agents SET last_seen_at = max(coalesce(last_seen_at, 0), ?) WHERE id = ?",
                    )
                    .bind(now)
                    .bind(known.id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    if domain::agent::presence(known.last_seen_at, now, patience) != Some(Presence::Online) {
                        let actor = Actor::Agent(name.clone());
                        log(tx, "agent.online", format!("the agent {name} is online"), &actor, now).await?;
                    }
                    require(tx, &name).await
                })
            })
            .await
    }
}

async fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<AgentRecord>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as(select!("AND name = ?")).bind(name).fetch_optional(&mut *tx.conn).await?;
    row.map(TryInto::try_into).transpose()
}

/// What the agent's failures are allowed; empty for one that nobody registered.
pub(crate) async fn retry_policy(tx: &mut Tx<'_>, name: &str) -> Result<RetryPolicy, StoreError> {
    own_rule(tx, name, "SELECT retry FROM agents WHERE name = ? AND removed_at IS NULL")
        .await
        .map(Option::unwrap_or_default)
}

pub(crate) async fn breaker_rule(tx: &mut Tx<'_>, name: &str) -> Result<Option<BreakerRule>, StoreError> {
    own_rule(tx, name, "SELECT breaker FROM agents WHERE name = ? AND removed_at IS NULL").await
}

async fn own_rule<T: serde::de::DeserializeOwned>(
    tx: &mut Tx<'_>,
    name: &str,
    select: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<Option<String>> =
        sqlx::query_scalar(select).bind(name).fetch_optional(&mut *tx.conn).await?;
    let read = |text: String| serde_json::from_str(&text).map_err(|e| StoreError::Corrupt(e.to_string()));
    text.flatten().map(read).transpose()
}

async fn require(tx: &mut Tx<'_>, name: &str) -> Result<AgentRecord, StoreError> {
    find(tx, name).await?.ok_or_else(|| StoreError::NotFound { what: "agent", key: name.into() })
}

async fn insert(tx: &mut Tx<'_>, data: AgentData, actor: &Actor, now: Millis) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO agents (uid, name, title, kind, profile, role, instructions, skills, max_capacity, model, \
         enabled, retry, breaker, registered_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(uuid::Uuid::now_v7().to_string())
    .bind(&data.agent.name)
    .bind(&data.title)
    .bind(&data.kind)
    .bind(data.profile.to_string())
    .bind(&data.agent.role)
    .bind(&data.agent.instructions)
    .bind(json(&data.agent.skills)?)
    .bind(data.agent.max_capacity)
    .bind(&data.agent.model)
    .bind(data.agent.enabled)
    .bind(json(&data.agent.retry)?)
    .bind(data.agent.breaker.as_ref().map(json).transpose()?)
    .bind(now)
    .bind(now)
    .execute(&mut *tx.conn)
    .await?;
    log(tx, "agent.registered", format!("registered the agent {}", data.agent.name), actor, now).await
}

async fn update(
    tx: &mut Tx<'_>,
    known: AgentRecord,
    data: AgentData,
    actor: &Actor,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE agents SET title = ?, kind = ?, profile = ?, role = ?, instructions = ?, skills = ?, \
         max_capacity = ?, model = ?, enabled = ?, retry = ?, breaker = ?, updated_at = max(?, registered_at) WHERE id = ?",
    )
    .bind(&data.title)
    .bind(&data.kind)
    .bind(data.profile.to_string())
    .bind(&data.agent.role)
    .bind(&data.agent.instructions)
    .bind(json(&data.agent.skills)?)
    .bind(data.agent.max_capacity)
    .bind(&data.agent.model)
    .bind(data.agent.enabled)
    .bind(json(&data.agent.retry)?)
    .bind(data.agent.breaker.as_ref().map(json).transpose()?)
    .bind(now)
    .bind(known.id.raw())
    .execute(&mut *tx.conn)
    .await?;
    let what = differences(&known.data, &data).join(", ");
    log(tx, "agent.changed", format!("changed the agent {}: {what}", data.agent.name), actor, now).await
}

/// Names what is different; values may be secret.
fn differences(before: &AgentData, after: &AgentData) -> Vec<&'static str> {
    let parts = [
        ("title", before.title != after.title),
        ("kind", before.kind != after.kind),
        ("profile", before.profile != after.profile),
        ("role", before.agent.role != after.agent.role),
        ("instructions", before.agent.instructions != after.agent.instructions),
        ("skills", before.agent.skills != after.agent.skills),
        ("capacity", before.agent.max_capacity != after.agent.max_capacity),
        ("model", before.agent.model != after.agent.model),
        ("attempts", before.agent.retry != after.agent.retry),
        ("breaker", before.agent.breaker != after.agent.breaker),
        ("switched on", !before.agent.enabled && after.agent.enabled),
        ("switched off", before.agent.enabled && !after.agent.enabled),
    ];
    parts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

/// A card that only this agent may start, or that it has, would be stuck.
async fn refuse_if_needed(tx: &mut Tx<'_>, name: &str) -> Result<(), StoreError> {
    let live: Option<i64> =
        sqlx::query_scalar("SELECT task_id FROM runs WHERE agent = ? AND phase <> 'ended' LIMIT 1")
            .bind(name)
            .fetch_optional(&mut *tx.conn)
            .await?;
    if let Some(task) = live {
        return Err(StoreError::Conflict(format!(
            "{name} is at work on T-{task}; stop it, or wait for its end"
        )));
    }
    let waiting: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM tasks WHERE assignee = ? AND trashed_at IS NULL \
         AND status NOT IN ('done', 'failed', 'cancelled') ORDER BY id LIMIT 4",
    )
    .bind(name)
    .fetch_all(&mut *tx.conn)
    .await?;
    match waiting.as_slice() {
        [] => Ok(()),
        cards => {
            let mut keys: Vec<String> = cards.iter().take(3).map(|id| format!("T-{id}")).collect();
            keys.extend((cards.len() > 3).then(|| "others".into()));
            Err(StoreError::Conflict(format!(
                "{name} is the only agent that may start on {}; assign them to another first",
                keys.join(", ")
            )))
        }
    }
}

async fn retire(
    tx: &mut Tx<'_>,
    known: &AgentRecord,
    kind: &'static str,
    text: String,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE agents SET removed_at = ? WHERE id = ?")
        .bind(now)
        .bind(known.id.raw())
        .execute(&mut *tx.conn)
        .await?;
    log(tx, kind, text, &Actor::Person, now).await
}

async fn log(
    tx: &mut Tx<'_>,
    kind: &'static str,
    text: String,
    actor: &Actor,
    now: Millis,
) -> Result<(), StoreError> {
    let change = Change { at: now, actor, kind, task: None, run: None, project: None, text };
    record(tx, change).await.map(|_| ())
}
