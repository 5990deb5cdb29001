//! Who hosts the engine: this command, another one, or one that is just being killed.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use crate::desk::{Desk, assert_transcript};

fn held<'a>(script: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [&["run", "1"], options, &["--agent", "custom", "--", "sh", "-c", script]].concat()
}

#[test]
fn commands_go_through_the_one_that_serves() {
    let mut desk = Desk::new();
    let mut served = desk.starts(&["serve"]);
    let address = served.line();
    assert!(address.starts_with("http://127.0.0.1:") && address.contains("/login?token="), "{address}");
    let socket = std::fs::metadata(desk.data().join("engine.sock")).expect("the socket");
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);

    desk.types(&["add", "Through the socket"]).types(&["list"]).types(&["serve"]);
    desk.types(&held("echo hello", &["--wait"])).types(&["logs", "1"]);
    assert_transcript!("while_serving", desk);

    served.terminate();
    assert_eq!(served.rest().1, Some(0));
    assert_eq!(desk.json(&["list"])[0]["status"], "review", "the board is the same without it");
}

/// A thousand readers of the event stream are as many open files.
#[cfg(target_os = "linux")]
#[test]
fn who_serves_takes_all_the_open_files_that_it_may_have_and_agents_do_not() {
    use std::os::unix::process::CommandExt;
    let desk = Desk::new();
    let mut command = desk.flightboard(&["serve"]);
    // SAFETY: between fork and exec it asks the system for one thing and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            let few = rustix::process::Rlimit { current: Some(256), maximum: Some(2_000) };
            Ok(rustix::process::setrlimit(rustix::process::Resource::Nofile, few)?)
        })
    };
    let mut served = desk.starts_as(command);
    served.line();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", served.child.id())).expect("its limits");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line");
    let words: Vec<&str> = files.split_whitespace().collect();
    assert_eq!(words[3..5], ["2000", "2000"], "{files}");
    desk.ok(&["add", "Count your files"]);
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "sh", "-c", "ulimit -n"]);
    assert_eq!(desk.ok(&["logs", "1"]), "256\r\n");
    served.terminate();
    served.rest();
}

#[test]
fn an_agent_outlives_the_one_that_served_it() {
    let desk = Desk::new();
    let mut served = desk.starts(&["serve"]);
    served.line();
    desk.ok(&["add", "Stay alive"]);
    let script = desk.held_script();
    desk.ok(&held(&script, &[]));
    served.child.kill().expect("it is killed");
    served.rest();

    let mut follower = desk.starts(&["logs", "1", "--follow"]);
    assert_eq!(follower.line(), "ready");
    desk.let_go();
    assert_eq!(follower.rest(), ("over\r\n".into(), Some(0)));
    assert_eq!(desk.json(&["show", "1"])["status"], "review");
}

#[test]
fn who_follows_through_another_goes_on_when_that_one_is_killed() {
    let desk = Desk::new();
    desk.ok(&["add", "Long"]);
    let mut served = desk.starts(&["serve"]);
    served.line();
    let script = desk.held_script();
    desk.ok(&held(&script, &[]));
    let mut follower = desk.starts(&["logs", "1", "--follow"]);
    assert_eq!(follower.line(), "ready");
    served.child.kill().expect("it is killed");
    served.rest();
    desk.let_go();
    assert_eq!(follower.rest(), ("over\r\n".into(), Some(0)), "each byte once, and the end is seen");
    assert_eq!(follower.errors(), "");
}

#[test]
fn who_follows_through_another_goes_on_when_that_one_ends() {
    let desk = Desk::new();
    desk.ok(&["add", "Long"]);
    let mut served = desk.starts(&["serve"]);
    served.line();
    let script = desk.held_script();
    desk.ok(&held(&script, &[]));
    let mut follower = desk.starts(&["logs", "1", "--follow"]);
    assert_eq!(follower.line(), "ready");
    served.terminate();
    assert_eq!(served.rest().1, Some(0));
    desk.let_go();
    assert_eq!(follower.rest(), ("over\r\n".into(), Some(0)));
}

#[test]
fn who_waits_through_another_goes_on_when_that_one_is_killed() {
    let desk = Desk::new();
    desk.ok(&["add", "Long"]);
    let mut served = desk.starts(&["serve"]);
    served.line();
    let script = desk.held_script();
    let mut waiting = desk.starts(&held(&script, &["--wait", "--json"]));
    // Once the log can be read the run has started, and the waiting command waits.
    while desk.output(&["logs", "1"]).stdout != b"ready\r\n" {}
    served.child.kill().expect("it is killed");
    served.rest();
    desk.let_go();
    let (said, code) = waiting.rest();
    assert_eq!(code, Some(0), "{said}{}", waiting.errors());
    let card: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(card["run"]["status"], "succeeded");
}

#[test]
fn a_data_directory_may_lie_deeper_than_a_sockets_name_is_long() {
    let desk = Desk::new();
    let deep = desk.path("a-rather-long-folder-name/".repeat(6) + "data");
    assert!(deep.as_os_str().len() > 108);
    let at = deep.to_str().expect("a plain path");
    let mut served = desk.starts(&["serve", "--data-dir", at]);
    served.line();
    desk.ok(&["--data-dir", at, "add", "Deep down"]);
    desk.ok(&["--data-dir", at, "run", "1", "--agent", "custom", "--wait", "--", "true"]);
    assert_eq!(desk.json(&["--data-dir", at, "list"])[0]["status"], "review");
}

#[test]
fn two_commands_at_once_share_one_engine() {
    let desk = Desk::new();
    desk.ok(&["list"]);
    let mut adding: Vec<_> = (0..6).map(|n| desk.starts(&["add".to_owned(), format!("card {n}")])).collect();
    for command in &mut adding {
        let (said, code) = command.rest();
        assert_eq!(code, Some(0), "{said}{}", command.errors());
    }
    assert_eq!(desk.json(&["list"]).as_array().expect("a list").len(), 6);
}
