//! What the painted screens of real sessions give away. A recording is played
//! into a terminal, and every screen that a person would have seen is asked.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::Path;

use flightboard_agents::{Kind, screen_activity, screen_line};

const ROWS: NonZero<u16> = NonZero::new(40).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(120).unwrap();

/// Each different answer, in order of appearance, over the whole recording.
fn seen<T: Ord + Clone>(name: &str, ask: impl Fn(&[&str]) -> Option<T>) -> Vec<T> {
    let bytes =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(name)).unwrap();
    let mut terminal = vt100::Parser::new(ROWS, COLUMNS, 0);
    let mut known = BTreeSet::new();
    let mut order = Vec::new();
    for piece in bytes.chunks(64) {
        terminal.process(piece);
        let rows: Vec<String> = terminal.screen().rows(0, COLUMNS.get()).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        if let Some(answer) = ask(&rows).filter(|answer| known.insert(answer.clone())) {
            order.push(answer);
        }
    }
    order
}

#[test]
fn prompts_that_agents_do_not_report_are_recognised() {
    let mut page = String::new();
    for (kind, name) in [
        (Kind::Claude, "claude.trust.pty"),
        (Kind::Claude, "claude.perm.pty"),
        (Kind::Codex, "codex.trust.pty"),
        (Kind::Codex, "codex.approve.pty"),
        (Kind::Gemini, "gemini.trust.pty"),
        (Kind::Gemini, "gemini.tui.pty"),
        (Kind::Opencode, "opencode.tui-perm.pty"),
        (Kind::Qwen, "qwen.tui.pty"),
        (Kind::Aider, "aider.tui.pty"),
    ] {
        let answers = seen(name, |rows| screen_activity(kind, rows).map(|activity| format!("{activity:?}")));
        page += &format!("{name}\n  {}\n", answers.join("\n  "));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn a_painted_screen_has_a_line_worth_showing() {
    let mut page = String::new();
    for name in [
        "claude.perm.pty",
        "codex.approve.pty",
        "gemini.tui.pty",
        "opencode.tui-perm.pty",
        "qwen.tui.pty",
        "aider.tui.pty",
    ] {
        let lines = seen(name, |rows| screen_line(rows.iter().copied()));
        let last: Vec<&str> = lines.iter().rev().take(6).rev().map(String::as_str).collect();
        page += &format!("{name}\n  {}\n", last.join("\n  "));
    }
    insta::assert_snapshot!(page);
}

#[test]
fn an_empty_screen_says_nothing() {
    assert_eq!(screen_line(["", "   ", "────────────", "> "]), None);
    assert_eq!(screen_activity(Kind::Claude, &["", "working"]), None);
}
