//! Keeping our own files (`artifacts/`, `TASK.md`, the end marks and `.flightboard/`) out of everybody's commits.
//!
//! `info/exclude` is shared by all worktrees of the user's repository and a per-worktree
//! configuration would switch an extension on in it; both would change what is not ours. So the
//! patterns live in a file of ours that stands in for the user's global excludes file (whose lines
//! it repeats), named through the environment: for our own git calls and for the agent's. Of several
//! repositories side by side none holds files of ours, so there the agent's git is left as it is.

use crate::git::Git;
use crate::record::{Kind, Workspace};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

pub(crate) const NAME: &str = "excludes";

/// Rooted, so that only the workspace's own top level is meant.
const OURS: &[&str] =
    &["/artifacts/", "/artifacts", "/TASK.md", "/COMPLETION.md", "/BLOCKED.md", "/.flightboard/"];

/// Whether a name at the workspace's top level is one of our own files.
pub(crate) fn is_ours(name: &str) -> bool {
    OURS.iter().any(|pattern| pattern.trim_matches('/').eq_ignore_ascii_case(name))
}

/// Environment for whoever runs git inside the workspace. `inherited_count` is the value of
/// `GIT_CONFIG_COUNT` in the environment these pairs are added to; its settings stay in force.
pub fn agent_git_env(workspace: &Workspace, inherited_count: Option<&OsStr>) -> Vec<(OsString, OsString)> {
    if workspace.kind == Kind::Worktrees {
        return Vec::new();
    }
    let n: usize = inherited_count.and_then(OsStr::to_str).and_then(|count| count.parse().ok()).unwrap_or(0);
    vec![
        ("GIT_CONFIG_COUNT".into(), (n + 1).to_string().into()),
        (format!("GIT_CONFIG_KEY_{n}").into(), "core.excludesFile".into()),
        (format!("GIT_CONFIG_VALUE_{n}").into(), workspace.state.join(NAME).into()),
    ]
}

/// Writes the stand-in file. `near` is any directory from which git sees the user's settings.
pub(crate) fn write(workspace: &Workspace, near: &Path) -> std::io::Result<()> {
    let mut text = users_own(near).and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    for pattern in patterns(workspace) {
        text.extend_from_slice(pattern.as_bytes());
        text.push(b'\n');
    }
    std::fs::write(workspace.state.join(NAME), text)
}

fn patterns(workspace: &Workspace) -> Vec<String> {
    let ours: &[&str] = if workspace.is_part { &[] } else { OURS };
    let parts = workspace.directories.iter().map(|name| format!("/{}", name.replace('[', "\\[")));
    ours.iter().map(|pattern| pattern.to_string()).chain(parts).collect()
}

fn users_own(near: &Path) -> Option<PathBuf> {
    let configured =
        Git::found_from(near).read(["config", "--type=path", "--get", "core.excludesFile"]).run();
    match configured.ok().and_then(crate::os_path::from_line) {
        Some(path) if !path.as_os_str().is_empty() => Some(near.join(path)),
        _ => default_place(),
    }
}

fn default_place() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config =
        set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME").or_else(|| set("USERPROFILE"))?.join(".config")));
    Some(config?.join("git/ignore"))
}
