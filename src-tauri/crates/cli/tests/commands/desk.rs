//! One person's machine: a home, a data directory, and a shell whose transcript is kept.

use std::{
    ffi::OsStr,
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

pub struct Desk {
    folder: TempDir,
    transcript: String,
}

impl Desk {
    pub fn new() -> Desk {
        testkit::have_pty_host();
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("home")).expect("a home");
        Desk { folder, transcript: String::new() }
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The program with nothing of the real machine but its system programs.
    pub fn flightboard<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flightboard"));
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .env("LANG", "C.UTF-8")
            .env("FLIGHTBOARD_DATA_DIR", self.data())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn output<A: AsRef<OsStr>>(&self, args: &[A]) -> Output {
        self.flightboard(args).output().expect("flightboard starts")
    }

    /// A command that must succeed; what it printed.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let out = self.ok(&[&["--json"], args].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?} printed no JSON ({error}): {out}"))
    }

    /// Types a command and notes what comes of it.
    pub fn types(&mut self, args: &[&str]) -> &mut Desk {
        let output = self.output(args);
        self.note(args, &output);
        self
    }

    pub fn types_in(&mut self, args: &[&str], input: &str) -> &mut Desk {
        let mut child = self.flightboard(args).stdin(Stdio::piped()).spawn().expect("flightboard starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the input is taken");
        let output = child.wait_with_output().expect("flightboard ends");
        self.note(args, &output);
        self
    }

    fn note(&mut self, args: &[&str], output: &Output) {
        let words: Vec<String> = args.iter().map(|word| quoted(word)).collect();
        let _ = writeln!(self.transcript, "$ flightboard {}", words.join(" "));
        self.transcript.push_str(&text(&output.stdout));
        for line in text(&output.stderr).lines() {
            let _ = writeln!(self.transcript, "2| {line}");
        }
        match output.status.code() {
            Some(0) => {}
            code => {
                let _ = writeln!(self.transcript, "exit {}", code.unwrap_or(-1));
            }
        }
    }

    /// What stands on the screen: commands after `$`, standard error after `2|`, exit codes but 0.
    /// What differs from run to run is named instead.
    pub fn transcript(&mut self) -> String {
        std::mem::take(&mut self.transcript)
    }

    /// Compares with what is on file; see [`Desk::transcript`].
    pub fn settings(&self) -> insta::Settings {
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(false);
        let folder = self.folder.path().canonicalize().expect("the desk's folder");
        settings.add_filter(&format!("(/private)?{}", folder.display()), "[DESK]");
        settings.add_filter("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[UUID]");
        settings.add_filter(r"\b1[0-9]{12}\b", "[TIME]");
        settings.add_filter("[0-9a-f]{64}", "[HASH]");
        settings.add_filter("[0-9a-f]{40}", "[COMMIT]");
        settings.add_filter(r"\(process [0-9]+\)", "(process [PID])");
        settings.add_filter(r"Flightboard \d+\.\d+\.\d+", "Flightboard [VERSION]");
        settings
    }

    /// A script for `sh -c` that says `ready`, waits until [`Desk::let_go`], and ends with `over`. It also
    /// ends with the desk, so that a test that failed leaves nobody waiting.
    pub fn held_script(&self) -> String {
        let folder = self.folder.path().display();
        format!(
            "echo ready; until [ -e '{folder}/go' ] || [ ! -d '{folder}' ]; do sleep 0.02; done; echo over"
        )
    }

    pub fn let_go(&self) {
        std::fs::write(self.path("go"), "").expect("a file");
    }

    pub fn starts<A: AsRef<OsStr>>(&self, args: &[A]) -> Started {
        self.starts_as(self.flightboard(args))
    }

    /// A command to which something was done before.
    pub fn starts_as(&self, mut command: Command) -> Started {
        let mut child = command.spawn().expect("flightboard starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Started { child, out }
    }
}

macro_rules! assert_transcript {
    ($name:literal, $desk:expr) => {
        let transcript = $desk.transcript();
        $desk.settings().bind(|| insta::assert_snapshot!($name, transcript));
    };
}
pub(crate) use assert_transcript;

/// A command at work; killed if the test leaves it behind.
pub struct Started {
    pub child: Child,
    out: BufReader<ChildStdout>,
}

impl Started {
    /// The next line, without its end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("standard output is read");
        line.trim_end().to_owned()
    }

    /// Everything else that it prints, and its exit code.
    pub fn rest(&mut self) -> (String, Option<i32>) {
        let mut rest = Vec::new();
        self.out.read_to_end(&mut rest).expect("standard output is read");
        (text(&rest), self.child.wait().expect("it ends").code())
    }

    pub fn errors(&mut self) -> String {
        let mut said = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("standard error is read");
        said
    }

    /// As a service manager ends it.
    pub fn terminate(&self) {
        let pid = Pid::from_raw(self.child.id() as i32).expect("a process id");
        kill_process(pid, Signal::TERM).expect("it is told");
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
