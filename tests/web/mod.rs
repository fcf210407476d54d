//! The staff API on the real binary and a real database: who gets in, what they see, what they may do, and what is nobody's.

mod alerts;
mod charts;
mod doors;
mod walls;
pub mod world;
