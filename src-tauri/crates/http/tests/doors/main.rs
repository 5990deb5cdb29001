//! The two doors over real sockets: who is let in, and what they find.

mod boards;
mod browser;
mod feed;
mod items;
mod keys;
mod login;
mod matrix;
mod mcp;
mod noise;
mod outside;
mod rig;
mod rpc;
mod sentences;
mod socket;
mod streams;
mod webhooks;
mod who_may_enter;
