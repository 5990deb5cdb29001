//! Cards by their fields or as JSON bodies, events, and the making of schedules.

use clap::Subcommand;

use super::ListArgs;

#[derive(Debug, Subcommand)]
pub enum TasksCommand {
    /// List cards.
    List(ListArgs),
    /// Show one card with its runs and artifacts.
    Get(CardArgs),
    /// Add a card.
    Create(TaskFields),
    /// Change fields of a card, or its column.
    Update {
        #[command(flatten)]
        card: CardArgs,
        #[command(flatten)]
        fields: TaskFields,
    },
    /// Put a card into the trash.
    Delete(CardArgs),
    /// Take the next task as an agent that runs elsewhere.
    Queue {
        #[arg(long, value_name = "NAME")]
        agent: String,
        /// Tasks that the agent works on at one time.
        #[arg(long, value_name = "N", alias = "max_capacity")]
        max_capacity: Option<i64>,
    },
    /// List a card's comments, or add one.
    Comments {
        #[command(flatten)]
        card: CardArgs,
        /// @FILE reads a file, @- standard input.
        #[arg(long, value_name = "TEXT|@FILE", visible_alias = "content", allow_hyphen_values = true)]
        add: Option<String>,
    },
}

/// The card, as an argument or an option.
#[derive(Debug, clap::Args)]
pub struct CardArgs {
    #[arg(value_name = "ID", required_unless_present = "by_id")]
    card: Option<String>,
    #[arg(long = "id", value_name = "ID", conflicts_with = "card", id = "by_id")]
    by_id: Option<String>,
}

impl CardArgs {
    pub fn key(&self) -> &str {
        self.card.as_deref().or(self.by_id.as_deref()).unwrap_or_default()
    }
}

/// What a card consists of. Options go before the body.
#[derive(Debug, Default, clap::Args)]
pub struct TaskFields {
    /// The fields as a JSON object: title, description, status, priority, assigned_to, tags, project, due_at;
    /// @FILE reads a file, @- standard input.
    #[arg(long, value_name = "JSON|@FILE")]
    pub body: Option<String>,
    #[arg(long)]
    pub title: Option<String>,
    /// Markdown; @FILE reads a file, @- standard input.
    #[arg(long, value_name = "TEXT|@FILE")]
    pub description: Option<String>,
    /// A column.
    #[arg(long)]
    pub status: Option<String>,
    /// critical (urgent), high, medium (normal), low, or 1 to 10.
    #[arg(long)]
    pub priority: Option<String>,
    /// The only agent that may start on it; '' for any.
    #[arg(long, value_name = "AGENT", aliases = ["assign", "agent"])]
    pub assigned_to: Option<String>,
    /// May be given several times; the others go.
    #[arg(long = "tag")]
    pub tags: Vec<String>,
    /// Name, path or number of a project.
    #[arg(long)]
    pub project: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// Print events as they come; with --json one object a line. Ends with Ctrl-C.
    Watch {
        /// Nouns (task, run, agent, project, schedule, settings) and events (task.completed), with commas
        /// between.
        #[arg(long, value_delimiter = ',')]
        types: Vec<String>,
        /// First those after this number, which each event carries as `seq`; 0 begins at the beginning.
        #[arg(long, value_name = "SEQ")]
        after: Option<i64>,
        /// Name, path or number of a project.
        #[arg(long)]
        project: Option<String>,
        /// End after so many events.
        #[arg(long, value_name = "N")]
        count: Option<u64>,
        /// End after this long.
        #[arg(long, value_name = "MS", alias = "timeout_ms")]
        timeout_ms: Option<u64>,
    },
}

#[derive(Debug, clap::Args)]
pub struct CronCreate {
    /// The schedule as a JSON object: name, schedule, zone, task_template (title, description, priority,
    /// assigned_to, tags); @FILE reads a file, @- standard input.
    #[arg(long, value_name = "JSON|@FILE", conflicts_with_all = ["name", "schedule", "title"])]
    pub body: Option<String>,
    #[arg(long, required_unless_present = "body")]
    pub name: Option<String>,
    /// A phrase (“every weekday at 9”) or five cron fields.
    #[arg(long, value_name = "WHEN", required_unless_present = "body")]
    pub schedule: Option<String>,
    /// The cards' title; {date}, {time}, {weekday}, {week} and {month} are filled in.
    #[arg(long, required_unless_present = "body")]
    pub title: Option<String>,
    /// IANA name such as Europe/Berlin; this machine's time zone if left out.
    #[arg(long, value_name = "NAME")]
    pub zone: Option<String>,
    /// Name, path or number of a project.
    #[arg(long)]
    pub project: Option<String>,
    /// Markdown; @FILE reads a file, @- standard input.
    #[arg(long, value_name = "TEXT|@FILE")]
    pub description: Option<String>,
    /// critical (urgent), high, medium (normal), low, or 1 to 10.
    #[arg(long)]
    pub priority: Option<String>,
    /// The only agent that may start on the cards.
    #[arg(long, value_name = "AGENT", visible_alias = "agent", alias = "assigned-to")]
    pub assign: Option<String>,
    /// May be given several times.
    #[arg(long = "tag")]
    pub tags: Vec<String>,
    /// Put the cards into Ready instead of the inbox.
    #[arg(long)]
    pub ready: bool,
    /// Times that were missed: skip, one card for all of them, or all.
    #[arg(long, value_name = "skip|one|all", default_value = "one")]
    pub misfire: String,
    /// Most cards of one catch-up with `--misfire all`.
    #[arg(long, value_name = "CARDS")]
    pub cap: Option<u32>,
    /// While a card is still open: skip the next, queue it, or allow it.
    #[arg(long, value_name = "skip|queue|allow", default_value = "skip")]
    pub overlap: String,
}
