//! The agents with the tools that they are given for one launch: the model asks for them, and the board
//! changes. And the protocol's own inspector, which is nobody's agent, lists and calls them.

use std::process::{Command, Output, Stdio};

use flightboard_stories::{Desk, Served, program};
use serde_json::{Value, json};

use crate::real_agents::{desk_for, names, tests_folder};

/// The model reads its task, reports, makes another card, hands in a file, asks a person and finishes.
fn works_with_its_tools(agent: &str) {
    let (desk, _model, run) = desk_for(agent);
    let repository = desk.repository("real work");
    desk.ok(&["project", "add", repository.to_str().unwrap()]);
    desk.ok(&["add", "Paint it", "--project", "real work", "--description", "please do [[tools]]"]);
    let served = desk.serve();
    let skip = run.iter().any(|word| word == "--skip-permissions");
    let mut start = vec!["run", "1", "--agent", agent];
    start.extend(skip.then_some("--skip-permissions"));
    let run = desk.json(&start)["run"].take();

    // It asks: the card says so, and what it did before can be seen.
    let card = desk.until("the card asks", || {
        let card = desk.show("1");
        assert!(card["run"]["ended_at"].is_null(), "{card}\n{}", log(&desk));
        (card["needs_you"] == true).then_some(card)
    });
    assert_eq!(card["why"], "asks: Which colour?\n\n- red\n- blue", "{card}");
    assert_eq!(names(&card["artifacts"]), ["plan.md"], "{card}");
    let other = desk.show("2");
    assert_eq!(
        (&other["title"], &other["project"]),
        (&json!("Write the tests"), &card["project"]),
        "{other}"
    );
    let timeline = desk.rpc("get_timeline", &json!({ "id": 1 })).unwrap().to_string();
    assert!(timeline.contains("Half of it is done."), "{timeline}");

    desk.ok(&["answer", "1", "blue"]);

    let ended = desk.rpc("wait_run", &json!({ "run": run["id"], "timeout_ms": 60_000 })).unwrap();
    assert_eq!(ended["status"], "succeeded", "{ended}\n{}", log(&desk));
    let card = desk.show("1");
    assert_eq!((&card["status"], &card["needs_you"]), (&json!("review"), &json!(false)), "{card}");
    let said: Vec<&str> = card["comments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|comment| comment["body"].as_str().unwrap())
        .collect();
    assert_eq!(said[said.len() - 2..], ["blue", "It is blue, as you said."], "{card}");
    assert_eq!(desk.processes_of_runs(), Vec::<String>::new());
    assert_eq!(own_settings(&desk), Vec::<String>::new(), "the user's own settings name no server of ours");
    served.stop();
}

fn log(desk: &Desk) -> String {
    desk.output(&["logs", "1"]).stdout.escape_ascii().to_string()
}

/// Settings in the agent's home that speak of us.
fn own_settings(desk: &Desk) -> Vec<String> {
    let found = Command::new("grep")
        .args(["-rlI", "--include=*.json", "--include=*.toml", "FLIGHTBOARD_RUN_KEY"])
        .arg(desk.folder.path().join("home"))
        .output()
        .expect("grep");
    String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
}

fn inspect(desk: &Desk, server: &[&str], method: &[&str]) -> Output {
    Command::new("node")
        .arg(tests_folder().join(".cache/agents/bin/mcp-inspector-cli"))
        .args(server)
        .args(method)
        .env("FLIGHTBOARD_DATA_DIR", desk.data())
        .output()
        .expect("node starts the inspector")
}

/// What a call answered, and whether it is an error.
fn called(output: &Output) -> (String, bool) {
    let text = String::from_utf8_lossy(&output.stdout);
    let answer: Value = serde_json::from_str(&text[text.find('{').unwrap_or(0)..])
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (answer["content"][0]["text"].as_str().unwrap().to_owned(), answer["isError"] == true)
}

#[test]
#[ignore = "needs the inspector from npm: npm test -- --only agents"]
fn the_inspector_lists_and_calls_the_tools_of_either_kind() {
    let desk = Desk::new();
    let flightboard = program("flightboard");
    let board = [flightboard.to_str().unwrap(), "mcp"];
    desk.ok(&["add", "First"]);

    let listed = inspect(&desk, &board, &["--method", "tools/list"]);
    let listed = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.contains("\"add_task\"") && !listed.contains("\"report_progress\""), "{listed}");
    let add = ["--method", "tools/call", "--tool-name", "add_task", "--tool-arg"];
    let (added, wrong) = called(&inspect(&desk, &board, &[&add[..], &["title=Second"]].concat()));
    assert!(!wrong && added.contains("\"key\":\"T-2\""), "{added}");
    let (refused, wrong) = called(&inspect(&desk, &board, &[&add[..], &["title= "]].concat()));
    let (_, elsewhere) = desk.refused(&["add", " "]);
    assert!(wrong && elsewhere.contains(&refused), "{refused} / {elsewhere}");

    desk.ok(&["move", "2", "ready"]);
    let claim = desk.json(&["claim", "--agent", "scout"]);
    let run = format!("{}:{}", claim["claim"]["run"], claim["claim"]["token"].as_str().unwrap());
    let own = [flightboard.to_str().unwrap(), "mcp", "--run", &run];
    let listed = inspect(&desk, &own, &["--method", "tools/list"]);
    let listed = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.contains("\"report_progress\"") && !listed.contains("\"add_task\""), "{listed}");
    let served = desk.serve();
    let call = ["--method", "tools/call", "--tool-name"];
    let (task, wrong) = called(&inspect(&desk, &own, &[&call[..], &["get_my_task"]].concat()));
    assert!(!wrong && task.contains("\"title\":\"Second\""), "{task}");
    let finish = ["finish", "--tool-arg", "message=All of it"];
    let (_, wrong) = called(&inspect(&desk, &own, &[&call[..], &finish].concat()));
    assert!(!wrong && desk.show("2")["status"] == "review");
    let (late, wrong) = called(&inspect(&desk, &own, &[&call[..], &["get_my_task"]].concat()));
    assert!(wrong && late.ends_with("no longer holds T-2: it has ended"), "{late}");
    served.stop();
}

/// Where a board that is being served speaks the protocol.
fn mcp_of(served: &Served) -> String {
    let (origin, _) = served.address.split_once("/login").expect("the address logs in");
    let origin = &origin[origin.find("http").expect("an address")..];
    format!("{origin}/mcp")
}

#[test]
#[ignore = "needs the inspector from npm: npm test -- --only agents"]
fn the_inspector_comes_in_by_http_as_well() {
    let desk = Desk::new();
    let served = desk.serve();
    let url = mcp_of(&served);
    let key = |role: &str| {
        let made = desk.json(&["key", "create", role, "--role", role]);
        format!("Authorization: Bearer {}", made["secret"].as_str().unwrap())
    };
    let (operator, viewer) = (key("operator"), key("viewer"));
    let by = |header: &str, method: &[&str]| {
        inspect(&desk, &[&url, "--transport", "http", "--header", header], method)
    };
    let list = ["--method", "tools/list"];
    let add = ["--method", "tools/call", "--tool-name", "add_task", "--tool-arg", "title=First"];

    let listed = by(&viewer, &list);
    let listed = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.contains("\"get_overview\"") && !listed.contains("\"add_task\""), "{listed}");
    let (added, wrong) = called(&by(&operator, &add));
    assert!(!wrong && added.contains("\"key\":\"T-1\""), "{added}");
    let (refused, wrong) = called(&by(&viewer, &add));
    assert!(wrong && refused.starts_with("this needs a key with the role operator"), "{refused}");
    let stranger = by("Authorization: Bearer fbk_0", &list);
    assert!(!stranger.status.success(), "{}", String::from_utf8_lossy(&stranger.stdout));

    desk.ok(&["move", "1", "ready"]);
    let claim = desk.json(&["claim", "--agent", "scout"]);
    let own = format!("Authorization: Bearer {}", claim["claim"]["token"].as_str().unwrap());
    let (task, wrong) = called(&by(&own, &["--method", "tools/call", "--tool-name", "get_my_task"]));
    assert!(!wrong && task.contains("\"title\":\"First\""), "{task}");
    served.stop();
}

/// Claude Code that somebody else started, with a card that it asked for and the key that came with it.
#[test]
#[ignore = "needs the agents from npm: npm test -- --only agents"]
fn an_agent_from_elsewhere_works_on_its_card_by_http() {
    let (desk, _model, _) = desk_for("claude");
    desk.ok(&["add", "Paint it"]);
    desk.ok(&["move", "1", "ready"]);
    let served = desk.serve();
    let claim = desk.json(&["claim", "--agent", "scout"]);
    let bearer = format!("Bearer {}", claim["claim"]["token"].as_str().unwrap());
    let server = json!({ "type": "http", "url": mcp_of(&served), "headers": { "Authorization": bearer }, "alwaysLoad": true });
    let elsewhere = desk.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let agent = Command::new("claude")
        .args(["-p", "please do [[tools]]", "--strict-mcp-config", "--allowedTools", "mcp__flightboard"])
        .args(["--mcp-config", &json!({ "mcpServers": { "flightboard": server } }).to_string()])
        .current_dir(&elsewhere)
        .envs(desk.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("claude starts");

    desk.until("the card asks", || {
        let card = desk.show("1");
        (card["needs_you"] == true && card["why"].as_str()?.starts_with("asks: Which colour?")).then_some(())
    });
    desk.ok(&["answer", "1", "blue"]);

    let output = agent.wait_with_output().expect("its end");
    assert!(output.status.success(), "{output:?}");
    let card = desk.show("1");
    assert_eq!(
        (&card["status"], names(&card["artifacts"])),
        (&json!("review"), vec!["plan.md".to_owned()]),
        "{card}"
    );
    assert_eq!(desk.show("2")["title"], "Write the tests");
    let comments = card["comments"].to_string();
    assert!(comments.contains("It is blue, as you said."), "{card}");
    served.stop();
}

macro_rules! agents {
    ($($agent:ident $name:literal;)*) => {$(
        mod $agent {
            #[test]
            #[ignore = "needs the agents from npm: npm test -- --only agents"]
            fn works_with_its_tools() { super::works_with_its_tools($name); }
        }
    )*};
}

agents! {
    claude "claude";
    codex "codex";
    opencode "opencode";
    qwen "qwen";
}
