//! Claims by agents that pull: they ask for the next task, vouch for their run by heartbeats, and
//! report its end. Many that wait at one time are answered by the same few statements. Whom a run's
//! end concerns is `runs`' to say; who is started from here is the dispatcher's.

use std::collections::{BTreeSet, HashMap, HashSet, hash_map::Entry};

use domain::{
    Actor, Cause, Id, Millis, Outcome, ProjectId, RunId, Status, Task, TaskEvent, TaskId, breaker::Gate,
    transition,
};
use sqlx::{FromRow, QueryBuilder, Sqlite};

use crate::{
    Store,
    breakers::{self, Breaks, Sign},
    changes::recorded,
    comments,
    error::StoreError,
    held::{self, Word, WordKind},
    projects::{self, PullRules},
    runs::{self, Ending, LimitOn, Limits},
    tasks::{in_powers_of_two, json, status},
    writer::{Bulk, BulkAnswers, Tx},
};

/// Leases that end in one commit, at most.
const AT_ONCE: u32 = 512;
/// Candidates read beyond the number of claimers.
const SPARE: usize = 8;

/// An agent asks for a task.
#[derive(Clone, Debug)]
pub struct NewClaim {
    pub agent: String,
    /// Tasks that it works on at one time, from 1.
    pub capacity: u32,
    /// How long it may be silent, in milliseconds.
    pub lease: Millis,
    pub skills: Vec<String>,
    pub limits: Vec<Limits>,
    pub now: Millis,
}

/// What claims are kept from: budgets that are used up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// Nothing new is given at all.
    pub everything: bool,
    pub projects: Vec<ProjectId>,
    pub tasks: Vec<TaskId>,
}

/// A claim with what it is kept from.
pub(crate) struct Asking {
    claim: NewClaim,
    closed: Closed,
}

/// What it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// A task that nobody held.
    Assigned(Claim),
    /// With a capacity of 1: the task that it holds already. Its lease begins anew.
    Current(Claim),
    /// What it holds.
    AtCapacity(Vec<Held>),
    /// There is no task for it, and why if a rule and not an empty queue keeps it.
    NoTask(Option<String>),
}

/// A pulled run and the right to report on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub task: TaskId,
    pub run: RunId,
    pub attempt: u32,
    /// Every report must carry it.
    pub token: String,
    pub lease_until: Millis,
}

/// A task on which an agent is at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub task: TaskId,
    pub run: RunId,
    /// None: Flightboard started it.
    pub token: Option<String>,
}

/// The end of a pulled run, as its agent reports it.
#[derive(Clone, Debug)]
pub struct NewReport {
    pub run: RunId,
    pub token: String,
    pub succeeded: bool,
    /// Becomes a comment.
    pub message: Option<String>,
    pub now: Millis,
}

/// What became of a report.
pub(crate) enum Told {
    Counted,
    /// The run does not hold its task any more; why, for people.
    TooLate(String),
}

#[derive(FromRow)]
struct HeldRow {
    id: i64,
    task_id: i64,
    agent: String,
    uid: String,
    attempt: i64,
    origin: String,
}

#[derive(FromRow)]
struct CandidateRow {
    id: i64,
    project_id: Option<i64>,
    status: String,
    runs: i64,
    assignee: Option<String>,
    chain: String,
    skills: String,
}

#[derive(FromRow)]
struct ReportedRow {
    id: i64,
    task_id: i64,
    uid: String,
    attempt: i64,
    agent: String,
    origin: String,
    phase: String,
    outcome: Option<String>,
    cause: Option<String>,
    status: String,
    live_run: Option<i64>,
    came_from: Option<String>,
    held: Option<String>,
}

impl Store {
    /// The next task for an agent that pulls, in claim order: ready ones first, then those of the inbox.
    pub async fn claim_next(&self, new: NewClaim) -> Result<Claimed, StoreError> {
        self.claim_within(new, Closed::default()).await
    }

    /// The same, without what is `closed`.
    pub async fn claim_within(&self, claim: NewClaim, closed: Closed) -> Result<Claimed, StoreError> {
        self.writer.write_bulk(Asking { claim, closed }).await
    }

    /// The agent is alive. Returns until when that vouches for the run. `Conflict` if the run does not
    /// hold its task any more: the agent should stop.
    pub async fn heartbeat_run(&self, run: RunId, token: String, now: Millis) -> Result<Millis, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let until: Option<i64> = sqlx::query_scalar(
                        "UPDATE runs SET lease_until = ? + lease_for WHERE id = ? AND uid = ? \
                         AND phase = 'running' AND origin = 'pulled' \
                         AND (SELECT live_run FROM tasks WHERE tasks.id = runs.task_id) = runs.id \
                         RETURNING lease_until",
                    )
                    .bind(now)
                    .bind(run.raw())
                    .bind(&token)
                    .fetch_optional(&mut *tx.conn)
                    .await?;
                    match until {
                        Some(until) => {
                            tx.touched.lease = Some(until);
                            Ok(until)
                        }
                        None => Err(why_not(tx, run, &token).await?),
                    }
                })
            })
            .await
    }

    /// Closes a pulled run; of one that Flightboard started it keeps the word, for its process tells the end.
    /// `Conflict` if it does not hold its task any more; its message is then kept
    /// as a comment all the same. Reporting the same end twice changes nothing the second time.
    pub async fn finish_run(&self, report: NewReport) -> Result<(), StoreError> {
        match self.writer.write_bulk(report).await? {
            Told::Counted => Ok(()),
            Told::TooLate(why) => Err(StoreError::Conflict(why)),
        }
    }

    /// When the next lease ends.
    pub async fn next_lease(&self) -> Result<Option<Millis>, StoreError> {
        let at = sqlx::query_scalar(
            "SELECT min(lease_until) FROM runs WHERE phase <> 'ended' AND origin = 'pulled'",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(at)
    }

    /// Takes runs whose lease is over for lost: their tasks are tried again, or fail once too often.
    /// Returns them; a full commit's worth means that there may be more.
    pub async fn end_leases(&self, now: Millis) -> Result<Vec<RunId>, StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    let over: Vec<(i64, String, i64)> = sqlx::query_as(
                        "SELECT id, agent, lease_for FROM runs WHERE phase <> 'ended' AND origin = 'pulled' \
                         AND lease_until <= ? ORDER BY lease_until, id LIMIT ?",
                    )
                    .bind(now)
                    .bind(AT_ONCE)
                    .fetch_all(&mut *tx.conn)
                    .await?;
                    let mut ended = Vec::with_capacity(over.len());
                    for (id, agent, lease) in over {
                        let reason = format!("nothing was heard from {agent} for {}", length(lease));
                        let ending = Ending { reason: Some(reason), ..Ending::of(Outcome::Lost, now) };
                        runs::end(tx, RunId(id), ending).await?;
                        ended.push(RunId(id));
                    }
                    Ok(ended)
                })
            })
            .await
    }

    /// Begins every lease anew: while no engine ran, nobody could be heard.
    pub async fn renew_leases(&self, now: Millis) -> Result<(), StoreError> {
        self.writer
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query(
                        "UPDATE runs SET lease_until = max(lease_until, ? + lease_for) \
                         WHERE phase <> 'ended' AND origin = 'pulled'",
                    )
                    .bind(now)
                    .execute(&mut *tx.conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}

/// `90 s`, `10 min`
fn length(millis: Millis) -> String {
    match millis / 1_000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

impl Bulk for Asking {
    type Answer = Claimed;

    fn run<'t>(tx: &'t mut Tx<'_>, items: &'t [Asking]) -> BulkAnswers<'t, Claimed> {
        Box::pin(async move {
            let mut answers: Vec<Option<Claimed>> = items.iter().map(|_| None).collect();
            // What an agent gets first changes what it gets next: one claim of each agent at a time.
            while answers.iter().any(Option::is_none) {
                let mut asking = HashSet::new();
                let turn: Vec<usize> = (0..items.len())
                    .filter(|at| answers[*at].is_none() && asking.insert(&items[*at].claim.agent))
                    .collect();
                let asked: Vec<&NewClaim> = turn.iter().map(|at| &items[*at].claim).collect();
                // They asked within one moment: what is closed to one is closed to all.
                let closed: Vec<&Closed> = turn.iter().map(|at| &items[*at].closed).collect();
                for (at, answer) in turn.into_iter().zip(claim_all(tx, &asked, &closed).await?) {
                    answers[at] = Some(answer);
                }
            }
            Ok(answers.into_iter().flatten().map(Ok).collect())
        })
    }
}

/// Claims of different agents, first come, first served.
async fn claim_all(
    tx: &mut Tx<'_>,
    asked: &[&NewClaim],
    closed: &[&Closed],
) -> Result<Vec<Claimed>, StoreError> {
    let mut desk = Desk::read(tx, asked, closed).await?;
    let mut answers: Vec<Option<Claimed>> = asked.iter().map(|claim| desk.without_the_queue(claim)).collect();
    let open = (0..asked.len()).filter(|at| answers[*at].is_none()).collect();
    let (given, left) = desk.give(tx, asked, open).await?;
    for at in left {
        answers[at] = Some(Claimed::NoTask(desk.full(asked[at])));
    }
    for (at, claim) in begin_all(tx, asked, given).await? {
        if let Some(Gate::Probe) = desk.breakers.get(&asked[at].agent) {
            let whose = Breaks::Agent(asked[at].agent.clone());
            breakers::note(tx, &whose, claim.run, &Sign::Started, asked[at].now).await?;
        }
        answers[at] = Some(Claimed::Assigned(claim));
    }
    renew(tx, asked, &answers).await?;
    Ok(answers.into_iter().map(|answer| answer.unwrap_or(Claimed::NoTask(None))).collect())
}

/// What claims are decided over.
struct Desk {
    held: HashMap<String, Vec<Held>>,
    attempts: HashMap<RunId, u32>,
    /// Of agents whose breaker ever moved.
    breakers: HashMap<String, Gate>,
    rules: HashMap<ProjectId, PullRules>,
    /// In use, for each limit that a claim names.
    used: HashMap<LimitOn, i64>,
    closed: bool,
    closed_projects: Vec<i64>,
    closed_tasks: Vec<i64>,
}

/// A task that may be given.
struct Candidate {
    task: Task,
    project: Option<ProjectId>,
    attempt: u32,
    assignee: Option<String>,
    chain: Vec<String>,
    skills: Vec<String>,
}

/// A task for a claim.
struct Given {
    claim: usize,
    task: TaskId,
    attempt: u32,
}

impl Desk {
    async fn read(tx: &mut Tx<'_>, asked: &[&NewClaim], closed: &[&Closed]) -> Result<Desk, StoreError> {
        let agents: Vec<&str> = asked.iter().map(|claim| claim.agent.as_str()).collect();
        let agents = json(&agents)?;
        let rows: Vec<HeldRow> = sqlx::query_as(
            "SELECT id, task_id, agent, uid, attempt, origin FROM runs WHERE phase <> 'ended' \
             AND agent IN (SELECT value FROM json_each(?)) \
             AND (origin <> 'pulled' OR (SELECT live_run FROM tasks WHERE tasks.id = runs.task_id) = runs.id) \
             ORDER BY id",
        )
        .bind(&agents)
        .fetch_all(&mut *tx.conn)
        .await?;
        let mut held: HashMap<String, Vec<Held>> = HashMap::new();
        let mut attempts = HashMap::new();
        for row in rows {
            let run = RunId(row.id);
            attempts.insert(run, row.attempt as u32);
            let token = (row.origin == "pulled").then_some(row.uid);
            held.entry(row.agent).or_default().push(Held { task: TaskId(row.task_id), run, token });
        }
        let breakers = breakers::gates(tx, &agents, latest(asked)).await?;
        let mut used = HashMap::new();
        for limit in asked.iter().flat_map(|claim| &claim.limits) {
            if let Entry::Vacant(unseen) = used.entry(limit.on.clone()) {
                unseen.insert(runs::used(tx, &limit.on).await?);
            }
        }
        let rules = projects::pull_rules(tx).await?;
        let projects = closed.iter().flat_map(|closed| &closed.projects);
        let tasks = closed.iter().flat_map(|closed| &closed.tasks);
        Ok(Desk {
            held,
            attempts,
            breakers,
            rules,
            used,
            closed: closed.iter().any(|closed| closed.everything),
            closed_projects: projects.map(|id| id.raw()).collect(),
            closed_tasks: tasks.map(|id| id.raw()).collect(),
        })
    }

    /// The answer where it does not depend on the tasks that wait.
    fn without_the_queue(&self, claim: &NewClaim) -> Option<Claimed> {
        let held = self.held.get(&claim.agent).map_or(&[][..], Vec::as_slice);
        if claim.capacity == 1
            && let Some((held, token)) = held.iter().find_map(|held| Some((held, held.token.clone()?)))
        {
            return Some(Claimed::Current(Claim {
                task: held.task,
                run: held.run,
                attempt: self.attempts[&held.run],
                token,
                lease_until: claim.now + claim.lease,
            }));
        }
        if held.len() >= claim.capacity as usize {
            return Some(Claimed::AtCapacity(held.to_vec()));
        }
        let rests = match self.breakers.get(&claim.agent)? {
            Gate::Closed | Gate::Probe => return None,
            Gate::Open { .. } => "it rests for a while".to_owned(),
            Gate::Probing { run } => format!("run {run} shows whether it works again"),
        };
        Some(Claimed::NoTask(Some(format!("{} failed several times in a row; {rests}", claim.agent))))
    }

    /// The limit that keeps the claim, as a phrase.
    fn full(&self, claim: &NewClaim) -> Option<String> {
        claim.limits.iter().find_map(|limit| {
            let used = self.used[&limit.on];
            (used >= i64::from(limit.limit)).then(|| format!("{used} of {} in {}", limit.limit, limit.name))
        })
    }

    /// The next claims of this commit count it.
    fn took(&mut self, claim: &NewClaim, project: Option<ProjectId>) {
        for (on, used) in &mut self.used {
            let counts = match on {
                LimitOn::Total => true,
                LimitOn::Here => false,
                LimitOn::Agent(agent) => *agent == claim.agent,
                LimitOn::Project(id) => Some(*id) == project,
                LimitOn::Review => false,
            };
            *used += i64::from(counts);
        }
        if let Some(rules) = project.and_then(|id| self.rules.get_mut(&id)) {
            rules.left = rules.left.map(|left| left - 1);
        }
    }

    /// Gives tasks to the claims `open`, in their order; returns those for which there is none.
    async fn give(
        &mut self,
        tx: &mut Tx<'_>,
        asked: &[&NewClaim],
        mut open: Vec<usize>,
    ) -> Result<(Vec<Given>, Vec<usize>), StoreError> {
        let mut given = Vec::new();
        if self.closed {
            return Ok((given, open));
        }
        for column in [Status::Ready, Status::Inbox] {
            let mut most = open.len() + SPARE;
            while open.iter().any(|at| self.full(asked[*at]).is_none()) {
                let page = self.candidates(tx, asked, column, &given, most).await?;
                let more = page.len() == most;
                open = self.match_up(asked, open, page, &mut given);
                if !more {
                    break;
                }
                most = most.saturating_mul(8);
            }
        }
        Ok((given, open))
    }

    /// Up to `most` tasks that suit any of `asked`, as far as the database can tell.
    async fn candidates(
        &self,
        tx: &mut Tx<'_>,
        asked: &[&NewClaim],
        column: Status,
        given: &[Given],
        most: usize,
    ) -> Result<Vec<Candidate>, StoreError> {
        let agents: Vec<&str> = asked.iter().map(|claim| claim.agent.as_str()).collect();
        let skills: Vec<&String> = asked.iter().flat_map(|claim| &claim.skills).collect();
        let closed = self.rules.iter().filter(|(_, rules)| !rules.open(column)).map(|(id, _)| id.raw());
        let closed = closed.chain(self.closed_projects.iter().copied());
        let given = given.iter().map(|given| given.task.raw());
        let taken: Vec<i64> = given.chain(self.closed_tasks.iter().copied()).collect();
        let rows: Vec<CandidateRow> =
            sqlx::query_as(if column == Status::Inbox { IN_THE_INBOX } else { READY })
                .bind(latest(asked))
                .bind(json(&agents)?)
                .bind(json(&skills)?)
                .bind(json(&closed.collect::<Vec<_>>())?)
                .bind(json(&taken)?)
                .bind(most as i64)
                .fetch_all(&mut *tx.conn)
                .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    fn match_up(
        &mut self,
        asked: &[&NewClaim],
        open: Vec<usize>,
        page: Vec<Candidate>,
        given: &mut Vec<Given>,
    ) -> Vec<usize> {
        let mut page: Vec<Option<Candidate>> = page.into_iter().map(Some).collect();
        let mut left = Vec::new();
        let mut front = 0;
        for at in open {
            let claim = asked[at];
            while page.get(front).is_some_and(Option::is_none) {
                front += 1;
            }
            let found = match self.full(claim) {
                Some(_) => None,
                None => page[front..]
                    .iter_mut()
                    .find(|slot| slot.as_ref().is_some_and(|candidate| candidate.suits(claim, &self.rules))),
            };
            match found.and_then(Option::take) {
                Some(candidate) => {
                    self.took(claim, candidate.project);
                    given.push(Given { claim: at, task: candidate.task.id, attempt: candidate.attempt });
                }
                None => left.push(at),
            }
        }
        left
    }
}

fn latest(asked: &[&NewClaim]) -> Millis {
    asked.iter().map(|claim| claim.now).max().unwrap_or_default()
}

impl Candidate {
    fn suits(&self, claim: &NewClaim, rules: &HashMap<ProjectId, PullRules>) -> bool {
        let rules = self.project.and_then(|id| rules.get(&id));
        let chain = match rules {
            Some(rules) if self.chain.is_empty() => &rules.agents,
            _ => &self.chain,
        };
        self.assignee.as_ref().is_none_or(|assignee| *assignee == claim.agent)
            && (chain.is_empty() || chain.contains(&claim.agent))
            && self.skills.iter().all(|skill| claim.skills.contains(skill))
            && rules.is_none_or(|rules| rules.left != Some(0))
            && transition(&self.task, &TaskEvent::RunBegan(RunId(0))).is_ok()
    }
}

impl TryFrom<CandidateRow> for Candidate {
    type Error = StoreError;

    fn try_from(row: CandidateRow) -> Result<Self, StoreError> {
        let id = TaskId(row.id);
        Ok(Candidate {
            task: Task { id, status: status(&row.status)?, live_run: None, came_from: None, held: None },
            project: row.project_id.map(ProjectId),
            attempt: row.runs as u32 + 1,
            assignee: row.assignee,
            chain: words(&row.chain)?,
            skills: words(&row.skills)?,
        })
    }
}

/// Tasks in claim order that nothing but their agents' wishes keeps. An edge is met by the same rule as
/// `domain::edges::Need::standing` has; a run that is still being stopped keeps its task.
macro_rules! candidates {
    ($column:literal, $index:literal) => {
        concat!(
            "SELECT id, project_id, status, runs, assignee, chain, skills FROM tasks INDEXED BY ",
            $index,
            " WHERE status = '",
            $column,
            "' AND trashed_at IS NULL AND held IS NULL AND stopped IS NULL AND (not_before IS NULL OR not_before <= ?1) \
             AND (assignee IS NULL OR assignee IN (SELECT value FROM json_each(?2))) \
             AND (chain = '[]' OR EXISTS (SELECT 1 FROM json_each(chain) WHERE value IN (SELECT value FROM json_each(?2)))) \
             AND (skills = '[]' OR NOT EXISTS (SELECT 1 FROM json_each(skills) WHERE value NOT IN (SELECT value FROM json_each(?3)))) \
             AND (project_id IS NULL OR project_id NOT IN (SELECT value FROM json_each(?4))) \
             AND id NOT IN (SELECT value FROM json_each(?5)) \
             AND NOT EXISTS (SELECT 1 FROM task_edges e JOIN tasks u ON u.id = e.upstream_id WHERE e.task_id = tasks.id \
             AND (u.trashed_at IS NOT NULL OR NOT CASE e.need WHEN 'success' THEN u.status = 'done' \
             WHEN 'failure' THEN u.status IN ('failed', 'cancelled') ELSE u.status IN ('done', 'failed', 'cancelled') END)) \
             AND NOT EXISTS (SELECT 1 FROM runs WHERE task_id = tasks.id AND phase <> 'ended') \
             ORDER BY priority DESC, coalesce(due_at, 9223372036854775807), created_at, id LIMIT ?6"
        )
    };
}

const READY: &str = candidates!("ready", "tasks_ready");
const IN_THE_INBOX: &str = candidates!("inbox", "tasks_inbox");

fn words(text: &str) -> Result<Vec<String>, StoreError> {
    if text == "[]" {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// Makes the runs and gives them their tasks, guarded by the state that was read.
async fn begin_all(
    tx: &mut Tx<'_>,
    asked: &[&NewClaim],
    given: Vec<Given>,
) -> Result<Vec<(usize, Claim)>, StoreError> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let tokens: Vec<String> = given.iter().map(|_| uuid::Uuid::now_v7().to_string()).collect();
    let rows: Vec<(&Given, &String)> = given.iter().zip(&tokens).collect();
    let mut last = 0;
    for some in in_powers_of_two(&rows) {
        last = insert_runs(tx, asked, some).await?;
    }
    // There is one writer, so the rows are numbered in their order, without a gap.
    let first = last - given.len() as i64 + 1;
    let taken = sqlx::query(
        "UPDATE tasks SET came_from = status, status = 'in_progress', live_run = r.id, last_run = r.id, \
         runs = runs + 1, updated_at = r.created_at, entered_at = r.created_at \
         FROM runs r WHERE r.id BETWEEN ? AND ? AND tasks.id = r.task_id \
         AND tasks.status IN ('ready', 'inbox') AND tasks.live_run IS NULL AND tasks.trashed_at IS NULL",
    )
    .bind(first)
    .bind(last)
    .execute(&mut *tx.conn)
    .await?;
    if taken.rows_affected() != given.len() as u64 {
        return Err(StoreError::Conflict("a task was taken by somebody else; ask again".into()));
    }
    let seq = sqlx::query(
        "INSERT INTO changes (at, actor, kind, task_id, run_id, text) \
         SELECT created_at, 'agent:' || agent, 'run.claimed', task_id, id, 'claimed: run ' || attempt || ' with ' || agent \
         FROM runs WHERE id BETWEEN ? AND ? ORDER BY id",
    )
    .bind(first)
    .bind(last)
    .execute(&mut *tx.conn)
    .await?
    .last_insert_rowid();
    recorded(tx, seq, latest(asked), given.iter().map(|given| given.task));
    let claims = given.iter().zip(tokens).zip(first..).map(|((given, token), id)| {
        let claim = asked[given.claim];
        let lease_until = claim.now + claim.lease;
        let run = RunId(id);
        (given.claim, Claim { task: given.task, run, attempt: given.attempt, token, lease_until })
    });
    Ok(claims.collect())
}

/// Returns the last one's number.
async fn insert_runs(
    tx: &mut Tx<'_>,
    asked: &[&NewClaim],
    rows: &[(&Given, &String)],
) -> Result<i64, StoreError> {
    let mut insert = QueryBuilder::<Sqlite>::new(
        "INSERT INTO runs (uid, task_id, attempt, agent, mode, argv, phase, activity, evidence, created_at, started_at, \
         origin, rule, lease_for, lease_until) ",
    );
    insert.push_values(rows, |mut row, (given, token)| {
        let claim = asked[given.claim];
        row.push_bind(token.as_str()).push_bind(given.task.raw()).push_bind(given.attempt);
        row.push_bind(&claim.agent).push("'unattended', '[]', 'running', 'working', 'its own word'");
        row.push_bind(claim.now).push_bind(claim.now).push("'pulled', 'it asked for work'");
        row.push_bind(claim.lease).push_bind(claim.now + claim.lease);
    });
    Ok(insert.build().execute(&mut *tx.conn).await?.last_insert_rowid())
}

/// Notes when the leases of this commit end; those of tasks that were given back begin anew.
async fn renew(tx: &mut Tx<'_>, asked: &[&NewClaim], answers: &[Option<Claimed>]) -> Result<(), StoreError> {
    for (claim, answer) in asked.iter().zip(answers) {
        let until = match answer {
            Some(Claimed::Assigned(given)) => given.lease_until,
            Some(Claimed::Current(given)) => {
                sqlx::query("UPDATE runs SET lease_for = ?, lease_until = ? WHERE id = ?")
                    .bind(claim.lease)
                    .bind(given.lease_until)
                    .bind(given.run.raw())
                    .execute(&mut *tx.conn)
                    .await?;
                given.lease_until
            }
            Some(Claimed::AtCapacity(_) | Claimed::NoTask(_)) | None => continue,
        };
        tx.touched.lease = tx.touched.lease.into_iter().chain([until]).min();
    }
    Ok(())
}

impl Bulk for NewReport {
    type Answer = Told;

    fn run<'t>(tx: &'t mut Tx<'_>, items: &'t [NewReport]) -> BulkAnswers<'t, Told> {
        Box::pin(async move {
            let ids: Vec<i64> = items.iter().map(|report| report.run.raw()).collect();
            let rows: Vec<ReportedRow> = sqlx::query_as(
                "SELECT r.id, r.task_id, r.uid, r.attempt, r.agent, r.origin, r.phase, r.outcome, r.cause, \
                 t.status, t.live_run, t.came_from, t.held FROM runs r JOIN tasks t ON t.id = r.task_id \
                 WHERE r.id IN (SELECT value FROM json_each(?))",
            )
            .bind(json(&ids)?)
            .fetch_all(&mut *tx.conn)
            .await?;
            let rows: HashMap<RunId, ReportedRow> =
                rows.into_iter().map(|row| (RunId(row.id), row)).collect();
            let mut done: Vec<(&NewReport, &ReportedRow)> = Vec::new();
            let mut closed = HashSet::new();
            let mut answers = Vec::with_capacity(items.len());
            for report in items {
                if let Some(row) = rows.get(&report.run).filter(|row| row.origin != "pulled") {
                    answers.push(of_started(tx, report, row).await);
                    continue;
                }
                let row = match known(rows.get(&report.run), report.run, &report.token) {
                    Ok(row) => row,
                    Err(refused) => {
                        answers.push(Err(refused));
                        continue;
                    }
                };
                let holds = row.phase == "running" && row.live_run == Some(row.id);
                // The same report twice in one commit is like one in two.
                if row.says(report) || (holds && !closed.insert(report.run)) {
                    answers.push(Ok(Told::Counted));
                } else if !holds {
                    keep(tx, report, row).await?;
                    answers.push(Ok(Told::TooLate(row.too_late(report))));
                } else if report.succeeded {
                    row.may_succeed()?;
                    done.push((report, row));
                    answers.push(Ok(Told::Counted));
                } else {
                    let outcome = Outcome::Failed(Cause::AgentError);
                    let ending = Ending { reason: report.message.clone(), ..Ending::of(outcome, report.now) };
                    runs::end(tx, report.run, ending).await?;
                    answers.push(Ok(Told::Counted));
                }
            }
            succeed_all(tx, &done).await?;
            Ok(answers)
        })
    }
}

impl NewReport {
    fn word(&self) -> Word {
        let kind = if self.succeeded { WordKind::Succeeded } else { WordKind::Failed };
        Word { kind, text: self.message.clone().unwrap_or_default() }
    }
}

/// The word of an agent that Flightboard started; its process tells the end.
async fn of_started(tx: &mut Tx<'_>, report: &NewReport, row: &ReportedRow) -> Result<Told, StoreError> {
    match held::find(&mut *tx.conn, report.run, &report.token).await {
        Ok(holder) => {
            held::say_last_word(tx, &holder, &report.word(), report.now).await?;
            Ok(Told::Counted)
        }
        Err(StoreError::Conflict(_)) if row.phase == "ended" && row.says(report) => Ok(Told::Counted),
        Err(refused) => Err(refused),
    }
}

impl ReportedRow {
    /// Whether the run ended just as the report says.
    fn says(&self, report: &NewReport) -> bool {
        let reported = if report.succeeded {
            (Some("succeeded"), None)
        } else {
            (Some("failed"), Some(Cause::AgentError.word()))
        };
        (self.outcome.as_deref(), self.cause.as_deref()) == reported
    }

    /// The machine's word on it.
    fn may_succeed(&self) -> Result<(), StoreError> {
        let task = Task {
            id: TaskId(self.task_id),
            status: status(&self.status)?,
            live_run: self.live_run.map(RunId),
            came_from: self.came_from.as_deref().map(status).transpose()?,
            held: self.held.clone(),
        };
        let (next, _) = transition(&task, &TaskEvent::RunSucceeded(RunId(self.id)))?;
        debug_assert_eq!((next.status, next.live_run, next.held), (Status::Review, None, None));
        Ok(())
    }

    fn too_late(&self, report: &NewReport) -> String {
        let key = TaskId(self.task_id).key();
        let why = held::why_over(self.outcome.as_deref());
        let kept = if report.message.is_some() { "; what it says is kept as a comment" } else { "" };
        format!("run {} no longer holds {key}: {why}{kept}", self.id)
    }
}

fn known<'r>(row: Option<&'r ReportedRow>, run: RunId, token: &str) -> Result<&'r ReportedRow, StoreError> {
    let row = row.ok_or_else(|| runs::missing(run))?;
    if row.origin != "pulled" {
        return Err(StoreError::Conflict(format!(
            "run {run} was started by Flightboard, which sees by itself that it lives"
        )));
    }
    if row.uid != token {
        return Err(StoreError::Conflict(format!(
            "this is not the token of run {run}; use the one that its claim returned"
        )));
    }
    Ok(row)
}

/// Why a heartbeat did not count.
async fn why_not(tx: &mut Tx<'_>, run: RunId, token: &str) -> Result<StoreError, StoreError> {
    let row: Option<ReportedRow> = sqlx::query_as(
        "SELECT r.id, r.task_id, r.uid, r.attempt, r.agent, r.origin, r.phase, r.outcome, r.cause, \
         t.status, t.live_run, t.came_from, t.held FROM runs r JOIN tasks t ON t.id = r.task_id WHERE r.id = ?",
    )
    .bind(run.raw())
    .fetch_optional(&mut *tx.conn)
    .await?;
    let silent = NewReport { run, token: token.to_owned(), succeeded: true, message: None, now: 0 };
    Ok(match known(row.as_ref(), run, token) {
        Ok(row) => StoreError::Conflict(row.too_late(&silent)),
        Err(refused) => refused,
    })
}

/// The words of a report that came too late, once however often it is repeated.
async fn keep(tx: &mut Tx<'_>, report: &NewReport, row: &ReportedRow) -> Result<(), StoreError> {
    let Some(message) = &report.message else { return Ok(()) };
    let task = TaskId(row.task_id);
    let author = Actor::Agent(row.agent.clone());
    let body = format!("Run {} came too late and says:\n\n{message}", row.attempt);
    let there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM task_comments WHERE task_id = ? AND author = ? AND body = ?)",
    )
    .bind(row.task_id)
    .bind(author.to_string())
    .bind(&body)
    .fetch_one(&mut *tx.conn)
    .await?;
    if there {
        return Ok(());
    }
    comments::insert(tx, task, &author, &body, report.now).await?;
    let text = format!("run {} reported too late", row.attempt);
    crate::tasks::log(tx, task, Some(report.run), &author, "run.late", text, report.now).await
}

/// Runs that succeeded: their cards go to review.
async fn succeed_all(tx: &mut Tx<'_>, done: &[(&NewReport, &ReportedRow)]) -> Result<(), StoreError> {
    let Some(now) = done.iter().map(|(report, _)| report.now).max() else { return Ok(()) };
    let runs = json(&done.iter().map(|(report, _)| report.run.raw()).collect::<Vec<_>>())?;
    let tasks = json(&done.iter().map(|(_, row)| row.task_id).collect::<Vec<_>>())?;
    let ended = sqlx::query(
        "UPDATE runs SET phase = 'ended', activity = NULL, outcome = 'succeeded', ended_at = ?, exit_code = NULL \
         WHERE id IN (SELECT value FROM json_each(?)) AND phase = 'running'",
    )
    .bind(now)
    .bind(&runs)
    .execute(&mut *tx.conn)
    .await?;
    let moved = sqlx::query(
        "UPDATE tasks SET status = 'review', live_run = NULL, came_from = NULL, held = NULL, updated_at = ?1, \
         entered_at = ?1, not_before = NULL, not_before_after = NULL, called = NULL, failing_since = NULL \
         WHERE id IN (SELECT value FROM json_each(?2)) AND status = 'in_progress' \
         AND live_run IN (SELECT value FROM json_each(?3))",
    )
    .bind(now)
    .bind(&tasks)
    .bind(&runs)
    .execute(&mut *tx.conn)
    .await?;
    if (ended.rows_affected(), moved.rows_affected()) != (done.len() as u64, done.len() as u64) {
        return Err(StoreError::Conflict("a run was ended by somebody else; look at its card".into()));
    }
    let said: Vec<_> =
        done.iter().filter_map(|(report, row)| Some((row, report.message.as_ref()?, report.now))).collect();
    for some in in_powers_of_two(&said) {
        let mut insert =
            QueryBuilder::<Sqlite>::new("INSERT INTO task_comments (task_id, author, body, at) ");
        insert.push_values(some, |mut comment, (row, message, at)| {
            comment.push_bind(row.task_id).push_bind(Actor::Agent(row.agent.clone()).to_string());
            comment.push_bind(message.as_str()).push_bind(at);
        });
        insert.build().execute(&mut *tx.conn).await?;
    }
    let seq = sqlx::query(
        "INSERT INTO changes (at, actor, kind, task_id, run_id, text) \
         SELECT ended_at, 'agent:' || agent, 'run.ended', task_id, id, 'run ' || attempt || ' finished' \
         FROM runs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
    )
    .bind(&runs)
    .execute(&mut *tx.conn)
    .await?
    .last_insert_rowid();
    recorded(tx, seq, now, done.iter().map(|(_, row)| TaskId(row.task_id)));
    let agents: BTreeSet<&str> = done.iter().map(|(_, row)| row.agent.as_str()).collect();
    let moved = breakers::gates(tx, &json(&agents)?, now).await?;
    for (report, row) in done.iter().filter(|(_, row)| moved.contains_key(&row.agent)) {
        let whose = Breaks::Agent(row.agent.clone());
        breakers::note(tx, &whose, report.run, &Sign::Succeeded, now).await?;
    }
    Ok(())
}
