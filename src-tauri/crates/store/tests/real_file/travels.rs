//! Which column of which table goes into an export and which stays, and why. A column that a migration adds is missed
//! here until somebody says which; one that is said to travel is set on a board that is written out and read in.

use domain::portable::Record;
use rusqlite::Connection;
use serde_json::{Value, json};
use store::{PortableContent, PortableKind};
use testkit::TempStore;

/// A table with the columns that travel, and those that stay with the reason.
type Table = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const NUMBER: &str = "a number of this database: things are named by uid or by what they belong to";
const ANEW: &str = "made anew from what travels";
const HERE: &str = "makes sense on this machine only";

#[rustfmt::skip]
const TABLES: &[Table] = &[
    ("projects", "uid name path settings created_at removed_at", &[("id", NUMBER)]),
    ("project_repositories", "project_id directory path base", &[("id", NUMBER), ("added_at", "the time of the import")]),
    ("agents", "uid name title kind profile role instructions skills max_capacity model enabled retry breaker registered_at updated_at",
        &[("id", NUMBER), ("last_seen_at", HERE), ("removed_at", "one that was removed stays behind")]),
    ("tasks", "id uid project_id title description status priority tags due_at created_at updated_at entered_at finished_at \
        held assignee trashed_at queued chain skills model retry gate round parent_id",
        &[("live_run came_from", "a card at work travels as it stood before"), ("version", ANEW), ("last_run runs artifacts", ANEW),
          ("not_before not_before_after failures strikes failing_since called stopped failed_as failed_why", "counters and timers of failures: what failed elsewhere may succeed here"),
          ("deleted_at", "what was deleted stays deleted")]),
    ("task_edges", "task_id upstream_id need", &[]),
    ("task_comments", "task_id author body at parent_id", &[("id", NUMBER)]),
    ("task_issues", "repository number task_id title labels state", &[]),
    ("task_outcomes", "task_id outcome error_message resolution feedback_rating feedback_notes estimated_hours actual_hours metadata created_by", &[]),
    ("runs", "uid task_id attempt agent agent_version mode model argv outcome cause reason created_at started_at ended_at exit_code \
        signal last_line rule tokens_in tokens_out tokens_cached micros estimated review_round review_step",
        &[("id", NUMBER), ("phase activity evidence stop_asked_at ends_as ends_why warned word word_text", "of a run that lives; only ended ones travel"),
          ("session ws_path ws_kind ws_branch ws_base ws_present salvage output_bytes survivors files added removed account", HERE),
          ("lease_until lease_for", HERE), ("origin made_way", "why this dispatcher started it")]),
    ("reviews", "task_id run_id round step kind reviewer outcome review_run notes prompt at", &[("id", NUMBER)]),
    ("schedules", "uid name project_id words cron zone title description priority tags assignee status misfire misfire_cap overlap \
        paused created_at updated_at",
        &[("id", NUMBER), ("considered_at next_at skipped_at skip_reason", "it goes on from the time of the import"),
          ("removed_at", "one that was removed stays behind")]),
    ("attachments", "task_id name hash at", &[("id", NUMBER), ("kind size", ANEW), ("removed_at", "one that was taken off stays behind")]),
    ("filters", "name rule", &[]),
    ("artifacts", "", &[("id task_id run_id path kind size hash at", "what runs handed over is copied out by `artifacts --out`")]),
    ("questions", "", &[("id task_id run_id text asked_at answer answered_at", "a question lives as long as its run; the answer is a comment")]),
    ("schedule_firings", "", &[("schedule_id nominal_at manual task_id fired_at", "the record that nothing fires twice here")]),
    ("breakers", "", &[("kind name failures probe_at cool_down probe resting_until", HERE)]),
    ("changes", "", &[("seq at actor kind task_id run_id project_id text", "the log of this board; an import is told in it")]),
    ("settings", "", &[("key value", "this window's and this dispatcher's own")]),
    ("keys", "", &[("id name hash prefix role project_id agent run_id created_at expires_at last_used_at revoked_at", "a key opens the board that gave it")]),
    ("webhooks", "", &[("id name url secret types project_id enabled private_allowed considered failures resting_until rest created_at updated_at removed_at",
        "two boards would tell the same address; and a secret is no part of a board")]),
    ("webhook_deliveries", "", &[("id webhook_id seq event payload status attempts next_at code trouble took created_at ended_at", "goes with its webhook")]),
    ("kept_answers", "", &[("caller name fingerprint at status body", "for a day, to who asked here")]),
];

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split_whitespace()
}

/// Each column of the database with its default.
fn columns(file: &Connection) -> Vec<(String, String, Option<String>)> {
    let sql = "SELECT m.name, c.name, c.dflt_value FROM sqlite_schema m JOIN pragma_table_info(m.name) c \
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '%sqlx%' ORDER BY 1, c.cid";
    let mut query = file.prepare(sql).unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn every_column_travels_or_stays_for_a_reason() {
    let store = TempStore::new().await;
    let file = Connection::open(store.file()).unwrap();
    let mut there: Vec<String> =
        columns(&file).into_iter().map(|(table, column, _)| format!("{table}.{column}")).collect();
    let mut said: Vec<String> = TABLES
        .iter()
        .flat_map(|(table, travel, stay)| {
            let stay = stay.iter().flat_map(|(columns, _)| words(columns));
            words(travel).chain(stay).map(move |column| format!("{table}.{column}"))
        })
        .collect();
    there.sort();
    said.sort();
    assert_eq!(there, said);
}

/// A board on which each field of each record says something.
fn whole_board() -> Vec<Value> {
    let task = |uid: &str, number: i64, more: Value| {
        let mut task = json!({
            "type": "task", "uid": uid, "number": number, "project": "p", "title": "Fix", "description": "# Why",
            "status": "ready", "priority": 8, "tags": ["ui"], "due_at": 5, "assignee": "scout", "created_at": 1,
            "updated_at": 2, "entered_at": 3, "finished_at": null, "trashed_at": null, "held": null, "queued": false,
            "agents": ["scout", "demo"], "skills": ["rust"], "model": "large",
            "retry": { "exited_non_zero": { "max": 2, "backoff": { "kind": "exponential", "first": 1000, "cap": 9000, "jitter": 0.5 } } },
            "gate": [{ "kind": "check", "command": ["true"], "timeout": 60 }], "round": 3, "issue": null, "outcome": null,
        });
        for (name, value) in more.as_object().unwrap() {
            task[name] = value.clone();
        }
        task
    };
    let run = |uid: &str, attempt: u32, more: Value| {
        let mut run = json!({
            "type": "run", "uid": uid, "task": "a", "attempt": attempt, "agent": "scout", "agent_version": "1.0",
            "mode": "unattended", "model": "large", "argv": ["a", "b"], "outcome": "failed", "cause": "exited_non_zero",
            "reason": "why", "created_at": 1, "started_at": 2, "ended_at": 3, "exit_code": 4, "signal": 9,
            "last_line": "the end", "rule": "a rule", "tokens_in": 1, "tokens_out": 2, "tokens_cached": 3, "micros": 4,
            "estimated": true, "review_round": null, "review_step": null,
        });
        for (name, value) in more.as_object().unwrap() {
            run[name] = value.clone();
        }
        run
    };
    let project = |uid: &str, path: &str, removed_at: Value| {
        json!({ "type": "project", "uid": uid, "name": "harbor", "path": path, "settings": { "triage": true },
            "repositories": [{ "directory": "docs", "path": format!("{path}/docs"), "base": "main" }],
            "created_at": 1, "removed_at": removed_at })
    };
    vec![
        project("p", "/code/harbor", Value::Null),
        project("gone", "/code/gone", json!(7)),
        json!({ "type": "agent", "uid": "s", "name": "scout", "title": "Scout", "kind": "custom", "profile": { "program": "sh" },
            "role": "reviewer", "instructions": "Look twice.", "skills": ["rust"], "max_capacity": 3, "model": "large",
            "enabled": false, "retry": { "exited_non_zero": { "max": 1, "backoff": { "kind": "exponential", "first": 1000, "cap": 9000, "jitter": 0.5 } } },
            "breaker": { "threshold": 5, "cool_down": 2000, "longest": 9000 }, "registered_at": 1, "updated_at": 2 }),
        task(
            "a",
            3,
            json!({ "held": "Which colour?",
            "issue": { "repository": "kim/harbor", "number": 4, "title": "Fix", "labels": ["ui"], "state": "completed" },
            "outcome": { "outcome": "partial", "error_message": "e", "resolution": "r", "feedback_rating": 4, "feedback_notes": "n",
                "estimated_hours": 1.5, "actual_hours": 2.5, "metadata": { "x": 1 }, "created_by": "Ada" } }),
        ),
        task("b", 5, json!({ "queued": true })),
        task("c", 7, json!({ "status": "done", "finished_at": 4, "trashed_at": 6 })),
        json!({ "type": "subtask", "task": "b", "parent": "a" }),
        json!({ "type": "edge", "task": "b", "upstream": "a", "need": "any" }),
        json!({ "type": "comment", "task": "a", "author": "agent:scout", "body": "Look", "at": 9 }),
        json!({ "type": "comment", "task": "a", "author": "you", "body": "I did", "at": 9,
            "answers": { "author": "agent:scout", "at": 9, "nth": 0 } }),
        run("r1", 1, json!({})),
        run("r2", 2, json!({ "review_round": 3, "review_step": 1 })),
        json!({ "type": "review", "task": "a", "run": "r1", "review_run": "r2", "round": 3, "step": 1, "kind": "agent",
            "reviewer": "scout", "outcome": "rejected", "notes": "Not yet", "prompt": "Judge", "at": 8 }),
        json!({ "type": "schedule", "uid": "w", "name": "audit", "project": "p", "words": "weekly", "cron": "0 2 * * 0",
            "zone": "Europe/Berlin", "title": "Audit {date}", "description": "All", "priority": 9, "tags": ["ops"],
            "assignee": "scout", "status": "ready", "misfire": "all", "cap": 4, "overlap": "queue", "paused": true,
            "created_at": 1, "updated_at": 2 }),
        json!({ "type": "filter", "name": "urgent", "project": "p", "rule": { "text": "fix", "tags": ["ui"], "project": null,
            "agent": "scout", "priority": 8, "due": "week" } }),
        json!({ "type": "attachment", "task": "a", "name": "notes.md", "at": 4, "data": "b".repeat(64) }),
    ]
}

async fn export(store: &TempStore) -> Vec<Value> {
    let mut records = Vec::new();
    for kind in PortableKind::ALL {
        let (page, _) = store.export(kind, 0, 100).await.unwrap();
        records.extend(page.iter().map(|record| serde_json::to_value(record).unwrap()));
    }
    records
}

#[tokio::test]
async fn a_board_on_which_everything_is_set_is_read_in_as_it_was_written_out() {
    let store = TempStore::new().await;
    // Numbers of rows here and there differ.
    let other = json!({ "type": "project", "uid": "o", "name": "other", "path": "/other", "created_at": 1 });
    store.import(vec![serde_json::from_value(other.clone()).unwrap()], Vec::new(), 10).await.unwrap();
    let board = whole_board();
    let records: Vec<Record> =
        board.iter().map(|record| serde_json::from_value(record.clone()).unwrap()).collect();
    let content = PortableContent { kind: "markdown".into(), size: 1, hash: "b".repeat(64) };
    let imported = store.import(records, vec![content], 11).await.unwrap();
    assert_eq!(imported.added as usize, board.len(), "{imported:?}");
    let there = export(&store).await;
    assert_eq!(there[1..], board[..]);

    // And there is no column that travels which this board leaves at its default.
    let file = Connection::open(store.file()).unwrap();
    let mut unset = Vec::new();
    for (table, column, default) in columns(&file) {
        let (_, travel, _) = TABLES.iter().find(|(name, _, _)| *name == table).unwrap();
        if !words(travel).any(|word| word == column) {
            continue;
        }
        let default = default.unwrap_or_else(|| "NULL".into());
        let sql = format!(
            "SELECT count(*) FROM {table} WHERE {column} IS NOT NULL AND {column} IS NOT ({default})"
        );
        let set: i64 = file.query_row(&sql, [], |row| row.get(0)).unwrap();
        if set == 0 {
            unset.push(format!("{table}.{column}"));
        }
    }
    assert_eq!(unset, Vec::<String>::new());
}
