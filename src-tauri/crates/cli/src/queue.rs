//! Commands about the queue: the plan, what waits for what, verdicts, and the queue's policy.

use app::wire::*;
use domain::{
    Backoff, RetryPolicy, TaskId,
    breaker::BreakerRule,
    budget::{AtLimit, Price},
    dispatch::Choice,
    edges::Need,
    escalation::Escalation,
    failure::MENDABLE,
    limits::RunLimits,
    policy::QueuePolicy,
    review::{Gate, Step},
    verdict::Verdict,
};
use serde_json::{Value, json};

use crate::{
    args::{EscalationArgs, LimitArgs, PolicyArgs, ProjectPolicyArgs, RetryArgs, RoutingArgs},
    commands::{find_id, find_project, text_or_file, told},
    failure::Failure,
    link::Link,
    print,
};

/// Seconds that a check may take.
const CHECK_TIMEOUT: u32 = 30 * 60;

pub async fn plan(link: &Link, id: Option<&str>, project: Option<&str>, json: bool) -> Result<(), Failure> {
    let task = match id {
        Some(id) => Some(find_id(link, id).await?),
        None => None,
    };
    let request = GetPlan { task, project: find_project(link, project).await? };
    let plan: Value = link.call("get_plan", &request).await?;
    if json {
        return print::out_json(&plan);
    }
    let list = |name: &str| plan[name].as_array().cloned().unwrap_or_default();
    let (starts, waits) = (list("starts"), list("waits"));
    if task.is_none() {
        let paused = if plan["paused"] == true { ", paused" } else { "" };
        print::out(&format!("{} of {} in flight{paused}", plan["in_flight"], plan["parallel"]))?;
    }
    if starts.is_empty() && waits.is_empty() {
        return print::out(if task.is_some() {
            "It is not in Ready, so nothing is planned for it."
        } else {
            "Nothing is ready."
        });
    }
    for entry in starts.iter().chain(&waits) {
        let key = TaskId(entry["task"].as_i64().unwrap_or(0)).key();
        print::out(&format!("{key:<7} {}", print::tame(entry["why"].as_str().unwrap_or(""))))?;
    }
    Ok(())
}

pub async fn queue(link: &Link, ids: &[String], agent: Option<&str>, json: bool) -> Result<(), Failure> {
    for id in ids {
        let id = find_id(link, id).await?;
        if let Some(agent) = agent {
            let assign = Assign { agent: Some(agent.to_owned()).filter(|agent| !agent.is_empty()) };
            let edit = json!({ "id": id, "assign": assign });
            let _: Value = link.call("edit_task", &edit).await?;
        }
        set_queued(link, id, true, json).await?;
    }
    Ok(())
}

pub async fn unqueue(link: &Link, ids: &[String], json: bool) -> Result<(), Failure> {
    for id in ids {
        set_queued(link, find_id(link, id).await?, false, json).await?;
    }
    Ok(())
}

pub async fn set_queued(link: &Link, id: TaskId, queued: bool, json: bool) -> Result<(), Failure> {
    let said = if queued { "queued" } else { "taken out of the queue" };
    told(link, link.call("queue_task", &QueueTask { id, queued }).await?, said, json).await
}

pub async fn depend(
    link: &Link,
    id: &str,
    on: &[String],
    off: &[String],
    need: &str,
    json: bool,
) -> Result<(), Failure> {
    let id = find_id(link, id).await?;
    let need = Need::parse(need)
        .ok_or_else(|| Failure::invalid(format!("“{need}” is not a need; use success, failure or any")))?;
    let mut last: Option<Value> = None;
    for upstream in off {
        let request = RemoveDependency { id, upstream: find_id(link, upstream).await? };
        last = Some(link.call("remove_dependency", &request).await?);
    }
    for upstream in on {
        let request = AddDependency { id, upstream: find_id(link, upstream).await?, need };
        last = Some(link.call("add_dependency", &request).await?);
    }
    match last {
        Some(detail) => told(link, detail["card"].clone(), "changed", json).await,
        None => Err(Failure::invalid("say what to wait for: --on T-12, or --off T-12 to stop waiting")),
    }
}

pub async fn review(
    link: &Link,
    id: &str,
    verdict: Verdict,
    notes: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let notes = notes.map(text_or_file).transpose()?.unwrap_or_default();
    let request = ReviewTask { id: find_id(link, id).await?, verdict, notes, reviewer: None, keep: false };
    let detail: Value = link.call("review_task", &request).await?;
    told(link, detail["card"].clone(), verdict.word(), json).await
}

pub async fn policy(link: &Link, args: &PolicyArgs, json: bool) -> Result<(), Failure> {
    if let Some(agent) = &args.close_breaker {
        let _: Value = link.call("reset_breaker", &ResetBreaker { agent: agent.clone() }).await?;
    }
    let before: QueuePolicy = link.call("get_queue_policy", &Nothing {}).await?;
    let wanted = with(before.clone(), args)?;
    let now: QueuePolicy =
        if wanted == before { before } else { link.call("put_queue_policy", &wanted).await? };
    let value = serde_json::to_value(&now).unwrap_or_default();
    if json {
        return print::out_json(&value);
    }
    let number = |limit: Option<u32>| limit.map_or("no limit".into(), |limit| limit.to_string());
    let parallel =
        now.parallel.map_or(format!("{} for the dispatcher", domain::policy::PARALLEL), |n| n.to_string());
    print::out(&format!("dispatcher   {}", if now.paused { "paused" } else { "running" }))?;
    print::out(&format!("parallel     {parallel}"))?;
    print::out(&format!("review       {}", number(now.review)))?;
    let agents = if now.agents.is_empty() { "none".into() } else { now.agents.join(", ") };
    print::out(&format!("agents       {agents}"))?;
    print::out(&format!("choice       {}", value["choice"].as_str().unwrap_or("")))?;
    print::out(&format!("preempt      {}", if now.preempt { "on" } else { "off" }))?;
    print::out(&format!("setup        {}", now.limits.setup.map_or("15 min".into(), length)))?;
    print::out(&format!("longest run  {}", limit(now.limits.longest)))?;
    print::out(&format!("idle         {}", limit(now.limits.idle)))?;
    print::out(&format!("quiet        {}", limit(now.limits.expected_quiet)))?;
    print::out(&format!("review time  {}", limit(now.limits.review)))?;
    let BreakerRule { threshold, cool_down, longest } = now.breaker;
    let seconds = |millis: i64| length((millis / 1_000) as u32);
    print::out(&format!(
        "breaker      opens after {threshold} failures in a row, for {} to {}",
        seconds(cool_down),
        seconds(longest)
    ))
}

/// Millionths; none for 0, which means no limit.
fn micros(usd: f64) -> Result<Option<i64>, Failure> {
    if !(0.0..=1e9).contains(&usd) {
        return Err(Failure::invalid(format!("{usd} is not an amount of US dollars")));
    }
    Ok(Some((usd * 1e6).round() as i64).filter(|micros| *micros > 0))
}

fn limit(seconds: Option<u32>) -> String {
    seconds.map_or("no limit".into(), length)
}

/// `45 s`, `30 min`
fn length(seconds: u32) -> String {
    if seconds >= 60 && seconds.is_multiple_of(60) {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}

fn with_limits(mut limits: RunLimits, args: &LimitArgs) -> Result<RunLimits, Failure> {
    let wanted = [
        (args.setup_limit, &mut limits.setup),
        (args.longest, &mut limits.longest),
        (args.idle, &mut limits.idle),
        (args.silence, &mut limits.expected_quiet),
        (args.review_limit, &mut limits.review),
    ];
    for (minutes, limit) in wanted {
        let Some(minutes) = minutes else { continue };
        if !(0.0..=10_080.0).contains(&minutes) {
            return Err(Failure::invalid(format!(
                "{minutes} minutes is no time limit; use 0 to 10,080 (a week)"
            )));
        }
        *limit = Some((minutes * 60.0).ceil() as u32).filter(|seconds| *seconds > 0);
    }
    Ok(limits)
}

fn with_escalation(before: Escalation, args: &EscalationArgs) -> Escalation {
    let set = |wanted: Option<u32>, before: Option<u32>| match wanted {
        Some(count) => Some(count).filter(|count| *count > 0),
        None => before,
    };
    Escalation {
        failures: set(args.escalate, before.failures),
        minutes: set(args.escalate_after, before.minutes),
        hand_over: args.hand_over.unwrap_or(before.hand_over),
        pause: args.pause_then.unwrap_or(before.pause),
        workflow: set(args.stop_workflow, before.workflow),
    }
}

/// How far the cards that dependencies join to this one have come; lets them go on.
pub async fn workflow(link: &Link, id: &str, resume: bool, json: bool) -> Result<(), Failure> {
    let request = TaskRef { id: find_id(link, id).await? };
    let operation = if resume { "resume_workflow" } else { "get_task" };
    let detail: Value = link.call(operation, &request).await?;
    let workflow = &detail["queue"]["workflow"];
    if json {
        return print::out_json(workflow);
    }
    if workflow.is_null() {
        return print::out(&format!("No dependency joins {} to another card.", request.id.key()));
    }
    print::out(&format!(
        "{} of {} cards done, {} failed",
        workflow["done"], workflow["cards"], workflow["failed"]
    ))?;
    match workflow["stopped"].as_str() {
        Some(why) => print::out(&format!(
            "stopped after {}; go on with: flightboard workflow {} --resume",
            print::tame(why),
            request.id.key()
        )),
        None => Ok(()),
    }
}

fn with(mut policy: QueuePolicy, args: &PolicyArgs) -> Result<QueuePolicy, Failure> {
    if args.pause || args.resume {
        policy.paused = args.pause;
    }
    if let Some(limit) = args.parallel {
        policy.parallel = Some(limit).filter(|limit| *limit > 0);
    }
    if let Some(limit) = args.review {
        policy.review = Some(limit).filter(|limit| *limit > 0);
    }
    if let Some(agents) = &args.agents {
        policy.agents = names(agents);
    }
    if let Some(choice) = &args.choice {
        policy.choice = match choice.as_str() {
            "in_order" => Choice::InOrder,
            "least_loaded" => Choice::LeastLoaded,
            "cheapest" => Choice::Cheapest,
            other => {
                return Err(Failure::invalid(format!(
                    "“{other}” is not a choice; use in_order, least_loaded or cheapest"
                )));
            }
        };
    }
    if let Some(preempt) = args.preempt {
        policy.preempt = preempt;
    }
    if let Some(usd) = args.daily {
        policy.daily.micros = micros(usd)?;
    }
    for entry in &args.price {
        let bad = || Failure::invalid(format!("“{entry}” is not NAME=IN/OUT, such as codex=1.25/10"));
        let (name, prices) = entry.split_once('=').ok_or_else(bad)?;
        let (input, output) = prices.split_once('/').ok_or_else(bad)?;
        let price = |text: &str| micros(text.parse().map_err(|_| bad())?).map(Option::unwrap_or_default);
        let (input, output) = (price(input)?, price(output)?);
        // Reading from a cache costs a tenth with the providers that tell.
        policy
            .prices
            .insert(name.to_owned(), Price { input, output, cache_read: input / 10, cache_write: input });
    }
    policy.limits = with_limits(policy.limits, &args.limits)?;
    if let Some(threshold) = args.breaker {
        policy.breaker.threshold = threshold;
    }
    if let Some(seconds) = args.cool_down {
        policy.breaker.cool_down = i64::from(seconds) * 1_000;
        policy.breaker.longest = policy.breaker.longest.max(policy.breaker.cool_down);
    }
    Ok(policy)
}

pub async fn project_policy(
    link: &Link,
    project: &str,
    args: &ProjectPolicyArgs,
    json: bool,
) -> Result<(), Failure> {
    let id = find_project(link, Some(project)).await?;
    let projects: Vec<Value> = link.call("list_projects", &Nothing {}).await?;
    let found = projects.into_iter().find(|project| id.is_some_and(|id| project["id"] == id.0));
    let before = found.ok_or_else(|| Failure::invalid(format!("there is no project “{project}”")))?;
    let settings = serde_json::from_value(before["settings"].clone())
        .map_err(|error| Failure::invalid(format!("the project's settings cannot be read: {error}")))?;
    let settings = with_project(settings, args)?;
    let id = domain::ProjectId(before["id"].as_i64().unwrap_or(0));
    let request = EditProject { id, name: None, settings: Some(settings) };
    print::project(link.call("edit_project", &request).await?, json)
}

fn with_project(mut settings: ProjectSettings, args: &ProjectPolicyArgs) -> Result<ProjectSettings, Failure> {
    if let Some(usd) = args.budget {
        settings.budget.micros = micros(usd)?;
    }
    if let Some(usd) = args.card_budget {
        settings.task_budget.micros = micros(usd)?;
    }
    if let Some(tokens) = args.card_tokens {
        settings.task_budget.tokens = Some(tokens).filter(|tokens| *tokens != 0);
    }
    if let Some(word) = &args.at_budget {
        let at_limit = match word.as_str() {
            "stop" => AtLimit::Stop,
            "ask" => AtLimit::Ask,
            other => return Err(Failure::invalid(format!("“{other}” is not a choice; use stop or ask"))),
        };
        (settings.budget.at_limit, settings.task_budget.at_limit) = (at_limit, at_limit);
    }
    if let Some(dispatch) = args.dispatch {
        settings.dispatch = dispatch;
    }
    if let Some(agents) = &args.agents {
        settings.agents = names(agents);
    }
    if let Some(limit) = args.limit {
        settings.limit = Some(limit).filter(|limit| *limit > 0);
    }
    if let Some(limit) = args.repository_limit {
        settings.repository_limit = Some(limit).filter(|limit| *limit > 0);
    }
    if args.pause.is_some() || args.resume {
        settings.paused = args.pause.clone();
    }
    if let Some(triage) = args.triage {
        settings.triage = triage;
    }
    if let Some(RetryPolicy(rules)) = retry(&args.retry)? {
        // What the words are not about stays.
        settings.retry.0.retain(|cause, _| !MENDABLE.contains(cause));
        settings.retry.0.extend(rules);
    }
    settings.limits = with_limits(settings.limits, &args.limits)?;
    settings.escalation = with_escalation(settings.escalation, &args.escalation);
    if args.no_gate {
        settings.gate = Gate::default();
    }
    let checks = args.check.iter().map(|line| Step::Check {
        command: line.split_whitespace().map(str::to_owned).collect(),
        timeout: CHECK_TIMEOUT,
    });
    let reviewers = args.reviewer.iter().map(|agent| Step::Agent { agent: agent.clone() });
    let person = args.person.then_some(Step::Person);
    settings.gate.0.extend(checks.chain(reviewers).chain(person));
    Ok(settings)
}

/// What `add` was told about who may take the card.
pub fn routing(args: &RoutingArgs) -> Result<SetRouting, Failure> {
    Ok(SetRouting {
        agents: Some(args.agent.clone()).filter(|agents| !agents.is_empty()),
        skills: Some(args.skill.clone()).filter(|skills| !skills.is_empty()),
        model: args.model.clone(),
        retries: None,
        retry: retry(&args.retry)?,
        gate: None,
    })
}

/// None where nothing was said of it.
fn retry(args: &RetryArgs) -> Result<Option<RetryPolicy>, Failure> {
    let wait = args.retry_wait.as_deref().map(backoff).transpose()?;
    let said = args.retry.is_some() || wait.is_some() || args.retry_default;
    let policy = if args.retry_default { RetryPolicy::default() } else { RetryPolicy::of(args.retry, wait) };
    Ok(said.then_some(policy))
}

pub fn backoff(text: &str) -> Result<Backoff, Failure> {
    text.parse().map_err(|bad| Failure::invalid(format!("“{text}” is no wait: {bad}")))
}

/// The cards that a new one waits for.
pub async fn wait_for(link: &Link, id: TaskId, after: &[String]) -> Result<(), Failure> {
    for upstream in after {
        let request = AddDependency { id, upstream: find_id(link, upstream).await?, need: Need::Success };
        let _: Value = link.call("add_dependency", &request).await?;
    }
    Ok(())
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
