//! Faults, caused for real: the real binary on a real TimescaleDB with production durability, phones that write down what they
//! sent and saw, and a checker that compares that with what the database holds afterwards.
//!
//! `history` and `checker` are the judge (pure; `bad_histories` shows that it can convict), `trial` is the place, `nemesis` the
//! faults. Each promise has a test that tells one fault as a sentence; `random` is `make torture`.

mod bad_histories;
mod checker;
mod cluster;
mod held;
mod history;
mod items;
mod kills;
mod liar;
mod limits;
mod lines;
mod meaning;
mod nemesis;
mod people;
mod phone;
mod random;
mod report;
mod settings;
mod trial;
