//! Submodules of a new worktree, filled from the clones that the project already has. Nothing is
//! fetched: what the project never initialised stays empty here too, with a note. The user's
//! configuration is not written to (`submodule init` would); what `update` needs to know travels in
//! the environment of that one call.

use crate::git::{Git, GitError};
use crate::os_path;
use crate::process::Cancel;
use crate::provision::ProvisionError;
use crate::record::Workspace;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

pub fn fill(
    workspace: &Workspace,
    project: &Path,
    cancel: &Cancel,
    notes: &mut Vec<String>,
) -> Result<(), ProvisionError> {
    let Some(common) = &workspace.common_dir else { return Ok(()) };
    let level =
        Level { tree: workspace.path.clone(), project: project.into(), modules: common.join("modules") };
    level.fill(cancel, notes)
}

/// One repository with submodules: where it is checked out, its counterpart in the project, and
/// where the project keeps its submodules' repositories.
struct Level {
    tree: PathBuf,
    project: PathBuf,
    modules: PathBuf,
}

struct Submodule {
    name: OsString,
    path: PathBuf,
}

impl Level {
    fn fill(&self, cancel: &Cancel, notes: &mut Vec<String>) -> Result<(), ProvisionError> {
        let git = Git::found_from(&self.tree).cancelled_by(cancel);
        for submodule in listed(&git)? {
            if !is_gitlink(&git, &submodule.path)? {
                continue;
            }
            let Some(source) = self.source(&submodule) else {
                notes.push(format!(
                    "the submodule {} is empty: the project has not fetched it (git submodule update --init)",
                    submodule.path.display()
                ));
                continue;
            };
            match update(&git, &submodule, &source) {
                Ok(()) => {}
                Err(GitError::Failed { said, .. }) => {
                    let path = submodule.path.display();
                    notes.push(format!("the submodule {path} could not be filled from the project: {said}"));
                    continue;
                }
                Err(other) => return Err(other.into()),
            }
            let next = Level {
                tree: self.tree.join(&submodule.path),
                project: self.project.join(&submodule.path),
                modules: source.join("modules"),
            };
            if next.tree.join(".gitmodules").is_file() {
                next.fill(cancel, notes)?;
            }
        }
        Ok(())
    }

    /// The project's own clone of a submodule: absorbed into its `.git`, or (old style) in place.
    fn source(&self, submodule: &Submodule) -> Option<PathBuf> {
        let plain = Path::new(&submodule.name).components().all(|part| matches!(part, Component::Normal(_)));
        let absorbed = plain.then(|| self.modules.join(&submodule.name));
        let in_place = self.project.join(&submodule.path).join(".git");
        [absorbed, Some(in_place)].into_iter().flatten().find(|dir| dir.join("HEAD").is_file())
    }
}

fn listed(git: &Git) -> Result<Vec<Submodule>, GitError> {
    let args = ["config", "-z", "--file", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$"];
    let out = git.read(args).finish()?.stdout;
    let entries = out.split(|byte| *byte == 0).filter_map(|entry| {
        let at = entry.iter().position(|byte| *byte == b'\n')?;
        let (key, path) = (&entry[..at], &entry[at + 1..]);
        let name = key.strip_prefix(b"submodule.")?.strip_suffix(b".path")?;
        Some(Submodule {
            name: os_path::from_bytes(name.to_vec())?.into_os_string(),
            path: os_path::from_bytes(path.to_vec())?,
        })
    });
    Ok(entries.collect())
}

fn is_gitlink(git: &Git, path: &Path) -> Result<bool, GitError> {
    let out = git.read(["--literal-pathspecs", "ls-files", "--stage", "-z", "--"]).arg(path).finish()?.stdout;
    Ok(out.starts_with(b"160000 "))
}

/// File URLs are allowed for this one call, whose only URL is the project's own clone. `--checkout`
/// keeps a configured `update = !command` from running.
fn update(git: &Git, submodule: &Submodule, source: &Path) -> Result<(), GitError> {
    let key = |what: &str| {
        let mut key = OsString::from("submodule.");
        key.push(&submodule.name);
        key.push(what);
        key
    };
    git.write(["submodule", "--quiet", "update", "--checkout", "--no-fetch", "--"])
        .arg(&submodule.path)
        .config(key(".url"), source)
        .config(key(".active"), "true")
        .config("protocol.file.allow", "always")
        .long()
        .run()?;
    // The agent should find the real remote, not our shortcut.
    let inside = Git::found_from(&git.dir().join(&submodule.path));
    let real = Git::found_from(source).maybe_line(["config", "--get", "remote.origin.url"])?;
    if let Some(real) = real {
        inside.write(["config", "remote.origin.url", &real]).run()?;
    }
    Ok(())
}
