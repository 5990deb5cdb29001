//! What a run has changed: everything between its base and the files as they are now, whether
//! committed, staged, unstaged or untracked. Git works on a copy of the index, and no contents are
//! written into the object database (entering a name writes the empty blob, once).

use crate::git::{Git, GitError, nul_list, nul_paths};
use crate::os_path;
use crate::record::{Kind, RecordError, Workspace};
use crate::scratch_index::ScratchIndex;
use crate::side_by_side;
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

pub(crate) const MOST_FILES: usize = 2_000;
/// Untracked files above this are not read beyond it.
const BIG: u64 = 1 << 20;
const PATCH: usize = 1 << 20;
/// Above this git takes a file for binary without reading it, and no patch is asked for.
const TOO_BIG: u64 = 16 << 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub files: u32,
    pub added: u32,
    pub removed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Modified,
    Deleted,
    Renamed,
    Untracked,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// With `/`; bytes that are not UTF-8 are shown as U+FFFD.
    pub path: String,
    /// Earlier name of a renamed file.
    pub from: Option<String>,
    pub kind: ChangeKind,
    pub added: u32,
    pub removed: u32,
    pub binary: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Over all files, also those cut from the list.
    pub count: Count,
    /// By path; at most 2,000.
    pub files: Vec<Change>,
    pub cut: bool,
    /// Commits since the base.
    pub commits: u32,
    /// Why nothing can be shown, if so.
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// Unified diff, at most 1 MiB.
    pub patch: String,
    pub cut: bool,
    pub binary: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    #[error("the workspace {} has been removed", .0.display())]
    Gone(PathBuf),
    #[error("{0} is not a path inside the workspace")]
    Outside(String),
    #[error("there is nothing to compare with: {0}")]
    NothingToCompare(&'static str),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Record(#[from] RecordError),
}

const NO_BASE: &str = "the folder is too large to compare, or was empty of commits";

/// Everything changed since `base`, or since the workspace was made; of several repositories always
/// the latter, with files named `directory/path`.
pub fn changes(workspace: &Workspace, base: Option<&str>) -> Result<Changes, ChangesError> {
    match workspace.kind {
        Kind::Worktrees => side_by_side::changes(workspace),
        Kind::Worktree | Kind::Folder | Kind::InPlace => in_one(workspace, base),
    }
}

pub(crate) fn in_one(workspace: &Workspace, base: Option<&str>) -> Result<Changes, ChangesError> {
    let view = match View::open(workspace, base) {
        Ok(view) => view,
        Err(ChangesError::NothingToCompare(why)) => {
            return Ok(Changes { note: Some(why.into()), ..Changes::default() });
        }
        Err(error) => return Err(error),
    };
    let (small, big) = view.announce_untracked()?;
    let out = view.diff(&["--raw", "--numstat", "-z"]).long().run()?;
    let untracked: HashSet<&Path> = small.iter().map(PathBuf::as_path).collect();
    let mut files: Vec<Change> = Vec::new();
    for entry in parse(&out) {
        let is_untracked = entry.kind == ChangeKind::Added && untracked.contains(entry.path.as_path());
        files.push(entry.shown(is_untracked));
    }
    files.extend(big.iter().map(|path| measured(workspace, path)));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let sum = |of: fn(&Change) -> u32| files.iter().map(of).fold(0, u32::saturating_add);
    let count = Count { files: files.len() as u32, added: sum(|f| f.added), removed: sum(|f| f.removed) };
    let cut = files.len() > MOST_FILES;
    files.truncate(MOST_FILES);
    Ok(Changes { count, files, cut, commits: view.commits()?, note: None })
}

/// The patch of one file, named as [`changes`] names it.
pub fn diff(workspace: &Workspace, base: Option<&str>, path: &str) -> Result<FileDiff, ChangesError> {
    let inside =
        Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if path.is_empty() || !inside || path.contains('\0') {
        return Err(ChangesError::Outside(path.into()));
    }
    match workspace.kind {
        Kind::Worktrees => side_by_side::diff(workspace, path),
        Kind::Worktree | Kind::Folder | Kind::InPlace => diff_in_one(workspace, base, path),
    }
}

/// `path` has been checked to be inside.
pub(crate) fn diff_in_one(
    workspace: &Workspace,
    base: Option<&str>,
    path: &str,
) -> Result<FileDiff, ChangesError> {
    let view = View::open(workspace, base)?;
    // Git would hash the whole file for the patch's header, only to say that it is binary.
    if workspace.path.join(path).symlink_metadata().is_ok_and(|meta| meta.is_file() && meta.len() > TOO_BIG) {
        return Ok(FileDiff { patch: String::new(), cut: true, binary: true });
    }
    let (small, big) = view.untracked()?;
    let meant = |candidate: &&PathBuf| candidate.to_string_lossy() == path;
    let untracked = small.iter().chain(&big).find(meant).cloned();
    if let Some(file) = untracked {
        view.announce(&[file])?;
    }
    let listed = parse(&view.diff(&["--raw", "-z"]).long().run()?);
    let entry = listed.into_iter().find(|entry| entry.path.to_string_lossy() == path);
    let Some(entry) = entry else {
        return Ok(FileDiff { patch: String::new(), cut: false, binary: false });
    };
    let mut call = view.diff(&["--patch"]).limit(PATCH).arg("--").arg(&entry.path);
    if let Some(from) = &entry.from {
        call = call.arg(from);
    }
    let done = call.finish()?;
    Ok(patch(done.stdout, done.cut))
}

fn patch(mut bytes: Vec<u8>, cut: bool) -> FileDiff {
    if cut && let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
        bytes.truncate(end + 1);
    }
    let patch = String::from_utf8_lossy(&bytes).into_owned();
    let binary = patch
        .lines()
        .take_while(|line| !line.starts_with("@@"))
        .any(|line| line.starts_with("Binary files "));
    FileDiff { patch, cut, binary }
}

/// The workspace as git sees it through a scratch index.
struct View {
    git: Git,
    scratch: Git,
    base: String,
    /// `directory/` for one of several repositories, so that patches name files as the list does.
    prefix: String,
    _index: ScratchIndex,
}

impl View {
    fn open(workspace: &Workspace, base: Option<&str>) -> Result<View, ChangesError> {
        if !workspace.present() {
            return Err(ChangesError::Gone(workspace.path.clone()));
        }
        let base = base.or(workspace.base.as_deref()).ok_or(ChangesError::NothingToCompare(NO_BASE))?;
        let git = workspace.git().ok_or(ChangesError::NothingToCompare(NO_BASE))?;
        // Where the branch left its base; the base itself if histories have nothing in common.
        let base = git.maybe_line(["merge-base", "--", base, "HEAD"])?.unwrap_or_else(|| base.to_owned());
        let index = ScratchIndex::copy(&git, &workspace.state)?;
        let scratch = git.with_index(index.path()).configured("core.bigFileThreshold", TOO_BIG.to_string());
        let directory = workspace.path.file_name().filter(|_| workspace.is_part);
        let prefix = directory.map_or(String::new(), |name| format!("{}/", name.to_string_lossy()));
        Ok(View { git, scratch, base, prefix, _index: index })
    }

    /// Untracked files: those git shall look into, and those too big or too many for that.
    fn untracked(&self) -> Result<(Vec<PathBuf>, Vec<PathBuf>), GitError> {
        let out = self.scratch.read(["ls-files", "-z", "--others", "--exclude-standard"]).long().run()?;
        let mut n = 0;
        let is_small = |path: &PathBuf| {
            let meta = self.git.dir().join(path).symlink_metadata();
            let small = meta.is_ok_and(|meta| meta.is_symlink() || (meta.is_file() && meta.len() <= BIG));
            n += usize::from(small);
            small && n <= MOST_FILES
        };
        Ok(nul_paths(&out).into_iter().partition(is_small))
    }

    /// A file that vanishes between listing and entering fails the whole entering: list again then.
    fn announce_untracked(&self) -> Result<(Vec<PathBuf>, Vec<PathBuf>), GitError> {
        let mut found = self.untracked()?;
        for _ in 0..3 {
            if self.announce(&found.0)? {
                break;
            }
            found = self.untracked()?;
        }
        Ok(found)
    }

    /// Enters names without contents, so that diff and rename detection see the files.
    fn announce(&self, paths: &[PathBuf]) -> Result<bool, GitError> {
        if paths.is_empty() {
            return Ok(true);
        }
        let list = nul_list(paths.iter().map(PathBuf::as_path));
        let add = [
            "--literal-pathspecs",
            "add",
            "--intent-to-add",
            "--pathspec-from-file=-",
            "--pathspec-file-nul",
        ];
        Ok(self.scratch.write(add).input(list).long().finish()?.ok)
    }

    /// Whatever the user configured for their own eyes is overruled: this gets parsed.
    fn diff(&self, format: &[&str]) -> crate::git::Call<'_> {
        let fixed = [
            "--literal-pathspecs",
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--no-relative",
            "--submodule=short",
            "--ignore-submodules=none",
            "--unified=3",
            "--inter-hunk-context=0",
            "-M",
            "-O/dev/null",
        ];
        let call = self.scratch.read(fixed.iter().chain(format));
        let call = call.arg(format!("--src-prefix=a/{}", self.prefix));
        call.arg(format!("--dst-prefix=b/{}", self.prefix)).arg(&self.base)
    }

    fn commits(&self) -> Result<u32, GitError> {
        let range = format!("{}..HEAD", self.base);
        let count = self.git.maybe_line(["rev-list", "--count", &range, "--"])?;
        Ok(count.and_then(|text| text.parse().ok()).unwrap_or(0))
    }
}

struct Entry {
    kind: ChangeKind,
    path: PathBuf,
    from: Option<PathBuf>,
    lines: Lines,
}

/// None: binary.
type Lines = Option<(u32, u32)>;

impl Entry {
    fn shown(self, is_untracked: bool) -> Change {
        let (added, removed) = self.lines.unwrap_or_default();
        Change {
            path: self.path.to_string_lossy().into_owned(),
            from: self.from.map(|from| from.to_string_lossy().into_owned()),
            kind: if is_untracked { ChangeKind::Untracked } else { self.kind },
            added,
            removed,
            binary: self.lines.is_none(),
        }
    }
}

/// `--raw -z`, optionally followed by `--numstat -z`.
fn parse(out: &[u8]) -> Vec<Entry> {
    let mut fields = out.split(|byte| *byte == 0);
    let mut entries: Vec<Entry> = Vec::new();
    let mut by_path: HashMap<Vec<u8>, usize> = HashMap::new();
    while let Some(field) = fields.next() {
        if field.is_empty() {
            continue;
        }
        if let Some(raw) = field.strip_prefix(b":") {
            let letter = raw.rsplit(|byte| *byte == b' ').next().and_then(|status| status.first()).copied();
            let mut path = fields.next().unwrap_or_default();
            let from = (letter == Some(b'R'))
                .then(|| std::mem::replace(&mut path, fields.next().unwrap_or_default()));
            // An unmerged path appears twice.
            if by_path.contains_key(path) {
                continue;
            }
            by_path.insert(path.to_vec(), entries.len());
            let Some(named) = os_path::from_bytes(path.to_vec()) else { continue };
            let from = from.and_then(|from| os_path::from_bytes(from.to_vec()));
            entries.push(Entry { kind: kind_of(letter), path: named, from, lines: Some((0, 0)) });
        } else {
            let mut parts = field.splitn(3, |byte| *byte == b'\t');
            let (added, removed) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let mut path = parts.next().unwrap_or_default();
            if path.is_empty() {
                fields.next();
                path = fields.next().unwrap_or_default();
            }
            if let Some(entry) = by_path.get(path).and_then(|at| entries.get_mut(*at)) {
                entry.lines = number(added).zip(number(removed));
            }
        }
    }
    entries
}

fn kind_of(letter: Option<u8>) -> ChangeKind {
    match letter {
        Some(b'A') => ChangeKind::Added,
        Some(b'D') => ChangeKind::Deleted,
        Some(b'R') => ChangeKind::Renamed,
        // Modified, type changed, unmerged.
        _ => ChangeKind::Modified,
    }
}

/// `-` stands for binary.
fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// An untracked file that git was not asked to read.
fn measured(workspace: &Workspace, path: &Path) -> Change {
    let start = crate::files::read_start(&workspace.path.join(path), BIG).unwrap_or_default();
    let binary = start.iter().take(8_000).any(|byte| *byte == 0);
    let lines = start.iter().filter(|byte| **byte == b'\n').count() as u32;
    Change {
        path: path.to_string_lossy().into_owned(),
        from: None,
        kind: ChangeKind::Untracked,
        added: if binary { 0 } else { lines },
        removed: 0,
        binary,
    }
}
