//! The same agents in their own screens: the prompt reaches them, what they do is told by evidence, a
//! message is typed, the engine is killed in between and finds the screen as it was, and a stop leaves
//! nothing behind. The model waits until the story lets it go on, so each state lasts until it was seen.

use std::{num::NonZero, os::unix::net::UnixStream, time::Instant};

use flightboard_stories::{Desk, patience};
use serde_json::{Value, json};
use tungstenite::Message;

use crate::real_agents::{desk_for, desk_that_trusts, names};

const COLUMNS: NonZero<u16> = NonZero::new(100).unwrap();
const ROWS: NonZero<u16> = NonZero::new(30).unwrap();

/// What one agent does that others do not.
struct Habits {
    agent: &'static str,
    /// It asks before it writes a file, unless told otherwise.
    asks_to_write: bool,
    /// Who may say what it does.
    evidence: &'static [&'static str],
}

fn holds_a_conversation(habits: &Habits) {
    let (desk, model, unattended) = desk_for(habits.agent);
    let repository = desk.repository("real work");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Greet", "--project", "real work", "--description", "please do [[talk]]"]);
    let served = desk.serve();
    let mut run = vec!["run", "1", "--agent", habits.agent, "--interactive"];
    run.extend(unattended.iter().any(|word| word == "--skip-permissions").then_some("--skip-permissions"));
    let run = desk.json(&run)["run"]["id"].take();

    // Somebody looks from the start: that sets the terminal's size for all that follows.
    screen(&desk, &run, |_| true);
    reads(&desk, &run, "working", habits.evidence);
    model.open("first");
    if habits.asks_to_write {
        reads(&desk, &run, "waiting", habits.evidence);
        type_in(&desk, &run, "\r");
    }
    let file = desk.data().join("workspaces/t-1/hello.txt");
    desk.until("the file is written", || file.exists().then_some(()));
    reads(&desk, &run, "idle", habits.evidence);
    let changes = desk.rpc("get_changes", &json!({ "run": run })).unwrap();
    assert!(names(&changes["files"]).contains(&"hello.txt".to_owned()), "{changes}");
    let before = screen(&desk, &run, |rows| rows.contains("Done: hello.txt is written."));

    served.kill();
    let served = desk.serve();
    reads(&desk, &run, "idle", habits.evidence);
    screen(&desk, &run, |rows| conversation(rows) == conversation(&before));

    type_in(&desk, &run, "\x1b[200~please do [[again]]\x1b[201~\r");
    reads(&desk, &run, "working", habits.evidence);
    model.open("second");
    screen(&desk, &run, |rows| rows.contains("Yes, still here."));
    reads(&desk, &run, "idle", habits.evidence);

    let stopped = desk.json(&["stop", "1"])["run"].take();
    assert_eq!((&stopped["status"], &stopped["survivors"]), (&json!("stopped"), &json!([])), "{stopped}");
    assert!(stopped["session"].as_str().is_none_or(|session| session.len() >= 8), "{stopped}");
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
    served.stop();
}

/// The project's setting answers the question for trust; without it the card waits for a person.
fn trusts_a_project_that_its_owner_trusts(habits: &Habits) {
    let (desk, model, unattended) = desk_that_trusts(habits.agent, "elsewhere");
    let repository = desk.repository("real work");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Ask first", "--project", "real work", "--description", "please do [[talk]]"]);
    desk.ok(&["add", "Greet", "--project", "real work", "--description", "please do [[talk]]"]);
    let served = desk.serve();
    let start = |card| {
        let mut run = vec!["run", card, "--agent", habits.agent, "--interactive"];
        run.extend(
            unattended.iter().any(|word| word == "--skip-permissions").then_some("--skip-permissions"),
        );
        desk.json(&run)["run"]["id"].take()
    };

    let asked = start("1");
    screen(&desk, &asked, asks_for_trust);
    reads(&desk, &asked, "waiting", habits.evidence);
    desk.ok(&["stop", "1"]);

    let project = desk.rpc("list_projects", &json!({})).unwrap()[0].take();
    let mut settings = project["settings"].clone();
    settings["trusted"] = json!(true);
    desk.rpc("edit_project", &json!({ "id": project["id"], "settings": settings })).unwrap();
    let trusted = start("2");
    reads(&desk, &trusted, "working", habits.evidence);
    assert!(!asks_for_trust(&screen(&desk, &trusted, |rows| !rows.trim().is_empty())));
    model.open("first");
    let file = desk.data().join("workspaces/t-2/hello.txt");
    desk.until("the file is written", || file.exists().then_some(()));
    reads(&desk, &trusted, "idle", habits.evidence);
    desk.ok(&["stop", "2"]);
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
    served.stop();
}

fn asks_for_trust(rows: &str) -> bool {
    rows.to_lowercase().contains("trust this folder")
}

/// Waits until the run is in a state, and looks at who said so.
fn reads(desk: &Desk, run: &Value, status: &str, evidence: &[&str]) {
    let run = desk.until(&format!("the agent reads as {status}"), || {
        let now = desk.rpc("get_run", &json!({ "run": run })).unwrap();
        assert!(now["ended_at"].is_null(), "it has ended and will never be {status}: {now}");
        (now["status"] == status).then_some(now)
    });
    let told = |source: &&str| run["evidence"] == format!("{source} {status}");
    assert!(evidence.iter().any(told), "{run}");
}

fn type_in(desk: &Desk, run: &Value, text: &str) {
    desk.rpc("send_input", &json!({ "run": run, "text": text })).unwrap();
}

/// What a person who looks now is shown, once it is as wanted.
fn screen(desk: &Desk, run: &Value, wanted: impl Fn(&str) -> bool) -> String {
    let socket = UnixStream::connect(desk.data().join("engine.sock")).expect("the engine listens");
    socket.set_read_timeout(Some(patience())).unwrap();
    let address = format!("ws://flightboard/terminal/{run}?cols={COLUMNS}&rows={ROWS}");
    let (mut socket, _) = tungstenite::client(address, socket).expect("the terminal opens");
    let mut terminal = vt100::Parser::new(ROWS, COLUMNS, 0);
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < patience(), "waited in vain, and saw:\n{}", terminal.screen().contents());
        let frame = match socket.read() {
            Ok(Message::Binary(frame)) => frame,
            Ok(_) => continue,
            Err(error) => panic!("waited in vain ({error}), and saw:\n{}", terminal.screen().contents()),
        };
        let Some((kind, content)) = frame.split_first() else { continue };
        // 0 is output, 1 begins anew; the rest is about sizes and the end.
        if *kind > 1 {
            continue;
        }
        if *kind == 1 {
            terminal = vt100::Parser::new(ROWS, COLUMNS, 0);
        }
        terminal.process(content);
        socket.send(Message::text(json!({ "ack": content.len() }).to_string())).unwrap();
        let shown = terminal.screen().contents();
        if wanted(&shown) {
            return shown;
        }
    }
}

/// The rows that were said, without those that tick: hints, clocks, memory, the cursor's line.
fn conversation(rows: &str) -> Vec<&str> {
    let said = ["please do", "I will write the file.", "hello.txt", "Done: hello.txt is written."];
    rows.lines().map(str::trim).filter(|row| said.iter().any(|words| row.contains(words))).collect()
}

macro_rules! agents {
    ($($agent:ident $asks:literal $evidence:expr => $($story:ident)+;)*) => {$(
        mod $agent {
            const HABITS: super::Habits =
                super::Habits { agent: stringify!($agent), asks_to_write: $asks, evidence: &$evidence };
            $(
                #[test]
                #[ignore = "needs the agents from npm: npm test -- --only agents"]
                fn $story() {
                    super::$story(&HABITS);
                }
            )+
        }
    )*};
}

agents! {
    // Its hooks may be heard before the terminal's answer has reached it.
    claude false ["OSC 7501", "agent hook"] => holds_a_conversation trusts_a_project_that_its_owner_trusts;
    codex false ["OSC 7501"] => holds_a_conversation trusts_a_project_that_its_owner_trusts;
    gemini true ["terminal title"] => holds_a_conversation;
    opencode false ["agent hook"] => holds_a_conversation;
    qwen true ["agent hook"] => holds_a_conversation;
}
