//! run, stop, logs, artifacts: agents that are commands of ours.

use crate::desk::{Desk, assert_transcript, text};

const CUSTOM: [&str; 3] = ["--agent", "custom", "--"];

fn run<'a>(options: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
    [&["run", "1"], options, &CUSTOM, command].concat()
}

#[test]
fn a_run_is_waited_for_and_leaves_log_and_artifacts() {
    let mut desk = Desk::new();
    desk.ok(&["add", "Write it down"]);
    let script = "echo 'It is written.'; mkdir -p artifacts/deep; echo '# Notes' > artifacts/notes.md; printf abc > artifacts/deep/a.bin";
    desk.types(&run(&["--wait"], &["sh", "-c", script]))
        .types(&["logs", "1"])
        .types(&["artifacts", "1"])
        .types(&["artifacts", "1", "--out", "taken"])
        .types(&["list"])
        .types(&["show", "1"]);
    assert_transcript!("run", desk);
    assert_eq!(std::fs::read(desk.path("taken/deep/a.bin")).expect("the copy"), b"abc");
    assert_eq!(std::fs::read(desk.path("taken/notes.md")).expect("the copy"), b"# Notes\n");
}

#[test]
fn programs_get_the_run_as_json() {
    let mut desk = Desk::new();
    desk.ok(&["add", "Write it down"]);
    desk.types(&run(&["--wait", "--json"], &["sh", "-c", "printf x > artifacts/x.txt"]))
        .types(&["artifacts", "1", "--json"])
        .types(&["list", "--json"]);
    assert_transcript!("run_json", desk);
}

#[test]
fn the_exit_code_tells_how_the_run_went() {
    let mut desk = Desk::new();
    desk.ok(&["add", "Try"]);
    let endless = ["sleep", "1000"];
    desk.types(&run(&["--wait"], &["sh", "-c", "echo no >&2; exit 7"]))
        .types(&run(&["--wait", "--json"], &["sh", "-c", "kill -9 $$"]))
        .types(&run(&["--wait"], &["sh", "-c", "echo 'The key is missing.' > BLOCKED.md"]))
        .types(&run(&["--wait", "--timeout", "1"], &endless))
        .types(&run(&[], &["true"]))
        .types(&["stop", "1"])
        .types(&["stop", "1"])
        .types(&["list"]);
    assert_transcript!("exit_codes", desk);
}

#[test]
fn a_run_that_cannot_start_says_why_and_what_to_do() {
    let mut desk = Desk::new();
    desk.ok(&["add", "Try"]);
    std::fs::write(desk.path("plain.txt"), "no program").expect("a file");
    let plain = desk.path("plain.txt");
    desk.types(&run(&["--wait"], &["no-such-program", "--flag"]))
        .types(&run(&["--wait"], &[plain.to_str().expect("a plain path")]))
        .types(&["run", "1", "--agent", "custom"])
        .types(&["run", "1", "--agent", "aider", "--", "sh"])
        .types(&["run", "9", "--agent", "demo"])
        .types(&["logs", "1"])
        .types(&["list"]);
    assert_transcript!("cannot_start", desk);
}

#[test]
fn logs_are_the_raw_bytes() {
    let desk = Desk::new();
    desk.ok(&["add", "Bytes"]);
    // The terminal itself turns \n into \r\n; raw mode keeps every byte.
    desk.ok(&run(&["--wait"], &["sh", "-c", r"stty raw -echo; printf '\000\377\376\033[31mred\r\n\303'"]));
    assert_eq!(desk.output(&["logs", "1"]).stdout, b"\x00\xff\xfe\x1b[31mred\r\n\xc3");
}

#[test]
fn the_log_of_an_earlier_run_is_asked_for_by_its_attempt_or_its_id() {
    let desk = Desk::new();
    desk.ok(&["add", "Twice"]);
    desk.ok(&["add", "Another"]);
    for (card, word) in [("1", "first"), ("2", "between"), ("1", "second")] {
        desk.ok(&["run", card, "--wait", "--agent", "custom", "--", "printf", word]);
    }
    assert_eq!(desk.ok(&["logs", "1"]), "second");
    assert_eq!(desk.ok(&["logs", "1", "--attempt", "1"]), "first");
    assert_eq!(desk.ok(&["logs", "1", "--run", "1"]), "first");
    assert_eq!(desk.ok(&["logs", "1", "--run", "3"]), "second");
    let others = desk.output(&["logs", "1", "--run", "2"]);
    assert_eq!((text(&others.stdout), others.status.code()), (String::new(), Some(1)));
    assert!(text(&others.stderr).contains("1 has no run 2"), "{}", text(&others.stderr));
}

#[test]
fn an_agent_outlives_the_command_that_started_it() {
    let mut desk = Desk::new();
    desk.ok(&["add", "Stay alive"]);
    desk.ok(&run(&[], &["sh", "-c", &desk.held_script()]));
    assert_eq!(desk.json(&["show", "1"])["status"], "in_progress");

    let mut follower = desk.starts(&["logs", "1", "--follow"]);
    assert_eq!(follower.line(), "ready");
    desk.let_go();
    assert_eq!(follower.rest(), ("over\r\n".into(), Some(0)));
    assert_eq!(desk.json(&["show", "1"])["status"], "review");
    desk.types(&["logs", "1"]);
    assert_eq!(desk.transcript(), "$ flightboard logs 1\nready\r\nover\r\n");
}

#[test]
fn a_stopped_agent_is_gone_with_everything_it_started() {
    let desk = Desk::new();
    desk.ok(&["add", "Family"]);
    let pids = desk.path("pids");
    let script =
        format!("setsid sleep 1000 & echo $! >> {0}; echo $$ >> {0}; echo ready; wait", pids.display());
    desk.ok(&run(&[], &["sh", "-c", &script]));
    let mut follower = desk.starts(&["logs", "1", "--follow"]);
    assert_eq!(follower.line(), "ready");
    let stopped = desk.json(&["stop", "1"]);
    assert_eq!((&stopped["status"], &stopped["run"]["status"]), (&"ready".into(), &"stopped".into()));
    assert_eq!(follower.rest().1, Some(0), "the follower sees the end");
    for pid in std::fs::read_to_string(pids).expect("the agent's word").lines() {
        assert!(!std::path::Path::new("/proc").join(pid).exists(), "process {pid} lives on");
    }
    assert_eq!(desk.json(&["show", "1"])["status"], "ready");
}

#[test]
fn a_card_that_is_moved_away_loses_its_agent() {
    let desk = Desk::new();
    desk.ok(&["add", "Change of mind"]);
    desk.ok(&run(&[], &["sleep", "1000"]));
    assert_eq!(desk.json(&["move", "1", "cancelled"])["run"]["status"], "stopped");
}

#[test]
fn what_an_agent_writes_cannot_steer_the_terminal() {
    let desk = Desk::new();
    desk.ok(&["add", "Title with \u{1b}]0;evil\u{7} inside"]);
    let output =
        desk.output(&run(&["--wait"], &["sh", "-c", r"printf 'The key\033[2J is missing.' > BLOCKED.md"]));
    for shown in [text(&output.stdout), text(&output.stderr), desk.ok(&["list"]), desk.ok(&["show", "1"])] {
        assert!(shown.chars().all(|c| !c.is_control() || c == '\n'), "{shown:?}");
    }
}
