//! Everything that needs the real binary and a real TimescaleDB, in one test binary, so that one private database
//! server serves all of it. Start reading at `stories/`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking; clippy knows only of functions marked as tests")]

mod architecture;
mod cli;
mod harness;
mod safety;
mod simulate;
mod store;
mod stories;
mod torture;
mod web;
mod wire;
