//! Dependencies between tasks: what an edge asks for, whether it is met, and which edges cannot be
//! allowed because they would close a cycle.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Status, TaskId};

/// What the upstream task must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    Success,
    Failure,
    /// An end, whichever.
    Any,
}

/// `task` waits for `upstream`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    pub task: TaskId,
    pub upstream: TaskId,
    pub need: Need,
}

/// How an edge stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Met,
    Open,
    /// The upstream ended the other way; only a replay of it could change that.
    Missed,
    /// This branch is not taken: it was for a failure, and the upstream succeeded.
    NotNeeded,
}

/// An edge that keeps a task from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Blocker {
    pub upstream: TaskId,
    pub need: Need,
    pub status: Status,
    pub trashed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot wait for {}: that would be a circle ({})", task.key(), upstream.key(), circle(path))]
pub struct Cycle {
    pub task: TaskId,
    pub upstream: TaskId,
    /// From `task` back to itself, each waited for by the next.
    pub path: Vec<TaskId>,
}

fn circle(path: &[TaskId]) -> String {
    path.iter().map(|id| id.key()).collect::<Vec<_>>().join(" → ")
}

impl Need {
    pub const ALL: [Need; 3] = [Need::Success, Need::Failure, Need::Any];

    pub fn word(self) -> &'static str {
        match self {
            Need::Success => "success",
            Need::Failure => "failure",
            Need::Any => "any",
        }
    }

    pub fn parse(word: &str) -> Option<Need> {
        Need::ALL.into_iter().find(|need| need.word() == word)
    }

    pub fn standing(self, upstream: Status) -> Standing {
        match (self, upstream) {
            (_, Status::Inbox | Status::Ready | Status::InProgress | Status::Review) => Standing::Open,
            (Need::Success | Need::Any, Status::Done) => Standing::Met,
            (Need::Failure | Need::Any, Status::Failed | Status::Cancelled) => Standing::Met,
            (Need::Success, Status::Failed | Status::Cancelled) => Standing::Missed,
            (Need::Failure, Status::Done) => Standing::NotNeeded,
        }
    }
}

impl Blocker {
    pub fn stands(&self) -> Standing {
        self.need.standing(self.status)
    }

    /// `T-12, which failed`
    pub fn phrase(&self) -> String {
        let which = match self.status {
            _ if self.trashed => "which is in the trash",
            Status::Inbox => "which is in the inbox",
            Status::Ready => "which has not started",
            Status::InProgress => "which is in flight",
            Status::Review => "which is in review",
            Status::Done => "which succeeded",
            Status::Failed => "which failed",
            Status::Cancelled => "which was cancelled",
        };
        format!("{}, {which}", self.upstream.key())
    }
}

/// The circle that `task` waiting for `upstream` would close, if it would.
pub fn find_cycle(edges: &[Edge], task: TaskId, upstream: TaskId) -> Option<Cycle> {
    let mut waits_for: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    for edge in edges {
        waits_for.entry(edge.task).or_default().push(edge.upstream);
    }
    let mut path = vec![upstream];
    let mut seen = BTreeSet::new();
    if !reaches(&waits_for, upstream, task, &mut seen, &mut path) {
        return None;
    }
    path.insert(0, task);
    Some(Cycle { task, upstream, path })
}

/// Walks what is waited for, from `at`; leaves the way to `goal` in `path`. Without recursion: a chain
/// of a hundred thousand tasks is legal.
fn reaches(
    waits_for: &BTreeMap<TaskId, Vec<TaskId>>,
    at: TaskId,
    goal: TaskId,
    seen: &mut BTreeSet<TaskId>,
    path: &mut Vec<TaskId>,
) -> bool {
    if at == goal {
        return true;
    }
    let none = Vec::new();
    let next = |id: &TaskId| waits_for.get(id).unwrap_or(&none).iter();
    let mut ways = vec![next(&at)];
    while let Some(way) = ways.last_mut() {
        match way.next() {
            Some(&id) if id == goal => {
                path.push(id);
                return true;
            }
            Some(&id) if seen.insert(id) => {
                path.push(id);
                ways.push(next(&id));
            }
            Some(_) => {}
            None => {
                ways.pop();
                path.pop();
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn edge(task: i64, upstream: i64) -> Edge {
        Edge { task: TaskId(task), upstream: TaskId(upstream), need: Need::Success }
    }

    #[rstest]
    #[case(Need::Success, Status::Done, Standing::Met)]
    #[case(Need::Success, Status::Failed, Standing::Missed)]
    #[case(Need::Success, Status::Cancelled, Standing::Missed)]
    #[case(Need::Success, Status::Review, Standing::Open)]
    #[case(Need::Failure, Status::Failed, Standing::Met)]
    #[case(Need::Failure, Status::Done, Standing::NotNeeded)]
    #[case(Need::Any, Status::Done, Standing::Met)]
    #[case(Need::Any, Status::Cancelled, Standing::Met)]
    #[case(Need::Any, Status::InProgress, Standing::Open)]
    fn an_edge_stands_as_its_upstream_ended(
        #[case] need: Need,
        #[case] status: Status,
        #[case] standing: Standing,
    ) {
        assert_eq!(need.standing(status), standing);
    }

    #[test]
    fn a_cycle_is_named_from_end_to_end() {
        let edges = [edge(2, 1), edge(3, 2)];
        let cycle = find_cycle(&edges, TaskId(1), TaskId(3)).unwrap();
        assert_eq!(
            cycle.to_string(),
            "T-1 cannot wait for T-3: that would be a circle (T-1 → T-3 → T-2 → T-1)"
        );
        assert_eq!(find_cycle(&edges, TaskId(3), TaskId(1)), None);
    }

    #[test]
    fn a_task_cannot_wait_for_itself() {
        assert_eq!(find_cycle(&[], TaskId(1), TaskId(1)).unwrap().path, [TaskId(1), TaskId(1)]);
    }

    #[test]
    fn a_long_chain_is_walked_without_running_out_of_stack() {
        let edges: Vec<Edge> = (1..100_000).map(|id| edge(id, id + 1)).collect();
        assert!(find_cycle(&edges, TaskId(100_000), TaskId(1)).is_some());
        assert!(find_cycle(&edges, TaskId(1), TaskId(100_000)).is_none());
    }

    proptest! {
        /// Edges accepted one by one never close a circle: the order of a topological sort exists.
        #[test]
        fn accepted_edges_can_always_be_put_in_order(wanted in prop::collection::vec((0_i64..12, 0_i64..12), 0..60)) {
            let mut edges: Vec<Edge> = Vec::new();
            for (task, upstream) in wanted {
                if find_cycle(&edges, TaskId(task), TaskId(upstream)).is_none() {
                    edges.push(edge(task, upstream));
                }
            }
            let mut left: BTreeSet<TaskId> = (0..12).map(TaskId).collect();
            while !left.is_empty() {
                let free: Vec<TaskId> = left.iter().copied()
                    .filter(|id| !edges.iter().any(|e| e.task == *id && left.contains(&e.upstream)))
                    .collect();
                prop_assert!(!free.is_empty(), "a circle among {left:?}");
                for id in free { left.remove(&id); }
            }
        }
    }
}
