//! What may happen, by chance, and how each deed is put to the store.

use domain::{
    Cause, Millis, Outcome, Priority, ProjectId, Status,
    edges::{Edge, Need},
    review::{Gate, Step as GateStep, StepOutcome},
};
use proptest::{collection::vec, prelude::*};
use store::{NewReport, NewReview, NewRun, NewTask, Origin, Routing, StartFacts, Store};
use testkit::{card, run_of};

use super::rules::{AGENTS, Added, Board, PERSON, REVIEWER};

/// Compares what the store answered with the rules, and changes the model.
pub type Check = Box<dyn FnOnce(&mut Board)>;

/// Work for one commit, and perhaps a crash before one of its statements.
#[derive(Clone, Debug)]
pub struct Step {
    pub work: Work,
    pub crash: Option<u32>,
}

#[derive(Clone, Debug)]
pub enum Work {
    /// Of several people at one time.
    Deeds(Vec<Deed>),
    /// The dispatcher looks and starts what it may.
    Dispatch,
    /// Agents ask for work at one time, each as one that takes so many.
    Claims(Vec<(usize, u32)>),
    /// So many milliseconds, and whoever fell silent loses its task.
    Pass(Millis),
}

#[derive(Clone, Debug)]
pub enum Deed {
    Add {
        project: Option<usize>,
        level: u8,
        due: Option<Millis>,
        ready: bool,
        gated: bool,
        queued: bool,
    },
    Depend(usize, usize, Need),
    Move(usize, Status),
    /// A person starts one of the agents.
    Begin(usize, usize),
    /// The newest run's process is there.
    Started(usize),
    End(usize, Outcome),
    /// The newest run of the card reports its end once more.
    EndAgain(usize),
    Trash(usize),
    Restore(usize),
    Queue(usize, bool),
    /// The reviewer of a gated card comes to a verdict.
    Review(usize, StepOutcome),
    /// The agent that claimed the card's newest run is heard of.
    Heartbeat(usize),
    /// It says how the run ended, in time or too late.
    Report(usize, bool),
}

/// Mostly anything in any order; and histories that lead to what chance alone seldom comes to, disturbed by it.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let usual = prop_oneof![9 => vec(step(), 2..9), 1 => vec(step(), 9..40)];
    let anything = (vec(add(), 2..5), usual).prop_map(|(cards, mut steps)| {
        steps.insert(0, Step { work: Work::Deeds(cards), crash: None });
        steps
    });
    prop_oneof![
        7 => anything,
        1 => disturbed(failing().boxed()),
        1 => disturbed(pulling().boxed()),
        1 => disturbed(flowing().boxed()),
        1 => disturbed(crowding().boxed()),
    ]
}

fn disturbed(works: BoxedStrategy<Vec<Work>>) -> impl Strategy<Value = Vec<Step>> {
    let with = |work: Work| (Just(work), crash(), prop::option::weighted(0.15, step()));
    works.prop_flat_map(move |works| works.into_iter().map(with).collect::<Vec<_>>()).prop_map(|steps| {
        let both = |(work, crash, then)| [Some(Step { work, crash }), then];
        steps.into_iter().flat_map(both).flatten().collect()
    })
}

/// What the dispatcher starts fails again and again; one card waits for another.
fn failing() -> impl Strategy<Value = Vec<Work>> {
    let failures = vec![
        Outcome::Failed(Cause::AgentError),
        Outcome::Failed(Cause::AgentError),
        Outcome::Failed(Cause::ExitedNonZero),
        Outcome::Failed(Cause::Stalled),
        Outcome::Failed(Cause::UsageLimit),
        Outcome::Lost,
    ];
    let card = || ready(None, false, true);
    let need = prop::option::of(prop::sample::select(Need::ALL.to_vec()));
    (vec(card(), 2..4), need, prop::sample::select(failures), 3..6_usize).prop_map(
        |(cards, need, outcome, rounds)| {
            let mut works = vec![Work::Deeds(cards)];
            works.extend(need.map(|need| Work::Deeds(vec![Deed::Depend(1, 0, need)])));
            for _ in 0..rounds {
                works.push(Work::Dispatch);
                works.push(Work::Deeds((0..3).map(|at| Deed::End(at, outcome)).collect()));
                works.push(Work::Pass(700_000));
            }
            works
        },
    )
}

/// An agent that pulls fails with one card after the other.
fn pulling() -> impl Strategy<Value = Vec<Work>> {
    (vec(ready(None, false, false), 4), 1..3_u32).prop_map(|(cards, most)| {
        let mut works = vec![Work::Deeds(cards)];
        for _ in 0..3 {
            works.push(Work::Claims(vec![(0, most)]));
            works.extend((0..4).map(|at| Work::Deeds(vec![Deed::Report(at, false)])));
        }
        works.push(Work::Claims(vec![(0, most), (1, 1)]));
        works
    })
}

/// Work is done and approved; of the two cards that wait for it only one is needed.
fn flowing() -> impl Strategy<Value = Vec<Work>> {
    (any::<bool>(), vec(ready(None, false, true), 2), ready(None, true, true)).prop_map(
        |(by_hand, mut cards, first)| {
            cards.insert(0, first);
            let done =
                if by_hand { Deed::Move(0, Status::Done) } else { Deed::Review(0, StepOutcome::Approved) };
            vec![
                Work::Deeds(cards),
                Work::Deeds(vec![Deed::Depend(1, 0, Need::Failure), Deed::Depend(2, 0, Need::Success)]),
                Work::Dispatch,
                Work::Deeds(vec![Deed::Started(0), Deed::End(0, Outcome::Succeeded)]),
                Work::Deeds(vec![done]),
                Work::Dispatch,
            ]
        },
    )
}

/// Review is full, and another card of it lies in the trash.
fn crowding() -> impl Strategy<Value = Vec<Work>> {
    vec(ready(None, false, false), 4).prop_map(|cards| {
        let to_review = |at| Deed::Move(at, Status::Review);
        vec![
            Work::Deeds(cards),
            Work::Deeds((0..3).map(to_review).collect()),
            Work::Deeds(vec![Deed::Trash(0), to_review(3)]),
            Work::Deeds(vec![Deed::Restore(0)]),
            Work::Deeds(vec![Deed::Move(1, Status::Done), Deed::Restore(0)]),
        ]
    })
}

fn crash() -> impl Strategy<Value = Option<u32>> {
    prop::option::weighted(0.06, 0..20_u32)
}

fn step() -> impl Strategy<Value = Step> {
    let work = prop_oneof![
        // Deeds that share their statements are taken out of turn, so each of these comes alone.
        2 => add().prop_map(|deed| Work::Deeds(vec![deed])),
        2 => (card_number(), any::<bool>()).prop_map(|(at, ok)| Work::Deeds(vec![Deed::Report(at, ok)])),
        9 => vec(deed(), 2..6).prop_map(Work::Deeds),
        4 => Just(Work::Dispatch),
        3 => asking().prop_map(Work::Claims),
        2 => prop::sample::select(vec![20_000, 60_000, 400_000, 700_000]).prop_map(Work::Pass),
    ];
    (work, crash()).prop_map(|(work, crash)| Step { work, crash })
}

fn card_number() -> std::ops::Range<usize> {
    0..4
}

fn add() -> impl Strategy<Value = Deed> {
    let project = prop::option::of(0..2_usize);
    let level = prop::sample::select(vec![2, 5, 10_u8]);
    let due = prop::option::weighted(0.3, 1..3 as Millis);
    (project, level, due, prop::bool::weighted(0.8), prop::bool::weighted(0.4), prop::bool::weighted(0.7))
        .prop_map(|(project, level, due, ready, gated, queued)| Deed::Add {
            project,
            level,
            due,
            ready,
            gated,
            queued: ready && queued,
        })
}

fn ready(project: Option<usize>, gated: bool, queued: bool) -> impl Strategy<Value = Deed> {
    let level = prop::sample::select(vec![2, 5, 10_u8]);
    level.prop_map(move |level| Deed::Add { project, level, due: None, ready: true, gated, queued })
}

fn asking() -> impl Strategy<Value = Vec<(usize, u32)>> {
    let some = prop::sample::subsequence(vec![0, 1, 2], 1..=3).prop_shuffle();
    (some, vec(1..3_u32, 3)).prop_map(|(agents, most)| agents.into_iter().zip(most).collect())
}

fn deed() -> impl Strategy<Value = Deed> {
    let outcome = prop::sample::select(vec![
        Outcome::Succeeded,
        Outcome::Succeeded,
        Outcome::Succeeded,
        Outcome::Stopped,
        Outcome::Lost,
        Outcome::Failed(Cause::AgentError),
        Outcome::Failed(Cause::ExitedNonZero),
        Outcome::Failed(Cause::Blocked),
        Outcome::Failed(Cause::CouldNotStart),
        Outcome::Failed(Cause::UsageLimit),
        Outcome::Failed(Cause::Stalled),
    ]);
    let verdict =
        prop::sample::select(vec![StepOutcome::Approved, StepOutcome::Rejected, StepOutcome::NoVerdict]);
    let which = card_number;
    prop_oneof![
        3 => (which(), which(), prop::sample::select(Need::ALL.to_vec())).prop_map(|(at, on, need)| Deed::Depend(at, on, need)),
        4 => (which(), prop::sample::select(Status::ALL.to_vec())).prop_map(|(at, to)| Deed::Move(at, to)),
        3 => (which(), 0..AGENTS.len()).prop_map(|(at, agent)| Deed::Begin(at, agent)),
        2 => which().prop_map(Deed::Started),
        6 => (which(), outcome).prop_map(|(at, outcome)| Deed::End(at, outcome)),
        1 => which().prop_map(Deed::EndAgain),
        1 => which().prop_map(Deed::Trash),
        1 => which().prop_map(Deed::Restore),
        2 => (which(), prop::bool::weighted(0.7)).prop_map(|(at, queued)| Deed::Queue(at, queued)),
        4 => (which(), verdict).prop_map(|(at, verdict)| Deed::Review(at, verdict)),
        1 => which().prop_map(Deed::Heartbeat),
    ]
}

/// Puts the deed to the store; none where it concerns nothing. The store hears of it at the first poll, so
/// that deeds that are polled together share a commit, in their order.
pub async fn ask(board: &Board, store: &Store, deed: Deed) -> Option<Check> {
    let now = board.now;
    if let Deed::Add { project, level, due, ready, gated, queued } = deed {
        let gate = Some(Gate(if gated { vec![GateStep::Agent { agent: REVIEWER.into() }] } else { vec![] }));
        let new = NewTask {
            project: project.map(|at| ProjectId(at as i64 + 1)),
            priority: Priority::from_level(level.into()).unwrap(),
            due_at: due,
            status: if ready { Status::Ready } else { Status::Inbox },
            queued: queued.then_some(true),
            routing: Routing { gate, ..Routing::default() },
            ..card("work")
        };
        let id = store.add_task(new, PERSON, now).await.unwrap();
        let added = Added { project, priority: level, due, ready, gated, queued };
        return Some(Box::new(move |board| board.added(id, added)));
    }
    let count = std::num::NonZero::new(board.cards.len())?;
    let chosen = |at: usize| (at % count, &board.cards[at % count]);
    Some(match deed {
        Deed::Add { .. } => unreachable!("done above"),
        Deed::Depend(at, on, need) => {
            let ((at, card), (on, upstream)) = (chosen(at), chosen(on));
            let edge = Edge { task: card.id, upstream: upstream.id, need };
            let told = store.add_edge(edge, PERSON, now).await;
            Box::new(move |board| board.depends(at, on, need, told))
        }
        Deed::Move(at, to) => {
            let (at, card) = chosen(at);
            let moved = store.move_task_within(card.id, to, Board::limits_of(to), PERSON, now).await;
            let effects = moved.map(|effects| effects.len());
            Box::new(move |board| board.moved(at, to, effects))
        }
        Deed::Begin(at, agent) => {
            let (_, card) = chosen(at);
            let agent = AGENTS[agent].0;
            let limits = Board::limits_for(agent, card);
            let new = NewRun { agent: agent.into(), origin: Origin::Person, limits, ..run_of(card.id) };
            let begun = store.begin_run(new.clone(), PERSON, now).await;
            Box::new(move |board| board.begun(&new, begun))
        }
        Deed::Started(at) => {
            let (at, card) = chosen(at);
            let run = card.last_run?;
            let told = store.run_started(run, StartFacts::default(), now).await;
            Box::new(move |board| board.started(at, run, told))
        }
        Deed::End(at, outcome) => {
            let (at, card) = chosen(at);
            let run = card.open?;
            let closed = store.end_run(run, testkit::ended(outcome, now)).await.unwrap();
            Box::new(move |board| board.closed(at, run, outcome, closed))
        }
        Deed::EndAgain(at) => {
            let (_, card) = chosen(at);
            let run = card.last_run.filter(|_| card.open.is_none())?;
            let closed = store.end_run(run, testkit::ended(Outcome::Succeeded, now)).await.unwrap();
            Box::new(move |_| assert!(!closed, "a run ended twice"))
        }
        Deed::Trash(at) => {
            let (at, card) = chosen(at);
            let told = store.trash_task(card.id, now).await.map(drop);
            Box::new(move |board| board.trashed(at, told))
        }
        Deed::Restore(at) => {
            let (at, card) = chosen(at);
            let told = store.restore_task(card.id, Board::limits_of(Status::Review), now).await;
            Box::new(move |board| board.restored(at, told))
        }
        Deed::Queue(at, queued) => {
            let (at, card) = chosen(at);
            store.set_queued(card.id, queued, PERSON, now).await.unwrap();
            Box::new(move |board| board.queue(at, queued))
        }
        Deed::Review(at, verdict) => {
            let (at, card) = chosen(at);
            if !card.gated {
                return None;
            }
            let round = card.round;
            let review = NewReview {
                task: card.id,
                run: card.last_run,
                round,
                step: 0,
                kind: "agent",
                reviewer: REVIEWER.into(),
                outcome: verdict,
                review_run: None,
                notes: "what I think".into(),
                prompt: "judge this".into(),
            };
            let told = store.add_review(review, now).await.map(drop);
            Box::new(move |board| board.reviewed(at, round, verdict, told))
        }
        Deed::Heartbeat(at) => {
            let (at, card) = chosen(at);
            let (run, token) = (card.last_run?, card.token.clone()?);
            let told = store.heartbeat_run(run, token, now).await;
            Box::new(move |board| board.heard(at, run, told))
        }
        Deed::Report(at, succeeded) => {
            let (at, card) = chosen(at);
            let (run, token) = (card.last_run?, card.token.clone()?);
            let message = Some("what I did".into());
            let told = store.finish_run(NewReport { run, token, succeeded, message, now }).await;
            Box::new(move |board| board.reported(at, run, succeeded, told))
        }
    })
}
