//! One function an operation, grouped by noun. Each checks what people typed, calls the engine or
//! the store, and returns a view.

mod agents;
mod attachments;
mod board;
mod filters;
mod glance;
mod held;
mod issues;
mod keys;
mod outside;
mod projects;
mod queue;
mod runs;
mod schedules;
mod settings;
mod tasks;
mod transfer;
mod webhooks;

pub use agents::*;
pub use attachments::*;
pub use board::*;
pub use filters::*;
pub use glance::*;
pub use held::*;
pub use issues::*;
pub use keys::*;
pub use outside::*;
pub use projects::*;
pub use queue::*;
pub use runs::*;
pub use schedules::*;
pub use settings::*;
pub use tasks::*;
pub use transfer::*;
pub use webhooks::*;
