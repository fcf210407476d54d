//! The staff API on the real binary and a real database: who gets in, what they see, what they may do, and what is nobody's;
//! and the pages in a real browser.

mod alerts;
mod audit;
mod canaries;
mod charts;
mod doors;
mod doubted;
mod entries;
mod matrix;
mod pages;
mod passkeys;
mod phones;
mod plans;
mod provider;
mod questions;
mod region;
mod rules;
mod schemathesis;
mod scores;
mod second_wall;
mod sessions;
mod sign_in;
mod staff;
mod units;
mod walls;
pub mod world;
