//! The workspace rooms against real git repositories in temporary directories whose names have
//! spaces and emoji. One binary, so that it links once.

mod artifacts;
mod changes;
mod folders;
mod provision;
mod removal;
mod side_by_side;
mod submodules;
mod support;
