//! A reader who has seen enough is no error.

use crate::desk::Desk;

/// Runs with a standard output that nobody reads.
fn unheard(desk: &Desk, args: &[&str]) -> (String, Option<i32>) {
    let mut command = desk.flightboard(args);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = command.stdout(writer).output().expect("flightboard starts");
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code())
}

#[test]
fn a_closed_pipe_is_quiet() {
    let desk = Desk::new();
    desk.ok(&["add", "One"]);
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "seq", "100000"]);
    for args in [
        &["list"][..],
        &["list", "--json"],
        &["show", "1"],
        &["logs", "1"],
        &["logs", "1", "--follow"],
        &["artifacts", "1"],
    ] {
        assert_eq!(unheard(&desk, args), (String::new(), Some(0)), "{args:?}");
    }
}

#[test]
fn a_run_that_nobody_reads_about_still_tells_by_its_exit_code() {
    let desk = Desk::new();
    desk.ok(&["add", "One"]);
    let (said, code) = unheard(&desk, &["run", "1", "--agent", "custom", "--wait", "--", "false"]);
    assert_eq!(code, Some(3), "{said}");
}
