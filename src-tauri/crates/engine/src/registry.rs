//! The one list of agents: the built-in ones, with what is registered about them laid over, and the
//! person's own. What may be registered is decided here; whether this machine has the program is
//! `agents_found`'s to say.

use agents::{Profile, builtin_profiles, instructions, profile_of_kind};
use domain::{
    Actor, Millis, RetryPolicy,
    agent::{self, Agent, BadAgent},
    breaker::BreakerRule,
};
use serde_json::{Map, Value};
use store::{AgentData, AgentRecord, StoreError};

use crate::{
    Engine,
    agents_found::{FoundAgent, Trial},
    error::EngineError,
    events::EngineEvent,
};

/// What is to be registered. Fields left out stay as they are.
#[derive(Clone, Debug, Default)]
pub struct AgentEdit {
    pub name: String,
    pub kind: Option<String>,
    pub title: Option<String>,
    /// What differs from the kind's own profile, as a whole.
    pub profile: Option<Map<String, Value>>,
    pub role: Option<String>,
    pub instructions: Option<String>,
    pub skills: Option<Vec<String>>,
    pub max_capacity: Option<i64>,
    pub model: Option<String>,
    pub enabled: Option<bool>,
    pub retry: Option<RetryPolicy>,
    /// Some(None): as the board has it.
    pub breaker: Option<Option<BreakerRule>>,
}

/// An agent of the list, before anybody has looked whether this machine has its program.
pub(crate) struct Listed {
    pub agent: Agent,
    pub kind: String,
    pub builtin: bool,
    pub changes: Value,
    pub profile: Profile,
    /// What was registered cannot be used, e.g. because an older version wrote it.
    pub broken: Option<String>,
    pub record: Option<AgentRecord>,
}

impl Engine {
    /// The list, as far as this machine has been looked through.
    pub async fn agents(&self) -> Result<Vec<FoundAgent>, EngineError> {
        let listed = self.listed_agents().await?;
        Ok(self.machine().found(listed).await)
    }

    /// One agent, once this machine has been looked through.
    pub async fn agent(&self, name: &str) -> Result<Option<FoundAgent>, EngineError> {
        self.machine().looked().await;
        Ok(self.agents().await?.into_iter().find(|agent| agent.name == name))
    }

    /// Looks through the machine again: the login shell's environment, every program, every version.
    pub async fn look_for_agents(&self) -> Result<(), EngineError> {
        let profiles: Vec<Profile> =
            self.listed_agents().await?.into_iter().map(|listed| listed.profile).collect();
        self.machine().look(&profiles).await;
        self.tell(EngineEvent::AgentsFound);
        Ok(())
    }

    /// Adds an agent, or changes what is registered under its name. Said again it changes nothing.
    pub async fn register_agent(&self, edit: AgentEdit, actor: Actor) -> Result<(), EngineError> {
        let guard = self.machine().registering().await;
        let known = self.store().registered_agents().await?;
        let known = known.into_iter().find(|record| record.data.agent.name == edit.name);
        let data = edited(known.map(|record| record.data), edit)?;
        let profile = profile_of(&data)?;
        self.store().register_agent(data, actor, self.now()).await?;
        drop(guard);
        self.look_at(profile);
        Ok(())
    }

    /// Takes an agent off the list; a built-in one becomes as it was.
    pub async fn remove_agent(&self, name: String) -> Result<(), EngineError> {
        let now = self.now();
        if profile_of_kind(&name).is_none() {
            return Ok(self.store().remove_agent(name, now).await?);
        }
        let records = self.store().registered_agents().await?;
        if !records.iter().any(|record| record.data.agent.name == name) {
            return Err(EngineError::Conflict {
                message: format!("{name} is built in and nothing was changed about it"),
                next: Some("switch it off if you do not want it".into()),
            });
        }
        Ok(self.store().reset_agent(name, now).await?)
    }

    /// An agent that fetches its own work says that it is there. `patience`: milliseconds until it counts
    /// as offline again.
    pub async fn agent_seen(&self, name: String, patience: Millis) -> Result<(), EngineError> {
        let builtin = profile_of_kind(&name).is_some();
        match self.store().agent_seen(name.clone(), patience, self.now()).await {
            Err(StoreError::NotFound { .. }) if builtin => {
                return Err(EngineError::Conflict {
                    message: format!(
                        "{name} is started from here; nobody registered it to fetch its own work"
                    ),
                    next: Some("register the agent under a name of its own".into()),
                });
            }
            seen => seen?,
        };
        // Most beats are no change in the log; whoever shows the time still wants to know.
        self.tell(EngineEvent::AgentsFound);
        Ok(())
    }

    /// Starts an agent's program as it is asked for its version, and tells what it said.
    pub async fn try_agent(&self, kind: &str, changes: &Map<String, Value>) -> Result<Trial, EngineError> {
        let profile = known_kind(kind)?.changed_by(changes).map_err(invalid)?;
        if profile.program.is_empty() {
            return Err(invalid("there is no program to try; give its name, or its absolute path"));
        }
        Ok(self.machine().try_out(&profile).await)
    }

    /// Asks a new program for its version; nobody waits for it.
    fn look_at(&self, profile: Profile) {
        let engine = self.clone();
        self.own(async move {
            engine.machine().look_at(&profile).await;
            engine.tell(EngineEvent::AgentsFound);
        });
    }

    async fn listed_agents(&self) -> Result<Vec<Listed>, EngineError> {
        Ok(listed(self.store().registered_agents().await?))
    }
}

impl FoundAgent {
    /// The program that is looked for.
    pub fn program(&self) -> &str {
        &self.profile.program
    }

    /// What the agent is told about its work; may be empty.
    pub fn told(&self) -> &str {
        instructions(self.agent.role.as_deref(), &self.agent.instructions)
    }
}

/// Built-in agents in their order, then the person's own by name.
fn listed(mut records: Vec<AgentRecord>) -> Vec<Listed> {
    let mut list = Vec::new();
    for profile in builtin_profiles() {
        let at = records.iter().position(|record| record.data.agent.name == profile.name);
        list.push(match at.map(|at| records.remove(at)) {
            Some(record) => registered(record, true),
            None => untouched(profile),
        });
    }
    list.extend(records.into_iter().map(|record| registered(record, false)));
    list
}

fn untouched(profile: Profile) -> Listed {
    Listed {
        agent: Agent::new(&profile.name),
        kind: profile.name.clone(),
        builtin: true,
        changes: Value::Object(Map::new()),
        profile,
        broken: None,
        record: None,
    }
}

fn registered(record: AgentRecord, builtin: bool) -> Listed {
    let data = record.data.clone();
    let (profile, broken) = match profile_of(&data) {
        Ok(profile) => (profile, None),
        Err(error) => (agents::custom::profile(), Some(error.to_string())),
    };
    let title = match data.title.as_str() {
        "" if builtin => profile.title.clone(),
        "" => data.agent.name.clone(),
        title => title.into(),
    };
    Listed {
        profile: Profile { name: data.agent.name.clone(), title, ..profile },
        agent: data.agent,
        kind: data.kind,
        builtin,
        changes: data.profile,
        broken,
        record: Some(record),
    }
}

fn profile_of(data: &AgentData) -> Result<Profile, EngineError> {
    let changes = data.profile.as_object().ok_or_else(|| invalid("the profile is not an object"))?;
    known_kind(&data.kind)?.changed_by(changes).map_err(invalid)
}

fn known_kind(kind: &str) -> Result<Profile, EngineError> {
    profile_of_kind(kind).ok_or_else(|| {
        let kinds: Vec<String> = builtin_profiles().into_iter().map(|profile| profile.name).collect();
        EngineError::Invalid {
            message: format!("there is no kind of agent “{}”", domain::text::elide(kind, 64)),
            next: Some(format!("choose one of {}", kinds.join(", "))),
        }
    })
}

/// What is known with the edit over it, checked as a whole.
fn edited(known: Option<AgentData>, edit: AgentEdit) -> Result<AgentData, EngineError> {
    let name = agent::name(&edit.name)?;
    let builtin = profile_of_kind(&name).is_some();
    let before = known.unwrap_or_else(|| AgentData {
        agent: Agent::new(&name),
        title: String::new(),
        kind: if builtin { name.clone() } else { "custom".into() },
        profile: Value::Object(Map::new()),
    });
    let kind = edit.kind.unwrap_or(before.kind);
    let data = AgentData {
        agent: Agent {
            role: edit.role.map_or(Ok(before.agent.role), |role| agent::role(&role))?,
            instructions: edit
                .instructions
                .map_or(Ok(before.agent.instructions), |text| agent::instructions(&text))?,
            skills: edit.skills.map_or(Ok(before.agent.skills), |skills| agent::skills(&skills))?,
            max_capacity: edit.max_capacity.map_or(Ok(before.agent.max_capacity), agent::capacity)?,
            model: edit.model.map_or(Ok(before.agent.model), |model| agent::model(&model))?,
            enabled: edit.enabled.unwrap_or(before.agent.enabled),
            retry: edit.retry.unwrap_or(before.agent.retry),
            breaker: edit.breaker.unwrap_or(before.agent.breaker),
            name,
        },
        title: edit.title.map_or(Ok(before.title), |title| agent::title(&title))?,
        profile: edit.profile.map_or(before.profile, Value::Object),
        kind,
    };
    check(&data, builtin)?;
    Ok(data)
}

fn check(data: &AgentData, builtin: bool) -> Result<(), EngineError> {
    let name = &data.agent.name;
    data.agent.retry.check().map_err(invalid)?;
    data.agent.breaker.map_or(Ok(()), |rule| rule.check()).map_err(invalid)?;
    if name == "custom" {
        return Err(EngineError::Invalid {
            message: "custom stands for a command that is given with each run and cannot be changed".into(),
            next: Some("register your command under a name of its own".into()),
        });
    }
    let profile = profile_of(data)?;
    if builtin && data.kind != *name {
        return Err(EngineError::Invalid {
            message: format!("{name} is built in and stays of its own kind"),
            next: Some("register the other agent under a name of its own".into()),
        });
    }
    if data.agent.model.is_some() && profile.model_args.is_empty() && profile.kind != agents::Kind::Custom {
        return Err(invalid(format!("{} takes no model", profile.title)));
    }
    Ok(())
}

fn invalid(error: impl ToString) -> EngineError {
    EngineError::Invalid { message: error.to_string(), next: None }
}

impl From<BadAgent> for EngineError {
    fn from(error: BadAgent) -> Self {
        invalid(error)
    }
}
