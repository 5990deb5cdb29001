//! Is the agent installed, where, and which version?
//!
//! The caller supplies the directories (from the login shell, see
//! `login_shell`) and says whether a file may be executed.

use std::path::{Path, PathBuf};

use crate::Profile;

/// The first directory that has the profile's program. Relative entries of a
/// PATH are skipped: they would run whatever a workspace contains.
pub fn detect(profile: &Profile, dirs: &[PathBuf], is_executable: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let program = Path::new(&profile.program);
    if profile.program.is_empty() {
        return None;
    }
    if program.is_absolute() {
        return is_executable(program).then(|| program.to_owned());
    }
    // A relative path with a folder in it is nobody's program name.
    if program.components().count() != 1 {
        return None;
    }
    dirs.iter()
        .filter(|dir| dir.is_absolute())
        .flat_map(|dir| candidates(dir, &profile.program))
        .find(|path| is_executable(path))
}

#[cfg(not(windows))]
fn candidates(dir: &Path, program: &str) -> Vec<PathBuf> {
    vec![dir.join(program)]
}

#[cfg(windows)]
fn candidates(dir: &Path, program: &str) -> Vec<PathBuf> {
    // npm installs a `.cmd` beside a shell script without an extension that
    // Windows cannot start.
    ["exe", "cmd", "bat"].iter().map(|extension| dir.join(format!("{program}.{extension}"))).collect()
}

/// Where agents are installed when the login shell cannot be asked.
pub fn usual_dirs(home: &Path) -> Vec<PathBuf> {
    let in_home = [
        ".local/bin",
        "bin",
        ".npm-global/bin",
        ".bun/bin",
        ".opencode/bin",
        ".claude/local",
        ".volta/bin",
        ".local/share/mise/shims",
        ".asdf/shims",
        ".local/share/pnpm",
        ".cargo/bin",
    ];
    let system = ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin"];
    in_home.iter().map(|dir| home.join(dir)).chain(system.iter().map(PathBuf::from)).collect()
}

/// The first thing in the output that looks like `1.2` or `1.2.3-beta.4`.
pub fn parse_version(_profile: &Profile, output: &[u8]) -> Option<String> {
    let text = crate::escape::plain_text(output);
    text.split(|c: char| c.is_whitespace() || "(),/".contains(c)).find_map(version_in)
}

fn version_in(word: &str) -> Option<String> {
    let word = word.trim_start_matches(['v', 'V']).trim_end_matches(['.', ':', ';']);
    let numbers: Vec<&str> = word.split('-').next()?.split('.').collect();
    let numeric = numbers.len() >= 2
        && numbers
            .iter()
            .take(2)
            .all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
    let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b));
    (numeric && plain).then(|| word.chars().take(64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin_profiles;

    fn codex() -> Profile {
        builtin_profiles().into_iter().find(|profile| profile.name == "codex").unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn the_first_directory_that_has_it_wins_and_relative_ones_never_do() {
        let dirs = ["", ".", "node_modules/.bin", "/a", "/b"].map(PathBuf::from);
        let seen = std::cell::RefCell::new(Vec::new());
        let found = detect(&codex(), &dirs, |path| {
            seen.borrow_mut().push(path.to_owned());
            path.starts_with("/b")
        });
        assert_eq!(found, Some(PathBuf::from("/b/codex")));
        assert_eq!(*seen.borrow(), [PathBuf::from("/a/codex"), PathBuf::from("/b/codex")]);
    }

    #[cfg(unix)]
    #[test]
    fn an_absolute_program_is_itself_and_a_relative_path_is_nothing() {
        let absolute = Profile { program: "/opt/codex".into(), ..codex() };
        assert_eq!(detect(&absolute, &[], |_| true), Some(PathBuf::from("/opt/codex")));
        assert_eq!(detect(&absolute, &["/opt".into()], |_| false), None);
        for program in ["../codex", "bin/codex", ""] {
            let relative = Profile { program: program.into(), ..codex() };
            assert_eq!(detect(&relative, &["/opt".into()], |_| true), None);
        }
    }

    #[test]
    fn versions_are_found_in_what_the_agents_really_print() {
        for (output, version) in [
            ("2.1.329 (Claude Code)\n", Some("2.1.329")),
            ("WARNING: proceeding, even though 1 alias failed\ncodex-cli 0.169.0\n", Some("0.169.0")),
            ("1.18.33\n", Some("1.18.33")),
            ("\x1b[1maider 0.86.2\x1b[0m\r\n", Some("0.86.2")),
            ("v0.61.0-nightly.20261101+abc", Some("0.61.0-nightly.20261101+abc")),
            ("git version 2.39.5.", Some("2.39.5")),
            ("command not found", None),
            ("http://127.0.0.1:8080 7 ..", None),
            ("", None),
        ] {
            assert_eq!(parse_version(&codex(), output.as_bytes()).as_deref(), version, "{output:?}");
        }
    }
}
