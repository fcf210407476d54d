//! The engine from outside: one file a subject.

mod escalation;
mod language;
mod morning;
mod news;
mod notes;
mod order;
mod plans;
mod stories;
mod total;
mod units;
mod ward;
mod world;
