//! What tests stand on: a real database, the real binary, and the other ends of its wires.

pub mod alerts;
pub mod database;
pub mod exim;
pub mod hook;
pub mod leftover;
pub mod link;
pub mod mail;
pub mod notify;
pub mod pager;
pub mod python;
pub mod replica;
pub mod schemathesis;
pub mod service;
pub mod ward;
