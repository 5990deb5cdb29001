//! The process that holds one run's terminal. Everything is in the library; this file only enters it.

fn main() -> std::process::ExitCode {
    flightboard_pty_host::host::main()
}
