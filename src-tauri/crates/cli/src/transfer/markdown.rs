//! The board as a folder that people can read and keep under version control. Each record is a file: its
//! longest text as Markdown below a head between two lines of `---`, in which each line is a field's name
//! and its value as JSON (which is YAML as well). A card has a folder of its own with its comments, runs
//! and reviews; what it waits for stands in its head.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use domain::{
    portable::{Edge, Record},
    text::slug,
};
use serde_json::{Map, Value};

use super::lines;
use crate::failure::Failure;

/// Says what the folder is.
const HEAD: &str = "flightboard.json";
const CARD: &str = "card.md";
/// What a card waits for: in its head only here.
const WAITS_FOR: &str = "waits_for";
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

pub fn write(to: &Path, records: &[Record]) -> Result<(), Failure> {
    put(&to.join(HEAD), &lines::head())?;
    for (path, text) in files(records) {
        put(&to.join(path), &text)?;
    }
    Ok(())
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error| Failure::io(format!("{} cannot be written", path.display()), error);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

/// Where each record goes, and what is in it.
fn files(records: &[Record]) -> Vec<(PathBuf, String)> {
    let mut waits: HashMap<&str, Vec<Value>> = HashMap::new();
    for record in records {
        if let Record::Edge(Edge { task, upstream, need }) = record {
            waits.entry(task).or_default().push(serde_json::json!({ "upstream": upstream, "need": need }));
        }
    }
    let mut cards: HashMap<&str, PathBuf> = HashMap::new();
    let mut numbers: HashMap<PathBuf, u32> = HashMap::new();
    let mut next = |folder: PathBuf| {
        let number = numbers.entry(folder.clone()).or_default();
        *number += 1;
        (*number, folder)
    };
    let mut files = Vec::new();
    for record in records {
        let (number, folder, name) = match record {
            Record::Edge(_) => continue,
            Record::Task(task) => {
                let key = task.number.map_or_else(|| task.uid.clone(), |number| format!("T-{number}"));
                let folder = Path::new("cards").join(format!("{key}-{}", slug(&task.title)));
                cards.insert(&task.uid, folder.clone());
                let waits_for = waits.remove(task.uid.as_str()).map(Value::Array);
                files.push((folder.join(CARD), text_of(record, waits_for)));
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
        files.push((folder.join(format!("{number:04}-{name}.md")), text_of(record, None)));
    }
    files
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

fn text_of(record: &Record, waits_for: Option<Value>) -> String {
    let mut value = serde_json::to_value(record).unwrap_or_default();
    let kind = value["type"].as_str().unwrap_or_default().to_owned();
    let fields = value.as_object_mut();
    let Some(fields) = fields else { return String::new() };
    let body = match fields.get(body_field(&kind)) {
        Some(Value::String(_)) => fields.remove(body_field(&kind)),
        _ => None,
    };
    if let Some(waits_for) = waits_for {
        fields.insert(WAITS_FOR.into(), waits_for);
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
        found.file(&card.join(CARD))?;
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
    kinds: [Vec<Record>; 8],
}

impl Found {
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let markdown = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
        entries(folder)?.iter().filter(|path| markdown(path)).try_for_each(|path| self.file(path))
    }

    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        check_file(path)?;
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
        let (record, edges) = parse(&text)
            .map_err(|why| Failure::invalid(format!("{} cannot be read: {why}", path.display())))?;
        self.kinds[place(&record)].push(record);
        self.kinds[EDGES].extend(edges.into_iter().map(Record::Edge));
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
const EDGES: usize = 3;

/// In the order in which records may be imported.
fn place(record: &Record) -> usize {
    match record {
        Record::Project(_) => 0,
        Record::Agent(_) => 1,
        Record::Task(_) => TASKS,
        Record::Edge(_) => EDGES,
        Record::Comment(_) => 4,
        Record::Run(_) => 5,
        Record::Review(_) => 6,
        Record::Schedule(_) => 7,
    }
}

fn parse(text: &str) -> Result<(Record, Vec<Edge>), String> {
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
    let uid = fields.get("uid").cloned();
    let record: Record = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    let edges = waits_for.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let edges = edges
        .iter()
        .map(|edge| {
            let Value::Object(mut edge) = edge.clone() else {
                return Err("what it waits for is no object".into());
            };
            edge.insert("task".into(), uid.clone().unwrap_or_default());
            serde_json::from_value(Value::Object(edge)).map_err(|error| format!("what it waits for: {error}"))
        })
        .collect::<Result<_, _>>()?;
    Ok((record, edges))
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
        ];
        may_be_written(&to).expect("it is not there yet");
        write(&to, &records).expect("it is written");
        assert_eq!(read(&to).expect("it is read"), records);
        assert!(to.join("cards/T-7-fix-it/comments/0002-agent-demo.md").is_file());
        assert!(may_be_written(&to).is_err(), "it holds something now");
    }

    fn name() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "type",
            "uid",
            "title",
            "status",
            "waits_for",
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

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(title in "\\PC{1,30}", text in any::<String>(), reason in prop::option::of(any::<String>())) {
            for record in [
                Record::Task(Box::new(card("a", &title, &text))),
                comment(&text),
                Record::Run(Box::new(run(reason.as_deref()))),
            ] {
                let (back, edges) = parse(&text_of(&record, None)).expect("what was written is read");
                prop_assert_eq!((back, edges), (record, Vec::new()));
            }
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
