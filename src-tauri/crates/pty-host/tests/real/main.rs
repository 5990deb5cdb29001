//! The host against real programs on real terminals. Each file is one promise.

#![cfg(target_os = "linux")]

mod clients;
mod cost;
mod ending;
mod output;
mod rig;
mod scope;
mod start;
mod terminal;
