//! The demo agent, really run: it is the first thing that a new user starts
//! and what the other crates' tests stand on.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use flightboard_agents::{
    Activity, Kind, LastLine, LaunchContext, Mode, TaskBrief, TerminalEvent, TerminalSignals, WaitKind,
    builtin_profiles, plan, task_md,
};
use tempfile::TempDir;

struct Demo {
    dir: TempDir,
    mode: Mode,
    title: String,
}

impl Demo {
    fn new(mode: Mode, title: &str, description: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("demo agent 🛩 ").tempdir().unwrap();
        let brief = TaskBrief {
            key: "T-7".into(),
            title: title.into(),
            description: description.into(),
            ..TaskBrief::default()
        };
        let demo = Self { dir, mode, title: title.into() };
        std::fs::create_dir_all(demo.path("run")).unwrap();
        std::fs::create_dir_all(demo.path("workspace")).unwrap();
        std::fs::write(demo.path("workspace/TASK.md"), task_md(&brief)).unwrap();
        demo
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path("workspace").join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn command(&self) -> Command {
        let profile = builtin_profiles().into_iter().find(|profile| profile.name == "demo").unwrap();
        let (workspace, run_dir) = (self.path("workspace"), self.path("run"));
        let artifacts = workspace.join("artifacts");
        let plan = plan(
            &profile,
            &LaunchContext {
                mode: self.mode,
                prompt: "go",
                program: None,
                workspace: &workspace,
                run_dir: &run_dir,
                artifacts: &artifacts,
                task_key: "T-7",
                title: &self.title,
                is_git: false,
                model: None,
                resume_session: None,
                session_id: None,
                skip_permissions: false,
                trusted: false,
                tools: None,
                custom_argv: None,
            },
        )
        .unwrap();
        for (path, bytes) in &plan.files {
            std::fs::write(path, bytes).unwrap();
        }
        let mut command = Command::new(&plan.argv[0]);
        command
            .args(&plan.argv[1..])
            .envs(plan.env)
            .current_dir(workspace)
            .env("FLIGHTBOARD_DEMO_PACE", "0")
            .stdin(Stdio::null());
        command
    }

    fn run(&self) -> Output {
        self.command().output().unwrap()
    }
}

fn activities(output: &[u8]) -> Vec<Activity> {
    let signal = |event| match event {
        TerminalEvent::Signal(signal) => Some(signal.activity),
        _ => None,
    };
    TerminalSignals::new(Kind::Demo).events(output).into_iter().filter_map(signal).collect()
}

#[test]
fn an_unattended_run_changes_a_file_leaves_artifacts_and_ends_by_itself() {
    let demo = Demo::new(Mode::Unattended, "Try \"it\" $(touch pwned) `id` \\n é 🛩", "Say hello.");
    let output = demo.run();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(demo.read("NOTES.md").contains("T-7: Try \"it\" $(touch pwned) `id` \\n é 🛩"));
    assert!(demo.read("COMPLETION.md").starts_with("# T-7 is done"));
    assert!(demo.read("artifacts/report.md").contains("Try \"it\""));
    assert!(demo.read("artifacts/chart.svg").trim_end().ends_with("</svg>"));
    let data: serde_json::Value = serde_json::from_str(&demo.read("artifacts/data.json")).unwrap();
    assert_eq!(data["card"], "T-7");
    assert!(!demo.path("workspace/pwned").exists());
    assert_eq!(activities(&output.stdout), [Activity::working(), Activity::done()]);
    let mut last = LastLine::default();
    last.feed(&output.stdout);
    assert_eq!(last.line(), Some("Landed. NOTES.md changed, three artifacts, COMPLETION.md written."));
}

#[test]
fn a_word_in_the_card_steers_it() {
    for (title, description, code) in
        [("x", "demo: fail", 1), ("x", "First this.\n- demo: exit 7", 7), ("demo: fail", "", 1)]
    {
        let demo = Demo::new(Mode::Unattended, title, description);
        let output = demo.run();
        assert_eq!(output.status.code(), Some(code), "{title} {description}");
        assert!(!demo.path("workspace/COMPLETION.md").exists());
    }
}

#[test]
fn a_blocked_card_leaves_its_mark_and_says_so() {
    let demo = Demo::new(Mode::Unattended, "x", "demo: block");
    let output = demo.run();
    assert!(demo.read("BLOCKED.md").contains("The card says so."));
    assert_eq!(activities(&output.stdout).last(), Some(&Activity::waiting(WaitKind::Question)));
}

#[test]
fn a_flood_is_as_large_as_asked() {
    let output = Demo::new(Mode::Unattended, "x", "demo: flood 3").run();
    assert!((3_000_000..3_010_000).contains(&output.stdout.len()), "{}", output.stdout.len());
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_missing_task_is_an_error_and_not_a_guess() {
    let demo = Demo::new(Mode::Unattended, "x", "");
    std::fs::remove_file(demo.path("workspace/TASK.md")).unwrap();
    let output = demo.run();
    assert_eq!(output.status.code(), Some(66));
    assert!(matches!(activities(&output.stdout).last(), Some(Activity::Error { .. })));
}

#[test]
fn an_interactive_session_answers_until_it_is_told_to_go() {
    let demo = Demo::new(Mode::Interactive, "x", "demo: ask");
    let mut child = demo.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("red\nhello 'there' \x1b[31m é\n\nexit\n".as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("You said \"hello 'there' [31m é\", and the demo agent agrees."), "{shown}");
    assert!(demo.read("artifacts/chart.svg").contains("#e05561"), "the answer was red");
    assert!(activities(&output.stdout).contains(&Activity::waiting(WaitKind::Question)));
    assert!(demo.path("workspace/COMPLETION.md").exists());
}

#[test]
fn an_interactive_session_ends_when_its_input_does() {
    let demo = Demo::new(Mode::Interactive, "x", "");
    assert_eq!(demo.run().status.code(), Some(0));
}

#[test]
fn a_hanging_run_goes_on_until_it_is_stopped() {
    let demo = Demo::new(Mode::Unattended, "x", "demo: hang");
    let mut child = demo.command().stdout(Stdio::piped()).process_group(0).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("Holding position")), "it ended instead");
    assert_eq!(child.try_wait().unwrap(), None);
    // The group, because a child of it sleeps.
    let stopped = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(child.wait().unwrap().code(), None);
}
