//! What a reviewer's text says about the work. The verdict counts only on a line of its own, in
//! exactly the agreed words; everything else is no verdict, and no verdict is no approval.

use serde::{Deserialize, Serialize};
use specta::Type;

pub const APPROVED: &str = "VERDICT: APPROVED";
pub const REJECTED: &str = "VERDICT: REJECTED";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approved,
    Rejected,
}

/// Why a review decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoVerdict {
    #[error("the review has no verdict; it must have a line “{APPROVED}” or “{REJECTED}”")]
    Absent,
    #[error("the review says both “{APPROVED}” and “{REJECTED}”")]
    Both,
    #[error("the review has a verdict in other words; the line must be exactly “{APPROVED}” or “{REJECTED}”")]
    OtherWords,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Approved => "approved",
            Verdict::Rejected => "rejected",
        }
    }

    pub fn parse(word: &str) -> Option<Verdict> {
        [Verdict::Approved, Verdict::Rejected].into_iter().find(|verdict| verdict.word() == word)
    }
}

/// Reads a reviewer's final message or `REVIEW.md` (Markdown). Quotations and code do not count.
/// Spaces around the line and Markdown's bold are allowed; the same verdict twice is one.
pub fn read(text: &str) -> Result<Verdict, NoVerdict> {
    let mut said: Option<Verdict> = None;
    let mut other_words = false;
    for line in own_lines(text) {
        let verdict = match unbold(line.trim()) {
            APPROVED => Verdict::Approved,
            REJECTED => Verdict::Rejected,
            other => {
                other_words |= sounds_like_one(other);
                continue;
            }
        };
        match said {
            Some(earlier) if earlier != verdict => return Err(NoVerdict::Both),
            _ => said = Some(verdict),
        }
    }
    said.ok_or(if other_words { NoVerdict::OtherWords } else { NoVerdict::Absent })
}

/// The lines that the reviewer says in its own voice: no fenced or indented code, no quotation.
fn own_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut fence: Option<(char, usize)> = None;
    text.lines().filter(move |line| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let mark = (indent <= 3).then(|| fence_mark(line.trim_start_matches(' '))).flatten();
        match (fence, mark) {
            (None, Some(opening)) => {
                fence = Some((opening.0, opening.1));
                false
            }
            (Some((sign, length)), Some((closing, long, bare))) => {
                if closing == sign && long >= length && bare {
                    fence = None;
                }
                false
            }
            (Some(_), None) => false,
            (None, None) => indent <= 3 && !line.starts_with('\t') && !line.trim_start().starts_with('>'),
        }
    })
}

/// The sign of a code fence, how often it stands, and whether nothing follows it.
fn fence_mark(line: &str) -> Option<(char, usize, bool)> {
    let sign = line.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == sign).count();
    let rest = line[length..].trim();
    // A line of inline code is no fence.
    let fences = length >= 3 && !(sign == '`' && rest.contains('`'));
    fences.then_some((sign, length, rest.is_empty()))
}

fn unbold(line: &str) -> &str {
    ["**", "__"]
        .into_iter()
        .find_map(|mark| line.strip_prefix(mark).and_then(|inner| inner.strip_suffix(mark)))
        .unwrap_or(line)
}

fn sounds_like_one(line: &str) -> bool {
    let lower = line.to_lowercase();
    let bare = lower.trim_start_matches(['*', '_', '#', ' ', '-']);
    bare.starts_with("verdict") && (lower.contains("approve") || lower.contains("reject"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::approved("VERDICT: APPROVED", Ok(Verdict::Approved))]
    #[case::rejected_with_notes(
        "It breaks on empty input.\n\nVERDICT: REJECTED\nSee main.rs:12.",
        Ok(Verdict::Rejected)
    )]
    #[case::windows_lines("Fine.\r\nVERDICT: APPROVED\r\n", Ok(Verdict::Approved))]
    #[case::bold("**VERDICT: APPROVED**", Ok(Verdict::Approved))]
    #[case::twice_the_same("VERDICT: APPROVED\nSo again:\nVERDICT: APPROVED", Ok(Verdict::Approved))]
    #[case::absent("Looks good to me.", Err(NoVerdict::Absent))]
    #[case::empty("", Err(NoVerdict::Absent))]
    #[case::both("VERDICT: APPROVED\nVERDICT: REJECTED", Err(NoVerdict::Both))]
    #[case::lower_case("verdict: approved", Err(NoVerdict::OtherWords))]
    #[case::in_a_sentence("I would say VERDICT: APPROVED if the tests passed.", Err(NoVerdict::Absent))]
    #[case::with_more_on_the_line("VERDICT: APPROVED, but only just", Err(NoVerdict::OtherWords))]
    #[case::quoted("> VERDICT: APPROVED", Err(NoVerdict::Absent))]
    #[case::quoted_beside_its_own("> VERDICT: APPROVED\n\nNo.\n\nVERDICT: REJECTED", Ok(Verdict::Rejected))]
    #[case::in_a_fence("```\nVERDICT: APPROVED\n```", Err(NoVerdict::Absent))]
    #[case::in_a_fence_of_tildes("~~~text\nVERDICT: APPROVED\n~~~", Err(NoVerdict::Absent))]
    #[case::in_a_fence_that_holds_another(
        "````\n```\nVERDICT: APPROVED\n```\n````\nVERDICT: REJECTED",
        Ok(Verdict::Rejected)
    )]
    #[case::in_a_fence_never_closed("```\nVERDICT: APPROVED", Err(NoVerdict::Absent))]
    #[case::indented_code("    VERDICT: APPROVED", Err(NoVerdict::Absent))]
    #[case::inline_code("`VERDICT: APPROVED`", Err(NoVerdict::Absent))]
    #[case::negated("VERDICT: NOT APPROVED", Err(NoVerdict::OtherWords))]
    fn a_review_is_read_by_its_own_line(#[case] text: &str, #[case] expected: Result<Verdict, NoVerdict>) {
        assert_eq!(read(text), expected);
    }

    proptest! {
        /// Without the exact words nothing is approved.
        #[test]
        fn no_text_without_the_words_approves(text in "(?s).{0,400}") {
            prop_assume!(!text.contains(APPROVED));
            prop_assert_ne!(read(&text), Ok(Verdict::Approved));
        }
    }
}
