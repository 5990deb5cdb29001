//! The HTTP door, thin: `/rpc/<operation>` over the operations table, public routes in other boards' words
//! ([`api`]), `/mcp` for models, WebSockets for events and terminals, a raw log stream, and the web board itself.
//!
//! It opens in two ways. On a Unix socket (mode 0600) in the data directory, the caller is the same
//! user and needs nothing more ([`local`], which has its like for Windows). On TCP it binds loopback only, and
//! every request must carry a key or a session and come from an allowed Host and Origin ([`gate`]). What a
//! caller may do is decided in `app`, for every route.

mod api;
mod assets;
mod events;
mod gate;
mod hangup;
pub mod local;
mod log;
mod mcp;
mod problem;
mod rpc;
mod serve;
mod terminal;

pub use gate::Keys;
pub use local::open_socket;
pub use serve::{Door, open_tcp};
