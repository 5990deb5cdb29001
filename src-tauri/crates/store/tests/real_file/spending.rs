//! What agents used and came to, against the rows of their runs.

use domain::{Actor, Cause, Outcome, RunId, budget::Tokens};
use store::{NewRun, StartFacts, TrackRecord};
use testkit::{Raw, TempStore, ended, ready_card, run_of};

/// One run of `agent` from now on, which ends after so many milliseconds; none: it goes on.
async fn used(
    store: &TempStore,
    agent: &str,
    tokens: i64,
    micros: i64,
    estimated: bool,
    end: Option<(i64, Outcome)>,
) -> RunId {
    let task = store.add(ready_card("work")).await;
    let new = NewRun { agent: agent.into(), ..run_of(task) };
    let run = store.begin_run(new, Actor::Person, store.clock.tick()).await.unwrap().id;
    let started = store.clock.tick();
    store.run_started(run, StartFacts::default(), started).await.unwrap();
    let tokens = Tokens { input: tokens, output: 1, cache_read: 1, cache_write: 0 };
    store.set_spend(run, tokens, micros, estimated, started).await.unwrap();
    if let Some((after, outcome)) = end {
        store.end_run(run, ended(outcome, started + after)).await.unwrap();
    }
    run
}

/// Runs, successes, tokens of all days and of today.
async fn told(store: &TempStore, today: i64) -> (u32, u32, i64, i64) {
    let record = store.track_records(today, store.clock.tick()).await.unwrap()["codex"];
    (record.ended, record.succeeded, record.spent.tokens, record.spent_today.tokens)
}

/// What was added up on an earlier day counts on, whatever comes later, is told late, or moves the day back.
#[tokio::test]
async fn a_record_goes_on_from_what_earlier_days_came_to() {
    let store = TempStore::new().await;
    let first = store.clock.tick();
    let late = used(&store, "codex", 8, 0, false, Some((10, Outcome::Succeeded))).await;
    used(&store, "codex", 18, 0, false, Some((10, Outcome::Failed(Cause::AgentError)))).await;
    assert_eq!(told(&store, first).await, (2, 1, 30, 30));
    let second = store.clock.tick();
    assert_eq!(told(&store, second).await, (2, 1, 30, 0));

    used(&store, "codex", 98, 0, false, Some((10, Outcome::Succeeded))).await;
    assert_eq!(told(&store, second).await, (3, 2, 130, 100));
    let third = store.clock.tick();
    assert_eq!(told(&store, third).await, (3, 2, 130, 0));

    let more = Tokens { input: 998, output: 1, cache_read: 1, cache_write: 0 };
    store.set_spend(late, more, 0, false, store.clock.tick()).await.unwrap();
    assert_eq!(told(&store, third).await, (3, 2, 1_120, 0));
    assert_eq!(told(&store, second).await, (3, 2, 1_120, 100));
    assert_eq!(told(&store, first).await, (3, 2, 1_120, 1_120));
}

#[tokio::test]
async fn an_agents_record_is_what_its_runs_add_up_to() {
    let store = TempStore::new().await;
    let failed = Outcome::Failed(Cause::AgentError);
    used(&store, "codex", 100, 7, true, Some((500, Outcome::Succeeded))).await;
    used(&store, "codex", 10, 0, false, Some((600, failed))).await;
    // The clock was set back while it ran.
    used(&store, "codex", 1, 1, false, Some((-3_600_000, Outcome::Succeeded))).await;
    for (tokens, cause) in [(2, Cause::UsageLimit), (0, Cause::Blocked), (0, Cause::Budget)] {
        used(&store, "codex", tokens, 0, false, Some((100, Outcome::Failed(cause)))).await;
    }
    store.clock.pass(60_000);
    let today = store.clock.tick();
    used(&store, "codex", 1_000, 40, false, Some((700, Outcome::Stopped))).await;
    used(&store, "iris", 5, 900, true, None).await;
    let now = store.clock.tick() + 5_000;

    let records = store.track_records(today, now).await.unwrap();
    let mut raw = Raw::open(&store).await;
    for agent in ["codex", "iris"] {
        let mut sum = async |of: &str, when: &str| {
            raw.number(&format!("SELECT coalesce(sum({of}), 0) FROM runs WHERE agent = '{agent}' AND {when}"))
                .await
        };
        let TrackRecord { succeeded, ended, spent, spent_today } = records[agent];
        for (when, spent) in [("true", spent), (&*format!("created_at >= {today}"), spent_today)] {
            assert_eq!(spent.micros, sum("micros", when).await, "{agent} {when}");
            assert_eq!(
                spent.tokens,
                sum("tokens_in + tokens_out + tokens_cached", when).await,
                "{agent} {when}"
            );
            let wall = format!(
                "CASE WHEN ended_at < started_at THEN 0 WHEN ended_at IS NULL THEN {now} - started_at ELSE ended_at - started_at END"
            );
            assert_eq!(spent.wall, sum(&wall, when).await, "{agent} {when}");
            assert_eq!(spent.estimated, sum("estimated", when).await > 0, "{agent} {when}");
        }
        assert_eq!(i64::from(succeeded), sum("outcome = 'succeeded'", "true").await);
        assert_eq!(i64::from(ended), sum("1", "(outcome = 'succeeded' OR cause = 'agent_error')").await);
    }
    assert_eq!(records.len(), 2);
    // The figures of the rows, so that a sum of nothing is no proof.
    let codex = records["codex"];
    assert_eq!((codex.spent.micros, codex.spent.tokens, codex.spent.wall), (48, 1_127, 2_100));
    assert_eq!((codex.spent_today.micros, codex.spent_today.estimated), (40, false));
    assert_eq!((codex.succeeded, codex.ended), (2, 3));
}
