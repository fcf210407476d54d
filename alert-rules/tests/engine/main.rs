//! The engine from outside: one file a subject.

mod escalation;
mod language;
mod order;
mod stories;
mod total;
mod units;
mod world;
