//! The front door: every operation of Flightboard, its wire types and its error codes. Window,
//! command line, HTTP and MCP call these functions and nothing below them.

mod clock;
pub mod operations;
pub mod ops;
pub mod problem;
mod schemas;
mod views;
pub mod wire;

pub use engine::{Clock, ClockHand, Config, Engine, StartError, ViewerHandle, default_data_dir};
pub use operations::{Access, OPERATIONS, Operation, call};
pub use schemas::request_schema;
pub use views::event;

/// The application as the doors see it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) engine: Engine,
}

impl App {
    pub fn new(engine: Engine) -> App {
        App { engine }
    }

    /// For terminals, event streams and shutdown, which are no request and answer.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}
