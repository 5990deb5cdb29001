//! Starts what the plan says. The decision itself is `domain::dispatch::plan`; here a snapshot is read
//! for it, and its answer carried out. Woken by commits and by the next timer, never by polling.

#[cfg(test)]
mod model;

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use agents::Kind;
use domain::{
    Actor, Column, Id, Millis, ProjectId, RunId, Status, TaskId,
    breaker::{BreakerRule, Gate},
    dispatch::{
        Ability, Account, Candidate, Choice, Lane, Limit, LiveRun, Plan, Snapshot, Start, Worker, plan,
    },
    limits::RunLimits,
    policy::{PARALLEL, ProjectPolicy, QueuePolicy},
    routing::{Phase, route},
};
use store::{
    BreakerRecord, Breaks, LimitOn, Limits, LiveRunRecord, Origin, ProjectRecord, QueuedTask,
    RepositoryLimit, Store, TrackRecord,
};

use crate::{Engine, RunRequest, agents_found::FoundAgent, error::EngineError};

/// Under which the queue's policy is kept.
pub const POLICY: &str = "queue";
/// Between two passes, so that a flood of commits does not become a flood of plans.
pub(crate) const PACE: Duration = Duration::from_millis(25);
/// The runs that settle ties between agents: those of a day, in milliseconds.
const RECENT: Millis = 24 * 60 * 60 * 1_000;
/// Tasks read of each project at first; four times as many when none of these could start.
const PAGE: u32 = 64;
/// Ready tasks that are explained, at most: all of them where the board is smaller.
const EXPLAINED: u32 = 20_000;
/// The terminal of a run that nobody has opened yet.
const SIZE: (u16, u16) = (120, 32);

/// What the plan was made from, as far as sentences and limits need it.
struct World {
    policy: QueuePolicy,
    projects: HashMap<ProjectId, (String, ProjectPolicy)>,
    repositories: Vec<RepositoryLimit>,
    agents: Vec<FoundAgent>,
    live: Vec<LiveRunRecord>,
    breakers: Vec<BreakerRecord>,
    served: HashMap<String, u64>,
    in_review: u32,
    now: Millis,
}

/// A plan with what its sentences need.
#[derive(Clone, Debug)]
pub struct Planned {
    pub paused: bool,
    pub in_flight: u32,
    /// Runs at one time, as far as the dispatcher goes.
    pub parallel: u32,
    /// The plan's starts, in its order, with their models.
    pub starts: Vec<PlannedRun>,
    pub plan: Plan,
    pub projects: HashMap<TaskId, Option<ProjectId>>,
    pub agents: Vec<AgentAtWork>,
}

/// See [`Engine::glance`].
#[derive(Clone, Debug)]
pub struct Glance {
    pub paused: bool,
    pub in_flight: u32,
    pub parallel: u32,
    pub starts: Vec<PlannedRun>,
    /// Their records are not read.
    pub agents: Vec<AgentAtWork>,
}

#[derive(Clone, Debug)]
pub struct PlannedRun {
    pub task: TaskId,
    pub agent: String,
    pub model: Option<String>,
    /// Why this agent and this model.
    pub rule: String,
}

/// An agent as the queue sees it.
#[derive(Clone, Debug)]
pub struct AgentAtWork {
    pub name: String,
    pub installed: bool,
    pub live: u32,
    pub capacity: Option<u32>,
    pub record: TrackRecord,
    /// Failures in a row that count against it, and the rule that they are measured by.
    pub failures: u32,
    pub rule: BreakerRule,
    breaker: Gate,
    /// Its own usage limit is reached until then.
    resting_until: Option<Millis>,
    account: Option<(String, Account)>,
}

impl AgentAtWork {
    /// Why it gets no work, if so. `clock` writes a time for people.
    pub fn trouble(&self, clock: &dyn Fn(Millis) -> String) -> Option<String> {
        let of = |whose: &str, gate: Gate| match gate {
            Gate::Closed => None,
            Gate::Open { probe_at } => {
                Some(format!("breaker open for {whose}, probe at {}", clock(probe_at)))
            }
            Gate::Probe => Some(format!("breaker open for {whose}, the next run probes it")),
            Gate::Probing { run } => Some(format!("breaker open for {whose}, run {run} probes it")),
        };
        let reached = |name: &str, until| format!("usage limit of {name} reached, until {}", clock(until));
        let account = self.account.as_ref().and_then(|(name, account)| match account.resting_until {
            Some(until) => Some(reached(name, until)),
            None => of(name, account.breaker),
        });
        let own = self.resting_until.map(|until| reached(&self.name, until));
        account.or(own).or_else(|| of(&self.name, self.breaker))
    }
}

impl Engine {
    pub async fn queue_policy(&self) -> Result<QueuePolicy, EngineError> {
        policy_in(self.store()).await
    }

    /// What would start next, where, and why everything else waits. Changes nothing.
    pub async fn plan(&self) -> Result<Planned, EngineError> {
        let world = self.world().await?;
        let tasks = self.store().ready_tasks(EXPLAINED).await?;
        let projects = tasks.iter().map(|task| (task.id, task.project)).collect();
        let used_up = self.used_up_for(&world, &tasks).await?;
        let plan = plan(&world.snapshot(tasks, &used_up));
        let mut starts = Vec::new();
        for start in &plan.starts {
            let (model, rule) = self.routed(&world, start).await?;
            starts.push(PlannedRun { task: start.task, agent: start.agent.clone(), model, rule });
        }
        let records = self.store().track_records(self.today(), world.now).await?;
        Ok(Planned {
            paused: world.policy.paused,
            in_flight: world.in_flight() as u32,
            parallel: world.policy.parallel.unwrap_or(PARALLEL),
            starts,
            projects,
            agents: world
                .agents
                .iter()
                .filter(|agent| agent.name != "custom")
                .map(|agent| world.agent_at_work(agent, records.get(&agent.name).copied()))
                .collect(),
            plan,
        })
    }

    /// The queue at a glance: what starts next if this engine starts cards, and the agents' load. Reads the
    /// front of the queue only, whatever its length.
    pub async fn glance(&self) -> Result<Glance, EngineError> {
        let world = self.world().await?;
        let mut starts = Vec::new();
        if self.dispatches() && !world.policy.paused {
            for start in self.plan_startable(&world).await?.starts {
                let (model, rule) = self.routed(&world, &start).await?;
                starts.push(PlannedRun { task: start.task, agent: start.agent, model, rule });
            }
        }
        let agents = world.agents.iter().filter(|agent| agent.name != "custom");
        Ok(Glance {
            paused: world.policy.paused,
            in_flight: world.live.len() as u32,
            parallel: world.policy.parallel.unwrap_or(PARALLEL),
            agents: agents.map(|agent| world.agent_at_work(agent, None)).collect(),
            starts,
        })
    }

    /// Runs that the limit of the whole board counts; see [`Engine::limits_for`].
    pub async fn in_flight(&self, policy: &QueuePolicy) -> Result<u32, EngineError> {
        let on = if policy.parallel.is_some() { LimitOn::Total } else { LimitOn::Here };
        Ok(self.store().count_at_work(&on).await?)
    }

    /// The breakers that a run of the agent moves.
    pub async fn breakers_of(&self, agent: &str) -> Result<Vec<Breaks>, EngineError> {
        let found = self.agent(agent).await?;
        let account = found.and_then(|agent| account_of(agent.profile.kind));
        let account = account.map(|name| Breaks::Account(name.to_owned()));
        Ok([Some(Breaks::Agent(agent.to_owned())), account].into_iter().flatten().collect())
    }

    async fn routed(&self, world: &World, start: &Start) -> Result<(Option<String>, String), EngineError> {
        let task = self.store().task(start.task).await?;
        let models = world.policy.models.get(&start.agent).cloned().unwrap_or_default();
        let routed = route(
            &task.title,
            &task.description,
            task.priority,
            world.phase(&start.agent),
            task.routing.model.as_deref(),
            &models,
        );
        let rule = format!("{}; model: {}", start.rule, routed.rule);
        Ok((routed.model, rule))
    }

    /// Carries out plans until the engine stops.
    pub(crate) async fn dispatch(self) {
        let mut events = self.events();
        // Before the first look at the machine no agent seems to be installed.
        self.agent_env().await;
        loop {
            let wake = match self.dispatch_once().await {
                Ok(wake) => wake,
                Err(error) => {
                    tracing::warn!(%error, "the queue could not be looked through");
                    Some(self.now() + 5_000)
                }
            };
            // Finding nothing queued costs next to nothing, and what is queued a moment later does not wait.
            if wake.is_some() {
                tokio::time::sleep(PACE).await;
            }
            tokio::select! {
                news = events.news() => if news.is_none() { return },
                () = self.come(wake) => {}
            }
        }
    }

    /// One pass. Returns when to look again although nothing happens; none: nothing is queued.
    pub(crate) async fn dispatch_once(&self) -> Result<Option<Millis>, EngineError> {
        if !self.store().has_queued().await? {
            // What is ready and not queued has no timer that the dispatcher waits for.
            return Ok(None);
        }
        let world = self.world().await?;
        // The budgets of a day begin anew with the next.
        let tomorrow = Some(self.tomorrow());
        let mut wake = world.next_gate().into_iter().chain(tomorrow).min();
        if let Some(timer) = self.store().next_timer(world.now).await? {
            wake = Some(wake.map_or(timer, |at| at.min(timer)));
        }
        if world.policy.paused {
            return Ok(wake);
        }
        let plan = self.plan_startable(&world).await?;
        for run in plan.preempt {
            self.make_way(run);
        }
        for start in plan.starts {
            if let Err(error) = self.start_planned(&world, &start).await {
                // Somebody else was quicker, or the world changed: the next pass sees it as it is.
                tracing::debug!(%error, task = %start.task.key(), "a planned start did not happen");
            }
        }
        Ok(wake)
    }

    /// The plan over as many tasks as it takes: those at the front may all be waiting for an agent.
    async fn plan_startable(&self, world: &World) -> Result<Plan, EngineError> {
        let mut page = PAGE;
        loop {
            let (tasks, more) = world.startable(self.store(), page).await?;
            let used_up = self.used_up_for(world, &tasks).await?;
            let plan = plan(&world.snapshot(tasks, &used_up));
            if !more || !plan.starts.is_empty() || !plan.preempt.is_empty() || world.is_full() {
                return Ok(plan);
            }
            page = page.saturating_mul(4);
        }
    }

    async fn used_up_for(
        &self,
        world: &World,
        tasks: &[QueuedTask],
    ) -> Result<HashMap<TaskId, String>, EngineError> {
        let projects = world.projects.iter().map(|(id, (_, policy))| (*id, policy.clone())).collect();
        let tasks: Vec<_> = tasks.iter().map(|task| (task.id, task.project)).collect();
        self.used_up(&world.policy, &projects, &tasks).await
    }

    async fn world(&self) -> Result<World, EngineError> {
        World::read(self.store(), self.agents().await?, self.now()).await
    }

    /// Stops a run for a more urgent one. Its task stays queued and continues later.
    fn make_way(&self, run: RunId) {
        let engine = self.clone();
        self.own(async move {
            if let Err(error) = engine.stop_run_for(run, Actor::Engine).await {
                tracing::warn!(%error, %run, "a run did not make way");
            }
        });
    }

    async fn start_planned(&self, world: &World, start: &Start) -> Result<(), EngineError> {
        let (model, rule) = self.routed(world, start).await?;
        let request = RunRequest {
            task: start.task,
            agent: start.agent.clone(),
            unattended: Some(true),
            model,
            argv: None,
            cols: SIZE.0,
            rows: SIZE.1,
            resume: None,
            skip_permissions: false,
            origin: Origin::Dispatcher,
            rule: Some(rule),
            review: None,
        };
        self.begin_in_background(request).await
    }

    /// When runs of a project's cards are ended from outside.
    pub(crate) async fn run_limits(&self, project: Option<ProjectId>) -> Result<RunLimits, EngineError> {
        let board = self.queue_policy().await?.limits;
        Ok(match project {
            Some(id) => policy_of(&self.store().project(id).await?).limits.over(board),
            None => board,
        })
    }

    /// The same of one card's.
    pub(crate) async fn limits_of(&self, task: TaskId) -> Result<RunLimits, EngineError> {
        let project = self.store().task(task).await?.project;
        self.run_limits(project).await
    }

    /// The limits that a start on `agent` must respect, whoever asks for it.
    pub(crate) async fn limits_for(
        &self,
        agent: &str,
        project: Option<ProjectId>,
        origin: Origin,
    ) -> Result<Vec<Limits>, EngineError> {
        let found = self.agent(agent).await?;
        limits_in(self.store(), agent, found.as_ref(), project, origin).await
    }

    /// The limits of a column that a person moves a card to.
    pub async fn column_limits(&self, column: Column) -> Result<Vec<Limits>, EngineError> {
        let review = match column {
            Status::Review => self.queue_policy().await?.review,
            Status::Inbox
            | Status::Ready
            | Status::InProgress
            | Status::Done
            | Status::Failed
            | Status::Cancelled => None,
        };
        let limit = |limit| Limits { on: LimitOn::Review, limit, name: "Review".into() };
        Ok(review.map(limit).into_iter().collect())
    }
}

async fn policy_in(store: &Store) -> Result<QueuePolicy, EngineError> {
    Ok(store.setting(POLICY).await?.unwrap_or_default())
}

async fn limits_in(
    store: &Store,
    agent: &str,
    found: Option<&FoundAgent>,
    project: Option<ProjectId>,
    origin: Origin,
) -> Result<Vec<Limits>, EngineError> {
    let policy = policy_in(store).await?;
    let mut limits = Vec::new();
    let mut add = |on, limit: Option<u32>, name: &str| {
        limits.extend(limit.map(|limit| Limits { on, limit, name: name.to_owned() }));
    };
    // What a person set counts for everybody. The dispatcher's own default is for this machine, where
    // what agents pulled does not run.
    match (policy.parallel, origin) {
        (Some(most), _) => add(LimitOn::Total, Some(most), "flight"),
        (None, Origin::Person) => {}
        (None, Origin::Dispatcher | Origin::Pulled) => add(LimitOn::Here, Some(PARALLEL), "flight"),
    }
    add(LimitOn::Agent(agent.to_owned()), found.and_then(capacity), &format!("flight for {agent}"));
    if let Some(id) = project {
        let record = store.project(id).await?;
        let name = format!("project {}", record.name);
        add(LimitOn::Project(id), policy_of(&record).limit, &name);
        for limited in store.repository_limits().await? {
            if limited.projects.contains(&id) {
                let name = limited.name();
                add(LimitOn::Repository(limited.path), Some(limited.limit), &name);
            }
        }
    }
    if origin != Origin::Person {
        add(LimitOn::Review, policy.review, "Review");
    }
    Ok(limits)
}

pub(crate) fn policy_of(record: &ProjectRecord) -> ProjectPolicy {
    policy_from(record.settings.clone(), &record.name)
}

/// A project without readable settings is one with the defaults.
pub(crate) fn policy_from(settings: serde_json::Value, name: &str) -> ProjectPolicy {
    serde_json::from_value(settings).unwrap_or_else(|error| {
        tracing::warn!(%error, project = name, "the project's policy cannot be read");
        ProjectPolicy::default()
    })
}

impl World {
    async fn read(store: &Store, agents: Vec<FoundAgent>, now: Millis) -> Result<World, EngineError> {
        let mut projects = HashMap::new();
        for (id, name, settings) in store.project_settings().await? {
            let policy = policy_from(settings, &name);
            projects.insert(id, (name, policy));
        }
        let policy = policy_in(store).await?;
        // Only ties between equally loaded agents ask for it.
        let served = match policy.choice {
            Choice::InOrder => Vec::new(),
            Choice::LeastLoaded | Choice::Cheapest => store.served_since(now - RECENT).await?,
        };
        let in_review = match policy.review {
            Some(_) => store.count_in_review().await?,
            None => 0,
        };
        Ok(World {
            policy,
            projects,
            repositories: store.repository_limits().await?,
            agents,
            live: store.runs_at_work().await?,
            breakers: store.breakers().await?,
            served: served.into_iter().collect(),
            in_review,
            now,
        })
    }

    /// Up to `page` tasks of each project that nothing but a free place keeps, and whether there may be
    /// more.
    async fn startable(&self, store: &Store, page: u32) -> Result<(Vec<QueuedTask>, bool), EngineError> {
        let (mut tasks, mut more) = (Vec::new(), false);
        for project in self.projects.keys().copied().map(Some).chain([None]) {
            let found = store.startable(project, self.now, page).await?;
            more |= found.len() as u32 == page;
            tasks.extend(found);
        }
        Ok((tasks, more))
    }

    /// The project's limited repositories, by their place in the list.
    fn repositories_of(&self, project: Option<ProjectId>) -> Vec<u32> {
        let works_there =
            |limited: &RepositoryLimit| project.is_some_and(|id| limited.projects.contains(&id));
        (0..).zip(&self.repositories).filter(|(_, limited)| works_there(limited)).map(|(at, _)| at).collect()
    }

    fn snapshot(&self, tasks: Vec<QueuedTask>, used_up: &HashMap<TaskId, String>) -> Snapshot {
        let mut in_flight: HashMap<u64, u32> = HashMap::new();
        for run in &self.live {
            *in_flight.entry(self.share(run.project, &run.tags)).or_default() += 1;
        }
        Snapshot {
            now: self.now,
            candidates: tasks.into_iter().map(|task| self.candidate(task, used_up)).collect(),
            workers: self.workers(),
            accounts: self.accounts(),
            limits: self.limits(),
            live: self.live.iter().map(|run| self.live_run(run)).collect(),
            in_flight,
            paused: self.paused(),
            choice: self.policy.choice,
            preempt: self.policy.preempt,
        }
    }

    fn candidate(&self, task: QueuedTask, used_up: &HashMap<TaskId, String>) -> Candidate {
        let of_project = task.project.and_then(|id| self.projects.get(&id)).map(|(_, policy)| &policy.agents);
        let chain = [Some(&task.chain), of_project, Some(&self.policy.agents)]
            .into_iter()
            .flatten()
            .find(|list| !list.is_empty())
            .cloned()
            .unwrap_or_default();
        Candidate {
            task: task.id,
            project: task.project,
            order: task.order,
            share: self.share(task.project, &task.tags),
            automatic: task.queued,
            assignee: task.assignee,
            chain,
            skills: task.skills,
            not_before: task.not_before,
            held: task.held,
            stopped: task.stopped,
            blockers: task.blockers,
            repositories: self.repositories_of(task.project),
            over_budget: used_up.get(&task.id).cloned(),
        }
    }

    fn agent_at_work(&self, agent: &FoundAgent, record: Option<TrackRecord>) -> AgentAtWork {
        let account = account_of(agent.profile.kind).and_then(|name| {
            let mut account = self.accounts().remove(name)?;
            account.resting_until = account.resting_until.filter(|until| *until > self.now);
            Some((name.to_owned(), account))
        });
        let own = Breaks::Agent(agent.name.clone());
        AgentAtWork {
            name: agent.name.clone(),
            installed: agent.path.is_some(),
            live: self.live.iter().filter(|run| run.agent == agent.name).count() as u32,
            capacity: capacity(agent),
            record: record.unwrap_or_default(),
            failures: self.record_of(&own).map_or(0, |record| record.breaker.failures),
            rule: agent.agent.breaker.unwrap_or(self.policy.breaker),
            breaker: self.breaker(&own),
            resting_until: self.resting_until(&own).filter(|until| *until > self.now),
            account,
        }
    }

    /// An agent whose role it is to plan has a plan to make.
    fn phase(&self, agent: &str) -> Phase {
        let found = self.agents.iter().find(|found| found.name == agent);
        match found.and_then(|found| found.agent.role.as_deref()) {
            Some("planner") => Phase::Plan,
            Some(_) | None => Phase::Code,
        }
    }

    /// Whom a task takes turns with.
    fn share(&self, project: Option<ProjectId>, tags: &[String]) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self.policy.share_by_tags.iter().find(|tag| tags.contains(tag)) {
            Some(tag) => tag.hash(&mut hasher),
            None => project.map_or(0, Id::raw).hash(&mut hasher),
        }
        hasher.finish()
    }

    fn workers(&self) -> Vec<Worker> {
        let known = self.agents.iter().filter(|agent| agent.name != "custom");
        known
            .map(|agent| (agent, Breaks::Agent(agent.name.clone())))
            .map(|(agent, own)| Worker {
                name: agent.name.clone(),
                ability: match &agent.path {
                    _ if !agent.agent.enabled => Ability::Disabled,
                    Some(_) => Ability::Able,
                    None => Ability::NotInstalled,
                },
                skills: agent.agent.skills.clone(),
                capacity: capacity(agent).unwrap_or(u32::MAX),
                live: self.live.iter().filter(|run| run.agent == agent.name).count() as u32,
                served: self.served.get(&agent.name).copied().unwrap_or(0),
                cost: self.policy.costs.get(&agent.name).copied(),
                breaker: self.breaker(&own),
                resting_until: self.resting_until(&own),
                account: account_of(agent.profile.kind).map(str::to_owned),
            })
            .collect()
    }

    fn record_of(&self, whose: &Breaks) -> Option<&BreakerRecord> {
        self.breakers.iter().find(|record| record.whose == *whose)
    }

    fn breaker(&self, whose: &Breaks) -> Gate {
        self.record_of(whose).map_or(Gate::Closed, |record| record.breaker.gate(self.now))
    }

    fn resting_until(&self, whose: &Breaks) -> Option<Millis> {
        self.record_of(whose)?.resting_until
    }

    fn accounts(&self) -> BTreeMap<String, Account> {
        self.breakers
            .iter()
            .filter_map(|record| match &record.whose {
                Breaks::Account(name) => Some((
                    name.clone(),
                    Account { breaker: record.breaker.gate(self.now), resting_until: record.resting_until },
                )),
                Breaks::Agent(_) => None,
            })
            .collect()
    }

    fn limits(&self) -> BTreeMap<Lane, Limit> {
        let limit = |name: String, limit, used: usize| Limit { name, limit, used: used as u32 };
        let parallel = self.policy.parallel.unwrap_or(PARALLEL);
        let mut limits = BTreeMap::from([(Lane::Total, limit("flight".into(), parallel, self.in_flight()))]);
        for (id, (name, policy)) in &self.projects {
            if let Some(most) = policy.limit {
                let used = self.live.iter().filter(|run| run.project == Some(*id)).count();
                limits.insert(Lane::Project(*id), limit(format!("project {name}"), most, used));
            }
        }
        for (at, limited) in (0..).zip(&self.repositories) {
            let works_there =
                |run: &&LiveRunRecord| run.project.is_some_and(|id| limited.projects.contains(&id));
            let used = self.live.iter().filter(works_there).count();
            limits.insert(Lane::Repository(at), limit(limited.name(), limited.limit, used));
        }
        if let Some(most) = self.policy.review {
            limits.insert(
                Lane::Column(Status::Review),
                Limit { name: "Review".into(), limit: most, used: self.in_review },
            );
        }
        limits
    }

    fn live_run(&self, run: &LiveRunRecord) -> LiveRun {
        LiveRun {
            run: run.run,
            task: run.task,
            agent: run.agent.clone(),
            project: run.project,
            repositories: self.repositories_of(run.project),
            priority: run.priority,
            started_at: run.started_at,
            preemptible: run.origin == Origin::Dispatcher && !run.interactive,
            leaving: run.leaving,
        }
    }

    fn paused(&self) -> BTreeMap<ProjectId, String> {
        let reason = |(id, (_, policy)): (&ProjectId, &(String, ProjectPolicy))| {
            policy.paused.clone().map(|reason| (*id, reason))
        };
        self.projects.iter().filter_map(reason).collect()
    }

    /// Runs that the limit of the whole board counts; see [`Engine::limits_for`].
    fn in_flight(&self) -> usize {
        let everywhere = self.policy.parallel.is_some();
        self.live.iter().filter(|run| everywhere || run.origin != Origin::Pulled).count()
    }

    fn is_full(&self) -> bool {
        self.in_flight() as u32 >= self.policy.parallel.unwrap_or(PARALLEL)
    }

    /// When a breaker lets a probe through or an account has rested.
    fn next_gate(&self) -> Option<Millis> {
        let times = self.breakers.iter().flat_map(|record| [record.breaker.probe_at, record.resting_until]);
        times.flatten().filter(|at| *at > self.now).min()
    }
}

/// How many runs an agent may have at one time. Of one that nobody set up nothing is known, and the
/// board's own limit has to do.
fn capacity(agent: &FoundAgent) -> Option<u32> {
    agent.record.as_ref().map(|_| agent.agent.max_capacity)
}

/// Usage limits and outages are the provider's, whichever of its agents meets them.
pub(crate) fn account_of(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Claude => Some("anthropic"),
        Kind::Codex => Some("openai"),
        Kind::Gemini => Some("google"),
        Kind::Qwen => Some("qwen"),
        // They serve many providers; their own breaker is all that is known.
        Kind::Opencode | Kind::Aider | Kind::Demo | Kind::Plain | Kind::Custom => None,
    }
}
