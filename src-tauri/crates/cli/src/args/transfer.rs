//! Boards to files and back.

use super::PathBuf;

#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// A file of JSON lines, or a folder that is new or empty for Markdown; - prints JSON lines.
    #[arg(value_name = "FILE|DIR")]
    pub to: PathBuf,
    /// A folder with a Markdown file for each card and comment; JSON lines if left out.
    #[arg(long)]
    pub markdown: bool,
}

#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// A file of JSON lines, a Markdown folder as `export` writes it, or with --vibe-kanban its database
    /// (db.sqlite, db.v2.sqlite) or the ZIP that its cloud exports; - reads JSON lines.
    #[arg(value_name = "FILE|DIR")]
    pub from: PathBuf,
    /// The file is Vibe Kanban's: its database, or its cloud's export. It is only read.
    #[arg(long)]
    pub vibe_kanban: bool,
}

#[derive(Debug, clap::Subcommand)]
pub enum GithubCommand {
    /// Bring the issues of a repository and their cards together: title, labels and state go both ways. Open
    /// issues without a card get one. The key comes from GITHUB_TOKEN or `gh auth token`.
    Sync {
        /// owner/name
        repository: String,
        /// Project for new cards.
        #[arg(long)]
        project: Option<String>,
        /// Only say what would change, on either side.
        #[arg(long)]
        dry_run: bool,
    },
}
