//! Filters of the board: which cards one lets through, and what one may be called. The interface filters as
//! it is typed in, so it has the same rules once more; both are held to one table of cases.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Millis, Priority, ProjectId, TaskId};

/// Longest name, in characters.
pub const NAME_MAX: usize = 60;
/// Filters that are kept.
pub const FILTERS_MAX: usize = 100;

const DAY: Millis = 24 * 60 * 60 * 1000;

/// Which cards are shown. A field left out lets all through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Words that the title, the tags or the agent of the newest run hold; `#word` begins a tag; a card's
    /// number is that card.
    pub text: String,
    /// All of them.
    pub tags: Vec<String>,
    pub project: Option<ProjectId>,
    /// The card is assigned to it, or its newest run is this agent's.
    pub agent: Option<String>,
    /// At least as urgent.
    pub priority: Option<Priority>,
    pub due: Option<DueIn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum DueIn {
    Overdue,
    /// Today or overdue.
    Today,
    /// In the next seven days or overdue.
    Week,
    /// Without a date.
    None,
}

/// What a filter looks at.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub id: TaskId,
    pub title: &'a str,
    pub tags: &'a [String],
    pub project: Option<ProjectId>,
    pub assignee: Option<&'a str>,
    /// Of the newest run.
    pub agent: Option<&'a str>,
    pub priority: Priority,
    pub due_at: Option<Millis>,
}

/// Now, and when this day ends on the person's clock.
#[derive(Clone, Copy, Debug)]
pub struct Today {
    pub now: Millis,
    pub ends: Millis,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    #[error("a filter's name is one line of 1 to {NAME_MAX} characters")]
    Name,
    #[error("a filter that lets every card through needs no name; choose what it is to show first")]
    Empty,
    #[error("the words of a filter have at most 500 characters")]
    Text,
    #[error("at most {FILTERS_MAX} filters are kept; remove one first")]
    TooMany,
    #[error(transparent)]
    Tags(#[from] crate::text::BadText),
}

impl DueIn {
    pub const ALL: [DueIn; 4] = [DueIn::Overdue, DueIn::Today, DueIn::Week, DueIn::None];

    pub fn word(self) -> &'static str {
        match self {
            DueIn::Overdue => "overdue",
            DueIn::Today => "today",
            DueIn::Week => "week",
            DueIn::None => "none",
        }
    }

    pub fn parse(word: &str) -> Option<DueIn> {
        DueIn::ALL.into_iter().find(|due| due.word() == word)
    }

    fn fits(self, due_at: Option<Millis>, today: Today) -> bool {
        let before = |end: Millis| due_at.is_some_and(|due| due < end);
        match self {
            DueIn::Overdue => before(today.now),
            DueIn::Today => before(today.ends),
            DueIn::Week => before(today.ends + 6 * DAY),
            DueIn::None => due_at.is_none(),
        }
    }
}

impl Filter {
    pub fn check(&self) -> Result<(), BadFilter> {
        if self.text.chars().count() > 500 {
            return Err(BadFilter::Text);
        }
        crate::text::tags(&self.tags)?;
        let Filter { text, tags, project, agent, priority, due } = self;
        let empty = text.trim().is_empty()
            && tags.is_empty()
            && project.is_none()
            && agent.is_none()
            && priority.is_none()
            && due.is_none();
        if empty { Err(BadFilter::Empty) } else { Ok(()) }
    }

    pub fn passes(&self, card: &Seen<'_>, today: Today) -> bool {
        let agent = |name: &str| card.assignee == Some(name) || card.agent == Some(name);
        self.project.is_none_or(|project| card.project == Some(project))
            && self.tags.iter().all(|tag| card.tags.contains(tag))
            && self.agent.as_deref().is_none_or(agent)
            && self.priority.is_none_or(|least| card.priority >= least)
            && self.due.is_none_or(|due| due.fits(card.due_at, today))
            && self.text.to_lowercase().split_whitespace().all(|word| has_word(card, word))
    }
}

/// `word` is in lower case.
fn has_word(card: &Seen<'_>, word: &str) -> bool {
    if let Some(start) = word.strip_prefix('#').filter(|start| !start.is_empty()) {
        return card.tags.iter().any(|tag| tag.to_lowercase().starts_with(start));
    }
    if card.id.to_string() == word || card.id.key().to_lowercase() == word {
        return true;
    }
    let words = card.tags.iter().map(String::as_str).chain([card.title]).chain(card.agent);
    words.into_iter().any(|text| text.to_lowercase().contains(word))
}

/// A name, trimmed.
pub fn name(raw: &str) -> Result<String, BadFilter> {
    let name = raw.trim();
    let fits = (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.into()) } else { Err(BadFilter::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Case {
        says: String,
        filter: Filter,
        passes: Vec<i64>,
    }

    #[derive(Deserialize)]
    struct Card {
        id: i64,
        title: String,
        tags: Vec<String>,
        project: Option<i64>,
        assignee: Option<String>,
        agent: Option<String>,
        priority: i64,
        due_at: Option<Millis>,
    }

    #[derive(Deserialize)]
    struct Table {
        now: Millis,
        day_ends: Millis,
        cards: Vec<Card>,
        cases: Vec<Case>,
    }

    /// The interface's own tests read the same file.
    #[test]
    fn each_filter_lets_through_what_the_table_says() {
        let table: Table = serde_json::from_str(include_str!("../tests/filters.json")).unwrap();
        let today = Today { now: table.now, ends: table.day_ends };
        for Case { says, filter, passes } in table.cases {
            let shown = |card: &&Card| {
                let seen = Seen {
                    id: TaskId(card.id),
                    title: &card.title,
                    tags: &card.tags,
                    project: card.project.map(ProjectId),
                    assignee: card.assignee.as_deref(),
                    agent: card.agent.as_deref(),
                    priority: Priority::from_level(card.priority).unwrap(),
                    due_at: card.due_at,
                };
                filter.passes(&seen, today)
            };
            let found: Vec<i64> = table.cards.iter().filter(shown).map(|card| card.id).collect();
            assert_eq!(found, passes, "{says}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(name("  Mine "), Ok("Mine".into()));
        for bad in ["", "  ", "a\nb", &"x".repeat(61)] {
            assert_eq!(name(bad), Err(BadFilter::Name));
        }
        assert_eq!(Filter::default().check(), Err(BadFilter::Empty));
        let tags = Filter { tags: vec!["a,b".into()], ..Filter::default() };
        assert!(matches!(tags.check(), Err(BadFilter::Tags(_))));
        assert!(serde_json::from_str::<Filter>(r#"{"colour": "red"}"#).is_err());
    }
}
