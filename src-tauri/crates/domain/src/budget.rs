//! What may be spent, and what follows when it is: a soft share warns, the limit stops or asks.
//! Money that an agent does not report is estimated from a price table, and stays marked as estimated.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::Millis;

/// What was used. Money in millionths of a US dollar, time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Spent {
    #[specta(type = u32)]
    pub micros: i64,
    #[specta(type = u32)]
    pub tokens: i64,
    #[specta(type = u32)]
    pub wall: Millis,
    /// Some of the money is an estimate.
    pub estimated: bool,
}

/// What a run's agent reported, by kind of token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct Tokens {
    #[specta(type = u32)]
    pub input: i64,
    #[specta(type = u32)]
    pub output: i64,
    #[specta(type = u32)]
    pub cache_read: i64,
    #[specta(type = u32)]
    pub cache_write: i64,
}

/// Prices of a model in millionths of a dollar for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct Price {
    #[specta(type = u32)]
    pub input: i64,
    #[specta(type = u32)]
    pub output: i64,
    #[specta(type = u32)]
    pub cache_read: i64,
    #[specta(type = u32)]
    pub cache_write: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum AtLimit {
    Stop,
    /// The run goes on until a person answers; nothing new starts.
    Ask,
}

/// A limit over a task, a project or a day. Fields left out do not limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct Budget {
    #[specta(type = Option<u32>)]
    pub micros: Option<i64>,
    #[specta(type = Option<u32>)]
    pub tokens: Option<i64>,
    #[specta(type = Option<u32>)]
    pub wall: Option<Millis>,
    /// Warn at this share of a limit, from 0 to 1.
    pub warn_at: f64,
    pub at_limit: AtLimit,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { micros: None, tokens: None, wall: None, warn_at: 0.8, at_limit: AtLimit::Stop }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Money,
    Tokens,
    Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    Within,
    /// The warning share of this measure is used.
    Near(Measure),
    Over(Measure, AtLimit),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBudget {
    #[error("a budget cannot be negative")]
    Negative,
    #[error("the warning share is between 0 and 1 (100 %)")]
    Share,
}

impl std::ops::Add for Spent {
    type Output = Spent;

    fn add(self, other: Spent) -> Spent {
        Spent {
            micros: self.micros.saturating_add(other.micros),
            tokens: self.tokens.saturating_add(other.tokens),
            wall: self.wall.saturating_add(other.wall),
            estimated: self.estimated || other.estimated,
        }
    }
}

impl Tokens {
    pub fn total(&self) -> i64 {
        [self.output, self.cache_read, self.cache_write].into_iter().fold(self.input, i64::saturating_add)
    }
}

impl Price {
    /// Millionths of a dollar for `tokens`, rounded up.
    pub fn of(&self, tokens: Tokens) -> i64 {
        let part = |count: i64, price: i64| i128::from(count.max(0)) * i128::from(price.max(0));
        let whole = part(tokens.input, self.input)
            + part(tokens.output, self.output)
            + part(tokens.cache_read, self.cache_read)
            + part(tokens.cache_write, self.cache_write);
        i64::try_from((whole + 999_999) / 1_000_000).unwrap_or(i64::MAX)
    }
}

impl Budget {
    pub fn check(&self) -> Result<(), BadBudget> {
        let limits = [self.micros, self.tokens, self.wall];
        if limits.into_iter().flatten().any(|limit| limit < 0) {
            return Err(BadBudget::Negative);
        }
        if (0.0..=1.0).contains(&self.warn_at) { Ok(()) } else { Err(BadBudget::Share) }
    }

    /// The worst that can be said, money first.
    pub fn judge(&self, spent: Spent) -> Judgement {
        let measures = [
            (Measure::Money, self.micros, spent.micros),
            (Measure::Tokens, self.tokens, spent.tokens),
            (Measure::Time, self.wall, spent.wall),
        ];
        let over = |limit: i64, used: i64| used >= limit;
        let near = |limit: i64, used: i64| used as f64 >= limit as f64 * self.warn_at;
        let first = |is: &dyn Fn(i64, i64) -> bool| {
            measures
                .iter()
                .find_map(|&(measure, limit, used)| limit.filter(|&l| is(l, used)).map(|_| measure))
        };
        match (first(&over), first(&near)) {
            (Some(measure), _) => Judgement::Over(measure, self.at_limit),
            (None, Some(measure)) => Judgement::Near(measure),
            (None, None) => Judgement::Within,
        }
    }
}

impl Budget {
    pub fn is_set(&self) -> bool {
        self.micros.is_some() || self.tokens.is_some() || self.wall.is_some()
    }

    /// `$4.10 of $5.00`; of the measure that the judgement is about.
    pub fn phrase(&self, measure: Measure, spent: Spent) -> String {
        let about = if spent.estimated { "about " } else { "" };
        match measure {
            Measure::Money => {
                let dollars =
                    |micros: i64| format!("${}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000);
                format!("{about}{} of {}", dollars(spent.micros), dollars(self.micros.unwrap_or(0)))
            }
            Measure::Tokens => format!("{} of {} tokens", spent.tokens, self.tokens.unwrap_or(0)),
            Measure::Time => {
                let minutes = |wall: Millis| wall / 60_000;
                format!("{} of {} min", minutes(spent.wall), minutes(self.wall.unwrap_or(0)))
            }
        }
    }
}

impl Measure {
    pub fn noun(self) -> &'static str {
        match self {
            Measure::Money => "money",
            Measure::Tokens => "tokens",
            Measure::Time => "time",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spent(micros: i64, tokens: i64) -> Spent {
        Spent { micros, tokens, ..Spent::default() }
    }

    #[test]
    fn it_warns_before_it_stops() {
        let budget = Budget { micros: Some(1_000_000), ..Budget::default() };
        assert_eq!(budget.judge(spent(799_999, 0)), Judgement::Within);
        assert_eq!(budget.judge(spent(800_000, 0)), Judgement::Near(Measure::Money));
        assert_eq!(budget.judge(spent(1_000_000, 0)), Judgement::Over(Measure::Money, AtLimit::Stop));
    }

    #[test]
    fn any_limit_that_is_reached_counts() {
        let budget =
            Budget { micros: Some(10), tokens: Some(5), at_limit: AtLimit::Ask, ..Budget::default() };
        assert_eq!(budget.judge(spent(9, 5)), Judgement::Over(Measure::Tokens, AtLimit::Ask));
    }

    #[test]
    fn no_limit_is_never_reached() {
        assert_eq!(Budget::default().judge(spent(i64::MAX, i64::MAX)), Judgement::Within);
    }

    #[test]
    fn a_price_is_for_a_million_tokens_and_rounds_up() {
        let price = Price { input: 3_000_000, output: 15_000_000, ..Price::default() };
        assert_eq!(price.of(Tokens { input: 1_000, output: 200, ..Tokens::default() }), 6_000);
        assert_eq!(Price { input: 1, ..Price::default() }.of(Tokens { input: 1, ..Tokens::default() }), 1);
    }

    #[test]
    fn a_budget_says_what_is_used_and_what_is_an_estimate() {
        let budget = Budget { micros: Some(5_000_000), ..Budget::default() };
        let used = Spent { micros: 4_109_999, estimated: true, ..Spent::default() };
        assert_eq!(budget.phrase(Measure::Money, used), "about $4.10 of $5.00");
        assert!(budget.is_set() && !Budget::default().is_set());
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Budget { micros: Some(-1), ..Budget::default() }.check(), Err(BadBudget::Negative));
        assert_eq!(Budget { warn_at: 1.2, ..Budget::default() }.check(), Err(BadBudget::Share));
        assert_eq!(Budget { warn_at: f64::NAN, ..Budget::default() }.check(), Err(BadBudget::Share));
    }

    proptest! {
        #[test]
        fn spending_more_is_never_judged_milder(limit in 0_i64..1_000, warn in 0.0..=1.0, a in 0_i64..2_000, more in 0_i64..2_000) {
            let budget = Budget { tokens: Some(limit), warn_at: warn, ..Budget::default() };
            let weight = |judgement| match judgement {
                Judgement::Within => 0,
                Judgement::Near(_) => 1,
                Judgement::Over(..) => 2,
            };
            prop_assert!(weight(budget.judge(spent(0, a))) <= weight(budget.judge(spent(0, a + more))));
        }
    }
}
