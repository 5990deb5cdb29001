//! The one place that starts git. Every call is made safe against what a repository's own
//! configuration and our own environment could do to it (hooks, fsmonitor programs, external diffs,
//! prompts, inherited `GIT_*`), has a time limit, and turns what git said into a typed error.

use crate::files;
use crate::os_path;
use crate::process::{self, Bounds, Cancel, Unfinished};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const READ: Duration = Duration::from_secs(60);
const WRITE: Duration = Duration::from_secs(300);
/// Writing a big working tree, or hashing one, on a slow disk.
pub const LONG: Duration = Duration::from_secs(1800);
/// Lists of names: a million files of 60 bytes fit.
const OUTPUT: usize = 64 << 20;

/// Applied to every call. `protocol.ext` runs commands named in a URL; automatic maintenance would
/// start a background process in the user's repository.
const SAFE: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "protocol.ext.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.quotePath=false",
    "advice.detachedHead=false",
];

/// Inherited variables that say where git's own configuration lives; all others are dropped.
const KEPT: &[&str] = &["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH"];

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git is not installed or not on the PATH")]
    NotInstalled,
    #[error("{} does not exist", .0.display())]
    NoFolder(PathBuf),
    #[error("{} is not a git repository", .0.display())]
    NotARepository(PathBuf),
    #[error("git refuses to work in {} because it belongs to another user", .0.display())]
    OtherOwner(PathBuf),
    #[error("the disk that holds {} is full", .0.display())]
    DiskFull(PathBuf),
    #[error("git may not write in {}: {said}", dir.display())]
    Forbidden { dir: PathBuf, said: String },
    #[error("another git process holds a lock: {0}")]
    Locked(String),
    #[error("git {what} did not finish within {seconds} s")]
    TimedOut { what: String, seconds: u64 },
    #[error("cancelled")]
    Cancelled,
    #[error("git {what} failed: {said}")]
    Failed { what: String, said: String },
    #[error("git could not be started: {0}")]
    Start(std::io::Error),
}

impl GitError {
    pub fn code(&self) -> &'static str {
        match self {
            GitError::NotInstalled => "git_missing",
            GitError::NoFolder(_) => "not_a_folder",
            GitError::NotARepository(_) => "not_a_repository",
            GitError::OtherOwner(_) => "other_owner",
            GitError::DiskFull(_) => "disk_full",
            GitError::Forbidden { .. } => "forbidden",
            GitError::Locked(_) => "repository_locked",
            GitError::TimedOut { .. } => "git_timed_out",
            GitError::Cancelled => "cancelled",
            GitError::Failed { .. } | GitError::Start(_) => "git_failed",
        }
    }

    pub fn next_step(&self) -> Option<String> {
        Some(match self {
            GitError::NotInstalled => "Install git, then try again.".into(),
            GitError::NoFolder(_) => "Check the project's path in its settings.".into(),
            GitError::NotARepository(_) => {
                "Run `git init` there, or use the project as a plain folder.".into()
            }
            GitError::OtherOwner(path) => {
                format!("If you trust it: git config --global --add safe.directory '{}'", path.display())
            }
            GitError::DiskFull(_) => "Free some disk space, then try again.".into(),
            GitError::Forbidden { dir, .. } => {
                format!("Give yourself read and write permission there: chmod -R u+rwX '{}'", dir.display())
            }
            GitError::Locked(_) => {
                "Wait for the other git process; if none runs, delete the lock file it names.".into()
            }
            GitError::TimedOut { .. } => "Try again when the disk is less busy.".into(),
            GitError::Cancelled => return None,
            GitError::Failed { .. } => "Run the same git command in a terminal to see more.".into(),
            GitError::Start(_) => "Check the git installation.".into(),
        })
    }
}

/// Where git works: found from a directory, or told exactly.
#[derive(Clone, Debug)]
pub struct Git {
    dir: PathBuf,
    /// Given for workspaces: an agent may delete or replace the `.git` entry, and git would then
    /// find whatever repository lies above.
    git_dir: Option<PathBuf>,
    config: Vec<(OsString, OsString)>,
    env: Vec<(OsString, OsString)>,
    cancel: Cancel,
}

impl Git {
    pub fn found_from(dir: &Path) -> Git {
        Git { dir: dir.into(), git_dir: None, config: Vec::new(), env: Vec::new(), cancel: Cancel::default() }
    }

    pub fn with_git_dir(git_dir: &Path, work_tree: &Path) -> Git {
        Git { git_dir: Some(git_dir.into()), ..Git::found_from(work_tree) }
    }

    pub fn cancelled_by(mut self, cancel: &Cancel) -> Git {
        self.cancel = cancel.clone();
        self
    }

    /// A setting for every call.
    pub fn configured(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Git {
        self.config.push((key.as_ref().into(), value.as_ref().into()));
        self
    }

    /// The same, with an index of its own.
    pub fn with_index(&self, index: &Path) -> Git {
        let mut git = self.clone();
        git.env.push(("GIT_INDEX_FILE".into(), index.into()));
        git
    }

    pub fn git_dir(&self) -> Option<&Path> {
        self.git_dir.as_deref()
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A call that must not touch the repository, not even to refresh its index.
    pub fn read<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call<'_> {
        self.call(args, READ).env("GIT_OPTIONAL_LOCKS", "0")
    }

    pub fn write<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call<'_> {
        self.call(args, WRITE)
    }

    /// The trimmed text of a read that prints one line.
    pub fn line<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(&self.read(args).run()?).trim_end().to_owned())
    }

    /// As [`Git::line`], but a failure of the command itself means "there is none".
    pub fn maybe_line<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Option<String>, GitError> {
        let done = self.read(args).finish()?;
        let text = String::from_utf8_lossy(&done.stdout).trim_end().to_owned();
        Ok((done.ok && !text.is_empty()).then_some(text))
    }

    /// The path that a read prints, byte for byte.
    pub fn path<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<PathBuf, GitError> {
        let out = self.read(args).run()?;
        os_path::from_line(out).ok_or_else(|| GitError::Failed {
            what: "rev-parse".into(),
            said: "a path that is not text".into(),
        })
    }

    /// The commit a name stands for.
    pub fn commit(&self, name: &str) -> Result<Option<String>, GitError> {
        self.maybe_line([
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &format!("{name}^{{commit}}"),
        ])
    }

    fn call<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>, timeout: Duration) -> Call<'_> {
        Call {
            git: self,
            config: self.config.clone(),
            args: args.into_iter().map(|arg| arg.as_ref().to_owned()).collect(),
            env: self.env.clone(),
            input: None,
            timeout,
            limit: OUTPUT,
        }
    }
}

/// One git command being put together.
pub struct Call<'a> {
    git: &'a Git,
    config: Vec<(OsString, OsString)>,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    input: Option<Vec<u8>>,
    timeout: Duration,
    limit: usize,
}

/// A command that ran to its end, well or not.
pub struct Done {
    pub ok: bool,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub cut: bool,
}

impl Call<'_> {
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((key.as_ref().into(), value.as_ref().into()));
        self
    }

    /// Goes through the environment, not through `-c`: a key may hold any byte there, `=` included.
    pub fn config(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.config.push((key.as_ref().into(), value.as_ref().into()));
        self
    }

    pub fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    pub fn long(mut self) -> Self {
        self.timeout = LONG;
        self
    }

    /// Keep at most this much standard output and end git there.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Standard output of a command that must succeed.
    pub fn run(self) -> Result<Vec<u8>, GitError> {
        let (git, what) = (self.git, self.what());
        let done = self.finish()?;
        if done.ok || done.cut { Ok(done.stdout) } else { Err(understood(git, what, &done.stderr)) }
    }

    /// The outcome, for commands whose failure is an answer.
    pub fn finish(self) -> Result<Done, GitError> {
        if !self.git.dir.is_dir() {
            return Err(GitError::NoFolder(self.git.dir.clone()));
        }
        let (what, seconds) = (self.what(), self.timeout.as_secs());
        let command = self.command();
        let bounds = Bounds { timeout: self.timeout, limit: self.limit, cancel: &self.git.cancel };
        match process::capture(command, self.input, &bounds) {
            Ok(done) => Ok(Done {
                ok: done.status.success(),
                stdout: done.stdout,
                stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
                cut: done.cut,
            }),
            Err(Unfinished::Start(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(GitError::NotInstalled)
            }
            Err(Unfinished::Start(error)) => Err(GitError::Start(error)),
            Err(Unfinished::TimedOut) => Err(GitError::TimedOut { what, seconds }),
            Err(Unfinished::Cancelled) => Err(GitError::Cancelled),
        }
    }

    fn what(&self) -> String {
        let words = self.args.iter().map(|arg| arg.to_string_lossy());
        words.filter(|word| !word.starts_with('-')).take(2).collect::<Vec<_>>().join(" ")
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.git.dir);
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if name.starts_with("GIT_") && !KEPT.contains(&name.as_ref()) {
                command.env_remove(&key);
            }
        }
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GCM_INTERACTIVE", "never");
        command.env("GIT_ASKPASS", "").env("SSH_ASKPASS", "").env("GIT_PAGER", "cat").env("GIT_EDITOR", ":");
        if let Some(git_dir) = &self.git.git_dir {
            command.env("GIT_DIR", git_dir).env("GIT_WORK_TREE", &self.git.dir);
        }
        if !self.config.is_empty() {
            command.env("GIT_CONFIG_COUNT", self.config.len().to_string());
        }
        for (n, (key, value)) in self.config.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{n}"), key).env(format!("GIT_CONFIG_VALUE_{n}"), value);
        }
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        for setting in SAFE {
            command.args(["-c", setting]);
        }
        command.args(&self.args);
        command
    }
}

/// What git meant, from its own words (always English: `LC_ALL=C`).
fn understood(git: &Git, what: String, stderr: &str) -> GitError {
    let dir = &git.dir;
    let said = stderr.lines().rfind(|line| line.starts_with("fatal:") || line.starts_with("error:"));
    let said = said.unwrap_or(stderr.trim()).to_owned();
    if stderr.contains("dubious ownership") {
        GitError::OtherOwner(dir.into())
    } else if stderr.contains("not a git repository") {
        GitError::NotARepository(dir.into())
    } else if let Some(full) = full_disk(git, stderr) {
        GitError::DiskFull(full)
    } else if stderr.contains(".lock': File exists") {
        GitError::Locked(said)
    } else if let Some(dir) = forbidden(git, stderr) {
        GitError::Forbidden { dir, said }
    } else {
        GitError::Failed { what, said }
    }
}

/// With less than this much room a write that failed without a reason failed for want of it. Bytes.
const LITTLE: u64 = 64 << 20;

/// The place whose disk is full, if that is what stopped git. Where it writes a file it often does
/// not say why it could not, so the disk is asked.
fn full_disk(git: &Git, stderr: &str) -> Option<PathBuf> {
    let named = ["No space left on device", "Disk quota exceeded"].iter().any(|why| stderr.contains(why));
    let unexplained = ["unable to write", "couldn't write", "write error", "could not write"];
    let suspected = unexplained.iter().any(|words| stderr.contains(words));
    if !named && !suspected {
        return None;
    }
    let tightest = places(git, stderr).filter_map(|place| Some((files::room(&place)?, place))).min();
    match tightest {
        Some((room, place)) if named || room < LITTLE => Some(place),
        Some(_) | None => named.then(|| git.dir.clone()),
    }
}

/// The topmost directory in which git may not write, if that is what stopped it. It does not always
/// say why there either.
fn forbidden(git: &Git, stderr: &str) -> Option<PathBuf> {
    let named = stderr.contains("Permission denied");
    let unexplained = ["unable to create", "could not create", "cannot lock", "insufficient permission"];
    if !named && !unexplained.iter().any(|words| stderr.contains(words)) {
        return None;
    }
    let closed = places(git, stderr).find(|place| !files::may_write(place));
    let topmost = closed.as_deref().and_then(|closed| {
        closed.ancestors().take_while(|above| !files::may_write(above)).last().map(Path::to_owned)
    });
    topmost.or_else(|| named.then(|| git.dir.clone()))
}

/// Where git may have been writing: what it names itself, its own directory, its working directory.
fn places(git: &Git, stderr: &str) -> impl Iterator<Item = PathBuf> {
    let words = stderr.split('\'').chain(stderr.split_whitespace()).filter(|word| word.contains('/'));
    let mut places: Vec<PathBuf> = Vec::new();
    for word in words {
        let path = git.dir.join(word.trim_matches('\''));
        places.extend(path.ancestors().find(|above| above.is_dir()).map(Into::into));
    }
    places.extend(git.git_dir.clone());
    places.push(git.dir.clone());
    places.into_iter()
}

/// `name\0name\0` as paths.
pub fn nul_paths(bytes: &[u8]) -> Vec<PathBuf> {
    let names = bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.filter_map(|name| os_path::from_bytes(name.to_vec())).collect()
}

/// Paths as `name\0name\0`, for `--stdin -z` and `--pathspec-file-nul`.
pub fn nul_list<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Vec<u8> {
    let mut list = Vec::new();
    for path in paths {
        list.extend_from_slice(os_path::bytes(path));
        list.push(0);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("fatal: detected dubious ownership in repository at '/x'", "other_owner")]
    #[case("fatal: not a git repository (or any of the parent directories): .git", "not_a_repository")]
    #[case("error: unable to write file a\nfatal: write error: No space left on device", "disk_full")]
    #[case(
        "fatal: Unable to create '/x/.git/index.lock': File exists.\n\nAnother git process",
        "repository_locked"
    )]
    #[case("fatal: could not create directory '/x/.git/worktrees': Permission denied", "forbidden")]
    #[case("fatal: bad object", "git_failed")]
    fn what_git_says_becomes_a_typed_error(#[case] stderr: &str, #[case] code: &str) {
        let error = understood(&Git::found_from(Path::new("/x")), "status".into(), stderr);
        assert_eq!(error.code(), code);
        assert!(error.next_step().is_some());
    }

    #[test]
    fn a_missing_folder_is_not_taken_for_a_missing_git() {
        let error = Git::found_from(Path::new("/nowhere/at/all")).line(["rev-parse"]).unwrap_err();
        assert_eq!(error.code(), "not_a_folder");
    }
}
