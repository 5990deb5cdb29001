//! Claude Code's window title, for when the terminal did not answer OSC 7501.
//! `✳` is there at an empty prompt and at a permission dialog alike: either
//! way it waits for a person, and the title does not say for what.

use crate::{Activity, WaitKind};

pub(crate) fn title_activity(title: &str) -> Option<Activity> {
    match title.chars().next()? {
        '✳' => Some(Activity::waiting(WaitKind::Unspecified)),
        '◐' | '◓' | '◑' | '◒' => Some(Activity::working()),
        _ => None,
    }
}
