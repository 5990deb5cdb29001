//! What happened, in the words that event streams and webhooks use. The log of changes keeps finer words
//! for a card's timeline; here each of them is given the event that programs subscribe to.

/// The event of a change: `task.created`, `task.updated`, `task.status_changed`, `task.completed`,
/// `agent.created`, `agent.status_changed`, …. What has no common word keeps its own.
pub fn of_change(kind: &str) -> &str {
    COMMON.iter().find(|(ours, _)| *ours == kind).map_or(kind, |(_, event)| event)
}

/// The log's words for an event, a noun or one of its own.
pub fn kinds_of(event: &str) -> impl Iterator<Item = &str> {
    let behind = COMMON.iter().filter(move |(_, common)| *common == event).map(|(ours, _)| *ours);
    std::iter::once(event).chain(behind)
}

/// The log's word, and the event.
const COMMON: &[(&str, &str)] = &[
    ("task.moved", "task.status_changed"),
    ("task.not_needed", "task.status_changed"),
    ("task.edited", "task.updated"),
    ("task.queued", "task.updated"),
    ("task.held", "task.updated"),
    ("run.created", "task.updated"),
    ("run.ended", "task.updated"),
    ("task.trashed", "task.deleted"),
    ("run.claimed", "task.claimed"),
    ("agent.registered", "agent.created"),
    ("agent.online", "agent.status_changed"),
    ("agent.changed", "agent.updated"),
    ("agent.reset", "agent.updated"),
    ("agent.removed", "agent.deleted"),
];

/// Whether somebody who asked for `types` hears of a change of this kind. A type is a noun (`task`), a whole
/// event (`task.completed`) or the log's own word (`run.ended`); none asks for all.
pub fn is_wanted(types: &[String], kind: &str) -> bool {
    let fits = |wanted: &String| {
        let names = [of_change(kind), kind];
        names.iter().any(|name| name == wanted || name.split('.').next() == Some(wanted))
    };
    types.is_empty() || types.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("task.created", "task.created")]
    #[case("task.edited", "task.updated")]
    #[case("task.moved", "task.status_changed")]
    #[case("task.completed", "task.completed")]
    #[case("task.deleted", "task.deleted")]
    #[case("agent.registered", "agent.created")]
    #[case("agent.online", "agent.status_changed")]
    #[case("run.started", "run.started")]
    #[case("run.ended", "task.updated")]
    #[case("nonsense", "nonsense")]
    fn a_change_has_its_event(#[case] kind: &str, #[case] event: &str) {
        assert_eq!(of_change(kind), event);
        assert!(kinds_of(event).any(|known| known == kind));
        assert!(kinds_of(kind).any(|known| known == kind));
    }

    #[rstest]
    #[case(&[], "task.created", true)]
    #[case(&["task"], "task.created", true)]
    #[case(&["task.completed"], "task.created", false)]
    #[case(&["agent", "task.completed"], "task.completed", true)]
    #[case(&["tas"], "task.created", false)]
    #[case(&["run"], "run.ended", true)]
    #[case(&["task.updated"], "run.ended", true)]
    #[case(&["task.status_changed"], "task.moved", true)]
    fn types_are_nouns_or_events(#[case] types: &[&str], #[case] event: &str, #[case] wanted: bool) {
        let types: Vec<String> = types.iter().map(|word| (*word).into()).collect();
        assert_eq!(is_wanted(&types, event), wanted);
    }
}
