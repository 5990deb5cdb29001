//! What Flightboard promises, told through its real programs.

mod bad_input;
mod cards;
mod discovery;
mod killed;
mod queue;
mod real_agents;
mod repositories;
mod workspaces;
