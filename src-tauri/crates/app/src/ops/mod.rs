//! One function an operation, grouped by noun. Each checks what people typed, calls the engine or
//! the store, and returns a view.

mod agents;
mod board;
mod held;
mod keys;
mod projects;
mod queue;
mod runs;
mod schedules;
mod settings;
mod tasks;

pub use agents::*;
pub use board::*;
pub use held::*;
pub use keys::*;
pub use projects::*;
pub use queue::*;
pub use runs::*;
pub use schedules::*;
pub use settings::*;
pub use tasks::*;
