//! `.worktreeinclude`: ignored or untracked files (an `.env`, local settings) that a new worktree
//! should have. The patterns are gitignore's; git itself does the matching. Nothing is written
//! outside the workspace and no link is carried over that leads out of it.

use crate::files;
use crate::git::{Git, nul_paths};
use crate::provision::ProvisionError;
use std::fs;
use std::path::{Component, Path};

pub const NAME: &str = ".worktreeinclude";

const MOST_FILES: usize = 200_000;
const MOST_BYTES: u64 = 2 << 30;

/// Copies what the project's list names from where `project` works into `target`.
pub fn copy(project: &Git, target: &Path, notes: &mut Vec<String>) -> Result<(), ProvisionError> {
    let listed = project
        .read(["ls-files", "-z", "--others", "--ignored"])
        .arg(format!("--exclude-from={NAME}"))
        .long()
        .run()?;
    let mut bytes = 0;
    for (n, path) in nul_paths(&listed).iter().enumerate() {
        let from = project.dir().join(path);
        let Ok(meta) = from.symlink_metadata() else { continue };
        bytes += meta.len();
        if n >= MOST_FILES || bytes > MOST_BYTES {
            return Err(ProvisionError::TooLarge {
                path: project.dir().join(NAME),
                limit: "200,000 files or 2 GiB named by it".into(),
            });
        }
        if let Err(reason) = copy_one(&from, path, &meta, target)? {
            notes.push(format!("{} was not copied: {reason}", path.display()));
        }
    }
    Ok(())
}

/// The inner error is a refusal in words, the outer one a failure.
fn copy_one(
    from: &Path,
    path: &Path,
    meta: &fs::Metadata,
    target: &Path,
) -> Result<Result<(), &'static str>, ProvisionError> {
    let to = target.join(path);
    if !parents_are_real(target, path) {
        return Ok(Err("a link in the workspace stands in its way"));
    }
    if to.symlink_metadata().is_ok() {
        return Ok(Err("the base has a file of that name"));
    }
    let failed = |error| ProvisionError::io(format!("copy {}", from.display()))(error);
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    if meta.is_symlink() {
        let leads = fs::read_link(from).map_err(failed)?;
        if !stays_inside(path, &leads) {
            return Ok(Err("it is a link that leads out of the project"));
        }
        files::copy_link(from, &to).map_err(failed)?;
    } else if meta.is_file() {
        files::copy_file(from, &to).map_err(failed)?;
    } else {
        return Ok(Err("it is neither a file nor a link (a repository of its own, say)"));
    }
    Ok(Ok(()))
}

/// Every directory on the way is a directory or not there yet.
fn parents_are_real(target: &Path, path: &Path) -> bool {
    let mut at = target.to_path_buf();
    let parents = path.parent().into_iter().flat_map(Path::components);
    parents.into_iter().all(|part| {
        at.push(part);
        at.symlink_metadata().map_or(true, |meta| meta.is_dir())
    })
}

/// Whether the link at `path` (relative to the top) to `leads` names something below the top.
fn stays_inside(path: &Path, leads: &Path) -> bool {
    let mut depth: Vec<&std::ffi::OsStr> = path.parent().into_iter().flat_map(Path::iter).collect();
    for part in leads.components() {
        match part {
            Component::Normal(name) => depth.push(name),
            Component::ParentDir if depth.pop().is_none() => return false,
            Component::ParentDir | Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("a/link", "../b", true)]
    #[case("a/link", "b/../c", true)]
    #[case("link", "../b", false)]
    #[case("a/link", "../../b", false)]
    #[case("link", "/etc/passwd", false)]
    #[case("link", "a/../../b", false)]
    fn only_links_that_stay_inside_are_carried_over(
        #[case] path: &str,
        #[case] leads: &str,
        #[case] stays: bool,
    ) {
        assert_eq!(stays_inside(Path::new(path), Path::new(leads)), stays);
    }
}
