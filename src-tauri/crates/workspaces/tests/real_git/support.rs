//! A data directory, a project, and the words the tests are written in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use workspaces::{Kind, Provision, ProvisionError, Provisioned, Removal, Workspace};

pub struct Scene {
    pub dir: TempDir,
    pub project: PathBuf,
}

impl Scene {
    /// A repository with one commit: `readme.md`, `src/main.rs`, `odd name 🦀.txt`.
    pub fn with_repository() -> Scene {
        let scene = Scene::with_folder();
        git(&scene.project, &["init", "--quiet", "-b", "main"]);
        commit_all(&scene.project, "seed");
        scene
    }

    /// The same files, no repository.
    pub fn with_folder() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("my project 🦀");
        write(&project, "readme.md", "one\ntwo\nthree\n");
        write(&project, "src/main.rs", "fn main() {}\n");
        write(&project, "odd name 🦀.txt", "odd\n");
        Scene { dir, project }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data dir")
    }

    pub fn target(&self, name: &str) -> PathBuf {
        self.data().join("workspaces").join(name)
    }

    pub fn request(&self, wanted: Kind) -> Provision {
        let mut request = Provision::new(wanted, Some(self.project.clone()), self.target("T-1 first"));
        request.branch = "flightboard/T-1-first".into();
        request
    }

    pub fn worktree(&self) -> Workspace {
        made(&self.request(Kind::Worktree)).workspace
    }

    pub fn removal(&self) -> Removal {
        Removal { label: "T-1/7".into(), trash: self.data().join("trash"), lose_unsaved: false }
    }

    pub fn branches(&self) -> String {
        git(&self.project, &["for-each-ref", "--format=%(refname:short)", "refs/heads"])
    }

    pub fn worktrees(&self) -> usize {
        git(&self.project, &["worktree", "list", "--porcelain"])
            .lines()
            .filter(|l| l.starts_with("worktree "))
            .count()
    }
}

pub fn made(request: &Provision) -> Provisioned {
    workspaces::provision(request, &|_| {}).unwrap()
}

pub fn refused(request: &Provision) -> ProvisionError {
    workspaces::provision(request, &|_| {}).unwrap_err()
}

pub fn write(dir: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub fn read(dir: &Path, path: &str) -> String {
    fs::read_to_string(dir.join(path)).unwrap()
}

/// Runs git as the user would: hooks and configuration in force.
pub fn git(dir: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(dir).args([
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@localhost",
        "-c",
        "protocol.file.allow=always",
    ]);
    let out = command.args(args).output().unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

/// Git as the agent runs it: with the environment we export.
pub fn agent_git(workspace: &Workspace, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(&workspace.path).envs(workspaces::agent_git_env(workspace, None));
    command.args(["-c", "user.name=Agent", "-c", "user.email=agent@localhost"]);
    let out = command.args(args).output().unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

pub fn commit_all(dir: &Path, message: &str) -> String {
    git(dir, &["add", "--all"]);
    git(dir, &["commit", "--quiet", "--allow-empty", "-m", message]);
    git(dir, &["rev-parse", "HEAD"])
}

/// Path, mode (or `link`), content.
pub type Files = Vec<(String, String, Vec<u8>)>;

/// Every file below `dir` except `.git` entries.
pub fn tree(dir: &Path) -> Files {
    let mut found = Vec::new();
    let mut left = vec![dir.to_path_buf()];
    while let Some(at) = left.pop() {
        for entry in fs::read_dir(at).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != ".git")
        {
            let (path, meta) = (entry.path(), entry.metadata().unwrap());
            let name = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
            if meta.is_dir() {
                left.push(path);
            } else if meta.is_symlink() {
                let leads = fs::read_link(&path).unwrap();
                found.push((name, "link".into(), leads.into_os_string().into_encoded_bytes()));
            } else {
                found.push((name, mode(&meta), fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[cfg(unix)]
fn mode(meta: &fs::Metadata) -> String {
    use std::os::unix::fs::PermissionsExt;
    if meta.permissions().mode() & 0o100 != 0 { "executable".into() } else { "plain".into() }
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> String {
    "plain".into()
}
