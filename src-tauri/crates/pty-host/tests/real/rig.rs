//! A run with real processes, which takes everything with it when it is dropped.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flightboard_pty_host::{Client, Exit, Launch, Liveness, Notice, SpawnError, Spawned, alive, spawn};

pub const HOST: &str = env!("CARGO_BIN_EXE_flightboard-pty-host");
pub const ACTOR: &str = env!("CARGO_BIN_EXE_pty-host-actor");

pub struct Run {
    pub dir: PathBuf,
    pub spawned: Spawned,
    _temp: Option<tempfile::TempDir>,
}

pub fn launch(argv: &[&str]) -> Launch {
    Launch {
        run_id: 17,
        argv: argv.iter().map(OsString::from).collect(),
        cwd: "/".into(),
        env: vec![
            ("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()),
            ("TERM".into(), "xterm-256color".into()),
            ("LC_ALL".into(), "C.UTF-8".into()),
        ],
        cols: 80,
        rows: 24,
        nice: 0,
    }
}

pub fn actor(role: &[&str]) -> Launch {
    launch(&[&[ACTOR], role].concat())
}

pub fn sh(script: &str) -> Launch {
    launch(&["sh", "-c", script])
}

impl Run {
    pub fn start(launch: &Launch) -> Run {
        let temp = tempfile::tempdir().expect("a temporary directory");
        let dir = temp.path().to_owned();
        let mut run = Run::start_in(&dir, launch);
        run._temp = Some(temp);
        run
    }

    pub fn start_in(dir: &Path, launch: &Launch) -> Run {
        Run::try_start_in(dir, launch).unwrap_or_else(|error| panic!("the run does not start: {error}"))
    }

    pub fn try_start_in(dir: &Path, launch: &Launch) -> Result<Run, SpawnError> {
        let spawned = spawn(Path::new(HOST), dir, launch)?;
        Ok(Run { dir: dir.to_owned(), spawned, _temp: None })
    }

    /// A run that somebody else has started.
    pub fn adopt(dir: &Path, spawned: Spawned) -> Run {
        Run { dir: dir.to_owned(), spawned, _temp: None }
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.dir).unwrap_or_else(|error| panic!("no connection: {error}"))
    }

    pub fn log(&self) -> Vec<u8> {
        fs::read(self.dir.join("output.log")).expect("the log")
    }

    /// Waits until the log contains `words` and gives the log as text.
    pub fn log_with(&self, words: &str) -> String {
        self.log_once(words, |text| text.contains(words))
    }

    /// Waits until the log is as wished for.
    pub fn log_once(&self, wish: &str, fulfilled: impl Fn(&str) -> bool) -> String {
        let mut client = Client::connect(&self.dir);
        loop {
            let log = self.log();
            let text = String::from_utf8_lossy(&log).into_owned();
            if fulfilled(&text) {
                return text;
            }
            let Ok(client) = &mut client else { panic!("the run ended without {wish:?}: {text:?}") };
            client.watch(log.len() as u64).expect("the host listens");
            loop {
                match client.notice() {
                    Ok(Notice::Grown { .. }) => break,
                    Ok(Notice::Exited(_)) | Err(_) => {
                        let text = String::from_utf8_lossy(&self.log()).into_owned();
                        assert!(fulfilled(&text), "the run ended without {wish:?}: {text:?}");
                        return text;
                    }
                    Ok(_) => {}
                }
            }
        }
    }

    /// The number after `name=` in the log.
    pub fn number(&self, name: &str) -> u32 {
        let text =
            self.log_once(name, |text| text.split_once(name).is_some_and(|(_, rest)| rest.contains('.')));
        let (_, rest) = text.split_once(name).expect("it is there");
        rest.trim_start_matches('=')
            .split('.')
            .next()
            .and_then(|digits| digits.parse().ok())
            .expect("a number")
    }

    /// Waits for the end of the run and of its host.
    pub fn exit(&self) -> Exit {
        await_end_of(self.spawned.host_pid);
        match alive(&self.dir).expect("the records can be read") {
            Liveness::Exited(exit) => exit,
            other => panic!("the host ended without an exit: {other:?}; {}", self.host_log()),
        }
    }

    pub fn stop(&self, grace: Duration) -> Exit {
        self.client().stop(grace).expect("the host listens");
        self.exit()
    }

    pub fn host_log(&self) -> String {
        fs::read_to_string(self.dir.join("host.log")).unwrap_or_default()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(&self.dir) {
            let _ = client.stop_and_abandon_log(Duration::ZERO);
        }
        await_end_of(self.spawned.host_pid);
    }
}

/// Sleeps until the process is gone.
pub fn await_end_of(pid: u32) {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let pid = Pid::from_raw(pid as i32).expect("a process id");
    if let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) {
        while poll(&mut [PollFd::new(&fd, PollFlags::IN)], None) == Err(rustix::io::Errno::INTR) {}
    }
}

/// Neither running nor a zombie.
pub fn is_gone(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

pub fn children_of(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|child| parent_of(*child) == Some(pid)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}
