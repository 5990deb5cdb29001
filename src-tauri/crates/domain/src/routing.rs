//! Which model a run asks for. A model named on the task wins, then the agent's own override, then
//! the rules by content and urgency, then whatever the agent's program takes by itself. The rule that
//! fired is stored with the run.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Priority, PriorityWord};

/// How demanding a task looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    Complex,
    Routine,
}

/// What a run is for; each may have a model of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Plan,
    Code,
    Review,
}

/// The models of one agent. An empty field leaves the choice to the next rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct Models {
    /// Wins over every rule below, not over the task's own.
    pub always: Option<String>,
    pub complex: Option<String>,
    pub routine: Option<String>,
    pub plan: Option<String>,
    pub code: Option<String>,
    pub review: Option<String>,
}

/// The model and the rule that chose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// None: the agent's program decides.
    pub model: Option<String>,
    pub rule: String,
}

/// Words at which a task is complex.
const COMPLEX: [&str; 9] = [
    "debug",
    "diagnose",
    "architect",
    "security audit",
    "incident",
    "refactor",
    "migration",
    "migrate",
    "redesign",
];
/// Words at which it is routine.
const ROUTINE: [&str; 9] =
    ["status check", "format", "rename", "ping", "summarize", "summarise", "translate", "simple", "minor"];

pub fn route(
    title: &str,
    description: &str,
    priority: Priority,
    phase: Phase,
    task_model: Option<&str>,
    models: &Models,
) -> Routed {
    let chosen = |model: &str, rule: String| Routed { model: Some(model.to_owned()), rule };
    if let Some(model) = task_model {
        return chosen(model, "chosen on the task".into());
    }
    if let Some(model) = &models.always {
        return chosen(model, "the agent's own override".into());
    }
    let phase_model = match phase {
        Phase::Plan => (&models.plan, "plan"),
        Phase::Code => (&models.code, "code"),
        Phase::Review => (&models.review, "review"),
    };
    let (tier, because) = tier(title, description, priority);
    let by_tier = match tier {
        Some(Tier::Complex) => models.complex.as_deref(),
        Some(Tier::Routine) => models.routine.as_deref(),
        None => None,
    };
    if let Some(model) = by_tier {
        return chosen(model, because);
    }
    if let (Some(model), name) = phase_model {
        return chosen(model, format!("phase {name}"));
    }
    Routed { model: None, rule: "the agent's default".into() }
}

/// The tier, and the sentence that says why.
fn tier(title: &str, description: &str, priority: Priority) -> (Option<Tier>, String) {
    let text = format!("{title}\n{description}").to_lowercase();
    let found = |words: &[&'static str]| words.iter().find(|word| has_word(&text, word)).copied();
    match (priority.word(), found(&COMPLEX), found(&ROUTINE)) {
        (PriorityWord::Critical, _, _) => (Some(Tier::Complex), "complex: priority critical".into()),
        (_, Some(word), _) => (Some(Tier::Complex), format!("complex: says “{word}”")),
        (PriorityWord::Low, None, Some(word)) => {
            (Some(Tier::Routine), format!("routine: priority low and says “{word}”"))
        }
        (PriorityWord::High | PriorityWord::Medium | PriorityWord::Low, None, _) => {
            (None, "no rule fits".into())
        }
    }
}

/// A word at the start of a word, so that “refactoring” counts and “information” is not “format”.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| !text[..at].chars().next_back().is_some_and(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn models() -> Models {
        Models {
            complex: Some("big".into()),
            routine: Some("small".into()),
            review: Some("careful".into()),
            ..Models::default()
        }
    }

    #[rstest]
    #[case::critical("Fix login", Priority::CRITICAL, Phase::Code, Some("big"), "complex: priority critical")]
    #[case::complex(
        "Refactoring the parser",
        Priority::LOW,
        Phase::Code,
        Some("big"),
        "complex: says “refactor”"
    )]
    #[case::routine(
        "Rename a field",
        Priority::LOW,
        Phase::Code,
        Some("small"),
        "routine: priority low and says “rename”"
    )]
    #[case::routine_but_not_low("Rename a field", Priority::HIGH, Phase::Code, None, "the agent's default")]
    #[case::inside_a_word("Show information", Priority::LOW, Phase::Code, None, "the agent's default")]
    #[case::phase("Look at it", Priority::MEDIUM, Phase::Review, Some("careful"), "phase review")]
    #[case::no_model_for_it("Look at it", Priority::MEDIUM, Phase::Plan, None, "the agent's default")]
    fn content_and_priority_choose_the_model(
        #[case] title: &str,
        #[case] priority: Priority,
        #[case] phase: Phase,
        #[case] model: Option<&str>,
        #[case] rule: &str,
    ) {
        let routed = route(title, "", priority, phase, None, &models());
        assert_eq!((routed.model.as_deref(), routed.rule.as_str()), (model, rule));
    }

    #[test]
    fn an_override_wins_and_the_tasks_own_wins_over_that() {
        let models = Models { always: Some("mine".into()), ..models() };
        let by = |task| route("Debug it", "", Priority::CRITICAL, Phase::Code, task, &models);
        assert_eq!(by(None), Routed { model: Some("mine".into()), rule: "the agent's own override".into() });
        assert_eq!(
            by(Some("this")),
            Routed { model: Some("this".into()), rule: "chosen on the task".into() }
        );
    }
}
