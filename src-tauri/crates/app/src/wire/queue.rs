//! The queue at the doors: who may take a card, what it waits for, the plan, breakers and verdicts.
//! Policies cross as the domain's own values; they are settings, not state.

use domain::{
    Cause, ProjectId, RetryPolicy, RunId, Status, TaskId, breaker::BreakerRule, edges::Need, review::Gate,
    verdict::Verdict,
};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::{RunSpend, TaskDetail};

/// Who may take a card, and what its failures are allowed. Fields left out stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct SetRouting {
    /// Agents in the order of preference; empty: those of the project.
    pub agents: Option<Vec<String>>,
    /// All of them are needed.
    pub skills: Option<Vec<String>>,
    /// Empty: the rules choose.
    pub model: Option<String>,
    /// Attempts after the first, for failures that another attempt may mend.
    pub retries: Option<u32>,
    /// The same by cause, with the waits between them; comes before `retries`. Empty: as the agent and the
    /// project have it.
    pub retry: Option<RetryPolicy>,
    /// `{"steps": null}`: as the project has it.
    pub gate: Option<SetGate>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct SetGate {
    pub steps: Option<Gate>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct QueueTask {
    pub id: TaskId,
    /// False takes it out of the queue.
    pub queued: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct AddDependency {
    pub id: TaskId,
    /// The card to wait for.
    pub upstream: TaskId,
    pub need: Need,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct RemoveDependency {
    pub id: TaskId,
    pub upstream: TaskId,
}

/// How a card stands in the queue.
#[derive(Clone, Debug, Serialize, Type)]
pub struct TaskQueue {
    /// The dispatcher may take it.
    pub queued: bool,
    pub agents: Vec<String>,
    pub skills: Vec<String>,
    pub model: Option<String>,
    pub retry: RetryPolicy,
    /// Failures so far, by cause.
    pub failures: Vec<FailureCount>,
    pub waits_for: Vec<Dependency>,
    /// Cards that wait for this one.
    pub holds_up: Vec<TaskId>,
    /// What must approve before it is done.
    pub gate: Gate,
    /// The card has a gate of its own.
    pub own_gate: bool,
    /// Only verdicts of this round count; each return to the worker begins a new one.
    pub round: u32,
    /// Every verdict, oldest first.
    pub reviews: Vec<Review>,
    /// Why a person is called.
    pub called: Option<String>,
    /// None for a card that no dependency joins to another.
    pub workflow: Option<Workflow>,
}

/// The cards that dependencies join, directly and over others. Cancelled ones are not counted.
#[derive(Clone, Debug, Serialize, Type)]
pub struct Workflow {
    pub cards: u32,
    pub done: u32,
    pub failed: u32,
    /// Failures since a person last took its cards up.
    pub failures: u32,
    /// Why nothing more of it starts by itself, until it is resumed.
    pub stopped: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Type)]
pub struct FailureCount {
    pub cause: Cause,
    pub count: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Type)]
pub struct Dependency {
    pub upstream: TaskId,
    pub need: Need,
    pub status: Status,
    pub met: bool,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct Review {
    pub run: Option<RunId>,
    pub round: u32,
    pub step: u32,
    /// `check`, `agent` or `person`.
    pub kind: String,
    pub reviewer: String,
    /// None: it came to no verdict.
    pub verdict: Option<Verdict>,
    pub notes: String,
    /// What the reviewer was asked.
    pub prompt: String,
    #[specta(type = u32)]
    pub at: i64,
}

/// A person's verdict on a card in review.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ReviewTask {
    pub id: TaskId,
    /// What the work comes to.
    pub verdict: Verdict,
    /// What the agent hears in its next attempt, byte for byte; needed for a rejection.
    #[serde(default)]
    pub notes: String,
    /// Whose verdict it is, where that is not the caller's: an agent's name, or what you call a person.
    #[serde(default)]
    pub reviewer: Option<String>,
    /// Where the card is not in review: keep the verdict with it, which moves nothing, instead of refusing it.
    #[serde(default)]
    pub keep: bool,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct GetPlan {
    /// Only what the plan says of this card.
    pub task: Option<TaskId>,
    /// Only what it says of this project's cards.
    pub project: Option<ProjectId>,
}

/// What would start next, and why everything else waits. The dispatcher does the same.
#[derive(Clone, Debug, Serialize, Type)]
pub struct QueuePlan {
    /// Nothing starts by itself.
    pub paused: bool,
    pub in_flight: u32,
    /// Runs at one time, as far as the dispatcher goes.
    pub parallel: u32,
    /// In this order.
    pub starts: Vec<PlannedStart>,
    /// In the order in which they would be taken; at most 1,000.
    pub waits: Vec<PlannedWait>,
    /// Ready cards in all.
    pub ready: u32,
    pub agents: Vec<QueueAgent>,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct PlannedStart {
    pub task: TaskId,
    pub agent: String,
    pub model: Option<String>,
    /// Why this agent and this model.
    pub rule: String,
    /// One sentence.
    pub why: String,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct PlannedWait {
    pub task: TaskId,
    /// `at_capacity`, `blocked`, `missing_skill`, …
    pub code: String,
    /// One sentence.
    pub why: String,
    /// Among those who wait for the same thing, from 1.
    pub place: u32,
    pub of: u32,
}

/// An agent as the queue sees it.
#[derive(Clone, Debug, Serialize, Type)]
pub struct QueueAgent {
    pub name: String,
    pub installed: bool,
    pub live: u32,
    /// None: as many as the board allows.
    pub capacity: Option<u32>,
    /// Ended runs that succeeded, and all that ended by themselves; a usage limit is neither success nor failure.
    pub succeeded: u32,
    pub ended: u32,
    /// By its runs of this day, and by all of them; reviews are among them.
    pub spent_today: RunSpend,
    pub spent: RunSpend,
    /// In a row, of those that speak against it; its breaker counts them.
    pub failures: u32,
    pub breaker: BreakerRule,
    /// It or its account is left alone: the sentence says until when.
    pub trouble: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ResetBreaker {
    /// The agent; its account's breaker is closed with it.
    pub agent: String,
}

/// An agent that runs elsewhere asks for a task.
#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct ClaimTask {
    /// Its name; it need not be registered.
    pub agent: String,
    /// Tasks that it works on at one time. As registered if left out, else 1.
    #[serde(default)]
    #[specta(type = Option<u32>)]
    pub max_capacity: Option<i64>,
    /// As registered if left out.
    #[serde(default)]
    pub skills: Option<Vec<String>>,
    /// How long it may be silent, 10 to 86,400; 600 if left out.
    #[serde(default)]
    pub lease_seconds: Option<u32>,
}

/// Why a claim was answered as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ClaimReason {
    /// A new task.
    Assigned,
    /// With a capacity of 1: the task that the agent holds already.
    ContinueCurrent,
    AtCapacity,
    NoTasksAvailable,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct ClaimAnswer {
    pub reason: ClaimReason,
    /// The rule that keeps tasks from the agent, where it is not an empty queue.
    pub why: Option<String>,
    pub claim: Option<ClaimedRun>,
    pub task: Option<TaskDetail>,
    /// What it holds, where that is all it may.
    pub held: Vec<HeldTask>,
}

/// The right to report on a run.
#[derive(Clone, Debug, Serialize, Type)]
pub struct ClaimedRun {
    pub run: RunId,
    pub task: TaskId,
    /// 1 for the task's first run.
    pub attempt: u32,
    /// Every report must carry it.
    pub token: String,
    /// Unless it is heard of before, the task is taken back then.
    #[specta(type = u32)]
    pub lease_until: i64,
}

#[derive(Clone, Debug, Serialize, Type)]
pub struct HeldTask {
    pub task: TaskId,
    pub run: RunId,
    /// None: Flightboard started the run.
    pub token: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatRun {
    pub run: RunId,
    /// As `claim_task` gave it.
    pub token: String,
}

#[derive(Clone, Copy, Debug, Serialize, Type)]
pub struct Lease {
    #[specta(type = u32)]
    pub lease_until: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct FinishRun {
    pub run: RunId,
    /// As `claim_task` gave it.
    pub token: String,
    /// Whether the work is done.
    pub succeeded: bool,
    /// What the agent has to say, Markdown: becomes a comment.
    #[serde(default)]
    pub message: String,
}
