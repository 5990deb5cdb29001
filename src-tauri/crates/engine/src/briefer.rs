//! What an agent hears of what was before: how the last attempt ended, what was said of it, and, after a
//! rejection, the session in which it did the rejected work, so that it goes on knowing what it did.

use agents::{Mode, TaskBrief};
use domain::{Cause, Outcome, RunId, RunState, review::StepOutcome};
use store::{ReviewRecord, RunRecord, TaskRecord, WordKind};

use crate::{Engine, RunRequest, agents_found::FoundAgent, error::EngineError};

impl Engine {
    /// What the agent is told, with how the last attempt went.
    pub(crate) async fn brief(
        &self,
        task: &TaskRecord,
        agent: Option<&FoundAgent>,
        mode: Mode,
    ) -> Result<TaskBrief, EngineError> {
        let runs = self.store().runs_of(task.task.id).await?;
        let last = runs.iter().find(|run| !run.state.is_live() && run.review.is_none());
        let last_error = last.filter(|run| matches!(run.state, RunState::Ended(Outcome::Failed(_))));
        let feedback = self.feedback(task).await?;
        let (parent, subtasks) = self.relatives(task.task.id).await?;
        Ok(TaskBrief {
            context: last.and_then(handed_over).unwrap_or_default(),
            parent,
            subtasks,
            key: task.task.id.key(),
            title: task.title.clone(),
            description: task.description.clone(),
            feedback,
            last_error: last_error.and_then(|run| run.reason.clone()),
            role: agent.and_then(|agent| agent.agent.role.clone()),
            instructions: agent.map(FoundAgent::told).unwrap_or_default().to_owned(),
            unattended: mode == Mode::Unattended,
            ..TaskBrief::default()
        })
    }

    /// What a person or a reviewer said of the last attempt, byte for byte: the newest of both.
    async fn feedback(&self, task: &TaskRecord) -> Result<Option<String>, EngineError> {
        let comments = self.store().comments(task.task.id).await?;
        let said = comments.into_iter().rev().find(|comment| comment.author == "you");
        Ok(match (said, self.rejection(task).await?) {
            (Some(comment), Some(review)) if comment.at > review.at => Some(comment.body),
            (_, Some(review)) => Some(review.notes),
            (Some(comment), None) => Some(comment.body),
            (None, None) => None,
        })
    }

    /// A request that names no session gets the one in which the rejected work was done, if this agent
    /// did it and can go on in a session.
    pub(crate) async fn with_session(
        &self,
        request: RunRequest,
        agent: &FoundAgent,
        task: &TaskRecord,
    ) -> Result<RunRequest, EngineError> {
        let chosen = request.resume.is_some() || request.argv.is_some() || request.review.is_some();
        if chosen || agent.profile.resume_args.is_empty() {
            return Ok(request);
        }
        let Some(judged) = self.rejection(task).await?.and_then(|rejected| rejected.run) else {
            return Ok(request);
        };
        let runs = self.store().runs_of(request.task).await?;
        let Some(earlier) = run_to_continue(&runs, judged, &request.agent) else { return Ok(request) };
        let and_where = format!("goes on in the session of run {}", earlier.attempt);
        Ok(RunRequest {
            resume: Some(earlier.id),
            rule: request.rule.map(|rule| format!("{rule}; {and_where}")),
            ..request
        })
    }

    /// The verdict that sent the task's last work back.
    async fn rejection(&self, task: &TaskRecord) -> Result<Option<ReviewRecord>, EngineError> {
        let reviews = self.store().reviews(task.task.id).await?;
        let sent_back =
            |review: &ReviewRecord| review.outcome == StepOutcome::Rejected && review.round + 1 == task.round;
        Ok(reviews.into_iter().rev().find(sent_back))
    }
}

/// What the last run said to whoever goes on.
fn handed_over(last: &RunRecord) -> Option<String> {
    let word = last.word.as_ref().filter(|word| word.kind == WordKind::Handed && !word.text.is_empty())?;
    Some(format!("{} worked on this before and hands it over:\n\n{}", last.agent, word.text))
}

/// The run that did the work `judged`, if its session is worth another attempt: none that came after it
/// failed by itself. `runs` are the task's, newest first.
fn run_to_continue<'r>(runs: &'r [RunRecord], judged: RunId, agent: &str) -> Option<&'r RunRecord> {
    let mut since = runs.iter().take_while(|run| run.id != judged).filter(|run| run.review.is_none());
    let earlier = runs.iter().find(|run| run.id == judged)?;
    let fits = earlier.agent == agent && earlier.session.is_some();
    (fits && since.all(|run| was_interrupted(run.state))).then_some(earlier)
}

/// It came to nothing for reasons that lie outside the agent's session.
fn was_interrupted(state: RunState) -> bool {
    match state {
        RunState::Ended(Outcome::Stopped | Outcome::Lost) => true,
        RunState::Ended(Outcome::Failed(cause)) => {
            matches!(cause, Cause::UsageLimit | Cause::ProviderTransient | Cause::CouldNotStart)
        }
        RunState::Ended(Outcome::Succeeded)
        | RunState::Queued
        | RunState::Preparing
        | RunState::Running(_) => false,
    }
}
