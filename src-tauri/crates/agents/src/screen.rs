//! What only the screen's text gives away: prompts that agents do not report
//! by any other means, and whether a program is ready to be typed to.
//!
//! The weakest evidence there is. It knows a few exact phrases, each seen in
//! a real session, and says nothing otherwise.

use serde::{Deserialize, Serialize};

use crate::escape::plain_text;
use crate::{Activity, Kind, WaitKind};

/// A dialog: all of its phrases stand in the screen's last written rows.
struct Dialog {
    whose: Kind,
    phrases: &'static [&'static str],
    /// How far above the last written row. What has scrolled further up was
    /// answered long ago.
    within: usize,
    asks_for: WaitKind,
}

const fn dialog(whose: Kind, phrases: &'static [&'static str], within: usize, asks_for: WaitKind) -> Dialog {
    Dialog { whose, phrases, within, asks_for }
}

const DIALOGS: [Dialog; 9] = [
    dialog(Kind::Claude, &["trust this folder"], 12, WaitKind::Trust),
    dialog(Kind::Claude, &["Do you want to", "Esc to cancel"], 12, WaitKind::Permission),
    dialog(Kind::Codex, &["Trust this folder?"], 24, WaitKind::Trust),
    dialog(Kind::Gemini, &["Do you trust"], 24, WaitKind::Trust),
    dialog(Kind::Opencode, &["Permission required"], 24, WaitKind::Permission),
    dialog(Kind::Qwen, &["Apply this change?"], 16, WaitKind::Permission),
    dialog(Kind::Qwen, &["Allow execution"], 16, WaitKind::Permission),
    dialog(Kind::Qwen, &["Do you trust"], 24, WaitKind::Trust),
    dialog(Kind::Aider, &["(Y)es/(N)o", "]:"], 1, WaitKind::Question),
];

/// What the visible rows say about an agent that has no better way to.
pub fn screen_activity(kind: Kind, rows: &[&str]) -> Option<Activity> {
    let written = rows.iter().rposition(|row| !row.trim().is_empty())? + 1;
    let found = DIALOGS.iter().filter(|dialog| dialog.whose == kind).find_map(|dialog| {
        let near = &rows[written.saturating_sub(dialog.within)..written];
        let shown = |phrase: &&str| near.iter().any(|row| row.contains(*phrase));
        dialog.phrases.iter().all(shown).then(|| (dialog, line_with(near, dialog.phrases[0])))
    });
    found.map(|(dialog, message)| Activity::Waiting { kind: dialog.asks_for, message })
}

fn line_with(rows: &[&str], phrase: &str) -> Option<String> {
    rows.iter().find(|row| row.contains(phrase)).and_then(|row| crate::card_line::meaningful(row))
}

/// The sign that text may be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// The program switched bracketed paste on.
    BracketedPaste,
    /// And shows a prompt that ends in `>`, and nothing after it. Its
    /// questions switch bracketed paste on as well.
    AnglePrompt,
}

impl Readiness {
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Aider => Self::AnglePrompt,
            Kind::Claude
            | Kind::Codex
            | Kind::Gemini
            | Kind::Opencode
            | Kind::Qwen
            | Kind::Demo
            | Kind::Plain
            | Kind::Custom => Self::BracketedPaste,
        }
    }
}

/// Whether the end of the output (its last few KiB) shows that the program
/// is ready. Ask again when more has arrived; no answer is ever a sleep.
pub fn is_ready_for_typing(readiness: Readiness, tail: &[u8]) -> bool {
    let Some(on) = memchr::memmem::rfind(tail, b"\x1b[?2004h") else { return false };
    let since = &tail[on..];
    if memchr::memmem::find(since, b"\x1b[?2004l").is_some() {
        return false;
    }
    match readiness {
        Readiness::BracketedPaste => true,
        Readiness::AnglePrompt => {
            let shown = plain_text(since);
            let shown = shown.trim();
            shown.ends_with('>') && shown.chars().all(|c| c.is_alphanumeric() || c == '>' || c == ' ')
        }
    }
}
