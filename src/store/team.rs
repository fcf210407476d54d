//! Teams: a caseload with a telephone number, declared cover and members.
//! Who of them is on duty is read by `store/roster.rs` and decided in `crate::roster`.

use alert_rules::escalation::Weekly;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::store::roster_change;

#[derive(Clone, Debug)]
pub struct Team {
    pub team: Uuid,
    pub organisation: Uuid,
    pub name: String,
    pub phone: String,
}

/// `cover`: in the organisation's time zone; bank holidays are the weekdays they fall on.
pub async fn insert(db: &mut PgConnection, new: &Team, cover: &[Weekly]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO team (team, organisation, name, phone, keeps_bank_holidays) VALUES ($1, $2, $3, $4, false)",
    )
    .bind(new.team)
    .bind(new.organisation)
    .bind(&new.name)
    .bind(&new.phone)
    .execute(&mut *db)
    .await?;
    roster_change::set_cover(db, new.team, false, cover).await
}

pub async fn get(db: &mut PgConnection, team: Uuid) -> Result<Option<Team>, sqlx::Error> {
    let row = sqlx::query("SELECT team, organisation, name, phone FROM team WHERE team = $1")
        .bind(team)
        .fetch_optional(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// All teams, or those of one organisation.
pub async fn list(db: &mut PgConnection, organisation: Option<Uuid>) -> Result<Vec<Team>, sqlx::Error> {
    sqlx::query(
        "SELECT team, organisation, name, phone FROM team
         WHERE organisation = $1 OR $1 IS NULL AND organisation <> synthetic_organisation() ORDER BY name, team",
    )
    .bind(organisation)
    .fetch_all(db)
    .await?
    .iter()
    .map(read)
    .collect()
}

/// The teams this person works in or is paged for, by name.
pub async fn of_staff(db: &mut PgConnection, staff: Uuid) -> Result<Vec<Team>, sqlx::Error> {
    sqlx::query(
        "SELECT team.team, team.organisation, team.name, team.phone
         FROM team
         WHERE EXISTS (SELECT FROM own_team WHERE own_team.team = team.team AND own_team.staff = $1)
         ORDER BY team.name, team.team",
    )
    .bind(staff)
    .fetch_all(db)
    .await?
    .iter()
    .map(read)
    .collect()
}

pub async fn is_member(db: &mut PgConnection, team: Uuid, staff: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM team_member WHERE team = $1 AND staff = $2)")
        .bind(team)
        .bind(staff)
        .fetch_one(db)
        .await
}

pub async fn add_member(db: &mut PgConnection, team: Uuid, staff: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO team_member (team, staff) VALUES ($1, $2) ON CONFLICT (team, staff) DO NOTHING")
        .bind(team)
        .bind(staff)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn remove_member(db: &mut PgConnection, team: Uuid, staff: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM team_member WHERE team = $1 AND staff = $2").bind(team).bind(staff).execute(db).await?;
    Ok(())
}

/// Who may be paged for a team: its members, of whichever organisation, and everybody of its own organisation.
pub async fn may_be_rostered(db: &mut PgConnection, team: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT staff.staff FROM staff
         WHERE staff.deactivated_at IS NULL AND staff.role <> 'auditor'
               AND (staff.organisation = (SELECT team.organisation FROM team WHERE team.team = $1)
                    OR EXISTS (SELECT FROM team_member WHERE team_member.team = $1 AND team_member.staff = staff.staff))",
    )
    .bind(team)
    .fetch_all(db)
    .await
}

fn read(row: &sqlx::postgres::PgRow) -> Result<Team, sqlx::Error> {
    Ok(Team {
        team: row.try_get("team")?,
        organisation: row.try_get("organisation")?,
        name: row.try_get("name")?,
        phone: row.try_get("phone")?,
    })
}
