//! From a request to a running agent: the run's row, the workspace, `TASK.md`, the launch plan, the
//! pty-host. Whatever fails on the way is undone, and the row says why.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};

use agents::{LaunchContext, LaunchPlan, Mode, TaskBrief, ToolServer};
use domain::{Actor, Cause, ProjectId, Role, RunId, Scope, TaskId, limits::Stage};
use pty_host::{Launch, SpawnError, StartFailure};
use serde::Deserialize;
use store::{LimitOn, NewKey, NewRun, Origin, ProjectRecord, RunRecord, StartFacts, StoreError, TaskRecord};
use workspaces::Workspace;

use crate::{
    Engine,
    agents_found::{self, FoundAgent},
    dispatcher::account_of,
    error::EngineError,
    reviewer::{PROMPT, ReviewOrder, ReviewWork},
    run_plan::RunPlan,
};

/// What a caller wants started.
#[derive(Clone, Debug)]
pub struct RunRequest {
    pub task: TaskId,
    pub agent: String,
    /// None: the agent's own screen.
    pub unattended: Option<bool>,
    pub model: Option<String>,
    /// The command of the agent `custom`.
    pub argv: Option<Vec<OsString>>,
    pub cols: u16,
    pub rows: u16,
    /// Continue the agent's session of this earlier run of the same task.
    pub resume: Option<RunId>,
    pub skip_permissions: bool,
    pub origin: Origin,
    /// Why this agent and this model; none where a person chose.
    pub rule: Option<String>,
    /// It judges the task's work instead of doing it.
    pub review: Option<ReviewOrder>,
}

/// A run that holds its task and has nothing else yet.
struct Begun {
    run: RunRecord,
    request: RunRequest,
    agent: FoundAgent,
    /// The agent's session to go on with.
    session: Option<String>,
}

/// Where a run works and what it is told.
struct Room<'a> {
    /// The agent's working directory: the workspace, or a reviewer's copy of it.
    place: &'a Path,
    workspace: &'a Workspace,
    prompt: String,
    run_dir: &'a Path,
    ports: u16,
    trusted: bool,
    stage: Stage,
}

impl RunRequest {
    fn mode(&self) -> Mode {
        if self.unattended == Some(true) { Mode::Unattended } else { Mode::Interactive }
    }
}

/// The part of a project's settings that launching needs; written by the app.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LaunchSettings {
    pub base: String,
    pub setup: Vec<String>,
    pub in_place: bool,
    trusted: bool,
}

impl LaunchSettings {
    pub fn of(project: &ProjectRecord) -> LaunchSettings {
        serde_json::from_value(project.settings.clone()).unwrap_or_default()
    }
}

impl Engine {
    /// Starts an agent on a task and returns once it runs. The start goes on if the caller goes away.
    pub async fn start_run(&self, request: RunRequest) -> Result<RunRecord, EngineError> {
        let begun = self.begin(request).await?;
        let engine = self.clone();
        let id = begun.run.id;
        let work = tokio::spawn(async move { engine.carry_out(begun).await });
        match work.await {
            Ok(started) => started,
            Err(error) => {
                // The row must not stay in preparation for ever.
                let reason = format!("the start ended abnormally: {error}");
                self.store().run_not_started(id, reason.clone(), self.now()).await?;
                Err(EngineError::Internal(reason))
            }
        }
    }

    /// The same, returning as soon as the run holds its task; what then fails is in the run's row.
    pub(crate) async fn begin_in_background(&self, request: RunRequest) -> Result<(), EngineError> {
        let begun = self.begin(request).await?;
        let engine = self.clone();
        self.own(async move {
            // Stored with the run, and counted there.
            let _ = engine.carry_out(begun).await;
        });
        Ok(())
    }

    /// Asks what can be asked before anything exists, then makes the run that holds the task.
    async fn begin(&self, request: RunRequest) -> Result<Begun, EngineError> {
        let agent = self.installed(&request).await?;
        let task = self.store().task(request.task).await?;
        let request = self.with_session(request, &agent, &task).await?;
        let session = self.session_to_resume(&request).await?;
        let request = RunRequest { model: request.model.or(agent.agent.model.clone()), ..request };
        self.end_review_for(&request).await?;
        let mut limits = self.limits_for(&request.agent, task.project, request.origin).await?;
        if request.review.is_some() {
            // What is judged stands in Review already; a full column must not keep its own cards there.
            limits.retain(|limit| limit.on != LimitOn::Review);
        }
        let new = NewRun {
            task: request.task,
            agent: request.agent.clone(),
            mode: if request.unattended == Some(true) { "unattended".into() } else { "interactive".into() },
            model: request.model.clone(),
            origin: request.origin,
            rule: request.rule.clone(),
            account: account_of(agent.profile.kind).map(str::to_owned),
            limits,
            lease: 0,
        };
        let actor = match request.origin {
            Origin::Person => Actor::Person,
            Origin::Dispatcher | Origin::Pulled => Actor::Engine,
        };
        let run = match &request.review {
            Some(order) => self.store().begin_review(new, order.turn, self.now()).await?,
            None => self.store().begin_run(new, actor, self.now()).await?,
        };
        Ok(Begun { run, request, agent, session })
    }

    /// The agent, if it can be started at all: asked before a run exists.
    async fn installed(&self, request: &RunRequest) -> Result<FoundAgent, EngineError> {
        let Some(agent) = self.agent(&request.agent).await? else {
            let all = self.agents().await?;
            let names: Vec<String> = all.into_iter().map(|agent| agent.name).collect();
            return Err(EngineError::Invalid {
                message: format!("there is no agent “{}”", request.agent),
                next: Some(format!("choose one of {}", names.join(", "))),
            });
        };
        if !agent.agent.enabled {
            return Err(EngineError::Conflict {
                message: format!("{} is switched off", agent.title),
                next: Some(format!("switch it on: flightboard agents register {} --enable", agent.name)),
            });
        }
        if agent.name == "custom" {
            let has_command = request.argv.as_ref().is_some_and(|argv| !argv.is_empty());
            return if has_command {
                Ok(agent)
            } else {
                Err(EngineError::Invalid {
                    message: "the agent custom needs a command".into(),
                    next: Some("give the command and its arguments, e.g. `-- make test`".into()),
                })
            };
        }
        if agent.path.is_none() {
            return Err(not_installed(&agent));
        }
        if let Some(problem) = agents_found::missing_variable(&agent.profile, &self.agent_env().await) {
            return Err(EngineError::Unavailable {
                message: format!("{} cannot start: {problem}", agent.title),
                next: Some("set it in your shell's start-up file, then start Flightboard again".into()),
            });
        }
        Ok(agent)
    }

    async fn session_to_resume(&self, request: &RunRequest) -> Result<Option<String>, EngineError> {
        let Some(earlier) = request.resume else { return Ok(None) };
        let earlier = self.store().run(earlier).await?;
        if earlier.task != request.task || earlier.agent != request.agent || earlier.review.is_some() {
            return Err(EngineError::Invalid {
                message: "only work of the same agent on the same task can be resumed".into(),
                next: None,
            });
        }
        earlier.session.map(Some).ok_or(EngineError::Conflict {
            message: format!("run {} has no session that could be resumed", earlier.attempt),
            next: Some("start a new run instead".into()),
        })
    }

    /// A person who starts new work on a card does not wait for a verdict on the old.
    async fn end_review_for(&self, request: &RunRequest) -> Result<(), EngineError> {
        if request.origin != Origin::Person || request.review.is_some() {
            return Ok(());
        }
        let runs = self.store().runs_of(request.task).await?;
        match runs.iter().find(|run| run.state.is_live() && run.review.is_some()) {
            Some(judging) => self.stop_run(judging.id).await.map(|_| ()),
            None => Ok(()),
        }
    }

    async fn carry_out(&self, begun: Begun) -> Result<RunRecord, EngineError> {
        let Begun { run, request, agent, session: resume } = begun;
        match self.prepare_and_spawn(&run, &request, &agent, resume).await {
            Ok((plan, facts)) => {
                let version_known = facts.agent_version.is_some();
                // The agent is at work already: not to be told so is no option.
                let started = || self.store().run_started(run.id, facts.clone(), self.now());
                self.once_there_is_room(run.task, started).await?;
                if !version_known {
                    self.note_version(run.id, agent.profile);
                }
                self.supervise(self.store().run(run.id).await?, plan, false).await?;
                Ok(self.store().run(run.id).await?)
            }
            Err(error) => {
                tracing::info!(run = %run.id, %error, "a run could not start");
                let cause = match &error {
                    EngineError::TimedOut { .. } => Cause::Timeout,
                    _ => Cause::CouldNotStart,
                };
                self.close_not_started(&run, cause, error.with_next_step()).await?;
                Err(error)
            }
        }
    }

    /// Puts the card back. On a full disk whoever asked is answered now and the card follows once
    /// there is room.
    pub(crate) async fn close_not_started(
        &self,
        run: &RunRecord,
        cause: Cause,
        reason: String,
    ) -> Result<(), EngineError> {
        match self.store().run_not_prepared(run.id, cause, reason.clone(), self.now()).await {
            Err(StoreError::DiskFull) => {
                let (engine, id, task) = (self.clone(), run.id, run.task);
                self.own(async move {
                    let close = || engine.store().run_not_prepared(id, cause, reason.clone(), engine.now());
                    if let Err(error) = engine.once_there_is_room(task, close).await {
                        tracing::error!(%error, run = %id, "a run that did not start could not be closed");
                    }
                });
                Ok(())
            }
            outcome => Ok(outcome?),
        }
    }

    async fn prepare_and_spawn(
        &self,
        run: &RunRecord,
        request: &RunRequest,
        agent: &FoundAgent,
        resume: Option<String>,
    ) -> Result<(RunPlan, StartFacts), EngineError> {
        let task = self.store().task(run.task).await?;
        let project = match task.project {
            Some(id) => Some(self.store().project(id).await?),
            None => None,
        };
        let run_dir = self.layout().run(run.id);
        make_private_dir(&run_dir)?;
        let ports = self.lease_ports(run.id)?;
        // Without a project the folder was empty when we made it.
        let trusted = project.as_ref().is_none_or(|project| LaunchSettings::of(project).trusted);
        if let Some(order) = &request.review {
            let (place, workspace) = self.place_of_review(run, order).await?;
            let stage = match order.work {
                ReviewWork::Check { timeout } => Stage::Check { timeout },
                ReviewWork::Agent => Stage::Review,
            };
            if let ReviewWork::Agent = order.work {
                self.enclose(run.task, &place).await?;
            }
            let brief = self.brief(&task, Some(agent), request.mode()).await?;
            let prompt = agents::review_prompt(&brief, workspaces::PATCH);
            write(&run_dir.join(PROMPT), prompt.as_bytes())?;
            let room = Room {
                place: &place,
                workspace: &workspace,
                prompt,
                run_dir: &run_dir,
                ports,
                trusted,
                stage,
            };
            return self.launch(run, request, agent, resume, &task, room).await;
        }
        let (workspace, fresh) = self.workspace_for(run, &task, project.as_ref(), ports).await?;
        let outcome = async {
            let brief = TaskBrief {
                repositories: workspace.directories.clone(),
                attachments: self.enclose(run.task, &workspace.path).await?,
                ..self.brief(&task, Some(agent), request.mode()).await?
            };
            write(&workspace.path.join("TASK.md"), agents::task_md(&brief).as_bytes())?;
            let prompt = agents::prompt(&brief);
            let room = Room {
                place: &workspace.path,
                workspace: &workspace,
                prompt,
                run_dir: &run_dir,
                ports,
                trusted,
                stage: Stage::Work,
            };
            self.launch(run, request, agent, resume, &task, room).await
        }
        .await;
        if outcome.is_err() && fresh {
            self.discard_fresh(run, workspace).await;
        }
        outcome
    }

    async fn launch(
        &self,
        run: &RunRecord,
        request: &RunRequest,
        agent: &FoundAgent,
        resume: Option<String>,
        task: &TaskRecord,
        room: Room<'_>,
    ) -> Result<(RunPlan, StartFacts), EngineError> {
        let Room { place, workspace, prompt, run_dir, ports, trusted, stage } = room;
        let new_session = uuid::Uuid::new_v4().to_string();
        // A reviewer reads; the task is not its own.
        let tools = if request.review.is_none() { self.tool_server() } else { None };
        let context = LaunchContext {
            mode: request.mode(),
            prompt: &prompt,
            program: agent.path.as_deref(),
            workspace: place,
            run_dir,
            artifacts: &place.join("artifacts"),
            task_key: &run.task.key(),
            title: &task.title,
            is_git: place.join(".git").exists(),
            model: request.model.as_deref(),
            resume_session: resume.as_deref(),
            session_id: resume.is_none().then_some(new_session.as_str()),
            skip_permissions: request.skip_permissions,
            trusted,
            tools: tools.as_ref(),
            custom_argv: request.argv.as_deref(),
        };
        let plan = agents::plan(&agent.profile, &context)
            .map_err(|error| EngineError::Invalid { message: error.to_string(), next: None })?;
        for (path, content) in &plan.files {
            write(path, content)?;
        }
        let run_plan = RunPlan { stage, ..RunPlan::of(agent.profile.kind, request.mode(), &plan, ports) };
        run_plan.save(run_dir)?;
        let session = resume.or_else(|| plan.expects.session_id.clone());
        let key = self.run_key(run).await?;
        let launch = Launch {
            run_id: run.id.0,
            argv: plan.argv.clone(),
            cwd: place.to_owned(),
            env: self.environment(&plan, workspace, place, run, ports, key).await,
            cols: request.cols,
            rows: request.rows,
            nice: nice(),
        };
        let argv = plan.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        self.spawn_host(run_dir.to_owned(), launch).await?;
        Ok((run_plan, StartFacts { argv, agent_version: agent.version.clone(), session }))
    }

    async fn spawn_host(&self, run_dir: PathBuf, launch: Launch) -> Result<(), EngineError> {
        let host = self.host_binary().to_owned();
        let spawned = tokio::task::spawn_blocking(move || pty_host::spawn(&host, &run_dir, &launch));
        match spawned.await {
            Ok(Ok(spawned)) => {
                tracing::debug!(host = spawned.host_pid, agent = spawned.agent_pid, "an agent started");
                Ok(())
            }
            // It began, and whoever looks for its host next finds that it is gone.
            Ok(Err(SpawnError::Vanished)) => Ok(()),
            Ok(Err(error)) => Err(start_failure(error)),
            Err(error) => Err(EngineError::Internal(format!("the start ended abnormally: {error}"))),
        }
    }

    /// A key with which the agent reaches its own card, for as long as the run lives.
    async fn run_key(&self, run: &RunRecord) -> Result<String, EngineError> {
        let new = NewKey {
            name: format!("run {}", run.id),
            role: Role::Agent,
            scope: Scope::Run { agent: run.agent.clone(), run: run.id, task: run.task },
            expires_at: None,
        };
        Ok(self.store().create_key(new, Actor::Engine, self.now()).await?.1)
    }

    /// The login shell's environment, less what describes other terminals, plus what this run needs.
    async fn environment(
        &self,
        plan: &LaunchPlan,
        workspace: &Workspace,
        place: &Path,
        run: &RunRecord,
        ports: u16,
        key: String,
    ) -> Vec<(OsString, OsString)> {
        let mut env: BTreeMap<OsString, OsString> = self.agent_env().await.into_iter().collect();
        for name in &plan.unset_env {
            env.remove(name);
        }
        let inherited = env.get(std::ffi::OsStr::new("GIT_CONFIG_COUNT")).cloned();
        env.extend(workspaces::agent_git_env(workspace, inherited.as_deref()));
        env.extend(workspaces::port_env(ports));
        env.insert("TERM".into(), "xterm-256color".into());
        env.insert("COLORTERM".into(), "truecolor".into());
        env.insert("FLIGHTBOARD_TASK".into(), run.task.key().into());
        env.insert(agents::RUN_VARIABLE.into(), run.id.to_string().into());
        env.insert(agents::KEY_VARIABLE.into(), key.into());
        env.insert("PWD".into(), place.into());
        env.extend(plan.env.iter().cloned());
        env.into_iter().collect()
    }

    /// The command line beside the pty-host, as a server of tools. None where it is not there, or a path
    /// cannot be written into an agent's configuration: agents then work without.
    fn tool_server(&self) -> Option<ToolServer> {
        let name = if cfg!(windows) { "flightboard.exe" } else { "flightboard" };
        let program = self.host_binary().with_file_name(name);
        let program = program.is_file().then_some(program)?;
        Some(ToolServer::new(program.to_str()?, self.layout().root().to_str()?))
    }

    pub(crate) async fn project_of(
        &self,
        id: Option<ProjectId>,
    ) -> Result<Option<ProjectRecord>, EngineError> {
        match id {
            Some(id) => Ok(Some(self.store().project(id).await?)),
            None => Ok(None),
        }
    }
}

fn not_installed(agent: &FoundAgent) -> EngineError {
    let (message, next) = match (agent.profile.program.as_str(), agent.install.as_str()) {
        ("", _) => (
            format!("{} has no program that could be started: it fetches its work itself", agent.title),
            format!("give it one: flightboard agents register {} --program NAME", agent.name),
        ),
        (program, "") => (
            format!("{} is not there: {program} was not found", agent.title),
            format!("check that `{program}` is installed and on your login shell's PATH"),
        ),
        (_, install) => (format!("{} is not installed", agent.title), format!("install it: {install}")),
    };
    EngineError::Unavailable { message, next: Some(next) }
}

/// How far agents stand back for the rest of the machine, the engine included. As `nice` counts.
const NICE: u8 = 10;

/// `FLIGHTBOARD_AGENT_NICE` (0 to 19) for who wants it otherwise.
fn nice() -> u8 {
    let wish = std::env::var("FLIGHTBOARD_AGENT_NICE").ok().and_then(|text| text.parse().ok());
    wish.unwrap_or(NICE).min(19)
}

fn start_failure(error: SpawnError) -> EngineError {
    let next = match &error {
        SpawnError::Start(StartFailure::ProgramNotFound { program }) => {
            Some(format!("check that `{program}` is installed and on your login shell's PATH"))
        }
        SpawnError::Start(StartFailure::NotExecutable { program }) => Some(format!("chmod +x {program}")),
        SpawnError::RunDir { .. } => {
            Some("check the free space and permissions of the data directory".into())
        }
        _ => None,
    };
    EngineError::Unavailable { message: format!("the agent could not be started: {error}"), next }
}

/// Run directories hold logs and prompts: for their owner's eyes only.
pub(crate) fn make_private_dir(path: &Path) -> Result<(), EngineError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(EngineError::io(format!("the run's folder {} cannot be made", path.display())))
}

pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), EngineError> {
    std::fs::write(path, content).map_err(EngineError::io(format!("{} cannot be written", path.display())))
}
