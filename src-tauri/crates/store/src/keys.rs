//! Keys of programs and agents: made once, found by their hash, revoked. The secret itself is told to
//! whoever made the key and is nowhere afterwards. A run's key is good exactly while the run lives.

use domain::{Actor, ArtifactId, Id, KeyId, Millis, ProjectId, Role, RunId, Scope, TaskId, authority::Thing};
use rusqlite::Params;
use sha2::{Digest, Sha256};

use crate::{
    Store,
    changes::{Change, record},
    error::StoreError,
    readers::{Ask, row},
    tasks,
    writer::Tx,
};

/// How old `last_used_at` may be before a use is written down: a write for each request would be most of
/// what a reading program costs.
const USE_NOTED: Millis = 60_000;
/// Characters of a key that people may see.
const PREFIX: usize = 11;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    pub name: String,
    pub role: Role,
    /// Of an agent's key an agent or a run, of an admin's the board, of an operator's no agent.
    pub scope: Scope,
    pub expires_at: Option<Millis>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: KeyId,
    pub name: String,
    /// The first characters of the secret.
    pub prefix: String,
    pub role: Role,
    pub scope: Scope,
    pub created_at: Millis,
    pub expires_at: Option<Millis>,
    pub last_used_at: Option<Millis>,
    /// Revoked, or the end of its run.
    pub revoked_at: Option<Millis>,
}

impl KeyRecord {
    pub fn is_good(&self, now: Millis) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

row! {
    struct Row {
        id: i64,
        name: String,
        prefix: String,
        role: String,
        project_id: Option<i64>,
        agent: Option<String>,
        run_id: Option<i64>,
        task_id: Option<i64>,
        created_at: i64,
        expires_at: Option<i64>,
        last_used_at: Option<i64>,
        ended_at: Option<i64>,
    }
}

impl TryFrom<Row> for KeyRecord {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let role = Role::parse(&row.role)
            .ok_or_else(|| StoreError::Corrupt(format!("“{}” is not a role", row.role)))?;
        let scope = match (row.agent, row.run_id.zip(row.task_id), row.project_id) {
            (Some(agent), Some((run, task)), _) => Scope::Run { agent, run: RunId(run), task: TaskId(task) },
            (Some(agent), None, _) => Scope::Agent(agent),
            (None, _, Some(project)) => Scope::Project(ProjectId(project)),
            (None, _, None) => Scope::Board,
        };
        Ok(KeyRecord {
            id: KeyId(row.id),
            name: row.name,
            prefix: row.prefix,
            role,
            scope,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.ended_at,
        })
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT k.id, k.name, k.prefix, k.role, k.project_id, k.agent, k.run_id, r.task_id, k.created_at, ",
            "k.expires_at, k.last_used_at, coalesce(k.revoked_at, r.ended_at) AS ended_at ",
            "FROM keys k LEFT JOIN runs r ON r.id = k.run_id ",
            $tail
        )
    };
}

macro_rules! things {
    ($tail:literal) => {
        concat!(
            "SELECT t.id, t.project_id, t.assignee, r.agent FROM tasks t LEFT JOIN runs r ON r.id = t.last_run ",
            $tail
        )
    };
}

/// Card, project, the agent that it is kept for, the one that worked on it last.
type ThingRow = (i64, Option<i64>, Option<String>, Option<String>);

fn thing((task, project, kept_for, worked): ThingRow) -> Thing {
    Thing {
        task: Some(TaskId(task)),
        project: project.map(ProjectId),
        agents: kept_for.into_iter().chain(worked).collect(),
    }
}

impl Store {
    /// Makes a key; the secret is told here and never again.
    pub async fn create_key(
        &self,
        new: NewKey,
        actor: Actor,
        now: Millis,
    ) -> Result<(KeyRecord, String), StoreError> {
        let secret = secret();
        let told = secret.clone();
        let record = self
            .writer
            .write(move |tx| {
                Box::pin(async move {
                    let id = insert(tx, &new, &secret, now).await?;
                    // A run's own start and end tell of its key.
                    if !matches!(new.scope, Scope::Run { .. }) {
                        let text = format!("made the key {} for {}", new.name, holder(&new));
                        log(tx, "key.created", text, &actor, now).await?;
                    }
                    require(tx, id).await
                })
            })
            .await?;
        Ok((record, told))
    }

    /// Newest first, without those of runs.
    pub async fn keys(&self) -> Result<Vec<KeyRecord>, StoreError> {
        let all = select!("WHERE k.run_id IS NULL ORDER BY k.id DESC");
        let rows = self.here(|sql| Ok(sql.rows(all, [], Row::read)?)).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    pub async fn key(&self, id: KeyId) -> Result<Option<KeyRecord>, StoreError> {
        let row = self.here(|sql| Ok(sql.row(select!("WHERE k.id = ?"), [id.raw()], Row::read)?)).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// A key that is good for nothing any more counts as found.
    pub async fn find_key(&self, secret: &str) -> Result<Option<KeyRecord>, StoreError> {
        let row =
            self.here(|sql| Ok(sql.row(select!("WHERE k.hash = ?"), [hash(secret)], Row::read)?)).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Notes that the key was used, where that is not known already.
    pub async fn key_used(&self, key: &KeyRecord, now: Millis) -> Result<(), StoreError> {
        if key.last_used_at.is_some_and(|last| now - last < USE_NOTED) {
            return Ok(());
        }
        let id = key.id;
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query(
                        "UPDATE keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?",
                    )
                    .bind(now)
                    .bind(id.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// The cards as scopes tell them apart; unknown ones are left out.
    pub async fn things(&self, tasks: &[TaskId]) -> Result<Vec<Thing>, StoreError> {
        let list = tasks::json(&tasks.iter().map(|id| id.raw()).collect::<Vec<_>>())?;
        self.find_things(things!("WHERE t.id IN (SELECT value FROM json_each(?))"), [list]).await
    }

    /// The run's card, if there is such a run.
    pub async fn things_of_run(&self, run: RunId) -> Result<Vec<Thing>, StoreError> {
        self.find_things(things!("WHERE t.id = (SELECT task_id FROM runs WHERE id = ?)"), [run.raw()]).await
    }

    /// The artifact's card, if there is such an artifact.
    pub async fn things_of_artifact(&self, artifact: ArtifactId) -> Result<Vec<Thing>, StoreError> {
        let of = things!("WHERE t.id = (SELECT task_id FROM artifacts WHERE id = ?)");
        self.find_things(of, [artifact.raw()]).await
    }

    async fn find_things(
        &self,
        statement: &str,
        values: impl Params + Send,
    ) -> Result<Vec<Thing>, StoreError> {
        self.here(|sql| Ok(sql.rows(statement, values, |row| row.try_into().map(thing))?)).await
    }

    /// Said again it changes nothing.
    pub async fn revoke_key(&self, id: KeyId, actor: Actor, now: Millis) -> Result<KeyRecord, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let known = require(tx, id).await?;
                    if known.revoked_at.is_some() {
                        return Ok(known);
                    }
                    sqlx::query("UPDATE keys SET revoked_at = ? WHERE id = ?")
                        .bind(now)
                        .bind(id.raw())
                        .execute(&mut *tx.conn)
                        .await?;
                    log(tx, "key.revoked", format!("revoked the key {}", known.name), &actor, now).await?;
                    require(tx, id).await
                })
            })
            .await
    }
}

/// 256 random bits, behind letters by which a scanner for lost secrets knows it.
fn secret() -> String {
    let bytes: [u8; 32] = rand::random();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("fbk_{hex}")
}

pub(crate) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

fn holder(new: &NewKey) -> String {
    match &new.scope {
        Scope::Board => format!("the role {}", new.role.word()),
        Scope::Project(project) => format!("the role {} in project {project}", new.role.word()),
        Scope::Agent(agent) | Scope::Run { agent, .. } => format!("the agent {agent}"),
    }
}

async fn insert(tx: &mut Tx<'_>, new: &NewKey, secret: &str, now: Millis) -> Result<KeyId, StoreError> {
    let (project, agent, run) = match &new.scope {
        Scope::Board => (None, None, None),
        Scope::Project(project) => {
            crate::projects::require(tx, *project).await?;
            (Some(project.raw()), None, None)
        }
        Scope::Agent(agent) => (None, Some(agent), None),
        Scope::Run { agent, run, .. } => (None, Some(agent), Some(run.raw())),
    };
    let id = sqlx::query(
        "INSERT INTO keys (name, hash, prefix, role, project_id, agent, run_id, created_at, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&new.name)
    .bind(hash(secret))
    .bind(&secret[..PREFIX])
    .bind(new.role.word())
    .bind(project)
    .bind(agent)
    .bind(run)
    .bind(now)
    .bind(new.expires_at)
    .execute(&mut *tx.conn)
    .await?
    .last_insert_rowid();
    Ok(KeyId(id))
}

async fn require(tx: &mut Tx<'_>, id: KeyId) -> Result<KeyRecord, StoreError> {
    let row = tx.here(|sql| sql.row(select!("WHERE k.id = ?"), [id.raw()], Row::read)).await?;
    row.ok_or_else(|| StoreError::NotFound { what: "key", key: id.to_string() })?.try_into()
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
