//! What Vibe Kanban's cloud hands to those who leave it: a ZIP of CSV files, in the words of its server's public
//! source (`crates/remote/src/routes/export.rs`). Its issues name one another by short ids such as `HAR-12`; its
//! projects have no folder, so that a project's name becomes a tag.

use std::{collections::HashMap, fs::File, io::Read, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{
    Id, Millis, Priority, Status, TaskId,
    attachment::{self, FILE_MAX},
    edges::{self, Need, find_cycle},
    portable::{Attachment, Comment, Edge, Record, Subtask, Task},
    subtask::Tree,
    text::{DESCRIPTION_MAX, TAG_MAX, TAGS_MAX, elide},
};
use serde::{Deserialize, de::DeserializeOwned};
use zip::{ZipArchive, result::ZipError};

use crate::{failure::Failure, print};

/// Largest CSV file that is read, in bytes as it is unpacked.
const TABLE: u64 = 256 * 1024 * 1024;
/// How files of this kind begin.
const ZIP: &[u8; 4] = b"PK\x03\x04";

#[derive(Deserialize)]
struct Issue {
    #[serde(rename = "Issue ID")]
    id: String,
    #[serde(rename = "Title")]
    title: String,
    #[serde(rename = "Description")]
    description: String,
    #[serde(rename = "Status")]
    status: String,
    #[serde(rename = "Priority")]
    priority: String,
    #[serde(rename = "Project")]
    project: String,
    #[serde(rename = "Labels")]
    labels: String,
    #[serde(rename = "Created")]
    created: String,
    #[serde(rename = "Updated")]
    updated: String,
    #[serde(rename = "Due Date")]
    due: String,
    #[serde(rename = "Completed")]
    completed: String,
    #[serde(rename = "Parent Issue")]
    parent: String,
}

#[derive(Deserialize)]
struct Relationship {
    #[serde(rename = "Issue ID")]
    issue: String,
    #[serde(rename = "Related Issue ID")]
    related: String,
    #[serde(rename = "Type")]
    kind: String,
}

#[derive(Deserialize)]
struct Remark {
    #[serde(rename = "Issue ID")]
    issue: String,
    #[serde(rename = "Author")]
    author: String,
    #[serde(rename = "Message")]
    message: String,
    #[serde(rename = "Created")]
    created: String,
}

#[derive(Deserialize)]
struct Enclosed {
    #[serde(rename = "Issue ID")]
    issue: String,
    #[serde(rename = "Filename")]
    name: String,
    #[serde(rename = "File Path in ZIP")]
    path: String,
}

/// Whether the file is a ZIP rather than a database.
pub fn is_zip(path: &Path) -> bool {
    let mut begins = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut begins)).is_ok() && &begins == ZIP
}

pub fn read(from: &Path) -> Result<Vec<Record>, Failure> {
    let file =
        File::open(from).map_err(|error| Failure::io(format!("{} cannot be read", from.display()), error))?;
    let mut archive = Archive {
        shown: from.display().to_string(),
        zip: ZipArchive::new(file).map_err(|error| unreadable(&from.display().to_string(), &error))?,
    };
    let issues: Vec<Issue> = archive.table("issues.csv")?.ok_or_else(|| {
        Failure::invalid(format!("{} is no export of Vibe Kanban: it has no issues.csv", from.display()))
    })?;
    let mut board = Board::default();
    for issue in issues {
        board.issue(issue, &archive.shown)?;
    }
    for relationship in archive.table("relationships.csv")?.unwrap_or_default() {
        board.relationship(&relationship);
    }
    for remark in archive.table("comments.csv")?.unwrap_or_default() {
        board.remark(remark, &archive.shown)?;
    }
    let mut without = Vec::new();
    for enclosed in archive.table::<Enclosed>("attachments.csv")?.unwrap_or_default() {
        match archive.file(&enclosed.path)? {
            Some(bytes) => board.enclosed(enclosed, &bytes),
            None => without.push(enclosed.name),
        }
    }
    if !without.is_empty() {
        print::note(&format!(
            "{} files are not in {} or larger than 20 MiB, and were left out: {}",
            without.len(),
            archive.shown,
            elide(&without.join(", "), 500)
        ));
    }
    Ok(board.records())
}

struct Archive {
    shown: String,
    zip: ZipArchive<File>,
}

impl Archive {
    /// None: it is not there.
    fn table<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<Vec<T>>, Failure> {
        let file = match self.zip.by_name(name) {
            Ok(file) => file.take(TABLE),
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(unreadable(&self.shown, &error)),
        };
        let rows = csv::Reader::from_reader(file).into_deserialize().collect::<Result<_, _>>();
        rows.map(Some).map_err(|error| unreadable(&format!("{name} in {}", self.shown), &error))
    }

    /// None: it is not there, or too large for a card.
    fn file(&mut self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let file = match self.zip.by_name(path) {
            Ok(file) => file,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(unreadable(&self.shown, &error)),
        };
        let mut bytes = Vec::new();
        // What the archive says of a size may be a lie.
        let read = file.take(FILE_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(&format!("{path} in {}", self.shown), &error))?;
        Ok((bytes.len() as u64 <= FILE_MAX).then_some(bytes))
    }
}

fn unreadable(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::invalid(format!("{what} cannot be read: {error}"))
}

#[derive(Default)]
struct Board {
    tasks: Vec<Task>,
    /// Of each short id: where in `tasks`.
    places: HashMap<String, usize>,
    tree: Tree,
    subtasks: Vec<Record>,
    edges: Vec<edges::Edge>,
    rest: Vec<Record>,
}

impl Board {
    fn issue(&mut self, issue: Issue, shown: &str) -> Result<(), Failure> {
        let time = |text: &str| time(text).ok_or_else(|| no_time(shown, text));
        let (created_at, updated_at) = (time(&issue.created)?, time(&issue.updated)?);
        let completed = (!issue.completed.is_empty()).then(|| time(&issue.completed)).transpose()?;
        // A short id is one organisation's own; with the time it is this issue's alone.
        let uid = format!("vibe-kanban/{}/{created_at}", elide(&issue.id, 30));
        let parent = self.places.get(&issue.parent).map(|place| self.tasks[*place].uid.clone());
        let joins = self.tree.takes(&uid, parent.as_deref());
        let mut tags: Vec<String> =
            issue.labels.split(", ").chain([issue.project.as_str()]).filter_map(tag).collect();
        if !joins && !issue.parent.is_empty() {
            tags.push("sub-task".into());
        }
        tags.truncate(TAGS_MAX);
        if let Some(parent) = parent.filter(|_| joins) {
            self.subtasks.push(Record::Subtask(Subtask { task: uid.clone(), parent }));
        }
        let status = column(&issue.status, completed.is_some());
        self.places.insert(issue.id, self.tasks.len());
        let task = Task::foreign(uid, &issue.title, status, created_at, updated_at);
        self.tasks.push(Task {
            description: elide(&issue.description, DESCRIPTION_MAX),
            priority: priority(&issue.priority),
            tags,
            due_at: (!issue.due.is_empty()).then(|| time(&issue.due)).transpose()?,
            finished_at: task.finished_at.map(|at| completed.unwrap_or(at)),
            ..task
        });
        Ok(())
    }

    /// What blocks an issue is what it waits for; a circle's last link is left out.
    fn relationship(&mut self, said: &Relationship) {
        let place = |id: &str| self.places.get(id).map(|place| TaskId(*place as i64));
        let (Some(upstream), Some(task)) = (place(&said.issue), place(&said.related)) else { return };
        let known = self.edges.iter().any(|edge| (edge.task, edge.upstream) == (task, upstream));
        if said.kind == "Blocking" && !known && find_cycle(&self.edges, task, upstream).is_none() {
            self.edges.push(edges::Edge { task, upstream, need: Need::Success });
        }
    }

    fn remark(&mut self, said: Remark, shown: &str) -> Result<(), Failure> {
        let Some(task) = self.uid(&said.issue) else { return Ok(()) };
        let at = time(&said.created).ok_or_else(|| no_time(shown, &said.created))?;
        let body = match said.author.trim() {
            "" => said.message,
            author => format!("**{author}:** {}", said.message),
        };
        if !body.trim().is_empty() {
            self.rest.push(Record::Comment(Comment { task, author: "you".into(), body, at, answers: None }));
        }
        Ok(())
    }

    fn enclosed(&mut self, file: Enclosed, bytes: &[u8]) {
        let (Some(task), Ok(name)) = (self.uid(&file.issue), attachment::name(&file.name)) else { return };
        let at = self.places.get(&file.issue).map_or(0, |place| self.tasks[*place].created_at);
        self.rest.push(Record::Attachment(Attachment { task, name, at, data: BASE64.encode(bytes) }));
    }

    fn uid(&self, id: &str) -> Option<String> {
        self.places.get(id).map(|place| self.tasks[*place].uid.clone())
    }

    fn records(self) -> Vec<Record> {
        let uid = |id: TaskId| self.tasks[id.raw() as usize].uid.clone();
        let edges: Vec<Record> = self
            .edges
            .iter()
            .map(|edge| {
                Record::Edge(Edge { task: uid(edge.task), upstream: uid(edge.upstream), need: edge.need })
            })
            .collect();
        let tasks = self.tasks.into_iter().map(|task| Record::Task(Box::new(task)));
        tasks.chain(self.subtasks).chain(edges).chain(self.rest).collect()
    }
}

/// Each project has columns of its own; their usual names tell enough.
fn column(status: &str, completed: bool) -> Status {
    let status = status.to_lowercase();
    let has = |word: &str| status.contains(word);
    match () {
        () if has("cancel") => Status::Cancelled,
        () if completed || has("done") || has("complete") => Status::Done,
        () if has("review") => Status::Review,
        () if has("progress") => Status::Ready,
        () => Status::Inbox,
    }
}

fn priority(word: &str) -> Priority {
    match word {
        "Urgent" => Priority::CRITICAL,
        "High" => Priority::HIGH,
        "Low" => Priority::LOW,
        _ => Priority::default(),
    }
}

fn tag(word: &str) -> Option<String> {
    let plain: String = word.chars().filter(|c| *c != ',' && !c.is_control()).collect();
    (!plain.trim().is_empty()).then(|| elide(plain.trim(), TAG_MAX))
}

fn time(text: &str) -> Option<Millis> {
    text.parse::<jiff::Timestamp>().ok().map(|time| time.as_millisecond())
}

fn no_time(shown: &str, text: &str) -> Failure {
    Failure::invalid(format!("{shown} cannot be read: “{}” is no time", elide(text, 40)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    const ISSUES: &str = "Issue ID,Title,Description,Status,Priority,Project,Assignee(s),Labels,Creator,Created,Updated,Start Date,Due Date,Completed,Parent Issue\n";

    fn export(files: &[(&str, &str)]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vibe-kanban-export.zip");
        let mut zip = ZipWriter::new(File::create(&path).expect("a file"));
        for (name, text) in files {
            zip.start_file(*name, SimpleFileOptions::default()).expect("a file in it");
            zip.write_all(text.as_bytes()).expect("its text");
        }
        zip.finish().expect("a whole archive");
        (folder, path)
    }

    #[test]
    fn issues_become_cards_with_what_belongs_to_them() {
        let created = "2025-11-02T10:00:00.250+00:00";
        let issues = format!(
            "{ISSUES}HAR-1,\"Retry, uploads\",\"Two\nlines\",In Progress,Urgent,Harbor,Ada,\"bug, ui\",Ada,{created},{created},,2026-01-01T00:00:00+00:00,,\n\
             HAR-2,,,Shipped,,Harbor,,,,{created},{created},,,2025-12-01T00:00:00+00:00,HAR-1\n"
        );
        let related = format!(
            "Issue ID,Related Issue ID,Type,Created\nHAR-1,HAR-2,Blocking,{created}\nHAR-2,HAR-1,Blocking,{created}\nHAR-1,HAR-2,Related,{created}\n"
        );
        let comments = format!(
            "Issue ID,Author,Message,Created,Updated\nHAR-1,Ada Lovelace,Look here,{created},{created}\nHAR-9,Ada,Nowhere,{created},{created}\n"
        );
        let attachments = "Issue ID,Filename,Content Type,Size (bytes),File Path in ZIP\nHAR-1,a note.md,text/markdown,6,attachments/HAR-1/a note.md\nHAR-1,gone.png,image/png,6,attachments/HAR-1/gone.png\n";
        let (_folder, path) = export(&[
            ("issues.csv", &issues),
            ("projects.csv", "Name,Created,Updated\n"),
            ("relationships.csv", &related),
            ("comments.csv", &comments),
            ("attachments.csv", attachments),
            ("attachments/HAR-1/a note.md", "# Note"),
        ]);
        assert!(is_zip(&path));
        let records = read(&path).expect("it is read");
        let Record::Task(first) = &records[0] else { panic!("{records:?}") };
        assert_eq!((first.title.as_str(), first.description.as_str()), ("Retry, uploads", "Two\nlines"));
        assert_eq!(
            (first.status, first.priority, &first.tags[..]),
            (Status::Ready, Priority::CRITICAL, &["bug".into(), "ui".into(), "Harbor".into()][..])
        );
        assert_eq!((first.created_at, first.due_at), (1_762_077_600_250, Some(1_767_225_600_000)));
        let Record::Task(second) = &records[1] else { panic!("{records:?}") };
        assert_eq!(
            (second.title.as_str(), second.status, second.finished_at),
            ("Without a title", Status::Done, Some(1_764_547_200_000))
        );
        let (first, second) = (first.uid.clone(), second.uid.clone());
        assert_eq!(
            records[2..],
            [
                Record::Subtask(Subtask { task: second.clone(), parent: first.clone() }),
                Record::Edge(Edge { task: second, upstream: first.clone(), need: Need::Success }),
                Record::Comment(Comment {
                    task: first.clone(),
                    author: "you".into(),
                    body: "**Ada Lovelace:** Look here".into(),
                    at: 1_762_077_600_250,
                    answers: None,
                }),
                Record::Attachment(Attachment {
                    task: first,
                    name: "a note.md".into(),
                    at: 1_762_077_600_250,
                    data: BASE64.encode("# Note")
                }),
            ]
        );
    }

    #[test]
    fn what_is_no_such_export_is_refused() {
        for (files, words) in [
            (vec![("other.txt", "x")], "it has no issues.csv"),
            (vec![("issues.csv", "Issue ID\nHAR-1\n")], "missing field"),
        ] {
            let (_folder, path) = export(&files);
            assert!(read(&path).expect_err(words).to_string().contains(words));
        }
        let issues = format!("{ISSUES}HAR-1,x,,,,,,,,yesterday,,,,,\n");
        let (folder, path) = export(&[("issues.csv", &issues)]);
        assert!(read(&path).expect_err("no time").to_string().contains("“yesterday” is no time"));
        let text = folder.path().join("text.zip");
        std::fs::write(&text, "PK\x03\x04 and no more").expect("written");
        assert!(is_zip(&text) && read(&text).is_err());
    }

    /// Cells that mean something in places where they do not, and noise.
    fn cell() -> impl Strategy<Value = String> {
        let words = [
            "HAR-1",
            "HAR-2",
            "",
            "Done",
            "Blocking",
            "Urgent",
            "2025-11-02T10:00:00Z",
            "yesterday",
            "bug, ui",
            "\"two\nlines\"",
            "\"",
            "../a",
            "attachments/HAR-1/a",
            "-9999-01-01T00:00:00Z",
        ];
        prop_oneof![6 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
    }

    fn table(columns: usize) -> impl Strategy<Value = String> {
        let row = prop::collection::vec(cell(), columns).prop_map(|cells| cells.join(",") + "\n");
        prop::collection::vec(row, 0..5).prop_map(|rows| rows.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn any_tables_are_read_or_refused(issues in table(15), related in table(4), remarks in table(5), enclosed in table(5)) {
            let with = |head: &str, rows: &str| format!("{head}\n{rows}");
            let issues = with(ISSUES.trim_end(), &issues);
            let related = with("Issue ID,Related Issue ID,Type,Created", &related);
            let remarks = with("Issue ID,Author,Message,Created,Updated", &remarks);
            let enclosed = with("Issue ID,Filename,Content Type,Size (bytes),File Path in ZIP", &enclosed);
            let (_folder, path) = export(&[
                ("issues.csv", &issues),
                ("relationships.csv", &related),
                ("comments.csv", &remarks),
                ("attachments.csv", &enclosed),
                ("attachments/HAR-1/a", "text"),
            ]);
            let _ = read(&path);
        }

        #[test]
        fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("export.zip");
            std::fs::write(&path, [ZIP.as_slice(), &bytes].concat()).expect("written");
            prop_assert!(is_zip(&path) && read(&path).is_err());
        }
    }
}
