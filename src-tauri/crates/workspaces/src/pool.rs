//! Spares: for big repositories one detached worktree is kept ready, so that a run need not wait
//! for tens of thousands of files to be written. Taking one is a rename. Spares live in
//! `<data>/pool/<repository>/`, each with a record beside it that is written last; a spare without
//! its record is unfinished and gets swept.

use crate::files;
use crate::git::Git;
use crate::lock::RepositoryLock;
use crate::os_path;
use crate::process::Cancel;
use crate::provision::ProvisionError;
use crate::worktree::{Repository, fill};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Below this many files a fresh checkout takes a fraction of a second and a spare is not worth
/// its disk space.
const WORTH_IT: u32 = 5_000;

/// The spares below one data directory.
#[derive(Clone, Debug)]
pub struct Pool {
    root: PathBuf,
    worth_it: u32,
}

/// What [`Pool::refill`] found to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refilled {
    /// Too few files to be worth it.
    NotNeeded,
    /// A spare at this commit was there.
    Ready,
    /// A spare was there and has been brought to the commit.
    Moved,
    Made,
}

/// A spare taken out of the pool. Unless [`Spare::used`], it is removed when dropped.
pub(crate) struct Spare {
    path: PathBuf,
    repository: Option<Git>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    commit: String,
    #[serde(with = "os_path")]
    path: PathBuf,
    #[serde(with = "os_path")]
    project: PathBuf,
}

impl Pool {
    pub fn new(data_dir: &Path) -> Pool {
        Pool { root: data_dir.join("pool"), worth_it: WORTH_IT }
    }

    /// With another number of files from which a spare is kept.
    pub fn for_repositories_above(self, files: u32) -> Pool {
        Pool { worth_it: files, ..self }
    }

    /// A spare at `base`, if one is ready or can be brought there. Never an error: without a spare
    /// there is the ordinary way.
    pub(crate) fn take(&self, repository: &Repository, base: &str) -> Option<Spare> {
        let entry = {
            let _lock = RepositoryLock::take(&repository.common);
            let (record, entry) = self.entries(repository).into_iter().next()?;
            fs::remove_file(record).ok()?;
            entry
        };
        let spare = Spare { path: entry.path, repository: Some(repository.git.clone()) };
        let git = Git::found_from(&spare.path);
        let at = git.commit("HEAD").ok()??;
        if at != entry.commit || at != base {
            fill(&git, base).ok()?;
        }
        Some(spare)
    }

    /// Sees to it that a spare at the project's base is ready. Call it in the background, after a
    /// provision and when a project is opened.
    pub fn refill(
        &self,
        project: &Path,
        base: Option<&str>,
        cancel: &Cancel,
    ) -> Result<Refilled, ProvisionError> {
        let repository = Repository::open(project, cancel)?;
        let base = repository.base_commit(base)?;
        if file_count(&repository.common) < self.worth_it {
            return Ok(Refilled::NotNeeded);
        }
        match self.claim_ready(&repository) {
            Some(entry) if entry.commit == base => {
                self.record(&repository, &entry)?;
                Ok(Refilled::Ready)
            }
            Some(entry) => {
                let spare = Spare { path: entry.path.clone(), repository: Some(repository.git.clone()) };
                fill(&Git::found_from(spare.path()).cancelled_by(cancel), &base)?;
                self.record(&repository, &Entry { commit: base, ..entry })?;
                spare.used();
                Ok(Refilled::Moved)
            }
            None => {
                self.make(&repository, base, cancel)?;
                Ok(Refilled::Made)
            }
        }
    }

    /// Removes the project's spares.
    pub fn drain(&self, project: &Path) -> Result<(), ProvisionError> {
        let repository = Repository::open(project, &Cancel::default())?;
        while let Some(entry) = self.claim_ready(&repository) {
            drop(Spare { path: entry.path, repository: Some(repository.git.clone()) });
        }
        Ok(())
    }

    /// Removes what a crash left unfinished: directories without a record.
    pub(crate) fn sweep(&self) {
        for room in subdirectories(&self.root) {
            let entries: Vec<Entry> = records(&room).into_iter().map(|(_, entry)| entry).collect();
            for dir in
                subdirectories(&room).into_iter().filter(|dir| entries.iter().all(|entry| entry.path != *dir))
            {
                drop(Spare { repository: owner(&dir), path: dir });
            }
        }
    }

    fn make(&self, repository: &Repository, base: String, cancel: &Cancel) -> Result<(), ProvisionError> {
        let room = self.room(repository);
        fs::create_dir_all(&room).map_err(ProvisionError::io(format!("create {}", room.display())))?;
        let path = room.join(format!("spare-{}", files::unique()));
        let spare = Spare { path: path.clone(), repository: Some(repository.git.clone()) };
        {
            let _lock = RepositoryLock::take(&repository.common);
            let add = repository.git.write(["worktree", "add", "--quiet", "--no-checkout", "--detach", "--"]);
            add.arg(&path).arg(&base).run()?;
        }
        fill(&Git::found_from(&path).cancelled_by(cancel), &base)?;
        self.record(repository, &Entry { commit: base, path, project: repository.top.clone() })?;
        spare.used();
        Ok(())
    }

    /// Takes the record away, so that nobody else uses the spare meanwhile.
    fn claim_ready(&self, repository: &Repository) -> Option<Entry> {
        let _lock = RepositoryLock::take(&repository.common);
        let (record, entry) = self.entries(repository).into_iter().next()?;
        fs::remove_file(record).ok()?;
        Some(entry)
    }

    fn record(&self, repository: &Repository, entry: &Entry) -> Result<(), ProvisionError> {
        let mut name = entry.path.file_name().unwrap_or_default().to_owned();
        name.push(".json");
        let text = serde_json::to_vec(entry).unwrap_or_default();
        let path = self.room(repository).join(name);
        files::write_durably(&path, &text).map_err(ProvisionError::io(format!("write {}", path.display())))
    }

    fn entries(&self, repository: &Repository) -> Vec<(PathBuf, Entry)> {
        let mut found = records(&self.room(repository));
        found.retain(|(_, entry)| entry.path.is_dir());
        found
    }

    fn room(&self, repository: &Repository) -> PathBuf {
        let common = repository.common.canonicalize().unwrap_or_else(|_| repository.common.clone());
        let hash = blake3::hash(os_path::bytes(&common)).to_hex();
        self.root.join(&hash[..16])
    }
}

impl Spare {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// It has become somebody's workspace, or is back in the pool.
    pub fn used(mut self) {
        self.repository = None;
        self.path = PathBuf::new();
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        if self.path.as_os_str().is_empty() {
            return;
        }
        if let Some(git) = &self.repository {
            // Fails where git never got to know it; the directory goes all the same.
            let _ = git.write(["worktree", "remove", "--force", "--force", "--"]).arg(&self.path).run();
        }
        if let Err(error) = files::remove_tree(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a spare worktree could not be removed");
        }
    }
}

fn records(room: &Path) -> Vec<(PathBuf, Entry)> {
    let paths = fs::read_dir(room).into_iter().flatten().flatten().map(|entry| entry.path());
    let records = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
    records
        .filter_map(|path| Some((path.clone(), serde_json::from_slice(&fs::read(path).ok()?).ok()?)))
        .collect()
}

fn subdirectories(dir: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    paths.filter(|path| path.symlink_metadata().is_ok_and(|meta| meta.is_dir())).collect()
}

/// The repository an unfinished spare belongs to, from its `.git` file:
/// `gitdir: <common>/worktrees/<id>`.
fn owner(spare: &Path) -> Option<Git> {
    let text = fs::read(spare.join(".git")).ok()?;
    let admin = os_path::from_line(text.strip_prefix(b"gitdir: ")?.to_vec())?;
    let common = admin.parent()?.parent()?;
    common.is_dir().then(|| Git::found_from(common))
}

/// Files in the index, from its header: `DIRC`, version, count, each four bytes.
pub(crate) fn file_count(git_dir: &Path) -> u32 {
    let mut header = [0; 12];
    let read = fs::File::open(git_dir.join("index")).and_then(|mut file| file.read_exact(&mut header));
    if read.is_err() || &header[..4] != b"DIRC" {
        return 0;
    }
    u32::from_be_bytes([header[8], header[9], header[10], header[11]])
}
