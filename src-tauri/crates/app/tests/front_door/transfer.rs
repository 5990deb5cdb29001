//! The board out and in: what is read in is what was written out.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use domain::{
    Priority, Status,
    edges::Need,
    portable::{Attachment, Comment, Edge, Project, Record, Run, Subtask, Task},
};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::front_door::FrontDoor;

pub async fn export(door: &FrontDoor) -> Vec<Value> {
    let (mut records, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut piece = door.ok("export_records", json!({ "cursor": cursor })).await;
        records.append(piece["records"].as_array_mut().expect("records"));
        cursor = piece["cursor"].take();
        if cursor.is_null() {
            return records;
        }
    }
}

async fn import(door: &FrontDoor, records: &[Value]) -> Value {
    door.ok("import_records", json!({ "records": records })).await
}

#[tokio::test]
async fn a_board_that_was_worked_with_is_the_same_elsewhere() {
    let door = FrontDoor::open().await;
    let folder = door.dir.path().join("harbor");
    std::fs::create_dir(&folder).unwrap();
    let project = door.ok("add_project", json!({ "path": folder })).await["id"].clone();
    door.ok(
        "register_agent",
        json!({ "name": "scout", "role": "reviewer", "skills": ["rust"], "instructions": "Look twice." }),
    )
    .await;
    let card = door
        .ok("add_task", json!({ "title": "Fix", "description": "# Why\n", "tags": ["ui"], "project": project, "priority": "high", "due_at": 5 }))
        .await["id"]
        .as_i64()
        .unwrap();
    let later = door.card("Later").await;
    door.ok("add_dependency", json!({ "id": later, "upstream": card, "need": "any" })).await;
    let run = door.script(card, "echo hello").await;
    door.end_of(run).await;
    door.ok("review_task", json!({ "id": card, "verdict": "rejected", "notes": "Not yet.\n" })).await;
    let failed = door.script(card, "exit 3").await;
    door.end_of(failed).await;
    door.ok("add_comment", json!({ "task": card, "body": "Look here" })).await;
    door.ok("trash_task", json!({ "id": door.card("Old").await })).await;
    door.ok("move_task", json!({ "id": door.card("Over").await, "column": "cancelled" })).await;
    door.ok(
        "put_schedule",
        json!({ "name": "audit", "when": "0 0 29 2 *", "zone": "UTC", "title": "Audit" }),
    )
    .await;
    let part = door.ok("add_task", json!({ "title": "Part", "parent": later })).await["id"].clone();
    door.ok("add_attachment", json!({ "task": card, "name": "notes.md", "data": BASE64.encode("# Notes") }))
        .await;
    let off = json!({ "task": card, "name": "off.md", "data": BASE64.encode("off") });
    let off = door.ok("add_attachment", off).await["id"].clone();
    door.ok("remove_attachment", json!({ "id": off })).await;
    let there = export(&door).await;
    let kinds: Vec<&str> = there.iter().filter_map(|record| record["type"].as_str()).collect();
    for kind in
        ["project", "agent", "task", "subtask", "edge", "comment", "run", "review", "schedule", "attachment"]
    {
        assert!(kinds.contains(&kind), "{kind} is missing: {kinds:?}");
    }

    let other = FrontDoor::open().await;
    let count = there.len();
    assert_eq!(import(&other, &there).await, json!({ "added": count, "known": 0, "left_out": 0 }));
    assert_eq!(export(&other).await, there);
    assert_eq!(
        import(&other, &there).await,
        json!({ "added": 0, "known": count, "left_out": 0 }),
        "once more changes nothing"
    );
    assert_eq!(export(&other).await, there);
    let detail = other.ok("get_task", json!({ "id": card })).await;
    assert_eq!((&detail["card"]["runs"], &detail["card"]["run"]["status"]), (&json!(2), &json!("failed")));
    let file = other
        .ok("read_attachment", json!({ "id": detail["attachments"][0]["id"], "offset": 0, "len": 99 }))
        .await;
    assert_eq!(
        (&file["data"], &file["attachment"]["kind"]),
        (&json!(BASE64.encode("# Notes")), &json!("markdown"))
    );
    assert_eq!(
        detail["attachments"].as_array().map(Vec::len),
        Some(1),
        "one that was taken off stays behind"
    );
    let whole = other.ok("get_task", json!({ "id": later })).await;
    assert_eq!(whole["subtasks"][0]["id"], part);
    assert_eq!(other.card("The next").await, 6, "its number is free");
    other.close().await;
    door.close().await;
}

#[tokio::test]
async fn a_card_with_an_agent_at_work_travels_as_it_stood_before() {
    let door = FrontDoor::open().await;
    let card = door.card("At work").await;
    door.ok("move_task", json!({ "id": card, "column": "ready" })).await;
    door.ok("claim_task", json!({ "agent": "scout" })).await;
    let there = export(&door).await;
    assert_eq!(there.len(), 1, "its run stays: {there:?}");
    assert_eq!(there[0]["status"], "ready");
    door.close().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_nothing_of_it_is_taken() {
    let door = FrontDoor::open().await;
    let card = |uid: &str| json!({ "type": "task", "uid": uid, "title": "One", "status": "inbox", "created_at": 1, "updated_at": 1, "entered_at": 1 });
    let with = |mut record: Value, field: &str, value: Value| {
        record[field] = value;
        record
    };
    let run = json!({ "type": "run", "uid": "r", "task": "a", "attempt": 1, "agent": "demo", "mode": "unattended", "outcome": "failed", "created_at": 1, "ended_at": 1 });
    for (record, words) in [
        (with(card("b"), "title", json!("  ")), "the title is empty"),
        (with(card("b"), "status", json!("limbo")), "“limbo” is not a column"),
        (with(card("b"), "colour", json!("red")), "unknown field `colour`"),
        (with(card(""), "title", json!("x")), "is no uid"),
        (run.clone(), "cannot be"),
        (with(run, "attempt", json!(0)), "cannot be"),
        (json!({ "type": "edge", "task": "a", "upstream": "a", "need": "any" }), "circle"),
        (json!({ "type": "subtask", "task": "a", "parent": "a" }), "of itself"),
        (
            json!({ "type": "attachment", "task": "a", "name": "..", "at": 1, "data": "" }),
            "cannot be a file's name",
        ),
        (json!({ "type": "attachment", "task": "a", "name": "x", "at": 1, "data": "-" }), "is not Base64"),
        (json!({ "type": "tusk" }), "unknown variant `tusk`"),
    ] {
        let refused = door.refused("import_records", json!({ "records": [card("a"), record] })).await;
        assert!(refused.message.contains(words), "{record}: {refused}");
        assert_eq!(door.ok("list_cards", json!({})).await["total"], 0, "{record}");
    }
    let orphans = [
        json!({ "type": "comment", "task": "nobody", "author": "you", "body": "x", "at": 1 }),
        json!({ "type": "subtask", "task": "nobody", "parent": "no one" }),
        json!({ "type": "attachment", "task": "nobody", "name": "x", "at": 1, "data": "eA==" }),
    ];
    assert_eq!(import(&door, &orphans).await, json!({ "added": 0, "known": 0, "left_out": 3 }));
    let high = with(card("h"), "number", json!(i64::MAX));
    import(&door, &[high]).await;
    assert_eq!(door.card("Still there is a number").await, 2);
    door.refused("export_records", json!({ "cursor": "11:0" })).await;
    door.close().await;
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,40}", "[a-z\n\t\"\\\\]{0,40}"]
}

fn board() -> impl Strategy<Value = Vec<Record>> {
    let card = (
        text(),
        0usize..6,
        1i64..=10,
        prop::collection::btree_set("[a-z]{1,6}", 0..4),
        prop::option::of(0i64..9),
        any::<bool>(),
    );
    let files = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..99), 0..5);
    (
        prop::collection::vec(card, 1..12),
        prop::collection::vec((0usize..12, text()), 0..8),
        any::<u64>(),
        files,
    )
        .prop_map(|(cards, comments, seed, files)| {
            let columns = [
                Status::Inbox,
                Status::Ready,
                Status::Review,
                Status::Done,
                Status::Failed,
                Status::Cancelled,
            ];
            let uid = |at: usize| format!("card-{at}");
            let count = cards.len();
            let mut records = vec![Record::Project(Project {
                uid: "project".into(),
                name: "harbor".into(),
                path: "/src/harbor".into(),
                settings: json!({}),
                repositories: Vec::new(),
                created_at: 1,
                removed_at: None,
            })];
            for (at, (description, column, level, tags, due_at, ours)) in cards.into_iter().enumerate() {
                let status = columns[column];
                records.push(Record::Task(Box::new(Task {
                    uid: uid(at),
                    number: Some(1 + 3 * at as i64),
                    project: ours.then(|| "project".into()),
                    title: format!("Card {at}"),
                    description: description.replace('\0', ""),
                    status,
                    priority: Priority::from_level(level).expect("a level"),
                    tags: tags.into_iter().collect(),
                    due_at,
                    assignee: None,
                    created_at: 1,
                    updated_at: 2,
                    entered_at: 3,
                    finished_at: status.is_terminal().then_some(4),
                    trashed_at: (at % 5 == 4).then_some(6),
                    held: None,
                    queued: at % 2 == 0,
                    agents: Vec::new(),
                    skills: Vec::new(),
                    model: None,
                    retry: Default::default(),
                    gate: None,
                    round: 1 + at as u32,
                    issue: None,
                    outcome: None,
                })));
            }
            // Two levels: a card of the lower half is a part of one of the upper.
            for task in count.div_ceil(2)..count {
                let parent = uid((seed as usize + task) % count.div_ceil(2));
                records.push(Record::Subtask(Subtask { task: uid(task), parent }));
            }
            for task in 1..count {
                let upstream = (seed as usize) % task;
                records.push(Record::Edge(Edge {
                    task: uid(task),
                    upstream: uid(upstream),
                    need: Need::Any,
                }));
            }
            for (at, (card, body)) in comments.into_iter().enumerate() {
                let body = format!("{at} {}", body.replace('\0', ""));
                records.push(Record::Comment(Comment {
                    task: uid(card % count),
                    author: "you".into(),
                    body,
                    at: at as i64,
                }));
            }
            for at in 0..count {
                records.push(Record::Run(Box::new(Run {
                    uid: format!("run-{at}"),
                    task: uid(at),
                    attempt: 1,
                    agent: "demo".into(),
                    agent_version: None,
                    mode: "unattended".into(),
                    model: None,
                    argv: Vec::new(),
                    outcome: "stopped".into(),
                    cause: None,
                    reason: None,
                    created_at: 1,
                    started_at: Some(2),
                    ended_at: 3,
                    exit_code: None,
                    signal: Some(9),
                    last_line: None,
                    rule: None,
                    tokens_in: 1,
                    tokens_out: 2,
                    tokens_cached: 3,
                    micros: 4,
                    estimated: true,
                    review_round: None,
                    review_step: None,
                })));
            }
            for (at, bytes) in files.into_iter().enumerate() {
                records.push(Record::Attachment(Attachment {
                    task: uid(at % count),
                    name: format!("file {at}.txt"),
                    at: at as i64,
                    data: BASE64.encode(bytes),
                }));
            }
            records
        })
}

#[test]
fn any_board_is_read_in_as_it_was_written_out() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = ProptestConfig { cases: 24, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&board(), |records| {
        runtime.block_on(async {
            let door = FrontDoor::open().await;
            let records: Vec<Value> =
                records.iter().map(|record| serde_json::to_value(record).expect("JSON")).collect();
            import(&door, &records).await;
            let there = export(&door).await;
            door.close().await;
            prop_assert_eq!(there, records);
            Ok(())
        })
    });
    outcome.unwrap();
}
