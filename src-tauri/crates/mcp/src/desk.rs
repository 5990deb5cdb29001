//! Where a tool call goes: to the app in this process, or by whatever way another door has to it.

use app::{
    App,
    wire::{Problem, ProblemCode},
};
use serde_json::Value;

/// Carries out operations of the table.
pub trait Desk: Clone + Send + Sync + 'static {
    fn call(
        &self,
        operation: &'static str,
        request: Value,
    ) -> impl Future<Output = Result<Value, Problem>> + Send;
}

impl Desk for App {
    async fn call(&self, operation: &'static str, request: Value) -> Result<Value, Problem> {
        let (app, request) = (self.clone(), request.to_string());
        // It goes on if the caller hangs up: half an operation would help nobody.
        let work = tokio::spawn(async move { app::call(&app, operation, request.as_bytes()).await });
        let answer =
            work.await.map_err(|error| broken(format!("the operation ended abnormally: {error}")))?;
        serde_json::from_slice(&answer?)
            .map_err(|error| broken(format!("the answer cannot be read: {error}")))
    }
}

fn broken(message: String) -> Problem {
    Problem { code: ProblemCode::Internal, message, next: None }
}
