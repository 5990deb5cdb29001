//! Which agents this machine has. Programs are looked for on the PATH of the person's login shell,
//! because an app started from a desktop launcher has a bare one; versions are asked once.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use agents::{Profile, ShellEnv};
use domain::Agent;
use store::AgentRecord;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    sync::{Mutex, MutexGuard, RwLock},
};

use crate::registry::Listed;

/// Start-up files of a shell may wait for a person; do not wait with them.
const SHELL_PATIENCE: Duration = Duration::from_secs(5);
/// Some agents take seconds to say their version on a cold disk.
const VERSION_PATIENCE: Duration = Duration::from_secs(15);
/// How much of each stream of an asked program is read, bytes.
const SAID_MAX: u64 = 64 * 1024;

/// An agent as this machine has it.
#[derive(Clone, Debug)]
pub struct FoundAgent {
    pub name: String,
    pub title: String,
    pub path: Option<PathBuf>,
    pub version: Option<String>,
    pub install: String,
    pub docs_url: String,
    /// What else is missing, as a sentence.
    pub problem: Option<String>,
    pub agent: Agent,
    /// The adapter that reads it, and with whose profile its own begins.
    pub kind: String,
    /// Comes with Flightboard; it can be changed but not removed.
    pub builtin: bool,
    /// What differs from the profile of its kind.
    pub changes: serde_json::Value,
    /// None: nothing was ever registered about it.
    pub record: Option<AgentRecord>,
    pub(crate) profile: Profile,
}

/// What came of trying an agent's program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    pub path: Option<PathBuf>,
    pub version: Option<String>,
    /// The beginning of both streams as text, without colours and control characters.
    pub said: String,
    /// Why it did not start, or what else is missing; none: it did.
    pub problem: Option<String>,
}

/// What this machine has, looked through at start and when the doctor is asked.
#[derive(Clone, Debug)]
pub(crate) struct AgentsFound {
    inner: Arc<RwLock<Inner>>,
    own_variables: Arc<[&'static str]>,
    looked: tokio::sync::watch::Sender<bool>,
    registering: Arc<Mutex<()>>,
}

#[derive(Debug, Default)]
struct Inner {
    env: Env,
    looks: HashMap<Program, Look>,
}

type Env = Vec<(OsString, OsString)>;

/// Agents may share a program; it is asked once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Program {
    name: String,
    version_args: Vec<String>,
}

impl Program {
    fn of(profile: &Profile) -> Program {
        Program { name: profile.program.clone(), version_args: profile.version_args.clone() }
    }
}

#[derive(Clone, Debug, Default)]
struct Look {
    path: Option<PathBuf>,
    version: Option<String>,
    problem: Option<String>,
}

impl AgentsFound {
    pub fn new(own_variables: Vec<&'static str>) -> AgentsFound {
        let inner = Inner { env: inherited(&own_variables), looks: HashMap::new() };
        AgentsFound {
            inner: Arc::new(RwLock::new(inner)),
            own_variables: own_variables.into(),
            looked: tokio::sync::watch::Sender::new(false),
            registering: Arc::default(),
        }
    }

    /// Looks through the machine: programs at once, versions after.
    pub async fn look(&self, profiles: &[Profile]) {
        let env = login_env(&self.own_variables).await;
        {
            let mut inner = self.inner.write().await;
            for profile in profiles {
                let look = path_of(profile, &env);
                // Others stay: an agent that is registered meanwhile has just been asked.
                let known = inner.looks.entry(Program::of(profile)).or_default();
                if known.path != look.path {
                    *known = look;
                }
            }
            inner.env.clone_from(&env);
        }
        self.looked.send_replace(true);
        let mut asked = HashSet::new();
        for profile in profiles {
            if asked.insert(Program::of(profile)) {
                self.look_at(profile).await;
            }
        }
    }

    /// Looks for one program and asks its version.
    pub async fn look_at(&self, profile: &Profile) {
        let env = self.env().await;
        let look = asked(profile, &env).await;
        self.inner.write().await.looks.insert(Program::of(profile), look);
    }

    /// The list with what was found; a program that nobody has looked for yet is only looked up.
    pub async fn found(&self, listed: Vec<Listed>) -> Vec<FoundAgent> {
        let inner = self.inner.read().await;
        let looked = *self.looked.borrow();
        let found = |listed: Listed| {
            let known = inner.looks.get(&Program::of(&listed.profile)).cloned();
            let look = match known {
                None if looked => path_of(&listed.profile, &inner.env),
                known => known.unwrap_or_default(),
            };
            found(listed, look, &inner.env)
        };
        listed.into_iter().map(found).collect()
    }

    /// The agent's version; asked now if the look through the machine has not come to it yet.
    pub async fn version(&self, profile: &Profile) -> Option<String> {
        let known = self.inner.read().await.looks.get(&Program::of(profile)).cloned();
        match known.and_then(|look| look.version) {
            Some(version) => Some(version),
            None => asked(profile, &self.env().await).await.version,
        }
    }

    pub async fn try_out(&self, profile: &Profile) -> Trial {
        let env = self.env().await;
        let path = path_of(profile, &env).path;
        let nothing = Trial { path: path.clone(), version: None, said: String::new(), problem: None };
        let Some(path) = path else {
            let problem = Some(format!("{} was not found on your login shell's PATH", profile.program));
            return Trial { problem, ..nothing };
        };
        if profile.version_args.is_empty() {
            return Trial { problem: missing_variable(profile, &env), ..nothing };
        }
        match ask(&path, profile, &env).await {
            Ok(answer) => Trial {
                version: agents::parse_version(profile, &answer.said),
                said: agents::plain_text(&answer.said),
                problem: answer.problem(&path).or_else(|| missing_variable(profile, &env)),
                ..nothing
            },
            Err(problem) => Trial { problem: Some(problem), ..nothing },
        }
    }

    /// The login shell's environment, which agents are given.
    pub async fn env(&self) -> Env {
        self.looked().await;
        self.inner.read().await.env.clone()
    }

    /// Waits for the first look, so that a command right after the start sees what is there.
    pub async fn looked(&self) {
        let mut looked = self.looked.subscribe();
        // An error would mean that the sender is gone, and it is ours.
        let _ = looked.wait_for(|looked| *looked).await;
    }

    /// Held from reading what is registered until its change is stored.
    pub async fn registering(&self) -> MutexGuard<'_, ()> {
        self.registering.lock().await
    }
}

fn found(listed: Listed, look: Look, env: &Env) -> FoundAgent {
    let Listed { agent, kind, builtin, changes, profile, broken, record } = listed;
    FoundAgent {
        name: agent.name.clone(),
        title: profile.title.clone(),
        problem: broken.or(look.problem).or_else(|| missing_variable(&profile, env)),
        path: look.path,
        version: look.version,
        install: profile.install.clone(),
        docs_url: profile.docs_url.clone(),
        agent,
        kind,
        builtin,
        changes,
        record,
        profile,
    }
}

fn path_of(profile: &Profile, env: &Env) -> Look {
    Look { path: agents::detect(profile, &program_dirs(env), is_executable), ..Look::default() }
}

/// A variable that the agent cannot do without and that the login shell does not set.
pub(crate) fn missing_variable(profile: &Profile, env: &Env) -> Option<String> {
    let missing =
        profile.pass_env.iter().find(|wanted| !env.iter().any(|(name, _)| name == wanted.as_str()))?;
    Some(format!("it needs {missing}, which your login shell does not set"))
}

/// Our environment without what we set for ourselves.
fn inherited(own: &[&str]) -> Env {
    std::env::vars_os().filter(|(name, _)| !own.iter().any(|own| name == own)).collect()
}

/// Our environment with the login shell's laid over it.
async fn login_env(own: &[&str]) -> Env {
    let mut env = inherited(own);
    if let Some(shell) = ask_login_shell(own).await {
        for (name, value) in shell.variables {
            // What describes the shell that we asked is no use to anybody else.
            if name == "_" || name == "SHLVL" || name == "PWD" || name == "OLDPWD" {
                continue;
            }
            env.retain(|(known, _)| *known != name);
            env.push((name, value));
        }
    }
    env
}

async fn ask_login_shell(own: &[&str]) -> Option<ShellEnv> {
    let shell = std::env::var_os("SHELL").map(PathBuf::from).filter(|shell| shell.is_absolute())?;
    let argv = agents::login_shell_argv(&shell);
    let (program, args) = argv.split_first()?;
    let mut command = Command::new(program);
    tie_to_us(&mut command);
    command.args(args).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    for name in own {
        command.env_remove(name);
    }
    match tokio::time::timeout(SHELL_PATIENCE, command.output()).await {
        Ok(Ok(output)) => agents::parse_login_shell_env(&output.stdout),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the login shell could not be asked for its environment");
            None
        }
        Err(_) => {
            tracing::warn!("the login shell did not tell its environment in time");
            None
        }
    }
}

fn program_dirs(env: &[(OsString, OsString)]) -> Vec<PathBuf> {
    let value = |name: &str| env.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let mut dirs: Vec<PathBuf> =
        value("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    if let Some(home) = value("HOME") {
        dirs.extend(agents::usual_dirs(Path::new(home)));
    }
    dirs
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

async fn asked(profile: &Profile, env: &Env) -> Look {
    let look = path_of(profile, env);
    match &look.path {
        Some(path) if !profile.version_args.is_empty() => match ask(path, profile, env).await {
            Ok(answer) => Look {
                version: agents::parse_version(profile, &answer.said),
                problem: answer.problem(path),
                ..look
            },
            Err(problem) => Look { problem: Some(problem), ..look },
        },
        Some(_) | None => look,
    }
}

/// What a program answered when it was asked for its version.
struct Answer {
    said: Vec<u8>,
    well: bool,
}

impl Answer {
    fn problem(&self, path: &Path) -> Option<String> {
        (!self.well).then(|| format!("{} was found but does not start", path.display()))
    }
}

async fn ask(path: &Path, profile: &Profile, env: &Env) -> Result<Answer, String> {
    let cannot = |error| format!("{} cannot be started: {error}", path.display());
    let mut command = Command::new(path);
    tie_to_us(&mut command);
    let mut child = command
        .args(&profile.version_args)
        .env_clear()
        .envs(env.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    let mut group = Group::of(&child);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let answer = async {
        let (mut said, complaint) = tokio::join!(heard(out), heard(err));
        said.extend(complaint);
        Ok::<_, std::io::Error>(Answer { said, well: child.wait().await?.success() })
    };
    match tokio::time::timeout(VERSION_PATIENCE, answer).await {
        Ok(answered) => {
            group.ended();
            answered.map_err(cannot)
        }
        Err(_) => Err(format!("{} did not tell its version in time", path.display())),
    }
}

/// A session of its own: a shell would take the terminal of whoever started us and be stopped by it, and
/// what the program started in its turn can be ended with it. Where the system can, the program does
/// not outlive us even if we are killed.
#[cfg(unix)]
fn tie_to_us(command: &mut Command) {
    let us = rustix::process::getpid();
    let prepare = move || -> std::io::Result<()> {
        rustix::process::setsid()?;
        // Strictly it is tied to the thread that starts it; the runtime's live as long as the runtime.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        if rustix::process::getppid() == Some(us) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    };
    // SAFETY: only system calls, which are async-signal-safe.
    unsafe {
        command.pre_exec(prepare);
    }
}

#[cfg(not(unix))]
fn tie_to_us(_: &mut Command) {}

/// A program's process group, killed with whoever waits for it.
struct Group(#[cfg(unix)] Option<rustix::process::Pid>);

#[cfg(unix)]
impl Group {
    fn of(child: &tokio::process::Child) -> Group {
        Group(child.id().and_then(|pid| rustix::process::Pid::from_raw(pid as i32)))
    }

    /// The program has been waited for, so its number may soon be another's.
    fn ended(&mut self) {
        self.0 = None;
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// Dropping the child ends it.
#[cfg(not(unix))]
impl Group {
    fn of(_: &tokio::process::Child) -> Group {
        Group()
    }

    fn ended(&mut self) {}
}

/// The beginning of a stream; who says more than that is not listened to any longer.
async fn heard(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut said = Vec::new();
    if let Some(stream) = stream {
        // What was said before an error still counts.
        let _ = stream.take(SAID_MAX).read_to_end(&mut said).await;
    }
    said
}
