//! The command line's grammar.

use std::{ffi::OsString, path::PathBuf};

use clap::{Parser, Subcommand};

/// Kanban board that runs coding agents: cards, runs, terminals and artifacts from the shell.
#[derive(Debug, Parser)]
#[command(name = "flightboard", version, propagate_version = true, max_term_width = 100)]
pub struct Args {
    /// Where the database, runs and artifacts lie.
    #[arg(long, global = true, env = "FLIGHTBOARD_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say which agents and tools are there and what is missing.
    Doctor,
    /// Work with projects.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Add a card to the inbox.
    Add {
        title: String,
        /// Name, path or number of a project.
        #[arg(long)]
        project: Option<String>,
        /// Markdown; @FILE reads a file, @- standard input.
        #[arg(long, value_name = "TEXT|@FILE")]
        description: Option<String>,
        /// critical (urgent), high, medium (normal), low, or 1 to 10.
        #[arg(long)]
        priority: Option<String>,
        /// The only agent that may start on it.
        #[arg(long, value_name = "AGENT")]
        assign: Option<String>,
        /// May be given several times.
        #[arg(long = "tag")]
        tags: Vec<String>,
    },
    /// List cards.
    List {
        /// Only this column: inbox, ready, in_progress, review, done, failed or cancelled.
        #[arg(long)]
        status: Option<String>,
        #[arg(long)]
        project: Option<String>,
    },
    /// Show one card with its runs and artifacts.
    Show { id: String },
    /// Move a card to a column.
    Move { id: String, column: String },
    /// Start an agent on a card. Returns once it has started; with --wait once it has ended.
    Run {
        id: String,
        /// Agent to start: claude, codex, gemini, opencode, aider, demo, custom, …
        #[arg(long)]
        agent: String,
        /// Wait for the end; the exit code is 0 only if the run succeeded.
        #[arg(long)]
        wait: bool,
        /// Give up waiting after this long (exit code 124); the agent goes on.
        #[arg(long, value_name = "SECONDS", requires = "wait")]
        timeout: Option<u64>,
        /// Start the agent's own screen instead of an unattended run.
        #[arg(long)]
        interactive: bool,
        #[arg(long)]
        model: Option<String>,
        /// Start the agent with its permission checks off.
        #[arg(long)]
        skip_permissions: bool,
        /// Command and arguments for the agent `custom`, after `--`.
        #[arg(last = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
    /// Stop the agent at work on a card, with everything it started.
    Stop { id: String },
    /// Print the raw output of a card's newest run.
    Logs {
        id: String,
        /// Go on until the run ends.
        #[arg(long, short)]
        follow: bool,
    },
    /// List a card's artifacts, or copy them out.
    Artifacts {
        id: String,
        /// Copy the files into this folder.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Serve the board to a browser on this machine; prints the address to open on its first line.
    Serve {
        /// 0 takes a free port.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Add a folder, usually a git repository.
    Add {
        path: PathBuf,
        #[arg(long)]
        name: Option<String>,
        /// A further repository, beside the first in each workspace; may be given several times.
        #[arg(long = "repository", value_name = "PATH")]
        repositories: Vec<PathBuf>,
    },
    /// List projects.
    List,
}
