//! Boards that travel: to JSON lines and Markdown and back, out of a Vibe Kanban file, and together with the
//! issues of a repository. GitHub is played by a server on loopback that speaks its protocol: pages with
//! links to the next, pull requests among the issues, keys, edits by PATCH.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
};

use flightboard_stories::Desk;
use serde_json::{Value, json};

fn worked_with() -> Desk {
    let desk = Desk::new();
    let repository = desk.repository("harbor");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["agents", "register", "scout", "--role", "reviewer", "--instructions", "Look\n---\ntwice."]);
    desk.ok(&[
        "add",
        "Fix: the “login”",
        "--project",
        "harbor",
        "--tag",
        "ui",
        "--description",
        "# Why\n\n---\nÜber.\n",
    ]);
    desk.ok(&["add", "Then", "--after", "1", "--priority", "9"]);
    desk.ok(&[
        "run",
        "1",
        "--agent",
        "custom",
        "--wait",
        "--",
        "sh",
        "-c",
        "mkdir -p artifacts; echo x > artifacts/x",
    ]);
    desk.ok(&["reject", "1", "--notes", "Not yet.\n"]);
    desk.refused(&["run", "1", "--agent", "custom", "--wait", "--", "false"]);
    desk.ok(&["tasks", "comments", "1", "--add", "---\nLook: \"here\"\n"]);
    desk.ok(&["add", "Old"]);
    desk.ok(&["trash", "put", "3"]);
    desk.ok(&["add", "A part", "--parent", "1"]);
    let note = desk.folder.path().join("a note.md");
    std::fs::write(&note, "# Note\n").unwrap();
    desk.ok(&["attach", "2", note.to_str().unwrap()]);
    desk.ok(&[
        "cron",
        "create",
        "--name",
        "audit",
        "--schedule",
        "0 0 29 2 *",
        "--title",
        "Audit",
        "--zone",
        "UTC",
    ]);
    desk
}

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn a_board_comes_back_from_json_lines_and_from_markdown_as_it_was() {
    let desk = worked_with();
    let at = |name: &str| desk.folder.path().join(name).to_str().unwrap().to_owned();
    let (lines, folder) = (at("board.jsonl"), at("board"));
    desk.ok(&["export", &lines]);
    desk.ok(&["export", &folder, "--markdown"]);
    let there = std::fs::read_to_string(&lines).unwrap();
    assert_eq!(desk.ok(&["export", "-"]), there);
    for kind in
        ["project", "agent", "task", "subtask", "edge", "comment", "run", "review", "schedule", "attachment"]
    {
        assert!(there.contains(&format!("{{\"type\":\"{kind}\"")), "{kind} is missing");
    }
    let card =
        std::fs::read_to_string(desk.folder.path().join("board/cards/T-1-fix-the-login/card.md")).unwrap();
    assert!(
        card.contains("title: \"Fix: the “login”\"\n") && card.ends_with("---\n\n# Why\n\n---\nÜber.\n"),
        "{card}"
    );

    for (from, exactly) in [(&lines, true), (&folder, false)] {
        let other = Desk::new();
        other.ok(&["import", from]);
        let here = other.ok(&["export", "-"]);
        assert_eq!(sorted(&here), sorted(&there), "{from}");
        assert!(!exactly || here == there, "the order is the same, too");
        let again = other.json(&["import", from]);
        assert_eq!((&again["added"], &again["left_out"]), (&json!(0), &json!(0)), "{from}: {again}");
        assert_eq!(other.json(&["show", "2"])["title"], "Then");
        let out = other.folder.path().join("out");
        other.ok(&["attachments", "2", "--out", out.to_str().unwrap()]);
        assert_eq!(std::fs::read_to_string(out.join("a note.md")).unwrap(), "# Note\n");
    }
    let (_, said) = desk.refused(&["export", &folder, "--markdown"]);
    assert!(said.contains("is not empty"), "{said}");
    let (_, said) = desk.refused(&["import", desk.repository("harbor2").join("a.txt").to_str().unwrap()]);
    assert!(said.contains("is no export of a board"), "{said}");
}

/// The tables as its migrations leave them, as far as they matter here.
const VIBE_KANBAN: &str = "
CREATE TABLE projects (id BLOB PRIMARY KEY, name TEXT NOT NULL, created_at TEXT NOT NULL DEFAULT (datetime('now', 'subsec')));
CREATE TABLE repos (id BLOB PRIMARY KEY, path TEXT NOT NULL UNIQUE, name TEXT NOT NULL, display_name TEXT NOT NULL);
CREATE TABLE project_repos (id BLOB PRIMARY KEY, project_id BLOB NOT NULL, repo_id BLOB NOT NULL);
CREATE TABLE workspaces (id BLOB PRIMARY KEY, task_id BLOB NOT NULL);
CREATE TABLE tasks (id BLOB PRIMARY KEY, project_id BLOB NOT NULL, title TEXT NOT NULL, description TEXT,
  status TEXT NOT NULL DEFAULT 'todo', parent_workspace_id BLOB, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
INSERT INTO projects VALUES (x'00000000000040008000000000000001', 'Harbor', '2025-11-02 10:00:00.250');
INSERT INTO repos VALUES (x'00000000000040008000000000000002', '/src/harbor', 'harbor', 'harbor'),
  (x'00000000000040008000000000000003', '/src/docs', 'docs', 'docs');
INSERT INTO project_repos VALUES (x'01', x'00000000000040008000000000000001', x'00000000000040008000000000000002'),
  (x'02', x'00000000000040008000000000000001', x'00000000000040008000000000000003');
INSERT INTO workspaces VALUES (x'00000000000040008000000000000009', x'00000000000040008000000000000011');
INSERT INTO tasks VALUES
  (x'00000000000040008000000000000011', x'00000000000040008000000000000001', 'Retry uploads', 'From the last part.', 'inprogress', NULL, '2025-11-02 10:00:00.250', '2025-11-03 10:00:00'),
  (x'00000000000040008000000000000012', x'00000000000040008000000000000001', 'Split off', NULL, 'todo', x'00000000000040008000000000000009', '2025-11-04 10:00:00', '2025-11-04 10:00:00'),
  (x'00000000000040008000000000000013', x'00000000000040008000000000000001', 'Looked at', NULL, 'inreview', NULL, '2025-11-05 10:00:00', '2025-11-05 10:00:00'),
  (x'00000000000040008000000000000014', x'00000000000040008000000000000001', 'Over', NULL, 'done', NULL, '2025-11-06 10:00:00', '2025-11-06 10:00:00'),
  (x'00000000000040008000000000000015', x'00000000000040008000000000000001', 'Given up', NULL, 'cancelled', NULL, '2025-11-07 10:00:00', '2025-11-07 10:00:00');
";

/// Before projects had several repositories.
const VIBE_KANBAN_FIRST: &str = "
CREATE TABLE projects (id BLOB PRIMARY KEY, name TEXT NOT NULL, git_repo_path TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL);
CREATE TABLE task_attempts (id BLOB PRIMARY KEY, task_id BLOB NOT NULL);
CREATE TABLE tasks (id BLOB PRIMARY KEY, project_id BLOB NOT NULL, title TEXT NOT NULL, description TEXT,
  status TEXT NOT NULL DEFAULT 'todo', parent_task_attempt BLOB, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
INSERT INTO projects VALUES (x'00000000000040008000000000000001', 'Harbor', '/src/harbor', '2025-08-02 10:00:00');
INSERT INTO tasks VALUES (x'00000000000040008000000000000011', x'00000000000040008000000000000001', 'Early', NULL, 'todo', NULL, '2025-08-02 10:00:00', '2025-08-02 10:00:00');
";

/// Makes the file with Python's own SQLite, so that it is not ours that reads its own writing.
fn vibe_kanban(desk: &Desk, name: &str, sql: &str) -> String {
    let path = desk.folder.path().join(name).to_str().unwrap().to_owned();
    let script = "import sqlite3, sys\nfile = sqlite3.connect(sys.argv[1])\nfile.executescript(sys.argv[2])\nfile.close()";
    let status = Command::new("python3").args(["-c", script, &path, sql]).status().expect("python3 starts");
    assert!(status.success());
    path
}

#[test]
fn a_vibe_kanban_board_is_taken_over_and_its_file_left_as_it_was() {
    let desk = Desk::new();
    let file = vibe_kanban(&desk, "db.v2.sqlite", VIBE_KANBAN);
    let before = std::fs::read(&file).unwrap();
    assert_eq!(
        desk.json(&["import", "--vibe-kanban", &file]),
        json!({ "added": 7, "known": 0, "left_out": 0 })
    );
    assert_eq!(desk.json(&["import", "--vibe-kanban", &file])["added"], 0);
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let columns: Vec<Value> = (1..=5).map(|id| desk.show(&id.to_string())["status"].clone()).collect();
    assert_eq!(columns, ["ready", "inbox", "review", "done", "cancelled"]);
    let first = desk.show("1");
    assert_eq!(
        (&first["title"], &first["description"]),
        (&json!("Retry uploads"), &json!("From the last part."))
    );
    assert_eq!(
        (&first["created_at"], &first["uid"]),
        (&json!(1_762_077_600_250_i64), &json!("00000000-0000-4000-8000-000000000011"))
    );
    assert_eq!((&desk.show("2")["parent"], &desk.show("2")["tags"]), (&json!(1), &json!([])));
    let project = desk.json(&["project", "list"])[0].take();
    assert_eq!(
        (&project["path"], &project["repositories"][0]["path"]),
        (&json!("/src/harbor"), &json!("/src/docs"))
    );

    let other = Desk::new();
    let file = vibe_kanban(&other, "db.sqlite", VIBE_KANBAN_FIRST);
    other.ok(&["import", "--vibe-kanban", &file]);
    assert_eq!(other.show("1")["title"], "Early");
    let text = other.folder.path().join("notes.txt");
    std::fs::write(&text, "no database".repeat(100)).unwrap();
    let (_, said) = other.refused(&["import", "--vibe-kanban", text.to_str().unwrap()]);
    assert!(said.contains("cannot be read as a Vibe Kanban database"), "{said}");
}

/// GitHub's issues of one repository.
#[derive(Clone)]
struct Github {
    address: String,
    issues: Arc<Mutex<BTreeMap<i64, Value>>>,
    /// Method and path of every request.
    asked: Arc<Mutex<Vec<String>>>,
}

const KEY: &str = "ghp_story";
/// Smaller than is asked for, so that there are several pages.
const PAGE: usize = 2;

impl Github {
    fn start() -> Github {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let github = Github {
            address: format!("http://{}", listener.local_addr().expect("its address")),
            issues: Arc::default(),
            asked: Arc::default(),
        };
        let serving = github.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let github = serving.clone();
                std::thread::spawn(move || github.answer_all(stream));
            }
        });
        github
    }

    fn put(&self, number: i64, title: &str, labels: &[&str], state: &str) {
        let labels: Vec<Value> =
            labels.iter().map(|name| json!({ "id": 1, "name": name, "color": "ededed" })).collect();
        let issue = json!({
            "number": number, "title": title, "body": "As seen.", "labels": labels, "state": state, "state_reason": null,
            "user": { "login": "kim" }, "comments": 0,
        });
        self.issues.lock().unwrap().insert(number, issue);
    }

    fn issue(&self, number: i64) -> Value {
        self.issues.lock().unwrap()[&number].clone()
    }

    fn labels(&self, number: i64) -> Vec<String> {
        let issue = self.issue(number);
        let labels = issue["labels"].as_array().unwrap().clone();
        labels.iter().map(|label| label["name"].as_str().unwrap().to_owned()).collect()
    }

    fn edits(&self) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.starts_with("PATCH")).count()
    }

    fn answer_all(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut writer = stream;
        loop {
            let mut head = String::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if line == "\r\n" {
                    break;
                }
                head.push_str(&line);
            }
            let lower = head.to_ascii_lowercase();
            let length: usize = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.trim().parse().unwrap());
            let chunked = lower.contains("transfer-encoding: chunked");
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            if chunked {
                body = read_chunks(&mut reader);
            }
            let (status, links, answer) = self.answer(&head, &body);
            let text = answer.to_string();
            let links = links.map(|links| format!("link: {links}\r\n")).unwrap_or_default();
            let sent = write!(
                writer,
                "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\n{links}content-length: {}\r\n\r\n{text}",
                text.len()
            );
            if sent.is_err() {
                return;
            }
        }
    }

    fn answer(&self, head: &str, body: &[u8]) -> (&'static str, Option<String>, Value) {
        let mut words = head.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        self.asked.lock().unwrap().push(format!("{method} {path}"));
        if !head.contains(&format!("Bearer {KEY}")) {
            return ("401 Unauthorized", None, json!({ "message": "Bad credentials" }));
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let Some(rest) = path.strip_prefix("/repos/kim/harbor/issues") else {
            return ("404 Not Found", None, json!({ "message": "Not Found" }));
        };
        let mut issues = self.issues.lock().unwrap();
        if method == "GET" {
            assert!(query.contains("state=all"), "closed ones are asked for, too: {query}");
            let page: usize = query
                .split('&')
                .find_map(|pair| pair.strip_prefix("page="))
                .map_or(1, |n| n.parse().unwrap());
            let list: Vec<Value> = issues.values().skip((page - 1) * PAGE).take(PAGE).cloned().collect();
            let next = (issues.len() > page * PAGE).then(|| {
                format!(
                    "<{}{path}?state=all&page={}>; rel=\"next\", <{0}{path}?page=9>; rel=\"last\"",
                    self.address,
                    page + 1
                )
            });
            return ("200 OK", next, json!(list));
        }
        assert_eq!(method, "PATCH");
        let number: i64 = rest.trim_start_matches('/').parse().unwrap();
        let edit: Value = serde_json::from_slice(body).unwrap();
        let issue = issues.get_mut(&number).unwrap();
        for (name, value) in edit.as_object().unwrap() {
            issue[name] = match name.as_str() {
                "labels" => {
                    value.as_array().unwrap().iter().map(|name| json!({ "id": 1, "name": name })).collect()
                }
                _ => value.clone(),
            };
        }
        ("200 OK", None, issue.clone())
    }
}

fn read_chunks(reader: &mut impl BufRead) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut piece = vec![0; size + 2];
        reader.read_exact(&mut piece).unwrap();
        if size == 0 {
            return body;
        }
        body.extend(&piece[..size]);
    }
}

#[test]
fn issues_and_cards_are_brought_together_both_ways() {
    let github = Github::start();
    github.put(1, "Login fails", &["bug"], "open");
    github.put(2, "Long gone", &[], "closed");
    github.put(3, "Docs", &["docs", "needs, thought"], "open");
    github.issues.lock().unwrap().insert(4, json!({ "number": 4, "title": "A change", "body": null, "labels": [], "state": "open", "pull_request": {} }));
    github.put(5, "Slow", &[], "open");
    let mut desk = Desk::new();
    desk.env.push(("GITHUB_API_URL".into(), github.address.clone()));
    let (_, said) = desk.refused(&["github", "sync", "kim/harbor"]);
    assert!(said.contains("GitHub answered 401: Bad credentials"), "{said}");
    desk.env.push(("GITHUB_TOKEN".into(), KEY.into()));
    let sync = || desk.json(&["github", "sync", "kim/harbor"]);

    let first = sync();
    assert_eq!(
        (&first["added"], &first["edits"]),
        (&json!([1, 2, 3]), &json!([])),
        "no card for a closed issue or a pull request"
    );
    assert_eq!((&desk.show("1")["title"], &desk.show("1")["tags"]), (&json!("Login fails"), &json!(["bug"])));
    assert_eq!(desk.show("2")["tags"], json!(["docs"]), "a label that cannot be a tag stays on the issue");

    // Each side changes something, and one thing both.
    github.put(1, "Login fails on phones", &["bug", "mobile"], "open");
    desk.ok(&["tasks", "update", "1", "--tag", "bug", "--tag", "p1"]);
    desk.ok(&["tasks", "update", "2", "--title", "Documentation", "--tag", "docs", "--tag", "easy"]);
    desk.ok(&["move", "3", "done"]);
    let second = sync();
    assert_eq!((&second["added"], &second["refused"]), (&json!([]), &json!([])));
    assert_eq!(
        (&desk.show("1")["title"], &desk.show("1")["tags"]),
        (&json!("Login fails on phones"), &json!(["bug", "mobile", "p1"]))
    );
    assert_eq!(github.labels(1), ["bug", "mobile", "p1"]);
    assert_eq!(
        (&github.issue(3)["title"], github.labels(3)),
        (&json!("Documentation"), vec!["docs".to_owned(), "easy".into(), "needs, thought".into()])
    );
    assert_eq!(
        (&github.issue(5)["state"], &github.issue(5)["state_reason"]),
        (&json!("closed"), &json!("completed"))
    );

    let edits = github.edits();
    let third = sync();
    assert_eq!(
        (&third["changed"], &third["edits"], github.edits()),
        (&json!([]), &json!([]), edits),
        "once more changes nothing"
    );

    github.put(1, "Login fails on phones", &["bug", "mobile", "p1"], "closed");
    github.put(5, "Slow", &[], "open");
    desk.ok(&["trash", "put", "2"]);
    github.put(3, "Documentation, again", &[], "open");
    sync();
    assert_eq!((&desk.show("1")["status"], &desk.show("3")["status"]), (&json!("done"), &json!("inbox")));
    assert_eq!(desk.show("2")["title"], "Documentation", "a card in the trash is left alone");
    let (_, said) = desk.refused(&["github", "sync", "../harbor"]);
    assert!(said.contains("is no repository"), "{said}");
}

#[test]
fn a_dry_run_tells_github_nothing() {
    let github = Github::start();
    github.put(1, "One", &[], "open");
    let mut desk = Desk::new();
    desk.env.push(("GITHUB_API_URL".into(), github.address.clone()));
    desk.env.push(("GITHUB_TOKEN".into(), KEY.into()));
    desk.ok(&["github", "sync", "kim/harbor"]);
    desk.ok(&["cancel", "1"]);
    let tried = desk.json(&["github", "sync", "kim/harbor", "--dry-run"]);
    assert_eq!((&tried["edits"][0]["state"], github.edits()), (&json!("not_planned"), 0));
    desk.ok(&["github", "sync", "kim/harbor"]);
    assert_eq!((&github.issue(1)["state_reason"], github.edits()), (&json!("not_planned"), 1));
}
