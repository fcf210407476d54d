//! Everything that needs the real binary and a real TimescaleDB, in one test binary, so that one private database
//! server serves all of it. Start reading at `stories/`.

mod architecture;
mod cli;
mod harness;
mod store;
mod stories;
mod wire;
