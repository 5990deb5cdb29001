//! What Flightboard promises, told through its real programs.

mod agents;
mod bad_input;
mod cards;
mod claims;
mod discovery;
mod disk_full;
mod escalation;
mod forbidden;
mod gates;
mod killed;
mod limits;
mod no_way_round;
mod queue;
mod real_agents;
mod real_agents_interactive;
mod real_agents_reviewed;
mod real_agents_tools;
mod repositories;
mod reviews;
mod routing;
mod storm;
mod trash;
mod wip_limits;
mod workspaces;
