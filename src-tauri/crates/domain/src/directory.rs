//! The directory that a repository has in a workspace of several: what it may be called, and what it
//! is called if nobody says. One path component on every system, and never one of the workspace's
//! own files.

const LONGEST: usize = 64;

/// What lies beside the repositories.
const TAKEN: &[&str] = &["artifacts", "task.md", "completion.md", "blocked.md"];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDirectory {
    #[error(
        "“{0}” cannot be a directory's name: use 1 to 64 characters, none of / \\ : * ? \" < > |, and no dot or dash in front"
    )]
    Name(String),
    #[error("“{0}” is the name of one of the workspace's own files")]
    Ours(String),
}

/// The name, trimmed.
pub fn check(name: &str) -> Result<&str, BadDirectory> {
    let name = name.trim();
    if name != made_from(name) {
        return Err(BadDirectory::Name(name.into()));
    }
    if TAKEN.contains(&name.to_lowercase().as_str()) {
        return Err(BadDirectory::Ours(name.into()));
    }
    Ok(name)
}

/// A name for a repository whose folder is called `folder`, unlike those in use: `api`, `api-2`, …
pub fn for_folder<'a>(folder: &str, in_use: impl IntoIterator<Item = &'a str>) -> String {
    let name = made_from(folder);
    let used: Vec<String> = in_use.into_iter().map(str::to_lowercase).collect();
    let is_free = |name: &String| check(name).is_ok() && !used.contains(&name.to_lowercase());
    let numbered = (2..).map(|n| {
        let end = format!("-{n}");
        let start: String = name.chars().take(LONGEST - end.len()).collect();
        start.trim_end_matches(is_unwanted_end).to_owned() + &end
    });
    std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name)
}

fn is_unwanted_end(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// The text with what no directory may hold taken out.
fn made_from(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() && !r#"/\:*?"<>|"#.contains(*c);
    let text: String = text.chars().filter(allowed).collect();
    let text: String =
        text.trim_start_matches(|c| c == '-' || is_unwanted_end(c)).chars().take(LONGEST).collect();
    let text = text.trim_end_matches(is_unwanted_end);
    if text.is_empty() { "repository".into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_would_be_more_or_less_than_a_directory_are_refused() {
        let long = "x".repeat(65);
        for name in ["", " ", ".", "..", ".git", "-x", "a/b", "a\\b", "a:b", "what?", "a\nb", "end.", &long] {
            assert!(matches!(check(name), Err(BadDirectory::Name(_))), "{name:?}");
        }
        for name in ["artifacts", "Task.md", "BLOCKED.md", "COMPLETION.md"] {
            assert!(matches!(check(name), Err(BadDirectory::Ours(_))), "{name:?}");
        }
        for name in ["api", "web app 🦀", "node.js", "a-b_c", "[x]", " trimmed "] {
            assert_eq!(check(name), Ok(name.trim()));
        }
    }

    #[test]
    fn a_folders_name_becomes_a_free_directory() {
        let name = |folder, used: &[&str]| for_folder(folder, used.iter().copied());
        assert_eq!(name("api", &[]), "api");
        assert_eq!(name("api", &["API", "api-2"]), "api-3");
        assert_eq!(name(".dotfiles", &[]), "dotfiles");
        assert_eq!(name("artifacts", &[]), "artifacts-2");
        assert_eq!(name("...", &[]), "repository");
        assert_eq!(name("\u{a0}-x ", &[]), "x");
        assert_eq!(name(&"x".repeat(80), &[&"x".repeat(64)]), format!("{}-2", "x".repeat(62)));
    }

    proptest! {
        #[test]
        fn whatever_a_folder_is_called_its_directory_is_allowed_and_free(folder in any::<String>()) {
            let first = for_folder(&folder, []);
            prop_assert_eq!(check(&first), Ok(first.as_str()));
            let second = for_folder(&folder, [first.as_str()]);
            prop_assert_eq!(check(&second), Ok(second.as_str()));
            prop_assert_ne!(first.to_lowercase(), second.to_lowercase());
        }
    }
}
