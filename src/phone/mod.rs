//! A real phone, for the demo, the load generator and the tests: a P-256 key of its own, enrolment over HTTP, the proof
//! at each connection, and a WebSocket.
//!
//! [`Phone`] is the one with an outbox, which loses nothing; [`Line`] is a bare connection for whoever wants to decide
//! each message. Neither reads the time: whoever drives a phone says what its clock shows.

mod device;
mod driven;
mod key;
mod line;
mod socket;

pub use device::Device;
pub use driven::{Happening, Phone, hear, sleep};
pub use key::Key;
pub use line::Line;
pub use socket::{Ended, Route, Socket};
