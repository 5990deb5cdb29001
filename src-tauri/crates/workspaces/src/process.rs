//! Running one program to its end: captured output with a limit, a time limit, a way to cancel, and
//! its whole process group gone when either strikes. Knows nothing about git.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Tells a long operation to give up. Clones share one switch.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// How often a waiting call looks at its [`Cancel`]; the end of the process itself wakes it at once.
const CANCEL_CHECK: Duration = Duration::from_millis(100);
/// How long a program that is given up may take to leave: git takes its locks and half-made files with it.
const GRACE: Duration = Duration::from_secs(2);
/// After the program has ended, this long for what it left holding the pipes.
const STRAGGLERS: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Standard output was longer than the limit; the program was ended there.
    pub cut: bool,
}

#[derive(Debug)]
pub enum Unfinished {
    Start(std::io::Error),
    TimedOut,
    Cancelled,
}

pub struct Bounds<'a> {
    pub timeout: Duration,
    /// Bytes of standard output kept.
    pub limit: usize,
    pub cancel: &'a Cancel,
}

/// Runs with captured output; `input` is written to standard input, which is otherwise empty.
pub fn capture(
    mut command: Command,
    input: Option<Vec<u8>>,
    bounds: &Bounds,
) -> Result<Finished, Unfinished> {
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    own_group(&mut command);
    let mut child = command.spawn().map_err(Unfinished::Start)?;
    let (said, news) = mpsc::channel();
    if let (Some(mut pipe), Some(bytes)) = (child.stdin.take(), input) {
        // A program that does not read to the end closes the pipe; that is its own business.
        thread::spawn(move || drop(pipe.write_all(&bytes)));
    }
    let stdout = read_in_background(child.stdout.take(), bounds.limit, said.clone());
    let stderr = read_in_background(child.stderr.take(), 1 << 20, said.clone());
    watch_exit(&child, said);

    let mut cut = false;
    let end = wait_for(&mut child, &news, bounds, |_| cut = true);
    let (status, timely) = match end {
        Ok(status) => (status, true),
        Err(reason) => {
            finish_off(&mut child, &news);
            return Err(reason);
        }
    };
    let until = Instant::now() + STRAGGLERS;
    let stdout = collect(stdout, timely.then_some(until));
    let stderr = collect(stderr, timely.then_some(until));
    Ok(Finished { status, stdout, stderr, cut })
}

/// Runs with output going where the command says. Used where output belongs in a file.
pub fn run(mut command: Command, timeout: Duration, cancel: &Cancel) -> Result<ExitStatus, Unfinished> {
    command.stdin(Stdio::null());
    own_group(&mut command);
    let mut child = command.spawn().map_err(Unfinished::Start)?;
    let (said, news) = mpsc::channel();
    watch_exit(&child, said);
    let end = wait_for(&mut child, &news, &Bounds { timeout, limit: 0, cancel }, |_| {});
    if end.is_err() {
        finish_off(&mut child, &news);
    }
    end
}

enum News {
    Exited,
    OverLimit,
}

fn wait_for(
    child: &mut Child,
    news: &mpsc::Receiver<News>,
    bounds: &Bounds,
    mut over_limit: impl FnMut(&News),
) -> Result<ExitStatus, Unfinished> {
    let deadline = Instant::now() + bounds.timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match news.recv_timeout(left.min(CANCEL_CHECK)) {
            Ok(News::Exited) | Err(RecvTimeoutError::Disconnected) => {
                return child.wait().map_err(Unfinished::Start);
            }
            Ok(said @ News::OverLimit) => {
                over_limit(&said);
                end_group(child);
            }
            Err(RecvTimeoutError::Timeout) if bounds.cancel.is_cancelled() => {
                return Err(Unfinished::Cancelled);
            }
            Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(Unfinished::TimedOut),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Asks it to leave, and kills what is left of it.
fn finish_off(child: &mut Child, news: &mpsc::Receiver<News>) {
    ask_group(child);
    let until = Instant::now() + GRACE;
    while let Ok(News::OverLimit) = news.recv_timeout(until.saturating_duration_since(Instant::now())) {}
    end_group(child);
    // Cannot hang: the process has been killed.
    let _ = child.wait();
}

type Reader = Option<(JoinHandle<()>, mpsc::Receiver<Vec<u8>>)>;

fn read_in_background<R: Read + Send + 'static>(
    pipe: Option<R>,
    limit: usize,
    said: mpsc::Sender<News>,
) -> Reader {
    let mut pipe = pipe?;
    let (done, result) = mpsc::channel();
    let thread = thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = (&mut pipe).take(limit as u64).read_to_end(&mut kept);
        let more = kept.len() == limit && matches!(pipe.read(&mut [0]), Ok(1));
        if more {
            let _ = said.send(News::OverLimit);
        }
        let _ = done.send(kept);
    });
    Some((thread, result))
}

fn collect(reader: Reader, until: Option<Instant>) -> Vec<u8> {
    let (Some((thread, result)), Some(until)) = (reader, until) else { return Vec::new() };
    match result.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(bytes) => {
            let _ = thread.join();
            bytes
        }
        Err(_) => Vec::new(),
    }
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

/// The child is not reaped here (`NOWAIT`), so its id stays its own until `wait` is called.
#[cfg(unix)]
fn watch_exit(child: &Child, said: mpsc::Sender<News>) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let Some(pid) = Pid::from_raw(child.id() as i32) else { return };
    thread::spawn(move || {
        while let Err(rustix::io::Errno::INTR) =
            waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        {}
        let _ = said.send(News::Exited);
    });
}

/// Windows: the handle is cloned for a thread that waits on it.
#[cfg(windows)]
fn watch_exit(child: &Child, said: mpsc::Sender<News>) {
    use std::os::windows::io::AsHandle;
    let Ok(handle) = child.as_handle().try_clone_to_owned() else { return };
    thread::spawn(move || {
        use std::os::windows::io::AsRawHandle;
        unsafe extern "system" {
            fn WaitForSingleObject(handle: *mut std::ffi::c_void, milliseconds: u32) -> u32;
        }
        // SAFETY: the handle is owned by this thread and open for the length of the call.
        unsafe { WaitForSingleObject(handle.as_raw_handle(), u32::MAX) };
        let _ = said.send(News::Exited);
    });
}

#[cfg(unix)]
fn ask_group(child: &Child) {
    signal_group(child, rustix::process::Signal::TERM);
}

#[cfg(not(unix))]
fn ask_group(_: &Child) {}

#[cfg(unix)]
fn end_group(child: &mut Child) {
    signal_group(child, rustix::process::Signal::KILL);
}

#[cfg(unix)]
fn signal_group(child: &Child, signal: rustix::process::Signal) {
    use rustix::process::{Pid, kill_process_group};
    if let Some(pid) = Pid::from_raw(child.id() as i32) {
        let _ = kill_process_group(pid, signal);
    }
}

#[cfg(not(unix))]
fn end_group(child: &mut Child) {
    let _ = child.kill();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn bounds(cancel: &Cancel) -> Bounds<'_> {
        Bounds { timeout: Duration::from_secs(60), limit: 1 << 20, cancel }
    }

    #[test]
    fn output_errors_and_status_come_back() {
        let done = capture(sh("echo out; echo err >&2; exit 3"), None, &bounds(&Cancel::default())).unwrap();
        assert_eq!((done.stdout.as_slice(), done.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
        assert_eq!((done.status.code(), done.cut), (Some(3), false));
    }

    #[test]
    fn input_reaches_the_program() {
        let done = capture(sh("cat"), Some(vec![7; 300_000]), &bounds(&Cancel::default())).unwrap();
        assert_eq!(done.stdout.len(), 300_000);
    }

    #[test]
    fn endless_output_is_cut_and_the_program_ended() {
        let cancel = Cancel::default();
        let done = capture(sh("yes"), None, &Bounds { limit: 1000, ..bounds(&cancel) }).unwrap();
        assert!(done.cut);
        assert_eq!(done.stdout.len(), 1000);
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_its_children() {
        let cancel = Cancel::default();
        let hung = capture(
            sh("sleep 1000 & sleep 1000"),
            None,
            &Bounds { timeout: Duration::from_millis(50), ..bounds(&cancel) },
        );
        assert!(matches!(hung, Err(Unfinished::TimedOut)));
    }

    #[test]
    fn a_cancelled_program_is_ended() {
        let cancel = Cancel::default();
        cancel.cancel();
        assert!(matches!(capture(sh("sleep 1000"), None, &bounds(&cancel)), Err(Unfinished::Cancelled)));
    }
}
