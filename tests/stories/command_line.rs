//! The command lines of older orchestrators, with the name of the program changed: as their pages have them,
//! through a shell. And the stream of events, which misses nothing and repeats nothing.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};

use flightboard_stories::{Desk, program};
use serde_json::{Value, json};

/// Runs a script in which `flightboard` is the real program; what it printed.
fn shell(desk: &Desk, script: &str) -> String {
    let programs = program("flightboard");
    let mut path = programs.parent().expect("a folder").as_os_str().to_owned();
    path.push(":/usr/local/bin:/usr/bin:/bin");
    let mut child = Command::new("bash")
        .args(["-euo", "pipefail", "-s"])
        .env("PATH", path)
        .env("FLIGHTBOARD_DATA_DIR", desk.data())
        .env("FLIGHTBOARD_DEMO_PACE", "0.02")
        .env_remove("SHELL")
        .current_dir(desk.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash starts");
    child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("the script is taken");
    let output = child.wait_with_output().expect("bash ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script}\n{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn a_card_is_added_readied_handed_out_and_checked_by_the_words_of_a_shell_script() {
    let desk = Desk::new();
    let said = shell(
        &desk,
        r#"
        ITEM=$(flightboard add "Refactor auth module" --priority urgent | grep -o '[a-f0-9]\{16\}')
        flightboard ready $ITEM
        EXEC=$(flightboard exec $ITEM)
        WORKSPACE=$(echo "$EXEC" | grep "Workspace:" | awk '{print $2}')
        AGENT_ID=$(echo "$EXEC" | grep "Agent:" | awk '{print $2}')
        grep -q "Refactor auth module" "$WORKSPACE/TASK.md"
        flightboard check $AGENT_ID
        echo "a result" > "$WORKSPACE/artifacts/result.txt"
        echo "All of auth is refactored." > "$WORKSPACE/COMPLETION.md"
        flightboard check $AGENT_ID
        flightboard list
        "#,
    );
    assert!(said.contains("T-1 run 1 with external: working"), "{said}");
    assert!(said.contains("T-1 run 1 with external: succeeded"), "{said}");
    let card = desk.show("1");
    assert_eq!((card["status"].as_str(), card["priority"].as_str()), (Some("review"), Some("critical")));
    assert_eq!(card["artifacts"][0]["path"], "result.txt");
    assert_eq!(card["comments"][0]["body"], "All of auth is refactored.");
}

#[test]
fn the_next_cards_are_handed_out_at_once_and_one_that_waits_is_passed_over() {
    let desk = Desk::new();
    shell(
        &desk,
        r#"
        for task in "API client" "Auth service" "UI components"; do
          flightboard add "$task" --priority high
        done
        "#,
    );
    desk.ok(&["add", "First of all", "--priority", "critical", "--after", "1"]);
    let handed = desk.json(&["exec-next", "2"]);
    let keys: Vec<&str> = handed.as_array().unwrap().iter().filter_map(|one| one["key"].as_str()).collect();
    assert_eq!(keys, ["T-1", "T-2"], "T-4 is more urgent but waits for T-1");
    let workspace = handed[0]["workspace"].as_str().unwrap();
    std::fs::write(format!("{workspace}/BLOCKED.md"), "# Blocked\n\nWhich API?\n").unwrap();
    let agent = handed[0]["agent"].as_str().unwrap();
    let (code, said) = desk.refused(&["check", agent]);
    assert_eq!((code, said.contains("Which API?")), (3, true), "{said}");
    let card = desk.show("1");
    assert_eq!((&card["status"], &card["why"]), (&json!("ready"), &json!("Blocked: Which API?")));
    let (code, said) = desk.refused(&["check", "2:wrong"]);
    assert_eq!(code, 1, "{said}");
}

#[test]
fn a_queue_is_filled_worked_through_and_looked_at() {
    let desk = Desk::new();
    let said = shell(
        &desk,
        r#"
        flightboard add "echo hello" --priority 10 --desc "Task name"
        flightboard add "unreliable-command" --retry 5
        flightboard add "low-priority" --priority 1
        flightboard list
        flightboard run --agent demo
        flightboard status
        flightboard list
        "#,
    );
    assert!(said.contains("3 worked through: 3 in review, 0 done, 0 failed"), "{said}");
    assert!(said.contains("0 in flight · 3 in review · 0 ready · 0 in the inbox"), "{said}");
    let first = desk.show("1");
    assert_eq!((&first["description"], &first["priority_level"]), (&json!("Task name"), &json!(10)));
    let starts: Vec<i64> =
        (1..=3).map(|id| desk.show(&id.to_string())["run"]["created_at"].as_i64().unwrap()).collect();
    assert!(starts[0] <= starts[1] && starts[1] <= starts[2], "the urgent one began first: {starts:?}");
}

#[test]
fn an_agent_is_spawned_read_and_its_card_cancelled() {
    let desk = Desk::new();
    let said = shell(
        &desk,
        r#"
        flightboard spawn "Research AI consciousness" --label "consciousness" --agent demo > spawned
        SESSION=$(grep Session: spawned | awk '{print $2}')
        flightboard history $SESSION
        flightboard cancel T-1
        flightboard cleanup --workspaces 0
        "#,
    );
    assert!(said.contains("T-1 run 1 with demo: ") && said.contains("you: added to Inbox"), "{said}");
    let card = desk.show("1");
    assert_eq!((&card["status"], &card["tags"]), (&json!("cancelled"), &json!(["consciousness"])));
    assert!(!desk.data().join("workspaces/t-1").exists());
}

#[test]
fn cards_agents_and_schedules_answer_to_the_words_of_a_dashboard() {
    let desk = Desk::new();
    shell(
        &desk,
        r#"
        flightboard agents register --name iris --role researcher
        flightboard agents heartbeat iris
        flightboard agents list
        flightboard tasks create --title "Research competitors" --body '{"assigned_to":"iris","priority":"medium"}' --json
        flightboard tasks queue --agent iris --max-capacity 2
        flightboard tasks update 1 --body '{"title": "Research all competitors", "tags": ["q3"]}'
        flightboard tasks comments 1 --add "Mind the small ones."
        flightboard tasks comments --id 1
        flightboard tasks get --id 1 --json
        flightboard cron create --body '{
          "name": "daily-standup-report",
          "schedule": "0 9 * * 1-5",
          "task_template": {
            "title": "Generate daily standup report",
            "description": "Summarize all completed tasks from the past 24 hours.",
            "priority": "medium",
            "assigned_to": "iris"
          }
        }'
        flightboard cron pause daily-standup-report
        flightboard cron resume daily-standup-report
        flightboard cron run daily-standup-report
        flightboard tasks delete 2
        flightboard cron remove daily-standup-report
        flightboard tasks list
        flightboard status --json
        "#,
    );
    let card = desk.show("1");
    assert_eq!((&card["title"], &card["tags"]), (&json!("Research all competitors"), &json!(["q3"])));
    assert_eq!((&card["status"], &card["run"]["agent"]), (&json!("in_progress"), &json!("iris")));
    assert_eq!(card["comments"][0]["body"], "Mind the small ones.");
    assert_eq!(desk.show("2")["trashed"], true);
    let (code, said) =
        desk.refused(&["tasks", "create", "--body", r#"{"title": "Site", "output": {"type": "repo"}}"#]);
    assert_eq!((code, said.contains("output into a repository is not possible yet")), (1, true), "{said}");
    let (_, said) = desk.refused(&["add", "Site", "--output", "{}"]);
    assert!(said.contains("output into a repository is not possible yet"), "{said}");
    let (_, said) = desk.refused(&["tasks", "create", "--body", r#"{"titel": "Site"}"#]);
    assert!(said.contains("unknown field `titel`"), "{said}");
}

/// `events watch --json` at work.
struct Watch {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
}

impl Watch {
    fn start(desk: &Desk, args: &[&str]) -> Watch {
        let mut child = Command::new(program("flightboard"))
            .args(["events", "watch", "--json"])
            .args(args)
            .env("FLIGHTBOARD_DATA_DIR", desk.data())
            .stdout(Stdio::piped())
            .spawn()
            .expect("flightboard starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        Watch { child, lines }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn events_come_as_lines_of_json_once_each_whoever_hosts_and_wherever_one_begins() {
    let desk = Desk::new();
    let served = desk.serve();
    desk.ok(&["add", "One"]);
    let mut watch = Watch::start(&desk, &["--after", "0"]);
    let first = watch.next();
    assert_eq!(
        (&first["type"], &first["task"], &first["seq"]),
        (&json!("task.created"), &json!(1), &json!(1))
    );
    desk.ok(&["move", "1", "done"]);
    assert_eq!(watch.next()["type"], "task.completed");
    served.kill();
    for n in 0..20 {
        desk.ok(&["add", &format!("Card {n}")]);
    }
    let mut heard = vec![first["seq"].as_i64().unwrap(), 2];
    while heard.len() < 22 {
        heard.push(watch.next()["seq"].as_i64().unwrap());
    }
    assert_eq!(heard, (1..=22).collect::<Vec<_>>(), "no gap, no repeat");

    let resumed = desk.ok(&["events", "watch", "--json", "--after", "20", "--count", "2"]);
    let seqs: Vec<i64> = resumed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(seqs, [21, 22]);
    desk.ok(&["agents", "register", "scout"]);
    let agents = desk.ok(&[
        "events",
        "watch",
        "--types",
        "agent,task.completed",
        "--after",
        "0",
        "--json",
        "--timeout-ms",
        "0",
    ]);
    let types: Vec<String> = agents
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["task.completed", "agent.created"]);
}

#[test]
fn the_dashboard_is_drawn_anew_after_each_change() {
    let desk = Desk::new();
    desk.ok(&["add", "One"]);
    let mut child = Command::new(program("flightboard"))
        .args(["status", "--watch", "--json"])
        .env("FLIGHTBOARD_DATA_DIR", desk.data())
        .stdout(Stdio::piped())
        .spawn()
        .expect("flightboard starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut picture = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    let inbox = |report: &Value| {
        let columns = report["columns"].as_array().unwrap();
        columns.iter().find(|entry| entry["column"] == "inbox").unwrap()["cards"].clone()
    };
    assert_eq!(inbox(&picture()), 1);
    desk.ok(&["add", "Two"]);
    assert_eq!(inbox(&picture()), 2);
    child.kill().unwrap();
    child.wait().unwrap();
}
