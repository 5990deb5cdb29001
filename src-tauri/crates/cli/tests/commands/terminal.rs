//! What a person sees: the real program in a real terminal, read off its screen. Where nobody looks there are no
//! pictures, no colours and no bars.

use std::{
    io::{Read, Write},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::desk::{Desk, text};

/// How long anything may take on a busy machine before the test fails.
const PATIENCE: Duration = Duration::from_secs(120);

struct Terminal {
    screen: avt::Terminal,
    /// All that was printed, escapes included.
    raw: String,
    printed: Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    line: Box<dyn MasterPty + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
}

impl Terminal {
    /// A shell script in which `flightboard` is the program.
    fn open(desk: &Desk, columns: u16, rows: u16, env: &[(&str, &str)], script: &str) -> Terminal {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_flightboard"));
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        command.env_clear();
        command.env("PATH", format!("{}:/usr/bin:/bin", program.parent().expect("a folder").display()));
        command.env("HOME", desk.path("home"));
        command.env("LANG", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        command.env("FLIGHTBOARD_DATA_DIR", desk.data());
        command.cwd(desk.path(""));
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("sh starts");
        let mut out = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its keyboard");
        let (tell, printed) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(len @ 1..) = out.read(&mut piece) {
                if tell.send(piece[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = avt::Terminal::new(columns.into(), rows.into()).expect("a size");
        Terminal { screen, raw: String::new(), printed, keys, line: pair.master, child }
    }

    fn lines(&self) -> Vec<String> {
        self.screen.screen().visible_lines().map(|line| line.text().trim_end().to_owned()).collect()
    }

    fn shown(&self) -> String {
        self.lines().join("\n")
    }

    /// Reads on until the screen is as it should be.
    fn until(&mut self, what: &str, is_so: impl Fn(&Terminal) -> bool) {
        while !is_so(self) {
            let Ok(piece) = self.printed.recv_timeout(PATIENCE) else {
                panic!("waited in vain until {what}:\n{}", self.shown());
            };
            let piece = String::from_utf8_lossy(&piece).into_owned();
            self.screen.feed([piece.as_str()]);
            self.raw += &piece;
        }
    }

    fn until_shown(&mut self, words: &str) {
        self.until(words, |terminal| terminal.shown().contains(words));
    }

    fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.resize(columns.into(), rows.into());
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.line.resize(size).expect("it is resized");
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it is typed");
    }

    /// Everything, once the script has ended well.
    fn until_the_end(&mut self) -> String {
        // On Linux a terminal that nobody holds any more is an error to read from.
        while let Ok(piece) = self.printed.recv_timeout(PATIENCE) {
            let piece = String::from_utf8_lossy(&piece).into_owned();
            self.screen.feed([piece.as_str()]);
            self.raw += &piece;
        }
        assert!(self.child.wait().expect("it ends").success(), "{}", self.raw);
        self.raw.clone()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The dashboard, and what the shell finds afterwards: the exit code, and whether it may still be typed into.
const WATCH: &str =
    "echo before; flightboard status --watch; echo after $?; stty -a | grep -o ' -*icanon\\| -*echo '";

#[test]
fn the_dashboard_shows_each_change_fits_its_terminal_and_leaves_it_as_it_was() {
    let desk = Desk::new();
    desk.ok(&["add", "One"]);
    let mut terminal = Terminal::open(&desk, 120, 30, &[], WATCH);
    terminal.until_shown("1 in the inbox");
    assert!(!terminal.shown().contains("before"), "it has a screen of its own");
    assert!(!terminal.screen.cursor().visible);

    desk.ok(&["add", "Two"]);
    terminal.until_shown("2 in the inbox");
    assert_eq!(terminal.shown().matches("in the inbox").count(), 1, "drawn over, not below");

    terminal.resize(30, 8);
    terminal.until("it is narrow", |terminal| terminal.lines()[0].ends_with('…'));
    terminal.until("it says how to leave", |terminal| terminal.lines()[7] == "q ends this");
    assert!(terminal.lines().iter().all(|line| line.chars().count() <= 30), "{}", terminal.shown());
    terminal.resize(160, 4);
    terminal.until_shown("2 in all");
    terminal.until_shown("more lines");
    terminal.resize(120, 30);
    terminal.until_shown("Agents");

    terminal.types("q");
    terminal.until_shown("after 0");
    let raw = terminal.until_the_end();
    let shown = terminal.shown();
    assert!(shown.starts_with("before\nafter 0"), "what stood there is there again: {shown}");
    assert!(shown.contains(" icanon") && shown.contains(" echo") && !shown.contains(" -echo"), "{shown}");
    assert!(terminal.screen.cursor().visible, "{raw:?}");
}

#[test]
fn the_dashboard_ends_by_ctrl_c_and_by_a_service_manager_as_by_q() {
    let desk = Desk::new();
    desk.ok(&["add", "One"]);
    // The shell becomes the program, so that its process is known.
    let named = "sh -c 'echo $$ > pid; exec flightboard status --watch'";
    let script = WATCH.replace("flightboard status --watch", named);
    for keys in ["\x03", "\x1b", ""] {
        let mut terminal = Terminal::open(&desk, 120, 30, &[], &script);
        terminal.until_shown("1 in the inbox");
        if keys.is_empty() {
            let pid = std::fs::read_to_string(desk.path("pid")).expect("its process");
            let pid =
                rustix::process::Pid::from_raw(pid.trim().parse().expect("a number")).expect("a process");
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is told");
        } else {
            terminal.types(keys);
        }
        terminal.until_shown("after 0");
        terminal.until_the_end();
        let shown = terminal.shown();
        assert!(shown.contains(" icanon") && !shown.contains(" -echo"), "{keys:?}: {shown}");
    }
}

#[test]
fn a_dashboard_that_nobody_looks_at_is_plain_lines() {
    let desk = Desk::new();
    desk.ok(&["add", "One"]);
    let mut watch = desk.starts(&["status", "--watch"]);
    assert!(watch.line().contains("1 in the inbox"));
    desk.ok(&["add", "Two"]);
    let mut until = String::new();
    while !until.contains("2 in the inbox") {
        until += &watch.line();
        assert!(!until.contains('\x1b'), "{until:?}");
    }
    watch.terminate();
    assert_eq!(watch.rest().1, Some(0));
}

#[test]
fn there_are_colours_on_a_terminal_unless_somebody_wants_none() {
    let desk = Desk::new();
    desk.ok(&["add", "One"]);
    let show =
        |env: &[(&str, &str)], script: &str| Terminal::open(&desk, 120, 30, env, script).until_the_end();
    assert!(show(&[], "flightboard show 1").contains("\x1b[1m"));
    // An empty value is none, by no-color.org.
    assert!(show(&[("NO_COLOR", "")], "flightboard show 1").contains("\x1b[1m"));
    for (env, script) in [
        (&[("NO_COLOR", "1")][..], "flightboard show 1"),
        (&[("TERM", "dumb")], "flightboard show 1"),
        (&[], "flightboard show 1 | cat"),
        (&[], "flightboard show 1 --json"),
    ] {
        let printed = show(env, script);
        assert!(printed.contains("One") && !printed.contains('\x1b'), "{env:?} {script}: {printed:?}");
    }
}

#[test]
fn long_work_has_a_bar_where_a_person_looks_and_nowhere_else() {
    let desk = Desk::new();
    let script = desk.held_script();
    desk.ok(&[
        "agents",
        "register",
        "holder",
        "--kind",
        "custom",
        "--program",
        "/bin/sh",
        "--arg",
        "-c",
        "--arg",
        &script,
    ]);
    desk.ok(&["add", "Held"]);
    let mut terminal = Terminal::open(&desk, 120, 30, &[], "flightboard run --agent holder");
    terminal.until_shown("cards");
    terminal.until_shown("0/1");
    desk.let_go();
    terminal.until_the_end();
    assert!(
        !terminal.shown().contains("0/1") && terminal.shown().contains("1 worked through"),
        "{}",
        terminal.shown()
    );

    for script in ["flightboard run -q --agent holder", "flightboard run --agent holder 2> err; cat err"] {
        desk.ok(&["add", "Once more"]);
        let printed = Terminal::open(&desk, 120, 30, &[], script).until_the_end();
        assert!(!printed.contains("cards"), "{script}: {printed:?}");
    }
    let piped = desk.output(&["export", "-"]);
    assert_eq!(text(&piped.stderr), "");
}
