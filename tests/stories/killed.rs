//! The process that hosts the engine is killed at the worst moments; nobody's work notices.

use std::{collections::BTreeSet, fmt::Write as _, path::Path, sync::mpsc, time::Duration};

use flightboard_stories::{Desk, patience};
use serde_json::{Value, json};

/// Agents at work while the engine dies again and again.
const AGENTS: usize = 10;

/// How often; the campaign with 200 is `FLIGHTBOARD_KILLS=200`.
fn kills() -> u64 {
    std::env::var("FLIGHTBOARD_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// Writes numbered lines until a file appears, then says that it is done.
fn counting(go: &str) -> String {
    format!("n=0; while [ ! -e '{go}' ]; do n=$((n+1)); echo \"line $n\"; done; echo \"done $n\"")
}

#[test]
fn killing_the_engine_harms_no_agent_and_loses_no_byte_and_no_acknowledged_change() {
    let desk = Desk::new();
    let go = desk.folder.path().join("go");
    let mut acknowledged = BTreeSet::new();
    let mut served = desk.serve();
    for agent in 0..AGENTS {
        desk.ok(&["add", &format!("Agent {agent}")]);
        let script = counting(go.to_str().unwrap());
        desk.ok(&["run", &(agent + 1).to_string(), "--agent", "custom", "--", "sh", "-c", &script]);
    }
    for round in 0..kills() {
        // Writes are under way when the blow falls; its moment differs each time.
        std::thread::scope(|scope| {
            let (tell, first) = mpsc::channel();
            let desk = &desk;
            let writer = scope.spawn(move || write_until_refused(desk, round, &tell));
            first.recv_timeout(patience()).expect("the first change of the round is acknowledged");
            std::thread::park_timeout(Duration::from_millis((round * 37) % 120));
            served.kill();
            acknowledged.extend(writer.join().unwrap());
        });
        served = desk.serve();
    }
    std::fs::write(&go, "").unwrap();

    for agent in 1..=AGENTS {
        let card = desk.until("every run is closed", || {
            let card = desk.show(&agent.to_string());
            (card["status"] != "in_progress").then_some(card)
        });
        assert_eq!(card["status"], "review", "{card}");
        assert_eq!(card["run_count"], 1);
        assert_log_is_whole(&desk, &card["runs"][0]["id"]);
    }
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new(), "no orphans");
    let there: BTreeSet<String> = desk
        .json(&["list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|card| card["title"].as_str().unwrap().to_owned())
        .collect();
    let lost: Vec<_> = acknowledged.difference(&there).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged changes lost: {lost:?}", lost.len(), acknowledged.len());
    served.stop();
}

/// Adds cards over the socket until the engine is gone; returns the titles that were acknowledged.
fn write_until_refused(desk: &Desk, round: u64, first: &mpsc::Sender<()>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let title = format!("round {round} card {number}");
        match desk.try_rpc("add_task", &json!({ "title": title })) {
            Some(Ok(_)) => {
                acknowledged.push(title);
                // Only the first is waited for.
                let _ = first.send(());
            }
            Some(Err(_)) | None => break,
        }
    }
    acknowledged
}

/// The log is exactly what the agent wrote: every line, in order, once, and the exit record agrees.
fn assert_log_is_whole(desk: &Desk, run: &Value) {
    let log = std::fs::read(desk.run_dir(run).join("output.log")).unwrap();
    let text = String::from_utf8(log.clone()).unwrap();
    let last = text.trim_end().rsplit("\r\n").next().unwrap();
    let count: u64 = last.strip_prefix("done ").expect("the agent ended in its own words").parse().unwrap();
    let mut expected = String::with_capacity(text.len());
    for n in 1..=count {
        let _ = write!(expected, "line {n}\r\n");
    }
    let _ = write!(expected, "done {count}\r\n");
    assert!(text == expected, "the log of run {run} is not what was written");
    let exit: Value =
        serde_json::from_slice(&std::fs::read(desk.run_dir(run).join("exit.json")).unwrap()).unwrap();
    assert_eq!(exit["output_bytes"], log.len());
}

/// Whoever inherited the lock would keep the next engine out for as long as an agent works.
#[test]
fn only_the_engine_has_its_lock_and_its_database_open() {
    let desk = Desk::new();
    let served = desk.serve();
    desk.ok(&["add", "Stay"]);
    desk.ok(&["run", "1", "--agent", "custom", "--", "sh", "-c", "read word"]);
    assert_ne!(desk.processes_of_runs(), Vec::<String>::new(), "it is at work");
    for file in ["engine.lock", "flightboard.db", "flightboard.db-wal"] {
        assert_eq!(holders(&desk.data().join(file)), [served.pid()], "{file}");
    }
    desk.ok(&["stop", "1"]);
    served.stop();
}

/// Processes that have a file open.
fn holders(path: &Path) -> Vec<u32> {
    let path = path.canonicalize().expect("it is there");
    let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|target| target == path)
    })
    .collect()
}

#[test]
fn a_killed_engine_finds_its_terminal_again_and_can_type_into_it() {
    let desk = Desk::new();
    desk.ok(&["add", "Talk"]);
    let served = desk.serve();
    let run = desk.json(&[
        "run",
        "1",
        "--agent",
        "custom",
        "--interactive",
        "--",
        "sh",
        "-c",
        "echo ready; read answer; echo \"heard $answer\"",
    ])["run"]
        .take();
    desk.until("the agent is ready", || desk.ok(&["logs", "1"]).contains("ready").then_some(()));

    served.kill();
    let served = desk.serve();
    desk.until("the card shows the quiet agent's last line again", || {
        let cards = desk.rpc("get_cards", &json!({ "ids": [1] })).unwrap();
        (cards[0]["run"]["last_line"] == "ready").then_some(())
    });
    desk.rpc("send_input", &json!({ "run": run["id"], "text": "still here\r" })).unwrap();

    desk.until("the run ends", || (desk.show("1")["status"] == "review").then_some(()));
    assert_eq!(desk.ok(&["logs", "1"]), "ready\r\nstill here\r\nheard still here\r\n");
    served.stop();
}

#[test]
fn an_engine_killed_while_it_prepares_leaves_nothing_half_made() {
    let desk = Desk::new();
    let repository = desk.repository("slow to set up");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Prepare", "--project", "slow to set up"]);
    let served = desk.serve();
    let project = &desk.rpc("list_projects", &json!({})).unwrap()[0];
    let settings = json!({ "setup": ["sh", "-c", "echo begun > ../begun; sleep 1000"] });
    desk.rpc("edit_project", &json!({ "id": project["id"], "settings": settings })).unwrap();
    let begun = desk.data().join("workspaces/begun");
    std::thread::scope(|scope| {
        scope.spawn(|| desk.output(&["run", "1", "--agent", "custom", "--", "true"]));
        desk.until("the set-up command runs", || begun.exists().then_some(()));
        served.kill();
    });

    let served = desk.serve();

    let card = desk.show("1");
    assert_eq!(card["status"], "inbox", "{card}");
    assert!(card["why"].as_str().unwrap().contains("while the run was being prepared"), "{card}");
    assert!(!desk.data().join("workspaces/t-1").exists());
    assert_eq!(
        desk.processes_marked("FLIGHTBOARD_SETUP="),
        Vec::<String>::new(),
        "the set-up command went too"
    );
    let worktrees = flightboard_stories::git(&repository, &["worktree", "list", "--porcelain"]);
    assert_eq!(worktrees.matches("worktree ").count(), 1, "{worktrees}");
    let branches = flightboard_stories::git(&repository, &["branch", "--list", "flightboard/*"]);
    assert_eq!(branches, "");
    served.stop();
}

#[test]
fn a_killed_pty_host_is_noticed_and_its_agent_does_not_linger() {
    let desk = Desk::new();
    desk.ok(&["add", "Orphan"]);
    let served = desk.serve();
    let run = desk.json(&[
        "run",
        "1",
        "--agent",
        "custom",
        "--",
        "sh",
        "-c",
        "echo ready; trap '' HUP; sleep 1000",
    ])["run"]
        .take();
    desk.until("the agent is ready", || desk.ok(&["logs", "1"]).contains("ready").then_some(()));
    let host: Value =
        serde_json::from_slice(&std::fs::read(desk.run_dir(&run["id"]).join("host.json")).unwrap()).unwrap();

    flightboard_stories::kill(host["host"]["pid"].as_i64().unwrap());

    let card = desk.until("the loss is noticed", || {
        let card = desk.show("1");
        (card["status"] != "in_progress").then_some(card)
    });
    assert_eq!((card["status"].as_str(), card["runs"][0]["status"].as_str()), (Some("ready"), Some("lost")));
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
    served.stop();
}
