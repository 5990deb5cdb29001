//! The command line's grammar. Where each command's example comes from, and what the help says of exit
//! codes, is in `help`.

mod orchestrate;
mod tasks;
mod transfer;

use std::{ffi::OsString, path::PathBuf};

use clap::{Parser, Subcommand};

use crate::belongings::{AttachArgs, EditArgs, FilterCommand};
use crate::keys::KeyCommand;
use crate::webhooks::WebhookCommand;
pub use orchestrate::*;
pub use tasks::*;
pub use transfer::*;

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
    /// Say nothing beside what was asked for: no confirmations, no notes, no progress. `add` prints the
    /// card's key alone.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the board at a glance: counts, what is at work, what needs you, what starts next, agents, spend.
    Status {
        /// Go on and show each change; q or Ctrl-C ends it.
        #[arg(long)]
        watch: bool,
    },
    /// Say which agents and tools are there and what is missing.
    Doctor,
    /// Work with projects.
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Work with agents: list them, register your own, give them a role and instructions.
    #[command(subcommand)]
    Agents(AgentsCommand),
    /// Work with the keys that programs and agents send over HTTP.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Tell other programs of events over HTTP.
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Work with schedules: cards that are made again and again.
    #[command(subcommand)]
    Cron(CronCommand),
    /// Add a card to the inbox.
    Add(AddArgs),
    /// List cards: what is at work first, then by urgency.
    List(ListArgs),
    /// Show one card with its runs and artifacts.
    Show { id: String },
    /// Move cards to a column.
    Move {
        /// The cards, and then the column.
        #[arg(required = true, num_args = 2.., value_names = ["ID", "COLUMN"])]
        cards_and_column: Vec<String>,
    },
    /// Change fields of cards; what is not named stays as it is.
    Edit(EditArgs),
    /// Add files to a card, which its agents find in their workspace; or take files off it.
    Attach(AttachArgs),
    /// List a card's files, or copy them out.
    Attachments {
        id: String,
        /// Copy the files into this folder.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Work with saved filters of the board.
    #[command(subcommand)]
    Filter(FilterCommand),
    /// Work with deleted cards: list them, bring them back, delete them for ever.
    #[command(subcommand)]
    Trash(TrashCommand),
    /// Start an agent on a card, and return once it has started; with --wait once it has ended. Without a
    /// card: hand all ready cards and those of the inbox to the dispatcher and wait until nothing more
    /// happens by itself.
    Run(RunArgs),
    /// Move cards to Ready.
    Ready {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Prepare a card's workspace for an agent that you start yourself; with --agent start one.
    Exec {
        id: String,
        #[command(flatten)]
        how: ExecArgs,
    },
    /// The same for the next N cards, ready ones first.
    ExecNext {
        #[arg(value_parser = clap::value_parser!(u32).range(1..=100))]
        count: u32,
        #[command(flatten)]
        how: ExecArgs,
    },
    /// Say how far a run is. An agent that you started yourself says that it has finished by
    /// COMPLETION.md in its workspace.
    Check {
        /// As `exec` printed it (12:TOKEN), run-12, or a card.
        run: String,
    },
    /// Add a card and start an agent on it in the background.
    Spawn(SpawnArgs),
    /// Print what happened in a run: its card's history and the end of its output.
    History {
        /// As `spawn` printed it (run-12), or a card.
        session: String,
        /// Lines of output.
        #[arg(long, default_value_t = 40, value_name = "N")]
        lines: u32,
    },
    /// Stop the agent at work on a card and cancel the card.
    Cancel {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Take back cards whose agents fell silent; with --workspaces also remove workspaces of finished cards.
    Cleanup {
        /// Remove workspaces of cards that were done or cancelled at least this many days ago. Work that
        /// was not committed is saved first.
        #[arg(long, value_name = "DAYS")]
        workspaces: Option<u32>,
    },
    /// Work with cards by their fields, or with JSON bodies.
    #[command(subcommand)]
    Tasks(TasksCommand),
    /// Follow what happens on the board.
    #[command(subcommand)]
    Events(EventsCommand),
    /// Write the whole board to a file of JSON lines or a folder of Markdown.
    Export(ExportArgs),
    /// Read a board from JSON lines, a Markdown folder or Vibe Kanban. What is here already stays.
    Import(ImportArgs),
    /// Work with the issues of a GitHub repository.
    #[command(subcommand)]
    Github(GithubCommand),
    /// Print the script that completes commands in a shell.
    Completions { shell: clap_complete::Shell },
    /// Print the manual page, or write one for each command into a folder.
    Man {
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Say what would start next, where, and why everything else waits.
    Plan {
        /// Only this card.
        id: Option<String>,
        #[arg(long)]
        project: Option<String>,
    },
    /// Take the next task as an agent that runs elsewhere. Prints the run's address for later reports.
    Claim {
        #[arg(long, value_name = "NAME")]
        agent: String,
        /// Tasks that the agent works on at one time.
        #[arg(long, value_name = "N")]
        capacity: Option<i64>,
        /// May be given several times.
        #[arg(long = "skill")]
        skills: Vec<String>,
        /// Give the task to others after this long without a heartbeat.
        #[arg(long, value_name = "SECONDS")]
        lease: Option<u32>,
    },
    /// Say that the agent is still at work on a claimed run.
    Heartbeat {
        /// As `claim` printed it: 12:TOKEN.
        run: String,
    },
    /// Report the end of a claimed run.
    Finish {
        /// As `claim` printed it: 12:TOKEN.
        run: String,
        /// The work is done; the card goes to review.
        #[arg(long, conflicts_with = "failed", required_unless_present = "failed")]
        ok: bool,
        /// The work failed; the card is tried again as its policy has it.
        #[arg(long)]
        failed: bool,
        /// What the agent has to say; @FILE reads a file, @- standard input.
        #[arg(long, value_name = "TEXT|@FILE")]
        message: Option<String>,
    },
    /// Hand cards to the dispatcher.
    Queue {
        #[arg(required = true)]
        ids: Vec<String>,
        /// The only agent that may start on them; '' for any.
        #[arg(long, value_name = "AGENT", visible_alias = "agent", alias = "assigned-to")]
        assign: Option<String>,
    },
    /// Take cards out of the queue.
    Unqueue {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Let a card wait for others.
    Depend {
        id: String,
        /// Wait for this card; may be given several times.
        #[arg(long, value_name = "ID")]
        on: Vec<String>,
        /// Wait for it no longer.
        #[arg(long, value_name = "ID")]
        off: Vec<String>,
        /// What the other card must come to: success, failure or any.
        #[arg(long, default_value = "success")]
        need: String,
    },
    /// Say how far the cards that dependencies join to this one have come; let them go on.
    Workflow {
        id: String,
        /// Let a workflow go on that was stopped after failures; what failed is tried again.
        #[arg(long)]
        resume: bool,
    },
    /// Approve the work on a card in review.
    Approve { id: String },
    /// Send the work on a card in review back to its agent.
    Reject {
        id: String,
        /// What the agent hears in its next attempt; @FILE reads a file, @- standard input.
        #[arg(long, value_name = "TEXT|@FILE")]
        notes: String,
    },
    /// Show the queue's policy, or change it.
    Policy(PolicyArgs),
    /// Stop the agent at work on a card, with everything it started.
    Stop { id: String },
    /// Print the raw output of the newest run that works on a card. Reviews of it are asked for by name.
    Logs {
        id: String,
        /// Of this run instead: 1 is the card's first.
        #[arg(long, value_name = "N", conflicts_with = "follow")]
        attempt: Option<u64>,
        /// Of the run with this id instead, a review's too; `show --json` lists them.
        #[arg(long, value_name = "RUN", conflicts_with = "attempt")]
        run: Option<u64>,
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
    /// Serve tools to a model: an MCP server on standard input and output.
    Mcp {
        /// Only what the agent of this claimed run may do: 12:TOKEN. Agents that Flightboard starts have theirs
        /// in their environment; without either the tools are those for working with the board.
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// How long a call may wait for a person.
        #[arg(long, value_name = "SECONDS", default_value_t = crate::mcp::PATIENCE)]
        patience: u64,
    },
    /// Answer what a card's agent asks; it is a comment like any other.
    Answer {
        id: String,
        /// @FILE reads a file, @- standard input.
        #[arg(value_name = "TEXT|@FILE")]
        text: String,
    },
    /// Serve the board to a browser on this machine; prints the address to open on its first line.
    Serve {
        /// 0 takes a free port.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Open the address in your browser.
        #[arg(long)]
        open: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum CronCommand {
    /// List schedules.
    List,
    /// Make a schedule. Its template becomes a card with a date at each of its times.
    Create(Box<CronCreate>),
    /// Make no cards until it is resumed; what falls into the pause is left out.
    Pause { schedule: String },
    /// Go on from now.
    Resume { schedule: String },
    /// Take a schedule off the list; its cards stay.
    Remove { schedule: String },
    /// Make its card now.
    Run { schedule: String },
    /// Say what a phrase or cron expression means, and its next five times.
    Preview {
        when: String,
        #[arg(long, value_name = "NAME")]
        zone: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum TrashCommand {
    /// List the cards in the trash.
    List,
    /// Put a card into the trash; its agent is stopped first.
    Put { id: String },
    /// Take a card out of the trash; it stands where it stood.
    Restore { id: String },
    /// Delete a card in the trash for ever, with its runs' output and its artifacts.
    Delete { id: String },
    /// Delete for ever what is in the trash.
    Empty {
        /// Only what has been there for this long.
        #[arg(long, value_name = "DAYS")]
        older_than: Option<u32>,
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
    /// Change how the queue treats a project.
    Policy {
        /// Name, path or number.
        project: String,
        #[command(flatten)]
        policy: Box<ProjectPolicyArgs>,
    },
}

/// Who may take a card, and what its failures are allowed.
#[derive(Debug, clap::Args)]
pub struct RoutingArgs {
    /// An agent that may take it, the preferred first; may be given several times.
    #[arg(long)]
    pub agent: Vec<String>,
    /// A skill that it needs; may be given several times.
    #[arg(long)]
    pub skill: Vec<String>,
    #[arg(long)]
    pub model: Option<String>,
    #[command(flatten)]
    pub retry: RetryArgs,
}

/// What failures that another attempt may mend are allowed.
#[derive(Debug, clap::Args)]
pub struct RetryArgs {
    /// Attempts after the first.
    #[arg(long, value_name = "N")]
    pub retry: Option<u32>,
    /// Before each of them: 0 for none, 30 for so many seconds, 10-300~20 for seconds that double from 10 to
    /// 300, moved by up to 20 %.
    #[arg(long, value_name = "SECONDS|FROM-TO[~PERCENT]")]
    pub retry_wait: Option<String>,
    /// Leave both to what comes after: the agent, the project, the kind of failure.
    #[arg(long, conflicts_with_all = ["retry", "retry_wait"])]
    pub retry_default: bool,
}

#[derive(Debug, clap::Args)]
pub struct PolicyArgs {
    /// Nothing starts by itself any more.
    #[arg(long, conflicts_with = "resume")]
    pub pause: bool,
    #[arg(long)]
    pub resume: bool,
    /// Runs at one time; 0 for no limit.
    #[arg(long, value_name = "N")]
    pub parallel: Option<u32>,
    /// Cards in review before no more is started; 0 for no limit.
    #[arg(long, value_name = "N")]
    pub review: Option<u32>,
    /// Agents for cards and projects that name none, with commas between.
    #[arg(long, value_name = "AGENT,…")]
    pub agents: Option<String>,
    /// in_order, least_loaded or cheapest.
    #[arg(long)]
    pub choice: Option<String>,
    /// Whether a critical card may stop a low one: true or false.
    #[arg(long, value_name = "BOOL")]
    pub preempt: Option<bool>,
    #[command(flatten)]
    pub limits: LimitArgs,
    /// US dollars that all runs of a day may cost; 0 for no limit.
    #[arg(long, value_name = "USD")]
    pub daily: Option<f64>,
    /// What a million tokens cost, in and out, for a model or agent that does not tell; may be given several times.
    #[arg(long, value_name = "NAME=IN/OUT")]
    pub price: Vec<String>,
    /// Open an agent's breaker after this many failures in a row, where it has no rule of its own.
    #[arg(long, value_name = "N")]
    pub breaker: Option<u32>,
    /// How long a breaker stays open at first; doubles with every failed probe.
    #[arg(long, value_name = "SECONDS")]
    pub cool_down: Option<u32>,
    /// Let an agent be tried again although its breaker is open.
    #[arg(long, value_name = "AGENT")]
    pub close_breaker: Option<String>,
}

/// When runs are ended from outside.
#[derive(Debug, clap::Args)]
pub struct LimitArgs {
    /// End setup commands that take longer; 0 for the usual quarter of an hour.
    #[arg(long, value_name = "MINUTES")]
    pub setup_limit: Option<f64>,
    /// End runs that last longer; 0 for no limit.
    #[arg(long, value_name = "MINUTES")]
    pub longest: Option<f64>,
    /// End runs that write nothing for so long, whatever they are doing; 0 for no limit.
    #[arg(long, value_name = "MINUTES")]
    pub idle: Option<f64>,
    /// End unattended runs that wrote nothing for twice this time; 0 for no limit.
    #[arg(long, value_name = "MINUTES")]
    pub silence: Option<f64>,
    /// End reviews by agents that take longer; 0 for no limit.
    #[arg(long, value_name = "MINUTES")]
    pub review_limit: Option<f64>,
}

/// When a person is called to a card that keeps failing.
#[derive(Debug, clap::Args)]
pub struct EscalationArgs {
    /// Call a person after this many failures of a card; 0 for never.
    #[arg(long, value_name = "N")]
    pub escalate: Option<u32>,
    /// Call a person when a card has been failing for so long; 0 for never.
    #[arg(long, value_name = "MINUTES")]
    pub escalate_after: Option<u32>,
    /// Whether such a card is then the person's, and no agent tries it again by itself: true or false.
    #[arg(long, value_name = "BOOL")]
    pub hand_over: Option<bool>,
    /// Whether the project is paused then: true or false.
    #[arg(long, value_name = "BOOL")]
    pub pause_then: Option<bool>,
    /// Stop the cards that dependencies join after this many failures among them; 0 for never.
    #[arg(long, value_name = "N")]
    pub stop_workflow: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct ProjectPolicyArgs {
    /// Whether ready cards go to the dispatcher by themselves: true or false.
    #[arg(long, value_name = "BOOL")]
    pub dispatch: Option<bool>,
    /// Agents for its cards, the preferred first, with commas between.
    #[arg(long, value_name = "AGENT,…")]
    pub agents: Option<String>,
    /// Runs at one time; 0 for no limit.
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// Runs at one time in each of its repositories, whichever project they are for; 0 for no limit.
    #[arg(long, value_name = "N")]
    pub repository_limit: Option<u32>,
    /// Start nothing in it, for this reason.
    #[arg(long, value_name = "REASON", conflicts_with = "resume")]
    pub pause: Option<String>,
    #[arg(long)]
    pub resume: bool,
    /// Whether a person looks through its inbox before agents that ask for work take from it: true or false.
    #[arg(long, value_name = "BOOL")]
    pub triage: Option<bool>,
    #[command(flatten)]
    pub retry: RetryArgs,
    /// US dollars that its runs of a day may cost; 0 for no limit.
    #[arg(long, value_name = "USD")]
    pub budget: Option<f64>,
    /// US dollars that one card may cost; 0 for no limit.
    #[arg(long, value_name = "USD")]
    pub card_budget: Option<f64>,
    /// Tokens that one card may use; 0 for no limit.
    #[arg(long, value_name = "N")]
    pub card_tokens: Option<i64>,
    /// At the end of a budget: stop the run, or ask (it goes on, nothing new starts).
    #[arg(long, value_name = "stop|ask")]
    pub at_budget: Option<String>,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub escalation: EscalationArgs,
    /// Add a command that must succeed before work is done; its words are separated by spaces.
    #[arg(long, value_name = "COMMAND")]
    pub check: Vec<String>,
    /// Add an agent that must approve.
    #[arg(long, value_name = "AGENT")]
    pub reviewer: Vec<String>,
    /// Add a person who must approve.
    #[arg(long)]
    pub person: bool,
    /// Take all of the gate's steps away first.
    #[arg(long)]
    pub no_gate: bool,
}

#[derive(Debug, Subcommand)]
pub enum AgentsCommand {
    /// List agents: which are there, their role, skills and capacity.
    List,
    /// List the roles that bring instructions along.
    Roles,
    /// Add an agent, or change one. What is not named stays as it is; said again it changes nothing.
    Register(Box<Registration>),
    /// Say that an agent which fetches its own work is there.
    Heartbeat { name: String },
    /// Print what an agent is told with each task, or set it.
    Soul {
        name: String,
        /// Markdown; @FILE reads a file, @- standard input; empty goes back to those of the role.
        #[arg(long, value_name = "TEXT|@FILE")]
        set: Option<String>,
    },
    /// Ask an agent's program for its version and print what it says.
    Try { name: String },
    /// Take an agent off the list; a built-in one becomes as it was.
    Remove { name: String },
}

/// An argument list may hold {prompt}, {workspace}, {artifacts}, {task_file}, {run_dir}, {title}, {key},
/// {model} and {session}.
#[derive(Debug, clap::Args)]
pub struct Registration {
    /// a to z, 0 to 9, “.”, “_” and “-”; may be left out when the file has it.
    #[arg(required_unless_present_any = ["file", "called"])]
    pub name: Option<String>,
    /// The same as NAME.
    #[arg(long = "name", value_name = "NAME", conflicts_with = "name")]
    pub called: Option<String>,
    /// Read all this from a TOML or JSON file with the fields of `agents list --json`.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Whose habits it has: claude, codex, gemini, qwen, opencode, aider, demo, or custom (any program).
    #[arg(long)]
    pub kind: Option<String>,
    /// As the board calls it.
    #[arg(long)]
    pub title: Option<String>,
    /// A name on your PATH, or an absolute path.
    #[arg(long)]
    pub program: Option<String>,
    /// An argument, added to those of its kind; may be given several times, '' for none.
    #[arg(long = "arg", value_name = "ARG", allow_hyphen_values = true)]
    pub args: Option<Vec<String>>,
    /// Makes the program tell its version; without it a custom program is never asked.
    #[arg(long = "version-arg", value_name = "ARG", allow_hyphen_values = true)]
    pub version_args: Option<Vec<String>>,
    /// NAME: a variable of yours that it needs. NAME=VALUE: one for this agent alone, stored in the clear.
    /// May be given several times, '' for none.
    #[arg(long = "env", value_name = "NAME[=VALUE]")]
    pub env: Option<Vec<String>>,
    /// reviewer, planner, coder, tester, or a word of your own; '' for none.
    #[arg(long)]
    pub role: Option<String>,
    /// What it is told with each task, in Markdown; @FILE reads a file, @- standard input.
    #[arg(long, value_name = "TEXT|@FILE")]
    pub instructions: Option<String>,
    /// May be given several times, '' for none.
    #[arg(long = "skill", value_name = "WORD")]
    pub skills: Option<Vec<String>>,
    /// Tasks at once, 1 to 64.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub capacity: Option<i64>,
    /// Used where a run asks for no other; '' for none.
    #[arg(long)]
    pub model: Option<String>,
    /// Attempts after the first when it fails, for failures that another attempt may mend; `default` leaves
    /// that to the project.
    #[arg(long, value_name = "N|default")]
    pub retry: Option<String>,
    /// Before each of them: 0 for none, 30 for so many seconds, 10-300~20 for seconds that double from 10 to
    /// 300, moved by up to 20 %.
    #[arg(long, value_name = "SECONDS|FROM-TO[~PERCENT]")]
    pub retry_wait: Option<String>,
    /// Give it no more work after so many failures in a row, for so many seconds at first; `default` as the
    /// board has it.
    #[arg(long, value_name = "N[/SECONDS]|default")]
    pub breaker: Option<String>,
    /// Let it be given work again.
    #[arg(long, conflicts_with = "disable")]
    pub enable: bool,
    /// Keep it on the list and give it nothing.
    #[arg(long)]
    pub disable: bool,
}

impl Registration {
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref().or(self.called.as_deref())
    }
}
