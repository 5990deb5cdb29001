//! Claims by agents that pull: who asks for work gets the next task, or hears why there is none. Many
//! that wait at one time are answered by the same few statements. How long a claim holds is `leases`',
//! how it ends `reports`'; who is started from here is the dispatcher's.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet, hash_map::Entry},
};

use domain::{
    Actor, Id, Millis, ProjectId, RunId, Status, Task, TaskEvent, TaskId, breaker::Gate, transition,
};
use rusqlite::{Row, params};

use crate::{
    Store,
    breakers::{self, Breaks, Sign},
    changes::{CardChange, record_all},
    error::StoreError,
    projects::{self, PullRules},
    readers::Ask,
    repositories,
    runs::{self, LimitOn, Limits},
    tasks::{json, parse},
    writer::{Bulk, BulkAnswers, Tx},
};

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

struct HeldRow {
    id: i64,
    task_id: i64,
    agent: String,
    uid: String,
    attempt: i64,
    origin: String,
}

struct CandidateRow {
    id: i64,
    project_id: Option<i64>,
    runs: i64,
    assignee: Option<String>,
    chain: String,
    skills: String,
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
    for (at, claim) in begin_all(tx, desk.newest, asked, given).await? {
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
    /// The newest run's number: the next has the one after it, as there is one writer.
    newest: i64,
    held: HashMap<String, Vec<Held>>,
    attempts: HashMap<RunId, u32>,
    /// Of agents whose breaker ever moved.
    breakers: HashMap<String, Gate>,
    rules: HashMap<ProjectId, PullRules>,
    /// Runs that may still begin in each limited repository.
    room: Vec<i64>,
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
        // Most of it is empty most of the time: only what is there is read.
        let ((newest, _, breakers_moved, rules_set), rows) = tx
            .here(|sql| {
                let glance: (i64, bool, bool, bool) =
                    sql.statement(GLANCE)?.query_row([&agents], |row| row.try_into())?;
                let held = match glance {
                    (_, true, ..) => {
                        let mut held = sql.statement(HELD)?;
                        held.query_map([&agents], HeldRow::read)?.collect::<Result<_, _>>()?
                    }
                    (_, false, ..) => Vec::new(),
                };
                Ok((glance, held))
            })
            .await?;
        let mut held: HashMap<String, Vec<Held>> = HashMap::new();
        let mut attempts = HashMap::new();
        for row in rows {
            let run = RunId(row.id);
            attempts.insert(run, row.attempt as u32);
            let token = (row.origin == "pulled").then_some(row.uid);
            held.entry(row.agent).or_default().push(Held { task: TaskId(row.task_id), run, token });
        }
        let breakers =
            if breakers_moved { breakers::gates(tx, &agents, latest(asked)).await? } else { HashMap::new() };
        let (mut rules, mut room) = (HashMap::new(), Vec::new());
        if rules_set {
            rules = projects::pull_rules(tx).await?;
            for limited in repositories::limits(tx).await? {
                for project in limited.projects {
                    rules.entry(project).or_default().repositories.push(room.len());
                }
                let used = runs::used(tx, &LimitOn::Repository(limited.path)).await?;
                room.push(i64::from(limited.limit) - used);
            }
        }
        let mut used = HashMap::new();
        for limit in asked.iter().flat_map(|claim| &claim.limits) {
            if let Entry::Vacant(unseen) = used.entry(limit.on.clone()) {
                unseen.insert(runs::used(tx, &limit.on).await?);
            }
        }
        let projects = closed.iter().flat_map(|closed| &closed.projects);
        let tasks = closed.iter().flat_map(|closed| &closed.tasks);
        Ok(Desk {
            newest,
            held,
            attempts,
            breakers,
            rules,
            room,
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
                // No claim names it: it is among the rules of its projects.
                LimitOn::Repository(_) | LimitOn::Review => false,
            };
            *used += i64::from(counts);
        }
        if let Some(rules) = project.and_then(|id| self.rules.get_mut(&id)) {
            rules.left = rules.left.map(|left| left - 1);
            rules.repositories.iter().for_each(|at| self.room[*at] -= 1);
        }
    }

    fn repositories_have_room(&self, rules: &PullRules) -> bool {
        rules.repositories.iter().all(|at| self.room[*at] > 0)
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
        let open = |rules| PullRules::open(rules, column) && self.repositories_have_room(rules);
        let closed = self.rules.iter().filter(|(_, rules)| !open(rules)).map(|(id, _)| id.raw());
        let closed = closed.chain(self.closed_projects.iter().copied());
        let given = given.iter().map(|given| given.task.raw());
        let taken: Vec<i64> = given.chain(self.closed_tasks.iter().copied()).collect();
        let (agents, skills, taken) = (json(&agents)?, json(&skills)?, json(&taken)?);
        let closed = json(&closed.collect::<Vec<_>>())?;
        let rows: Vec<CandidateRow> = tx
            .here(|sql| {
                let mut waiting =
                    sql.statement(if column == Status::Inbox { IN_THE_INBOX } else { READY })?;
                let asked = params![latest(asked), agents, skills, closed, taken, most as i64];
                waiting.query_map(asked, CandidateRow::read)?.collect()
            })
            .await?;
        rows.into_iter().map(|row| row.waiting_in(column)).collect()
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
                    .find(|slot| slot.as_ref().is_some_and(|candidate| candidate.suits(claim, self))),
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
    fn suits(&self, claim: &NewClaim, desk: &Desk) -> bool {
        let rules = self.project.and_then(|id| desk.rules.get(&id));
        let chain = match rules {
            Some(rules) if self.chain.is_empty() => &rules.agents,
            _ => &self.chain,
        };
        self.assignee.as_ref().is_none_or(|assignee| *assignee == claim.agent)
            && (chain.is_empty() || chain.contains(&claim.agent))
            && self.skills.iter().all(|skill| claim.skills.contains(skill))
            && rules.is_none_or(|rules| rules.left != Some(0) && desk.repositories_have_room(rules))
            && transition(&self.task, &TaskEvent::RunBegan(RunId(0))).is_ok()
    }
}

impl HeldRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<HeldRow> {
        Ok(HeldRow {
            id: row.get(0)?,
            task_id: row.get(1)?,
            agent: row.get(2)?,
            uid: row.get(3)?,
            attempt: row.get(4)?,
            origin: row.get(5)?,
        })
    }
}

impl CandidateRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<CandidateRow> {
        Ok(CandidateRow {
            id: row.get(0)?,
            project_id: row.get(1)?,
            runs: row.get(2)?,
            assignee: row.get(3)?,
            chain: row.get(4)?,
            skills: row.get(5)?,
        })
    }

    fn waiting_in(self, status: Status) -> Result<Candidate, StoreError> {
        let task = Task { id: TaskId(self.id), status, live_run: None, came_from: None, held: None };
        Ok(Candidate {
            task,
            project: self.project_id.map(ProjectId),
            attempt: self.runs as u32 + 1,
            assignee: self.assignee,
            chain: words(&self.chain)?,
            skills: words(&self.skills)?,
        })
    }
}

pub(crate) const GLANCE: &str = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'runs'), 0), \
    EXISTS (SELECT 1 FROM json_each(?1) a CROSS JOIN runs ON phase <> 'ended' AND agent = a.value), \
    EXISTS (SELECT 1 FROM json_each(?1) a CROSS JOIN breakers ON kind = 'agent' AND name = a.value), \
    EXISTS (SELECT 1 FROM projects WHERE removed_at IS NULL AND settings <> '{}')";

pub(crate) const HELD: &str = "SELECT id, task_id, agent, uid, attempt, origin FROM runs WHERE phase <> 'ended' \
    AND agent IN (SELECT value FROM json_each(?)) \
    AND (origin <> 'pulled' OR (SELECT live_run FROM tasks WHERE tasks.id = runs.task_id) = runs.id) \
    ORDER BY id";

/// Tasks in claim order that nothing but their agents' wishes keeps. An edge is met by the same rule as
/// `domain::edges::Need::standing` has; a run that is still being stopped keeps its task. A bare variable
/// as the limit would have SQLite plan anew for each value.
macro_rules! candidates {
    ($column:literal, $index:literal) => {
        concat!(
            "SELECT id, project_id, runs, assignee, chain, skills FROM tasks INDEXED BY ",
            $index,
            " WHERE status = '",
            $column,
            "' AND trashed_at IS NULL AND held IS NULL AND stopped IS NULL AND (not_before IS NULL OR not_before <= ?1) \
             AND (assignee IS NULL OR assignee IN (SELECT value FROM json_each(?2))) \
             AND (chain = '[]' OR EXISTS (SELECT 1 FROM json_each(chain) WHERE value IN (SELECT value FROM json_each(?2)))) \
             AND (skills = '[]' OR NOT EXISTS (SELECT 1 FROM json_each(skills) WHERE value NOT IN (SELECT value FROM json_each(?3)))) \
             AND (project_id IS NULL OR project_id NOT IN (SELECT value FROM json_each(?4))) \
             AND (?5 = '[]' OR id NOT IN (SELECT value FROM json_each(?5))) \
             AND NOT EXISTS (SELECT 1 FROM task_edges e JOIN tasks u ON u.id = e.upstream_id WHERE e.task_id = tasks.id \
             AND (u.trashed_at IS NOT NULL OR NOT CASE e.need WHEN 'success' THEN u.status = 'done' \
             WHEN 'failure' THEN u.status IN ('failed', 'cancelled') ELSE u.status IN ('done', 'failed', 'cancelled') END)) \
             AND NOT EXISTS (SELECT 1 FROM runs WHERE task_id = tasks.id AND phase <> 'ended') \
             ORDER BY priority DESC, coalesce(due_at, 9223372036854775807), created_at, id LIMIT ?6 + 0"
        )
    };
}

pub(crate) const READY: &str = candidates!("ready", "tasks_ready");
pub(crate) const IN_THE_INBOX: &str = candidates!("inbox", "tasks_inbox");

fn words(text: &str) -> Result<Vec<String>, StoreError> {
    if text == "[]" {
        return Ok(Vec::new());
    }
    parse(text)
}

/// A run that is at work from the start.
const BEGIN: &str = "INSERT INTO runs (id, uid, task_id, attempt, agent, mode, argv, phase, activity, evidence, \
    created_at, started_at, origin, rule, lease_for, lease_until) VALUES (?1, ?2, ?3, ?4, ?5, 'unattended', '[]', \
    'running', 'working', 'its own word', ?6, ?6, 'pulled', 'it asked for work', ?7, ?6 + ?7)";
/// Its task, guarded by the state that was read.
pub(crate) const TAKE: &str = "UPDATE tasks SET came_from = status, status = 'in_progress', live_run = ?1, last_run = ?1, \
    runs = runs + 1, updated_at = ?2, entered_at = ?2 WHERE id = ?3 \
    AND (status = 'ready' OR status = 'inbox') AND live_run IS NULL AND trashed_at IS NULL";

/// Makes the runs after the newest and gives them their tasks.
async fn begin_all(
    tx: &mut Tx<'_>,
    newest: i64,
    asked: &[&NewClaim],
    given: Vec<Given>,
) -> Result<Vec<(usize, Claim)>, StoreError> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let claims: Vec<(usize, Claim)> = (newest + 1..)
        .zip(given)
        .map(|(id, Given { claim, task, attempt })| {
            let token = uuid::Uuid::now_v7().to_string();
            let lease_until = asked[claim].now + asked[claim].lease;
            (claim, Claim { task, run: RunId(id), attempt, token, lease_until })
        })
        .collect();
    let taken = tx
        .here(|sql| {
            let (mut begin, mut take) = (sql.statement(BEGIN)?, sql.statement(TAKE)?);
            let mut taken = 0;
            for (at, Claim { task, run, attempt, token, .. }) in &claims {
                let NewClaim { agent, lease, now, .. } = asked[*at];
                begin.execute(params![run.raw(), token, task.raw(), attempt, agent, now, lease])?;
                taken += take.execute(params![run.raw(), now, task.raw()])?;
            }
            Ok(taken)
        })
        .await?;
    if taken != claims.len() {
        return Err(StoreError::Conflict("a task was taken by somebody else; ask again".into()));
    }
    let changes = claims.iter().map(|(at, claim)| {
        let agent = &asked[*at].agent;
        CardChange {
            at: asked[*at].now,
            actor: Cow::Owned(Actor::Agent(agent.clone())),
            task: claim.task,
            run: Some(claim.run),
            text: format!("claimed: run {} with {agent}", claim.attempt),
        }
    });
    record_all(tx, "run.claimed", &changes.collect::<Vec<_>>()).await?;
    Ok(claims)
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
