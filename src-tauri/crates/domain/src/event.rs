//! What happened, in the words that event streams and webhooks use. The log of changes keeps finer words
//! for a card's timeline; here each of them is given the event that programs subscribe to.

use std::borrow::Cow;

/// The event of a change: `task.created`, `task.updated`, `task.status_changed`, `task.completed`,
/// `agent.created`, `agent.status_changed`, …. What has no common word keeps its own.
pub fn of_change(kind: &str) -> Cow<'_, str> {
    let Some((noun, verb)) = kind.split_once('.') else { return Cow::Borrowed(kind) };
    let verb = match (noun, verb) {
        ("task", "moved" | "not_needed") => "status_changed",
        ("task", "edited" | "queued" | "held" | "edge_added" | "edge_removed" | "trashed" | "restored") => {
            "updated"
        }
        ("agent", "online") => "status_changed",
        ("agent" | "project" | "schedule", "added" | "registered") => "created",
        ("agent" | "project" | "schedule" | "settings", "changed" | "reset") => "updated",
        ("agent" | "project" | "schedule", "removed") => "deleted",
        ("run", "created") => "queued",
        _ => return Cow::Borrowed(kind),
    };
    Cow::Owned(format!("{noun}.{verb}"))
}

/// Whether somebody who asked for `types` hears of `event`. A type is a noun (`task`) or a whole event
/// (`task.completed`); none asks for all.
pub fn is_wanted(types: &[String], event: &str) -> bool {
    let noun = event.split_once('.').map_or(event, |(noun, _)| noun);
    types.is_empty() || types.iter().any(|wanted| wanted == event || wanted == noun)
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
    #[case("project.removed", "project.deleted")]
    #[case("run.created", "run.queued")]
    #[case("run.ended", "run.ended")]
    #[case("nonsense", "nonsense")]
    fn a_change_has_its_event(#[case] kind: &str, #[case] event: &str) {
        assert_eq!(of_change(kind), event);
    }

    #[rstest]
    #[case(&[], "task.created", true)]
    #[case(&["task"], "task.created", true)]
    #[case(&["task.completed"], "task.created", false)]
    #[case(&["agent", "task.completed"], "task.completed", true)]
    #[case(&["tas"], "task.created", false)]
    fn types_are_nouns_or_events(#[case] types: &[&str], #[case] event: &str, #[case] wanted: bool) {
        let types: Vec<String> = types.iter().map(|word| (*word).into()).collect();
        assert_eq!(is_wanted(&types, event), wanted);
    }
}
