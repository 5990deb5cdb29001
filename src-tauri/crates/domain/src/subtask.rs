//! Which card may be a sub-task of which: no circle, a few levels, and not more than can be looked through.

use std::collections::HashMap;

use crate::TaskId;

/// Levels of cards, the topmost included.
pub const LEVELS_MAX: usize = 4;
/// Sub-tasks of one card.
pub const SUBTASKS_MAX: usize = 200;

/// A card about to become a sub-task.
#[derive(Clone, Copy, Debug)]
pub struct Joining<'a> {
    pub task: TaskId,
    pub parent: TaskId,
    /// The parent's own parent, that one's, and so on upward.
    pub above: &'a [TaskId],
    /// Levels of sub-tasks below `task`; 0: it has none.
    pub below: usize,
    /// Sub-tasks that the parent has already.
    pub siblings: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadParent {
    #[error("{} cannot be a sub-task of itself", .0.key())]
    Itself(TaskId),
    #[error("{} cannot be a sub-task of {}: that would be a circle ({})", task.key(), parent.key(), way(path))]
    Circle {
        task: TaskId,
        parent: TaskId,
        /// From the parent up to `task`.
        path: Vec<TaskId>,
    },
    #[error("{} cannot be a sub-task of {}: there would be more than {LEVELS_MAX} levels", task.key(), parent.key())]
    TooDeep { task: TaskId, parent: TaskId },
    #[error("{} has {SUBTASKS_MAX} sub-tasks already, the most that a card may have", .0.key())]
    TooMany(TaskId),
}

fn way(path: &[TaskId]) -> String {
    path.iter().map(|id| id.key()).collect::<Vec<_>>().join(" → ")
}

pub fn check(joining: Joining<'_>) -> Result<(), BadParent> {
    let Joining { task, parent, above, below, siblings } = joining;
    if task == parent {
        return Err(BadParent::Itself(task));
    }
    if let Some(at) = above.iter().position(|id| *id == task) {
        let path = std::iter::once(parent).chain(above[..=at].iter().copied()).collect();
        return Err(BadParent::Circle { task, parent, path });
    }
    // Those above the parent, the parent, the card, those below it.
    if above.len() + 2 + below > LEVELS_MAX {
        return Err(BadParent::TooDeep { task, parent });
    }
    if siblings >= SUBTASKS_MAX { Err(BadParent::TooMany(parent)) } else { Ok(()) }
}

/// A tree that another board's cards grow into, oldest first. A part that comes before its whole, and what would be
/// too deep or too many, is not taken: so there is no circle, and nothing that [`check`] would refuse.
#[derive(Debug, Default)]
pub struct Tree {
    /// Cards above each that was seen.
    levels: HashMap<String, usize>,
    parts: HashMap<String, usize>,
}

impl Tree {
    /// Whether the next card becomes a part of its parent.
    pub fn takes(&mut self, uid: &str, parent: Option<&str>) -> bool {
        let level = parent.and_then(|parent| {
            let level = self.levels.get(parent)? + 1;
            let parts = self.parts.entry(parent.into()).or_default();
            let fits = level < LEVELS_MAX && *parts < SUBTASKS_MAX;
            *parts += usize::from(fits);
            fits.then_some(level)
        });
        self.levels.insert(uid.into(), level.unwrap_or(0));
        level.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const ABOVE: [TaskId; 2] = [TaskId(2), TaskId(1)];

    fn joining(task: i64, parent: i64, above: &[TaskId]) -> Joining<'_> {
        Joining { task: TaskId(task), parent: TaskId(parent), above, below: 0, siblings: 0 }
    }

    #[rstest]
    #[case::itself(joining(1, 1, &[]), "T-1 cannot be a sub-task of itself")]
    #[case::circle(joining(1, 3, &ABOVE), "T-1 cannot be a sub-task of T-3: that would be a circle (T-3 → T-2 → T-1)")]
    #[case::deep(
        Joining { below: 1, ..joining(9, 3, &ABOVE) },
        "T-9 cannot be a sub-task of T-3: there would be more than 4 levels"
    )]
    #[case::many(
        Joining { siblings: SUBTASKS_MAX, ..joining(9, 3, &[]) },
        "T-3 has 200 sub-tasks already, the most that a card may have"
    )]
    fn what_is_refused_is_refused_in_words(#[case] joining: Joining<'_>, #[case] sentence: &str) {
        assert_eq!(check(joining).unwrap_err().to_string(), sentence);
    }

    #[test]
    fn a_tree_takes_what_fits_and_nothing_before_its_whole() {
        let mut tree = Tree::default();
        let mut takes = |uid: &str, parent: Option<&str>| tree.takes(uid, parent);
        assert_eq!(
            [takes("1", None), takes("2", Some("1")), takes("3", Some("2")), takes("4", Some("3"))],
            [false, true, true, true]
        );
        assert!(!takes("5", Some("4")), "a fifth level");
        assert!(!takes("6", Some("7")) && !takes("8", Some("8")), "not before its whole");
        assert!(takes("7", Some("6")), "6 stands alone, so there is no circle");
        let taken = (0..SUBTASKS_MAX + 2).filter(|n| takes(&format!("many {n}"), Some("1"))).count();
        assert_eq!(taken, SUBTASKS_MAX - 1, "one was there");
    }

    #[rstest]
    #[case(joining(4, 3, &ABOVE))]
    #[case(Joining { below: 2, ..joining(9, 3, &[]) })]
    #[case(Joining { siblings: SUBTASKS_MAX - 1, ..joining(9, 3, &[]) })]
    fn up_to_the_limits_it_is_allowed(#[case] joining: Joining<'_>) {
        assert_eq!(check(joining), Ok(()));
    }
}
