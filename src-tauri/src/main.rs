//! The desktop shell: one window over the engine. It starts the engine, opens the local door for the
//! command line, and hands every command to the app. Agents never depend on this process: killing it
//! leaves them at work.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod bindings;
#[cfg(test)]
mod command_names;
mod commands;
mod environment;
mod links;
mod startup;
mod tray;
mod updates;

fn main() {
    startup::run(environment::prepare());
}
