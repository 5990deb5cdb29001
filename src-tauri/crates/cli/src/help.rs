//! What the program says about itself: examples and exit codes in the help, shell completions, manual pages.
//! All of it is made from the one grammar, so it cannot fall behind.

use std::{io::Write, path::Path};

use clap::{Command, CommandFactory, FromArgMatches, error::ErrorKind};
use clap_complete::Shell;

use crate::{
    args::{self, Args},
    failure::Failure,
};

const EXIT_CODES: &str = "Exit codes:\n  0    done\n  1    refused or failed; standard error says why\n  2    wrong usage\n  \
     3    a run that was waited for or checked did not succeed\n  124  the wait ended first; the agent goes on";

/// One line for each command; a test compares them with the grammar.
pub const EXAMPLES: &[(&str, &str)] = &[
    ("status", "flightboard status --watch"),
    ("doctor", "flightboard doctor"),
    ("project add", "flightboard project add ~/code/harbor --repository ~/code/harbor-docs"),
    ("project list", "flightboard project list --json"),
    ("project policy", "flightboard project policy harbor --dispatch true --limit 2"),
    ("agents list", "flightboard agents list"),
    ("agents roles", "flightboard agents roles"),
    ("agents register", "flightboard agents register scout --kind claude --role reviewer --capacity 2"),
    ("agents heartbeat", "flightboard agents heartbeat scout"),
    ("agents soul", "flightboard agents soul scout --set @reviewer.md"),
    ("agents try", "flightboard agents try scout"),
    ("agents remove", "flightboard agents remove scout"),
    ("cron list", "flightboard cron list"),
    (
        "cron create",
        "flightboard cron create --name standup --schedule \"every weekday at 9\" --title \"Standup {date}\"",
    ),
    ("cron pause", "flightboard cron pause standup"),
    ("cron resume", "flightboard cron resume standup"),
    ("cron remove", "flightboard cron remove standup"),
    ("cron run", "flightboard cron run standup"),
    ("cron preview", "flightboard cron preview \"first Monday monthly\" --zone Europe/Berlin"),
    ("add", "flightboard add \"Build API client\" --priority high --tag api"),
    ("list", "flightboard list --status ready --limit 20"),
    ("show", "flightboard show T-12"),
    ("move", "flightboard move T-12 done"),
    ("edit", "flightboard edit T-12 T-13 --tag later --priority low"),
    ("attach", "flightboard attach T-12 screenshot.png"),
    ("attachments", "flightboard attachments T-12 --out ./files"),
    ("filter save", "flightboard filter save urgent --priority high --tag ui"),
    ("filter list", "flightboard filter list"),
    ("filter remove", "flightboard filter remove urgent"),
    ("ready", "flightboard ready T-12"),
    ("exec", "flightboard exec T-12"),
    ("exec-next", "flightboard exec-next 3 --agent claude"),
    ("check", "flightboard check run-12"),
    ("spawn", "flightboard spawn \"Research caching strategies\" --label research"),
    ("history", "flightboard history run-12"),
    ("cancel", "flightboard cancel T-12"),
    ("cleanup", "flightboard cleanup --workspaces 7"),
    ("tasks list", "flightboard tasks list --status inbox --json"),
    ("tasks get", "flightboard tasks get 12 --json"),
    ("tasks create", "flightboard tasks create --body '{\"title\": \"Fix login\", \"priority\": \"high\"}'"),
    ("tasks update", "flightboard tasks update 12 --status review --priority low"),
    ("tasks delete", "flightboard tasks delete 12"),
    ("tasks queue", "flightboard tasks queue --agent scout --max-capacity 3"),
    ("tasks comments", "flightboard tasks comments 12 --add \"See the log of run 3\""),
    ("events watch", "flightboard events watch --types task,agent --json --after 120"),
    ("key create", "flightboard key create ci --role operator --scope project:harbor --expires 30d"),
    ("key list", "flightboard key list"),
    ("key revoke", "flightboard key revoke 2"),
    ("workflow", "flightboard workflow T-12 --resume"),
    ("webhook add", "flightboard webhook add https://example.org/hook --types task.completed"),
    ("webhook list", "flightboard webhook list"),
    ("webhook edit", "flightboard webhook edit 1 --types task,agent"),
    ("webhook remove", "flightboard webhook remove 1"),
    ("webhook test", "flightboard webhook test 1"),
    ("webhook log", "flightboard webhook log 1 --limit 50"),
    ("webhook resend", "flightboard webhook resend 7"),
    ("mcp", "flightboard mcp"),
    ("answer", "flightboard answer T-12 \"Use the staging database\""),
    ("trash list", "flightboard trash list"),
    ("trash put", "flightboard trash put T-12"),
    ("trash restore", "flightboard trash restore T-12"),
    ("trash delete", "flightboard trash delete T-12"),
    ("trash empty", "flightboard trash empty --older-than 30"),
    ("run", "flightboard run T-12 --agent claude --wait"),
    ("plan", "flightboard plan --project harbor"),
    ("claim", "flightboard claim --agent scout --skill rust"),
    ("heartbeat", "flightboard heartbeat 12:TOKEN"),
    ("finish", "flightboard finish 12:TOKEN --ok --message \"All tests pass\""),
    ("queue", "flightboard queue T-12 T-13"),
    ("unqueue", "flightboard unqueue T-12"),
    ("depend", "flightboard depend T-13 --on T-12"),
    ("approve", "flightboard approve T-12"),
    ("reject", "flightboard reject T-12 --notes \"The button still overlaps\""),
    ("policy", "flightboard policy --parallel 4 --agents claude,codex"),
    ("stop", "flightboard stop T-12"),
    ("logs", "flightboard logs T-12 --follow"),
    ("artifacts", "flightboard artifacts T-12 --out ./handed-over"),
    ("export", "flightboard export board.jsonl"),
    ("import", "flightboard import ~/.local/share/vibe-kanban/db.v2.sqlite --vibe-kanban"),
    ("github sync", "flightboard github sync kim/harbor --project harbor"),
    ("completions", "flightboard completions bash > ~/.local/share/bash-completion/completions/flightboard"),
    ("man", "flightboard man --out ~/.local/share/man/man1"),
    ("serve", "flightboard serve --open"),
];

pub fn parse() -> Args {
    let matches = grammar().get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match &args.command {
        // Of the whole queue the end is always waited for.
        args::Command::Run(said) if said.id.is_some() && said.timeout.is_some() && !said.wait => {
            grammar().error(ErrorKind::MissingRequiredArgument, "--timeout asks for --wait").exit()
        }
        _ => args,
    }
}

/// The grammar with an example under each command.
pub fn grammar() -> Command {
    with_examples(Args::command().after_help(EXIT_CODES), "")
}

fn with_examples(command: Command, path: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| {
        let path = format!("{path} {name}").trim().to_owned();
        command.mut_subcommand(name, |sub| {
            let example = EXAMPLES.iter().find(|(known, _)| *known == path).map(|(_, line)| *line);
            let sub = match example {
                Some(line) => sub.after_help(format!("Example: {line}")),
                None => sub,
            };
            with_examples(sub, &path)
        })
    })
}

pub fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar(), "flightboard", &mut script);
    to_stdout(&script)
}

/// The page of the whole program to standard output, or one for each command into `out`.
pub fn man(out: Option<&Path>) -> Result<(), Failure> {
    let Some(out) = out else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(grammar()).render(&mut page);
        rendered.map_err(|error| Failure::io("the manual page", error))?;
        return to_stdout(&page);
    };
    let failed = |error| Failure::io(format!("{} cannot be written", out.display()), error);
    std::fs::create_dir_all(out).map_err(failed)?;
    clap_mangen::generate_to(grammar(), out).map_err(failed)
}

fn to_stdout(bytes: &[u8]) -> Result<(), Failure> {
    match std::io::stdout().write_all(bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Failure::io("standard output", error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(command: &Command, path: &str) -> Vec<(String, Command)> {
        let below = command.get_subcommands().filter(|sub| sub.get_name() != "help");
        let found: Vec<_> =
            below.flat_map(|sub| leaves(sub, format!("{path} {}", sub.get_name()).trim())).collect();
        if found.is_empty() { vec![(path.to_owned(), command.clone())] } else { found }
    }

    #[test]
    fn every_command_says_what_it_does_and_shows_how() {
        let mut known: Vec<&str> = EXAMPLES.iter().map(|(path, _)| *path).collect();
        for (path, command) in leaves(&grammar(), "") {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty(), "{path} does not say what it does");
            let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(example.starts_with(&format!("Example: flightboard {path}")), "{path}: {example}");
            known.retain(|known| *known != path);
        }
        assert!(known.is_empty(), "examples of commands that are not there: {known:?}");
    }

    #[test]
    fn every_example_is_right_usage() {
        for (path, line) in EXAMPLES {
            let words = shell_words::split(line.split(" > ").next().unwrap_or_default()).expect("words");
            let parsed = grammar().try_get_matches_from(&words);
            assert!(parsed.is_ok(), "{path}: {line}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn every_command_takes_json_and_quiet_wherever_they_stand() {
        for (path, line) in EXAMPLES {
            let words = shell_words::split(line.split(" > ").next().unwrap_or_default()).expect("words");
            let mut words: Vec<&str> =
                words.iter().map(String::as_str).filter(|word| *word != "--json").collect();
            words.extend(["--json", "--quiet"]);
            let args = Args::from_arg_matches(&grammar().get_matches_from(words)).expect("right usage");
            assert!(args.json && args.quiet, "{path}");
        }
    }

    #[test]
    fn the_grammar_holds_together() {
        grammar().debug_assert();
    }
}
