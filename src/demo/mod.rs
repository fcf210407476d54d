//! The demo: recorded readings of real people go through real phones and real sockets into the real service.
//!
//! `recordings` reads the files.

pub mod cast;
pub mod inbox;
pub mod recordings;
