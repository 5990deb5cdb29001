//! The two doors over real sockets: who is let in, and what they find.

mod browser;
mod keys;
mod login;
mod rig;
mod rpc;
mod socket;
mod streams;
mod who_may_enter;
