//! `POST /mcp`: the Model Context Protocol. The key decides whose tools a caller gets: the key of a run those for its
//! own card, any other those for the board that it may use.

use std::time::Duration;

use ::mcp::{Desk, Server};
use app::wire::Problem;
use axum::{extract::Request, response::Response};
use domain::authority::Scope;
use serde_json::Value;

use crate::gate::{self, Caller};

/// How long a call that waits for a person is kept: most clients give up after 60 s.
const PATIENCE: Duration = Duration::from_secs(45);

pub(crate) async fn answer(caller: Caller, request: Request) -> Response {
    let authority = caller.app.authority().clone();
    let who = match (&authority.scope, gate::key(request.headers())) {
        (Scope::Run { run, .. }, Some(key)) => ::mcp::Caller::Run { run: *run, token: key.to_owned() },
        (Scope::Run { .. } | Scope::Board | Scope::Project(_) | Scope::Agent(_), _) => {
            ::mcp::Caller::Board(authority)
        }
    };
    Server::new(caller, who, PATIENCE).answer(request).await
}

impl Desk for Caller {
    async fn call(&self, operation: &'static str, request: Value) -> Result<Value, Problem> {
        self.ask(operation, request).await
    }
}
