//! Records taken apart field by field into what crosses the wire.

use domain::{
    Activity, Cause, Millis, Outcome, RunId, RunState, Status,
    budget::Spent,
    schedule::{Skip, Zone, fill},
};
use engine::EngineEvent;
use store::{
    ArtifactRecord, AttachmentRecord, CardRecord, CardRunRecord, ChangeRecord, CommentRecord, Kin,
    ProjectRecord, QuestionRecord, RepositoryRecord, RunRecord, ScheduleRecord, WorkspaceRecord,
};

use crate::wire::*;

/// `newest_line` of a live run is fresher than what was stored.
pub(crate) fn card(record: CardRecord, kin: Kin, newest_line: impl Fn(RunId) -> Option<String>) -> Card {
    let why = why(&record);
    let needs_you = needs_you(&record);
    let rejected_as = record.failed.map(|(cause, _)| cause);
    Card {
        key: record.id.key(),
        id: record.id,
        title: record.title,
        status: record.status,
        priority: record.priority,
        project: record.project,
        tags: record.tags,
        due_at: record.due_at,
        assignee: record.assignee,
        created_at: record.created_at,
        entered_at: record.entered_at,
        changes: record.run.as_ref().and_then(|run| run.changes).map(count),
        run: record.run.map(|run| card_run(run, rejected_as, newest_line)),
        runs: record.runs,
        artifacts: record.artifacts,
        why,
        needs_you,
        queued: record.queued,
        trashed: record.trashed,
        parent: kin.parent,
        progress: (kin.total > 0).then_some(Progress { done: kin.done, total: kin.total }),
    }
}

/// Of work that reviews gave up the cause is `rejected_as`: the run itself succeeded.
fn card_run(
    run: CardRunRecord,
    rejected_as: Option<Cause>,
    newest_line: impl Fn(RunId) -> Option<String>,
) -> CardRun {
    CardRun {
        id: run.id,
        agent: run.agent,
        status: run.state.status(),
        started_at: run.started_at,
        ended_at: run.ended_at,
        last_line: newest_line(run.id).or(run.last_line),
        cause: match run.state {
            RunState::Ended(Outcome::Failed(cause)) => Some(cause),
            RunState::Ended(Outcome::Lost) => Some(Cause::Lost),
            RunState::Ended(Outcome::Succeeded | Outcome::Stopped) => rejected_as,
            RunState::Queued | RunState::Preparing | RunState::Running(_) => None,
        },
    }
}

fn count((files, added, removed): (u32, u32, u32)) -> ChangeCount {
    ChangeCount { files, added, removed }
}

/// One sentence on why the card is as it is, where that is not plain from its column.
fn why(card: &CardRecord) -> Option<String> {
    let run = card.run.as_ref();
    let called = card.called.as_ref().map(|called| format!("Needs you: {called}"));
    match (card.status, run.map(|run| run.state)) {
        (Status::Ready, _) if called.is_some() => called,
        (Status::Inbox | Status::Ready, _) if card.held.is_some() => {
            card.held.as_ref().map(|held| format!("Blocked: {held}"))
        }
        (Status::Review, _) if card.held.is_some() => card.held.clone(),
        (Status::InProgress, _) if card.question.is_some() => {
            card.question.as_ref().map(|question| format!("asks: {}", domain::text::elide(question, 500)))
        }
        (Status::InProgress, Some(RunState::Running(Activity::Waiting))) => {
            run.and_then(|run| run.reason.clone()).map(|question| format!("asks: {question}"))
        }
        (Status::InProgress, Some(RunState::Running(Activity::Unknown | Activity::RateLimited))) => {
            run.and_then(|run| run.evidence.clone())
        }
        (Status::InProgress, Some(RunState::Running(_))) if called.is_some() => called,
        (Status::Failed, _) => {
            let rejected = card.failed.as_ref().map(|(_, why)| capitalised(why));
            let why = rejected.or_else(|| run.and_then(|run| run.reason.clone())).or_else(|| {
                let succeeded = run.is_some_and(|run| run.state == RunState::Ended(Outcome::Succeeded));
                succeeded.then(|| "Its work was rejected".into())
            });
            match (called, why) {
                (Some(called), Some(why)) => Some(format!("{called}: {why}")),
                (called, why) => called.or(why),
            }
        }
        (Status::Inbox | Status::Ready | Status::Review, Some(RunState::Ended(Outcome::Failed(_)))) => {
            run.and_then(|run| run.reason.clone())
        }
        (Status::Ready, Some(RunState::Ended(Outcome::Lost))) => run.and_then(|run| run.reason.clone()),
        (Status::Ready, Some(RunState::Ended(Outcome::Stopped))) => Some("The last run was stopped".into()),
        _ => None,
    }
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn needs_you(card: &CardRecord) -> bool {
    let waiting = card.run.as_ref().is_some_and(|run| run.state == RunState::Running(Activity::Waiting));
    !card.trashed
        && match card.status {
            Status::Ready | Status::Review => card.held.is_some() || card.called.is_some(),
            Status::InProgress => waiting || card.called.is_some() || card.question.is_some(),
            Status::Failed => card.called.is_some(),
            Status::Inbox | Status::Done | Status::Cancelled => false,
        }
}

pub(crate) fn run(record: RunRecord) -> Run {
    Run {
        id: record.id,
        task: record.task,
        attempt: record.attempt,
        agent: record.agent,
        agent_version: record.agent_version,
        mode: if record.mode == "unattended" { Mode::Unattended } else { Mode::Interactive },
        model: record.model,
        status: record.state.status(),
        evidence: record.evidence,
        reason: record.reason,
        created_at: record.created_at,
        started_at: record.started_at,
        ended_at: record.ended_at,
        exit_code: record.exit_code,
        signal: record.signal,
        session: record.session,
        workspace: record.workspace.map(workspace),
        output_bytes: record.output_bytes,
        argv: record.argv,
        survivors: record.survivors,
        review: record.review.map(|turn| turn.step as u32),
        rule: record.rule,
        spent: (record.spent.tokens > 0 || record.spent.micros > 0).then(|| spend(record.spent)),
    }
}

pub fn spend(spent: Spent) -> RunSpend {
    RunSpend { tokens: spent.tokens, micros: spent.micros, estimated: spent.estimated }
}

fn workspace(record: WorkspaceRecord) -> Workspace {
    Workspace {
        path: record.path.to_string_lossy().into_owned(),
        kind: match record.kind.as_str() {
            "worktree" => WorkspaceKind::Worktree,
            "inplace" => WorkspaceKind::Inplace,
            _ => WorkspaceKind::Folder,
        },
        branch: record.branch,
        base: record.base,
        present: record.present,
        salvage: record.salvage,
    }
}

pub(crate) fn artifact(record: ArtifactRecord) -> Artifact {
    Artifact {
        id: record.id,
        run: record.run,
        kind: artifact_kind(&record.kind),
        path: record.path,
        size: record.size,
        hash: record.hash,
        at: record.at,
    }
}

pub(crate) fn attachment(record: AttachmentRecord) -> Attachment {
    Attachment {
        id: record.id,
        task: record.task,
        kind: artifact_kind(&record.kind),
        name: record.name,
        size: record.size,
        hash: record.hash,
        at: record.at,
    }
}

fn artifact_kind(word: &str) -> ArtifactKind {
    match word {
        "text" => ArtifactKind::Text,
        "markdown" => ArtifactKind::Markdown,
        "image" => ArtifactKind::Image,
        "pdf" => ArtifactKind::Pdf,
        "html" => ArtifactKind::Html,
        "json" => ArtifactKind::Json,
        "csv" => ArtifactKind::Csv,
        "diff" => ArtifactKind::Diff,
        _ => ArtifactKind::Binary,
    }
}

pub(crate) fn comment(record: CommentRecord) -> Comment {
    let CommentRecord { id, author, body, at, parent } = record;
    Comment { id, author, body, at, parent }
}

pub(crate) fn question(record: QuestionRecord) -> Question {
    Question {
        id: record.id,
        task: record.task,
        text: record.text,
        asked_at: record.asked_at,
        answer: record.answer,
        answered_at: record.answered_at,
    }
}

pub(crate) fn timeline_entry(record: ChangeRecord) -> TimelineEntry {
    TimelineEntry {
        seq: record.seq,
        at: record.at,
        actor: record.actor,
        kind: record.kind,
        text: record.text,
        run: record.run,
    }
}

/// A change as event streams and webhooks tell it.
pub fn board_event(record: ChangeRecord) -> BoardEvent {
    BoardEvent {
        seq: record.seq,
        at: record.at,
        event: domain::event::of_change(&record.kind).to_owned(),
        kind: record.kind,
        actor: record.actor,
        task: record.task,
        run: record.run,
        project: record.project,
        text: record.text,
    }
}

/// `problems` are those of the further repositories, in their order.
pub(crate) fn project(
    record: ProjectRecord,
    git: bool,
    problem: Option<String>,
    problems: Vec<Option<String>>,
) -> Project {
    Project {
        directory: record.directory(),
        repositories: record
            .repositories
            .into_iter()
            .zip(problems)
            .map(|(record, problem)| repository(record, problem))
            .collect(),
        id: record.id,
        name: record.name,
        path: record.path.to_string_lossy().into_owned(),
        git,
        problem,
        // Settings are written by this crate alone; what it cannot read falls back to the defaults.
        settings: serde_json::from_value(record.settings).unwrap_or_default(),
        open_cards: record.open_cards,
    }
}

fn repository(record: RepositoryRecord, problem: Option<String>) -> Repository {
    Repository {
        id: record.id,
        directory: record.directory,
        path: record.path.to_string_lossy().into_owned(),
        base: record.base,
        problem,
    }
}

pub(crate) fn schedule(record: ScheduleRecord) -> Schedule {
    let policy = record.policy;
    let skipped = record.skipped.map(|(at, why)| skipped(&policy.zone, at, why));
    Schedule {
        id: record.id,
        name: record.name,
        when: record.words,
        cron: policy.cron.text().into(),
        sentence: policy.cron.sentence(),
        zone: policy.zone.name().into(),
        title: record.template.title,
        description: record.template.description,
        project: record.project,
        priority: record.template.priority,
        tags: record.template.tags,
        assignee: record.template.assignee,
        column: record.template.status,
        misfire: policy.misfire,
        cap: policy.cap,
        overlap: policy.overlap,
        paused: policy.paused,
        next_at: record.next_at,
        last: record.last.map(|card| ScheduledCard {
            key: card.task.key(),
            id: card.task,
            title: card.title,
            status: card.status,
            trashed: card.trashed,
            at: card.nominal_at,
        }),
        open: record.children.open,
        queued: record.children.queued,
        skipped,
        created_at: record.created_at,
        updated_at: record.updated_at,
    }
}

fn skipped(zone: &Zone, at: Millis, why: Skip) -> String {
    let time = fill("{date} {time}", &zone.wall(at));
    match why {
        Skip::Missed => format!("No card for {time}: Flightboard was not running then"),
        Skip::StillOpen => format!("No card for {time}: the last one was still open"),
        Skip::QueueFull => format!("No card for {time}: too many were waiting"),
    }
}

/// An engine event as subscribers hear it.
pub fn event(event: &EngineEvent) -> Event {
    match event {
        EngineEvent::Changed(committed) => Event::Changed {
            seq: committed.seq,
            tasks: committed.tasks.iter().copied().collect(),
            projects: committed.projects,
            agents: committed.agents,
            settings: committed.settings,
            schedules: committed.schedules,
            webhooks: committed.webhooks,
            keys: committed.keys,
        },
        EngineEvent::AgentsFound => Event::Changed {
            seq: 0,
            tasks: Vec::new(),
            projects: false,
            agents: true,
            settings: false,
            schedules: false,
            webhooks: false,
            keys: false,
        },
        EngineEvent::Live(live) => Event::Live {
            task: live.task,
            run: live.run,
            status: live.status,
            last_line: live.last_line.clone(),
            output_bytes: live.output_bytes,
        },
        EngineEvent::Missed => Event::Resync,
    }
}
