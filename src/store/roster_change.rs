//! Changing cover, shifts, overrides and leave. What is asked for is checked by whoever calls; what is so now is read in `roster.rs`.

use std::collections::BTreeMap;

use alert_rules::Priority;
use alert_rules::escalation::Weekly;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::random;

/// One place on a roster.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub staff: Uuid,
    pub weekly: Weekly,
}

/// The hours in which the team answers, in place of those before.
pub async fn set_cover(
    db: &mut PgConnection,
    team: Uuid,
    keeps_bank_holidays: bool,
    hours: &[Weekly],
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE team SET keeps_bank_holidays = $2 WHERE team = $1")
        .bind(team)
        .bind(keeps_bank_holidays)
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM team_cover WHERE team = $1").bind(team).execute(&mut *db).await?;
    for (position, weekly) in (1_i16..).zip(hours) {
        sqlx::query(
            "INSERT INTO team_cover (team, position, days, hours_from, hours_until) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(team)
        .bind(position)
        .bind(weekly.days.bits())
        .bind(weekly.hours.from.to_sqlx())
        .bind(weekly.hours.until.to_sqlx())
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Which teams take what outside cover, in place of those before; what is not here waits.
pub async fn set_outside(
    db: &mut PgConnection,
    team: Uuid,
    taken_by: &BTreeMap<Priority, Uuid>,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM team_outside WHERE team = $1").bind(team).execute(&mut *db).await?;
    for (priority, taken_by) in taken_by {
        sqlx::query("INSERT INTO team_outside (team, priority, taken_by) VALUES ($1, $2, $3)")
            .bind(team)
            .bind(priority.name())
            .bind(taken_by)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// The whole roster of a team, in place of the one before; `places` in order of position.
pub async fn set_shifts(db: &mut PgConnection, team: Uuid, places: &[Place]) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM roster WHERE team = $1").bind(team).execute(&mut *db).await?;
    for (position, place) in (1_i16..).zip(places) {
        sqlx::query(
            "INSERT INTO roster (team, position, staff, days, shift_from, shift_until) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(team)
        .bind(position)
        .bind(place.staff)
        .bind(place.weekly.days.bits())
        .bind(place.weekly.hours.from.to_sqlx())
        .bind(place.weekly.hours.until.to_sqlx())
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// Somebody stands in for somebody, or beside whoever is there.
#[derive(Clone, Copy, Debug)]
pub struct NewOverride {
    pub team: Uuid,
    pub instead_of: Option<Uuid>,
    pub staff: Uuid,
    pub from: Timestamp,
    pub until: Timestamp,
}

pub async fn add_override(db: &mut PgConnection, new: &NewOverride, at: Timestamp) -> Result<Uuid, sqlx::Error> {
    let id = random::new_id();
    sqlx::query(
        "INSERT INTO roster_override (roster_override, team, instead_of, staff, from_at, until_at, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(new.team)
    .bind(new.instead_of)
    .bind(new.staff)
    .bind(new.from.to_sqlx())
    .bind(new.until.to_sqlx())
    .bind(at.to_sqlx())
    .execute(db)
    .await?;
    Ok(id)
}

/// False: there is none of this team with this id.
pub async fn remove_override(db: &mut PgConnection, team: Uuid, id: Uuid) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM roster_override WHERE roster_override = $1 AND team = $2")
        .bind(id)
        .bind(team)
        .execute(db)
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// Somebody is away, from whichever roster.
pub async fn add_leave(
    db: &mut PgConnection,
    staff: Uuid,
    from: Timestamp,
    until: Timestamp,
) -> Result<Uuid, sqlx::Error> {
    let id = random::new_id();
    sqlx::query(
        "INSERT INTO staff_leave (staff_leave, staff, organisation, from_at, until_at)
         SELECT $1, staff, organisation, $3, $4 FROM staff WHERE staff = $2",
    )
    .bind(id)
    .bind(staff)
    .bind(from.to_sqlx())
    .bind(until.to_sqlx())
    .execute(db)
    .await?;
    Ok(id)
}

/// What was over before this instant goes: whoever stood in once has nothing more to do with the team. The audit keeps who
/// arranged it.
pub async fn forget(db: &mut PgConnection, before: Timestamp) -> Result<(), sqlx::Error> {
    for statement in ["DELETE FROM roster_override WHERE until_at < $1", "DELETE FROM staff_leave WHERE until_at < $1"]
    {
        sqlx::query(statement).bind(before.to_sqlx()).execute(&mut *db).await?;
    }
    Ok(())
}

/// False: this person has none with this id.
pub async fn remove_leave(db: &mut PgConnection, staff: Uuid, id: Uuid) -> Result<bool, sqlx::Error> {
    let gone = sqlx::query("DELETE FROM staff_leave WHERE staff_leave = $1 AND staff = $2")
        .bind(id)
        .bind(staff)
        .execute(db)
        .await?;
    Ok(gone.rows_affected() > 0)
}
