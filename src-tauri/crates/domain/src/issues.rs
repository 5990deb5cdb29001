//! A card and the issue that it stands for: title, labels and state, brought together from what both sides
//! last agreed on. What one side changed, the other takes; where both changed the same, the issue wins,
//! because more people see it. Labels are merged one by one.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::Status;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum IssueState {
    Open,
    /// Closed as completed.
    Completed,
    /// Closed as not planned.
    NotPlanned,
}

impl IssueState {
    pub fn word(self) -> &'static str {
        match self {
            IssueState::Open => "open",
            IssueState::Completed => "completed",
            IssueState::NotPlanned => "not_planned",
        }
    }

    pub fn parse(word: &str) -> Option<IssueState> {
        [IssueState::Open, IssueState::Completed, IssueState::NotPlanned]
            .into_iter()
            .find(|state| state.word() == word)
    }

    /// Of a card in that column. A failed one is still to be done.
    pub fn of(status: Status) -> IssueState {
        match status {
            Status::Done => IssueState::Completed,
            Status::Cancelled => IssueState::NotPlanned,
            Status::Inbox | Status::Ready | Status::InProgress | Status::Review | Status::Failed => {
                IssueState::Open
            }
        }
    }

    /// Where a card goes whose issue came to this state.
    pub fn column(self) -> Status {
        match self {
            IssueState::Open => Status::Inbox,
            IssueState::Completed => Status::Done,
            IssueState::NotPlanned => Status::Cancelled,
        }
    }
}

/// What cards and issues have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    pub title: String,
    pub labels: Vec<String>,
    pub state: IssueState,
}

/// What both sides should have now.
pub fn merge(agreed: &Shared, card: &Shared, issue: &Shared) -> Shared {
    let title = if issue.title == agreed.title { &card.title } else { &issue.title };
    let state = if issue.state == agreed.state { card.state } else { issue.state };
    Shared { title: title.clone(), labels: labels(&agreed.labels, &card.labels, &issue.labels), state }
}

/// A label stays where both have it, and comes where one side put it; it goes where one side took it away.
fn labels(agreed: &[String], card: &[String], issue: &[String]) -> Vec<String> {
    let kept = |label: &&String| card.contains(label) || !agreed.contains(label);
    let added = |label: &&String| !issue.contains(label) && !agreed.contains(label);
    issue.iter().filter(kept).chain(card.iter().filter(added)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shared(title: &str, labels: &[&str], state: IssueState) -> Shared {
        Shared { title: title.into(), labels: labels.iter().map(|label| (*label).into()).collect(), state }
    }

    const OPEN: IssueState = IssueState::Open;
    const DONE: IssueState = IssueState::Completed;

    #[test]
    fn what_one_side_changed_the_other_takes() {
        let agreed = shared("a", &["bug", "ui"], OPEN);
        let card = shared("b", &["bug", "ui"], OPEN);
        let issue = shared("a", &["bug", "ui", "p1"], DONE);
        assert_eq!(merge(&agreed, &card, &issue), shared("b", &["bug", "ui", "p1"], DONE));
    }

    #[test]
    fn where_both_changed_the_same_the_issue_wins_and_labels_are_merged() {
        let agreed = shared("a", &["bug", "ui"], OPEN);
        let card = shared("b", &["bug", "mine"], DONE);
        let issue = shared("c", &["ui", "theirs"], IssueState::NotPlanned);
        assert_eq!(merge(&agreed, &card, &issue), shared("c", &["theirs", "mine"], IssueState::NotPlanned));
    }

    fn any_shared() -> impl Strategy<Value = Shared> {
        let states = prop_oneof![Just(OPEN), Just(DONE), Just(IssueState::NotPlanned)];
        ("[ab]", prop::collection::btree_set("[a-d]", 0..4), states)
            .prop_map(|(title, labels, state)| Shared { title, labels: labels.into_iter().collect(), state })
    }

    proptest! {
        #[test]
        fn once_both_have_it_nothing_more_changes(agreed in any_shared(), card in any_shared(), issue in any_shared()) {
            let merged = merge(&agreed, &card, &issue);
            prop_assert_eq!(&merge(&merged, &merged, &merged), &merged);
            // Pushed but not noted yet, as after a crash: the same comes out again.
            prop_assert_eq!(merge(&agreed, &merged, &merged), merged);
        }

        #[test]
        fn a_side_that_changed_nothing_takes_all_of_the_other(agreed in any_shared(), other in any_shared()) {
            let mut taken = merge(&agreed, &agreed, &other);
            taken.labels.sort();
            prop_assert_eq!(&taken, &other);
            let mut taken = merge(&agreed, &other, &agreed);
            taken.labels.sort();
            prop_assert_eq!(&taken, &other);
        }
    }
}
