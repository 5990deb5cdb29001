//! The agreed end marks: a `COMPLETION.md` or `BLOCKED.md` at the workspace's top level, written by
//! the agent. One that was there before the agent started says nothing about this run.

use crate::files;
use crate::record::Workspace;
use serde::{Deserialize, Serialize};
use std::path::Path;

const COMPLETION: &str = "COMPLETION.md";
const BLOCKED: &str = "BLOCKED.md";
const LIMIT: u64 = 64 * 1024;

/// The texts, cut at 64 KiB; none where there is no such file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndMarks {
    pub completion: Option<String>,
    pub blocked: Option<String>,
}

/// Hashes of the marks found at provision.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FirstMarks {
    completion: Option<String>,
    blocked: Option<String>,
}

pub fn end_marks(workspace: &Workspace) -> EndMarks {
    let first = &workspace.first_marks;
    EndMarks {
        completion: fresh(&workspace.path.join(COMPLETION), first.completion.as_deref()),
        blocked: fresh(&workspace.path.join(BLOCKED), first.blocked.as_deref()),
    }
}

pub(crate) fn first(workspace: &Path) -> FirstMarks {
    let hash = |name| Some(hashed(&files::read_start(&workspace.join(name), LIMIT).ok()?));
    FirstMarks { completion: hash(COMPLETION), blocked: hash(BLOCKED) }
}

fn fresh(path: &Path, known: Option<&str>) -> Option<String> {
    let bytes = files::read_start(path, LIMIT).ok()?;
    let is_old = known.is_some_and(|known| known == hashed(&bytes));
    (!is_old).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn hashed(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
