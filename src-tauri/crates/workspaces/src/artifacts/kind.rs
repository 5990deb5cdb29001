//! How an artifact is best shown: by its name, as long as its first bytes do not contradict.

use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    Text,
    Markdown,
    Image,
    Pdf,
    Html,
    Json,
    Csv,
    Diff,
    Binary,
}

/// How much of a file is enough.
pub const START: usize = 8 * 1024;

/// From the name and the first [`START`] bytes.
pub fn of(path: &str, start: &[u8]) -> ArtifactKind {
    if is_image(start) {
        return ArtifactKind::Image;
    }
    if start.starts_with(b"%PDF-") {
        return ArtifactKind::Pdf;
    }
    if !is_text(start) {
        return ArtifactKind::Binary;
    }
    let end = Path::new(path).extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    match end.as_deref() {
        Some("md" | "markdown") => ArtifactKind::Markdown,
        Some("svg") => ArtifactKind::Image,
        Some("html" | "htm" | "xhtml") => ArtifactKind::Html,
        Some("json") => ArtifactKind::Json,
        Some("csv" | "tsv") => ArtifactKind::Csv,
        Some("diff" | "patch") => ArtifactKind::Diff,
        Some(_) => ArtifactKind::Text,
        None => nameless(start),
    }
}

fn nameless(start: &[u8]) -> ArtifactKind {
    let text = String::from_utf8_lossy(start).trim_start().to_ascii_lowercase();
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        ArtifactKind::Html
    } else if text.starts_with("diff --git ") || text.starts_with("--- a/") {
        ArtifactKind::Diff
    } else {
        ArtifactKind::Text
    }
}

fn is_image(start: &[u8]) -> bool {
    let magic: [&[u8]; 5] =
        [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"\x00\x00\x01\x00"];
    let at = |offset: usize, bytes: &[u8]| start.get(offset..offset + bytes.len()) == Some(bytes);
    magic.iter().any(|magic| start.starts_with(magic))
        || (at(0, b"RIFF") && at(8, b"WEBP"))
        || at(4, b"ftypavif")
        || (at(0, b"BM") && at(6, b"\0\0\0\0"))
}

/// UTF-8 without NUL; a character cut at the end of what was read is forgiven.
fn is_text(start: &[u8]) -> bool {
    let cut = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && start.len() == START,
    };
    cut && !start.contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("report.md", b"# Report", ArtifactKind::Markdown)]
    #[case("REPORT.MD", b"# Report", ArtifactKind::Markdown)]
    #[case("shot.png", b"\x89PNG\r\n\x1a\n...", ArtifactKind::Image)]
    #[case("shot", b"\xff\xd8\xff\xe0", ArtifactKind::Image)]
    #[case("shot.png", b"not a picture", ArtifactKind::Text)]
    #[case("picture.svg", b"<svg/>", ArtifactKind::Image)]
    #[case("paper.pdf", b"%PDF-1.7", ArtifactKind::Pdf)]
    #[case("page.html", b"<p>", ArtifactKind::Html)]
    #[case("page", b"\n<!DOCTYPE html>", ArtifactKind::Html)]
    #[case("data.json", b"{}", ArtifactKind::Json)]
    #[case("data.json", b"\x00\x01", ArtifactKind::Binary)]
    #[case("table.tsv", b"a\tb", ArtifactKind::Csv)]
    #[case("fix.patch", b"--- a/x", ArtifactKind::Diff)]
    #[case("fix", b"diff --git a/x b/x", ArtifactKind::Diff)]
    #[case("main.rs", b"fn main() {}", ArtifactKind::Text)]
    #[case("empty", b"", ArtifactKind::Text)]
    #[case("latin1.txt", b"caf\xe9", ArtifactKind::Binary)]
    fn name_and_content_decide(#[case] path: &str, #[case] start: &[u8], #[case] kind: ArtifactKind) {
        assert_eq!(of(path, start), kind);
    }

    #[test]
    fn a_character_cut_at_the_end_of_the_sample_is_still_text() {
        let mut start = vec![b'x'; START - 1];
        start.push(0xc3);
        assert_eq!(of("a.txt", &start), ArtifactKind::Text);
    }
}
