//! Looking at folders before they are projects: is this a git repository and can work start from
//! it, and which repositories are near the user's home.

use crate::git::GitError;
use crate::pool::file_count;
use crate::process::Cancel;
use crate::provision::ProvisionError;
use crate::worktree::Repository;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a folder is, as a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectKind {
    /// Worktrees can be made of it once it has commits.
    pub git: bool,
    pub has_commits: bool,
    /// The branch checked out; none if detached.
    pub branch: Option<String>,
    pub submodules: bool,
    /// Tracked files, from the index's header; 0 for plain folders.
    pub files: u32,
    /// A sentence with the next step, where something stands in the way.
    pub problem: Option<String>,
}

pub fn inspect(path: &Path) -> ProjectKind {
    if !path.is_dir() {
        return trouble(&ProvisionError::NotAFolder(path.into()));
    }
    let repository = match Repository::open(path, &Cancel::default()) {
        Ok(repository) => repository,
        Err(ProvisionError::NotARepository(_)) => return ProjectKind::default(),
        // Without git it is still a plain folder; `doctor` speaks of the missing program.
        Err(ProvisionError::Git(GitError::NotInstalled)) => return ProjectKind::default(),
        Err(error) => return trouble(&error),
    };
    let git = &repository.git;
    let has_commits = matches!(git.commit("HEAD"), Ok(Some(_)));
    let branch = git.maybe_line(["symbolic-ref", "--quiet", "--short", "HEAD"]).ok().flatten();
    let problem = (!has_commits).then(|| sentence(&ProvisionError::NoCommits(path.into())));
    ProjectKind {
        git: true,
        has_commits,
        branch,
        submodules: path.join(".gitmodules").is_file(),
        files: file_count(&repository.common),
        problem,
    }
}

fn trouble(error: &ProvisionError) -> ProjectKind {
    ProjectKind { problem: Some(sentence(error)), ..ProjectKind::default() }
}

fn sentence(error: &ProvisionError) -> String {
    match error.next_step() {
        Some(step) => format!("{error}. {step}"),
        None => error.to_string(),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundRepository {
    pub path: PathBuf,
    pub name: String,
    /// When HEAD last moved (a commit, usually), in milliseconds since 1970.
    pub last_commit_at: Option<i64>,
}

const USUAL: &[&str] = &[
    "code",
    "src",
    "projects",
    "dev",
    "Developer",
    "work",
    "repos",
    "git",
    "workspace",
    "Projects",
    "Code",
    "Documents",
];
const DEPTH: usize = 3;
const PATIENCE: Duration = Duration::from_secs(2);
const MOST: usize = 50;

/// Repositories in the home directory and the usual places below it, the one worked on last first.
/// Looks for two seconds at most; reads directories and reflogs only, no git is started.
pub fn find_repositories(home: &Path, limit: usize) -> Vec<FoundRepository> {
    let deadline = Instant::now() + PATIENCE;
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    // The usual places first: a home full of folders must not use up the time.
    let places = USUAL.iter().map(|name| (home.join(name), DEPTH)).chain([(home.to_path_buf(), DEPTH - 1)]);
    for (place, depth) in places {
        walk(&place, depth, deadline, &mut seen, &mut found);
    }
    found.sort_by(|a, b| b.last_commit_at.cmp(&a.last_commit_at).then_with(|| a.path.cmp(&b.path)));
    found.truncate(limit.min(MOST));
    found
}

fn walk(
    dir: &Path,
    depth: usize,
    deadline: Instant,
    seen: &mut HashSet<PathBuf>,
    found: &mut Vec<FoundRepository>,
) {
    if depth == 0 || Instant::now() > deadline {
        return;
    }
    let Ok(real) = dir.canonicalize() else { return };
    for entry in fs::read_dir(&real).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let hidden = name.as_encoded_bytes().starts_with(b".");
        let plain_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if hidden || !plain_dir || name == "node_modules" {
            continue;
        }
        let path = entry.path();
        // A `.git` file is a worktree or a submodule of something found elsewhere.
        if path.join(".git").is_dir() {
            if seen.insert(path.clone()) {
                let name = name.to_string_lossy().into_owned();
                found.push(FoundRepository { last_commit_at: last_moved(&path.join(".git")), name, path });
            }
        } else {
            walk(&path, depth - 1, deadline, seen, found);
        }
    }
}

/// `<old> <new> <name> <<mail>> <seconds> <zone>\t<what>` is the form of a reflog's lines.
fn last_moved(git_dir: &Path) -> Option<i64> {
    let log = fs::read(git_dir.join("logs/HEAD")).unwrap_or_default();
    let text = String::from_utf8_lossy(&log);
    let logged = text.lines().next_back().and_then(|line| {
        let who = line.split('\t').next()?;
        who.rsplit(' ').nth(1)?.parse::<i64>().ok()
    });
    logged.map(|seconds| seconds * 1000).or_else(|| modified(&git_dir.join("HEAD")))
}

fn modified(path: &Path) -> Option<i64> {
    let time: SystemTime = fs::metadata(path).ok()?.modified().ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_millis() as i64)
}
