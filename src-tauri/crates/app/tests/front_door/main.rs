//! The operations as every door calls them: by name, JSON in, JSON out, on a real engine.

extern crate flightboard_app as app;

mod agents;
mod bad_input;
mod belongings;
mod cards;
mod claims;
mod front_door;
mod github;
mod held;
mod keys;
mod no_way_round;
mod repositories;
mod runs;
mod schedules;
mod table;
mod timers;
mod told;
mod transfer;
mod trash;
mod webhooks;
