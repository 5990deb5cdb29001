//! The HTTP door, thin: `/rpc/<operation>` over the operations table, WebSockets for events and
//! terminals, a raw log stream, and the web board itself.
//!
//! It opens in two ways. On a Unix socket (mode 0600) in the data directory, the caller is the same
//! user and needs nothing more. On TCP it binds loopback only, and every request must carry a key or
//! a session and come from an allowed Host and Origin ([`gate`]).

mod assets;
mod events;
mod gate;
mod log;
mod rpc;
mod serve;
mod terminal;

pub use gate::Keys;
pub use serve::{Door, open_socket, open_tcp};
