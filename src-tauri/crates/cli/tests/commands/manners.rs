//! How every command behaves, whatever it does: help, quiet, completions, manual pages, colour.

use crate::desk::{Desk, text};

#[test]
fn help_has_an_example_for_each_command_and_touches_nothing() {
    let desk = Desk::new();
    assert!(desk.ok(&["tasks", "create", "--help"]).contains("Example: flightboard tasks create --body"));
    assert!(!desk.data().exists());
}

#[test]
fn each_exit_code_that_the_help_names_is_the_end_of_some_command() {
    let desk = Desk::new();
    let help = desk.ok(&["--help"]);
    let (_, codes) = help.split_once("Exit codes:\n").expect("the help names them");
    let named: Vec<i32> =
        codes.lines().map_while(|line| line.split_whitespace().next()?.parse().ok()).collect();
    desk.ok(&["add", "Fails"]);
    desk.ok(&["add", "Goes on"]);
    let script = desk.held_script();
    let ends = [
        &["list"][..],
        &["show", "T-9"],
        &["fly"],
        &["run", "1", "--agent", "custom", "--wait", "--", "false"],
        &["run", "2", "--agent", "custom", "--wait", "--timeout", "0", "--", "sh", "-c", &script],
    ];
    let met: Vec<i32> = ends.iter().map(|args| desk.output(args).status.code().expect("a code")).collect();
    desk.let_go();
    assert_eq!(met, named, "{codes}");
    assert_eq!(named, [0, 1, 2, 3, 124]);
}

#[test]
fn quiet_says_what_was_asked_for_and_no_more() {
    let desk = Desk::new();
    assert_eq!(desk.ok(&["--quiet", "add", "One"]), "T-1\n");
    assert_eq!(desk.ok(&["-q", "run", "1", "--agent", "custom", "--wait", "--", "true"]), "");
    assert_eq!(desk.ok(&["list", "-q"]), "T-1     review       medium    One\n");
    let output = desk.output(&["-q", "show", "T-9"]);
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(1), "flightboard: task T-9 does not exist\n".into())
    );
}

#[test]
fn a_long_list_is_cut_for_people_and_whole_for_programs() {
    let desk = Desk::new();
    for n in 0..3 {
        desk.ok(&["add", &format!("Card {n}")]);
    }
    let output = desk.output(&["list", "--limit", "2"]);
    assert_eq!(text(&output.stdout).lines().count(), 2);
    assert_eq!(text(&output.stderr), "1 more; --limit 0 shows all, --offset leaves out the first\n");
    assert_eq!(desk.ok(&["list", "--limit", "2", "--offset", "2"]).lines().count(), 1);
    assert_eq!(desk.json(&["list"]).as_array().map(Vec::len), Some(3));
    assert_eq!(
        desk.json(&["list", "--status", "ready", "--status", "done"]).as_array().map(Vec::len),
        Some(0)
    );
}

#[test]
fn shells_get_completions_and_man_its_pages() {
    let desk = Desk::new();
    for (shell, word) in
        [("bash", "_flightboard()"), ("zsh", "#compdef flightboard"), ("fish", "complete -c flightboard")]
    {
        let script = desk.ok(&["completions", shell]);
        assert!(script.contains(word) && script.contains("exec-next"), "{shell}");
    }
    assert!(desk.ok(&["man"]).starts_with(".ie"), "a page for troff");
    let pages = desk.path("man");
    desk.ok(&["man", "--out", pages.to_str().expect("a plain path")]);
    for page in ["flightboard.1", "flightboard-add.1", "flightboard-tasks-create.1"] {
        let text = std::fs::read_to_string(pages.join(page)).expect(page);
        assert!(text.contains(".SH NAME"), "{page}");
    }
    assert!(!desk.data().exists(), "neither touches the board");
}

#[test]
fn the_script_for_bash_completes_a_command() {
    let desk = Desk::new();
    std::fs::write(desk.path("completion"), desk.ok(&["completions", "bash"])).expect("a file");
    let script = "source completion; COMP_WORDS=(flightboard exe); COMP_CWORD=1; \
                  _flightboard flightboard exe flightboard; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = std::process::Command::new("bash")
        .args(["-c", script])
        .current_dir(desk.path(""))
        .output()
        .expect("bash starts");
    assert_eq!(text(&output.stdout), "exec\nexec-next\n", "{}", text(&output.stderr));
}

#[test]
fn a_read_starts_no_engine_unless_something_is_at_work() {
    let desk = Desk::new();
    desk.ok(&["add", "One"]);
    let lock = desk.data().join("engine.lock");
    std::fs::remove_file(&lock).expect("the lock file");
    for args in [&["list"][..], &["show", "1"], &["status"], &["tasks", "comments", "1"], &["cron", "list"]] {
        desk.ok(args);
        assert!(!lock.exists(), "{args:?} hosted an engine");
    }
    desk.ok(&["move", "1", "ready"]);
    assert!(lock.exists(), "a write hosts one");
}
