//! Builders: a card, a run, an end.

use domain::{Agent, Cause, Millis, Outcome, Priority, Status, TaskId};
use store::{AgentData, Ending, NewRun, NewTask, Origin, Routing};

/// A card in the inbox.
pub fn card(title: &str) -> NewTask {
    NewTask {
        title: title.into(),
        description: String::new(),
        project: None,
        priority: Priority::default(),
        tags: Vec::new(),
        due_at: None,
        assignee: None,
        status: Status::Inbox,
        queued: None,
        routing: Routing::default(),
    }
}

pub fn ready_card(title: &str) -> NewTask {
    NewTask { status: Status::Ready, ..card(title) }
}

/// An agent of the person's own that nothing was said about.
pub fn agent(name: &str) -> AgentData {
    AgentData {
        agent: Agent::new(name),
        title: String::new(),
        kind: "custom".into(),
        profile: serde_json::Value::Object(serde_json::Map::new()),
    }
}

/// An unattended run of the demo agent.
pub fn run_of(task: TaskId) -> NewRun {
    NewRun {
        task,
        agent: "demo".into(),
        mode: "unattended".into(),
        model: None,
        origin: Origin::Person,
        rule: None,
        account: None,
        limits: Vec::new(),
        lease: 0,
    }
}

/// The same, by the dispatcher.
pub fn dispatched(task: TaskId) -> NewRun {
    NewRun { origin: Origin::Dispatcher, ..run_of(task) }
}

pub fn ended(outcome: Outcome, at: Millis) -> Ending {
    Ending::of(outcome, at)
}

/// The agent cannot go on without a person.
pub fn blocked(reason: &str, at: Millis) -> Ending {
    Ending { reason: Some(reason.into()), ..ended(Outcome::Failed(Cause::Blocked), at) }
}
