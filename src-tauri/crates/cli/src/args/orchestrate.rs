//! Adding, listing, running and handing out cards.

use super::{OsString, RoutingArgs};

#[derive(Debug, clap::Args)]
pub struct AddArgs {
    pub title: String,
    /// Name, path or number of a project.
    #[arg(long)]
    pub project: Option<String>,
    /// Markdown; @FILE reads a file, @- standard input.
    #[arg(long, visible_alias = "desc", value_name = "TEXT|@FILE")]
    pub description: Option<String>,
    /// critical (urgent), high, medium (normal), low, or 1 to 10.
    #[arg(long)]
    pub priority: Option<String>,
    /// The only agent that may start on it.
    #[arg(long, value_name = "AGENT", alias = "assigned-to")]
    pub assign: Option<String>,
    /// May be given several times.
    #[arg(long = "tag")]
    pub tags: Vec<String>,
    /// Hand it to the dispatcher, which starts an agent as soon as one is free.
    #[arg(long)]
    pub queue: bool,
    /// Wait until this card is done; may be given several times.
    #[arg(long, value_name = "ID")]
    pub after: Vec<String>,
    /// Make it a sub-task of this card.
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,
    /// A repository for the result, as JSON. There is no such thing yet.
    #[arg(long, value_name = "JSON", hide = true)]
    pub output: Option<String>,
    #[command(flatten)]
    pub routing: RoutingArgs,
}

#[derive(Debug, Default, clap::Args)]
pub struct ListArgs {
    /// Only what this saved filter lets through; with --status and --project, without the other options.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["assign", "tag", "priority", "limit"])]
    pub filter: Option<String>,
    /// Only this column: inbox, ready, in_progress, review, done, failed or cancelled; may be given several
    /// times.
    #[arg(long)]
    pub status: Vec<String>,
    /// Name, path or number of a project.
    #[arg(long)]
    pub project: Option<String>,
    /// Only cards that this agent alone may start on.
    #[arg(long, value_name = "AGENT", visible_alias = "agent", alias = "assigned-to")]
    pub assign: Option<String>,
    #[arg(long)]
    pub tag: Option<String>,
    /// critical (urgent), high, medium (normal), low, or 1 to 10.
    #[arg(long)]
    pub priority: Option<String>,
    /// At most so many, 0 for all. 200 if left out, with --json all.
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Leave out so many at the beginning.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: u32,
}

#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Without it the whole queue is worked through.
    #[arg(requires = "agent")]
    pub id: Option<String>,
    /// Agent to start: claude, codex, gemini, opencode, aider, demo, custom, or one that you registered.
    /// Without a card: the agent for cards that name none; left out, the one that `spawn` would start.
    #[arg(long)]
    pub agent: Option<String>,
    /// Wait for the end; the exit code is 0 only if the run succeeded.
    #[arg(long, requires = "id")]
    pub wait: bool,
    /// Give up waiting after this long (exit code 124); the agent goes on.
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Start the agent's own screen instead of an unattended run.
    #[arg(long, requires = "id")]
    pub interactive: bool,
    #[arg(long, requires = "id")]
    pub model: Option<String>,
    /// Start the agent with its permission checks off.
    #[arg(long, requires = "id")]
    pub skip_permissions: bool,
    /// Command and arguments for the agent `custom`, after `--`.
    #[arg(last = true, value_name = "COMMAND", requires = "id")]
    pub command: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub struct ExecArgs {
    /// Start this agent instead of preparing for one of your own.
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// What an agent of your own is called.
    #[arg(long, value_name = "NAME", conflicts_with = "agent")]
    pub name: Option<String>,
    /// Give the card to others after this long without a `check`; a day if left out.
    #[arg(long, value_name = "SECONDS", conflicts_with = "agent")]
    pub lease: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct SpawnArgs {
    /// What is to be done; @FILE reads a file, @- standard input.
    #[arg(value_name = "TEXT|@FILE")]
    pub prompt: String,
    /// A tag of the card.
    #[arg(long)]
    pub label: Option<String>,
    /// The first of the queue's agents, else the one that you used last, else the first that is installed.
    #[arg(long)]
    pub agent: Option<String>,
    /// Name, path or number of a project.
    #[arg(long)]
    pub project: Option<String>,
    #[arg(long)]
    pub model: Option<String>,
}
