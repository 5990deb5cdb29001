//! What the end of a run means: the exit, the agent's own words and the marks it left become an outcome, and
//! the run is closed with it. Also for a run that ended, or whose host vanished, while no engine watched.

use agents::{Cause as AgentCause, Ending as AgentEnding, Exit as AgentExit, Mode, Verdict};
use domain::{Actor, Cause, Millis, Outcome};
use pty_host::Exit;
use store::{Ending, RunRecord, Word, WordKind};

use crate::{
    Engine,
    error::EngineError,
    growing::{LogReader, Tail},
    keeper::blocking,
    observer::{Fact, Observer},
    reviewer::MESSAGE,
    run_plan::RunPlan,
    supervisor::keep_session,
};

/// A run that ended while no engine watched.
pub(crate) async fn close_ended(
    engine: &Engine,
    run: RunRecord,
    plan: RunPlan,
    exit: Exit,
) -> Result<(), EngineError> {
    let run_dir = engine.layout().run(run.id);
    let mut observer = Observer::new(&plan, run.session.clone(), engine.now());
    let mut reader = LogReader::open(&run_dir, plan.first_offset(exit.output_bytes))?;
    let mut facts = Vec::new();
    while let Some((_, bytes)) = reader.next(exit.output_bytes).await? {
        facts.extend(observer.output(&bytes, false, engine.now()));
    }
    if let Some(signals) = plan.signals_file.clone() {
        facts.extend(observer.hook_lines(&Tail::new(signals).read()?, engine.now()));
    }
    facts.extend(observer.finish(engine.now()));
    for fact in facts {
        if let Fact::Session(id) = fact {
            keep_session(engine, &run, id).await?;
        }
    }
    if let Some(mut collector) = engine.collector_for(&run) {
        collector.finish(engine).await?;
    }
    engine.count_changes(&run).await;
    engine.note_spend(&run, observer.story().spend).await?;
    engine.tell_budgets(&run).await;
    let ending = judge(engine, &run, &plan, &mut observer, &exit).await?;
    engine.close_run(&run, ending).await
}

/// A run whose host vanished without a record of its end.
pub(crate) async fn close_lost(engine: &Engine, run: &RunRecord) -> Result<(), EngineError> {
    let run_dir = engine.layout().run(run.id);
    let left = run_dir.clone();
    let ended = blocking(move || pty_host::end_leftovers(&left)).await?;
    if let Err(error) = &ended {
        tracing::warn!(%error, run = %run.id, "what a vanished host left running could not be ended");
    }
    if let Some(mut collector) = engine.collector_for(run) {
        collector.finish(engine).await?;
    }
    engine.count_changes(run).await;
    let output_bytes =
        std::fs::metadata(run_dir.join(pty_host::records::LOG)).map_or(0, |file| file.len() as i64);
    let ending = Ending {
        outcome: if run.stop_asked_at.is_some() { Outcome::Stopped } else { Outcome::Lost },
        reason: Some("the run's process vanished without a word; its work is still in the workspace".into()),
        exit_code: None,
        signal: None,
        output_bytes,
        last_line: run.last_line.clone(),
        survivors: ended
            .err()
            .map(|error| format!("something that could not be ended ({error})"))
            .into_iter()
            .collect(),
        reset_at: None,
        at: engine.now(),
    };
    engine.close_run(run, ending).await
}

/// What the end means, from the exit, the agent's own words and the marks that it left.
pub(crate) async fn judge(
    engine: &Engine,
    run: &RunRecord,
    plan: &RunPlan,
    observer: &mut Observer,
    exit: &Exit,
) -> Result<Ending, EngineError> {
    // The row may have been asked to stop after we read it.
    let asked = engine.store().run(run.id).await?;
    let marks = match engine.open_workspace(run) {
        Some(workspace) => blocking(move || workspaces::end_marks(&workspace)).await?,
        None => workspaces::EndMarks::default(),
    };
    let summary = marks.completion.as_deref().map(domain::text::without_nul).unwrap_or_default();
    if !summary.trim().is_empty() {
        // The agent's own account stays with the card, whatever becomes of the workspace.
        let text = domain::text::elide(summary.trim(), 20_000);
        let author = Actor::Agent(run.agent.clone());
        let add = || engine.store().add_comment(run.task, author.clone(), text.clone(), engine.now());
        engine.once_there_is_room(run.task, add).await?;
    }
    let word = asked.word.as_ref().map(|word| word.kind);
    let ending = AgentEnding {
        exit: exit.code.map(AgentExit::Code).or(exit.signal.map(AgentExit::Signal)),
        completed: marks.completion.is_some() || word == Some(WordKind::Succeeded),
        blocked: marks.blocked.as_deref().map(first_line),
        last_activity: observer.last_seen(),
    };
    let verdict = agents::verdict(plan.kind, plan.mode, &ending, observer.story());
    keep_message(engine, run, observer.story().finished.as_ref().map(|finished| finished.text.as_str()));
    let (outcome, reason) = match (asked.ends_as, asked.stop_asked_at, asked.word) {
        (Some(cause), _, _) => {
            let why = asked.ends_why.unwrap_or_else(|| format!("it was ended after {}", cause.noun()));
            (Outcome::Failed(cause), Some(why))
        }
        (None, Some(_), _) => (Outcome::Stopped, None),
        (None, None, Some(Word { kind: WordKind::Failed, text })) => {
            (Outcome::Failed(Cause::AgentError), Some(why_failed(&text)))
        }
        (None, None, _) => outcome(verdict, plan.mode),
    };
    Ok(Ending {
        outcome,
        reason,
        exit_code: exit.code,
        signal: exit.signal,
        output_bytes: exit.output_bytes as i64,
        last_line: observer.line(),
        survivors: exit.survivors.iter().map(survivor).collect(),
        reset_at: observer.story().retry_in_ms.map(|wait| exit.ended_at_ms + wait as Millis),
        at: exit.ended_at_ms,
    })
}

/// The agent's last message, for whoever reads what it came to. Its own output is the record; this is
/// a copy that can be made again.
fn keep_message(engine: &Engine, run: &RunRecord, text: Option<&str>) {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return };
    let path = engine.layout().run(run.id).join(MESSAGE);
    if let Err(error) = std::fs::write(path, text) {
        tracing::warn!(%error, run = %run.id, "the agent's last message was not kept");
    }
}

fn outcome(verdict: Verdict, mode: Mode) -> (Outcome, Option<String>) {
    match verdict {
        Verdict::Succeeded => (Outcome::Succeeded, None),
        Verdict::Failed { cause, message } => (Outcome::Failed(class_of(cause)), Some(message)),
        // A person closed the conversation: they look at what came of it.
        Verdict::Unknown if mode == Mode::Interactive => (
            Outcome::Succeeded,
            Some("the session was closed; the agent did not say that it had finished".into()),
        ),
        Verdict::Unknown => (
            Outcome::Failed(Cause::NoCompletionMark),
            Some("the agent left without saying whether it had finished".into()),
        ),
    }
}

/// The agent's own reason.
fn why_failed(said: &str) -> String {
    let said = domain::text::elide(said.trim(), 2_000);
    if said.is_empty() { "the agent says that it failed".into() } else { said }
}

/// The class whose budget a failure spends.
fn class_of(cause: AgentCause) -> Cause {
    match cause {
        AgentCause::Blocked => Cause::Blocked,
        AgentCause::Failed | AgentCause::NotStarted | AgentCause::Killed => Cause::ExitedNonZero,
        AgentCause::RateLimited => Cause::UsageLimit,
        AgentCause::Unavailable => Cause::ProviderTransient,
        AgentCause::Auth => Cause::ProviderPermanent,
        AgentCause::PermissionDenied | AgentCause::NotTrusted => Cause::PermissionRefused,
        AgentCause::NoSuchSession => Cause::SessionGone,
        AgentCause::Api => Cause::AgentError,
    }
}

fn survivor(survivor: &pty_host::Survivor) -> String {
    let whose = if survivor.ours { "could not be killed" } else { "was not started by this run" };
    format!("{} (process {}, in {}, {whose})", survivor.name, survivor.pid, survivor.cwd.display())
}

/// The first line that says something; a heading that only says "Blocked" does not.
pub(crate) fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(|line| line.trim_start_matches('#').trim());
    let line = lines.find(|line| !line.is_empty() && !line.eq_ignore_ascii_case("blocked"));
    domain::text::elide(line.unwrap_or("the agent wrote BLOCKED.md"), 300)
}
