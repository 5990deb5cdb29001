//! The host on Windows: a pseudo console, a job and a named pipe against the command interpreter, which is always
//! there. What is the same on every system is shown by `tests/real`.

#![cfg(windows)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use flightboard_pty_host::{
    AsyncClient, Client, ConnectError, Exit, HostRecord, Launch, Liveness, Notice, SpawnError, Spawned,
    StartFailure, StopKind, alive, end_leftovers, records, spawn,
};
use tempfile::TempDir;

const HOST: &str = env!("CARGO_BIN_EXE_flightboard-pty-host");

/// A run's directory, and whatever still lives in it is stopped at the end.
struct Run(TempDir);

impl Run {
    fn new() -> Run {
        Run(tempfile::tempdir().unwrap())
    }

    fn dir(&self) -> &Path {
        self.0.path()
    }

    fn start(&self, command: &str) -> Spawned {
        let launch = Launch { cwd: self.dir().into(), ..launch(&["cmd", "/v:on", "/c", command]) };
        spawn(Path::new(HOST), self.dir(), &launch).unwrap()
    }

    fn client(&self) -> Client {
        Client::connect(self.dir()).unwrap()
    }

    /// An agent that goes on for ever, after it has started a child that does so too and has said so by a file.
    fn start_a_tree(&self) -> Spawned {
        let up = self.dir().join("up");
        let endless = "for /l %%i in (0,0,1) do @rem\r\n";
        std::fs::write(self.dir().join("child.cmd"), format!("echo up>up\r\n{endless}")).unwrap();
        std::fs::write(self.dir().join("tree.cmd"), format!("start /b cmd /c child.cmd\r\n{endless}"))
            .unwrap();
        let launch = Launch { cwd: self.dir().into(), ..launch(&[r".\tree"]) };
        let spawned = spawn(Path::new(HOST), self.dir(), &launch).unwrap();
        while !up.exists() {
            std::thread::yield_now();
        }
        spawned
    }

    fn log(&self) -> String {
        String::from_utf8(std::fs::read(self.dir().join(records::LOG)).unwrap()).unwrap()
    }

    fn exit(&self) -> Exit {
        match Client::connect(self.dir()) {
            Ok(mut client) => client.wait_for_exit().unwrap(),
            Err(ConnectError::Ended(exit)) => *exit,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits for a word of the agent.
    fn hear(&self, client: &mut Client, word: &str) {
        let mut seen = 0;
        while !self.log().contains(word) {
            client.watch(seen).unwrap();
            match client.notice().unwrap() {
                Notice::Grown { len } => seen = len,
                Notice::Exited(exit) => panic!("{exit:?} without {word}: {}", self.log()),
                _ => {}
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(self.dir()) {
            let _ = client.stop(Duration::ZERO).map(|()| client.wait_for_exit());
        }
    }
}

fn launch(argv: &[&str]) -> Launch {
    Launch {
        run_id: 7,
        argv: argv.iter().map(Into::into).collect(),
        cwd: std::env::temp_dir(),
        env: std::env::vars_os().collect(),
        cols: 80,
        rows: 24,
        nice: 0,
    }
}

#[test]
fn the_log_has_what_the_console_drew_and_the_exit_has_the_code() {
    let run = Run::new();
    run.start("echo hel^lo& exit 7");
    let exit = run.exit();
    assert_eq!((exit.code, exit.signal, exit.stop), (Some(7), None, None));
    assert!(run.log().contains("hello"), "{}", run.log());
    assert_eq!(exit.output_bytes, run.log().len() as u64);
    assert_eq!(exit.survivors, []);
    assert_eq!(alive(run.dir()).unwrap(), Liveness::Exited(exit));
}

#[test]
fn keys_reach_the_agent_and_every_client_hears_of_a_new_size() {
    let run = Run::new();
    run.start("echo ready& set /p line=& echo got-!line!& set /p line=");
    let (mut first, mut second) = (run.client(), run.client());
    run.hear(&mut first, "ready");
    first.input(b"words\r").unwrap();
    run.hear(&mut second, "got-words");
    second.resize(100, 30).unwrap();
    for client in [&mut first, &mut second] {
        let told = std::iter::repeat_with(|| client.notice().unwrap());
        assert!(told.into_iter().any(|notice| notice == Notice::Resized { cols: 100, rows: 30 }));
        let status = client.status().unwrap();
        assert_eq!((status.cols, status.rows, status.clients), (100, 30, 2));
    }
    let log = run.log();
    assert_eq!(first.read(3, 5).unwrap(), log.as_bytes()[3..8]);
}

#[test]
fn a_stop_takes_the_whole_tree() {
    let run = Run::new();
    let Spawned { agent_pid, .. } = run.start_a_tree();
    let mut client = run.client();
    client.stop(Duration::ZERO).unwrap();
    let exit = client.wait_for_exit().unwrap();
    assert_eq!((exit.stop, exit.survivors.len()), (Some(StopKind::Forced), 0));
    let record: HostRecord = records::read(run.dir(), records::HOST).unwrap().unwrap();
    assert_eq!(record.agent.as_ref().map(|agent| agent.pid), Some(agent_pid));
    assert!(!end_leftovers(run.dir()).unwrap());
}

#[test]
fn a_host_that_is_killed_takes_its_agent_along() {
    let run = Run::new();
    let Spawned { host_pid, agent_pid } = run.start_a_tree();
    let killed = Command::new("taskkill").args(["/f", "/pid", &host_pid.to_string()]).status().unwrap();
    assert!(killed.success());
    let record = loop {
        match alive(run.dir()).unwrap() {
            Liveness::Gone(record) => break record,
            Liveness::Alive(_) => std::thread::yield_now(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(record.agent.as_ref().map(|agent| agent.pid), Some(agent_pid));
    while end_leftovers(run.dir()).unwrap() {}
    assert!(matches!(Client::connect(run.dir()), Err(ConnectError::NobodyThere)));
}

#[test]
fn a_start_that_fails_says_why_and_leaves_nothing() {
    let missing = launch(&["no-such-program-anywhere"]);
    let nowhere = Launch { cwd: std::env::temp_dir().join("no-such-directory"), ..launch(&["cmd"]) };
    let nothing = Launch { argv: vec![], ..launch(&[]) };
    for (wrong, fits) in [
        (
            missing,
            (|failure| matches!(failure, StartFailure::ProgramNotFound { .. })) as fn(&StartFailure) -> bool,
        ),
        (nowhere, |failure| matches!(failure, StartFailure::CwdMissing { .. })),
        (nothing, |failure| matches!(failure, StartFailure::NoProgram)),
    ] {
        let run = Run::new();
        match spawn(Path::new(HOST), run.dir(), &wrong) {
            Err(SpawnError::Start(failure)) => assert!(fits(&failure), "{failure}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(std::fs::read_dir(run.dir()).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn the_asynchronous_client_hears_the_same() {
    let run = Run::new();
    run.start("echo ready& set /p line=& echo got-!line!");
    let (client, mut notices) = AsyncClient::connect(run.dir()).await.unwrap();
    client.input(b"words\r").await.unwrap();
    let exit = loop {
        match notices.recv().await {
            Some(Notice::Exited(exit)) => break exit,
            Some(_) => {}
            None => panic!("the host hung up without an end"),
        }
    };
    assert_eq!(exit.code, Some(0));
    assert!(run.log().contains("got-words"), "{}", run.log());
}
