//! The rules of Flightboard: ids, the task and run state machines, priorities and the order of
//! claims, what counts as evidence, and when schedules fire. Values in, values out: no I/O, no clock, no database.
//! Everything here must stay testable with a plain table.

pub mod agent;
pub mod attachment;
pub mod authority;
pub mod breaker;
pub mod budget;
pub mod directory;
pub mod dispatch;
pub mod edges;
pub mod escalation;
pub mod event;
pub mod evidence;
pub mod failure;
pub mod filter;
pub mod ids;
pub mod issues;
pub mod limits;
pub mod policy;
pub mod portable;
pub mod priority;
pub mod review;
pub mod routing;
pub mod run;
pub mod schedule;
pub mod subtask;
pub mod task;
pub mod text;
pub mod verdict;
pub mod webhook;

pub use agent::Agent;
pub use authority::{Role, Scope};
pub use evidence::{Evidence, Rank, Reading, Reducer};
pub use failure::{Aftermath, Backoff, Counters, RetryPolicy, RetryRule, after_failure};
pub use ids::{
    AgentId, ArtifactId, AttachmentId, BadTaskKey, ChangeSeq, CommentId, DeliveryId, Id, KeyId, ProjectId,
    QuestionId, RepositoryId, RunId, ScheduleId, TaskId, TaskKey, WebhookId,
};
pub use priority::{ClaimOrder, Priority, PriorityWord};
pub use run::{Activity, Cause, Outcome, RunEvent, RunPhase, RunState, RunStatus};
pub use task::{Actor, Column, Effect, Rejected, Status, Task, TaskEvent, transition};

/// Milliseconds since the Unix epoch, UTC. The clock is read by the engine, never here.
pub type Millis = i64;
