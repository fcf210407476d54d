//! Changing cover, rosters and policies: from a shell or from the roster page, by the same rules.
//!
//! Whoever calls gives the transaction, has looked who may do it, writes the audit, and commits.

use std::collections::{BTreeMap, BTreeSet};

use alert_rules::Priority;
use alert_rules::escalation::Weekly;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::policies;
use crate::roster::Roster;
use crate::store::roster_change::{self, NewOverride, Place};
use crate::store::{policy, roster, team};

/// Lines of cover, and shifts, of one team.
const AT_MOST: usize = 60;
/// Overrides and leave last no longer: what does is a new roster.
const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// What is in the way, and what to do.
    #[error("{0}")]
    Because(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// When a team answers, and who does outside of that.
#[derive(Clone, Debug)]
pub struct Declared {
    pub keeps_bank_holidays: bool,
    pub hours: Vec<Weekly>,
    pub taken_by: BTreeMap<Priority, Uuid>,
}

pub async fn declare_cover(db: &mut PgConnection, of: Uuid, declared: &Declared) -> Result<(), Refused> {
    few(declared.hours.len(), "lines of cover")?;
    let bank = 1_i16 << 7;
    if declared.hours.iter().all(|weekly| weekly.days.bits() & !bank == 0) {
        return because(
            "cover needs hours on at least one day of the week; a team that never answers takes no patients",
        );
    }
    for (priority, taker) in &declared.taken_by {
        if *taker == of {
            return because("a team cannot take its own hours outside cover; declare them as cover");
        }
        if team::get(db, *taker).await?.is_none() {
            return because(&format!("there is no team {taker} to take {} alerts outside cover", priority.name()));
        }
    }
    roster_change::set_cover(db, of, declared.keeps_bank_holidays, &declared.hours).await?;
    Ok(roster_change::set_outside(db, of, &declared.taken_by).await?)
}

pub async fn set_shifts(db: &mut PgConnection, of: Uuid, places: &[Place]) -> Result<(), Refused> {
    few(places.len(), "shifts")?;
    may_stand(db, of, places.iter().map(|place| place.staff)).await?;
    Ok(roster_change::set_shifts(db, of, places).await?)
}

/// `now`: care time.
pub async fn stand_in(db: &mut PgConnection, new: &NewOverride, now: Timestamp) -> Result<Uuid, Refused> {
    lasts(new.from, new.until, now)?;
    if new.instead_of == Some(new.staff) {
        return because("nobody stands in for themselves; choose somebody else");
    }
    may_stand(db, new.team, [new.staff]).await?;
    Ok(roster_change::add_override(db, new, now).await?)
}

/// `now`: care time.
pub async fn go_on_leave(
    db: &mut PgConnection,
    staff: Uuid,
    from: Timestamp,
    until: Timestamp,
    now: Timestamp,
) -> Result<Uuid, Refused> {
    lasts(from, until, now)?;
    Ok(roster_change::add_leave(db, staff, from, until).await?)
}

/// In the place of the one before. `content` can be read (`alert_rules::escalation::policy`). `now`: machine time and care time.
pub async fn set_policy(
    db: &mut PgConnection,
    of: Uuid,
    content: &str,
    by: &str,
    (machine_now, care_now): (Timestamp, Timestamp),
) -> Result<(), Refused> {
    policy::set(db, of, content, by, machine_now).await?;
    let rosters = roster::load(db, &[of], care_now).await?;
    let own = rosters.iter().find(|roster| roster.team == of);
    let untold = own.map(|own| policies::untold(own, &rosters, care_now)).unwrap_or_default();
    if untold.is_empty() {
        return Ok(());
    }
    because(&format!(
        "this policy would leave alerts untold:\n  {}\nMend the policy, the team or its roster, and set it again. Nothing was changed",
        untold.join("\n  ")
    ))
}

/// The roster of one team, with what is not over yet.
pub async fn of_team(db: &mut PgConnection, team: Uuid, since: Timestamp) -> Result<Option<Roster>, sqlx::Error> {
    Ok(roster::load(db, &[team], since).await?.into_iter().find(|roster| roster.team == team))
}

fn few(count: usize, what: &str) -> Result<(), Refused> {
    if (1..=AT_MOST).contains(&count) {
        return Ok(());
    }
    because(&format!("a team has 1 to {AT_MOST} {what}, and these are {count}"))
}

fn lasts(from: Timestamp, until: Timestamp, now: Timestamp) -> Result<(), Refused> {
    if until <= from {
        return because("it must end after it begins; correct the times");
    }
    if until <= now {
        return because("it would be over already; correct the times");
    }
    if until.duration_since(from) > LONGEST {
        return because("it can last a year at most; what lasts longer is a new roster");
    }
    Ok(())
}

/// Whether these may be on the team's roster.
pub async fn may_stand(db: &mut PgConnection, of: Uuid, people: impl IntoIterator<Item = Uuid>) -> Result<(), Refused> {
    let may: BTreeSet<Uuid> = team::may_be_rostered(db, of).await?.into_iter().collect();
    if people.into_iter().all(|staff| may.contains(&staff)) {
        return Ok(());
    }
    because("only people of the team, or of its organisation, can be on its roster; let them join the team first")
}

fn because<T>(text: &str) -> Result<T, Refused> {
    Err(Refused::Because(text.to_owned()))
}
