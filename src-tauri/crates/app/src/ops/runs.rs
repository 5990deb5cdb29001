//! Runs: starting, stopping, watching, and what they changed and left.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::{ArtifactId, Status, TaskId, edges::Standing};
use engine::RunRequest;
use store::{CardFilter, Origin};

use crate::{App, problem::invalid, views, wire::*};

/// Longest piece of log in one answer, bytes.
const LOG_PIECE: i64 = 256 * 1024;
/// Longest piece of an artifact in one answer, bytes.
const ARTIFACT_PIECE: i64 = 4 * 1024 * 1024;
/// Most text typed at once, bytes.
const INPUT: usize = 256 * 1024;

/// Cards that are started at once.
const NEXT: std::ops::RangeInclusive<u32> = 1..=50;
/// Candidates looked at beyond those that are wanted: some may wait for others.
const SPARE: u32 = 50;

/// Returns once the agent has started.
pub async fn start_run(app: &App, request: StartRun) -> Result<Run, Problem> {
    let size = request.size.unwrap_or(Size { cols: 80, rows: 24 });
    if !(2..=1000).contains(&size.cols) || !(2..=1000).contains(&size.rows) {
        return Err(invalid(format!(
            "a terminal of {} × {} is not possible; 2 to 1000 each",
            size.cols, size.rows
        )));
    }
    let started = app
        .engine
        .start_run(RunRequest {
            task: request.task,
            agent: request.agent,
            unattended: request.mode.map(|mode| mode == Mode::Unattended),
            model: request.model.filter(|model| !model.is_empty()),
            argv: request.argv.map(|argv| argv.into_iter().map(Into::into).collect()),
            cols: size.cols,
            rows: size.rows,
            resume: request.resume,
            skip_permissions: request.skip_permissions,
            origin: Origin::Person,
            rule: None,
            review: None,
        })
        .await?;
    Ok(views::run(started))
}

/// In the order of the list: ready cards, then the inbox. Returns once all of them have started.
pub async fn start_next(app: &App, request: StartNext) -> Result<StartedNext, Problem> {
    if !NEXT.contains(&request.count) {
        let (least, most) = (NEXT.start(), NEXT.end());
        return Err(invalid(format!("{} cards are not possible; {least} to {most}", request.count)));
    }
    let store = app.engine.store();
    let filter = CardFilter { statuses: vec![Status::Ready, Status::Inbox], ..CardFilter::default() };
    let (_, cards) = store.list(&filter, 0, request.count + SPARE).await?;
    let mut started = StartedNext { runs: Vec::new(), passed_over: Vec::new() };
    for card in cards {
        if started.runs.len() == request.count as usize {
            break;
        }
        let (waits_for, _) = store.edges_of(card.id).await?;
        let waits = waits_for.iter().any(|edge| edge.trashed || edge.stands() != Standing::Met);
        if waits || card.held.is_some() || card.called.is_some() {
            continue;
        }
        match start_run(app, unattended(card.id, &request.agent)).await {
            Ok(run) => started.runs.push(run),
            Err(problem) if started.runs.is_empty() && problem.code != ProblemCode::Conflict => {
                return Err(problem);
            }
            Err(problem) => {
                let again = started.passed_over.last().is_some_and(|last| last.why == problem.message);
                started.passed_over.push(PassedOver { task: card.id, why: problem.message });
                if again {
                    // Two cards in a row for the same reason: it is not the cards.
                    break;
                }
            }
        }
    }
    Ok(started)
}

fn unattended(task: TaskId, agent: &str) -> StartRun {
    StartRun {
        task,
        agent: agent.to_owned(),
        mode: Some(Mode::Unattended),
        model: None,
        argv: None,
        size: None,
        resume: None,
        skip_permissions: false,
    }
}

/// Returns once the agent's whole process tree is gone.
pub async fn stop_run(app: &App, request: RunRef) -> Result<Run, Problem> {
    Ok(views::run(app.engine.stop_run(request.run).await?))
}

pub async fn get_run(app: &App, request: RunRef) -> Result<Run, Problem> {
    Ok(views::run(app.engine.store().run(request.run).await?))
}

/// Returns when the run has ended or `timeout_ms` has passed, with the run as it is then.
pub async fn wait_run(app: &App, request: WaitRun) -> Result<Run, Problem> {
    let wait = std::time::Duration::from_millis(u64::from(request.timeout_ms.min(60_000)));
    Ok(views::run(app.engine.wait_run(request.run, wait).await?))
}

pub async fn send_input(app: &App, request: SendInput) -> Result<Nothing, Problem> {
    if request.text.len() > INPUT {
        return Err(invalid("at most 256 KiB can be typed at once"));
    }
    app.engine.input(request.run, request.text.into_bytes()).await?;
    Ok(Nothing {})
}

pub async fn read_log(app: &App, request: ReadLog) -> Result<LogPiece, Problem> {
    if request.offset < 0 || !(0..=LOG_PIECE).contains(&request.len) {
        return Err(invalid("offset must not be negative and len at most 262,144"));
    }
    app.engine.store().run(request.run).await?;
    let (data, total) = app.engine.read_log(request.run, request.offset as u64, request.len as usize).await?;
    Ok(LogPiece { offset: request.offset, data: BASE64.encode(data), total: total as i64 })
}

pub async fn read_lines(app: &App, request: ReadLines) -> Result<LogLines, Problem> {
    if request.first < 0 || request.count > 2000 {
        return Err(invalid("first must not be negative and count at most 2,000"));
    }
    let (lines, total) =
        app.engine.log_lines(request.run, request.first as u64, request.count as usize).await?;
    Ok(LogLines { first: request.first, lines, total: total as i64 })
}

pub async fn search_log(app: &App, request: SearchLog) -> Result<Vec<LogHit>, Problem> {
    if request.text.is_empty() || request.limit > 1000 {
        return Err(invalid("give a text to look for and a limit of at most 1,000"));
    }
    let hits = app.engine.search_log(request.run, request.text, request.limit as usize).await?;
    Ok(hits
        .into_iter()
        .map(|hit| LogHit { offset: hit.offset as i64, line: hit.line as i64, text: hit.text })
        .collect())
}

pub async fn get_changes(app: &App, request: RunRef) -> Result<Changes, Problem> {
    let found = app.engine.changes(request.run).await?;
    Ok(Changes {
        count: ChangeCount {
            files: found.count.files,
            added: found.count.added,
            removed: found.count.removed,
        },
        files: found.files.into_iter().map(changed_file).collect(),
        cut: found.cut,
        commits: found.commits,
        note: found.note,
    })
}

fn changed_file(file: engine::Change) -> ChangedFile {
    ChangedFile {
        path: file.path,
        from: file.from,
        kind: match file.kind {
            engine::ChangeKind::Added => ChangeKind::Added,
            engine::ChangeKind::Modified => ChangeKind::Modified,
            engine::ChangeKind::Deleted => ChangeKind::Deleted,
            engine::ChangeKind::Renamed => ChangeKind::Renamed,
            engine::ChangeKind::Untracked => ChangeKind::Untracked,
        },
        added: file.added,
        removed: file.removed,
        binary: file.binary,
    }
}

pub async fn get_diff(app: &App, request: GetDiff) -> Result<FileDiff, Problem> {
    let (patch, cut) = app.engine.diff(request.run, request.path.clone()).await?;
    Ok(FileDiff { path: request.path, patch, cut })
}

pub async fn remove_workspace(app: &App, request: RunRef) -> Result<Run, Problem> {
    Ok(views::run(app.engine.remove_workspace(request.run).await?))
}

pub async fn restore_workspace(app: &App, request: RunRef) -> Result<Run, Problem> {
    Ok(views::run(app.engine.restore_workspace(request.run).await?))
}

/// No operation: only a window can ask its person for a place.
pub async fn save_artifact(app: &App, id: ArtifactId, to: PathBuf) -> Result<(), Problem> {
    let record = app.engine.store().artifact(id).await?;
    Ok(app.engine.save_artifact(&record.hash, to).await?)
}

/// What a saved copy of the artifact is called at first: its own name, without folders.
pub async fn artifact_name(app: &App, id: ArtifactId) -> Result<String, Problem> {
    let path = app.engine.store().artifact(id).await?.path;
    Ok(path.rsplit('/').next().unwrap_or_default().to_owned())
}

pub async fn read_artifact(app: &App, request: ReadArtifact) -> Result<ArtifactPiece, Problem> {
    if request.offset < 0 || !(0..=ARTIFACT_PIECE).contains(&request.len) {
        return Err(invalid("offset must not be negative and len at most 4 MiB"));
    }
    let record = app.engine.store().artifact(request.id).await?;
    let data = app.engine.read_artifact(&record.hash, request.offset as u64, request.len as usize).await?;
    let total = record.size;
    Ok(ArtifactPiece { artifact: views::artifact(record), data: BASE64.encode(data), total })
}
