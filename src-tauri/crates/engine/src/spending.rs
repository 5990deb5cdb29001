//! What runs use, and what follows when a budget is used up. An agent's own figures are stored as they
//! are; money that it does not tell is estimated from the person's price table and marked so.

use std::collections::HashMap;

use agents::Spend;
use domain::{
    Actor, Cause, Millis, ProjectId, TaskId,
    budget::{AtLimit, Budget, Judgement, Spent, Tokens},
    policy::{ProjectPolicy, QueuePolicy},
};
use store::{RunRecord, SpentBy};

use crate::{Engine, dispatcher::policy_of, error::EngineError};

/// A budget that is near its end or over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pressed {
    pub judgement: Judgement,
    /// `$4.10 of $5.00 for T-12`
    pub phrase: String,
}

impl Engine {
    /// Stores what a run used so far.
    pub(crate) async fn note_spend(&self, run: &RunRecord, spend: Spend) -> Result<(), EngineError> {
        if spend == Spend::default() {
            return Ok(());
        }
        let tokens = Tokens {
            input: count(spend.input),
            output: count(spend.output),
            cache_read: count(spend.cached),
            cache_write: 0,
        };
        let (micros, estimated) = match spend.usd {
            Some(usd) => ((usd * 1e6).round().clamp(0.0, 1e15) as i64, false),
            None => {
                let policy = self.queue_policy().await?;
                let price = run.model.as_ref().and_then(|model| policy.prices.get(model));
                let price = price.or_else(|| policy.prices.get(&run.agent));
                (price.map_or(0, |price| price.of(tokens)), price.is_some())
            }
        };
        self.store().set_spend(run.id, tokens, micros, estimated, self.now()).await?;
        Ok(())
    }

    /// The budgets over a run that are near their end or over it, the worst first.
    pub(crate) async fn pressed_budgets(&self, task: TaskId) -> Result<Vec<Pressed>, EngineError> {
        let project = self.store().task(task).await?.project;
        let mut pressed = Vec::new();
        if let Some(id) = project {
            let record = self.store().project(id).await?;
            let policy = policy_of(&record);
            let by = [
                (policy.task_budget, SpentBy::Task(task), task.key()),
                (
                    policy.budget,
                    SpentBy::Project(id, self.today()),
                    format!("today in project {}", record.name),
                ),
            ];
            for (budget, by, name) in by {
                pressed.extend(self.pressed(budget, by, &name).await?);
            }
        }
        let daily = self.queue_policy().await?.daily;
        pressed.extend(self.pressed(daily, SpentBy::Board(self.today()), "today").await?);
        pressed.sort_by_key(|pressed| matches!(pressed.judgement, Judgement::Near(_)));
        Ok(pressed)
    }

    async fn pressed(&self, budget: Budget, by: SpentBy, name: &str) -> Result<Option<Pressed>, EngineError> {
        if !budget.is_set() {
            return Ok(None);
        }
        Ok(judged(budget, self.store().spent(by, self.now()).await?, name))
    }

    /// Warns, asks or ends the run. `warned` are the phrases' beginnings that the card has heard.
    /// Returns whether the run is to be ended.
    pub(crate) async fn keep_budgets(
        &self,
        run: &RunRecord,
        warned: &mut Vec<String>,
    ) -> Result<bool, EngineError> {
        for Pressed { judgement, phrase } in self.pressed_budgets(run.task).await? {
            let (kind, text, over) = match judgement {
                Judgement::Over(_, AtLimit::Stop) => {
                    ("stop", format!("The budget is used up: {phrase}. The run was ended."), true)
                }
                Judgement::Over(_, AtLimit::Ask) => (
                    "ask",
                    format!(
                        "The budget is used up: {phrase}. This run goes on, nothing new starts: raise the budget, or stop it."
                    ),
                    false,
                ),
                Judgement::Near(_) => ("near", format!("Most of the budget is used: {phrase}."), false),
                Judgement::Within => continue,
            };
            let whose = phrase.rsplit(" for ").next().unwrap_or_default();
            let mark = format!("{kind} {whose}");
            if !warned.contains(&mark) {
                warned.push(mark);
                self.store().add_comment(run.task, Actor::Engine, text, self.now()).await?;
            }
            if over {
                return Ok(self.store().ask_end(run.id, Cause::Budget, self.now()).await?);
            }
        }
        Ok(false)
    }

    /// Midnight on this machine's clock.
    /// What all runs of this day used.
    pub async fn spent_today(&self) -> Result<Spent, EngineError> {
        Ok(self.store().spent(SpentBy::Board(self.today()), self.now()).await?)
    }

    fn today(&self) -> Millis {
        use jiff::{Timestamp, tz::TimeZone};
        let now = Timestamp::from_millisecond(self.now()).unwrap_or(Timestamp::UNIX_EPOCH);
        let day = now.to_zoned(TimeZone::system()).start_of_day();
        day.map_or(0, |midnight| midnight.timestamp().as_millisecond())
    }

    /// For the dispatcher: the phrase of a budget that is used up, by task.
    pub(crate) async fn used_up(
        &self,
        policy: &QueuePolicy,
        projects: &HashMap<ProjectId, ProjectPolicy>,
        tasks: &[(TaskId, Option<ProjectId>)],
    ) -> Result<HashMap<TaskId, String>, EngineError> {
        let over = |pressed: Option<Pressed>| {
            pressed
                .filter(|pressed| matches!(pressed.judgement, Judgement::Over(..)))
                .map(|pressed| pressed.phrase)
        };
        let board = over(self.pressed(policy.daily, SpentBy::Board(self.today()), "today").await?);
        let mut of_project = HashMap::new();
        for (id, policy) in projects {
            let by = SpentBy::Project(*id, self.today());
            if let Some(phrase) = over(self.pressed(policy.budget, by, "today in this project").await?) {
                of_project.insert(*id, phrase);
            }
        }
        let limited: Vec<TaskId> = tasks
            .iter()
            .filter(|(_, project)| {
                project.and_then(|id| projects.get(&id)).is_some_and(|p| p.task_budget.is_set())
            })
            .map(|(task, _)| *task)
            .collect();
        let spent: HashMap<TaskId, Spent> = match limited.is_empty() {
            true => HashMap::new(),
            false => self.store().spent_by_tasks(&limited, self.now()).await?.into_iter().collect(),
        };
        let phrase = |task: &TaskId, project: &Option<ProjectId>| {
            let policy = project.and_then(|id| projects.get(&id));
            let own = policy
                .zip(spent.get(task))
                .and_then(|(policy, spent)| over(judged(policy.task_budget, *spent, &task.key())));
            own.or_else(|| project.and_then(|id| of_project.get(&id).cloned())).or_else(|| board.clone())
        };
        Ok(tasks.iter().filter_map(|(task, project)| Some((*task, phrase(task, project)?))).collect())
    }
}

fn judged(budget: Budget, spent: Spent, name: &str) -> Option<Pressed> {
    let judgement = budget.judge(spent);
    let measure = match judgement {
        Judgement::Within => return None,
        Judgement::Near(measure) | Judgement::Over(measure, _) => measure,
    };
    Some(Pressed { judgement, phrase: format!("{} for {name}", budget.phrase(measure, spent)) })
}

fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
