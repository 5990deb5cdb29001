//! Priorities in both scales that people use (four words, 1 to 10) and the order in which ready
//! tasks are claimed. 10 is the most urgent. A number keeps its exact value; a word is the name of
//! the band it falls in, and each word has one canonical number, so both scales round-trip.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{Millis, TaskId};

/// 1 (lowest) to 10 (most urgent).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Type)]
#[serde(transparent)]
pub struct Priority(u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "lowercase")]
pub enum PriorityWord {
    Critical,
    High,
    Medium,
    Low,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a priority; use critical (or urgent), high, medium (or normal), low, or 1 to 10")]
pub struct BadPriority(pub String);

impl Priority {
    pub const CRITICAL: Priority = Priority(10);
    pub const HIGH: Priority = Priority(8);
    pub const MEDIUM: Priority = Priority(5);
    pub const LOW: Priority = Priority(2);

    pub fn from_level(level: i64) -> Result<Self, BadPriority> {
        match level {
            1..=10 => Ok(Priority(level as u8)),
            _ => Err(BadPriority(level.to_string())),
        }
    }

    pub fn level(self) -> u8 {
        self.0
    }

    pub fn word(self) -> PriorityWord {
        match self.0 {
            9.. => PriorityWord::Critical,
            7..=8 => PriorityWord::High,
            4..=6 => PriorityWord::Medium,
            _ => PriorityWord::Low,
        }
    }
}

impl Default for Priority {
    fn default() -> Self {
        Priority::MEDIUM
    }
}

impl From<PriorityWord> for Priority {
    fn from(word: PriorityWord) -> Self {
        match word {
            PriorityWord::Critical => Priority::CRITICAL,
            PriorityWord::High => Priority::HIGH,
            PriorityWord::Medium => Priority::MEDIUM,
            PriorityWord::Low => Priority::LOW,
        }
    }
}

impl fmt::Display for PriorityWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PriorityWord::Critical => "critical",
            PriorityWord::High => "high",
            PriorityWord::Medium => "medium",
            PriorityWord::Low => "low",
        })
    }
}

impl FromStr for Priority {
    type Err = BadPriority;

    fn from_str(text: &str) -> Result<Self, BadPriority> {
        match text.trim().to_ascii_lowercase().as_str() {
            "critical" | "urgent" => Ok(Priority::CRITICAL),
            "high" => Ok(Priority::HIGH),
            "medium" | "normal" => Ok(Priority::MEDIUM),
            "low" => Ok(Priority::LOW),
            number => number.parse().map_err(|_| BadPriority(text.into())).and_then(Priority::from_level),
        }
        .map_err(|_| BadPriority(text.into()))
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Level(i64),
            Word(String),
        }
        match Either::deserialize(from)? {
            Either::Level(level) => Priority::from_level(level),
            Either::Word(word) => word.parse(),
        }
        .map_err(serde::de::Error::custom)
    }
}

/// What the claim order looks at. Compare with [`Ord`]: the smallest is claimed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimOrder {
    pub priority: Priority,
    pub due_at: Option<Millis>,
    pub created_at: Millis,
    pub id: TaskId,
}

impl Ord for ClaimOrder {
    /// Priority (most urgent first), then due date (none last), then age; the id settles ties.
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .priority
            .cmp(&self.priority)
            .then_with(|| self.due_at.unwrap_or(Millis::MAX).cmp(&other.due_at.unwrap_or(Millis::MAX)))
            .then_with(|| self.created_at.cmp(&other.created_at))
            .then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for ClaimOrder {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("critical", 10)]
    #[case("urgent", 10)]
    #[case("High", 8)]
    #[case("medium", 5)]
    #[case("normal", 5)]
    #[case("low", 2)]
    #[case("1", 1)]
    #[case("10", 10)]
    fn every_spelling_is_accepted(#[case] text: &str, #[case] level: u8) {
        assert_eq!(text.parse::<Priority>().unwrap().level(), level);
    }

    #[rstest]
    #[case("0")]
    #[case("11")]
    #[case("-1")]
    #[case("")]
    #[case("asap")]
    fn nonsense_is_refused_by_name(#[case] text: &str) {
        assert_eq!(text.parse::<Priority>(), Err(BadPriority(text.into())));
    }

    #[rstest]
    #[case(PriorityWord::Critical)]
    #[case(PriorityWord::High)]
    #[case(PriorityWord::Medium)]
    #[case(PriorityWord::Low)]
    fn a_word_survives_the_trip_through_numbers(#[case] word: PriorityWord) {
        assert_eq!(Priority::from(word).word(), word);
        assert_eq!(word.to_string().parse::<Priority>().unwrap(), Priority::from(word));
    }

    proptest! {
        #[test]
        fn a_number_survives_json(level in 1i64..=10) {
            let priority = Priority::from_level(level).unwrap();
            let back: Priority = serde_json::from_str(&serde_json::to_string(&priority).unwrap()).unwrap();
            prop_assert_eq!(back, priority);
        }

        #[test]
        fn the_claim_order_equals_a_reference_sort(rows in prop::collection::vec((1i64..=10, prop::option::of(0i64..5), 0i64..5), 0..60)) {
            let mut orders: Vec<_> = rows.iter().enumerate().map(|(at, &(level, due_at, created_at))| ClaimOrder {
                priority: Priority::from_level(level).unwrap(), due_at, created_at, id: TaskId(at as i64),
            }).collect();
            let mut reference = orders.clone();
            reference.sort_by_key(|o| (11 - o.priority.level() as i64, o.due_at.is_none(), o.due_at, o.created_at, o.id.0));
            orders.sort();
            prop_assert_eq!(orders, reference);
        }
    }
}
