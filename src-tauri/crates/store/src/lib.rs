//! Durable state in one SQLite file. Each table has one file here that holds its row, its reads and
//! its writes; SQL appears nowhere else in the project.
//!
//! Writes go through one connection fed by a queue ([`writer`]); each caller is answered after the
//! commit that holds its change is on disk. What many ask for is read on the thread that asks ([`readers`]), the
//! rest through sqlx's pool. Every change writes a
//! row of the append-only change log in its own transaction.

mod agents;
mod answers;
mod artifacts;
mod attachments;
mod board;
mod breakers;
mod changes;
mod claims;
mod comments;
mod deleted;
mod deliveries;
mod edges;
mod error;
mod escalations;
mod filters;
mod held;
mod issues;
mod keys;
mod leases;
mod listing;
mod open;
mod outcomes;
mod paths;
#[cfg(test)]
mod plans;
mod portable;
mod projects;
mod questions;
mod queue;
mod readers;
mod reports;
mod repositories;
mod reviews;
mod runs;
mod schedules;
mod settings;
mod spend;
mod subtasks;
mod taken;
mod tasks;
mod track;
mod vibe_kanban;
mod webhooks;
mod writer;

pub use agents::{AgentData, AgentRecord};
pub use answers::{Asked, KeptAnswer};
pub use artifacts::{ArtifactRecord, NewArtifact};
pub use attachments::{AttachmentRecord, NewAttachment};
pub use board::{CardFilter, CardRecord, CardRunRecord, Counts};
pub use breakers::{BreakerRecord, Breaks};
pub use changes::{ChangeFilter, ChangeRecord, Committed};
pub use claims::{Claim, Claimed, Closed, Held, NewClaim};
pub use comments::CommentRecord;
pub use deliveries::{Attempt, DeliveryRecord, DeliveryStatus};
pub use error::{OpenError, StoreError};
pub use escalations::WorkflowRecord;
pub use held::{HandOver, Holder, Word, WordKind};
pub use issues::IssueLink;
pub use keys::{KeyRecord, NewKey};
pub use listing::{ListedTask, TaskFilter};
pub use open::{FILE_NAME, Store};
pub use outcomes::{FinishedRecord, OutcomeRecord};
pub use portable::{Content as PortableContent, Kind as PortableKind};
pub use projects::{NewProject, ProjectRecord};
pub use questions::QuestionRecord;
pub use queue::{LiveRunRecord, QueuedTask};
pub use reports::NewReport;
pub use repositories::{NewRepository, RepositoryLimit, RepositoryRecord};
pub use reviews::{NewReview, ReviewRecord};
pub use runs::{Ending, LimitOn, Limits, NewRun, Origin, ReviewTurn, RunRecord, StartFacts, WorkspaceRecord};
pub use schedules::{CardTemplate, LastChild, ScheduleData, ScheduleRecord};
pub use spend::SpentBy;
pub use subtasks::Kin;
pub use taken::NewTaking;
pub use tasks::{NewTask, Routing, TaskEdit, TaskRecord};
pub use track::TrackRecord;
pub use vibe_kanban::read_vibe_kanban;
pub use webhooks::{WebhookData, WebhookRecord};
