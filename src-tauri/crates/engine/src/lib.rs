//! The engine: it starts runs, watches them to their end, takes over what an earlier engine left, and
//! keeps workspaces and artifacts. It owns the database's writer and holds the data directory's lock;
//! whichever process hosts it, there is one.

mod adopter;
mod agents_found;
mod asker;
mod clock;
mod collector;
mod dispatcher;
mod doctor;
mod engine;
mod error;
mod events;
mod growing;
mod keeper;
mod launcher;
mod layout;
mod lock;
mod observer;
mod puller;
mod registry;
mod rescuer;
mod reviewer;
mod run_plan;
mod scheduler;
mod spending;
mod supervisor;
mod sweeper;
mod typist;
mod viewers;

pub use agents::{ROLES, Role};
pub use agents_found::{FoundAgent, Trial};
pub use clock::{Clock, ClockHand};
pub use dispatcher::{AgentAtWork, POLICY, Planned, PlannedRun};
pub use doctor::MachineCheck;
pub use engine::{Config, Engine};
pub use error::{EngineError, StartError};
pub use events::{EngineEvent, Events, Live};
pub use keeper::{Change, ChangeKind, Changes, FolderLook};
pub use launcher::RunRequest;
pub use layout::{Layout, default_data_dir};
pub use lock::LockError;
pub use puller::Pull;
pub use registry::AgentEdit;
pub use reviewer::{ReviewOrder, ReviewWork};
pub use sweeper::{Emptied, PREFERENCES, TRASH_DAYS};
pub use viewers::{LogHit, ViewerHandle};
