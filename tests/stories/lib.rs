//! A desk for stories: a data directory, git repositories, and the real `flightboard` program, driven
//! as a person or a script would drive it. Nothing here knows the crates.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long anything awaited may take on a quiet machine before the story fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// The same on this machine as busy as it is now: as many times as long as there are programs that want
/// each of its processors, ten times at most.
pub fn patience() -> Duration {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let wanting: f64 = load.split(' ').next().and_then(|mean| mean.parse().ok()).unwrap_or(1.0);
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    PATIENCE.mul_f64((wanting / processors as f64).clamp(1.0, 10.0))
}

/// A program of this build: `target/<profile>/NAME`.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    let path = profile.join(name);
    assert!(
        path.exists(),
        "{} is missing; build it: cargo build -p flightboard-cli -p flightboard-pty-host --bins",
        path.display()
    );
    path
}

/// One person's machine for one story. Everything that the story started is ended with it.
pub struct Desk {
    pub folder: tempfile::TempDir,
    pub env: Vec<(String, String)>,
    /// The program is to be stopped by permissions even where root tells the story.
    pub ordinary: bool,
}

impl Default for Desk {
    fn default() -> Desk {
        Desk::new()
    }
}

impl Desk {
    pub fn new() -> Desk {
        Desk::in_folder(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn in_folder(folder: tempfile::TempDir) -> Desk {
        Desk { folder, env: Vec::new(), ordinary: false }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn run_dir(&self, run: &Value) -> PathBuf {
        self.data().join("runs").join(run.to_string())
    }

    /// A git repository with one commit.
    pub fn repository(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(&path).expect("the repository's folder");
        git(&path, &["init", "-q", "-b", "main"]);
        std::fs::write(path.join("a.txt"), "first\n").expect("a file");
        git(&path, &["add", "."]);
        git(&path, &["commit", "-q", "-m", "first"]);
        path
    }

    fn command(&self) -> Command {
        let mut command = self.flightboard();
        command
            .env("FLIGHTBOARD_DATA_DIR", self.data())
            .env("FLIGHTBOARD_DEMO_PACE", "0.02")
            .stdin(Stdio::null());
        // No login shell unless a story brings one: its start-up files are nobody's business in a test.
        command.env_remove("SHELL");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn flightboard(&self) -> Command {
        // SAFETY: only asks.
        if !self.ordinary || unsafe { libc::geteuid() } != 0 {
            return Command::new(program("flightboard"));
        }
        let mut command = Command::new("setpriv");
        // Root still, but without the two rights that let it pass by permissions.
        command.args(["--bounding-set=-dac_override,-dac_read_search", "--"]).arg(program("flightboard"));
        command
    }

    /// Runs the command line and waits.
    pub fn output(&self, args: &[&str]) -> Output {
        self.command().args(args).output().expect("flightboard starts")
    }

    /// Runs a command that must succeed and returns what it printed.
    pub fn ok(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert!(
            output.status.success(),
            "flightboard {args:?} failed: {}{}",
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// As `ok`, with `--json`.
    pub fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(&[&["--json"], args].concat());
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{args:?} printed no JSON ({error}): {text}"))
    }

    /// Runs a command that must fail; returns its exit code and what it said.
    pub fn refused(&self, args: &[&str]) -> (i32, String) {
        let output = self.output(args);
        assert!(!output.status.success(), "flightboard {args:?} should have failed");
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    pub fn show(&self, id: &str) -> Value {
        self.json(&["show", id])
    }

    /// Starts an engine of its own and returns once it answers.
    pub fn serve(&self) -> Served {
        let mut child = self
            .command()
            .args(["serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("serve starts");
        let (tell, told) = mpsc::channel();
        let out = child.stdout.take().expect("a pipe");
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        match told.recv_timeout(patience()) {
            Ok(address) => Served { child, address },
            Err(_) => {
                let mut said = String::new();
                if let Some(err) = &mut child.stderr {
                    let _ = err.read_to_string(&mut said);
                }
                panic!("serve printed no address: {said}");
            }
        }
    }

    /// Calls an operation over the socket of the engine that is being served.
    pub fn rpc(&self, operation: &str, request: &Value) -> Result<Value, Value> {
        self.try_rpc(operation, request).unwrap_or_else(|| panic!("the engine did not answer {operation}"))
    }

    /// As `rpc`; none if the engine was gone before it had answered.
    pub fn try_rpc(&self, operation: &str, request: &Value) -> Option<Result<Value, Value>> {
        call(&self.data(), operation, request)
    }

    /// Waits until `look` finds what it looks for.
    pub fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(started.elapsed() < patience(), "waited in vain until {what}");
            // Other processes change files; there is nothing better to wait on from out here.
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// What this story's agents left running.
    pub fn processes_of_runs(&self) -> Vec<String> {
        self.processes_marked("FLIGHTBOARD_RUN_DIR=")
    }

    /// Processes whose environment holds `variable` with a path below this desk's data directory.
    pub fn processes_marked(&self, variable: &str) -> Vec<String> {
        let mark = format!("{variable}{}/", self.data().display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|pair| pair.starts_with(mark.as_bytes())) {
                let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                if !command.is_empty() {
                    found.push(String::from_utf8_lossy(&command).replace('\0', " "));
                }
            }
        }
        found
    }
}

/// Calls an operation over the socket of the engine of a data directory; none if the engine was gone
/// before it had answered.
pub fn call(data: &Path, operation: &str, request: &Value) -> Option<Result<Value, Value>> {
    let mut socket = UnixStream::connect(data.join("engine.sock")).ok()?;
    socket.set_read_timeout(Some(patience())).ok()?;
    let body = request.to_string();
    write!(
            socket,
            "POST /rpc/{operation} HTTP/1.1\r\nhost: flightboard\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .ok()?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).ok()?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let value = serde_json::from_str(body).ok()?;
    Some(if head.starts_with("HTTP/1.1 200") { Ok(value) } else { Err(value) })
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Ends agents that a failed story left at work; a story that went well has none.
        let list = self.output(&["--json", "list", "--status", "in_progress"]);
        let cards: Vec<Value> = serde_json::from_slice(&list.stdout).unwrap_or_default();
        for card in cards {
            let _ = self.output(&["stop", &card["id"].to_string()]);
        }
    }
}

/// An engine in a process of its own.
pub struct Served {
    child: Child,
    pub address: String,
}

impl Served {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// As the machine or a person would at the worst moment.
    pub fn kill(mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("the end");
    }

    /// Ctrl-C.
    pub fn stop(mut self) {
        let pid = self.child.id() as libc::pid_t;
        // SAFETY: plain kill(2) on our own child, which has not been waited for.
        unsafe { libc::kill(pid, libc::SIGTERM) };
        assert!(self.child.wait().expect("the end").success(), "serve ends well when asked");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// SIGKILL to a process that the story's own programs started.
pub fn kill(pid: i64) {
    // SAFETY: plain kill(2).
    let outcome = unsafe { libc::kill(pid as libc::pid_t, libc::SIGKILL) };
    assert_eq!(outcome, 0, "process {pid} was not there");
}

pub fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=Story",
            "-c",
            "user.email=story@example.invalid",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(args)
        .current_dir(folder)
        .output()
        .expect("git starts");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
