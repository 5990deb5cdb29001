//! What each coding agent is: how to start it, and what its output means.
//!
//! Everything here is sans-IO. No process is spawned, no file or clock is
//! read: a launch is a value that somebody else carries out, bytes come in as
//! slices and leave as typed events, in the same order however the stream was
//! cut. One folder per agent holds its oddities; `terminal` and `stream` hold
//! what agents share.

mod activity;
mod brief;
mod card_line;
mod detect;
mod escape;
mod kind;
mod launch;
mod login_shell;
mod placeholders;
mod profile;
mod roles;
mod screen;
mod tools;
mod verdict;

pub mod aider;
pub mod amp;
pub mod claude;
pub mod cline;
pub mod codex;
pub mod copilot;
pub mod crush;
pub mod cursor;
pub mod custom;
pub mod demo;
pub mod gemini;
pub mod goose;
pub mod openclaw;
pub mod opencode;
pub mod qwen;
pub mod stream;
pub mod terminal;

pub use activity::{Activity, Evidence, Signal, WaitKind};
pub use brief::{TaskBrief, prompt, review_prompt, task_md};
pub use card_line::{CardLine, LastLine, readable, screen_line};
pub use detect::{detect, parse_version, usual_dirs};
pub use escape::plain_text;
pub use kind::Kind;
pub use launch::{Expectations, LaunchContext, LaunchPlan, Mode, PlanError, TypedPrompt, plan};
pub use login_shell::{ShellEnv, login_shell_argv, parse_login_shell_env};
pub use placeholders::{Placeholder, PlaceholderError, Values, fill};
pub use profile::{BadProfile, Profile, PromptVia, builtin_profiles, profile_of_kind};
pub use roles::{ROLES, Role, instructions};
pub use screen::{Readiness, is_ready_for_typing, screen_activity};
pub use stream::{StreamDecoder, StreamEvent, StreamKind};
pub use terminal::{Query, TerminalEvent, TerminalFacts, TerminalSignals, answer_to};
pub use tools::{KEY_VARIABLE, RUN_VARIABLE, TOOLS_NAME, ToolServer};
pub use verdict::{Cause, Ending, Exit, Spend, Story, Verdict, verdict};
