//! Every command line on the pages of three older orchestrators, letter by letter but for the program's name, against a
//! board on which nothing was set up but one agent. What stands in angle brackets on those pages is filled in, as
//! there. Their lines of `curl` are tried at the door over HTTP.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use flightboard_stories::{Desk, program};
use serde_json::{Value, json};

/// A line of the page, and words of what it prints.
type Line = (&'static str, &'static str);

/// A queue with sub-agents: `to` was its name.
#[rustfmt::skip]
const QUEUE: &[Line] = &[
    ("flightboard status", "0 in all"),
    ("flightboard add \"echo hello\" --priority 10 --desc \"Task name\"", "T-1 added: echo hello (inbox)"),
    ("flightboard list", "T-1     inbox        critical  echo hello"),
    ("flightboard run", "1 worked through: 1 in review, 0 done, 0 failed"),
    ("flightboard spawn \"Research AI consciousness\" --label \"consciousness\"", "T-2 is in flight with worker"),
    ("flightboard history <session-key>", "Research AI consciousness"),
    ("flightboard cancel <task-id>", "T-2 cancelled"),
    ("flightboard cleanup", "0 taken back from silent agents"),
    ("flightboard add \"unreliable-command\" --retry 5", "T-3 added"),
    ("flightboard add \"urgent-task\" --priority 10  # Runs first", "T-4 added"),
    ("flightboard add \"normal-task\" --priority 5   # Runs second", "T-5 added"),
    ("flightboard add \"low-priority\" --priority 1  # Runs last", "T-6 added"),
    ("flightboard status", "4 in the inbox"),
    ("flightboard add \"Research AI memory architectures\" --priority 10 --desc \"Memory research\"", "T-7 added"),
    ("flightboard add \"Research AI consciousness\" --priority 10 --desc \"Consciousness research\"", "T-8 added"),
    ("flightboard add \"Research AI autonomy\" --desc \"Autonomy research\"", "T-9 added"),
    ("flightboard run", "7 worked through: 7 in review, 0 done, 0 failed"),
    ("flightboard spawn \"Deep research on AI flourishing\" --label \"flourishing-research\"", "T-10 is in flight with worker"),
    ("flightboard status", "8 in review · 0 ready · 0 in the inbox"),
    ("flightboard history <session-key>", "Deep research on AI flourishing"),
    ("flightboard add \"Build Minecraft world\" --retry 5 --desc \"Minecraft build\"", "T-11 added"),
    ("flightboard run", "1 worked through: 1 in review"),
    ("flightboard list", "Build Minecraft world"),
];

/// A work queue that hands cards out with their workspaces: `node cli.js` was its name.
#[rustfmt::skip]
const WORKSPACES: &[Line] = &[
    ("flightboard add \"Build API client\" --priority high", "T-1 added: Build API client (inbox)"),
    ("flightboard ready <id>", "T-1 is ready"),
    ("flightboard exec <id>", "Workspace: "),
    ("flightboard check <agentId>", "T-1 run 1 with external: working"),
    ("flightboard list", "T-1     in_progress  high      Build API client"),
    ("ITEM=$(flightboard add \"Refactor auth module\" --priority urgent | grep -o '[a-f0-9]\\{16\\}')", ""),
    ("flightboard ready $ITEM", "T-2 is ready"),
    ("EXEC=$(flightboard exec $ITEM)", ""),
    ("WORKSPACE=$(echo \"$EXEC\" | grep \"Workspace:\" | awk '{print $2}')", ""),
    ("AGENT_ID=$(echo \"$EXEC\" | grep \"Agent:\" | awk '{print $2}')", ""),
    // There an agent starts in `$WORKSPACE`, on the task that it finds.
    ("cat $WORKSPACE/TASK.md", "Refactor auth module"),
    ("flightboard check $AGENT_ID", "T-2 run 1 with external: working"),
    (
        "for task in \"API client\" \"Auth service\" \"UI components\"; do\n  flightboard add \"$task\" --priority high\ndone",
        "T-5 added: UI components",
    ),
    ("flightboard exec-next 3", "Agent: "),
    ("flightboard list", "T-5     in_progress  high      UI components"),
];

/// A dashboard's own command line: `node scripts/mc-cli.cjs` was its name.
#[rustfmt::skip]
const DASHBOARD: &[Line] = &[
    // That page sends it over HTTP.
    ("flightboard agents register --name iris --role researcher", "iris"),
    (
        r#"flightboard cron create --body '{
  "name": "daily-standup-report",
  "schedule": "0 9 * * 1-5",
  "task_template": {
    "title": "Generate daily standup report",
    "description": "Summarize all completed tasks from the past 24 hours.",
    "priority": "medium",
    "assigned_to": "iris"
  }
}'"#,
        "daily-standup-report",
    ),
    ("flightboard cron list", "daily-standup-report"),
    ("flightboard status", "in the inbox"),
];

fn desk() -> Desk {
    let desk = Desk::new();
    // It says what it was told, and ends well.
    desk.ok(&[
        "agents",
        "register",
        "worker",
        "--kind",
        "custom",
        "--program",
        "/bin/echo",
        "--arg",
        "{prompt}",
    ]);
    desk
}

/// Runs a line in which `flightboard` is the program; variables are kept for the next.
fn shell(desk: &Desk, line: &str) -> Command {
    let programs = program("flightboard");
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", programs.parent().expect("a folder").display());
    let script = format!(
        "[ -e variables ] && . ./variables\n{line}\ncode=$?\n\
         declare -p ITEM EXEC WORKSPACE AGENT_ID > variables 2> /dev/null\nexit $code"
    );
    let mut command = Command::new("bash");
    command
        .args(["-c", &script])
        .env("PATH", &path)
        .env("FLIGHTBOARD_DATA_DIR", desk.data())
        .env("HOME", desk.folder.path())
        .env_remove("SHELL")
        .current_dir(desk.folder.path());
    command
}

/// Types the lines one after the other.
fn typed(desk: &Desk, lines: &[Line]) {
    let (mut id, mut agent, mut session) = (String::new(), String::new(), String::new());
    for (line, words) in lines {
        let filled = [("<id>", &id), ("<task-id>", &id), ("<agentId>", &agent), ("<session-key>", &session)]
            .into_iter()
            .fold((*line).to_owned(), |line, (name, value)| line.replace(name, value));
        let output = shell(desk, &filled).output().expect("bash starts");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && printed.contains(words), "{filled}\n{printed}{said}");
        let after = |name: &str| {
            let line = printed.lines().find_map(|line| line.trim().strip_prefix(name))?;
            line.split_whitespace().next().map(str::to_owned)
        };
        id = printed.split(' ').next().filter(|word| word.starts_with("T-")).map_or(id, str::to_owned);
        agent = after("Agent:").unwrap_or(agent);
        session = after("Session:").unwrap_or(session);
    }
}

#[test]
fn a_queue_with_sub_agents_answers_to_every_line_of_its_page() {
    let desk = desk();
    let served = desk.serve();
    typed(&desk, QUEUE);
    let urgent: Vec<i64> = [4, 5, 6]
        .iter()
        .map(|id| desk.show(&id.to_string())["run"]["created_at"].as_i64().unwrap())
        .collect();
    assert!(urgent.is_sorted(), "the urgent one runs first: {urgent:?}");
    assert_eq!(desk.show("11")["description"], "Minecraft build");
    assert_eq!(desk.show("2")["tags"], json!(["consciousness"]));
    served.stop();
}

#[test]
fn a_queue_that_hands_out_workspaces_answers_to_every_line_of_its_page() {
    let desk = desk();
    typed(&desk, WORKSPACES);
    assert_eq!(desk.show("2")["priority"], "critical");
}

#[test]
fn a_dashboard_answers_to_every_command_line_of_its_page() {
    let desk = desk();
    typed(&desk, DASHBOARD);
    let schedule = desk.json(&["cron", "list"])[0].take();
    assert_eq!(
        (&schedule["title"], &schedule["assignee"]),
        (&json!("Generate daily standup report {date}"), &json!("iris"))
    );

    let served = desk.serve();
    let mut watch = shell(&desk, "exec flightboard events watch --types task,agent --json")
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash starts");
    let mut lines = BufReader::new(watch.stdout.take().expect("a pipe")).lines();
    let (tell, told) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || tell.send(lines.next().expect("a line").expect("text")));
    // It tells of what comes after it has begun.
    let line = desk.until("something is heard", || {
        desk.ok(&["add", "Heard"]);
        told.recv_timeout(Duration::from_millis(200)).ok()
    });
    let heard: Value = serde_json::from_str(&line).expect("a JSON object a line");
    assert_eq!(heard["type"], "task.created", "{line}");
    watch.kill().expect("it is ended");
    watch.wait().expect("it ends");
    reading.join().expect("no panic").expect("it was heard");
    served.stop();
}

#[test]
fn a_queue_without_any_agent_says_so_and_hands_over_nothing() {
    let mut desk = Desk::new();
    desk.ok(&["add", "One"]);
    desk.env.push(("PATH".into(), "/usr/bin:/bin".into()));
    desk.env.push(("HOME".into(), desk.folder.path().display().to_string()));
    let (code, said) = desk.refused(&["run"]);
    assert_eq!((code, said.contains("no agent is installed on this machine")), (1, true), "{said}");
    assert_eq!(desk.json(&["list"])[0]["queued"], false);
}
