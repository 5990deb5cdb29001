//! `flightboard mcp`: the server of tools for models, on standard input and output. Agents that Flightboard
//! starts run it themselves, with the run that they may speak for in their environment; elsewhere it is for
//! whoever works with the board.

use std::{path::PathBuf, sync::Arc, time::Duration};

use ::mcp::{Caller, Desk, Server};
use app::{
    Authority,
    wire::{Problem, ProblemCode},
};
use serde_json::Value;

use crate::{claims::address, failure::Failure, link::Link};

/// Variables that Flightboard gives the agents that it starts.
const RUN: &str = "FLIGHTBOARD_RUN";
const KEY: &str = "FLIGHTBOARD_RUN_KEY";

/// How long a call that waits for a person is kept: most clients give up after 60 s.
pub const PATIENCE: u64 = 45;

pub async fn serve(data_dir: PathBuf, run: Option<&str>, patience: u64) -> Result<(), Failure> {
    let caller = caller(run)?;
    let socket = Socket {
        data_dir: data_dir.into(),
        // An agent never hosts the engine: it would keep the window from starting.
        hosts: matches!(caller, Caller::Board(_)),
    };
    let server = Server::new(socket, caller, Duration::from_secs(patience));
    server.serve_stdio().await.map_err(|error| Failure::io("the client", error))
}

/// The run named, else the one in the environment, else a person's own program.
fn caller(named: Option<&str>) -> Result<Caller, Failure> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (run, token) = match (named, set(RUN).zip(set(KEY))) {
        (Some(named), _) => address(named)?,
        (None, Some((run, token))) => address(&format!("{run}:{token}"))?,
        (None, None) => return Ok(Caller::Board(Authority::owner())),
    };
    Ok(Caller::Run { run, token })
}

/// The engine's socket, for one call at a time: whoever hosts the engine may come and go in between.
#[derive(Clone, Debug)]
struct Socket {
    data_dir: Arc<std::path::Path>,
    hosts: bool,
}

impl Desk for Socket {
    async fn call(&self, operation: &'static str, request: Value) -> Result<Value, Problem> {
        let link = match self.hosts {
            true => Link::new(&self.data_dir),
            false => Link::join(&self.data_dir).await.map_err(problem)?,
        };
        let answer = link.call(operation, &request).await;
        link.close().await;
        answer.map_err(problem)
    }
}

fn problem(failure: Failure) -> Problem {
    match failure {
        Failure::Problem(problem) => problem,
        other => Problem { code: ProblemCode::Unavailable, message: other.to_string(), next: None },
    }
}
