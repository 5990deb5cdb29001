//! The environment that a login shell would give, read from its output.
//!
//! An app started from a desktop launcher has a bare PATH; the agents are
//! where the user's shell start-up files say. Those files also print banners,
//! so the environment travels between two markers.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Unlikely in any banner, and not in the command line as it is printed by
/// the shell itself: the two halves are joined only by `printf`.
const MARKER: &str = "__flightboard_env__";

/// What a login shell exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShellEnv {
    pub variables: Vec<(OsString, OsString)>,
}

impl ShellEnv {
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_os_str())
    }

    /// The directories of its PATH, in order; empty entries are left out.
    pub fn path_dirs(&self) -> Vec<PathBuf> {
        let path = self.get("PATH").unwrap_or_default();
        std::env::split_paths(path).filter(|dir| !dir.as_os_str().is_empty()).collect()
    }
}

/// How to ask a shell. Run it without a terminal, with standard input closed,
/// and give up after a few seconds: start-up files may wait for a person.
pub fn login_shell_argv(shell: &Path) -> Vec<OsString> {
    let name = shell.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    // csh takes `-l` only as its sole argument.
    let flags: &[&str] = match name {
        "csh" | "tcsh" => &["-c"],
        _ => &["-l", "-i", "-c"],
    };
    // `/usr/bin/env` because `env` may be an alias; its plain form for
    // systems that know no `-0`. The marker is split so that a shell that
    // echoes its command does not print it whole.
    let (head, tail) = MARKER.split_at(9);
    let command =
        format!("printf '%s%s' {head} {tail}; /usr/bin/env -0 || /usr/bin/env; printf '%s%s' {head} {tail}");
    let mut argv = vec![shell.as_os_str().to_owned()];
    argv.extend(flags.iter().map(OsString::from));
    argv.push(command.into());
    argv
}

/// Reads the shell's answer; `None` if the markers are not both there.
pub fn parse_login_shell_env(output: &[u8]) -> Option<ShellEnv> {
    let marker = MARKER.as_bytes();
    let from = memchr::memmem::find(output, marker)? + marker.len();
    let to = from + memchr::memmem::rfind(&output[from..], marker)?;
    let body = &output[from..to];
    let separator = if body.contains(&0) { 0 } else { b'\n' };
    let variables = body.split(|byte| *byte == separator).filter_map(variable).collect();
    Some(ShellEnv { variables })
}

fn variable(entry: &[u8]) -> Option<(OsString, OsString)> {
    let equals = memchr::memchr(b'=', entry)?;
    let (name, value) = (&entry[..equals], &entry[equals + 1..]);
    // Exported bash functions (`BASH_FUNC_x%%`) and noise are no variables.
    let named = !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    named.then(|| (os_string(name), os_string(value)))
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_environment_is_found_between_banners() {
        use std::os::unix::ffi::OsStringExt;
        let output =
            b"Welcome!\n\x1b[1m42 updates\x1b[0m PATH=/wrong\0\n__flightboard_env__PATH=/a:/b c::/\xff\0\
            TEXT=two\nlines=x\0BASH_FUNC_f%%=() { :; }\0EMPTY=\0__flightboard_env__logout\n";
        let env = parse_login_shell_env(output).unwrap();
        assert_eq!(env.get("TEXT").unwrap(), "two\nlines=x");
        assert_eq!(env.get("EMPTY").unwrap(), "");
        assert_eq!(env.get("BASH_FUNC_f%%"), None);
        let last = PathBuf::from(OsString::from_vec(b"/\xff".to_vec()));
        assert_eq!(env.path_dirs(), [PathBuf::from("/a"), PathBuf::from("/b c"), last]);
    }

    #[test]
    fn an_env_without_zero_bytes_is_read_by_lines() {
        let env = parse_login_shell_env(b"x__flightboard_env__A=1\nPATH=/a\n__flightboard_env__").unwrap();
        assert_eq!(env.get("PATH").unwrap(), "/a");
    }

    #[test]
    fn half_an_answer_is_none() {
        for output in ["", "banner only", "__flightboard_env__PATH=/a"] {
            assert_eq!(parse_login_shell_env(output.as_bytes()), None);
        }
    }

    #[test]
    fn the_question_does_not_contain_its_own_marker() {
        let argv = login_shell_argv(Path::new("/bin/zsh"));
        assert_eq!(argv[..4], ["/bin/zsh", "-l", "-i", "-c"]);
        assert!(!argv[4].to_str().unwrap().contains(MARKER));
        assert_eq!(login_shell_argv(Path::new("/bin/tcsh"))[1], "-c");
    }
}
