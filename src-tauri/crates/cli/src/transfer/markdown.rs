//! The board as a folder that people can read and keep under version control. Each record is a file: its
//! longest text as Markdown below a head between two lines of `---`, in which each line is a field's name
//! and its value as JSON (which is YAML as well). A card has a folder of its own with its comments, runs,
//! reviews and files; what it waits for, belongs to and has as files stands in its head.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{
    Millis,
    attachment::{self, FILE_MAX},
    portable::{Attachment, Edge, Record, Subtask},
    text::slug,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::lines;
use crate::failure::Failure;

/// Says what the folder is.
const HEAD: &str = "flightboard.json";
const CARD: &str = "card.md";
/// What a card waits for: in its head only here.
const WAITS_FOR: &str = "waits_for";
/// The card that it is a sub-task of: there, too.
const PART_OF: &str = "part_of";
/// Beside a card: what is in its files, and when each was added.
const FILES: &str = "files";
const FILE_LIST: &str = "files.json";
/// Largest file that is read, bytes.
const FILE: u64 = 8 * 1024 * 1024;

/// Refuses a folder that holds something already.
pub fn may_be_written(to: &Path) -> Result<(), Failure> {
    if to == Path::new("-") {
        return Err(Failure::invalid("a Markdown folder cannot be printed; name a folder"));
    }
    match std::fs::read_dir(to).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::invalid(format!("{} is not empty; name a new folder", to.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::io(format!("{} cannot be written", to.display()), error)),
    }
}

/// A file of a card in the list beside it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    at: Millis,
}

/// Writes the records once all are there, for a card's head tells of later ones; what is in files of cards, which
/// come last and may be large, as it comes.
pub struct Writer {
    to: PathBuf,
    waiting: Vec<Record>,
    /// Folders of cards, once they are written.
    cards: HashMap<String, PathBuf>,
    files: HashMap<String, Vec<Listed>>,
}

impl Writer {
    pub fn new(to: &Path) -> Writer {
        Writer { to: to.into(), waiting: Vec::new(), cards: HashMap::new(), files: HashMap::new() }
    }

    pub fn records(&mut self, records: Vec<Record>) -> Result<(), Failure> {
        for record in records {
            match record {
                Record::Attachment(file) => self.file(file)?,
                other => self.waiting.push(other),
            }
        }
        Ok(())
    }

    fn file(&mut self, file: Attachment) -> Result<(), Failure> {
        self.settle()?;
        let Some(card) = self.cards.get(&file.task) else { return Ok(()) };
        let path = self.to.join(card).join(FILES).join(&file.name);
        let bytes = BASE64
            .decode(&file.data)
            .map_err(|error| Failure::invalid(format!("the file {} has no content: {error}", file.name)))?;
        put(&path, &bytes)?;
        self.files.entry(file.task).or_default().push(Listed { name: file.name, at: file.at });
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        put(&self.to.join(HEAD), lines::head().as_bytes())?;
        let records = std::mem::take(&mut self.waiting);
        let (files, cards) = files(&records);
        for (path, text) in files {
            put(&self.to.join(path), text.as_bytes())?;
        }
        self.cards = cards;
        Ok(())
    }

    pub fn finish(mut self) -> Result<(), Failure> {
        self.settle()?;
        // Also of a board without a single record.
        put(&self.to.join(HEAD), lines::head().as_bytes())?;
        for (task, list) in &self.files {
            let Some(card) = self.cards.get(task) else { continue };
            let text =
                serde_json::to_vec_pretty(list).map_err(|error| Failure::invalid(error.to_string()))?;
            put(&self.to.join(card).join(FILE_LIST), &text)?;
        }
        Ok(())
    }
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error| Failure::io(format!("{} cannot be written", path.display()), error);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(path, bytes).map_err(failed)
}

/// Where each record goes and what is in it, and the folder of each card.
fn files(records: &[Record]) -> (Vec<(PathBuf, String)>, HashMap<String, PathBuf>) {
    let mut beside: HashMap<&str, Beside> = HashMap::new();
    for record in records {
        match record {
            Record::Edge(Edge { task, upstream, need }) => {
                let edge = serde_json::json!({ "upstream": upstream, "need": need });
                beside.entry(task).or_default().waits_for.push(edge);
            }
            Record::Subtask(Subtask { task, parent }) => {
                beside.entry(task).or_default().part_of = Some(parent.clone());
            }
            _ => {}
        }
    }
    let mut cards: HashMap<String, PathBuf> = HashMap::new();
    let mut numbers: HashMap<PathBuf, u32> = HashMap::new();
    let mut next = |folder: PathBuf| {
        let number = numbers.entry(folder.clone()).or_default();
        *number += 1;
        (*number, folder)
    };
    let mut files = Vec::new();
    for record in records {
        let (number, folder, name) = match record {
            Record::Edge(_) | Record::Subtask(_) | Record::Attachment(_) => continue,
            Record::Task(task) => {
                let key = task.number.map_or_else(|| task.uid.clone(), |number| format!("T-{number}"));
                let folder = Path::new("cards").join(format!("{key}-{}", slug(&task.title)));
                cards.insert(task.uid.clone(), folder.clone());
                let beside = beside.remove(task.uid.as_str()).unwrap_or_default();
                files.push((folder.join(CARD), text_of(record, beside)));
                continue;
            }
            Record::Project(project) => {
                let (number, folder) = next("projects".into());
                (number, folder, slug(&project.name))
            }
            Record::Agent(agent) => {
                let (number, folder) = next("agents".into());
                (number, folder, slug(&agent.name))
            }
            Record::Schedule(schedule) => {
                let (number, folder) = next("schedules".into());
                (number, folder, slug(&schedule.name))
            }
            Record::Comment(comment) => {
                let Some(card) = cards.get(comment.task.as_str()) else { continue };
                let (number, folder) = next(card.join("comments"));
                (number, folder, slug(&comment.author))
            }
            Record::Run(run) => {
                let Some(card) = cards.get(run.task.as_str()) else { continue };
                let (number, folder) = next(card.join("runs"));
                (number, folder, slug(&run.agent))
            }
            Record::Review(review) => {
                let Some(card) = cards.get(review.task.as_str()) else { continue };
                let (number, folder) = next(card.join("reviews"));
                (number, folder, slug(&review.reviewer))
            }
        };
        files.push((folder.join(format!("{number:04}-{name}.md")), text_of(record, Beside::default())));
    }
    (files, cards)
}

/// What other records say of a card, for its head.
#[derive(Default)]
struct Beside {
    waits_for: Vec<Value>,
    part_of: Option<String>,
}

/// The field that stands below the head.
fn body_field(kind: &str) -> &'static str {
    match kind {
        "task" | "schedule" => "description",
        "agent" => "instructions",
        "comment" => "body",
        "review" => "notes",
        _ => "reason",
    }
}

fn text_of(record: &Record, beside: Beside) -> String {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    let kind = value["type"].as_str().unwrap_or_default().to_owned();
    let fields = value.as_object_mut();
    let Some(fields) = fields else { return String::new() };
    let body = match fields.get(body_field(&kind)) {
        Some(Value::String(_)) => fields.remove(body_field(&kind)),
        _ => None,
    };
    if !beside.waits_for.is_empty() {
        fields.insert(WAITS_FOR.into(), Value::Array(beside.waits_for));
    }
    if let Some(parent) = beside.part_of {
        fields.insert(PART_OF.into(), parent.into());
    }
    let head: String = fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let body = body.as_ref().and_then(Value::as_str).map(|text| format!("\n{text}")).unwrap_or_default();
    format!("---\n{head}---\n{body}")
}

pub fn read(from: &Path) -> Result<Vec<Record>, Failure> {
    let head = from.join(HEAD);
    check_file(&head)?;
    let text = std::fs::read_to_string(&head).map_err(|error| unreadable(&head, error))?;
    lines::check_head(text.trim(), &head.display().to_string())?;
    let mut found = Found::default();
    for folder in ["projects", "agents", "schedules"] {
        found.folder(&from.join(folder))?;
    }
    for card in entries(&from.join("cards"))? {
        let uid = found.card(&card.join(CARD))?;
        found.attachments(&card, &uid)?;
        for folder in ["comments", "runs", "reviews"] {
            found.folder(&card.join(folder))?;
        }
    }
    Ok(found.in_order())
}

/// Names in order; none where there is no such folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let list = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        list => list.map_err(|error| unreadable(folder, error))?,
    };
    let mut paths = list
        .map(|entry| entry.map(|entry| entry.path()).map_err(|error| unreadable(folder, error)))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}

fn unreadable(path: &Path, error: std::io::Error) -> Failure {
    Failure::io(format!("{} cannot be read", path.display()), error)
}

fn check_file(path: &Path) -> Result<(), Failure> {
    let about = std::fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if about.is_file() && about.len() <= FILE {
        return Ok(());
    }
    Err(Failure::invalid(format!("{} is no file, or larger than 8 MiB", path.display())))
}

/// What was read so far, kind by kind.
#[derive(Default)]
struct Found {
    kinds: [Vec<Record>; 10],
}

impl Found {
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let markdown = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
        entries(folder)?.iter().filter(|path| markdown(path)).try_for_each(|path| self.file(path))
    }

    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        check_file(path)?;
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
        let (record, more) = parse(&text)
            .map_err(|why| Failure::invalid(format!("{} cannot be read: {why}", path.display())))?;
        for record in std::iter::once(record).chain(more) {
            self.kinds[place(&record)].push(record);
        }
        Ok(())
    }

    /// Its uid; none where the file is of another kind.
    fn card(&mut self, path: &Path) -> Result<String, Failure> {
        self.file(path)?;
        Ok(match self.kinds[TASKS].last() {
            Some(Record::Task(task)) => task.uid.clone(),
            _ => String::new(),
        })
    }

    /// Those that its list names; a link is no file of a card.
    fn attachments(&mut self, card: &Path, uid: &str) -> Result<(), Failure> {
        let list = card.join(FILE_LIST);
        if !list.exists() {
            return Ok(());
        }
        check_file(&list)?;
        let text = std::fs::read_to_string(&list).map_err(|error| unreadable(&list, error))?;
        let listed: Vec<Listed> = serde_json::from_str(&text)
            .map_err(|error| Failure::invalid(format!("{} cannot be read: {error}", list.display())))?;
        for Listed { name, at } in listed {
            if attachment::name(&name).as_ref() != Ok(&name) {
                let place = list.display();
                return Err(Failure::invalid(format!("{place} cannot be read: “{name}” is no file's name")));
            }
            let path = card.join(FILES).join(&name);
            let about = std::fs::symlink_metadata(&path).map_err(|error| unreadable(&path, error))?;
            if !about.is_file() || about.len() > FILE_MAX {
                return Err(Failure::invalid(format!(
                    "{} is no file, or larger than 20 MiB",
                    path.display()
                )));
            }
            let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, error))?;
            let file = Attachment { task: uid.into(), name, at, data: BASE64.encode(bytes) };
            self.kinds[ATTACHMENTS].push(Record::Attachment(file));
        }
        Ok(())
    }

    fn in_order(self) -> Vec<Record> {
        let mut kinds = self.kinds;
        // Folders are in the order of their names; cards are to keep that of their numbers.
        kinds[TASKS].sort_by_key(|record| match record {
            Record::Task(task) => task.number,
            _ => None,
        });
        kinds.into_iter().flatten().collect()
    }
}

const TASKS: usize = 2;
const ATTACHMENTS: usize = 9;

/// In the order in which records may be imported.
fn place(record: &Record) -> usize {
    match record {
        Record::Project(_) => 0,
        Record::Agent(_) => 1,
        Record::Task(_) => TASKS,
        Record::Subtask(_) => 3,
        Record::Edge(_) => 4,
        Record::Comment(_) => 5,
        Record::Run(_) => 6,
        Record::Review(_) => 7,
        Record::Schedule(_) => 8,
        Record::Attachment(_) => ATTACHMENTS,
    }
}

/// The record, and what its head says of others.
fn parse(text: &str) -> Result<(Record, Vec<Record>), String> {
    let rest = text.strip_prefix("---\n").ok_or("it does not begin with a line of ---")?;
    let (head, body) = match rest.strip_prefix("---\n") {
        Some(body) => ("", body),
        None => rest.split_once("\n---\n").ok_or("its head has no end, a line of ---")?,
    };
    let mut fields = Map::new();
    for line in head.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("“{line}” is no field"))?;
        let value =
            serde_json::from_str(value.trim()).map_err(|error| format!("the value of {name}: {error}"))?;
        fields.insert(name.trim().to_owned(), value);
    }
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(body) = body.strip_prefix('\n') {
        fields.insert(body_field(&kind).into(), body.into());
    }
    let waits_for = fields.remove(WAITS_FOR);
    let part_of = fields.remove(PART_OF);
    let uid = fields.get("uid").cloned().unwrap_or_default();
    let record: Record = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    let edges = waits_for.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut more = Vec::new();
    if let Some(parent) = part_of {
        let subtask = serde_json::json!({ "task": uid, "parent": parent });
        let subtask =
            serde_json::from_value(subtask).map_err(|error| format!("what it is a part of: {error}"))?;
        more.push(Record::Subtask(subtask));
    }
    for edge in edges {
        let mut edge = edge.as_object().cloned().ok_or("what it waits for is no list of records")?;
        edge.insert("task".into(), uid.clone());
        let edge =
            serde_json::from_value(edge.into()).map_err(|error| format!("what it waits for: {error}"))?;
        more.push(Record::Edge(edge));
    }
    Ok((record, more))
}

#[cfg(test)]
mod tests {
    use domain::{Cause, Priority, RetryPolicy, Status, edges::Need, portable};
    use proptest::prelude::*;

    use super::*;

    fn card(uid: &str, title: &str, description: &str) -> portable::Task {
        portable::Task {
            uid: uid.into(),
            number: Some(7),
            project: None,
            title: title.into(),
            description: description.into(),
            status: Status::Review,
            priority: Priority::HIGH,
            tags: vec!["ui".into()],
            due_at: Some(5),
            assignee: None,
            created_at: 1,
            updated_at: 2,
            entered_at: 3,
            finished_at: None,
            trashed_at: None,
            held: Some("---\nwhy: \"x\"".into()),
            queued: false,
            agents: Vec::new(),
            skills: Vec::new(),
            model: None,
            retry: RetryPolicy::default(),
            gate: None,
            round: 1,
        }
    }

    fn run(reason: Option<&str>) -> portable::Run {
        portable::Run {
            uid: "r".into(),
            task: "a".into(),
            attempt: 1,
            agent: "demo".into(),
            agent_version: None,
            mode: "unattended".into(),
            model: None,
            argv: vec!["sh".into(), "-c".into(), "a\nb".into()],
            outcome: "failed".into(),
            cause: Some(Cause::ExitedNonZero),
            reason: reason.map(str::to_owned),
            created_at: 1,
            started_at: None,
            ended_at: 2,
            exit_code: Some(1),
            signal: None,
            last_line: None,
            rule: None,
            tokens_in: 0,
            tokens_out: 0,
            tokens_cached: 0,
            micros: 0,
            estimated: false,
            review_round: None,
            review_step: None,
        }
    }

    fn comment(body: &str) -> Record {
        Record::Comment(portable::Comment {
            task: "a".into(),
            author: "agent:demo".into(),
            body: body.into(),
            at: 9,
        })
    }

    #[test]
    fn a_folder_holds_what_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("board");
        let records = vec![
            Record::Task(Box::new(card("a", "Fix it", "# Why\n\n---\nBecause.\n"))),
            Record::Task(Box::new(portable::Task { number: Some(12), ..card("b", "Then", "") })),
            Record::Edge(Edge { task: "b".into(), upstream: "a".into(), need: Need::Any }),
            comment("first"),
            comment("second\n"),
            Record::Run(Box::new(run(None))),
            file("b", "notes.md", b"# Notes\n"),
        ];
        may_be_written(&to).expect("it is not there yet");
        written(&to, &records);
        assert_eq!(read(&to).expect("it is read"), records);
        assert!(to.join("cards/T-7-fix-it/comments/0002-agent-demo.md").is_file());
        let notes = std::fs::read_to_string(to.join("cards/T-12-then/files/notes.md")).expect("the file");
        assert_eq!(notes, "# Notes\n");
        assert!(may_be_written(&to).is_err(), "it holds something now");
    }

    fn name() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "type",
            "uid",
            "title",
            "status",
            "waits_for",
            "part_of",
            "task",
            "upstream",
            "tags",
            "at",
            "gate",
            "retry",
        ])
    }

    /// Often one that means something.
    fn value() -> impl Strategy<Value = Value> {
        let word = prop::sample::select(vec!["task", "comment", "run", "edge", "inbox", "a", "any", ""]);
        let leaf = prop_oneof![
            word.prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(name().prop_map(str::to_owned), inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn what_is_no_file_of_a_card_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("board");
        written(&to, &[Record::Task(Box::new(card("a", "Fix", ""))), file("a", "notes.md", b"x")]);
        let list = to.join("cards/T-7-fix/files.json");
        let listed =
            |name: &str| std::fs::write(&list, format!(r#"[{{"name":"{name}","at":1}}]"#)).expect("written");
        for (name, words) in
            [("../card.md", "no file's name"), ("gone.md", "cannot be read"), ("", "no file's name")]
        {
            listed(name);
            assert!(read(&to).expect_err(name).to_string().contains(words), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/etc/hostname", to.join("cards/T-7-fix/files/link")).expect("a link");
            listed("link");
            assert!(read(&to).expect_err("a link").to_string().contains("is no file"));
        }
    }

    fn file(task: &str, name: &str, bytes: &[u8]) -> Record {
        Record::Attachment(Attachment {
            task: task.into(),
            name: name.into(),
            at: 4,
            data: BASE64.encode(bytes),
        })
    }

    fn written(to: &Path, records: &[Record]) {
        let mut writer = Writer::new(to);
        writer.records(records.to_vec()).expect("they are written");
        writer.finish().expect("it is whole");
    }

    fn as_lines(records: &[Record]) -> Vec<String> {
        let mut lines: Vec<String> =
            records.iter().map(|record| serde_json::to_string(record).expect("JSON")).collect();
        lines.sort();
        lines
    }

    /// Cards with texts of all kinds, trees of them, dependencies, comments, runs and files.
    fn board() -> impl Strategy<Value = Vec<Record>> {
        let card_of =
            ("\\PC{1,30}", any::<String>(), any::<prop::sample::Index>(), any::<bool>(), any::<bool>());
        let files = prop::collection::vec((0usize..8, prop::collection::vec(any::<u8>(), 0..40)), 0..6);
        (
            prop::collection::vec(card_of, 1..8),
            prop::collection::vec((0usize..8, any::<String>()), 0..6),
            files,
        )
            .prop_map(|(cards, comments, files)| {
                let (mut records, mut links, count) = (Vec::new(), Vec::new(), cards.len());
                for (at, (title, text, other, part, waits)) in cards.into_iter().enumerate() {
                    let task = portable::Task {
                        number: Some(at as i64 + 1),
                        ..card(&at.to_string(), &title, &text)
                    };
                    records.push(Record::Task(Box::new(task)));
                    let (task, other) = (at.to_string(), other.index(at.max(1)).to_string());
                    if part && at > 0 {
                        links.push(Record::Subtask(Subtask { task: task.clone(), parent: other.clone() }));
                    }
                    if waits && at > 0 {
                        links.push(Record::Edge(Edge { task, upstream: other, need: Need::Any }));
                    }
                }
                records.extend(links);
                for (card, body) in comments {
                    let of = (card % count).to_string();
                    records.push(Record::Comment(portable::Comment {
                        task: of,
                        author: "you".into(),
                        body,
                        at: 9,
                    }));
                    let uid = format!("r{}", records.len());
                    let task = (card % count).to_string();
                    records.push(Record::Run(Box::new(portable::Run { uid, task, ..run(None) })));
                }
                for (at, (card, bytes)) in files.iter().enumerate() {
                    records.push(file(&(card % count).to_string(), &format!("file {at}.bin"), bytes));
                }
                records
            })
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(title in "\\PC{1,30}", text in any::<String>(), reason in prop::option::of(any::<String>())) {
            for record in [
                Record::Task(Box::new(card("a", &title, &text))),
                comment(&text),
                Record::Run(Box::new(run(reason.as_deref()))),
            ] {
                let (back, edges) = parse(&text_of(&record, Beside::default())).expect("what was written is read");
                prop_assert_eq!((back, edges), (record, Vec::new()));
            }
        }

        #[test]
        fn any_board_comes_back_from_its_folder_and_its_lines(records in board()) {
            let folder = tempfile::tempdir().expect("a folder");
            let to = folder.path().join("board");
            written(&to, &records);
            prop_assert_eq!(as_lines(&read(&to).expect("it is read")), as_lines(&records));

            let file = folder.path().join("board.jsonl");
            let mut writer = lines::Writer::new(&file).expect("a file");
            writer.records(&records).expect("they are written");
            writer.finish().expect("it is whole");
            prop_assert_eq!(lines::read(&file).expect("it is read"), records);
        }

        #[test]
        fn no_text_makes_it_panic(text in "(---\n)?[a-z: \"{}\\[\\]\n-]{0,120}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_field_makes_it_panic(fields in prop::collection::vec((name(), value()), 0..8), body in ".{0,40}") {
            let head: String = fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
            let _ = parse(&format!("---\n{head}---\n\n{body}"));
        }
    }
}
