//! trash: put, list, restore, delete, empty.

use crate::desk::{Desk, assert_transcript};

#[test]
fn cards_are_thrown_away_brought_back_and_deleted() {
    let mut desk = Desk::new();
    desk.types(&["trash", "list"])
        .types(&["add", "Wanted after all"])
        .types(&["add", "Done with"])
        .types(&["add", "Needs the second"])
        .types(&["depend", "3", "--on", "2"])
        .types(&["trash", "delete", "1"])
        .types(&["trash", "put", "1"])
        .types(&["trash", "put", "T-2"])
        .types(&["trash", "list"])
        .types(&["trash", "restore", "1"])
        .types(&["trash", "empty", "--older-than", "30"])
        .types(&["trash", "empty"])
        .types(&["depend", "3", "--off", "2"])
        .types(&["trash", "empty", "--json"])
        .types(&["show", "2"])
        .types(&["trash", "restore", "2"])
        .types(&["trash", "put", "3"])
        .types(&["trash", "delete", "3"])
        .types(&["trash", "list", "--json"]);
    assert_transcript!("trash", desk);
}
