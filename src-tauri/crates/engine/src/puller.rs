//! What agents that pull may ask of the engine: work, as far as the board's policy and what is
//! registered about them allow it. How a claim is decided is the store's.

use domain::{Cause, Millis, Outcome, RunId};
use store::{Claimed, Ending, LimitOn, Limits, NewClaim, NewReport, Origin};

use crate::{Engine, error::EngineError};

/// What an agent says of itself when it asks for work.
#[derive(Clone, Debug)]
pub struct Pull {
    pub agent: String,
    /// None: as registered, or one task at a time.
    pub capacity: Option<u32>,
    /// None: as registered.
    pub skills: Option<Vec<String>>,
    /// How long it may be silent, in milliseconds.
    pub lease: Millis,
}

impl Engine {
    /// The next task for an agent that runs elsewhere.
    pub async fn claim(&self, pull: Pull) -> Result<Claimed, EngineError> {
        let policy = self.queue_policy().await?;
        let registered = self.store().registered_agents().await?;
        let registered =
            registered.into_iter().map(|record| record.data.agent).find(|known| known.name == pull.agent);
        if let Some(known) = registered.as_ref().filter(|known| !known.enabled) {
            return Err(EngineError::Conflict {
                message: format!("{} is disabled", known.name),
                next: Some("enable it on the agents page first".into()),
            });
        }
        if policy.paused {
            return Ok(Claimed::NoTask(Some("the queue is paused".into())));
        }
        let (closed, used_up) = self.closed_to_claims(&policy).await?;
        let most = registered.as_ref().map(|known| known.max_capacity);
        let capacity = pull.capacity.or(most).unwrap_or(1);
        let limit = |on, limit: Option<u32>, name: &str| {
            limit.map(|limit| Limits { on, limit, name: name.to_owned() })
        };
        let limits = [
            // The dispatcher's own default is for this machine, where these agents do not run.
            limit(LimitOn::Total, policy.parallel, "flight"),
            limit(LimitOn::Review, policy.review, "Review"),
        ];
        let new = NewClaim {
            capacity: most.map_or(capacity, |most| capacity.min(most)),
            skills: pull.skills.or(registered.map(|known| known.skills)).unwrap_or_default(),
            agent: pull.agent,
            lease: pull.lease,
            limits: limits.into_iter().flatten().collect(),
            now: self.now(),
        };
        let used_up = used_up.map(|budget| format!("the budget is used up: {budget}"));
        Ok(match self.store().claim_within(new, closed).await? {
            Claimed::NoTask(None) => Claimed::NoTask(used_up),
            answer => answer,
        })
    }

    /// The agent is alive. Returns until when that vouches for the run; a conflict says that it should
    /// stop, because the run no longer holds its task or has used its budget up.
    pub async fn heartbeat(&self, run: RunId, token: String) -> Result<Millis, EngineError> {
        let until = self.store().heartbeat_run(run, token, self.now()).await?;
        let record = self.store().run(run).await?;
        if !self.keep_budgets(&record).await? {
            return Ok(until);
        }
        let why = self.store().run(run).await?.ends_why;
        let ending = Ending { reason: why.clone(), ..Ending::of(Outcome::Failed(Cause::Budget), self.now()) };
        self.store().end_run(run, ending).await?;
        Err(EngineError::Conflict {
            message: format!("run {run} was ended: {}", why.unwrap_or_default()),
            next: Some("stop working on it; its card waits for a person".into()),
        })
    }

    /// The end of a pulled run, as its agent tells it.
    pub async fn finish(&self, report: NewReport) -> Result<(), EngineError> {
        let run = report.run;
        self.store().finish_run(report).await?;
        self.ended(run).await
    }

    /// The same for a failure after which nobody tries again.
    pub async fn fail_for_good(&self, report: NewReport) -> Result<(), EngineError> {
        let run = report.run;
        self.store().fail_for_good(report).await?;
        self.ended(run).await
    }

    async fn ended(&self, run: RunId) -> Result<(), EngineError> {
        let record = self.store().run(run).await?;
        if record.origin == Origin::Pulled {
            self.tell_budgets(&record).await;
        }
        Ok(())
    }
}
