//! What Linux and macOS share: the detachment of the host, its terminal, and the birth of the agent. The socket
//! is in `unix/sockets.rs`.
//!
//! The terminal is opened by `portable-pty`, the agent is not started by it: its `spawn_command` closes the
//! pipe over which a failed `exec` is reported, so that a missing interpreter would look like a start.

mod sockets;

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

use portable_pty::{MasterPty, PtySize, native_pty_system};
use rustix::process::{Resource, Rlimit, WaitOptions, getrlimit, setrlimit};

pub(crate) use self::sockets::*;
use super::{Agent, AgentEnd, Gone, Tree, open_slave, sessions_stand_back};
use crate::launch::{Launch, StartFailure};

/// Where programs are looked for when the launch names no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Of the thread that puts the agent on record.
const CLERK_STACK: usize = 128 << 10;

#[cfg(target_os = "linux")]
const LAST_SIGNAL: libc::c_int = 64;
#[cfg(not(target_os = "linux"))]
const LAST_SIGNAL: libc::c_int = 31;

/// For a file that its owner alone may read.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Makes names durable, as syncing a file does for its content.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// What this process was permitted before it permitted itself more.
static FILES_BEFORE: OnceLock<Rlimit> = OnceLock::new();

pub(crate) fn allow_many_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    FILES_BEFORE.get_or_init(|| limit);
    Ok(())
}

/// Starts a host. It leaves us by itself, see [`detach`].
pub(crate) fn start_host(command: &mut Command) -> io::Result<Child> {
    if let Some(limit) = FILES_BEFORE.get() {
        // SAFETY: between fork and exec it asks the system for one thing and allocates nothing.
        unsafe { command.pre_exec(|| Ok(setrlimit(Resource::Nofile, *limit)?)) };
    }
    command.spawn()
}

/// After the host's answer: what was started has forked the host away and ends now.
pub(crate) fn part_from(mut host: Child) -> io::Result<()> {
    host.wait().map(|_| ())
}

/// Leaves the starter: a process of our own, in a session of our own, whose parent has already ended.
/// The parent does not come back from here.
pub(crate) fn detach() -> io::Result<()> {
    // SAFETY: called before any other thread exists, so the child has the whole state that it needs.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(rustix::process::setsid().map(|_| ())?),
        // SAFETY: ends this process at once; destructors belong to the child now.
        _ => unsafe { libc::_exit(0) },
    }
}

/// The answer goes to the pipe that standard output was; standard input and output become `/dev/null`.
pub(crate) fn take_answer_pipe() -> io::Result<File> {
    let answer = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(answer)
}

/// Signals that would end the host although it has work left, or that report what we see as an error anyway.
pub(crate) fn ignore_signals() {
    let ignored = [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGPIPE,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
        libc::SIGXFSZ,
    ];
    for signal in ignored {
        // SAFETY: sets a disposition, nothing else.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // SAFETY: the handler does nothing. Without SA_RESTART a blocked read comes back, see `host::output`.
    unsafe {
        let mut nudge: libc::sigaction = std::mem::zeroed();
        nudge.sa_sigaction = do_nothing as *const () as usize;
        libc::sigaction(libc::SIGUSR1, &nudge, std::ptr::null_mut());
    }
}

extern "C" fn do_nothing(_: libc::c_int) {}

/// Where a request to end is rung, or -1.
static BELL: AtomicI32 = AtomicI32::new(-1);
static ASKED_TO_END: AtomicBool = AtomicBool::new(false);

/// From now on SIGTERM (a logout, a shutdown) rings `bell` instead of killing the host under its agent.
pub(crate) fn ring_when_asked_to_end(bell: &impl AsRawFd) {
    BELL.store(bell.as_raw_fd(), Ordering::SeqCst);
    // SAFETY: the handler does what handlers may: atomics and one write.
    unsafe { libc::signal(libc::SIGTERM, ring as *const () as usize) };
}

/// True once for each time that SIGTERM has come.
pub(crate) fn asked_to_end() -> bool {
    ASKED_TO_END.swap(false, Ordering::SeqCst)
}

extern "C" fn ring(_: libc::c_int) {
    ASKED_TO_END.store(true, Ordering::SeqCst);
    let bell = BELL.load(Ordering::SeqCst);
    // SAFETY: writes one byte to a descriptor that stays open as long as the process; a full one has rung already.
    unsafe { libc::write(bell, [1u8].as_ptr().cast(), 1) };
}

/// The run's terminal, from the host's end.
pub(crate) struct Terminal {
    master: Mutex<Box<dyn MasterPty + Send>>,
    ours: File,
    /// Held until the tree is gone: so a moment in which no process holds the terminal is not taken for its end.
    slave: Mutex<Option<OwnedFd>>,
}

impl Terminal {
    pub fn open(cols: u16, rows: u16) -> io::Result<Terminal> {
        let size = PtySize { cols, rows, pixel_width: 0, pixel_height: 0 };
        let pair =
            native_pty_system().openpty(size).map_err(|error| io::Error::other(format!("{error:#}")))?;
        let fd = pair.master.as_raw_fd().ok_or_else(|| io::Error::other("it has no descriptor"))?;
        let ours = duplicate(fd)?;
        let slave = open_slave(&ours, pair.master.tty_name().as_deref())?;
        Ok(Terminal { master: Mutex::new(pair.master), ours: ours.into(), slave: Mutex::new(Some(slave)) })
    }

    pub fn reader(&self) -> io::Result<File> {
        self.ours.try_clone()
    }

    pub fn writer(&self) -> io::Result<File> {
        self.ours.try_clone()
    }

    pub fn resize(&self, cols: u16, rows: u16) -> io::Result<()> {
        let master = self.master.lock().unwrap_or_else(PoisonError::into_inner);
        master.resize(PtySize { cols, rows, pixel_width: 0, pixel_height: 0 }).map_err(io::Error::other)
    }

    /// Whether it is in line mode without echo, as for a password.
    pub fn hides_input(&self) -> bool {
        // SAFETY: the structure is filled by the call, or not looked at.
        unsafe {
            let mut modes: libc::termios = std::mem::zeroed();
            libc::tcgetattr(self.ours.as_raw_fd(), &mut modes) == 0
                && modes.c_lflag & libc::ICANON != 0
                && modes.c_lflag & libc::ECHO == 0
        }
    }

    /// Lets go of the agent's end: the reader gets what is left and then the end, if nobody else holds it.
    pub fn let_go(&self) {
        self.slave().take();
    }

    /// Makes a thread that sits in a read of the terminal come back once nothing is left to read.
    pub fn interrupt(&self, reader: &JoinHandle<()>) {
        use std::os::unix::thread::JoinHandleExt;
        // First non-blocking, then the nudge: whether the thread is in a read or just before one, it now comes back.
        if rustix::io::ioctl_fionbio(&self.ours, true).is_ok() {
            // SAFETY: the handle keeps the thread's id valid until it is joined.
            unsafe { libc::pthread_kill(reader.as_pthread_t(), libc::SIGUSR1) };
        }
    }

    fn side(&self) -> io::Result<Stdio> {
        let slave = self.slave();
        let slave = slave.as_ref().ok_or_else(|| io::Error::other("the terminal has been let go"))?;
        slave.try_clone().map(Stdio::from)
    }

    fn slave(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        self.slave.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the agent with `terminal` as its controlling terminal. Its program begins once `put_on_record` is done
/// with its process id: a host that is killed at whatever moment leaves no agent that nobody knows of.
pub(crate) fn start_agent(
    launch: &Launch,
    terminal: &Terminal,
    put_on_record: impl FnOnce(u32) -> Result<(), StartFailure> + Send,
) -> Result<Agent, StartFailure> {
    let program = launch.program()?;
    check_cwd(&launch.cwd)?;
    let path = find_program(program, launch)?;
    let side = || terminal.side();
    let resources = |error: io::Error| StartFailure::Resources { message: error.to_string() };
    let mut command = Command::new(&path);
    command.arg0(program).args(&launch.argv[1..]).current_dir(&launch.cwd).env_clear();
    command.envs(launch.env.iter().map(|(name, value)| (name, value)));
    command.stdin(side().map_err(resources)?).stdout(side().map_err(resources)?);
    command.stderr(side().map_err(resources)?);
    let (mut told, tell) = io::pipe().map_err(resources)?;
    let (hear, mut go) = io::pipe().map_err(resources)?;
    let (nice, our_end) = (launch.nice, go.as_raw_fd());
    // SAFETY: only calls that are allowed between fork and exec.
    unsafe {
        command.pre_exec(move || {
            stand_back(nice);
            become_session_leader()?;
            // With its copy of our end it would wait for itself when we die.
            libc::close(our_end);
            (&tell).write_all(&std::process::id().to_ne_bytes())?;
            (&hear).read_exact(&mut [0])
        })
    };
    let (spawned, recorded) = thread::scope(|scope| {
        let clerk = thread::Builder::new().stack_size(CLERK_STACK).spawn_scoped(scope, move || {
            let mut pid = [0; 4];
            match told.read_exact(&mut pid) {
                Ok(()) => put_on_record(u32::from_ne_bytes(pid))
                    .and_then(|()| go.write_all(&[1]).map_err(resources)),
                // It did not come so far, and `spawn` says why.
                Err(_) => Ok(()),
            }
        });
        let clerk = clerk.map_err(resources)?;
        let spawned = command.spawn();
        // Holds the other side of what the clerk reads.
        drop(command);
        let died = |_| Err(resources(io::Error::other("the agent could not be put on record")));
        Ok::<_, StartFailure>((spawned, clerk.join().unwrap_or_else(died)))
    })?;
    recorded?;
    match spawned {
        // Not waited for through this handle: `Children` takes every child, whoever it is.
        Ok(child) => {
            let pid = child.id();
            sessions_stand_back([(std::process::id(), nice / 2), (pid, nice)]);
            Ok(Agent { pid, tree: Tree::of(pid), children: Children(pid) })
        }
        Err(error) => Err(exec_failure(program, &error)),
    }
}

/// Lets other programs go first. Where the system refuses, everything works all the same.
pub(crate) fn stand_back(nice: u8) {
    let _ = rustix::process::setpriority_process(None, nice.into());
}

/// The host's children, of whom the agent is one.
pub(crate) struct Children(u32);

impl Children {
    /// Takes every child that ends, the agent's orphans included, until none is left.
    pub fn report(self, mut tell: impl FnMut(Gone)) {
        loop {
            match rustix::process::wait(WaitOptions::empty()) {
                Ok(Some((pid, status))) if pid.as_raw_nonzero().get() as u32 == self.0 => {
                    let (code, signal) = (status.exit_status(), status.terminating_signal());
                    tell(Gone::Agent(AgentEnd { code, signal }));
                }
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return tell(Gone::Everybody),
            }
        }
    }
}

/// In the child, between fork and exec.
fn become_session_leader() -> io::Result<()> {
    // SAFETY: async-signal-safe calls on this process alone. SIGKILL and SIGSTOP refuse, which is right.
    unsafe {
        for signal in 1..=LAST_SIGNAL {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
        if libc::setsid() == -1 || libc::ioctl(0, libc::TIOCSCTTY as _, 0) == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

fn exec_failure(program: &OsStr, error: &io::Error) -> StartFailure {
    let program = program.to_string_lossy().into_owned();
    match error.raw_os_error() {
        // The file was seen a moment ago, so it is its interpreter or loader that is missing.
        Some(libc::ENOENT) => {
            StartFailure::ProgramBroken { program, message: "its interpreter or loader is missing".into() }
        }
        Some(libc::EACCES) => StartFailure::NotExecutable { program },
        Some(libc::EAGAIN | libc::ENOMEM | libc::EMFILE | libc::ENFILE) => {
            StartFailure::Resources { message: error.to_string() }
        }
        _ => StartFailure::ProgramBroken { program, message: error.to_string() },
    }
}

fn check_cwd(cwd: &Path) -> Result<(), StartFailure> {
    let name = cwd.display().to_string();
    match fs::metadata(cwd) {
        Ok(meta) if !meta.is_dir() => Err(StartFailure::CwdNotADirectory { cwd: name }),
        Ok(_) if !may_execute(cwd) => Err(StartFailure::CwdForbidden { cwd: name }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(StartFailure::CwdForbidden { cwd: name })
        }
        Err(_) => Err(StartFailure::CwdMissing { cwd: name }),
    }
}

/// As `execvp` does it, but with the agent's `PATH`, and telling apart "not there" and "not allowed".
fn find_program(program: &OsStr, launch: &Launch) -> Result<PathBuf, StartFailure> {
    let shown = program.to_string_lossy().into_owned();
    let mut seen_but_forbidden = false;
    for candidate in candidates(program, launch) {
        match fs::metadata(&candidate) {
            Ok(meta) if meta.is_file() && may_execute(&candidate) => return Ok(candidate),
            Ok(_) => seen_but_forbidden = true,
            Err(error) => seen_but_forbidden |= error.kind() == io::ErrorKind::PermissionDenied,
        }
    }
    Err(if seen_but_forbidden {
        StartFailure::NotExecutable { program: shown }
    } else {
        StartFailure::ProgramNotFound { program: shown }
    })
}

fn candidates(program: &OsStr, launch: &Launch) -> Vec<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        return vec![launch.cwd.join(program)];
    }
    let path = launch.env.iter().rev().find(|(name, _)| name == "PATH");
    let path = path.map_or(OsStr::new(DEFAULT_PATH), |(_, value)| value);
    // An empty entry means the current directory, by old custom.
    std::env::split_paths(path).map(|directory| launch.cwd.join(directory).join(program)).collect()
}

fn may_execute(path: &Path) -> bool {
    let granted = rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    // To root everything that anybody may execute is executable, and nothing else.
    granted && fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
}

pub(crate) fn open_slave_by_name(name: &Path) -> io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    Ok(rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?)
}

/// For systems without `close_range`.
pub(crate) fn close_listed(directory: &str) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let listed: Vec<RawFd> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(|&fd| fd > 2).collect();
    for fd in listed {
        // SAFETY: called first thing in `main`, when nothing in this process owns a descriptor above 2. The
        // listing's own descriptor is closed already and closing it again does nothing.
        let _ = unsafe { libc::close(fd) };
    }
}

/// Duplicates a descriptor that somebody else owns.
fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the call checks the number; the new descriptor is ours alone.
    match unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) } {
        -1 => Err(io::Error::last_os_error()),
        new => Ok(unsafe { OwnedFd::from_raw_fd(new) }),
    }
}
