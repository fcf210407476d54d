//! Holes in a roster before they come: within its declared cover a team has nobody on duty at some hour of the next fourteen days.
//! The operator is told once when it is found, and once more when two days are left (`crate::roster::look`). When the hour has come
//! and nobody was put there, `notify/form.rs` pages somebody all the same.

use std::sync::{Mutex, PoisonError};

use alert_rules::escalation::bank_holidays;
use jiff::{SignedDuration, Timestamp};

use crate::parts::Parts;
use crate::roster::{Hole, Roster, look};
use crate::store::{alert, roster, roster_change, roster_hole};

/// Between two looks, in care time.
const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Named in a sentence; the rest is counted.
const NAMED: usize = 3;
/// Before the bank holidays of the last known year are over, somebody has to add those of the next.
const NEW_YEAR: SignedDuration = SignedDuration::from_hours(60 * 24);

/// Overrides and leave that are over are kept for a handover, and for whoever stood in to finish what they began.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// When holes were last looked for (care time).
#[derive(Debug, Default)]
pub struct Looked(Mutex<Option<Timestamp>>);

impl Looked {
    /// The next look; none before the first, which is as soon as the loop turns.
    pub fn next(&self) -> Option<Timestamp> {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|last| last + EVERY)
    }

    fn set(&self, at: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }
}

/// Looks for holes if it is time to. True if the operator is told of any.
pub async fn look_ahead(parts: &Parts, looked: &Looked) -> anyhow::Result<bool> {
    let now = parts.clock.care_now();
    if looked.next().is_some_and(|next| now < next) {
        return Ok(false);
    }
    let mut db = parts.store.monitor.begin().await?;
    roster_hole::lock(&mut db).await?;
    let told = roster_hole::told(&mut db).await?;
    let teams = roster::teams(&mut db).await?;
    let rosters = roster::load(&mut db, &teams, now).await?;
    let mut any = false;
    for of in &rosters {
        let before: Vec<_> = told.iter().filter(|(team, _)| *team == of.team).map(|(_, told)| *told).collect();
        let found = look(&before, &of.holes_ahead(now), now);
        let problem = format!("roster hole ahead: {}", of.team_name);
        if !found.news.is_empty() {
            any = true;
            // A notice that is still open says less than is known now.
            alert::close_operator(&mut db, &problem, "told anew", now).await?;
            alert::open_operator(&mut db, &problem, &sentence(of, &found.news), now).await?;
        } else if found.told.is_empty() && !before.is_empty() {
            alert::close_operator(&mut db, &problem, "somebody is there now", now).await?;
        }
        if found.told != before {
            roster_hole::set(&mut db, of.team, &found.told).await?;
        }
    }
    if rosters
        .iter()
        .any(|of| of.cover.calendar.keeps_bank_holidays && of.day(now + NEW_YEAR).year() > bank_holidays::LAST_YEAR)
    {
        alert::open_operator(&mut db, "bank holidays unknown", &unknown_year(), now).await?;
    }
    roster_change::forget(&mut db, now - KEPT).await?;
    db.commit().await?;
    looked.set(now);
    Ok(any)
}

fn sentence(of: &Roster, news: &[Hole]) -> String {
    let named: Vec<String> = news.iter().take(NAMED).map(|hole| hole.words(of.zone())).collect();
    let more = match news.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!(
        "Nobody is on the roster of {} although its cover is declared: {}{more}. Put somebody there on the roster page, or with \
         `derwent admin roster override`.",
        of.team_name,
        named.join("; ")
    )
}

fn unknown_year() -> String {
    let year = bank_holidays::LAST_YEAR;
    format!(
        "This version knows no bank holidays after {year}, so that from then on each is to the rosters the weekday it falls on. \
         Install a version that knows the next year."
    )
}
