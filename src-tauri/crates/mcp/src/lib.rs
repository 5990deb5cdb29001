//! The door for models: the Model Context Protocol over the operations table. Each tool is one operation
//! under a name and with a description that a model can work with; what it takes is the operation's own
//! request, so there is nothing here that could disagree with the other doors.
//!
//! Two kinds of caller come in. The agent of a run gets tools that reach its own task and no further
//! ([`Caller::Run`]), an operator gets those for working with the board ([`Caller::Operator`]).

mod desk;
mod server;
mod tools;

pub use desk::Desk;
pub use server::{Caller, Server};
