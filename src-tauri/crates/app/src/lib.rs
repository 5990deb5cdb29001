//! The front door: every operation of Flightboard, its wire types and its error codes. Window,
//! command line, HTTP and MCP call these functions and nothing below them.

pub mod authority;
mod clock;
mod github;
pub mod operations;
pub mod ops;
pub mod problem;
pub mod repeated;
mod schemas;
mod views;
pub mod wire;

use std::sync::Arc;

pub use authority::{Authority, Subject};
pub use engine::{
    Clock, ClockHand, Config, Engine, EngineEvent, Events, StartError, ViewerHandle, allow_many_files,
    default_data_dir,
};
pub use operations::{Access, OPERATIONS, Operation, Stream, call, decode_value, in_types};
pub use problem::unreadable;
pub use schemas::request_schema;
pub use views::{board_event, event};

/// The application as one caller finds it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) engine: Engine,
    pub(crate) authority: Arc<Authority>,
}

impl App {
    /// For the owner; [`App::as_caller`] makes it another's.
    pub fn new(engine: Engine) -> App {
        App { engine, authority: Authority::owner().into() }
    }

    /// One that answers what only reads, without hosting the engine; none where an engine must start. See
    /// [`Engine::look`].
    pub async fn look(data_dir: std::path::PathBuf) -> Option<App> {
        Engine::look(data_dir).await.map(App::new)
    }

    /// For terminals, event streams and shutdown, which are no request and answer.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}
