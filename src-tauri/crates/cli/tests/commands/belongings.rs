//! attach, attachments, sub-tasks, filter, edit, and moving several cards.

use crate::desk::{Desk, assert_transcript};

#[test]
fn files_are_added_copied_out_and_taken_off() {
    let mut desk = Desk::new();
    std::fs::write(desk.path("notes 1.md"), "# Notes\n").unwrap();
    std::fs::create_dir(desk.path("folder")).unwrap();
    desk.types(&["add", "Has files"])
        .types(&["attachments", "1"])
        .types(&["attach", "1", "notes 1.md", "notes 1.md"])
        .types(&["attach", "1", "missing.txt"])
        .types(&["attach", "1", "notes 1.md", "folder"])
        .types(&["attachments", "1", "--out", "out"])
        .types(&["attach", "1", "--remove", "notes 1 (2).md"])
        .types(&["attach", "1", "--remove", "nothing"])
        .types(&["attach", "1"])
        .types(&["show", "1"]);
    assert_transcript!("attachments", desk);
    assert_eq!(std::fs::read_to_string(desk.path("out/notes 1 (2).md")).unwrap(), "# Notes\n");
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    let desk = Desk::new();
    std::fs::write(desk.path("secret"), "s").unwrap();
    std::os::unix::fs::symlink("secret", desk.path("link")).unwrap();
    desk.ok(&["add", "One"]);
    let output = desk.output(&["attach", "1", "link"]);
    assert!(!output.status.success());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("link is a link; give the file that it leads to")
    );
    assert_eq!(desk.json(&["attachments", "1"]), serde_json::json!([]));
}

#[test]
fn cards_are_changed_moved_and_filtered_together() {
    let mut desk = Desk::new();
    desk.types(&["add", "Whole"])
        .types(&["add", "Part", "--parent", "1", "--tag", "bug"])
        .types(&["add", "Other", "--priority", "high"])
        .types(&["edit", "3", "2", "--tag", "ui", "--untag", "bug", "--parent", "1"])
        .types(&["edit", "1", "--parent", "3"])
        .types(&["edit", "1", "--due", "someday"])
        .types(&["move", "2", "3", "done"])
        .types(&["show", "1"])
        .types(&["filter", "list"])
        .types(&["filter", "save", "Done parts", "--tag", "ui", "--priority", "high"])
        .types(&["filter", "save", "Everything"])
        .types(&["filter", "save", "Soon", "--due", "tomorrow"])
        .types(&["filter", "list"])
        .types(&["list", "--filter", "done PARTS"])
        .types(&["list", "--filter", "nothing"])
        .types(&["filter", "remove", "Done parts"])
        .types(&["filter", "remove", "Done parts"]);
    assert_transcript!("together", desk);
}
