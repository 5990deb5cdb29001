//! Any board comes back from its folder; what is no file of one is refused without a panic.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{
    Cause, Priority, RetryPolicy, Status,
    edges::Need,
    portable::{self, Attachment, Edge, Subtask},
};
use proptest::prelude::*;

use super::*;
use crate::transfer::lines;

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
        issue: None,
        outcome: None,
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
    Record::Attachment(Attachment { task: task.into(), name: name.into(), at: 4, data: BASE64.encode(bytes) })
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
    let card_of = ("\\PC{1,30}", any::<String>(), any::<prop::sample::Index>(), any::<bool>(), any::<bool>());
    let files = prop::collection::vec((0usize..8, prop::collection::vec(any::<u8>(), 0..40)), 0..6);
    (prop::collection::vec(card_of, 1..8), prop::collection::vec((0usize..8, any::<String>()), 0..6), files)
        .prop_map(|(cards, comments, files)| {
            let (mut records, mut links, count) = (Vec::new(), Vec::new(), cards.len());
            for (at, (title, text, other, part, waits)) in cards.into_iter().enumerate() {
                let task =
                    portable::Task { number: Some(at as i64 + 1), ..card(&at.to_string(), &title, &text) };
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
