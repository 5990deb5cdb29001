//! Files that people add to a card: what one may be called in an agent's workspace, on any system, and how
//! much there may be.

/// Bytes of one file.
pub const FILE_MAX: u64 = 20 << 20;
/// Files on one card.
pub const FILES_MAX: usize = 50;
/// Bytes of all files on one card.
pub const TOTAL_MAX: u64 = 200 << 20;

/// Bytes of a name; file systems take 255.
const NAME_MAX: usize = 180;
/// Bytes of what counts as a name's ending.
const ENDING_MAX: usize = 16;
/// Names that Windows keeps for devices, whatever their ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAttachment {
    #[error("“{0}” cannot be a file's name")]
    Name(String),
    #[error("“{name}” has {} MiB, the limit for one file is {} MiB", .size.div_ceil(1 << 20), FILE_MAX >> 20)]
    TooLarge { name: String, size: u64 },
    #[error("a card has at most {FILES_MAX} files")]
    TooMany,
    #[error("all files of a card together have at most {} MiB", TOTAL_MAX >> 20)]
    TooMuch,
}

/// What a file from anywhere is called: its own name without folders, and without what a system takes for
/// something else or does not show.
pub fn name(raw: &str) -> Result<String, BadAttachment> {
    let last = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let trimmed = plain.trim().trim_end_matches(['.', ' ']);
    if trimmed.is_empty() {
        return Err(BadAttachment::Name(crate::text::elide(last, 60)));
    }
    let stem = trimmed.split('.').next().unwrap_or_default().to_lowercase();
    let numbered =
        |of: &str| stem.strip_prefix(of).is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit());
    let device = DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt");
    Ok(cut(&format!("{}{trimmed}", if device { "_" } else { "" }), NAME_MAX))
}

/// `notes (2).txt`: the same name for another file.
pub fn numbered(name: &str, n: usize) -> String {
    let (stem, ending) = split(name);
    let mark = format!(" ({n})");
    format!("{}{mark}{ending}", shortened(stem, NAME_MAX - ending.len() - mark.len()))
}

/// Whether a further file fits, beside `count` files of `total` bytes.
pub fn check(name: &str, size: u64, count: usize, total: u64) -> Result<(), BadAttachment> {
    if size > FILE_MAX {
        return Err(BadAttachment::TooLarge { name: name.into(), size });
    }
    if count >= FILES_MAX {
        return Err(BadAttachment::TooMany);
    }
    if total + size > TOTAL_MAX { Err(BadAttachment::TooMuch) } else { Ok(()) }
}

fn is_plain(c: char) -> bool {
    // Marks that turn the direction of text make `gpj.exe` read as `exe.jpg`.
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns && !":*?\"<>|".contains(c)
}

/// The ending with its dot, if it looks like one.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= ENDING_MAX => name.split_at(at),
        _ => (name, ""),
    }
}

fn cut(name: &str, max: usize) -> String {
    let (stem, ending) = split(name);
    format!("{}{ending}", shortened(stem, max - ending.len()))
}

fn shortened(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("notes.md", "notes.md")]
    #[case("/home/ada/../../etc/passwd", "passwd")]
    #[case("C:\\Users\\Ada\\log 1.txt", "log 1.txt")]
    #[case(" what: is <this>? ", "what_ is _this__")]
    #[case("line\nbreak\u{1b}[31m.txt", "line_break_[31m.txt")]
    #[case("photo\u{202e}gpj.exe", "photo_gpj.exe")]
    #[case("nul.txt", "_nul.txt")]
    #[case("COM1", "_COM1")]
    #[case("comic.txt", "comic.txt")]
    #[case("draft. .", "draft")]
    #[case(".env", ".env")]
    #[case("屏幕截图.png", "屏幕截图.png")]
    fn a_name_is_a_plain_one_on_every_system(#[case] raw: &str, #[case] expected: &str) {
        assert_eq!(name(raw), Ok(expected.into()));
    }

    #[rstest]
    #[case("")]
    #[case("..")]
    #[case("a/")]
    #[case(" . ")]
    fn what_is_no_name_is_refused(#[case] raw: &str) {
        assert!(matches!(name(raw), Err(BadAttachment::Name(_))));
    }

    #[rstest]
    #[case("notes.txt", 2, "notes (2).txt")]
    #[case(".env", 3, ".env (3)")]
    #[case("no ending", 2, "no ending (2)")]
    fn a_second_file_of_a_name_is_numbered(#[case] name: &str, #[case] n: usize, #[case] expected: &str) {
        assert_eq!(numbered(name, n), expected);
    }

    #[test]
    fn limits_are_kept_and_said() {
        assert_eq!(check("a", FILE_MAX, 0, 0), Ok(()));
        let large = check("a.bin", FILE_MAX + 1, 0, 0).unwrap_err();
        assert_eq!(large.to_string(), "“a.bin” has 21 MiB, the limit for one file is 20 MiB");
        assert_eq!(check("a", 1, FILES_MAX, 0), Err(BadAttachment::TooMany));
        assert_eq!(check("a", 1, 1, TOTAL_MAX), Err(BadAttachment::TooMuch));
    }

    proptest! {
        #[test]
        fn whatever_comes_in_stays_one_file_in_one_folder(raw in ".{0,300}", n in 2_usize..60) {
            if let Ok(name) = name(&raw) {
                for name in [name.clone(), numbered(&name, n)] {
                    let path = std::path::Path::new(&name);
                    prop_assert_eq!(path.components().count(), 1);
                    prop_assert!(matches!(path.components().next(), Some(std::path::Component::Normal(_))));
                    prop_assert!(name.len() <= 200 && !name.contains(['/', '\\', ':', '\n']));
                }
            }
        }
    }
}
