//! Limits on what people type, and names made from it.

/// Longest title, in characters.
pub const TITLE_MAX: usize = 500;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 200_000;
/// Longest tag, in characters, and how many a card may have.
pub const TAG_MAX: usize = 50;
pub const TAGS_MAX: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    #[error("the title is empty; say in a few words what is to be done")]
    TitleEmpty,
    #[error("the title has {0} characters, the limit is {TITLE_MAX}; put the rest into the description")]
    TitleTooLong(usize),
    #[error("the description has {0} characters, the limit is {DESCRIPTION_MAX}; attach a file instead")]
    DescriptionTooLong(usize),
    #[error("“{0}” is not a tag; a tag is 1 to {TAG_MAX} characters without commas or line breaks")]
    Tag(String),
    #[error("{0} tags are too many; the limit is {TAGS_MAX}")]
    TooManyTags(usize),
    #[error("{0} is empty")]
    SaysNothing(&'static str),
    #[error("{what} has {length} characters, the limit is {most}; shorten it, or put the rest into a file")]
    SaysTooMuch { what: &'static str, length: usize, most: usize },
}

/// Trims a title and makes it one line.
pub fn title(text: &str) -> Result<String, BadText> {
    let printable: String = text.chars().filter(|c| c.is_whitespace() || !c.is_control()).collect();
    let clean = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    match clean.chars().count() {
        0 => Err(BadText::TitleEmpty),
        length if length > TITLE_MAX => Err(BadText::TitleTooLong(length)),
        _ => Ok(clean),
    }
}

pub fn description(text: &str) -> Result<String, BadText> {
    match text.chars().count() {
        length if length > DESCRIPTION_MAX => Err(BadText::DescriptionTooLong(length)),
        _ => Ok(without_nul(text)),
    }
}

/// What somebody says, trimmed: 1 to `most` characters. `what` begins the refusal: "the comment".
pub fn said(text: &str, what: &'static str, most: usize) -> Result<String, BadText> {
    let text = without_nul(text);
    let text = text.trim();
    match text.chars().count() {
        0 => Err(BadText::SaysNothing(what)),
        length if length > most => Err(BadText::SaysTooMuch { what, length, most }),
        _ => Ok(text.into()),
    }
}

/// SQLite takes a text for ended at a NUL, and one that begins with it for empty.
pub fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

/// Trims, drops empty ones and repeats, keeps the order.
pub fn tags(raw: &[String]) -> Result<Vec<String>, BadText> {
    let mut clean: Vec<String> = Vec::new();
    for tag in raw.iter().map(|tag| tag.trim()).filter(|tag| !tag.is_empty()) {
        if tag.chars().count() > TAG_MAX || tag.contains(',') || tag.chars().any(char::is_control) {
            return Err(BadText::Tag(tag.into()));
        }
        if !clean.iter().any(|known| known == tag) {
            clean.push(tag.into());
        }
    }
    if clean.len() > TAGS_MAX { Err(BadText::TooManyTags(clean.len())) } else { Ok(clean) }
}

/// A piece of a branch or folder name: lower-case ASCII letters, digits and single hyphens, at most
/// 40 bytes, never empty.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 40 {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "task".into() } else { slug.into() }
}

/// At most `max` characters; a cut is marked by an ellipsis.
pub fn elide(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.into();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(" \0well \0", Ok("well".into()))]
    #[case("\0 \n\0", Err(BadText::SaysNothing("the comment")))]
    #[case("ééééé", Ok("ééééé".into()))]
    #[case("éééééé", Err(BadText::SaysTooMuch { what: "the comment", length: 6, most: 5 }))]
    fn what_is_said_is_trimmed_and_has_no_nul(#[case] text: &str, #[case] expected: Result<String, BadText>) {
        assert_eq!(said(text, "the comment", 5), expected);
    }

    #[rstest]
    #[case("  Fix   the\nparser ", Ok("Fix the parser".into()))]
    #[case("", Err(BadText::TitleEmpty))]
    #[case(" \n\t ", Err(BadText::TitleEmpty))]
    #[case("\u{7}", Err(BadText::TitleEmpty))]
    #[case("\u{7} ring \u{7} \u{1b}[31mme", Ok("ring [31mme".into()))]
    fn a_title_is_one_clean_line(#[case] text: &str, #[case] expected: Result<String, BadText>) {
        assert_eq!(title(text), expected);
    }

    #[test]
    fn a_title_may_have_500_characters_not_501() {
        assert!(title(&"ü".repeat(500)).is_ok());
        assert_eq!(title(&"ü".repeat(501)), Err(BadText::TitleTooLong(501)));
    }

    #[rstest]
    #[case("Fix the login button!", "fix-the-login-button")]
    #[case("  ++ C++ / Rust  ", "c-rust")]
    #[case("修复登录", "task")]
    #[case("--force", "force")]
    fn a_slug_is_safe_in_a_branch_name(#[case] title: &str, #[case] expected: &str) {
        assert_eq!(slug(title), expected);
    }

    proptest! {
        #[test]
        fn any_slug_is_a_valid_name(title in ".{0,200}") {
            let slug = slug(&title);
            prop_assert!(!slug.is_empty() && slug.len() <= 40);
            prop_assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(!slug.starts_with('-') && !slug.ends_with('-'));
        }

        #[test]
        fn an_elided_text_keeps_its_limit(text in ".{0,100}", max in 1usize..50) {
            prop_assert!(elide(&text, max).chars().count() <= max);
        }
    }

    #[test]
    fn tags_are_trimmed_once_each_and_limited() {
        let raw = [" bug ".to_string(), "bug".into(), "".into(), "ui".into()];
        assert_eq!(tags(&raw), Ok(vec!["bug".to_string(), "ui".into()]));
        assert!(tags(&["a,b".into()]).is_err());
    }

    #[test]
    fn a_description_has_a_limit_and_no_nul() {
        assert_eq!(description("a\0b\n"), Ok("ab\n".into()));
        assert!(description(&"ü".repeat(DESCRIPTION_MAX)).is_ok());
        assert_eq!(
            description(&"ü".repeat(DESCRIPTION_MAX + 1)),
            Err(BadText::DescriptionTooLong(DESCRIPTION_MAX + 1))
        );
    }

    #[rstest]
    #[case(50, true)]
    #[case(51, false)]
    fn a_tag_has_at_most_50_characters(#[case] length: usize, #[case] fits: bool) {
        assert_eq!(tags(&["ü".repeat(length)]).is_ok(), fits);
    }

    #[test]
    fn a_card_has_at_most_20_tags() {
        let numbered = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert!(tags(&numbered(20)).is_ok());
        assert_eq!(tags(&numbered(21)), Err(BadText::TooManyTags(21)));
    }
}
