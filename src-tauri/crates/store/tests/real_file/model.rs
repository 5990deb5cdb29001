//! Whatever people and agents do in whatever order, the store agrees with a model of a dozen lines
//! that was written from the rules, not from the code.

use domain::{Actor, Cause, Outcome, RunId, Status, TaskId};
use proptest::{collection::vec, prelude::*};
use testkit::{TempStore, card, ready_card};

use crate::raw::Raw;

#[derive(Clone, Debug)]
enum Deed {
    Add {
        ready: bool,
    },
    Move(usize, Status),
    Begin(usize),
    End(usize, Outcome),
    /// The newest run of the card reports its end once more.
    ReportAgain(usize),
    Trash(usize),
    Restore(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let outcome = prop::sample::select(vec![
        Outcome::Succeeded,
        Outcome::Stopped,
        Outcome::Lost,
        Outcome::Failed(Cause::AgentError),
        Outcome::Failed(Cause::ExitedNonZero),
        Outcome::Failed(Cause::Blocked),
        Outcome::Failed(Cause::CouldNotStart),
    ]);
    let which = 0..4usize;
    prop_oneof![
        1 => any::<bool>().prop_map(|ready| Deed::Add { ready }),
        3 => (which.clone(), prop::sample::select(Status::ALL.to_vec())).prop_map(|(at, to)| Deed::Move(at, to)),
        4 => which.clone().prop_map(Deed::Begin),
        4 => (which.clone(), outcome).prop_map(|(at, outcome)| Deed::End(at, outcome)),
        1 => which.clone().prop_map(Deed::ReportAgain),
        1 => which.clone().prop_map(Deed::Trash),
        1 => which.prop_map(Deed::Restore),
    ]
}

/// One card as the rules have it.
#[derive(Clone, Debug)]
struct Card {
    id: TaskId,
    status: Status,
    came_from: Option<Status>,
    held: bool,
    trashed: bool,
    runs: u32,
    last_run: Option<RunId>,
    /// The run that has not ended, whether or not it still holds the card.
    open: Option<RunId>,
    holds: bool,
    changes: usize,
}

impl Card {
    fn may_move(&self, to: Status) -> bool {
        let never_worked_on = matches!(self.status, Status::Inbox | Status::Cancelled);
        to == self.status
            || match to {
                Status::InProgress | Status::Failed => false,
                Status::Review => !never_worked_on,
                Status::Inbox | Status::Ready | Status::Done | Status::Cancelled => true,
            }
    }

    fn moved(&mut self, to: Status) {
        if to != self.status {
            (self.status, self.came_from, self.holds, self.held) = (to, None, false, false);
            self.changes += 1;
        }
    }

    fn may_begin(&self) -> bool {
        let idle = matches!(self.status, Status::Inbox | Status::Ready | Status::Review | Status::Failed);
        idle && !self.trashed && self.open.is_none()
    }

    fn begun(&mut self, run: RunId) {
        (self.came_from, self.status) = (Some(self.status), Status::InProgress);
        (self.open, self.last_run, self.holds) = (Some(run), Some(run), true);
        self.runs += 1;
        self.changes += 1;
    }

    fn ended(&mut self, outcome: Outcome) {
        self.open = None;
        self.changes += 1;
        if !std::mem::take(&mut self.holds) {
            return;
        }
        let came_from = self.came_from.take();
        (self.status, self.held) = match outcome {
            Outcome::Succeeded => (Status::Review, false),
            Outcome::Stopped | Outcome::Lost => (Status::Ready, false),
            Outcome::Failed(Cause::Blocked) => (Status::Ready, true),
            Outcome::Failed(Cause::CouldNotStart) => (came_from.unwrap(), self.held),
            Outcome::Failed(Cause::AgentError | Cause::ExitedNonZero) => (Status::Failed, false),
        };
    }
}

async fn play(store: &TempStore, cards: &mut Vec<Card>, deed: Deed) {
    let now = store.clock.tick();
    if let Deed::Add { ready } = deed {
        let id = store.add(if ready { ready_card("r") } else { card("i") }).await;
        let status = if ready { Status::Ready } else { Status::Inbox };
        let (came_from, last_run, open) = (None, None, None);
        cards.push(Card {
            id,
            status,
            came_from,
            held: false,
            trashed: false,
            runs: 0,
            last_run,
            open,
            holds: false,
            changes: 1,
        });
        return;
    }
    let (Deed::Move(at, _)
    | Deed::Begin(at)
    | Deed::End(at, _)
    | Deed::ReportAgain(at)
    | Deed::Trash(at)
    | Deed::Restore(at)) = deed
    else {
        unreachable!("adding is done above")
    };
    let Some(count) = std::num::NonZero::new(cards.len()) else { return };
    let card = &mut cards[at % count];
    match deed {
        Deed::Add { .. } => {}
        Deed::Move(_, to) => {
            let moved = store.move_task(card.id, to, Actor::Person, now).await;
            assert_eq!(moved.is_ok(), card.may_move(to), "{card:?} to {to}: {moved:?}");
            if let Ok(effects) = moved {
                let taken_away = card.holds && to != card.status;
                assert_eq!(effects.len(), usize::from(taken_away), "{card:?} to {to}");
                card.moved(to);
            }
        }
        Deed::Begin(_) => {
            let begun = store.begin_run(testkit::run_of(card.id), Actor::Person, now).await;
            assert_eq!(begun.is_ok(), card.may_begin(), "{card:?}: {begun:?}");
            if let Ok(run) = begun {
                card.begun(run.id);
            }
        }
        Deed::End(_, outcome) => {
            let Some(run) = card.open else { return };
            assert!(store.end_run(run, testkit::ended(outcome, now)).await.unwrap());
            card.ended(outcome);
        }
        Deed::ReportAgain(_) => {
            let Some(run) = card.last_run.filter(|_| card.open.is_none()) else { return };
            assert!(!store.end_run(run, testkit::ended(Outcome::Succeeded, now)).await.unwrap());
        }
        Deed::Trash(_) => {
            let trashed = store.trash_task(card.id, now).await;
            assert_eq!(trashed.is_ok(), card.trashed || !card.holds, "{card:?}: {trashed:?}");
            if trashed.is_ok() && !std::mem::replace(&mut card.trashed, true) {
                card.changes += 1;
            }
        }
        Deed::Restore(_) => {
            store.restore_task(card.id, now).await.unwrap();
            if std::mem::replace(&mut card.trashed, false) {
                card.changes += 1;
            }
        }
    }
}

async fn agrees(store: &TempStore, cards: &[Card]) {
    let ids: Vec<TaskId> = cards.iter().map(|card| card.id).collect();
    let shown = store.cards(&ids).await.unwrap();
    assert_eq!(shown.len(), cards.len());
    for (card, shown) in cards.iter().zip(shown) {
        assert_eq!(
            (shown.status, shown.trashed, shown.held.is_some(), shown.runs, shown.run.map(|run| run.id)),
            (card.status, card.trashed, card.held, card.runs, card.last_run),
            "{card:?}"
        );
        let task = store.task(card.id).await.unwrap().task;
        assert_eq!(
            (task.live_run, task.came_from),
            (card.open.filter(|_| card.holds), card.came_from),
            "{card:?}"
        );
        assert_eq!(store.timeline(card.id).await.unwrap().len(), card.changes, "{card:?}");
    }
    let mut open: Vec<RunId> = cards.iter().filter_map(|card| card.open).collect();
    open.sort();
    assert_eq!(store.live_runs().await.unwrap().iter().map(|run| run.id).collect::<Vec<_>>(), open);
    let counts = store.counts().await.unwrap();
    let count =
        |status: Status| cards.iter().filter(|card| !card.trashed && card.status == status).count() as u32;
    assert_eq!((counts.in_flight, counts.ready), (count(Status::InProgress), count(Status::Ready)));
    let mut raw = Raw::open(store).await;
    let broken = raw
        .number(
            "SELECT count(*) FROM tasks t WHERE (t.status = 'in_progress') <> (t.live_run IS NOT NULL) \
             OR t.runs <> (SELECT count(*) FROM runs WHERE task_id = t.id) \
             OR t.last_run IS NOT (SELECT max(id) FROM runs WHERE task_id = t.id) \
             OR (t.live_run IS NOT NULL AND t.live_run NOT IN (SELECT id FROM runs WHERE task_id = t.id AND phase <> 'ended'))",
        )
        .await;
    assert_eq!(broken, 0);
}

proptest! {
    // Each case is some forty commits on a real disk.
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_history_ends_where_the_rules_say(deeds in vec(deed(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = TempStore::new().await;
            let mut cards = Vec::new();
            play(&store, &mut cards, Deed::Add { ready: true }).await;
            for deed in deeds {
                play(&store, &mut cards, deed).await;
            }
            agrees(&store, &cards).await;
        });
    }
}
