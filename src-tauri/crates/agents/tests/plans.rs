//! What each agent is started with. The snapshots are the exact arguments.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

use flightboard_agents::{
    LaunchContext, LaunchPlan, Mode, PlanError, Profile, PromptVia, StreamKind, ToolServer, builtin_profiles,
    is_ready_for_typing, plan,
};

const SESSION: &str = "0198c5a2-7b1e-7c3d-9a60-2f1f6f6d1e11";

fn profile(name: &str) -> Profile {
    builtin_profiles().into_iter().find(|profile| profile.name == name).unwrap()
}

fn context(mode: Mode) -> LaunchContext<'static> {
    LaunchContext {
        mode,
        prompt: "-rf is not an option\nnor is \"$(this)\" 🛩 {key}",
        program: None,
        workspace: Path::new("/data/work trees/T-1"),
        run_dir: Path::new("/data/runs/7 🛩"),
        artifacts: Path::new("/data/work trees/T-1/artifacts"),
        task_key: "T-1",
        title: "--help",
        is_git: true,
        model: None,
        resume_session: None,
        session_id: Some(SESSION),
        skip_permissions: false,
        trusted: false,
        tools: None,
        custom_argv: None,
    }
}

fn shown(plan: &LaunchPlan) -> String {
    let mut page = String::new();
    for argument in &plan.argv {
        writeln!(page, "{argument:?}").unwrap();
    }
    let own = plan.env.iter().filter(|(name, _)| {
        !name.to_str().unwrap().starts_with("FLIGHTBOARD_") || name == "FLIGHTBOARD_SIGNALS"
    });
    for (name, value) in own {
        writeln!(page, "env {}={value:?}", name.display()).unwrap();
    }
    for (path, bytes) in &plan.files {
        writeln!(page, "file {} ({} bytes)", path.display(), bytes.len()).unwrap();
    }
    write!(page, "{:#?}", plan.expects).unwrap();
    page
}

#[test]
fn every_agent_starts_as_measured_in_either_mode() {
    for profile in builtin_profiles().into_iter().filter(|profile| profile.name != "custom") {
        for mode in [Mode::Interactive, Mode::Unattended] {
            let name = format!("{}-{mode:?}", profile.name).to_lowercase();
            insta::assert_snapshot!(name, shown(&plan(&profile, &context(mode)).unwrap()));
        }
    }
}

#[test]
fn what_a_user_adds_comes_behind_the_agents_own_arguments_in_either_mode() {
    let with = |args: &[&str]| Profile {
        args: args.iter().map(|argument| (*argument).into()).collect(),
        pass_env: vec!["TMUX".into()],
        ..profile("claude")
    };
    for (mode, own) in [(Mode::Interactive, 0), (Mode::Unattended, 4)] {
        let plain = plan(&profile("claude"), &context(mode)).unwrap();
        let added = plan(&with(&["--add-dir", "{artifacts}"]), &context(mode)).unwrap();
        let mut expected = plain.argv.clone();
        let place = 1 + own;
        expected.splice(place..place, ["--add-dir".into(), "/data/work trees/T-1/artifacts".into()]);
        assert_eq!(added.argv, expected);
        assert!(plain.unset_env.contains(&"TMUX".into()) && !added.unset_env.contains(&"TMUX".into()));
    }
}

#[test]
fn a_resumed_run_with_a_model_outside_git_says_so_to_each_agent() {
    let mut page = String::new();
    for name in ["claude", "codex", "gemini", "opencode", "qwen"] {
        for mode in [Mode::Interactive, Mode::Unattended] {
            let context = LaunchContext {
                model: Some("big-1"),
                resume_session: Some("ses_1"),
                is_git: false,
                prompt: "go on",
                ..context(mode)
            };
            let plan = plan(&profile(name), &context).unwrap();
            assert_eq!(plan.expects.session_id.as_deref(), Some("ses_1"));
            writeln!(page, "{:?}", plan.argv).unwrap();
        }
    }
    insta::assert_snapshot!(page);
}

#[test]
fn each_agent_gets_the_tools_for_one_launch_and_the_token_stays_in_its_environment() {
    let tools = ToolServer::new("/opt/flight board/flightboard", "/data \"of\" kim");
    let mut page = String::new();
    for profile in builtin_profiles() {
        for mode in [Mode::Interactive, Mode::Unattended] {
            let without = LaunchContext { custom_argv: custom(&profile.name), ..context(mode) };
            let with = plan(&profile, &LaunchContext { tools: Some(&tools), ..without }).unwrap();
            let without = plan(&profile, &without).unwrap();
            let added = |list: &[OsString]| {
                list.iter().filter(|word| !without.argv.contains(word)).cloned().collect()
            };
            let args: Vec<OsString> = added(&with.argv);
            let env: Vec<_> = with.env.iter().filter(|pair| !without.env.contains(pair)).collect();
            let files: Vec<_> = with.files.iter().filter(|file| !without.files.contains(file)).collect();
            if args.is_empty() && env.is_empty() && files.is_empty() {
                continue;
            }
            writeln!(page, "{} {mode:?}", profile.name).unwrap();
            args.iter().for_each(|argument| writeln!(page, "  {}", argument.display()).unwrap());
            env.iter().for_each(|(name, value)| {
                writeln!(page, "  env {}={}", name.display(), value.display()).unwrap()
            });
            for (path, bytes) in files {
                assert!(path.starts_with(context(mode).run_dir));
                writeln!(page, "  file {}: {}", path.display(), String::from_utf8_lossy(bytes)).unwrap();
            }
        }
    }
    insta::assert_snapshot!(page);
}

/// The agent that is a command needs one.
fn custom(name: &str) -> Option<&'static [OsString]> {
    static COMMAND: std::sync::LazyLock<[OsString; 1]> = std::sync::LazyLock::new(|| ["true".into()]);
    (name == "custom").then_some(COMMAND.as_slice())
}

#[test]
fn permissions_are_skipped_only_when_asked_for_and_then_instead_of_the_usual_ones() {
    let mut page = String::new();
    for name in ["claude", "codex", "gemini", "opencode", "qwen"] {
        for mode in [Mode::Interactive, Mode::Unattended] {
            let asked = plan(
                &profile(name),
                &LaunchContext { skip_permissions: true, prompt: "go", ..context(mode) },
            )
            .unwrap();
            let usual = plan(&profile(name), &context(mode)).unwrap();
            writeln!(page, "{:?}", asked.argv).unwrap();
            let dangerous = |argument: &OsString| {
                ["yolo", "--auto", "--dangerously"]
                    .iter()
                    .any(|word| argument.to_str().unwrap().starts_with(word))
            };
            assert_eq!(asked.argv.iter().filter(|argument| dangerous(argument)).count(), 1, "{name}");
            assert!(!usual.argv.iter().any(dangerous), "{name}");
        }
    }
    insta::assert_snapshot!(page);
    let refused =
        plan(&profile("aider"), &LaunchContext { skip_permissions: true, ..context(Mode::Unattended) });
    assert_eq!(refused, Err(PlanError::CannotSkipPermissions("aider".into())));
}

#[test]
fn a_trusted_project_is_answered_for_in_the_agents_own_way_and_only_where_it_would_ask() {
    let mut page = String::new();
    for profile in builtin_profiles().iter().filter(|profile| profile.name != "custom") {
        for mode in [Mode::Interactive, Mode::Unattended] {
            let asks = plan(profile, &context(mode)).unwrap();
            let trusted = plan(profile, &LaunchContext { trusted: true, ..context(mode) }).unwrap();
            let args = trusted.argv.iter().filter(|argument| !asks.argv.contains(argument));
            let env = trusted.env.iter().filter(|pair| !asks.env.contains(pair));
            let more: Vec<String> =
                args.map(|a| format!("{a:?}")).chain(env.map(|(n, v)| format!("{n:?}={v:?}"))).collect();
            assert_eq!(trusted.files, asks.files, "nothing but the launch differs");
            writeln!(page, "{} {mode:?}: {}", profile.name, more.join(" ")).unwrap();
        }
    }
    insta::assert_snapshot!(page);
}

#[test]
fn no_prompt_can_be_an_option_or_a_subcommand_or_standard_input() {
    for prompt in
        ["-x", "--help", "-", " - \n", "resume", "agents", "\0-x", "-p\n--model=other", "'; rm -rf ~ #"]
    {
        for profile in builtin_profiles().iter().filter(|profile| profile.name != "custom") {
            for mode in [Mode::Interactive, Mode::Unattended] {
                let plan = plan(profile, &LaunchContext { prompt, ..context(mode) }).unwrap();
                let via = if mode == Mode::Interactive {
                    &profile.interactive_prompt
                } else {
                    &profile.unattended_prompt
                };
                let last = plan.argv.last().unwrap().to_str().unwrap();
                match via {
                    PromptVia::Positional => {
                        assert_eq!(plan.argv[plan.argv.len() - 2], "--", "{}", profile.name);
                        assert_ne!(last, "-", "{}", profile.name);
                        assert_eq!(last.trim(), prompt.replace('\0', "\u{fffd}").trim());
                    }
                    PromptVia::Option(name) => assert!(last.starts_with(&format!("{name}=")), "{last}"),
                    PromptVia::File | PromptVia::Typed | PromptVia::None => {
                        assert!(!plan.argv.iter().any(|argument| argument == prompt));
                    }
                }
                assert!(plan.argv.iter().all(|argument| !argument.to_str().unwrap().contains('\0')));
            }
        }
    }
}

#[test]
fn files_stay_inside_the_run_directory_and_hooks_name_no_path() {
    let plan = plan(&profile("claude"), &context(Mode::Interactive)).unwrap();
    let [(path, settings)] = &plan.files[..] else { panic!("one settings file") };
    assert!(path.starts_with("/data/runs/7 🛩"));
    let settings = std::str::from_utf8(settings).unwrap();
    assert!(!settings.contains("/data"));
    insta::assert_snapshot!(settings);
}

#[test]
fn a_custom_command_is_filled_argument_by_argument() {
    let argv: Vec<OsString> = ["tool", "--in={workspace}", "{prompt}", "--", "{title}", "{{key}}"]
        .iter()
        .map(OsString::from)
        .collect();
    let plan =
        plan(&profile("custom"), &LaunchContext { custom_argv: Some(&argv), ..context(Mode::Unattended) })
            .unwrap();
    assert_eq!(
        plan.argv,
        [
            "tool",
            "--in=/data/work trees/T-1",
            " -rf is not an option\nnor is \"$(this)\" 🛩 {key}",
            "--",
            "--help",
            "{key}"
        ]
    );
    assert_eq!(plan.expects.stream, StreamKind::None);
    let value =
        |name: &str| plan.env.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_str().unwrap());
    assert_eq!(value("FLIGHTBOARD_TASK_FILE"), Some("/data/work trees/T-1/TASK.md"));
    assert_eq!(value("FLIGHTBOARD_PROMPT"), Some("-rf is not an option\nnor is \"$(this)\" 🛩 {key}"));
    assert_eq!(value("FLIGHTBOARD_MODE"), Some("unattended"));
}

#[test]
fn a_profile_of_the_users_own_is_data() {
    let text = r#"{"name": "mine", "title": "Mine", "kind": "custom", "program": "/opt/mine",
        "unattended_args": ["--task", "{task_file}"], "model_args": ["--with={model}"], "unattended_prompt": {"option": "--say"}}"#;
    let mine: Profile = serde_json::from_str(text).unwrap();
    let launch =
        plan(&mine, &LaunchContext { model: Some("m"), prompt: "-hi", ..context(Mode::Unattended) }).unwrap();
    assert_eq!(launch.argv, ["/opt/mine", "--task", "/data/work trees/T-1/TASK.md", "--with=m", "--say=-hi"]);
}

#[test]
fn a_found_program_stands_in_for_the_name_and_is_not_read_as_a_template() {
    let found =
        LaunchContext { program: Some(Path::new("/home/{me}/{{bin}}/codex")), ..context(Mode::Unattended) };
    assert_eq!(plan(&profile("codex"), &found).unwrap().argv[0], "/home/{me}/{{bin}}/codex");
}

#[test]
fn what_cannot_work_is_refused_with_its_reason() {
    let base = context(Mode::Unattended);
    let nul = [OsString::from("tool"), OsString::from("a\0b")];
    let none: [OsString; 0] = [];
    let long = "x".repeat(200_000);
    for (name, context, message) in [
        (
            "custom",
            base,
            "custom has no command to run; give one after \"--\", or set the program in its profile",
        ),
        (
            "custom",
            LaunchContext { custom_argv: Some(&none), ..base },
            "custom has no command to run; give one after \"--\", or set the program in its profile",
        ),
        (
            "custom",
            LaunchContext { custom_argv: Some(&nul), ..base },
            "an argument holds a NUL byte, which no program can be given",
        ),
        (
            "aider",
            LaunchContext { resume_session: Some("x"), ..base },
            "aider cannot continue an earlier session",
        ),
        ("demo", LaunchContext { model: Some("x"), ..base }, "demo takes no model"),
        (
            "codex",
            LaunchContext { model: Some("--x"), ..base },
            "the model begins with \"-\" and would be read as an option",
        ),
        (
            "codex",
            LaunchContext { resume_session: Some("-x"), ..base },
            "the session to continue begins with \"-\" and would be read as an option",
        ),
        (
            "codex",
            LaunchContext { workspace: Path::new("relative"), ..base },
            "the path relative is not absolute",
        ),
        (
            "codex",
            LaunchContext { prompt: &long, ..base },
            "the prompt is 200000 bytes long; 122880 can be handed over, the rest belongs in TASK.md",
        ),
    ] {
        assert_eq!(plan(&profile(name), &context).unwrap_err().to_string(), message);
    }
}

#[test]
fn text_is_typed_as_one_paste_and_only_at_the_agents_own_prompt() {
    let typed = plan(
        &profile("aider"),
        &LaunchContext { prompt: "one\ntwo\x1b[201~\x03three", ..context(Mode::Interactive) },
    );
    let typed = typed.unwrap().expects.typed_prompt.unwrap();
    assert_eq!(typed.bytes.escape_ascii().to_string(), r"\x1b[200~one\rtwo[201~three\x1b[201~\r");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/aider.tui.pty");
    let session = std::fs::read(path).unwrap();
    let ready_at: Vec<usize> =
        (0..session.len()).filter(|end| is_ready_for_typing(typed.ready, &session[..*end])).collect();
    let question = memchr_find(&session, b"(Y)es/(N)o");
    assert!(!ready_at.is_empty());
    assert!(!is_ready_for_typing(typed.ready, &session[..question + 200]), "a question is no prompt");
    assert!(is_ready_for_typing(typed.ready, b"\x1b[?2004h\x1b[32m> \x1b[0m\r\n\r\n"));
    assert!(!is_ready_for_typing(typed.ready, b"\x1b[?2004h> \x1b[?2004l"), "it has stopped reading");
    assert!(!is_ready_for_typing(typed.ready, b"\x1b[?2004h> half a word"), "somebody is typing");
    assert!(ready_at[0] > memchr_find(&session, b"\x1b[?2004h"));
}

fn memchr_find(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).position(|window| window == needle).unwrap()
}
