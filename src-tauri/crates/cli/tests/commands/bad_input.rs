//! What is refused, in which words, and with which exit code.

use crate::desk::{Desk, assert_transcript};

#[test]
fn what_cannot_be_is_refused_with_the_next_step() {
    let mut desk = Desk::new();
    desk.ok(&["add", "One"]);
    let long = "x".repeat(501);
    desk.types(&["add", "   "])
        .types(&["add", "Hot", "--priority", "asap"])
        .types(&["add", "Tagged", "--tag", "a,b"])
        .types(&["show", "T-99"])
        .types(&["show", "twelve"])
        .types(&["move", "1", "limbo"])
        .types(&["move", "1", "in_progress"])
        .types(&["move", "1", "failed"])
        .types(&["list", "--status", "limbo"])
        .types(&["stop", "1"])
        .types(&["artifacts", "1"])
        .types(&["show", "T-99", "--json"]);
    let output = desk.output(&["add", &long]);
    assert_transcript!("refused", desk);
    assert_eq!(
        crate::desk::text(&output.stderr),
        "flightboard: the title has 501 characters, the limit is 500; put the rest into the description\n"
    );
    assert_eq!(desk.json(&["list"]).as_array().expect("a list").len(), 1, "nothing half-made");
}

#[test]
fn wrong_usage_exits_with_2_and_touches_nothing() {
    let desk = Desk::new();
    for args in [
        &[][..],
        &["fly"],
        &["add"],
        &["add", "x", "--colour", "red"],
        &["run", "1"],
        &["run", "1", "--agent", "demo", "--timeout", "5"],
        &["run", "1", "--agent", "demo", "--wait", "--timeout", "soon"],
        &["serve", "--port", "99999"],
    ] {
        let output = desk.output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
    assert!(!desk.data().exists());
}

#[test]
fn a_file_without_end_is_given_up_and_one_that_is_no_text_is_named() {
    let desk = Desk::new();
    std::fs::write(desk.path("picture"), b"\x89PNG\xff").expect("a file");
    for (text, said) in [
        ("@/dev/zero", "flightboard: /dev/zero is larger than 4 MiB\n"),
        ("@picture", "flightboard: picture is no UTF-8 text\n"),
    ] {
        let output = desk.output(&["add", "One", "--description", text]);
        assert_eq!((output.status.code(), crate::desk::text(&output.stderr)), (Some(1), said.to_owned()));
    }
    let output = desk.output(&["agents", "register", "--file", "/dev/zero"]);
    assert_eq!(crate::desk::text(&output.stderr), "flightboard: /dev/zero is larger than 4 MiB\n");
}

#[test]
fn a_data_directory_that_cannot_be_is_named() {
    let mut desk = Desk::new();
    std::fs::write(desk.path("file"), "").expect("a file");
    std::fs::create_dir(desk.path("old")).expect("a folder");
    std::fs::write(
        desk.path("old/flightboard.db"),
        "not a database at all, but long enough to be read as one".repeat(9),
    )
    .expect("a file");
    desk.types(&["list", "--data-dir", "file/data"]).types(&["list", "--data-dir", "old"]);
    assert_transcript!("bad_data_dir", desk);
}
