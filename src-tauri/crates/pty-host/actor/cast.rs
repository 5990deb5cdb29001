//! A cast for the tests: programs that behave badly in exactly known ways. `pty-host-actor ROLE [ARGUMENTS]`.
//! Each says a word on its terminal when it has taken its position, so that no test has to guess when.

use std::io::{Read, Write};

pub fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u64>().ok()).expect("a number");
    match arguments.first().map(String::as_str) {
        Some("flood") => flood(number(1)),
        Some("flood-on-key") => {
            raw_mode();
            print!("!");
            std::io::stdout().flush().expect("the terminal takes bytes");
            std::io::stdin().read_exact(&mut [0]).expect("a key");
            flood(number(1));
            pause();
        }
        Some("bare-reader") => bare_reader(&arguments[1], number(2)),
        Some("winch") => winch(),
        Some("stubborn") => stubborn(),
        Some("deaf") => deaf(),
        Some("daemon") => daemon(arguments.get(1).map(String::as_str) == Some("and-leave")),
        Some("holder") => holder(),
        Some("bomb") => bomb(number(1) as usize),
        Some("signals") => signals(),
        other => panic!("no such role: {other:?}"),
    }
}

/// Writes a stream known to the byte, all 256 values in it, to a terminal in raw mode.
fn flood(bytes: u64) {
    raw_mode();
    let mut out = std::io::stdout().lock();
    let mut stream = flightboard_pty_host_stream(bytes);
    let mut room = vec![0; 64 << 10];
    loop {
        let len = stream(&mut room);
        if len == 0 {
            break;
        }
        out.write_all(&room[..len]).expect("the terminal takes bytes");
    }
    out.flush().expect("the terminal takes bytes");
}

include!("stream.rs");

/// What the host is measured against: a process that moves a flood from a terminal to a file and does nothing
/// else. Takes its position, says so on standard output, starts on a byte from standard input, says when done.
fn bare_reader(log: &str, bytes: u64) {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    // Linux shares the processor out by session; without one of its own this reader would be at a disadvantage.
    rustix::process::setsid().expect("a new session");
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a terminal");
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this program"));
    command.args(["flood-on-key", &bytes.to_string()]);
    let mut child = pair.slave.spawn_command(command).expect("the flood starts");
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut writer = pair.master.take_writer().expect("a writer");
    let mut log = std::fs::File::options().append(true).create_new(true).open(log).expect("a new file");
    let mut room = vec![0; 16 << 10];
    let mut left = bytes + 1;
    let say = |word: u8| {
        let mut out = std::io::stdout();
        out.write_all(&[word]).and_then(|()| out.flush()).expect("somebody listens");
    };
    while left > 0 {
        let read = reader.read(&mut room).expect("the terminal gives bytes");
        log.write_all(&room[..read]).expect("the disk takes bytes");
        left -= read as u64;
        if left == bytes {
            say(b'r');
            std::io::stdin().read_exact(&mut [0]).expect("a sign");
            writer.write_all(b"g").expect("the terminal takes a key");
        }
    }
    say(b'd');
    child.kill().expect("the flood can be killed");
    child.wait().expect("the flood ends");
}

/// Says the size now and after every SIGWINCH, until a `q` is typed.
fn winch() {
    // SAFETY: blocks one signal in the only thread.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGWINCH);
        libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut());
        std::thread::spawn(|| {
            let mut byte = [0];
            while std::io::stdin().read_exact(&mut byte).is_ok() && byte[0] != b'q' {}
            std::process::exit(0);
        });
        loop {
            let size = rustix::termios::tcgetwinsize(std::io::stdout()).expect("a terminal");
            println!("size={}x{}.", size.ws_col, size.ws_row);
            let mut got = 0;
            libc::sigwait(&set, &mut got);
        }
    }
}

/// Ignores every polite signal.
fn stubborn() {
    ignore_politeness();
    println!("stubborn pid={}.", std::process::id());
    pause();
}

/// Never reads its input, and turns the echo off so that nothing else does.
fn deaf() {
    raw_mode();
    println!("deaf.");
    pause();
}

/// Starts a double-forked child in a session of its own, without the terminal, that ignores polite signals.
fn daemon(and_leave: bool) {
    let (mut hear, mut tell) = std::io::pipe().expect("a pipe");
    if fork() == 0 {
        rustix::process::setsid().expect("a new session");
        if fork() != 0 {
            std::process::exit(0);
        }
        ignore_politeness();
        // No descriptor of the terminal is kept.
        let null = std::fs::File::options().read(true).write(true).open("/dev/null").expect("/dev/null");
        rustix::stdio::dup2_stdin(&null).expect("dup");
        rustix::stdio::dup2_stdout(&null).expect("dup");
        rustix::stdio::dup2_stderr(&null).expect("dup");
        tell.write_all(&std::process::id().to_le_bytes()).expect("the parent listens");
        drop(tell);
        pause();
    }
    drop(tell);
    let mut pid = [0; 4];
    hear.read_exact(&mut pid).expect("the daemon says who it is");
    println!("daemon pid={}.", u32::from_le_bytes(pid));
    if !and_leave {
        pause();
    }
}

/// Leaves at once, while a child keeps the terminal open and ignores polite signals.
fn holder() {
    let (mut hear, mut tell) = std::io::pipe().expect("a pipe");
    if fork() == 0 {
        ignore_politeness();
        tell.write_all(&[1]).expect("the parent listens");
        pause();
    }
    hear.read_exact(&mut [0]).expect("the child is there");
    println!("leaving.");
    std::process::exit(7);
}

/// Every process forks as long as there are tokens, each child in a session of its own.
fn bomb(processes: usize) {
    ignore_politeness();
    let (mut tokens, mut mint) = std::io::pipe().expect("a pipe");
    let (mut born, mut cry) = std::io::pipe().expect("a pipe");
    mint.write_all(&vec![1; processes]).expect("room in the pipe");
    drop(mint);
    let first = std::process::id();
    while tokens.read_exact(&mut [0]).is_ok() {
        if fork() == 0 {
            let _ = rustix::process::setsid();
            cry.write_all(&[1]).expect("somebody listens");
        }
    }
    if std::process::id() == first {
        born.read_exact(&mut vec![0; processes]).expect("all are born");
        println!("bomb of {processes}.");
    }
    pause();
}

/// Says which signals are ignored or blocked: none should be.
fn signals() {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    for line in status.lines().filter(|line| line.starts_with("SigBlk") || line.starts_with("SigIgn")) {
        println!("{line}.");
    }
    let open = std::fs::read_dir("/proc/self/fd").expect("/proc").count();
    // One of them is the listing itself.
    println!("descriptors={}.", open - 1);
}

fn raw_mode() {
    let terminal = std::io::stdout();
    let mut modes = rustix::termios::tcgetattr(&terminal).expect("a terminal");
    modes.make_raw();
    rustix::termios::tcsetattr(&terminal, rustix::termios::OptionalActions::Now, &modes).expect("raw mode");
}

fn ignore_politeness() {
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        // SAFETY: sets a disposition.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

fn fork() -> i32 {
    // SAFETY: these roles have one thread.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    pid
}

fn pause() -> ! {
    loop {
        // SAFETY: sleeps.
        unsafe { libc::pause() };
    }
}
