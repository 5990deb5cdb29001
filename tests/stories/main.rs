//! What Flightboard promises, told through its real programs.

mod agents;
mod bad_input;
mod cards;
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
mod real_agents_tools;
mod repositories;
mod routing;
mod trash;
mod workspaces;
