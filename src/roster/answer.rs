//! Whose roster answers for a team at an instant: its own within its cover, and outside that the one that took the hours.

use alert_rules::Priority;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Outside, Roster};

#[derive(Debug)]
pub enum Answer<'a> {
    /// The people of this roster are paged.
    Roster(&'a Roster),
    /// Nobody took it: it waits until these people look again.
    Waits { until: Timestamp, roster: &'a Roster },
}

/// Who answers for this team. `None` where the team is not among the rosters.
///
/// A high one is told to whoever has a shift, whether or not cover was declared for the hour.
pub fn answer(rosters: &[Roster], team: Uuid, priority: Priority, at: Timestamp) -> Option<Answer<'_>> {
    let of = |team: Uuid| rosters.iter().find(|roster| roster.team == team);
    let own = of(team)?;
    if own.cover.holds(at) {
        return Some(Answer::Roster(own));
    }
    let taker = match own.outside(priority) {
        Outside::Team(taker) => of(taker),
        Outside::Waits => None,
    };
    if let Some(taker) = taker.filter(|taker| taker.cover.holds(at)) {
        return Some(Answer::Roster(taker));
    }
    let both = || [Some(own), taker].into_iter().flatten();
    if priority == Priority::High
        && let Some(there) = both().find(|roster| !roster.on_duty(at).is_empty())
    {
        return Some(Answer::Roster(there));
    }
    let first = both().min_by_key(|roster| roster.cover.next(at)).unwrap_or(own);
    Some(Answer::Waits { until: first.cover.next(at), roster: first })
}
