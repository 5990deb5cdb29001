//! Agents are found where the person's shell finds them, even when the app was started from a desktop
//! launcher with a bare PATH; and what is missing is said with the line that installs it.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use flightboard_stories::Desk;

#[test]
fn an_agent_on_the_login_shells_path_is_found_with_its_version() {
    let mut desk = Desk::new();
    let home = desk.folder.path().join("home");
    let tools = home.join("my tools");
    fs::create_dir_all(&tools).unwrap();
    fs::write(
        home.join(".profile"),
        "echo 'Welcome to this machine!'\nexport PATH=\"$HOME/my tools:$PATH\"\n",
    )
    .unwrap();
    let agent = tools.join("claude");
    fs::write(&agent, "#!/bin/sh\necho '9.8.7 (Claude Code)'\n").unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    desk.env.push(("HOME".into(), home.to_str().unwrap().into()));
    desk.env.push(("SHELL".into(), "/bin/bash".into()));
    desk.env.push(("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()));

    let doctor = desk.json(&["doctor"]);

    let of =
        |name: &str| doctor["agents"].as_array().unwrap().iter().find(|a| a["name"] == name).unwrap().clone();
    assert_eq!(of("claude")["path"], agent.to_str().unwrap());
    assert_eq!(of("claude")["version"], "9.8.7");
    assert!(of("codex")["path"].is_null());
    assert_eq!(of("codex")["install"], "npm install -g @openai/codex");
    let said = desk.ok(&["doctor"]);
    assert!(said.contains("install: npm install -g @openai/codex"), "{said}");
}

#[test]
fn a_login_shell_that_never_answers_is_not_waited_for() {
    let mut desk = Desk::new();
    let shell = desk.folder.path().join("hang.sh");
    fs::write(&shell, "#!/bin/sh\nexec sleep 1000\n").unwrap();
    fs::set_permissions(&shell, fs::Permissions::from_mode(0o755)).unwrap();
    desk.env.push(("SHELL".into(), shell.to_str().unwrap().into()));

    desk.ok(&["add", "Start anyway"]);
    desk.ok(&["run", "1", "--agent", "custom", "--wait", "--", "true"]);
}

/// Tells its version once a run of it is over.
const SLOW_TO_SAY: &str = r#"#!/bin/sh
here=$(dirname "$0")
if [ "$1" = --version ]; then
  until [ -e "$here/ran" ] && ! kill -0 $(cat "$here/ran") 2>/dev/null; do sleep 0.1; done
  echo '9.8.7 (Claude Code)'
  exit
fi
echo '{"type":"result","subtype":"success","is_error":false,"result":"Done.","session_id":"12345678"}'
echo $$ > "$here/now" && mv "$here/now" "$here/ran"
"#;

#[test]
fn a_run_shorter_than_its_agents_answer_still_has_the_version() {
    let mut desk = Desk::new();
    let tools = desk.folder.path().join("tools");
    fs::create_dir_all(&tools).unwrap();
    let agent = tools.join("claude");
    fs::write(&agent, SLOW_TO_SAY).unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    desk.env.push(("PATH".into(), format!("{}:/usr/local/bin:/usr/bin:/bin", tools.display())));

    desk.ok(&["add", "Be quick"]);
    desk.ok(&["run", "1", "--agent", "claude", "--wait"]);

    assert_eq!(desk.show("1")["runs"][0]["agent_version"], "9.8.7");
}

#[test]
fn a_program_asked_for_its_version_does_not_outlive_a_killed_engine() {
    let mut desk = Desk::new();
    let tools = desk.folder.path().join("tools");
    fs::create_dir_all(&tools).unwrap();
    let agent = tools.join("claude");
    let asked = desk.folder.path().join("asked");
    let script =
        format!("#!/bin/sh\necho $$ > '{0}.new' && mv '{0}.new' '{0}'\nexec sleep 1000\n", asked.display());
    fs::write(&agent, script).unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    desk.env.push(("PATH".into(), format!("{}:/usr/local/bin:/usr/bin:/bin", tools.display())));
    let served = desk.serve();
    let pid = desk.until("it is asked", || fs::read_to_string(&asked).ok()?.trim().parse::<u32>().ok());
    let process = PathBuf::from(format!("/proc/{pid}"));
    assert!(process.exists());

    served.kill();

    desk.until("it is gone", || {
        let state = fs::read_to_string(process.join("stat")).unwrap_or_default();
        // Ended, and perhaps not yet collected by its new parent.
        (state.is_empty() || state.contains(") Z ")).then_some(())
    });
}
