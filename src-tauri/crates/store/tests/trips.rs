//! What a commit costs besides its flush, and a question besides its answer: the statements that go to sqlx's
//! thread and back. What many callers wait for takes none. Alone in its program, because it listens to all of them.

extern crate flightboard_store as store;

use std::sync::mpsc;

use domain::Actor;
use futures_util::future::join_all;
use store::{Claim, Claimed, NewClaim, NewReport, TaskEdit, TaskFilter};
use testkit::{TempStore, ready_card};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Hears each statement once it is done: its first word.
struct Ear(mpsc::Sender<String>);

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn event(&self, event: &Event<'_>) {
        let mut said = Said(None);
        event.record(&mut said);
        let word = said.0.and_then(|text| Some(text.split_whitespace().next()?.to_owned()));
        self.0.send(word.expect("a statement has a word")).expect("somebody listens");
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct Said(Option<String>);

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

async fn claim(store: &TempStore, agent: String) -> Claim {
    let new = NewClaim { agent, capacity: 1, lease: 60_000, skills: vec![], limits: vec![], now: 0 };
    match store.claim_next(new).await {
        Ok(Claimed::Assigned(claim)) => claim,
        other => panic!("a task was expected and not {other:?}"),
    }
}

async fn report(store: &TempStore, claim: Claim) {
    let (run, token) = (claim.run, claim.token);
    store.finish_run(NewReport { run, token, succeeded: true, message: None, now: 1 }).await.unwrap();
}

#[tokio::test]
async fn what_many_wait_for_takes_no_trip() {
    let store = TempStore::new().await;
    let (say, heard) = mpsc::channel();
    tracing::subscriber::set_global_default(Ear(say)).unwrap();

    for together in [1, 48] {
        let agents = |name: &'static str| (0..together).map(move |n| format!("{name}-{n}"));
        join_all((0..2 * together).map(|_| store.add_task(ready_card("work"), Actor::Person, 0))).await;
        let claims = join_all(agents("a").map(|agent| claim(&store, agent))).await;
        assert_eq!(store.holder_of(claims[0].task).await.unwrap().map(|(run, _)| run), Some(claims[0].run));
        assert!(store.next_lease().await.unwrap().is_some());
        let reports = join_all(claims.into_iter().map(|claim| report(&store, claim)));
        let claims = join_all(agents("b").map(|agent| claim(&store, agent)));
        let (claims, _) = tokio::join!(claims, reports);
        join_all(claims.into_iter().map(|claim| report(&store, claim))).await;
    }
    let trips: Vec<String> = heard.try_iter().collect();
    assert_eq!(trips, [] as [&str; 0], "for cards, claims, whose they are, and reports");

    let task = store.add_task(ready_card("work"), Actor::Person, 1).await.unwrap();
    let edit = TaskEdit { tags: Some(vec!["seen".into()]), ..TaskEdit::default() };
    store.edit_task(task, edit, Actor::Person, 1).await.unwrap();
    store.add_comment(task, Actor::Person, "seen".into(), 1).await.unwrap();
    let filter = TaskFilter { ids: Some(vec![task]), limit: 1, ..TaskFilter::default() };
    let (listed, _) = store.list_tasks(&filter).await.unwrap();
    let card = store.cards(&[task]).await.unwrap();
    assert_eq!(
        (listed[0].tags.as_slice(), card[0].tags.as_slice()),
        (&["seen".into()][..], &["seen".into()][..])
    );
    let told = (store.comments(task).await.unwrap().len(), store.timeline(task).await.unwrap().len());
    assert_eq!((told, store.runs_of(task).await.unwrap()), ((1, 3), vec![]));
    let trips: Vec<String> = heard.try_iter().collect();
    assert_eq!(trips, [] as [&str; 0], "for an edit, a comment and what is asked of a card");

    store.put_setting("window", &true, 2).await.unwrap();
    let trips: Vec<String> = heard.try_iter().collect();
    assert_eq!(trips, ["INSERT"], "the setting; its row of the log and the transaction are not among them");
}
