//! What runs use, and what follows when a budget is used up. An agent's own figures are stored as they
//! are; money that it does not tell is estimated from the person's price table and marked so.

use std::collections::HashMap;

use agents::Spend;
use domain::{
    Cause, Millis, ProjectId, TaskId,
    budget::{AtLimit, Budget, Judgement, Spent, Tokens},
    policy::{ProjectPolicy, QueuePolicy},
};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use store::{Closed, RunRecord, SpentBy};

use crate::{
    Engine,
    dispatcher::{policy_from, policy_of},
    error::EngineError,
};

/// Of a budget whose end is a question.
const GOES_ON: &str = " This run goes on, nothing new starts: raise the budget, or stop it.";

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

    /// Warns, asks or ends the run; each is said once. Returns whether the run is to be ended.
    pub(crate) async fn keep_budgets(&self, run: &RunRecord) -> Result<bool, EngineError> {
        for pressed in self.pressed_budgets(run.task).await? {
            let over = matches!(pressed.judgement, Judgement::Over(_, AtLimit::Stop));
            self.tell_budget(run, &pressed, if over { " The run was ended." } else { GOES_ON }).await?;
            if over {
                let why = format!("its budget is used up: {}", pressed.phrase);
                return Ok(self.store().ask_end(run.id, Cause::Budget, why, self.now()).await?);
            }
        }
        Ok(false)
    }

    /// The same once the run is over, so that no line is crossed unheard. That it cannot be said is no
    /// reason to keep a run from ending.
    pub(crate) async fn tell_budgets(&self, run: &RunRecord) {
        let told = async {
            for pressed in self.pressed_budgets(run.task).await? {
                self.tell_budget(run, &pressed, " Nothing new starts until it is raised.").await?;
            }
            Ok::<(), EngineError>(())
        };
        if let Err(error) = told.await {
            tracing::warn!(%error, run = %run.id, "what it used could not be compared with its budgets");
        }
    }

    async fn tell_budget(
        &self,
        run: &RunRecord,
        Pressed { judgement, phrase }: &Pressed,
        next: &str,
    ) -> Result<(), EngineError> {
        let (kind, text) = match judgement {
            Judgement::Over(..) => ("over", format!("The budget is used up: {phrase}.{next}")),
            Judgement::Near(_) => ("near", format!("Most of the budget is used: {phrase}.")),
            Judgement::Within => return Ok(()),
        };
        let whose = phrase.rsplit(" for ").next().unwrap_or_default();
        self.store().warn_once(run.id, format!("{kind} {whose}"), text, self.now()).await?;
        Ok(())
    }

    /// What agents that pull may not be given, and the phrase of a budget that is the reason.
    pub(crate) async fn closed_to_claims(
        &self,
        policy: &QueuePolicy,
    ) -> Result<(Closed, Option<String>), EngineError> {
        let over = |pressed: Option<Pressed>| {
            pressed
                .filter(|pressed| matches!(pressed.judgement, Judgement::Over(..)))
                .map(|pressed| pressed.phrase)
        };
        let mut closed = Closed::default();
        let mut why = over(self.pressed(policy.daily, SpentBy::Board(self.today()), "today").await?);
        closed.everything = why.is_some();
        for (id, name, settings) in self.store().project_settings().await? {
            let project = policy_from(settings, &name);
            let by = SpentBy::Project(id, self.today());
            let name = format!("today in project {name}");
            let used_up = over(self.pressed(project.budget, by, &name).await?);
            if used_up.is_some() {
                closed.projects.push(id);
            } else if project.task_budget.is_set() {
                for (task, spent) in self.store().spent_by_open_tasks(id, self.now()).await? {
                    if let Some(phrase) = over(judged(project.task_budget, spent, &task.key())) {
                        why = why.or(Some(phrase));
                        closed.tasks.push(task);
                    }
                }
            }
            why = why.or(used_up);
        }
        Ok((closed, why))
    }

    /// What all runs of this day used.
    pub async fn spent_today(&self) -> Result<Spent, EngineError> {
        Ok(self.store().spent(SpentBy::Board(self.today()), self.now()).await?)
    }

    /// Midnight on this machine's clock.
    pub(crate) fn today(&self) -> Millis {
        let midnight = self.day().start_of_day();
        midnight.map_or(0, |midnight| midnight.timestamp().as_millisecond())
    }

    /// The midnight to come.
    pub(crate) fn tomorrow(&self) -> Millis {
        let midnight = self.day().tomorrow().and_then(|day| day.start_of_day());
        midnight.map_or(Millis::MAX, |midnight| midnight.timestamp().as_millisecond())
    }

    fn day(&self) -> Zoned {
        let now = Timestamp::from_millisecond(self.now()).unwrap_or(Timestamp::UNIX_EPOCH);
        now.to_zoned(TimeZone::system())
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
