//! The agent's processes are a job: nobody gets out of it, it tells when it is empty, it is killed in one call,
//! and it dies with the host. What is asked of others to start (services, scheduled tasks) is not in it.

use std::ffi::OsString;
use std::io;
use std::mem;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Console::{
    AttachConsole, CTRL_BREAK_EVENT, FreeConsole, GenerateConsoleCtrlEvent, GetConsoleProcessList,
};
use windows_sys::Win32::System::IO::{CreateIoCompletionPort, GetQueuedCompletionStatus};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION,
    JOBOBJECT_BASIC_PROCESS_ID_LIST, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectAssociateCompletionPortInformation, JobObjectBasicAccountingInformation,
    JobObjectBasicProcessIdList, JobObjectExtendedLimitInformation, QueryInformationJobObject,
    SetInformationJobObject, TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    GetExitCodeProcess, INFINITE, PROCESS_QUERY_LIMITED_INFORMATION, QueryFullProcessImageNameW,
    WaitForSingleObject,
};

use super::{KILLED, done, open, owned};
use crate::platform::{AgentEnd, Gone};
use crate::records::Survivor;

/// How many processes are asked to leave, or named in `exit.json`, at most.
const MOST_PROCESSES: usize = 1024;
const MOST_SURVIVORS: usize = 32;

pub(super) struct Job {
    handle: OwnedHandle,
    /// Where the job says that somebody left.
    news: OwnedHandle,
}

impl Job {
    pub fn new() -> io::Result<Job> {
        // SAFETY: no name and no attributes; both calls give handles of our own.
        let handle = owned(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })?;
        let news = owned(unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, ptr::null_mut(), 0, 1) })?;
        let job = Job { handle, news };
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        job.set(JobObjectExtendedLimitInformation, &limits)?;
        let port = JOBOBJECT_ASSOCIATE_COMPLETION_PORT {
            CompletionKey: ptr::null_mut(),
            CompletionPort: job.news.as_raw_handle(),
        };
        job.set(JobObjectAssociateCompletionPortInformation, &port)?;
        Ok(job)
    }

    pub fn take_in(&self, process: &OwnedHandle) -> io::Result<()> {
        // SAFETY: both handles are ours.
        done(unsafe { AssignProcessToJobObject(self.handle(), process.as_raw_handle()) })
    }

    fn handle(&self) -> HANDLE {
        self.handle.as_raw_handle()
    }

    /// `T` must be the structure that belongs to `class`.
    fn set<T>(&self, class: i32, value: &T) -> io::Result<()> {
        let value = ptr::from_ref(value).cast();
        // SAFETY: a structure of the size that is given.
        done(unsafe { SetInformationJobObject(self.handle(), class, value, mem::size_of::<T>() as u32) })
    }

    /// `T` must be plain data that belongs to `class`. What does not fit is left out.
    fn get<T: Default>(&self, class: i32) -> Option<T> {
        let mut value = T::default();
        let room = ptr::from_mut(&mut value).cast();
        // SAFETY: a structure of the size that is given, valid before it is filled.
        let filled = unsafe {
            QueryInformationJobObject(self.handle(), class, room, mem::size_of::<T>() as u32, ptr::null_mut())
        };
        (filled != 0).then_some(value)
    }

    /// False also when the system does not say.
    fn is_empty(&self) -> bool {
        let seen = self.get::<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION>(JobObjectBasicAccountingInformation);
        seen.is_some_and(|seen| seen.ActiveProcesses == 0)
    }

    fn processes(&self) -> Vec<u32> {
        // The list and room for the numbers behind it.
        let header = mem::size_of::<JOBOBJECT_BASIC_PROCESS_ID_LIST>();
        let mut room = vec![0usize; header / mem::size_of::<usize>() + MOST_PROCESSES];
        let size = mem::size_of_val(room.as_slice()) as u32;
        // SAFETY: the room is aligned and as large as it is said to be. When it does not hold all, it holds some.
        unsafe {
            let list = room.as_mut_ptr().cast::<JOBOBJECT_BASIC_PROCESS_ID_LIST>();
            QueryInformationJobObject(
                self.handle(),
                JobObjectBasicProcessIdList,
                list.cast(),
                size,
                ptr::null_mut(),
            );
            let listed = ((*list).NumberOfProcessIdsInList as usize).min(MOST_PROCESSES);
            let first = (&raw const (*list).ProcessIdList).cast::<usize>();
            std::slice::from_raw_parts(first, listed).iter().map(|&pid| pid as u32).collect()
        }
    }

    fn wait_until_empty(&self) {
        while !self.is_empty() {
            let (mut message, mut key, mut about) = (0, 0, ptr::null_mut());
            // SAFETY: three places to be filled. Whatever it says, it is a reason to look again.
            let told = unsafe {
                GetQueuedCompletionStatus(
                    self.news.as_raw_handle(),
                    &mut message,
                    &mut key,
                    &mut about,
                    INFINITE,
                )
            };
            if told == 0 {
                return;
            }
        }
    }
}

/// The processes of one run.
#[derive(Clone)]
pub(crate) struct Tree(pub(super) Arc<Job>);

impl Tree {
    pub(crate) fn is_gone(&self, _childless: bool) -> bool {
        self.0.is_empty()
    }

    /// Ctrl-Break in every console that the job has: unlike Ctrl-C it is no key to a program in raw mode. There is
    /// nothing to hang up on: the console stays until its last output is read.
    pub(crate) fn ask_to_leave(&self, _also_hang_up: bool) {
        let mut left = self.0.processes();
        while let Some(pid) = left.pop() {
            let heard = interrupt_console_of(pid);
            left.retain(|pid| !heard.contains(pid));
        }
    }

    pub(crate) fn kill(&self) {
        // Fails only for a job that is no more.
        // SAFETY: the job is ours.
        unsafe { TerminateJobObject(self.0.handle(), KILLED) };
    }

    /// Only our own are named; a stranger's working directory cannot be asked for here.
    pub(crate) fn survivors(&self, _cwd: &Path) -> Vec<Survivor> {
        let named = |pid: u32| Survivor { pid, name: name_of(pid), cwd: PathBuf::new(), ours: true };
        self.0.processes().into_iter().take(MOST_SURVIVORS).map(named).collect()
    }
}

/// The agent and its job, to be waited for.
pub(crate) struct Children {
    pub(super) agent: OwnedHandle,
    pub(super) job: Arc<Job>,
}

impl Children {
    /// Reports the agent's end, and then that nobody is left.
    pub fn report(self, mut tell: impl FnMut(Gone)) {
        let mut code = 0;
        // SAFETY: the handle is ours, and the code is filled or the call fails.
        let known = unsafe {
            WaitForSingleObject(self.agent.as_raw_handle(), INFINITE);
            GetExitCodeProcess(self.agent.as_raw_handle(), &mut code) != 0
        };
        tell(Gone::Agent(AgentEnd { code: known.then_some(code as i32), signal: None }));
        self.job.wait_until_empty();
        tell(Gone::Everybody);
    }
}

/// Who has heard it. The host has no console of its own, so it can enter this one for a moment.
fn interrupt_console_of(pid: u32) -> Vec<u32> {
    let mut heard = vec![0; MOST_PROCESSES];
    // SAFETY: the list is as long as is said; our own handler swallows what we send.
    let listed = unsafe {
        if AttachConsole(pid) == 0 {
            return Vec::new();
        }
        let listed = GetConsoleProcessList(heard.as_mut_ptr(), heard.len() as u32);
        GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, 0);
        FreeConsole();
        listed
    };
    heard.truncate(listed as usize);
    heard
}

fn name_of(pid: u32) -> String {
    let Ok(Some(process)) = open(pid, PROCESS_QUERY_LIMITED_INFORMATION) else { return String::new() };
    let mut path = [0; 1024];
    let mut len = path.len() as u32;
    // SAFETY: the room is as long as is said, and `len` says afterwards how much of it is filled.
    let named =
        unsafe { QueryFullProcessImageNameW(process.as_raw_handle(), 0, path.as_mut_ptr(), &mut len) } != 0;
    let path = PathBuf::from(OsString::from_wide(&path[..if named { len as usize } else { 0 }]));
    path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
}
