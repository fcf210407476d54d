//! How long something may take: by the clock, in time of cover, or until the next working day.

use jiff::{SignedDuration, Timestamp};

use super::super::Cover;
use super::super::clock::plus;
use crate::expression::fault::Fault;
use crate::expression::{self, numbers};
use crate::print;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// By the clock, at any hour.
    Elapsed(SignedDuration),
    /// So much time of cover; zero: as soon as there is cover.
    Cover(SignedDuration),
    /// In cover of the next day that is Monday to Friday and no bank holiday.
    NextWorkingDay,
}

impl Span {
    /// When what comes after it begins.
    pub fn begins(self, cover: &Cover, at: Timestamp) -> Timestamp {
        match self {
            Span::Elapsed(time) => plus(at, time),
            Span::Cover(time) if time.is_zero() => cover.next(at),
            Span::Cover(time) => cover.after(at, time),
            Span::NextWorkingDay => cover.next_working_day(at).0,
        }
    }

    /// By when what it is given for is done.
    pub fn ends(self, cover: &Cover, at: Timestamp) -> Timestamp {
        match self {
            Span::NextWorkingDay => cover.next_working_day(at).1,
            _ => self.begins(cover, at),
        }
    }

    /// Outside cover nobody is told.
    pub fn waits_for_cover(self) -> bool {
        !matches!(self, Span::Elapsed(_))
    }

    /// `at once`, `15 min`, `cover`, `4 h of cover`, `next working day`.
    pub(super) fn read(text: &str) -> Result<Span, Fault> {
        match text.trim() {
            "at once" => Ok(Span::Elapsed(SignedDuration::ZERO)),
            "cover" => Ok(Span::Cover(SignedDuration::ZERO)),
            "next working day" => Ok(Span::NextWorkingDay),
            timed => match timed.strip_suffix("of cover") {
                Some(time) => numbers::duration(time).map(Span::Cover),
                None => numbers::duration(timed).map(Span::Elapsed),
            }
            .map_err(|fault| hinted(fault, text)),
        }
    }

    /// In words.
    pub fn words(self) -> String {
        match self {
            Span::Elapsed(time) if time.is_zero() => "at once".to_owned(),
            Span::Elapsed(time) => print::sentence::duration(time),
            Span::Cover(time) if time.is_zero() => "cover".to_owned(),
            Span::Cover(time) => format!("{} of cover", print::sentence::duration(time)),
            Span::NextWorkingDay => "the next working day".to_owned(),
        }
    }
}

fn hinted(fault: Fault, text: &str) -> Fault {
    let whole = expression::Span { from: 0, to: text.len() };
    Fault::new(whole, fault.message).hint("as in: at once, 15 min, cover, 4 h of cover, next working day")
}
