//! Keys at the doors: who may be given one, and what is told of it. The secret crosses once, in the answer to
//! its making.

use domain::{KeyId, ProjectId, Role};
use serde::{Deserialize, Serialize};
use specta::Type;

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// 1 to 100 characters: whose it is, or what for.
    pub name: String,
    pub role: Role,
    /// Only this project; for viewers and operators.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// Whose tasks; for the role `agent`, which needs it, and for viewers.
    #[serde(default)]
    pub agent: Option<String>,
    /// None: until it is revoked.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub expires_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct KeyRef {
    pub id: KeyId,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Key {
    pub id: KeyId,
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    pub role: Role,
    pub project: Option<ProjectId>,
    pub agent: Option<String>,
    #[specta(type = u32)]
    pub created_at: i64,
    #[specta(type = Option<u32>)]
    pub expires_at: Option<i64>,
    /// To the minute.
    #[specta(type = Option<u32>)]
    pub last_used_at: Option<i64>,
    #[specta(type = Option<u32>)]
    pub revoked_at: Option<i64>,
    /// Neither revoked nor over, as of this answer.
    pub good: bool,
}

/// A key, and the secret that nobody can be told again.
#[derive(Clone, Debug, Serialize, Type)]
pub struct NewKey {
    pub key: Key,
    pub secret: String,
}
