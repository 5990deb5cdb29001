//! What crosses every door: requests and views. They are written out field by field so that a new
//! column never leaks by accident; the store's rows and the domain's values stay private.
//!
//! All times are milliseconds since the Unix epoch (UTC), all sizes bytes, all ids integers.
//! [`Card`] is what the board needs; [`TaskDetail`] what the task page needs.

mod agents;
mod belongings;
mod board;
mod changes;
mod events;
mod glance;
mod held;
mod installation;
mod issues;
mod keys;
mod outside;
mod problem;
mod projects;
mod queue;
mod runs;
mod schedules;
mod tasks;
mod transfer;
mod webhooks;

pub use agents::*;
pub use belongings::*;
pub use board::*;
pub use changes::*;
pub use events::*;
pub use glance::*;
pub use held::*;
pub use installation::*;
pub use issues::*;
pub use keys::*;
pub use outside::*;
pub use problem::*;
pub use projects::*;
pub use queue::*;
pub use runs::*;
pub use schedules::*;
pub use tasks::*;
pub use transfer::*;
pub use webhooks::*;

use serde::{Deserialize, Serialize};
use specta::Type;

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct Nothing {}
