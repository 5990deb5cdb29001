//! What Flightboard promises, told through its real programs.

mod agents;
mod bad_input;
mod cards;
mod command_line;
mod discovery;
mod disk_full;
mod escalation;
mod forbidden;
mod gates;
mod killed;
mod limits;
mod queue;
mod real_agents;
mod real_agents_interactive;
mod repositories;
mod routing;
mod transfer;
mod trash;
mod workspaces;
