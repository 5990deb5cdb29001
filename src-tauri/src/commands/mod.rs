//! The window's commands, grouped by noun.

pub mod agents;
pub mod belongings;
pub mod board;
pub mod held;
pub mod keys;
pub mod outside;
pub mod projects;
pub mod queue;
pub mod runs;
pub mod schedules;
pub mod settings;
pub mod tasks;
pub mod terminal;
pub mod webhooks;
pub mod window;
