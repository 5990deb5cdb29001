//! The store on a real file: what it refuses, what it keeps, and what survives a crash.

extern crate flightboard_store as store;

mod agents;
mod attachments;
mod board;
mod cards;
mod children;
mod claims;
mod crash;
mod deleted;
mod disk_full;
mod escalations;
mod filters;
mod nonsense;
mod repositories;
mod reviews;
mod runs;
mod schedules;
mod spending;
mod strange_boards;
mod subtasks;
mod torn;
mod travels;
mod writer;
