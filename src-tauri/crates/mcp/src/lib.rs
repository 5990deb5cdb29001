//! The door for models: the Model Context Protocol over the operations table. Each tool is one operation
//! under a name and with a description that a model can work with; what it takes is the operation's own
//! request, so there is nothing here that could disagree with the other doors.
//!
//! Two kinds of caller come in. The agent of a run gets tools that reach its own task and no further
//! ([`Caller::Run`]), everybody else those for working with the board that their role may use ([`Caller::Board`]).
//! They come over standard input and output, or by HTTP.

mod bounded;
mod desk;
mod over_http;
mod server;
mod tools;

pub use desk::Desk;
pub use server::{Caller, Server};
