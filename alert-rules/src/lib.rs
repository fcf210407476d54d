//! What should happen: given what is stored about a patient, which problems are there, whom to ask, whom to tell, and when
//! to look again.
//!
//! Everything here is pure: facts + time → decision + when to ask again. No clock, no chance, no database, no network, and
//! none of their libraries among the dependencies, so cargo itself keeps it so.

pub mod advice;
mod applies;
pub mod backtest;
pub mod built_in;
mod calendar;
mod catalogue;
pub mod check;
mod component;
mod compose;
mod doubt;
pub mod escalation;
pub mod evaluate;
mod everybody;
pub mod explain;
pub mod expression;
pub mod facts;
pub mod finding;
mod fold;
pub mod limits;
mod memory;
pub mod news2;
mod pack_file;
pub mod print;
pub mod problem;
pub mod questionnaire;
pub mod reading;
pub mod reason;
pub mod replay;
pub mod rule;
pub mod scenario;
pub mod schedule;
pub mod shadow;
pub mod slot_text;
pub mod stop;
pub mod template;
mod timeline;
mod toml_reader;
pub mod totals;
mod unconfirmed;
pub mod unit;
pub mod vital;
pub mod watch;

pub use applies::ASKED_PAUSE;
pub use evaluate::{Ask, Evaluation, REACH, Timer, evaluate};
pub use facts::Facts;
pub use finding::{Finding, Kind, Priority};
pub use problem::Problem;
pub use reading::{Acceptance, Answers, Correction, Event, History, Reading, Shown};
pub use rule::Rulebook;
pub use unconfirmed::unconfirmed;
pub use unit::{UnitError, normalise};
pub use vital::{Component, Vital};
pub use watch::Watch;
