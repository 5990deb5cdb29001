//! How a run ended, from everything known about it.
//!
//! An exit code alone is no verdict: agents leave with 0 after the API
//! refused them, and a person leaves a conversation with 0 whatever came of
//! it. Where the evidence does not reach, the verdict is `Unknown`.

use serde::{Deserialize, Serialize};

use crate::launch::Mode;
use crate::stream::{StreamEvent, StreamKind, is_auth, is_network, is_overload, is_rate_limit};
use crate::{Activity, Kind};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    Code(i32),
    Signal(i32),
}

/// What is known when the process has gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// `None`: it is gone, and nobody saw how.
    pub exit: Option<Exit>,
    /// COMPLETION.md was written during this run.
    pub completed: bool,
    /// The first line of a BLOCKED.md written during this run.
    pub blocked: Option<String>,
    /// The last activity reported by any evidence.
    pub last_activity: Option<Activity>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The model's server refused the request.
    Api,
    /// No key, a wrong key, or no login.
    Auth,
    RateLimited,
    /// The model's server is down or cannot be reached. Trying later may help.
    Unavailable,
    /// A tool was needed that the run was not allowed to use.
    PermissionDenied,
    /// The agent does not trust the workspace.
    NotTrusted,
    /// The agent wrote BLOCKED.md.
    Blocked,
    /// The session to continue is not there.
    NoSuchSession,
    /// The program was not found or could not be started.
    NotStarted,
    /// Ended by a signal.
    Killed,
    /// It said so itself, or left with another exit code than 0.
    Failed,
}

impl Cause {
    /// Whether the same run, later, might work without anybody's doing.
    pub fn may_pass(self) -> bool {
        match self {
            Self::RateLimited | Self::Unavailable | Self::Killed => true,
            Self::Api
            | Self::Auth
            | Self::PermissionDenied
            | Self::NotTrusted
            | Self::Blocked
            | Self::NoSuchSession
            | Self::NotStarted
            | Self::Failed => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    Succeeded,
    Failed { cause: Cause, message: String },
    Unknown,
}

/// What a run's stream has said so far, as far as the verdict needs it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Story {
    pub session: Option<String>,
    pub model: Option<String>,
    pub finished: Option<Finished>,
    pub error: Option<Trouble>,
    pub denied: Vec<String>,
    /// The last line outside the structure that sounds like a complaint, or
    /// else just the last; usually why it would not start.
    pub last_text: Option<String>,
    pub spend: Spend,
    /// When the provider said to come back, milliseconds from then.
    pub retry_in_ms: Option<u64>,
    complained: bool,
}

/// What a run used so far, as its agent tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spend {
    /// US dollars; none where the agent does not say.
    pub usd: Option<f64>,
    pub input: u64,
    pub output: u64,
    /// Read from a cache; not part of `input`.
    pub cached: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    pub ok: bool,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub message: String,
    pub status: Option<u16>,
}

/// More refusals than this add nothing to a message.
const DENIED_LIMIT: usize = 8;

impl Story {
    pub fn fold(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::Session { id } => self.session = Some(id.clone()),
            StreamEvent::Model { name } => self.model = Some(name.clone()),
            StreamEvent::Denied { tool } if self.denied.len() < DENIED_LIMIT => {
                self.denied.push(tool.clone())
            }
            StreamEvent::Error { message, status, transient } => self.trouble(message, *status, *transient),
            StreamEvent::RateLimited { message, retry_in_ms } => {
                self.retry_in_ms = *retry_in_ms;
                self.trouble(message, Some(429), true);
            }
            StreamEvent::Usage { input, output, cached, .. } => {
                self.spend = Spend { input: *input, output: *output, cached: *cached, ..self.spend };
            }
            StreamEvent::Cost { usd } => self.spend.usd = Some(*usd),
            StreamEvent::Finished { ok, text } => self.finish(*ok, text),
            StreamEvent::Text { line } => self.text(line),
            StreamEvent::Denied { .. }
            | StreamEvent::Message { .. }
            | StreamEvent::ToolCall { .. }
            | StreamEvent::ToolResult { .. }
            | StreamEvent::Notice { .. }
            | StreamEvent::Skipped { .. } => {}
        }
    }

    fn text(&mut self, line: &str) {
        let complains = sounds_like_complaint(line);
        // A backtrace must not hide the error above it.
        if complains || !self.complained {
            self.last_text = Some(line.to_owned());
            self.complained = complains;
        }
    }

    fn trouble(&mut self, message: &str, status: Option<u16>, transient: bool) {
        self.error = Some(Trouble { message: message.to_owned(), status });
        if !transient {
            self.finished = None;
        }
    }

    fn finish(&mut self, ok: bool, text: &str) {
        self.finished = Some(Finished { ok, text: text.to_owned() });
        if ok {
            // It got over what went wrong before.
            self.error = None;
        }
    }
}

pub fn verdict(kind: Kind, mode: Mode, ending: &Ending, story: &Story) -> Verdict {
    if let Some(reason) = &ending.blocked {
        return failed(Cause::Blocked, or(reason, "the agent wrote BLOCKED.md"));
    }
    let code = match ending.exit {
        None => return Verdict::Unknown,
        Some(Exit::Signal(signal)) => return failed(Cause::Killed, &format!("ended by signal {signal}")),
        Some(Exit::Code(code)) => code,
    };
    let has_stream = kind.unattended_stream() != StreamKind::None;
    match mode {
        Mode::Unattended if has_stream => by_stream(kind, code, ending, story),
        Mode::Interactive if kind.is_conversation() => by_conversation(kind, code, ending),
        Mode::Unattended | Mode::Interactive if code == 0 => Verdict::Succeeded,
        Mode::Unattended | Mode::Interactive => by_code(kind, code, story),
    }
}

fn by_stream(kind: Kind, code: i32, ending: &Ending, story: &Story) -> Verdict {
    match (&story.finished, &story.error) {
        (Some(Finished { ok: true, .. }), _) if code == 0 => Verdict::Succeeded,
        (Some(Finished { ok: true, .. }), _) => by_code(kind, code, story),
        _ if no_such_session(kind, code, story) => by_code(kind, code, story),
        (_, Some(trouble)) => failed(cause_of(trouble), &trouble.message),
        (Some(Finished { ok: false, text }), None) => {
            failed(Cause::Failed, or(text, "the agent says that it failed"))
        }
        (None, None) if !story.denied.is_empty() => {
            let tools = story.denied.join(", ");
            failed(Cause::PermissionDenied, &format!("not allowed in an unattended run: {tools}"))
        }
        (None, None) if code != 0 => by_code(kind, code, story),
        (None, None) if ending.completed => Verdict::Succeeded,
        // It left quietly in the middle.
        (None, None) => Verdict::Unknown,
    }
}

fn by_conversation(kind: Kind, code: i32, ending: &Ending) -> Verdict {
    match &ending.last_activity {
        _ if ending.completed && code == 0 => Verdict::Succeeded,
        _ if code != 0 => by_code(kind, code, &Story::default()),
        Some(Activity::Error { message }) => {
            let trouble = Trouble { message: message.clone(), status: crate::stream::status_in(message) };
            failed(cause_of(&trouble), message)
        }
        Some(_) | None => Verdict::Unknown,
    }
}

fn by_code(kind: Kind, code: i32, story: &Story) -> Verdict {
    let said = story.last_text.as_deref().unwrap_or_default();
    let lower = said.to_lowercase();
    let distrust = kind == Kind::Gemini && code == 55 || lower.contains("not inside a trusted directory");
    let (cause, text) = match code {
        _ if distrust => (Cause::NotTrusted, "the agent does not trust the workspace".to_owned()),
        _ if no_such_session(kind, code, story) => {
            (Cause::NoSuchSession, "the session to continue was not found".to_owned())
        }
        126 => (Cause::NotStarted, "exit code 126: the command cannot be executed".to_owned()),
        127 => (Cause::NotStarted, "exit code 127: command not found".to_owned()),
        _ => (Cause::Failed, format!("exit code {code}")),
    };
    failed(cause, &if said.is_empty() { text } else { format!("{text}: {said}") })
}

fn no_such_session(kind: Kind, code: i32, story: &Story) -> bool {
    let said = story.last_text.as_deref().unwrap_or_default().to_lowercase();
    let words = ["no conversation found", "session not found", "no rollout found", "error resuming session"];
    code != 0 && (kind == Kind::Gemini && code == 42 || words.iter().any(|words| said.contains(words)))
}

fn sounds_like_complaint(line: &str) -> bool {
    let line = line.to_lowercase();
    [
        "error",
        "not found",
        "no conversation",
        "not inside",
        "not running in",
        "cannot",
        "could not",
        "failed",
        "denied",
        "unexpected",
    ]
    .iter()
    .any(|word| line.contains(word))
}

fn cause_of(trouble: &Trouble) -> Cause {
    let Trouble { message, status } = trouble;
    if is_rate_limit(*status, message) {
        Cause::RateLimited
    } else if is_auth(*status, message) {
        Cause::Auth
    } else if is_network(message) || is_overload(message) || status.is_some_and(|status| status >= 500) {
        Cause::Unavailable
    } else if status.is_some() || message.contains("invalid_request") {
        Cause::Api
    } else {
        Cause::Failed
    }
}

fn failed(cause: Cause, message: &str) -> Verdict {
    Verdict::Failed { cause, message: message.to_owned() }
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.trim().is_empty() { otherwise } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(code: i32) -> Ending {
        Ending { exit: Some(Exit::Code(code)), ..Ending::default() }
    }

    fn story(kind: Kind, output: &str) -> Story {
        let mut story = Story::default();
        let mut decoder = crate::StreamDecoder::new(kind.unattended_stream());
        let events = [decoder.feed(output.as_bytes()), decoder.finish()].concat();
        events.iter().for_each(|event| story.fold(event));
        story
    }

    fn cause(verdict: Verdict) -> Option<Cause> {
        match verdict {
            Verdict::Failed { cause, .. } => Some(cause),
            Verdict::Succeeded | Verdict::Unknown => None,
        }
    }

    #[test]
    fn a_run_that_would_not_start_says_why() {
        for (kind, code, output, expected) in [
            (
                Kind::Codex,
                1,
                "Not inside a trusted directory and --skip-git-repo-check was not specified.\n",
                Cause::NotTrusted,
            ),
            (
                Kind::Codex,
                1,
                "Error: thread/resume failed: no rollout found for thread id 0 (code -32600)\n\nStack backtrace:\n   0: <unknown>\n",
                Cause::NoSuchSession,
            ),
            (
                Kind::Gemini,
                55,
                "\x1b[31mGemini CLI is not running in a trusted directory.\x1b[0m\n",
                Cause::NotTrusted,
            ),
            (
                Kind::Gemini,
                42,
                "Error resuming session: Invalid session identifier \"1\".\n  Use --list-sessions\n",
                Cause::NoSuchSession,
            ),
            (Kind::Opencode, 1, "\x1b[91m\x1b[1mError: \x1b[0mSession not found\n", Cause::NoSuchSession),
            (
                Kind::Claude,
                1,
                "No conversation found with session ID: 1\n{\"type\":\"result\",\"subtype\":\"error_during_execution\",\"is_error\":true}\n",
                Cause::NoSuchSession,
            ),
            (Kind::Claude, 127, "sh: 1: claude: not found\n", Cause::NotStarted),
            (
                Kind::Aider,
                0,
                "litellm.AuthenticationError: OpenAIException - Incorrect key\nThe API provider is not able to authenticate you.\n",
                Cause::Auth,
            ),
        ] {
            let verdict = verdict(kind, Mode::Unattended, &ending(code), &story(kind, output));
            assert_eq!(cause(verdict.clone()), Some(expected), "{output}: {verdict:?}");
        }
    }

    #[test]
    fn a_message_of_the_agents_own_reaches_the_person() {
        let output = "Error: thread/resume failed: no rollout found\nStack backtrace:\n   0: <unknown>\n";
        let Verdict::Failed { message, .. } =
            verdict(Kind::Codex, Mode::Unattended, &ending(1), &story(Kind::Codex, output))
        else {
            panic!("it failed");
        };
        assert_eq!(
            message,
            "the session to continue was not found: Error: thread/resume failed: no rollout found"
        );
    }

    #[test]
    fn an_error_after_the_last_success_counts_and_one_before_it_does_not() {
        let done = StreamEvent::Finished { ok: true, text: "done".into() };
        let error = StreamEvent::Error {
            message: "API Error: 529 overloaded".into(),
            transient: false,
            status: Some(529),
        };
        let mut recovered = Story::default();
        [&error, &done].into_iter().for_each(|event| recovered.fold(event));
        assert_eq!(verdict(Kind::Claude, Mode::Unattended, &ending(0), &recovered), Verdict::Succeeded);
        recovered.fold(&error);
        assert_eq!(
            cause(verdict(Kind::Claude, Mode::Unattended, &ending(0), &recovered)),
            Some(Cause::Unavailable)
        );
    }

    #[test]
    fn leaving_a_conversation_says_nothing_by_itself() {
        let leave = |ending: Ending| verdict(Kind::Claude, Mode::Interactive, &ending, &Story::default());
        assert_eq!(leave(ending(0)), Verdict::Unknown);
        assert_eq!(leave(Ending { last_activity: Some(Activity::done()), ..ending(0) }), Verdict::Unknown);
        assert_eq!(leave(Ending { completed: true, ..ending(0) }), Verdict::Succeeded);
        let error = Activity::Error { message: "API Error: 401 no".into() };
        assert_eq!(cause(leave(Ending { last_activity: Some(error), ..ending(0) })), Some(Cause::Auth));
        assert_eq!(cause(leave(ending(129))), Some(Cause::Failed));
    }

    #[test]
    fn a_custom_command_is_judged_by_its_exit_code() {
        let judge = |ending: Ending| verdict(Kind::Custom, Mode::Interactive, &ending, &Story::default());
        assert_eq!(judge(ending(0)), Verdict::Succeeded);
        assert_eq!(cause(judge(ending(3))), Some(Cause::Failed));
        assert_eq!(cause(judge(ending(127))), Some(Cause::NotStarted));
        assert_eq!(
            cause(judge(Ending { exit: Some(Exit::Signal(9)), ..Ending::default() })),
            Some(Cause::Killed)
        );
        assert_eq!(judge(Ending::default()), Verdict::Unknown);
    }

    #[test]
    fn a_blocked_mark_outweighs_everything() {
        let blocked = Ending { blocked: Some("Which port?".into()), completed: true, ..ending(0) };
        let expected = Verdict::Failed { cause: Cause::Blocked, message: "Which port?".into() };
        assert_eq!(verdict(Kind::Demo, Mode::Unattended, &blocked, &Story::default()), expected);
    }
}
