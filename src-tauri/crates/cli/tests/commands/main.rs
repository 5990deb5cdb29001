//! The real program as people and scripts meet it: what it prints where, and how it exits. Agents are
//! commands of our own (`--agent custom -- …`), so nothing needs to be installed.

mod agents;
mod bad_input;
mod belongings;
mod cards;
mod claims;
mod cron;
mod desk;
mod hosts;
mod keys;
mod manners;
mod pipes;
mod projects;
mod registry;
mod table;
#[cfg(unix)]
mod terminal;
mod trash;
