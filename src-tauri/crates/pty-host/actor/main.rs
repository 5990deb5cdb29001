//! The cast of the tests and the bench; nothing else uses it. It knows Unix only, as those do.

#[cfg(unix)]
mod cast;

#[cfg(unix)]
fn main() {
    cast::main();
}

#[cfg(not(unix))]
fn main() {
    eprintln!("pty-host-actor has no roles on this system");
    std::process::exit(2);
}
