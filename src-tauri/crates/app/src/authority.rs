//! Who is calling. An [`App`] acts for one caller; [`allow`] is the one place where what the caller may do is
//! compared with what an operation needs. The window and whoever can open the engine's socket are the owner,
//! everybody else is what the key says.

use domain::{
    Actor, ArtifactId, AttachmentId, KeyId, ProjectId, Role, RunId, Scope, TaskId, TaskKey,
    authority::{Forbidden, Need, Reach, Thing, permits, permits_role},
};

use crate::{App, wire::*};

/// Who is calling, and what the caller may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    pub role: Role,
    pub scope: Scope,
    /// Whom the log names.
    pub actor: Actor,
    /// None: the owner, or a key that is not in the database.
    pub key: Option<KeyId>,
}

impl Authority {
    /// The person whose machine it is.
    pub fn owner() -> Authority {
        Authority { role: Role::Admin, scope: Scope::Board, actor: Actor::Person, key: None }
    }

    fn of_run(holder: store::Holder) -> Authority {
        let store::Holder { run, task, agent, .. } = holder;
        let actor = Actor::Agent(agent.clone());
        Authority { role: Role::Agent, scope: Scope::Run { agent, run, task }, actor, key: None }
    }

    /// Whether there is anything at all with which what needs this would be allowed.
    pub fn might(&self, need: Need) -> bool {
        let reaches = need.reach != Reach::Whole || self.scope == Scope::Board;
        reaches && permits_role(need, self.role).is_ok()
    }

    /// The same rights, with an agent's name in the log. Only for callers who could have done it in their own.
    pub fn on_behalf_of(self, agent: &str) -> Authority {
        if self.role < Role::Operator {
            return self;
        }
        Authority { actor: Actor::Agent(agent.into()), ..self }
    }
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Task(TaskId),
    /// As a person writes it.
    Key(String),
    Run(RunId),
    Artifact(ArtifactId),
    Attachment(AttachmentId),
    Agent(String),
    Project(Option<ProjectId>),
}

/// A request that names the things that it is about.
pub trait Concerns {
    fn concerns(&self) -> Vec<Subject>;
}

impl App {
    /// The app as another caller finds it.
    pub fn as_caller(&self, authority: Authority) -> App {
        App { authority: authority.into(), ..self.clone() }
    }

    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whom the log names.
    pub(crate) fn actor(&self) -> Actor {
        self.authority.actor.clone()
    }

    /// What a key gives; none: it is unknown, revoked or over. The token of a claimed run is a key for its card.
    pub async fn authority_of(&self, secret: &str) -> Result<Option<Authority>, Problem> {
        let (store, now) = (self.engine.store(), self.engine.now());
        let Some(key) = store.find_key(secret).await? else {
            return Ok(store.claimed_with(secret).await?.map(Authority::of_run));
        };
        if !key.is_good(now) {
            return Ok(None);
        }
        store.key_used(&key, now).await?;
        let actor = match &key.scope {
            Scope::Agent(agent) | Scope::Run { agent, .. } => Actor::Agent(agent.clone()),
            Scope::Board | Scope::Project(_) => Actor::Person,
        };
        Ok(Some(Authority { role: key.role, scope: key.scope, actor, key: Some(key.id) }))
    }
}

impl App {
    /// Whether the key that the caller came with would still open, for streams that outlast a request.
    pub async fn is_still_good(&self) -> bool {
        let key = match (&self.authority.key, &self.authority.scope) {
            (Some(key), _) => *key,
            (None, Scope::Run { run, .. }) => {
                return self.engine.store().run(*run).await.is_ok_and(|run| run.ended_at.is_none());
            }
            (None, Scope::Board | Scope::Project(_) | Scope::Agent(_)) => return true,
        };
        let known = self.engine.store().key(key).await;
        known.is_ok_and(|known| known.is_some_and(|key| key.is_good(self.engine.now())))
    }
}

/// Whether the caller may ever do what needs this, before the request was read.
pub fn allow_role(app: &App, need: Need) -> Result<(), Problem> {
    Ok(permits_role(need, app.authority.role)?)
}

/// Whether the caller may do what needs this with what the request is about.
pub async fn allow(app: &App, need: Need, about: Vec<Subject>) -> Result<(), Problem> {
    let Authority { role, scope, .. } = app.authority();
    if *scope == Scope::Board {
        return Ok(permits(need, *role, scope, &[])?);
    }
    let mut things = Vec::new();
    for subject in about {
        let found = things_of(app, subject).await?;
        if found.is_empty() {
            // Of what does not exist a scope tells no more than of what is not its own.
            return Ok(permits(need, *role, scope, &[])?);
        }
        things.extend(found);
    }
    Ok(permits(need, *role, scope, &things)?)
}

async fn things_of(app: &App, subject: Subject) -> Result<Vec<Thing>, Problem> {
    let store = app.engine.store();
    Ok(match subject {
        Subject::Task(task) => store.things(&[task]).await?,
        Subject::Key(key) => {
            let key: TaskKey = key.parse()?;
            match store.find_task(&key).await {
                Ok(task) => store.things(&[task]).await?,
                Err(store::StoreError::NotFound { .. } | store::StoreError::Deleted(_)) => Vec::new(),
                Err(error) => return Err(error.into()),
            }
        }
        Subject::Run(run) => store.things_of_run(run).await?,
        Subject::Artifact(artifact) => store.things_of_artifact(artifact).await?,
        Subject::Attachment(attachment) => match store.attachment(attachment).await {
            Ok(attachment) => store.things(&[attachment.task]).await?,
            Err(store::StoreError::NotFound { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        },
        Subject::Agent(name) => vec![Thing { agents: vec![name], ..Thing::default() }],
        Subject::Project(project) => vec![Thing { project, ..Thing::default() }],
    })
}

impl From<Forbidden> for Problem {
    fn from(error: Forbidden) -> Self {
        let next = match &error {
            Forbidden::Role { needed, .. } => {
                Some(format!("make one with `flightboard key create NAME --role {}`", needed.word()))
            }
            Forbidden::Scope(_) => None,
        };
        Problem { code: ProblemCode::Forbidden, message: error.to_string(), next }
    }
}

macro_rules! concerns {
    ($($request:ident($self:ident) $about:expr;)*) => {$(
        impl Concerns for $request {
            fn concerns(&$self) -> Vec<Subject> {
                $about.into()
            }
        }
    )*};
}

concerns! {
    Nothing(self) [];
    GetBoard(self) [Subject::Project(self.project)];
    GetCards(self) self.ids.iter().copied().map(Subject::Task).collect::<Vec<_>>();
    FindCards(self) [Subject::Project(self.project)];
    MoveTask(self) [Subject::Task(self.id)];
    TaskRef(self) [Subject::Task(self.id)];
    FindTask(self) [Subject::Key(self.key.clone())];
    AddComment(self) [Subject::Task(self.task)];
    AddAttachment(self) [Subject::Task(self.task)];
    AttachmentRef(self) [Subject::Attachment(self.id)];
    ReadAttachment(self) [Subject::Attachment(self.id)];
    QueueTask(self) [Subject::Task(self.id)];
    AddDependency(self) [Subject::Task(self.id), Subject::Task(self.upstream)];
    RemoveDependency(self) [Subject::Task(self.id), Subject::Task(self.upstream)];
    ReviewTask(self) [Subject::Task(self.id)];
    RunRef(self) [Subject::Run(self.run)];
    WaitRun(self) [Subject::Run(self.run)];
    SendInput(self) [Subject::Run(self.run)];
    ReadLog(self) [Subject::Run(self.run)];
    ReadLines(self) [Subject::Run(self.run)];
    SearchLog(self) [Subject::Run(self.run)];
    GetDiff(self) [Subject::Run(self.run)];
    HeartbeatRun(self) [Subject::Run(self.run)];
    FinishRun(self) [Subject::Run(self.run)];
    HeldRun(self) [Subject::Run(self.run)];
    ReportProgress(self) [Subject::Run(self.run)];
    AskPerson(self) [Subject::Run(self.run)];
    GetAnswer(self) [Subject::Run(self.run)];
    AddArtifact(self) [Subject::Run(self.run)];
    CreateSubtask(self) [Subject::Run(self.run)];
    HandOff(self) [Subject::Run(self.run)];
    DependOn(self) [Subject::Run(self.run)];
    ReadResult(self) [Subject::Run(self.run)];
    ReadArtifact(self) [Subject::Artifact(self.id)];
    ClaimTask(self) [Subject::Agent(self.agent.clone())];
    AgentRef(self) [Subject::Agent(self.name.clone())];
    EnrollAgent(self) [Subject::Agent(self.name.clone())];
}

impl Concerns for ListTasks {
    /// The cards that it names, else those of the project.
    fn concerns(&self) -> Vec<Subject> {
        match &self.ids {
            Some(ids) if !ids.is_empty() => ids.iter().copied().map(Subject::Task).collect(),
            _ => vec![Subject::Project(self.project)],
        }
    }
}

impl Concerns for PutTask {
    fn concerns(&self) -> Vec<Subject> {
        match (self.id, self.project) {
            (Some(id), None) => vec![Subject::Task(id)],
            (Some(id), project) => vec![Subject::Task(id), Subject::Project(project)],
            (None, project) => vec![Subject::Project(project)],
        }
    }
}

impl Concerns for AddTask {
    fn concerns(&self) -> Vec<Subject> {
        [Subject::Project(self.project)].into_iter().chain(self.parent.map(Subject::Task)).collect()
    }
}

impl Concerns for SetParent {
    fn concerns(&self) -> Vec<Subject> {
        [Subject::Task(self.id)].into_iter().chain(self.parent.map(Subject::Task)).collect()
    }
}

impl Concerns for EditTask {
    /// A card that changes its project leaves a scope or enters one.
    fn concerns(&self) -> Vec<Subject> {
        let to = self.project.map(|project| Subject::Project(Some(project)));
        [Subject::Task(self.id)].into_iter().chain(to).collect()
    }
}

impl Concerns for StartRun {
    fn concerns(&self) -> Vec<Subject> {
        [Subject::Task(self.task)].into_iter().chain(self.resume.map(Subject::Run)).collect()
    }
}
