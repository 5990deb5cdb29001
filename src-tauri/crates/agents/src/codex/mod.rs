//! Codex CLI (measured with 0.169).
//!
//! The daemon is switched off because it outlives the terminal with its
//! working directory in the workspace. `--` keeps a prompt from being an
//! option or a subcommand; a lone `-` would still mean standard input, which
//! `launch` guards against for every agent.
//!
//! An interactive session asks whether to trust the folder until somebody
//! said yes for the repository; that is remembered for the main worktree, and
//! all others inherit it. For one launch it can be answered by `-c`, but only
//! as one table: `projects."/a/b".trust_level` is split at its dots, quotes or
//! not, and is ignored.

mod stream;
mod title;

pub(crate) use stream::CodexStream;
pub(crate) use title::title_activity;

use crate::launch::{Extras, LaunchContext, Mode};
use crate::profile::words;
use crate::tools::{KEY_VARIABLE, RUN_VARIABLE, TIMEOUT_S, TOOLS_NAME, ToolServer};
use crate::{Kind, Profile, PromptVia};

pub fn profile() -> Profile {
    Profile {
        interactive_args: words(&["--disable", "daemon_auto_start"]),
        interactive_permission_args: words(&["-a", "on-request", "-s", "workspace-write"]),
        unattended_args: words(&["exec", "--json"]),
        unattended_permission_args: words(&["-s", "workspace-write"]),
        interactive_prompt: PromptVia::Positional,
        unattended_prompt: PromptVia::Positional,
        model_args: words(&["-m", "{model}"]),
        resume_args: words(&["resume", "{session}"]),
        // Its terminal interface asks about trust instead and knows no such option.
        unattended_outside_git_args: words(&["--skip-git-repo-check"]),
        skip_permissions_args: words(&["--dangerously-bypass-approvals-and-sandbox"]),
        install: "npm install -g @openai/codex".into(),
        docs_url: "https://developers.openai.com/codex/cli".into(),
        ..Profile::new("codex", "Codex", Kind::Codex, "codex")
    }
}

/// An unattended run asks nothing about trust in a git repository.
pub(crate) fn extras(context: &LaunchContext) -> Extras {
    let path = context.workspace.to_str().filter(|_| context.trusted && context.mode == Mode::Interactive);
    let settings = path.map(trusting).into_iter().chain(context.tools.map(with_tools));
    Extras { args: settings.flat_map(|set| ["-c".into(), set.into()]).collect(), ..Extras::default() }
}

/// A server of its own beside the user's. Codex hands no variables on that are not named, gives an answer
/// 60 s, and in an unattended run refuses tools that it would have to ask about: these reach no further
/// than the run's own card.
fn with_tools(tools: &ToolServer) -> String {
    let variables = format!("[{},{}]", toml_text(RUN_VARIABLE), toml_text(KEY_VARIABLE));
    let args: Vec<String> = tools.args.iter().map(|argument| toml_text(argument)).collect();
    format!(
        "mcp_servers.{TOOLS_NAME}={{command={},args=[{}],env_vars={variables},startup_timeout_sec=30,\
         tool_timeout_sec={TIMEOUT_S},default_tools_approval_mode=\"approve\"}}",
        toml_text(&tools.program),
        args.join(",")
    )
}

/// `projects={"PATH"={trust_level="trusted"}}`, the path as a TOML string.
fn trusting(path: &str) -> String {
    format!("projects={{{}={{trust_level=\"trusted\"}}}}", toml_text(path))
}

/// JSON escapes what TOML wants escaped, in the same way, but for DEL.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_stays_one_toml_string() {
        assert_eq!(trusting("/w s.x"), r#"projects={"/w s.x"={trust_level="trusted"}}"#);
        assert_eq!(
            trusting("/a\"}=\\b\n\u{7f}🛩"),
            "projects={\"/a\\\"}=\\\\b\\n\\u007F🛩\"={trust_level=\"trusted\"}}"
        );
    }
}
