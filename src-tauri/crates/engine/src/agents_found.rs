//! Which agents this machine has. Programs are looked for on the PATH of the person's login shell,
//! because an app started from a desktop launcher has a bare one; versions are asked once.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use agents::{Profile, ShellEnv};
use tokio::{process::Command, sync::RwLock};

/// Start-up files of a shell may wait for a person; do not wait with them.
const SHELL_PATIENCE: Duration = Duration::from_secs(5);
/// Some agents take seconds to say their version on a cold disk.
const VERSION_PATIENCE: Duration = Duration::from_secs(15);

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
    pub(crate) profile: Profile,
}

/// The list, looked through at start and when the doctor is asked.
#[derive(Clone, Debug)]
pub(crate) struct AgentsFound {
    inner: Arc<RwLock<Inner>>,
    looked: tokio::sync::watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    agents: Vec<FoundAgent>,
    env: Vec<(OsString, OsString)>,
}

impl AgentsFound {
    pub fn new() -> AgentsFound {
        let agents = agents::builtin_profiles().into_iter().map(|profile| found(profile, None)).collect();
        let inner = Inner { agents, env: std::env::vars_os().collect() };
        AgentsFound { inner: Arc::new(RwLock::new(inner)), looked: tokio::sync::watch::Sender::new(false) }
    }

    /// Looks through the machine: programs at once, versions after.
    pub async fn look(&self) {
        let env = login_env().await;
        let dirs = program_dirs(&env);
        let mut agents: Vec<FoundAgent> = agents::builtin_profiles()
            .into_iter()
            .map(|profile| {
                let path = agents::detect(&profile, &dirs, is_executable);
                found(profile, path)
            })
            .collect();
        *self.inner.write().await = Inner { agents: agents.clone(), env: env.clone() };
        self.looked.send_replace(true);
        for agent in &mut agents {
            ask_version(agent, &env).await;
        }
        self.inner.write().await.agents = agents;
    }

    pub async fn all(&self) -> Vec<FoundAgent> {
        self.inner.read().await.agents.clone()
    }

    /// Waits for the first look, so that a command right after the start sees what is there.
    pub async fn get(&self, name: &str) -> Option<FoundAgent> {
        self.wait().await;
        self.inner.read().await.agents.iter().find(|agent| agent.name == name).cloned()
    }

    /// The agent's version; asked now if the look through the machine has not come to it yet.
    pub async fn version(&self, name: &str) -> Option<String> {
        let mut agent = self.get(name).await?;
        if agent.version.is_none() {
            ask_version(&mut agent, &self.env().await).await;
        }
        agent.version
    }

    /// The login shell's environment, which agents are given.
    pub async fn env(&self) -> Vec<(OsString, OsString)> {
        self.wait().await;
        self.inner.read().await.env.clone()
    }

    async fn wait(&self) {
        let mut looked = self.looked.subscribe();
        // An error would mean that the sender is gone, and it is ours.
        let _ = looked.wait_for(|looked| *looked).await;
    }
}

fn found(profile: Profile, path: Option<PathBuf>) -> FoundAgent {
    FoundAgent {
        name: profile.name.clone(),
        title: profile.title.clone(),
        path,
        version: None,
        install: profile.install.clone(),
        docs_url: profile.docs_url.clone(),
        problem: None,
        profile,
    }
}

/// Our environment with the login shell's laid over it.
async fn login_env() -> Vec<(OsString, OsString)> {
    let mut env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    if let Some(shell) = ask_login_shell().await {
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

async fn ask_login_shell() -> Option<ShellEnv> {
    let shell = std::env::var_os("SHELL").map(PathBuf::from).filter(|shell| shell.is_absolute())?;
    let argv = agents::login_shell_argv(&shell);
    let (program, args) = argv.split_first()?;
    let mut command = Command::new(program);
    // An interactive shell would take the terminal of whoever started us and be stopped by it.
    #[cfg(unix)]
    // SAFETY: setsid is async-signal-safe.
    unsafe {
        command.pre_exec(|| rustix::process::setsid().map(|_| ()).map_err(Into::into));
    }
    command.args(args).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
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

async fn ask_version(agent: &mut FoundAgent, env: &[(OsString, OsString)]) {
    let Some(path) = &agent.path else { return };
    if agent.profile.version_args.is_empty() {
        return;
    }
    let asked = Command::new(path)
        .args(&agent.profile.version_args)
        .env_clear()
        .envs(env.iter().cloned())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match tokio::time::timeout(VERSION_PATIENCE, asked).await {
        Ok(Ok(output)) => {
            let said = [output.stdout, output.stderr].concat();
            agent.version = agents::parse_version(&agent.profile, &said);
            if !output.status.success() {
                agent.problem = Some(format!("{} was found but does not start", path.display()));
            }
        }
        Ok(Err(error)) => agent.problem = Some(format!("{} cannot be started: {error}", path.display())),
        Err(_) => agent.problem = Some(format!("{} did not tell its version in time", path.display())),
    }
}
