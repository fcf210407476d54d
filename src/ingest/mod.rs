//! What comes from phones: enrolment, sockets, and the way of a submission from the wire to the disk.

pub mod accept;
pub mod enrol;
pub mod writer;
