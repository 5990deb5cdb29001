//! An app on a data directory of its own.

use app::{App, Clock, Config, Engine, call, wire::Problem};
use serde_json::Value;
use tempfile::TempDir;

pub struct FrontDoor {
    pub app: App,
    pub dir: TempDir,
}

impl FrontDoor {
    pub async fn open() -> FrontDoor {
        FrontDoor::open_by(Clock::default(), tempfile::tempdir().expect("a temporary folder")).await
    }

    /// An engine that goes by this clock, on a folder that may have been used before.
    pub async fn open_by(clock: Clock, dir: TempDir) -> FrontDoor {
        let config = Config { clock, ..Config::new(dir.path().join("data")) };
        FrontDoor::open_with(config, dir).await
    }

    pub async fn open_with(config: Config, dir: TempDir) -> FrontDoor {
        testkit::have_pty_host();
        let engine = Engine::start(config).await.expect("an engine");
        FrontDoor { app: App::new(engine), dir }
    }

    pub async fn call(&self, operation: &str, request: Value) -> Result<Value, Problem> {
        let answer = call(&self.app, operation, request.to_string().as_bytes()).await?;
        Ok(serde_json::from_slice(&answer).expect("answers are JSON"))
    }

    /// An operation that must succeed.
    pub async fn ok(&self, operation: &str, request: Value) -> Value {
        let asked = request.to_string();
        self.call(operation, request).await.unwrap_or_else(|problem| panic!("{operation} {asked}: {problem}"))
    }

    /// An operation that must be refused.
    pub async fn refused(&self, operation: &str, request: Value) -> Problem {
        let asked = request.to_string();
        match self.call(operation, request).await {
            Ok(answer) => panic!("{operation} {asked} should have been refused: {answer}"),
            Err(problem) => problem,
        }
    }

    /// A new card's id.
    pub async fn card(&self, title: &str) -> i64 {
        self.ok("add_task", serde_json::json!({ "title": title })).await["id"].as_i64().expect("an id")
    }

    /// Starts a shell script on a card; the run's id.
    pub async fn script(&self, task: i64, script: &str) -> i64 {
        let request = serde_json::json!({ "task": task, "agent": "custom", "mode": "unattended", "argv": ["sh", "-c", script] });
        self.ok("start_run", request).await["id"].as_i64().expect("an id")
    }

    /// The run once it has ended.
    pub async fn end_of(&self, run: i64) -> Value {
        let ended = self.ok("wait_run", serde_json::json!({ "run": run, "timeout_ms": 60_000 })).await;
        assert!(!ended["ended_at"].is_null(), "run {run} goes on");
        ended
    }

    pub async fn close(self) {
        self.app.engine().shutdown().await;
    }
}
