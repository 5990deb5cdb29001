//! Linux: `/proc`, pidfds and the child subreaper.
//!
//! The host is the subreaper of everything that the agent starts: whoever loses its parent becomes the host's
//! child, sessions and double forks notwithstanding. So "the host has no child left" (`ECHILD`) is proof that the
//! whole tree is gone, and walking `/proc` by parent finds all of it until then.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Signal};

use super::unix;
use crate::launch::RUN_DIR_VARIABLE;
use crate::records::{HostRecord, ProcessMark, Survivor};

/// How many processes `exit.json` names at most.
const MOST_SURVIVORS: usize = 32;
/// How often freezing the tree is tried before it is killed as it is.
const FREEZE_ROUNDS: usize = 20;

/// Orphans of the agent become children of this process.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    // Any process id means "on".
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Closes whatever descriptors the starter leaked, standard ones excepted.
pub(crate) fn close_inherited() {
    // SAFETY: called first thing in `main`, when nothing in this process owns a descriptor above 2.
    let closed = unsafe { libc::close_range(3, u32::MAX, 0) };
    if closed != 0 {
        unix::close_listed("/proc/self/fd");
    }
}

/// One arena and early trimming: twenty hosts must stay small.
pub(crate) fn use_little_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: plain tuning calls, before any other thread exists.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 64 << 10);
        libc::mallopt(libc::M_MMAP_THRESHOLD, 64 << 10);
    }
}

/// Where the kernel shares the processor among sessions, a process's own niceness counts only within its session
/// (sched(7), "The autogroup feature"). So the sessions of these processes are told as well, each its niceness.
/// Without privileges that is granted only every tenth of a second on the whole machine: a short-lived thread asks
/// again, and no start waits for it.
pub(super) fn sessions_stand_back(sessions: [(u32, u8); 2]) {
    const AGAIN: Duration = Duration::from_millis(150);
    const TRIES: usize = 40;
    let ask = move || {
        for (pid, nice) in sessions.into_iter().filter(|(_, nice)| *nice > 0) {
            for _ in 0..TRIES {
                let told = fs::write(format!("/proc/{pid}/autogroup"), nice.to_string());
                if !told.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                    break;
                }
                thread::sleep(AGAIN);
            }
        }
    };
    // Without a thread it stays as it is.
    let _ = thread::Builder::new().name("stand back".into()).stack_size(64 << 10).spawn(ask);
}

/// A way to start a host outside our control group, because the group of a desktop application or a service is
/// ended as a whole. Tried once per process.
pub(crate) fn in_a_group_of_its_own(host: &Path) -> Option<Command> {
    static WORKS: OnceLock<bool> = OnceLock::new();
    WORKS.get_or_init(scopes_work).then(|| in_a_scope(host))
}

fn in_a_scope(program: &Path) -> Command {
    let mut command = Command::new("systemd-run");
    command.args(["--user", "--scope", "--quiet", "--collect", "--"]).arg(program);
    command
}

/// A binary that is there may still have no user manager to talk to: only trying tells.
fn scopes_work() -> bool {
    let mut trial = in_a_scope(Path::new("true"));
    trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Without a runtime directory there is no user manager, and the trial costs a process for nothing.
    std::env::var_os("XDG_RUNTIME_DIR").is_some() && trial.status().is_ok_and(|status| status.success())
}

/// The slave side of a terminal, opened through its master: right whatever `/dev/pts` is mounted here.
pub(super) fn open_slave(master: impl AsFd, name: Option<&Path>) -> io::Result<OwnedFd> {
    use rustix::pty::OpenptFlags;
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    rustix::pty::ioctl_tiocgptpeer(master, flags).map_err(io::Error::from).or_else(|error| match name {
        Some(name) => unix::open_slave_by_name(name),
        None => Err(error),
    })
}

/// The mark of a living process; `None` when there is none, a zombie included.
pub(crate) fn mark(pid: u32) -> io::Result<Option<ProcessMark>> {
    match stat(pid)? {
        Some(stat) if stat.lives() => Ok(Some(ProcessMark { pid, start: stat.start, boot: boot_id()? })),
        Some(_) | None => Ok(None),
    }
}

/// The processes of one run. They are found anew each time, because they come and go.
#[derive(Clone)]
pub(crate) struct Tree;

impl Tree {
    pub(super) fn of(_agent: u32) -> Tree {
        Tree
    }

    /// Whether anybody is left, given that the host has run out of children or not.
    pub(crate) fn is_gone(&self, childless: bool) -> bool {
        childless
    }

    /// Asks everybody to leave, awake or stopped.
    pub(crate) fn ask_to_leave(&self, also_hang_up: bool) {
        for seen in descendants(std::process::id()) {
            if also_hang_up {
                send(seen, Signal::HUP);
            }
            send(seen, Signal::TERM);
            send(seen, Signal::CONT);
        }
    }

    /// Freezes first and kills then, so that nobody can fork away between being seen and being hit.
    pub(crate) fn kill(&self) {
        let mut frozen = BTreeSet::new();
        for _ in 0..FREEZE_ROUNDS {
            let awake: Vec<Seen> =
                descendants(std::process::id()).into_iter().filter(|seen| !frozen.contains(seen)).collect();
            if awake.is_empty() {
                break;
            }
            awake.iter().for_each(|&seen| send(seen, Signal::STOP));
            frozen.extend(awake);
        }
        frozen.into_iter().for_each(|seen| send(seen, Signal::KILL));
    }

    /// Who is still there: our own, and strangers that came after us and work inside `cwd`.
    pub(crate) fn survivors(&self, cwd: &Path) -> Vec<Survivor> {
        let me = std::process::id();
        let processes = processes();
        let ours = below(me, &processes);
        let since = processes.get(&me).map_or(u64::MAX, |stat| stat.start);
        let stranger = |pid: u32, stat: &Stat, its_cwd: &Path| {
            pid != me && stat.start >= since && cwd != Path::new("/") && its_cwd.starts_with(cwd)
        };
        let named = processes.iter().filter(|(_, stat)| stat.lives()).filter_map(|(&pid, stat)| {
            let its_cwd = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            let ours = ours.contains(&pid);
            let survivor = Survivor { pid, name: stat.name.clone(), cwd: its_cwd, ours };
            (ours || stranger(pid, stat, &survivor.cwd)).then_some(survivor)
        });
        named.take(MOST_SURVIVORS).collect()
    }
}

/// Kills what a dead host left of its agent, and waits for its end: the agent's tree as far as it hangs together,
/// its session, and whoever names the run in its environment. True when something was there.
pub(crate) fn kill_orphans_of(record: &HostRecord, run_dir: &Path) -> io::Result<bool> {
    let mut found = false;
    for _ in 0..FREEZE_ROUNDS {
        let orphans = orphans_of(record, run_dir);
        if orphans.is_empty() {
            return Ok(found);
        }
        found = true;
        orphans.iter().for_each(|&seen| send(seen, Signal::STOP));
        orphans.iter().for_each(|&seen| send(seen, Signal::KILL));
        await_ends(&orphans);
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, "the agent's processes do not die"))
}

fn orphans_of(record: &HostRecord, run_dir: &Path) -> Vec<Seen> {
    let processes = processes();
    let of_agent = |agent: &ProcessMark, pid: u32, stat: &Stat| {
        // A number is not given away while it names a session: who has it now shows whose session it is.
        let reused = processes.get(&agent.pid).is_some_and(|stat| stat.start != agent.start);
        stat.start >= agent.start && !reused && (pid == agent.pid || stat.session == agent.pid)
    };
    let orphaned = |(pid, stat): &(&u32, &Stat)| {
        record.agent.as_ref().is_some_and(|agent| of_agent(agent, **pid, stat))
            || (stat.start >= record.host.start && stat.lives() && names(**pid, run_dir))
    };
    let mut found: BTreeSet<u32> = processes.iter().filter(orphaned).map(|(&pid, _)| pid).collect();
    for root in found.clone() {
        found.extend(below(root, &processes));
    }
    // An engine that somebody started inside the run is not to end itself.
    found.remove(&std::process::id());
    let seen = |pid: u32| Seen { pid, start: processes[&pid].start };
    found.into_iter().filter(|pid| processes[pid].lives()).map(seen).collect()
}

/// Whether the process was started with `run_dir` in its environment, as everything that an agent starts is
/// unless it forgets it.
fn names(pid: u32, run_dir: &Path) -> bool {
    // Other people's cannot be read.
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let named = environment.split(|byte| *byte == 0).find_map(|pair| {
        let value = pair.strip_prefix(RUN_DIR_VARIABLE.as_bytes())?.strip_prefix(b"=")?;
        Some(Path::new(OsStr::from_bytes(value)))
    });
    let same = |named: &Path| {
        named.file_name() == run_dir.file_name()
            && fs::canonicalize(named).ok().is_some_and(|named| fs::canonicalize(run_dir).ok() == Some(named))
    };
    named.is_some_and(|named| named == run_dir || same(named))
}

/// Waits until they are gone or it takes too long.
fn await_ends(prey: &[Seen]) {
    const EACH: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
    for seen in prey {
        let Some(pid) = i32::try_from(seen.pid).ok().and_then(Pid::from_raw) else { continue };
        match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            // Interrupted or too slow: the next round looks again.
            Ok(fd) => drop(rustix::event::poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&EACH))),
            Err(rustix::io::Errno::NOSYS) => thread::sleep(Duration::from_millis(10)),
            Err(_) => {}
        }
    }
}

/// A process as it was seen in `/proc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    pid: u32,
    start: u64,
}

/// Signals a process if it still is the one that was seen: its number may have been given away since.
fn send(seen: Seen, signal: Signal) {
    let Some(pid) = i32::try_from(seen.pid).ok().and_then(Pid::from_raw) else { return };
    let is_the_same = || matches!(stat(seen.pid), Ok(Some(stat)) if stat.start == seen.start);
    // Gone already, or not ours to signal (setuid): the rounds that follow and `survivors` deal with both.
    let _ = match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
        Ok(fd) if is_the_same() => rustix::process::pidfd_send_signal(&fd, signal),
        Err(rustix::io::Errno::NOSYS) if is_the_same() => rustix::process::kill_process(pid, signal),
        Ok(_) | Err(_) => Ok(()),
    };
}

fn descendants(root: u32) -> Vec<Seen> {
    let processes = processes();
    let seen = |pid: u32| Seen { pid, start: processes[&pid].start };
    below(root, &processes).into_iter().filter(|pid| processes[pid].lives()).map(seen).collect()
}

/// Everybody below `root`, `root` itself excepted.
fn below(root: u32, processes: &BTreeMap<u32, Stat>) -> BTreeSet<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (&pid, stat) in processes {
        children.entry(stat.parent).or_default().push(pid);
    }
    let mut found = BTreeSet::new();
    let mut look_below = vec![root];
    while let Some(parent) = look_below.pop() {
        for &child in children.get(&parent).into_iter().flatten() {
            if found.insert(child) {
                look_below.push(child);
            }
        }
    }
    found
}

struct Stat {
    name: String,
    state: u8,
    parent: u32,
    session: u32,
    start: u64,
}

impl Stat {
    fn lives(&self) -> bool {
        !matches!(self.state, b'Z' | b'X' | b'x')
    }

    /// `pid (name) state parent group session … start`: the name may hold blanks and brackets, so the fields
    /// are counted from the last bracket.
    fn parse(line: &[u8]) -> Option<Stat> {
        let line = String::from_utf8_lossy(line);
        let (head, tail) = line.rsplit_once(')')?;
        let name = head.split_once('(')?.1.to_owned();
        let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
        Some(Stat {
            name,
            state: *fields.first()?.as_bytes().first()?,
            parent: fields.get(1)?.parse().ok()?,
            session: fields.get(3)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
        })
    }
}

fn stat(pid: u32) -> io::Result<Option<Stat>> {
    match fs::read(format!("/proc/{pid}/stat")) {
        Ok(line) => Ok(Stat::parse(&line)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
        Err(error) => Err(error),
    }
}

fn processes() -> BTreeMap<u32, Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // Whoever ends while the list is read is simply not in it.
    pids.filter_map(|pid| Some((pid, stat(pid).ok()??))).collect()
}

fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// A name for the run directory's socket that fits into 108 bytes however long the directory's own name is.
pub(super) struct ShortPath {
    _directory: OwnedFd,
    pub(super) path: PathBuf,
}

pub(super) fn short_path(run_dir: &Path, name: &str) -> io::Result<ShortPath> {
    use rustix::fs::{Mode, OFlags};
    use std::os::fd::AsRawFd;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(run_dir, flags, Mode::empty())?;
    let path = format!("/proc/self/fd/{}/{name}", directory.as_raw_fd()).into();
    Ok(ShortPath { _directory: directory, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let line = b"42 (a) S (b) R 7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 1 2 3";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.name.as_str(), stat.parent, stat.session, stat.start), ("a) S (b", 7, 9, 123456));
        assert!(stat.lives());
    }

    #[test]
    fn this_process_has_a_mark_and_an_impossible_one_has_none() {
        let mine = mark(std::process::id()).unwrap().expect("this process lives");
        assert_eq!(mark(mine.pid).unwrap(), Some(mine));
        assert_eq!(mark(u32::MAX - 1).unwrap(), None);
    }
}
