//! Carries out the gates of cards in review: each step is a run of its own, a command in the task's
//! workspace or an agent on a copy of the work, and what it came to is stored as a verdict. What was
//! under way when the engine was killed is in the database: a run that ended without a verdict gets
//! one, a step without a run gets a run.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use domain::{
    Outcome, RunId, RunState, Status, TaskId,
    review::{Next, Step, StepOutcome},
    routing::Phase,
    verdict::{self, Verdict},
};
use store::{NewReview, Origin, ReviewTurn, RunRecord, StoreError, TaskRecord};
use workspaces::Workspace;

use crate::{
    Engine, RunRequest,
    dispatcher::PACE,
    error::EngineError,
    events::News,
    keeper::{blocking, unavailable},
};

/// The reviewer's own words, in its copy of the work.
const REVIEW: &str = "REVIEW.md";
/// The lines of a failed check that the worker is told.
const TAIL: u64 = 200;
/// Longest text that is read for a verdict, bytes.
const LONGEST: u64 = 256 * 1024;
/// How often a step that broke off without the reviewer's doing is begun again in one round.
const BROKEN_OFF: usize = 5;
/// The terminal of a run that nobody has opened yet.
const SIZE: (u16, u16) = (120, 32);

/// What a review run is started for.
#[derive(Clone, Debug)]
pub struct ReviewOrder {
    pub turn: ReviewTurn,
    pub work: ReviewWork,
}

#[derive(Clone, Debug)]
pub enum ReviewWork {
    /// A command where the work was done; ended after so many seconds.
    Check { timeout: u32 },
    /// An agent on a copy of the work.
    Agent,
}

impl Engine {
    /// Carries out gates until the engine stops.
    pub(crate) async fn review(self) {
        let mut events = self.events();
        self.agent_env().await;
        let mut turned_away = BTreeSet::new();
        let mut news = News::of_everything();
        loop {
            let looked = self.review_what_moved(&news, &mut turned_away).await;
            if let Err(error) = &looked {
                tracing::warn!(%error, "the cards in review could not be looked through");
            }
            self.clear_away_copies().await;
            tokio::time::sleep(PACE).await;
            let Some(next) = events.news().await else { return };
            news = next;
            news.everything |= looked.is_err();
        }
    }

    /// Looks at the cards that the news name, and at those for which there was no place, where there may be one now.
    async fn review_what_moved(
        &self,
        news: &News,
        turned_away: &mut BTreeSet<TaskId>,
    ) -> Result<(), EngineError> {
        let again = match news.everything || news.committed.room {
            true => std::mem::take(turned_away),
            false => BTreeSet::new(),
        };
        let named: Vec<TaskId> = news.committed.tasks.union(&again).copied().collect();
        let among = (!news.everything).then_some(named);
        for task in self.store().waiting_at_gates(among.as_deref()).await? {
            match self.review_one(task).await {
                Ok(()) => {}
                // No place is free, or somebody was quicker.
                Err(EngineError::Store(StoreError::Conflict(why))) => {
                    tracing::debug!(%task, why, "a review waits");
                    turned_away.insert(task);
                }
                Err(error) => {
                    let why = format!("the review could not go on: {}", error.with_next_step());
                    self.store().hold_review(task, why, self.now()).await?;
                }
            }
        }
        Ok(())
    }

    /// The next thing to be done for the gate of one card, if it is ours to do.
    async fn review_one(&self, id: TaskId) -> Result<(), EngineError> {
        let task = self.store().task(id).await?;
        let (gate, so_far) = self.store().gate(id).await?;
        let Next::Run { at, step } = gate.next(&so_far) else { return Ok(()) };
        if task.task.status != Status::Review || task.task.held.is_some() {
            return Ok(());
        }
        let turn = ReviewTurn { round: task.round, step: at };
        let runs = self.store().runs_of(id).await?;
        if runs.iter().any(|run| run.state.is_live()) {
            return Ok(());
        }
        let told = self.store().reviews(id).await?;
        let of_turn = || runs.iter().filter(|run| run.review == Some(turn));
        let newest = of_turn().next();
        match newest.filter(|run| !told.iter().any(|review| review.review_run == Some(run.id))) {
            None => self.begin_step(&task, &runs, turn, step).await,
            Some(run) if was_broken_off(run) => {
                if of_turn().filter(|run| was_broken_off(run)).count() > BROKEN_OFF {
                    return self.conclude(&task, run, step).await;
                }
                self.begin_step(&task, &runs, turn, step).await
            }
            Some(run) if run.state == RunState::Ended(Outcome::Stopped) => {
                let why =
                    format!("you stopped the review by {}; send the work back or move it on", run.agent);
                Ok(self.store().hold_review(id, why, self.now()).await?)
            }
            Some(run) => self.conclude(&task, run, step).await,
        }
    }

    async fn begin_step(
        &self,
        task: &TaskRecord,
        runs: &[RunRecord],
        turn: ReviewTurn,
        step: &Step,
    ) -> Result<(), EngineError> {
        let worker = runs.iter().find(|run| run.review.is_none());
        let (agent, argv, work) = match step {
            Step::Person => return Ok(()),
            Step::Check { command, timeout } => {
                let argv = command.iter().map(Into::into).collect();
                ("custom".to_owned(), Some(argv), ReviewWork::Check { timeout: *timeout })
            }
            Step::Agent { agent } => {
                if worker.is_some_and(|worker| worker.agent == *agent) {
                    return Err(EngineError::Conflict {
                        message: format!("{agent} did the work and cannot review it"),
                        next: Some("name another agent in the gate, or decide yourself".into()),
                    });
                }
                (agent.clone(), None, ReviewWork::Agent)
            }
        };
        let models = self.queue_policy().await?.models.get(&agent).cloned().unwrap_or_default();
        let routed = domain::routing::route(&task.title, "", task.priority, Phase::Review, None, &models);
        self.begin_in_background(RunRequest {
            task: task.task.id,
            agent,
            unattended: Some(true),
            model: routed.model,
            argv,
            cols: SIZE.0,
            rows: SIZE.1,
            resume: None,
            skip_permissions: false,
            origin: Origin::Dispatcher,
            rule: Some(format!("step {} of the gate", turn.step + 1)),
            review: Some(ReviewOrder { turn, work }),
        })
        .await
    }

    /// Stores what an ended review run came to.
    async fn conclude(&self, task: &TaskRecord, run: &RunRecord, step: &Step) -> Result<(), EngineError> {
        let Some(turn) = run.review else { return Ok(()) };
        let (kind, reviewer, (outcome, notes)) = match step {
            Step::Check { command, .. } => {
                let name = command.join(" ");
                ("check", name.clone(), self.judge_check(run, &name).await?)
            }
            Step::Agent { agent } => ("agent", agent.clone(), self.judge_review(run).await?),
            Step::Person => return Ok(()),
        };
        let prompt = std::fs::read_to_string(self.layout().run(run.id).join(PROMPT)).unwrap_or_default();
        let review = NewReview {
            task: task.task.id,
            run: task.last_run,
            round: turn.round,
            step: turn.step,
            kind,
            reviewer,
            outcome,
            review_run: Some(run.id),
            notes,
            prompt,
        };
        // The card's own runs are over, so nothing is left to be stopped.
        self.store().add_review(review, self.now()).await?;
        Ok(())
    }

    /// Removes the copies that nobody judges and no verdict is to be read from any more, whatever a kill
    /// left of them.
    pub(crate) async fn clear_away_copies(&self) {
        if let Err(error) = self.clear_copies().await {
            tracing::warn!(%error, "reviewers' copies could not be cleared away");
        }
    }

    async fn clear_copies(&self) -> Result<(), EngineError> {
        let reviews = self.layout().reviews();
        for run in blocking(move || copies_in(&reviews)).await? {
            if self.copy_is_wanted(run).await? {
                continue;
            }
            let copy = self.layout().review(run);
            blocking(move || workspaces::remove_copy(&copy))
                .await?
                .map_err(EngineError::io("a reviewer's copy of the work"))?;
        }
        Ok(())
    }

    async fn copy_is_wanted(&self, id: RunId) -> Result<bool, EngineError> {
        let run = match self.store().run(id).await {
            Err(StoreError::NotFound { .. }) => return Ok(false),
            found => found?,
        };
        if run.state.is_live() {
            return Ok(true);
        }
        // Who was stopped or lost has left no verdict.
        let came_to_an_end = matches!(run.state, RunState::Ended(Outcome::Succeeded | Outcome::Failed(_)));
        let Some(turn) = run.review.filter(|_| came_to_an_end) else { return Ok(false) };
        let task = match self.store().task(run.task).await {
            Err(StoreError::Deleted(_)) => return Ok(false),
            found => found?,
        };
        if task.task.status != Status::Review || task.round != turn.round {
            return Ok(false);
        }
        let told = self.store().reviews(run.task).await?;
        Ok(!told.iter().any(|review| review.review_run == Some(id)))
    }

    /// The exit code decides; what failed is told with the end of its output.
    async fn judge_check(&self, run: &RunRecord, name: &str) -> Result<(StepOutcome, String), EngineError> {
        let failed = match run.state {
            RunState::Ended(Outcome::Succeeded) => return Ok((StepOutcome::Approved, String::new())),
            RunState::Ended(Outcome::Failed(domain::Cause::ExitedNonZero | domain::Cause::Timeout)) => true,
            _ => false,
        };
        let reason = run.reason.clone().unwrap_or_else(|| "it did not come to an end".into());
        if !failed {
            return Ok((StepOutcome::NoVerdict, reason));
        }
        let tail = self.last_lines(run).await?;
        Ok((StepOutcome::Rejected, format!("The check `{name}` failed: {reason}\n\n```\n{tail}\n```\n")))
    }

    async fn last_lines(&self, run: &RunRecord) -> Result<String, EngineError> {
        let (_, total) = self.log_lines(run.id, 0, 0).await?;
        let (lines, _) = self.log_lines(run.id, total.saturating_sub(TAIL), TAIL as usize).await?;
        Ok(lines.join("\n"))
    }

    /// `REVIEW.md` decides; without it the reviewer's last message, or what it wrote to its terminal.
    async fn judge_review(&self, run: &RunRecord) -> Result<(StepOutcome, String), EngineError> {
        let said = [self.layout().review(run.id).join(REVIEW), self.layout().run(run.id).join(MESSAGE)];
        let mut text = said.iter().find_map(|path| read_start(path));
        if text.is_none() {
            text = Some(self.last_lines(run).await?);
        }
        let text = text.unwrap_or_default();
        Ok(match verdict::read(&text) {
            Ok(Verdict::Approved) => (StepOutcome::Approved, text),
            Ok(Verdict::Rejected) => (StepOutcome::Rejected, text),
            Err(none) => {
                let reason = run.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                (StepOutcome::NoVerdict, format!("{none}{reason}"))
            }
        })
    }

    /// The directory in which a review run works, and the repositories below it.
    pub(crate) async fn place_of_review(
        &self,
        run: &RunRecord,
        order: &ReviewOrder,
    ) -> Result<(PathBuf, Workspace), EngineError> {
        let Ok(workspace) = Workspace::open(&self.layout().workspace(run.task)) else {
            return Err(no_work());
        };
        if !workspace.present() {
            return Err(no_work());
        }
        match order.work {
            ReviewWork::Check { .. } => Ok((workspace.path.clone(), workspace)),
            ReviewWork::Agent => {
                let copy = self.layout().review(run.id);
                let (from, to) = (workspace.clone(), copy.clone());
                blocking(move || workspaces::copy_for_review(&from, &to)).await?.map_err(unavailable)?;
                Ok((copy, workspace))
            }
        }
    }
}

/// In a run's directory: what a reviewer was asked, and an agent's last message.
pub(crate) const PROMPT: &str = "prompt.md";
pub(crate) const MESSAGE: &str = "message.md";

/// It ended before it could come to a verdict, and neither the reviewer nor a person is the reason.
fn was_broken_off(run: &RunRecord) -> bool {
    match run.state {
        RunState::Ended(Outcome::Lost) => true,
        RunState::Ended(Outcome::Stopped) => run.made_way,
        RunState::Ended(Outcome::Succeeded | Outcome::Failed(_))
        | RunState::Queued
        | RunState::Preparing
        | RunState::Running(_) => false,
    }
}

fn copies_in(reviews: &Path) -> Vec<RunId> {
    let entries = std::fs::read_dir(reviews).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(RunId)).collect()
}

fn no_work() -> EngineError {
    EngineError::Unavailable {
        message: "the workspace with the work is gone".into(),
        next: Some("restore it on the card's page, or run the task again".into()),
    }
}

fn read_start(path: &Path) -> Option<String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned()).filter(|text| !text.trim().is_empty())
}
