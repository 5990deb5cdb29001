//! One small process per run that holds the agent's terminal, and the client that talks to it.
//!
//! Killing the holder of a PTY's master kills the agent, so neither the window nor the engine may hold it.
//! [`spawn`] starts a `flightboard-pty-host` in a session of its own; it outlives whoever started it, appends
//! every output byte to the run's `output.log`, answers on a socket in the run's directory, ends the whole
//! process tree when the run ends, and leaves `exit.json` behind. It knows nothing of tasks, agents or the
//! database, so that it can be old while the app is new.
//!
//! What lives where: [`launch`] is what a run is started with, [`records`] what it leaves on disk,
//! [`protocol`] what travels on the socket, [`timing`] the clock track of the log, [`client`] the engine's
//! side, `host` the process itself, `platform` everything that differs between systems.

pub mod client;
#[doc(hidden)]
pub mod host;
pub mod launch;
pub mod os_text;
pub mod platform;
pub mod protocol;
pub mod records;
pub mod timing;

#[cfg(feature = "tokio")]
pub use client::asynchronous::AsyncClient;
pub use client::blocking::Client;
pub use client::find::{FindError, find_host_binary};
pub use client::liveness::{Claim, Liveness, alive, claim, end_leftovers};
pub use client::spawn::{SpawnError, Spawned, allow_many_files, spawn};
pub use client::{ClientError, ConnectError};
pub use launch::{Launch, RUN_DIR_VARIABLE, StartFailure};
pub use protocol::{Notice, Status};
pub use records::{Exit, HostRecord, LaunchRecord, ProcessMark, StopKind, Survivor};
