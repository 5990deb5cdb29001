//! The agent has a real terminal: size, signals, keys, passwords.

use crate::rig::{Run, actor, sh};
use flightboard_pty_host::Notice;
use flightboard_pty_host::timing::{self, Moment};

#[test]
fn all_three_descriptors_are_the_controlling_terminal_of_its_own_session() {
    let run = Run::start(&sh("test -t 0 && test -t 1 && test -t 2 && echo all=yes.; \
        cat /proc/$$/stat | cut -d' ' -f1,6,8; : > /dev/tty && echo ctty=yes."));
    run.exit();
    let text = String::from_utf8(run.log()).unwrap();
    assert!(text.contains("all=yes.") && text.contains("ctty=yes."), "{text:?}");
    let ids = text.lines().nth(1).unwrap().trim();
    let agent = run.spawned.agent_pid;
    assert_eq!(ids, format!("{agent} {agent} {agent}"), "pid, session, foreground group");
}

#[test]
fn the_agent_starts_with_default_signals_and_without_strangers_descriptors() {
    let leaked = std::fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&leaked, rustix::io::FdFlags::empty()).unwrap();
    let run = Run::start(&actor(&["signals"]));
    run.exit();
    let text = String::from_utf8(run.log()).unwrap();
    assert!(text.contains("SigBlk:\t0000000000000000."), "{text}");
    let ignored = text.split_once("SigIgn:\t").unwrap().1.split('.').next().unwrap();
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    // 32 and 33 belong to the C library, which lets nobody touch them; whoever ran the tests may ignore them.
    let of_the_c_library = 0b11 << 31;
    // The Rust runtime of the actor itself ignores SIGPIPE, number 13.
    assert_eq!(ignored & !of_the_c_library, 1 << 12, "{text}");
    assert!(text.contains("descriptors=3."), "{text}");
}

#[test]
fn stty_knows_the_size_it_was_started_with() {
    let mut launch = sh("stty size");
    (launch.cols, launch.rows) = (133, 41);
    let run = Run::start(&launch);
    assert_eq!(run.exit().code, Some(0));
    assert_eq!(run.log(), b"41 133\r\n");
}

#[test]
fn a_resize_reaches_the_agent_the_other_viewers_and_the_timing_index() {
    let run = Run::start(&actor(&["winch"]));
    run.log_with("size=80x24.");
    let mut other = run.client();
    let mut viewer = run.client();
    viewer.resize(100, 30).unwrap();
    run.log_with("size=100x30.");
    assert_eq!(other.notice().unwrap(), Notice::Resized { cols: 100, rows: 30 });
    viewer.input(b"q\n").unwrap();
    assert_eq!(run.exit().code, Some(0));
    let index = timing::decode(&std::fs::read(run.dir.join("timing.idx")).unwrap()).unwrap();
    let resize = |moment: &Moment| matches!(moment, Moment::Resize { cols: 100, rows: 30, .. });
    assert_eq!(index.moments.iter().filter(|moment| resize(moment)).count(), 1);
    let upto = index.moments.iter().rev().find_map(|moment| match moment {
        Moment::Output { upto, .. } => Some(*upto),
        Moment::Resize { .. } => None,
    });
    assert_eq!(upto, Some(run.log().len() as u64), "the index knows the whole log");
}

#[test]
fn the_newest_viewer_decides_the_size_and_its_leaving_changes_nothing() {
    let run = Run::start(&actor(&["winch"]));
    let mut old = run.client();
    let mut new = run.client();
    old.resize(90, 20).unwrap();
    run.log_with("size=90x20.");
    new.resize(120, 50).unwrap();
    run.log_with("size=120x50.");
    old.resize(70, 10).unwrap();
    assert_eq!(old.status().unwrap().cols, 120, "the older viewer is not heard while the newer is there");
    drop(new);
    while old.status().unwrap().clients > 1 {}
    assert_eq!(old.status().unwrap().cols, 120);
    old.resize(70, 10).unwrap();
    run.log_with("size=70x10.");
}

#[test]
fn typed_keys_arrive_in_order_and_none_is_missing() {
    let temp = tempfile::tempdir().unwrap();
    let mut launch = sh("while read line; do echo \"got <$line>\"; echo \"$line\" >&3; done 3>heard");
    launch.cwd = temp.path().to_owned();
    let run = Run::start(&launch);
    let mut client = run.client();
    for number in 0..200 {
        client.input(format!("line {number}\n").as_bytes()).unwrap();
    }
    client.input(b"\x04").unwrap();
    assert_eq!(run.exit().code, Some(0));
    // What it heard is in a file of its own: on the terminal the echo falls into the middle of what it says.
    let heard = std::fs::read_to_string(temp.path().join("heard")).unwrap();
    let typed: String = (0..200).map(|number| format!("line {number}\n")).collect();
    assert_eq!(heard, typed);
}

#[test]
fn what_is_typed_is_echoed_once() {
    let run = Run::start(&sh("echo ready.; read line; echo \"got <$line>\""));
    run.log_with("ready.");
    run.client().input(b"hello\n").unwrap();
    run.exit();
    assert_eq!(run.log(), b"ready.\r\nhello\r\ngot <hello>\r\n");
}

#[test]
fn control_c_is_a_key_and_interrupts() {
    let run = Run::start(&sh("trap 'exit 9' INT; echo ready.; while :; do read line; done"));
    run.log_with("ready.");
    run.client().input(b"\x03").unwrap();
    assert_eq!(run.exit().code, Some(9));
}

#[test]
fn a_password_prompt_shows_as_hidden_input_and_the_password_stays_out_of_the_log() {
    let run =
        Run::start(&sh("stty -echo; printf 'Password: '; read p; stty echo; echo; echo \"length=${#p}.\""));
    run.log_with("Password: ");
    let mut client = run.client();
    assert!(client.status().unwrap().hides_input);
    client.input(b"s3cret\n").unwrap();
    run.exit();
    assert_eq!(String::from_utf8(run.log()).unwrap(), "Password: \r\nlength=6.\r\n");
}

#[test]
fn a_moment_in_which_nobody_holds_the_terminal_is_not_its_end() {
    let run = Run::start(&sh("exec </dev/null >/dev/null 2>&1; cat /dev/null; echo back. >/dev/tty"));
    assert_eq!(run.exit().code, Some(0));
    assert_eq!(run.log(), b"back.\r\n");
}
