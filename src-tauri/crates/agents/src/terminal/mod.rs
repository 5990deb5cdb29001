//! What a terminal program tells the terminal, agent or not: its state by
//! OSC 7501, its title, its notifications, and the questions that it expects
//! the terminal to answer. Nothing here draws; that is the screen's business.

mod notification;
mod program_status;
mod queries;
mod scanner;
mod signals;

pub use queries::{Query, TerminalFacts, answer_to};
pub use signals::{Notification, TerminalEvent, TerminalSignals};
