//! Commands about one run: start an agent, wait for it, stop it, its output and what it handed over.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use app::wire::*;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;

use crate::{
    args::RunArgs,
    commands::{PIECE, find, part},
    failure::Failure,
    link::Link,
    print,
};

/// A followed log that breaks off this often without a single byte is given up.
const BROKEN_OFF: u32 = 5;

pub async fn newest_run(link: &Link, key: &str) -> Result<Value, Failure> {
    let task = find(link, key).await?;
    task["runs"].get(0).cloned().ok_or_else(|| {
        Failure::Problem(Problem {
            code: ProblemCode::NotFound,
            message: format!("{} has no run yet", task["card"]["key"].as_str().unwrap_or(key)),
            next: Some(format!("start one: flightboard run {key} --agent demo")),
        })
    })
}

/// Starts an agent on the card `id`.
pub async fn run_agent(link: &Link, id: &str, said: &RunArgs, json: bool) -> Result<(), Failure> {
    let agent = said.agent.as_deref().unwrap_or_default();
    let argv = said
        .command
        .iter()
        .map(|word| {
            word.to_str()
                .map(str::to_owned)
                .ok_or_else(|| Failure::invalid("the command has a word that is no UTF-8"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if !argv.is_empty() && agent != "custom" {
        return Err(Failure::invalid("a command after -- belongs to --agent custom"));
    }
    let task = find(link, id).await?;
    let request = StartRun {
        task: part(&task["card"], "id")?,
        agent: agent.to_owned(),
        mode: Some(if said.interactive { Mode::Interactive } else { Mode::Unattended }),
        model: said.model.clone(),
        argv: (!argv.is_empty()).then_some(argv),
        size: None,
        resume: None,
        skip_permissions: said.skip_permissions,
    };
    let started = start(link, &task, &request).await?;
    let run = if said.wait { wait_for(link, part(&started, "id")?, said.timeout).await? } else { started };
    told_of_run(link, &run, json).await?;
    let succeeded = run["status"] == "succeeded";
    if said.wait && !succeeded { Err(print::failed_run(&run)) } else { Ok(()) }
}

/// `task` is the card as it was before.
pub async fn start(link: &Link, task: &Value, request: &StartRun) -> Result<Value, Failure> {
    match link.call("start_run", request).await {
        // The host of the engine died while it answered; what it began goes on.
        Err(Failure::Link(why)) => begun_since(link, task).await?.ok_or(Failure::Link(why)),
        answer => answer,
    }
}

/// The task's newest run, if it was not there before.
async fn begun_since(link: &Link, before: &Value) -> Result<Option<Value>, Failure> {
    let now: Value = link.call("get_task", &TaskRef { id: part(&before["card"], "id")? }).await?;
    let newest = &now["runs"][0];
    Ok((!newest.is_null() && newest["id"] != before["runs"][0]["id"]).then(|| newest.clone()))
}

pub async fn wait_for(link: &Link, run: domain::RunId, timeout: Option<u64>) -> Result<Value, Failure> {
    let started = Instant::now();
    loop {
        let left = timeout.map(|seconds| Duration::from_secs(seconds).saturating_sub(started.elapsed()));
        let step = left.map_or(60_000, |left| left.as_millis().min(60_000) as u32);
        let seen: Value = link.call("wait_run", &WaitRun { run, timeout_ms: step }).await?;
        if !seen["ended_at"].is_null() {
            return Ok(seen);
        }
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Failure::TimedOut(timeout.unwrap_or_default()));
        }
    }
}

pub async fn stop(link: &Link, key: &str, json: bool) -> Result<(), Failure> {
    let run = newest_run(link, key).await?;
    if !run["ended_at"].is_null() {
        return Err(Failure::Problem(Problem {
            code: ProblemCode::Conflict,
            message: format!("no agent is at work on T-{}", run["task"]),
            next: None,
        }));
    }
    let stopped: Value = link.call("stop_run", &RunRef { run: part(&run, "id")? }).await?;
    told_of_run(link, &stopped, json).await
}

/// As [`told`], for a command that was about one run of the card.
pub async fn told_of_run(link: &Link, run: &Value, json: bool) -> Result<(), Failure> {
    if !json {
        return print::run(run);
    }
    print::task_of_run(link.call("get_task", &TaskRef { id: part(run, "task")? }).await?, run)
}

/// Which of a card's runs.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// A review of it is none.
    NewestWork,
    Attempt(u64),
    Run(u64),
}

pub async fn logs(link: &Link, key: &str, which: Which, follow: bool) -> Result<(), Failure> {
    let run: domain::RunId = part(&run_of(link, key, which).await?, "id")?;
    let mut printed = 0;
    let mut idle = 0;
    loop {
        let before = printed;
        let path = format!("/runs/{run}/log?offset={printed}&follow={}", u8::from(follow));
        let read = link.stream(&path, |bytes| {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()?;
            printed += bytes.len();
            Ok(())
        });
        match read.await {
            Ok(()) => return Ok(()),
            // `flightboard logs 1 | head` has seen enough.
            Err(Failure::Io { error, .. }) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            // Whoever hosted the engine went away; the agent did not. Go on where the log broke off.
            Err(Failure::Link(why)) if follow && idle < BROKEN_OFF => {
                tracing::debug!(why, "following on");
                idle = if printed > before { 0 } else { idle + 1 };
            }
            Err(failure) => return Err(failure),
        }
    }
}

async fn run_of(link: &Link, key: &str, which: Which) -> Result<Value, Failure> {
    let (field, number) = match which {
        Which::Attempt(attempt) => ("attempt", attempt),
        Which::Run(id) => ("id", id),
        Which::NewestWork => {
            let runs: Vec<Value> = part(&find(link, key).await?, "runs")?;
            return match runs.into_iter().find(|run| run["review"].is_null()) {
                Some(run) => Ok(run),
                None => newest_run(link, key).await,
            };
        }
    };
    let runs: Vec<Value> = part(&find(link, key).await?, "runs")?;
    let found = runs.into_iter().find(|run| run[field] == number);
    found.ok_or_else(|| Failure::invalid(format!("{key} has no run {number}")))
}

pub async fn artifacts(link: &Link, key: &str, out: Option<&Path>, json: bool) -> Result<(), Failure> {
    let task = find(link, key).await?;
    let list: Vec<Value> = part(&task, "artifacts")?;
    let Some(out) = out else { return print::artifacts(&list, json) };
    // The newest version of each path: the list begins with the newest run.
    let mut written: Vec<Value> = Vec::new();
    for artifact in list {
        if written.iter().any(|known| known["path"] == artifact["path"]) {
            continue;
        }
        copy_out(link, &artifact, out).await?;
        written.push(artifact);
    }
    print::artifacts(&written, json)
}

async fn copy_out(link: &Link, artifact: &Value, out: &Path) -> Result<(), Failure> {
    let path: String = part(artifact, "path")?;
    let id = part(artifact, "id")?;
    write_pieces(link, &path, out, "read_artifact", |offset| ReadArtifact { id, offset, len: PIECE }).await
}

/// Reads a file piece by piece and writes it below `out`.
pub async fn write_pieces<Q: serde::Serialize>(
    link: &Link,
    path: &str,
    out: &Path,
    operation: &str,
    piece_at: impl Fn(i64) -> Q,
) -> Result<(), Failure> {
    let target = out.join(safe_relative(path)?);
    let failed = |error| Failure::io(format!("{} cannot be written", target.display()), error);
    std::fs::create_dir_all(target.parent().unwrap_or(out)).map_err(failed)?;
    let mut file = std::fs::File::create(&target).map_err(failed)?;
    let mut offset = 0;
    loop {
        let piece: Value = link.call(operation, &piece_at(offset)).await?;
        let data = BASE64
            .decode(piece["data"].as_str().unwrap_or_default())
            .map_err(|error| Failure::Link(format!("{path} cannot be read: {error}")))?;
        if data.is_empty() {
            return Ok(());
        }
        file.write_all(&data).map_err(failed)?;
        offset += data.len() as i64;
    }
}

/// Names come from an agent: nothing may point outside the folder.
fn safe_relative(path: &str) -> Result<PathBuf, Failure> {
    let relative = Path::new(path);
    let plain = relative.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if plain {
        Ok(relative.to_owned())
    } else {
        Err(Failure::invalid(format!("the name “{path}” is not a plain path")))
    }
}
