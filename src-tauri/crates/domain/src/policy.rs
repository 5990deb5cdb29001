//! What a person has set for the queue as a whole and for one project: limits, choices, and what
//! follows a failure. Values only; where they are kept is not known here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{
    RetryPolicy,
    breaker::BreakerRule,
    budget::{Budget, Price},
    dispatch::Choice,
    escalation::Escalation,
    limits::RunLimits,
    review::Gate,
    routing::Models,
};

/// How many runs the dispatcher keeps at work where nobody set another number.
pub const PARALLEL: u32 = 3;

/// Longest name of a model, in characters.
pub const NAME_MAX: usize = 100;
/// Prices in the table.
pub const PRICES_MAX: usize = 500;

/// For the whole board.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(default, deny_unknown_fields)]
pub struct QueuePolicy {
    /// Nothing starts by itself, anywhere.
    pub paused: bool,
    /// Runs at one time, whoever starts them; none: no limit for people, three for the
    /// dispatcher.
    pub parallel: Option<u32>,
    /// Cards that may wait in *Review* before the dispatcher starts no more.
    pub review: Option<u32>,
    /// Agents that may take a card that names none, in a project that names none.
    pub agents: Vec<String>,
    pub choice: Choice,
    /// A critical task may stop a low one that the dispatcher started.
    pub preempt: bool,
    /// Tags whose cards take turns with each other, rather than projects.
    pub share_by_tags: Vec<String>,
    /// Models by agent.
    pub models: BTreeMap<String, Models>,
    /// Millionths of a dollar for a million tokens, by agent; for the cheapest choice.
    #[specta(type = BTreeMap<String, u32>)]
    pub costs: BTreeMap<String, i64>,
    /// Prices by model, else by agent, for agents that do not tell what they cost.
    pub prices: BTreeMap<String, Price>,
    /// For all runs of a day, from midnight on this machine's clock.
    pub daily: Budget,
    pub limits: RunLimits,
    /// Of agents that have no rule of their own, and of provider accounts.
    pub breaker: BreakerRule,
}

/// For one project; kept in its settings beside others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct ProjectPolicy {
    /// Ready cards go to the dispatcher by themselves.
    pub dispatch: bool,
    /// Agents that may take its cards, in the order of preference.
    pub agents: Vec<String>,
    /// Runs at one time.
    pub limit: Option<u32>,
    /// Runs at one time in each of its repositories, whichever project they are for. Where several
    /// projects share a repository the lowest counts for all of them.
    pub repository_limit: Option<u32>,
    /// Why nothing may start in it.
    pub paused: Option<String>,
    /// A person looks through its inbox before agents that ask for work may take from it.
    pub triage: bool,
    pub retry: RetryPolicy,
    pub gate: Gate,
    /// For all its runs of a day.
    pub budget: Budget,
    /// For each card, over all its runs.
    pub task_budget: Budget,
    /// Where they differ from the board's.
    pub limits: RunLimits,
    /// When a person is called.
    pub escalation: Escalation,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPolicy {
    #[error("a limit is between 1 and 64; leave it empty for none")]
    Limit,
    #[error(transparent)]
    Time(#[from] crate::limits::BadLimit),
    #[error(transparent)]
    Breaker(#[from] crate::breaker::BadBreaker),
    #[error(transparent)]
    Escalation(#[from] crate::escalation::BadEscalation),
    #[error("at most 20 names can be listed")]
    TooMany,
    #[error(transparent)]
    Retry(#[from] crate::failure::BadRule),
    #[error(transparent)]
    Gate(#[from] crate::review::BadGate),
    #[error(transparent)]
    Budget(#[from] crate::budget::BadBudget),
    #[error("a price cannot be negative")]
    Price,
    #[error("a price needs the name of a model or an agent, of 1 to {NAME_MAX} characters")]
    PriceName,
    #[error("a model's name is one line of at most {NAME_MAX} characters")]
    ModelName,
    #[error("at most {PRICES_MAX} prices can be listed")]
    TooManyPrices,
    #[error(transparent)]
    Tag(#[from] crate::text::BadText),
}

impl QueuePolicy {
    pub fn check(&self) -> Result<(), BadPolicy> {
        [self.parallel, self.review].into_iter().flatten().try_for_each(check_limit)?;
        self.limits.check()?;
        self.breaker.check()?;
        if self.costs.values().any(|cost| *cost < 0) {
            return Err(BadPolicy::Price);
        }
        self.daily.check()?;
        check_prices(&self.prices)?;
        self.models.values().try_for_each(check_models)?;
        check_names(&[&self.agents, &self.share_by_tags])?;
        crate::text::tags(&self.share_by_tags)?;
        Ok(())
    }
}

impl ProjectPolicy {
    pub fn check(&self) -> Result<(), BadPolicy> {
        [self.limit, self.repository_limit].into_iter().flatten().try_for_each(check_limit)?;
        check_names(&[&self.agents])?;
        self.retry.0.values().try_for_each(|rule| rule.check())?;
        self.gate.check()?;
        self.budget.check()?;
        self.task_budget.check()?;
        self.limits.check()?;
        self.escalation.check()?;
        Ok(())
    }
}

fn check_prices(prices: &BTreeMap<String, Price>) -> Result<(), BadPolicy> {
    if prices.len() > PRICES_MAX {
        return Err(BadPolicy::TooManyPrices);
    }
    prices.iter().try_for_each(|(name, price)| {
        if name.trim().is_empty() || name.chars().count() > NAME_MAX {
            return Err(BadPolicy::PriceName);
        }
        let parts = [price.input, price.output, price.cache_read, price.cache_write];
        if parts.into_iter().any(|part| part < 0) { Err(BadPolicy::Price) } else { Ok(()) }
    })
}

fn check_models(models: &Models) -> Result<(), BadPolicy> {
    let Models { always, complex, routine, plan, code, review } = models;
    let names = [always, complex, routine, plan, code, review].into_iter().flatten();
    let bad = |name: &String| name.chars().count() > NAME_MAX || name.chars().any(char::is_control);
    if names.into_iter().any(bad) { Err(BadPolicy::ModelName) } else { Ok(()) }
}

fn check_limit(limit: u32) -> Result<(), BadPolicy> {
    if (1..=64).contains(&limit) { Ok(()) } else { Err(BadPolicy::Limit) }
}

fn check_names(lists: &[&Vec<String>]) -> Result<(), BadPolicy> {
    if lists.iter().any(|list| list.len() > 20) { Err(BadPolicy::TooMany) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::BadLimit;

    #[test]
    fn defaults_are_allowed_and_nonsense_is_not() {
        assert_eq!(QueuePolicy::default().check(), Ok(()));
        assert_eq!(ProjectPolicy::default().check(), Ok(()));
        let none = QueuePolicy { parallel: Some(0), ..QueuePolicy::default() };
        assert_eq!(none.check(), Err(BadPolicy::Limit));
        let many = QueuePolicy { review: Some(65), ..QueuePolicy::default() };
        assert_eq!(many.check(), Err(BadPolicy::Limit));
        let limits = RunLimits { longest: Some(0), ..RunLimits::default() };
        assert_eq!(QueuePolicy { limits, ..QueuePolicy::default() }.check(), Err(BadPolicy::Time(BadLimit)));
        let none = ProjectPolicy { repository_limit: Some(0), ..ProjectPolicy::default() };
        assert_eq!(none.check(), Err(BadPolicy::Limit));
        let dear = |input| Price { input, ..Price::default() };
        for (name, price, bad) in [
            ("gpt", dear(-1), BadPolicy::Price),
            (" ", dear(1), BadPolicy::PriceName),
            (&*"m".repeat(101), dear(1), BadPolicy::PriceName),
        ] {
            let prices = BTreeMap::from([(name.to_owned(), price)]);
            assert_eq!(QueuePolicy { prices, ..QueuePolicy::default() }.check(), Err(bad));
        }
        let models = Models { plan: Some("a\nb".into()), ..Models::default() };
        let models = BTreeMap::from([("codex".to_owned(), models)]);
        assert_eq!(QueuePolicy { models, ..QueuePolicy::default() }.check(), Err(BadPolicy::ModelName));
        let tagged = QueuePolicy { share_by_tags: vec!["a,b".into()], ..QueuePolicy::default() };
        assert!(matches!(tagged.check(), Err(BadPolicy::Tag(_))));
        let many = ProjectPolicy { agents: vec!["a".into(); 21], ..ProjectPolicy::default() };
        assert_eq!(many.check(), Err(BadPolicy::TooMany));
    }

    #[test]
    fn a_project_reads_its_policy_from_among_other_settings() {
        let text = r#"{"base": "main", "dispatch": true, "agents": ["codex"]}"#;
        let policy: ProjectPolicy = serde_json::from_str(text).unwrap();
        assert!(policy.dispatch);
        assert_eq!(policy.agents, ["codex"]);
    }
}
