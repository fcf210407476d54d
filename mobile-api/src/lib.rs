//! The conversation between a phone and the service: Derwent's mobile protocol, version 1.
//!
//! Both halves live here and neither does any I/O. Text and time go in, messages and commands come out:
//! `message`, `item`, `plan`, `http` and `proof` are what is said, `limits`, `refusal` and `close` are what is allowed,
//! `content` decides whether two items say the same. `session` is the service's half and `phone` a phone's.
//! What an item *means* (units, ranges, whose it is) is decided elsewhere.
//! There is no clock, no randomness, no socket and no database in this crate, and its `Cargo.toml` keeps it so.

pub mod close;
pub mod content;
pub mod decode;
pub mod http;
pub mod item;
pub mod limits;
pub mod message;
mod outbox;
pub mod phone;
pub mod plan;
pub mod proof;
pub mod refusal;
pub mod session;
pub mod time;

/// The WebSocket subprotocol both sides name.
pub const SUBPROTOCOL: &str = "derwent.mobile.v1";
/// Where the socket is.
pub const SOCKET_PATH: &str = "/mobile/v1/socket";
