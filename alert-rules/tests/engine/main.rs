//! The engine from outside: one file a subject.

mod again;
mod asks;
mod circumstances;
mod doubt;
mod early_warning;
mod edits;
mod escalation;
mod explaining;
mod language;
mod morning;
mod news;
mod notes;
mod order;
mod plans;
mod readings;
mod safety;
mod schedule;
mod shadows;
mod stops;
mod stories;
mod suspicion;
mod total;
mod units;
mod ward;
mod windows;
mod world;
