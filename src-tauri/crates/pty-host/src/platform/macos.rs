//! macOS: no subreaper, no pidfds. The run's processes are those of the agent's session and those below the
//! agent or the host, as `libproc` shows them. Compiled, never run.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal};

use super::unix;
use crate::records::{HostRecord, ProcessMark, Survivor};

/// There is no such thing here: `Tree` looks at sessions instead.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

pub(crate) fn close_inherited() {
    unix::close_listed("/dev/fd");
}

/// The system's allocator needs no hint.
pub(crate) fn use_little_memory() {}

/// A process's niceness counts on the whole machine.
pub(super) fn sessions_stand_back(_sessions: [(u32, u8); 2]) {}

/// launchd ends no group with the app.
pub(crate) fn in_a_group_of_its_own(_host: &Path) -> Option<Command> {
    None
}

pub(super) fn open_slave(_master: impl AsFd, name: Option<&Path>) -> io::Result<OwnedFd> {
    let name = name.ok_or_else(|| io::Error::other("the terminal has no name"))?;
    unix::open_slave_by_name(name)
}

pub(crate) fn mark(pid: u32) -> io::Result<Option<ProcessMark>> {
    // The start is a time of day, so it needs no boot to count from.
    let living = row(pid).filter(|row| row.lives());
    Ok(living.map(|row| ProcessMark { pid, start: row.start, boot: String::new() }))
}

#[derive(Clone)]
pub(crate) struct Tree {
    agent: u32,
}

impl Tree {
    pub(super) fn of(agent: u32) -> Tree {
        Tree { agent }
    }

    /// Children say little here: a daemon's parent is launchd.
    pub(crate) fn is_gone(&self, childless: bool) -> bool {
        childless && self.members().is_empty()
    }

    pub(crate) fn ask_to_leave(&self, also_hang_up: bool) {
        for pid in self.members() {
            if also_hang_up {
                send(pid, Signal::HUP);
            }
            send(pid, Signal::TERM);
            send(pid, Signal::CONT);
        }
    }

    pub(crate) fn kill(&self) {
        self.members().into_iter().for_each(|pid| send(pid, Signal::KILL));
    }

    /// Only our own are named; strangers in the directory are not looked for here.
    pub(crate) fn survivors(&self, _cwd: &Path) -> Vec<Survivor> {
        let named = |pid: u32| {
            row(pid).map(|row| Survivor {
                pid,
                name: row.name,
                cwd: cwd_of(pid).unwrap_or_default(),
                ours: true,
            })
        };
        self.members().into_iter().filter_map(named).collect()
    }

    fn members(&self) -> Vec<u32> {
        members(self.agent, std::process::id(), &processes())
    }
}

pub(crate) fn kill_orphans_of(record: &HostRecord, _run_dir: &Path) -> io::Result<bool> {
    let Some(agent) = &record.agent else { return Ok(false) };
    let all = processes();
    let is_there = all.get(&agent.pid).is_some_and(|row| row.start == agent.start && row.lives());
    if is_there {
        members(agent.pid, agent.pid, &all).into_iter().for_each(|pid| send(pid, Signal::KILL));
        send(agent.pid, Signal::KILL);
    }
    Ok(is_there)
}

fn members(agent: u32, root: u32, all: &BTreeMap<u32, Row>) -> Vec<u32> {
    let mut found: BTreeSet<u32> =
        all.iter().filter(|(_, row)| row.session == agent).map(|(&pid, _)| pid).collect();
    let mut look_below: Vec<u32> = found.iter().copied().chain([root]).collect();
    while let Some(parent) = look_below.pop() {
        for (&pid, _) in all.iter().filter(|(_, row)| row.parent == parent) {
            if found.insert(pid) {
                look_below.push(pid);
            }
        }
    }
    found.remove(&std::process::id());
    found.into_iter().filter(|pid| all[pid].lives()).collect()
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Whoever is gone already is what we wanted.
        let _ = rustix::process::kill_process(pid, signal);
    }
}

struct Row {
    name: String,
    parent: u32,
    session: u32,
    zombie: bool,
    /// Microseconds since 1970.
    start: u64,
}

impl Row {
    fn lives(&self) -> bool {
        !self.zombie
    }
}

fn processes() -> BTreeMap<u32, Row> {
    // Room for those that come between the counting and the listing.
    // SAFETY: a null buffer asks for the number alone.
    let count = unsafe { libc::proc_listallpids(std::ptr::null_mut(), 0) };
    let mut pids = vec![0i32; count.max(0) as usize + 64];
    let size = (pids.len() * mem::size_of::<i32>()) as libc::c_int;
    // SAFETY: the buffer has the size that is given.
    let listed = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), size) };
    pids.truncate(listed.max(0) as usize);
    pids.into_iter()
        .filter_map(|pid| u32::try_from(pid).ok())
        .filter_map(|pid| Some((pid, row(pid)?)))
        .collect()
}

fn row(pid: u32) -> Option<Row> {
    let info: libc::proc_bsdinfo = info(pid, libc::PROC_PIDTBSDINFO)?;
    // SAFETY: looks up a number.
    let session = unsafe { libc::getsid(pid as libc::pid_t) };
    Some(Row {
        name: String::from_utf8_lossy(&until_nul(&info.pbi_comm)).into_owned(),
        parent: info.pbi_ppid,
        session: u32::try_from(session).unwrap_or(0),
        zombie: info.pbi_status == libc::SZOMB,
        start: info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec,
    })
}

fn cwd_of(pid: u32) -> Option<PathBuf> {
    let info: libc::proc_vnodepathinfo = info(pid, libc::PROC_PIDVNODEPATHINFO)?;
    let path = until_nul(info.pvi_cdir.vip_path.as_flattened());
    Some(std::ffi::OsString::from_vec(path).into())
}

/// `T` must be the structure that belongs to `flavor`.
fn info<T>(pid: u32, flavor: libc::c_int) -> Option<T> {
    let size = mem::size_of::<T>() as libc::c_int;
    // SAFETY: plain data of the size that is given; used only when the call says that it filled all of it.
    unsafe {
        let mut info: T = mem::zeroed();
        let filled =
            libc::proc_pidinfo(pid as libc::c_int, flavor, 0, (&raw mut info).cast::<libc::c_void>(), size);
        (filled == size).then_some(info)
    }
}

fn until_nul(text: &[libc::c_char]) -> Vec<u8> {
    text.iter().map(|&letter| letter as u8).take_while(|&letter| letter != 0).collect()
}

pub(super) struct ShortPath {
    link: PathBuf,
    pub(super) path: PathBuf,
}

impl Drop for ShortPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.link);
    }
}

/// A symlink of short name to the run directory, for as long as the connection is being made.
pub(super) fn short_path(run_dir: &Path, name: &str) -> io::Result<ShortPath> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // `symlink` never follows or replaces, so a name that somebody else took is an error and no trap.
    let link = PathBuf::from(format!("/tmp/fbpty-{}-{number}", std::process::id()));
    std::os::unix::fs::symlink(std::path::absolute(run_dir)?, &link)?;
    Ok(ShortPath { path: link.join(name), link })
}
