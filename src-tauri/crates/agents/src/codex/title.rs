//! Codex's window title: a braille spinner while it works, and a flashing
//! `[ ! ] Action Required` while it waits. A title without either may mean
//! idle or nothing at all, so it says nothing.

use crate::{Activity, WaitKind};

pub(crate) fn title_activity(title: &str) -> Option<Activity> {
    let waits = ["[ ! ] Action Required", "[ . ] Action Required"].iter().any(|sign| title.starts_with(sign));
    match title.chars().next()? {
        _ if waits => Some(Activity::waiting(WaitKind::Unspecified)),
        '\u{2800}'..='\u{28ff}' => Some(Activity::working()),
        _ => None,
    }
}
