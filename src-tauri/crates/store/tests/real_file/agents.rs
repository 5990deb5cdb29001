//! The agent registry: said twice it is said once, and what cards need is not taken away.

use domain::{Actor, Agent, Outcome, RetryPolicy, breaker::BreakerRule};
use store::{AgentData, AgentRecord, ChangeRecord, NewRun, NewTask, StoreError};
use testkit::{TempStore, agent, card};

const PATIENCE: i64 = 300_000;

async fn register(store: &TempStore, data: AgentData) -> AgentRecord {
    store.register_agent(data, Actor::Person, store.clock.tick()).await.expect("the agent is registered")
}

async fn changes(store: &TempStore) -> Vec<ChangeRecord> {
    store.changes_after(0, 1000).await.expect("the log")
}

async fn told(store: &TempStore) -> Vec<(String, String)> {
    changes(store).await.into_iter().map(|change| (change.kind, change.text)).collect()
}

fn furnished(name: &str) -> AgentData {
    AgentData {
        agent: Agent {
            role: Some("reviewer".into()),
            instructions: "Look twice.".into(),
            skills: vec!["rust".into(), "deploy".into()],
            max_capacity: 3,
            model: Some("opus".into()),
            enabled: false,
            retry: RetryPolicy::of(Some(7), None),
            breaker: Some(BreakerRule { threshold: 5, ..BreakerRule::default() }),
            ..Agent::new(name)
        },
        title: "The Scout".into(),
        kind: "claude".into(),
        profile: serde_json::json!({ "args": ["--quiet"], "env": [["A", "1"]] }),
    }
}

#[tokio::test]
async fn everything_that_is_registered_comes_back() {
    let store = TempStore::new().await;
    register(&store, agent("zoe")).await;
    let scout = register(&store, furnished("scout")).await;
    assert_eq!(scout.data, furnished("scout"));
    assert_eq!((scout.updated_at, scout.last_seen_at), (scout.registered_at, None));
    let listed = store.registered_agents().await.expect("the list");
    assert_eq!(listed.iter().map(|one| one.data.agent.name.as_str()).collect::<Vec<_>>(), ["scout", "zoe"]);
    assert_eq!(listed[0], scout);
}

#[tokio::test]
async fn the_same_again_is_no_change_and_a_difference_is_one_that_names_it() {
    let store = TempStore::new().await;
    let first = register(&store, agent("scout")).await;
    let again = register(&store, agent("scout")).await;
    assert_eq!(again, first, "not even the time of the last change moves");
    assert_eq!(changes(&store).await.len(), 1);

    let changed = register(&store, furnished("scout")).await;
    assert_eq!((changed.id, changed.uid), (first.id, first.uid));
    assert!(changed.updated_at > changed.registered_at);
    let what =
        "title, kind, profile, role, instructions, skills, capacity, model, attempts, breaker, switched off";
    assert_eq!(
        told(&store).await,
        [
            ("agent.registered".into(), "registered the agent scout".into()),
            ("agent.changed".into(), format!("changed the agent scout: {what}")),
        ]
    );
}

#[tokio::test]
async fn of_many_who_register_at_once_one_adds_and_none_is_refused() {
    let store = TempStore::new().await;
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let handle = store.handle();
            let now = store.clock.tick();
            tokio::spawn(async move { handle.register_agent(agent("scout"), Actor::Person, now).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("no refusal");
    }
    assert_eq!(
        told(&store).await,
        [("agent.registered".to_owned(), "registered the agent scout".to_owned())]
    );
}

#[tokio::test]
async fn a_commit_about_agents_says_so() {
    let store = TempStore::new().await;
    let mut commits = store.committed();
    register(&store, agent("scout")).await;
    let commit = commits.recv().await.expect("a commit");
    assert!(commit.agents && !commit.projects && !commit.settings && commit.tasks.is_empty());
}

#[tokio::test]
async fn a_heartbeat_moves_the_time_and_only_coming_online_is_told() {
    let store = TempStore::new().await;
    let registered = register(&store, agent("scout")).await;
    let beat = |at| store.agent_seen("scout".into(), PATIENCE, at);
    let start = registered.registered_at;
    for (at, seen) in [
        (start + 1, start + 1),
        (start + 2, start + 2),
        // A clock that was set back moves nothing back.
        (start - 50, start + 2),
        (start + PATIENCE, start + PATIENCE),
        // Silent for the whole time, and back.
        (start + 2 * PATIENCE, start + 2 * PATIENCE),
    ] {
        assert_eq!(beat(at).await.expect("the beat is heard").last_seen_at, Some(seen));
    }
    let online: Vec<_> =
        changes(&store).await.into_iter().filter(|change| change.kind == "agent.online").collect();
    assert_eq!(online.iter().map(|change| change.at - start).collect::<Vec<_>>(), [1, 2 * PATIENCE]);
    assert!(online.iter().all(|change| change.actor == "agent:scout"));
    assert_eq!(store.registered_agents().await.expect("the list")[0].data, registered.data);
    let unknown = store.agent_seen("nobody".into(), PATIENCE, start).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { what: "agent", .. })), "{unknown:?}");
}

#[tokio::test]
async fn a_removed_agent_is_off_the_list_and_its_name_is_free() {
    let store = TempStore::new().await;
    let first = register(&store, furnished("scout")).await;
    store.remove_agent("scout".into(), store.clock.tick()).await.expect("it goes");
    assert_eq!(store.registered_agents().await.expect("the list"), []);
    let twice = store.remove_agent("scout".into(), store.clock.tick()).await;
    assert!(matches!(twice, Err(StoreError::NotFound { .. })), "{twice:?}");
    let second = register(&store, agent("scout")).await;
    assert_ne!(second.id, first.id);
    assert_eq!(second.data, agent("scout"), "nothing of the one before is left");
}

#[tokio::test]
async fn an_agent_that_cards_need_is_not_removed() {
    let store = TempStore::new().await;
    register(&store, agent("scout")).await;
    let task = store.add(NewTask { assignee: Some("scout".into()), ..card("Only for scout") }).await;
    let remove = || store.remove_agent("scout".into(), store.clock.tick());
    let refused = remove().await.expect_err("a card waits for it").to_string();
    assert_eq!(refused, "scout is the only agent that may start on T-1; assign them to another first");

    let run = NewRun { agent: "scout".into(), ..testkit::run_of(task) };
    let run = store.begin_run(run, Actor::Person, store.clock.tick()).await.expect("a run").id;
    let refused = remove().await.expect_err("it is at work").to_string();
    assert_eq!(refused, "scout is at work on T-1; stop it, or wait for its end");

    store.end(run, Outcome::Succeeded).await;
    store.move_task(task, domain::Status::Done, Actor::Person, store.clock.tick()).await.expect("done");
    remove().await.expect("nobody needs it any more");
}
