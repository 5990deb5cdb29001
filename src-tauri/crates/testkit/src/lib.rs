//! What the tests of several crates share: a clock that a test moves, a store in a folder of its own and
//! a look past it, builders that name only what matters to the case, a disk that is soon full, a crash at
//! a statement of the test's choice, and the pty-host that engines need. A dev-dependency only; nothing
//! here is shipped.

mod clock;
mod crash;
mod host;
mod make;
mod raw;
mod small_disk;
mod temp_store;

pub use clock::{Clock, NOW};
pub use crash::{Crash, expect_crashes};
pub use host::have_pty_host;
pub use make::{agent, blocked, card, dispatched, ended, ready_card, run_of};
pub use raw::Raw;
pub use small_disk::SmallDisk;
pub use temp_store::TempStore;
