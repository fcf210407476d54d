//! The demo: recorded readings of real people go through real phones and real sockets into the real service, which runs
//! as a process of its own and whose pages reach a real inbox.

pub mod cast;
pub mod inbox;
pub mod recordings;
pub mod service;
pub mod timeline;
