//! Gemini CLI's window title, its only sign of life: `◇  Ready (dir)`,
//! `✦  Working… (dir)`, `✋  Action Required (dir)`, padded with blanks.

use crate::{Activity, WaitKind};

pub(crate) fn title_activity(title: &str) -> Option<Activity> {
    match title.chars().next()? {
        '◇' => Some(Activity::Idle),
        '✦' | '⏲' => Some(Activity::working()),
        '✋' => Some(Activity::waiting(WaitKind::Unspecified)),
        _ => None,
    }
}
