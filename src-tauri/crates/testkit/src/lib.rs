//! What the tests of several crates share: a clock that a test moves, a store in a folder of its own,
//! builders that name only what matters to the case, a disk that is soon full, and the pty-host that
//! engines need. A dev-dependency only; nothing here is shipped.

mod clock;
mod host;
mod make;
mod small_disk;
mod temp_store;

pub use clock::{Clock, NOW};
pub use host::have_pty_host;
pub use make::{agent, blocked, card, dispatched, ended, ready_card, run_of};
pub use small_disk::SmallDisk;
pub use temp_store::TempStore;
