//! The birth of the agent: the program found as a shell would find it, its command line and environment as the
//! system wants them, and the process in its console and its job from its first instruction on.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_COMMITMENT_LIMIT, ERROR_NO_SYSTEM_RESOURCES, ERROR_NOT_ENOUGH_MEMORY,
};
use windows_sys::Win32::System::Console::HPCON;
use windows_sys::Win32::System::SystemInformation::GetSystemDirectoryW;
use windows_sys::Win32::System::Threading::{
    CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT, CreateProcessW, DeleteProcThreadAttributeList,
    EXTENDED_STARTUPINFO_PRESENT, InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST,
    PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, PROCESS_INFORMATION, ResumeThread, STARTF_USESTDHANDLES,
    STARTUPINFOEXW, TerminateProcess, UpdateProcThreadAttribute,
};

use super::job::Job;
use super::{Children, KILLED, Terminal, Tree, code, done, owned, wide};
use crate::launch::{Launch, StartFailure};
use crate::platform::Agent;

/// What a program's name may end in when the launch does not say.
const DEFAULT_ENDINGS: &str = ".COM;.EXE;.BAT;.CMD";

/// Starts the agent in `terminal`. It begins once `put_on_record` is done with its process id.
pub(crate) fn start_agent(
    launch: &Launch,
    terminal: &Terminal,
    put_on_record: impl FnOnce(u32) -> Result<(), StartFailure>,
) -> Result<Agent, StartFailure> {
    let program = launch.program()?;
    check_cwd(&launch.cwd)?;
    let path = find_program(program, launch)?;
    let broken = |error: io::Error| StartFailure::ProgramBroken {
        program: program.to_string_lossy().into_owned(),
        message: error.to_string(),
    };
    let (file, mut line) = command_line(&path, &launch.argv[1..]).map_err(broken)?;
    let environment = environment(&launch.env);
    let resources = |error: io::Error| StartFailure::Resources { message: error.to_string() };
    let job = Job::new().map_err(resources)?;
    let started = terminal.with(|console| {
        create(&file, &mut line, &environment, &plain(&launch.cwd), &mut Attributes::of(console)?)
    });
    let process = started.map_err(|error| failure(program, &error))?;
    // SAFETY: both handles were just given to us.
    let (agent, thread) = (owned(process.hProcess), owned(process.hThread));
    let agent = agent.map_err(resources)?;
    // It has not run yet, so whatever it starts will be in the job as well.
    let begun = thread.map_err(resources).and_then(|thread| {
        job.take_in(&agent).map_err(resources)?;
        put_on_record(process.dwProcessId)?;
        resume(&thread).map_err(resources)
    });
    begun.inspect_err(|_| {
        // SAFETY: a process that has not begun.
        unsafe { TerminateProcess(agent.as_raw_handle(), KILLED) };
    })?;
    let job = Arc::new(job);
    let children = Children { agent, job: Arc::clone(&job) };
    Ok(Agent { pid: process.dwProcessId, tree: Tree(job), children })
}

fn resume(thread: &OwnedHandle) -> io::Result<()> {
    // SAFETY: the handle is ours.
    if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A process that is there and has not begun.
fn create(
    file: &Path,
    line: &mut [u16],
    environment: &[u16],
    cwd: &Path,
    attributes: &mut Attributes,
) -> io::Result<PROCESS_INFORMATION> {
    let mut process = PROCESS_INFORMATION::default();
    let mut startup = STARTUPINFOEXW { lpAttributeList: attributes.list(), ..Default::default() };
    startup.StartupInfo.cb = mem::size_of::<STARTUPINFOEXW>() as u32;
    // None of ours, which the agent would be given otherwise: so it takes the console's.
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    // SAFETY: texts end in NUL, the environment in two, and everything outlives the call.
    done(unsafe {
        CreateProcessW(
            wide(file).as_ptr(),
            line.as_mut_ptr(),
            ptr::null(),
            ptr::null(),
            0,
            CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT,
            environment.as_ptr().cast(),
            wide(cwd).as_ptr(),
            &startup.StartupInfo,
            &mut process,
        )
    })?;
    Ok(process)
}

/// What else the system is told of a new process: its console.
struct Attributes(Vec<usize>);

impl Attributes {
    fn of(console: HPCON) -> io::Result<Attributes> {
        let mut size = 0;
        // SAFETY: the first call says how much room the second one needs. The console is passed as it is and not
        // by where it lies.
        unsafe {
            InitializeProcThreadAttributeList(ptr::null_mut(), 1, 0, &mut size);
            let mut room = vec![0usize; size.div_ceil(mem::size_of::<usize>())];
            done(InitializeProcThreadAttributeList(room.as_mut_ptr().cast(), 1, 0, &mut size))?;
            let mut attributes = Attributes(room);
            done(UpdateProcThreadAttribute(
                attributes.list(),
                0,
                PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE as usize,
                console as *const _,
                mem::size_of::<HPCON>(),
                ptr::null_mut(),
                ptr::null(),
            ))?;
            Ok(attributes)
        }
    }

    fn list(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        self.0.as_mut_ptr().cast()
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: it was initialised.
        unsafe { DeleteProcThreadAttributeList(self.list()) };
    }
}

fn failure(program: &OsStr, error: &io::Error) -> StartFailure {
    let program = program.to_string_lossy().into_owned();
    match code(error) {
        Some(ERROR_ACCESS_DENIED) => StartFailure::NotExecutable { program },
        Some(ERROR_NOT_ENOUGH_MEMORY | ERROR_NO_SYSTEM_RESOURCES | ERROR_COMMITMENT_LIMIT) => {
            StartFailure::Resources { message: error.to_string() }
        }
        _ => StartFailure::ProgramBroken { program, message: error.to_string() },
    }
}

fn check_cwd(cwd: &Path) -> Result<(), StartFailure> {
    let name = cwd.display().to_string();
    match std::fs::metadata(cwd) {
        Ok(meta) if !meta.is_dir() => Err(StartFailure::CwdNotADirectory { cwd: name }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(StartFailure::CwdForbidden { cwd: name })
        }
        Err(_) => Err(StartFailure::CwdMissing { cwd: name }),
    }
}

fn find_program(program: &OsStr, launch: &Launch) -> Result<PathBuf, StartFailure> {
    let found = candidates(program, launch).into_iter().find(|candidate| candidate.is_file());
    found.ok_or_else(|| StartFailure::ProgramNotFound { program: program.to_string_lossy().into_owned() })
}

/// As a shell looks, but with the agent's `PATH` and never in the current directory by default.
fn candidates(program: &OsStr, launch: &Launch) -> Vec<PathBuf> {
    let endings = variable(launch, "PATHEXT").unwrap_or(OsStr::new(DEFAULT_ENDINGS)).to_string_lossy();
    let endings: Vec<&str> = endings.split(';').filter(|ending| !ending.is_empty()).collect();
    let directories: Vec<PathBuf> = if Path::new(program).components().count() > 1 {
        vec![PathBuf::new()]
    } else {
        let path = variable(launch, "PATH").unwrap_or_default();
        std::env::split_paths(path).filter(|directory| !directory.as_os_str().is_empty()).collect()
    };
    let named = directories.iter().map(|directory| launch.cwd.join(directory).join(program));
    named.flat_map(|name| with_endings(&name, &endings)).collect()
}

/// A name that has one of the endings is meant as it is; to others each is added, and the bare name comes last.
fn with_endings(name: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let has_one = name.extension().is_some_and(|extension| {
        let ending = format!(".{}", extension.to_string_lossy());
        endings.iter().any(|known| known.eq_ignore_ascii_case(&ending))
    });
    let with = |ending: &&str| {
        let mut name = OsString::from(name);
        name.push(ending);
        PathBuf::from(name)
    };
    let added = endings.iter().filter(|_| !has_one).map(with);
    added.chain([name.to_owned()]).collect()
}

/// The last one of that name, whatever its case.
fn variable<'a>(launch: &'a Launch, name: &str) -> Option<&'a OsStr> {
    let found = launch.env.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_os_str())
}

/// The environment as one block: sorted by name, each entry and the whole ended by NUL.
fn environment(pairs: &[(OsString, OsString)]) -> Vec<u16> {
    // Of a name that comes twice the last counts.
    let by_name: BTreeMap<OsString, _> =
        pairs.iter().map(|pair| (pair.0.to_ascii_uppercase(), pair)).collect();
    let mut block = Vec::new();
    for (name, value) in by_name.values() {
        block.extend(name.encode_wide().chain([u16::from(b'=')]).chain(value.encode_wide()).chain([0]));
    }
    // An empty one needs two as well.
    block.extend(if block.is_empty() { [0, 0].as_slice() } else { &[0] });
    block
}

/// The file to be started and the line that it is given.
fn command_line(program: &Path, arguments: &[OsString]) -> io::Result<(PathBuf, Vec<u16>)> {
    let is_batch = program.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("bat") || extension.eq_ignore_ascii_case("cmd")
    });
    let program = plain(program);
    let (file, mut line) = if is_batch {
        (command_interpreter()?, batch_line(&program, arguments)?)
    } else {
        let mut line = Vec::new();
        quote(program.as_os_str(), &mut line);
        for argument in arguments {
            line.push(u16::from(b' '));
            quote(argument, &mut line);
        }
        (program, line)
    };
    line.push(0);
    Ok((file, line))
}

/// As the C runtime takes a line apart: quotes around what has blanks, and backslashes doubled where a quote
/// follows. <https://learn.microsoft.com/en-us/cpp/c-language/parsing-c-command-line-arguments>
fn quote(argument: &OsStr, line: &mut Vec<u16>) {
    const QUOTE: u16 = b'"' as u16;
    const BACKSLASH: u16 = b'\\' as u16;
    let text: Vec<u16> = argument.encode_wide().collect();
    let blank = |unit: &u16| [b' ', b'\t', b'\n', 0x0b, b'"'].iter().any(|&byte| *unit == u16::from(byte));
    if !text.is_empty() && !text.iter().any(blank) {
        return line.extend(text);
    }
    line.push(QUOTE);
    let mut backslashes = 0;
    for unit in text {
        if unit == QUOTE {
            line.extend(std::iter::repeat_n(BACKSLASH, backslashes + 1));
        }
        backslashes = if unit == BACKSLASH { backslashes + 1 } else { 0 };
        line.push(unit);
    }
    line.extend(std::iter::repeat_n(BACKSLASH, backslashes));
    line.push(QUOTE);
}

/// A batch file (every npm program is one) is run by the command interpreter, which reads the line before the
/// program does. Every argument is in quotes, where only `"` and `%` still mean something: the one is doubled,
/// between `%` and the name behind it comes a variable that is always there and gives nothing. A line break
/// would end the line, so it is refused.
fn batch_line(script: &Path, arguments: &[OsString]) -> io::Result<Vec<u16>> {
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    let mut line: Vec<u16> = "cmd.exe /d /e:on /v:off /s /c \"\"".encode_utf16().collect();
    if script.as_os_str().encode_wide().any(|unit| unit == u16::from(b'%') || unit == u16::from(b'"')) {
        return refuse("a batch file with % in its path cannot be started; move it elsewhere");
    }
    line.extend(script.as_os_str().encode_wide());
    line.push(u16::from(b'"'));
    for argument in arguments {
        line.extend(" \"".encode_utf16());
        let mut backslashes = 0;
        for unit in argument.encode_wide() {
            match u8::try_from(unit) {
                Ok(b'\n' | b'\r') => {
                    return refuse(
                        "it is a batch file, which cannot be given a line break; name the program behind it instead",
                    );
                }
                Ok(b'"') => line.extend(std::iter::repeat_n(u16::from(b'\\'), backslashes).chain([unit])),
                Ok(b'%') => line.extend("%%cd:~,".encode_utf16()),
                Ok(_) | Err(_) => {}
            }
            backslashes = if unit == u16::from(b'\\') { backslashes + 1 } else { 0 };
            line.push(unit);
        }
        line.extend(std::iter::repeat_n(u16::from(b'\\'), backslashes));
        line.push(u16::from(b'"'));
    }
    line.push(u16::from(b'"'));
    Ok(line)
}

fn command_interpreter() -> io::Result<PathBuf> {
    let mut room = [0; 512];
    // SAFETY: the room is as long as is said.
    let len = unsafe { GetSystemDirectoryW(room.as_mut_ptr(), room.len() as u32) } as usize;
    let directory = room.get(..len).filter(|name| !name.is_empty()).ok_or_else(io::Error::last_os_error)?;
    Ok(PathBuf::from(OsString::from_wide(directory)).join("cmd.exe"))
}

/// Without the `\\?\` that resolved paths begin with: the command interpreter cannot work in such a directory.
fn plain(path: &Path) -> PathBuf {
    let rest = path.to_str().and_then(|path| path.strip_prefix(r"\\?\"));
    rest.filter(|rest| rest.as_bytes().get(1) == Some(&b':')).map_or_else(|| path.to_owned(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(program: &str, arguments: &[&str]) -> String {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let (_, line) = command_line(Path::new(program), &arguments).unwrap();
        String::from_utf16(line.strip_suffix(&[0]).unwrap()).unwrap()
    }

    #[test]
    fn arguments_arrive_as_the_c_runtime_takes_them_apart() {
        for (argument, quoted) in [
            ("plain", "plain"),
            ("", r#""""#),
            ("two words", r#""two words""#),
            (r"C:\no\blank\", r"C:\no\blank\"),
            (r"C:\a blank\", r#""C:\a blank\\""#),
            (r#"say "hi""#, r#""say \"hi\"""#),
            (r#"a\"b"#, r#""a\\\"b""#),
        ] {
            assert_eq!(line(r"C:\x.exe", &[argument]), format!(r"C:\x.exe {quoted}"));
        }
    }

    #[test]
    fn to_a_batch_file_quotes_and_percents_are_only_characters() {
        let expected = concat!(
            r#"cmd.exe /d /e:on /v:off /s /c ""C:\a b\x.cmd" "#,
            r#""a&b" "say ""hi""" "%%cd:~,%PATH%%cd:~,%" "end\\"""#
        );
        assert_eq!(line(r"\\?\C:\a b\x.cmd", &["a&b", r#"say "hi""#, "%PATH%", r"end\"]), expected);
        let refused = command_line(Path::new("x.CMD"), &["two\nlines".into()]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn programs_are_looked_for_with_every_ending_and_the_agents_own_path() {
        let launch = Launch {
            run_id: 1,
            argv: vec!["claude".into()],
            cwd: r"C:\work".into(),
            env: vec![("Path".into(), r"C:\one;;C:\two".into()), ("pathext".into(), ".EXE;.CMD".into())],
            cols: 80,
            rows: 24,
            nice: 0,
        };
        let look = |program: &str| candidates(OsStr::new(program), &launch);
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let both = [r"C:\one\claude.EXE", r"C:\one\claude.CMD", r"C:\one\claude"];
        assert_eq!(look("claude")[..3], paths(&both));
        assert_eq!(look("claude").len(), 6);
        assert_eq!(look("x.cmd"), paths(&[r"C:\one\x.cmd", r"C:\two\x.cmd"]));
        assert_eq!(look(r".\bin\x.exe"), paths(&[r"C:\work\.\bin\x.exe"]));
    }

    #[test]
    fn the_environment_is_sorted_and_a_later_value_wins() {
        let pair = |name: &str, value: &str| (name.into(), value.into());
        let block = environment(&[pair("b", "1"), pair("A", "2"), pair("B", "3")]);
        assert_eq!(String::from_utf16(&block).unwrap(), "A=2\0B=3\0\0");
        assert_eq!(environment(&[]), [0, 0]);
    }
}
