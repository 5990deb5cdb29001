//! A firing makes exactly one card: when it is asked for twice, and when the engine is killed at it.

use domain::{
    Millis, Priority, ScheduleId, Status,
    schedule::{Cron, Misfire, Overlap, Zone},
};
use rstest::rstest;
use store::{CardTemplate, ScheduleData, Store, StoreError};
use testkit::{NOW, TempStore};

use crate::children::play;
use testkit::Raw;

const MINUTE: Millis = 60_000;

/// Every minute, a card each, whatever was missed.
pub fn minutely(name: &str) -> ScheduleData {
    ScheduleData {
        name: name.into(),
        project: None,
        words: "every minute".into(),
        cron: Cron::parse("* * * * *").unwrap(),
        zone: Zone::utc(),
        misfire: Misfire::All,
        cap: 100,
        overlap: Overlap::Allow,
        template: CardTemplate {
            title: "Probe {date} {time}".into(),
            description: String::new(),
            priority: Priority::default(),
            tags: vec!["probe".into()],
            assignee: None,
            status: Status::Ready,
        },
    }
}

/// The store with one schedule, made at [`NOW`].
async fn scheduled(data: ScheduleData) -> (TempStore, ScheduleId) {
    let store = TempStore::new().await;
    let id = store.put_schedule(None, data, NOW).await.unwrap().id;
    (store, id)
}

async fn titles(store: &Store) -> Vec<String> {
    let (_, cards) = store.board(None, false).await.unwrap();
    cards.into_iter().map(|card| card.title).collect()
}

#[tokio::test]
async fn asked_twice_for_the_same_time_a_schedule_fires_once() {
    let (store, id) = scheduled(minutely("probe")).await;
    let next = store.schedule(id).await.unwrap().next_at.unwrap();
    assert_eq!(store.due_schedules(next - 1).await.unwrap(), []);
    assert_eq!(store.due_schedules(next).await.unwrap(), [id]);
    let (first, second) = tokio::join!(store.fire_schedule(id, next), store.fire_schedule(id, next));
    assert_eq!(first.unwrap().len() + second.unwrap().len(), 1);
    assert_eq!(titles(&store).await.len(), 1);
    assert_eq!(store.due_schedules(next).await.unwrap(), []);
    assert_eq!(store.next_firing().await.unwrap(), (Some(next + MINUTE), false));
}

#[tokio::test]
async fn a_decision_that_was_forgotten_is_stopped_by_the_record_of_the_firing() {
    let (store, id) = scheduled(minutely("probe")).await;
    let next = store.schedule(id).await.unwrap().next_at.unwrap();
    store.fire_schedule(id, next).await.unwrap();
    // As if the schedule's row came from a backup that is a minute older than the firings.
    let mut raw = Raw::open(&store).await;
    assert_eq!(
        raw.refusal(&format!("UPDATE schedules SET considered_at = {NOW}, next_at = {next}")).await,
        None
    );
    assert_eq!(store.fire_schedule(id, next).await.unwrap(), []);
    assert_eq!(titles(&store).await.len(), 1);
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_without_a_card_too_many_or_too_few() {
    let (store, id) = scheduled(minutely("probe")).await;
    for round in 0..8 {
        let mut firing = play("fire until killed", store.dir());
        for _ in 0..1 + round * 23 % 41 {
            firing.line().expect("it goes on");
        }
        firing.child.kill().expect("it is killed");
        firing.child.wait().expect("it is gone");
    }
    let reopened = Store::open(store.dir()).await.unwrap();
    let last = reopened.schedule(id).await.unwrap().next_at.unwrap() - MINUTE;
    reopened.close().await;
    let first = NOW - NOW % MINUTE + MINUTE;
    let mut raw = Raw::open(&store).await;
    let minutes = (last - first) / MINUTE + 1;
    assert!(minutes > 8, "{minutes}");
    for count in [
        "SELECT count(*) FROM schedule_firings",
        "SELECT count(*) FROM tasks",
        "SELECT count(DISTINCT title) FROM tasks",
    ] {
        assert_eq!(raw.number(count).await, minutes, "{count}");
    }
}

/// The other process: fires minute after minute, from where the file stands.
pub async fn fire_until_killed(dir: &std::path::Path, say: impl Fn(&str)) {
    let store = Store::open(dir).await.expect("the store opens");
    let id = store.schedules().await.expect("a list")[0].id;
    loop {
        let now = store.next_firing().await.expect("an answer").0.expect("it goes on");
        let made = store.fire_schedule(id, now).await.expect("it fires");
        say(&format!("{made:?}"));
    }
}

#[tokio::test]
async fn a_template_is_no_task_and_its_card_has_all_of_it() {
    let (store, id) = scheduled(minutely("probe")).await;
    assert_eq!(titles(&store).await, [""; 0]);
    let made = store.run_schedule(id, NOW).await.unwrap();
    let card = store.task(made).await.unwrap();
    assert_eq!((card.title.as_str(), card.task.status), ("Probe 2025-11-20 00:53", Status::Ready));
    assert_eq!(card.tags, ["probe"]);
    let last = store.schedule(id).await.unwrap().last.unwrap();
    assert_eq!((last.task, last.nominal_at), (made, NOW));
    let told: Vec<String> = store.timeline(made).await.unwrap().into_iter().map(|entry| entry.text).collect();
    assert_eq!(told, ["added to Ready", "made by the schedule “probe”, run by hand"]);
}

#[tokio::test]
async fn names_are_unique_while_they_are_in_use() {
    let (store, first) = scheduled(minutely("probe")).await;
    let refused = store.put_schedule(None, minutely("PROBE"), NOW).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    store.remove_schedule(first, NOW).await.unwrap();
    assert_eq!(store.next_firing().await.unwrap(), (None, false));
    store.put_schedule(None, minutely("probe"), NOW).await.unwrap();
    let refused = store.restore_schedule(first, NOW).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
}

#[tokio::test]
async fn a_schedule_whose_project_was_removed_pauses() {
    let store = TempStore::new().await;
    let path = store.dir().join("project");
    let project = store.add_project(store::NewProject { name: "gone".into(), path }, NOW).await.unwrap().id;
    let data = ScheduleData { project: Some(project), ..minutely("probe") };
    let id = store.put_schedule(None, data, NOW).await.unwrap().id;
    store.remove_project(project, NOW).await.unwrap();
    assert_eq!(store.fire_schedule(id, NOW + MINUTE).await.unwrap(), []);
    assert!(store.schedule(id).await.unwrap().policy.paused);
    assert_eq!(store.due_schedules(NOW + MINUTE).await.unwrap(), []);
}

#[rstest]
#[case::a_title_without_a_date("UPDATE schedules SET title = 'Probe'", "CHECK")]
#[case::a_card_in_flight("UPDATE schedules SET status = 'in_progress'", "CHECK")]
#[case::no_zone("UPDATE schedules SET zone = ''", "CHECK")]
#[case::three_fields("UPDATE schedules SET cron = '* * *'", "CHECK")]
#[case::a_policy_of_ones_own("UPDATE schedules SET misfire = 'perhaps'", "CHECK")]
#[case::a_catch_up_without_end("UPDATE schedules SET misfire_cap = 101", "CHECK")]
#[case::paused_and_due("UPDATE schedules SET paused = 1", "CHECK")]
#[case::due_in_the_past("UPDATE schedules SET next_at = considered_at", "CHECK")]
#[case::skipped_for_no_reason("UPDATE schedules SET skipped_at = 5", "CHECK")]
#[case::a_firing_twice("INSERT INTO schedule_firings SELECT * FROM schedule_firings", "UNIQUE")]
#[case::a_card_of_two_firings(
    "INSERT INTO schedule_firings SELECT schedule_id, nominal_at + 1, manual, task_id, fired_at FROM schedule_firings",
    "UNIQUE"
)]
#[case::fired_without_a_card("UPDATE schedule_firings SET task_id = NULL", "CHECK")]
#[case::a_firing_of_no_schedule("UPDATE schedule_firings SET schedule_id = 9", "FOREIGN KEY")]
#[tokio::test]
async fn the_file_refuses_nonsense(#[case] sql: &str, #[case] because: &str) {
    let (store, id) = scheduled(minutely("probe")).await;
    store.run_schedule(id, NOW).await.unwrap();
    let refusal = Raw::open(&store).await.refusal(sql).await.expect("a refusal");
    assert!(refusal.contains(because), "{refusal}");
}
