//! Claude Code, Codex, Gemini CLI, opencode and Qwen Code for real, working alone against a scripted
//! model: the file that the model asked for is in the diff, the artifact is collected, the session id is
//! recorded. They are ignored unless asked for, because the programs must be installed first:
//! `npm test -- --only agents`.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use flightboard_stories::{Desk, patience};
use serde_json::{Value, json};

pub fn tests_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The scripted model; ends with the story.
pub struct Model {
    child: Child,
    port: u16,
}

impl Model {
    fn start(desk: &Desk) -> Model {
        let folder = tests_folder().join("agents/fake_llm");
        let file = desk.folder.path().join("model.port");
        let child = Command::new("python3")
            .arg(folder.join("fake_llm.py"))
            .arg(folder.join("scenarios/basic.json"))
            .args(["--port", "0", "--port-file"])
            .arg(&file)
            .stdout(Stdio::null())
            .spawn()
            .expect("python3 starts the model");
        let port =
            desk.until("the model listens", || std::fs::read_to_string(&file).ok()?.trim().parse().ok());
        Model { child, port }
    }

    /// Lets the turns go on that the script holds under this name.
    pub fn open(&self, name: &str) {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).expect("the model listens");
        write!(socket, "POST /__fake/open/{name} HTTP/1.0\r\ncontent-length: 0\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A desk whose agents find a seeded home and the model, and trust the first card's workspace.
pub fn desk_for(agent: &str) -> (Desk, Model, Vec<String>) {
    desk_that_trusts(agent, "workspaces/t-1")
}

/// The agent's own settings say that it trusts this folder below the data directory. Not below the temporary folder: Codex's
/// sandbox fails there without a word.
pub fn desk_that_trusts(agent: &str, folder: &str) -> (Desk, Model, Vec<String>) {
    let cache = tests_folder().join(".cache/desks");
    std::fs::create_dir_all(&cache).unwrap();
    let mut desk = Desk::in_folder(tempfile::Builder::new().prefix(agent).tempdir_in(cache).unwrap());
    let model = Model::start(&desk);
    let home = desk.folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let output = Command::new("node")
        .arg(tests_folder().join("agents/home.mjs"))
        .args([agent, home.to_str().unwrap(), &model.port.to_string()])
        .arg(desk.data().join(folder))
        .output()
        .expect("node makes the home");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let recipe: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (name, value) in recipe["env"].as_object().unwrap() {
        desk.env.push((name.clone(), value.as_str().unwrap().into()));
    }
    let programs = tests_folder().join(".cache/agents/bin");
    let path = std::env::var("PATH").unwrap();
    desk.env.push(("PATH".into(), format!("{}:{path}", programs.display())));
    // Where the agent's own sandbox cannot work (a chroot), it runs without.
    let skip = recipe["skipPermissions"] == true;
    let seconds = (2 * patience().as_secs()).to_string();
    let mut run: Vec<String> =
        ["run", "1", "--agent", agent, "--wait", "--timeout", &seconds].map(Into::into).into();
    run.extend(skip.then(|| "--skip-permissions".into()));
    (desk, model, run)
}

/// One unattended run whose scripted model writes `hello.txt`.
fn writes_a_file(agent: &str) {
    let (desk, _model, run) = desk_for(agent);
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    let repository = desk.repository("real work");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Greet", "--project", "real work", "--description", "please do [[write]]"]);

    let run = desk.json(&run)["run"].take();

    assert_eq!(run["status"], "succeeded", "{run}");
    let served = desk.serve();
    // Some take longer to tell their version than to do the work.
    let run = desk.rpc("get_run", &json!({ "run": run["id"] })).unwrap();
    assert!(run["agent_version"].as_str().is_some_and(|version| version.contains('.')), "{run}");
    assert!(
        run["session"].as_str().is_some_and(|session| session.len() >= 8),
        "the session id is recorded: {run}"
    );
    let changes = desk.rpc("get_changes", &json!({ "run": run["id"] })).unwrap();
    assert!(names(&changes["files"]).contains(&"hello.txt".to_owned()), "{changes}");
    assert!(desk.data().join("workspaces/t-1/hello.txt").exists());
    assert!(!Path::new(&repository).join("hello.txt").exists());
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
    served.stop();
}

/// The model writes into `artifacts/`.
fn hands_over_an_artifact(agent: &str) {
    let (desk, _model, run) = desk_for(agent);
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    let repository = desk.repository("real work");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Report", "--project", "real work", "--description", "please do [[artifact]]"]);

    desk.ok(&run);

    let card = desk.show("1");
    assert_eq!(names(&card["artifacts"]), ["report.md"], "{card}");
}

/// A model that refuses is a failed run, whatever the agent's exit code says.
fn tells_failure(agent: &str) {
    let (desk, _model, run) = desk_for(agent);
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    let repository = desk.repository("real work");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Refused", "--project", "real work", "--description", "please do [[fail400]]"]);

    let (code, said) = desk.refused(&run);

    assert_eq!(code, 3, "{said}");
    let card = desk.show("1");
    assert_eq!(
        (card["status"].as_str(), card["runs"][0]["status"].as_str()),
        (Some("failed"), Some("failed"))
    );
    assert!(
        card["why"].as_str().is_some_and(|why| why.contains("bad request") || why.contains("400")),
        "{card}"
    );
}

pub fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap().to_owned()).collect()
}

macro_rules! agents {
    ($($agent:ident $name:literal;)*) => {$(
        mod $agent {
            #[test]
            #[ignore = "needs the agents from npm: npm test -- --only agents"]
            fn writes_a_file() { super::writes_a_file($name); }

            #[test]
            #[ignore = "needs the agents from npm: npm test -- --only agents"]
            fn hands_over_an_artifact() { super::hands_over_an_artifact($name); }

            #[test]
            #[ignore = "needs the agents from npm: npm test -- --only agents"]
            fn tells_failure() { super::tells_failure($name); }
        }
    )*};
}

agents! {
    claude "claude";
    codex "codex";
    gemini "gemini";
    opencode "opencode";
    qwen "qwen";
}
