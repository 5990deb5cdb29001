//! The command line: clap over the same operations as every other door. Each command unpacks its
//! arguments, makes one or two calls, and prints for a person or, with `--json`, for a program.
//! Messages go to standard error; the exit code is 0 only on success.

mod agents;
mod args;
mod belongings;
mod body;
mod browser;
mod claims;
mod commands;
mod cron;
mod events;
mod failure;
mod github;
mod help;
mod keys;
mod link;
mod mcp;
#[cfg(test)]
mod noise;
mod orchestrate;
mod print;
mod progress;
mod queue;
mod runs;
mod screen;
mod sessions;
mod signals;
mod status;
mod tasks;
mod transfer;
mod trash;
mod webhooks;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args = help::parse();
    if args.quiet {
        print::be_quiet();
    }
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("FLIGHTBOARD_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("flightboard: the program cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(commands::run(&args));
    // Readers of a closed pipe must not keep us.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(args.json);
            ExitCode::from(failure.exit_code())
        }
    }
}
