//! The question to the login shell, asked of a real one.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Stdio};

use flightboard_agents::{login_shell_argv, parse_login_shell_env};

fn ask(shell: &str, profile: &str) -> Vec<u8> {
    let home = tempfile::tempdir().unwrap();
    for name in [".profile", ".bash_profile"] {
        std::fs::write(home.path().join(name), profile).unwrap();
    }
    let argv = login_shell_argv(Path::new(shell));
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]).env_clear().env("HOME", home.path()).stdin(Stdio::null());
    command.output().unwrap().stdout
}

#[test]
fn what_start_up_files_export_is_found_whatever_they_print() {
    let profile = "echo 'Welcome! PATH=/banner'\nprintf 'no newline'\nexport PATH=\"/opt/my agents/bin:$PATH\"\nexport NOTE='two\nlines'\nalias env=false\n";
    for shell in ["/bin/sh", "/bin/bash"].into_iter().filter(|shell| Path::new(shell).exists()) {
        let output = ask(shell, profile);
        let env =
            parse_login_shell_env(&output).unwrap_or_else(|| panic!("{shell}: {}", output.escape_ascii()));
        assert_eq!(env.path_dirs()[0], Path::new("/opt/my agents/bin"), "{shell}");
        assert_eq!(env.get("NOTE").unwrap(), "two\nlines", "{shell}");
    }
}

#[test]
fn a_shell_whose_start_up_file_gives_up_has_no_answer() {
    assert_eq!(parse_login_shell_env(&ask("/bin/sh", "echo broken\nexit 3\n")), None);
}
