//! The Derwent service: everything that touches the world. What should happen is decided in the pure crates
//! `mobile_api` (the conversation with a phone) and `alert_rules` (the judgement); here it is done.
//!
//! `README.md` has the map and the journey of one reading; `docs/decisions/` says why things are as they are.

pub mod app;
pub mod backtesting;
pub mod browser;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod explaining;
pub mod fhir;
pub mod gauges;
mod heartbeat;
pub mod ingest;
pub mod lifecycle;
pub mod listen;
pub mod load;
pub mod mail;
pub mod monitor;
pub mod notify;
pub mod openapi;
pub mod paging;
pub mod parts;
pub mod phone;
pub mod planning;
pub mod policies;
mod presence;
pub mod progress;
pub mod publishing;
pub mod random;
pub mod reach;
pub mod reply;
pub mod roster;
pub mod rostering;
pub mod rule_files;
mod sealer;
pub mod secret;
pub mod shadowing;
pub mod signal;
pub mod simulate;
pub mod store;
pub mod telemetry;
pub mod turns;
pub mod web;
