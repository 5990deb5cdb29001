//! From a profile and a task to a launch that somebody else carries out.
//!
//! A plan names the argument vector, the environment, the files that must
//! exist in the run directory beforehand, and what to expect from the output.
//! There is no shell anywhere: every argument is its own string.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::placeholders::{PlaceholderError, Values, fill};
use crate::screen::Readiness;
use crate::stream::StreamKind;
use crate::{Kind, Profile, PromptVia, ToolServer, claude, codex, demo, gemini, opencode, qwen};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A person may watch and type.
    Interactive,
    /// Nobody is there: it must end by itself and never ask.
    Unattended,
}

/// Everything about one run that a launch depends on.
#[derive(Clone, Copy, Debug)]
pub struct LaunchContext<'a> {
    pub mode: Mode,
    /// What to tell the agent; usually made by [`crate::prompt`].
    pub prompt: &'a str,
    /// The absolute path of the program, where it was found. The profile's
    /// own program name otherwise.
    pub program: Option<&'a Path>,
    pub workspace: &'a Path,
    pub run_dir: &'a Path,
    pub artifacts: &'a Path,
    pub task_key: &'a str,
    pub title: &'a str,
    /// Whether the workspace is inside a git repository.
    pub is_git: bool,
    pub model: Option<&'a str>,
    /// Continue this session of the agent's.
    pub resume_session: Option<&'a str>,
    /// A UUID for the new session, for agents that let us choose.
    pub session_id: Option<&'a str>,
    /// Only ever true because a person asked for it.
    pub skip_permissions: bool,
    /// A person said that agents need not ask whether to trust this project.
    /// What tools may do is another question and is still asked.
    pub trusted: bool,
    /// The tools that it gets, where its adapter knows how.
    pub tools: Option<&'a ToolServer>,
    /// The command of a custom run, program first.
    pub custom_argv: Option<&'a [OsString]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchPlan {
    /// Program first.
    pub argv: Vec<OsString>,
    pub env: Vec<(OsString, OsString)>,
    pub unset_env: Vec<OsString>,
    /// Files to write before the start, each inside the run directory.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    pub expects: Expectations,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectations {
    /// The agent reports its state by OSC 7501 if the terminal answers.
    pub answers_osc7501: bool,
    pub stream: StreamKind,
    /// JSON lines from injected hooks arrive here.
    pub signals_file: Option<PathBuf>,
    /// The session's id, where it is known before the start.
    pub session_id: Option<String>,
    /// What has to be typed, once the program is ready for it.
    pub typed_prompt: Option<TypedPrompt>,
}

/// Text to be typed into the terminal, and the sign that it may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedPrompt {
    pub ready: Readiness,
    /// The exact bytes, bracketed paste and Enter included.
    pub bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("{0} has no command to run; give one after \"--\", or set the program in its profile")]
    NoCommand(String),
    #[error(transparent)]
    Placeholder(#[from] PlaceholderError),
    #[error("{0} cannot continue an earlier session")]
    CannotResume(String),
    #[error("{0} has no way to skip permission checks")]
    CannotSkipPermissions(String),
    #[error("{0} takes no model")]
    CannotChooseModel(String),
    #[error("{what} begins with \"-\" and would be read as an option")]
    LooksLikeOption { what: &'static str },
    #[error("the path {0} is not absolute")]
    RelativePath(PathBuf),
    #[error("an argument holds a NUL byte, which no program can be given")]
    NulByte,
    #[error("the prompt is {bytes} bytes long; {limit} can be handed over, the rest belongs in TASK.md")]
    PromptTooLong { bytes: usize, limit: usize },
}

/// Linux allows 131,072 bytes for one argument, its NUL included.
const PROMPT_LIMIT: usize = 120 * 1024;

/// Variables that would tell the agent about the terminal or the agent that
/// Flightboard itself was started from.
const FOREIGN_ENV: [&str; 14] = [
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SSE_PORT",
    "CODEX_SANDBOX",
    "COLUMNS",
    "ITERM_SESSION_ID",
    "KITTY_WINDOW_ID",
    "LINES",
    "STY",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "TMUX",
    "TMUX_PANE",
    "VTE_VERSION",
];

pub fn plan(profile: &Profile, context: &LaunchContext) -> Result<LaunchPlan, PlanError> {
    check(context)?;
    let prompt = guarded(context.prompt);
    let task_file = context.workspace.join("TASK.md");
    let extras = extras(profile, context);
    let values = values(context, &prompt, &task_file);
    let argv = match context.custom_argv {
        Some(template) => custom(profile, template, &values)?,
        None => options(profile, context, &extras, &values)?,
    };
    let argv = match context.custom_argv {
        Some(_) => argv,
        None => with_prompt(argv, prompt_via(profile, context.mode), &prompt),
    };
    if argv.iter().any(|argument| argument.as_encoded_bytes().contains(&0)) {
        return Err(PlanError::NulByte);
    }
    Ok(LaunchPlan {
        argv,
        env: environment(profile, context, &task_file, &prompt, extras.env),
        unset_env: unset(profile),
        files: extras.files,
        expects: expectations(profile, context, extras.signals_file, &prompt),
    })
}

fn check(context: &LaunchContext) -> Result<(), PlanError> {
    for path in [context.workspace, context.run_dir, context.artifacts] {
        if !path.is_absolute() {
            return Err(PlanError::RelativePath(path.to_owned()));
        }
    }
    for (what, value) in [
        ("the model", context.model),
        ("the session id", context.session_id),
        ("the session to continue", context.resume_session),
    ] {
        if value.is_some_and(|value| value.starts_with('-')) {
            return Err(PlanError::LooksLikeOption { what });
        }
    }
    if context.prompt.len() > PROMPT_LIMIT {
        return Err(PlanError::PromptTooLong { bytes: context.prompt.len(), limit: PROMPT_LIMIT });
    }
    Ok(())
}

/// A prompt that no agent takes for anything but text: `-` alone is standard
/// input to Codex even after `--`, and a NUL cannot be an argument.
fn guarded(prompt: &str) -> String {
    let prompt = prompt.replace('\0', "\u{fffd}");
    if prompt.trim() == "-" { format!(" {prompt}") } else { prompt }
}

/// What an adapter adds that a list of words cannot say.
#[derive(Default)]
pub(crate) struct Extras {
    /// After the profile's own arguments and before others that begin with `-`.
    pub args: Vec<OsString>,
    pub env: Vec<(OsString, OsString)>,
    pub files: Vec<(PathBuf, Vec<u8>)>,
    pub signals_file: Option<PathBuf>,
}

fn extras(profile: &Profile, context: &LaunchContext) -> Extras {
    if context.custom_argv.is_some() {
        return Extras::default();
    }
    match profile.kind {
        Kind::Claude => claude::extras(context),
        Kind::Codex => codex::extras(context),
        Kind::Gemini => gemini::extras(context),
        Kind::Opencode => opencode::extras(context),
        Kind::Demo => demo::extras(context),
        Kind::Qwen => qwen::extras(context),
        Kind::Aider | Kind::Plain | Kind::Custom => Extras::default(),
    }
}

fn custom(profile: &Profile, template: &[OsString], values: &Values) -> Result<Vec<OsString>, PlanError> {
    match template.first() {
        Some(program) if !program.is_empty() => Ok(fill(template, values)?),
        Some(_) | None => Err(PlanError::NoCommand(profile.name.clone())),
    }
}

/// Program and options; the prompt is not yet there.
fn options(
    profile: &Profile,
    context: &LaunchContext,
    extras: &Extras,
    values: &Values,
) -> Result<Vec<OsString>, PlanError> {
    let program = context.program.map_or(OsStr::new(&profile.program), Path::as_os_str);
    if program.is_empty() {
        return Err(PlanError::NoCommand(profile.name.clone()));
    }
    let own = match context.mode {
        Mode::Interactive => &profile.interactive_args,
        Mode::Unattended => &profile.unattended_args,
    };
    let own = [own.as_slice(), &profile.args].concat();
    // A session last: for Codex it is a subcommand.
    let lists = [
        own.as_slice(),
        permission_args(profile, context)?,
        outside_git_args(profile, context),
        model_args(profile, context)?,
        session_args(profile, context)?,
    ];
    let mut template = vec![OsString::from(&profile.program)];
    template.extend(lists.concat().into_iter().map(OsString::from));
    let mut argv = fill(&template, values)?;
    argv[0] = program.to_owned();
    argv.splice(1 + own.len()..1 + own.len(), extras.args.iter().cloned());
    Ok(argv)
}

fn permission_args<'p>(profile: &'p Profile, context: &LaunchContext) -> Result<&'p [String], PlanError> {
    if context.skip_permissions {
        return match profile.skip_permissions_args.as_slice() {
            [] => Err(PlanError::CannotSkipPermissions(profile.name.clone())),
            args => Ok(args),
        };
    }
    Ok(match context.mode {
        Mode::Interactive => &profile.interactive_permission_args,
        Mode::Unattended => &profile.unattended_permission_args,
    })
}

fn outside_git_args<'p>(profile: &'p Profile, context: &LaunchContext) -> &'p [String] {
    match context.mode {
        Mode::Unattended if !context.is_git => &profile.unattended_outside_git_args,
        Mode::Unattended | Mode::Interactive => &[],
    }
}

fn model_args<'p>(profile: &'p Profile, context: &LaunchContext) -> Result<&'p [String], PlanError> {
    // A command of the user's own may read the model from the environment.
    let must_take_it = profile.kind != Kind::Custom;
    match context.model {
        Some(_) if must_take_it && profile.model_args.is_empty() => {
            Err(PlanError::CannotChooseModel(profile.name.clone()))
        }
        Some(_) => Ok(&profile.model_args),
        None => Ok(&[]),
    }
}

fn session_args<'p>(profile: &'p Profile, context: &LaunchContext) -> Result<&'p [String], PlanError> {
    match (context.resume_session, context.session_id) {
        (Some(_), _) if profile.resume_args.is_empty() => Err(PlanError::CannotResume(profile.name.clone())),
        (Some(_), _) => Ok(&profile.resume_args),
        (None, Some(_)) => Ok(&profile.session_args),
        (None, None) => Ok(&[]),
    }
}

fn values<'a>(context: &'a LaunchContext, prompt: &'a str, task_file: &'a Path) -> Values<'a> {
    Values {
        prompt: OsStr::new(prompt),
        workspace: context.workspace.as_os_str(),
        artifacts: context.artifacts.as_os_str(),
        task_file: task_file.as_os_str(),
        run_dir: context.run_dir.as_os_str(),
        title: OsStr::new(context.title),
        key: OsStr::new(context.task_key),
        model: context.model.map(OsStr::new),
        session: context.resume_session.or(context.session_id).map(OsStr::new),
    }
}

fn prompt_via(profile: &Profile, mode: Mode) -> &PromptVia {
    match mode {
        Mode::Interactive => &profile.interactive_prompt,
        Mode::Unattended => &profile.unattended_prompt,
    }
}

/// After the placeholders are filled, so that a prompt's own braces stay.
fn with_prompt(mut argv: Vec<OsString>, via: &PromptVia, prompt: &str) -> Vec<OsString> {
    match via {
        PromptVia::Positional => argv.extend(["--".into(), prompt.into()]),
        PromptVia::Option(name) => argv.push(format!("{name}={prompt}").into()),
        PromptVia::File | PromptVia::Typed | PromptVia::None => {}
    }
    argv
}

fn environment(
    profile: &Profile,
    context: &LaunchContext,
    task_file: &Path,
    prompt: &str,
    extra: Vec<(OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let mode = match context.mode {
        Mode::Interactive => "interactive",
        Mode::Unattended => "unattended",
    };
    let ours: [(&str, &OsStr); 8] = [
        ("FLIGHTBOARD_KEY", OsStr::new(context.task_key)),
        ("FLIGHTBOARD_TITLE", OsStr::new(context.title)),
        ("FLIGHTBOARD_PROMPT", OsStr::new(prompt)),
        ("FLIGHTBOARD_TASK_FILE", task_file.as_os_str()),
        ("FLIGHTBOARD_WORKSPACE", context.workspace.as_os_str()),
        ("FLIGHTBOARD_ARTIFACTS", context.artifacts.as_os_str()),
        ("FLIGHTBOARD_RUN_DIR", context.run_dir.as_os_str()),
        ("FLIGHTBOARD_MODE", OsStr::new(mode)),
    ];
    let mut env: Vec<(OsString, OsString)> =
        ours.into_iter().map(|(name, value)| (name.into(), without_nul(value))).collect();
    let optional = [
        ("FLIGHTBOARD_MODEL", context.model),
        ("FLIGHTBOARD_SESSION", context.resume_session.or(context.session_id)),
    ];
    env.extend(optional.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into()))));
    env.extend(profile.env.iter().map(|(name, value)| (name.into(), value.into())));
    env.extend(extra);
    env
}

fn without_nul(value: &OsStr) -> OsString {
    match value.to_str() {
        Some(text) if text.contains('\0') => text.replace('\0', "\u{fffd}").into(),
        _ => value.to_owned(),
    }
}

fn unset(profile: &Profile) -> Vec<OsString> {
    let own = profile.unset_env.iter().map(OsString::from);
    let passed = |name: &OsString| profile.pass_env.iter().any(|wanted| OsStr::new(wanted) == name);
    FOREIGN_ENV.into_iter().map(OsString::from).chain(own).filter(|name| !passed(name)).collect()
}

fn expectations(
    profile: &Profile,
    context: &LaunchContext,
    signals_file: Option<PathBuf>,
    prompt: &str,
) -> Expectations {
    let custom = context.custom_argv.is_some();
    Expectations {
        answers_osc7501: !custom && profile.kind.speaks_program_status(),
        stream: match context.mode {
            Mode::Unattended if !custom => profile.kind.unattended_stream(),
            Mode::Unattended | Mode::Interactive => StreamKind::None,
        },
        signals_file,
        session_id: known_session(profile, context),
        typed_prompt: (!custom && *prompt_via(profile, context.mode) == PromptVia::Typed)
            .then(|| TypedPrompt { ready: Readiness::of(profile.kind), bytes: typed(prompt) }),
    }
}

fn known_session(profile: &Profile, context: &LaunchContext) -> Option<String> {
    let ours = context.session_id.filter(|_| !profile.session_args.is_empty());
    context.resume_session.or(ours).map(str::to_owned)
}

/// A bracketed paste, so that newlines do not send the text in pieces, and
/// then Enter. Control characters could end the paste and are dropped.
fn typed(prompt: &str) -> Vec<u8> {
    let text: String = prompt.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    format!("\x1b[200~{}\x1b[201~\r", text.replace('\n', "\r")).into_bytes()
}
