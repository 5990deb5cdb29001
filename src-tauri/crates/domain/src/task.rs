//! The task machine. `transition` takes a task and what happened and returns the task as it is
//! afterwards together with what must be done about it; the store writes it, the engine acts.
//!
//! Stored states only. Blocked, assigned, rejected and waiting are derived elsewhere and never
//! stored a second time.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{RunId, TaskId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Inbox,
    Ready,
    InProgress,
    Review,
    Done,
    Failed,
    Cancelled,
}

/// Where a person may put a card: the five columns and the shelf. The same words as [`Status`].
pub type Column = Status;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a column; use inbox, ready, in_progress, review, done, failed or cancelled")]
pub struct BadStatus(String);

impl Status {
    pub const ALL: [Status; 7] = [
        Status::Inbox,
        Status::Ready,
        Status::InProgress,
        Status::Review,
        Status::Done,
        Status::Failed,
        Status::Cancelled,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Status::Inbox => "inbox",
            Status::Ready => "ready",
            Status::InProgress => "in_progress",
            Status::Review => "review",
            Status::Done => "done",
            Status::Failed => "failed",
            Status::Cancelled => "cancelled",
        }
    }

    /// The column's heading.
    pub fn title(self) -> &'static str {
        match self {
            Status::Inbox => "Inbox",
            Status::Ready => "Ready",
            Status::InProgress => "In flight",
            Status::Review => "Review",
            Status::Done => "Done",
            Status::Failed => "Failed",
            Status::Cancelled => "Cancelled",
        }
    }

    /// Reads the stored word, what people type for it, and what other boards call it.
    pub fn parse(text: &str) -> Option<Status> {
        match text.trim().to_ascii_lowercase().replace(['-', ' '], "_").as_str() {
            "inbox" => Some(Status::Inbox),
            // What was rejected waits for its agent again.
            "ready" | "assigned" | "rejected" | "pending" => Some(Status::Ready),
            "in_progress" | "in_flight" | "running" => Some(Status::InProgress),
            "review" | "quality_review" => Some(Status::Review),
            "done" | "completed" => Some(Status::Done),
            "failed" => Some(Status::Failed),
            "cancelled" | "canceled" => Some(Status::Cancelled),
            _ => None,
        }
    }

    /// Nothing more happens to the task unless somebody reopens it.
    pub fn is_terminal(self) -> bool {
        match self {
            Status::Done | Status::Failed | Status::Cancelled => true,
            Status::Inbox | Status::Ready | Status::InProgress | Status::Review => false,
        }
    }
}

impl FromStr for Status {
    type Err = BadStatus;

    fn from_str(text: &str) -> Result<Status, BadStatus> {
        Status::parse(text).ok_or_else(|| BadStatus(crate::text::elide(text, 60)))
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Status, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Who caused a change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    Person,
    Agent(String),
    Engine,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Person => f.write_str("you"),
            Actor::Agent(name) => write!(f, "agent:{name}"),
            Actor::Engine => f.write_str("engine"),
        }
    }
}

/// The part of a task that the machine decides over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: TaskId,
    pub status: Status,
    /// The run that holds the task; set exactly while `status` is in progress.
    pub live_run: Option<RunId>,
    /// Where the card stood before its live run began, so that a start that failed puts it back.
    pub came_from: Option<Status>,
    /// Why a person must look before anything runs again, in the agent's own words.
    pub held: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskEvent {
    /// A person puts the card into a column.
    Moved(Column),
    /// A run was made for the task and is being prepared.
    RunBegan(RunId),
    /// The run could not be started; nothing was left behind.
    RunNotStarted(RunId),
    RunSucceeded(RunId),
    RunFailed(RunId),
    /// It failed, and will be tried again.
    RunToRetry(RunId),
    /// The agent says that it cannot go on without a person.
    RunBlocked(RunId, String),
    RunStopped(RunId),
    /// The run's process vanished without a word: the machine went down.
    RunLost(RunId),
    /// The gate let the work through.
    Approved,
    /// A reviewer wants more work on it.
    Rejected,
    /// Rejected once too often.
    GivenUp,
    /// Its branch is not taken: what it waited for ended the other way.
    NotNeeded,
}

/// What the engine must do after the change is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    StopRun(RunId),
}

/// The event is not possible now. `legal` lists the columns that are, for a message that helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Rejected {
    pub task: TaskId,
    pub status: Status,
    pub wanted: Wanted,
    pub legal: Vec<Column>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Column(Column),
    Run,
    /// A report of a run that no longer holds the task.
    Report(RunId),
    /// A verdict on work that is not in review.
    Verdict,
}

impl Rejected {
    fn sentence(&self) -> String {
        let key = self.task.key();
        let here = self.status.title();
        match self.wanted {
            Wanted::Column(Status::InProgress) => {
                format!("{key} moves to In flight by starting an agent on it, not by itself")
            }
            Wanted::Column(column) => format!("{key} cannot move from {here} to {}", column.title()),
            Wanted::Run if self.status == Status::InProgress => format!("{key} already has an agent at work"),
            Wanted::Run => format!("{key} is in {here}; move it back to the board before running an agent"),
            Wanted::Verdict => format!("{key} is in {here}, not in Review; the verdict changes nothing"),
            Wanted::Report(run) => format!("run {run} no longer holds {key}; its report changes nothing"),
        }
    }
}

/// Where a person may move a card from `status`.
pub fn legal_moves(status: Status) -> Vec<Column> {
    Status::ALL.into_iter().filter(|&to| may_move(status, to)).collect()
}

fn may_move(from: Status, to: Column) -> bool {
    match (from, to) {
        // Only a run takes a card in flight, and only a run's failure puts it on the shelf.
        (_, Status::InProgress) | (_, Status::Failed) => false,
        (from, to) if from == to => false,
        // What was never worked on cannot wait for review.
        (Status::Inbox | Status::Cancelled, Status::Review) => false,
        (
            Status::Inbox
            | Status::Ready
            | Status::InProgress
            | Status::Review
            | Status::Done
            | Status::Failed
            | Status::Cancelled,
            Status::Inbox | Status::Ready | Status::Review | Status::Done | Status::Cancelled,
        ) => true,
    }
}

/// Applies `event` to `task`. A move onto the column where the card already is changes nothing.
pub fn transition(task: &Task, event: &TaskEvent) -> Result<(Task, Vec<Effect>), Rejected> {
    match event {
        TaskEvent::Moved(to) => moved(task, *to),
        TaskEvent::RunBegan(run) => run_began(task, *run),
        TaskEvent::RunNotStarted(run) => {
            let back = task.came_from.unwrap_or(Status::Ready);
            run_ended(task, *run, back, task.held.clone())
        }
        TaskEvent::RunSucceeded(run) => run_ended(task, *run, Status::Review, None),
        TaskEvent::RunFailed(run) => run_ended(task, *run, Status::Failed, None),
        TaskEvent::RunBlocked(run, reason) => run_ended(task, *run, Status::Ready, Some(reason.clone())),
        TaskEvent::RunStopped(run) | TaskEvent::RunLost(run) | TaskEvent::RunToRetry(run) => {
            run_ended(task, *run, Status::Ready, None)
        }
        TaskEvent::Approved => reviewed(task, Status::Done),
        TaskEvent::Rejected => reviewed(task, Status::Ready),
        TaskEvent::GivenUp => reviewed(task, Status::Failed),
        TaskEvent::NotNeeded => match task.status {
            Status::Inbox | Status::Ready => Ok((resting(task, Status::Cancelled), Vec::new())),
            Status::InProgress | Status::Review | Status::Done | Status::Failed | Status::Cancelled => {
                Err(rejected(task, Wanted::Column(Status::Cancelled)))
            }
        },
    }
}

/// A verdict counts only while the card is in review.
fn reviewed(task: &Task, to: Status) -> Result<(Task, Vec<Effect>), Rejected> {
    if task.status == Status::Review {
        Ok((resting(task, to), Vec::new()))
    } else {
        Err(rejected(task, Wanted::Verdict))
    }
}

fn resting(task: &Task, status: Status) -> Task {
    Task { id: task.id, status, live_run: None, came_from: None, held: None }
}

fn moved(task: &Task, to: Column) -> Result<(Task, Vec<Effect>), Rejected> {
    if to == task.status {
        return Ok((task.clone(), Vec::new()));
    }
    if !may_move(task.status, to) {
        return Err(rejected(task, Wanted::Column(to)));
    }
    let effects = task.live_run.map(Effect::StopRun).into_iter().collect();
    Ok((resting(task, to), effects))
}

fn run_began(task: &Task, run: RunId) -> Result<(Task, Vec<Effect>), Rejected> {
    match task.status {
        Status::Inbox | Status::Ready | Status::Review | Status::Failed => {
            let next = Task {
                id: task.id,
                status: Status::InProgress,
                live_run: Some(run),
                came_from: Some(task.status),
                held: task.held.clone(),
            };
            Ok((next, Vec::new()))
        }
        Status::InProgress | Status::Done | Status::Cancelled => Err(rejected(task, Wanted::Run)),
    }
}

fn run_ended(
    task: &Task,
    run: RunId,
    to: Status,
    held: Option<String>,
) -> Result<(Task, Vec<Effect>), Rejected> {
    if task.live_run != Some(run) {
        return Err(rejected(task, Wanted::Report(run)));
    }
    Ok((Task { id: task.id, status: to, live_run: None, came_from: None, held }, Vec::new()))
}

fn rejected(task: &Task, wanted: Wanted) -> Rejected {
    Rejected { task: task.id, status: task.status, wanted, legal: legal_moves(task.status) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Status::*;

    const RUN: RunId = RunId(7);

    fn task(status: Status) -> Task {
        let live = status == InProgress;
        Task {
            id: TaskId(12),
            status,
            live_run: live.then_some(RUN),
            came_from: live.then_some(Inbox),
            held: None,
        }
    }

    /// Every pair of state and event: the state afterwards, or a refusal.
    #[test]
    fn every_state_meets_every_event() {
        let no = None;
        let table: [(TaskEvent, [Option<Status>; 7]); 19] = [
            //                              inbox        ready        in flight    review       done         failed       cancelled
            (
                TaskEvent::Moved(Inbox),
                [Some(Inbox), Some(Inbox), Some(Inbox), Some(Inbox), Some(Inbox), Some(Inbox), Some(Inbox)],
            ),
            (
                TaskEvent::Moved(Ready),
                [Some(Ready), Some(Ready), Some(Ready), Some(Ready), Some(Ready), Some(Ready), Some(Ready)],
            ),
            (TaskEvent::Moved(InProgress), [no, no, Some(InProgress), no, no, no, no]),
            (
                TaskEvent::Moved(Review),
                [no, Some(Review), Some(Review), Some(Review), Some(Review), Some(Review), no],
            ),
            (
                TaskEvent::Moved(Done),
                [Some(Done), Some(Done), Some(Done), Some(Done), Some(Done), Some(Done), Some(Done)],
            ),
            (TaskEvent::Moved(Failed), [no, no, no, no, no, Some(Failed), no]),
            (TaskEvent::Moved(Cancelled), [Some(Cancelled); 7]),
            (
                TaskEvent::RunBegan(RunId(8)),
                [Some(InProgress), Some(InProgress), no, Some(InProgress), no, Some(InProgress), no],
            ),
            (TaskEvent::RunNotStarted(RUN), [no, no, Some(Inbox), no, no, no, no]),
            (TaskEvent::RunSucceeded(RUN), [no, no, Some(Review), no, no, no, no]),
            (TaskEvent::RunFailed(RUN), [no, no, Some(Failed), no, no, no, no]),
            (TaskEvent::RunBlocked(RUN, "no key".into()), [no, no, Some(Ready), no, no, no, no]),
            (TaskEvent::RunStopped(RUN), [no, no, Some(Ready), no, no, no, no]),
            (TaskEvent::RunLost(RUN), [no, no, Some(Ready), no, no, no, no]),
            (TaskEvent::RunToRetry(RUN), [no, no, Some(Ready), no, no, no, no]),
            (TaskEvent::Approved, [no, no, no, Some(Done), no, no, no]),
            (TaskEvent::Rejected, [no, no, no, Some(Ready), no, no, no]),
            (TaskEvent::GivenUp, [no, no, no, Some(Failed), no, no, no]),
            (TaskEvent::NotNeeded, [Some(Cancelled), Some(Cancelled), no, no, no, no, no]),
        ];
        for (event, row) in table {
            for (from, expected) in Status::ALL.into_iter().zip(row) {
                let got = transition(&task(from), &event).ok().map(|(next, _)| next.status);
                assert_eq!(got, expected, "{from} on {event:?}");
            }
        }
    }

    #[test]
    fn a_live_run_is_held_exactly_while_in_flight() {
        for from in Status::ALL {
            for event in
                [TaskEvent::Moved(Ready), TaskEvent::RunBegan(RunId(8)), TaskEvent::RunSucceeded(RUN)]
            {
                if let Ok((next, _)) = transition(&task(from), &event) {
                    assert_eq!(next.live_run.is_some(), next.status == InProgress, "{from} on {event:?}");
                }
            }
        }
    }

    #[test]
    fn moving_a_card_with_an_agent_at_work_stops_the_agent() {
        let (next, effects) = transition(&task(InProgress), &TaskEvent::Moved(Review)).unwrap();
        assert_eq!((next.status, effects), (Review, vec![Effect::StopRun(RUN)]));
    }

    #[test]
    fn a_late_report_is_refused() {
        let refused = transition(&task(InProgress), &TaskEvent::RunSucceeded(RunId(6))).unwrap_err();
        assert_eq!(refused.to_string(), "run 6 no longer holds T-12; its report changes nothing");
    }

    #[test]
    fn a_refused_move_names_the_legal_ones() {
        let refused = transition(&task(Inbox), &TaskEvent::Moved(Review)).unwrap_err();
        assert_eq!(refused.legal, vec![Ready, Done, Cancelled]);
        assert_eq!(refused.to_string(), "T-12 cannot move from Inbox to Review");
    }

    #[test]
    fn a_blocked_agents_reason_stays_on_the_card_until_it_is_moved_or_finishes() {
        let (held, _) = transition(&task(InProgress), &TaskEvent::RunBlocked(RUN, "no key".into())).unwrap();
        assert_eq!(held.held.as_deref(), Some("no key"));
        let (again, _) = transition(&held, &TaskEvent::RunBegan(RunId(9))).unwrap();
        assert_eq!(again.held.as_deref(), Some("no key"));
        let (done, _) = transition(&again, &TaskEvent::RunSucceeded(RunId(9))).unwrap();
        assert_eq!(done.held, None);
    }

    #[test]
    fn words_round_trip() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.word()), Some(status));
        }
        for (words, status) in [
            ("assigned rejected pending", Ready),
            ("In-flight in_progress running", InProgress),
            ("quality_review", Review),
            ("completed", Done),
            ("canceled", Cancelled),
        ] {
            for word in words.split(' ') {
                assert_eq!(word.parse(), Ok(status), "another board's “{word}”");
            }
        }
        assert_eq!("limbo".parse::<Status>(), Err(BadStatus("limbo".into())));
    }

    #[test]
    fn the_legal_moves_are_those_that_the_machine_takes() {
        for from in Status::ALL {
            for to in Status::ALL.into_iter().filter(|to| *to != from) {
                let taken = transition(&task(from), &TaskEvent::Moved(to)).is_ok();
                assert_eq!(legal_moves(from).contains(&to), taken, "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_run_that_did_not_start_gives_the_card_back_to_where_it_stood() {
        for from in [Inbox, Ready, Review, Failed] {
            let held = Task { held: Some("no key".into()), ..task(from) };
            let (flying, _) = transition(&held, &TaskEvent::RunBegan(RUN)).unwrap();
            let (back, effects) = transition(&flying, &TaskEvent::RunNotStarted(RUN)).unwrap();
            assert_eq!((back, effects), (held, Vec::new()), "{from}");
        }
    }

    #[test]
    fn a_run_is_refused_in_the_words_of_the_board() {
        let refused =
            |status| transition(&task(status), &TaskEvent::RunBegan(RunId(8))).unwrap_err().to_string();
        assert_eq!(refused(InProgress), "T-12 already has an agent at work");
        assert_eq!(refused(Done), "T-12 is in Done; move it back to the board before running an agent");
    }

    #[test]
    fn stored_words_are_the_wires_words() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
            assert_eq!(Status::parse(status.title()), Some(status));
        }
    }
}
