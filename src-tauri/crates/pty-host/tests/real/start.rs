//! A run starts whole or not at all, wherever its directory is and whatever is in its arguments.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::rig::{HOST, Run, launch, sh};
use flightboard_pty_host::{
    Claim, Launch, LaunchRecord, Liveness, SpawnError, StartFailure, alive, claim, spawn,
};

fn refusal(launch: &Launch) -> StartFailure {
    let temp = tempfile::tempdir().unwrap();
    let error = spawn(Path::new(HOST), temp.path(), launch).expect_err("this must not start");
    let left: Vec<_> = fs::read_dir(temp.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?} was left behind");
    match error {
        SpawnError::Start(failure) => failure,
        other => panic!("{other}"),
    }
}

#[test]
fn every_way_not_to_start_has_its_name_and_leaves_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str, mode: u32| {
        let path = temp.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let plain = file("plain", "text", 0o644);
    let orphan = file("orphan", "#!/no/such/interpreter\n", 0o755);
    let program = |name: &str| name.to_owned();
    assert_eq!(refusal(&launch(&[])), StartFailure::NoProgram);
    assert_eq!(
        refusal(&launch(&["no-such-agent"])),
        StartFailure::ProgramNotFound { program: program("no-such-agent") }
    );
    assert_eq!(refusal(&launch(&[&plain])), StartFailure::NotExecutable { program: program(&plain) });
    let broken = refusal(&launch(&[&orphan]));
    assert!(
        matches!(&broken, StartFailure::ProgramBroken { message, .. } if message.contains("interpreter"))
    );
    assert_eq!(refusal(&launch(&["sh", "-c", "a\0b"])), StartFailure::NulByte);
    let missing = Launch { cwd: "/no/such/place".into(), ..sh("true") };
    assert_eq!(refusal(&missing), StartFailure::CwdMissing { cwd: "/no/such/place".into() });
    let in_file = Launch { cwd: plain.clone().into(), ..sh("true") };
    assert_eq!(refusal(&in_file), StartFailure::CwdNotADirectory { cwd: plain });
}

#[test]
fn a_directory_holds_one_run_only() {
    let first = Run::start(&sh("read a"));
    let second = spawn(Path::new(HOST), &first.dir, &sh("echo intruder"));
    assert!(matches!(second, Err(SpawnError::Start(StartFailure::RunDirInUse))));
    assert!(matches!(alive(&first.dir).unwrap(), Liveness::Alive(_)), "the first is unharmed");
    first.client();
}

#[test]
fn a_claimed_directory_starts_nothing_any_more_and_a_started_one_cannot_be_claimed() {
    let temp = tempfile::tempdir().unwrap();
    assert_eq!(alive(temp.path()).unwrap(), Liveness::NeverStarted);
    assert_eq!(claim(temp.path(), 17).unwrap(), Claim::Ours);
    let late = spawn(Path::new(HOST), temp.path(), &sh("true"));
    assert!(matches!(late, Err(SpawnError::Start(StartFailure::RunDirInUse))));
    assert!(matches!(alive(temp.path()).unwrap(), Liveness::Gone(_)));
    let run = Run::start(&sh("read a"));
    assert_eq!(claim(&run.dir, 17).unwrap(), Claim::TooLate);
}

#[test]
fn a_missing_run_directory_or_host_is_said_plainly() {
    let nowhere = spawn(Path::new(HOST), Path::new("/no/such/run"), &sh("true"));
    assert!(matches!(nowhere, Err(SpawnError::RunDir { .. })));
    let temp = tempfile::tempdir().unwrap();
    let hostless = spawn(Path::new("/no/such/host"), temp.path(), &sh("true"));
    assert!(matches!(hostless, Err(SpawnError::Host { .. })));
    let mute = spawn(Path::new("/bin/false"), temp.path(), &sh("true"));
    assert!(matches!(mute, Err(SpawnError::Died { .. })), "{mute:?}");
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[test]
fn a_long_directory_with_blanks_and_emoji_works_like_any_other() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("a directory $HOME %i ' \" 🛫 ".repeat(4)).join("é".repeat(60));
    assert!(dir.as_os_str().len() > 200);
    fs::create_dir_all(&dir).unwrap();
    let run = Run::start_in(&dir, &sh("read line; echo \"got <$line>\""));
    run.client().input("über\n".as_bytes()).unwrap();
    run.log_with("got <über>");
    assert_eq!(run.exit().code, Some(0));
}

#[test]
fn arguments_environment_and_directory_arrive_to_the_byte() {
    let temp = tempfile::tempdir().unwrap();
    let odd = OsString::from_vec(b"n\xffame \xf0\x9f\x9b\xab".to_vec());
    let cwd = temp.path().join(&odd);
    fs::create_dir(&cwd).unwrap();
    let mut launch =
        sh(r#"stty -opost; printf '%s|%s|' "$1" "$ODD"; pwd -P; env | cut -d= -f1 | sort | tr '\n' ' '"#);
    launch.argv.extend(["sh".into(), odd.clone()]);
    launch.env.push(("ODD".into(), odd.clone()));
    launch.cwd = cwd.clone();
    let run = Run::start(&launch);
    assert_eq!(run.exit().code, Some(0));
    let want = [odd.clone().into_vec(), odd.into_vec(), cwd.into_os_string().into_vec()].join(&b'|');
    let log = run.log();
    let (first, rest) = log.split_at(want.len());
    assert_eq!(first, want);
    let names: Vec<&str> = std::str::from_utf8(rest).unwrap().split_whitespace().collect();
    assert_eq!(names, ["LC_ALL", "ODD", "PATH", "PWD", "TERM"], "PWD is the shell's own");
    let record: LaunchRecord =
        flightboard_pty_host::records::read(&run.dir, "launch.json").unwrap().expect("it is there");
    assert_eq!(record, LaunchRecord::of(&launch));
}

#[test]
fn secrets_in_the_environment_never_touch_the_disk() {
    let mut launch = sh("echo \"have ${#API_KEY}\"");
    launch.env.push(("API_KEY".into(), "hush-hush-4711".into()));
    let run = Run::start(&launch);
    run.exit();
    assert!(run.log().starts_with(b"have 14"));
    for entry in fs::read_dir(&run.dir).unwrap() {
        let path = entry.unwrap().path();
        let content = fs::read(&path).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&content).contains("hush-hush"), "{}", path.display());
    }
}

#[test]
fn a_large_environment_and_a_long_argument_fit() {
    let mut launch = sh("echo ${#BIG} ${#1}");
    launch.env.push(("BIG".into(), "b".repeat(100_000).into()));
    launch.argv.extend(["sh".into(), "a".repeat(120_000).into()]);
    let run = Run::start(&launch);
    run.exit();
    assert_eq!(run.log(), b"100000 120000\r\n");
}

#[test]
fn the_host_is_nobodys_child_and_leads_its_own_session() {
    let run = Run::start(&sh("read a"));
    let stat = fs::read_to_string(format!("/proc/{}/stat", run.spawned.host_pid)).unwrap();
    let fields: Vec<u32> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .skip(1)
        .take(3)
        .map(|n| n.parse().unwrap())
        .collect();
    assert_ne!(fields[0], std::process::id(), "parent");
    assert_eq!(fields[2], run.spawned.host_pid, "session");
}

#[test]
fn an_agent_stands_back_as_far_as_it_was_told_to() {
    // The furthest, so that it is right however far whoever runs this test stands back.
    let run = Run::start(&Launch { nice: 19, ..sh("nice") });
    run.exit();
    assert_eq!(run.log(), b"19\r\n");
}
