//! A run that ends leaves no process, and says how it ended.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::rig::{HOST, Run, actor, await_end_of, children_of, is_gone, sh};
use flightboard_pty_host::{Client, Liveness, RUN_DIR_VARIABLE, StopKind, alive, end_leftovers};
use rustix::process::{Pid, Signal, kill_process};

const LONG: Duration = Duration::from_secs(600);

#[test]
fn codes_and_signals_are_told_apart() {
    let cases = [("exit 0", Some(0), None), ("exit 3", Some(3), None), ("kill -TERM $$", None, Some(15))];
    for (script, code, signal) in cases {
        let exit = Run::start(&sh(script)).exit();
        assert_eq!((exit.code, exit.signal, exit.stop), (code, signal, None), "{script}");
        assert!(exit.survivors.is_empty() && exit.ended_at_ms >= exit.started_at_ms);
    }
}

#[test]
fn a_polite_agent_is_only_asked() {
    let run =
        Run::start(&sh("trap 'echo bye; exit 5' TERM; echo ready.; while :; do sleep 1000 & wait; done"));
    run.log_with("ready.");
    let exit = run.stop(LONG);
    assert_eq!((exit.code, exit.stop), (Some(5), Some(StopKind::Requested)));
    assert!(String::from_utf8_lossy(&run.log()).contains("bye"));
}

#[test]
fn a_stopped_agent_is_woken_to_be_asked() {
    let run = Run::start(&sh("echo ready.; kill -STOP $$; sleep 1000"));
    run.log_with("ready.");
    let exit = run.stop(LONG);
    assert_eq!((exit.signal, exit.stop), (Some(15), Some(StopKind::Requested)));
}

#[test]
fn a_stubborn_agent_is_killed_after_the_grace() {
    let run = Run::start(&actor(&["stubborn"]));
    run.log_with("stubborn");
    let exit = run.stop(Duration::from_millis(100));
    assert_eq!((exit.signal, exit.stop), (Some(9), Some(StopKind::Forced)));
    assert!(is_gone(run.spawned.agent_pid));
}

#[test]
fn a_second_impatient_stop_cuts_the_grace_short() {
    let run = Run::start(&actor(&["stubborn"]));
    run.log_with("stubborn");
    run.client().stop(LONG).unwrap();
    assert_eq!(run.stop(Duration::ZERO).stop, Some(StopKind::Forced));
}

#[test]
fn a_double_forked_daemon_goes_with_a_stop() {
    let run = Run::start(&actor(&["daemon"]));
    let daemon = run.number("pid");
    assert!(!is_gone(daemon));
    let exit = run.stop(Duration::ZERO);
    assert!(is_gone(daemon) && exit.survivors.is_empty(), "{exit:?}");
}

#[test]
fn a_daemon_goes_when_the_agent_leaves_by_itself() {
    let run = Run::start(&actor(&["daemon", "and-leave"]));
    let daemon = run.number("pid");
    let exit = run.exit();
    assert_eq!((exit.code, exit.stop), (Some(0), None));
    assert!(is_gone(daemon));
}

#[test]
fn a_fork_bomb_of_fifty_is_gone_to_the_last() {
    let run = Run::start(&actor(&["bomb", "50"]));
    run.log_with("bomb of 50.");
    let before = everybody_in(run.spawned.host_pid);
    assert_eq!(before.len(), 51, "the agent and fifty more");
    run.stop(Duration::ZERO);
    let left: Vec<_> = before.into_iter().filter(|pid| !is_gone(*pid)).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn everybody_in(root: u32) -> Vec<u32> {
    let mut all = vec![];
    let mut look = vec![root];
    while let Some(pid) = look.pop() {
        let children = children_of(pid);
        all.extend(&children);
        look.extend(children);
    }
    all
}

#[test]
fn a_child_that_holds_the_terminal_does_not_hold_up_the_end() {
    let run = Run::start(&actor(&["holder"]));
    let exit = run.exit();
    assert_eq!(exit.code, Some(7));
    assert_eq!(run.log(), b"leaving.\r\n");
}

#[test]
fn a_stranger_that_holds_the_terminal_does_not_hold_up_the_end() {
    let run = Run::start(&sh("tty; echo ready.; read go"));
    let text = run.log_with("ready.");
    let terminal = text.lines().next().unwrap().trim();
    let stranger = std::fs::File::options().read(true).write(true).open(terminal).unwrap();
    run.client().input(b"\n").unwrap();
    let exit = run.exit();
    assert_eq!((exit.code, exit.lost_bytes), (Some(0), 0));
    assert!(run.log().ends_with(b"ready.\r\n\r\n"));
    drop(stranger);
}

#[test]
fn somebody_else_at_work_in_the_directory_is_named_and_left_alone() {
    let work = tempfile::tempdir().unwrap();
    let mut launch = sh("read go");
    launch.cwd = work.path().to_owned();
    let run = Run::start(&launch);
    let mut stranger =
        std::process::Command::new("sleep").arg("1000").current_dir(work.path()).spawn().unwrap();
    run.client().input(b"\n").unwrap();
    let exit = run.exit();
    let still_there = stranger.try_wait().unwrap().is_none();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert!(still_there);
    let named = exit.survivors.iter().find(|survivor| survivor.pid == stranger.id()).expect("it is named");
    assert_eq!((named.name.as_str(), named.cwd.as_path(), named.ours), ("sleep", work.path(), false));
}

#[test]
fn zombies_are_collected_while_the_run_goes_on() {
    let run =
        Run::start(&sh("for i in 1 2 3 4 5 6 7 8; do (sh -c 'exit 0' &) ; done; wait; echo ready.; read go"));
    run.log_with("ready.");
    let host = run.spawned.host_pid;
    // Orphans come to the host one by one; it takes each as it ends.
    while children_of(host).len() > 1 {
        std::thread::yield_now();
    }
    assert_eq!(children_of(host), [run.spawned.agent_pid]);
}

#[test]
fn a_terminated_host_ends_its_run_properly() {
    let run = Run::start(&sh("trap 'exit 4' TERM; echo ready.; while :; do sleep 1000 & wait; done"));
    run.log_with("ready.");
    kill_process(Pid::from_raw(run.spawned.host_pid as i32).unwrap(), Signal::TERM).unwrap();
    let exit = run.exit();
    assert_eq!((exit.code, exit.stop), (Some(4), Some(StopKind::Requested)));
}

#[test]
fn a_killed_host_is_gone_and_its_leftovers_can_be_ended() {
    let run = Run::start(&actor(&["stubborn"]));
    let agent = run.number("pid");
    kill_process(Pid::from_raw(run.spawned.host_pid as i32).unwrap(), Signal::KILL).unwrap();
    await_end_of(run.spawned.host_pid);
    let Liveness::Gone(record) = alive(&run.dir).unwrap() else { panic!("not gone") };
    assert_eq!(record.agent.as_ref().map(|mark| mark.pid), Some(agent));
    assert!(end_leftovers(&run.dir).unwrap());
    assert!(is_over(agent));
    assert!(!end_leftovers(&run.dir).unwrap(), "the second time there is nothing");
}

/// Its parent is gone and its session is its own, so only its environment says whose it is.
#[test]
fn a_daemon_that_a_killed_host_left_is_found() {
    let temp = tempfile::tempdir().unwrap();
    let mut launch = actor(&["daemon"]);
    launch.env.push((RUN_DIR_VARIABLE.into(), temp.path().into()));
    let run = Run::start_in(temp.path(), &launch);
    let daemon = run.number("pid");
    kill_process(Pid::from_raw(run.spawned.host_pid as i32).unwrap(), Signal::KILL).unwrap();
    assert!(end_leftovers(&run.dir).unwrap(), "a host that is dying is waited for");
    assert!(is_over(run.spawned.agent_pid) && is_over(daemon));
}

/// The host is killed before each of the file operations of a start, one after the other. An agent that ignores
/// its terminal's end would stay for ever, and nothing but the host's record says who it is.
#[cfg(target_os = "linux")]
#[test]
fn wherever_a_start_is_killed_no_agent_is_left() {
    let shim = tempfile::tempdir().unwrap();
    let library = shim.path().join("kill_at.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/kill_at.c");
    let mut cc = std::process::Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-o"]).args([&library, &source]).arg("-ldl");
    assert!(cc.status().is_ok_and(|done| done.success()), "this needs a C compiler, as Rust itself does");
    let mut killed = 0;
    for point in 1.. {
        let temp = tempfile::tempdir().unwrap();
        let starter = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ending::starter_of_a_host_that_is_killed", "--ignored", "--nocapture"])
            .env("STARTER_RUN_DIR", temp.path())
            .env("LD_PRELOAD", &library)
            .env("KILL_PROGRAM", "flightboard-pty-host")
            .env("KILL_COUNTER", shim.path().join(point.to_string()))
            .env("KILL_AT", point.to_string())
            .env("KILL_WHOM", "itself")
            .env("KILL_PATIENCE", "50")
            .output()
            .unwrap();
        if matches!(alive(temp.path()).unwrap(), Liveness::Alive(_)) {
            Client::connect(temp.path()).unwrap().stop(Duration::ZERO).unwrap();
            break;
        }
        end_leftovers(temp.path()).unwrap();
        let left = agents_of(temp.path());
        assert!(left.is_empty(), "{left:?} live after the kill at point {point}: {starter:?}");
        killed += 1;
    }
    assert!(killed > 5, "a start has more than {killed} file operations");
}

#[test]
#[ignore = "not a test: the starter of the one above"]
fn starter_of_a_host_that_is_killed() {
    let Some(dir) = std::env::var_os("STARTER_RUN_DIR") else { return };
    let stubborn = actor(&["stubborn", dir.to_str().unwrap()]);
    let started = flightboard_pty_host::spawn(Path::new(HOST), Path::new(&dir), &stubborn);
    println!("{started:?}");
}

/// It runs no more; whoever has to take note of that may not have done so yet.
fn is_over(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, state)| state.trim_start().starts_with(['Z', 'X']))
}

/// They have the directory's name among their arguments.
fn agents_of(run_dir: &Path) -> Vec<Pid> {
    let name = run_dir.as_os_str().as_encoded_bytes();
    of_all(|process| {
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        command.split(|byte| *byte == 0).any(|word| word == name)
    })
}

fn of_all(chosen: impl Fn(&Path) -> bool) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").unwrap().flatten().filter(|entry| chosen(&entry.path()));
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// A starter that is killed right after it has started a run.
#[test]
fn the_starters_death_harms_nobody() {
    let temp = tempfile::tempdir().unwrap();
    let mut starter = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ending::starter_that_waits_to_be_killed", "--ignored", "--nocapture"])
        .env("STARTER_RUN_DIR", temp.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_line(starter.stdout.take().unwrap(), "started");
    starter.kill().unwrap();
    starter.wait().unwrap();
    let Liveness::Alive(record) = alive(temp.path()).unwrap() else { panic!("it died with its starter") };
    let spawned = flightboard_pty_host::Spawned {
        host_pid: record.host.pid,
        agent_pid: record.agent.expect("it has an agent").pid,
    };
    let run = Run::adopt(temp.path(), spawned);
    run.client().input(b"still there\n").unwrap();
    run.log_with("got <still there>");
}

#[test]
#[ignore = "not a test: the starter of the one above"]
fn starter_that_waits_to_be_killed() {
    let Some(dir) = std::env::var_os("STARTER_RUN_DIR") else { return };
    let launch = sh("while read line; do echo \"got <$line>\"; done");
    flightboard_pty_host::spawn(Path::new(HOST), Path::new(&dir), &launch).unwrap();
    println!("\nstarted");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    loop {
        std::thread::park();
    }
}

fn wait_for_line(from: impl std::io::Read, line: &str) {
    use std::io::{BufRead, BufReader};
    assert!(BufReader::new(from).lines().any(|said| said.unwrap() == line), "it ended without {line:?}");
}
