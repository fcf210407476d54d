//! Which of the holes that are coming are news: each is told once when it is found, and once more shortly before it.

use jiff::{SignedDuration, Timestamp};

use super::Hole;

/// With so little time left, it is told once more.
const NEAR: SignedDuration = SignedDuration::from_hours(2 * 24);

/// A hole that the operator was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldHole {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Once more, shortly before it.
    pub near: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// What is to be remembered now.
    pub told: Vec<ToldHole>,
    /// Of which the operator is to be told.
    pub news: Vec<Hole>,
}

/// `told`: what was told of before. `holes`: all that are ahead.
///
/// A hole that only grew at its end is no news: that end came within sight. One that was mended is forgotten, so that it is news if
/// it comes back.
pub fn look(told: &[ToldHole], holes: &[Hole], now: Timestamp) -> News {
    let mut looked = News::default();
    for hole in holes {
        let known =
            told.iter().filter(|told| told.from <= hole.from && hole.from <= told.until).max_by_key(|told| told.near);
        let near = hole.from.duration_since(now) <= NEAR;
        if known.is_none_or(|known| near && !known.near) {
            looked.news.push(*hole);
        }
        let near = near || known.is_some_and(|known| known.near);
        looked.told.push(ToldHole { from: hole.from, until: hole.until, near });
    }
    looked
}
