//! What tests stand on: a real database, the real binary, and the other ends of its wires.

pub mod database;
pub mod link;
pub mod mail;
pub mod pager;
pub mod schemathesis;
pub mod service;
pub mod ward;
