//! Bytes per second from flooding agents to `output.log`: the host against a bare reader, that is a process
//! that reads the same kind of terminal, writes the same kind of file, and does nothing else.
//!
//! Both are measured in one run, in turns, first the one and then the other; every file is compared with the
//! flood to the byte. `cargo bench -p flightboard-pty-host --bench flood [-- AGENTS MIB ROUNDS]`.

#[cfg(unix)]
#[path = "flood/measure.rs"]
mod measure;

fn main() {
    #[cfg(unix)]
    measure::main();
    #[cfg(not(unix))]
    println!("there is no host to measure on this system");
}
