//! Artifacts: everything that is a file inside is collected; nothing else is ever read.

use crate::support::*;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime};
use workspaces::artifacts::{
    ArtifactError, ArtifactKind, Collected, Limits, Memory, Stir, Watcher, copy_out, read, scan, sweep,
};
use workspaces::{Kind, Workspace};

struct Shelf {
    dir: tempfile::TempDir,
    memory: Memory,
}

impl Shelf {
    fn new() -> Shelf {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("artifacts")).unwrap();
        Shelf { dir, memory: Memory::default() }
    }

    fn artifacts(&self) -> PathBuf {
        self.dir.path().join("artifacts")
    }

    fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    fn scan(&mut self) -> Collected {
        self.scan_within(Limits::default())
    }

    fn scan_within(&mut self, limits: Limits) -> Collected {
        scan(&self.artifacts(), &self.store(), limits, &mut self.memory).unwrap()
    }
}

fn paths(found: &Collected) -> Vec<&str> {
    found.items.iter().map(|item| item.path.as_str()).collect()
}

fn skipped(found: &Collected) -> Vec<(&str, &str)> {
    found.skipped.iter().map(|skipped| (skipped.path.as_str(), skipped.reason.as_str())).collect()
}

#[test]
fn files_are_kept_by_content_and_outlive_the_workspace() {
    let mut shelf = Shelf::new();
    write(&shelf.artifacts(), "report.md", "# Report\n");
    write(&shelf.artifacts(), "deep/er 🦀/copy.md", "# Report\n");
    write(&shelf.artifacts(), "empty", "");
    let found = shelf.scan();
    assert_eq!(paths(&found), ["deep/er 🦀/copy.md", "empty", "report.md"]);
    let report = &found.items[2];
    assert_eq!((report.size, report.kind), (9, ArtifactKind::Markdown));
    assert_eq!(report.hash, blake3::hash(b"# Report\n").to_hex().to_string());
    assert_eq!(found.items[0].hash, report.hash);
    fs::remove_dir_all(shelf.artifacts()).unwrap();
    assert_eq!(read(&shelf.store(), &report.hash, 0, 100).unwrap().bytes, b"# Report\n");
    assert_eq!(shelf.scan(), Collected::default());
    let stored = tree(&shelf.store());
    assert_eq!(stored.len(), 2, "one per content, nothing temporary: {stored:?}");
}

#[test]
fn a_piece_is_read_by_offset() {
    let mut shelf = Shelf::new();
    write(&shelf.artifacts(), "digits", "0123456789");
    let hash = shelf.scan().items[0].hash.clone();
    let piece = read(&shelf.store(), &hash, 3, 4).unwrap();
    assert_eq!((piece.bytes.as_slice(), piece.total), (&b"3456"[..], 10));
    assert_eq!(read(&shelf.store(), &hash, 50, 4).unwrap().bytes, b"");
    assert!(matches!(read(&shelf.store(), "../../etc/passwd", 0, 1), Err(ArtifactError::BadHash(_))));
    assert!(matches!(read(&shelf.store(), &"0".repeat(64), 0, 1), Err(ArtifactError::Missing(_))));
}

#[test]
fn links_pipes_and_sockets_are_named_and_not_opened() {
    let mut shelf = Shelf::new();
    write(shelf.dir.path(), "secret/key", "secret");
    let at = |name: &str| shelf.artifacts().join(name);
    symlink("../secret/key", at("link")).unwrap();
    symlink("../secret", at("linked-folder")).unwrap();
    symlink("/dev/zero", at("device")).unwrap();
    symlink("loop", at("loop")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    write(&shelf.artifacts(), "fine.txt", "fine");
    let found = shelf.scan();
    assert_eq!(paths(&found), ["fine.txt"]);
    let link = "links are not followed";
    let expected = [
        ("device", link),
        ("link", link),
        ("linked-folder", link),
        ("loop", link),
        ("pipe", "it is a pipe"),
        ("socket", "it is a socket"),
    ];
    assert_eq!(skipped(&found), expected);
}

#[test]
fn an_artifacts_folder_that_is_a_link_is_not_entered() {
    let mut shelf = Shelf::new();
    write(shelf.dir.path(), "secret/key", "secret");
    fs::remove_dir(shelf.artifacts()).unwrap();
    symlink("secret", shelf.artifacts()).unwrap();
    let found = shelf.scan();
    assert_eq!(paths(&found), Vec::<&str>::new());
    assert_eq!(found.skipped.len(), 1);
}

#[test]
fn limits_leave_out_the_rest_and_say_so() {
    let mut shelf = Shelf::new();
    for (name, size) in [("a", 10), ("b", 100), ("c", 10), ("d/e/f", 1), ("g", 10)] {
        write(&shelf.artifacts(), name, vec![b'x'; size]);
    }
    let limits = Limits { max_file: 50, max_files: 7, max_total: 25, max_depth: 2 };
    let found = shelf.scan_within(limits);
    assert_eq!(paths(&found), ["a", "c"]);
    assert_eq!(
        skipped(&found),
        [
            ("b", "larger than 0 MiB"),
            ("d/e", "more than 2 folders deep"),
            ("g", "all files together exceed 0 MiB")
        ]
    );
    let found = shelf.scan_within(Limits { max_files: 2, ..Limits::default() });
    assert_eq!((paths(&found), found.skipped.len()), (vec!["a", "b"], 1));
}

#[test]
fn an_unchanged_file_is_not_read_again_and_a_changed_one_is() {
    let mut shelf = Shelf::new();
    write(&shelf.artifacts(), "a.txt", "first");
    let past = SystemTime::now() - Duration::from_secs(60);
    let file = File::options().write(true).open(shelf.artifacts().join("a.txt")).unwrap();
    file.set_modified(past).unwrap();
    let first = shelf.scan();
    // Same size, same time, same inode: only a remembering scan can miss this.
    fs::write(shelf.artifacts().join("a.txt"), "FIRST").unwrap();
    file.set_modified(past).unwrap();
    assert_eq!(shelf.scan(), first);
    file.set_modified(past + Duration::from_secs(1)).unwrap();
    assert_eq!(shelf.scan().items[0].hash, blake3::hash(b"FIRST").to_hex().to_string());
}

#[test]
fn a_file_changed_a_moment_ago_is_not_trusted_to_stay() {
    let mut shelf = Shelf::new();
    write(&shelf.artifacts(), "a.txt", "first");
    shelf.scan();
    let path = shelf.artifacts().join("a.txt");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "FIRST").unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert_eq!(shelf.scan().items[0].hash, blake3::hash(b"FIRST").to_hex().to_string());
}

#[test]
fn content_lost_from_the_store_is_collected_again() {
    let mut shelf = Shelf::new();
    write(&shelf.artifacts(), "a.txt", "first");
    let file = File::options().write(true).open(shelf.artifacts().join("a.txt")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    let hash = shelf.scan().items[0].hash.clone();
    fs::remove_dir_all(shelf.store()).unwrap();
    shelf.scan();
    assert_eq!(read(&shelf.store(), &hash, 0, 10).unwrap().bytes, b"first");
}

#[test]
fn a_file_being_written_is_left_for_later_or_taken_whole() {
    let mut shelf = Shelf::new();
    let path = shelf.artifacts().join("growing");
    let (stop, stopped) = channel::<()>();
    let writer = std::thread::spawn(move || {
        let mut file = File::create(path).unwrap();
        let mut written = 0u64;
        while stopped.try_recv().is_err() && written < 64 << 20 {
            file.write_all(&[b'x'; 4096]).unwrap();
            written += 4096;
        }
    });
    for _ in 0..20 {
        let found = shelf.scan();
        for item in &found.items {
            let piece = read(&shelf.store(), &item.hash, 0, 1).unwrap();
            assert_eq!(piece.total, item.size);
        }
        assert!(found.skipped.iter().all(|skipped| skipped.reason == "still being written"), "{found:?}");
    }
    let _ = stop.send(());
    writer.join().unwrap();
    assert_eq!(paths(&shelf.scan()), ["growing"]);
}

/// A signal that never comes would hang the test run; this is how long that may take to be told.
const PATIENCE: Duration = Duration::from_secs(30);

fn watched(watcher: &Watcher, workspace: &Workspace) -> (workspaces::artifacts::Watching, Receiver<Stir>) {
    let (say, stirs) = channel();
    let watching = watcher.watch(workspace, move |stir| say.send(stir).unwrap_or_default()).unwrap();
    (watching, stirs)
}

/// Waits until something matching was told; other news may come first.
fn await_stir(stirs: &Receiver<Stir>, matches: impl Fn(Stir) -> bool) {
    while !matches(stirs.recv_timeout(PATIENCE).unwrap()) {}
}

#[test]
fn a_new_artifact_is_told_at_any_depth_and_marks_apart_from_it() {
    let scene = Scene::with_folder();
    let workspace = made(&scene.request(Kind::Folder)).workspace;
    let watcher = Watcher::start().unwrap();
    let (_watching, stirs) = watched(&watcher, &workspace);
    write(&workspace.path, "artifacts/a.txt", "1");
    await_stir(&stirs, |stir| stir == Stir { artifacts: true, marks: false });
    write(&workspace.path, "artifacts/new/deep/b.txt", "1");
    await_stir(&stirs, |stir| stir.artifacts);
    write(&workspace.path, "artifacts/new/deep/b.txt", "2");
    await_stir(&stirs, |stir| stir.artifacts);
    write(&workspace.path, "readme.md", "of no interest");
    write(&workspace.path, "COMPLETION.md", "done");
    await_stir(&stirs, |stir| stir == Stir { artifacts: false, marks: true });
}

#[test]
fn a_folder_deleted_and_made_again_is_watched_again() {
    let scene = Scene::with_folder();
    let workspace = made(&scene.request(Kind::Folder)).workspace;
    let watcher = Watcher::start().unwrap();
    let (_watching, stirs) = watched(&watcher, &workspace);
    fs::remove_dir_all(workspace.artifacts()).unwrap();
    await_stir(&stirs, |stir| stir.artifacts);
    fs::create_dir(workspace.artifacts()).unwrap();
    await_stir(&stirs, |stir| stir.artifacts);
    write(&workspace.path, "artifacts/a.txt", "1");
    await_stir(&stirs, |stir| stir.artifacts);
}

#[test]
fn scanning_is_not_taken_for_a_change() {
    let scene = Scene::with_folder();
    let workspace = made(&scene.request(Kind::Folder)).workspace;
    write(&workspace.path, "artifacts/a.txt", "1");
    let watcher = Watcher::start().unwrap();
    let (_watching, stirs) = watched(&watcher, &workspace);
    let mut memory = Memory::default();
    scan(&workspace.artifacts(), &scene.data().join("store"), Limits::default(), &mut memory).unwrap();
    // The mark comes after whatever the scan caused; it must be all there is.
    write(&workspace.path, "BLOCKED.md", "?");
    assert_eq!(stirs.recv_timeout(PATIENCE).unwrap(), Stir { artifacts: false, marks: true });
}

#[test]
fn workspaces_are_told_apart_and_silence_follows_the_end() {
    let scene = Scene::with_folder();
    let one = made(&scene.request(Kind::Folder)).workspace;
    let mut request = scene.request(Kind::Folder);
    request.target_dir = scene.target("two");
    let two = made(&request).workspace;
    let mut watcher = Watcher::start().unwrap();
    let (watching_one, stirs_one) = watched(&watcher, &one);
    let (_watching_two, stirs_two) = watched(&watcher, &two);
    write(&two.path, "artifacts/a.txt", "1");
    await_stir(&stirs_two, |stir| stir.artifacts);
    assert!(stirs_one.try_recv().is_err());
    drop(watching_one);
    assert!(stirs_one.recv().is_err(), "its callback is gone");
    watcher.stop();
    watcher.stop();
}

#[test]
fn a_link_to_everything_is_not_walked() {
    let scene = Scene::with_folder();
    let workspace = made(&scene.request(Kind::Folder)).workspace;
    let outside = scene.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, workspace.artifacts().join("link")).unwrap();
    let watcher = Watcher::start().unwrap();
    let (_watching, stirs) = watched(&watcher, &workspace);
    write(&outside, "file", "x");
    write(&workspace.path, "BLOCKED.md", "?");
    assert_eq!(stirs.recv_timeout(PATIENCE).unwrap(), Stir { artifacts: false, marks: true });
}

#[test]
fn contents_that_nothing_names_are_swept_and_nothing_else_is() {
    let mut shelf = Shelf::new();
    write(&shelf.artifacts(), "wanted", "wanted\n");
    write(&shelf.artifacts(), "done with", "done with\n");
    let found = shelf.scan();
    let hash = |path: &str| found.items.iter().find(|item| item.path == path).unwrap().hash.clone();
    write(&shelf.store(), "ab/not a hash", "somebody else's");

    assert_eq!(sweep(&shelf.store(), &[hash("wanted")].into()), 1);
    assert_eq!(sweep(&shelf.store(), &[hash("wanted")].into()), 0, "said again it does nothing more");

    assert_eq!(read(&shelf.store(), &hash("wanted"), 0, 100).unwrap().bytes, b"wanted\n");
    let missing = read(&shelf.store(), &hash("done with"), 0, 100).unwrap_err();
    assert!(matches!(missing, ArtifactError::Missing(_)), "{missing}");
    assert!(shelf.store().join("ab/not a hash").is_file());
    assert_eq!(shelf.scan().items.len(), 2, "a file that is still there is taken in again");
    assert!(read(&shelf.store(), &hash("done with"), 0, 100).is_ok());
}

#[test]
fn a_copy_replaces_what_it_is_saved_over_only_when_it_is_whole() {
    let mut shelf = Shelf::new();
    write(&shelf.artifacts(), "report.md", "# Report\n");
    let hash = shelf.scan().items[0].hash.clone();
    let folder = shelf.dir.path().join("Documents");
    write(&folder, "mine.md", "older");

    copy_out(&shelf.store(), &hash, &folder.join("mine.md")).unwrap();
    assert_eq!(fs::read_to_string(folder.join("mine.md")).unwrap(), "# Report\n");
    for (hash, target) in
        [(hash.as_str(), "no such folder/x"), (&"0".repeat(64), "mine.md"), ("../x", "mine.md")]
    {
        assert!(copy_out(&shelf.store(), hash, &folder.join(target)).is_err(), "{hash} {target}");
    }
    assert_eq!(tree(&folder).len(), 1, "nothing half made is left");
}
