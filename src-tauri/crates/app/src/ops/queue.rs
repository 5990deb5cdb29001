//! The queue: handing cards to the dispatcher, what they wait for, the plan, verdicts, breakers.

use domain::{
    Actor, RetryPolicy, Status, TaskId, agent,
    edges::{Blocker, Edge, Standing},
    policy::{PARALLEL, QueuePolicy},
    review::{Gate, Next, Step, StepOutcome},
    text::{self, BadText},
    verdict::Verdict,
};
use engine::Pull;
use store::{Claim, Claimed, Held, NewReport, NewReview, ReviewRecord, Routing, TaskRecord};

use crate::{App, authority::voice, clock::clock, problem::invalid, views, wire::*};

/// Most reasons in one answer.
const REASONS: usize = 1_000;

/// Seconds that an agent may be silent.
const LEASE: std::ops::RangeInclusive<u32> = 10..=86_400;
const USUAL_LEASE: u32 = 600;
/// What an agent is called that was not named.
const EXTERNAL: &str = "external";
/// Characters of a comment.
const SAYS_MAX: usize = 100_000;

/// The next task for an agent that runs elsewhere.
pub async fn claim_task(app: &App, request: ClaimTask) -> Result<ClaimAnswer, Problem> {
    let answer = claim(app, request).await?;
    let task = match &answer.claim {
        Some(claim) => Some(super::tasks::detail(app, claim.task).await?),
        None => None,
    };
    Ok(ClaimAnswer { task, ..answer })
}

/// The same without the card, for who reads that in another way.
pub async fn claim(app: &App, request: ClaimTask) -> Result<ClaimAnswer, Problem> {
    let bad = |error: agent::BadAgent| invalid(error.to_string());
    let pull = Pull {
        lease: lease(request.lease_seconds.unwrap_or(USUAL_LEASE))?,
        agent: agent::name(&request.agent).map_err(bad)?,
        capacity: request.max_capacity.map(agent::capacity).transpose().map_err(bad)?,
        skills: request.skills.map(|raw| agent::skills(&raw)).transpose().map_err(bad)?,
    };
    let (reason, claim, held, why) = match app.engine.claim(pull).await? {
        Claimed::Assigned(claim) => (ClaimReason::Assigned, Some(claim), Vec::new(), None),
        Claimed::Current(claim) => (ClaimReason::ContinueCurrent, Some(claim), Vec::new(), None),
        Claimed::AtCapacity(held) => (ClaimReason::AtCapacity, None, held, None),
        Claimed::NoTask(why) => (ClaimReason::NoTasksAvailable, None, Vec::new(), why),
    };
    let claim = claim.map(claimed);
    let held = held.into_iter().map(|Held { task, run, token }| HeldTask { task, run, token }).collect();
    Ok(ClaimAnswer { reason, why, claim, task: None, held })
}

/// Prepares the task's workspace for an agent that the caller starts.
pub async fn hand_out_task(app: &App, request: HandOutTask) -> Result<HandedOutTask, Problem> {
    let name = request.agent.as_deref().unwrap_or(EXTERNAL);
    let name = agent::name(name).map_err(|error| invalid(error.to_string()))?;
    let lease = lease(request.lease_seconds.unwrap_or(*LEASE.end()))?;
    let out = app.engine.hand_out(request.id, name, lease).await?;
    Ok(HandedOutTask {
        claim: claimed(out.claim),
        workspace: out.workspace.to_string_lossy().into_owned(),
        artifacts: out.artifacts.to_string_lossy().into_owned(),
    })
}

pub async fn check_run(app: &App, request: CheckRun) -> Result<Run, Problem> {
    Ok(views::run(app.engine.check_handed_out(request.run, request.token).await?))
}

fn claimed(claim: Claim) -> ClaimedRun {
    let Claim { task, run, attempt, token, lease_until } = claim;
    ClaimedRun { run, task, attempt, token, lease_until }
}

/// In milliseconds.
fn lease(seconds: u32) -> Result<i64, Problem> {
    if LEASE.contains(&seconds) {
        Ok(i64::from(seconds) * 1_000)
    } else {
        Err(invalid(format!("a lease of {seconds} s is not possible; 10 to 86,400 (a day)")))
    }
}

/// The agent is at work on the run. A conflict says that it should stop.
pub async fn heartbeat_run(app: &App, request: HeartbeatRun) -> Result<Lease, Problem> {
    let lease_until = app.engine.heartbeat(request.run, request.token).await?;
    Ok(Lease { lease_until })
}

/// The agent's last word. It ends a claimed run; one that Flightboard started ends with its process, and is
/// then judged by it. Where the run no longer holds its task that is a conflict, and the message is kept as
/// a comment all the same.
pub async fn finish_run(app: &App, request: FinishRun) -> Result<Run, Problem> {
    let message = match text::said(&request.message, "the message", SAYS_MAX) {
        Err(BadText::SaysNothing(_)) => None,
        said => Some(said?),
    };
    let report = NewReport {
        run: request.run,
        token: request.token,
        succeeded: request.succeeded,
        message,
        now: app.engine.now(),
    };
    app.engine.keep_handed_out(report.run).await?;
    app.engine.finish(report).await?;
    Ok(views::run(app.engine.store().run(request.run).await?))
}

/// Hands a card to the dispatcher, moving it to Ready first, or takes it back.
pub async fn queue_task(app: &App, request: QueueTask) -> Result<Card, Problem> {
    let store = app.engine.store();
    let status = store.task(request.id).await?.task.status;
    let now = app.engine.now();
    match (request.queued, status) {
        (true, Status::Inbox | Status::Failed | Status::Cancelled) => {
            store.move_task(request.id, Status::Ready, app.actor(), now).await?;
        }
        (true, Status::InProgress | Status::Review | Status::Done) => {
            return Err(invalid(format!(
                "{} is in {}; only a card that waits to be worked on can be queued",
                request.id.key(),
                status.title()
            )));
        }
        (true, Status::Ready) | (false, _) => {}
    }
    store.set_queued(request.id, request.queued, app.actor(), now).await?;
    super::tasks::one_card(app, request.id).await
}

pub async fn add_dependency(app: &App, request: AddDependency) -> Result<TaskDetail, Problem> {
    let edge = Edge { task: request.id, upstream: request.upstream, need: request.need };
    app.engine.store().add_edge(edge, app.actor(), app.engine.now()).await?;
    super::tasks::detail(app, request.id).await
}

pub async fn remove_dependency(app: &App, request: RemoveDependency) -> Result<TaskDetail, Problem> {
    let now = app.engine.now();
    app.engine.store().remove_edge(request.id, request.upstream, app.actor(), now).await?;
    super::tasks::detail(app, request.id).await
}

/// How full the queue's places are.
#[derive(Clone, Copy, Debug)]
pub struct QueueLoad {
    pub paused: bool,
    /// Runs that count.
    pub in_flight: u32,
    pub parallel: u32,
}

/// What the plan says of the places, without planning.
pub async fn queue_load(app: &App, _: Nothing) -> Result<QueueLoad, Problem> {
    let policy = app.engine.queue_policy().await?;
    Ok(QueueLoad {
        paused: policy.paused,
        in_flight: app.engine.in_flight(&policy).await?,
        parallel: policy.parallel.unwrap_or(PARALLEL),
    })
}

pub async fn get_plan(app: &App, request: GetPlan) -> Result<QueuePlan, Problem> {
    let planned = app.engine.plan().await?;
    let clock = clock();
    let wanted = |task: &TaskId| request.task.is_none_or(|only| only == *task);
    let of_project = |task: &TaskId| {
        request.project.is_none_or(|only| planned.projects.get(task).copied().flatten() == Some(only))
    };
    let shown = |task: &TaskId| wanted(task) && of_project(task);
    let starts = planned.starts.iter().filter(|start| shown(&start.task));
    let waits = planned.plan.waits.iter().filter(|waiting| shown(&waiting.task));
    Ok(QueuePlan {
        paused: planned.paused,
        in_flight: planned.in_flight,
        parallel: planned.parallel,
        starts: starts
            .map(|start| PlannedStart {
                task: start.task,
                agent: start.agent.clone(),
                model: start.model.clone(),
                rule: start.rule.clone(),
                why: if planned.paused {
                    format!("would start on {}, but the queue is paused", start.agent)
                } else {
                    format!("starts next, on {}", start.agent)
                },
            })
            .collect(),
        waits: waits
            .take(REASONS)
            .map(|waiting| PlannedWait {
                task: waiting.task,
                code: waiting.why.code().into(),
                why: waiting.sentence(&clock),
                place: waiting.place,
                of: waiting.of,
            })
            .collect(),
        ready: (planned.plan.waits.len() + planned.starts.len()) as u32,
        agents: planned
            .agents
            .iter()
            .map(|agent| QueueAgent {
                name: agent.name.clone(),
                installed: agent.installed,
                live: agent.live,
                capacity: agent.capacity,
                succeeded: agent.record.succeeded,
                ended: agent.record.ended,
                spent_today: views::spend(agent.record.spent_today),
                spent: views::spend(agent.record.spent),
                failures: agent.failures,
                breaker: agent.rule,
                trouble: agent.trouble(&clock),
            })
            .collect(),
    })
}

pub async fn get_queue_policy(app: &App, _: Nothing) -> Result<QueuePolicy, Problem> {
    Ok(app.engine.queue_policy().await?)
}

pub async fn put_queue_policy(app: &App, request: QueuePolicy) -> Result<QueuePolicy, Problem> {
    request.check().map_err(|bad| invalid(bad.to_string()))?;
    let named = request.agents.iter().chain(request.models.keys()).chain(request.costs.keys());
    known_agents(app, named).await?;
    app.engine.store().put_setting(engine::POLICY, &request, app.engine.now()).await?;
    Ok(request)
}

/// A person lets the workflow of a card go on.
pub async fn resume_workflow(app: &App, request: TaskRef) -> Result<TaskDetail, Problem> {
    app.engine.store().resume_workflow(request.id, app.actor(), app.engine.now()).await?;
    super::tasks::detail(app, request.id).await
}

pub async fn reset_breaker(app: &App, request: ResetBreaker) -> Result<Nothing, Problem> {
    known_agents(app, [&request.agent].into_iter()).await?;
    let now = app.engine.now();
    for whose in app.engine.breakers_of(&request.agent).await? {
        app.engine.store().reset_breaker(whose, now).await?;
    }
    Ok(Nothing {})
}

/// The verdict of a person, or of an agent that works elsewhere where the gate asks for that one. Approving counts
/// where it is their turn; rejecting always does.
pub async fn review_task(app: &App, request: ReviewTask) -> Result<TaskDetail, Problem> {
    let notes = text::description(&request.notes)?;
    if matches!(request.verdict, Verdict::Rejected) && notes.trim().is_empty() {
        return Err(invalid("say what is wrong: the agent hears it in its next attempt"));
    }
    let (actor, called) = match &request.reviewer {
        Some(name) => voice(app, name).await?,
        None => (app.actor(), None),
    };
    let (store, now) = (app.engine.store(), app.engine.now());
    let task = store.task(request.id).await?;
    let (gate, so_far) = store.gate(request.id).await?;
    let opinion = request.keep && task.task.status != Status::Review;
    let (step, outcome) = match request.verdict {
        Verdict::Rejected => (Some((gate.0.len(), Voice::Person)), StepOutcome::Rejected),
        Verdict::Approved => (turn(app, &gate, &so_far, &task, &actor).await?, StepOutcome::Approved),
    };
    let effects = match step {
        Some((step, voice)) => {
            let (kind, reviewer) = match (voice, &actor) {
                (Voice::Reviewer, Actor::Agent(name)) => ("agent", name.clone()),
                (Voice::Reviewer | Voice::Person, _) => {
                    ("person", called.unwrap_or_else(|| actor.to_string()))
                }
            };
            let review = NewReview {
                task: request.id,
                run: task.last_run,
                round: task.round,
                step,
                kind,
                reviewer,
                outcome,
                review_run: None,
                notes,
                prompt: String::new(),
            };
            if opinion {
                store.keep_review(review, now).await?;
                Vec::new()
            } else {
                store.add_review(review, now).await?
            }
        }
        // The gate says what is still to come.
        None => store.move_task(request.id, Status::Done, actor, now).await?,
    };
    super::tasks::carry_out(app, effects).await?;
    super::tasks::detail(app, request.id).await
}

/// As what a verdict counts.
enum Voice {
    Person,
    /// The agent that the gate asks.
    Reviewer,
}

/// Which step of the gate this approval would be; none: it is somebody else's turn.
async fn turn(
    app: &App,
    gate: &Gate,
    so_far: &[(usize, StepOutcome)],
    task: &TaskRecord,
    actor: &Actor,
) -> Result<Option<(usize, Voice)>, Problem> {
    // Nobody asks for it, and who looks at the card later still wants to know who looked at the work.
    if gate.0.is_empty() || task.task.status != Status::Review {
        return Ok(Some((gate.0.len(), Voice::Person)));
    }
    match (gate.next(so_far), actor) {
        (Next::Wait { at }, _) => Ok(Some((at, Voice::Person))),
        (Next::Run { at, step: Step::Agent { agent } }, Actor::Agent(name)) if agent == name => {
            Ok(is_elsewhere(app, name, task).await?.then_some((at, Voice::Reviewer)))
        }
        (Next::Run { .. } | Next::Stuck { .. } | Next::Rework | Next::Done, _) => Ok(None),
    }
}

/// An agent that is started here says what it thinks in a run of its own; only one that is not can come with a
/// verdict.
async fn is_elsewhere(app: &App, name: &str, task: &TaskRecord) -> Result<bool, Problem> {
    let worker = match task.last_run {
        Some(run) => Some(app.engine.store().run(run).await?.agent),
        None => None,
    };
    if worker.as_deref() == Some(name) {
        return Err(Problem {
            code: ProblemCode::Conflict,
            message: format!("{name} did the work and cannot review it"),
            next: Some("name another agent in the gate, or decide yourself".into()),
        });
    }
    let agents = app.engine.agents().await?;
    Ok(agents.iter().any(|agent| agent.name == name && agent.program().is_empty()))
}

/// Every name must be an agent's.
pub(super) async fn known_agents(app: &App, names: impl Iterator<Item = &String>) -> Result<(), Problem> {
    let agents = app.engine.agents().await?;
    for name in names {
        if !agents.iter().any(|agent| agent.name == *name) {
            return Err(invalid(format!("there is no agent “{name}”")));
        }
    }
    Ok(())
}

/// The routing as it is with the wanted changes, checked.
pub(super) async fn routing(app: &App, before: Routing, set: SetRouting) -> Result<Routing, Problem> {
    let agents = set.agents.unwrap_or(before.chain);
    if !agents.is_empty() {
        known_agents(app, agents.iter()).await?;
    }
    if agents.len() > 20 {
        return Err(invalid("at most 20 agents can be listed"));
    }
    let retry = match (set.retry, set.retries) {
        (Some(retry), _) => retry,
        (None, Some(retries)) => RetryPolicy::of(Some(retries), None),
        (None, None) => before.retry,
    };
    retry.check().map_err(|bad| invalid(bad.to_string()))?;
    let gate = match set.gate {
        Some(set) => set.steps,
        None => before.gate,
    };
    if let Some(gate) = &gate {
        gate.check().map_err(|bad| invalid(bad.to_string()))?;
        known_agents(app, gate.reviewers()).await?;
    }
    Ok(Routing {
        chain: agents,
        skills: match set.skills {
            Some(skills) => agent::skills(&skills).map_err(|bad| invalid(bad.to_string()))?,
            None => before.skills,
        },
        model: set.model.map_or(before.model, |model| Some(model).filter(|model| !model.trim().is_empty())),
        retry,
        gate,
    })
}

/// How the card stands in the queue.
pub(super) async fn standing(app: &App, id: TaskId) -> Result<TaskQueue, Problem> {
    let store = app.engine.store();
    let task = store.task(id).await?;
    let (upstream, downstream) = store.edges_of(id).await?;
    let (gate, _) = store.gate(id).await?;
    Ok(TaskQueue {
        queued: task.queued,
        agents: task.routing.chain,
        skills: task.routing.skills,
        model: task.routing.model,
        retry: task.routing.retry,
        failures: task
            .failures
            .0
            .iter()
            .map(|(cause, count)| FailureCount { cause: *cause, count: *count })
            .collect(),
        waits_for: upstream.iter().map(dependency).collect(),
        holds_up: downstream.into_iter().map(|(task, _)| task).collect(),
        gate,
        own_gate: task.routing.gate.is_some(),
        round: task.round,
        reviews: store.reviews(id).await?.into_iter().map(review).collect(),
        called: task.called,
        workflow: store.workflow(id).await?.map(|record| Workflow {
            cards: record.tally.cards,
            done: record.tally.done,
            failed: record.tally.failed,
            failures: record.tally.failures,
            stopped: record.stopped,
        }),
    })
}

pub(super) fn dependency(edge: &Blocker) -> Dependency {
    Dependency {
        upstream: edge.upstream,
        need: edge.need,
        status: edge.status,
        met: !edge.trashed && edge.stands() == Standing::Met,
    }
}

fn review(record: ReviewRecord) -> Review {
    Review {
        run: record.run,
        round: record.round,
        step: record.step as u32,
        kind: record.kind,
        reviewer: record.reviewer,
        verdict: match record.outcome {
            StepOutcome::Approved => Some(Verdict::Approved),
            StepOutcome::Rejected => Some(Verdict::Rejected),
            StepOutcome::NoVerdict => None,
        },
        notes: record.notes,
        prompt: record.prompt,
        at: record.at,
    }
}
